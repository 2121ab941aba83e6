"""A model that was pushed to the hub is loaded from there by plain transformers; what the hub refuses is said in a sentence."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from scipy.special import softmax

from core import decision_rule
from core.models.classifier import build_classifier, load_classifier, save_head
from core.runs import Run
from core.workspace import Workspace
from tests.finished import finished
from tests.hub_server import Hub, serve

TOKEN = "hf_abcdefghijklmnopqrstuvwxyz012345"
OTHER = "hf_000000000000000000000000000000000"
TEXTS = ["red apple", "the cold sea is very blue"]
UNREACHABLE = "http://127.0.0.1:9"
# The libraries read their environment when they are imported, so the pushes are in another process.
_PUSH = """
import json, sys
from pathlib import Path
from core.errors import StudioError
from core.prediction.push import HubRepository, push
from core.reports.markdown import render_markdown
from core.runs import Run
run, results = Run.open(Path(sys.argv[1])), []
for name, private, token in json.loads(sys.argv[2]):
    try:
        results.append({"address": push(run, HubRepository(name, private), token, render_markdown)})
    except StudioError as error:
        results.append({"error": error.message, "hint": error.hint})
print(json.dumps(results))
"""
_LOAD = """
import json, sys
from transformers import AutoModelForSequenceClassification, pipeline
name, texts = sys.argv[1], sys.argv[2:]
scores = pipeline("text-classification", model=name, top_k=None)(texts)
labels = AutoModelForSequenceClassification.from_pretrained(name).config.id2label
print(json.dumps({"scores": scores, "labels": list(labels.values())}))
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, tiny_encoder: str) -> Run:
    """A finished instant run, whose folder has no whole model."""
    home = tmp_path_factory.mktemp("home")
    run = finished(Workspace(home / "workspaces" / "local", home), "multiclass")
    save_head(build_classifier(tiny_encoder, run.task, 16), run.model_folder)
    decision_rule.save(decision_rule.DecisionRule(), run.model_folder)
    return run


@pytest.fixture
def hub() -> Iterator[Hub]:
    taken = {"someone/taken": {"config.json": b"{}"}}
    with serve(Hub(taken, accounts={TOKEN: "someone"})) as running:
        yield running


def call(script: str, environment: dict[str, str], *arguments: str) -> Any:
    """The JSON that a script prints, in which no token may appear."""
    process = subprocess.run(
        [sys.executable, "-c", script, *arguments], env=os.environ | environment, capture_output=True, text=True
    )
    assert process.returncode == 0, process.stderr[-3_000:]
    assert TOKEN not in process.stdout + process.stderr
    return json.loads(process.stdout.splitlines()[-1])


def push_all(run: Run, environment: dict[str, str], *pushes: tuple[str, bool, str]) -> list[dict[str, str]]:
    results: list[dict[str, str]] = call(_PUSH, environment, str(run.folder), json.dumps(pushes))
    return results


@pytest.mark.slow
def test_what_was_pushed_is_loaded_by_transformers_and_refusals_are_sentences(
    run: Run, hub: Hub, tmp_path: Path
) -> None:
    environment = hub.environment(tmp_path / "cache")
    pushed, private, taken, again, unknown, foreign, no_token, no_name = push_all(
        run,
        environment,
        ("someone/fruit", False, TOKEN),
        ("someone/secret", True, TOKEN),
        ("someone/taken", False, TOKEN),
        ("someone/fruit", False, TOKEN),
        ("someone/other", False, OTHER),
        ("stranger/other", False, TOKEN),
        ("someone/other", False, "two words"),
        ("../other", False, TOKEN),
    )
    assert pushed == {"address": f"{hub.address}/someone/fruit"}
    assert private == {"address": f"{hub.address}/someone/secret"}
    assert "someone/taken exists already" in taken["error"]
    assert "someone/fruit exists already" in again["error"]
    assert "does not know this token" in unknown["error"]
    assert "may not create or change stranger/other" in foreign["error"]
    assert "Expected a token" in no_token["error"]
    assert "Expected a repository as owner/name" in no_name["error"]
    assert hub.private == {"someone/secret"}
    assert hub.pushed.keys() == {"someone/fruit", "someone/secret"}
    files = hub.pushed["someone/fruit"]
    assert {"config.json", "model.safetensors", "tokenizer.json", "onnx/model.onnx", "predict.py", "README.md"} <= set(
        files
    )
    assert not any("text 1 about" in data.decode("utf-8", "ignore") for data in files.values()), "no rows are pushed"
    assert b"## License" in files["README.md"]
    stored = b"".join(path.read_bytes() for path in run.folder.rglob("*") if path.is_file()) + b"".join(files.values())
    assert TOKEN.encode() not in stored
    loaded = call(_LOAD, environment, "someone/fruit", *TEXTS)
    assert loaded["labels"] == list(run.task.labels)
    probabilities = softmax(load_classifier(run.model_folder).logits(TEXTS), axis=1)
    for scores, expected in zip(loaded["scores"], probabilities, strict=True):
        found = {score["label"]: score["score"] for score in scores}
        assert [found[name] for name in run.task.labels] == pytest.approx(expected.tolist(), abs=1e-5)


@pytest.mark.slow
def test_an_interrupted_push_is_repeated(run: Run, hub: Hub, tmp_path: Path) -> None:
    hub.interruptions["lfs"] = 1_000
    environment = hub.environment(tmp_path / "cache")
    (failed,) = push_all(run, environment, ("someone/fruit", False, TOKEN))
    assert failed["error"] == "The Hugging Face hub failed with status 500."
    assert set(hub.pushed["someone/fruit"]) == {".gitattributes"}
    hub.interruptions.clear()
    assert push_all(run, environment, ("someone/fruit", False, TOKEN)) == [{"address": f"{hub.address}/someone/fruit"}]


@pytest.mark.slow
def test_the_command_line_reads_the_token_and_says_that_the_hub_is_out_of_reach(run: Run, tmp_path: Path) -> None:
    environment = Hub({}, address=UNREACHABLE).environment(tmp_path) | {"HF_TOKEN": TOKEN}
    command = [sys.executable, "-m", "core", "push", str(run.folder), "someone/fruit", "--private"]
    process = subprocess.run(command, env=os.environ | environment, capture_output=True, text=True)
    assert process.returncode == 2
    assert "The Hugging Face hub could not be reached." in process.stderr
    assert TOKEN not in process.stdout + process.stderr
