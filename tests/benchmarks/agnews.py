"""The AG News notebook's job: 1,000 rows split 800/200, against the notebook's recipe with the same encoder."""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pandas as pd

from tests.benchmarks.common import Figure, data_folder

ROUNDS = 1
PLAIN_ROUNDS = 3
# 20 of the recipe's 100 equal steps are timed.
TIMED_STEPS = 20
ALL_STEPS = 100

_RECIPE = f"""
import sys, time
import pandas as pd
from datasets import Dataset
from transformers import AutoModelForSequenceClassification, AutoTokenizer, Trainer, TrainerCallback, TrainingArguments
import torch

folder, threads, train_file, test_file = sys.argv[1:]
torch.set_num_threads(int(threads))
tokenizer = AutoTokenizer.from_pretrained(folder)
def load(path):
    frame = pd.read_csv(path, keep_default_na=False)
    labels = {{name: i for i, name in enumerate(sorted(frame["label"].unique()))}}
    frame["labels"] = frame["label"].map(labels)
    pad = lambda batch: tokenizer(batch["text"], padding="max_length", truncation=True, max_length=512)
    return Dataset.from_pandas(frame[["text", "labels"]]).map(pad, batched=True, remove_columns=["text"])
train, test = load(train_file), load(test_file)
model = AutoModelForSequenceClassification.from_pretrained(folder, num_labels=4)
class Clock(TrainerCallback):
    def on_train_begin(self, *a, **k): self.start = time.perf_counter()
    def on_step_end(self, args, state, control, **k): self.end = time.perf_counter()
clock = Clock()
args = TrainingArguments(output_dir=sys.argv[3] + ".out", per_device_train_batch_size=8, per_device_eval_batch_size=8,
    learning_rate=5e-5, weight_decay=0.01, max_steps={TIMED_STEPS}, save_strategy="no", report_to="none",
    disable_tqdm=True, use_cpu=True, logging_strategy="no", dataloader_pin_memory=False)
trainer = Trainer(model=model, args=args, train_dataset=train, callbacks=[clock])
trainer.train()
steps = (clock.end - clock.start) / {TIMED_STEPS} * {ALL_STEPS}
start = time.perf_counter()
trainer.predict(test)
print(steps + time.perf_counter() - start)
"""


def agnews_vs_recipe() -> list[Figure]:
    """Seconds of the whole ``core train`` process against the recipe's steps and evaluation, and our accuracy."""
    source = data_folder("ag_news")
    if source is None:
        return []
    with tempfile.TemporaryDirectory() as scratch:
        train, test = split_as_the_notebook(source, Path(scratch))
        runs, on_200, on_7600 = [], [], []
        for round_ in range(ROUNDS):
            folder, seconds, accuracy = ours(train, test, Path(scratch) / f"workspace{round_}")
            runs.append([seconds, theirs(train, test)])
            on_200.append(accuracy)
            on_7600.append(accuracy_on(folder, source / "test.csv"))
    mine, recipe = (statistics.median(run[i] for run in runs) for i in (0, 1))
    how = f"core train, whole process, against {TIMED_STEPS} of the recipe's {ALL_STEPS} steps scaled up plus its evaluation"
    return [
        Figure("agnews_vs_recipe", mine, recipe, recipe / mine, "s", runs, how),
        Figure(
            "agnews_accuracy_200",
            statistics.median(on_200),
            0.88,
            statistics.median(on_200) / 0.88,
            "share",
            [],
            "the notebook's 0.88",
        ),
        Figure(
            "agnews_accuracy_7600",
            statistics.median(on_7600),
            0.85,
            statistics.median(on_7600) / 0.85,
            "share",
            [],
            "test.csv",
        ),
    ]


