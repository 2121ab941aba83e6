"""The first page and page switches against an empty Streamlit app with as many pages, and how much each page jumps."""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from core.data.samples import CLINIC
from core.experiments.launch import follow_events, start_demo_run
from core.workspace import workspace_of
from tests.benchmarks.common import Figure
from tests.browser.conftest import CHROMIUM, FLAGS, Server, free_port, start_server, switch, visit

ROUTE = ("Data", "Train", "Evaluate", "Predict", "Models")
ROUNDS = 7
_EMPTY_APP = """
import streamlit as st
names = ["Home", *{route!r}]
def page(name):
    return st.Page(lambda: st.title(name), title=name, url_path=name.lower(), default=name == "Home")
st.navigation([page(name) for name in names]).run()
"""
# The largest layout shift score of a page: https://web.dev/articles/cls
_OBSERVE_SHIFTS = """
window.layoutShift = 0;
new PerformanceObserver(list => {
    for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.layoutShift += entry.value;
}).observe({type: "layout-shift", buffered: true});
"""
_SETTLED_MS = 2_500
_VIEWPORTS = ({"width": 1280, "height": 800}, {"width": 390, "height": 800})


def page_load() -> list[Figure]:
    """Median seconds of the first page and of a page switch, ours over an empty app's; the largest layout shift."""
    with tempfile.TemporaryDirectory() as scratch, sync_playwright() as playwright:
        home = Path(scratch)
        os.environ["STUDIO_HOME"] = scratch
        for _ in follow_events(start_demo_run(workspace_of("local", home), CLINIC)):
            pass
        ours = start_server(home, free_port())
        try:
            with _empty_app(home) as theirs:
                browser = playwright.chromium.launch(executable_path=CHROMIUM, headless=True, args=FLAGS)
                for server in (ours, theirs):  # what is read or imported once per server
                    _first_page(browser, server)
                    _switches(browser, server)
                first = [[_first_page(browser, server) for server in (ours, theirs)] for _ in range(ROUNDS)]
                rounds = [[_switches(browser, server) for server in (ours, theirs)] for _ in range(ROUNDS)]
                shifts = _largest_shifts(browser, ours)
                browser.close()
        finally:
            ours.process.kill()
            ours.process.wait()
    switches = [list(pair) for both in rounds for pair in zip(*both, strict=True)]
    worst = max(shifts, key=lambda name: shifts[name])
    return [
        _ratio("first_page", first, f"median of {len(first)} first visits of Home; at most 1.5 is wanted"),
        _ratio("page_switch_vs_empty", switches, f"median of {len(switches)} switches; at most 1.3 is wanted"),
        Figure("layout_shift", shifts[worst], 0.05, shifts[worst] / 0.05, "score", [], f"the largest: {worst}"),
    ]


def _ratio(name: str, pairs: list[list[float]], how: str) -> Figure:
    ours, theirs = (statistics.median(values) for values in zip(*pairs, strict=True))
    return Figure(name, ours, theirs, ours / theirs, "s", pairs, how)


def _first_page(browser: Browser, server: Server) -> float:
    """Seconds until Home stands in a browser that has never been there."""
    context = browser.new_context()
    page = context.new_page()
    start = time.monotonic()
    visit(page, server)
    seconds = time.monotonic() - start
    context.close()
    return seconds


def _switches(browser: Browser, server: Server) -> list[float]:
    """Seconds of each switch along the route, once every page has been visited in this tab."""
    context = browser.new_context()
    page = context.new_page()
    visit(page, server)
    for name in ROUTE:
        switch(page, name)
    seconds = [switch(page, name) for name in ROUTE]
    context.close()
    return seconds


def _largest_shifts(browser: Browser, server: Server) -> dict[str, float]:
    """The layout shift score of each page at each width, from the first paint to some seconds after its script."""
    scores = {}
    for viewport in _VIEWPORTS:
        for name in ("", *ROUTE, "Learn"):
            context = browser.new_context(viewport={"width": viewport["width"], "height": viewport["height"]})
            page = context.new_page()
            page.add_init_script(_OBSERVE_SHIFTS)
            visit(page, server, name.lower())
            page.wait_for_timeout(_SETTLED_MS)
            scores[f"{name or 'Home'} at {viewport['width']} px"] = float(page.evaluate("window.layoutShift"))
            context.close()
    return scores


@contextmanager
def _empty_app(folder: Path) -> Iterator[Server]:
    """A Streamlit app with pages that show a title alone."""
    script = folder / "empty_app.py"
    script.write_text(_EMPTY_APP.format(route=list(ROUTE)), encoding="utf-8")
    url = f"http://127.0.0.1:{(port := free_port())}"
    options = [f"--server.port={port}", "--server.headless=true", "--server.fileWatcherType=none"]
    with (folder / "empty.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "streamlit", "run", str(script), *options, "--browser.gatherUsageStats=false"],
            cwd=folder,
            stdout=log,
            stderr=log,
        )
    try:
        time.sleep(5)
        yield Server(url, folder, process)
    finally:
        process.kill()
        process.wait()
