"""The part Quiz: ten questions with explanations, and a score that lasts."""

from typing import Final

import streamlit as st

from core.formatting import pluralize
from core.lessons.outline import LESSON_STEPS
from core.lessons.questions import LEVELS, QUESTIONS, Level, Question
from core.lessons.quiz import QuizAnswers, load_answers, save_answers
from pages.sections.learn.contents import open_step
from pages.shared.navigation import show_next_step
from pages.shared.visitor import workspace
from pages.shared.widgets import show_errors

_INTRODUCTIONS: Final[dict[Level, str]] = {
    "Basics": "What the parts are for.",
    "By hand": "A pencil is enough.",
    "Judgment": "What the figures hide.",
}


def show_quiz() -> None:
    """Draw the score, the questions of a level, and the way to one's own texts."""
    answers = load_answers(workspace())
    _show_score(answers)
    level: Level | None = st.segmented_control(
        "Level",
        LEVELS,
        default=LEVELS[0],
        required=True,
        key="level",
        persist_state="session",
        format_func=lambda name: f"{name} ({_score_of(name, answers)})",
        label_visibility="collapsed",
        wrap=False,
    )
    level = level or LEVELS[0]
    st.caption(_INTRODUCTIONS[level])
    for number, question in enumerate(QUESTIONS, start=1):
        if question.level == level:
            _show_question(number, question, answers)
    if answers.chosen and st.button("Start over", icon=":material/restart_alt:"):
        with show_errors():
            save_answers(workspace(), {})
            for question in QUESTIONS:
                st.session_state.pop(_key(question), None)
            st.rerun()
    show_next_step("data", "Now with your own texts")


def _show_score(answers: QuizAnswers) -> None:
    total = len(QUESTIONS)
    text = f"**{answers.score} of {total} right**"
    if answers.answered < total:
        text += f", {pluralize(total - answers.answered, 'question')} to go"
    elif answers.score == total:
        text += ". You can read every figure of this app."
    st.progress(answers.score / total, text)


def _score_of(level: Level, answers: QuizAnswers) -> str:
    questions = [question for question in QUESTIONS if question.level == level]
    right = sum(answers.choice(question) == question.answer for question in questions)
    return f"{right}/{len(questions)}"


def _show_question(number: int, question: Question, answers: QuizAnswers) -> None:
    stored = answers.choice(question)
    with st.container(border=True):
        st.markdown(f"**{number}. {question.text}**")
        if question.code:
            st.code(question.code, language="python")
        st.radio(
            question.text,
            range(len(question.options)),
            index=stored,
            format_func=lambda option: question.options[option].text,
            key=_key(question),
            on_change=_save,
            args=[question],
            label_visibility="collapsed",
        )
        if stored is not None:
            _show_explanation(question, stored)


def _show_explanation(question: Question, chosen: int) -> None:
    option = question.options[chosen]
    if chosen == question.answer:
        st.success(f"Right. {option.explanation}", icon=":material/check_circle:")
        return
    st.warning(f"Not quite. {option.explanation}", icon=":material/lightbulb:")
    step = LESSON_STEPS[question.step - 1]
    st.button(
        f"Look again: step {step.number}, {step.title}",
        icon=":material/arrow_back:",
        key=f"look-{question.name}",
        on_click=open_step,
        args=[step.number],
    )


def _save(question: Question) -> None:
    """Store the chosen option, as the callback of the question's buttons."""
    with show_errors():
        here = workspace()
        save_answers(here, load_answers(here).chosen | {question.name: st.session_state[_key(question)]})


def _key(question: Question) -> str:
    return f"quiz-{question.name}"
