"""Truncated texts are counted, and a language that the encoder does not know is reported."""

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


def test_an_unknown_language_is_reported() -> None:
    _, _, labeled = label_rows([("包裹一直没有到我很生气" + str(i), "ab"[i % 2]) for i in range(20)])
    tokens = count_tokens(BUILT_IN, labeled.frame["text"].tolist())
    assert "language" in {finding.check for finding in check_truncation(labeled, tokens, 256)}
