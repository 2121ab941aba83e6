"""The audit log: append-only, newest first, and readable when a line is damaged."""

from pathlib import Path

from core import audit


def test_entries_are_appended_and_read_newest_first(tmp_path: Path) -> None:
    for subject in ("one", "two", "three"):
        audit.record(tmp_path, audit.ADMIN, "stopped", subject)
    assert [entry.subject for entry in audit.latest_entries(tmp_path, 2)] == ["three", "two"]
    (path,) = (tmp_path / "audit").iterdir()
    assert path.stat().st_mode & 0o077 == 0
    lines = path.read_text().splitlines()
    path.write_text("\n".join([lines[0], "damaged", lines[1].replace("stopped", "invented"), lines[2]]) + "\n")
    assert [entry.subject for entry in audit.latest_entries(tmp_path, 10)] == ["three", "one"]


def test_files_of_earlier_months_follow(tmp_path: Path) -> None:
    audit.record(tmp_path, audit.HOST, "purged", "new")
    (path,) = (tmp_path / "audit").iterdir()
    path.with_name("2020-01.jsonl").write_text(path.read_text().replace("new", "old"))
    assert [entry.subject for entry in audit.latest_entries(tmp_path, 10)] == ["new", "old"]


def test_a_log_that_cannot_be_written_hinders_nothing(tmp_path: Path) -> None:
    (tmp_path / "audit").write_text("a file in the way")
    audit.record(tmp_path, audit.HOST, "purged")
    assert audit.latest_entries(tmp_path, 10) == []


def test_visitors_have_pseudonyms() -> None:
    assert audit.pseudonym("visitor-0123456789abcdef") == "visitor 01234567"
    assert audit.pseudonym("local") == "local"
