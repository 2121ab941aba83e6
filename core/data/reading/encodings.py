"""Detect the encoding of a text file."""

import codecs
import io
import re
from collections.abc import Iterator, Sequence
from typing import BinaryIO

from charset_normalizer import from_bytes

from core.errors import DataError

# The encodings that a user can choose, the most frequent first.
ENCODINGS = (
    "utf-8", "utf-16", "cp1252", "latin-1", "iso8859-15", "cp1250", "cp1251", "koi8-r", "cp1253", "cp1254",
    "cp932", "euc-jp", "gb18030", "big5", "cp949", "mac-roman",
)  # fmt: skip
_SAMPLE_BYTES = 200_000
_CHUNK_BYTES = 1 << 20
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_MAX_CONTROL_SHARE = 0.001
_HIGH = re.compile(rb"[\x80-\xff]")
# In Western text few letters have accents; in text of another alphabet most bytes are above 127.
_MAX_ACCENT_SHARE = 0.06
_MIN_HIGH_BYTES = 8
# In UTF-16 the high byte of every letter of an alphabet is below this.
_MAX_ALPHABET_BYTE = 0x10
_MOST = 0.9
_MIN_KANA_SHARE = 0.1
_SAMPLED_CHARACTERS = 5_000
# For each encoding, the standard that it extends and that standard's lead bytes of punctuation, kana, Hangul and frequent
# ideographs. Korean comes before Chinese, because the frequent Chinese ideographs use the same lead bytes and more.
_FREQUENT = {
    "cp932": ("euc-jp", {0xA1, 0xA3, 0xA4, 0xA5, *range(0xB0, 0xD0)}),
    "euc-jp": ("euc-jp", {0xA1, 0xA3, 0xA4, 0xA5, *range(0xB0, 0xD0)}),
    "cp949": ("euc-kr", {0xA1, 0xA3, *range(0xB0, 0xC9)}),
    "gb18030": ("gb2312", {0xA1, 0xA3, *range(0xB0, 0xD8)}),
    "big5": ("big5", {0xA1, 0xA3, *range(0xA4, 0xC7)}),
}


def detect_encoding(data: bytes, name: str, chosen: str | None = None) -> str:
    """The Python name of a text file's encoding: the chosen one, that of its byte order mark, UTF-8, or the most likely one.

    Raises:
        DataError: the file is not text, or not in the chosen encoding.
    """
    return detect_stream_encoding(io.BytesIO(data), name, chosen)


def decode_texts(contents: Sequence[bytes], name: str, chosen: str | None = None) -> tuple[list[str], str]:
    """The texts of the files of one archive, and the encoding of those that are not UTF-8 ("utf-8" if all are).

    Small files say little about their encoding: those that are not UTF-8 are looked at together.

    Raises:
        DataError: they are not text, or not in the chosen encoding.
    """
    if chosen:
        encoding = detect_encoding(b"\n".join(contents), name, chosen)
        return [content.decode(encoding, errors="replace") for content in contents], encoding
    unicode = [_unicode_encoding(content) for content in contents]
    others = [content for content, encoding in zip(contents, unicode, strict=True) if not encoding]
    legacy = detect_encoding(b"\n".join(others), name) if others else "utf-8"
    decoded = [
        content.decode(encoding or legacy, errors="replace")
        for content, encoding in zip(contents, unicode, strict=True)
    ]
    return decoded, legacy


def _unicode_encoding(content: bytes) -> str:
    """The encoding of a text in UTF-8, or in UTF-16 with a byte order mark; empty for others."""
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    try:
        content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return ""
    return "utf-8-sig"


