"""The record of use: what is kept, how it is bounded, several writers at once, and corrections of visitors."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace

import pytest

from core.data.corrections import Correction, list_corrections, now
from core.errors import LimitError, RunError
from core.publishing import usage
from core.publishing.publication import PublicTexts, find_publication, publication_folder, publish, unpublish
from core.publishing.usage import Use, read_uses, receive_correction, record_use
from core.runs import Run, list_runs
from core.storage import append_record
from core.workspace import delete, workspace_containing

USE = Use("2026-11-24T09:00:00+00:00", "apple", 0.75, False, 12)


def correction(run: Run, text: str = "a red one") -> Correction:
    return Correction(text, "apple", "plum", "multiclass", run.id, "A run (published)", now())


def correct(run: Run, text: str = "a red one") -> None:
    publication = find_publication(run)
    assert publication is not None
    use = replace(USE, time=now(), correct="plum")
    receive_correction(run, publication, correction(run, text), use)


def test_uses_are_read_in_order(run: Run) -> None:
    publication = publish(run, PublicTexts("Fruit"))
    uses = [USE, replace(USE, label="plum", abstained=True), replace(USE, confidence=None, correct="plum")]
    for use in uses:
        record_use(run, publication, use)
    assert read_uses(run) == uses
    assert read_uses(run)[0].day == "2026-11-24"


def test_damaged_lines_are_skipped(run: Run) -> None:
    publication = publish(run, PublicTexts("Fruit"))
    record_use(run, publication, USE)
    with (publication_folder(run) / "usage.jsonl").open("ab") as file:
        file.write(b'{"format_version": 2, "time": 3}\n[]\n\xff\n{"cut off')
    for damaged in ({"time": "zzz"}, {"time": "1970-01-01T00:00:00+00:00"}, {"label": 3.5}, {"correct": ["plum"]}):
        append_record(publication_folder(run) / "usage.jsonl", asdict(USE) | damaged)
    record_use(run, publication, USE)
    assert read_uses(run) == [USE, USE]


def test_the_record_is_bounded(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(usage, "MAX_BYTES", 1_000)
    publication = publish(run, PublicTexts("Fruit"))
    for number in range(40):
        record_use(run, publication, replace(USE, characters=number))
    sizes = [path.stat().st_size for path in publication_folder(run).glob("usage*.jsonl")]
    assert len(sizes) == 2
    assert sum(sizes) < 2_500
    kept = [use.characters for use in read_uses(run)]
    assert kept == list(range(40 - len(kept), 40))
    assert len(kept) >= 7


def test_several_writers_lose_nothing(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each call opens and locks the files anew, so threads meet as processes do. The files rotate once meanwhile."""
    publication = publish(run, PublicTexts("Fruit"))
    monkeypatch.setattr(usage, "MAX_BYTES", 30_000)
    uses = [replace(USE, characters=number) for number in range(300)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda use: record_use(run, publication, use), uses))
    assert (publication_folder(run) / "usage.1.jsonl").exists()
    assert sorted(use.characters for use in read_uses(run)) == list(range(300))


def test_nothing_is_kept_of_a_model_that_is_no_longer_published(run: Run) -> None:
    publication = publish(run, PublicTexts("Fruit"))
    unpublish(run)
    record_use(run, publication, USE)
    assert not publication_folder(run).exists()
    delete(run.folder)
    record_use(run, publication, USE)
    assert list_runs(workspace_containing(run.folder)) == []
    assert not run.folder.exists()


def test_a_correction_goes_to_the_owner(run: Run) -> None:
    publish(run, PublicTexts("Fruit"))
    correct(run)
    (stored,) = list_corrections(workspace_containing(run.folder))
    assert (stored.text, stored.correct, stored.run) == ("a red one", "plum", run.id)
    (use,) = read_uses(run)
    assert use.correct == "plum"
    assert "a red one" not in (publication_folder(run) / "usage.jsonl").read_text()


def test_corrections_are_limited(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    publish(run, PublicTexts("Fruit"))
    with pytest.raises(LimitError, match="up to 10,000 characters, found 10,001"):
        correct(run, "x" * 10_001)
    monkeypatch.setattr(usage, "MAX_CORRECTIONS_PER_DAY", 2)
    correct(run)
    correct(run)
    with pytest.raises(LimitError, match="2 corrections within a day"):
        correct(run)
    assert len(list_corrections(workspace_containing(run.folder))) == 2


def test_a_correction_after_unpublishing_is_refused(run: Run) -> None:
    publication = publish(run, PublicTexts("Fruit"))
    unpublish(run)
    with pytest.raises(RunError, match="no longer published"):
        receive_correction(run, publication, correction(run), USE)
    assert list_corrections(workspace_containing(run.folder)) == []
