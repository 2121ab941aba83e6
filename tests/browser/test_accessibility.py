"""axe-core finds nothing on any page, in both themes, on a wide and on a narrow screen."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from core.data.samples import CLINIC
from core.experiments.launch import create_training_run, sample_dataset
from core.experiments.worker import run_worker
from core.runs import Run
from core.training.config import TrainingConfig
from core.workspace import workspace_of
from tests.browser.conftest import Server, free_port, start_server, visit
from tests.pages.app import PAGES

pytestmark = [pytest.mark.browser, pytest.mark.timeout(900)]

THEMES = ("light", "dark")
# The width of a laptop and that of a phone.
WIDTHS = (1280, 390)


# Streamlit gives the area onto which files are dropped both role="presentation" and a label. The button in it has a name.
EXCLUDED = {"presentation-role-conflict": "stFileUploaderDropzone"}


def violations(page: Page) -> list[str]:
    """What axe-core objects to on a page: the rule and the elements that break it, except what only Streamlit can mend."""
    found = []
    for violation in Axe().run(page).response["violations"]:
        excluded = EXCLUDED.get(violation["id"])
        nodes = [node["html"][:200] for node in violation["nodes"] if excluded is None or excluded not in node["html"]]
        if nodes:
            found.append(f"{violation['id']}: {nodes[:3]}")
    return found


def test_an_empty_page_has_no_violations(page: Page, server: Server) -> None:
    visit(page, server, "train")
    assert violations(page) == []


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, Run]]:
    """A server whose workspace has a dataset and a finished run."""
    home: Path = tmp_path_factory.mktemp("accessibility")
    workspace = workspace_of("local", home)
    run = create_training_run(workspace, sample_dataset(workspace, CLINIC), TrainingConfig(method="instant"))
    run_worker(run, home)
    running = start_server(home, free_port())
    yield running, run
    running.process.kill()
    running.process.wait()


@pytest.mark.slow
@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("width", WIDTHS)
def test_no_page_has_violations(theme: str, width: int, browser: Browser, finished: tuple[Server, Run]) -> None:
    server, run = finished
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=theme)  # type: ignore[arg-type]
    page = context.new_page()
    page.set_default_timeout(60_000)
    found = {}
    for path in ("", *PAGES[1:], f"train?run={run.id}", f"data?dataset={run.dataset.id}"):
        visit(page, server, path)
        # Charts are drawn after the script has ended.
        page.wait_for_timeout(1_500)
        found[path] = violations(page)
    visit(page, server, "data")
    page.get_by_role("radio", name="Upload").click()
    expect(page.get_by_test_id("stFileUploader")).to_be_visible()
    page.wait_for_timeout(500)
    found["upload"] = violations(page)
    context.close()
    assert {path: rules for path, rules in found.items() if rules} == {}


@pytest.mark.slow
@pytest.mark.parametrize("theme", THEMES)
def test_an_empty_workspace_has_no_violations(theme: str, browser: Browser, tmp_path: Path) -> None:
    server = start_server(tmp_path, free_port())
    context = browser.new_context(color_scheme=theme)  # type: ignore[arg-type]
    page = context.new_page()
    page.set_default_timeout(60_000)
    found = {}
    for path in ("", *PAGES[1:]):
        visit(page, server, path)
        page.wait_for_timeout(1_500)
        found[path] = violations(page)
    context.close()
    server.process.kill()
    server.process.wait()
    assert {path: rules for path, rules in found.items() if rules} == {}
