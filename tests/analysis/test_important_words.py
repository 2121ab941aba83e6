"""Important words: the job's effects are those of the explanations, for labels and for confusions."""

import numpy as np
import pandas as pd
import pytest

from core.analysis.important_words import important_words_job, read_important_words, run_important_words
from core.analysis.word_effects import WordEffects
from core.jobs import process
from core.models.classifier import build_classifier, load_classifier, save_pretrained
from core.prediction.explain import explain
from core.runs import MODEL, Run, create_run
from core.task import Task
from core.training.config import TrainingConfig
from core.workspace import Workspace
from tests.toy import TOY_SOURCE
from tests.training.cases import toy


def run_with_model(workspace: Workspace, kind: str, encoder: str) -> Run:
    """A run with an untrained model."""
    run = create_run(workspace, toy(kind), TrainingConfig(encoder=encoder, max_length=16), "toy", TOY_SOURCE)
    classifier = build_classifier(encoder, run.task, 16)
    save_pretrained(classifier, run.model_folder)
    run.save_logits("validation", MODEL, classifier.logits(run.split("validation")["text"].tolist()))
    return run


def effects_of(run: Run) -> WordEffects:
    """The result of the job."""
    job = important_words_job(run)
    job.path.mkdir()
    run_important_words(job.path)
    assert process.read_status(job.path).state == "finished"
    effects = read_important_words(job, run)
    assert effects is not None
    return effects


@pytest.mark.parametrize(("kind", "label"), [("multiclass", "fruit"), ("multilabel", "sweet"), ("regression", "")])
def test_a_words_effect_is_its_mean_score_in_the_explanations(
    kind: str, label: str, workspace: Workspace, tiny_encoder: str
) -> None:
    run = run_with_model(workspace, kind, tiny_encoder)
    effects = effects_of(run)
    classifier = load_classifier(run.model_folder)
    scores: dict[str, list[float]] = {}
    for text in run.split("validation")["text"]:
        for word in explain(classifier, text, label).words:
            scores.setdefault(word.word, []).append(word.score)
    expected = {word: np.mean(values) for word, values in scores.items() if len(values) >= 3}
    words = effects.for_label(label)
    assert dict(zip(words["word"], words["score"], strict=True)) == pytest.approx(expected, abs=1e-4)
    assert dict(zip(words["word"], words["texts"], strict=True)) == {word: len(scores[word]) for word in expected}
    assert words["score"].is_monotonic_decreasing
    assert effects.sampled_texts == 16


def test_texts_are_explained_once_and_found_by_word(workspace: Workspace, tiny_encoder: str) -> None:
    run = run_with_model(workspace, "binary", tiny_encoder)
    effects = effects_of(run)
    texts = run.split("validation")["text"]
    assert effects.rows == set(range(16))
    assert set(effects.rows_with("apple")) == {row for row, text in enumerate(texts) if "apple" in text}


def made_up_effects() -> WordEffects:
    """Two texts of three classes; the second was added because it is a mistake."""
    lines = [
        (0, True, "", 1.0, 0.0, 0.0),
        (0, True, "red", 0.0, 0.0, 0.0),
        (4, False, "", 0.0, 3.0, 0.0),
        (4, False, "red", 0.5, 1.0, 0.0),
        (4, False, "is", 0.0, 3.0, 2.0),
    ]
    table = pd.DataFrame(lines, columns=["row", "sampled", "word", "0", "1", "2"])
    return WordEffects(Task("multiclass", ("a", "b", "c")), table)


def test_a_confusion_compares_two_labels_over_its_own_texts() -> None:
    words = made_up_effects().for_confusion([4], "a", "b", min_texts=1)
    assert words.to_dict("list") == {"word": ["red", "is"], "score": [2.5, 0.0], "texts": [1, 1]}
    assert made_up_effects().for_confusion([4], "a", "b", min_texts=2).empty


def test_added_mistakes_do_not_count_for_labels() -> None:
    words = made_up_effects().for_label("a", min_texts=1)
    assert words["word"].tolist() == ["red"]
    assert words["score"].tolist() == pytest.approx([1.0])


STORED = pd.DataFrame([(0, True, "", 0.0, 1.0)], columns=["row", "sampled", "word", "0", "1"])
DAMAGED = {
    "a row that is not in the split": STORED.assign(row=99),
    "a text twice": pd.concat([STORED, STORED]),
    "a word without its text": STORED.assign(word="red"),
    "no numbers": STORED.assign(**{"0": "none"}),
    "rows that are texts": STORED.assign(row="first"),
    "a missing column": STORED.drop(columns="word"),
}


def test_a_damaged_result_counts_as_none(workspace: Workspace) -> None:
    run = create_run(workspace, toy("binary"), TrainingConfig(), "toy", TOY_SOURCE)
    job = important_words_job(run)
    job.path.mkdir()
    STORED.to_parquet(job.result_path)
    assert read_important_words(job, run) is not None
    for name, table in DAMAGED.items():
        table.to_parquet(job.result_path)
        assert read_important_words(job, run) is None, name
    job.result_path.write_bytes(b"PAR1")
    assert read_important_words(job, run) is None


def test_stopping_keeps_the_texts_explained_so_far(
    workspace: Workspace, tiny_encoder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = run_with_model(workspace, "binary", tiny_encoder)
    clock = iter([0.0, 0.0, 1e6, 2e6])
    monkeypatch.setattr("core.analysis.important_words.time.monotonic", lambda: next(clock))
    assert 0 < effects_of(run).sampled_texts < 16
