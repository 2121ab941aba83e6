"""Zips that must not be imported: each is made from a good one by one change, with a part of the sentence that refuses it."""

import io
import json
import stat
import warnings
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.numpy

Files = dict[str, bytes]
Change = Callable[[Files], None]
_CONFIG, _RUN, _WEIGHTS, _TOKENIZER = "model/config.json", "run.json", "model/model.safetensors", "model/tokenizer.json"
_LOGITS, _ROWS, _RULE = "evaluation/logits.safetensors", "splits/train.jsonl", "model/decision_rule.json"
_PICKLE = b"\x80\x04\x95\x1b\x00\x00\x00\x00\x00\x00\x00\x8c\x05posix\x94\x8c\x06system\x94\x93\x94\x8c\x02id\x94\x85\x94R\x94."


def read_files(path: Path) -> Files:
    """The contents of a zip by name."""
    with zipfile.ZipFile(path) as archive:
        return {info.filename: archive.read(info) for info in archive.infolist()}


def pack(files: Files, compression: int = zipfile.ZIP_STORED) -> bytes:
    """A zip of files."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def _set(name: str, **fields: Any) -> Change:
    """Set fields of a JSON file."""

    def change(files: Files) -> None:
        files[name] = json.dumps(json.loads(files[name]) | fields).encode()

    return change


def _add(name: str, data: bytes = b"x") -> Change:
    """Add or replace a file."""
    return lambda files: files.update({name: data})


def _tensor(name: str, tensor: str, value: np.ndarray | None) -> Change:
    """Replace a tensor, or remove it."""

    def change(files: Files) -> None:
        tensors = safetensors.numpy.load(files[name])
        if value is None:
            del tensors[tensor]
        else:
            tensors[tensor] = value
        files[name] = safetensors.numpy.save(tensors, {"format": "pt"})

    return change


def _part(part: str, value: Any) -> Change:
    return _set(_TOKENIZER, **{part: value})


def _header(change: Callable[[dict[str, Any]], None]) -> Change:
    """Change the header of the weights, and leave the data."""

    def apply(files: Files) -> None:
        data = files[_WEIGHTS]
        length = int.from_bytes(data[:8], "little")
        header = json.loads(data[8 : 8 + length])
        change(header)
        changed = json.dumps(header).encode()
        files[_WEIGHTS] = len(changed).to_bytes(8, "little") + changed + data[8 + length :]

    return apply


def _huge_tensor(header: dict[str, Any]) -> None:
    next(entry for name, entry in header.items() if name != "__metadata__")["shape"] = [1 << 40, 1 << 20]


def _half_precision(header: dict[str, Any]) -> None:
    next(entry for name, entry in header.items() if name != "__metadata__")["dtype"] = "F16"


def _overlapping_tensors(header: dict[str, Any]) -> None:
    """Two tensors of the same size share their bytes; the bytes of the second belong to nothing."""
    entries = [entry for name, entry in header.items() if name != "__metadata__"]
    sizes = [entry["data_offsets"][1] - entry["data_offsets"][0] for entry in entries]
    first, second = next((a, b) for a in range(len(sizes)) for b in range(a) if sizes[a] == sizes[b])
    entries[first]["data_offsets"] = entries[second]["data_offsets"]


def _many_tensors(header: dict[str, Any]) -> None:
    header |= {f"t{i}": {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]} for i in range(10_001)}


def _negative_shape(header: dict[str, Any]) -> None:
    next(entry for name, entry in header.items() if name != "__metadata__")["shape"] = [-1, -1]


def _labels(*names: str) -> Change:
    """Other labels in run.json."""

    def change(files: Files) -> None:
        run = json.loads(files[_RUN])
        files[_RUN] = json.dumps(run | {"task": run["task"] | {"labels": names}}).encode()

    return change


def _add_first_row(line: bytes) -> Change:
    return lambda files: files.update({_ROWS: line + b"\n" + files[_ROWS]})


def _word_piece(**fields: Any) -> Change:
    """Change fields of the tokenizer's model."""

    def change(files: Files) -> None:
        tokenizer = json.loads(files[_TOKENIZER])
        files[_TOKENIZER] = json.dumps(tokenizer | {"model": tokenizer["model"] | fields}).encode()

    return change


