"""The server as a process of its own, with trained models of all tasks and the clients that people have."""

import argparse
import json
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pytest
import torch
from huggingface_hub import InferenceClient
from huggingface_hub.errors import HfHubHTTPError

from core import decision_rule, host
from core.decision_rule import DecisionRule
from core.errors import ConfigError, RunError
from core.models.classifier import build_classifier, load_classifier, save_head, save_pretrained
from core.models.engines.base import ONNX_FP32, TORCH
from core.prediction.serving.command import add_serve_parser
from core.prediction.serving.models import load_model, load_run_engine, unique_names
from core.prediction.serving.options import ServeOptions
from core.prediction.serving.server import serve
from core.runs import Run
from core.task import TaskKind
from core.workspace import HOME_VARIABLE, Workspace
from tests.finished import finished
from tests.prediction.serving.cases import QUICK, get, post

TEXTS = ["a red apple", "the sky is blue blue blue", "ice"]
KINDS: tuple[TaskKind, ...] = ("binary", "multiclass", "multilabel", "regression")


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory, tiny_encoder: str) -> Iterator[dict[str, Run]]:
    """A finished run of each task with a model in its folder; those of one label are not sure below 0.99."""
    home = tmp_path_factory.mktemp("home")
    finished_runs: dict[str, Run] = {}
    for kind in KINDS:
        run = finished(Workspace(home / "workspaces" / "local", home), kind, f"My {kind} model", test=40)
        classifier = build_classifier(tiny_encoder, run.task, 16)
        save = save_head if kind == "binary" else save_pretrained
        save(classifier, run.model_folder)
        if run.task.one_label:
            decision_rule.save(DecisionRule(abstain_below=0.99), run.model_folder)
        finished_runs[kind] = run
    with pytest.MonkeyPatch.context() as patch:  # the exported graphs go there
        patch.setenv(HOME_VARIABLE, str(home))
        yield finished_runs


