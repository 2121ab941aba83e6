"""Requests of both protocols, well-formed and hostile."""

import json
from collections.abc import Callable

import pytest

from core.prediction.serving.errors import ServiceError
from core.prediction.serving.requests import TextRequest, parse_inference, parse_predict
from tests.prediction.serving.hostile import HOSTILE


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("parse", [parse_predict, parse_inference])
def test_a_hostile_body_is_refused_with_a_sentence(name: str, parse: Callable[[bytes, int], TextRequest]) -> None:
    body, status, sentence = HOSTILE[name]
    with pytest.raises(ServiceError) as caught:
        parse(body, 8)
    assert (caught.value.status, sentence in caught.value.sentence) == (status, True), caught.value.sentence
    assert len(caught.value.sentence) < 250


@pytest.mark.parametrize(
    ("inputs", "texts", "nested"),
    [("a", ["a"], False), (["a"], ["a"], False), ([["a"], ["b"]], ["a", "b"], True), ([["a"]], ["a"], True)],
)
def test_predict_reads_a_text_or_a_batch(inputs: object, texts: list[str], nested: bool) -> None:
    assert parse_predict(json.dumps({"inputs": inputs}).encode(), 8) == TextRequest(texts, nested)


@pytest.mark.parametrize("inputs", [["a", "b"], [["a", "b"]], [["a"], ["b", "c"]], ["a", "b", "c"]])
def test_predict_refuses_pairs(inputs: object) -> None:
    with pytest.raises(ServiceError, match="Pairs of texts are not supported") as caught:
        parse_predict(json.dumps({"inputs": inputs}).encode(), 8)
    assert (caught.value.status, caught.value.error_type) == (422, "Validation")


@pytest.mark.parametrize("inputs", [["a", 1], [["a"], "b"], [["a"], []], [["a"], ["b", "c", "d"]], [["a"], [None]], {}])
def test_predict_refuses_other_forms(inputs: object) -> None:
    with pytest.raises(ServiceError) as caught:
        parse_predict(json.dumps({"inputs": inputs}).encode(), 8)
    assert caught.value.status == 422


def test_predict_reads_the_flags_and_ignores_unknown_fields() -> None:
    body = {"inputs": "a", "raw_scores": True, "truncate": False, "truncation_direction": "Right"}
    assert parse_predict(json.dumps(body).encode(), 8) == TextRequest(["a"], False, "none", truncate=False)
    with pytest.raises(ServiceError, match='Expected true or false in "raw_scores", found a string'):
        parse_predict(b'{"inputs": "a", "raw_scores": "yes"}', 8)


def test_the_inference_api_reads_a_text_or_a_list() -> None:
    body = {"inputs": ["a", "b"], "parameters": {"top_k": 2, "function_to_apply": "sigmoid"}, "options": {}}
    assert parse_inference(json.dumps(body).encode(), 8) == TextRequest(["a", "b"], True, "sigmoid", top_k=2)
    assert parse_inference(b'{"inputs": "a", "parameters": null}', 8) == TextRequest(["a"], True)


@pytest.mark.parametrize(
    "parameters",
    [{"top_k": 0}, {"top_k": True}, {"top_k": 1.5}, {"function_to_apply": "exp"}, {"function_to_apply": ["none"]}, [1]],
)
def test_the_inference_api_refuses_other_parameters(parameters: object) -> None:
    with pytest.raises(ServiceError, match="Expected") as caught:
        parse_inference(json.dumps({"inputs": "a", "parameters": parameters}).encode(), 8)
    assert caught.value.status == 422


def test_the_inference_api_refuses_pairs() -> None:
    with pytest.raises(ServiceError, match="Pairs of texts are not supported"):
        parse_inference(b'{"inputs": {"text": "a", "text_pair": "b"}}', 8)
