"""How delimited text is written: which character separates, which quotes.

A dialect is judged by how evenly it splits the records. Quotation marks count as quoting only where the file obeys its own
rules: in many files of tweets and messages they are text, and a reader that trusts them swallows whole rows. A comma that is
always followed by a blank is prose, unless a header says otherwise.
"""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from core.data.table import MAX_CELL_CHARACTERS, ReadOptions

# In the order in which they are believed where all split evenly: tabs hardly occur in prose, commas all the time.
DELIMITERS = {"\t": "tab", "|": "pipe", ";": "semicolon", ",": "comma"}
SAMPLE_CHARACTERS = 200_000
SAMPLE_RECORDS = 2_000
_NEVER_WRITTEN = "\x1f"
# Share of records that must have the same number of columns before a character counts as the delimiter.
_EVEN_ENOUGH = 0.5
_QUOTED_COLUMN = 0.5
_PROSE = 0.9
_MAX_PREAMBLE = 20
_HEADER_CHARACTERS = 60
_NAMES = re.compile(
    r"\s*(id|index|idx|no|nr|text|texts|message|sentence|review|comment|content|body|title|question|tweet|description|ticket|"
    r"utterance|abstract|label|labels|category|class|target|intent|topic|tag|tags|score|rating|stars|sentiment|emotion|type|"
    r"split|date|time|name|value|v\d+|col\w*|\w+[_ ](id|text|label|labels|name|class|category|score))\s*",
    re.IGNORECASE,
)

csv.field_size_limit(MAX_CELL_CHARACTERS)
CsvReader = Any  # what csv.reader returns has no name one could import


@dataclass(frozen=True)
class Dialect:
    """How records are written; ``quote`` is empty where quotation marks are text; ``escape`` is a backslash or empty."""

    delimiter: str
    quote: str = '"'
    escape: str = ""

    def reader(self, lines: Iterator[str], strict: bool) -> CsvReader:
        """A csv reader of this dialect; a strict one raises where quoting is broken."""
        options: dict[str, Any] = {"delimiter": self.delimiter or _NEVER_WRITTEN, "strict": strict}
        if self.quote:
            options |= {"quotechar": self.quote, "doublequote": not self.escape, "escapechar": self.escape or None}
        else:
            options |= {"quoting": csv.QUOTE_NONE}
        return csv.reader(lines, **options)


@dataclass(frozen=True)
class DialectScore:
    """How well a dialect fits: share of records of the most frequent width, 0 if that is 1; whether the first record has
    that width too; whether the rules of quoting were obeyed; whether it is hardly more than prose with commas."""

    evenness: float
    begins_so: bool
    obeyed: bool
    prose: bool = False

    @property
    def score(self) -> tuple[float, bool, bool]:
        """What is compared, the weightiest first."""
        return round(self.evenness, 2), self.begins_so, self.obeyed


def find_dialect(sample: str, options: ReadOptions) -> Dialect:
    """The dialect that splits the sample's records most evenly; the delimiter is empty where every record has one cell."""
    if options.delimiter is None and options.quote is None and _is_one_quoted_column(sample):
        return Dialect("")
    best, best_score = None, (0.0, False, False)
    for dialect in _candidates(sample, options):
        found = fit(sample, dialect)
        if dialect.quote == "'" and not found.obeyed and options.quote is None:
            continue
        even = (found.evenness >= _EVEN_ENOUGH and not found.prose) or bool(options.delimiter)
        if even and found.score > best_score:
            best, best_score = dialect, found.score
    if best is not None:
        return best
    # No even rows: the first line decides, and reading says what is wrong.
    first_line = next(lines_of(sample.lstrip()), "")
    delimiter = max(DELIMITERS, key=first_line.count)
    even = delimiter in first_line and not fit(sample, Dialect(delimiter, "")).prose
    return Dialect(delimiter if even else "", options.quote if options.quote is not None else '"')


def _candidates(sample: str, options: ReadOptions) -> Iterator[Dialect]:
    quotes = [options.quote] if options.quote is not None else ["'", '"', ""]
    for delimiter in [options.delimiter] if options.delimiter else DELIMITERS:
        for quote in quotes:
            dialect = Dialect(delimiter, quote)
            if quote == "'" and options.quote is None and not _looks_quoted(sample, dialect):
                continue
            yield dialect
            if quote and f"\\{quote}" in sample:
                yield Dialect(delimiter, quote, "\\")


