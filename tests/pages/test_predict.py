"""Predict: one text with its explanation, correction and comparisons; links; a file."""

from collections.abc import Callable
from shutil import copytree
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core import decision_rule
from core.data.corrections import list_corrections
from core.data.dataset import list_datasets
from core.decision_rule import DecisionRule
from core.jobs import process
from core.jobs.folder import JobFolder
from core.models.classifier import build_classifier, save_pretrained
from core.models.demo import DEMO_MODEL
from core.prediction.batch import list_batches, run_batch
from core.runs import Run
from core.workspace import Workspace, workspace_containing
from pages.shared.widgets import run_title
from tests.finished import finished
from tests.pages.app import APP, choose, click, find, page_text, visit

CANCEL = "please cancel my slot on Tuesday and give me one next week"
HOSTILE = (
    "<script>alert(1)</script> my pills",
    "![picture](http://example.org/x.png) **bold** :red[my] `pills` $x$",
    "my pills \u202e\u202d 😀👩‍👩‍👧 שלום עולם 日本語 مرحبا",
    pytest.param("pills " * 16_667, marks=pytest.mark.slow),
)


def with_model(run: Run, encoder: str) -> Run:
    """A finished run with an untrained model on the tiny encoder."""
    save_pretrained(build_classifier(encoder, run.task, 32), run.model_folder)
    return run


def predict(at: AppTest, text: str) -> AppTest:
    """Type a text and click Predict; the page must run without an exception."""
    find(at.text_area, "Text").set_value(text)
    click(at, "Predict")
    return at


def visit_link(**parameters: str) -> AppTest:
    """Predict, opened with query parameters."""
    at = AppTest.from_file(APP, default_timeout=60).run()
    at.query_params.update(parameters)
    return at.switch_page("pages/predict.py").run()


def explain(at: AppTest) -> str:
    """Turn the explanation on, and its HTML."""
    find(at.toggle, "Why this prediction?").set_value(True).run()
    assert not at.exception
    return str(at.get("html")[0].proto.body)


def choose_example(at: AppTest, index: int) -> None:
    chips = find(at.button_group, "Examples")
    chips.set_value(chips.options[index]).run()
    assert not at.exception


def table_with(at: AppTest, column: str) -> Any:
    """The first table with a column."""
    return next(frame.value for frame in at.dataframe if column in frame.value)


def test_without_a_run_the_demo_model_predicts(empty: Workspace) -> None:
    at = visit("predict")
    assert "Medication Request" in page_text(at)
    assert '"Medication Request"' in at.code[0].value
    choose_example(at, 2)
    assert find(at.text_area, "Text").value == CANCEL
    assert "Appointment Scheduling" in page_text(at)


def test_a_typed_text_is_predicted(clinic_run: Run) -> None:
    at = predict(visit("predict"), CANCEL)
    assert "Appointment Scheduling" in page_text(at)
    assert any(caption.value.startswith("Confidence: ") for caption in at.caption)
    assert not at.warning
    assert not at.info


def test_the_examples_are_validation_texts_of_the_model(clinic_run: Run) -> None:
    at = visit("predict")
    texts = set(clinic_run.split("validation")["text"])
    assert find(at.text_area, "Text").value in texts
    for index in (1, 2):
        choose_example(at, index)
        assert find(at.text_area, "Text").value in texts
    find(at.selectbox, "Model").set_value(1).run()
    assert "little white ones" in find(at.text_area, "Text").value


def test_a_typed_text_stays_when_another_model_is_chosen(clinic_run: Run) -> None:
    at = predict(visit("predict"), CANCEL)
    find(at.selectbox, "Model").set_value(1).run()
    assert find(at.text_area, "Text").value == CANCEL


def test_examples_are_escaped(empty: Workspace, tiny_encoder: str) -> None:
    with_model(finished(empty, "binary"), tiny_encoder)
    options = find(visit("predict").button_group, "Examples").options
    assert len(options) == 3
    assert all(r"\<i\>\*here\*\</i\>" in option for option in options)


def test_a_run_whose_validation_rows_are_damaged_has_no_examples(empty: Workspace, tiny_encoder: str) -> None:
    run = with_model(finished(empty, "binary"), tiny_encoder)
    (run.folder / "splits" / "validation.parquet").write_bytes(b"PAR1")
    at = visit("predict")
    assert "Examples" not in [group.label for group in at.button_group]
    assert find(at.text_area, "Text").value == ""
    assert not at.error
    assert any(caption.value.startswith("Confidence: ") for caption in predict(at, "the red sky").caption)


def test_a_prediction_below_the_required_confidence_is_marked(clinic_run: Run) -> None:
    decision_rule.save(DecisionRule(abstain_below=0.996), clinic_run.model_folder)
    at = visit("predict")
    assert at.warning[0].value.startswith("Low confidence: review by hand.")
    assert "The model says “not sure” below 99.6% confidence." in page_text(at)


