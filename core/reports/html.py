"""What is to be said of a run in one file: an HTML page that needs nothing else and prints well, and a Markdown model card."""

import html
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import vl_convert

from core import run_evaluation
from core.charts import evaluation as evaluation_charts
from core.errors import RunError
from core.evaluation.decisions import abstention, calibration
from core.evaluation.diagnostics import confusion, mistakes
from core.evaluation.metrics.estimate import MetricEstimate, interval_sentence
from core.evaluation.metrics.per_class import per_class
from core.run_evaluation import RunPredictions
from core.runs import MODEL, Result, Run
from core.task import TITLES as TASKS
from core.workspace import write_atomically

_MOST_MISTAKES = 20
_MAIN = {
    "binary": ("accuracy", "f1_macro", "roc_auc"),
    "multiclass": ("accuracy", "f1_macro", "balanced_accuracy"),
    "multilabel": ("f1_micro", "f1_macro", "subset_accuracy"),
    "regression": ("mae", "rmse"),
}
_STYLE = """
:root { color-scheme: light }
body { font: 15px/1.5 system-ui, sans-serif; color: #1d2433; background: #fff; max-width: 60rem }
body { margin: 2rem auto; padding: 0 1rem }
h1 { font-size: 1.8rem } h2 { font-size: 1.25rem; margin-top: 2.2rem; break-after: avoid }
table { border-collapse: collapse; font-size: .87rem; width: 100%; break-inside: auto }
th, td { text-align: left; padding: .3rem .6rem .3rem 0; border-bottom: 1px solid #dde3ec }
th, td { vertical-align: top; overflow-wrap: break-word }
tr, svg { break-inside: avoid } svg { max-width: 100%; height: auto }
.quiet { color: #5b6475 }
@media print { body { margin: 0; max-width: none } @page { margin: 18mm } }
"""


@dataclass(frozen=True)
class _Facts:
    """All that both forms of a report say."""

    run: Run
    split: str
    result: Result
    metric_estimates: dict[str, list[MetricEstimate]]
    titles: dict[str, str]
    compare_with_baselines: list[str]
    answers: RunPredictions

    @property
    def rows(self) -> int:
        return len(self.answers.targets)


def write(run: Run, path: Path) -> None:
    """Write a report in the form that the file's name asks for: .html or .md.

    Raises:
        RunError: the name ends otherwise, or the run has no results.
    """
    forms = {".html": as_html, ".htm": as_html, ".md": as_markdown}
    form = forms.get(path.suffix.lower())
    if form is None:
        raise RunError(f"Expected a report's name to end in .html or .md, found {path.name}.", "Name it report.html.")
    text = form(run)
    write_atomically(path, lambda beside: beside.write_text(text, encoding="utf-8"))


def as_html(run: Run) -> str:
    """The report as one HTML file: no script, no address in it, charts as SVG."""
    facts = _facts(run)
    parts = [f"<h1>{html.escape(run.name)}</h1>", f'<p class="quiet">{html.escape(_about(facts))}</p>']
    parts += [_h2("How good it is"), *(f"<p>{html.escape(each)}</p>" for each in _headline(facts))]
    parts += [f"<p><strong>{html.escape(each)}</strong></p>" for each in facts.compare_with_baselines]
    parts += [_svg(_chart_of_measures(facts)), _html_table(_table(facts))]
    parts += _html_of_task(facts)
    parts += [
        _h2("Do its probabilities mean what they say"),
        *(f"<p>{html.escape(each)}</p>" for each in _calibration(facts)),
    ]
    parts += [_h2("Largest errors" if run.task.kind == "regression" else "Mistakes it was surest of")]
    parts += [_html_table(_mistakes(facts))]
    parts += [_h2("Limits"), _html_list(_limits(facts)), _h2("How to repeat it"), _html_table(_settings(facts))]
    title = html.escape(run.name)
    return (
        f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style></head><body>\n'
        + "\n".join(parts)
        + "\n</body></html>\n"
    )


