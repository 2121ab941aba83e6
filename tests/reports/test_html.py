"""A report holds what is promised, needs nothing else, and runs no text of a user."""

import re
from pathlib import Path

import pytest

from core.__main__ import main
from core.errors import RunError
from core.reports import html
from core.workspace import Workspace
from tests.finished import TASKS, finished


@pytest.mark.parametrize("kind", TASKS)
def test_one_file_of_html(kind: str, workspace: Workspace) -> None:
    page = html.as_html(finished(workspace, kind, "A <b>run</b>"))
    assert page.count("<svg") >= 1
    assert "95" in page or "between" in page
    assert "<script" not in page
    assert "<b>" not in page
    assert "<i>*here" not in page
    # Names of XML are no addresses.
    assert re.findall(r'(?:src|href)="(?!#)[^"]*"', page) == []


@pytest.mark.parametrize("kind", TASKS)
def test_the_model_card(kind: str, workspace: Workspace) -> None:
    card = html.as_markdown(finished(workspace, kind, "A <b>run</b>"))
    for section in ("Intended use", "Data", "Measures", "Calibration", "Limits", "How to repeat it"):
        assert f"## {section}\n" in card
    assert "Instant model" in card
    assert "A \\<b\\>run" in card


def test_from_the_command_line(workspace: Workspace, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = finished(workspace, "binary")
    for name in ("report.html", "card.md"):
        assert main(["evaluate", run.id, "--report", str(tmp_path / name)]) == 0
        assert (tmp_path / name).stat().st_size > 1_000
    said = capsys.readouterr().out
    assert "between" in said
    assert "Fine-tuning paid" in said
    assert main(["evaluate", run.id, "--report", str(tmp_path / "report.pdf")]) == 2
    with pytest.raises(RunError, match=r"\.html or \.md"):
        html.write(run, tmp_path / "x.txt")
