"""The routes over loopback: answers of all tasks, limits, authorization, overload, metrics and documents."""

import gzip
import json
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import jsonschema
import numpy as np
import pytest

from core.decision_rule import DecisionRule
from core.prediction.serving.models import ServedModel
from core.prediction.serving.options import Limits, ServeOptions
from tests.prediction.serving.cases import QUICK, TASKS, Client, Predictor, Reply, get, made_model, post, running
from tests.prediction.serving.hostile import HOSTILE

RULES = {
    "binary": DecisionRule(thresholds=(0.9,), abstain_below=0.6),
    "multiclass": DecisionRule(abstain_below=0.6),
    "multilabel": DecisionRule(thresholds=(0.6, 0.6, 0.4), abstain_below=0.2),
    "regression": DecisionRule(interval_half_width=1.5),
}


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """A service of four models, one for each task; the first one is the default."""
    kinds = ("multiclass", "binary", "multilabel", "regression")
    with running([made_model(kind, kind, RULES[kind]) for kind in kinds]) as address:
        yield address


def test_predict_gives_a_flat_list_for_a_text_and_lists_for_a_batch(address: str) -> None:
    flat = post(address, "/predict", {"inputs": "2 2 2 1"})
    assert flat.status == 200
    assert [entry["label"] for entry in flat.json] == ["<b>sky</b>", "plum", "apple"]
    expected = np.exp([3, 1, 0]) / np.exp([3, 1, 0]).sum()
    assert [entry["score"] for entry in flat.json] == pytest.approx(expected.tolist(), abs=1e-6)
    batch = post(address, "/predict", {"inputs": [["2 2 2 1"], ["0"]]})
    assert batch.json[0] == flat.json
    assert batch.json[1][0]["label"] == "apple"
    raw = post(address, "/predict", {"inputs": "2 2 2 1", "raw_scores": True})
    assert [entry["score"] for entry in raw.json] == [3, 1, 0]


def test_the_inference_api_gives_nested_lists(address: str) -> None:
    both = post(address, "/", {"inputs": ["0", "1 1"], "parameters": {"top_k": 1, "function_to_apply": "none"}}).json
    assert [[(e["label"], e["score"]) for e in answer] for answer in both] == [[("apple", 1)], [("plum", 2)]]
    (answer,) = post(address, "/", {"inputs": "0", "parameters": {"function_to_apply": "sigmoid"}}).json
    assert [entry["score"] for entry in answer] == pytest.approx([0.731059, 0.5, 0.5], abs=1e-6)
    (many,) = post(address, "/", {"inputs": "0", "parameters": {"top_k": 99}}).json
    assert len(many) == 3


def test_the_decision_rule_of_each_task_travels_with_the_answer(address: str) -> None:
    def fields(kind: str, text: str) -> dict[str, dict[str, object]]:
        answer = post(address, f"/models/{kind}/predict", {"inputs": text}).json
        return {entry.pop("label"): entry for entry in answer}

    unsure = fields("multiclass", "0")
    assert unsure["apple"] == {"score": 0.576117, "predicted": True, "sure": False, "abstain_below": 0.6}
    assert [entry["predicted"] for entry in unsure.values()] == [True, False, False]
    # The second class is likelier, but not likely enough.
    binary = fields("binary", "1")
    assert binary["yes"] == {
        "score": 0.731059,
        "predicted": False,
        "threshold": 0.9,
        "sure": False,
        "abstain_below": 0.6,
    }
    assert binary["no"]["predicted"] is True
    several = fields("multilabel", "0")
    assert [several[label]["predicted"] for label in TASKS["multilabel"].labels] == [True, False, True]
    assert [several[label]["threshold"] for label in TASKS["multilabel"].labels] == [0.6, 0.6, 0.4]
    assert several["red"]["sure"] is True
    assert fields("regression", "0 0") == {"value": {"score": 2.0, "predicted": True, "low": 0.5, "high": 3.5}}


