"""The model card in Markdown. Unlike the HTML report, it contains no texts of the dataset, so that it can be published."""

import pandas as pd

from core.reports.content import Section, format_cell, make_report
from core.runs import Run

_SPECIAL_CHARACTERS = frozenset("\\`*_[]<>|#~$")


def render_markdown(run: Run) -> str:
    """The model card of a finished run.

    Raises:
        RunError: the run has no results.
        StorageError: a stored file of the run is damaged.
    """
    report = make_report(run)
    sections = [
        report.intended_use,
        report.data,
        report.verdict,
        report.metrics,
        report.calibration,
        report.limitations,
        report.reproduction,
    ]
    parts = [f"# {_escape(report.title)}", _escape(report.summary), *(_format_section(section) for section in sections)]
    return "\n\n".join(parts) + "\n"


def _format_section(section: Section) -> str:
    parts = [f"## {section.title}", *map(_escape, section.paragraphs)]
    parts += [f"**{_escape(conclusion)}**" for conclusion in section.conclusions]
    if section.bullets:
        parts.append("\n".join(f"- {_escape(bullet)}" for bullet in section.bullets))
    if section.table is not None:
        parts.append(_format_table(section.table))
    return "\n\n".join(parts)


def _format_table(table: pd.DataFrame) -> str:
    rows = [list(table.columns), *table.itertuples(index=False)]
    lines = ["| " + " | ".join(_escape(format_cell(cell)) for cell in row) + " |" for row in rows]
    return "\n".join([lines[0], "|" + " --- |" * len(table.columns), *lines[1:]])


def _escape(text: str) -> str:
    """A text on one line, with the characters escaped that have a meaning in Markdown."""
    return "".join(f"\\{c}" if c in _SPECIAL_CHARACTERS else c for c in " ".join(text.split()))
