"""The page Learn: a lesson in seven steps, a quiz and a glossary."""

from pages.sections.learn.contents import choose_part
from pages.sections.learn.glossary import show_glossary
from pages.sections.learn.lesson import show_lesson
from pages.sections.learn.quiz import show_quiz
from pages.shared.widgets import page_header

page_header(
    "Learn", "What fine-tuning BERT means, in seven short steps. Everything is computed as you type: change it."
)
part = choose_part()
if part == "Quiz":
    show_quiz()
elif part == "Glossary":
    show_glossary()
else:
    show_lesson()
