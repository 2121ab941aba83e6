"""The app as AppTest runs it: visit a page, find a widget by its label, read the texts that are shown."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from streamlit.testing.v1 import AppTest

APP = str(Path(__file__).parents[2] / "app.py")
PAGES = ("home", "data", "train", "evaluate", "predict", "models", "learn")
_TIMEOUT = 60


def visit(page: str) -> AppTest:
    """A page after its first run."""
    at = AppTest.from_file(APP, default_timeout=_TIMEOUT).run()
    return at if page == "home" else at.switch_page(f"pages/{page}.py").run()


def page_text(at: AppTest) -> str:
    """All texts on the page without the backslashes that escape Markdown, one a line."""
    elements = [
        *at.title,
        *at.header,
        *at.subheader,
        *at.markdown,
        *at.caption,
        *at.text,
        *at.info,
        *at.error,
        *at.warning,
        *at.success,
    ]
    return "\n".join(str(element.value) for element in elements).replace("\\", "")


def find(elements: Iterable[Any], label: str) -> Any:
    """The first element with a label, such as ``find(at.selectbox, "Runs")``."""
    return next(element for element in elements if element.label == label)


def click(at: AppTest, label: str) -> None:
    """Click the first button with a label; the page must run without an exception."""
    find(at.button, label).click().run()
    assert not at.exception


def choose(at: AppTest, label: str, value: object) -> None:
    """Choose an option of the first segmented control with a label; the page must run without an exception."""
    find(at.button_group, label).set_value(value).run()
    assert not at.exception


def upload(at: AppTest, name: str, data: bytes) -> None:
    """Upload a file on Data; the page must run without an exception."""
    choose(at, "Source", "Upload")
    uploader: Any = at.get("file_uploader")[0]
    uploader.set_value([(name, data, "text/csv")]).run()
    assert not at.exception
