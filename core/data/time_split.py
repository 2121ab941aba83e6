"""The times at which a split by time cuts the rows."""

from core.data.columns import LabeledTexts
from core.data.splitting import SplitConfig, split


def time_ranges(labeled: LabeledTexts, split_config: SplitConfig) -> dict[str, tuple[str, str]]:
    """The first and the last time of each split that has rows, as they are in the table; empty unless it is a split by time.

    Raises:
        DataError: as for :func:`core.data.splitting.split`.
    """
    if not split_config.by_time:
        return {}
    times = labeled.frame.set_index("row")["time"].str.strip()
    ranges = {}
    for name, frame in split(labeled, split_config):
        cells = times.loc[frame["row"]]
        cells = cells[cells != ""]
        if len(cells):
            numbers = cells.astype(float) if cells.str.fullmatch(r"-?\d+(?:\.\d+)?").all() else cells
            ordered = cells.iloc[numbers.argsort()]
            ranges[name] = (str(ordered.iloc[0]), str(ordered.iloc[-1]))
    return ranges


def describe_ranges(ranges: dict[str, tuple[str, str]]) -> str:
    """The ranges in one line, such as "train from 2021-01-01 to 2021-06-30; test from 2021-07-01 to 2021-12-31"."""
    return "; ".join(f"{name} from {first} to {last}" for name, (first, last) in ranges.items())
