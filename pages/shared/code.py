"""Show me the code: an expander with plain Python that repeats what a page did, and the files that it reads."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import streamlit as st


@dataclass(frozen=True)
class CodeFile:
    """A file that the code reads: its name, what makes its contents, and a label for the button that downloads it."""

    name: str
    label: str
    data: Callable[[], bytes]
    mime: str = "application/octet-stream"


@dataclass(frozen=True)
class Code:
    """Python, the files that it reads from the folder in which it runs, and a sentence about it."""

    text: str
    about: str
    files: Sequence[CodeFile] = ()


def show_code(key: str, make: Callable[[], Code]) -> None:
    """An expander with code, which is made when a visitor opens it; ``key`` tells the expanders of a session apart."""
    expander = st.expander("Show me the code", icon=":material/code:", key=f"code-{key}", on_change="rerun")
    if not expander.open:
        return
    with expander:
        code = make()
        st.caption(code.about)
        with st.container(horizontal=True):
            for file in code.files:
                st.download_button(
                    file.label,
                    data=file.data,
                    file_name=file.name,
                    mime=file.mime,
                    on_click="ignore",
                    icon=":material/download:",
                    key=f"code-{key}-{file.name}",
                )
        st.code(code.text, language="python", height=420)