def _id_out_of_range(files: Files) -> None:
    tokenizer = json.loads(files[_TOKENIZER])
    vocabulary = tokenizer["model"]["vocab"]
    vocabulary[next(reversed(vocabulary))] = 10**6
    files[_TOKENIZER] = json.dumps(tokenizer).encode()


def _drop_row(files: Files) -> None:
    files[_ROWS] = b"".join(files[_ROWS].splitlines(keepends=True)[1:])


def _other_text(files: Files) -> None:
    first, rest = files[_ROWS].split(b"\n", 1)
    files[_ROWS] = json.dumps(json.loads(first) | {"text": "another text"}).encode() + b"\n" + rest


def _other_label(files: Files) -> None:
    first, rest = files[_ROWS].split(b"\n", 1)
    files[_ROWS] = json.dumps(json.loads(first) | {"label": "unheard of"}).encode() + b"\n" + rest


# name: (the change, a part of the sentence)
CHANGED_FILES: dict[str, tuple[Change, str]] = {
    "path traversal": (_add("../evil.json"), "'../evil.json', which does not belong"),
    "path traversal inside": (_add("model/../../evil.json"), "which does not belong"),
    "absolute name": (_add("/etc/passwd"), "'/etc/passwd', which does not belong"),
    "drive letter": (_add("C:\\evil.json"), "which does not belong"),
    "backslashes": (_add("model\\..\\config.json"), "which does not belong"),
    "python file": (_add("model/modeling.py"), "'model/modeling.py', which does not belong"),
    "pickled weights": (_add("model/pytorch_model.bin", _PICKLE), "which does not belong"),
    "nested zip": (_add("model/inner.zip", pack({"run.json": b"{}"})), "which does not belong"),
    "pickle named safetensors": (_add(_WEIGHTS, _PICKLE), "is not a safetensors file"),
    "zip named safetensors": (_add(_WEIGHTS, pack({"a": b"x" * 100})), "is not a safetensors file"),
    "empty weights": (_add(_WEIGHTS, b""), "is not a safetensors file"),
    "pickle named json": (_add(_CONFIG, _PICKLE), "is not valid JSON"),
    "deeply nested json": (_add(_CONFIG, b"[" * 200_000), "is not valid JSON"),
    "json that is a list": (_add(_CONFIG, b"[1]"), "expected a JSON object"),
    "json with NaN": (_add(_RULE, b'{"abstain_below": NaN}'), "is not valid JSON"),
    "missing weights": (lambda files: files.__delitem__(_WEIGHTS), "model/model.safetensors is missing"),
    "missing run": (lambda files: files.__delitem__(_RUN), "run.json is missing"),
    "missing rows": (lambda files: files.__delitem__(_ROWS), "splits/train.jsonl is missing"),
    "auto_map": (_set(_CONFIG, auto_map={"AutoConfig": "evil.Config"}), "can run other code"),
    "attention from the hub": (_set(_CONFIG, _attn_implementation="evil/kernel"), "can run other code"),
    "attention implementation": (_set(_CONFIG, attn_implementation="evil/kernel"), "can run other code"),
    "internal attention": (_set(_CONFIG, _attn_implementation_internal="evil/kernel"), "can run other code"),
    "quantization": (_set(_CONFIG, quantization_config={"quant_method": "x"}), "can run other code"),
    "tokenizer code": (_set("model/tokenizer_config.json", auto_map={"AutoTokenizer": ["a.B"]}), "can run other code"),
    "unknown architecture": (_set(_CONFIG, model_type="gpt2"), "as model_type, found 'gpt2'"),
    "decoder": (_set(_CONFIG, is_decoder=True), "generates text"),
    "huge hidden size": (_set(_CONFIG, hidden_size=10**9), "as hidden_size"),
    "huge number of layers": (_set(_CONFIG, num_hidden_layers=10**6), "as num_hidden_layers"),
    "huge vocabulary": (_set(_CONFIG, vocab_size=10**12), "as vocab_size"),
    "text as a size": (_set(_CONFIG, hidden_size="32"), "as hidden_size"),
    "true as a size": (_set(_CONFIG, num_attention_heads=True), "as num_attention_heads"),
    "activation by name": (_set(_CONFIG, hidden_act="__import__"), "as hidden_act"),
    "negative dropout": (_set(_CONFIG, hidden_dropout_prob=-1), "as hidden_dropout_prob"),
    "other labels": (_set(_CONFIG, id2label={"0": "x", "1": "y"}), "labels in config.json are not those"),
    "other task": (_set("model/studio.json", task={"kind": "regression", "labels": []}), "is not that in run.json"),
    "huge max_length": (_set("model/studio.json", max_length=10**9), "max_length from 1 to"),
    "newer format": (_set(_RUN, format_version=99), "written by a newer version"),
    "format that is a text": (_set(_RUN, format_version="2"), "is not a format version"),
    "damaged run": (_set(_RUN, config={"epochs": -5}), "run.json is damaged"),
    "negative sizes": (_set(_RUN, sizes={"train": -1, "validation": 0, "test": 0}), "expected sizes of splits"),
    "NaN weights": (_tensor(_WEIGHTS, "classifier.bias", np.full(2, np.nan, dtype=np.float32)), "NaN or infinite"),
    "declared shape": (_header(_huge_tensor), "bytes of weights"),
    "half precision": (_header(_half_precision), "expected float32 tensors"),
    "logits of another shape": (_tensor(_LOGITS, "validation/model", np.zeros((3, 2), dtype=np.float32)), "the shape"),
    "unknown logits": (_tensor(_LOGITS, "../x/model", np.zeros((3, 2), dtype=np.float32)), "which is not known"),
    "thresholds": (_set(_RULE, thresholds=[0.5] * 1_000), "1000 thresholds"),
    "rule out of range": (_set(_RULE, abstain_below=7), "decision_rule.json is damaged"),
    "a row is missing": (_drop_row, "rows in splits/train.jsonl"),
    "another text": (_other_text, "fingerprint differs"),
    "another label": (_other_label, "is not a row with"),
    "tokenizer that grows texts": (
        _part("normalizer", {"type": "Replace", "pattern": {"String": "a"}, "content": "a" * 1_000}),
        "by longer texts",
    ),
    "slow regular expression": (
        _part("pre_tokenizer", {"type": "Split", "pattern": {"Regex": "(a+)+$"}, "behavior": "Isolated"}),
        "regular expression",
    ),
    "zero-width space in a name": (_add("model/con\u200bfig.json"), "which does not belong"),
    "reversed name": (_add("model/\u202enosj.gifnoc"), "which does not belong"),
    "full-width name": (_add("ｒun.json"), "which does not belong"),
    "name in other case": (_add("MODEL/config.json"), "which does not belong"),
    "name with a dot": (_add("./run.json"), "which does not belong"),
    "overlapping tensors": (_header(_overlapping_tensors), "model.safetensors is damaged"),
    "many tensors": (_header(_many_tensors), "at most 10,000 tensors"),
    "negative shape": (_header(_negative_shape), "has no shape"),
    "header longer than the file": (_add(_WEIGHTS, b"\xff" * 7 + b"\x7f{}"), "is not a safetensors file"),
    "header of 10 MB": (_add(_WEIGHTS, (10_000_001).to_bytes(8, "little") + b" " * 10_000_001), "is not a safetensors"),
    "nested header": (_add(_WEIGHTS, (100_000).to_bytes(8, "little") + b"[" * 100_000), "is not a safetensors file"),
    "nested 500 levels": (_part("normalizer", json.loads("[" * 500 + "]" * 500)), "levels deep"),
    "number with a million digits": (_add(_RULE, b'{"abstain_below": ' + b"9" * 1_000_000 + b"}"), "is not valid JSON"),
    "number beyond infinity": (_add(_RULE, b'{"abstain_below": 1e999}'), "decision_rule.json is damaged"),
    "nested row": (_add_first_row(b'{"row": ' + b"[" * 200_000), "is not valid JSON"),
    "endless line": (_add_first_row(b'{"row": "' + b"x" * 10_000_001), "has more than 10,000,000 characters"),
    "one row too many": (_add_first_row(b'{"row": 1, "text": "a", "label": "no"}'), ""),
    "trusted code": (_set(_CONFIG, trust_remote_code=True), "can run other code"),
    "pipeline from the hub": (_set(_CONFIG, custom_pipelines={"x": {"impl": "evil.P"}}), "can run other code"),
    "unknown truncation": (_set("model/studio.json", truncation="evil"), "truncation 'evil'"),
    "label with a control character": (_labels("no", "yes\x1b[31m"), "control characters"),
    "label that reverses a line": (_labels("no", "\u202eyes"), "control characters"),
    "slow regular expression in a sequence": (
        _part(
            "pre_tokenizer",
            {
                "type": "Sequence",
                "pretokenizers": [{"type": "Split", "pattern": {"Regex": "(x+x+)+y"}, "behavior": "Removed"}],
            },
        ),
        "regular expression",
    ),
    "slow regular expression in the decoder": (
        _part("decoder", {"type": "Replace", "pattern": {"Regex": "(.*)*$"}, "content": ""}),
        "regular expression",
    ),
    "words of any length": (_word_piece(max_input_chars_per_word=10**9), "splits words of more than 1,000 characters"),
    "rare token without a vector": (_id_out_of_range, "id is not a number below"),
    "added token without a vector": (
        _part("added_tokens", [{"id": 10**9, "content": "x"}]),
        "id is not a number below",
    ),
    "negative id": (_part("model", {"type": "WordPiece", "vocab": {"a": -1}}), "id is not a number below"),
    "tokenizer of another model": (
        _part("model", {"type": "WordLevel", "vocab": dict.fromkeys(map(str, range(500)), 1)}),
        "tokens",
    ),
}
# These are found when the model is loaded in a process of its own, which takes seconds.
LOADED: dict[str, tuple[Change, str]] = {
    "wrong shape": (_tensor(_WEIGHTS, "classifier.bias", np.zeros(7, dtype=np.float32)), "do not have the shapes"),
    "missing tensor": (_tensor(_WEIGHTS, "classifier.bias", None), "do not have the shapes"),
    "large model, small weights": (_set(_CONFIG, hidden_size=8_192, num_hidden_layers=65), "do not have the shapes"),
    "garbage tokenizer": (_part("model", {"type": "WordPiece", "vocab": {"a": 1}}), "cannot be loaded"),
}


