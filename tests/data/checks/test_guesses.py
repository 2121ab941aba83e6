"""Doubtful guesses are findings that lead to a control; clean tables have none."""

import random

import pytest

from core.data.checks.guesses import check_guesses
from core.data.columns import apply_columns
from core.data.guessing import guess_columns
from core.data.table import Table
from tests.data.cases import make_table

ROWS = 120
WORDS = [
    "the",
    "train",
    "was",
    "late",
    "again",
    "today",
    "but",
    "coffee",
    "good",
    "service",
    "slow",
    "room",
    "clean",
    "cold",
]


def texts(seed: int = 0, rows: int = ROWS) -> list[str]:
    rng = random.Random(seed)
    return [" ".join(rng.choices(WORDS, k=rng.randint(5, 12))) + f" {i}" for i in range(rows)]


def cycle(*cells: str, rows: int = ROWS) -> list[str]:
    return [cells[i % len(cells)] for i in range(rows)]


def check_names(table: Table) -> list[tuple[str, str]]:
    return [(finding.check, finding.control) for finding in check_guesses(table, guess_columns(table))]


STARS = {
    "stars": cycle("1", "2", "3", "4", "5"),
    "rating": cycle("1", "2", "3", "4", "5", "6", "7", "8", "9", "10"),
    "score": cycle("0", "1", "2", "3"),
    "Review Rating": cycle("5", "4", "5", "1", "2", "3"),
    "half_stars": cycle("0.5", "1.0", "1.5", "2.0", "3.5", "5.0"),
    "overall": cycle("1", "2", "3", "4", "5"),
}


@pytest.mark.parametrize("name", STARS)
def test_stars_ask_whether_they_are_classes_or_a_score(name: str) -> None:
    table = make_table(text=texts(), **{name: STARS[name]})
    choice = guess_columns(table)
    (finding,) = check_guesses(table, choice)
    assert (finding.check, finding.control) == ("guessed_task", "Task")
    assert finding.choice is not None
    assert {choice.kind, finding.choice.kind} == {"multiclass", "regression"}
    assert not [found for found in check_guesses(table, finding.choice) if found.check == "guessed_task"]
    assert len(apply_columns(table, finding.choice)) == ROWS


SORTED = {
    "two labels": ["neg"] * 6_000 + ["pos"] * 6_000,
    "three labels": ["a"] * 10_000 + ["b"] * 1_000 + ["c"] * 1_000,
    "numbers then names": ["1"] * 7_000 + ["other"] * 5_000,
    "scores at the end": ["1"] * 6_000 + ["2"] * 5_000 + [f"{i / 7:.3f}" for i in range(1_000)],
    "lists at the end": ["a"] * 6_000 + ["b"] * 5_000 + ["a|b"] * 1_000,
}


@pytest.mark.parametrize("kind", SORTED)
def test_the_task_is_guessed_from_all_rows(kind: str) -> None:
    expected = {"two labels": "binary", "scores at the end": "regression", "lists at the end": "multilabel"}
    table = make_table(text=[f"a text number {i}" for i in range(12_000)], label=SORTED[kind])
    guess = guess_columns(table).kind
    assert guess == expected.get(kind, "binary" if kind == "numbers then names" else "multiclass")


IDENTIFIERS = {
    "id": [str(i) for i in range(ROWS)],
    "row": [str(1000 - i) for i in range(ROWS)],
    "tweet_id": [str(10**17 + 977 * i) for i in range(ROWS)],
    "PhraseId": [str(i * 3) for i in range(ROWS)],
    "Unnamed 0": [str(i) for i in range(ROWS)],
    "uuid": [f"{i:08x}-aaaa" for i in range(ROWS)],
}


@pytest.mark.parametrize("name", IDENTIFIERS)
def test_an_identifier_is_no_label(name: str) -> None:
    table = make_table(**{name: IDENTIFIERS[name]}, words=texts(), outcome=cycle("x", "y"))
    assert guess_columns(table).label == "outcome"
    alone = make_table(**{name: IDENTIFIERS[name]}, words=texts())
    assert ("guessed_label", "Label column") in check_names(alone)


