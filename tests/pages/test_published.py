"""A published model: the owner's section on Models, and the page that visitors open by its link."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from core.data.corrections import list_corrections
from core.publishing.publication import Publication, PublicTexts, find_publication, publication_folder, publish
from core.publishing.usage import Use, read_uses, record_use
from core.runs import Run
from core.workspace import Workspace, delete, workspace_containing
from tests.finished import finished
from tests.pages.app import APP, click, find, page_text, visit
from tests.pages.test_predict import CANCEL, explain, predict, with_model

TEXTS = PublicTexts(
    "Which desk? **<b>bold</b>**",
    "Sorts messages.\n# [link](http://example.org) <img src=x>",
    "Not for emergencies.",
    ("my pills are finished", CANCEL),
)
INHALER = "please renew my inhaler"


@pytest.fixture
def shared_host(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The server accepts connections from other machines, so that each visitor has a private workspace."""
    before = st.get_option("server.address")
    st.config.set_option("server.address", "0.0.0.0")
    monkeypatch.setattr(type(st.context), "cookies", {})
    yield
    st.config.set_option("server.address", before)


def open_published(identifier: str) -> AppTest:
    at = AppTest.from_file(APP, default_timeout=60).run()
    at.query_params["model"] = identifier
    return at.switch_page("pages/published.py").run()


@pytest.fixture
def published(clinic_run: Run, shared_host: None) -> Publication:
    """The instant run on the clinic sample, published by the owner of the local workspace."""
    return publish(clinic_run, TEXTS)


def test_a_visitor_gets_the_model_and_nothing_else(clinic_run: Run, published: Publication) -> None:
    at = open_published(published.id)
    assert not at.exception
    assert at.title[0].value.replace("\\", "") == TEXTS.title
    assert [TEXTS.description, TEXTS.limits] == [element.value for element in at.text[:2]]
    assert find(at.text_area, "Text").value == TEXTS.examples[0]
    assert find(at.button_group, "Examples").options == list(TEXTS.examples)
    assert "Medication Request" in page_text(at)
    assert "Accuracy: " in page_text(at)
    assert "test rows" in page_text(at)
    assert "<span title=" in explain(at)
    assert [button.label for button in at.button] == ["Predict", "Save correction"]
    shown = page_text(at) + "".join(str(element.proto) for element in at.main)
    hidden = [clinic_run.id, str(clinic_run.folder), clinic_run.dataset.name, *clinic_run.split("validation")["text"]]
    assert not [secret for secret in hidden if secret in shown]
    assert read_uses(clinic_run) == []


def test_a_prediction_and_its_correction_reach_the_owner(clinic_run: Run, published: Publication) -> None:
    at = predict(open_published(published.id), INHALER)
    find(at.selectbox, "Correct label").select_index(0).run()
    click(at, "Save correction")
    assert "sent to the owner" in page_text(at)
    owner = workspace_containing(clinic_run.folder)
    (correction,) = list_corrections(owner)
    assert (correction.text, correction.run) == (INHALER, clinic_run.id)
    assert correction.model.endswith("(published)")
    prediction, corrected = read_uses(clinic_run)
    assert (prediction.label, prediction.characters, prediction.correct) == ("Medication Request", 23, None)
    assert corrected.correct == correction.correct
    assert "inhaler" not in (publication_folder(clinic_run) / "usage.jsonl").read_text()
    assert [folder.name for folder in (owner.home / "workspaces").iterdir()] == ["local"]


def test_a_visitor_has_none_of_the_owners_runs(clinic_run: Run, published: Publication) -> None:
    assert "There is no model yet" in page_text(visit("models"))