def as_markdown(run: Run) -> str:
    """The model card: intended use, data, measures with intervals, limits, calibration, how to repeat it."""
    facts = _facts(run)
    task = run.task
    labels = ", ".join(task.labels) if task.labels else "a number"
    sizes = run.record.sizes
    data = (
        f"{run.record.dataset['name']}: {sizes['train']:,} rows to train on, {sizes['validation']:,} to choose on, "
        f"{sizes['test']:,} to measure on. Fingerprint of the split: {run.record.split_fingerprint}."
    )
    use = (
        f"Texts like those of the data set, in their language. It answers with {TASKS[task.kind].lower()}: {labels}. "
        "It is not meant for other kinds of texts, nor for decisions about people that nobody looks at."
    )
    sections = {
        "Intended use": [_md(use)],
        "Data": [_md(data)],
        "Measures": [
            *(_md(each) for each in [*_headline(facts), *facts.compare_with_baselines]),
            _md_table(_table(facts)),
        ],
        "Calibration": [_md(each) for each in _calibration(facts)],
        "Limits": ["\n".join(f"- {_md(each)}" for each in _limits(facts))],
        "How to repeat it": [_md_table(_settings(facts))],
    }
    body = "\n\n".join(f"## {title}\n\n" + "\n\n".join(parts) for title, parts in sections.items())
    return f"# {_md(run.name)}\n\n{_md(_about(facts))}\n\n{body}\n"


def _facts(run: Run) -> _Facts:
    result = run.result()
    if result is None:
        raise RunError(f"{run.name} has no results yet.", "Wait until it has finished, or start it again.")
    split = "test" if run.record.sizes["test"] else "validation"
    return _Facts(
        run,
        split,
        result,
        run_evaluation.metric_estimates(run, split),
        run_evaluation.available_predictions(run, split),
        [comparison.sentence for comparison in run_evaluation.compare_with_baselines(run, split)],
        run_evaluation.answers(run, split),
    )


def _about(facts: _Facts) -> str:
    config = facts.run.record.config
    method = "Fine-tuned" if config["method"] == "fine-tune" else "A linear head on frozen features"
    return (
        f"{TASKS[facts.run.task.kind]}. {method} from {config['encoder']} in {facts.result.seconds:,.0f} s, "
        f"{facts.run.record.created[:10]}. Measured on {facts.rows:,} {facts.split} rows that it was not trained on; "
        f"looked at {facts.run.count_test_views()} times."
    )


def _headline(facts: _Facts) -> list[str]:
    main = _MAIN[facts.run.task.kind]
    return [
        f"{each.title}: {_figure(each.value, each)}, {interval_sentence(each, facts.split)}."
        for each in facts.metric_estimates[MODEL]
        if each.name in main
    ]


def _figure(value: float, of: MetricEstimate) -> str:
    return "undefined" if math.isnan(value) else f"{value:.1%}" if of.is_share else f"{value:.3f}"


def _cell(of: MetricEstimate) -> str:
    if math.isnan(of.low):
        return _figure(of.value, of)
    return f"{_figure(of.value, of)} ({_figure(of.low, of)} to {_figure(of.high, of)})"


def _table(facts: _Facts) -> pd.DataFrame:
    ours = facts.metric_estimates[MODEL]
    columns = {
        facts.titles[source]: [_cell(each) for each in found] for source, found in facts.metric_estimates.items()
    }
    return pd.DataFrame(
        {"MetricEstimate": [each.title for each in ours], **columns, "Note": [each.note for each in ours]}
    )


def _chart_of_measures(facts: _Facts) -> evaluation_charts.Chart:
    rows = [
        {"metric": each.title, "source": facts.titles[source], "value": each.value, "low": each.low, "high": each.high}
        for source, found in facts.metric_estimates.items()
        for each in found
        if each.name in _MAIN[facts.run.task.kind]
    ]
    return evaluation_charts.intervals(pd.DataFrame(rows)).properties(width=520)


def _html_of_task(facts: _Facts) -> list[str]:
    ours = facts.answers
    if ours.task.kind == "regression":
        chart = evaluation_charts.predicted_against_actual(ours.prediction_table()).properties(width=520)
        return [_h2("Predicted and actual"), _svg(chart)]
    parts = []
    if ours.task.one_label:
        counts = confusion.matrix(ours.targets, ours.decided, ours.task.outputs)
        chart = evaluation_charts.confusion(confusion.frame(counts, ours.task.labels), shares=False)
        parts += [_h2("What is taken for what"), _svg(chart.properties(width=640))]
        parts += [
            _html_table(confusion.most_confused(counts, ours.task.labels).rename(columns=lambda c: c.replace("_", " ")))
        ]
    table = per_class(ours.task, ours.targets, ours.logits, ours.decision.limits)
    shown = pd.DataFrame({"label": table["label"], "rows": table["rows"]})
    for name in ("precision", "recall", "f1"):
        shown[name] = [
            "undefined" if math.isnan(value) else f"{value:.0%} ({low:.0%} to {high:.0%})"
            for value, low, high in zip(table[name], table[f"{name}_low"], table[f"{name}_high"], strict=True)
        ]
    return [*parts, _h2("Each label"), _html_table(shown.assign(note=table["note"]))]