def detect_stream_encoding(file: BinaryIO, name: str, chosen: str | None = None) -> str:
    """The encoding of a seekable binary file, which is read in parts; see :func:`detect_encoding`.

    Raises:
        DataError: the file is not text, or not in the chosen encoding.
    """
    encoding = chosen or _guess_encoding(file)
    file.seek(0)
    try:
        start = codecs.getincrementaldecoder(encoding)("strict").decode(file.read(_SAMPLE_BYTES))
    except (UnicodeDecodeError, LookupError) as error:
        raise DataError(f"{name} is not encoded as {encoding}.", "Choose another encoding.") from error
    if len(_CONTROL.findall(start)) > _MAX_CONTROL_SHARE * len(start):
        raise DataError(
            f"{name} contains binary data, not text.", "Save the table as CSV (UTF-8) and upload that file."
        )
    return encoding


def _guess_encoding(file: BinaryIO) -> str:
    file.seek(0)
    sample = file.read(_SAMPLE_BYTES)
    if sample.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    if sample.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if utf16 := _guess_utf16(sample):
        return utf16
    return "utf-8" if _can_decode(file, "utf-8") else _guess_legacy(file)


def _guess_utf16(sample: bytes) -> str:
    """The byte order of UTF-16 without a byte order mark, where every other byte is small; otherwise empty."""
    for start, name in ((1, "utf-16-le"), (0, "utf-16-be")):
        high_bytes = sample[start::2]
        if sum(byte < _MAX_ALPHABET_BYTE for byte in high_bytes) > _MOST * len(high_bytes):
            return name
    return ""


def _chunks(file: BinaryIO) -> Iterator[bytes]:
    file.seek(0)
    return iter(lambda: file.read(_CHUNK_BYTES), b"")


def _can_decode(file: BinaryIO, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        for chunk in _chunks(file):
            decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _guess_legacy(file: BinaryIO) -> str:
    """The most likely encoding from before Unicode: a Western one if few bytes are above 127."""
    sample = _non_ascii_sample(file)
    candidates = ["cp1252", "latin-1"]
    if len(_HIGH.findall(sample)) > max(_MIN_HIGH_BYTES, _MAX_ACCENT_SHARE * len(sample)):
        candidates.insert(0, _guess_east_asian(sample) or _guess_alphabet(sample))
    return next((encoding for encoding in candidates if _can_decode(file, encoding)), "latin-1")


def _non_ascii_sample(file: BinaryIO) -> bytes:
    """The first lines that are not ASCII, at most ``_SAMPLE_BYTES``."""
    sample = b"\n".join(_first_non_ascii_lines(file))[:_SAMPLE_BYTES]
    return sample[: sample.rfind(b"\n") + 1] or sample


def _first_non_ascii_lines(file: BinaryIO) -> list[bytes]:
    lines: list[bytes] = []
    rest = b""
    for chunk in _chunks(file):
        *whole, rest = (rest + chunk).split(b"\n")
        lines += (part for line in whole for part in line.splitlines() if not part.isascii())
        if sum(map(len, lines)) + len(rest) > _SAMPLE_BYTES:
            break
    return lines + [part for part in rest.splitlines() if not part.isascii()]


def _guess_alphabet(sample: bytes) -> str:
    best = from_bytes(sample, cp_isolation=[name for name in ENCODINGS[2:] if name not in _FREQUENT]).best()
    return best.encoding if best else "cp1252"


def _guess_east_asian(sample: bytes) -> str:
    """The encoding in which nearly all characters are frequent in its language; empty if there is none."""
    for encoding, (standard, lead_bytes) in _FREQUENT.items():
        try:
            characters = [c for c in sample.decode(encoding)[:_SAMPLED_CHARACTERS] if not c.isascii()]
        except UnicodeDecodeError:
            continue
        kana = sum("\u3040" <= c <= "\u30ff" for c in characters)
        if encoding in ("cp932", "euc-jp") and kana < _MIN_KANA_SHARE * len(characters):
            continue
        frequent = sum(_lead_byte(c, standard) in lead_bytes for c in characters)
        if frequent > _MOST * len(characters):
            return encoding
    return ""


def _lead_byte(character: str, encoding: str) -> int:
    encoded = character.encode(encoding, errors="ignore")
    return encoded[0] if len(encoded) == 2 else 0
