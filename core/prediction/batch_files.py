"""Prediction of many files into a folder. Several processes, on several machines, can share the work."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from core.data.reading.chunks import SourceFile
from core.errors import DataError, StudioError
from core.jobs.events import OnEvent
from core.prediction.batch_file import BatchRequest, predict_in_shards
from core.prediction.batch_output import output_format_of
from core.prediction.batch_rows import LoadPredictor, Predictor, load_predictor
from core.prediction.batch_shards import BatchSummary

# The shards of an output file, and what shows that it is finished, are in a folder of its name in this folder beside it.
PROGRESS = ".progress"
_KEPT_SUFFIXES = (".csv", ".parquet", ".jsonl", ".xlsx")


@dataclass(frozen=True)
class FolderResult:
    """What became of the inputs: those that are predicted, those that cannot be, and those that others still work on."""

    done: dict[Path, BatchSummary] = field(default_factory=dict)
    failed: dict[Path, StudioError] = field(default_factory=dict)
    elsewhere: list[Path] = field(default_factory=list)


def output_paths(inputs: Sequence[Path], folder: Path) -> dict[Path, Path]:
    """The output of each input: the same name in ``folder``, as CSV if predictions cannot have the format of the input.

    Raises:
        DataError: two outputs would have the same name, or an output would replace its input.
    """
    outputs: dict[Path, Path] = {}
    for path in inputs:
        name = Path(path.name.removesuffix(".gz"))
        output = folder / f"{name.stem}{name.suffix.lower() if name.suffix.lower() in _KEPT_SUFFIXES else '.csv'}"
        if output.resolve() == path.resolve():
            raise DataError(f"{output} would replace its own input.", "Choose another output folder.")
        if output in outputs.values():
            raise DataError(f"Two inputs would be written to {output}.", "Give the files different names.")
        outputs[path] = output
    return outputs


def file_request(path: Path, output: Path, column: str, model_folder: Path) -> BatchRequest:
    """The prediction of a file with the default engine; its shards are in the folder ``PROGRESS`` beside the output.

    Raises:
        ConfigError: predictions cannot be written in the format of the output.
        DataError: there is no such file.
    """
    progress = output.parent / PROGRESS / output.name
    return BatchRequest(
        SourceFile.of_path(path), column, model_folder, output, output_format_of(output), progress_folder=progress
    )


def keep_loaded(load: LoadPredictor) -> LoadPredictor:
    """The function, which loads the same model only once unless another engine is asked for."""
    loaded: dict[Path, Predictor] = {}

    def load_or_reuse(model_folder: Path, engine: str | None) -> Predictor:
        present = loaded.get(model_folder)
        if present is None or (engine is not None and engine != present.engine.name):
            loaded.clear()
            present = loaded[model_folder] = load(model_folder, engine)
        return present

    return load_or_reuse


def predict_files(
    outputs: dict[Path, Path],
    column: str,
    model_folder: Path,
    on_event: OnEvent,
    engine: str | None = None,
    load: LoadPredictor = load_predictor,
) -> FolderResult:
    """Predict the files that are not yet predicted. A file that cannot be predicted does not keep the others from it.

    Run again, also after it was killed, it continues. Files that other processes have not finished are looked at twice.
    """
    result = FolderResult()
    load_once = keep_loaded(load)
    for _ in range(2):
        for path, output in outputs.items():
            if path in result.done or path in result.failed:
                continue
            try:
                request = replace(file_request(path, output, column, model_folder), engine=engine)
                summary = predict_in_shards(request, load_once, on_event)
            except StudioError as error:
                result.failed[path] = error
                continue
            if summary is not None:
                result.done[path] = summary
    result.elsewhere.extend(path for path in outputs if path not in result.done and path not in result.failed)
    return result
