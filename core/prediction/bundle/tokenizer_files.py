"""Rebuilds the tokenizer's files of an imported model: tokenizer.json without padding, and a new tokenizer_config.json."""

from collections.abc import Iterator
from typing import Any

from core.prediction.bundle.refusal import refusal

_MODELS = ("BPE", "Unigram", "WordLevel", "WordPiece")
_PARTS = ("normalizer", "pre_tokenizer", "post_processor", "decoder")
_SPECIAL_TOKENS = ("pad_token", "unk_token", "cls_token", "sep_token", "mask_token", "bos_token", "eos_token")
# ALBERT's published tokenizers use it. Other patterns can take exponential time.
_PATTERNS = (" {2,}",)
_MAX_STEPS, _MAX_TOKEN_CHARACTERS = 100, 100
# WordPiece takes quadratic time for a word of this many characters; BERT's limit is 100.
_MAX_WORD_CHARACTERS = 1_000


def rebuild_tokenizer(tokenizer: dict[str, Any], vocab_size: int) -> dict[str, Any]:
    """The contents of tokenizer.json, without truncation and padding, which transformers sets for each call.

    Raises:
        StorageError: the kind of the tokenizer is not known, it has more tokens than the model has vectors, or one of its
            steps can make a short text long or slow.
    """
    model = tokenizer.get("model")
    if not isinstance(model, dict) or model.get("type") not in _MODELS:
        raise refusal(f"expected a tokenizer of the kind {', '.join(_MODELS)} in tokenizer.json")
    vocabulary, added = model.get("vocab"), tokenizer.get("added_tokens", [])
    if not isinstance(vocabulary, dict | list) or not isinstance(added, list):
        raise refusal("tokenizer.json has no vocabulary")
    if len(vocabulary) > vocab_size or len(added) > vocab_size:
        raise refusal(f"tokenizer.json has {len(vocabulary):,} tokens, and the model has vectors for {vocab_size:,}")
    _check_ids(vocabulary, added, vocab_size)
    if not _is_id(model.get("max_input_chars_per_word", 0), _MAX_WORD_CHARACTERS + 1):
        raise refusal(f"tokenizer.json splits words of more than {_MAX_WORD_CHARACTERS:,} characters")
    # BPE with dropout splits a word differently each time, which is for training only.
    model = model | {"dropout": None} if "dropout" in model else model
    steps = 0
    for part in _PARTS:
        for step in _objects(tokenizer.get(part)):
            steps += 1
            _check_step(step)
    if steps > _MAX_STEPS:
        raise refusal(f"tokenizer.json has {steps} steps, and at most {_MAX_STEPS} are allowed")
    kept = {name: tokenizer.get(name) for name in ("version", *_PARTS)}
    return kept | {"added_tokens": added, "model": model, "truncation": None, "padding": None}


def rebuild_tokenizer_config(config: dict[str, Any], max_length: int) -> dict[str, Any]:
    """The contents of tokenizer_config.json: the special tokens; the rest is in tokenizer.json.

    Raises:
        StorageError: it asks for other code, or a token is not a short text.
    """
    if "auto_map" in config:
        raise refusal("tokenizer_config.json contains the field 'auto_map', which can run other code")
    tokens = {}
    for name in _SPECIAL_TOKENS:
        token = config.get(name)
        if isinstance(token, dict):  # an added token with its properties, which are in tokenizer.json as well
            token = token.get("content")
        if token is None:
            continue
        if not isinstance(token, str) or not 0 < len(token) <= _MAX_TOKEN_CHARACTERS:
            raise refusal(f"expected a short text as {name} in tokenizer_config.json")
        tokens[name] = token
    if "pad_token" not in tokens:
        raise refusal("tokenizer_config.json has no pad_token")
    return tokens | {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "model_max_length": max_length,
        "model_input_names": ["input_ids", "attention_mask"],
        "clean_up_tokenization_spaces": False,
    }


def _check_ids(vocabulary: dict[str, Any] | list[Any], added: list[Any], vocab_size: int) -> None:
    """Check that every token's id is the number of a vector of the model. A Unigram vocabulary is a list, numbered in order."""
    ids = list(vocabulary.values()) if isinstance(vocabulary, dict) else []
    ids += [token.get("id") if isinstance(token, dict) else None for token in added]
    if not all(_is_id(number, vocab_size) for number in ids):
        raise refusal(f"tokenizer.json has a token whose id is not a number below {vocab_size:,}")


def _is_id(number: Any, end: int) -> bool:
    return type(number) is int and 0 <= number < end


def _objects(value: Any) -> Iterator[dict[str, Any]]:
    """All JSON objects in a part of the tokenizer, its steps among them."""
    if isinstance(value, dict):
        yield value
        for item in value.values():
            yield from _objects(item)
    elif isinstance(value, list):
        for item in value:
            yield from _objects(item)


def _check_step(step: dict[str, Any]) -> None:
    if "Regex" in step and step["Regex"] not in _PATTERNS:
        raise refusal("tokenizer.json contains a regular expression that is not known")
    kind = step.get("type")
    longest = {"Replace": step.get("content", ""), "Prepend": step.get("prepend", "")}.get(str(kind), "")
    if not isinstance(longest, str) or len(longest) > 1:
        raise refusal("tokenizer.json replaces characters by longer texts")
