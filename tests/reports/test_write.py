"""Reports are written in the format that the file's name asks for."""

from pathlib import Path

import pytest

from core.__main__ import main
from core.errors import RunError
from core.reports.write import write_report
from core.workspace import Workspace
from tests.finished import finished


def test_the_command_line_writes_reports(
    workspace: Workspace, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = finished(workspace, "binary")
    for name, start in {"report.html": "<!DOCTYPE html>", "card.md": "# A run"}.items():
        assert main(["evaluate", run.id, "--report", str(tmp_path / name)]) == 0
        assert (tmp_path / name).read_text(encoding="utf-8").startswith(start)
    printed = capsys.readouterr().out
    assert "95% interval of this model" in printed
    assert "Fine-tuning" in printed
    assert main(["evaluate", run.id, "--report", str(tmp_path / "report.pdf")]) == 2


def test_other_formats_are_refused(workspace: Workspace, tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"ending in \.html or \.md, found x\.txt"):
        write_report(finished(workspace, "binary"), tmp_path / "x.txt")
    assert not (tmp_path / "x.txt").exists()
