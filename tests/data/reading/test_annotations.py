"""Files of labeling tools and chatbot platforms are read as texts with their labels."""

import json
from collections.abc import Sequence
from typing import Any

import pytest

from core.data.columns import apply_columns, label_counts
from core.data.guessing import guess_columns
from core.data.reading.chunks import SourceFile
from core.data.reading.files import read_bytes
from core.data.reading.streaming import stream_table
from core.errors import DataError
from tests.data.reading.cases import zip_bytes

TEXTS = [f"could you {verb} the order number {i} for me" for i, verb in enumerate(["send", "cancel"] * 12)]
LABELS = ["send order", "cancel order"] * 12
PAIRS = list(zip(TEXTS, LABELS, strict=True))


def by_label(make: Any) -> dict[str, Any]:
    return {name: [make(text) for text, label in PAIRS if label == name] for name in ("send order", "cancel order")}


def encode(document: Any) -> bytes:
    return json.dumps(document).encode()


def encode_lines(items: Sequence[Any]) -> bytes:
    return b"\n".join(map(encode, items))


def parts(text: str) -> dict[str, Any]:
    """A text in parts, of which one is an entity, as chatbot platforms write them."""
    before, after = text.split("number")
    return {"data": [{"text": before}, {"text": "number", "entity": "kind", "slot_name": "kind"}, {"text": after}]}


def cats(label: str, yes: Any = 1.0, no: Any = 0.0) -> dict[str, Any]:
    return {name: yes if name == label else no for name in ("send order", "cancel order")}


def choices(label: str) -> list[dict[str, Any]]:
    return [
        {"result": [{"from_name": "class", "type": "choices", "value": {"choices": [label]}}], "was_cancelled": False}
    ]


RASA = "version: '3.1'\nnlu:\n" + "".join(
    f"- intent: {name}\n  examples: |\n" + "".join(f"    - {text.replace('order', '[order](thing)')}\n" for text in texts)
    for name, texts in by_label(str).items()
) + "- synonym: order\n  examples: |\n    - purchase\n- regex: number\n  examples: |\n    - \\d+\n"  # fmt: skip
DIALOGFLOW = {
    "agent.json": encode({"description": "", "language": "en"}),
    "package.json": encode({"version": "1.0.0"}),
    **{f"intents/{name}.json": encode({"name": name, "responses": []}) for name in by_label(str)},
    **{f"intents/{name}_usersays_en.json": encode(rows) for name, rows in by_label(parts).items()},
    "entities/thing.json": encode({"name": "thing"}),
}
FILES = {
    "spacy.jsonl": encode_lines([{"text": t, "cats": cats(x)} for t, x in PAIRS]),
    "spacy_flags.json": encode([{"text": t, "cats": cats(x, True, False), "meta": {"n": 1}} for t, x in PAIRS]),
    "spacy_tuples.json": encode([[t, {"cats": cats(x)}] for t, x in PAIRS]),
    "spacy2.json": encode(
        [{"id": i, "paragraphs": [{"raw": t, "cats": [{"label": n, "value": v} for n, v in cats(x).items()]}]}
         for i, (t, x) in enumerate(PAIRS)]
    ),
    "spacy_shares.jsonl": encode_lines([{"text": t, "cats": cats(x, 0.8, 0.2)} for t, x in PAIRS]),
    "prodigy.jsonl": encode_lines(
        [{"text": t, "options": [{"id": n} for n in cats(x)], "accept": [x], "answer": "accept"} for t, x in PAIRS]
    ),
    "label_studio.json": encode([{"id": 7, "data": {"text": t}, "annotations": choices(x), "meta": {}} for t, x in PAIRS]),
    "label_studio_old.json": encode([{"id": 7, "data": {"text": t}, "completions": choices(x)} for t, x in PAIRS]),
    "label_studio_min.json": encode(
        [{"text": t, "id": i, "sentiment": x, "annotator": 1, "annotation_id": i, "lead_time": 2.5}
         for i, (t, x) in enumerate(PAIRS)]
    ),
    "label_studio_cancelled.json": encode(
        [{"data": {"text": t}, "annotations": [{"was_cancelled": True, "result": []}, *choices(x)]} for t, x in PAIRS]
    ),
    "doccano.jsonl": encode_lines([{"id": i, "text": t, "label": [x]} for i, (t, x) in enumerate(PAIRS)]),
    "doccano_old.jsonl": encode_lines([{"id": i, "text": t, "labels": [x], "meta": {}} for i, (t, x) in enumerate(PAIRS)]),
    "doccano.json": encode([{"id": i, "data": t, "label": [x], "Comments": []} for i, (t, x) in enumerate(PAIRS)]),
    "nlu.yml": RASA.encode(),
    "data.yaml": RASA.replace("\n", "\r\n").encode(),
    "rasa.json": encode({"rasa_nlu_data": {"common_examples": [{"text": t, "intent": x, "entities": []} for t, x in PAIRS]}}),
    "rasa_list.yml": encode(
        {"version": "2.0", "nlu": [{"intent": n, "examples": [{"text": t} for t in ts]} for n, ts in by_label(str).items()]}
    ),
    "snips.json": encode(
        {"language": "en", "entities": {}, "intents": {n: {"utterances": u} for n, u in by_label(parts).items()}}
    ),
    "snips_benchmark.json": encode(by_label(parts)),
    "agent.zip": zip_bytes(DIALOGFLOW),
}  # fmt: skip


@pytest.mark.parametrize("name", FILES)
def test_texts_and_labels_are_read(name: str) -> None:
    table = read_bytes(FILES[name], name)
    choice = guess_columns(table)
    labeled = apply_columns(table, choice)
    assert sorted(labeled.frame["text"]) == sorted(TEXTS)
    assert label_counts(labeled.frame["label"]) == {"send order": 12, "cancel order": 12}
    assert labeled.task.kind == "binary"


@pytest.mark.parametrize("name", FILES)
def test_streams_have_the_same_texts(name: str) -> None:
    stream = stream_table(SourceFile.of_bytes(FILES[name], name))
    cells = {cell for chunk in stream.read(5) for column in stream.columns for cell in chunk.cells(column)}
    assert set(TEXTS) <= cells


BAD_YAML = {
    "aliases": "nlu:\n- &a [x]\n- *a\n",
    "tags": "nlu:\n- !!python/object/apply:os.system ['true']\n",
    "depth": "nlu: " + "[" * 50 + "]" * 50,
    "no examples": "nlu:\n- intent: greet\n",
    "no list": "nlu: hello\n",
    "invalid": "nlu:\n  - a\n - b\n",
}


@pytest.mark.parametrize("kind", BAD_YAML)
def test_other_yaml_is_refused(kind: str) -> None:
    with pytest.raises(DataError, match=r"not valid YAML|no examples"):
        read_bytes(BAD_YAML[kind].encode(), "nlu.yml")
