"""How many clicks it takes: from a sample to a prediction, and from a file to a downloaded model; Start is always in sight."""

from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import Server, settle, visit

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(900)]

# A laptop and a phone.
SIZES = ({"width": 1280, "height": 800}, {"width": 390, "height": 844})
# An instant training on a busy machine.
TRAINED = 400_000


def click_in_sight(page: Page, button: Locator) -> None:
    """Click a button that must be visible without scrolling on a laptop and on a phone."""
    for size in SIZES:
        page.set_viewport_size(size)  # type: ignore[arg-type]
        expect(button).to_be_in_viewport(ratio=1)
    button.click()


def test_three_clicks_from_a_sample_to_a_prediction(page: Page, server: Server) -> None:
    visit(page, server, "data")
    click_in_sight(page, page.get_by_role("button", name="Use this dataset"))
    expect(page.get_by_role("heading", level=1, name="Train")).to_be_visible()
    settle(page)
    click_in_sight(page, page.get_by_role("button", name="Start", exact=True))
    expect(page.get_by_text("How long, and how good?")).to_be_hidden()
    page.get_by_role("button", name="Try the model").click(timeout=TRAINED)
    expect(page.get_by_text("Confidence: ").first).to_be_visible()


def test_seven_clicks_from_a_file_to_a_downloaded_model(page: Page, server: Server, tmp_path: Path) -> None:
    table = tmp_path / "pets.csv"
    rows = [f"my {'cat' if i % 2 else 'dog'} number {i} is hungry,{'cat' if i % 2 else 'dog'}" for i in range(40)]
    table.write_text("\n".join(["text,label", *rows]))
    visit(page, server, "data")
    page.get_by_role("radio", name="Upload").or_(page.get_by_role("button", name="Upload")).first.click()  # 1
    settle(page)
    with page.expect_file_chooser() as chooser:  # 2, and 3 in the dialog of the browser
        page.get_by_test_id("stFileUploader").locator("button").filter(has_text="Upload").click()
    chooser.value.set_files(table)
    click_in_sight(page, page.get_by_role("button", name="Use this dataset"))  # 4
    expect(page.get_by_role("heading", level=1, name="Train")).to_be_visible()
    settle(page)
    click_in_sight(page, page.get_by_role("button", name="Start", exact=True))  # 5
    page.get_by_role("button", name="Prepare zip").click(timeout=TRAINED)  # 6
    link = page.get_by_role("link", name="Download ")
    expect(link).to_be_visible(timeout=TRAINED)
    with page.expect_download() as waiting:
        link.click()  # 7
    assert Path(waiting.value.path()).stat().st_size > 1_000_000
