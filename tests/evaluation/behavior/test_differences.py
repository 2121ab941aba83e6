"""What differs between two texts, as HTML."""

import re
from html import unescape

from core.evaluation.behavior.differences import difference_html


def without_tags(html: str, removed: str) -> str:
    """The text of the HTML without the elements of one tag."""
    return unescape(re.sub(r"<[^>]*>", "", re.sub(rf"<{removed}\b.*?</{removed}>", "", html)))


def test_changed_words_are_marked_and_both_texts_can_be_read() -> None:
    before, after = "Send <b>more</b> pills & water", "Send <b>mroe</b> pills & water. Now"
    html = difference_html(before, after)
    assert (without_tags(html, "ins"), without_tags(html, "del")) == (before, after)
    assert "<b>" not in html
    assert re.findall(r"<del[^>]*>(.*?)</del>", html) == ["more"]
    assert re.findall(r"<ins[^>]*>(.*?)</ins>", html) == ["mroe", ". Now"]


def test_equal_texts_have_no_marks_and_huge_ones_are_whole() -> None:
    assert "<del" not in difference_html("the same", "the same")
    before, after = "a " * 3_000, "b " * 3_000
    html = difference_html(before, after)
    assert html.count("<del") == 1
    assert (without_tags(html, "ins"), without_tags(html, "del")) == (before, after)
