"""Learn: each step computes what it shows, the quiz remembers, and links open a step or an entry of the glossary."""

from streamlit.testing.v1 import AppTest

from core.lessons.outline import LESSON_STEPS
from core.lessons.questions import QUESTIONS
from core.lessons.quiz import load_answers
from core.lessons.step_example import StepExample
from core.workspace import Workspace
from pages.shared.navigation import link_term
from tests.pages.app import APP, click, find, page_text


def visit_learn(**query: str) -> AppTest:
    """Learn with an address such as ?step=3."""
    at = AppTest.from_file(APP, default_timeout=120).switch_page("pages/learn.py")
    for name, value in query.items():
        at.query_params[name] = value
    at.run()
    assert not at.exception
    assert not at.error
    return at


# What each step says about its example.
SENTENCES = {
    1: "2 pieces are cut",
    2: "mouse** has one id",
    3: "**it** takes 69% from **dog**",
    4: "Argmax: **Appointment Scheduling**",
    5: "Right before the step: 1 of 2, after it: **2 of 2**",
    6: "**Overfitting**: the loss on new reviews is lowest at step 3",
    7: "only 60% of the urgent messages are found",
}


def test_each_step_says_what_it_computed_and_leads_to_the_next(empty: Workspace) -> None:
    at = visit_learn()
    for step in LESSON_STEPS:
        assert f"{step.number}. {step.heading}" in [heading.value for heading in at.header]
        assert SENTENCES[step.number] in page_text(at)
        assert not at.error
        if step.number == 5:
            assert at.code[0].value.strip() == StepExample().script().strip()
            assert find(at.metric, "Loss before").value == "0.691"
            assert find(at.metric, "Loss after").value == "0.645"
        at.button(key="next-step-primary").click().run()
        assert not at.exception
    assert "0 of 10 right" in str(at.get("progress")[0].proto)


def test_an_address_opens_a_step_and_one_goes_back(empty: Workspace) -> None:
    at = visit_learn(step="4")
    assert f"4. {LESSON_STEPS[3].heading}" in [heading.value for heading in at.header]
    click(at, "Back: Attention")
    assert f"3. {LESSON_STEPS[2].heading}" in [heading.value for heading in at.header]


def test_a_visitor_changes_the_text_and_its_length(empty: Workspace) -> None:
    at = visit_learn()
    find(at.text_input, "Your text").set_value("Short text")
    find(at.slider, "Maximum length (tokens)").set_value(8).run()
    assert "filled up with 4 [PAD]" in page_text(at).replace("`", "")
    assert at.dataframe[0].value["Attention mask"].tolist() == [1, 1, 1, 1, 0, 0, 0, 0]


def test_each_picture_of_the_last_step(empty: Workspace) -> None:
    at = visit_learn(step="7")
    find(at.number_input, "Urgent, missed").set_value(0).run()
    assert "12 / (12 + 0)" in page_text(at)
    find(at.button_group, "Picture").set_value("Confidence").run()
    assert "It is overconfident" in page_text(at)
    find(at.slider, "Temperature").set_value(2.0).run()
    assert "It is calibrated" in page_text(at)
    find(at.button_group, "Picture").set_value("Interval").run()
    assert "85% on 100 rows means: between **77 and 91%**" in page_text(at)
    assert not at.exception


def test_a_wrong_answer_is_explained_and_leads_to_its_step(empty: Workspace) -> None:
    at = visit_learn(part="Quiz")
    first = QUESTIONS[0]
    wrong = (first.answer + 1) % 4
    find(at.radio, first.text).set_value(wrong).run()
    assert f"Not quite. {first.options[wrong].explanation}" in page_text(at)
    assert load_answers(empty).chosen == {first.name: wrong}
    find(at.radio, first.text).set_value(first.answer).run()
    assert f"Right. {first.options[first.answer].explanation}" in page_text(at)
    find(at.radio, first.text).set_value(wrong).run()
    click(at, f"Look again: step {first.step}, {LESSON_STEPS[first.step - 1].title}")
    assert at.header[0].value.endswith(LESSON_STEPS[first.step - 1].heading)


def test_the_score_lasts_and_can_be_started_over(empty: Workspace) -> None:
    at = visit_learn(part="Quiz")
    find(at.radio, QUESTIONS[0].text).set_value(QUESTIONS[0].answer).run()
    again = visit_learn(part="Quiz")
    assert find(again.radio, QUESTIONS[0].text).value == QUESTIONS[0].answer
    assert "1 of 10 right" in str(again.get("progress")[0].proto)
    click(again, "Start over")
    assert load_answers(empty).answered == 0


def test_a_link_opens_one_entry_of_the_glossary(empty: Workspace) -> None:
    assert link_term("f1_macro").endswith("(learn?term=f1_macro)")
    at = visit_learn(term="f1_macro")
    assert "**F1 (macro)**" in page_text(at)
    assert len(at.button) == 1
    find(at.text_input, "Search").set_value("hidden values").run()
    assert "**Dropout**" in page_text(at)
    find(at.text_input, "Search").set_value("no such word").run()
    assert "No entry has these words" in page_text(at)
    find(at.text_input, "Search").set_value("").run()
    find(at.button_group, "Kind").set_value("Lesson").run()
    assert "**Dropout**" not in page_text(at)
    click(at, "Step 1: Word pieces")
    assert at.header[0].value.endswith(LESSON_STEPS[0].heading)
