"""Texts and labels in files of labeling tools and chatbots: spaCy, Prodigy, Label Studio, Snips, Rasa, Dialogflow."""

import re
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

import yaml

from core.errors import DataError

_MIN_CATEGORY = 0.5
# "[Berlin](city)" or '[Berlin]{"entity": "city"}' in an example of Rasa
_ENTITY = re.compile(r"\[([^\[\]]{1,300})\](?:\([^()]{0,300}\)|\{[^{}]{0,300}\})")
_DIALOGFLOW = re.compile(r"(?:.*/)?intents/(.+)_usersays_([\w-]+)\.json")
_MAX_DEPTH = 8
# The parser in C takes a tenth of the time.
_LOADER: Any = getattr(yaml, "CBaseLoader", yaml.BaseLoader)


def item_rows(item: Any) -> list[dict[str, Any]] | None:
    """The rows in one item that a labeling tool wrote; None if it is not one."""
    if isinstance(item, list) and len(item) == 2 and isinstance(item[0], str) and isinstance(item[1], dict):
        return item_rows({"text": item[0], **item[1]}) if "cats" in item[1] else None
    if not isinstance(item, dict):
        return None
    if isinstance(item.get("data"), dict):
        for key in ("annotations", "completions"):
            if isinstance(item.get(key), list):
                return [item["data"] | {"label": _label_studio_labels(item[key])}]
    if isinstance(item.get("paragraphs"), list):  # spaCy 2
        return [
            row for paragraph in item["paragraphs"] if isinstance(paragraph, dict) for row in _paragraph_rows(paragraph)
        ]
    if isinstance(item.get("cats"), dict) and isinstance(item.get("text"), str):
        return [{"text": item["text"], "label": _categories(item["cats"])} | _plain_values(item, ("text", "cats"))]
    if isinstance(item.get("accept"), list) and isinstance(item.get("options"), list):  # Prodigy
        labels = item["accept"] if item.get("answer", "accept") == "accept" else []
        return [{"text": item.get("text", ""), "label": labels}]
    return None


def document_rows(document: Any) -> list[dict[str, Any]] | None:
    """The rows in a document of a chatbot platform; None if it is not one."""
    if not isinstance(document, dict):
        return None
    rasa = document.get("rasa_nlu_data")
    if isinstance(rasa, dict) and isinstance(rasa.get("common_examples"), list):
        examples = [example for example in rasa["common_examples"] if isinstance(example, dict)]
        return [{"text": example.get("text", ""), "intent": example.get("intent", "")} for example in examples]
    intents = document.get("intents") if isinstance(document.get("intents"), dict) else document
    rows = []
    for intent, content in intents.items() if isinstance(intents, dict) else ():
        utterances = content.get("utterances") if isinstance(content, dict) else content
        if not isinstance(utterances, list) or not utterances or not all(map(_is_utterance, utterances)):
            return None
        rows += [{"text": _join_parts(utterance["data"]), "intent": str(intent)} for utterance in utterances]
    return rows or None


def read_rasa_yaml(text: str, name: str) -> list[dict[str, Any]]:
    """The examples and intents in the ``nlu.yml`` of a Rasa project. Only plain YAML is read: no tags, no aliases.

    Raises:
        DataError: the file is not valid YAML, or has no examples.
    """
    try:
        _check_plain(text)
        document = yaml.load(text, Loader=_LOADER)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        problem = str(error).splitlines()[0]
        raise DataError(
            f"{name} is not valid YAML: {problem}.", "Correct the file, or save the table as CSV."
        ) from error
    items = document.get("nlu") if isinstance(document, dict) else None
    rows = (
        [row for item in items if isinstance(item, dict) for row in _rasa_rows(item)] if isinstance(items, list) else []
    )
    if not rows:
        raise DataError(
            f"{name} contains no examples of intents.",
            "Expected the file nlu.yml of a Rasa project, with a list “nlu”.",
        )
    return rows


def dialogflow_intent(path: str) -> str | None:
    """The intent whose training phrases are in a file of a Dialogflow export; None for its other files."""
    match = _DIALOGFLOW.fullmatch(str(PurePosixPath(path)))
    return match[1] if match else None


def dialogflow_rows(intent: str, document: Any) -> list[dict[str, Any]]:
    """The training phrases of an intent in a Dialogflow export."""
    phrases = document if isinstance(document, list) else []
    return [{"text": _join_parts(phrase["data"]), "intent": intent} for phrase in phrases if _is_utterance(phrase)]


def _check_plain(text: str) -> None:
    """Refuse YAML with aliases, which can make a small file endless, and deep nesting.

    Raises:
        yaml.YAMLError: it has them, or is no YAML.
    """
    depth = 0
    for event in yaml.parse(text, Loader=_LOADER):
        if isinstance(event, yaml.AliasEvent):
            raise yaml.YAMLError("aliases are not supported")
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > _MAX_DEPTH:
            raise yaml.YAMLError("it is nested too deeply")


def _rasa_rows(item: dict[str, Any]) -> list[dict[str, Any]]:
    examples = item.get("examples")
    if not isinstance(item.get("intent"), str):
        return []
    if isinstance(examples, str):
        lines = [line.strip()[1:].strip() for line in examples.splitlines() if line.strip().startswith(("-", "*"))]
    else:
        parts = examples if isinstance(examples, list) else []
        lines = [str(part.get("text", "")).strip() if isinstance(part, dict) else str(part) for part in parts]
    return [{"text": _ENTITY.sub(r"\1", line), "intent": item["intent"]} for line in lines if line]


def _is_utterance(value: Any) -> bool:
    return isinstance(value, dict) and isinstance(value.get("data"), list)


def _join_parts(parts: list[Any]) -> str:
    return "".join(str(part.get("text", "")) for part in parts if isinstance(part, dict)).strip()


def _paragraph_rows(paragraph: dict[str, Any]) -> list[dict[str, Any]]:
    text, categories = paragraph.get("raw"), paragraph.get("cats")
    if not isinstance(text, str):
        return []
    pairs = [pair for pair in categories or () if isinstance(pair, dict)] if isinstance(categories, list) else []
    return [{"text": text, "label": _categories({str(pair.get("label")): pair.get("value") for pair in pairs})}]


def _categories(categories: Mapping[str, Any]) -> list[str]:
    """The categories that apply: those that are true or at least one half."""
    return [
        str(name)
        for name, value in categories.items()
        if isinstance(value, bool | int | float) and float(value) >= _MIN_CATEGORY
    ]


def _plain_values(item: Mapping[str, Any], known: tuple[str, ...]) -> dict[str, Any]:
    return {key: value for key, value in item.items() if key not in known and isinstance(value, str | int | float)}


def _label_studio_labels(annotations: list[Any]) -> list[str]:
    """The choices, or the rating, of the first annotation that was not cancelled."""
    kept = [annotation for annotation in annotations if not annotation.get("was_cancelled")]
    values = [result.get("value", {}) for annotation in kept[:1] for result in annotation.get("result", ())]
    choices = [choice for value in values for choice in value.get("choices", ())]
    return choices or [str(value["rating"]) for value in values if "rating" in value]
