"""Frozen layers, learning rates, dropout and token masking, on BERT with mean pooling and on other architectures."""

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from core.errors import ConfigError
from core.models.classifier import Classifier, build_classifier, output_layer
from core.task import Task
from core.training import layers
from core.training.config import TrainingConfig
from tests.models.checkpoints import ARCHITECTURES, save_checkpoint

TASK = Task("binary", ("cold", "fruit"))
STACKED = tuple(kind for kind in ARCHITECTURES if kind != "albert")  # its layers share one set of weights


@pytest.fixture(scope="session")
def checkpoints(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return {kind: save_checkpoint(kind, tmp_path_factory.mktemp(kind)) for kind in ARCHITECTURES}


@pytest.fixture
def classifier(request: pytest.FixtureRequest, checkpoints: dict[str, Path]) -> Classifier:
    return build_classifier(str(checkpoints[request.param]), TASK, 32)


every = pytest.mark.parametrize("classifier", ARCHITECTURES, indirect=True)
stacked = pytest.mark.parametrize("classifier", STACKED, indirect=True)


def count_trainable(module: nn.Module) -> int:
    return sum(p.numel() for p in module.parameters() if p.requires_grad)


def step(classifier: Classifier) -> None:
    """A forward and a backward pass as in training."""
    batch = dict(classifier.tokenizer(["the red apple", "a cold sea was blue"], padding=True, return_tensors="pt"))
    classifier.model.train()
    classifier.model(**batch).logits[:, 0].sum().backward()


@stacked
def test_the_encoder_layers_do_not_include_the_pooling(classifier: Classifier) -> None:
    encoder_layers = layers.encoder_layers(classifier.model)
    assert len(encoder_layers) == 2
    assert all(count_trainable(layer) > 0 for layer in encoder_layers)


@every
def test_only_the_word_embeddings_are_frozen(classifier: Classifier) -> None:
    layers.freeze(classifier.model, TrainingConfig(freeze_embeddings=True))
    assert count_trainable(classifier.model.get_input_embeddings()) == 0
    assert all(count_trainable(layer) > 0 for layer in layers.encoder_layers(classifier.model))


@every
def test_nothing_is_frozen_by_default(classifier: Classifier) -> None:
    before = count_trainable(classifier.model)
    layers.freeze(classifier.model, TrainingConfig(freeze_embeddings=False))
    assert count_trainable(classifier.model) == before


@stacked
@pytest.mark.parametrize(("setting", "frozen"), [(1, 1), (2, 1), (96, 1)])
def test_the_lowest_layers_are_frozen_but_never_the_top_layer(
    setting: int, frozen: int, classifier: Classifier
) -> None:
    layers.freeze(classifier.model, TrainingConfig(frozen_layers=setting))
    encoder_layers = layers.encoder_layers(classifier.model)
    assert [count_trainable(layer) == 0 for layer in encoder_layers] == [position < frozen for position in range(2)]
    assert count_trainable(output_layer(classifier.model)) > 0


@stacked
def test_no_gradient_is_computed_below_the_lowest_trainable_layer(classifier: Classifier) -> None:
    needs_gradient: list[bool] = []
    lower, upper = layers.encoder_layers(classifier.model)
    upper.register_forward_pre_hook(lambda module, inputs: needs_gradient.append(inputs[0].requires_grad))
    layers.freeze(classifier.model, TrainingConfig(frozen_layers=1))
    step(classifier)
    assert needs_gradient == [False]
    assert all(p.grad is None for p in lower.parameters())
    assert all(p.grad is not None for p in upper.parameters() if p.requires_grad)


@every
@pytest.mark.parametrize("frozen", [0, 1])
def test_each_trainable_parameter_is_in_exactly_one_group(frozen: int, classifier: Classifier) -> None:
    config = TrainingConfig(layer_decay=0.5, freeze_embeddings=False, frozen_layers=frozen)
    layers.freeze(classifier.model, config)
    groups = layers.parameter_groups(classifier.model, config)
    grouped = [id(p) for group in groups for p in group["params"]]
    assert sorted(grouped) == sorted(id(p) for p in classifier.model.parameters() if p.requires_grad)


def rates(classifier: Classifier, config: TrainingConfig) -> dict[str, tuple[float, float]]:
    """Learning rate and weight decay of each parameter, by name."""
    names = {id(p): name for name, p in classifier.model.named_parameters()}
    groups = layers.parameter_groups(classifier.model, config)
    return {names[id(p)]: (group["lr"], group["weight_decay"]) for group in groups for p in group["params"]}


@stacked
def test_learning_rates_decrease_from_head_to_embeddings(classifier: Classifier) -> None:
    config = TrainingConfig(layer_decay=0.5, learning_rate=8e-3, freeze_embeddings=False)
    groups = rates(classifier, config)
    names = {id(p): name for name, p in classifier.model.named_parameters()}

    def of(module: nn.Module) -> set[float]:
        return {groups[names[id(p)]][0] for p in module.parameters()}

    lower, upper = layers.encoder_layers(classifier.model)
    embeddings = classifier.model.get_input_embeddings()
    parts = [output_layer(classifier.model), upper, lower, embeddings]
    assert [of(part) for part in parts] == [{8e-3 * 0.5**below} for below in range(4)]


@pytest.mark.parametrize("classifier", ["albert"], indirect=True)
def test_shared_layers_have_one_learning_rate_and_embeddings_the_next(classifier: Classifier) -> None:
    groups = rates(classifier, TrainingConfig(layer_decay=0.5, learning_rate=8e-3, freeze_embeddings=False))
    below = {rate for name, (rate, _) in groups.items() if "embedding" in name}
    assert below == {8e-3 * 0.5**2}


@every
def test_the_first_group_is_the_head(classifier: Classifier) -> None:
    config = TrainingConfig(layer_decay=0.5, learning_rate=8e-3)
    assert layers.parameter_groups(classifier.model, config)[0]["lr"] == 8e-3


@every
def test_only_matrices_have_weight_decay(classifier: Classifier) -> None:
    groups = rates(classifier, TrainingConfig(layer_decay=0.5, weight_decay=0.1, freeze_embeddings=False))
    norms = {
        f"{name}.{part}"
        for name, module in classifier.model.named_modules()
        if isinstance(module, nn.LayerNorm)
        for part, _ in module.named_parameters()
    }
    for name, (_, decay) in groups.items():
        assert decay == (0.0 if name in norms or name.endswith("bias") else 0.1), name


@every
def test_torch_optimizers_take_the_groups(classifier: Classifier) -> None:
    config = TrainingConfig(layer_decay=0.9, learning_rate=1e-2)
    layers.freeze(classifier.model, config)
    optimizer = torch.optim.AdamW(layers.parameter_groups(classifier.model, config), lr=config.learning_rate)
    head = output_layer(classifier.model)
    before = head.weight.detach().clone()
    step(classifier)
    optimizer.step()
    assert not torch.equal(before, head.weight)


@every
def test_dropout_is_set_in_layers_that_have_some(classifier: Classifier) -> None:
    def rates() -> list[float]:
        return [module.p for module in classifier.model.modules() if isinstance(module, nn.Dropout)]

    before = rates()
    layers.set_dropout(classifier.model, 0.3)
    assert rates() == [0.3 if rate > 0 else 0.0 for rate in before]
    layers.set_dropout(classifier.model, 0.0)
    assert not any(rates())


def test_a_scaled_down_head_outputs_a_quarter_of_the_logits() -> None:
    layer: Any = nn.Linear(3, 2)
    x = torch.randn(5, 3)
    before = layer(x).detach()
    layers.scale_down(layer)
    assert torch.allclose(layer(x), before / 4)


@every
def test_tokens_are_masked_only_in_training_and_special_tokens_never(classifier: Classifier) -> None:
    tokenizer, seen = classifier.tokenizer, []
    masking = layers.mask_tokens(classifier.model, tokenizer, 0.5)
    recording = classifier.model.register_forward_pre_hook(
        lambda module, args, kwargs: seen.append(kwargs["input_ids"]), with_kwargs=True
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
    masked = trained[~special] != ids[~special]
    assert 0.35 < masked.float().mean() < 0.65
    assert set(trained[~special][masked].tolist()) == {tokenizer.mask_token_id or tokenizer.unk_token_id}
    masking.remove()
    recording.remove()


def test_token_masking_needs_a_mask_token(checkpoints: dict[str, Path]) -> None:
    classifier = build_classifier(str(checkpoints["bert"]), TASK, 32)
    classifier.tokenizer.mask_token = classifier.tokenizer.unk_token = None
    with pytest.raises(ConfigError, match="has no mask token"):
        layers.mask_tokens(classifier.model, classifier.tokenizer, 0.1)
    layers.mask_tokens(classifier.model, classifier.tokenizer, 0.0).remove()
