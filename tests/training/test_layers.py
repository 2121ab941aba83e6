"""What learns, how fast, and what stays: on BERT with the mean pooling layer and on other architectures."""

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from core.errors import ConfigError
from core.models import classifier as classifiers
from core.models.classifier import Classifier, output_layer
from core.task import Task
from core.training import layers
from core.training.config import TrainingConfig
from tests.models.checkpoints import ARCHITECTURES, save

TASK = Task("binary", ("cold", "fruit"))
STACKED = tuple(kind for kind in ARCHITECTURES if kind != "albert")  # whose layers all share one set of weights


@pytest.fixture(scope="session")
def checkpoints(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return {kind: save(kind, tmp_path_factory.mktemp(kind)) for kind in ARCHITECTURES}


@pytest.fixture
def classifier(request: pytest.FixtureRequest, checkpoints: dict[str, Path]) -> Classifier:
    return classifiers.build(str(checkpoints[request.param]), TASK, 32)


every = pytest.mark.parametrize("classifier", ARCHITECTURES, indirect=True)
stacked = pytest.mark.parametrize("classifier", STACKED, indirect=True)


def trainable_parameters(module: nn.Module) -> int:
    return sum(p.numel() for p in module.parameters() if p.requires_grad)


def step(classifier: Classifier) -> None:
    """A backward pass as in training."""
    batch = dict(classifier.tokenizer(["the red apple", "a cold sea was blue"], padding=True, return_tensors="pt"))
    classifier.model.train()
    classifier.model(**batch).logits[:, 0].sum().backward()


@stacked
def test_both_layers_are_found_and_the_pooling_is_none_of_them(classifier: Classifier) -> None:
    found = layers.encoder_layers(classifier.model)
    assert len(found) == 2
    assert all(trainable_parameters(layer) > 0 for layer in found)


@every
def test_frozen_word_embeddings_alone(classifier: Classifier) -> None:
    layers.freeze(classifier.model, TrainingConfig(freeze_embeddings=True))
    assert trainable_parameters(classifier.model.get_input_embeddings()) == 0
    assert all(trainable_parameters(layer) > 0 for layer in layers.encoder_layers(classifier.model))


@every
def test_nothing_is_frozen_unasked(classifier: Classifier) -> None:
    before = trainable_parameters(classifier.model)
    layers.freeze(classifier.model, TrainingConfig(freeze_embeddings=False))
    assert trainable_parameters(classifier.model) == before


@stacked
@pytest.mark.parametrize(("asked", "frozen"), [(1, 1), (2, 1), (96, 1)])
def test_the_lowest_layers_are_frozen_and_the_topmost_goes_on_learning(
    asked: int, frozen: int, classifier: Classifier
) -> None:
    layers.freeze(classifier.model, TrainingConfig(frozen_layers=asked))
    found = layers.encoder_layers(classifier.model)
    assert [trainable_parameters(layer) == 0 for layer in found] == [position < frozen for position in range(2)]
    assert trainable_parameters(output_layer(classifier.model)) > 0


@stacked
def test_no_gradient_is_computed_below_the_first_layer_that_learns(classifier: Classifier) -> None:
    entered: list[bool] = []
    lower, upper = layers.encoder_layers(classifier.model)
    upper.register_forward_pre_hook(lambda module, inputs: entered.append(inputs[0].requires_grad))
    layers.freeze(classifier.model, TrainingConfig(frozen_layers=1))
    step(classifier)
    assert entered == [False]  # what comes from below is a constant
    assert all(p.grad is None for p in lower.parameters())
    assert all(p.grad is not None for p in upper.parameters() if p.requires_grad)


@every
@pytest.mark.parametrize("frozen", [0, 1])
def test_each_learning_parameter_is_in_exactly_one_group(frozen: int, classifier: Classifier) -> None:
    config = TrainingConfig(layer_decay=0.5, freeze_embeddings=False, frozen_layers=frozen)
    layers.freeze(classifier.model, config)
    groups = layers.parameter_groups(classifier.model, config)
    grouped = [id(p) for group in groups for p in group["params"]]
    assert sorted(grouped) == sorted(id(p) for p in classifier.model.parameters() if p.requires_grad)


def rates(classifier: Classifier, config: TrainingConfig) -> dict[str, tuple[float, float]]:
    """Learning rate and weight decay of each parameter, by its name."""
    names = {id(p): name for name, p in classifier.model.named_parameters()}
    groups = layers.parameter_groups(classifier.model, config)
    return {names[id(p)]: (group["lr"], group["weight_decay"]) for group in groups for p in group["params"]}


@stacked
def test_rates_fall_from_head_to_embeddings(classifier: Classifier) -> None:
    config = TrainingConfig(layer_decay=0.5, learning_rate=8e-3, freeze_embeddings=False)
    found = rates(classifier, config)
    names = {id(p): name for name, p in classifier.model.named_parameters()}

    def of(module: nn.Module) -> set[float]:
        return {found[names[id(p)]][0] for p in module.parameters()}

    lower, upper = layers.encoder_layers(classifier.model)
    embeddings = classifier.model.get_input_embeddings()
    parts = [output_layer(classifier.model), upper, lower, embeddings]
    assert [of(part) for part in parts] == [{8e-3 * 0.5**below} for below in range(4)]


@pytest.mark.parametrize("classifier", ["albert"], indirect=True)
def test_shared_layers_have_one_rate_and_all_below_them_the_next(classifier: Classifier) -> None:
    found = rates(classifier, TrainingConfig(layer_decay=0.5, learning_rate=8e-3, freeze_embeddings=False))
    below = {rate for name, (rate, _) in found.items() if "embedding" in name}
    assert below == {8e-3 * 0.5**2}


@every
def test_the_rate_that_is_shown_is_the_heads(classifier: Classifier) -> None:
    config = TrainingConfig(layer_decay=0.5, learning_rate=8e-3)
    assert layers.parameter_groups(classifier.model, config)[0]["lr"] == 8e-3


@every
def test_biases_and_norms_do_not_decay_and_matrices_do(classifier: Classifier) -> None:
    found = rates(classifier, TrainingConfig(layer_decay=0.5, weight_decay=0.1, freeze_embeddings=False))
    norms = {
        f"{name}.{part}"
        for name, module in classifier.model.named_modules()
        if isinstance(module, nn.LayerNorm)
        for part, _ in module.named_parameters()
    }
    for name, (_, decay) in found.items():
        assert decay == (0.0 if name in norms or name.endswith("bias") else 0.1), name


@every
def test_a_group_is_what_torch_takes(classifier: Classifier) -> None:
    config = TrainingConfig(layer_decay=0.9, learning_rate=1e-2)
    layers.freeze(classifier.model, config)
    optimizer = torch.optim.AdamW(layers.parameter_groups(classifier.model, config), lr=config.learning_rate)
    head = output_layer(classifier.model)
    before = head.weight.detach().clone()
    step(classifier)
    optimizer.step()
    assert not torch.equal(before, head.weight)


@every
def test_dropout_is_set_where_there_is_some(classifier: Classifier) -> None:
    def shares() -> list[float]:
        return [module.p for module in classifier.model.modules() if isinstance(module, nn.Dropout)]

    before = shares()
    layers.set_dropout(classifier.model, 0.3)
    assert shares() == [0.3 if share > 0 else 0.0 for share in before]
    layers.set_dropout(classifier.model, 0.0)
    assert not any(shares())


def test_a_softened_head_gives_the_same_answers_with_a_quarter_of_the_certainty() -> None:
    layer: Any = nn.Linear(3, 2)
    x = torch.randn(5, 3)
    before = layer(x).detach()
    layers.scale_down(layer)
    assert torch.allclose(layer(x), before / 4)


@every
def test_words_are_hidden_while_training_alone_and_special_tokens_never(classifier: Classifier) -> None:
    tokenizer, seen = classifier.tokenizer, []
    hiding = layers.mask_tokens(classifier.model, tokenizer, 0.5)
    watching = classifier.model.register_forward_pre_hook(
        lambda module, positional, given: seen.append(given["input_ids"]), with_kwargs=True
    )
    batch = tokenizer(["the red apple was very cold"] * 40, return_tensors="pt")
    ids = batch["input_ids"]
    special = torch.isin(ids, torch.tensor(tokenizer.all_special_ids))
    torch.manual_seed(0)
    for train in (True, False):
        classifier.model.train(train)
        with torch.no_grad():
            classifier.model(**batch)
    trained, evaluated = seen
    assert torch.equal(evaluated, ids)
    assert torch.equal(trained[special], ids[special])
    hidden = trained[~special] != ids[~special]
    assert 0.35 < hidden.float().mean() < 0.65
    assert set(trained[~special][hidden].tolist()) == {tokenizer.mask_token_id or tokenizer.unk_token_id}
    hiding.remove()
    watching.remove()


def test_words_cannot_be_hidden_without_a_token_for_it(checkpoints: dict[str, Path]) -> None:
    found = classifiers.build(str(checkpoints["bert"]), TASK, 32)
    found.tokenizer.mask_token = found.tokenizer.unk_token = None
    with pytest.raises(ConfigError, match="no token to hide words behind"):
        layers.mask_tokens(found.model, found.tokenizer, 0.1)
    layers.mask_tokens(found.model, found.tokenizer, 0.0).remove()
