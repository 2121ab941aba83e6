"""Each check finds what was planted, and nothing in clean data; each repair mends it."""

from collections.abc import Sequence

import pandas as pd
import pytest

from core.data import pii
from core.data.checks.findings import Finding
from core.data.checks.run import check
from core.data.checks.truncation import check_tokens
from core.data.columns import ColumnChoice, LabeledTexts, apply_columns
from core.data.repairs import Repair, apply_repairs
from core.data.samples import SAMPLES
from core.data.table import Table
from core.data.token_counts import TokenCounts
from core.errors import DataError
from core.models.encoders import BUILT_IN
from core.models.tokenization import count_tokens

NOUNS = ["parcel", "invoice", "password", "refund", "courier", "update", "keyboard", "voucher", "address", "camera"]
VERBS = ["vanished", "arrived", "broke", "doubled", "expired", "froze", "returned", "leaked", "changed", "shrank"]
CLEAN = [
    (f"yesterday my {noun} {verb} and nobody at number {i}{j} could say why", "ab"[(i + j) % 2])
    for i, noun in enumerate(NOUNS)
    for j, verb in enumerate(VERBS)
]


def found(
    rows: Sequence[tuple[str, ...]], columns: tuple[str, ...] = ("text", "label")
) -> tuple[dict[str, Finding], LabeledTexts]:
    table = Table(pd.DataFrame(rows, columns=list(columns), dtype="str"), "x.csv")
    choice = ColumnChoice("text", "label", "multiclass", "split" if "split" in columns else None)
    labeled = apply_columns(table, choice)
    return {finding.check: finding for finding in check(table, choice, labeled)}, labeled


def mended(labeled: LabeledTexts, finding: Finding) -> list[tuple[str, str]]:
    assert finding.repair is not None
    frame = apply_repairs(labeled, [Repair.from_json(finding.repair.to_json())]).frame
    return list(zip(frame["text"], frame["label"], strict=True))


def test_clean_data_has_no_finding() -> None:
    assert found(CLEAN)[0] == {}


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.file)
def test_the_samples_have_none(sample: object) -> None:
    known = next(s for s in SAMPLES if s is sample)
    assert check(known.read(), known.columns, apply_columns(known.read(), known.columns)) == []


OTHER = "an entirely different sentence about the weather"
DAMAGED, MENDED = "the cafÃ© was closed when we came to pick it up", "the café was closed when we came to pick it up"
MARKED, PLAIN = "<p>they said it &amp; left</p> see https://example.org/x?y=1", "they said it & left see [link]"
PRIVATE = "write to jo.doe@example.org or ring +44 20 7946 0958 today"
MASKED = "write to [e-mail] or ring [phone] today"
PLANTED = [
    ("conflicts", [(CLEAN[0][0], "b")], [0, 100], CLEAN[1:]),
    ("duplicates", [CLEAN[3]], [3, 100], CLEAN),
    (
        "near_duplicates",
        [("Yesterday, my parcel vanished and nobody at number 00 could say why!", "a")],
        [0, 100],
        CLEAN,
    ),
    ("label_variants", [(OTHER, "A ")], [100], [*CLEAN, (OTHER, "a")]),
    ("small_classes", [(OTHER, "rare")], [100], CLEAN),
    ("encoding_damage", [(DAMAGED, "a")], [100], [*CLEAN, (MENDED, "a")]),
    ("markup", [(MARKED, "a")], [100], [*CLEAN, (PLAIN, "a")]),
    ("personal_data", [(PRIVATE, "b")], [100], [*CLEAN, (MASKED, "b")]),
]


@pytest.mark.parametrize(("name", "planted", "rows", "after"), PLANTED, ids=[case[0] for case in PLANTED])
def test_what_is_planted_is_found_and_mended(
    name: str, planted: list[tuple[str, str]], rows: list[int], after: list[tuple[str, str]]
) -> None:
    findings, labeled = found([*CLEAN, *planted])
    assert findings[name].rows.tolist() == rows
    assert mended(labeled, findings[name]) == after


