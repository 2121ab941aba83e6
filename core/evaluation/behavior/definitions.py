"""A behavioral test: which texts, how they are changed, and what is expected of the predictions.

The three kinds are those of Ribeiro et al. 2020, "Beyond Accuracy: Behavioral Testing of NLP Models with CheckList":

- *invariance*: a change that does not matter must not change the prediction;
- *direction*: a change that matters must move the score of a label, or the predicted value, in a known direction;
- *minimum functionality*: simple texts made of templates must get the expected label, or a value in a range.
"""

import math
from dataclasses import dataclass, field, replace
from typing import Final, Literal

from core.errors import ConfigError
from core.task import Task

BehaviorKind = Literal["invariance", "direction", "minimum_functionality"]
ChangeKind = Literal[
    "typos",
    "punctuation",
    "case",
    "contractions",
    "emoji",
    "sentence",
    "names",
    "places",
    "numbers",
    "swap",
    "words",
    "negation",
]
Direction = Literal["rises", "falls", "does not rise", "does not fall"]

KIND_TITLES: Final[dict[BehaviorKind, str]] = {
    "invariance": "Invariance",
    "direction": "Direction",
    "minimum_functionality": "Minimum functionality",
}
CHANGE_TITLES: Final[dict[ChangeKind, str]] = {
    "typos": "Typos: swap two neighboring letters",
    "punctuation": "Punctuation: remove or add the last mark",
    "case": "Case: lower case, or upper case",
    "contractions": "Contractions: “don't” and “do not”",
    "emoji": "Add an emoji",
    "sentence": "Add a sentence",
    "names": "Another name of a person",
    "places": "Another place",
    "numbers": "Another number",
    "swap": "Swap words of a list",
    "words": "Replace words",
    "negation": "Negation: add or remove “not”",
}
# The changes that know English words.
ENGLISH_CHANGES: Final[frozenset[ChangeKind]] = frozenset({"contractions", "sentence", "names", "places", "negation"})
MAX_TESTS, MAX_TEMPLATES, MAX_LISTS, MAX_WORDS = 50, 50, 20, 200
MAX_NAME, MAX_TEXT, MAX_TYPOS = 80, 1_000, 5


@dataclass(frozen=True)
class Change:
    """How a text is changed.

    ``values`` are the sentences or emoji to add, or words that may take one another's place; empty for those that come with the
    app. ``replacements`` are the pairs of a word and another of "words". ``amount`` is the number of typos.

    Raises:
        ConfigError: words are missing, too many or too long.
    """

    kind: ChangeKind
    values: tuple[str, ...] = ()
    replacements: tuple[tuple[str, str], ...] = ()
    amount: int = 1

    def __post_init__(self) -> None:
        _check_words("values of a change", self.values)
        _check_words("replacements", [word for pair in self.replacements for word in pair], 2 * MAX_WORDS)
        if self.kind == "swap" and len(set(self.values)) < 2:
            raise ConfigError("Swapping needs two or more words.", "Write words that may take one another's place.")
        if self.kind == "words" and not self.replacements:
            raise ConfigError("There is no word to replace.", "Write one replacement a line, such as: good = bad")
        if not 1 <= self.amount <= MAX_TYPOS:
            raise ConfigError(f"Expected 1 to {MAX_TYPOS} typos, found {self.amount}.")


@dataclass(frozen=True)
class WordList:
    """A name, and the words that take the place of ``{name}`` in templates."""

    name: str
    words: tuple[str, ...]

    def __post_init__(self) -> None:
        if not self.name.isidentifier() or len(self.name) > MAX_NAME:
            raise ConfigError(
                f"{self.name[:MAX_NAME]!r} is not a name for a list of words.", "Use letters, digits and underscores."
            )
        if not self.words:
            raise ConfigError(f"The list {self.name!r} has no words.", "Write them after a colon: verb: love, like")
        _check_words(f"words of the list {self.name!r}", self.words)


@dataclass(frozen=True)
class Templates:
    """Texts with places such as ``{verb}``, and the lists of words for them; see :mod:`core.evaluation.behavior.templates`."""

    texts: tuple[str, ...]
    lists: tuple[WordList, ...] = ()

    def __post_init__(self) -> None:
        if not any(text.strip() for text in self.texts):
            raise ConfigError("There is no template.", "Write one a line, such as: I {verb} this {thing}.")
        _check_words("templates", self.texts, MAX_TEMPLATES)
        if len(self.lists) > MAX_LISTS:
            raise ConfigError(f"Expected at most {MAX_LISTS} lists of words, found {len(self.lists)}.")
        names = [words.name for words in self.lists]
        if len(set(names)) < len(names):
            raise ConfigError("Two lists of words have the same name.", "Rename one of them.")


