"""The pages of the app, and links between them."""

from functools import cache
from pathlib import Path

import streamlit as st

PUBLISHED_PATH = "published"
_FOLDER = Path(__file__).resolve().parents[1]
_ICONS = {
    "home": ":material/home:",
    "data": ":material/table_view:",
    "train": ":material/model_training:",
    "evaluate": ":material/monitoring:",
    "predict": ":material/chat:",
    "models": ":material/inventory_2:",
    "learn": ":material/school:",
    "workspace": ":material/folder_managed:",
}
_TITLES = {"workspace": "Your data"}


@cache
def pages() -> dict[str, st.Page]:
    """All pages by name, in the order of the menu.

    None has an icon of its own: the browser would fetch it as the icon of its tab from fonts.gstatic.com.
    """
    return {
        name: st.Page(_FOLDER / f"{name}.py", title=_TITLES.get(name, name.capitalize()), default=name == "home")
        for name in _ICONS
    }


@cache
def published_page() -> st.Page:
    """The page of a published model, ``/published?model=<id>``: in no menu, and without links to the other pages."""
    file = _FOLDER / f"{PUBLISHED_PATH}.py"
    return st.Page(file, title="Published model", url_path=PUBLISHED_PATH)


def link(name: str, label: str) -> None:
    """Show a link to a page."""
    st.page_link(pages()[name], label=label, icon=_ICONS[name])


def go_to(name: str) -> None:
    """Switch to a page."""
    st.switch_page(pages()[name])


def show_next_step(name: str, label: str) -> None:
    """End a page with a button that leads to the next step."""
    st.divider()
    next_step_button(name, label)


def next_step_button(name: str, label: str) -> None:
    """Show the button that leads to the page of the next step."""
    if st.button(label, type="primary", icon=_ICONS[name], key=f"next-{name}"):
        go_to(name)


def link_term(name: str) -> str:
    """A Markdown link to the glossary's entry of a metric, a setting or a word of the lesson."""
    return f"[More on Learn](learn?term={name})"
