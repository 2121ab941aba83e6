"""Models: push a run's model to the Hugging Face hub with a token that is used once."""

from dataclasses import dataclass

import streamlit as st

from core.errors import StudioError
from core.prediction.push import HubRepository, push
from core.reports.markdown import render_markdown
from core.runs import Run
from pages.shared.widgets import escape_markdown, show_error

_ATTEMPT, _OUTCOME = "push-attempt", "push-outcome"


@dataclass(frozen=True)
class _Outcome:
    """What became of the last push: the address of the repository, or an error."""

    run_id: str
    repository: str = ""
    address: str = ""
    error: StudioError | None = None


def show_push(run: Run) -> None:
    """A form with the repository and the token, and the address of what was pushed."""
    with st.expander("Push to the Hugging Face hub", icon=":material/cloud_upload:"):
        st.markdown(
            "This uploads the model, its model card and `predict.py`, but no texts of the dataset. The token is used for this "
            "upload and not stored. Add a license to the model card on the hub."
        )
        outcome: _Outcome = st.session_state.get(_OUTCOME, _Outcome(run.id))
        # Each attempt has new widgets, because the state of a widget, and with it the token, is kept as long as it is shown.
        attempt = st.session_state.setdefault(_ATTEMPT, 0)
        with st.form(f"push-{run.id}-{attempt}", border=False):
            name = st.text_input("Repository", value=outcome.repository, placeholder="owner/name", max_chars=200)
            token = st.text_input("Token with write access", type="password", max_chars=200, autocomplete="off")
            private = st.checkbox("Private", value=True)
            submitted = st.form_submit_button("Push", icon=":material/upload:")
        if submitted:
            with st.spinner("Exporting and uploading"):
                st.session_state[_OUTCOME] = _push(run, name.strip(), token, private)
            st.session_state[_ATTEMPT] = attempt + 1
            st.rerun()
        if outcome.run_id == run.id and outcome.error:
            show_error(outcome.error.message, outcome.error.hint)
        elif outcome.run_id == run.id and outcome.address:
            st.success(f"The model is at {escape_markdown(outcome.address)}", icon=":material/check:")


def _push(run: Run, name: str, token: str, private: bool) -> _Outcome:
    try:
        address = push(run, HubRepository(name, private), token, render_markdown)
    except StudioError as error:
        # A new error: the traceback and the cause of this one hold the token.
        return _Outcome(run.id, name, error=StudioError(error.message, error.hint))
    return _Outcome(run.id, name, address)
