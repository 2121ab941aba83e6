"""Detect the dialect of delimited text: the delimiter, the quotation mark and whether there is a header.

The best dialect is the one whose records most often have the same number of cells. Quotation marks are treated as quoting only
where the whole file follows the quoting rules: in many files of tweets and messages they are part of the text, and quoting
would merge rows. Commas that are nearly always followed by a space are prose, unless the first line is a header.
"""

import csv
import io
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from core.data.reading.headers import count_preamble_rows, guess_header, is_column_name
from core.data.table import MAX_CELL_CHARACTERS, ReadOptions

# In order of preference when all fit equally well: tabs are rare in prose, commas are frequent.
DELIMITERS = {"\t": "tab", "|": "pipe", ";": "semicolon", ",": "comma"}
# A file with one of these endings is a list of texts unless its lines are clearly rows.
LIST_SUFFIXES = (".txt", ".text")
SAMPLE_CHARACTERS = 200_000
SAMPLE_RECORDS = 2_000
_UNUSED_CHARACTER = "\x1f"
# The share of records that must have the same number of cells.
_MIN_EVENNESS = 0.5
_MIN_LIST_EVENNESS = 0.9
QUOTED_COLUMN_SHARE = 0.5
_PROSE_SHARE = 0.9
_MAX_LABEL_CHARACTERS = 60

csv.field_size_limit(MAX_CELL_CHARACTERS)
CsvReader = Any  # the type that csv.reader returns cannot be imported


@dataclass(frozen=True)
class Dialect:
    """How records are written. ``quote`` is empty where quotation marks are text; ``escape`` is a backslash or empty."""

    delimiter: str
    quote: str = '"'
    escape: str = ""

    def reader(self, lines: Iterator[str], strict: bool) -> CsvReader:
        """A csv reader for this dialect; a strict reader raises ``csv.Error`` if the quoting is invalid."""
        options: dict[str, Any] = {"delimiter": self.delimiter or _UNUSED_CHARACTER, "strict": strict}
        if self.quote:
            options |= {"quotechar": self.quote, "doublequote": not self.escape, "escapechar": self.escape or None}
        else:
            options |= {"quoting": csv.QUOTE_NONE}
        return csv.reader(lines, **options)


@dataclass(frozen=True)
class DialectScore:
    """How well a dialect fits a sample.

    ``evenness`` is the share of records with the most frequent width, 0 if that width is 1. ``first_fits`` means that the
    first record has that width too, ``valid_quoting`` that the quoting rules are followed, ``is_prose`` that the delimiters
    are probably punctuation.
    """

    evenness: float
    first_fits: bool
    valid_quoting: bool
    is_prose: bool = False

    @property
    def rank(self) -> tuple[float, bool, bool]:
        """The sort key: evenness, then the first record, then the quoting."""
        return round(self.evenness, 2), self.first_fits, self.valid_quoting


def find_dialect(sample: str, options: ReadOptions, may_be_list: bool = False) -> Dialect:
    """The dialect that fits the sample best; its delimiter is empty where every record has one cell.

    ``may_be_list`` says that the file may be a list of texts, one in each line: then quotation marks are never quoting, and
    commas and semicolons must make even rows.
    """
    if options.delimiter is None and options.quote is None and not may_be_list and _is_one_quoted_column(sample):
        return Dialect("")
    best, best_score = None, DialectScore(0.0, False, False)
    for dialect in _candidates(sample, options):
        score = score_dialect(sample, dialect)
        if dialect.quote == "'" and not score.valid_quoting and options.quote is None:
            continue
        is_even = score.evenness >= _MIN_EVENNESS and not score.is_prose
        if may_be_list and dialect.delimiter in ",;":
            is_even = is_even and score.evenness >= _MIN_LIST_EVENNESS and _has_label_column(sample, dialect)
        if (is_even or bool(options.delimiter)) and score.rank > best_score.rank:
            best, best_score = dialect, score
    if best is not None:
        return best if options.quote is not None else _with_single_quotes(sample, best, best_score)
    # No dialect fits: use the delimiter of the first line, so that reading can report what is wrong.
    first_line = next(split_lines(sample.lstrip()), "")
    delimiter = max(DELIMITERS, key=first_line.count)
    is_delimiter = delimiter in first_line and not score_dialect(sample, Dialect(delimiter, "")).is_prose
    if may_be_list and not (is_delimiter and delimiter in "\t|"):
        return Dialect("", options.quote or "")
    return Dialect(delimiter if is_delimiter else "", options.quote if options.quote is not None else '"')


