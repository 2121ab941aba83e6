"""The HTML report is complete, is a single file, and does not run or interpret texts of users."""

import importlib.util
import re

import pytest

from core.reports.html import render_html
from core.workspace import Workspace
from tests.finished import TASKS, finished

COMMON = [
    "In plain words",
    "Metrics",
    "Calibration",
    "Intended use",
    "Data",
    "Limitations",
    "Settings to reproduce the run",
]
SPECIFIC = {
    "binary": ["Confusion matrix", "Metrics by label", "Most confident mistakes"],
    "multiclass": ["Confusion matrix", "Metrics by label", "Most confident mistakes"],
    "multilabel": ["Metrics by label", "Most confident mistakes"],
    "regression": ["Predicted and actual values", "Largest errors"],
}
CHARTS = {"binary": 2, "multiclass": 2, "multilabel": 1, "regression": 2}


@pytest.mark.parametrize("kind", TASKS)
def test_the_report_is_one_safe_file(kind: str, workspace: Workspace) -> None:
    page = render_html(finished(workspace, kind, "A <b>run</b>"))
    assert set(re.findall("<h2>(.*?)</h2>", page)) == {*COMMON, *SPECIFIC[kind]}
    assert page.count("<svg") == CHARTS[kind]
    assert re.search(r"between [\d.,]+ and [\d.,]+%?, based on only 80 test rows", page)
    assert "A &lt;b&gt;run&lt;/b&gt;" in page
    assert "<script" not in page
    assert "<b>" not in page
    assert "<i>*here" not in page
    # Namespaces of XML are not links.
    assert re.findall(r'(?:src|href)="(?!#)[^"]*"', page) == []


def test_without_a_renderer_the_report_has_no_charts_and_says_why(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    find_spec = importlib.util.find_spec
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None if name == "vl_convert" else find_spec(name))
    page = render_html(finished(workspace, "binary"))
    assert "<svg" not in page
    assert "The charts are missing because the package vl-convert-python is not installed." in page
    assert "<h2>Confusion matrix</h2>" in page
