"""The trials of a search in PostgreSQL: two processes share a study; the password is stored and shown nowhere."""

import importlib.util
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from core.__main__ import main
from core.errors import ConfigError, RunError
from core.experiments.tuning.search import Search
from core.experiments.tuning.storage import STORAGE_VARIABLE, without_password
from core.experiments.tuning.trials import run_search
from core.workspace import Workspace
from tests.experiments.tuning.cases import make_search

PASSWORD = "se/cret"
# Debian keeps the programs of the server out of PATH.
PROGRAMS = next(iter(sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)), None)


@pytest.fixture
def search(workspace: Workspace, tiny_encoder: str) -> Search:
    return make_search(workspace, tiny_encoder)


def run_as_postgres(*command: str, folder: Path) -> None:
    """Run a program of the server, which refuses to run as root."""
    user = "postgres" if hasattr(os, "geteuid") and os.geteuid() == 0 else None
    subprocess.run(command, cwd=folder, user=user, check=True, stdout=subprocess.DEVNULL)


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """The address of a PostgreSQL server of its own, without the password; the database is ``studio``."""
    if PROGRAMS is None:
        pytest.skip("PostgreSQL is not installed: apt-get install postgresql")
    if importlib.util.find_spec("psycopg") is None:
        pytest.skip("The driver is not installed: pip install -r requirements-cluster.txt")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    folder = Path("/tmp") / f"studio-postgres-{os.getpid()}"  # a socket's path has at most 107 characters
    folder.mkdir()
    (folder / "password").write_text(PASSWORD)
    if os.geteuid() == 0:
        for path in (folder, folder / "password"):
            shutil.chown(path, "postgres")
    data = str(folder / "data")
    initdb = [f"{PROGRAMS}/initdb", "-D", data, "-U", "studio", "-A", "scram-sha-256", f"--pwfile={folder}/password"]
    run_as_postgres(*initdb, folder=folder)
    options = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1"
    run_as_postgres(
        f"{PROGRAMS}/pg_ctl", "-D", data, "-l", f"{folder}/log", "-w", "-o", options, "start", folder=folder
    )
    try:
        yield f"postgresql://studio@127.0.0.1:{port}/postgres"
    finally:
        run_as_postgres(f"{PROGRAMS}/pg_ctl", "-D", data, "-m", "immediate", "stop", folder=folder)
        shutil.rmtree(folder)


def with_password(address: str, password: str = "se%2Fcret") -> str:
    return address.replace("studio@", f"studio:{password}@")


@pytest.mark.slow
def test_two_hosts_share_a_search(
    server: str, search: Search, workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(STORAGE_VARIABLE, with_password(server))
    # Another host has a copy of the folder, in a workspace of its own.
    other = tmp_path / "other host" / "workspaces" / "local" / "searches" / search.id
    shutil.copytree(search.folder, other)
    command = [sys.executable, "-m", "core", "search"]
    children = [
        subprocess.Popen([*command, str(folder)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        for folder in (search.folder, other)
    ]
    outputs = [child.communicate()[0] for child in children]
    assert [child.returncode for child in children] == [0, 0], outputs
    search = Search.open(search.folder)
    table = search.table()
    finished = table["state"].isin(["complete", "pruned"]).sum()
    assert search.trials <= finished <= search.trials + 1
    assert not table.duplicated(["learning_rate", "epochs"]).all()
    assert Search.open(other).best() == search.best()
    assert not list(search.folder.glob("journal*"))
    stored = [path.read_bytes() for folder in (search.folder, other) for path in folder.rglob("*.*") if path.is_file()]
    for secret in ("se/cret", "se%2Fcret"):
        assert not any(secret in output for output in outputs)
        assert not any(secret.encode() in content for content in stored)
    assert search.storage == server


@pytest.mark.slow
def test_a_study_refuses_other_rows_or_settings(
    server: str, search: Search, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(STORAGE_VARIABLE, with_password(server))
    search = replace(search, trials=1).with_storage(None)
    run_search(search, workspace.home)
    changed = replace(search, config=replace(search.config, batch_size=4))
    with pytest.raises(RunError, match="was started with other rows or settings"):
        run_search(changed, workspace.home)


@pytest.mark.slow
@pytest.mark.slow
@pytest.mark.parametrize(
    ("user", "place", "database", "message"),
    [
        ("studio:wrong", "", "postgres", "refused the password of the user studio"),
        ("studio:se%2Fcret", "", "missing", "has no database 'missing'"),
        ("studio:se%2Fcret", "127.0.0.1:1", "postgres", "at 127.0.0.1:1 does not answer"),
    ],
)
def test_a_database_that_refuses_is_one_sentence(
    user: str,
    place: str,
    database: str,
    message: str,
    server: str,
    search: Search,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(STORAGE_VARIABLE, "")
    place = place or server.split("@")[1].split("/")[0]
    assert main(["search", str(search.folder), "--storage", f"postgresql://{user}@{place}/{database}"]) == 2
    printed = capsys.readouterr().err
    assert message in printed
    assert "cret" not in printed
    assert "Traceback" not in printed


def test_the_password_is_taken_out_of_an_address() -> None:
    assert without_password("postgres://me:secret@host/db?password=secret") == "postgresql://me@host/db"
    assert without_password("postgresql+psycopg://me@host:5433/db") == "postgresql://me@host:5433/db"


@pytest.mark.parametrize("address", ["sqlite:///secret.db", "mysql://me:secret@host/db", "secret", "postgresql:///"])
def test_other_addresses_are_refused_without_showing_a_password(address: str) -> None:
    with pytest.raises(ConfigError, match="Expected an address such as postgresql") as caught:
        without_password(address)
    assert "me:secret" not in str(caught.value)


def test_a_search_that_has_begun_stays_in_its_journal(search: Search) -> None:
    search.study()
    assert search.with_storage(None) == search
    with pytest.raises(ConfigError, match=r"trials of this search are in the file journal\.log"):
        search.with_storage("postgresql://me@host/db")


def test_without_the_driver_the_error_says_how_to_install_it(search: Search, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ConfigError, match=r"Run: pip install -r requirements-cluster\.txt"):
        search.with_storage("postgresql://me@host/db").study()
