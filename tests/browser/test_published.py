"""A published model in a browser: the link shows the model alone, texts of its owner stay texts, and it ends at once."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from core.data.samples import CLINIC
from core.experiments.launch import create_training_run, sample_dataset
from core.experiments.worker import run_worker
from core.publishing.publication import PublicTexts, publish, unpublish
from core.publishing.usage import read_uses
from core.runs import Run, list_runs
from core.training.config import TrainingConfig
from core.workspace import workspace_of
from tests.browser.conftest import Server, free_port, settle, start_server

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(600)]

TEXTS = PublicTexts(
    "Which desk? <b>bold</b>",
    "Sorts messages.\n<img src=http://example.org/x.png> [link](http://example.org) " + "many words " * 30,
    "Not for emergencies.\n===\n    # not a heading",
    ("my pills are finished",),
)


@pytest.fixture(scope="module")
def shared_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that other machines can reach; the workspace "local" has an instant run on the clinic sample."""
    home = tmp_path_factory.mktemp("home")
    owner = workspace_of("local", home)
    run_worker(create_training_run(owner, sample_dataset(owner, CLINIC), TrainingConfig(method="instant")), home)
    running = start_server(home, free_port(), "0.0.0.0")
    yield running
    running.process.kill()
    running.process.wait()


def owners_run(server: Server) -> Run:
    (run,) = list_runs(workspace_of("local", server.home))
    return run


def test_a_link_opens_the_model_alone_and_ends_at_once(page: Page, shared_server: Server) -> None:
    run = owners_run(shared_server)
    link = f"{shared_server.url}/published?model={publish(run, TEXTS).id}"
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    page.goto(link)
    expect(page.get_by_role("heading", level=1, name=TEXTS.title)).to_be_visible()
    settle(page)
    assert page.get_by_role("heading").count() == 1
    assert page.get_by_test_id("stSidebar").count() == 0
    assert page.get_by_test_id("stPageLink").count() == 0
    assert page.locator("b, img[src*=example]").count() == 0
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    description = page.get_by_test_id("stText").filter(has_text="many words")
    box = description.bounding_box()
    assert box is not None
    assert box["height"] > 60, "the description does not wrap"
    page.get_by_label("Text", exact=True).fill("please cancel my slot on Tuesday")
    page.get_by_role("button", name="Predict", exact=True).click()
    expect(page.get_by_text("Appointment Scheduling", exact=True).first).to_be_visible()
    page.get_by_text("Why this prediction?").click()
    expect(page.get_by_text("Scores of the words")).to_be_visible()
    page.get_by_role("button", name="This is wrong").click()
    page.get_by_label("Correct label").click()
    page.get_by_role("option", name="Medication Request").click()
    page.get_by_role("button", name="Save correction").click()
    expect(page.get_by_text("Thank you. The correction was sent")).to_be_visible()
    assert [use.correct for use in read_uses(run)] == [None, "Medication Request"]
    assert not [url for url in requests if "127.0.0.1" not in url and not url.startswith(("data:", "blob:"))]

    unpublish(run)
    page.get_by_label("Text", exact=True).fill("another text")
    page.get_by_role("button", name="Predict", exact=True).click()
    expect(page.get_by_text("This model is no longer published.")).to_be_visible()
    assert page.get_by_label("Text", exact=True).count() == 0
    page.goto(f"{shared_server.url}/models")
    expect(page.get_by_text("There is no model yet")).to_be_visible()


def test_the_link_fits_a_phone(browser: Browser, shared_server: Server) -> None:
    link = f"{shared_server.url}/published?model={publish(owners_run(shared_server), TEXTS).id}"
    context = browser.new_context(viewport={"width": 390, "height": 844}, color_scheme="dark")
    phone = context.new_page()
    phone.goto(link)
    expect(phone.get_by_role("heading", level=1, name=TEXTS.title)).to_be_visible(timeout=60_000)
    settle(phone)
    assert phone.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    context.close()
