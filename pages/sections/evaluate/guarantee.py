"""The choice between a target that is guaranteed, except with a stated risk, and one that is about reached."""

import streamlit as st

from core.evaluation.decisions.risk_control import RISK
from core.formatting import format_percent, pluralize
from core.run_evaluation import compared_versions
from core.runs import Run

_ABOUT, _GUARANTEED = "About", "Guaranteed"


def choose_guaranteed(run: Run, name: str) -> bool:
    """Draw the choice for a target with a name, and what it means; whether it must be guaranteed."""
    kind = st.pills("How certain", (_ABOUT, _GUARANTEED), default=_ABOUT, required=True, key=f"promise-{name}-{run.id}")
    if kind == _GUARANTEED:
        st.caption(
            f"New texts like the validation texts reach at least this target, with a risk of {format_percent(RISK, 0)} that they "
            f"do not. The risk allows for the {pluralize(compared_versions(run), 'version')} of the model that were compared "
            "on the validation rows. Texts that depend on one another, such as near-duplicates, count once."
        )
    else:
        st.caption("New texts come to about this target: a little above it as often as a little below.")
    return kind == _GUARANTEED
