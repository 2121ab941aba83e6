"""The failures of a behavioral test as cards: what was changed in the text, and what that did to the prediction."""

import math
from collections.abc import Hashable
from typing import Any

import streamlit as st

from core.behavior.results import BehaviorResult, BehaviorResults
from core.evaluation.behavior.differences import difference_html
from core.evaluation.behavior.judgement import score_title
from core.formatting import format_number, format_percent, pluralize
from pages.sections.evaluate.view import RunView
from pages.shared.widgets import escape_markdown

_PAGE_SIZE = 5
_STYLE = "max-height:20rem;overflow-y:auto"


def show_failures(view: RunView, results: BehaviorResults) -> None:
    """Draw the failures of the chosen test, the worst first; at first of the test with the lowest pass rate."""
    failing = [result for result in results.results if not result.problem and result.rate.passed < result.rate.cases]
    if not failing:
        return
    failing.sort(key=lambda result: result.rate.value)
    by_name = {result.test.name: result for result in failing}
    name = st.selectbox(
        "Failures of",
        list(by_name),
        format_func=lambda name: f"{name} ({pluralize(len(by_name[name].failures()), 'failure')})",
        key=f"behavior-failures-{view.run.id}",
    )
    result = by_name[name]
    failures = result.failures()
    number, count = 1, math.ceil(len(failures) / _PAGE_SIZE)
    if count > 1:
        number = st.pagination(count, key=f"behavior-page-{view.run.id}-{name}-{count}")
    for record in failures.iloc[(number - 1) * _PAGE_SIZE : number * _PAGE_SIZE].to_dict("records"):
        with st.container(border=True, gap="small"):
            _show_card(view, result, record)


def _show_card(view: RunView, result: BehaviorResult, record: dict[Hashable, Any]) -> None:
    test = result.test
    before, after = (escape_markdown(str(record[name])) for name in ("label_before", "label_after"))
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        if test.kind == "minimum_functionality":
            st.badge(f"Expected: {escape_markdown(_expected(result))}", color="green")
            st.badge(f"Predicted: {after}", color="red")
        else:
            st.badge(f"Before: {before}", color="gray")
            st.badge(f"After: {after}", color="red" if before != after else "gray")
        st.caption(escape_markdown(_describe_scores(view, result, record)))
    st.html(f'<div tabindex="0" style="{_STYLE}">{_text_html(record)}</div>')


def _text_html(record: dict[Hashable, Any]) -> str:
    return difference_html(str(record["before"]), str(record["after"]))


def _expected(result: BehaviorResult) -> str:
    expected = result.test.expectation
    if expected.label:
        return expected.label
    low, high = (None if end is None else format_number(end, 2) for end in (expected.low, expected.high))
    if low is not None and high is not None:
        return f"{low} to {high}"
    return f"at least {low}" if high is None else f"at most {high}"


def _describe_scores(view: RunView, result: BehaviorResult, record: dict[Hashable, Any]) -> str:
    """What happened to the judged score, such as "probability of “good” 91% → 40%, expected: does not fall"."""
    regression = view.run.task.kind == "regression"
    first, second = (
        format_number(record[name], 2) if regression else format_percent(record[name], 0)
        for name in ("score_before", "score_after")
    )
    title = score_title(result.test, view.run.task)
    if result.test.kind == "minimum_functionality":
        return f"{title[:1].upper()}{title[1:]}: {second}"
    expected = f", expected: {result.test.expectation.direction}" if result.test.kind == "direction" else ""
    return f"{title[:1].upper()}{title[1:]}: {first} → {second}{expected}"
