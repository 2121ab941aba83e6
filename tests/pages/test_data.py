"""Data: sources, reading options, checks and repairs, saved datasets."""

import io
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from core.analysis.dataset import analysis_job
from core.data.dataset import list_datasets
from core.data.repairs import TITLES as REPAIRS
from core.data.samples import CLINIC
from core.experiments.launch import sample_dataset
from core.jobs import dispatcher, process
from core.runs import Run
from core.workspace import Workspace
from tests.data.reading.cases import excel_bytes
from tests.pages.app import choose, click, find, page_text, upload, visit

ODD_EVEN = b"".join(b"a text about thing number %d,%s\n" % (i, b"odd" if i % 2 else b"even") for i in range(30))
MESSY = (
    b"text,label\n"
    + ODD_EVEN
    + b"mail me at me@example.org,odd\na text about thing number 3,odd\na text about thing number 5,Odd\n"
)


def visit_saved() -> AppTest:
    at = visit("data")
    choose(at, "Source", "Saved datasets")
    return at


def test_a_sample_becomes_a_dataset(empty: Workspace) -> None:
    at = visit("data")
    click(at, "Use this dataset")
    (dataset,) = list_datasets(empty)
    assert dataset.name == CLINIC.title
    assert at.title[0].value == "Train"


@pytest.mark.parametrize("sample", [0, 1, 2])
def test_each_sample_shows_its_split(sample: int, empty: Workspace) -> None:
    at = visit("data")
    choose(at, "Sample", sample)
    figures = {metric.label: metric.value.replace(",", "") for metric in at.metric}
    sizes = [int(figures[split]) for split in ("Train", "Validation", "Test")]
    assert sizes[0] > sizes[2] > 0
    assert sum(sizes) == int(figures["Rows"]) > 300


def test_pasted_rows_are_read(empty: Workspace) -> None:
    at = visit("data")
    choose(at, "Source", "Paste rows")
    rows = [f"text number {i} about {'cats' if i % 2 else 'dogs'},{'cat' if i % 2 else 'dog'}" for i in range(20)]
    at.text_area[0].set_value("\n".join(["text,label", *rows])).run()
    assert not at.exception
    assert "20 of 20 rows." in page_text(at)


BAD_FILES = {
    "empty.csv": (b"", "empty"),
    "one-column.csv": (b"text\nhello\nworld\n", "only one column"),
    "one-class.csv": (b"text,label\n" + b"".join(b"some text %d,same\n" % i for i in range(9)), "at least two classes"),
    "binary.csv": (bytes(range(256)) * 40, "binary"),
    "picture.csv": (b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 40, "an image"),
    "unclosed.csv": (b'text,label\n"a, b",x\n"c, d",y\n"never closed, z\ne,f\n', "quot"),
}


@pytest.mark.parametrize("name", BAD_FILES)
def test_a_bad_file_gets_an_error_message_and_nothing_is_lost(name: str, clinic_run: Run) -> None:
    home = clinic_run.folder.parents[3]
    before = sorted(path.name for path in home.rglob("*"))
    data, expected = BAD_FILES[name]
    at = visit("data")
    upload(at, name, data)
    (error,) = at.error
    assert expected in error.value.replace("\\", "")
    assert sorted(path.name for path in home.rglob("*")) == before


def test_a_label_that_the_test_split_lacks_is_named(empty: Workspace) -> None:
    at = visit("data")
    upload(at, "x.csv", b"text,label\n" + ODD_EVEN + b"the only one of its kind,lonely\n")
    assert any("no row with these labels: lonely." in warning.value.replace("\\", "") for warning in at.warning)


def test_repairs_are_applied_undone_and_saved(empty: Workspace) -> None:
    at = visit("data")
    upload(at, "messy.csv", MESSY)
    assert "Ready to train, but look at the findings first: 4 warnings" in page_text(at)
    click(at, REPAIRS["mask_personal"])
    click(at, REPAIRS["merge_labels"])
    assert f":material/done: {REPAIRS['mask_personal']}" in page_text(at)
    click(at, "Undo")
    assert f":material/done: {REPAIRS['mask_personal']}" not in page_text(at)
    click(at, REPAIRS["drop_duplicates"])
    click(at, "Use this dataset")
    (dataset,) = list_datasets(empty)
    assert [repair.kind for repair in dataset.repairs] == ["merge_labels", "drop_duplicates"]
    assert dataset.rows == 31
    assert dataset.task_kind == "binary"


def test_the_reading_options_can_be_changed(empty: Workspace) -> None:
    at = visit("data")
    upload(at, "messy.csv", MESSY)
    assert any("with header" in expander.label for expander in at.expander)
    find(at.selectbox, "First row").set_value(False).run()
    click(at, "Read again")
    assert any("no header" in expander.label for expander in at.expander)


def test_a_misread_file_is_shown_beside_another_reading(empty: Workspace) -> None:
    rows = [f"{i};it was {'good' if i % 2 else 'bad'}, and then, well, it was over;{i % 2}" for i in range(30)]
    at = visit("data")
    upload(at, "x.csv", "\n".join(["id;text;label", *rows]).encode())
    find(at.selectbox, "Delimiter").set_value(",").run()
    click(at, "Read again")
    assert "This file may be misread" in page_text(at)
    click(at, "Read it this way")
    assert "This file may be misread" not in page_text(at)
    assert any("semicolon-separated" in expander.label for expander in at.expander)


def test_a_doubtful_guess_is_changed_with_one_click(empty: Workspace) -> None:
    at = visit("data")
    upload(at, "x.csv", ("text,stars\n" + "\n".join(f"a text about thing {i},{i % 5 + 1}" for i in range(60))).encode())
    assert find(at.selectbox, "Task").value == "multiclass"
    click(at, "Read it as a number")
    assert find(at.selectbox, "Task").value == "regression"
    assert not any(button.label == "Read it as a number" for button in at.button)


