"""Encoders are downloaded by the real library from a local server with the routes of the Hugging Face hub."""

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
from tests.models.checkpoints import save_checkpoint

# The library reads its environment variables at import, so each download runs in its own process.
BUILD = """
import json, sys, time
from types import SimpleNamespace
import huggingface_hub.constants, huggingface_hub.file_download
from core.errors import StudioError
from core.models.classifier import build_classifier
from core.task import Task
# When a connection breaks, the library discards a chunk that was received only in part.
huggingface_hub.constants.DOWNLOAD_CHUNK_SIZE = 4096
huggingface_hub.file_download.time = SimpleNamespace(**{**vars(time), "sleep": lambda seconds: None})
for name in sys.argv[1:]:
    start = time.monotonic()
    try:
        classifier = build_classifier(name, Task("binary", ("cold", "fruit")), 32)
        result = {"layers": len(classifier.model.bert.encoder.layer), "finite": bool(abs(classifier.logits(["ice"])).max() < 9)}
    except StudioError as error:
        result = {"error": error.message, "hint": error.hint}
    print(json.dumps({**result, "seconds": time.monotonic() - start}))
"""
TOKENIZE = """
import json, sys
from core.models.tokenization import count_tokens
print(json.dumps({"pieces": count_tokens(sys.argv[1], ["the red apple"]).pieces.tolist(), "torch": "torch" in sys.modules}))
"""
UNREACHABLE = "http://127.0.0.1:9"
USABLE = ("someone/bert", "someone/shards", "someone/pickled", "someone/now-built-in", "someone/tokenizer-code")
MESSAGES = {
    "someone/nothing": "has no encoder someone/nothing",
    "someone/secret": "someone/secret is gated",
    "someone/code": "someone/code needs its own program code",
    "someone/new-code": "someone/new-code needs its own program code",
    "someone/gpt": "Expected an encoder such as BERT, RoBERTa or DeBERTa, found 'gpt2'",
    "someone/no-weights": "it has no PyTorch weights",
    "someone/no-tokenizer": "it has no tokenizer",
    "someone/garbled": "The files of someone/garbled are broken",
    "someone/trojan": "its pickled weights contain other objects than tensors",
}
Results = tuple[dict[str, dict[str, Any]], str]
PYTHON_FILE = (
    b"import pathlib; pathlib.Path(__file__).with_name('run').touch(); raise SystemExit('foreign code was run')"
)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = save_checkpoint("bert", tmp_path_factory.mktemp("bert"))
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
    """A hub with one encoder for one test, which may interrupt its downloads."""
    with serve(Hub({"someone/bert": files})) as running:
        yield running


