"""Small files that decode to far more than their size, or that are built to break a parser."""

import gzip
import io
import json
import re
import struct
import zipfile
import zlib
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


def overlapping_zip(files: int) -> bytes:
    """A zip whose directory names the same contents many times."""
    text = b"a,b\n" * 2_000_000
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = packer.compress(text) + packer.flush()
    sizes = struct.pack("<III", zlib.crc32(text), len(packed), len(text))
    body = b"PK\x03\x04" + struct.pack("<HHHHH", 20, 0, 8, 0, 0) + sizes + struct.pack("<HH", 5, 0) + b"a.csv" + packed
    directory = b"".join(
        b"PK\x01\x02"
        + struct.pack("<HHHHHH", 20, 20, 0, 8, 0, 0)
        + sizes
        + struct.pack("<HHHHHII", 12, *[0] * 6)
        + name
        for name in (b"train%03d.csv" % number for number in range(files))
    )
    return body + directory + b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, files, files, len(directory), len(body), 0)


def changed_zip(offset: int, value: bytes) -> bytes:
    """A zip of a table with another value in the first entry of its directory."""
    data = zip_bytes({"train.csv": b"text,label\na,x\nb,y\n"})
    at = data.rfind(b"PK\x01\x02") + offset
    return data[:at] + value + data[at + len(value) :]


def row_groups() -> bytes:
    """A Parquet file with a row group for each row."""
    buffer = io.BytesIO()
    pq.write_table(pa.table({"text": ["a b"] * 3_000, "label": ["x"] * 3_000}), buffer, row_group_size=1)
    return buffer.getvalue()


def with_metadata(features: object) -> bytes:
    """A Parquet file whose metadata has something else than class names."""
    table = pa.table({"text": ["a", "b"], "label": [0, 1]})
    buffer = io.BytesIO()
    record = json.dumps({"info": {"features": features}})
    pq.write_table(table.replace_schema_metadata({"huggingface": record}), buffer)
    return buffer.getvalue()


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
    "overlap.zip": lambda: overlapping_zip(400),
    "encrypted.zip": lambda: changed_zip(8, b"\1"),
    "size.zip": lambda: changed_zip(24, b"\xfe\xff\xff\xff"),
    "method.zip": lambda: changed_zip(10, b"\x63\0"),
    "offset.zip": lambda: changed_zip(42, b"\0\0\0\x80"),
    "groups.parquet": row_groups,
    "footer.parquet": lambda: parquet_bytes(FRAME)[:-8] + b"\xff\xff\xff\x7fPAR1",
    "date.xlsx": lambda: sheet_with('<row r="9"><c r="A9" t="d"><v>99999-99-99</v></c></row>'),
    "string.xlsx": lambda: sheet_with('<row r="9"><c r="A9" t="s"><v>-1</v></c></row>'),
    "column.xlsx": lambda: sheet_with('<row r="9"><c r="ZZZZZZ9" t="str"><v>a</v></c></row>'),
    "alias.yml": lambda: b"nlu:\n- &a [x, x]\n- [*a, *a]\n",
    "flow.yml": lambda: b"nlu: " + b"[" * 100_000,
    "tag.yml": lambda: b"nlu: !!python/object/apply:os.getcwd []\n",
    "line.txt": lambda: b"a " * 6_000_000,
    "commas.csv": lambda: b"text,label\n" + b"a," * 6_000_000,
    "nulls.csv": lambda: b"\0" * 500_000,
    "pickle.csv": lambda: b"\x80\x04\x95\x0f\0\0\0\0\0\0\0}\x94\x8c\x04text\x94]\x94" + b"\x8c\x01a\x94" * 500 + b"es.",
    "pointer.csv": lambda: b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a2146\nsize 12345\n",
    "error.csv": lambda: b"<!DOCTYPE html><html><title>404</title>" + b"<p>Not found, sorry; try again</p>\n" * 300,
    "studio.json": lambda: b'[{"data": {"text": "a"}, "annotations": [{"result": 5}]}]',
    "links.zip": lambda: zip_bytes({f"../../{c}\x1b/{i}.txt": b"a text" for c in "ab" for i in range(5)}),
    "quotes.csv": lambda: b'text,label\n"' + b'"' * 3_000_001 + b"\n",
}
# Files by name that are read as a table, each with the number of its rows.
READ: dict[str, tuple[Callable[[], bytes], int]] = {
    "late row.csv": (lambda: b"text,label\n" + b"a,b\n" * 1_000 + b"x" + b"," * 2_000_000 + b"\n", 1_001),
    "features.parquet": (lambda: with_metadata(["label"]), 2),
    "names.parquet": (lambda: with_metadata({"label": {"names": [1, None]}}), 2),
    "far rows.xlsx": (
        lambda: sheet_with('<row r="1048576"><c r="A1048576" t="str"><v>a</v></c></row>'),
        len(FRAME) + 1,
    ),
    "deep.json": (lambda: b'[{"text": "a", "label": ' + b"[" * 900 + b"]" * 900 + b"}]", 1),
    "numbers.json": (lambda: b'[{"text": "a", "label": 1e999}, {"text": "b", "label": NaN}]', 2),
    "keys.json": (lambda: b'[{"text": "a", "text": "b", "label": "\\ud800"}, {"\\udfff": 1, "text": "c"}]', 2),
    "intents.yml": (lambda: b"nlu:\n" + b"- {intent: a, examples: [b]}\n" * 2_000, 2_000),
    "escapes.csv": (lambda: b"text,=label\n" + b"\x1b[31m hi,x\n" * 20, 20),
    "members.csv.gz": (
        lambda: gzip.compress(b"text,label\n", mtime=0) + gzip.compress(b"a,b\n", mtime=0) * 2_000,
        2_000,
    ),
}
