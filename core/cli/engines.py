"""The command ``python -m core engines``: compare prediction engines on this host and say which one is used."""

import argparse
import sys
from typing import TYPE_CHECKING

from core.cli.commands import open_run
from core.formatting import format_percent, pluralize

if TYPE_CHECKING:
    from core.models.engines.choice import Choice


def engines(options: argparse.Namespace) -> int:
    """Compare the engines on the run's validation rows, once per host, and print what was chosen and why."""
    from core.models.engines.choice import DEFAULT_LIMITS, Limits
    from core.models.engines.selection import ValidationRows, choose_engine

    run = open_run(options.workspace, options.run)
    frame = run.split("validation")
    rows = ValidationRows(frame["text"].tolist(), run.task.encode(frame["label"].tolist()))
    print(f"Comparing engines on {pluralize(len(frame), 'validation text')} ...", file=sys.stderr)
    limits = Limits(min_agreement=options.min_agreement, max_score_loss=DEFAULT_LIMITS.max_score_loss)
    _print_choice(choose_engine(run.model_folder, rows, limits))
    return 0


def _print_choice(choice: "Choice") -> None:
    print(f"{'engine':<16}{'texts per second':>18}{'same predictions':>18}")
    for result in sorted(choice.trial.results, key=lambda result: -result.texts_per_second):
        if result.problem:
            print(f"{result.name:<16}  {result.problem}")
        else:
            print(f"{result.name:<16}{result.texts_per_second:>18,.0f}{format_percent(result.agreement):>18}")
    print(f"\nUsed on this host: {choice.engine}. {choice.reason}")
