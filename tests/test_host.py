"""The resources of the machine: CPU quotas and memory limits of cgroups, and errors that mean out of memory."""

import errno
import platform
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from core import host


def test_a_quota_of_cgroup_v2_limits_the_cores(tmp_path: Path) -> None:
    (tmp_path / "cpu.max").write_text("100000 100000\n")
    assert host.cores(tmp_path) == 1
    (tmp_path / "cpu.max").write_text("max 100000\n")
    assert host.cores(tmp_path) >= 1


def test_a_quota_of_cgroup_v1_limits_the_cores(tmp_path: Path) -> None:
    (tmp_path / "cpu").mkdir()
    (tmp_path / "cpu" / "cpu.cfs_quota_us").write_text("50000\n")
    (tmp_path / "cpu" / "cpu.cfs_period_us").write_text("100000\n")
    assert host.cores(tmp_path) == 1
    (tmp_path / "cpu" / "cpu.cfs_quota_us").write_text("-1\n")
    assert host.cores(tmp_path) >= 1


def test_a_limit_of_the_cgroup_limits_the_memory(tmp_path: Path) -> None:
    (tmp_path / "memory.max").write_text("1000000\n")
    assert host.memory_bytes(tmp_path) == 1_000_000
    (tmp_path / "memory.max").write_text("max\n")
    assert host.memory_bytes(tmp_path) > 100_000_000


def test_peak_memory_is_at_least_what_was_allocated() -> None:
    block = bytearray(50_000_000)
    assert host.peak_memory_mb() > len(block) / 1e6


def test_used_memory_is_not_free_but_file_caches_are(tmp_path: Path) -> None:
    (tmp_path / "memory.max").write_text("10000000\n")
    (tmp_path / "memory.current").write_text("7000000\n")
    (tmp_path / "memory.stat").write_text("anon 5000000\ninactive_file 1000000\nactive_file 500000\n")
    assert host.free_memory_bytes(tmp_path) == 10_000_000 - (7_000_000 - 1_500_000)
    (tmp_path / "memory.current").write_text("12000000\n")
    assert host.free_memory_bytes(tmp_path) == 0


def test_free_memory_of_cgroup_v1(tmp_path: Path) -> None:
    folder = tmp_path / "memory"
    folder.mkdir()
    (folder / "memory.limit_in_bytes").write_text("10000000\n")
    (folder / "memory.usage_in_bytes").write_text("6000000\n")
    (folder / "memory.stat").write_text("total_inactive_file 1000000\n")
    assert host.free_memory_bytes(tmp_path) == 5_000_000


IN_A_SMALL_CGROUP = """
import sys
from pathlib import Path
import torch
from core import host

with host.limit_memory(Path(sys.argv[1])):
    small = torch.ones(5_000_000)
    try:
        torch.ones(100_000_000)
    except RuntimeError as error:
        assert host.is_out_of_memory(error)
        print("refused")
large = torch.ones(100_000_000)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="limits the data of a process as Linux does")
def test_allocating_more_than_is_free_raises_an_error(tmp_path: Path) -> None:
    """200 MB are free: 20 are allocated, 400 are refused; afterwards there is no limit."""
    (tmp_path / "memory.max").write_text("1000000000\n")
    (tmp_path / "memory.current").write_text("800000000\n")
    (tmp_path / "memory.stat").write_text("inactive_file 0\n")
    completed = subprocess.run(
        [sys.executable, "-c", IN_A_SMALL_CGROUP, str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=120,
        cwd=Path(__file__).parents[1],
    )
    assert completed.stdout.strip() == "refused", completed.stderr[-2000:]


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (MemoryError(), True),
        (
            RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to allocate 8 bytes"),
            True,
        ),
        (RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB"), True),
        (RuntimeError("std::bad_alloc"), True),
        (RuntimeError("could not create a primitive"), True),
        (OSError(errno.ENOMEM, "Cannot allocate memory"), True),
        (OSError(errno.ENOSPC, "No space left on device"), False),
        (RuntimeError("shapes do not match"), False),
    ],
)
def test_errors_that_mean_out_of_memory(error: BaseException, expected: bool) -> None:
    assert host.is_out_of_memory(error) is expected


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other C libraries return memory by themselves")
def test_free_memory_is_returned_to_the_system() -> None:
    blocks = [bytearray(100_000) for _ in range(1_000)]
    full = psutil.Process().memory_info().rss
    blocks = blocks[-1:]  # the last block lies on top and keeps glibc from returning those below
    host.release_memory()
    assert full - psutil.Process().memory_info().rss > 80_000_000


@pytest.mark.parametrize(("value", "limited"), [("1", True), ("", False), ("many", False), ("1000", False)])
def test_the_number_of_cores_can_be_limited(
    value: str, limited: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(host.CORES_VARIABLE, raising=False)
    all_cores = host.cores(tmp_path)
    monkeypatch.setenv(host.CORES_VARIABLE, value)
    assert host.cores(tmp_path) == (1 if limited else all_cores)
