"""Workspaces that the pages show: an empty one, and one with a dataset and a finished run."""

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest
import streamlit as st
from streamlit.components.v2 import manifest_scanner

from core.runs import Run, list_runs
from core.workspace import Workspace, workspace_of


@pytest.fixture(scope="session", autouse=True)
def one_scan_of_packages() -> Iterator[None]:
    """Streamlit looks for components in all installed packages each time that a page is opened; here once a process."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(manifest_scanner, "scan_component_manifests", cache(manifest_scanner.scan_component_manifests))
        yield


@pytest.fixture
def on_loopback() -> Iterator[None]:
    """The server's address is a loopback address, so that there is one workspace."""
    before = st.get_option("server.address")
    st.config.set_option("server.address", "127.0.0.1")
    yield
    st.config.set_option("server.address", before)


@pytest.fixture
def empty(workspace: Workspace, on_loopback: None) -> Workspace:
    """The workspace that the pages show, without anything in it."""
    return workspace


@pytest.fixture
def clinic_run(clinic_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, on_loopback: None) -> Run:
    """The instant run on the clinic sample, in a copy of its home that the pages show."""
    home = tmp_path / "clinic"
    copytree(clinic_home, home)
    monkeypatch.setenv("STUDIO_HOME", str(home))
    (run,) = list_runs(workspace_of("local", home))
    return run


@pytest.fixture
def downloads(monkeypatch: pytest.MonkeyPatch) -> dict[str, Callable[[], bytes]]:
    """The functions behind the download buttons that the pages show, by label."""
    functions: dict[str, Callable[[], bytes]] = {}

    def download_button(label: str, data: Callable[[], bytes], **options: Any) -> bool:
        functions[label] = data
        return False

    monkeypatch.setattr(st, "download_button", download_button)
    return functions
