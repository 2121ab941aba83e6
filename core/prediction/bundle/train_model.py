"""The model of a run: the encoder, mean pooling, the head fitted on frozen features, and what learns how; for ``train.py``."""

import copy
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from sklearn.linear_model import LogisticRegression, Ridge
from torch import nn
from torch.nn import functional
from train_data import DEVICE, Data, selection_loss
from transformers import AutoConfig, AutoModelForSequenceClassification

PROBLEM_TYPES = {"multilabel": "multi_label_classification", "regression": "regression"}
C_VALUES = (0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0)
COMPARED_ROWS = 3_000
CONSTANT_LOG_ODDS = 5.0
HEAD_SHARE = 0.25
MEAN_FACTOR, POOLED_SCALE = 1000.0, 0.1


def load_model(encoder: str, data: Data) -> Any:
    """The encoder with an untrained head; mean-pooled if it is a BERT."""
    names = data.labels or ["value"]
    config = AutoConfig.from_pretrained(
        encoder,
        id2label=dict(enumerate(names)),
        label2id={name: i for i, name in enumerate(names)},
        problem_type=PROBLEM_TYPES.get(data.kind, "single_label_classification"),
    )
    for name in ("attention_probs_dropout_prob", "attention_dropout"):
        if hasattr(config, name):
            setattr(config, name, 0.0)
    model = AutoModelForSequenceClassification.from_pretrained(
        encoder, config=config, dtype=torch.float32, ignore_mismatched_sizes=True
    )
    if config.model_type == "bert":
        if not getattr(config, "mean_pooling_layer", False):
            add_mean_pooling(model)
        compute_in_float32(model.bert.encoder.layer[-1])
        model.bert.encoder.layer[-1].requires_grad_(False)
        model.bert.pooler.requires_grad_(False)
    return model.to(DEVICE)


@torch.no_grad()
def add_mean_pooling(model: Any) -> None:
    """Append a layer with fixed weights after which the [CLS] position is the normalized mean of all tokens."""
    layer: Any = copy.deepcopy(model.bert.encoder.layer[-1])
    for module in layer.modules():
        if isinstance(module, nn.Linear):
            module.weight.zero_()
            module.bias.zero_()
        elif isinstance(module, nn.LayerNorm):
            module.weight.fill_(1.0)
            module.bias.zero_()
        elif isinstance(module, nn.Dropout):
            module.p = 0.0
    identity = torch.eye(model.config.hidden_size)
    layer.attention.self.value.weight.copy_(identity)
    layer.attention.output.dense.weight.copy_(MEAN_FACTOR * identity)
    model.bert.pooler.dense.weight.copy_(POOLED_SCALE * identity)
    model.bert.pooler.dense.bias.zero_()
    model.bert.encoder.layer.append(layer)
    model.config.num_hidden_layers += 1
    model.config.mean_pooling_layer = True


def compute_in_float32(layer: Any) -> None:
    """Make a layer compute in float32 under autocast: the large factor of mean pooling needs its digits."""
    forward = layer.forward

    def forward_in_float32(hidden: torch.Tensor, *args: Any, **kwargs: Any) -> Any:
        with torch.autocast(hidden.device.type, enabled=False):
            return forward(hidden.float(), *args, **kwargs)

    layer.forward = forward_in_float32


def output_layer(model: Any) -> nn.Linear:
    """The linear layer that computes the logits."""
    outputs = model.config.num_labels
    return [module for module in model.modules() if isinstance(module, nn.Linear) and module.out_features == outputs][
        -1
    ]


def tokenize(tokenizer: Any, data: Data, texts: Sequence[str]) -> list[list[int]]:
    """Token ids of each text. Of a long one: the first tokens, or with "head_tail" the first quarter and the last ones."""
    if data.truncation == "head":
        return list(tokenizer(texts, truncation=True, max_length=data.max_length)["input_ids"])
    results = []
    for encoding in tokenizer(texts, truncation=False, verbose=False).encodings:
        ids, special = encoding.ids, encoding.special_tokens_mask
        if len(ids) > data.max_length:
            start, after = special.index(0), special[::-1].index(0)
            room = data.max_length - start - after
            head = math.ceil(HEAD_SHARE * room)
            ids = ids[: start + head] + ids[len(ids) - after - (room - head) :]
        results.append(ids)
    return results


