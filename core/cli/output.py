"""What the command line shows: a training as it goes, results as a table or as JSON."""

import json
import math
import sys
from typing import TYPE_CHECKING, Any

from core.errors import RunError
from core.runs import MODEL, Result, Run

if TYPE_CHECKING:
    from core.data.checks.report import CheckReport


def print_check(found: "CheckReport") -> None:
    """What is in a table and what is wrong with it."""
    table = found.table
    print(f"{table.name}: {table.form}, {len(table):,} rows, columns {', '.join(table.frame.columns[:20])}")
    if found.choice is not None:
        print(f"text: {found.choice.text}; label: {found.choice.label}; task: {found.choice.kind}")
    for name, count in list(found.labels.items())[:20]:
        print(f"  {count:>8,}  {name}")
    for finding in found.findings:
        repair = f" [{finding.repair.title}]" if finding.repair else ""
        print(f"{finding.severity:>8}  {finding.check}: {finding.message}{repair}")


def format_prediction(answer: dict[str, Any]) -> str:
    """An answer in words: what it is, how sure, within which bounds."""
    if "low" in answer:
        return f"{answer['label']:.4g} (between {answer['low']:.4g} and {answer['high']:.4g})"
    if answer["confidence"] is None:
        return f"{answer['label']:.4g}"
    label = answer["label"] if isinstance(answer["label"], str) else ", ".join(answer["label"]) or "none of the labels"
    doubt = "" if answer.get("sure", True) else "not sure, perhaps "
    return f"{doubt}{label} ({answer['confidence']:.0%})"


def train_and_wait(run: Run) -> None:
    """Start the run's process and draw its progress on stderr; Ctrl-C stops it in good order."""
    from tqdm import tqdm

    from core.experiments.launch import follow_events
    from core.jobs import process
    from core.jobs.events import Phase, Progress, Step, Validation

    process.start(run.folder)
    bar = tqdm(
        file=sys.stderr,
        unit="",
        bar_format="{desc:<12} {percentage:3.0f} %|{bar:30}| {n_fmt}/{total_fmt} [{elapsed}<{remaining}] {postfix}",
    )
    events = follow_events(run)
    while True:
        try:
            import core.run_evaluation  # noqa: F401 -- needed at the end; it loads while the child works

            for event in events:
                if isinstance(event, Phase):
                    bar.reset(total=1)
                    bar.set_description_str(event.name)
                elif isinstance(event, Progress):
                    bar.total = event.total
                    bar.update(event.done - bar.n)
                elif isinstance(event, Step):
                    bar.set_postfix_str(f"loss {event.loss:.3f}")
                elif isinstance(event, Validation):
                    shown = {
                        name: value
                        for name, value in event.metrics.items()
                        if name in ("accuracy", "f1_macro", "f1_micro", "r2")
                    }
                    bar.write(
                        f"  step {event.step}: " + ", ".join(f"{name} {value:.3f}" for name, value in shown.items()),
                        file=sys.stderr,
                    )
            break
        except KeyboardInterrupt:
            bar.write("Stopping; the best model so far is kept.", file=sys.stderr)
            process.stop(run.folder)
            events = follow_events(run)
        finally:
            bar.refresh()
    bar.close()


def print_result(run: Run, as_json: bool) -> None:
    """A finished run's scores and where its model lies, or all of it as one JSON object; counts as a look at the test rows.

    Raises:
        RunError: there is no model.
    """
    result = _result_of(run)
    run.record_test_view("command line")
    if as_json:
        from core import run_evaluation

        record: dict[str, Any] = {
            "run": run.id,
            "folder": str(run.folder),
            "validation": result.validation,
            "test": result.test,
        }
        record["intervals"] = {
            split: {each.name: [each.low, each.high] for each in run_evaluation.metric_estimates(run, split)[MODEL]}
            for split in ("validation", "test")
        }
        record |= {"seconds": round(result.seconds, 3), "peak_memory_mb": round(result.peak_memory_mb, 1)}
        print(json.dumps(_finite(record), ensure_ascii=False, indent=2))
    else:
        print_report(run)
        print(f"\nRun {run.id}\nThe model lies in {run.model_folder}")


def print_report(run: Run) -> None:
    """A table of scores with intervals, and whether fine-tuning paid."""
    from core import run_evaluation
    from core.evaluation.metrics.estimate import interval_sentence

    result = _result_of(run)
    split = "test" if run.record.sizes["test"] else "validation"
    metric_estimates, titles = (
        run_evaluation.metric_estimates(run, split),
        run_evaluation.available_predictions(run, split),
    )
    print(f"\n{run.name}: {run.record.sizes[split]} {split} rows, trained in {result.seconds:.0f} s\n")
    print(
        f"  {'':28}" + "".join(f"{titles[source]:>18}" for source in metric_estimates) + "  95 % interval of this model"
    )
    for position, ours in enumerate(metric_estimates[MODEL]):
        row = "".join(f"{found[position].value:>18.3f}" for found in metric_estimates.values())
        print(f"  {ours.title:28}{row}  {interval_sentence(ours, split)}")
    print()
    for comparison in run_evaluation.compare_with_baselines(run, split):
        print(comparison.sentence)


def _result_of(run: Run) -> Result:
    result = run.result()
    if result is None:
        raise RunError("The run was stopped before there was a model to keep.")
    return result


def _finite(record: Any) -> Any:
    """NaN as null: JSON has no NaN."""
    if isinstance(record, dict):
        return {key: _finite(value) for key, value in record.items()}
    if isinstance(record, list):
        return [_finite(value) for value in record]
    return None if isinstance(record, float) and not math.isfinite(record) else record
