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
from core.run_evaluation import RunPredictions
from core.runs import Run
from core.workspace import slug
from pages.shared import cache
from pages.shared.session import record_test_view_once
from pages.shared.widgets import choose_run

_SPLITS = {"test": "Test", "validation": "Validation"}


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
    """The run and the split that the visitor chooses."""
    run = choose_run(runs)
    return RunView(run, _choose_split(run), runs)


def _choose_split(run: Run) -> str:
    """Test or validation. Viewing the test results is recorded once per session."""
    names = [name for name in _SPLITS if run.sizes[name]] or ["validation"]
    split = st.segmented_control(
        "Evaluated on",
        names,
        default=names[0],
        required=True,
        format_func=lambda name: f"{_SPLITS[name]} ({pluralize(run.sizes[name], 'row')})",
    )
    if split == "test":
        record_test_view_once(run)
        st.caption(
            f"The model was not trained on these rows. Test results viewed {pluralize(run.count_test_views(), 'time')}. "
            "The more often you choose a model by its test results, the less they prove."
        )
    else:
        st.caption("The best checkpoint was chosen on these rows, so the scores are slightly too good.")
    return split or names[0]
