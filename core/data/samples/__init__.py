"""The sample data that ships with the project, one file and one card each."""

from dataclasses import dataclass
from pathlib import Path

from core.data.columns import ColumnChoice
from core.data.reading.files import read_file
from core.data.table import Table

_FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Sample:
    """A sample: its file, what to call it, which columns matter, and what one can show with it."""

    file: str
    title: str
    about: str
    columns: ColumnChoice

    def read(self) -> Table:
        """The sample's table."""
        return read_file(_FOLDER / self.file)

    def card(self) -> str:
        """How the sample was made, in Markdown."""
        return (_FOLDER / self.file).with_suffix(".md").read_text(encoding="utf-8")


SAMPLES = (
    Sample(
        "clinic_messages.csv",
        "Clinic messages",
        "What a patient wants, one of 8 classes",
        ColumnChoice("message", "category", "multiclass"),
    ),
    Sample(
        "support_tickets.csv",
        "Support tickets",
        "Any number of 7 labels on each ticket",
        ColumnChoice("ticket", "labels", "multilabel", form="|"),
    ),
    Sample(
        "review_scores.csv",
        "Review scores",
        "A score from 0 to 10 for each review",
        ColumnChoice("review", "score", "regression"),
    ),
)
CLINIC = SAMPLES[0]
