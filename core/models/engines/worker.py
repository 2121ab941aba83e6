"""The process of a trial: ``python -m core.models.engines.worker MODEL_FOLDER HOME`` computes logits for JSON lines.

A question is ``{"engine", "texts"}``, for OpenVINO's int8 also ``"calibration_texts"``. The answer is ``{"logits", "seconds"}``,
without the time to load the engine, or ``{"problem"}``.
"""

import json
import os
import sys
import time
from pathlib import Path
from typing import IO, Any

from core.errors import StudioError
from core.models.engines.base import Engine
from core.models.engines.load import load_engine

_WARM_UP_TEXTS = 8


def serve(questions: IO[str], answers: IO[str], model_folder: Path, home: Path) -> None:
    """Answer questions until there are no more."""
    engines: dict[str, Engine] = {}
    for line in questions:
        answers.write(json.dumps(_answer(json.loads(line), engines, model_folder, home)) + "\n")
        answers.flush()


def _answer(question: dict[str, Any], engines: dict[str, Engine], model_folder: Path, home: Path) -> dict[str, Any]:
    name, texts = question["engine"], question["texts"]
    try:
        if name not in engines:
            engines[name] = load_engine(model_folder, name, home, question.get("calibration_texts", ()))
            engines[name].logits(texts[:_WARM_UP_TEXTS])
        start = time.perf_counter()
        logits = engines[name].logits(texts)
        return {"logits": logits.tolist(), "seconds": time.perf_counter() - start}
    except StudioError as error:
        return {"problem": error.message}
    except Exception as error:  # noqa: BLE001 - whatever a library raises, it is then no candidate
        return {"problem": f"{type(error).__name__}: {error}"}


def _main() -> None:
    """Answer on standard output. What libraries print goes to standard error instead."""
    with os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8") as answers:
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
        serve(sys.stdin, answers, Path(sys.argv[1]), Path(sys.argv[2]))


if __name__ == "__main__":
    _main()
