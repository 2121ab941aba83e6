"""The folder of an encoder's files: a local folder, or one in the Hugging Face cache. Imports no torch.

Cached files are used without asking the hub: a head fitted on an encoder belongs to exactly those weights, and a trained
model must load without a network.
"""

from pathlib import Path

from httpx2 import TransportError
from huggingface_hub import HfApi, constants, snapshot_download
from huggingface_hub.errors import GatedRepoError, HfHubHTTPError, LocalEntryNotFoundError, RepositoryNotFoundError
from huggingface_hub.utils.tqdm import disable_progress_bars

from core.errors import ModelError
from core.hub import hub_token
from core.models.encoders import BUILT_IN, locate_encoder
from core.models.files import (
    CONFIG,
    CONFIG_AND_TOKENIZER_FILES,
    check_folder,
    find_weight_files,
    has_vocabulary,
    is_complete,
)

_TIMEOUT_SECONDS = 10.0


def fetch_encoder(name: str, weights: bool = True) -> Path:
    """The folder with an encoder's files, downloaded if necessary; without ``weights`` only those of its tokenizer.

    Raises:
        ModelError: there is no such encoder, no access, no network or no disk space, or a file is missing.
    """
    location = Path(locate_encoder(name))
    if location.is_absolute():
        check_folder(location, name)
        return location
    return _find_in_cache(name, weights) or _download(name, weights)


def _find_in_cache(name: str, weights: bool) -> Path | None:
    try:
        folder = Path(snapshot_download(name, local_files_only=True, allow_patterns=list(CONFIG_AND_TOKENIZER_FILES)))
    except LocalEntryNotFoundError:
        return None
    return folder if is_complete(folder, weights) else None


def _download(name: str, weights: bool) -> Path:
    files = _choose_files(name, _list_files(name), weights)
    disable_progress_bars()
    try:
        folder = snapshot_download(name, allow_patterns=files, etag_timeout=_TIMEOUT_SECONDS, token=hub_token())
    except GatedRepoError as error:
        raise ModelError(
            f"{name} is gated: its owners must grant you access.",
            f"Request access at huggingface.co/{name}, set HF_TOKEN to your token and start again.",
        ) from error
    except (TransportError, OSError) as error:
        # The library has already resumed the download several times.
        raise ModelError(
            f"The download of {name} was interrupted: {first_line(error)}",
            "Check the network connection and the free disk space, then start again. Complete files are kept.",
        ) from error
    return Path(folder)


def _list_files(name: str) -> set[str]:
    """The names of the files in a repository. Fails fast when the hub is unreachable; a download would retry for minutes."""
    try:
        if constants.HF_HUB_OFFLINE:
            raise ConnectionError("HF_HUB_OFFLINE is set")
        info = HfApi(token=hub_token()).model_info(name, timeout=_TIMEOUT_SECONDS)
    except RepositoryNotFoundError as error:
        raise ModelError(
            f"The Hugging Face hub has no encoder {name}, or it is private.",
            "Check the name at huggingface.co/models. For a private encoder, set HF_TOKEN to your token.",
        ) from error
    except HfHubHTTPError as error:
        raise ModelError(
            f"The Hugging Face hub refused access to {name}: {first_line(error)}", "Try again later."
        ) from error
    except (TransportError, OSError) as error:
        raise ModelError(
            f"The Hugging Face hub could not be reached to download {name}.",
            f"Check the network connection, or choose {BUILT_IN}, which needs no download.",
        ) from error
    return {file.rfilename for file in info.siblings or []}


def _choose_files(name: str, files: set[str], weights: bool) -> list[str]:
    weight_files = find_weight_files(files)
    if CONFIG not in files or not weight_files or not has_vocabulary(files):
        missing = "configuration" if CONFIG not in files else "tokenizer" if weight_files else "PyTorch weights"
        raise ModelError(
            f"{name} is not an encoder that transformers can load: it has no {missing}.",
            "Choose a repository with config.json, model.safetensors and a tokenizer.",
        )
    return [file for file in CONFIG_AND_TOKENIZER_FILES if file in files] + (weight_files if weights else [])


def first_line(error: Exception) -> str:
    """The first line of an exception's message, with a period at its end."""
    return str(error).strip().split("\n")[0].rstrip(".") + "."
