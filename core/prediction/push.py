"""Pushes a run's model to the Hugging Face hub: the files of transformers, ONNX, predict.py and the model card, but no texts.

The token is passed to the hub's client for these requests. It is not stored, and errors do not carry it.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from core.errors import ConfigError, ModelError, StudioError
from core.prediction.bundle import layout
from core.prediction.export import SCRIPTS_FOLDER, RenderCard, model_card, pretrained_folder
from core.prediction.onnx_files import make_onnx_files
from core.runs import Run

if TYPE_CHECKING:
    from huggingface_hub import HfApi

_NAME = re.compile(r"[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}")
_TIMEOUT_SECONDS = 30.0
_PREDICT = "predict.py"
# What the hub itself puts into a new repository.
_INITIAL_FILES = {".gitattributes"}


@dataclass(frozen=True)
class HubRepository:
    """A repository of the hub: "owner/name", and whether only its owner may see it.

    Raises:
        ConfigError: the name has another form.
    """

    name: str
    private: bool = True

    def __post_init__(self) -> None:
        """Check the name."""
        if not _NAME.fullmatch(self.name) or ".." in self.name or "--" in self.name:
            raise ConfigError(
                f"Expected a repository as owner/name, found {self.name[:100]!r}.",
                "Use your account's name, a slash, and a name of letters, digits, hyphens and periods.",
            )


def push(run: Run, repository: HubRepository, token: str, render_card: RenderCard) -> str:
    """Create a repository on the hub with the model of a finished run. Returns the address of the repository.

    A repository that an interrupted push has left empty is filled; any other that exists is left alone.

    Raises:
        ConfigError: the token is not one, or the repository exists already.
        ModelError: the run has no model, the hub refuses the token or cannot be reached, or the upload was interrupted.
        StorageError: a stored file is damaged.
    """
    if not re.fullmatch(r"[\x21-\x7e]+", token.strip()):
        raise ConfigError("Expected a token of the Hugging Face hub.", "Create one at huggingface.co/settings/tokens.")
    with pretrained_folder(run) as folder:
        onnx = make_onnx_files(run, folder)
        files: dict[str, Path | bytes] = dict(onnx.graphs) if onnx else {}
        for path in folder.iterdir():
            if layout.is_bundle_file(name := f"{layout.MODEL}/{path.name}"):
                files[name] = path
        files = {name.removeprefix(f"{layout.MODEL}/"): content for name, content in files.items()}
        files[_PREDICT] = SCRIPTS_FOLDER / _PREDICT
        files[layout.CARD] = (model_card(run, render_card, onnx) + _usage(repository.name)).encode()
        return _upload(files, repository, token.strip())


def _usage(name: str) -> str:
    return (
        "\n## Use\n\n```python\nfrom transformers import pipeline\n\n"
        f'pipeline("text-classification", model="{name}")("a text")\n```\n\n'
        "`predict.py` also applies the decision rule: thresholds, the minimum confidence, and intervals.\n"
    )


def _upload(files: dict[str, Path | bytes], repository: HubRepository, token: str) -> str:
    from huggingface_hub import CommitOperationAdd, HfApi
    from huggingface_hub.utils.tqdm import disable_progress_bars

    disable_progress_bars()
    api = HfApi(token=token)
    with _translate_errors(repository.name, "The Hugging Face hub could not be reached."):
        _create(api, repository)
    operations = [CommitOperationAdd(name, content) for name, content in sorted(files.items())]
    with _translate_errors(repository.name, f"The upload to {repository.name} was interrupted."):
        commit = api.create_commit(repository.name, operations, commit_message="Add the model")
    return str(commit.repo_url)


def _create(api: "HfApi", repository: HubRepository) -> None:
    """Create the repository, or find it empty."""
    from huggingface_hub.errors import HfHubHTTPError

    try:
        api.create_repo(repository.name, private=repository.private)
    except HfHubHTTPError as error:
        if error.response.status_code != 409:
            raise
        info = api.model_info(repository.name, timeout=_TIMEOUT_SECONDS)
        files = {file.rfilename for file in info.siblings or []}
        if files - _INITIAL_FILES or bool(info.private) != repository.private:
            raise ConfigError(
                f"The repository {repository.name} exists already.",
                "Choose another name, or delete that repository on the hub first.",
            ) from None


@contextmanager
def _translate_errors(name: str, unreachable: str) -> Iterator[None]:
    """Raise what the hub's client raises as one sentence, without the request, which carries the token."""
    from httpx2 import TransportError
    from huggingface_hub.errors import HfHubHTTPError

    try:
        yield
    except StudioError:
        raise
    except HfHubHTTPError as error:
        raise _refused(name, error.response.status_code) from None
    except (TransportError, OSError, RuntimeError, ValueError) as error:
        cause = error.__cause__
        if isinstance(cause, HfHubHTTPError):
            raise _refused(name, cause.response.status_code) from None
        raise ModelError(unreachable, "Check the network connection, then push again.") from None


def _refused(name: str, status: int) -> ModelError:
    if status == 401:
        return ModelError(
            "The Hugging Face hub does not know this token.",
            "Create one with write access at huggingface.co/settings/tokens.",
        )
    if status == 403:
        return ModelError(
            f"This token may not create or change {name}.",
            "Use a token with write access, and the name of your own account or organization.",
        )
    if status == 404:
        return ModelError(f"The Hugging Face hub has no account for {name}.", "Check the owner's name.")
    return ModelError(f"The Hugging Face hub failed with status {status}.", "Try again later.")
