"""The page of the service in a real browser."""

import pytest
from playwright.sync_api import Page, expect

from core.decision_rule import DecisionRule
from core.prediction.serving.models import ServedModel
from core.prediction.serving.options import ServeOptions
from tests.prediction.serving.cases import made_model, running

pytestmark = pytest.mark.browser

HOSTILE_TEXT = "0 <img src=x onerror=alert(1)>"


def models() -> list[ServedModel]:
    rules = {
        "multiclass": DecisionRule(abstain_below=0.6),
        "multilabel": DecisionRule(),
        "regression": DecisionRule(interval_half_width=1.5),
    }
    return [made_model(kind, kind, rule) for kind, rule in rules.items()]


def classify(page: Page, text: str) -> None:
    page.get_by_label("Text", exact=True).fill(text)
    page.get_by_role("button", name="Classify").click()


def test_a_visitor_tries_every_model_on_the_page(page: Page) -> None:
    requests: list[str] = []
    problems: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    with running(models()) as address:
        page.goto(address)
        expect(page.get_by_role("heading", name="multiclass")).to_be_visible()
        classify(page, "2 2 2")
        expect(page.get_by_role("status")).to_have_text("Predicted: <b>sky</b>")
        expect(page.get_by_role("row").first).to_contain_text("90.9%")
        classify(page, HOSTILE_TEXT)
        expect(page.get_by_role("status")).to_contain_text(
            "Not sure (low confidence: review by hand). Likeliest: apple"
        )
        page.get_by_label("Model").select_option("multilabel")
        expect(page.get_by_role("heading", name="multilabel")).to_be_visible()
        classify(page, "0 1")
        expect(page.get_by_role("status")).to_have_text("Predicted: red, sweet")
        page.get_by_label("Model").select_option("regression")
        expect(page.get_by_role("heading", name="regression")).to_be_visible()
        classify(page, "0 0")
        expect(page.get_by_role("row")).to_contain_text("0.50 to 3.50")
        expect(page.get_by_text(f"curl {address}/models/regression/predict")).to_be_visible()
        expect(page.get_by_text("0.900 (95% interval 0.800 to 0.950), 80 rows")).to_be_visible()
        assert {request.startswith(address) for request in requests if not request.startswith("data:")} == {True}
        classify(page, " ")
        expect(page.get_by_role("status")).to_have_text("Text 1 is empty. Send at least one word.")
    # The browser reports the refused request itself, and nothing else.
    assert [problem for problem in problems if "status of 400" not in problem] == []


def test_the_page_asks_for_the_token_of_the_service(page: Page) -> None:
    with running(models(), ServeOptions(token="s3cret")) as address:
        page.goto(address)
        expect(page.get_by_role("status")).to_contain_text("Send the token of this service")
        page.get_by_label("Token").fill("s3cret")
        classify(page, "0 0 0")
        expect(page.get_by_role("status")).to_have_text("Predicted: apple")
        expect(page.get_by_role("heading", name="multiclass")).to_be_visible()