def test_an_open_tab_learns_of_damage_and_of_the_end(clinic_run: Run, published: Publication) -> None:
    at = open_published(published.id)
    (clinic_run.model_folder / "studio.json").write_text("{")
    predict(at, INHALER)
    assert "This published model cannot be loaded." in page_text(at)
    (publication_folder(clinic_run) / "publication.json").write_text("{")
    at.run()
    assert "its record is damaged" in page_text(at)
    assert clinic_run.id not in page_text(at)
    delete(clinic_run.folder)
    at.run()
    assert not at.exception
    assert "This model is no longer published." in page_text(at)
    assert not at.text_area


@pytest.mark.parametrize("kind", [pytest.param("binary", marks=pytest.mark.slow), "multilabel", "regression"])
def test_every_task_is_published(kind: str, empty: Workspace, tiny_encoder: str) -> None:
    run = with_model(finished(empty, kind, test=20), tiny_encoder)
    at = predict(open_published(publish(run, TEXTS).id), "the red sky was very cold")
    field: Any
    if kind == "multilabel":
        field = find(at.multiselect, "Correct labels")
        field.set_value([] if field.value else ["red"]).run()
    elif kind == "regression":
        find(at.number_input, "Correct number").set_value(3.5).run()
    else:
        find(at.selectbox, "Correct label").select_index(0).run()
    click(at, "Save correction")
    assert [use.correct is None for use in read_uses(run)] == [True, False]
    assert "from 20 of each on" in page_text(visit("models"))


def test_the_owner_publishes_edits_and_unpublishes(clinic_run: Run) -> None:
    at = visit("models")
    find(at.text_input, "Title").set_value("Which desk?")
    find(at.text_area, "Limits").set_value("Not for emergencies.")
    examples = "Examples, one per line (up to 5)"
    find(at.text_area, examples).set_value("a\nb\nc\nd\ne\nf")
    click(at, "Publish")
    assert "up to 5 examples, found 6" in page_text(at)
    find(at.text_area, examples).set_value("a\nb\n")
    click(at, "Publish")
    publication = find_publication(clinic_run)
    assert publication is not None
    assert publication.texts == PublicTexts("Which desk?", "", "Not for emergencies.", ("a", "b"))
    assert clinic_run.count_test_views() == 1
    assert at.code[0].value.endswith(f"/published?model={publication.id}")
    assert "nobody else can open the link" in page_text(at)
    assert "Nobody has used the model yet" in page_text(at)
    find(at.text_input, "Title").set_value("Another title")
    click(at, "Save changes")
    changed = find_publication(clinic_run)
    assert changed is not None
    assert (changed.id, changed.texts.title) == (publication.id, "Another title")
    click(at, "Unpublish now")
    assert find_publication(clinic_run) is None
    assert not at.code


def test_the_owner_sees_volume_drift_and_corrections(clinic_run: Run) -> None:
    publication = publish(clinic_run, TEXTS)
    now = datetime.now(UTC).isoformat(timespec="seconds")
    uses = [Use(now, "Medication Request", 0.6, number < 3, 900) for number in range(30)]
    uses += [Use(now, "Medication Request", 0.6, False, 900, "Appointment Scheduling")]
    uses += [Use("2020-01-01T00:00:00+00:00", "Medication Request", 0.6, False, 900)]
    for use in uses:
        record_use(clinic_run, publication, use)
    at = visit("models")
    figures = {m.label: m.value for m in at.metric}
    assert figures.items() >= {"Predictions": "30", "Not sure": "10.0%", "Corrections": "1"}.items()
    assert "predicted labels differ from those on validation by more than chance" in page_text(at)
    assert "text lengths differ from those on validation by more than chance" in page_text(at)
    find(at.button_group, "Period").set_value("All").run()
    assert find(at.metric, "Predictions").value == "31"


def test_the_owner_removes_a_damaged_publication(clinic_run: Run) -> None:
    publish(clinic_run, TEXTS)
    (publication_folder(clinic_run) / "publication.json").write_text("[]")
    at = visit("models")
    assert "is damaged" in page_text(at)
    click(at, "Remove the publication")
    assert find_publication(clinic_run) is None
