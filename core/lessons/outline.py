"""The seven steps of the lesson: their numbers and titles."""

from dataclasses import dataclass


@dataclass(frozen=True)
class LessonStep:
    """A step of the lesson: its number from 1, a short title for buttons, and a heading."""

    number: int
    title: str
    heading: str


LESSON_STEPS: tuple[LessonStep, ...] = tuple(
    LessonStep(number, title, heading)
    for number, (title, heading) in enumerate(
        (
            ("Word pieces", "A text becomes word pieces"),
            ("Vectors", "Word pieces become vectors"),
            ("Attention", "Words look at other words"),
            ("Head", "A head turns a vector into a label"),
            ("One training step", "One training step"),
            ("Overfitting", "Learning by heart"),
            ("Evaluation", "How good, and how sure?"),
        ),
        start=1,
    )
)
