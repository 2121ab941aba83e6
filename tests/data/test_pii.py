"""Personal data is masked by its form and its check digits; other numbers and signs are not."""

import pytest

from core.data import pii


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("write to jo.doe@example.org", "write to [e-mail]"),
        ("call 020 7946 0958", "call [phone]"),
        ("ring +44 20 7946 0958 or (212) 736-5000", "ring [phone] or [phone]"),
        ("Tel. 030 90227 1234 und 01 42 68 53 00", "Tel. [phone] und [phone]"),
        ("card 4111 1111 1111 1111 please", "card [card] please"),
        ("amex 378282246310005", "amex [card]"),
        ("IBAN DE89 3704 0044 0532 0130 00.", "IBAN [account]."),
        ("IBAN NO9386011117947", "IBAN [account]"),
        ("GB29NWBK60161331926819 is mine", "[account] is mine"),
    ],
)
def test_personal_data_is_masked(text: str, masked: str) -> None:
    assert pii.mask(text) == masked


@pytest.mark.parametrize(
    "text",
    [
        "on 2024-05-17 at 10:30 we paid 1,299.00 for 3 items",
        "from 01.02.2023 to 15.03.2023, on 01/02/2023 10:15:30",
        "the id is 550e8400-e29b-41d4-a716-446655440000",
        "upgrade to 1.21.0.4 or 10.0.19045.3803",
        "lodash@4.17.21, @angular/core@12.0.0 and icon@2x.png",
        "git@github.com:someone/project.git",
        "order 4111 1111 1111 1112 please",  # the check digit is wrong
        "DE12 3456 7890 1234 5678 90 is no account",
        "it costs $1,234,567.89 or 000 123 456 789",
        "timestamps 1700000000000 and 1699999999999",
        "tweet 1234567890123456789",
        "ISBN 978-3-16-148410-0 and 0-306-40615-2",
        "scores 100-200-3000 and 0.123456789012",
        "192.168.100.200 and 010.020.030.040",
        "no contact here",
    ],
)
def test_other_numbers_are_no_personal_data(text: str) -> None:
    assert pii.mask(text) == text


def test_matches_are_counted_by_kind() -> None:
    assert pii.count("a@b.org or c@d.org, call 020 7946 0958") == {"e-mail": 2, "phone": 1}