def fit(sample: str, dialect: Dialect) -> DialectScore:
    """How well a dialect fits a sample."""
    whole = len(sample) < SAMPLE_CHARACTERS
    for strict in (True, False):
        records: list[list[str]] = []
        try:
            for record in islice(dialect.reader(lines_of(sample), strict), SAMPLE_RECORDS):
                if record:
                    records.append(record)
        except csv.Error as error:
            # The sample may end inside a quoted cell; the file does not.
            if strict and (whole or "unexpected end" not in str(error)):
                continue
        widths = Counter(map(len, records))
        width, count = widths.most_common(1)[0] if widths else (0, 0)
        if width < 2:
            return DialectScore(0.0, False, strict)
        first = records[preamble(records)]
        return DialectScore(count / len(records), len(first) in (width, width - 1), strict, _is_prose(records, dialect))
    return DialectScore(0.0, False, False)


def _is_prose(records: list[list[str]], dialect: Dialect) -> bool:
    """Whether nearly every comma is followed by a blank, and no header speaks for a table."""
    after = [cell for record in records for cell in record[1:]]
    blank = sum(cell.startswith(" ") for cell in after)
    return dialect.delimiter in ",;" and blank >= _PROSE * len(after) and not guess_header(records)


def lines_of(text: str) -> Iterator[str]:
    """The lines of a text with their ends, which are those of Unix, Windows or old Macs; other separators are characters."""
    return iter(io.StringIO(text, newline=""))


def _is_one_quoted_column(sample: str) -> bool:
    """Whether most lines are one quoted cell, whatever delimiters stand in it."""
    reader = Dialect(_NEVER_WRITTEN).reader(lines_of(sample), strict=False)
    try:
        cells = [record[0] for record in islice(reader, SAMPLE_RECORDS) if record]
    except csv.Error:
        return False
    lines = [line.rstrip("\r\n") for line in islice(lines_of(sample), SAMPLE_RECORDS)]
    whole = sum(
        len(line) > 1 and line[0] == line[-1] == '"' and '"' not in line[1:-1].replace('""', "") for line in lines
    )
    return bool(cells) and whole >= _PROSE * max(1, len(lines) - 1)


def _looks_quoted(sample: str, dialect: Dialect) -> bool:
    """Whether in some column most cells begin and end with the quotation mark."""
    rows = [line.rstrip("\r\n").split(dialect.delimiter) for line in islice(lines_of(sample), 1, 200)]
    quoted: Counter[int] = Counter()
    for row in rows:
        quoted.update(
            i for i, cell in enumerate(row) if len(cell) > 1 and cell[0] == dialect.quote and cell[-1] == dialect.quote
        )
    return bool(quoted) and quoted.most_common(1)[0][1] >= _QUOTED_COLUMN * len(rows)


def preamble(records: list[list[str]]) -> int:
    """How many records stand above the table: titles and comments of one cell, where the others have several."""
    widths = Counter(map(len, records))
    width = widths.most_common(1)[0][0] if widths else 0
    if width < 2:
        return 0
    for position, record in enumerate(records[: _MAX_PREAMBLE + 1]):
        is_comment = record[0].startswith("# ") or (record[0].startswith("#") and len(record) != width)
        if sum(bool(cell.strip()) for cell in record) > 1 and not is_comment:
            return position
    return 0


def names_a_column(cell: str) -> bool:
    """Whether a cell says what stands below it, as "text" and "label" do."""
    return bool(_NAMES.fullmatch(cell))


def guess_header(records: list[list[str]]) -> bool:
    """Whether the first record names the columns: telling names, or short words unlike the cells below them."""
    first, rows = records[0], records[1:SAMPLE_RECORDS]
    cells = [cell.strip() for cell in first]
    if not rows:
        return any(map(names_a_column, cells))
    if any(_is_number(cell) for cell in cells) or any(len(cell) > _HEADER_CHARACTERS for cell in cells):
        return False
    if any(map(names_a_column, cells)):
        return True
    for position, cell in enumerate(cells):
        below = [row[position].strip() for row in rows if position < len(row)]
        if cell and cell in below:
            return False
    return len(set(cells)) == len(cells) and all(cells)


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True
