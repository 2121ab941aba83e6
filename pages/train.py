"""Train: what is trained, how long it takes and how good it may be, then Start; while it trains, its progress."""

import streamlit as st

from core.data.dataset import Dataset, list_datasets
from core.experiments.tuning.search import damaged_searches, list_searches
from core.formatting import pluralize
from core.runs import Run, list_runs
from core.task import TITLES
from pages.sections.train import progress
from pages.sections.train.code import show_settings_code
from pages.sections.train.estimate import describe_cost, show_measurement
from pages.sections.train.presets import choose_preset
from pages.sections.train.runs import choose_runs
from pages.sections.train.search import is_current, show_searches
from pages.sections.train.settings import choose_encoder, choose_settings
from pages.shared.deep_link import follow_link, show_in_address
from pages.shared.empty_page import EmptyPage, show_empty_page, train_sample_button
from pages.shared.interrupted import show_interrupted
from pages.shared.navigation import link
from pages.shared.showcase import show_losses
from pages.shared.visitor import workspace
from pages.shared.widgets import choose_dataset, escape_markdown, page_header, show_damaged, show_errors

_EMPTY = EmptyPage(
    missing="There is no dataset yet. Upload one, or train on a sample first.",
    description="Here you choose between a model in seconds and a fine-tuned one, see what it costs before it starts, and watch "
    "it learn.",
    caption="The loss of a model while it was fine-tuned on the sample of clinic messages.",
)


def show_empty() -> None:
    """What Train will show, and two ways to get there."""

    def show_actions() -> None:
        train_sample_button("Train on the sample")
        link("data", "Go to Data")

    show_empty_page(_EMPTY, show_losses, show_actions)


def show_form(datasets: list[Dataset], runs: list[Run]) -> None:
    """What, how long and how good, then all settings in one expander; Start stays in sight below them."""
    left, right = st.columns(2)
    with left:
        dataset = choose_dataset(datasets)
    with right:
        encoder = choose_encoder()
    show_in_address("dataset", dataset.id)
    labels = f"{pluralize(dataset.labels, 'label')}, " if dataset.task_kind != "regression" else ""
    st.caption(f"{pluralize(dataset.rows, 'row')}, {labels}{TITLES[dataset.task_kind].lower()}")
    preset = choose_preset(dataset, encoder, runs)
    show_measurement(encoder)
    with st.expander("Settings: several runs, and every parameter", icon=":material/tune:"):
        run_choice = st.container()
        config = choose_settings(dataset, preset, encoder)
        with run_choice:
            plan = choose_runs(dataset, config)
    show_settings_code(dataset, config)
    cost = describe_cost(dataset, config, plan.runs)
    with (
        st.bottom,
        st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"),
    ):
        st.markdown(f"**{preset}** on {escape_markdown(dataset.name)}, {plan.size}.  \n{cost}", width="stretch")
        if st.button(plan.button, type="primary", icon=":material/play_arrow:"):
            plan.start()
            st.rerun()


page_header("Train", "Choose how much time a model is worth, and start. Training goes on when you close this page.")
datasets, runs, searches = list_datasets(workspace()), list_runs(workspace()), list_searches(workspace())
damaged = damaged_searches(workspace())
follow_link("dataset", [dataset.id for dataset in datasets])
follow_link("run", [run.id for run in runs])
watched = progress.watched_runs(runs)
searching = not progress.is_form_wanted() and any(map(is_current, searches))
if watched:
    progress.show_runs(watched, runs)
elif searching:
    progress.show_form_button()
elif not datasets:
    show_empty()
else:
    progress.show_way_back(runs)
    show_interrupted(runs)
    with show_errors():
        show_form(datasets, runs)
if searches or damaged:
    st.header("Hyperparameter searches", anchor=False)
    show_damaged(damaged)
    show_searches(searches)
