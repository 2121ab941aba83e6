"""The model card has its sections and shows texts of users unchanged."""

import pytest

from core.reports.markdown import render_markdown
from core.workspace import Workspace
from tests.finished import TASKS, finished


@pytest.mark.parametrize("kind", TASKS)
def test_the_model_card(kind: str, workspace: Workspace) -> None:
    card = render_markdown(finished(workspace, kind, "A <b>run</b>"))
    sections = [line.removeprefix("## ") for line in card.splitlines() if line.startswith("## ")]
    assert sections == [
        "Intended use",
        "Data",
        "In plain words",
        "Metrics",
        "Calibration",
        "Limitations",
        "Settings to reproduce the run",
    ]
    assert "| Metric | This model | Majority class |" in card.replace("Always the mean", "Majority class")
    assert card.startswith("# A \\<b\\>run\\</b\\>\n")
    assert "about thing" not in card  # these words are in every text of the dataset
