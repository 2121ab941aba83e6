"""Find and mask personal data that has a recognizable form: email addresses, phone, card and bank account numbers.

Names and street addresses are not recognized: a text without a match can still contain personal data.
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


def count(text: str) -> Counter[str]:
    """The number of matches of each kind in a text; the kinds are "e-mail", "card", "account" and "phone"."""
    return _mask_and_count(text)[1]


def mask(text: str) -> str:
    """The text with each match replaced by its kind in square brackets, such as "[phone]"."""
    return _mask_and_count(text)[0]


def _mask_and_count(text: str) -> tuple[str, Counter[str]]:
    counts: Counter[str] = Counter()

    def mask_kind(kind: str, pattern: re.Pattern[str], text: str) -> str:
        def replacement(match: re.Match[str]) -> str:
            if not _is_plausible(kind, match.group()):
                return match.group()
            counts[kind] += 1
            return f"[{kind}]"

        return pattern.sub(replacement, text)

    if "@" in text:
        text = mask_kind("e-mail", _EMAIL, text)
    if sum(character.isdigit() for character in text) >= _PHONE_DIGITS.start:
        for kind, pattern in (("account", _IBAN), ("card", _CARD), ("phone", _PHONE)):
            text = mask_kind(kind, pattern, text)
    return text, counts


def _is_plausible(kind: str, match: str) -> bool:
    digits = [int(character) for character in match if character.isdigit()]
    if kind == "card":
        return passes_luhn(digits)
    return kind != "phone" or len(digits) in _PHONE_DIGITS


def passes_luhn(digits: list[int]) -> bool:
    """Whether the last digit is the check digit of a card number (Luhn algorithm, ISO/IEC 7812-1)."""
    doubled = [digit * 2 - 9 if digit > 4 else digit * 2 for digit in digits[-2::-2]]
    return len(digits) >= 13 and (sum(doubled) + sum(digits[-1::-2])) % 10 == 0
