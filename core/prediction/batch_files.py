"""Prediction of many files into a folder. Several processes, on several machines, can share the work."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from core.data.reading.chunks import SourceFile
from core.data.table import DETECT, ReadOptions
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


def file_request(
    path: Path,
    output: Path,
    column: str,
    model_folder: Path,
    engine: str | None = None,
    options: ReadOptions = DETECT,
) -> BatchRequest:
    """The prediction of a file; its shards are in the folder ``PROGRESS`` beside the output.

    Raises:
        ConfigError: predictions cannot be written in the format of the output.
        DataError: there is no such file.
    """
    progress, output_format = output.parent / PROGRESS / output.name, output_format_of(output)
    return BatchRequest(
        SourceFile.of_path(path), column, model_folder, output, output_format, progress, engine, options
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
    make_request: Callable[[Path, Path], BatchRequest],
    on_event: OnEvent,
    load: LoadPredictor = load_predictor,
) -> FolderResult:
    """Predict the files that are not yet predicted. A file that cannot be predicted does not keep the others from it.

    ``make_request`` gets the path of a file and that of its output. Run again, also after it was killed, it continues. Files
    that other processes have not finished are looked at twice.
    """
    result = FolderResult()
    load_once = keep_loaded(load)
    for _ in range(2):
        for path, output in outputs.items():
            if path in result.done or path in result.failed:
                continue
            try:
                summary = predict_in_shards(make_request(path, output), load_once, on_event)
            except StudioError as error:
                result.failed[path] = error
                continue
            if summary is not None:
                result.done[path] = summary
    result.elsewhere.extend(path for path in outputs if path not in result.done and path not in result.failed)
    return result