def _calibration(facts: _Facts) -> list[str]:
    ours, kept = facts.answers, facts.answers.decision
    if ours.task.kind == "regression":
        if kept.interval_half_width is None:
            return ["There were too few validation rows for an interval around a predicted number."]
        errors = np.abs(ours.logits[:, 0].astype(np.float64) - ours.targets)
        covered, span = abstention.conformal_coverage(errors, kept.interval_half_width)
        return [
            f"{kept.interval_half_width:.3g} either way of a prediction is meant to hold the true number in {kept.level:.0%} "
            f"of the cases. On the {facts.split} rows it did in {covered:.0%} (between {span.low:.0%} and {span.high:.0%})."
        ]
    value, span = calibration.ece(*calibration.answers(ours.task, ours.targets, ours.logits))
    said = [
        f"Expected calibration error {value:.1%} (between {span.low:.1%} and {span.high:.1%}) "
        f"with the temperature {kept.temperature:.2f}, fitted on validation."
    ]
    if kept.thresholds:
        names = ours.task.labels[1:] if ours.task.kind == "binary" else ours.task.labels
        pairs = ", ".join(f"{name} {limit:.2f}" for name, limit in zip(names, kept.thresholds, strict=True))
        said.append(f"Thresholds chosen on validation: {pairs}.")
    if kept.abstain_below:
        said.append(f"It answers “not sure” below a probability of {kept.abstain_below:.0%}.")
    return said


def _mistakes(facts: _Facts) -> pd.DataFrame:
    worst = mistakes.worst(facts.run.task, facts.answers.prediction_table(), _MOST_MISTAKES)
    names = ["text", "actual", "predicted", "error" if facts.run.task.kind == "regression" else "confidence"]
    return worst[names].map(lambda each: f"{each:.2f}" if isinstance(each, float) else each)


def _limits(facts: _Facts) -> list[str]:
    notes = [
        f"{each.title}: {each.note}"
        for each in facts.metric_estimates[MODEL]
        if each.note and not each.note.startswith("Equals")
    ]
    rows = f"{facts.rows:,} {facts.split} rows"
    return [
        f"What is said here holds for texts like those of the data set; {rows} say nothing of others.",
        "The intervals cover the luck of which rows were measured on, not that of training once more.",
        f"Texts longer than {facts.run.record.config['max_length']} word pieces are cut off.",
        *notes,
    ]


def _settings(facts: _Facts) -> pd.DataFrame:
    record = facts.run.record
    rows = {
        "data set": f"{record.dataset['name']} ({record.dataset['fingerprint']})",
        "split": record.split_fingerprint,
        **{name.replace("_", " "): value for name, value in record.config.items()},
        **record.versions,
    }
    return pd.DataFrame({"setting": list(rows), "value": [str(value) for value in rows.values()]})


def _svg(chart: evaluation_charts.Chart) -> str:
    return str(vl_convert.vegalite_to_svg(chart.to_json()))


def _h2(title: str) -> str:
    return f"<h2>{html.escape(title)}</h2>"


def _html_list(lines: list[str]) -> str:
    return "<ul>" + "".join(f"<li>{html.escape(line)}</li>" for line in lines) + "</ul>"


def _html_table(table: pd.DataFrame) -> str:
    head = "".join(f"<th>{html.escape(str(name))}</th>" for name in table.columns)
    lines = ("".join(f"<td>{html.escape(_words(cell))}</td>" for cell in row) for row in table.itertuples(index=False))
    return (
        f"<table><thead><tr>{head}</tr></thead><tbody>"
        + "".join(f"<tr>{line}</tr>" for line in lines)
        + "</tbody></table>"
    )


def _md_table(table: pd.DataFrame) -> str:
    lines = [list(table.columns), ["---"] * len(table.columns), *table.values.tolist()]
    first, rule, *rest = lines
    shown = [[_md(str(cell)) for cell in first], rule, *([_md(_words(cell)) for cell in row] for row in rest)]
    return "\n".join("| " + " | ".join(row) + " |" for row in shown)


def _words(cell: object) -> str:
    return ", ".join(map(str, cell)) if isinstance(cell, list) else str(cell)


def _md(text: str) -> str:
    """Text of users as Markdown shows it unchanged, on one line."""
    return "".join(f"\\{c}" if c in "\\`*_[]<>|#~$" else c for c in " ".join(text.split()))
