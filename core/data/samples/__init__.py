"""The sample datasets that ship with the app; each has a CSV file and a card in Markdown."""

from dataclasses import dataclass
from pathlib import Path

from core.data.columns import ColumnChoice
from core.data.reading.files import read_file
from core.data.table import Table

_FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Sample:
    """A sample dataset: its file, title, one-line description and columns."""

    file: str
    title: str
    description: str
    columns: ColumnChoice

    def read(self) -> Table:
        """The table of the sample."""
        return read_file(_FOLDER / self.file)

    def card(self) -> str:
        """The card, in Markdown: how the sample was made and what it is good for."""
        return (_FOLDER / self.file).with_suffix(".md").read_text(encoding="utf-8")


SAMPLES = (
    Sample(
        "clinic_messages.csv",
        "Clinic messages",
        "Messages to a clinic, each with one of 8 classes",
        ColumnChoice("message", "category", "multiclass"),
    ),
    Sample(
        "support_tickets.csv",
        "Support tickets",
        "Customer support tickets, each with any number of 7 labels",
        ColumnChoice("ticket", "labels", "multilabel", form="|"),
    ),
    Sample(
        "review_scores.csv",
        "Review scores",
        "Reviews of local businesses, each with a score from 0 to 10",
        ColumnChoice("review", "score", "regression"),
    ),
)
CLINIC = SAMPLES[0]
