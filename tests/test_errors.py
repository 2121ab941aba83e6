"""A full disk and a folder that cannot be written become sentences, whatever library reports them."""

import errno

import pytest
from safetensors import SafetensorError

from core import host
from core.errors import LimitError, RunError, StorageError, disk_error, storing


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, "No space left on device", "/srv/home/run.json"),
        OSError(errno.EDQUOT, "Disk quota exceeded"),
        SafetensorError("Error while serializing: I/O error: No space left on device (os error 28)"),
    ],
)
def test_a_full_disk_is_named_with_what_to_do(error: Exception) -> None:
    known = host.explain(error)
    assert isinstance(known, StorageError)
    assert known.message == "It could not be stored: the disk is full."
    assert known.hint.startswith("Delete models and datasets that you no longer need")
    assert "os error" not in str(known)


@pytest.mark.parametrize("number", [errno.EROFS, errno.EACCES, errno.EPERM])
def test_a_folder_that_cannot_be_written_is_named_without_its_path(number: int) -> None:
    known = host.explain(OSError(number, "no", "/srv/secret/place/run.json"))
    assert isinstance(known, StorageError)
    assert known.message == "run.json could not be stored: this app may not write to the folder."
    assert "secret" not in str(known)


def test_the_cause_of_an_error_is_found() -> None:
    try:
        try:
            raise OSError(errno.ENOSPC, "No space left on device")
        except OSError as error:
            raise RuntimeError("writing failed") from error
    except RuntimeError as error:
        known = disk_error(error, "The model")
    assert known is not None
    assert known.message == "The model could not be stored: the disk is full."


def test_memory_and_known_errors_are_explained_and_bugs_are_not() -> None:
    known = RunError("It failed.", "Try again.")
    assert host.explain(known) is known
    assert isinstance(host.explain(MemoryError()), LimitError)
    assert host.explain(KeyError("label")) is None
    assert host.explain(FileNotFoundError(errno.ENOENT, "No such file", "x")) is None


def test_storing_names_what_could_not_be_stored() -> None:
    message = r"^The log could not be stored: Too many open files\. Check the disk"
    with pytest.raises(StorageError, match=message), storing("The log"):
        raise OSError(errno.EMFILE, "Too many open files")