def test_a_number_has_no_probabilities(address: str) -> None:
    refused = post(address, "/models/regression", {"inputs": "0", "parameters": {"function_to_apply": "softmax"}})
    assert (refused.status, refused.json["error_type"]) == (422, "Validation")
    assert "predicts a number" in refused.json["error"]
    assert post(address, "/models/regression/predict", {"inputs": "0", "raw_scores": True}).json[0]["score"] == 1.0


def test_a_text_that_is_too_long_is_cut_or_refused(address: str) -> None:
    text = "0 " * 11
    assert post(address, "/predict", {"inputs": text}).headers["x-compute-tokens"] == "10"
    refused = post(address, "/predict", {"inputs": [["0"], [text]], "truncate": False})
    assert (refused.status, refused.json["error_type"]) == (413, "Validation")
    assert "Text 2 has 11 tokens, and the model reads 10" in refused.json["error"]
    long = post(address, "/predict", {"inputs": "0 " * 30_000, "truncate": False})
    assert "30,000 tokens" in long.json["error"]


@pytest.mark.parametrize("path", ["/predict", "/", "/models/binary"])
@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_body_gets_a_sentence_and_the_service_goes_on(address: str, name: str, path: str) -> None:
    body, status, _ = HOSTILE[name]
    with Client(address) as client:
        reply = client.send("POST", path, body)
        # 10,000 texts are refused here too: the service takes 256.
        assert reply.status == status
        assert set(reply.json) == {"error", "error_type"}
        assert reply.json["error"].endswith("."), reply.json
        assert client.send("POST", "/predict", b'{"inputs": "0"}').status == 200


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_above_the_limit_is_refused(address: str, chunked: bool) -> None:
    data = json.dumps({"inputs": "x" * 3_000_000}).encode()
    with Client(address) as client:
        # Without a length, http.client sends the parts of an iterator as chunks.
        reply = client.send("POST", "/predict", iter([data[:1_000_000], data[1_000_000:]]) if chunked else data)
    assert (reply.status, reply.json["error_type"]) == (413, "Validation")
    assert "at most 2,000,000 bytes" in reply.json["error"]


def test_an_enormous_body_is_refused_before_it_is_sent(address: str) -> None:
    with Client(address) as client:
        assert client.send("POST", "/predict", b"", {"Content-Length": "9" * 12}).status == 413
        assert client.send("POST", "/predict", b"").status == 400


@pytest.mark.parametrize("coding", ["gzip", "br", "deflate, gzip"])
def test_a_compressed_body_is_refused(address: str, coding: str) -> None:
    with Client(address) as client:
        reply = client.send(
            "POST", "/predict", gzip.compress(b'{"inputs": "0"}', mtime=0), {"Content-Encoding": coding}
        )
    assert (reply.status, reply.json["error_type"]) == (415, "Validation")
    assert coding in reply.json["error"]


def test_a_body_that_does_not_arrive_is_given_up() -> None:
    options = ServeOptions(limits=replace(QUICK, seconds=0.2))
    with running([made_model()], options) as address, Client(address) as client:
        reply = client.send("POST", "/predict", b'{"inputs"', {"Content-Length": "100"})
        assert (reply.status, "did not arrive" in reply.json["error"]) == (408, True)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nothing", 404),
        ("POST", "/models/unknown/predict", 404),
        ("GET", "/models/../info", 404),
        ("DELETE", "/predict", 405),
        ("POST", "/health", 405),
    ],
)
def test_a_route_that_is_not_there_gets_a_sentence(address: str, method: str, path: str, status: int) -> None:
    with Client(address) as client:
        reply = client.send(method, path)
    assert reply.status == status
    assert set(reply.json) == {"error", "error_type"}
    assert reply.json["error_type"] == "NotFound"


