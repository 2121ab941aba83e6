"""``make bench``: run the benchmarks, or those named, and write ``bench.json``.

Each gives medians of runs that were interleaved, ours and theirs in turn, so that a noisy machine disturbs both alike.
"""

import json
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from tests.benchmarks.agnews import agnews_vs_recipe, agnews_vs_trainer
from tests.benchmarks.batch_memory import batch_memory
from tests.benchmarks.calibration import calibration
from tests.benchmarks.clinic import clinic_vs_tfidf
from tests.benchmarks.common import Figure
from tests.benchmarks.data_checks import data_checks
from tests.benchmarks.data_scaling import data_scaling
from tests.benchmarks.evaluation_honesty import evaluation_honesty
from tests.benchmarks.explanations import explanations
from tests.benchmarks.instant import instant_rows
from tests.benchmarks.interval_coverage import interval_coverage
from tests.benchmarks.matmul import matmul_share
from tests.benchmarks.page_load import page_load
from tests.benchmarks.page_switch import page_switch
from tests.benchmarks.predict_million import predict_million
from tests.benchmarks.predict_speed import predict_speed
from tests.benchmarks.quality import banking77_10shot, banking77_full, clear_r2, goemotions_f1
from tests.benchmarks.resources import memory_training, plan_error
from tests.benchmarks.service_batching import service_batching

BENCHMARKS: dict[str, Callable[[], list[Figure]]] = {
    "agnews_vs_recipe": agnews_vs_recipe,
    "agnews_vs_trainer": agnews_vs_trainer,
    "batch_memory": batch_memory,
    "data_checks": data_checks,
    "data_scaling": data_scaling,
    "evaluation_honesty": evaluation_honesty,
    "instant_rows": instant_rows,
    "interval_coverage": interval_coverage,
    "matmul_share": matmul_share,
    "memory_training": memory_training,
    "page_load": page_load,
    "page_switch": page_switch,
    "plan_error": plan_error,
    "predict_speed": predict_speed,
    "service_batching": service_batching,
}
# More than half an hour together: only run when named.
LONG: dict[str, Callable[[], list[Figure]]] = {
    "banking77_10shot": banking77_10shot,
    "banking77_full": banking77_full,
    "calibration": calibration,
    "clear_r2": clear_r2,
    "clinic_vs_tfidf": clinic_vs_tfidf,
    "explanations": explanations,
    "goemotions_f1": goemotions_f1,
    "predict_million": predict_million,
}
# Figures that can be named too: the benchmark that gives them runs.
FIGURES: dict[str, Callable[[], list[Figure]]] = {
    "engine_choice": predict_speed,
    "first_page": page_load,
    "layout_shift": page_load,
    "predict_vs_pipeline": predict_speed,
    "predict_vs_pipeline_32": predict_speed,
}


def main(names: list[str]) -> None:
    """Run the named benchmarks, or all but the long ones."""
    known = BENCHMARKS | LONG | FIGURES
    if unknown := set(names) - set(known):
        sys.exit(f"Unknown benchmark {', '.join(unknown)}. Known: {', '.join(known)}.")
    figures: list[Figure] = []
    for name in names or BENCHMARKS:
        print(f"== {name}", file=sys.stderr)
        figures += known[name]()
    for figure in figures:
        print(
            f"{figure.name}: ours {figure.ours:.4g}, theirs {figure.theirs:.4g} {figure.unit}, ratio {figure.ratio:.3g}"
        )
        print(f"  {figure.how}")
    Path("bench.json").write_text(json.dumps([asdict(figure) for figure in figures], indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