_TRAINER = """
import sys, time
start = time.perf_counter()
import pandas as pd
import torch
from datasets import Dataset
from transformers import AutoModelForSequenceClassification, AutoTokenizer, DataCollatorWithPadding, Trainer, TrainingArguments

folder, threads, train_file, test_file, epochs, batch = sys.argv[1:]
torch.set_num_threads(int(threads))
tokenizer = AutoTokenizer.from_pretrained(folder)
def load(path):
    frame = pd.read_csv(path, keep_default_na=False)
    labels = {name: i for i, name in enumerate(sorted(frame["label"].unique()))}
    frame["labels"] = frame["label"].map(labels)
    cut = lambda batch: tokenizer(batch["text"], truncation=True, max_length=256)
    return Dataset.from_pandas(frame[["text", "labels"]]).map(cut, batched=True, remove_columns=["text"])
train, test = load(train_file), load(test_file)
model = AutoModelForSequenceClassification.from_pretrained(folder, num_labels=4)
args = TrainingArguments(output_dir=train_file + ".plain", per_device_train_batch_size=int(batch), num_train_epochs=float(epochs),
    per_device_eval_batch_size=int(batch), learning_rate=1e-4, eval_strategy="epoch", save_strategy="epoch",
    report_to="none", disable_tqdm=True, use_cpu=True, dataloader_pin_memory=False)
trainer = Trainer(model=model, args=args, train_dataset=train, eval_dataset=test,
    data_collator=DataCollatorWithPadding(tokenizer))
trainer.train()
trainer.predict(test)
print(time.perf_counter() - start)
"""


def agnews_vs_trainer() -> list[Figure]:
    """Seconds of the whole ``core train`` process against a plain ``Trainer`` with dynamic padding and the same epochs."""
    source = data_folder("ag_news")
    if source is None:
        return []
    from core.training.presets import recommended

    with tempfile.TemporaryDirectory() as scratch:
        train, test = split_as_the_notebook(source, Path(scratch))
        config = recommended(720, 4)
        runs = []
        for round_ in range(PLAIN_ROUNDS):
            seconds = ours(train, test, Path(scratch) / f"workspace{round_}")[1]
            plain = _plain(_TRAINER, train, test, str(config.epochs), str(config.batch_size))
            runs.append([seconds, plain])
    mine, plain = (statistics.median(run[i] for run in runs) for i in (0, 1))
    how = "core train, whole process, against a plain Trainer with dynamic padding, whole process, the same epochs"
    return [Figure("agnews_vs_trainer", mine, plain, plain / mine, "s", runs, how)]


def _plain(program: str, *arguments: object) -> float:
    """Seconds that a program of its own prints last; it is told the built-in encoder's folder and the cores."""
    from core import host
    from core.models.encoders import built_in_folder

    told = [str(built_in_folder()), str(host.cores()), *map(str, arguments)]
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program, *told], capture_output=True, text=True, check=True
    )
    return float(done.stdout.strip().splitlines()[-1])


def split_as_the_notebook(source: Path, scratch: Path) -> tuple[Path, Path]:
    """The first 1,000 training rows as two files, split as ``train_test_split(test_size=0.2, seed=42)`` does."""
    from datasets import Dataset

    frame = pd.read_csv(source / "train_first1000.csv", keep_default_na=False)
    parts = Dataset.from_pandas(frame).train_test_split(test_size=0.2, seed=42)
    files = {name: scratch / f"{name}.csv" for name in ("train", "test")}
    for name, file in files.items():
        parts[name].to_pandas().to_csv(file, index=False)
    return files["train"], files["test"]


def ours(train: Path, test: Path, workspace: Path) -> tuple[Path, float, float]:
    """Run folder, wall seconds of the process and accuracy on the 200 rows."""
    options = ["--text", "text", "--label", "label", "--test-file", str(test), "--workspace", str(workspace), "--json"]
    start = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "core", "train", str(train), *options],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ,
    )
    seconds = time.perf_counter() - start
    record = json.loads(done.stdout)
    return Path(record["folder"]), seconds, record["test"]["accuracy"]


def theirs(train: Path, test: Path) -> float:
    """Seconds of the recipe's 100 steps and its evaluation."""
    return _plain(_RECIPE, train, test)


def accuracy_on(folder: Path, file: Path) -> float:
    """Accuracy of a run's model on a file with text and label."""
    with tempfile.TemporaryDirectory() as scratch:
        out = Path(scratch) / "answers.csv"
        command = [
            sys.executable,
            "-m",
            "core",
            "predict",
            str(folder),
            "--file",
            str(file),
            "--text",
            "text",
            "--out",
            str(out),
        ]
        subprocess.run(command, capture_output=True, check=True)
        answers = pd.read_csv(out, keep_default_na=False)
    return float((answers["label"] == answers["predicted label"]).mean())
