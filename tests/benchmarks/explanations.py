"""Do the highlighted words matter? Share of confident test texts whose explanation passes the deletion check of the app.

Two models are trained as the command line trains them: spam (SMS) and sentiment (comments whose emotions are all positive or
all negative). Texts of a single word cannot be checked and are left out.
"""

import csv
import sys
import tempfile
from pathlib import Path
from typing import get_args

import numpy as np
import pandas as pd

from core.evaluation.decisions.predictions import make_predictions
from core.models.classifier import Classifier, load_classifier
from core.prediction.explain import Method, explain
from core.prediction.read_text import read_text
from core.runs import Run
from tests.benchmarks.common import Figure, data_folder
from tests.benchmarks.quality import train_with

_WANTED = 0.9
_CONFIDENT, _TEXTS, _SEED = 0.9, 200, 0
_SENTIMENT_ROWS = 8_000
_POSITIVE = ("admiration", "amusement", "approval", "excitement", "gratitude", "joy", "love", "optimism", "pride")
_NEGATIVE = ("anger", "annoyance", "disappointment", "disapproval", "disgust", "fear", "grief", "remorse", "sadness")


def explanations() -> list[Figure]:
    """For each model and method: the share of confident texts that pass, against the 90% that are wanted."""
    figures = []
    for name, make_table in {"spam": spam_table, "sentiment": sentiment_table}.items():
        table = make_table()
        if table is None:
            continue
        with tempfile.TemporaryDirectory() as scratch:
            file = Path(scratch) / f"{name}.csv"
            table.to_csv(file, index=False)
            run = train_with(file, ["--text", "text", "--label", "label"], Path(scratch) / "workspace")
            figures += [_pass_rate(f"explanations_{name}", run, method) for method in get_args(Method)]
    return figures


def spam_table() -> pd.DataFrame | None:
    """The SMS messages with the labels ham and spam; None without the data."""
    folder = data_folder("sms_spam")
    if folder is None:
        return None
    return _read_tsv(folder / "SMSSpamCollection.tsv", ["label", "text"])


def sentiment_table() -> pd.DataFrame | None:
    """A sample of comments with the labels positive and negative, as many of each; None without the data."""
    folder = data_folder("goemotions")
    if folder is None:
        return None
    names = (folder / "labels.txt").read_text(encoding="utf-8").split()
    comments = _read_tsv(folder / "train.tsv", ["text", "ids", "comment"])
    groups = {"positive": set(_POSITIVE), "negative": set(_NEGATIVE)}
    emotions = [{names[int(i)] for i in ids.split(",")} for ids in comments["ids"]]
    labels = [next((name for name, group in groups.items() if found <= group), "") for found in emotions]
    labeled = comments[["text"]].assign(label=labels)
    return labeled[labeled["label"] != ""].groupby("label").sample(_SENTIMENT_ROWS // 2, random_state=_SEED)


def _read_tsv(path: Path, names: list[str]) -> pd.DataFrame:
    return pd.read_csv(path, sep="\t", names=names, quoting=csv.QUOTE_NONE, keep_default_na=False, dtype=str)


def _pass_rate(name: str, run: Run, method: Method) -> Figure:
    classifier = load_classifier(run.model_folder)
    checks = [explain(classifier, text, method=method).check for text in _confident_texts(run, classifier)]
    passed = np.asarray([check.passed for check in checks])
    lowered = np.mean([check.drop > check.random_drop for check in checks])
    how = (
        f"{method}: {passed.sum()} of {len(passed)} test texts with a confidence of {_CONFIDENT:.0%} or more pass; "
        f"the drop is above the mean of the random drops in {lowered:.1%}"
    )
    print(f"{name}: {how}", file=sys.stderr)
    share = float(passed.mean())
    return Figure(f"{name}_{method.replace(' ', '_')}", share, _WANTED, share / _WANTED, "share of texts", [], how)


def _confident_texts(run: Run, classifier: Classifier) -> list[str]:
    """A sample of the test texts of at least two words that the model predicts with confidence."""
    texts = run.split("test")["text"]
    confidence = make_predictions(run.task, run.logits("test")).confidence
    confident = texts[confidence >= _CONFIDENT].sample(frac=1, random_state=_SEED)
    return [text for text in confident if len(read_text(classifier, text).words) > 1][:_TEXTS]
