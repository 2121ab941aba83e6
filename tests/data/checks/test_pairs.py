"""Tables of text pairs are recognized and said to be unsupported; other tables with two texts are not."""

import random

import pytest

from core.data.checks.run import run_checks
from core.data.columns import apply_columns
from core.data.guessing import guess_columns
from tests.data.cases import make_table
from tests.data.checks.test_guesses import cycle

ROWS = 90
NOUNS = [
    "parrot",
    "window",
    "engineer",
    "mountain",
    "kitchen",
    "violin",
    "harbor",
    "teacher",
    "planet",
    "bottle",
    "garden",
]


def sentences(seed: int) -> list[str]:
    rng = random.Random(seed)
    return [f"A {a} stands beside the {b} near a {c}." for a, b, c in (rng.sample(NOUNS, 3) for _ in range(ROWS))]


def rephrased(texts: list[str]) -> list[str]:
    return [text.replace("stands beside", "is close to").replace("near", "by") for text in texts]


ONE, TWO = sentences(1), rephrased(sentences(1))
REPEATED = [ONE[i // 3] for i in range(ROWS)]
PAIRS = {
    "nli": {"premise": REPEATED, "hypothesis": TWO, "label": cycle("entailment", "neutral", "contradiction", rows=ROWS)},
    "sts": {"genre": cycle("news", "forum", rows=ROWS), "score": [f"{i % 50 / 10}" for i in range(ROWS)], "sentence1": ONE,
            "sentence2": TWO},
    "no names": {"column 1": cycle("0", "1", rows=ROWS), "column 2": ONE, "column 3": TWO},
    "questions": {"qid": [str(i) for i in range(ROWS)], "question1": ONE, "question2": sentences(2),
                  "is_duplicate": cycle("0", "1", rows=ROWS)},
    "retrieval": {"query": ONE, "passage": sentences(3), "label": cycle("0", "1", rows=ROWS)},
    "numbered": {"Quality": cycle("0", "1", rows=ROWS), "#1 String": ONE, "#2 String": sentences(5)},
    "letters": {"text_a": ONE, "text_b": sentences(4), "gold_label": cycle("same", "other", rows=ROWS)},
}  # fmt: skip


@pytest.mark.parametrize("kind", PAIRS)
def test_pairs_are_said_to_be_unsupported_and_have_no_conflicts(kind: str) -> None:
    table = make_table(**PAIRS[kind])
    choice = guess_columns(table)
    findings = run_checks(table, choice, apply_columns(table, choice))
    assert "text_pairs" in [finding.check for finding in findings]
    assert not {"conflicts", "duplicates", "guessed_text"} & {finding.check for finding in findings}


SINGLE = {
    "title and body": {"title": [t[:14] for t in ONE], "body": [f"{t} {s}" for t, s in zip(sentences(5), TWO, strict=True)],
                       "label": cycle("a", "b", rows=ROWS)},
    "text and note": {"text": ONE, "note": sentences(6), "label": cycle("a", "b", rows=ROWS)},
    "one text": {"text": ONE, "label": cycle("a", "b", rows=ROWS)},
    "cleaned text": {"text": ONE, "clean": [t.lower() for t in ONE], "label": cycle("a", "b", rows=ROWS)},
    "answer": {"text": ONE, "reply": sentences(8), "label": cycle("a", "b", "c", rows=ROWS)},
}  # fmt: skip


@pytest.mark.parametrize("kind", SINGLE)
def test_other_tables_with_two_texts_are_no_pairs(kind: str) -> None:
    table = make_table(**SINGLE[kind])
    choice = guess_columns(table)
    assert "text_pairs" not in [f.check for f in run_checks(table, choice, apply_columns(table, choice))]
