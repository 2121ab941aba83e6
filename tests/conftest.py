"""Fixtures that several suites share: a home of their own, and one small trained run for all who only read it."""

from pathlib import Path

import pytest

from core.workspace import Workspace


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """The local workspace of an empty home."""
    monkeypatch.setenv("STUDIO_HOME", str(tmp_path))
    return Workspace(tmp_path / "workspaces" / "local", tmp_path)
