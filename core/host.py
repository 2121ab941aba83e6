"""The resources of this machine: CPU cores, memory, and the device that torch computes on."""

import ctypes
import errno
import gc
import importlib.metadata
import math
import os
import platform
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

from core.errors import LimitError, StudioError, disk_error

# Limits the cores that this process uses.
CORES_VARIABLE = "STUDIO_CORES"
_CGROUP = Path("/sys/fs/cgroup")
_TRAINING_PACKAGES = ("torch", "transformers", "tokenizers", "datasets", "scikit-learn", "accelerate")
# Messages of torch, C++, the operating system, oneDNN and Python, whose threads need memory for their stack.
_OUT_OF_MEMORY = (
    "out of memory",
    "can't allocate memory",
    "bad_alloc",
    "cannot allocate memory",
    "could not create a primitive",
    "can't start new thread",
)


def cores(cgroup: Path = _CGROUP) -> int:
    """The number of CPU cores that this process may use, at least 1.

    It is the CPU affinity, limited by the cgroup quota (v2, else v1) and by ``STUDIO_CORES``, and divided by the processes of
    this host that train together. ``os.cpu_count()`` counts the whole host; with more threads than the quota allows, a training
    step is many times slower.
    """
    affinity = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quota = _cpu_quota(cgroup)
    allowed = affinity if quota is None else min(affinity, math.floor(quota + 0.5))
    limit = os.environ.get(CORES_VARIABLE, "")
    return max(1, min(allowed, int(limit) if limit.isdecimal() else allowed) // _processes_here())


def _cpu_quota(cgroup: Path) -> float | None:
    """The CPU time that the cgroup grants, in cores; None if there is no limit."""
    v2 = cgroup / "cpu.max"
    if v2.exists():
        quota, period = v2.read_text().split()
        return None if quota == "max" else int(quota) / int(period)
    v1 = cgroup / "cpu" / "cpu.cfs_quota_us"
    if v1.exists():
        quota_us = int(v1.read_text())
        return None if quota_us <= 0 else quota_us / int((v1.parent / "cpu.cfs_period_us").read_text())
    return None


def describe() -> dict[str, str | int | float]:
    """What a run records of this machine: its architecture, cores and memory."""
    return {"machine": platform.machine(), "cores": cores(), "memory_mb": round(memory_bytes() / 1e6)}


def versions() -> dict[str, str]:
    """The versions of Python and of the packages that a training depends on."""
    packages = {package: importlib.metadata.version(package) for package in _TRAINING_PACKAGES}
    return packages | {"python": platform.python_version()}


def memory_bytes(cgroup: Path = _CGROUP) -> int:
    """The memory that this process may use in bytes: that of the host, limited by the cgroup."""
    total = int(psutil.virtual_memory().total)
    for limit_file in (cgroup / "memory.max", cgroup / "memory" / "memory.limit_in_bytes"):
        if limit_file.exists() and (limit := limit_file.read_text().strip()) != "max":
            return min(total, int(limit))
    return total


def free_memory_bytes(cgroup: Path = _CGROUP) -> int:
    """The free memory in bytes: that of the host with its swap, limited by the cgroup. File caches count as free."""
    free = int(psutil.virtual_memory().available + psutil.swap_memory().free)
    for folder, current, prefix in (
        (cgroup, "memory.current", ""),
        (cgroup / "memory", "memory.usage_in_bytes", "total_"),
    ):
        with suppress(OSError, ValueError):
            statistics = dict(line.split() for line in (folder / "memory.stat").read_text().splitlines())
            cached = sum(
                int(statistics[f"{prefix}{name}"])
                for name in ("inactive_file", "active_file")
                if f"{prefix}{name}" in statistics
            )
            used = int((folder / current).read_text()) - cached
            free = max(0, min(free, memory_bytes(cgroup) - used))
    return free


@contextmanager
def limit_memory(cgroup: Path = _CGROUP) -> Iterator[None]:
    """While this lasts, an allocation beyond the free memory raises an error.

    Otherwise the kernel would kill the process, which could neither report it nor retry with less. Only on Linux without a GPU,
    whose driver reserves far more addresses than memory.
    """
    if sys.platform != "linux" or device() != "cpu":
        yield
        return
    import resource

    free = free_memory_bytes(cgroup) // _processes_here()
    soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
    limit = int(psutil.Process().memory_info().data) + free
    resource.setrlimit(resource.RLIMIT_DATA, (limit if hard == resource.RLIM_INFINITY else min(limit, hard), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))


def limit_process(memory_bytes: int, seconds: float) -> None:
    """Limit what this process may use from now on: memory beyond its present memory, and CPU time. It can never be raised again.

    An allocation beyond the limit raises an error; a process beyond its time is killed. No effect on Windows.
    """
    if sys.platform == "win32":
        return
    import resource

    process = psutil.Process()
    times = process.cpu_times()
    limits = {resource.RLIMIT_CPU: math.ceil(times.user + times.system + seconds), resource.RLIMIT_CORE: 0}
    if sys.platform == "linux":
        limits[resource.RLIMIT_DATA] = int(process.memory_info().data) + memory_bytes
    for kind, limit in limits.items():
        hard = resource.getrlimit(kind)[1]
        limit = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
        resource.setrlimit(kind, (limit, limit))


def release_memory() -> None:
    """Free objects that nothing refers to, and return their memory to the operating system; glibc would keep it."""
    gc.collect()
    with suppress(OSError, AttributeError):
        ctypes.CDLL("libc.so.6").malloc_trim(0)


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error means that memory ran out, on a CPU or a GPU; each library has its own message."""
    text = str(error).lower()
    return (
        isinstance(error, MemoryError)
        or (isinstance(error, OSError) and error.errno == errno.ENOMEM)
        or any(message in text for message in _OUT_OF_MEMORY)
    )


def explain(error: BaseException) -> StudioError | None:
    """The error to show: ``error`` itself if it is a StudioError, or what it says of the disk or the memory; None for a bug."""
    if isinstance(error, StudioError):
        return error
    if is_out_of_memory(error):
        return LimitError("The machine ran out of memory.", "Use fewer or shorter texts, or a smaller encoder.")
    return disk_error(error)


def peak_memory_mb() -> float:
    """The peak resident memory of this process so far, in MB (10^6 bytes)."""
    if sys.platform == "win32":
        return float(psutil.Process().memory_info().peak_wset) / 1e6
    import resource

    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6


def processes() -> int:
    """The number of processes that train together, as set by ``torchrun`` and ``accelerate launch``."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def _processes_here() -> int:
    return int(os.environ.get("LOCAL_WORLD_SIZE", "1"))


def is_main_process() -> bool:
    """Whether this process is the one that writes and reports for all."""
    return os.environ.get("RANK", "0") == "0"


def device() -> str:
    """The fastest device that torch finds: ``"cuda"``, ``"mps"`` or ``"cpu"``. Imports torch."""
    import torch

    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def has_bfloat16() -> bool:
    """Whether matrix products are faster in bfloat16 than in float32 on this machine. Imports torch.

    They are on a GPU that supports it and on CPUs with AVX512-BF16 or AMX, where a training step takes two thirds of the time.
    Elsewhere bfloat16 is emulated and far slower.
    """
    import torch

    if torch.cuda.is_available():
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    return bool(torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported())
