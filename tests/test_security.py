"""Every promise in SECURITY.md names tests that exist."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_every_promise_names_its_tests() -> None:
    text = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
    promises = text.split("| promise | test |")[1].split("\n\n")[0].splitlines()[2:]
    assert len(promises) >= 12
    for promise in promises:
        names = re.findall(r"`(tests/[\w/]+\.py)`", promise)
        assert names, promise
        assert all((ROOT / name).is_file() for name in names), promise
