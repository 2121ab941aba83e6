"""The estimated share of each class in a file, as ``predict --file`` prints it."""

import argparse
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from core.prediction.batch_shards import BatchSummary
from core.prediction.prevalence import (
    describe_basis,
    describe_checks,
    estimate_shares,
    format_estimates,
    labeled_split,
    why_no_estimate,
)
from core.runs import Run


def report_shares(model_folder: Path, summary: BatchSummary, options: argparse.Namespace) -> dict[str, Any] | None:
    """The estimated shares as a JSON object, printed as lines unless ``--json``; None where there is no estimate.

    Raises:
        StorageError: a stored file of the run is damaged.
    """
    if options.shares == "none":
        return None
    run = Run.open(model_folder.parent)
    split = options.shares or labeled_split(run)
    reason = why_no_estimate(run, summary)
    if not reason and not (run.sizes[split] and run.has_logits(split)):
        reason = f"The shares are not estimated, because the model has no {split} rows."
    if reason:
        print(reason, file=sys.stderr)
        return None
    if split == "test":
        run.record_test_view("command line")
    estimate = estimate_shares(run, summary, split)
    if not options.json:
        print("\nShare of each class, with 95% intervals" if run.task.labels else "\nMean, with its 95% interval")
        print("\n".join(f"  {line}" for line in format_estimates(estimate)))
        print(f"{describe_basis(estimate, split)} {describe_checks(estimate)}")
    return {"split": split, **asdict(estimate)}