def _link(good: bytes) -> bytes:
    info = zipfile.ZipInfo("model/vocab.txt")
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    return _append(good, lambda archive: archive.writestr(info, "/etc/passwd"))


def _append(good: bytes, write: Callable[[zipfile.ZipFile], None]) -> bytes:
    buffer = io.BytesIO(good)
    with zipfile.ZipFile(buffer, "a") as archive:
        write(archive)
    return buffer.getvalue()


def _bomb(good: bytes) -> bytes:
    return _append(
        good, lambda archive: archive.writestr("model/vocab.txt", b"0" * 3_000_000, compress_type=zipfile.ZIP_DEFLATED)
    )


def _declared_size(good: bytes) -> bytes:
    """The central directory declares 3 GB for a small file."""
    with zipfile.ZipFile(io.BytesIO(good)) as archive:
        info = archive.getinfo(_RUN)
    start = good.rfind(b"PK\x01\x02", 0, good.rfind(_RUN.encode()))
    assert info.file_size == int.from_bytes(good[start + 24 : start + 28], "little")
    return good[: start + 24] + (3_000_000_000).to_bytes(4, "little") + good[start + 28 :]


def _duplicate(good: bytes) -> bytes:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return _append(good, lambda archive: archive.writestr("run.json", "{}"))


