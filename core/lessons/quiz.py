"""A visitor's answers to the quiz, stored in the workspace."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from core.errors import StorageError
from core.lessons.questions import QUESTIONS, Question
from core.storage import parse_record, read_record, write_record
from core.workspace import Workspace

_FILE = "quiz.json"


@dataclass(frozen=True)
class QuizAnswers:
    """The number of the chosen option by the name of the question."""

    chosen: dict[str, int] = field(default_factory=dict)

    def choice(self, question: Question) -> int | None:
        """The option chosen for a question; None while it is open, or if the question no longer has that option."""
        chosen = self.chosen.get(question.name)
        return chosen if chosen is not None and 0 <= chosen < len(question.options) else None

    @property
    def answered(self) -> int:
        """The number of questions with an answer."""
        return sum(self.choice(question) is not None for question in QUESTIONS)

    @property
    def score(self) -> int:
        """The number of questions with the right answer."""
        return sum(self.choice(question) == question.answer for question in QUESTIONS)


def load_answers(workspace: Workspace) -> QuizAnswers:
    """The stored answers; none if there are none yet, or if the file is damaged."""
    path = workspace.root / _FILE
    if not path.exists():
        return QuizAnswers()
    try:
        return parse_record(QuizAnswers, read_record(path), path)
    except StorageError:
        return QuizAnswers()


def save_answers(workspace: Workspace, chosen: Mapping[str, int]) -> QuizAnswers:
    """The answers, which are stored atomically.

    Raises:
        StudioError: the file cannot be written, such as on a full disk.
    """
    workspace.root.mkdir(parents=True, exist_ok=True, mode=0o700)
    write_record(workspace.root / _FILE, {"chosen": dict(chosen)})
    return QuizAnswers(dict(chosen))