def _has_label_column(sample: str, dialect: Dialect) -> bool:
    """Whether the first record is a header, or a column has short cells that recur."""
    records = [row for row in islice(dialect.reader(split_lines(sample), False), SAMPLE_RECORDS) if row]
    if any(map(is_column_name, records[0])):
        return True
    columns = zip(*(record for record in records if len(record) == len(records[-1])), strict=True)
    return any(max(map(len, cells)) <= _MAX_LABEL_CHARACTERS and len(set(cells)) <= len(cells) / 2 for cells in columns)


def _with_single_quotes(sample: str, best: Dialect, score: DialectScore) -> Dialect:
    """The same delimiter with single quotes where only they make the rows even: some writers quote only where it is needed."""
    single = Dialect(best.delimiter, "'")
    if (
        best.quote == "'"
        or score.evenness == 1.0
        or f"{best.delimiter}'" not in f"\n{sample}".replace("\n", best.delimiter)
    ):
        return best
    single_score = score_dialect(sample, single)
    return single if single_score.valid_quoting and single_score.evenness > score.evenness else best


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


def score_dialect(sample: str, dialect: Dialect) -> DialectScore:
    """The score of a dialect on a sample."""
    is_whole_file = len(sample) < SAMPLE_CHARACTERS
    for strict in (True, False):
        records: list[list[str]] = []
        try:
            for record in islice(dialect.reader(split_lines(sample), strict), SAMPLE_RECORDS):
                if record:
                    records.append(record)
        except csv.Error as error:
            # A sample can end inside a quoted cell; a whole file cannot.
            if strict and (is_whole_file or "unexpected end" not in str(error)):
                continue
        widths = Counter(map(len, records))
        width, count = widths.most_common(1)[0] if widths else (0, 0)
        if width < 2:
            return DialectScore(0.0, False, strict)
        first = records[count_preamble_rows(records)]
        return DialectScore(count / len(records), len(first) in (width, width - 1), strict, _is_prose(records, dialect))
    return DialectScore(0.0, False, False)


def _is_prose(records: list[list[str]], dialect: Dialect) -> bool:
    """Whether nearly every comma or semicolon is followed by a space, and the first record is not a header."""
    cells = [cell for record in records for cell in record[1:]]
    after_space = sum(cell.startswith(" ") for cell in cells)
    return dialect.delimiter in ",;" and after_space >= _PROSE_SHARE * len(cells) and not guess_header(records)


def split_lines(text: str) -> Iterator[str]:
    """The lines of a text with their line ends: those of Unix, Windows or old Macs, but no other Unicode separators."""
    return iter(io.StringIO(text, newline=""))


def _is_one_quoted_column(sample: str) -> bool:
    """Whether most lines are one quoted cell, whatever delimiters the cell contains."""
    reader = Dialect(_UNUSED_CHARACTER).reader(split_lines(sample), strict=False)
    try:
        cells = [record[0] for record in islice(reader, SAMPLE_RECORDS) if record]
    except csv.Error:
        return False
    lines = [line.rstrip("\r\n") for line in islice(split_lines(sample), SAMPLE_RECORDS)]
    quoted = sum(
        len(line) > 1 and line[0] == line[-1] == '"' and '"' not in line[1:-1].replace('""', "") for line in lines
    )
    return bool(cells) and quoted >= _PROSE_SHARE * max(1, len(lines) - 1)


def _looks_quoted(sample: str, dialect: Dialect) -> bool:
    """Whether most cells of a column begin and end with the quotation mark."""
    rows = [line.rstrip("\r\n").split(dialect.delimiter) for line in islice(split_lines(sample), 1, 200)]
    quoted: Counter[int] = Counter()
    for row in rows:
        quoted.update(
            i for i, cell in enumerate(row) if len(cell) > 1 and cell[0] == dialect.quote and cell[-1] == dialect.quote
        )
    return bool(quoted) and quoted.most_common(1)[0][1] >= QUOTED_COLUMN_SHARE * len(rows)