def _many_files(good: bytes) -> bytes:
    def write(archive: zipfile.ZipFile) -> None:
        for number in range(3_000):
            archive.writestr(f"model/{number:040}.json", b"{}")

    return _append(good, write)


def _encrypted(good: bytes) -> bytes:
    start = good.rfind(b"PK\x01\x02")
    return good[: start + 8] + b"\x01\x00" + good[start + 10 :]


def _wrong_checksum(good: bytes) -> bytes:
    with zipfile.ZipFile(io.BytesIO(good)) as archive:
        offset = archive.getinfo(_RUN).header_offset
    position = offset + 30 + len(_RUN) + 5
    return good[:position] + bytes([good[position] ^ 1]) + good[position + 1 :]


def _shared_contents(good: bytes) -> bytes:
    """The list says that model/studio.json begins where run.json does."""
    with zipfile.ZipFile(io.BytesIO(good)) as archive:
        offset = archive.getinfo(_RUN).header_offset
    start = good.rfind(b"PK\x01\x02", 0, good.rfind(b"model/studio.json"))
    return good[: start + 42] + offset.to_bytes(4, "little") + good[start + 46 :]


def _zip64_size(good: bytes) -> bytes:
    """A field of 64 bits declares 2^62 bytes."""
    info = zipfile.ZipInfo("model/vocab.txt")
    changed = _append(good, lambda archive: archive.writestr(info, b"x"))
    start = changed.rfind(b"PK\x01\x02")
    name = int.from_bytes(changed[start + 28 : start + 30], "little")
    extra = b"\x01\x00\x08\x00" + (2**62).to_bytes(8, "little")
    entry = bytearray(changed[start : start + 46 + name])
    entry[24:28], entry[30:32] = b"\xff" * 4, len(extra).to_bytes(2, "little")
    end = bytearray(changed[start + 46 + name :])
    size = int.from_bytes(end[12:16], "little") + len(extra)
    end[12:16] = size.to_bytes(4, "little")
    return changed[:start] + bytes(entry) + extra + bytes(end)


