"""Small files that decode to far more than their size, or that are built to break a parser."""

import gzip
import io
import json
import re
import zipfile
from collections.abc import Callable

import pyarrow as pa
import pyarrow.parquet as pq

from tests.data.reading.cases import FRAME, excel_bytes, parquet_bytes, zip_bytes

MEGABYTE = 1_000_000
SHEET = "xl/worksheets/sheet1.xml"


def gzip_chain(depth: int) -> bytes:
    data = b"text,label\na,x\nb,y\n"
    for _ in range(depth):
        data = gzip.compress(data, mtime=0)
    return data


def zip_of_gzips() -> bytes:
    part = gzip.compress(b"text,label\n" + b"a,x\n" * 12_000_000, 6, mtime=0)
    return zip_bytes({f"train_{i}.csv.gz": part for i in range(20)})


def zip_of_zips() -> bytes:
    data = zip_bytes({"train.csv": b"text,label\n" + b"a,x\n" * 1_000_000})
    return zip_bytes({"train.zip": zip_bytes({"train.zip": zip_bytes({"train.zip": data})})})


def many_rows() -> bytes:
    return gzip.compress(b"text\n" + b"a\n" * 48_000_000, 9, mtime=0)


def encoded_string() -> bytes:
    """A Parquet file with one string of a megabyte in 100,000 rows."""
    column = pa.DictionaryArray.from_arrays(pa.array([0] * 100_000, pa.int32()), pa.array(["x" * (MEGABYTE // 2)]))
    buffer = io.BytesIO()
    pq.write_table(pa.table({"text": column, "label": column}), buffer, compression="zstd", store_schema=False)
    return buffer.getvalue()


def edit_excel(changes: dict[str, Callable[[str], str]], **more: str) -> bytes:
    """A valid Excel file with the XML of some files changed, and more files."""
    target = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(excel_bytes(Sheet=FRAME))) as source,
        zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive,
    ):
        for name in source.namelist():
            content = source.read(name).decode()
            archive.writestr(name, changes[name](content) if name in changes else content)
        for name, content in more.items():
            archive.writestr(name, content)
    return target.getvalue()


def with_rows(rows: str) -> Callable[[str], str]:
    return lambda xml: xml.replace("</sheetData>", rows + "</sheetData>")


def sheet_with(rows: str, times: int = 1) -> bytes:
    return edit_excel({SHEET: with_rows(rows * times)})


def shared_strings(count: int, cell: str) -> bytes:
    """A sheet whose cells all refer to one long string."""
    rows = "".join(f'<row r="{10 + i}"><c r="A{10 + i}" t="s"><v>0</v></c></row>' for i in range(count))
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"
    override = f'<Override PartName="/xl/sharedStrings.xml" ContentType="{kind}"/></Types>'
    strings = f'<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><si><t>{cell}</t></si></sst>'
    changes = {SHEET: with_rows(rows), "[Content_Types].xml": lambda xml: xml.replace("</Types>", override)}
    return edit_excel(changes, **{"xl/sharedStrings.xml": strings})


def with_entities(xml: str) -> str:
    references = [f"&e{i};" * 10 for i in range(9)]
    levels = "".join(f'<!ENTITY e{i + 1} "{reference}">' for i, reference in enumerate(references))
    xml = re.sub("<t>[^<]*</t>", "<t>&e9;</t>", xml.split("?>", 1)[-1])
    return f'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e0 "ha">{levels}]>{xml}'


# Files by name; each is refused in a sentence.
REFUSED: dict[str, Callable[[], bytes]] = {
    "chain.csv.gz": lambda: gzip_chain(5),
    "gzips.zip": zip_of_gzips,
    "zips.zip": zip_of_zips,
    "rows.csv.gz": many_rows,
    "string.parquet": encoded_string,
    "far row.xlsx": lambda: sheet_with(f'<row r="{10**15}"><c t="str"><v>a</v></c></row>'),
    "far column.xlsx": lambda: sheet_with('<row r="9"><c r="XFD9" t="str"><v>a</v></c></row>'),
    "far empty cells.xlsx": lambda: sheet_with(
        "".join(f'<row r="{9 + i}"><c r="XFD{9 + i}"/></row>' for i in range(9_000))
    ),
    "strings.xlsx": lambda: shared_strings(20_000, "x" * 500_000),
    "entities.xlsx": lambda: edit_excel({SHEET: with_entities}),
    "deep.json": lambda: b'[{"text":' * 100_000,
    "lists.json": lambda: b"[" * 1_000_000,
    "digits.json": lambda: b'[{"text": "a", "label": ' + b"9" * 1_000_000 + b"}]",
    "intents.json": lambda: json.dumps([{"intent": "x" * 500_000, "examples": ["a"] * 100_000}]).encode(),
    "cut.parquet": lambda: parquet_bytes(FRAME)[:-30],
    "cut.xlsx": lambda: excel_bytes(Sheet=FRAME)[:-300],
    "columns.csv": lambda: b"a" + b"," * 100_000 + b"\n" + b"b\n" * 10,
    "quotes.csv": lambda: b'text,label\n"' + b'"' * 3_000_001 + b"\n",
}
