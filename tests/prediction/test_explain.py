"""Explanations name the words that a prediction depends on."""

from collections.abc import Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from core.data.samples import CLINIC
from core.errors import DataError
from core.evaluation.decisions.predictions import make_predictions
from core.models.classifier import Classifier, load_classifier
from core.models.demo import DEMO_MODEL
from core.prediction.explain import MAX_UNITS, Method, explain, word_spans
from core.task import Floats, Task


@pytest.fixture(scope="module")
def demo() -> Classifier:
    return load_classifier(DEMO_MODEL)


def counting_classifier(demo: Classifier, kind: str = "binary") -> Classifier:
    """A model whose logit of the second class is 2 for each "good" and -1 for each "bad" in the text."""

    def logits(texts: Sequence[str], on_progress: object = None) -> Floats:
        score = np.asarray([[2.0 * text.count("good") - text.count("bad")] for text in texts], dtype=np.float32)
        return score if kind == "regression" else np.hstack([np.zeros_like(score), score])

    labels = {"binary": ("no", "yes"), "multilabel": ("no", "yes"), "regression": ()}[kind]
    task = Task(cast(Any, kind), labels)
    return cast(
        Classifier, SimpleNamespace(tokenizer=demo.tokenizer, max_length=demo.max_length, task=task, logits=logits)
    )


@pytest.mark.parametrize("kind", ["binary", "multilabel", "regression"])
def test_a_words_score_is_what_the_label_loses_without_it(demo: Classifier, kind: str) -> None:
    explanation = explain(
        counting_classifier(demo, kind), "a good film, bad sound", "" if kind == "regression" else "yes"
    )
    scores = {word.word: word.score for word in explanation.words}
    assert scores == pytest.approx({"a": 0, "good": 2, "film": 0, ",": 0, "bad": -1, "sound": 0}, abs=1e-6)
    assert explanation.check.drop == pytest.approx(2)
    assert [explanation.text[word.start : word.end] for word in explanation.words] == list(scores)


def test_the_predicted_label_is_explained_by_default_and_any_other_on_request(demo: Classifier) -> None:
    counting = counting_classifier(demo)
    assert explain(counting, "good").label == "yes"
    against = explain(counting, "good enough", "no")
    assert against.words[0].score == pytest.approx(-2, abs=1e-6)
    with pytest.raises(DataError, match="no label 'maybe'"):
        explain(counting, "good", "maybe")
    with pytest.raises(DataError, match="no word"):
        explain(counting, "  ")


def test_word_pieces_are_merged_and_long_texts_are_explained_in_groups(demo: Classifier) -> None:
    text = "Hyperventilating, again?"
    assert [text[start:end] for start, end in word_spans(demo, text)] == ["Hyperventilating", ",", "again", "?"]
    assert [*map(len, word_spans(demo, "日本語"))] == [2, 2, 2]  # a character each
    long = explain(counting_classifier(demo), "word " * 5_000)
    assert len(long.words) <= MAX_UNITS
    assert long.explained_characters < 25_000


@pytest.mark.parametrize("method", ["occlusion", "integrated gradients"])
def test_the_highest_scoring_words_matter_more_than_random_ones(demo: Classifier, method: Method) -> None:
    texts = CLINIC.read().frame["message"].tolist()[:40]
    probabilities = make_predictions(demo.task, demo.logits(texts)).probabilities.max(axis=1)
    confident = [text for text, p in zip(texts, probabilities, strict=True) if p > 0.8 and len(text.split()) > 8][:10]
    assert len(confident) >= 5
    passed = [explain(demo, text, method=method).check.passed for text in confident]
    assert np.mean(passed) >= 0.9


def test_what_the_model_does_not_read_has_no_effect(demo: Classifier) -> None:
    read = "please renew my pills and call me on Monday morning, thank you"
    short = replace(demo, max_length=len(read.split()) + 3)
    cut = explain(short, f"{read} the new tablets make me dizzy")
    assert cut.explained_characters == len(read)
    alone = explain(short, read)
    assert [word.score for word in cut.words] == pytest.approx([word.score for word in alone.words], abs=1e-4)
    assert cut.check.drop == pytest.approx(alone.check.drop, abs=1e-4)
