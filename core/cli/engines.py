"""The command ``python -m core engines``: compare prediction engines on this host and say which one is used."""

import argparse
import math
import sys
from typing import TYPE_CHECKING

from core.cli.commands import open_run
from core.formatting import format_number, format_percent, pluralize

if TYPE_CHECKING:
    from core.models.engines.choice import Choice, Limits


def engines(options: argparse.Namespace) -> int:
    """Compare the engines on the run's validation rows, once per host, and print what was chosen and why."""
    from core.models.engines.choice import DEFAULT_LIMITS, Limits
    from core.models.engines.selection import choose_engine
    from core.prediction.engine_trial import validation_rows

    run = open_run(options.workspace, options.run)
    rows = validation_rows(run)
    print(f"Comparing engines on {pluralize(len(rows.texts), 'validation text')} ...", file=sys.stderr)
    limits = Limits(min_agreement=options.min_agreement, max_score_loss=DEFAULT_LIMITS.max_score_loss)
    _print_choice(choose_engine(run.model_folder, rows, limits), limits)
    return 0


def _print_choice(choice: "Choice", limits: "Limits") -> None:
    from core.models.engines.base import TITLES
    from core.models.engines.report import results_table

    names = {title: name for name, title in TITLES.items()}
    print(f"{'engine':<21}{'texts per second':>18}{'same answers':>14}{'change of score':>17}  result")
    for row in results_table(choice, limits).to_dict("records"):
        speed = _shown(row["texts_per_second"], format_number(row["texts_per_second"], 0))
        agreement = _shown(row["agreement"], format_percent(row["agreement"]))
        change = _shown(row["score_change"], f"{row['score_change']:+.2f}")
        print(f"{names[row['engine']]:<21}{speed:>18}{agreement:>14}{change:>17}  {row['result']}")
    print(f"\nUsed on this host: {choice.engine}. {choice.reason}")


def _shown(value: float, text: str) -> str:
    return "–" if math.isnan(value) else text
