"""Where the trials of a search are: the journal file in its folder, or a PostgreSQL database that several hosts share.

The address of a database comes from ``--storage`` or the environment variable ``STUDIO_SEARCH_STORAGE``. It is stored with
the search without its password, which is read from that variable, ``PGPASSWORD`` or ``~/.pgpass`` each time.
"""

import importlib.util
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from core.errors import ConfigError, RunError
from core.storage import damaged

if TYPE_CHECKING:
    from optuna.storages import BaseStorage

STORAGE_VARIABLE = "STUDIO_SEARCH_STORAGE"
_DRIVER = "postgresql+psycopg"
_EXPECTED = "Expected an address such as postgresql://user@host:5432/database"
_CONNECT_SECONDS = 10
# Two processes that use an empty database at the same time create the same tables; one of them fails and tries again.
_ATTEMPTS = 3


def without_password(address: str) -> str:
    """The address of a database without its password.

    Raises:
        ConfigError: it is not an address of a PostgreSQL database.
    """
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        url = make_url(address)
    except (ArgumentError, ValueError) as error:  # the message of the error could have the password
        raise ConfigError(f"{_EXPECTED}, found something else.", f"Correct --storage or {STORAGE_VARIABLE}.") from error
    if url.get_backend_name() not in ("postgresql", "postgres") or not url.host or not url.database:
        raise ConfigError(
            f"{_EXPECTED}, found {url.render_as_string(hide_password=True)!r}.",
            f"Correct --storage or {STORAGE_VARIABLE}.",
        )
    url = url.difference_update_query(["password"])._replace(drivername="postgresql", password=None)
    return url.render_as_string()


def address_with_password(address: str) -> str:
    """The address in ``STUDIO_SEARCH_STORAGE``, if it is that of the same database; else the address as it is."""
    given = os.environ.get(STORAGE_VARIABLE, "")
    return given if given and without_password(given) == address else address


def open_journal(path: Path) -> "BaseStorage":
    """The storage of a journal file, which is created if it is missing."""
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend

    return JournalStorage(JournalFileBackend(str(path)))


def open_database(address: str) -> "BaseStorage":
    """The storage in a PostgreSQL database; the first use creates its tables.

    Raises:
        ConfigError: the driver is not installed.
        RunError: the database does not answer, or refuses the user.
    """
    if importlib.util.find_spec("psycopg") is None:
        raise ConfigError("The PostgreSQL driver is not installed.", "Run: pip install -r requirements-cluster.txt")
    from optuna.storages import RDBStorage
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import IntegrityError, ProgrammingError
    from sqlalchemy.pool import NullPool

    url = make_url(address)._replace(drivername=_DRIVER).render_as_string(hide_password=False)
    # A connection for each request: a trial takes far longer, and the server may close idle ones.
    options = {"poolclass": NullPool, "connect_args": {"connect_timeout": _CONNECT_SECONDS}}
    for attempt in range(_ATTEMPTS):
        try:
            return RDBStorage(url, engine_kwargs=options)
        except (IntegrityError, ProgrammingError):
            if attempt == _ATTEMPTS - 1:
                raise
    raise AssertionError("unreachable")


@contextmanager
def journal_errors(path: Path) -> Iterator[None]:
    """Raise the errors of a journal file as ours.

    Raises:
        StorageError: the journal is damaged.
    """
    try:
        yield
    except Exception as error:  # optuna raises errors of many kinds
        raise damaged(path, "it is not a valid Optuna journal") from error


@contextmanager
def database_errors(address: str) -> Iterator[None]:
    """Raise the errors of a database as ours, and all others as they are.

    Raises:
        RunError: the database does not answer, or refuses the user.
    """
    from sqlalchemy.exc import SQLAlchemyError

    try:
        yield
    except Exception as error:
        cause: BaseException | None = error
        while cause is not None and not isinstance(cause, SQLAlchemyError):
            cause = cause.__cause__
        if cause is None:
            raise
        raise _database_error(cause, address) from None  # the error could name the password


def _database_error(error: BaseException, address: str) -> RunError:
    from sqlalchemy.engine import make_url

    url = make_url(address)
    place = f"{url.host}:{url.port or 5432}"
    reason = " ".join(str(getattr(error, "orig", None) or type(error).__name__).split())
    if "password" in reason or "authentication failed" in reason:
        return RunError(
            f"PostgreSQL at {place} refused the password of the user {url.username or 'that is logged in'}.",
            f"Set {STORAGE_VARIABLE} to the address with the password, or add a line to ~/.pgpass.",
        )
    if "does not exist" in reason:
        return RunError(f"PostgreSQL at {place} has no database {url.database!r} for this user.", "Create it first.")
    return RunError(
        f"The PostgreSQL database at {place} does not answer: {reason[:200]}",
        "Check the address, the network and that the server runs.",
    )
