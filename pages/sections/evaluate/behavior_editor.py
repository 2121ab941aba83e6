"""The editor of behavioral tests: their texts, the change, what is expected, with cases as they will be; nothing is code."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final, get_args

import streamlit as st

from core.behavior.suite import FILE, cases_of_run, save_tests
from core.data.dataset import Dataset
from core.errors import StudioError
from core.evaluation.behavior.definitions import (
    CHANGE_TITLES,
    KIND_TITLES,
    MAX_NAME,
    MAX_TYPOS,
    BehaviorKind,
    BehaviorTest,
    Change,
    ChangeKind,
    Direction,
    Expectation,
    Templates,
)
from core.evaluation.behavior.differences import difference_html
from core.evaluation.behavior.parsing import (
    format_lists,
    format_replacements,
    parse_lines,
    parse_lists,
    parse_replacements,
    parse_words,
)
from core.evaluation.behavior.word_lists import EMOJI, NAMES, PLACES, SENTENCES
from core.formatting import pluralize
from pages.sections.evaluate.view import RunView
from pages.shared.widgets import escape_markdown, show_error

_NEW = "New test"
_VALIDATION, _TEMPLATES = "Validation texts", "Templates"
_SHOWN_CASES = 3
_KIND_HELP: Final[dict[BehaviorKind, str]] = {
    "invariance": "The change does not matter: the prediction must stay the same.",
    "direction": "The change matters: a score must move in a known direction.",
    "minimum_functionality": "Simple texts from templates whose right answer is known.",
}
_TEMPLATE_EXAMPLE = "I {verb} this {thing}."
_LISTS_EXAMPLE = "verb: love, like, recommend\nthing: film, book, place"
_BUILT_IN: Final[dict[ChangeKind, tuple[str, ...]]] = {
    "sentence": SENTENCES,
    "emoji": EMOJI,
    "names": NAMES,
    "places": PLACES,
}
_BLANK: Final = BehaviorTest(_NEW, "invariance", Change("typos"))


def show_editor(view: RunView, dataset: Dataset, tests: Sequence[BehaviorTest]) -> None:
    """Draw the fields of the chosen test, its first cases, and the buttons that save and delete it."""
    by_name = {test.name: test for test in tests}
    name = st.selectbox("Test", [_NEW, *by_name], key=f"behavior-edit-{dataset.id}-{len(tests)}")
    old = by_name.get(name)
    fields = _Fields(view, old or _BLANK, f"{dataset.id}-{len(tests)}-{name}")
    try:
        test = fields.read("" if old is None else old.name)
        _show_cases(view, test)
    except StudioError as error:
        st.info(f"{escape_markdown(error.message)} {escape_markdown(error.hint)}", icon=":material/info:")
        test = None
    with st.container(horizontal=True):
        nameless = test is None or test.name == _NEW
        if st.button("Save the test", icon=":material/save:", disabled=nameless, key="behavior-save") and test:
            changed = [test if each is old else each for each in tests] if old else [*tests, test]
            _save(dataset, changed, f"{test.name} is saved. Run the tests to see its result.")
        if tests:
            _show_download(dataset)
        if old is not None:
            with st.popover("Delete", icon=":material/delete:"):
                st.markdown(f"Delete **{escape_markdown(old.name)}** permanently? Results of earlier runs stay.")
                if st.button("Delete permanently", type="primary", key=f"behavior-delete-{old.name}"):
                    _save(dataset, [each for each in tests if each is not old], f"{old.name} is deleted.")


def _show_download(dataset: Dataset) -> None:
    st.download_button(
        "All tests as JSON",
        data=lambda: (dataset.folder / FILE).read_bytes(),
        file_name=FILE,
        mime="application/json",
        on_click="ignore",
        icon=":material/download:",
        help="For the command line: python -m core behavior RUN --tests behavior.json",
        key=f"tests-{dataset.id}",
    )


def _save(dataset: Dataset, tests: Sequence[BehaviorTest], message: str) -> None:
    try:
        save_tests(dataset, tests)
    except StudioError as error:
        show_error(error.message, error.hint)
        return
    st.toast(escape_markdown(message), icon=":material/check:")
    st.rerun()


def _show_cases(view: RunView, test: BehaviorTest) -> None:
    """Draw how many cases a test has, and the first ones."""
    cases = cases_of_run(view.run, test)
    st.caption(f"{pluralize(len(cases), 'case')}. The first of them:")
    for before, after in list(zip(cases.before, cases.after, strict=True))[:_SHOWN_CASES]:
        st.html(difference_html(before[:400], after[:400]))


class _Fields:
    """The widgets of a test; ``read`` draws them and returns the test that they describe."""

    def __init__(self, view: RunView, old: BehaviorTest, key: str) -> None:
        self._view, self._old, self._key = view, old, f"behavior-{key}"

    def read(self, name: str) -> BehaviorTest:
        """The test that the fields describe.

        Raises:
            ConfigError: they do not describe one.
        """
        left, right = st.columns([3, 1])
        with left:
            new_name = st.text_input(
                "Name", name, max_chars=MAX_NAME, key=self._name("name"), placeholder="Type a name to save the test"
            )
        with right:
            wanted = st.number_input(
                "Wanted pass rate in %",
                min_value=0.0,
                max_value=100.0,
                value=100 * self._old.wanted,
                step=1.0,
                format="%g",
                key=self._name("wanted"),
                help="Below this rate the test fails, here and on the command line.",
            )
        kind = self._kind()
        templates = self._templates(kind)
        change = None if kind == "minimum_functionality" else self._change()
        expectation = self._expectation(kind)
        # Without a name the cases are shown, and the test cannot be saved.
        return BehaviorTest(new_name.strip() or _NEW, kind, change, templates, expectation, float(wanted) / 100)

    def _name(self, field: str) -> str:
        return f"{self._key}-{field}"

    def _kind(self) -> BehaviorKind:
        kinds = list(get_args(BehaviorKind))
        kind: BehaviorKind = (
            st.segmented_control(
                "Kind",
                kinds,
                default=self._old.kind,
                required=True,
                format_func=lambda kind: KIND_TITLES[kind],
                key=self._name("kind"),
            )
            or self._old.kind
        )
        st.caption(_KIND_HELP[kind])
        return kind

    def _templates(self, kind: BehaviorKind) -> Templates | None:
        old = self._old.templates
        if kind != "minimum_functionality":
            source = st.segmented_control(
                "Texts",
                [_VALIDATION, _TEMPLATES],
                default=_TEMPLATES if old else _VALIDATION,
                required=True,
                key=self._name("source"),
            )
            if source != _TEMPLATES:
                return None
        left, right = st.columns(2)
        texts = left.text_area(
            "Templates, one a line",
            "\n".join(old.texts) if old else _TEMPLATE_EXAMPLE,
            key=self._name("templates"),
            help="{verb} is replaced by each word of the list verb. {{ and }} are braces.",
        )
        lists = right.text_area(
            "Lists of words, one a line",
            format_lists(old.lists) if old else _LISTS_EXAMPLE,
            key=self._name("lists"),
            help="A name, a colon, and words separated by commas.",
        )
        return Templates(parse_lines(texts), parse_lists(lists))

    def _change(self) -> Change:
        old = self._old.change or Change("typos")
        kinds = list(get_args(ChangeKind))
        kind: ChangeKind = st.selectbox(
            "Change",
            kinds,
            index=kinds.index(old.kind),
            format_func=lambda kind: CHANGE_TITLES[kind],
            key=self._name("change"),
            help="Names, places, contractions, the sentences and “not” are English. For another language, write your own lists.",
        )
        if kind == "typos":
            amount = st.number_input("Typos in a text", 1, MAX_TYPOS, old.amount, key=self._name("amount"))
            return Change(kind, amount=int(amount))
        if kind == "words":
            typed = st.text_area(
                "Replacements, one a line",
                format_replacements(old),
                placeholder="good = bad, poor",
                key=self._name("replacements"),
            )
            return Change(kind, replacements=parse_replacements(typed))
        if kind in _BUILT_IN or kind == "swap":
            return self._with_values(kind, old if old.kind == kind else None)
        return Change(kind)

    def _with_values(self, kind: ChangeKind, old: Change | None) -> Change:
        """The change with its words, one a line for sentences; those that come with the app are left out of the record."""
        built_in = _BUILT_IN.get(kind, ())
        separator, parse = ("\n", parse_lines) if kind == "sentence" else (", ", parse_words)
        label = "Sentences, one a line" if kind == "sentence" else "Words, separated by commas"
        shown = separator.join((old.values if old else ()) or built_in)
        typed = parse(st.text_area(label, shown, key=self._name(f"values-{kind}")))
        return Change(kind, () if typed == built_in else typed)

    def _expectation(self, kind: BehaviorKind) -> Expectation:
        old, task = self._old.expectation, self._view.run.task
        regression = task.kind == "regression"
        if kind == "invariance":
            unit = "Largest change of the predicted value" if regression else "Tolerated change of the probability"
            return Expectation(margin=self._margin(unit))
        expectation = Expectation()
        if not regression:
            optional = [""] if kind == "direction" and task.one_label else []
            labels = [*optional, *task.labels]
            label = st.selectbox(
                "Expected label" if kind == "minimum_functionality" else "Score of the label",
                labels,
                index=labels.index(old.label) if old.label in labels else 0,
                format_func=lambda label: label or "the label predicted before the change",
                key=self._name("label"),
            )
            expectation = replace(expectation, label=label)
        if kind == "direction":
            directions = list(get_args(Direction))
            direction: Direction = st.selectbox(
                "The score", directions, index=directions.index(old.direction), key=self._name("direction")
            )
            by = "By at least" if direction in ("rises", "falls") else "By more than"
            return replace(expectation, direction=direction, margin=self._margin(by))
        if regression:
            left, right = st.columns(2)
            low = left.number_input("Lowest right value", value=old.low, key=self._name("low"))
            high = right.number_input("Highest right value", value=old.high, key=self._name("high"))
            return replace(expectation, low=low, high=high)
        return expectation

    def _margin(self, label: str) -> float:
        """The margin: a difference of probability between 0 and 1, or of the predicted value."""
        return float(
            st.number_input(
                label,
                min_value=0.0,
                max_value=None if self._view.run.task.kind == "regression" else 1.0,
                value=float(self._old.expectation.margin),
                step=0.05,
                format="%g",
                key=self._name("margin"),
            )
        )
