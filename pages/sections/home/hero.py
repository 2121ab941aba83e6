"""The top of Home: what the app is for, the ways to start, and a finished model to try."""

from typing import Literal

import streamlit as st

from core.data.samples import CLINIC
from core.experiments.launch import start_demo_run
from core.models.demo import DEMO_MODEL
from core.runs import Run
from pages.shared.navigation import go_to
from pages.shared.prediction import Model, show_prediction_form
from pages.shared.session import choose_upload_first, remember_run
from pages.shared.visitor import workspace
from pages.shared.widgets import show_errors

STARTED_RUN = "demo_run_id"
_FACTS = {
    "material/lock": "**Private.** Texts and models stay on the machine that runs this app.",
    "material/straighten": "**Honest.** Every score has an interval and stands beside simple baselines.",
    "material/package_2": "**Yours.** A model is a zip that plain transformers loads. No lock-in.",
}
_DEMO = Model("Clinic messages (demo model)", DEMO_MODEL)


def show_hero(active: tuple[Run, ...]) -> None:
    """What the app does, with the ways to start, beside a model that predicts at once."""
    left, right = st.columns([1.1, 1], gap="large")
    with left, st.container(key="hero"):
        st.title("Teach a language model your own labels", anchor=False)
        st.markdown(
            "Upload texts that are already labeled. Finetune Studio checks them, fine-tunes BERT on them, tells you "
            "honestly how good the model is, and lets anyone use it. No code, and nothing leaves this machine."
        )
        with st.container(horizontal=True):
            show_demo_button(active)
            if st.button("Use your own texts", icon=":material/upload:"):
                choose_upload_first()
                go_to("data")
        st.caption("“Try it now” fine-tunes the built-in encoder on 414 sample messages in about half a minute.")
        for icon, fact in _FACTS.items():
            st.markdown(f":{icon}: {fact}")
    with right, st.container(border=True):
        st.markdown("**A finished model: which clinic desk should read this message?**")
        show_prediction_form(_DEMO, "home-demo")


def show_demo_button(active: tuple[Run, ...], primary: bool = True) -> None:
    """The button that trains a model on the sample; it waits while another run is active."""
    kind: Literal["primary", "secondary"] = "primary" if primary else "secondary"
    if st.button("Try it now", type=kind, icon=":material/rocket_launch:", disabled=bool(active)):
        with show_errors():
            run = start_demo_run(workspace(), CLINIC)
            st.session_state[STARTED_RUN] = run.id
            remember_run(run.id)
            st.rerun()
