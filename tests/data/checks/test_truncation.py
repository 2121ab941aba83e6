"""Truncated texts are counted."""

from core.data.checks.truncation import check_truncation
from core.models.encoders import BUILT_IN
from core.models.tokenization import count_tokens
from tests.data.checks.cases import CLEAN, label_rows


def test_truncated_texts_are_counted() -> None:
    _, _, labeled = label_rows(CLEAN)
    tokens = count_tokens(BUILT_IN, labeled.frame["text"].tolist())
    assert list(check_truncation(labeled, tokens, 512)) == []
    (finding,) = check_truncation(labeled, tokens, 10)
    assert len(finding.rows) == int((tokens.pieces > 10).sum())
