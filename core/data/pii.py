"""Personal data that can be told by its form: e-mail addresses, phone numbers, card numbers, bank accounts.

Names and addresses cannot; a text without a finding may still speak of a person.
"""

import re
from collections import Counter

_EMAIL = re.compile(r"\b[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{2,63})+\b")
_IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){3,7}(?: ?[A-Z0-9]{1,3})?\b")
_CARD = re.compile(r"(?<![\d.])\d(?:[ -]?\d){12,18}(?![\d.]?\d)")
_PHONE = re.compile(
    r"(?<![\w.])(?:\+\d{1,3}[ .-]?|\(?0\d{1,4}\)?[ .-]?|\(\d{3}\)[ .-]?|\d{3}[-.])(?:\d[ .-]?){5,11}\d(?![\w])"
)
_PHONE_DIGITS = range(9, 16)


def find(text: str) -> Counter[str]:
    """How many of each kind stand in the text: "e-mail", "card", "account", "phone"."""
    found: Counter[str] = Counter()
    _replace(text, found)
    return found


def mask(text: str) -> str:
    """The text with each of them replaced by its kind in square brackets."""
    return _replace(text, Counter())


def _replace(text: str, found: Counter[str]) -> str:
    def put(kind: str, pattern: re.Pattern[str], text: str) -> str:
        def one(match: re.Match[str]) -> str:
            if not _plausible(kind, match.group()):
                return match.group()
            found[kind] += 1
            return f"[{kind}]"

        return pattern.sub(one, text)

    if "@" in text:
        text = put("e-mail", _EMAIL, text)
    if sum(character.isdigit() for character in text) >= _PHONE_DIGITS.start:
        for kind, pattern in (("account", _IBAN), ("card", _CARD), ("phone", _PHONE)):
            text = put(kind, pattern, text)
    return text


def _plausible(kind: str, written: str) -> bool:
    digits = [int(character) for character in written if character.isdigit()]
    if kind == "card":
        return passes_luhn(digits)
    return kind != "phone" or len(digits) in _PHONE_DIGITS


def passes_luhn(digits: list[int]) -> bool:
    """Whether the last digit is the check digit of a card number (ISO/IEC 7812-1)."""
    doubled = [digit * 2 - 9 if digit > 4 else digit * 2 for digit in digits[-2::-2]]
    return len(digits) >= 13 and (sum(doubled) + sum(digits[-1::-2])) % 10 == 0