@dataclass
class Server:
    """A server process and where it listens."""

    process: "subprocess.Popen[str]"
    address: str

    def stop(self) -> int:
        """The exit code after a polite request to stop."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(30)


@contextmanager
def serving(*arguments: object) -> Iterator[Server]:
    """A process that serves on a free port."""
    program = (
        "import argparse, sys; from core.prediction.serving.command import add_serve_parser; "
        "parser = argparse.ArgumentParser(); add_serve_parser(parser.add_subparsers()); "
        "options = parser.parse_args(); sys.exit(options.command(options))"
    )
    command = [sys.executable, "-c", program, "serve", "--port", "0", *map(str, arguments)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr is not None
            line = process.stderr.readline()
            assert "http://" in line, line + process.stderr.read()
            yield Server(process, line.split(" on ")[1].split()[0])
        finally:
            process.kill()


@pytest.fixture(scope="module")
def server(runs: dict[str, Run]) -> Iterator[Server]:
    """A process that serves the models of all tasks, the binary one first."""
    with serving(*(run.folder for run in runs.values())) as server:
        yield server


@pytest.mark.parametrize("kind", KINDS)
def test_the_inference_client_gets_the_predictions_of_the_model(
    runs: dict[str, Run], server: Server, kind: str
) -> None:
    run = runs[kind]
    client = InferenceClient(f"{server.address}/models/my-{kind}-model")
    predictions = decision_rule.load(run.model_folder).apply(run.task, load_classifier(run.model_folder).logits(TEXTS))
    for row, text in enumerate(TEXTS):
        answer = client.text_classification(text)
        scores = {element.label: element.score for element in answer}
        expected = dict(zip(run.task.labels or ("value",), predictions.probabilities[row], strict=True))
        assert scores == pytest.approx(expected, abs=1e-4)
        assert [element.score for element in answer] == sorted(scores.values(), reverse=True)
        predicted = [element.label for element in answer if element["predicted"]]
        label = predictions.labels[row]
        if kind == "regression":
            assert answer[0].score == pytest.approx(label, abs=1e-4)
        else:
            assert sorted(predicted) == sorted(label if isinstance(label, list) else [str(label)])


def test_the_inference_client_passes_its_parameters_and_shows_our_errors(server: Server) -> None:
    client = InferenceClient(server.address)
    (first,) = client.text_classification("a red apple", top_k=1)
    assert (first.label in ("no", "yes"), first["sure"], first["abstain_below"]) == (True, False, 0.99)
    plain = client.text_classification("a red apple", function_to_apply="none")
    sigmoid = client.text_classification("a red apple", function_to_apply="sigmoid")
    assert [e.score for e in sigmoid] == pytest.approx([1 / (1 + np.exp(-e.score)) for e in plain], abs=1e-4)
    with pytest.raises(HfHubHTTPError, match="Text 1 is empty"):
        client.text_classification(" ")


def curl(*arguments: str) -> tuple[int, str]:
    """Status and body of a request by curl."""
    command = ["curl", "-s", "-w", "\n%{http_code}", *arguments]
    body, _, status = subprocess.run(command, capture_output=True, text=True, check=True).stdout.rpartition("\n")
    return int(status), body


def test_curl_talks_to_the_service(server: Server, tmp_path: Path) -> None:
    status, body = curl(f"{server.address}/predict", "-d", '{"inputs": [["a red apple"], ["ice"]]}')
    assert (status, len(json.loads(body))) == (200, 2)
    assert curl(f"{server.address}/health") == (200, '{"status":"ok"}')
    # curl asks first whether it may send this much.
    (tmp_path / "large.json").write_text(json.dumps({"inputs": "x" * 5_000_000}))
    status, body = curl(f"{server.address}/predict", "--data-binary", f"@{tmp_path / 'large.json'}")
    assert (status, json.loads(body)["error_type"]) == (413, "Validation")


def test_the_examples_in_info_run(server: Server, tmp_path: Path) -> None:
    info = json.loads(curl(f"{server.address}/models/my-multiclass-model/info")[1])
    examples = {example["title"]: example["code"] for example in info["examples"]}
    by_curl = subprocess.run(["bash", "-c", f"{examples['curl']} -s"], capture_output=True, text=True, check=True)
    assert {entry["label"] for entry in json.loads(by_curl.stdout)} == {"apple", "plum", "<b>sky</b>"}
    python = subprocess.run([sys.executable, "-c", examples["Python"]], capture_output=True, text=True, check=True)
    assert "label='apple'" in python.stdout
    if node := shutil.which("node"):
        (tmp_path / "example.mjs").write_text(examples["JavaScript"])
        node_run = subprocess.run([node, tmp_path / "example.mjs"], capture_output=True, text=True, check=True)
        assert "apple" in node_run.stdout


def test_info_tells_where_the_model_comes_from(server: Server, runs: dict[str, Run]) -> None:
    run = runs["multiclass"]
    info = get(server.address, "/models/my-multiclass-model/info").json
    assert (info["run"], info["title"], info["engine"]) == (run.id, "My multiclass model", "onnx-fp32")
    assert info["dataset"] == {"name": "Made up", "fingerprint": run.dataset.fingerprint}
    assert info["decision_rule"]["abstain_below"] == 0.99
    assert info["max_input_length"] == 16
    for split in ("validation", "test"):
        accuracy = next(metric for metric in info["metrics"][split] if metric["name"] == "accuracy")
        assert accuracy["low"] <= accuracy["value"] <= accuracy["high"]
        assert accuracy["rows"] == run.sizes[split]
    assert run.count_test_views() == 1


def test_a_stop_answers_what_was_received_and_exits_with_0(runs: dict[str, Run]) -> None:
    statuses: list[int] = []
    with serving(runs["multiclass"].folder, "--host", "0.0.0.0", "--token", "s3cret") as server:
        assert post(server.address, "/predict", {"inputs": "ice"}).status == 401
        body = {"inputs": [["a red apple is very sweet"]] * 256}
        threads = [
            threading.Thread(target=lambda: statuses.append(post(server.address, "/predict", body, "s3cret").status))
            for _ in range(2)
        ]
        for thread in threads:
            thread.start()
        while 'studio_batch_texts_count{model="my-multiclass-model"}' not in _metrics(server):
            time.sleep(0.005)
        assert server.stop() == 0
        for thread in threads:
            thread.join()
        assert server.process.stderr is not None
        # No traceback, and with a token no warning.
        assert server.process.stderr.read() == ""
    assert statuses == [200, 200]
    with pytest.raises(ConnectionRefusedError):
        get(server.address, "/health")


def _metrics(server: Server) -> str:
    return get(server.address, "/metrics", "s3cret").body.decode()


@pytest.mark.slow
def test_a_killed_service_starts_again_on_its_port(runs: dict[str, Run]) -> None:
    with serving(runs["multiclass"].folder) as server:
        expected = post(server.address, "/predict", {"inputs": TEXTS[0]}).json
        with socket.create_connection(("127.0.0.1", urlsplit(server.address).port or 0)) as connection:
            connection.sendall(b"POST /predict HTTP/1.1\r\nContent-Length: 100\r\n\r\n{")
            server.process.kill()
            server.process.wait()
    with serving(runs["multiclass"].folder, "--port", urlsplit(server.address).port) as again:
        assert again.address == server.address
        assert post(again.address, "/predict", {"inputs": TEXTS[0]}).json == expected
        assert again.stop() == 0


@pytest.mark.slow
def test_a_stop_loses_no_request_of_many_clients(runs: dict[str, Run]) -> None:
    """Every request whose body the service had received when it was told to stop is answered."""
    with serving(runs["multiclass"].folder) as server:
        body = json.dumps({"inputs": [["a red apple is very sweet"]] * 8}).encode()
        parts = urlsplit(server.address)
        request = f"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body
        connections = [socket.create_connection((parts.hostname, parts.port), timeout=30) for _ in range(64)]
        for connection in connections:
            connection.sendall(request)
        while _counted_requests(server) < 1:
            time.sleep(0.005)
        assert server.stop() == 0
        answers = [connection.makefile("rb").read() for connection in connections]
        for connection in connections:
            connection.close()
    assert [answer[:15] for answer in answers] == [b"HTTP/1.1 200 OK"] * 64


def _counted_requests(server: Server) -> float:
    """The number of requests that were answered with 200."""
    text = get(server.address, "/metrics").body.decode()
    found = re.search(r'studio_requests_total{route="/predict",status="200"} (\S+)', text)
    return float(found[1]) if found else 0.0


def test_an_open_address_without_a_token_is_warned_of(runs: dict[str, Run]) -> None:
    with serving(runs["binary"].folder, "--host", "0.0.0.0") as server:
        assert server.process.stderr is not None
        assert "warning: 0.0.0.0 can be reached from other machines" in server.process.stderr.readline()
        assert server.stop() == 0


def test_a_port_that_is_taken_is_an_error(runs: dict[str, Run]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(ConfigError, match=f"cannot listen on 127.0.0.1:{port}: Address already in use"):
            serve([runs["binary"]], ServeOptions(port=port))
    with pytest.raises(ConfigError, match="cannot listen on missing-host"):
        serve([runs["binary"]], ServeOptions("missing-host.invalid"))


def test_a_run_without_a_model_is_an_error(workspace: Workspace) -> None:
    run = finished(workspace, "binary", test=40)
    (run.folder / "evaluation" / "result.json").unlink()
    with pytest.raises(RunError, match="A run has no model yet"):
        load_model(run, "name")
    with pytest.raises(ConfigError, match="Expected a run to serve"):
        serve([], ServeOptions())


def test_the_model_computes_with_the_threads_of_this_process(runs: dict[str, Run]) -> None:
    engine = load_run_engine(runs["binary"], TORCH)
    threads: list[int] = []

    def compute() -> None:
        engine.predict(["ice"])
        threads.append(torch.get_num_threads())

    thread = threading.Thread(target=compute)
    thread.start()
    thread.join()
    assert threads == [host.cores()]


@pytest.mark.parametrize("name", [TORCH, ONNX_FP32])
def test_tokens_are_counted_before_truncation_and_change_no_predictions(runs: dict[str, Run], name: str) -> None:
    engine = load_run_engine(runs["multiclass"], name)
    before = engine.predict(TEXTS)
    assert (engine.name, engine.max_tokens) == (name, 16)
    assert engine.count_tokens(["ice", "ice " * 50]) == [3, 52]
    assert np.array_equal(engine.predict(TEXTS), before)


def test_names_fit_into_urls_and_differ(runs: dict[str, Run], workspace: Workspace) -> None:
    assert unique_names([runs["binary"], runs["regression"]]) == ["my-binary-model", "my-regression-model"]
    twins = [runs["binary"], runs["binary"]]
    assert unique_names(twins) == [runs["binary"].id] * 2


def test_the_command_reads_its_options(monkeypatch: pytest.MonkeyPatch, runs: dict[str, Run]) -> None:
    served: list[tuple[list[str], ServeOptions]] = []
    monkeypatch.setattr(
        "core.prediction.serving.server.serve",
        lambda runs, options, make_engine: served.append(([run.id for run in runs], options)),
    )
    monkeypatch.setenv("STUDIO_SERVE_TOKEN", "from-the-environment")
    parser = argparse.ArgumentParser()
    add_serve_parser(parser.add_subparsers())
    run = runs["binary"]
    by_id = [run.id, "--workspace", str(run.folder.parents[1])]
    for arguments in ([*by_id, "--max-texts", "8"], [str(run.folder), "--token", "", "--port", "80"]):
        options = parser.parse_args(["serve", *arguments])
        assert options.command(options) == 0
    (first, second) = served
    assert first[0] == second[0] == [run.id]
    assert (first[1].token, first[1].limits.texts, first[1].port) == ("from-the-environment", 8, 8000)
    assert (second[1].token, second[1].port, second[1].host) == ("", 80, "127.0.0.1")


@pytest.mark.parametrize(("port", "token"), [(-1, ""), (70_000, ""), (80, "two words"), (80, "tökén")])
def test_options_out_of_range_are_errors(port: int, token: str) -> None:
    with pytest.raises(ConfigError, match="Expected a"):
        ServeOptions(port=port, token=token)


def test_limits_out_of_range_are_errors() -> None:
    for changes in ({"texts": 0}, {"seconds": -1.0}, {"batch_wait": -1.0}, {"texts": 600}):
        with pytest.raises(ConfigError, match="Expected"):
            replace(QUICK, **changes)
