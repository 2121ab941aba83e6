"""The code of Train is valid for all settings, and reaches the metrics of the app."""

import ast
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from core.codegen.data import rows_table
from core.codegen.train import INSTANT_TOLERANCE, train_code
from core.data.columns import apply_columns
from core.data.samples import SAMPLES, Sample
from core.data.splitting import SplitConfig, Splits, split
from core.evaluation.metrics.definitions import MAIN_METRIC
from core.evaluation.metrics.summary import summarize
from core.experiments.worker import run_worker
from core.jobs.events import ignore_event
from core.models.encoders import BUILT_IN, built_in_folder
from core.models.features import load_frozen_encoder
from core.runs import create_run
from core.task import Task
from core.training.config import TrainingConfig
from core.training.linear_probe import fit_probe
from core.workspace import Workspace
from tests.codegen.run_code import run_code
from tests.finished import TASKS
from tests.toy import TOY_SOURCE
from tests.training.cases import toy

_HOSTILE = Task("binary", ('"""', "'); raise SystemExit({{ 7 }})\n#"))
_SETTINGS: tuple[dict[str, Any], ...] = (
    {},
    {"method": "instant"},
    {"init_fitted_head": False},
    {"encoder": "distilbert/distilbert-base-uncased", "frozen_layers": 1},
    {
        "layer_decay": 0.9,
        "token_mask_rate": 0.15,
        "class_weight_power": 0.5,
        "label_smoothing": 0.1,
        "frozen_layers": 2,
        "patience": 3,
        "truncation": "head_tail",
        "gradient_checkpointing": True,
    },
)
# A training of its own with another order of batches, on 16 toy texts that are easy to tell apart.
_TRAINER_TOLERANCE = 0.1


@pytest.mark.parametrize(("task", "settings"), list(product([*TASKS.values(), _HOSTILE], _SETTINGS)))
def test_the_code_is_valid_and_names_the_labels_only_as_literals(task: Task, settings: dict[str, Any]) -> None:
    module = ast.parse(train_code(task, TrainingConfig(**settings), 100, "rows.parquet"))
    constants = {node.value for node in ast.walk(module) if isinstance(node, ast.Constant)}
    assert {"rows.parquet", *task.labels} <= {value for value in constants if isinstance(value, str)}
    names = [node.targets[0] for node in module.body if isinstance(node, ast.Assign)]
    defined = {name.id for name in names if isinstance(name, ast.Name)}
    assert {"ROWS", "ENCODER", "SEED"} <= defined
    assert ("trainer" in defined) == (settings.get("method") != "instant")


def _write_rows(splits: Splits, folder: Path) -> Path:
    rows_table(splits).to_parquet(folder / "rows.parquet", index=False)
    return folder


def _metrics(printed: str) -> dict[str, dict[str, float]]:
    """What the code printed for each split, with plain names of metrics."""
    lines = [line.partition(" ") for line in printed.splitlines() if line.startswith(("validation ", "test "))]
    values = {}
    for split_name, _, rest in lines:
        metrics = eval(rest, {"np": __import__("numpy")})
        values[split_name] = {name.removeprefix(f"{split_name}_"): float(value) for name, value in metrics.items()}
    return values


@pytest.mark.slow
@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.file)
def test_instant_has_the_metrics_of_the_app_on_the_samples(sample: Sample, tmp_path: Path) -> None:
    labeled = apply_columns(sample.read(), sample.columns)
    splits, config = split(labeled, SplitConfig()), TrainingConfig(method="instant")
    # The hub's cache as it is after the encoder was downloaded.
    repository = tmp_path / "hub" / "models--sentence-transformers--all-MiniLM-L6-v2"
    (repository / "refs").mkdir(parents=True)
    (repository / "snapshots").mkdir()
    (repository / "refs" / "main").write_text("0" * 40)
    (repository / "snapshots" / ("0" * 40)).symlink_to(built_in_folder())
    offline = {"HF_HOME": str(tmp_path), "HF_HUB_OFFLINE": "1"}
    code = train_code(splits.task, config, len(splits.train), "rows.parquet")
    (result,) = run_code([code], [_write_rows(splits, tmp_path)], [], offline)
    encoder = load_frozen_encoder(BUILT_IN, config.max_length)
    logits = fit_probe(encoder, splits, config.seed, ignore_event, include_test=True).logits
    y_true = splits.task.encode(splits.test["label"].tolist())
    expected = summarize(splits.task, y_true, logits[len(splits.validation) :])
    printed = _metrics(result["printed"])["test"]
    assert printed == pytest.approx({name: expected[name] for name in printed}, abs=INSTANT_TOLERANCE)


@pytest.mark.slow
@pytest.mark.parametrize("kind", TASKS)
def test_fine_tuning_reaches_the_metric_of_the_app(
    kind: str, workspace: Workspace, tiny_encoder: str, tmp_path: Path
) -> None:
    config = TrainingConfig(
        encoder=tiny_encoder,
        epochs=12,
        learning_rate=2e-3,
        batch_size=8,
        max_length=16,
        layer_decay=0.9,
        token_mask_rate=0.05,
        class_weight_power=0.5,
    )
    splits = toy(kind)
    run = create_run(workspace, splits, config, kind, TOY_SOURCE)
    run_worker(run, workspace.home)
    app = run.result()
    assert app is not None
    folder = tmp_path / "code"
    folder.mkdir()
    code = train_code(splits.task, config, len(splits.train), "rows.parquet")
    (result,) = run_code([code], [_write_rows(splits, folder)], [])
    metric = MAIN_METRIC[splits.task.kind]
    printed = _metrics(result["printed"])["validation"][metric]
    assert printed == pytest.approx(app.validation[metric], abs=_TRAINER_TOLERANCE)
