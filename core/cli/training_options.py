"""The training settings as options of ``train``: every field of :class:`core.training.config.TrainingConfig`."""

import argparse
from typing import Any, get_args

from core.models.encoders import BUILT_IN
from core.models.truncation import Truncation
from core.training.config import Method, TrainingConfig
from core.training.settings import SETTING_GROUPS, SETTINGS

_TRUNCATION = "truncation"


def add_training_options(parser: argparse.ArgumentParser) -> None:
    """Add the method, the encoder, the seed and every setting, in the groups in which the page Train shows them."""
    parser.add_argument("--method", choices=get_args(Method), default="fine-tune", help="default: fine-tune")
    parser.add_argument(
        "--seed", type=int, default=TrainingConfig.seed, help="seed of all random numbers (default: 42)"
    )
    parser.add_argument(
        "--encoder", default=BUILT_IN, metavar="NAME", help="hub id or folder (default: the built-in encoder)"
    )
    for title, settings in SETTING_GROUPS.items():
        group = parser.add_argument_group(title.lower(), "default: recommended for the number of rows and labels")
        for setting in settings:
            if setting.name == "seed":  # the splits use it too, so it has a default
                continue
            flag, default = f"--{setting.name.replace('_', '-')}", getattr(TrainingConfig, setting.name)
            if isinstance(default, bool):
                group.add_argument(flag, action=argparse.BooleanOptionalAction, help=setting.description)
            else:
                number = float if setting.name == "epochs" else type(default)
                group.add_argument(flag, type=number, metavar="N", help=setting.description)
    parser.add_argument(
        f"--{_TRUNCATION}",
        choices=get_args(Truncation),
        help="what is read of a longer text: its head, or its head and its tail (default: head)",
    )


def chosen_settings(options: argparse.Namespace) -> dict[str, Any]:
    """The settings that somebody chose, by the name of the field; the recommended ones are left out.

    Raises:
        ConfigError: a setting is out of range.
    """
    chosen = {
        name: value
        for name in ("method", "encoder", *SETTINGS, _TRUNCATION)
        if (value := getattr(options, name)) is not None
    }
    TrainingConfig(**chosen)
    return chosen
