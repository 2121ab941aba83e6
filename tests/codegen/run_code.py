"""Runs code as a user would: as a file in a folder of its own, in a process that cannot import this project."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

_RUNNER = """
import contextlib, importlib.util, io, json, os, runpy, sys

def plain(value):
    if hasattr(value, "to_dict"):
        return value.to_dict("list")
    return [value.low, value.high] if hasattr(value, "low") else value

assert importlib.util.find_spec("core") is None
results = []
for folder in sys.argv[2:]:
    os.chdir(folder)
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        values = runpy.run_path("code.py")
    names = [name for name in json.loads(sys.argv[1]) if name in values]
    results.append({"printed": printed.getvalue()} | {name: plain(values[name]) for name in names})
print(json.dumps(results, default=float))
"""


def run_code(
    codes: Sequence[str], folders: Sequence[Path], names: Sequence[str], environment: Mapping[str, str] | None = None
) -> list[dict[str, Any]]:
    """What each code printed, and the values of these names after it, all in one process without this project."""
    for code, folder in zip(codes, folders, strict=True):
        (folder / "code.py").write_text(code, encoding="utf-8")
    command = [sys.executable, "-I", "-W", "ignore", "-c", _RUNNER, json.dumps(names), *map(str, folders)]
    process = subprocess.run(
        command, capture_output=True, text=True, cwd=folders[0], env=os.environ | dict(environment or {})
    )
    assert process.returncode == 0, process.stderr[-3_000:]
    results: list[dict[str, Any]] = json.loads(process.stdout.splitlines()[-1])
    return results
