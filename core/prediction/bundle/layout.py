"""The names of the files in the zip of a run. The export writes no others, and the import refuses any other."""

import re

RUN = "run.json"
MODEL = "model"
CARD = "README.md"
SCRIPTS = ("predict.py", "train.py", "train_data.py", "train_model.py")
NOTEBOOK = "train.ipynb"
REQUIREMENTS = "requirements.txt"
WEIGHTS = "model/model.safetensors"
CONFIG = "model/config.json"
TOKENIZER = "model/tokenizer.json"
TOKENIZER_CONFIG = "model/tokenizer_config.json"
RECORD = "model/studio.json"
RULE = "model/decision_rule.json"
LOGITS = "evaluation/logits.safetensors"
RESULT = "evaluation/result.json"
ONNX_FP32 = "model/onnx/model.onnx"
ONNX_INT8 = "model/onnx/model_int8.onnx"

_FILES = {
    *(RUN, CARD, *SCRIPTS, NOTEBOOK, REQUIREMENTS),
    *(WEIGHTS, CONFIG, TOKENIZER, TOKENIZER_CONFIG, RECORD, RULE, ONNX_FP32, ONNX_INT8),
    *(LOGITS, RESULT),
}
# Vocabularies as text, besides tokenizer.json, which has them all; version 0.1's rule; tables for people; counts of views.
_PATTERNS = re.compile(
    r"model/(vocab\.txt|vocab\.json|merges\.txt|special_tokens_map\.json|added_tokens\.json|decision\.json)"
    r"|splits/(train|validation|test)\.(parquet|jsonl)"
    r"|evaluation/looks\.jsonl"
    r"|evaluation/(validation|test)/(measures\.json|[a-z]{1,20}\.parquet)"
)


def rows_file(split: str) -> str:
    """The name of the file with the rows of a split as JSON Lines."""
    return f"splits/{split}.jsonl"


def is_bundle_file(name: str) -> bool:
    """Whether a zip of a run may contain a file with this name."""
    return name in _FILES or _PATTERNS.fullmatch(name) is not None
