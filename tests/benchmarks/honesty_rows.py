"""A row of the benchmark evaluation_honesty."""

from dataclasses import dataclass


@dataclass(frozen=True)
class HonestyRow:
    """A figure: its name, what is wanted (at least, or at most), what was got, and how it was measured."""

    name: str
    wanted: float
    got: float
    at_least: bool = True
    unit: str = "share"
    how: str = ""

    @property
    def is_kept(self) -> bool:
        """Whether what was got is at least as good as what is wanted."""
        return self.got >= self.wanted if self.at_least else self.got <= self.wanted

    @property
    def sentence(self) -> str:
        """What is wanted and what was got: "wanted at most 0.05, got 0.02"."""
        return f"wanted at {'least' if self.at_least else 'most'} {self.wanted:.3g}, got {self.got:.3g}"
