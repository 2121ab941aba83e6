"""Explanations as HTML, as a sentence and as a table."""

from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import pytest

from core.prediction.deletion import DeletionCheck
from core.prediction.explain import Explanation, WordScore
from core.prediction.highlight import describe_check, highlight, words_table

CHECK = DeletionCheck(deleted=1, drop=2.0, random_drop=0.1, beats_random=1.0, tries=4)


def explanation(text: str, scores: list[float]) -> Explanation:
    """An explanation of the words between spaces; the text goes on after them where there are fewer scores."""
    words, position = [], 0
    for word, score in zip(text.split(" "), scores, strict=False):
        words.append(WordScore(word, position, position + len(word), score))
        position += len(word) + 1
    return Explanation(text, "yes", "occlusion", tuple(words), CHECK, (words[-1].end, len(text)))


class Spans(HTMLParser):
    """The tags of some HTML, its text, and the style of each piece of text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.styles: dict[str, str] = {}
        self.text, self._style = "", ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self._style = dict(attrs).get("style") or ""

    def handle_data(self, data: str) -> None:
        self.text += data
        self.styles[data] = self._style


def test_the_sign_of_a_word_and_the_highest_words_are_visible() -> None:
    spans = Spans(highlight(explanation("good but bad film", [2.0, 0.0, -1.0, 0.5])))
    assert spans.text == "good but bad film"
    assert "rgba(42,157,111,0.50)" in spans.styles["good"]
    assert "font-weight:700" in spans.styles["good"]
    assert "background" not in spans.styles["but"]
    assert "rgba(209,73,91,0.25);border-bottom:2px dashed" in spans.styles["bad"]
    assert "font-weight" not in spans.styles["film"]


@pytest.mark.parametrize(
    "text",
    ["<script>alert(1)</script> <img src=x onerror=alert(1)>", "![x](http://e.org) \"'&lt; **b**", "שלום 😀 日本語 ‮x"],
)
def test_the_text_stays_text(text: str) -> None:
    spans = Spans(highlight(explanation(text, [1.0, -1.0])))
    assert spans.tags == {"div", "span"}
    assert spans.text == text


def test_what_the_model_does_not_read_is_gray_and_shortened() -> None:
    spans = Spans(highlight(explanation("good " + "x" * 100_000, [1.0])))
    rest = spans.text.removeprefix("good")
    assert len(rest) < 400
    assert spans.styles[rest] == "opacity:0.5"


def test_a_middle_that_the_model_does_not_read_is_gray() -> None:
    text = "good <i>and long</i> film"
    words = (WordScore("good", 0, 4, 1.0), WordScore("film", len(text) - 4, len(text), 0.5))
    spans = Spans(highlight(Explanation(text, "yes", "occlusion", words, CHECK, (4, len(text) - 4))))
    assert spans.text == text
    assert spans.styles[" <i>and long</i> "] == "opacity:0.5"


def test_the_sentence_gives_the_tries_or_warns() -> None:
    five = explanation("one good and bad film", [0.1, 2.0, 0.0, -1.0, 0.2])
    more = "Removing the bold word lowers the score more than removing another word in"
    warning = ": do not rely on this explanation."

    def sentence(**changes: Any) -> str:
        return describe_check(replace(five, check=replace(CHECK, **changes)))

    assert sentence() == f"{more} 4 of 4 tries."
    assert sentence(beats_random=0.5) == f"{more} only 2 of 4 tries{warning}"
    assert sentence(drop=-1.0) == f"Removing the bold word does not lower the score{warning}"
    assert sentence(tries=0) == "The text is too short to check this explanation."
    assert sentence(deleted=2, tries=20, beats_random=0.95) == (
        "Removing the 2 bold words lowers the score more than removing 2 random words in 19 of 20 tries."
    )
    assert "lowers the predicted value more" in describe_check(replace(five, label=""))
    grouped = replace(five, words=(WordScore("one good", 0, 8, 1.0), WordScore("and bad", 9, 16, 0.0)))
    assert "the bold group of words lowers" in describe_check(grouped)


def test_the_table_is_sorted_by_score() -> None:
    table = words_table(explanation("good but bad", [1.0, -0.5, 2.0]))
    assert table.to_dict("list") == {"word": ["bad", "good", "but"], "score": [2.0, 1.0, -0.5]}