def test_rows_without_a_label_are_downloaded_without_formulas(
    empty: Workspace, downloads: dict[str, Callable[[], bytes]]
) -> None:
    at = visit("data")
    upload(at, "x.csv", b"text,label\n" + ODD_EVEN + b"=cmd()|calc,\n")
    assert downloads["Download 1 row without a label"]() == "\ufefftext\n'=cmd()|calc\n".encode()


def test_unreadable_rows_are_downloaded(empty: Workspace, downloads: dict[str, Callable[[], bytes]]) -> None:
    at = visit("data")
    upload(at, "x.csv", b"text,label\n" + ODD_EVEN + b"one,two,three,four\n")
    table = pd.read_csv(io.BytesIO(downloads["Download these rows"]()))
    assert list(table.columns) == ["line", "problem", "content"]
    assert table["line"].tolist() == [32]


def test_a_saved_dataset_is_renamed(empty: Workspace) -> None:
    sample_dataset(empty, CLINIC)
    at = visit_saved()
    find(at.text_input, "Name").set_value("My clinic").run()
    click(at, "Rename")
    (dataset,) = list_datasets(empty)
    assert dataset.name == "My clinic"


def test_a_saved_dataset_is_deleted_after_confirmation(empty: Workspace) -> None:
    sample_dataset(empty, CLINIC)
    at = visit_saved()
    click(at, "Delete permanently")
    assert list_datasets(empty) == []


def test_the_analysis_is_started_watched_and_shown(empty: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    dataset = sample_dataset(empty, CLINIC)
    job = analysis_job(dataset)

    def start(folder: Path, command: str) -> None:
        assert (folder, command) == (job.path, "analyze")
        process.write_status(folder, "running", pid=0)

    monkeypatch.setattr(dispatcher, "submit", start)
    at = visit_saved()
    click(at, "Find label errors and draw a map")
    assert any(button.label == "Stop" for button in at.button)
    rows = pd.DataFrame({"row": [0, 1], "text": ["a", "b"], "label": ["x", "y"], "x": [0.0, 1.0], "y": [0.0, 1.0]})
    rows.assign(answer=["y", "y"], score=[0.9, 0.1], suspected=[True, False]).to_parquet(job.result_path)
    process.write_status(job.path, "finished")
    at.run()
    assert not at.exception
    assert "1 of 2 labels are likely wrong." in page_text(at)
    assert find(at.button, "Save 0 corrections").disabled


def test_a_failed_analysis_shows_why_and_can_be_started_again(empty: Workspace) -> None:
    job = analysis_job(sample_dataset(empty, CLINIC))
    job.path.mkdir()
    process.write_status(job.path, "failed", "The disk is full.", "Free some space.")
    at = visit_saved()
    assert "The disk is full." in page_text(at)
    assert not find(at.button, "Find label errors and draw a map").disabled


def test_a_damaged_analysis_can_be_computed_again(empty: Workspace) -> None:
    job = analysis_job(sample_dataset(empty, CLINIC))
    job.path.mkdir()
    job.result_path.write_bytes(b"PAR1")
    process.write_status(job.path, "finished")
    at = visit_saved()
    assert not at.error
    assert not find(at.button, "Find label errors and draw a map").disabled


def test_a_name_that_is_no_hub_dataset_gets_an_error_message(empty: Workspace) -> None:
    at = visit("data")
    choose(at, "Source", "Hugging Face Hub")
    find(at.text_input, "Dataset").set_value("csv")
    click(at, "Load")
    assert "owner/name" in at.error[0].value


def test_user_text_is_not_read_as_markdown(empty: Workspace) -> None:
    picture = b"![x](https://example.org/a.png)"
    rows = b"".join(
        b"row number %d,%s\n" % (i, picture if i == 0 else b"plain" if i % 2 else b"other") for i in range(30)
    )
    at = visit("data")
    upload(at, "x.csv", b"text,label\n" + rows)
    assert at.warning
    assert all("![x](" not in element.value for element in [*at.warning, *at.markdown, *at.caption])


def test_a_link_opens_a_saved_dataset(empty: Workspace) -> None:
    dataset = sample_dataset(empty, CLINIC)
    at = visit("data")
    at.query_params["dataset"] = dataset.id
    at.run()
    assert find(at.text_input, "Name").value == dataset.name
    assert page_text(at).count("Ready to train. No problems found.") == 1
    click(at, "Train on this dataset")
    assert at.title[0].value == "Train"


def test_a_source_without_a_table_leads_to_a_sample(empty: Workspace) -> None:
    at = visit("data")
    choose(at, "Source", "Paste rows")
    assert list(at.dataframe[0].value.columns) == ["message", "category"]
    click(at, "Use the sample instead")
    assert any(button.label == "Use this dataset" for button in at.button)


def test_the_sheet_picker_is_shown_where_there_are_several_sheets(empty: Workspace) -> None:
    rows = pd.DataFrame({"text": [f"a text about thing {i}" for i in range(30)], "label": ["a", "b"] * 15})
    at = visit("data")
    upload(at, "x.xlsx", excel_bytes(Cover=pd.DataFrame({"one column": ["x"]}), Data=rows, More=rows.head(20)))
    assert find(at.selectbox, "Sheet").value == "Data"
    find(at.selectbox, "Sheet").set_value("Cover").run()
    assert "only one column" in page_text(at)
    find(at.selectbox, "Sheet").set_value("More").run()
    assert any("20 rows" in expander.label for expander in at.expander)
