"""What only a browser shows: training from one click to a prediction, live progress, downloads, separate visitors."""

import sys
from pathlib import Path

import psutil
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Server, free_port, settle, start_server, switch, visit

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

PAGES = ("data", "train", "evaluate", "predict", "models")


def open_section(page: Page, name: str) -> None:
    """Click a section of Evaluate."""
    page.get_by_role("radio", name=name).or_(page.get_by_role("button", name=name)).first.click()


def loaded_libraries(server: Server) -> str:
    """The files that are mapped into the memory of the server."""
    return "\n".join(part.path for part in psutil.Process(server.process.pid).memory_maps())


def test_the_first_page_loads_no_torch_and_sets_headers_and_cookie(page: Page, server: Server) -> None:
    visit(page, server)
    if sys.platform == "linux":
        assert "libtorch" not in loaded_libraries(server)
    response = page.request.get(server.url)
    assert "frame-ancestors 'self'" in response.headers["content-security-policy"]
    (cookie,) = [c for c in page.context.cookies() if c["name"] == "studio_visitor"]
    assert cookie["httpOnly"]


def test_from_one_click_to_a_prediction(page: Page, server: Server) -> None:
    """The demo run survives page switches and a closed tab; its model predicts and is evaluated."""
    visit(page, server)
    page.get_by_role("button", name="Try it now").click()
    expect(page.get_by_role("button", name="Stop")).to_be_visible()
    for name in ("Data", "Models"):
        switch(page, name)
    context = page.context
    page.close()
    page = context.new_page()
    visit(page, server)
    expect(page.get_by_text("Try your model")).to_be_visible(timeout=400_000)
    page.get_by_label("Text", exact=True).fill("the new pills make me dizzy every morning")
    page.get_by_role("button", name="Predict", exact=True).click()
    expect(page.get_by_text("Medication Side Effects", exact=True).first).to_be_visible()

    switch(page, "Evaluate")
    expect(page.get_by_role("heading", name="Did fine-tuning help?")).to_be_visible()
    open_section(page, "Mistakes")
    expect(page.get_by_text("Words that decided").first).to_be_visible()
    open_section(page, "Confusion matrix")
    expect(page.get_by_text("Click a cell to read")).to_be_visible()
    settle(page)
    chart = page.get_by_test_id("stVegaLiteChart").first
    box = chart.bounding_box()
    assert box is not None
    # The first cell of the diagonal is to the right of the labels, below the top.
    page.mouse.click(box["x"] + box["width"] * 0.25, box["y"] + 20)
    expect(page.get_by_text("predicted as “")).to_be_visible()


def test_a_dataset_analysis_is_shown_live(page: Page, server: Server) -> None:
    """The page shows the progress of the job, and its result without another click."""
    visit(page, server, "data")
    page.get_by_text("Saved datasets", exact=True).first.click()
    page.get_by_role("button", name="Find label errors and draw a map").click()
    expect(page.get_by_role("button", name="Stop")).to_be_visible()
    expect(page.get_by_text("Text map", exact=True)).to_be_visible(timeout=120_000)
    assert page.get_by_test_id("stException").count() == 0


def test_every_page_fits_a_phone_and_has_a_dark_theme(browser: Browser, server: Server) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 844}, color_scheme="dark")
    page = context.new_page()
    for name in ("", *PAGES):
        visit(page, server, name)
        assert page.get_by_test_id("stException").count() == 0
        overflow = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        assert overflow <= 0, f"{name or 'home'} is {overflow} pixels wider than the phone"
    background = page.evaluate("getComputedStyle(document.querySelector('[data-testid=stApp]')).backgroundColor")
    assert background == "rgb(18, 23, 28)"
    context.close()


def test_nothing_is_fetched_from_another_host(page: Page, server: Server) -> None:
    fetched: list[str] = []
    page.on("response", lambda response: fetched.append(response.url))
    for name in ("", *PAGES):
        visit(page, server, name)
    assert fetched
    assert [url for url in fetched if not url.startswith((server.url, "data:", "blob:"))] == []


def test_a_file_is_uploaded_predicted_and_downloaded(page: Page, server: Server, tmp_path: Path) -> None:
    table = tmp_path / "inbox.csv"
    table.write_text(
        'id,text\n1,"=cmd, please renew my inhaler"\n2,\n3,what does a ferritin of 9 mean\n', encoding="utf-8"
    )
    visit(page, server, "predict")
    page.get_by_role("tab", name="A file").click()
    page.locator("input[type=file]").set_input_files(table)
    page.get_by_role("button", name="Predict 3 rows").click()
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Download predictions (CSV)").click()
    lines = Path(waiting.value.path()).read_text(encoding="utf-8-sig").splitlines()
    assert len(lines) == 4
    assert lines[1].startswith("1,\"'=cmd")
    assert "Test Results" in lines[3]


def test_visitors_on_a_public_address_have_separate_workspaces(browser: Browser, tmp_path: Path) -> None:
    server = start_server(tmp_path, free_port(), address="0.0.0.0")
    try:
        first, second = browser.new_context(), browser.new_context()
        page = first.new_page()
        visit(page, server, "data")
        page.get_by_role("button", name="Use this dataset").click()
        expect(page.get_by_role("heading", level=1, name="Train")).to_be_visible()
        settle(page)
        expect(page.get_by_role("combobox", name="Dataset")).to_have_value("Clinic messages (592 rows)")
        stranger = second.new_page()
        visit(stranger, server, "train")
        expect(stranger.get_by_text("There is no dataset yet")).to_be_visible()
        again = first.new_page()
        visit(again, server, "train")
        expect(again.get_by_role("combobox", name="Dataset")).to_have_value("Clinic messages (592 rows)")
    finally:
        server.process.kill()
        server.process.wait()


def test_a_run_is_deleted_after_confirmation(page: Page, server: Server) -> None:
    """Follows the demo run above; the confirmation is in a popover that closes afterwards."""
    visit(page, server, "models")
    page.get_by_role("button", name="Delete").click()
    expect(page.get_by_text("The dataset is kept.")).to_be_visible()
    page.get_by_role("button", name="Delete permanently").click()
    expect(page.get_by_text("There is no model yet.")).to_be_visible()
    expect(page.get_by_text("The dataset is kept.")).to_be_hidden()