def _zip64_list(good: bytes) -> bytes:
    """A record of 64-bit numbers declares a list of files of a terabyte; the one of 32 bits says nothing of it."""
    record = b"PK\x06\x06" + (44).to_bytes(8, "little") + bytes(28) + (10**12).to_bytes(8, "little") + bytes(8)
    locator = b"PK\x06\x07" + bytes(4) + (len(good) - 22).to_bytes(8, "little") + (1).to_bytes(4, "little")
    return good[:-22] + record + locator + good[-22:]


def _strongly_encrypted(good: bytes) -> bytes:
    start = good.rfind(b"PK\x01\x02", 0, good.rfind(_RUN.encode()))
    return good[: start + 8] + b"\x40\x00" + good[start + 10 :]


def _null_byte(good: bytes) -> bytes:
    return good.replace(b"run.json", b"run.j\x00on")


def _device(good: bytes) -> bytes:
    info = zipfile.ZipInfo("model/vocab.txt")
    info.external_attr = (stat.S_IFBLK | 0o777) << 16
    return _append(good, lambda archive: archive.writestr(info, ""))


CHANGED_ZIPS: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "link": (_link, "not a regular file"),
    "bomb": (_bomb, "times its packed size"),
    "declared size": (_declared_size, "at most 64,000,000 are allowed"),
    "many files": (_many_files, "far more than 100 files"),
    "duplicate name": (_duplicate, "two files with the name"),
    "encrypted": (_encrypted, "is encrypted"),
    "shared contents": (_shared_contents, "is damaged"),
    "size in 64 bits": (_zip64_size, "and at most"),
    "list in 64 bits": (_zip64_list, "far more than 100 files"),
    "strong encryption": (_strongly_encrypted, "run.json is damaged"),
    "null byte in a name": (_null_byte, "which does not belong"),
    "device": (_device, "not a regular file"),
    "wrong checksum": (_wrong_checksum, "run.json is damaged"),
    "truncated": (lambda good: good[: len(good) // 2], "not a zip file"),
    "empty": (lambda good: b"", "not a zip file"),
    "garbage": (lambda good: zlib.compress(good[:10_000]), "not a zip file"),
    "only an end": (lambda good: b"PK\x05\x06" + b"\xff" * 18, "far more than 100 files"),
}