def test_a_model_that_fails_gives_424_and_tells_no_secret(address: str) -> None:
    for text in ("poison", "nan"):
        reply = post(address, "/predict", {"inputs": [["0"], [text]]})
        assert (reply.status, reply.json["error_type"]) == (424, "Backend")
        assert "secret" not in reply.json["error"]
    assert post(address, "/predict", {"inputs": "0"}).status == 200


def test_a_token_is_asked_for_everywhere_but_on_the_page_and_for_health() -> None:
    with running([made_model()], ServeOptions(token="s3cret", limits=QUICK)) as address:
        for path in ("/", "/health", "/openapi.json"):
            assert get(address, path).status == 200
        for path in ("/info", "/metrics", "/models", "/models/model/info"):
            assert get(address, path).status == 401
            assert get(address, path, "s3cret").status == 200
        for path in ("/", "/predict", "/models/model", "/models/model/predict", "/models/unknown"):
            for token in ("", "wrong", "s3cre", "s3cret2", "\xe9"):
                reply = post(address, path, {"inputs": "0"}, token)
                assert (reply.status, reply.json["error_type"]) == (401, "Unauthorized")
                assert reply.headers["www-authenticate"] == "Bearer"
        assert post(address, "/predict", {"inputs": "0"}, "s3cret").status == 200


def test_no_request_of_64_clients_is_lost_or_mixed_up() -> None:
    predictor = Predictor(3, seconds=0.01)
    rounds = 10

    def talk(number: int) -> list[bool]:
        with Client(service) as client:
            text = "0" * number + "1"
            body = json.dumps({"inputs": text, "raw_scores": True}).encode()
            replies = [client.send("POST", "/predict", body) for _ in range(rounds)]
        return [{e["label"]: e["score"] for e in r.json}["apple"] == number for r in replies]

    with running([made_model(predictor=predictor)], ServeOptions()) as service:
        with ThreadPoolExecutor(64) as pool:
            correct = [answer for answers in pool.map(talk, range(64)) for answer in answers]
        metrics = get(service, "/metrics").body.decode()
    assert correct == [True] * 64 * rounds
    assert sum(map(len, predictor.batches)) == 64 * rounds
    assert len(predictor.batches) < 64 * rounds / 4
    assert f'studio_requests_total{{route="/predict",status="200"}} {64.0 * rounds}' in metrics


def test_overload_is_answered_429_and_the_service_lives() -> None:
    limits = Limits(texts=4, queue_texts=4, batch_tokens=1)

    def call(_: int) -> Reply:
        return post(service, "/predict", {"inputs": "0"})

    with running([made_model(predictor=Predictor(3, seconds=0.02))], ServeOptions(limits=limits)) as service:
        with ThreadPoolExecutor(32) as pool:
            replies = list(pool.map(call, range(200)))
        refused = [reply for reply in replies if reply.status == 429]
        assert {reply.status for reply in replies} == {200, 429}
        assert refused[0].headers["retry-after"] == "1"
        assert refused[0].json["error_type"] == "Overloaded"
        assert call(0).status == 200
        assert get(service, "/health").json == {"status": "ok"}


def test_the_time_limit_holds() -> None:
    gate = threading.Event()
    options = ServeOptions(limits=replace(QUICK, seconds=0.2))
    with running([made_model(predictor=Predictor(3, gate=gate))], options) as address:
        start = time.perf_counter()
        reply = post(address, "/predict", {"inputs": "0"})
        assert (reply.status, "longer than 0.2 seconds" in reply.json["error"]) == (424, True)
        assert time.perf_counter() - start < 5
        gate.set()


def test_requests_that_were_received_are_answered_when_the_service_stops() -> None:
    predictor = Predictor(3, gate=threading.Event())
    with ThreadPoolExecutor(8) as pool:
        with running([made_model(predictor=predictor)]) as address:
            replies = [pool.submit(post, address, "/predict", {"inputs": "first"})]
            while not predictor.batches:
                time.sleep(0.005)
            replies += [pool.submit(post, address, "/predict", {"inputs": str(i)}) for i in range(7)]
            while "studio_queue_texts 7.0" not in get(address, "/metrics").body.decode():
                time.sleep(0.01)
            assert predictor.gate is not None
            threading.Timer(0.3, predictor.gate.set).start()
        assert [reply.result().status for reply in replies] == [200] * 8


