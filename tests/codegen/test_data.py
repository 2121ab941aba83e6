"""The code of Data makes the same rows as the app: for each way in which labels are written, and for each repair."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from core.codegen.data import DataFiles, can_read_original, data_code, split_table
from core.data.columns import ColumnChoice, apply_columns
from core.data.reading.files import read_bytes
from core.data.repairs import Repair, apply_repairs
from core.data.samples import SAMPLES
from core.data.splitting import SplitConfig, split
from core.formatting import csv_bytes
from tests.codegen.run_code import run_code

_SAMPLES_FOLDER = Path(__file__).parents[2] / "core" / "data" / "samples"
_HOSTILE = "') or exit('{{ 7 * 7 }}') #\\"
# The texts of a case are near-duplicates of one another.
_SPLIT = SplitConfig(group_near_duplicates=False)
_TEXT, _LABEL = "t'x {{1}}", "label"


@dataclass(frozen=True)
class Case:
    """A file, how its columns are chosen and repaired."""

    data: bytes
    columns: ColumnChoice
    repairs: tuple[Repair, ...] = ()
    is_original: bool = True


def _rows(separator: str, cells: list[tuple[str, str]]) -> str:
    return "\n".join([f"text{separator}label", *map(separator.join, cells)])


def _cases() -> dict[str, Case]:
    numbers = range(40)
    plain = [(f"text {i} of {i % 3}", "ham" if i % 2 else "spam") for i in numbers]
    quoted = [(f'"She said ""no"", {i}; then left"', "a" if i % 2 else _HOSTILE) for i in numbers]
    personal = [
        (f"call +49 170 123456{i:02} or a{i}@b.example &amp; <b>go</b> cafÃ© {i}", "x y"[i % 2 * 2]) for i in numbers
    ]
    lists = [(f"note {i}", '["a", "b c"]' if i % 2 else "['b c']") for i in numbers]
    split_parts = [(f"note {i}", "red|blue" if i % 2 else "red | green") for i in numbers]
    relabel = Repair("relabel", {"changes": [{"text": plain[0][0], "was": "spam", "now": "ham"},
                                             {"text": plain[2][0], "was": "spam", "now": None}]})  # fmt: skip
    text_repairs = tuple(map(Repair, ("mend_encoding", "strip_markup", "mask_personal", "drop_duplicates")))
    sample = {s.file: Case((_SAMPLES_FOLDER / s.file).read_bytes(), s.columns) for s in SAMPLES}
    multilabel = (
        Repair("merge_labels", {"mapping": {"green": "blue"}}),
        Repair("drop_labels", {"labels": ["blue"]}),
    )
    return sample | {
        "semicolons in cp1252": Case(
            _rows(";", [(f"Größe {i}", label) for i, (_, label) in enumerate(plain)]).encode("cp1252"),
            ColumnChoice("text", "label", "binary"),
        ),
        "hostile names and quotes": Case(
            "\n".join([f"{_TEXT};{_LABEL}", *map(";".join, quoted)]).encode(),
            ColumnChoice(_TEXT, _LABEL, "binary"),
        ),
        "no header, tabs, names of ids": Case(
            "\n".join(f"{i % 2}\ta text that is number {i}\t7" for i in numbers).encode(),
            ColumnChoice("column 2", "column 1", "binary", names=(("0", "ham's"), ("1", 'sp"am'))),
        ),
        "text repairs": Case(_rows("\t", personal).encode(), ColumnChoice("text", "label", "binary"), text_repairs),
        "corrected labels": Case(
            _rows(",", [*plain, *plain[:5]]).encode(),
            ColumnChoice("text", "label", "binary"),
            (relabel, Repair("drop_duplicates"), Repair("merge_labels", {"mapping": {"ham": "not spam"}})),
        ),
        "lists": Case(_rows("\t", lists).encode(), ColumnChoice("text", "label", "multilabel", form="list")),
        "separated labels": Case(
            _rows(",", split_parts).encode(), ColumnChoice("text", "label", "multilabel", form="|"), multilabel
        ),
        "a column for each label": Case(
            "\n".join(["text,a,b", *(f"note {i},{i % 2},{'TRUE' if i % 3 else 0}" for i in numbers)]).encode(),
            ColumnChoice("text", "a", "multilabel", label_columns=("a", "b"), form="columns"),
        ),
        "decimal commas": Case(
            _rows(";", [(f"note {i}", f"{i},5") for i in numbers]).encode(), ColumnChoice("text", "label", "regression")
        ),
        "a row that does not fit": Case(
            _rows(",", [*plain, ("one", "two,three,four")]).encode(),
            ColumnChoice("text", "label", "binary"),
            is_original=False,
        ),
    }


CASES = _cases()


@pytest.fixture(scope="module")
def frames(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, dict[str, list[object]]]]:
    """The frames that the code of each case makes."""
    codes, folders = [], []
    for case in CASES.values():
        folder = tmp_path_factory.mktemp("data")
        table = read_bytes(case.data, "file.csv")
        assert can_read_original(table) == case.is_original
        files = DataFiles("file.csv" if case.is_original else "table.parquet", "split.csv", case.is_original)
        (folder / "file.csv").write_bytes(case.data)
        table.frame.to_parquet(folder / "table.parquet", index=False)
        labeled = apply_repairs(apply_columns(table, case.columns), case.repairs)
        (folder / "split.csv").write_bytes(csv_bytes(split_table(labeled, _SPLIT)))
        codes.append(data_code(table, case.columns, case.repairs, files))
        folders.append(folder)
    return dict(zip(CASES, run_code(codes, folders, ["train", "validation", "test"]), strict=True))


@pytest.mark.parametrize("name", CASES)
def test_the_rows_are_those_of_the_app(name: str, frames: dict[str, dict[str, dict[str, list[object]]]]) -> None:
    case = CASES[name]
    labeled = apply_repairs(apply_columns(read_bytes(case.data, "file.csv"), case.columns), case.repairs)
    for split_name, expected in split(labeled, _SPLIT):
        assert len(expected) > 0
        assert frames[name][split_name] == {"text": expected["text"].tolist(), "label": expected["label"].tolist()}
