"""Requests, parsed and validated: JSON bodies of both protocols become one :class:`TextRequest`."""

import json
from dataclasses import dataclass
from typing import Any, Literal, cast, get_args

from core.prediction.serving.errors import ServiceError, empty, invalid, too_large

# "default" is the function of the task: softmax over classes, sigmoid for each label, none for a number.
Function = Literal["default", "none", "softmax", "sigmoid"]
_FUNCTIONS = get_args(Function)
_PAIRS = (
    "Pairs of texts are not supported: this model reads one text at a time. "
    'Send several texts as [["first text"], ["second text"]].'
)


@dataclass(frozen=True)
class TextRequest:
    """Texts to classify and the form of the answer.

    ``nested`` asks for a list for each text instead of one flat list; ``function`` turns logits into scores; ``top_k`` keeps
    the labels with the largest scores (None: all). Without ``truncate``, a text longer than the model reads is refused.
    """

    texts: list[str]
    nested: bool
    function: Function = "default"
    truncate: bool = True
    top_k: int | None = None


def parse_predict(body: bytes, max_texts: int) -> TextRequest:
    """The request in a body of ``POST /predict``, as text-embeddings-inference defines it.

    ``"a"`` and ``["a"]`` are one text, ``["a", "b"]`` is a pair (refused), ``[["a"], ["b"]]`` is a batch.

    Raises:
        ServiceError: the body is not such a request.
    """
    record = _parse_object(body)
    texts, nested = _predict_inputs(record["inputs"], max_texts)
    raw_scores = _flag(record, "raw_scores", False)
    return TextRequest(texts, nested, "none" if raw_scores else "default", _flag(record, "truncate", True))


def parse_inference(body: bytes, max_texts: int) -> TextRequest:
    """The request in a body of ``POST /``, as the Hugging Face inference API defines it; the answer is always nested.

    Raises:
        ServiceError: the body is not such a request.
    """
    record = _parse_object(body)
    inputs = record["inputs"]
    if isinstance(inputs, dict):
        raise invalid(_PAIRS)
    texts = _check_texts([inputs] if isinstance(inputs, str) else inputs, max_texts)
    parameters = record.get("parameters") or {}
    if not isinstance(parameters, dict):
        raise invalid(f'Expected an object in "parameters", found {_type_name(parameters)}.')
    return TextRequest(texts, True, _function(parameters), top_k=_top_k(parameters))


def _parse_object(body: bytes) -> dict[str, Any]:
    try:
        record = json.loads(body.decode("utf-8"), parse_constant=_refuse_constant)
    except UnicodeDecodeError as error:
        raise ServiceError(400, "Validation", f"The body is not valid UTF-8 (byte {error.start:,}).") from error
    except RecursionError as error:
        raise ServiceError(400, "Validation", "The JSON in the body is nested too deeply.") from error
    except ValueError as error:
        raise ServiceError(400, "Validation", f"The body is not valid JSON: {error}.") from error
    if not isinstance(record, dict):
        raise invalid(f'Expected a JSON object such as {{"inputs": "a text"}}, found {_type_name(record)}.')
    if "inputs" not in record:
        raise invalid('The field "inputs" is missing. Send {"inputs": "a text"}.')
    return cast(dict[str, Any], record)


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is not a JSON number")


def _predict_inputs(inputs: object, max_texts: int) -> tuple[list[str], bool]:
    if isinstance(inputs, str):
        return _check_texts([inputs], max_texts), False
    if isinstance(inputs, list) and inputs and isinstance(inputs[0], str):
        if len(inputs) > 1:
            raise invalid(_PAIRS)
        return _check_texts(inputs, max_texts), False
    batch = _check_count(inputs, max_texts)
    for number, entry in enumerate(batch, start=1):
        if not isinstance(entry, list):
            raise invalid(
                f'Expected each entry of a batch as ["a text"], found {_type_name(entry)} in entry {number:,}.'
            )
        if len(entry) != 1:
            raise invalid(
                _PAIRS if len(entry) == 2 else f"Expected one text in entry {number:,}, found {len(entry):,}."
            )
    return _check_texts([entry[0] for entry in batch], max_texts), True


def _check_count(inputs: object, max_texts: int) -> list[Any]:
    if not isinstance(inputs, list):
        raise invalid(f'Expected a text or a list of texts in "inputs", found {_type_name(inputs)}.')
    if not inputs:
        raise empty('"inputs" holds no text. Send at least one.')
    if len(inputs) > max_texts:
        raise too_large(
            f"Expected at most {max_texts:,} texts in a request, found {len(inputs):,}. Send smaller batches."
        )
    return inputs


def _check_texts(inputs: object, max_texts: int) -> list[str]:
    texts = _check_count(inputs, max_texts)
    for number, text in enumerate(texts, start=1):
        if not isinstance(text, str):
            raise invalid(f"Expected a string as text {number:,}, found {_type_name(text)}.")
        if not text.strip():
            raise empty(f"Text {number:,} is empty. Send at least one word.")
        try:
            text.encode("utf-8")
        except UnicodeEncodeError as error:
            sentence = (
                f"Text {number:,} has half of a surrogate pair at position {error.start:,}, which is not a character."
            )
            raise ServiceError(422, "Tokenizer", sentence) from error
    return texts


def _flag(record: dict[str, Any], name: str, default: bool) -> bool:
    value = record.get(name)
    if value is None:
        return default
    if not isinstance(value, bool):
        raise invalid(f'Expected true or false in "{name}", found {_type_name(value)}.')
    return value


def _function(parameters: dict[str, Any]) -> Function:
    value = parameters.get("function_to_apply")
    if value is None:
        return "default"
    if value not in _FUNCTIONS:
        raise invalid(f'Expected "function_to_apply" as one of {", ".join(_FUNCTIONS)}, found {str(value)[:50]!r}.')
    return cast(Function, value)


def _top_k(parameters: dict[str, Any]) -> int | None:
    value = parameters.get("top_k")
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise invalid(f'Expected a whole number of 1 or more in "top_k", found {str(value)[:50]!r}.')
    return value


def _type_name(value: object) -> str:
    """The JSON type of a value, for an error message."""
    names = {
        bool: "true or false",
        int: "a number",
        float: "a number",
        str: "a string",
        list: "a list",
        dict: "an object",
    }
    return names.get(type(value), "null")
