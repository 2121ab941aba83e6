"""Step 5: the script that the page shows runs as it stands and prints the losses that the page shows."""

import io
from contextlib import redirect_stdout
from dataclasses import replace

import pytest
import torch

from core.lessons.seeding import seeded
from core.lessons.step_example import HUB_ID, StepExample, StepResult
from core.lessons.training_step import take_step
from core.models.encoders import built_in_folder


@pytest.fixture(scope="module")
def result() -> StepResult:
    return take_step(StepExample())


def test_the_script_prints_the_losses_of_the_page(result: StepResult) -> None:
    script = StepExample().script()
    assert script.count(HUB_ID) == 1
    printed = io.StringIO()
    with redirect_stdout(printed):
        exec(script.replace(HUB_ID, str(built_in_folder())), {})
    losses = [float(value) for value in printed.getvalue().split()]
    assert losses == pytest.approx([result.loss_before, result.loss_after], abs=1e-4)


def test_texts_in_the_script_cannot_become_code() -> None:
    example = StepExample(texts=('"]); raise SystemExit("', "it's \\n"))
    compile(example.script(), "script", "exec")
    assert repr(list(example.texts)) in example.script()


def test_the_loss_is_worked_by_hand(result: StepResult) -> None:
    positive, negative = (torch.tensor(share) for share in result.positive_before)
    assert result.loss_before == pytest.approx(float(-(positive.log() + (1 - negative).log()) / 2), abs=1e-5)
    assert result.loss_after < result.loss_before


def test_a_learning_rate_that_is_too_large_makes_a_right_prediction_wrong() -> None:
    too_far = take_step(replace(StepExample(), learning_rate=1e-2))
    assert too_far.positive_after[0] < 0.4


def test_random_numbers_of_others_are_kept() -> None:
    torch.manual_seed(7)
    expected = torch.rand(3)
    torch.manual_seed(7)
    with seeded(0):
        torch.rand(1)
    assert torch.equal(torch.rand(3), expected)