def compute(model: Any, tokenizer: Any, data: Data, texts: Sequence[str], features: bool = False) -> np.ndarray:
    """Logits, or the mean-pooled features of a BERT, of texts, in their order."""
    model.eval()
    order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
    width = model.config.hidden_size if features else data.outputs
    results = np.zeros((len(texts), width), dtype=np.float32)
    for start in range(0, len(texts), 32):
        rows = order[start : start + 32]
        batch = tokenizer.pad({"input_ids": tokenize(tokenizer, data, [texts[i] for i in rows])}, return_tensors="pt")
        inputs = {name: batch[name].to(DEVICE) for name in ("input_ids", "attention_mask")}
        with torch.inference_mode():
            output = model.bert(**inputs).pooler_output if features else model(**inputs).logits
        results[rows] = output.float().cpu().numpy()
    return results


def fit_head(data: Data, features: dict[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Weight (outputs, features) and bias of the linear head with the lowest selection loss on validation."""
    targets, validation = data.targets["train"], data.targets["validation"]
    rows = compared_rows(data, targets)

    def loss(C: float) -> float:
        weight, bias = fit_scaled(data, features["train"][rows], targets[rows], C)
        return float(selection_loss(data, validation, features["validation"] @ weight.T + bias))

    return fit_scaled(data, features["train"], targets, min(C_VALUES, key=loss))


def compared_rows(data: Data, targets: np.ndarray) -> np.ndarray:
    """The rows on which the values of C are compared, at most 3,000: at least one of each class, the others at random."""
    if len(targets) <= COMPARED_ROWS:
        return np.arange(len(targets))
    order = np.random.default_rng(data.config["seed"]).permutation(len(targets))
    if data.one_label:
        first_of_class = np.unique(targets[order], return_index=True)[1]
        order = np.concatenate([order[first_of_class], np.delete(order, first_of_class)])
    return order[:COMPARED_ROWS]


def fit_scaled(data: Data, features: np.ndarray, targets: np.ndarray, C: float) -> tuple[np.ndarray, np.ndarray]:
    """The head for features that are divided by one common scale, which is folded back into the weights."""
    scale = float(features.std()) or 1.0
    weight, bias = fit(data, features / scale, targets, C)
    return (weight / scale).astype(np.float32), bias.astype(np.float32)


def fit(data: Data, features: np.ndarray, targets: np.ndarray, C: float) -> tuple[np.ndarray, np.ndarray]:
    """Weight and bias of a ridge or logistic regression; of one for each label of a multi-label task."""
    if data.kind == "regression":
        ridge = Ridge(alpha=1.0 / C).fit(features, targets)
        return ridge.coef_.reshape(1, -1), np.atleast_1d(ridge.intercept_)
    logistic = LogisticRegression(C=C, max_iter=500, random_state=data.config["seed"])
    weight, bias = np.zeros((data.outputs, features.shape[1])), np.zeros(data.outputs)
    if data.kind == "multilabel":
        for label, column in enumerate(targets.T):
            if len(np.unique(column)) == 1:
                bias[label] = CONSTANT_LOG_ODDS if column[0] else -CONSTANT_LOG_ODDS
            else:
                logistic.fit(features, column)
                weight[label], bias[label] = logistic.coef_[0], logistic.intercept_[0]
        return weight, bias
    present = np.unique(targets)
    found, log_odds = np.zeros((1, features.shape[1])), np.array([CONSTANT_LOG_ODDS])
    if len(present) > 1:
        class_weights = data.class_weights(1.0)
        logistic.fit(features, targets, None if class_weights is None else class_weights[targets])
        found, log_odds = logistic.coef_, logistic.intercept_
    if len(present) == 2:
        found, log_odds = np.stack([-found[0], found[0]]) / 2, np.array([-log_odds[0], log_odds[0]]) / 2
    weight[present], bias[:] = found, log_odds.min() - 2 * CONSTANT_LOG_ODDS
    bias[present] = log_odds
    return weight, bias


@torch.no_grad()
def set_fitted_head(model: Any, tokenizer: Any, data: Data) -> None:
    """Replace the untrained head by one that is fitted on frozen features."""
    half = data.bfloat16 and data.config["method"] != "instant"
    with torch.autocast(DEVICE, dtype=torch.bfloat16, enabled=half):
        features = {name: compute(model, tokenizer, data, data.texts[name], True) for name in ("train", "validation")}
    weight, bias = fit_head(data, features)
    layer = output_layer(model)
    layer.weight.copy_(torch.from_numpy(weight))
    layer.bias.copy_(torch.from_numpy(bias))


def prepare(model: Any, tokenizer: Any, config: dict[str, Any]) -> Any:
    """Freeze parts, set dropout and mask tokens as the run did. Returns the handle that ends the masking."""
    if config["freeze_embeddings"]:
        model.get_input_embeddings().requires_grad_(False)
    if config["frozen_layers"]:
        for name, parameter in model.base_model.named_parameters():
            if is_below_layers(name):
                parameter.requires_grad_(False)
        layers = learning_layers(model)
        for layer in layers[: min(config["frozen_layers"], len(layers) - 1)]:
            layer.requires_grad_(False)
    for module in model.modules():
        if isinstance(module, nn.Dropout) and module.p > 0:
            module.p = config["dropout"]
    mask_id = tokenizer.mask_token_id if tokenizer.mask_token_id is not None else tokenizer.unk_token_id
    special = torch.tensor(sorted(tokenizer.all_special_ids), device=DEVICE)

    def mask(
        module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[tuple[Any, ...], dict[str, Any]]:
        if config["token_mask_rate"] and module.training:
            ids = kwargs["input_ids"]
            drawn = (torch.rand(ids.shape) < config["token_mask_rate"]).to(ids.device)
            chosen = drawn & ~torch.isin(ids, special)
            kwargs = {**kwargs, "input_ids": ids.masked_fill(chosen, mask_id)}
        return args, kwargs

    return model.register_forward_pre_hook(mask, with_kwargs=True)


def is_below_layers(name: str) -> bool:
    """Whether a parameter belongs to the embeddings."""
    return "embedding" in name or "encoder.LayerNorm" in name


def learning_layers(model: Any) -> list[nn.Module]:
    """The layers of the encoder, lowest first, without the pooling layer."""
    stacks = [module for module in model.base_model.modules() if isinstance(module, nn.ModuleList)]
    stack = max(stacks, key=lambda stack: sum(parameter.numel() for parameter in stack.parameters()))
    layers = [layer for layer in stack if any(True for _ in layer.parameters())]
    return layers[:-1] if getattr(model.config, "mean_pooling_layer", False) else layers


def parameter_groups(model: Any, config: dict[str, Any]) -> list[dict[str, Any]]:
    """Parameters with a learning rate that falls from each layer to the one below."""
    layers = learning_layers(model)
    height = {id(p): position for position, layer in enumerate(layers, 1) for p in layer.parameters()}
    head = {id(p) for p in output_layer(model).parameters()}
    groups = []
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            default = 0 if is_below_layers(name) else len(layers) + 1
            depth = 0 if id(parameter) in head else len(layers) + 1 - height.get(id(parameter), default)
            decay = 0.0 if name.lower().endswith(("bias", "norm.weight")) else config["weight_decay"]
            rate = config["learning_rate"] * config["layer_decay"] ** depth
            groups.append({"params": [parameter], "lr": rate, "weight_decay": decay})
    return groups


def make_loss(data: Data) -> Callable[..., torch.Tensor]:
    """The loss that the Trainer calls: its sum over a batch, divided by the items of the step."""
    power, smoothing = data.config["class_weight_power"], data.config["label_smoothing"]
    weights = data.class_weights(power) if power else None
    scale = None if weights is None else torch.tensor(weights, dtype=torch.float32, device=DEVICE)

    def loss(outputs: Any, labels: torch.Tensor, num_items_in_batch: Any = None) -> torch.Tensor:
        logits = outputs["logits"].float()
        items = labels.numel() if num_items_in_batch is None else num_items_in_batch
        if data.kind == "regression":
            total = functional.mse_loss(logits.squeeze(-1), labels.float(), reduction="sum")
        elif data.kind == "multilabel":
            targets = labels.float() * (1 - smoothing) + smoothing / 2
            total = functional.binary_cross_entropy_with_logits(logits, targets, pos_weight=scale, reduction="sum")
        else:
            losses = functional.cross_entropy(logits, labels, label_smoothing=smoothing, reduction="none")
            total = (losses if scale is None else losses * scale[labels]).sum()
        return total / items

    return loss
