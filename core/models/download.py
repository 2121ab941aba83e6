"""An encoder's files in a folder: a local one as it is, one of the hub in the hub's own cache. Imports no torch.

What is in the cache is taken from there without asking the hub: a head that was fitted on an encoder belongs to those very
weights, and a trained model has to load without a network.
"""

from pathlib import Path

from httpx2 import TransportError
from huggingface_hub import HfApi, constants, snapshot_download
from huggingface_hub.errors import GatedRepoError, HfHubHTTPError, LocalEntryNotFoundError, RepositoryNotFoundError
from huggingface_hub.utils.tqdm import disable_progress_bars

from core.errors import ModelError
from core.models.encoders import BUILT_IN, locate
from core.models.files import CONFIG, SMALL, check_folder, choose_weights, has_vocabulary, is_complete

_PATIENCE_SECONDS = 10.0
_CHECK_NETWORK = f"Check the network connection, or choose {BUILT_IN}, which needs none."


def fetch(name: str, weights: bool = True) -> Path:
    """The folder with an encoder's files, downloaded if need be; without weights, what its tokenizer takes.

    Raises:
        ModelError: no such encoder, no access, no network, no room, or a file is missing; the message says which.
    """
    place = Path(locate(name))
    if place.is_absolute():
        check_folder(place, name)
        return place
    return _cached(name, weights) or _download(name, weights)


def _cached(name: str, weights: bool) -> Path | None:
    try:
        folder = Path(snapshot_download(name, local_files_only=True, allow_patterns=list(SMALL)))
    except LocalEntryNotFoundError:
        return None
    return folder if is_complete(folder, weights) else None


def _download(name: str, weights: bool) -> Path:
    wanted = _wanted(name, _files(name), weights)
    disable_progress_bars()
    try:
        folder = snapshot_download(name, allow_patterns=wanted, etag_timeout=_PATIENCE_SECONDS)
    except GatedRepoError as error:
        raise ModelError(
            f"{name} is gated: its owners have to let you in.",
            f"Ask for access at huggingface.co/{name}, set HF_TOKEN to your token and start again.",
        ) from error
    except (TransportError, OSError) as error:
        # A connection that breaks is taken up where it broke, several times; this is when that did not help.
        raise ModelError(
            f"The download of {name} broke off: {first_line(error)}",
            "Check the network connection and the room on the disk, and start again: files that are complete are kept.",
        ) from error
    return Path(folder)


def _files(name: str) -> set[str]:
    """What the repository holds; also says at once when the hub is out of reach, where a download would try for long."""
    try:
        if constants.HF_HUB_OFFLINE:
            raise ConnectionError("HF_HUB_OFFLINE is set")
        about = HfApi().model_info(name, timeout=_PATIENCE_SECONDS)
    except RepositoryNotFoundError as error:
        raise ModelError(
            f"The Hugging Face hub has no encoder {name}, or it is private.",
            "Check the name at huggingface.co/models; for a private one set HF_TOKEN to your token.",
        ) from error
    except HfHubHTTPError as error:
        raise ModelError(f"The Hugging Face hub refused {name}: {first_line(error)}", "Try again later.") from error
    except (TransportError, OSError) as error:
        raise ModelError(f"The Hugging Face hub could not be reached for {name}.", _CHECK_NETWORK) from error
    return {file.rfilename for file in about.siblings or []}


def _wanted(name: str, files: set[str], weights: bool) -> list[str]:
    chosen = choose_weights(files)
    if CONFIG not in files or not chosen or not has_vocabulary(files):
        missing = "configuration" if CONFIG not in files else "tokenizer" if chosen else "PyTorch weights"
        raise ModelError(
            f"{name} is no encoder that transformers loads: it has no {missing}.",
            "Choose a repository with config.json, model.safetensors and a tokenizer.",
        )
    return [file for file in SMALL if file in files] + (chosen if weights else [])


def first_line(error: Exception) -> str:
    """The first line of what an exception says, as one sentence."""
    return str(error).strip().split("\n")[0].rstrip(".") + "."
