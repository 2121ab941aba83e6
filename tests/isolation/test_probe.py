"""Hostile texts, labels and names on every page and in the report, in a real Chromium: no script runs, nothing is fetched."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import pytest
from playwright.sync_api import Dialog, Page

from core.data.columns import ColumnChoice
from core.data.dataset import save_dataset
from core.data.reading.files import read_bytes
from core.data.splitting import SplitConfig
from core.experiments.launch import create_training_run
from core.experiments.worker import run_worker
from core.formatting import csv_bytes
from core.jobs import process
from core.reports.write import write_report
from core.runs import Run
from core.training.config import TrainingConfig
from core.workspace import workspace_of
from pages.sections.evaluate.registry import sections_for
from tests.browser.conftest import Server, free_port, settle, start_server, visit
from tests.streamlit_client import PAGES

BEACON = "beacon.invalid"
HOSTILE = (
    "<script>window.ran=1</script>",
    "<img src=x onerror=window.ran=1>",
    f"<img src=http://{BEACON}/image.png>",
    f"![picture](http://{BEACON}/markdown.png)",
    "[click](javascript:window.ran=1)",
    f"<style>body{{background:url(http://{BEACON}/css.png)}}</style>",
    f"<link rel=stylesheet href=http://{BEACON}/style.css>",
    "<svg onload=window.ran=1>",
    f"<iframe src=http://{BEACON}/frame></iframe>",
    "$$\\href{javascript:window.ran=1}{x}$$ :red[**bold**] :material/home:",
)
LABELS = ("<script>window.ran=1</script>", f"![l](http://{BEACON}/label.png)", "<img src=x onerror=window.ran=1>")
NAME = f"<b onmouseover=window.ran=1>n</b> ![n](http://{BEACON}/name.png) <script>window.ran=1</script>"
FILE_NAME = "<img src=x onerror=window.ran=1> ![f](javascript:1).csv"


@dataclass
class Probe:
    """A browser page with what it asked for, and what it says about scripts that ran."""

    page: Page
    home: str
    requests: list[str] = field(default_factory=list)
    dialogs: list[str] = field(default_factory=list)

    def dismiss(self, dialog: Dialog) -> None:
        """Remember and close a dialog that a script opened."""
        self.dialogs.append(dialog.message)
        dialog.dismiss()

    def check(self) -> None:
        """No script of a text ran, no foreign address was asked for, no link leads to a script."""
        assert self.page.evaluate("window.ran") is None
        assert self.dialogs == []
        assert [url for url in self.requests if not url.startswith((self.home, "data:", "blob:", "ws:"))] == []
        found = f"a[href^='javascript' i], [src*='{BEACON}'], [href*='{BEACON}']"
        assert self.page.locator(found).count() == 0


def rows() -> bytes:
    """A table of hostile texts and labels, with a column whose name is hostile too."""
    import pandas as pd

    texts = [f"{HOSTILE[i % len(HOSTILE)]} word{i % 3} number {i}" for i in range(120)]
    return csv_bytes(pd.DataFrame({"text": texts, "label": [LABELS[i % 3] for i in range(120)], HOSTILE[1]: texts}))


@pytest.fixture(scope="module")
def hostile_run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    workspace = workspace_of("local", tmp_path_factory.mktemp("hostile"))
    table = read_bytes(rows(), FILE_NAME)
    dataset = save_dataset(workspace, table, ColumnChoice("text", "label", "multiclass"), SplitConfig(), NAME)
    run = create_training_run(workspace, dataset, TrainingConfig(method="instant"), NAME)
    process.write_status(run.folder, "queued")
    run_worker(run, workspace.home)
    return run


@pytest.fixture(scope="module")
def server(hostile_run: Run) -> Iterator[Server]:
    running = start_server(hostile_run.folder.parents[3], free_port())
    yield running
    running.process.kill()
    running.process.wait()


@pytest.fixture
def probe(page: Page, server: Server) -> Probe:
    watched = Probe(page, server.url)
    page.on("request", lambda request: watched.requests.append(request.url))
    page.on("dialog", watched.dismiss)
    return watched


@pytest.mark.parametrize("name", PAGES)
def test_no_page_runs_or_fetches_anything(probe: Probe, server: Server, name: str) -> None:
    visit(probe.page, server, name)
    assert probe.page.get_by_test_id("stException").count() == 0
    probe.check()


@pytest.mark.parametrize("title", list(sections_for("multiclass")))
def test_no_section_of_evaluate_runs_or_fetches_anything(probe: Probe, server: Server, title: str) -> None:
    visit(probe.page, server, f"evaluate?section={quote(title)}")
    assert probe.page.get_by_test_id("stException").count() == 0
    probe.check()


@pytest.mark.parametrize("text", HOSTILE)
def test_no_predicted_text_runs_or_fetches_anything(probe: Probe, server: Server, text: str) -> None:
    visit(probe.page, server, "predict")
    probe.page.get_by_label("Text", exact=True).fill(f"{text} word1")
    probe.page.get_by_role("button", name="Predict", exact=True).click()
    probe.page.get_by_text("Why this prediction?").first.wait_for()
    settle(probe.page)
    probe.check()


def test_no_uploaded_file_runs_or_fetches_anything(probe: Probe, server: Server, tmp_path: Path) -> None:
    file = tmp_path / FILE_NAME
    file.write_bytes(rows())
    visit(probe.page, server, "data")
    probe.page.get_by_text("Upload", exact=True).first.click()
    probe.page.locator("input[type=file]").first.set_input_files(file)
    probe.page.get_by_role("button", name="Use this dataset").wait_for()
    settle(probe.page)
    probe.check()
    visit(probe.page, server, "data")
    probe.page.get_by_text("Saved datasets", exact=True).first.click()
    settle(probe.page)
    probe.check()


def test_the_report_runs_and_fetches_nothing(probe: Probe, hostile_run: Run, tmp_path: Path) -> None:
    report = tmp_path / "report.html"
    write_report(hostile_run, report)
    probe.home = "file:"
    probe.page.goto(report.as_uri())
    assert probe.page.get_by_role("heading").count() > 0
    probe.check()
