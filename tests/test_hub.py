"""The token of this host goes to the hub for its owner only."""

import threading
from pathlib import Path

import pytest

from core.hub import NO_IMPLICIT_TOKEN, allow_hub_token, child_environment, hub_token
from core.workspace import belongs_to_visitor, workspace_of


def test_the_token_is_forbidden_in_a_thread_and_its_children(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(NO_IMPLICIT_TOKEN, raising=False)
    seen: list[object] = []

    def visit() -> None:
        allow_hub_token(False)
        seen.extend([hub_token(), child_environment()])

    thread = threading.Thread(target=visit)
    thread.start()
    thread.join()
    assert seen == [False, {NO_IMPLICIT_TOKEN: "1"}]
    assert hub_token() is None
    assert child_environment() == {}
    assert child_environment(for_visitor=True) == {NO_IMPLICIT_TOKEN: "1"}


def test_jobs_of_visitors_are_known_by_their_folder(tmp_path: Path) -> None:
    assert belongs_to_visitor(workspace_of("visitor-12ab", tmp_path).runs / "run")
    assert not belongs_to_visitor(workspace_of("local", tmp_path).runs / "visitor-run")