@dataclass(frozen=True)
class Expectation:
    """What is expected of the predictions.

    ``label`` is the label that a minimum functionality test expects, or whose probability a direction test watches; empty for
    the label that was predicted before the change, and for a regression. ``margin`` is a difference of probability, or of the
    predicted value: an invariance test allows as much, "rises" and "falls" ask for as much, the others tolerate as much.
    ``low`` and ``high`` are the range that a minimum functionality test of a regression expects.
    """

    label: str = ""
    direction: Direction = "falls"
    margin: float = 0.0
    low: float | None = None
    high: float | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.margin < math.inf:
            raise ConfigError(f"Expected a margin of 0 or more, found {self.margin}.")
        ends = [end for end in (self.low, self.high) if end is not None]
        if not all(map(math.isfinite, ends)) or ends != sorted(ends):
            raise ConfigError(
                f"{self.low} to {self.high} is not a range.", "Write the smaller number first; both must be finite."
            )


@dataclass(frozen=True)
class BehaviorTest:
    """A test of a name: where its texts come from, how they are changed, what is expected, and which pass rate is wanted.

    Without ``templates`` the texts are the validation texts of the run. Minimum functionality needs templates and has no change.

    Raises:
        ConfigError: a part is missing, does not fit the kind, or is out of range.
    """

    name: str
    kind: BehaviorKind
    change: Change | None = None
    templates: Templates | None = None
    expectation: Expectation = field(default_factory=Expectation)
    wanted: float = 0.9

    def __post_init__(self) -> None:
        if not self.name.strip() or len(self.name) > MAX_NAME:
            raise ConfigError(f"A test needs a name of at most {MAX_NAME} characters.", "Type a name.")
        if not 0 <= self.wanted <= 1:
            raise ConfigError(f"Expected a pass rate between 0 and 1, found {self.wanted}.")
        if self.kind == "minimum_functionality":
            if self.templates is None or self.change is not None:
                raise ConfigError(
                    f"The minimum functionality test {self.name!r} needs templates and no change.",
                    "Write texts whose label is known, such as: I love this {thing}.",
                )
        elif self.change is None:
            raise ConfigError(f"The test {self.name!r} changes nothing.", "Choose how the texts are changed.")

    @property
    def content(self) -> "BehaviorTest":
        """The test without its name and wanted pass rate: tests with the same content have the same cases."""
        return replace(self, name="-", wanted=0.0)


def check_tests(tests: tuple[BehaviorTest, ...]) -> None:
    """Check that a dataset can have these tests.

    Raises:
        ConfigError: there are too many, or two have the same name.
    """
    if len(tests) > MAX_TESTS:
        raise ConfigError(
            f"A dataset can have {MAX_TESTS} behavioral tests, found {len(tests)}.", "Delete some of them."
        )
    names = [test.name for test in tests]
    duplicate = next((name for i, name in enumerate(names) if name in names[:i]), None)
    if duplicate is not None:
        raise ConfigError(f"There are two tests with the name {duplicate!r}.", "Choose another name.")


def check_for_task(test: BehaviorTest, task: Task) -> None:
    """Check that a test makes sense for a model of a task.

    Raises:
        ConfigError: the expected label is not one of the model's, or something else is needed for this kind of task.
    """
    expected = test.expectation
    if task.kind == "regression":
        if expected.label:
            raise ConfigError("A model that predicts a number has no labels.", "Leave the label empty.")
        if test.kind == "invariance" and expected.margin == 0:
            raise ConfigError(
                "A predicted number always changes a little.", "Write by how much it may change, as the margin."
            )
        if test.kind == "minimum_functionality" and expected.low is None and expected.high is None:
            raise ConfigError("The test does not say which values are right.", "Write the lowest or the highest value.")
        return
    if expected.label and expected.label not in task.labels:
        raise ConfigError(
            f"The label {expected.label!r} is not one of the model's {len(task.labels)} labels.",
            "Choose another label.",
        )
    needs_label = test.kind == "minimum_functionality" or (test.kind == "direction" and not task.one_label)
    if needs_label and not expected.label:
        raise ConfigError("The test does not say which label is meant.", "Choose a label.")


def _check_words(what: str, words: tuple[str, ...] | list[str], most: int = MAX_WORDS) -> None:
    if len(words) > most:
        raise ConfigError(f"Expected at most {most} {what}, found {len(words):,}.", "Shorten the list.")
    if any(len(word) > MAX_TEXT for word in words):
        raise ConfigError(f"One of the {what} has more than {MAX_TEXT:,} characters.", "Shorten it.")
    if not all(word.strip() for word in words):
        raise ConfigError(f"One of the {what} is empty.", "Write at least one character.")
