"""A run as one zip: the model as plain transformers loads it, the record, the rows it was made with, and how to use it."""

import io
import tempfile
import zipfile
from pathlib import Path

from core.runs import Run

_USAGE = '''"""Use the model with plain transformers: python predict.py "a text" ..."""

import sys
from pathlib import Path

import torch
from transformers import AutoModelForSequenceClassification, AutoTokenizer

folder = Path(__file__).parent / "model"
tokenizer = AutoTokenizer.from_pretrained(folder)
model = AutoModelForSequenceClassification.from_pretrained(folder).eval()
for text in sys.argv[1:]:
    inputs = tokenizer(text, truncation=True, max_length={max_length}, return_tensors="pt")
    with torch.inference_mode():
        logits = model(**inputs).logits[0]
    print(text)
    for i, value in enumerate({activation}):
        print(f"  {{model.config.id2label[i]}}: {{value:.4f}}")
'''
_ACTIVATIONS = {
    "binary": "logits.softmax(-1)",
    "multiclass": "logits.softmax(-1)",
    "multilabel": "logits.sigmoid()",
    "regression": "logits",
}


def export(run: Run) -> bytes:
    """The zip of a finished run. An instant model is put on its encoder first, so that the zip is whole.

    Raises:
        ModelError: the run has no model.
    """
    from core.models import classifier as classifiers

    with tempfile.TemporaryDirectory() as scratch:
        whole = run.model_folder
        if not (whole / "config.json").exists():
            whole = Path(scratch) / "model"
            classifiers.save_whole(classifiers.load(run.model_folder), whole)
        max_length = classifiers.read_max_length(run.model_folder)
        usage = _USAGE.format(max_length=max_length, activation=_ACTIVATIONS[run.task.kind])
        buffer = io.BytesIO()
        # Weights do not compress: storing them makes the download start sooner.
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
            for folder, prefix in (
                (whole, "model"),
                (run.folder / "splits", "splits"),
                (run.folder / "evaluation", "evaluation"),
            ):
                for file in sorted(path for path in folder.rglob("*") if path.is_file()):
                    archive.write(file, f"{prefix}/{file.relative_to(folder).as_posix()}")
            archive.write(run.folder / "run.json", "run.json")
            archive.writestr("predict.py", usage)
        return buffer.getvalue()
