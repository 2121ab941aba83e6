"""Texts of any script on Predict: shown as they are, in their direction, and never run as HTML or Markdown."""

from urllib.parse import quote

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Server, settle, visit

TEXTS = {
    "rtl": "אני רוצה לבטל את התור שלי",
    "ltr": "予約を取り消したい 👩‍👩‍👧 pills",
    "code": "<img src=x onerror=\"document.title='run'\">\n    **if** x < 3: [a](http://x.org)",
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", TEXTS)
def test_a_text_is_explained_as_it_was_typed(page: Page, server: Server, kind: str) -> None:
    text = TEXTS[kind]
    visit(page, server, f"predict?text={quote(text)}")
    typed = page.get_by_role("textbox", name="Text", exact=True)
    expect(typed).to_have_value(text)
    assert typed.evaluate("element => getComputedStyle(element).unicodeBidi") == "plaintext"
    page.get_by_text("Why this prediction?").click()
    settle(page)
    shown = page.locator("div[dir=auto]:has(span[title])").first
    expect(shown).to_be_visible()
    assert shown.evaluate("element => element.textContent") == text
    assert shown.evaluate("element => getComputedStyle(element).direction") == ("rtl" if kind == "rtl" else "ltr")
    assert shown.evaluate("element => getComputedStyle(element).whiteSpace") == "pre-wrap"
    assert page.locator("img[src=x]").count() == 0
    assert page.title() != "run"
