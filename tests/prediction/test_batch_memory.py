"""The memory that the prediction of a file takes does not depend on the number of its rows."""

from pathlib import Path

import pytest

from tests.prediction.batch_memory import measure_memory, write_rows


@pytest.mark.slow
def test_memory_is_flat(tmp_path: Path) -> None:
    added = {}
    for rows in (10_000, 200_000):
        folder = tmp_path / str(rows)
        folder.mkdir()
        added[rows] = measure_memory(folder, write_rows(folder / "in.csv", rows), "out.csv").added_mb
        assert (folder / "out.csv").read_bytes().count(b"\n") == rows + 1
    assert added[200_000] < 150
    assert added[200_000] < added[10_000] + 30
