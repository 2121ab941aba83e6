"""Every metric and setting has one entry, with the title and the words that the app shows elsewhere."""

from dataclasses import fields

from core.evaluation.metrics.definitions import METRICS
from core.lessons.concepts import CONCEPTS
from core.lessons.glossary import KINDS, glossary
from core.lessons.outline import LESSON_STEPS
from core.training.config import RANGES, TrainingConfig
from core.training.settings import SETTINGS


def test_metrics_settings_and_words_are_in_the_glossary() -> None:
    terms = glossary()
    assert len(terms) == len(METRICS) + len(SETTINGS) + len(CONCEPTS)
    assert all(terms[name].description == metric.description for name, metric in METRICS.items())
    assert all(terms[name].title == setting.title for name, setting in SETTINGS.items())
    assert {term.kind for term in terms.values()} == set(KINDS)
    assert all(term.formula and 1 <= term.step <= len(LESSON_STEPS) for term in terms.values())


def test_every_number_and_switch_of_a_training_is_a_setting() -> None:
    switches = {field.name for field in fields(TrainingConfig) if isinstance(field.default, bool)}
    assert set(SETTINGS) == set(RANGES) | switches


def test_a_search_finds_all_its_words() -> None:
    terms = glossary()
    assert terms["f1_macro"].matches("F1 rare")
    assert not terms["f1_macro"].matches("F1 dropout")
    assert terms["softmax"].matches("")
