"""Tell real newlines in quoted cells from rows that a stray quotation mark has swallowed."""

from dataclasses import dataclass

# A cell with this share of lines that would be rows on their own holds swallowed rows.
_MIN_ROW_LINES = 0.9
# Quoted newlines are believed if fewer than this share of the records with newlines look like swallowed rows.
_MAX_SWALLOWED = 0.5
# Without a delimiter, cells with newlines are believed if they are frequent, or have few lines below a header.
_MIN_FREQUENT = 0.05
_MAX_LINES = 10
_PROSE_DELIMITERS = ",;"


@dataclass
class NewlineEvidence:
    """What the records of a whole file say about its quoted newlines.

    ``width`` is the number of columns, and ``header`` says that the first record has their names. ``records`` counts all
    records, ``multiline`` those that span several lines, and ``swallowed`` those of them whose lines look like rows of their
    own. ``longest`` is the largest number of lines of a record.
    """

    delimiter: str
    width: int
    header: bool
    records: int = 0
    multiline: int = 0
    swallowed: int = 0
    longest: int = 1

    def add(self, record: list[str]) -> None:
        """Count a record that may span several lines."""
        lines = count_lines(record)
        if lines > 1:
            self.multiline += 1
            self.longest = max(self.longest, lines)
            self.swallowed += holds_rows(record, self.delimiter, self.width)

    @property
    def believed(self) -> bool:
        """Whether the quotation marks around newlines are quoting and not part of the texts."""
        if not self.multiline:
            return True
        if self.width < 2:
            is_frequent = self.multiline >= _MIN_FREQUENT * self.records
            return is_frequent or (self.header and self.longest <= _MAX_LINES)
        return self.swallowed < _MAX_SWALLOWED * self.multiline


def count_lines(record: list[str]) -> int:
    """The number of lines that the cells of a record span."""
    return 1 + sum(len(cell.splitlines()) - 1 for cell in record if "\n" in cell or "\r" in cell)


def holds_rows(record: list[str], delimiter: str, width: int) -> bool:
    """Whether nearly all lines of a record would be rows of ``width`` cells if quotation marks were text.

    Commas and semicolons that are always followed by a space are punctuation, not delimiters.
    """
    if width < 2 or not delimiter:
        return False
    lines = [line for line in delimiter.join(record).splitlines() if line.strip()]
    rows = sum(line.count(delimiter) == width - 1 for line in lines)
    if len(lines) < 2 or rows < _MIN_ROW_LINES * len(lines):
        return False
    inner = [cell for cell in record if "\n" in cell or "\r" in cell]
    delimiters = sum(cell.count(delimiter) for cell in inner)
    spaced = sum(cell.count(f"{delimiter} ") for cell in inner)
    return not (delimiter in _PROSE_DELIMITERS and spaced == delimiters)
