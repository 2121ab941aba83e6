"""The section Behavioral tests: pass rates with intervals, the change from the previous run, the worst failures, the tests."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import pandas as pd
import streamlit as st

from core.behavior.execution import behavior_job
from core.behavior.export import FILE_NAME, export_pytest
from core.behavior.results import BehaviorResults, previous_results, read_results, with_wanted
from core.behavior.suite import FILE, load_tests, save_tests, suggested_tests
from core.data.dataset import Dataset, find_dataset, list_datasets
from core.errors import DataError, StorageError
from core.evaluation.behavior.comparison import PassRateChange
from core.evaluation.behavior.definitions import KIND_TITLES, BehaviorTest
from core.formatting import format_percent, join_names, pluralize
from pages.sections.evaluate.behavior_editor import show_editor
from pages.sections.evaluate.behavior_failures import show_failures
from pages.sections.evaluate.view import RunView
from pages.shared.downloads import download_csv
from pages.shared.job_progress import JobTexts, show_job
from pages.shared.navigation import link_term
from pages.shared.visitor import workspace
from pages.shared.widgets import escape_markdown, show_error

_TEXTS = JobTexts(
    button="Run the tests",
    icon=":material/play_arrow:",
    description="The tests run at the end of each training on this dataset. They can also run now, on this model.",
    phases={"loading": "Loading the model", "testing": "Running the tests"},
)
_CHANGE_MARKS: Final[dict[bool | None, str]] = {True: " (better)", False: " (worse)", None: ""}


def show_behavior(view: RunView) -> None:
    """Draw the results or their job, then the editor of the tests."""
    view = replace(view, split="validation")
    st.subheader("Behavioral tests", anchor=False)
    st.caption(
        "Texts are changed on purpose: the prediction must stay the same, or move in a known direction. The tests belong to the "
        f"dataset, use the validation texts or your own templates, and run at each training. {link_term('behavioral_test')}"
    )
    dataset = _find_dataset(view)
    try:
        tests = load_tests(dataset.folder / FILE) if dataset else ()
    except StorageError as error:
        show_error(error.message, error.hint)
        _show_removal(dataset)
        return
    results = read_results(view.run)
    if results is not None:
        results = with_wanted(results, tests)
        _show_results(view, results)
    if tests:
        _show_job(view, tests, results)
    elif dataset is not None:
        _show_suggestion(view, dataset)
    if dataset is None:
        st.info("The dataset of this run was deleted, and its tests with it.", icon=":material/info:")
        return
    with st.expander("Write, change and delete tests", icon=":material/edit_note:"):
        show_editor(view, dataset, tests)


def _find_dataset(view: RunView) -> Dataset | None:
    try:
        return find_dataset(workspace(), view.run.dataset.id)
    except DataError:
        return None


def _show_removal(dataset: Dataset | None) -> None:
    """Draw the button that deletes tests that cannot be read, after a question."""
    if dataset is None:
        return
    with st.popover("Delete the tests", icon=":material/delete:"):
        st.markdown("Delete all tests of this dataset permanently? They cannot be read.")
        if st.button("Delete permanently", type="primary", key="delete-damaged-tests"):
            save_tests(dataset, ())
            st.rerun()


def _show_suggestion(view: RunView, dataset: Dataset) -> None:
    st.markdown(
        "This dataset has no tests yet. Start with tests that fit its texts, such as typos, punctuation, upper and lower case "
        "and a neutral sentence, then write your own."
    )
    if st.button("Add suggested tests", icon=":material/auto_awesome:"):
        with st.spinner("Reading the validation texts …"):
            save_tests(dataset, suggested_tests(view.run))
        behavior_job(view.run).start()
        st.rerun()
    sources = {other.name: other for other in list_datasets(workspace()) if (other.folder / FILE).exists()}
    if sources:
        left, right = st.columns([3, 2], vertical_alignment="bottom")
        name = left.selectbox("Or take those of another dataset", list(sources), key=f"behavior-copy-{dataset.id}")
        if right.button("Copy these tests", icon=":material/content_copy:"):
            save_tests(dataset, load_tests(sources[name].folder / FILE))
            st.rerun()


def _show_job(view: RunView, tests: Sequence[BehaviorTest], results: BehaviorResults | None) -> None:
    """Draw the job while it is active or has no result; after that a button that runs it again."""
    job = behavior_job(view.run)
    status = job.status()
    if results is None or (status is not None and status.active):
        show_job(job, _TEXTS)
        return
    if [test.content for test in tests] != [test.content for test in results.tests]:
        st.info("The tests have changed since they were run. Run them again.", icon=":material/update:")
    elif results.rule != view.run_predictions.rule:
        st.info("The decision rule has changed since the tests were run. Run them again.", icon=":material/update:")
    if st.button("Run the tests again", icon=_TEXTS.icon):
        job.start()
        st.rerun()


def _show_results(view: RunView, results: BehaviorResults) -> None:
    below = [result.test.name for result in results.results if not result.passed]
    count = pluralize(len(results.tests), "test")
    if below:
        names = escape_markdown(join_names(below))
        verb = "is" if len(below) == 1 else "are"
        st.warning(f"{len(below)} of {count} {verb} below the wanted pass rate: {names}.", icon=":material/rule:")
    else:
        st.success(f"{count}: all reach the wanted pass rate.", icon=":material/check_circle:")
    earlier = previous_results(view.run, view.runs)
    changes = results.changes_from(earlier[1]) if earlier else {}
    st.dataframe(
        _table(results, changes),
        hide_index=True,
        height="content",
        column_config={"Test": st.column_config.TextColumn(pinned=True)},
        alt="Behavioral tests with pass rates",
    )
    st.caption(
        "The 95% intervals are in parentheses. Cases of the same text, or of the same template, count as one unit."
        + (
            f" Compared with {escape_markdown(earlier[0].name)}, on the cases that both ran."
            if changes and earlier
            else ""
        )
    )
    show_failures(view, results)
    _show_downloads(view, results)


def _table(results: BehaviorResults, changes: dict[str, PassRateChange]) -> pd.DataFrame:
    rows = []
    for result in results.results:
        change = changes.get(result.test.name)
        rate = result.rate
        seeds = pluralize(rate.units, "text" if result.test.templates is None else "template")
        rows.append(
            {
                "Test": result.test.name,
                "Result": "cannot be run" if result.problem else "passed" if result.passed else "below",
                "Pass rate": result.text,
                "Wanted": format_percent(result.test.wanted, 0),
                "Since the previous run": f"{change.text}{_CHANGE_MARKS[change.better]}" if change else "–",
                "Cases": "–" if result.problem else f"{rate.cases:,} of {seeds}",
                "Kind": KIND_TITLES[result.test.kind],
            }
        )
    table = pd.DataFrame(rows)
    return table if changes else table.drop(columns="Since the previous run")


def _show_downloads(view: RunView, results: BehaviorResults) -> None:
    names = [test.name for test in results.tests]
    cases = results.cases.assign(test=[names[number] for number in results.cases["test"]])
    with st.container(horizontal=True):
        download_csv("All cases", cases, f"{view.file_name('behavior')}-cases")
        if len(cases):
            st.download_button(
                "Tests as pytest",
                data=lambda: export_pytest(results).encode(),
                file_name=FILE_NAME,
                mime="text/x-python",
                on_click="ignore",
                icon=":material/download:",
                help="Put it beside predict.py of the model's zip (Models), then run: python -m pytest test_behavior.py",
                key=f"pytest-{view.run.id}",
            )
