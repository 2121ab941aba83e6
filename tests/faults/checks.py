"""What must hold after every fault: each page opens, says what is wrong in sentences, and finished runs are as they were."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import psutil

from core.jobs import process
from core.runs import Run, list_runs
from core.workspace import Workspace
from tests.browser.conftest import ROOT, Server
from tests.streamlit_client import PAGES, Visitor

# What a person must never read.
_RAW = ("Traceback", "Errno", "os error", "OSError", "Exception:", "This app has encountered an error")
# Files of a finished run that reading it may change.
_CHANGING = ("looks.jsonl", "status.json")


def assert_readable(visitor: Visitor) -> None:
    """The page shows no exception and no message of a library."""
    assert visitor.exceptions() == []
    shown = visitor.text()
    assert [raw for raw in _RAW if raw in shown] == [], shown


def open_every_page(server: Server) -> dict[str, str]:
    """The text of each page, opened by a new visitor; none may show an exception."""
    texts = {}
    with Visitor(server.url) as visitor:
        for page in PAGES:
            visitor.open(page)
            assert_readable(visitor)
            assert any(e.WhichOneof("type") == "heading" for e in visitor.elements.values()), page
            texts[page] = visitor.text()
    return texts


def fingerprints(workspace: Workspace) -> dict[str, str]:
    """A digest of every file of every finished run, by its path."""
    return {
        str(path.relative_to(workspace.root)): hashlib.sha256(path.read_bytes()).hexdigest()
        for run in list_runs(workspace)
        if run.result() is not None and not process.read_status(run.folder).active
        for path in sorted(run.folder.rglob("*"))
        if path.is_file() and path.name not in _CHANGING and not path.name.startswith(".")
    }


def workers(folder: Path) -> list[psutil.Process]:
    """The processes that run the job of a folder."""
    found = []
    for candidate in psutil.process_iter(["cmdline"]):
        if any(Path(part).name == folder.name for part in candidate.info["cmdline"] or []):
            found.append(candidate)
    return found


def command_line(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """``python -m core`` with a home; what it printed must be sentences."""
    result = subprocess.run(
        [sys.executable, "-m", "core", *arguments],
        cwd=ROOT,
        env=os.environ | {"STUDIO_HOME": str(home), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert "Traceback" not in result.stdout + result.stderr, result.stderr
    return result


def unfinished(workspace: Workspace) -> list[Run]:
    """The runs without a result."""
    return [run for run in list_runs(workspace) if run.result() is None]