def test_a_long_text_is_cut_off_and_the_page_says_so(empty: Workspace) -> None:
    at = predict(visit("predict"), "pills " * 1_000)
    assert at.info[0].value == "The model reads the first 254 of 1,000 word pieces. The rest of the text is cut off."


@pytest.mark.parametrize("text", HOSTILE)
def test_any_text_is_predicted_explained_and_corrected_as_text(text: str, empty: Workspace) -> None:
    at = predict(visit("predict"), text)
    html = explain(at)
    assert "<script" not in html
    find(at.selectbox, "Correct label").select_index(0).run()
    click(at, "Save correction")
    assert [correction.text for correction in list_corrections(empty)] == [text]
    predict(at, "another text")
    assert not at.exception
    assert "![picture](" not in "".join(str(element.value) for element in [*at.markdown, *at.caption])


def test_an_empty_text_gets_an_error_message(clinic_run: Run) -> None:
    at = predict(visit("predict"), "   ")
    assert "at least one word" in at.error[0].value.replace("\\", "")


def test_a_damaged_model_gets_an_error_message(clinic_run: Run) -> None:
    (clinic_run.model_folder / "studio.json").unlink()
    at = visit("predict")
    assert not at.exception
    assert "has no model" in at.error[0].value.replace("\\", "")


def test_the_words_behind_a_prediction_are_highlighted(clinic_run: Run) -> None:
    at = predict(visit("predict"), CANCEL)
    html = explain(at)
    assert html.count("<span title=") == len(CANCEL.split())
    assert html.count("font-weight:700") == 2
    words = table_with(at, "score")
    assert set(words["word"]) == set(CANCEL.split())
    assert at.success[0].value.startswith(
        "Removing the 2 bold words lowers the score more than removing 2 random words in "
    )
    find(at.selectbox, "Label to explain").select("Medication Request").run()
    assert "speak for “Medication Request”" in page_text(at)
    assert not table_with(at, "score").equals(words)
    words = table_with(at, "score")
    find(at.selectbox, "Method").select("integrated gradients").run()
    assert not at.exception
    assert not table_with(at, "score").equals(words)


def test_a_correction_is_saved_and_used_on_data(clinic_run: Run, downloads: dict[str, Callable[[], bytes]]) -> None:
    at = predict(visit("predict"), CANCEL)
    label = find(at.selectbox, "Correct label")
    assert "Appointment Scheduling" not in label.options
    assert find(at.button, "Save correction").disabled
    chosen = label.options[0]
    label.select(chosen).run()
    click(at, "Save correction")
    assert f"the correct label is “{chosen}”" in page_text(at)
    workspace = Workspace(clinic_run.folder.parents[1], clinic_run.folder.parents[3])
    (correction,) = list_corrections(workspace)
    assert (correction.prediction, correction.correct) == ("Appointment Scheduling", chosen)
    assert (correction.text, correction.run, correction.model) == (
        CANCEL,
        clinic_run.id,
        run_title(clinic_run),
    )

    at = visit("data")
    choose(at, "Source", "Corrections")
    assert downloads["Download the corrections"]().decode("utf-8-sig").count("\n") == 2
    assert "593 rows" in page_text(at)
    click(at, "Use this dataset")
    assert list_datasets(workspace)[0].rows == 593


def test_corrections_alone_can_be_a_dataset(empty: Workspace) -> None:
    at = visit("predict")
    for text in ("my first text", "my second text", "my third text"):
        predict(at, text)
        find(at.selectbox, "Correct label").select_index(0).run()
        click(at, "Save correction")
    at = visit("data")
    choose(at, "Source", "Corrections")
    assert find(at.multiselect, "Models").value == [""]
    assert len(table_with(at, "prediction")) == 3


@pytest.mark.parametrize("kind", ["multilabel", "regression"])
def test_several_labels_and_numbers_are_explained_and_corrected(kind: str, empty: Workspace, tiny_encoder: str) -> None:
    run = with_model(finished(empty, kind), tiny_encoder)
    at = predict(visit("predict"), "the red sky was very cold")
    assert "<span title=" in explain(at)
    if kind == "multilabel":
        field = find(at.multiselect, "Correct labels")
        correct: Any = [] if field.value else ["red"]
        field.set_value(correct).run()
    else:
        correct = 3.5
        find(at.number_input, "Correct number").set_value(correct).run()
    click(at, "Save correction")
    (correction,) = list_corrections(empty)
    assert (correction.correct, correction.run, correction.kind) == (correct, run.id, kind)


def test_a_changed_text_is_compared_with_the_previous_one(empty: Workspace) -> None:
    at = visit("predict")
    assert "Change from the previous text" not in [expander.label for expander in at.expander]
    predict(at, CANCEL)
    changes = table_with(at, "change").set_index("label")
    assert changes.loc["Appointment Scheduling", "change"] > 30
    assert changes.loc["Medication Request", "change"] < 0
    assert "little white ones" in page_text(at)
    explain(at)
    assert "little white ones" in page_text(at)


