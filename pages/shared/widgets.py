"""Small widgets that several pages use: titles, errors, select boxes, delete buttons."""

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import streamlit as st

from core.data.dataset import Dataset
from core.formatting import pluralize
from core.host import explain
from core.runs import Run
from core.storage import DamagedFolder
from core.workspace import delete
from pages.shared.session import remember_dataset, remember_run, remembered_dataset, remembered_run

# Where a web or mail address would become a link, escaped or not; an invisible character there keeps it text.
_LINK = re.compile(r"(?<=:)(?=//)|(?<=www)(?=\.)|(?=@)", re.IGNORECASE)
_WORD_JOINER = "\u2060"
_MARKDOWN = re.compile(r"([\\`*_{}\[\]()#+\-.!|<>~$:])")
Item = TypeVar("Item", Dataset, Run)


def escape_markdown(text: str) -> str:
    """``text`` escaped so that Streamlit shows it literally: user text must not load images or links."""
    return _MARKDOWN.sub(r"\\\1", _LINK.sub(_WORD_JOINER, text))


def show_error(message: str, hint: str) -> None:
    """Show what went wrong and what to do about it."""
    hint_line = f"  \n**{escape_markdown(hint)}**" if hint else ""
    st.error(escape_markdown(message) + hint_line, icon=":material/error:")


def show_failure(error: Exception) -> bool:
    """Show an error as a sentence, also one of a full disk or of memory; whether it could be shown. If not, it is a bug."""
    known = explain(error)
    if known is not None:
        show_error(known.message, known.hint)
    return known is not None


@contextmanager
def show_errors() -> Iterator[None]:
    """Show an error of the user or of the disk that the body raises, and continue below the body."""
    try:
        yield
    except Exception as error:
        if not show_failure(error):
            raise


def page_header(title: str, summary: str) -> None:
    """Show a page's title and a summary of one or two sentences."""
    st.title(title, anchor=False)
    st.markdown(summary)


def choose_dataset(datasets: Sequence[Dataset]) -> Dataset:
    """The dataset chosen in a select box; other pages select it first from then on."""
    dataset = _choose(
        "Dataset",
        datasets,
        remembered_dataset(),
        lambda dataset: f"{dataset.name} ({pluralize(dataset.rows, 'row')})",
    )
    remember_dataset(dataset.id)
    return dataset


def choose_run(runs: Sequence[Run]) -> Run:
    """The run chosen in a select box; other pages select it first from then on."""
    run = _choose("Model", runs, remembered_run(), run_title)
    remember_run(run.id)
    return run


def _choose(label: str, items: Sequence[Item], selected_id: str | None, title: Callable[[Item], str]) -> Item:
    ids = [item.id for item in items]
    index = ids.index(selected_id) if selected_id in ids else 0
    return items[st.selectbox(label, range(len(ids)), index=index, format_func=lambda i: title(items[i]))]


def run_title(run: Run) -> str:
    """The run's name and when it was created, which tells runs with the same name apart."""
    return f"{run.name}, {creation_time(run)}"


def creation_time(run: Run) -> str:
    """When the run was created: "2026-11-24 09:41 UTC"."""
    return run.created[:16].replace("T", " ") + " UTC"


def delete_button(folder: Path, name: str, consequence: str) -> None:
    """A Delete button that asks for confirmation, then deletes the folder and reruns the page."""
    with st.popover("Delete", icon=":material/delete:", key=f"delete-{folder.name}"):
        st.markdown(f"Delete **{escape_markdown(name)}** permanently? {consequence}")
        if st.button("Delete permanently", type="primary", key=f"confirm-delete-{folder.name}"):
            delete(folder)
            st.rerun()


def show_damaged(folders: Sequence[DamagedFolder]) -> None:
    """Show folders that cannot be opened: what is wrong with each, and a Delete button."""
    for damaged in folders:
        with st.container(border=True):
            st.warning(
                f"**{escape_markdown(damaged.name)}** cannot be opened. {escape_markdown(damaged.problem)}",
                icon=":material/broken_image:",
            )
            delete_button(damaged.folder, damaged.name, "This deletes the folder with all its files.")
