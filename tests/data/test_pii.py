"""Personal data is masked by its form."""

import pytest

from core.data import pii


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("write to jo.doe@example.org", "write to [e-mail]"),
        ("call 020 7946 0958", "call [phone]"),
        ("card 4111 1111 1111 1111 please", "card [card] please"),
        ("order 4111 1111 1111 1112 please", "order 4111 1111 1111 1112 please"),  # the check digit is wrong
        ("IBAN DE89 3704 0044 0532 0130 00.", "IBAN [account]."),
        ("on 2024-05-17 at 10:30 we paid 1,299.00 for 3 items", "on 2024-05-17 at 10:30 we paid 1,299.00 for 3 items"),
        ("no contact here", "no contact here"),
    ],
)
def test_personal_data_is_masked(text: str, masked: str) -> None:
    assert pii.mask(text) == masked


def test_matches_are_counted_by_kind() -> None:
    assert pii.count("a@b.org or c@d.org, call 020 7946 0958") == {"e-mail": 2, "phone": 1}
