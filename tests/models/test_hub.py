"""Encoders of the hub, downloaded by the real library from a server on loopback that speaks the hub's routes."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from core.errors import ModelError
from core.models.encoders import check_local_folder
from tests.hub_server import Hub, serve
from tests.models.checkpoints import save

# The library reads its environment when it is imported, so each download is a process of its own.
BUILD = """
import json, sys, time
from types import SimpleNamespace
import huggingface_hub.constants, huggingface_hub.file_download
from core.errors import StudioError
from core.models import classifier as classifiers
from core.task import Task
# What is received of a file smaller than a chunk is thrown away when the connection breaks.
huggingface_hub.constants.DOWNLOAD_CHUNK_SIZE = 4096
huggingface_hub.file_download.time = SimpleNamespace(**{**vars(time), "sleep": lambda seconds: None})
for name in sys.argv[1:]:
    start = time.monotonic()
    try:
        classifier = classifiers.build(name, Task("binary", ("cold", "fruit")), 32)
        answer = {"layers": len(classifier.model.bert.encoder.layer), "finite": bool(abs(classifier.logits(["ice"])).max() < 9)}
    except StudioError as error:
        answer = {"error": error.message, "hint": error.hint}
    print(json.dumps({**answer, "seconds": time.monotonic() - start}))
"""
TOKENIZE = """
import json, sys
from core.models.tokenization import count_tokens
print(json.dumps({"pieces": count_tokens(sys.argv[1], ["the red apple"]).pieces.tolist(), "torch": "torch" in sys.modules}))
"""
NOWHERE = "http://127.0.0.1:9"
USABLE = ("someone/bert", "someone/shards", "someone/pickled", "someone/taken-over", "someone/token-code")
MESSAGES = {
    "someone/nothing": "has no encoder someone/nothing",
    "someone/secret": "someone/secret is gated",
    "someone/code": "someone/code needs program code of its own",
    "someone/new-code": "someone/new-code needs program code of its own",
    "someone/gpt": "Expected an encoder such as BERT, RoBERTa or DeBERTa, found 'gpt2'",
    "someone/weightless": "it has no PyTorch weights",
    "someone/mute": "it has no tokenizer",
    "someone/garbled": "The files of someone/garbled are broken",
    "someone/trojan": "its pickled weights hold other things than tensors",
}
Told = tuple[dict[str, dict[str, Any]], str]
TRAP = b"import pathlib; pathlib.Path(__file__).with_name('run').touch(); raise SystemExit('code of others was run')"


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = save("bert", tmp_path_factory.mktemp("bert"))
    return {file.name: file.read_bytes() for file in folder.iterdir()}


@pytest.fixture(scope="module")
def pickled(files: dict[str, bytes], tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("pickled")
    (folder / "model.safetensors").write_bytes(files["model.safetensors"])
    torch.save(load_file(folder / "model.safetensors"), folder / "pytorch_model.bin")
    rest = {name: data for name, data in files.items() if name != "model.safetensors"}
    return {**rest, "pytorch_model.bin": (folder / "pytorch_model.bin").read_bytes()}


@pytest.fixture
def hub(files: dict[str, bytes]) -> Iterator[Hub]:
    """One encoder on a server of the test's own, which it may break."""
    with serve(Hub({"someone/bert": files})) as running:
        yield running


@pytest.fixture(scope="module")
def shared_hub(files: dict[str, bytes], pickled: dict[str, bytes]) -> Iterator[Hub]:
    without_weights = {name: data for name, data in files.items() if name != "model.safetensors"}
    repositories = {
        "someone/bert": {**files, "README.md": b"hello", "modeling_evil.py": TRAP, "tf_model.h5": b"0" * 9999},
        "someone/shards": {**without_weights, **shards(files["model.safetensors"])},
        "someone/pickled": pickled,
        "someone/taken-over": {**files, "config.json": with_code(files, "bert", "BertConfig"), "evil.py": TRAP},
        "someone/token-code": {**files, "tokenizer_config.json": TOKENIZER_CODE, "evil.py": TRAP},
        "someone/secret": files,
        "someone/code": {**files, "config.json": with_code(files, "bert", "EvilConfig"), "evil.py": TRAP},
        "someone/new-code": {**files, "config.json": with_code(files, "evil", "EvilConfig"), "evil.py": TRAP},
        "someone/gpt": {**files, "config.json": b'{"model_type": "gpt2"}'},
        "someone/weightless": without_weights,
        "someone/mute": {name: data for name, data in files.items() if not name.startswith("tokenizer")},
        "someone/garbled": {**files, "model.safetensors": b"no tensors"},
        "someone/trojan": {**pickled, "pytorch_model.bin": trojan()},
    }
    with serve(Hub(repositories, gated={"someone/secret"})) as running:
        yield running


TOKENIZER_CODE = json.dumps(
    {
        "tokenizer_class": "EvilTokenizer",
        "auto_map": {"AutoTokenizer": [None, "evil.EvilTokenizer"]},
        "pad_token": "[PAD]",
    }
).encode()


def with_code(files: dict[str, bytes], kind: str, config_class: str) -> bytes:
    code = {"AutoConfig": f"evil.{config_class}", "AutoModelForSequenceClassification": "evil.Evil"}
    return json.dumps({**json.loads(files["config.json"]), "model_type": kind, "auto_map": code}).encode()


