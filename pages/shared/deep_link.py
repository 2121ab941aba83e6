"""Links such as /train?run=ID: what the page's address names, and the address of what the page shows."""

from collections.abc import Iterable
from typing import Literal

import streamlit as st

from pages.shared.session import remember_dataset, remember_run

Kind = Literal["dataset", "run"]


def follow_link(kind: Kind, ids: Iterable[str]) -> str | None:
    """The id that the page's address names, which is remembered, the first time this session sees it; otherwise None.

    An id that is not one of ``ids`` is reported on the page.
    """
    linked = st.query_params.get(kind)
    if not linked or st.session_state.get(_key(kind)) == linked:
        return None
    st.session_state[_key(kind)] = linked
    if linked not in ids:
        st.warning(f"The {kind} of this link is not in your workspace.", icon=":material/link_off:")
        return None
    remember_dataset(linked) if kind == "dataset" else remember_run(linked)
    return linked


def show_in_address(kind: Kind, identifier: str) -> None:
    """Make the page's address a link to what the page shows."""
    st.session_state[_key(kind)] = identifier
    if st.query_params.get(kind) != identifier:
        st.query_params[kind] = identifier


def _key(kind: Kind) -> str:
    return f"linked_{kind}"
