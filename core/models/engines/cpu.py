"""The processor of this machine, as far as it decides which engine is fastest."""

import platform
from functools import cache
from pathlib import Path

_CPU_INFO = Path("/proc/cpuinfo")
# With these instructions int8 products are summed in 32 bits; without them x86 sums pairs in 16 bits, which can overflow.
_INT8_FLAGS = {"avx512_vnni", "avx_vnni", "amx_int8"}


@cache
def cpu_flags() -> tuple[str, ...]:
    """The instruction sets of the processor, sorted; only its name where the system does not list them."""
    if _CPU_INFO.exists():
        for line in _CPU_INFO.read_text(encoding="utf-8", errors="replace").splitlines():
            name, _, values = line.partition(":")
            if name.strip() in ("flags", "Features"):
                return tuple(sorted(values.split()))
    return (platform.processor(),)


def int8_saturates() -> bool:
    """Whether int8 products can overflow on this processor, so that weights must keep to 7 bits."""
    return platform.machine().lower() in ("x86_64", "amd64") and not _INT8_FLAGS & set(cpu_flags())