def test_the_change_of_a_score_is_shown(empty: Workspace, tiny_encoder: str) -> None:
    with_model(finished(empty, "regression"), tiny_encoder)
    at = predict(visit("predict"), "the red sky")
    before = find(at.metric, "Predicted score").value
    predict(at, "ice")
    change = float(find(at.metric, "Predicted score").value) - float(before)
    assert float(find(at.metric, "Change of the score").value) == pytest.approx(change, abs=0.011)


def test_models_of_the_same_kind_are_compared_on_the_text(clinic_run: Run) -> None:
    workspace = Workspace(clinic_run.folder.parents[1], clinic_run.folder.parents[3])
    broken = finished(workspace, "multiclass", "Without a model")
    finished(workspace, "binary", "Another kind")
    at = visit_link(run=clinic_run.id, text=CANCEL)
    compare = find(at.multiselect, "Compare with")
    assert [option.split(",")[0] for option in compare.options] == ["Without a model", "Clinic messages (demo model)"]
    compare.set_value([str(broken.model_folder), str(DEMO_MODEL)]).run()
    assert not at.exception
    table = table_with(at, "prediction")
    assert table["prediction"].tolist() == ["Appointment Scheduling", "–", "Appointment Scheduling"]
    assert table["confidence"].isna().tolist() == [False, True, False]
    assert "has no model" in table["note"][1]


def test_a_link_selects_the_model_and_the_text(clinic_run: Run) -> None:
    at = visit_link(run=clinic_run.id, text=CANCEL)
    assert find(at.text_area, "Text").value == CANCEL
    assert find(at.selectbox, "Model").value == 0
    link = find(at.expander, "Link to this model and text").get("code")[0].value
    assert f"run={clinic_run.id}&text=please+cancel+my+slot" in link
    predict(at, "something else")
    assert find(at.text_area, "Text").value == "something else"
    find(at.selectbox, "Model").set_value(1).run()
    assert find(at.selectbox, "Model").value == 1


def test_a_link_to_a_run_of_another_workspace_is_refused(empty: Workspace) -> None:
    at = visit_link(run="20260101-000000-secret-0000", text="<b>my pills</b>")
    assert at.warning[0].value == "The model of this link is not in your workspace."
    assert find(at.text_area, "Text").value == "<b>my pills</b>"
    assert len(find(at.selectbox, "Model").options) == 1


def test_models_with_the_same_name_can_be_told_apart(clinic_run: Run) -> None:
    copytree(clinic_run.folder, clinic_run.folder.with_name(clinic_run.id[:-4] + "0000"))
    options = find(visit("predict").selectbox, "Model").options
    assert len(set(options)) == 3
    assert sum(option.endswith(" (0000)") for option in options) == 1


def upload_inbox(content: bytes = b"id,message\n1,please renew my inhaler\n2,\n") -> AppTest:
    at = visit("predict")
    uploader: Any = at.get("file_uploader")[0]
    uploader.set_value([("inbox.csv", content, "text/csv")]).run()
    return at


def test_a_file_is_predicted_by_a_job_and_its_result_can_be_downloaded(
    clinic_run: Run, downloads: dict[str, Callable[[], bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(JobFolder, "start", lambda job: run_batch(job.path))
    at = upload_inbox()
    assert find(at.selectbox, "Text column").value == "message"
    click(at, "Predict 2 rows")
    assert "2 rows; 1 without a prediction" in page_text(at)
    lines = downloads["Download predictions (CSV)"]().decode("utf-8-sig").splitlines()
    assert lines[0].startswith("id,message,label,confidence")
    assert lines[1].startswith("1,please renew my inhaler,Medication Request,")
    (batch,) = list_batches(workspace_containing(clinic_run.folder))
    at.button(key=f"confirm-delete-{batch.folder.name}").click().run()
    assert not batch.folder.exists()


def test_how_a_file_is_read_can_be_changed(clinic_run: Run) -> None:
    at = upload_inbox(b"renew my inhaler;1\nmy ankles swell;2\n")
    assert [box.label for box in at.expander if "2 rows and 2 columns" in box.label]
    find(at.selectbox, "First row").select(True).run()
    click(at, "Read again")
    assert find(at.selectbox, "Text column").options == ["renew my inhaler", "1"]
    assert [box.label for box in at.expander if "1 row and 2 columns" in box.label]


def test_a_prediction_that_stopped_can_be_continued(clinic_run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        JobFolder, "start", lambda job: process.write_status(job.path, "stopped", "Stopped.", "Continue.")
    )
    at = upload_inbox()
    click(at, "Predict 2 rows")
    assert "Stopped. Continue." in page_text(at)
    monkeypatch.setattr(JobFolder, "start", lambda job: run_batch(job.path))
    click(at, "Continue")
    assert "without a prediction" in page_text(at)


def test_a_file_that_cannot_be_read_gets_one_sentence(clinic_run: Run) -> None:
    at = upload_inbox(b"")
    assert not at.exception
    assert "is empty" in page_text(at)
