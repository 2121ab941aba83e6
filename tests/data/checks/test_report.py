"""The report on a table lists its columns, labels and findings, and whether training is possible."""

import json
from functools import partial

from core.data.checks.report import check_table
from core.models.encoders import BUILT_IN
from core.models.tokenization import count_tokens
from tests.data.cases import make_table
from tests.data.checks.cases import CLEAN, label_rows

COUNT_TOKENS = partial(count_tokens, BUILT_IN)


def test_the_report_on_a_usable_table() -> None:
    report = check_table(label_rows([*CLEAN, CLEAN[3]])[0], COUNT_TOKENS)
    assert not report.blocked
    record = json.loads(json.dumps(report.to_json()))
    assert (record["text"], record["label"], record["task"]) == ("text", "label", "binary")
    assert record["labels"] == {"a": 50, "b": 51}
    assert [(finding["check"], finding["rows"]) for finding in record["findings"]] == [("duplicates", [4, 101])]


def test_a_table_that_cannot_be_trained_on_is_blocked() -> None:
    report = check_table(make_table(text=["one text", "another text"], label=["x", "x"]), COUNT_TOKENS)
    assert report.blocked
    assert "at least two classes" in report.findings[0].message
