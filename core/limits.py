"""The limits that a host sets: for uploads, jobs, disk and memory, read from environment variables.

The owner of the machine and the visitors of a shared host have different defaults; a variable that is set holds for both.
"""

import os
import re
from dataclasses import dataclass, field, fields
from functools import lru_cache
from itertools import pairwise
from typing import Any

from core import host
from core.errors import ConfigError, LimitError

_PREFIX = "STUDIO_MAX_"
_MEGABYTE = 1_000_000
# The share of the memory of a small host that uploads may take, since Streamlit keeps them in memory.
_UPLOADS_MEMORY_SHARE = 0.25
# Each of these must hold at least one of those before it. Defaults grow to what is set.
_UPLOAD_CHAIN = ("upload_mb", "session_uploads_mb", "visitor_uploads_mb", "host_uploads_mb")


def _limit(variable: str, local: int, shared: int, minimum: int = 1) -> Any:
    """A field with the variable that sets it, its default for the owner and for visitors, and its smallest value."""
    return field(default=local, metadata={"variable": variable, "local": local, "shared": shared, "minimum": minimum})


@dataclass(frozen=True)
class HostLimits:
    """The limits for the owner of the machine, or for each visitor of a shared host. Where 0 is allowed it means no limit.

    Raises:
        ConfigError: a value is out of range, or contradicts another.
    """

    upload_mb: int = _limit("STUDIO_MAX_UPLOAD_MB", 200, 100)
    session_uploads_mb: int = _limit("STUDIO_MAX_SESSION_UPLOADS_MB", 500, 200)
    visitor_uploads_mb: int = _limit("STUDIO_MAX_VISITOR_UPLOADS_MB", 1_000, 300)
    host_uploads_mb: int = _limit("STUDIO_MAX_HOST_UPLOADS_MB", 2_000, 2_000)
    rows: int = _limit("STUDIO_MAX_ROWS", 0, 1_000_000, minimum=0)
    text_characters: int = _limit("STUDIO_MAX_TEXT_CHARACTERS", 1_000_000, 1_000_000, minimum=100)
    job_minutes: int = _limit("STUDIO_MAX_JOB_MINUTES", 0, 60, minimum=0)
    jobs_per_visitor: int = _limit("STUDIO_MAX_JOBS_PER_VISITOR", 10, 3)
    jobs_in_queue: int = _limit("STUDIO_MAX_JOBS_IN_QUEUE", 100, 30)
    jobs_at_once: int = _limit("STUDIO_MAX_JOBS_AT_ONCE", 1, 1)
    visitor_disk_mb: int = _limit("STUDIO_MAX_VISITOR_DISK_MB", 0, 2_000, minimum=0)
    disk_mb: int = _limit("STUDIO_MAX_DISK_MB", 0, 20_000, minimum=0)
    models_in_memory: int = _limit("STUDIO_MAX_MODELS_IN_MEMORY", 8, 8)
    idle_days: int = _limit("STUDIO_MAX_IDLE_DAYS", 0, 30, minimum=0)

    def __post_init__(self) -> None:
        for item in fields(self):
            if getattr(self, item.name) < (minimum := item.metadata["minimum"]):
                raise _out_of_range(item.metadata["variable"], minimum, getattr(self, item.name))
        for smaller, larger in pairwise(_UPLOAD_CHAIN):
            if getattr(self, smaller) > getattr(self, larger):
                raise ConfigError(
                    f"{VARIABLES[larger]} is {getattr(self, larger):,}, less than the {getattr(self, smaller):,} of "
                    f"{VARIABLES[smaller]}.",
                    "Set it to at least as much.",
                )

    def check_rows(self, name: str, rows: int) -> None:
        """Check that a table has no more rows than are allowed.

        Raises:
            LimitError: it has more.
        """
        if self.rows and rows > self.rows:
            raise LimitError(
                f"{name} has {rows:,} rows, and this host takes up to {self.rows:,}.", "Upload a smaller part of it."
            )


VARIABLES: dict[str, str] = {item.name: item.metadata["variable"] for item in fields(HostLimits)}


def host_limits(shared: bool) -> HostLimits:
    """The limits for a visitor of a shared host, or for the owner of the machine.

    Raises:
        ConfigError: an environment variable has a wrong value, or there is no limit of its name.
    """
    return _parse(shared, tuple(sorted(item for item in os.environ.items() if item[0].startswith(_PREFIX))))


@lru_cache(maxsize=16)
def _parse(shared: bool, variables: tuple[tuple[str, str], ...]) -> HostLimits:
    given = dict(variables)
    if unknown := sorted(given.keys() - set(VARIABLES.values())):
        raise ConfigError(
            f"There is no limit {unknown[0]}.", f"The limits are {', '.join(sorted(VARIABLES.values()))}."
        )
    values = _defaults(shared)
    for name, variable in VARIABLES.items():
        if variable in given:
            values[name] = _whole_number(variable, given[variable])
    for smaller, larger in pairwise(_UPLOAD_CHAIN):
        if VARIABLES[larger] not in given:
            values[larger] = max(values[larger], values[smaller])
    return HostLimits(**values)


def _defaults(shared: bool) -> dict[str, int]:
    values: dict[str, int] = {item.name: item.metadata["shared" if shared else "local"] for item in fields(HostLimits)}
    memory_mb = int(_UPLOADS_MEMORY_SHARE * host.memory_bytes()) // _MEGABYTE
    values["host_uploads_mb"] = min(values["host_uploads_mb"], memory_mb)
    return values


def _whole_number(variable: str, text: str) -> int:
    if not re.fullmatch(r"\d{1,12}", text.strip(), re.ASCII):
        minimum = next(item.metadata["minimum"] for item in fields(HostLimits) if VARIABLES[item.name] == variable)
        raise _out_of_range(variable, minimum, repr(text))
    return int(text)


def _out_of_range(variable: str, minimum: int, found: object) -> ConfigError:
    expected = "0 for no limit, or a positive whole number" if minimum == 0 else f"a whole number of at least {minimum}"
    return ConfigError(
        f"Expected {expected} in {variable}, found {found}.", "Set another value, or unset the variable."
    )