@pytest.fixture(scope="module")
def shared_hub(files: dict[str, bytes], pickled: dict[str, bytes]) -> Iterator[Hub]:
    without_weights = {name: data for name, data in files.items() if name != "model.safetensors"}
    repositories = {
        "someone/bert": {**files, "README.md": b"hello", "modeling_evil.py": PYTHON_FILE, "tf_model.h5": b"0" * 9999},
        "someone/shards": {**without_weights, **shards(files["model.safetensors"])},
        "someone/pickled": pickled,
        "someone/now-built-in": {
            **files,
            "config.json": with_code(files, "bert", "BertConfig"),
            "evil.py": PYTHON_FILE,
        },
        "someone/tokenizer-code": {**files, "tokenizer_config.json": TOKENIZER_CODE, "evil.py": PYTHON_FILE},
        "someone/secret": files,
        "someone/code": {**files, "config.json": with_code(files, "bert", "EvilConfig"), "evil.py": PYTHON_FILE},
        "someone/new-code": {**files, "config.json": with_code(files, "evil", "EvilConfig"), "evil.py": PYTHON_FILE},
        "someone/gpt": {**files, "config.json": b'{"model_type": "gpt2"}'},
        "someone/no-weights": without_weights,
        "someone/no-tokenizer": {name: data for name, data in files.items() if not name.startswith("tokenizer")},
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
    """A pickle that calls print if it is loaded without weights_only."""
    import io

    class Call:
        def __reduce__(self) -> tuple[Any, ...]:
            return print, ("foreign code was run",)

    buffer = io.BytesIO()
    torch.save({"bert.embeddings.word_embeddings.weight": Call()}, buffer)
    return buffer.getvalue()


def shards(weights: bytes) -> dict[str, bytes]:
    from safetensors.torch import load, save

    tensors = sorted(load(weights).items())
    parts = {f"model-0000{i + 1}-of-00002.safetensors": dict(tensors[i::2]) for i in range(2)}
    index = {"metadata": {}, "weight_map": {key: part for part, shard in parts.items() for key in shard}}
    contents = {part: save(shard, {"format": "pt"}) for part, shard in parts.items()}
    return {**contents, "model.safetensors.index.json": json.dumps(index).encode()}


def run(environment: dict[str, str], *names: str, script: str = BUILD) -> tuple[list[dict[str, Any]], str]:
    """The results of loading these encoders in a new process, and its stderr."""
    process = subprocess.run(
        [sys.executable, "-c", script, *names],
        env={**os.environ, "OMP_NUM_THREADS": "1", **environment},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert process.returncode == 0, process.stderr
    assert "foreign code" not in process.stdout + process.stderr
    return [json.loads(line) for line in process.stdout.splitlines()], process.stderr


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def results(shared_hub: Hub, cache: Path) -> Results:
    """The results for all repositories that no test changes, by name, and the log."""
    loaded, log = run(shared_hub.environment(cache), *MESSAGES, *USABLE)
    return dict(zip((*MESSAGES, *USABLE), loaded, strict=True)), log


def count_requests(hub: Hub, repository: str, file: str) -> int:
    return sum(line.startswith(f"GET {repository}/resolve/") and line.endswith(f"/{file}") for line in hub.requests)


@pytest.mark.parametrize("name", USABLE)
def test_usable_encoders_are_loaded_without_their_code(results: Results, shared_hub: Hub, name: str) -> None:
    assert results[0][name].get("layers") == 3, results[0][name]
    assert results[0][name]["finite"]
    assert not any(line.endswith((".py", ".h5", ".md")) for line in shared_hub.requests)


@pytest.mark.parametrize(("name", "message"), MESSAGES.items())
def test_unusable_encoders_get_an_error(results: Results, shared_hub: Hub, name: str, message: str) -> None:
    assert message in results[0][name]["error"]
    assert results[0][name]["hint"]
    if name not in ("someone/garbled", "someone/trojan"):  # all others are refused before the large download
        assert not count_requests(shared_hub, name, "model.safetensors")


def test_pickled_weights_are_loaded_safely_with_a_warning(results: Results, shared_hub: Hub) -> None:
    assert "someone/pickled has no safetensors file. Its pickled weights are read with weights_only=True." in results[1]
    assert "someone/bert has no" not in results[1]
    # By default, transformers asks a bot of the hub to convert them.
    assert not any("discussions" in line for line in shared_hub.requests)


@pytest.mark.slow
def test_without_a_network_cached_encoders_load_and_others_fail_fast(results: Results, cache: Path) -> None:
    (cached, missing), _ = run(
        {**Hub({}).environment(cache), "HF_ENDPOINT": UNREACHABLE}, "someone/bert", "someone/else"
    )
    assert cached["layers"] == 3
    assert "could not be reached to download someone/else" in missing["error"]
    assert "all-MiniLM-L6-v2" in missing["hint"]
    assert missing["seconds"] < 5


def test_counting_tokens_needs_neither_weights_nor_torch(hub: Hub, tmp_path: Path) -> None:
    assert run(hub.environment(tmp_path), "someone/bert", script=TOKENIZE)[0] == [{"pieces": [5], "torch": False}]
    assert not count_requests(hub, "someone/bert", "model.safetensors")


@pytest.mark.slow
def test_an_interrupted_download_is_resumed_or_can_be_started_again(hub: Hub, tmp_path: Path) -> None:
    # The small file is never received in part, so all six attempts of the library fail. The large file is resumed.
    hub.interruptions = {"tokenizer_config.json": 6, "model.safetensors": 1}
    (interrupted, complete), _ = run(hub.environment(tmp_path), "someone/bert", "someone/bert")
    assert "The download of someone/bert was interrupted" in interrupted["error"]
    assert "start again" in interrupted["hint"]
    assert complete["layers"] == 3
    assert hub.resumed == ["model.safetensors"]
    assert count_requests(hub, "someone/bert", "model.safetensors") == 2


@pytest.mark.parametrize(
    ("missing", "message"),
    [
        ("config.json", "there is no config.json"),
        ("model.safetensors", "has no complete weights"),
        ("tokenizer.json", "has no tokenizer"),
        ("", ""),
    ],
)
def test_a_local_folder_must_be_complete(tmp_path: Path, files: dict[str, bytes], missing: str, message: str) -> None:
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
def test_a_missing_local_folder_gets_an_error(path: str) -> None:
    with pytest.raises(ModelError, match="Expected a folder with an encoder, found none"):
        check_local_folder(path)
