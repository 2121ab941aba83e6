"""Quotas as cgroups state them."""

from pathlib import Path

from core import host


def test_a_quota_of_version_2_cuts_the_cores(tmp_path: Path) -> None:
    (tmp_path / "cpu.max").write_text("100000 100000\n")
    assert host.cores(tmp_path) == 1
    (tmp_path / "cpu.max").write_text("max 100000\n")
    assert host.cores(tmp_path) >= 1


def test_a_quota_of_version_1_cuts_the_cores(tmp_path: Path) -> None:
    (tmp_path / "cpu").mkdir()
    (tmp_path / "cpu" / "cpu.cfs_quota_us").write_text("50000\n")
    (tmp_path / "cpu" / "cpu.cfs_period_us").write_text("100000\n")
    assert host.cores(tmp_path) == 1
    (tmp_path / "cpu" / "cpu.cfs_quota_us").write_text("-1\n")
    assert host.cores(tmp_path) >= 1


def test_a_limit_cuts_the_memory(tmp_path: Path) -> None:
    (tmp_path / "memory.max").write_text("1000000\n")
    assert host.memory_bytes(tmp_path) == 1_000_000
    (tmp_path / "memory.max").write_text("max\n")
    assert host.memory_bytes(tmp_path) > 100_000_000


def test_peak_memory_is_at_least_what_was_held() -> None:
    held = bytearray(50_000_000)
    assert host.peak_memory_mb() > len(held) / 1e6
