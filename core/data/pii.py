"""Find and mask personal data that has a recognizable form: email addresses, phone, card and bank account numbers.

Names and street addresses are not recognized: a text without a match can still contain personal data.
"""

import re
from collections import Counter

import phonenumbers

_EMAIL = re.compile(r"\b[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{2,63}){0,4}\.[A-Za-z]{2,24}\b(?![/@])")
# Names of packages and files with an @, and addresses of services.
_NO_EMAIL = re.compile(
    r"(?:git|npm|noreply|no-reply)@|.*@v?\d+x?\.|.*\.(?:png|jpe?g|gif|svg|webp|js|ts|css|py|json)$", re.IGNORECASE
)
_IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\b")
_CARD = re.compile(r"(?<![\w.-])\d(?:[ -]?\d){12,18}(?![\w.-]?\d)(?![\w-])")
# The first digits and the lengths of the cards of the large networks.
_CARD_NUMBER = re.compile(r"4\d{12}|4\d{15}|(?:5[1-5]|2[2-7])\d{14}|3[47]\d{13}|(?:6011|65\d\d|35\d\d|62\d\d)\d{12}")
_PHONE = re.compile(
    r"(?<![\w.,:/$€£#-])(?:\+\d{1,3}[ .-]?\(?|\(?0\d{1,4}\)?[ .-]?|\(\d{3}\)[ .-]?|\d{3}[-.])(?:\d\)?[ .-]?){5,11}\d(?![\w%€$£])"
)
_PHONE_DIGITS = range(9, 16)
_DIGIT = re.compile(r"\d")
_DATE = re.compile(r"\d{4}[-./]\d\d?[-./]\d\d?|\b\d\d?[-./]\d\d?[-./](?:\d{4}|\d\d)\b")
# National numbers are checked against the numbering plans of these countries.
_REGIONS = ("US", "GB", "DE", "FR", "ES", "IT", "NL", "AU", "IN", "BR", "JP")


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
    if len(_DIGIT.findall(text)) >= _PHONE_DIGITS.start:
        for kind, pattern in (("account", _IBAN), ("card", _CARD), ("phone", _PHONE)):
            text = mask_kind(kind, pattern, text)
    return text, counts


def _is_plausible(kind: str, match: str) -> bool:
    digits = [int(character) for character in match if character.isdigit()]
    if kind == "card":
        return bool(_CARD_NUMBER.fullmatch("".join(map(str, digits)))) and passes_luhn(digits)
    if kind == "account":
        return passes_mod_97(match.replace(" ", ""))
    if kind == "e-mail":
        return not _NO_EMAIL.match(match)
    return len(digits) in _PHONE_DIGITS and not _DATE.search(match) and is_phone_number(match)


def is_phone_number(text: str) -> bool:
    """Whether a number is valid in the numbering plan of its country, or of a large country if it names none."""
    for region in (None,) if text.startswith("+") else _REGIONS:
        try:
            if phonenumbers.is_valid_number(phonenumbers.parse(text, region)):
                return True
        except phonenumbers.NumberParseException:
            continue
    return False


def passes_mod_97(account: str) -> bool:
    """Whether an account number without spaces has the check digits of an IBAN (ISO 13616)."""
    return 15 <= len(account) <= 34 and int("".join(str(int(c, 36)) for c in account[4:] + account[:4])) % 97 == 1


def passes_luhn(digits: list[int]) -> bool:
    """Whether the last digit is the check digit of a card number (Luhn algorithm, ISO/IEC 7812-1)."""
    doubled = [digit * 2 - 9 if digit > 4 else digit * 2 for digit in digits[-2::-2]]
    return len(digits) >= 13 and (sum(doubled) + sum(digits[-1::-2])) % 10 == 0
