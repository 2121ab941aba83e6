"""How long a page switch takes in the browser while a training runs, against the same when nothing runs."""

import statistics
import tempfile
from pathlib import Path

from playwright.sync_api import Page, expect, sync_playwright

from core.jobs import process
from core.runs import list_runs
from core.workspace import workspace_of
from tests.benchmarks.common import Figure
from tests.browser.conftest import CHROMIUM, FLAGS, free_port, start_server, switch, visit

ROUTE = ("Data", "Models", "Train", "Evaluate")
ROUNDS = 3


def page_switch() -> list[Figure]:
    """Median seconds from the click to the end of the page's script, once every page has been visited."""
    with tempfile.TemporaryDirectory() as scratch, sync_playwright() as playwright:
        server = start_server(Path(scratch), free_port())
        try:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, headless=True, args=FLAGS)
            page = browser.new_page()
            visit(page, server)
            _tour(page, 1)
            idle = _tour(page, ROUNDS)
            visit(page, server)
            page.get_by_role("button", name="Try it now").click()
            expect(page.get_by_role("button", name="Stop")).to_be_visible()
            (run,) = list_runs(workspace_of("local", Path(scratch)))
            busy: list[float] = []
            while process.read_status(run.folder).active:
                busy += _tour(page, 1)
            browser.close()
        finally:
            server.process.kill()
            server.process.wait()
    ours, theirs = statistics.median(busy), statistics.median(idle)
    how = f"median of {len(busy)} switches while training, {len(idle)} idle; ratio is busy over idle"
    return [Figure("page_switch", ours, theirs, ours / theirs, "s", [busy, idle], how)]


def _tour(page: Page, rounds: int) -> list[float]:
    return [switch(page, name) for _ in range(rounds) for name in ROUTE]
