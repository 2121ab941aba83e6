"""A server and a Chromium browser. Without Chromium these tests are skipped; in CI they fail."""

import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

# The first prediction loads torch, which is slow on a busy machine.
expect.set_options(timeout=60_000)

ROOT = Path(__file__).parents[2]
CHROMIUM = next(
    (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None
)
# Chromium runs as root here, and without its own network requests.
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@dataclass
class Server:
    """A running app: its address, its home folder, its process."""

    url: str
    home: Path
    process: subprocess.Popen[bytes]


def start_command(port: int) -> list[str]:
    """The command that starts the app at a port."""
    streamlit = [sys.executable, "-m", "streamlit", "run", "app.py"]
    return [*streamlit, "--server.headless=true", f"--server.port={port}"]


def start_server(
    home: Path,
    port: int,
    address: str = "127.0.0.1",
    log: Path | None = None,
    variables: Mapping[str, str] | None = None,
    wrapper: Sequence[str] = (),
) -> Server:
    """A server that was started as a user starts it; it responds to requests.

    ``wrapper`` is a command that starts it, such as faketime, and ``variables`` are of its environment.
    """
    options = ["--server.fileWatcherType=none", f"--server.address={address}", "--browser.gatherUsageStats=false"]
    environment = os.environ | {"STUDIO_HOME": str(home)} | dict(variables or {})
    log = log or home / "server.log"
    with log.open("ab") as output:
        process = subprocess.Popen(
            [*wrapper, *start_command(port), *options], cwd=ROOT, env=environment, stdout=output, stderr=output
        )
    url = f"http://127.0.0.1:{port}"
    for _ in range(240):
        if process.poll() is not None:
            break
        try:
            with urllib.request.urlopen(f"{url}/_stcore/health", timeout=1) as response:
                if response.status == 200:
                    return Server(url, home, process)
        except OSError:
            time.sleep(0.25)
    process.kill()
    raise AssertionError(log.read_text())


def free_port() -> int:
    """A port that no server uses."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    running = start_server(tmp_path_factory.mktemp("home"), free_port())
    yield running
    running.process.kill()
    running.process.wait()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium. It is closed after a module, because Playwright's event loop must not run in tests that have their own."""
    if CHROMIUM is None:
        message = "Chromium is not installed (on Debian: apt-get install chromium)."
        pytest.fail(message) if os.environ.get("CI") else pytest.skip(message)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, headless=True, args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    tab = context.new_page()
    tab.set_default_timeout(60_000)
    yield tab
    context.close()


def settle(page: Page) -> None:
    """Wait until the page's script has ended."""
    page.wait_for_selector("[data-testid=stApp][data-test-script-state=notRunning]", timeout=60_000)


def visit(page: Page, server: Server, path: str = "") -> None:
    """Open a page by its path and wait until its script has ended."""
    page.goto(f"{server.url}/{path}")
    expect(page.get_by_role("heading", level=1)).to_be_visible(timeout=60_000)
    settle(page)


def switch(page: Page, name: str) -> float:
    """Click a page in the menu; returns the seconds until its heading is visible and its script has ended."""
    start = time.monotonic()
    page.get_by_test_id("stSidebar").get_by_role("link", name=re.compile(rf"^(\d )?{name}$")).click()
    expect(page.get_by_role("heading", level=1, name=name)).to_be_visible()
    settle(page)
    return time.monotonic() - start
