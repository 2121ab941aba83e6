"""A visitor's answers last, and a damaged file is no obstacle."""

from pathlib import Path

from core.lessons.questions import QUESTIONS
from core.lessons.quiz import QuizAnswers, load_answers, save_answers
from core.workspace import Workspace


def test_answers_last(workspace: Workspace) -> None:
    assert load_answers(workspace) == QuizAnswers()
    first, second = QUESTIONS[:2]
    chosen = {first.name: first.answer, second.name: (second.answer + 1) % 4}
    assert save_answers(workspace, chosen) == load_answers(workspace)
    answers = load_answers(workspace)
    assert (answers.answered, answers.score) == (2, 1)
    assert answers.choice(second) == chosen[second.name]
    assert answers.choice(QUESTIONS[2]) is None


def test_answers_of_other_visitors_are_separate(tmp_path: Path) -> None:
    one, other = (Workspace(tmp_path / "workspaces" / name, tmp_path) for name in ("one", "other"))
    save_answers(one, {QUESTIONS[0].name: 0})
    assert load_answers(other).chosen == {}


def test_a_damaged_file_and_an_option_that_is_gone_count_as_open(workspace: Workspace) -> None:
    save_answers(workspace, {QUESTIONS[0].name: 9, "a question that is gone": 1})
    assert load_answers(workspace).answered == 0
    next(workspace.root.iterdir()).write_bytes(b"{")
    assert load_answers(workspace) == QuizAnswers()
