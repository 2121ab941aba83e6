"""An exported zip is a run again after its import, and zips that are not what they should be are refused with a sentence."""

import json
import stat
import sys
from pathlib import Path

import pytest

from core import decision_rule, run_evaluation
from core.decision_rule import DecisionRule
from core.errors import StudioError
from core.experiments.worker import run_worker
from core.models.classifier import load_classifier
from core.prediction.export import write_zip
from core.prediction.importing import import_bundle
from core.reports.markdown import render_markdown
from core.runs import Run, create_run, list_runs
from core.training.config import TrainingConfig
from core.workspace import Workspace
from tests.finished import TASKS
from tests.prediction.hostile_bundles import CHANGED_FILES, CHANGED_ZIPS, LOADED, pack, read_files
from tests.toy import TOY_SOURCE
from tests.training.cases import toy

_FILE_CHANGES = CHANGED_FILES | LOADED
_TEXTS = ["the red apple is very sweet", "one cold sea is very blue"]


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory, tiny_encoder: str) -> dict[str, tuple[Run, Path]]:
    """An instant run of each task and its zip."""
    home = tmp_path_factory.mktemp("home")
    workspace = Workspace(home / "workspaces" / "local", home)
    exported = {}
    for kind in TASKS:
        config = TrainingConfig(method="instant", encoder=tiny_encoder, max_length=16)
        run = create_run(workspace, toy(kind), config, f"A {kind} run", TOY_SOURCE)
        run_worker(run, home)
        path = home / f"{kind}.zip"
        with path.open("wb") as file:
            write_zip(run, file, render_markdown)
        exported[kind] = run, path
    return exported


@pytest.mark.parametrize(
    "kind", [kind if kind == "multiclass" else pytest.param(kind, marks=pytest.mark.slow) for kind in TASKS]
)
def test_an_imported_run_predicts_and_is_evaluated_as_the_original(
    kind: str, exported: dict[str, tuple[Run, Path]], workspace: Workspace
) -> None:
    original, path = exported[kind]
    run = import_bundle(workspace, path)
    assert list_runs(workspace) == [run]
    assert (run.name, run.source, run.task, run.sizes) == (original.name, "imported", original.task, original.sizes)
    assert run.config.encoder == "(a folder on another machine)"
    assert stat.S_IMODE(run.folder.stat().st_mode) == 0o700
    assert not list(run.folder.rglob("*.onnx")), "an ONNX file of a stranger is not kept"
    logits = [load_classifier(of.model_folder).logits(_TEXTS) for of in (run, original)]
    assert logits[0] == pytest.approx(logits[1], abs=1e-5)
    results = [of.result() for of in (run, original)]
    assert results[0] is not None
    assert results[1] is not None
    assert results[0].validation == pytest.approx(results[1].validation)
    assert results[0].test == pytest.approx(results[1].test)
    assert results[0].baselines.keys() >= {"majority", "tfidf"}
    assert decision_rule.load(run.model_folder) == decision_rule.load(original.model_folder)
    for split in ("validation", "test"):
        estimates = [run_evaluation.metric_estimates(of, split)["model"] for of in (run, original)]
        assert estimates[0] == estimates[1]


@pytest.mark.slow
def test_an_imported_run_can_be_exported_and_imported_again(
    exported: dict[str, tuple[Run, Path]], workspace: Workspace, tmp_path: Path
) -> None:
    run = import_bundle(workspace, exported["binary"][1])
    decision_rule.save(DecisionRule(thresholds=(0.4,), abstain_below=0.6), run.model_folder)
    with (tmp_path / "again.zip").open("wb") as file:
        write_zip(run, file, render_markdown)
    again = import_bundle(workspace, tmp_path / "again.zip")
    assert decision_rule.load(again.model_folder) == DecisionRule(thresholds=(0.4,), abstain_below=0.6)


@pytest.mark.parametrize(
    "change", [*CHANGED_FILES, *(pytest.param(change, marks=pytest.mark.slow) for change in LOADED)]
)
def test_a_zip_with_a_hostile_file_is_refused(
    change: str, exported: dict[str, tuple[Run, Path]], workspace: Workspace, tmp_path: Path
) -> None:
    apply, sentence = _FILE_CHANGES[change]
    files = read_files(exported["binary"][1])
    apply(files)
    (tmp_path / "hostile.zip").write_bytes(pack(files))
    refused(workspace, tmp_path / "hostile.zip", sentence)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit of file sizes")
def test_a_disk_without_room_is_named_and_nothing_is_left(
    exported: dict[str, tuple[Run, Path]], workspace: Workspace
) -> None:
    import resource

    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000, limits[1]))
    try:
        with pytest.raises(StudioError, match="could not be stored: File too large"):
            import_bundle(workspace, exported["binary"][1])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert list_runs(workspace) == []


@pytest.mark.parametrize("change", CHANGED_ZIPS)
def test_a_hostile_zip_is_refused(
    change: str, exported: dict[str, tuple[Run, Path]], workspace: Workspace, tmp_path: Path
) -> None:
    apply, sentence = CHANGED_ZIPS[change]
    (tmp_path / "hostile.zip").write_bytes(apply(exported["binary"][1].read_bytes()))
    refused(workspace, tmp_path / "hostile.zip", sentence)


def refused(workspace: Workspace, path: Path, sentence: str) -> None:
    """The import is refused with a sentence, and leaves no folder behind."""
    with pytest.raises(StudioError) as error:
        import_bundle(workspace, path)
    assert error.value.message.startswith("The zip was not imported: ")
    assert sentence in error.value.message
    assert error.value.hint
    assert not workspace.runs.exists() or [*workspace.runs.glob("*")] in ([], [workspace.runs / ".new"])
    assert not [*workspace.runs.glob(".new/*")]


@pytest.mark.slow
def test_what_is_hostile_but_not_needed_is_left_out(
    exported: dict[str, tuple[Run, Path]], workspace: Workspace, tmp_path: Path
) -> None:
    files = read_files(exported["binary"][1])
    harmless = {
        "run.json": {"name": "<script>evil</script>\x1b[31m\u202e"},
        "model/config.json": {"_name_or_path": "evil/model", "chat_template": "{{ evil }}", "hidden_dropout_prob": 0.1},
        "model/tokenizer_config.json": {"chat_template": "{{ evil }}", "tokenizer_file": "/etc/evil"},
    }
    for name, fields in harmless.items():
        files[name] = json.dumps(json.loads(files[name]) | fields).encode()
    files |= {"model/onnx/model.onnx": b"evil", "predict.py": b"evil", "model/special_tokens_map.json": b"evil"}
    (tmp_path / "model.zip").write_bytes(pack(files))
    run = import_bundle(workspace, tmp_path / "model.zip")
    assert run.name == "<script>evil</script> [31m"
    stored = {path.name: path.read_bytes() for path in run.folder.rglob("*") if path.is_file()}
    assert [name for name, data in stored.items() if b"evil" in data] == ["run.json"]
