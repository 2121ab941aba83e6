"""Damaged characters, markup and personal data are found and repaired."""

import pytest

from tests.data.checks.cases import CLEAN, find, repair

CASES = {
    "encoding_damage": (
        "the cafÃ© was closed when we came to pick it up",
        "the café was closed when we came to pick it up",
    ),
    "markup": (
        "<p>they said it &amp; left</p> see https://example.org/x?y=1",
        "they said it & left see [link]",
    ),
    "personal_data": (
        "write to jo.doe@example.org or ring +44 20 7946 0958 today",
        "write to [e-mail] or ring [phone] today",
    ),
}


@pytest.mark.parametrize("check", CASES)
def test_problems_in_texts_are_found_and_repaired(check: str) -> None:
    text, repaired = CASES[check]
    rows = [*CLEAN, (text, "a")]
    finding = find(rows)[check]
    assert finding.rows.tolist() == [100]
    assert repair(rows, finding) == [*CLEAN, (repaired, "a")]
