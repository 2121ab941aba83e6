"""Upgrades of records that version 0.1 wrote (format version 1) to the present format. Old names live here alone."""

import json
from pathlib import Path
from typing import Any

import numpy as np

_CONFIG_NAMES = {
    "accumulation": "gradient_accumulation_steps",
    "class_balance": "class_weight_power",
    "max_gradient_norm": "max_grad_norm",
    "token_dropout": "token_mask_rate",
    "warm_head": "init_fitted_head",
    "warmup_share": "warmup_ratio",
}
_SPLIT_NAMES = {"keep_near": "group_near_duplicates"}
_RULE_NAMES = {
    "answer_when": "abstain_below",
    "half_width": "interval_half_width",
    "level": "interval_level",
}
_RULE_FILE = "decision.json"


def rename_settings(config: dict[str, Any]) -> dict[str, Any]:
    """Training settings under their present names."""
    return {_CONFIG_NAMES.get(name, name): value for name, value in config.items()}


def upgrade_run(record: dict[str, Any]) -> dict[str, Any]:
    """The record of run.json in the present format."""
    group = record.get("group")
    return _with_split_config(record) | {
        "config": rename_settings(record["config"]),
        "dataset": {"id": ""} | record["dataset"],
        "group": _renamed(group, {"of": "size"}) if group else None,
    }


def upgrade_dataset(record: dict[str, Any]) -> dict[str, Any]:
    """The record of dataset.json in the present format."""
    return _with_split_config(record) | {"source": _renamed(record["source"], {"form": "format"})}


def upgrade_search(record: dict[str, Any]) -> dict[str, Any]:
    """The record of search.json in the present format."""
    space = [{**setting, "name": _CONFIG_NAMES.get(setting["name"], setting["name"])} for setting in record["space"]]
    return _with_split_config(record) | {"config": rename_settings(record["config"]), "space": space}


def read_legacy_rule(model_folder: Path) -> dict[str, Any] | None:
    """The decision rule that version 0.1 kept beside a model, under present names and without its temperature.

    None where there is no such file.

    Raises:
        ValueError: the file is not a JSON object.
    """
    rule = _read_rule(model_folder)
    return None if rule is None else {_RULE_NAMES.get(k, k): v for k, v in rule.items() if k != "temperature"}


def legacy_temperature(model_folder: Path) -> float:
    """The temperature that version 0.1 kept in a file beside a model; 1 for every later model, whose output layer has it.

    A file that cannot be read counts as 1: loading the decision rule reports it.
    """
    try:
        rule = _read_rule(model_folder) or {}
        temperature = float(rule.get("temperature", 1.0))
    except (OSError, TypeError, ValueError):
        return 1.0
    return temperature if np.isfinite(temperature) and temperature > 0 else 1.0


def _read_rule(model_folder: Path) -> dict[str, Any] | None:
    path = model_folder / _RULE_FILE
    if not path.exists():
        return None
    rule = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(rule, dict):
        raise ValueError(f"{_RULE_FILE} is not a JSON object")
    return rule


def _with_split_config(record: dict[str, Any]) -> dict[str, Any]:
    """The record with its plan as split_config."""
    others = {name: value for name, value in record.items() if name != "plan"}
    return others | {"split_config": _renamed(record["plan"], _SPLIT_NAMES)}


def _renamed(record: dict[str, Any], names: dict[str, str]) -> dict[str, Any]:
    return {names.get(name, name): value for name, value in record.items()}
