"""Every training setting can be chosen on the command line."""

from dataclasses import fields

import pytest

from core.cli.parser import make_parser
from core.cli.training_options import chosen_settings
from core.errors import ConfigError
from core.training.config import TrainingConfig

COMMAND = ("train", "x.csv", "--text", "a", "--label", "b")


def test_every_setting_has_an_option() -> None:
    options = make_parser().parse_args(COMMAND)
    assert {field.name for field in fields(TrainingConfig)} <= set(vars(options))


def test_only_chosen_settings_replace_the_recommended_ones() -> None:
    chosen = ["--truncation", "head_tail", "--warmup-ratio", "0.2", "--no-freeze-embeddings", "--frozen-layers", "1"]
    assert chosen_settings(make_parser().parse_args([*COMMAND, *chosen, "--method", "instant"])) == {
        "method": "instant",
        "encoder": TrainingConfig.encoder,
        "seed": 42,
        "truncation": "head_tail",
        "warmup_ratio": 0.2,
        "freeze_embeddings": False,
        "frozen_layers": 1,
    }


def test_a_setting_out_of_range_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"dropout between 0 and 0\.5, found 0\.9"):
        chosen_settings(make_parser().parse_args([*COMMAND, "--dropout", "0.9"]))