FLAGS = {
    "0 and 1": [cycle("0", "1"), cycle("1", "0", "0"), cycle("0", "0", "0", "1")],
    "yes and no": [cycle("yes", "no"), cycle("no", "no", "yes"), cycle("yes", "no", "no", "no")],
    "fractions": [cycle("0.1", "0.9"), cycle("0.5", "0.25", "0"), cycle("0", "0.8", "1", "0.3")],
    "mixed fractions": [cycle("0", "1"), cycle("0.5", "0.25", "0"), cycle("0", "0.8", "1", "0.3")],
    "decimals": [cycle("0.0", "1.0"), cycle("1.0", "0.0", "0.0"), cycle("0.0", "0.0", "0.0", "1.0")],
}


@pytest.mark.parametrize("kind", FLAGS)
def test_numbers_side_by_side_are_labels_with_a_threshold(kind: str) -> None:
    first, second, third = FLAGS[kind]
    table = make_table(id=[str(i) for i in range(ROWS)], comment_text=texts(), toxic=first, insult=second, threat=third)
    choice = guess_columns(table)
    assert (choice.kind, choice.label_columns) == ("multilabel", ("toxic", "insult", "threat"))
    labels = apply_columns(table, choice).frame["label"]
    assert labels[1] == [
        n for n, c in zip(choice.label_columns, FLAGS[kind], strict=True) if c[1] in ("1", "1.0", "yes", "0.9", "0.8")
    ]
    assert bool(check_names(table)) == ("fractions" in kind)


TEXT_NAMES = {
    "answer.text": "text", "title": "body", "url": "review", "user.description": "text", "text_id": "content", "summary": "text",
}  # fmt: skip


@pytest.mark.parametrize("other", TEXT_NAMES)
def test_the_text_column_is_the_one_with_the_plain_name(other: str) -> None:
    cells = [f"https://example.org/{i}/{'x' * 90}" for i in range(ROWS)] if other in ("url", "text_id") else texts(3)
    longer = [cell + " and more of it" * (" " in cell and other != "title") for cell in cells]
    table = make_table(**{other: longer, TEXT_NAMES[other]: texts(4), "label": cycle("a", "b")})
    assert guess_columns(table).text == TEXT_NAMES[other]


SPLITS = {
    "training": cycle("true", "true", "false"),
    "is_train": cycle("1", "1", "1", "0"),
    "is_test": cycle("0", "0", "0", "1"),
    "split": cycle("train", "train", "test set"),
    "set": cycle("Train", "Dev", "TEST"),
    "usage": cycle("training", "testing"),
}


@pytest.mark.parametrize("name", SPLITS)
def test_a_flag_for_training_is_a_split(name: str) -> None:
    table = make_table(text=texts(), label=cycle("a", "b", "b", "a", "c"), **{name: SPLITS[name]})
    choice = guess_columns(table)
    assert (choice.split, choice.label) == (name, "label")
    splits = set(apply_columns(table, choice).frame["file_split"])
    assert splits in ({"train", "test"}, {"train", "validation", "test"})


CLEAN = {
    "names": {"text": texts(), "label": cycle("good", "bad", "fine")},
    "ids and names": {"text": texts(), "label": cycle("0", "1", "2"), "label_name": cycle("a", "b", "c")},
    "class ids": {"text": texts(), "label": cycle("1", "2", "3", "4")},
    "a score": {"excerpt": texts(), "target": [f"{i / 7:.4f}" for i in range(ROWS)]},
    "title and body": {"title": [t[:20] for t in texts(1)], "body": texts(2), "category": cycle("a", "b")},
    "metadata": {"id": IDENTIFIERS["id"], "lang": cycle("en"), "text": texts(), "sentiment": cycle("x", "y")},
}


@pytest.mark.parametrize("kind", CLEAN)
def test_a_clear_table_has_no_doubts(kind: str) -> None:
    assert check_names(make_table(**CLEAN[kind])) == []
