"""A workspace that version 0.1 (commit f388f1c) wrote: four tasks, a search, repeated runs, a run that died.

The zip was made with that version on invented texts and a random two-layer encoder. ``{HOME}`` in its records stands for
the folder it lies in.
"""

import json
import zipfile
from pathlib import Path
from typing import Any

_ZIP = Path(__file__).parent / "fixtures" / "workspace-0.1.zip"


def extract(home: Path) -> dict[str, Any]:
    """Unpack the workspace into a home; what each task's model predicted then, by kind of task."""
    with zipfile.ZipFile(_ZIP) as archive:
        archive.extractall(home)
    for path in home.rglob("*.json"):
        path.write_text(path.read_text(encoding="utf-8").replace("{HOME}", str(home)), encoding="utf-8")
    expected: dict[str, Any] = json.loads((home / "expected.json").read_text(encoding="utf-8"))
    return expected