def test_leaks_between_given_splits() -> None:
    rows = [(text, label, "train" if i % 2 else "test") for i, (text, label) in enumerate(CLEAN)]
    findings, labeled = found([*rows, (CLEAN[0][0], CLEAN[0][1], "train")], ("text", "label", "split"))
    assert findings["leaks"].rows.tolist() == [0, 100]
    repaired = apply_repairs(labeled, [findings["leaks"].repair or Repair("drop_leaks")])
    assert repaired.frame["row"].tolist() == list(range(100))


def test_a_column_and_a_word_that_give_the_label_away() -> None:
    rows = [(text + (" zzspam" if label == "a" else ""), label, label.upper()) for text, label in CLEAN]
    table = Table(pd.DataFrame(rows, columns=["text", "label", "source"], dtype="str"), "x.csv")
    choice = ColumnChoice("text", "label", "binary")
    messages = [f.message for f in check(table, choice, apply_columns(table, choice)) if f.check == "giveaway"]
    assert len(messages) == 2
    assert any("zzspam" in message for message in messages)
    assert any("source" in message for message in messages)


def test_imbalance_says_what_guessing_would_give() -> None:
    rows = [(text, "b" if i < 5 else "a") for i, (text, _) in enumerate(CLEAN)]
    assert "right 95% of the time" in found(rows)[0]["imbalance"].message


def test_truncation_by_hand() -> None:
    _, labeled = found(CLEAN)
    counts = count_tokens(BUILT_IN, labeled.frame["text"].tolist())
    assert list(check_tokens(labeled, counts, 512)) == []
    (finding,) = check_tokens(labeled, counts, 10)
    assert len(finding.rows) == int((counts.pieces > 10).sum())


def test_a_language_the_encoder_does_not_know() -> None:
    _, labeled = found([("包裹一直没有到我很生气" + str(i), "ab"[i % 2]) for i in range(20)])
    counts: TokenCounts = count_tokens(BUILT_IN, labeled.frame["text"].tolist())
    assert "language" in {finding.check for finding in check_tokens(labeled, counts, 256)}


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("call 020 7946 0958", "call [phone]"),
        ("card 4111 1111 1111 1111 please", "card [card] please"),
        ("order 4111 1111 1111 1112 please", "order 4111 1111 1111 1112 please"),  # the check digit is wrong
        ("IBAN DE89 3704 0044 0532 0130 00.", "IBAN [account]."),
        ("on 2024-05-17 at 10:30 we paid 1,299.00 for 3 items", "on 2024-05-17 at 10:30 we paid 1,299.00 for 3 items"),
        ("no contact here", "no contact here"),
    ],
)
def test_personal_data_by_its_form(text: str, masked: str) -> None:
    assert pii.mask(text) == masked


def test_a_corrected_label_keeps_its_old_value_and_steps_replay_and_undo() -> None:
    _, labeled = found(CLEAN)
    text, label = CLEAN[7]
    changes = [{"text": text, "was": label, "now": "c"}, {"text": CLEAN[8][0], "was": CLEAN[8][1], "now": None}]
    step = Repair("relabel", {"changes": changes})
    frame = apply_repairs(labeled, [step]).frame
    assert len(frame) == len(CLEAN) - 1
    corrected = frame[frame["text"] == text].iloc[0]
    assert (corrected["label"], corrected["was"]) == ("c", label)
    again = apply_repairs(apply_repairs(labeled, [step]), [step]).frame
    assert again["label"].tolist() == frame["label"].tolist()
    assert apply_repairs(labeled, []).frame["label"].tolist() == [label for _, label in CLEAN]


def test_unknown_repairs_and_empty_results_get_a_sentence() -> None:
    with pytest.raises(DataError, match="Unknown repair"):
        Repair("burn")
    _, labeled = found([(text, label) for text, _ in CLEAN for label in "ab"])
    with pytest.raises(DataError, match="No row is left"):
        apply_repairs(labeled, [Repair("drop_conflicts")])
