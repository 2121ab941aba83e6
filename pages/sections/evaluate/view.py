"""RunView: the run and the split that Evaluate shows, and the widgets that choose them."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import pandas as pd
import streamlit as st

from core import decision_rule
from core.decision_rule import DecisionRule
from core.evaluation.metrics.estimate import MetricEstimate
from core.formatting import pluralize
from core.run_evaluation import RunPredictions, describe_optimism
from core.runs import Run
from core.workspace import slug
from pages.shared import cache
from pages.shared.deep_link import follow_link, show_in_address
from pages.shared.widgets import choose_run, show_errors

# The widget key of the section and its name in the page's address.
SECTION = "section"
_OPEN_TEST = "open_test_results"
_SPLITS = {"validation": "Validation", "test": "Test"}
_COUNTED = "Each look at the test results is counted. The more often you choose by them, the less they prove."


@dataclass(frozen=True)
class RunView:
    """A run and one of its splits.

    ``runs`` are all finished runs of the workspace, this one included. The properties read stored files through
    :mod:`pages.shared.cache` and raise a ``StorageError`` where a file is damaged.
    """

    run: Run
    split: str
    runs: Sequence[Run] = ()

    @property
    def key(self) -> tuple[Run, str]:
        """The arguments of the cached functions."""
        return self.run, self.split

    @cached_property
    def run_predictions(self) -> RunPredictions:
        """The model's predictions for the split."""
        return cache.run_predictions(*self.key)

    @cached_property
    def validation_predictions(self) -> RunPredictions:
        """The model's predictions for the validation split."""
        return cache.run_predictions(self.run, "validation")

    @cached_property
    def prediction_table(self) -> pd.DataFrame:
        """The rows of the split with their predictions."""
        return cache.prediction_table(*self.key)

    @cached_property
    def metric_estimates(self) -> dict[str, list[MetricEstimate]]:
        """The metrics of the model and of the baselines, by source."""
        return cache.metric_estimates(*self.key)

    def file_name(self, content: str) -> str:
        """The name of a file to download, without its extension."""
        return f"{slug(self.run.name)}-{self.split}-{content}"

    def save_rule(self, rule: DecisionRule, message: str) -> None:
        """Save another decision rule with the model, show the message, and rerun the page."""
        decision_rule.save(rule, self.run.model_folder)
        st.toast(message, icon=":material/check:")
        st.rerun()


def choose_view(runs: Sequence[Run]) -> RunView:
    """Draw the title and the choice of a run and a split. The page's address names the run, and a link selects it."""
    follow_link("run", [run.id for run in runs])
    left, middle, right = st.columns([3, 6, 5], vertical_alignment="bottom")
    left.title("Evaluate", anchor=False)
    with middle:
        run = choose_run(runs)
    show_in_address("run", run.id)
    with right:
        return RunView(run, _choose_split(run), runs)


def open_test_results(run: Run) -> None:
    """Show the test results of a run from the next rerun on."""
    st.session_state[_split_key(run)] = "test"


def show_test_figure(view: RunView, name: str, setting: object) -> bool:
    """A button that opens the figure on test rows for a setting; whether it is open. Each opening is counted.

    Another setting closes the figure, so that nothing is tuned on test rows.
    """
    if not view.run.sizes["test"]:
        return False
    key = f"opened-{name}-{view.run.id}"
    if st.session_state.get(key) == setting:
        return True
    if st.button("Show the result on test rows", icon=":material/lock_open:", help=_COUNTED, key=f"open-{key}"):
        st.session_state[key] = setting
        with show_errors():
            view.run.record_test_view(name)
            st.rerun()
    return False


def _split_key(run: Run) -> str:
    return f"split-{run.id}"


def _choose_split(run: Run) -> str:
    """Test or validation: validation until the test results have been opened. Each opening is counted."""
    names = [name for name in _SPLITS if run.sizes[name]] or ["validation"]
    default = "test" if "test" in names and (run.count_test_views() or len(names) == 1) else "validation"
    split = st.segmented_control(
        "Evaluated on",
        names,
        default=default if _split_key(run) not in st.session_state else None,
        required=True,
        format_func=lambda name: f"{_SPLITS[name]} ({pluralize(run.sizes[name], 'row')})",
        key=_split_key(run),
        persist_state="session",
        help=f"The best version was chosen on the validation rows, so their scores are {describe_optimism(run)}. The model has "
        f"not seen the test rows. {_COUNTED}",
    )
    if split == "test":
        if st.session_state.get(_OPEN_TEST) != run.id:
            st.session_state[_OPEN_TEST] = run.id
            with show_errors():
                run.record_test_view("evaluate page")
    else:
        st.session_state.pop(_OPEN_TEST, None)
    return split or default
