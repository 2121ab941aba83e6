"""Ways in which a stored JSON record can be damaged, shared by the tests of everything that reads one."""

import json
from pathlib import Path
from typing import Any

FUTURE = 99


def damaged_versions(record: dict[str, Any], field: str) -> dict[str, bytes]:
    """Damaged contents for the file of a valid record, by the kind of damage; ``field`` must not be a list."""
    text = json.dumps(record).encode()
    return {
        "truncated": text[: len(text) // 2],
        "empty": b"",
        "garbage": bytes(range(256)),
        "nested too deeply": b"[" * 100_000,
        "a list": b"[1, 2, 3]",
        "a number": b"7",
        "wrong type": json.dumps(record | {field: ["not", "expected"]}).encode(),
        "missing field": json.dumps({name: value for name, value in record.items() if name != field}).encode(),
        "future version": json.dumps(record | {"format_version": FUTURE}).encode(),
        "no version number": json.dumps(record | {"format_version": "two"}).encode(),
    }


DAMAGES = tuple(damaged_versions({"a": 1}, "a"))


def damage(path: Path, kind: str, field: str) -> None:
    """Damage the JSON file of a record in one of the ways of ``DAMAGES``."""
    path.write_bytes(damaged_versions(json.loads(path.read_text(encoding="utf-8")), field)[kind])
