"""A run as one zip: the model as plain transformers loads it, the record, the rows it was made with, and how to use it."""

import io
import json
import tempfile
import zipfile
from dataclasses import asdict
from pathlib import Path

from core import decision_rule
from core.runs import Run

_USAGE = '''"""Use the model with plain transformers: python predict.py "a text" ..."""

import json
import sys
from pathlib import Path

import torch
from transformers import AutoModelForSequenceClassification, AutoTokenizer

folder = Path(__file__).parent / "model"
tokenizer = AutoTokenizer.from_pretrained(folder)
model = AutoModelForSequenceClassification.from_pretrained(folder).eval()
# What was chosen on validation: a temperature, thresholds, from when on to answer, how far off a number may be.
decision = json.loads((folder / "decision.json").read_text(encoding="utf-8"))
names = model.config.id2label
for text in sys.argv[1:]:
    inputs = tokenizer(text, truncation=True, max_length={max_length}, return_tensors="pt")
    with torch.inference_mode():
        logits = model(**inputs).logits[0]
    print(text)
{answer}'''
_CLASSES = """    chances = (logits / decision["temperature"]).softmax(-1).tolist()
    which = max(range(len(chances)), key=chances.__getitem__)
    if len(chances) == 2 and decision["thresholds"]:
        which = int(chances[1] > decision["thresholds"][0])
    sure = chances[which] >= decision["abstain_below"]
    print("  -> " + names[which] if sure else "  -> not sure, perhaps " + names[which])
    for i, chance in enumerate(chances):
        print(f"  {names[i]}: {chance:.4f}")
"""
_LABELS = """    chances = (logits / decision["temperature"]).sigmoid().tolist()
    limits = decision["thresholds"] or [0.5] * len(chances)
    given = [chance > limit for chance, limit in zip(chances, limits)]
    sure = min(chance if yes else 1 - chance for chance, yes in zip(chances, given)) >= decision["abstain_below"]
    answer = ", ".join(names[i] for i, yes in enumerate(given) if yes) or "none of the labels"
    print("  -> " + answer if sure else "  -> not sure, perhaps " + answer)
    for i, chance in enumerate(chances):
        print(f"  {names[i]}: {chance:.4f}")
"""
_NUMBER = """    value, width = float(logits[0]), decision["interval_half_width"]
    print(f"  {names[0]}: {value:.4f}")
    if width is not None:
        print(f"  between {value - width:.4f} and {value + width:.4f} in {decision['level']:.0%} of the cases")
"""
_ANSWERS = {"binary": _CLASSES, "multiclass": _CLASSES, "multilabel": _LABELS, "regression": _NUMBER}


def export(run: Run) -> bytes:
    """The zip of a finished run. An instant model is put on its encoder first, so that the zip is whole.

    Raises:
        ModelError: the run has no model.
    """
    from core.models import classifier as classifiers

    kept = decision_rule.load(run.model_folder)
    with tempfile.TemporaryDirectory() as scratch:
        whole = run.model_folder
        if not (whole / "config.json").exists():
            whole = Path(scratch) / "model"
            classifiers.save_whole(classifiers.load(run.model_folder), whole)
        max_length = classifiers.read_max_length(run.model_folder)
        usage = _USAGE.format(max_length=max_length, answer=_ANSWERS[run.task.kind])
        buffer = io.BytesIO()
        # Weights do not compress: storing them makes the download start sooner.
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
            for folder, prefix in (
                (whole, "model"),
                (run.folder / "splits", "splits"),
                (run.folder / "evaluation", "evaluation"),
            ):
                for file in sorted(path for path in folder.rglob("*") if path.is_file()):
                    if file.name != decision_rule.FILE:
                        archive.write(file, f"{prefix}/{file.relative_to(folder).as_posix()}")
            archive.writestr(f"model/{decision_rule.FILE}", json.dumps(asdict(kept), indent=2))
            archive.write(run.folder / "run.json", "run.json")
            archive.writestr("predict.py", usage)
        return buffer.getvalue()
