"""Check whether the texts are in a language that the built-in encoder was trained on."""

from collections import Counter
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import numpy as np

from core.data.checks.findings import SAMPLED_ROWS, Finding
from core.data.columns import LabeledTexts
from core.formatting import format_percent

# The built-in encoder was trained on English texts.
_TRAINED_ON = {"en"}
# What the detector says of texts without words of a language, and of English in another spelling.
_NO_LANGUAGE = {"zxx", "und", "pcm", "sco", "la"}
_SAMPLED_TEXTS = 300
_MIN_TEXTS = 4
_MAX_CHARACTERS = 400
_MIN_LETTERS = 50
# An ideograph says as much as several letters.
_IDEOGRAPH_LETTERS = 5
# The detector errs on short texts, in many languages; one language with this share of the texts is no error.
_MIN_SHARE = 0.1
_NAMES = {
    "de": "German", "fr": "French", "es": "Spanish", "it": "Italian", "pt": "Portuguese", "nl": "Dutch", "pl": "Polish",
    "ru": "Russian", "uk": "Ukrainian", "tr": "Turkish", "ar": "Arabic", "fa": "Persian", "he": "Hebrew", "hi": "Hindi",
    "bn": "Bengali", "ur": "Urdu", "ta": "Tamil", "th": "Thai", "vi": "Vietnamese", "id": "Indonesian", "ms": "Malay",
    "zh": "Chinese", "ja": "Japanese", "ko": "Korean", "sv": "Swedish", "da": "Danish", "no": "Norwegian", "nb": "Norwegian",
    "fi": "Finnish", "cs": "Czech", "sk": "Slovak", "hu": "Hungarian", "ro": "Romanian", "bg": "Bulgarian", "el": "Greek",
    "hr": "Croatian", "sr": "Serbian", "sl": "Slovenian", "ca": "Catalan", "sw": "Swahili", "tl": "Tagalog",
}  # fmt: skip


def check_language(labeled: LabeledTexts) -> Iterator[Finding]:
    """A finding if many texts are in a language that the built-in encoder was not trained on. A sample is read."""
    texts = _sample(labeled)
    languages = detect_languages(texts)
    if len(labeled) > SAMPLED_ROWS:  # large data needs the memory
        _identifier.cache_clear()
    foreign = Counter(language for language in languages if language not in _TRAINED_ON | _NO_LANGUAGE)
    if not foreign:
        return
    language, count = foreign.most_common(1)[0]
    if count < max(_MIN_TEXTS, _MIN_SHARE * len(texts)):
        return
    share = count / len(texts)
    name = _NAMES.get(language, f"the language “{language}”")
    yield Finding(
        "language",
        "warning",
        f"{'Most' if share > 0.5 else 'Many'} texts are in {name} ({format_percent(share, 0)} of a sample). The built-in "
        f"encoder was trained on English: choose a multilingual encoder or one for {name} on Train.",
    )


def detect_languages(texts: list[str]) -> list[str]:
    """The ISO 639 code of the most likely language of each text."""
    return [str(_identifier().classify(text)[0]) for text in texts]


@lru_cache(maxsize=1)
def _identifier() -> Any:
    """The detector with its model: half a second to load, 77 MB of memory."""
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE)


def _sample(labeled: LabeledTexts) -> list[str]:
    """Texts spread over the table; short ones are joined with the next ones until there are enough letters."""
    texts = labeled.frame["text"].iloc[:: max(1, len(labeled) // (2 * _SAMPLED_TEXTS))]
    blocks: list[str] = []
    pending = ""
    for text in texts:
        pending = f"{pending} {text[:_MAX_CHARACTERS]}".strip()
        letters = [character for character in pending if character.isalpha()]
        if sum(1 if letter < "\u2e80" else _IDEOGRAPH_LETTERS for letter in letters) >= _MIN_LETTERS:
            blocks.append(pending)
            pending = ""
    positions = np.linspace(0, len(blocks) - 1, min(len(blocks), _SAMPLED_TEXTS)).astype(int)
    return [blocks[position] for position in positions]
