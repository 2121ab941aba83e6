"""Each page as AppTest runs it: empty, with data, with a finished run, with bad input."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from core.data.dataset import list_datasets
from core.data.samples import CLINIC
from core.experiments.launch import create_training_run, sample_dataset
from core.experiments.worker import work
from core.runs import Run, list_runs
from core.training.config import TrainingConfig
from core.workspace import Workspace, workspace_of

APP = str(Path(__file__).parents[2] / "app.py")
PAGES = ("home", "data", "train", "evaluate", "predict", "models")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def finished_run(home: Path) -> Run:
    """An instant run on the clinic sample, as the worker leaves it."""
    space = workspace_of("local", home)
    run = create_training_run(space, sample_dataset(space, CLINIC), TrainingConfig(method="instant"))
    work(run, home)
    return run


@pytest.fixture
def on_loopback(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    before = st.get_option("server.address")
    st.config.set_option("server.address", "127.0.0.1")
    yield
    st.config.set_option("server.address", before)


@pytest.fixture
def empty(workspace: Workspace, on_loopback: None) -> Workspace:
    return workspace


@pytest.fixture
def full(finished_run: Run, home: Path, monkeypatch: pytest.MonkeyPatch, on_loopback: None) -> Run:
    monkeypatch.setenv("STUDIO_HOME", str(home))
    return finished_run


def visit(page: str) -> AppTest:
    at = AppTest.from_file(APP, default_timeout=60).run()
    return at if page == "home" else at.switch_page(f"pages/{page}.py").run()


def words(at: AppTest) -> str:
    shown = [
        *at.markdown,
        *at.caption,
        *at.text,
        *at.info,
        *at.error,
        *at.warning,
        *at.success,
        *at.title,
        *at.subheader,
    ]
    return "\n".join(str(element.value) for element in shown)


def upload(at: AppTest, file: tuple[str, bytes, str]) -> None:
    uploader: Any = at.get("file_uploader")[0]
    uploader.set_value([file]).run()


@pytest.mark.parametrize("page", PAGES)
def test_every_page_stands_when_there_is_nothing(page: str, empty: Workspace) -> None:
    at = visit(page)
    assert not at.exception
    assert len(at.title) == 1
    assert not at.error


@pytest.mark.parametrize("page", PAGES)
def test_every_page_stands_with_a_finished_run(page: str, full: Run) -> None:
    at = visit(page)
    assert not at.exception
    assert not at.error


@pytest.mark.parametrize("page", ["evaluate", "models", "train"])
def test_an_empty_page_says_what_to_do_first(page: str, empty: Workspace) -> None:
    assert "yet" in visit(page).info[0].value


def test_the_first_visitor_predicts_at_once(empty: Workspace) -> None:
    at = visit("predict")
    assert "Medication Request" in words(at)
    assert '"Medication Request"' in at.code[0].value


def test_a_typed_text_is_answered(full: Run) -> None:
    at = visit("predict")
    at.text_area[0].set_value("please cancel my slot on Tuesday and give me one next week")
    at.button[0].click().run()
    assert "Appointment Scheduling" in words(at)


def test_an_empty_text_gets_a_sentence(full: Run) -> None:
    at = visit("predict")
    at.text_area[0].set_value("   ")
    at.button[0].click().run()
    assert "at least one word" in at.error[0].value.replace("\\", "")


def test_a_sample_becomes_a_data_set(empty: Workspace) -> None:
    at = visit("data")
    next(b for b in at.button if b.label == "Use this data").click().run()
    assert not at.exception
    (dataset,) = list_datasets(empty)
    assert dataset.name == CLINIC.title
    assert at.title[0].value == "Train"


@pytest.mark.parametrize("sample", [0, 1, 2])
def test_each_sample_shows_its_split(sample: int, empty: Workspace) -> None:
    at = visit("data")
    at.button_group[1].set_value(sample).run()
    assert not at.exception
    assert sum(int(metric.value.replace(",", "")) for metric in at.metric) > 300


def test_pasted_rows_are_read(empty: Workspace) -> None:
    at = visit("data")
    at.button_group[0].set_value("Paste rows").run()
    rows = [f"text number {i} about {'cats' if i % 2 else 'dogs'},{'cat' if i % 2 else 'dog'}" for i in range(20)]
    at.text_area[0].set_value("\n".join(["text,label", *rows])).run()
    assert not at.exception
    assert "20 rows" in words(at)


BAD_FILES = {
    "empty.csv": (b"", "empty"),
    "one-column.csv": (b"text\nhello\nworld\n", "only one column"),
    "one-class.csv": (b"text,label\n" + b"".join(b"some text %d,same\n" % i for i in range(9)), "at least two classes"),
    "binary.csv": (bytes(range(256)) * 40, "binary"),
    "picture.csv": (b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 40, "a picture"),
    "unclosed.csv": (b'text,label\n"a, b",x\n"c, d",y\n"never closed, z\ne,f\n', "quot"),
}


@pytest.mark.parametrize("name", BAD_FILES)
def test_a_bad_file_gets_one_sentence_and_loses_nothing(name: str, full: Run, home: Path) -> None:
    before = sorted(path.name for path in home.rglob("*"))
    data, said = BAD_FILES[name]
    at = visit("data")
    at.button_group[0].set_value("Upload").run()
    upload(at, (name, data, "text/csv"))
    assert not at.exception
    assert len(at.error) == 1
    assert said in at.error[0].value.replace("\\", "")
    assert sorted(path.name for path in home.rglob("*")) == before


def test_a_class_with_one_row_is_pointed_out(empty: Workspace) -> None:
    rows = b"".join(b"a text about thing number %d,%s\n" % (i, b"odd" if i % 2 else b"even") for i in range(30))
    at = visit("data")
    at.button_group[0].set_value("Upload").run()
    upload(at, ("x.csv", b"text,label\n" + rows + b"the only one of its kind,lonely\n", "text/csv"))
    assert not at.exception
    assert any("lonely" in warning.value for warning in at.warning)


MESSY = (
    b"text,label\n"
    + b"".join(b"a text about thing number %d,%s\n" % (i, b"odd" if i % 2 else b"even") for i in range(30))
    + b"mail me at me@example.org,odd\na text about thing number 3,odd\na text about thing number 5,Odd\n"
)


def click(at: AppTest, label: str) -> None:
    next(b for b in at.button if b.label == label).click().run()


def test_a_repair_is_made_shown_undone_and_stored(empty: Workspace) -> None:
    at = visit("data")
    at.button_group[0].set_value("Upload").run()
    upload(at, ("messy.csv", MESSY, "text/csv"))
    click(at, "Mask personal data")
    click(at, "Write each label one way")
    assert ":material/done: Mask personal data" in words(at)
    click(at, "Undo")
    assert ":material/done: Mask personal data" not in words(at)
    click(at, "Keep each text once")
    click(at, "Use this data")
    assert not at.exception
    (dataset,) = list_datasets(empty)
    assert [repair.kind for repair in dataset.repairs] == ["merge_labels", "drop_duplicates"]
    assert dataset.rows == 31
    assert dataset.task_kind == "binary"


def test_reading_can_be_corrected(empty: Workspace) -> None:
    at = visit("data")
    at.button_group[0].set_value("Upload").run()
    upload(at, ("messy.csv", MESSY, "text/csv"))
    next(box for box in at.selectbox if box.label == "First row").set_value(False).run()
    click(at, "Read again")
    assert not at.exception
    assert any("no header" in expander.label for expander in at.expander)


def test_a_saved_data_set_can_be_mended_renamed_and_deleted(empty: Workspace) -> None:
    at = visit("data")
    click(at, "Use this data")
    at = visit("data")
    at.button_group[0].set_value("Saved data sets").run()
    next(box for box in at.text_input if box.label == "Name").set_value("My clinic").run()
    click(at, "Rename")
    assert not at.exception
    assert list_datasets(empty)[0].name == "My clinic"
    assert any(b.label == "Look for wrong labels and draw a map" for b in at.button)


def test_a_name_that_is_no_hub_data_set_gets_a_sentence(empty: Workspace) -> None:
    at = visit("data")
    at.button_group[0].set_value("Hugging Face hub").run()
    next(box for box in at.text_input if box.label == "Data set").set_value("csv")
    click(at, "Load")
    assert "owner/name" in at.error[0].value


def test_evaluate_counts_a_look_at_the_test_set_once_a_session(full: Run) -> None:
    before = full.count_test_views()
    at = visit("evaluate")
    at.run()
    assert full.count_test_views() == before + 1


def test_rename_shows_everywhere(full: Run, home: Path) -> None:
    at = visit("models")
    at.text_input[0].set_value("A better name")
    next(b for b in at.button if b.label == "Rename").click().run()
    assert not at.exception
    assert list_runs(workspace_of("local", home))[0].name == "A better name"


def test_user_text_is_never_read_as_markdown(empty: Workspace) -> None:
    picture = b"![x](https://example.org/a.png)"
    rows = b"".join(
        b"row number %d,%s\n" % (i, picture if i == 0 else b"plain" if i % 2 else b"other") for i in range(30)
    )
    at = visit("data")
    at.button_group[0].set_value("Upload").run()
    upload(at, ("x.csv", b"text,label\n" + rows, "text/csv"))
    assert at.warning
    assert all("![x](" not in element.value for element in [*at.warning, *at.markdown, *at.caption])
