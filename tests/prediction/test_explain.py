"""Explanations name the words that a prediction depends on."""

import re
from collections.abc import Sequence
from dataclasses import replace
from html import unescape
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from core.data.samples import CLINIC
from core.errors import DataError
from core.evaluation.decisions.predictions import make_predictions
from core.models.classifier import Classifier, build_classifier, load_classifier
from core.models.demo import DEMO_MODEL
from core.prediction.explain import MAX_UNITS, Method, explain
from core.prediction.highlight import highlight
from core.prediction.read_text import read_text
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
        Classifier,
        SimpleNamespace(
            encode=demo.encode,
            max_length=demo.max_length,
            truncation=demo.truncation,
            task=task,
            logits=logits,
        ),
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
    assert [text[start:end] for start, end in read_text(demo, text).words] == ["Hyperventilating", ",", "again", "?"]
    assert read_text(demo, "日本語").words == [(0, 1), (1, 2), (2, 3)]
    long = explain(counting_classifier(demo), "word " * 5_000)
    assert len(long.words) <= MAX_UNITS
    assert 0 < long.unread[0] < long.unread[1] == 25_000


@pytest.mark.parametrize("method", ["occlusion", pytest.param("integrated gradients", marks=pytest.mark.slow)])
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
    assert cut.unread[0] == len(read)
    alone = explain(short, read)
    assert [word.score for word in cut.words] == pytest.approx([word.score for word in alone.words], abs=1e-4)
    assert cut.check.drop == pytest.approx(alone.check.drop, abs=1e-4)


@pytest.mark.parametrize("method", ["occlusion", "integrated gradients"])
def test_the_head_and_the_tail_are_explained_where_the_model_reads_both(demo: Classifier, method: Method) -> None:
    head, tail = "please renew my pills", "call me on Monday morning thank you so much indeed good bye"
    both = replace(demo, max_length=18, truncation="head_tail")
    text = f"{head} the new tablets make me dizzy {tail}"
    cut = explain(both, text, method=method)
    assert [word.word for word in cut.words] == [text[word.start : word.end] for word in cut.words]
    assert [word.word for word in cut.words] == f"{head} {tail}".split()
    assert text[slice(*cut.unread)] == " the new tablets make me dizzy "
    alone = explain(both, f"{head} {tail}", method=method)
    assert [word.score for word in cut.words] == pytest.approx([word.score for word in alone.words], abs=1e-4)


@pytest.mark.parametrize(
    "text",
    [
        "אני רוצה לבטל את התור, תודה!",
        "أريد إلغاء موعدي غدا",
        "予約をキャンセルしたいです。",
        "pills 😀👩‍👩‍👧👍🏽 e\u0301te\u0301 na\u00efve",
        "if x < 3:\n    return a[0] && b  # <b>no</b>\t**x**",
        "a \u202edesrever\u202c z\u200bero\x00null",
    ],
    ids=["hebrew", "arabic", "japanese", "emoji", "code", "control"],
)
def test_no_character_of_any_script_is_lost_or_doubled(demo: Classifier, text: str) -> None:
    html = highlight(explain(counting_classifier(demo), text))
    assert unescape(re.sub(r"<[^>]*>", "", html)) == text


def test_gradients_explain_the_log_odds_so_that_two_classes_mirror_each_other(tiny_encoder: str) -> None:
    binary = build_classifier(tiny_encoder, Task("binary", ("no", "yes")), 16)
    no, yes = (explain(binary, "the red apple is very sweet", label, "integrated gradients") for label in ("no", "yes"))
    assert any(abs(word.score) > 1e-6 for word in yes.words)
    assert [word.score for word in no.words] == pytest.approx([-word.score for word in yes.words], abs=1e-6)
