"""The sections of Evaluate, in the order in which they are offered."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import get_args

import streamlit as st

from core.task import TaskKind
from pages.sections.evaluate.behavior import show_behavior
from pages.sections.evaluate.cascade import show_cascade
from pages.sections.evaluate.comparison import show_comparison
from pages.sections.evaluate.confidence import show_confidence
from pages.sections.evaluate.confusion import show_confusion_matrix
from pages.sections.evaluate.curves import show_curves
from pages.sections.evaluate.important_words import show_important_words
from pages.sections.evaluate.labels import show_labels
from pages.sections.evaluate.learning_curve import show_learning_curve
from pages.sections.evaluate.mistakes import show_mistakes
from pages.sections.evaluate.predicted_vs_actual import show_predicted_vs_actual
from pages.sections.evaluate.prediction_intervals import show_prediction_interval
from pages.sections.evaluate.report import show_report
from pages.sections.evaluate.scores import show_scores
from pages.sections.evaluate.verdict import show_verdict
from pages.sections.evaluate.view import SECTION, RunView

_ALL: tuple[TaskKind, ...] = get_args(TaskKind)
_CLASSIFICATION: tuple[TaskKind, ...] = ("binary", "multiclass", "multilabel")


@dataclass(frozen=True)
class Section:
    """A part of Evaluate: its title, the kinds of task that have it, and the function that draws it."""

    title: str
    task_kinds: tuple[TaskKind, ...]
    show: Callable[[RunView], None]


SECTIONS = (
    Section("Verdict", _ALL, show_verdict),
    Section("Scores", _ALL, show_scores),
    Section("Confusion matrix", ("binary", "multiclass"), show_confusion_matrix),
    Section("Labels", ("multilabel",), show_labels),
    Section("Predicted vs. actual", ("regression",), show_predicted_vs_actual),
    Section("Curves", _CLASSIFICATION, show_curves),
    Section("Confidence", _CLASSIFICATION, show_confidence),
    Section("Prediction interval", ("regression",), show_prediction_interval),
    Section("Mistakes", _ALL, show_mistakes),
    Section("Behavioral tests", _ALL, show_behavior),
    Section("Important words", _ALL, show_important_words),
    Section("Learning curve", _ALL, show_learning_curve),
    Section("Cascade", _CLASSIFICATION, show_cascade),
    Section("Compare runs", _ALL, show_comparison),
    Section("Report", _ALL, show_report),
)


def sections_for(kind: TaskKind) -> dict[str, Section]:
    """The sections of a kind of task, by title."""
    return {section.title: section for section in SECTIONS if kind in section.task_kinds}


def choose_section(kind: TaskKind) -> Section:
    """The section that the visitor chooses, which the page's address names; only this one is computed."""
    sections = sections_for(kind)
    first, *_ = sections
    title = st.pills(
        "Section",
        list(sections),
        default=first,
        required=True,
        key=SECTION,
        bind="query-params",
        label_visibility="collapsed",
    )
    return sections[title if title in sections else first]
