"""The command line says how a table is read and what its columns are, as the Data page does."""

import json
from pathlib import Path

import pytest

from core.__main__ import main
from core.cli.data_options import choose_columns, read_options
from core.cli.output import print_warnings
from core.cli.parser import make_parser
from core.data.columns import apply_columns
from core.data.reading.files import read_bytes
from tests.data.cases import make_table

ROWS = [
    (f"a text about day {i} of it, schön", "ab"[i % 2], f"{i % 28 + 1:02}/{i // 28 + 1:02}/2021") for i in range(60)
]

FILES = {
    "encoding": ("\n".join(["text|label|when", *("|".join(row) for row in ROWS)]).encode("cp1252"), ["--encoding", "cp1252"]),
    "delimiter": ("\n".join(["text^label^when", *("^".join(row) for row in ROWS)]).encode(), ["--delimiter", "^"]),
    "tab": ("\n".join(["text\tlabel\twhen", *("\t".join(row) for row in ROWS)]).encode(), ["--delimiter", "tab"]),
    "quote": ("\n".join(["text;label;when", *(f"'{t}';'{x}';'{d}'" for t, x, d in ROWS)]).encode(), ["--quote", "single"]),
    "header": ("\n".join(f"{t}|{x}|{d}" for t, x, d in ROWS).encode(), ["--no-header", "--delimiter", "pipe"]),
}  # fmt: skip


@pytest.mark.parametrize("kind", FILES)
def test_a_file_is_read_as_the_options_say(kind: str) -> None:
    data, arguments = FILES[kind]
    table = read_bytes(data, "x.csv", read_options(make_parser().parse_args(["check", "x.csv", *arguments])))
    assert table.frame.iloc[:, 0].tolist() == [text for text, _, _ in ROWS]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--task", "regression"], {"kind": "regression"}),
        (["--text", "note"], {"text": "note", "label": "stars"}),
        (["--time", "when", "--date-order", "day-first"], {"time": "when", "date_order": "day first"}),
        (["--group", "note", "--split", "part"], {"group": "note", "split": "part"}),
        (["--threshold", "0.8"], {"threshold": 0.8}),
    ],
)
def test_columns_are_chosen_as_the_options_say(arguments: list[str], expected: dict[str, object]) -> None:
    texts = [f"a text about thing {i}" for i in range(40)]
    columns = {"text": texts, "note": texts[::-1], "stars": ["1", "2", "3", "4"] * 10, "when": ["01/02/2021"] * 40}
    table = make_table(**columns, part=["train", "test"] * 20)
    choice = choose_columns(table, make_parser().parse_args(["check", "x.csv", *arguments]))
    assert {name: getattr(choice, name) for name in expected} == expected


def test_the_order_of_dates_is_used_by_check(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "x.csv"
    path.write_text("\n".join(["text,label,when", *(f'"{t}",{x},{d[:2]}/01/2021' for t, x, d in ROWS)]))
    assert main(["check", str(path), "--time", "when", "--date-order", "month-first", "--json"]) == 1
    record = json.loads(capsys.readouterr().out)
    assert "month first in the time column" in record["findings"][0]["message"]
    assert main(["check", str(path), "--time", "when", "--json"]) == 0


def test_a_training_prints_what_check_would_warn_about(capsys: pytest.CaptureFixture[str]) -> None:
    texts = [f"a text about thing {i}" for i in range(20)]
    table = make_table(text=[*texts, texts[0], "write to me@example.org"], label=[*["a", "b"] * 10, "b", "a"])
    choice = choose_columns(table, make_parser().parse_args(["check", "x.csv"]))
    print_warnings(table, choice, apply_columns(table, choice))
    printed = capsys.readouterr().err
    assert "text: text; label: label; task: binary" in printed
    assert "warning: Same text with different labels: 2 rows." in printed
    assert "Possible email addresses" in printed
