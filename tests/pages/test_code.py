"""Show me the code on the pages: closed until it is opened, then the code for what is shown, with the files that it reads."""

import ast
from collections.abc import Callable

import pytest

from core.runs import Run
from pages.shared.prediction import Model
from tests.pages.app import visit

_FILES = {
    "data": ["Table as it was read (Parquet)", "Split of the rows (CSV)"],
    "train": ["Rows of all splits (Parquet)"],
    "evaluate": ["Targets and predictions (CSV)"],
    "predict": [],
}


def _keys(page: str, run: Run) -> list[str]:
    """The keys of the expanders of a page: of both splits on Evaluate."""
    model = Model("", run.model_folder, run)
    keys = {
        "data": ["data"],
        "train": ["settings"],
        "evaluate": [f"evaluate-{run.id}-{split}" for split in ("validation", "test")],
        "predict": [f"predict-{model.key}"],
    }
    return [f"code-{key}" for key in keys[page]]


@pytest.mark.parametrize("page", _FILES)
def test_the_code_of_a_page_can_be_copied_and_its_files_downloaded(
    page: str, clinic_run: Run, downloads: dict[str, Callable[[], bytes]]
) -> None:
    at = visit(page)
    assert not at.exception
    assert not [block for block in at.code if "import pandas" in block.value or "import pipeline" in block.value]
    for key in _keys(page, clinic_run):
        at.session_state[key] = True
    at.run()
    assert not at.exception
    (code,) = [block.value for block in at.code if block.value.startswith('"""')]
    constants = {node.value for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Constant)}
    assert ("Medication Request" in str(constants)) == (page in ("train", "evaluate"))
    for label in _FILES[page]:
        assert len(downloads[label]()) > 100
