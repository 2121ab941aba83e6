"""Uploads: files are read in a process of their own, a visitor who leaves ends it, and no text becomes a link."""

import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path

import psutil
import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Server, settle, visit
from tests.data.reading.cases import csv_bytes
from tests.data.reading.hostile import REFUSED, sheet_with

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(600)]


def upload(page: Page, server: Server, path: Path) -> None:
    visit(page, server, "data")
    page.get_by_role("radio", name="Upload", exact=True).or_(
        page.get_by_role("button", name="Upload", exact=True)
    ).first.click()
    settle(page)
    page.locator("input[type=file]").first.set_input_files(path)


def test_addresses_in_a_file_are_no_links(page: Page, server: Server, tmp_path: Path) -> None:
    rows = [[f"some words of text {i}", f"https://evil.example/{i % 30}"] for i in range(60)]
    path = tmp_path / "www.evil.example.csv"
    path.write_bytes(csv_bytes([["text", "www.evil.example"], *rows]))
    upload(page, server, path)
    expect(page.get_by_text("60 rows").first).to_be_visible()
    settle(page)
    assert page.locator("a[href*='evil.example']").count() == 0


@pytest.mark.parametrize("name", ["far row.xlsx", "strings.xlsx"])
def test_a_hostile_file_ends_in_a_sentence(page: Page, server: Server, tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(REFUSED[name]())
    upload(page, server, path)
    for _ in range(20):  # another visitor is answered meanwhile
        assert urllib.request.urlopen(f"{server.url}/_stcore/health", timeout=2).status == 200
    expect(page.get_by_text("Upload the table itself").or_(page.get_by_text("Save it as CSV")).first).to_be_visible(
        timeout=30_000
    )


def test_a_visitor_who_leaves_ends_the_reading(page: Page, server: Server, tmp_path: Path) -> None:
    path = tmp_path / "slow.xlsx"
    numbers = (f"<c><v>{position * 7_919 % 99_991}</v></c>" for position in range(40 * 50_000))
    path.write_bytes(sheet_with("".join(f"<row>{''.join(cells)}</row>" for cells in batched(numbers, 40))))
    upload(page, server, path)
    expect(page.get_by_role("button", name="Cancel")).to_be_visible()
    forked = _wait_for_readers(server, lambda count: count == 2)
    page.goto("about:blank")
    assert forked == 2
    assert _wait_for_readers(server, lambda count: count < 2) == 1


def batched(cells: Iterator[str], size: int) -> Iterator[list[str]]:
    """The cells in lists of the same size."""
    return iter(lambda: list(islice(cells, size)), [])


def _wait_for_readers(server: Server, wanted: Callable[[int], bool]) -> int:
    """The number of processes that read files, among them the one that is forked, once it is as wanted."""
    deadline = time.monotonic() + 60
    while True:
        count = 0
        for process in psutil.Process(server.process.pid).children(recursive=True):
            with suppress(psutil.Error):
                count += "core.data.reading.sandbox_worker" in process.cmdline()
        if wanted(count) or time.monotonic() > deadline:
            return count
        time.sleep(0.02)