def test_info_has_the_fields_of_both_worlds(address: str) -> None:
    info = get(address, "/info").json
    assert info == get(address, "/models/multiclass/info").json
    assert info["model_id"] == "multiclass"
    assert info["model_type"]["classifier"]["id2label"] == {"0": "apple", "1": "plum", "2": "<b>sky</b>"}
    assert (info["max_input_length"], info["max_client_batch_size"], info["engine"]) == (10, 256, "made up")
    assert info["models"] == ["multiclass", "binary", "multilabel", "regression"]
    assert [example["title"] for example in info["examples"]] == ["curl", "Python", "JavaScript", "Dockerfile"]
    assert f"{address}/models/multiclass" in info["examples"][0]["code"]
    assert [model["name"] for model in get(address, "/models").json["models"]] == info["models"]


def test_metrics_count_predictions_and_not_sure_ones() -> None:
    with running([made_model(rule=DecisionRule(abstain_below=0.6))]) as address:
        post(address, "/predict", {"inputs": [["0"], ["0 0 0 0"]]})
        reply = get(address, "/metrics")
    assert reply.headers["content-type"].startswith("text/plain")
    text = reply.body.decode()
    assert 'studio_predictions_total{label="apple",model="model"} 2.0' in text
    assert 'studio_not_sure_total{model="model"} 1.0' in text
    assert 'studio_batch_texts_count{model="model"} 1.0' in text
    assert "studio_queue_texts 0.0" in text


def test_the_openapi_document_describes_every_route_and_every_answer(address: str) -> None:
    document = get(address, "/openapi.json").json
    for path, operations in document["paths"].items():
        for method in set(operations) & {"get", "post"}:
            with Client(address) as client:
                url = path.replace("{name}", "binary")
                assert client.send(method.upper(), url, b'{"inputs": "0"}' if method == "post" else None).status == 200

    def check(value: object, schema: str) -> None:
        jsonschema.validate(value, {"$ref": f"#/components/schemas/{schema}", "components": document["components"]})

    for model in document["paths"]["/models/{name}"]["parameters"][0]["schema"]["enum"]:
        for inputs in ("0", [["0"], ["1"]]):
            check({"inputs": inputs, "truncate": None}, "PredictRequest")
            check(post(address, f"/models/{model}/predict", {"inputs": inputs}).json, "AnswerOrAnswers")
        check({"inputs": ["0"], "parameters": {"top_k": 1}}, "InferenceRequest")
        check(post(address, f"/models/{model}", {"inputs": ["0"]}).json, "Answers")
    check(post(address, "/predict", {}).json, "Error")
    with pytest.raises(jsonschema.ValidationError):
        check({"inputs": ["a", "b"]}, "PredictRequest")


def test_the_page_loads_nothing_from_elsewhere(address: str) -> None:
    page = get(address, "/")
    assert page.headers["content-type"].startswith("text/html")
    assert "default-src 'none'" in page.headers["content-security-policy"]
    text = page.body.decode()
    assert "//" not in text.replace("<!DOCTYPE html>", "")
    assert "NONCE" not in text
    assert get(address, "/").headers["content-security-policy"] != page.headers["content-security-policy"]


def test_the_first_model_answers_where_no_name_is_given() -> None:
    def named(name: str) -> ServedModel:
        return made_model(name=name)

    with running([named("b"), named("a")]) as address:
        assert get(address, "/info").json["model_id"] == "b"
        assert post(address, "/models/c", {"inputs": "0"}).json["error"] == "There is no model 'c'. Known: b, a."
