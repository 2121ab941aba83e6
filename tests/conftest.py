"""Fixtures that several suites share: a home of their own, and one small trained run for all who only read it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from core.workspace import Workspace


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workspace]:
    """The local workspace of an empty home."""
    monkeypatch.setenv("STUDIO_HOME", str(tmp_path))
    yield Workspace(tmp_path / "workspaces" / "local", tmp_path)