def trojan() -> bytes:
    """A pickle that, if it were loaded as pickles are, would call print."""
    import io

    class Call:
        def __reduce__(self) -> tuple[Any, ...]:
            return print, ("code of others was run",)

    buffer = io.BytesIO()
    torch.save({"bert.embeddings.word_embeddings.weight": Call()}, buffer)
    return buffer.getvalue()


def shards(weights: bytes) -> dict[str, bytes]:
    from safetensors.torch import load, save

    tensors = sorted(load(weights).items())
    parts = {f"model-0000{i + 1}-of-00002.safetensors": dict(tensors[i::2]) for i in range(2)}
    index = {"metadata": {}, "weight_map": {key: part for part, held in parts.items() for key in held}}
    written = {part: save(held, {"format": "pt"}) for part, held in parts.items()}
    return {**written, "model.safetensors.index.json": json.dumps(index).encode()}


def run(environment: dict[str, str], *names: str, script: str = BUILD) -> tuple[list[dict[str, Any]], str]:
    """What a fresh process says of each of these encoders in turn, and what it logs."""
    done = subprocess.run(
        [sys.executable, "-c", script, *names],
        env={**os.environ, "OMP_NUM_THREADS": "1", **environment},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert "code of others" not in done.stdout + done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()], done.stderr


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def told(shared_hub: Hub, cache: Path) -> Told:
    """What one process says of all repositories that stay as they are."""
    answers, log = run(shared_hub.environment(cache), *MESSAGES, *USABLE)
    return dict(zip((*MESSAGES, *USABLE), answers, strict=True)), log


def asked_for(hub: Hub, repository: str, file: str) -> int:
    return sum(line.startswith(f"GET {repository}/resolve/") and line.endswith(f"/{file}") for line in hub.asked)


@pytest.mark.parametrize("name", USABLE)
def test_what_can_be_used_is_used_without_any_code_of_its_own(told: Told, shared_hub: Hub, name: str) -> None:
    assert told[0][name].get("layers") == 3, told[0][name]
    assert told[0][name]["finite"]
    assert not any(line.endswith((".py", ".h5", ".md")) for line in shared_hub.asked)


@pytest.mark.parametrize(("name", "message"), MESSAGES.items())
def test_what_cannot_be_used_is_said(told: Told, shared_hub: Hub, name: str, message: str) -> None:
    assert message in told[0][name]["error"]
    assert told[0][name]["hint"]
    if name not in ("someone/garbled", "someone/trojan"):  # of all others it can be said before the large download
        assert not asked_for(shared_hub, name, "model.safetensors")


def test_pickled_weights_are_loaded_with_care_and_it_is_said(told: Told, shared_hub: Hub) -> None:
    assert "someone/pickled has no safetensors: its pickled weights are read with weights_only=True." in told[1]
    assert "someone/bert has no" not in told[1]
    # transformers would ask a bot of the hub to convert them.
    assert not any("discussions" in line for line in shared_hub.asked)


def test_without_a_network_what_is_there_is_used_and_the_rest_refused_at_once(told: Told, cache: Path) -> None:
    (there, missing), _ = run({**Hub({}).environment(cache), "HF_ENDPOINT": NOWHERE}, "someone/bert", "someone/else")
    assert there["layers"] == 3
    assert "could not be reached for someone/else" in missing["error"]
    assert "all-MiniLM-L6-v2" in missing["hint"]
    assert missing["seconds"] < 5


def test_counting_tokens_takes_neither_weights_nor_torch(hub: Hub, tmp_path: Path) -> None:
    assert run(hub.environment(tmp_path), "someone/bert", script=TOKENIZE)[0] == [{"pieces": [5], "torch": False}]
    assert not asked_for(hub, "someone/bert", "model.safetensors")


def test_a_download_that_breaks_goes_on_where_it_broke_or_can_be_started_again(hub: Hub, tmp_path: Path) -> None:
    # A file so small is never received in part, so six tries of the library come to nothing. The large one goes on.
    hub.broken = {"tokenizer_config.json": 6, "model.safetensors": 1}
    (broken, whole), _ = run(hub.environment(tmp_path), "someone/bert", "someone/bert")
    assert "The download of someone/bert broke off" in broken["error"]
    assert "start again" in broken["hint"]
    assert whole["layers"] == 3
    assert hub.resumed == ["model.safetensors"]
    assert asked_for(hub, "someone/bert", "model.safetensors") == 2


@pytest.mark.parametrize(
    ("missing", "message"),
    [
        ("config.json", "there is no config.json"),
        ("model.safetensors", "has no complete weights"),
        ("tokenizer.json", "has no tokenizer"),
        ("", ""),
    ],
)
def test_a_local_folder(tmp_path: Path, files: dict[str, bytes], missing: str, message: str) -> None:
    for name, data in files.items():
        if name != missing:
            (tmp_path / name).write_bytes(data)
    if not missing:
        assert check_local_folder(tmp_path) == tmp_path.resolve()
        return
    with pytest.raises(ModelError, match=message) as caught:
        check_local_folder(str(tmp_path))
    assert caught.value.hint


@pytest.mark.parametrize("path", ["", "  ", "nowhere/at/all"])
def test_no_folder_at_all(path: str) -> None:
    with pytest.raises(ModelError, match="Expected a folder with an encoder, found none"):
        check_local_folder(path)
