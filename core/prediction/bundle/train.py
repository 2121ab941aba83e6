"""Repeat the training of this zip with plain transformers, for example on a GPU.

    python train.py [--encoder NAME_OR_FOLDER] [--output FOLDER]

Reads run.json, splits/ and the tokenizer beside this file. Writes a folder and a zip of the same form as this one, which the
Models page of Finetune Studio imports, and prints the validation metric. Needs torch, transformers, accelerate, datasets,
pandas, pyarrow, safetensors and scikit-learn.

It repeats the split, the settings and the method: mean pooling (for encoders of the BERT architecture, as one more layer that
computes the mean with fixed weights), the head fitted on frozen features, frozen parts, layer-wise learning rates, dropout,
token masking, class weights, label smoothing, early stopping, the best checkpoint, the interpolation between start and end, and
the calibration. It starts from the published encoder, not from the trained model in this zip. All random numbers are drawn from
the seed in the same order, so on the machine of the run the batches, the masked tokens and, up to rounding, the weights are
the same; a GPU, or a processor that computes in another precision, draws and rounds differently. Thresholds and "not sure" are
left out, because they were chosen for the other model.
"""

import argparse
import copy
import json
import math
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from datasets import Dataset
from safetensors.numpy import save_file
from scipy.optimize import minimize
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import f1_score, r2_score
from torch import nn
from torch.nn import functional
from torch.utils.data import Sampler
from transformers import (
    AutoConfig,
    AutoModelForSequenceClassification,
    AutoTokenizer,
    DataCollatorWithPadding,
    EarlyStoppingCallback,
    EvalPrediction,
    Trainer,
    TrainingArguments,
    set_seed,
)

BUNDLE = Path(__file__).resolve().parent
HUB_NAMES = {"all-MiniLM-L6-v2": "sentence-transformers/all-MiniLM-L6-v2"}
TEMPERATURES = [1.0, *(float(value) for value in np.geomspace(0.05, 20, 200))]
METRICS = {"binary": "f1_macro", "multiclass": "f1_macro", "multilabel": "f1_micro", "regression": "r2"}
PROBLEM_TYPES = {"multilabel": "multi_label_classification", "regression": "regression"}
C_VALUES = (0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0)
COMPARED_ROWS = 3_000
CONSTANT_LOG_ODDS = 5.0
INTERPOLATION_SHARES = (0.85, 0.7)
PAD_TO_MULTIPLE_OF, SHORT_TEXT = 8, 128
HEAD_SHARE = 0.25
MEAN_FACTOR, POOLED_SCALE, HEAD_SCALE = 1000.0, 0.1, 0.25
DEVICE = "cuda" if torch.cuda.is_available() else "cpu"
HAS_BFLOAT16 = (
    torch.cuda.is_bf16_supported(including_emulation=False)
    if DEVICE == "cuda"
    else torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()
)
FILES = ("run.json", "predict.py", "train.py", "train.ipynb", "requirements.txt")


class Data:
    """The rows of the run, its task and settings. ``targets`` are on the original scale, ``scaled`` on that of the loss."""

    def __init__(self, folder: Path) -> None:
        record = json.loads((folder / "run.json").read_text(encoding="utf-8"))
        self.config: dict[str, Any] = record["config"]
        self.kind, self.labels = record["task"]["kind"], list(record["task"]["labels"])
        self.outputs = 1 if self.kind == "regression" else len(self.labels)
        self.one_label = self.kind in ("binary", "multiclass")
        model = json.loads((folder / "model" / "studio.json").read_text(encoding="utf-8"))
        self.bfloat16 = self.config["mixed_precision"] and HAS_BFLOAT16
        self.max_length, self.truncation = model["max_length"], model.get("truncation", "head")
        frames = {
            name: pd.read_parquet(folder / "splits" / f"{name}.parquet") for name in ("train", "validation", "test")
        }
        self.texts = {name: frame["text"].tolist() for name, frame in frames.items()}
        self.targets = {name: self.encode(frame["label"].tolist()) for name, frame in frames.items()}
        train = self.targets["train"]
        self.mean, self.std = (
            (float(train.mean()), float(train.std()) or 1.0) if self.kind == "regression" else (0.0, 1.0)
        )

    def encode(self, labels: Sequence[Any]) -> np.ndarray:
        """Labels as numbers: class ids, rows of 0 and 1, or values."""
        if self.kind == "regression":
            return np.asarray(labels, dtype=np.float64)
        if self.kind == "multilabel":
            return np.asarray([[float(name in names) for name in self.labels] for names in labels], dtype=np.float32)
        return np.asarray([self.labels.index(label) for label in labels], dtype=np.int64)

    def scaled(self, name: str) -> np.ndarray:
        """Targets on the scale of the loss: standardized values, or the targets themselves."""
        scaled = (self.targets[name] - self.mean) / self.std if self.kind == "regression" else self.targets[name]
        return scaled if self.one_label else scaled.astype(np.float32)

    def class_weights(self, power: float) -> np.ndarray | None:
        """Weights inverse to the number of rows of a class, to a power, with a mean of 1 over the rows."""
        train = self.targets["train"]
        if self.kind == "regression":
            return None
        if self.kind == "multilabel":
            positive = np.maximum(train.sum(axis=0), 1)
            return np.asarray(np.clip(((len(train) - positive) / positive) ** power, 0.1, 10))
        counts = np.bincount(train, minlength=self.outputs)
        weights = np.clip((len(train) / (self.outputs * np.maximum(counts, 1))) ** power, 0.1, 10) * (counts > 0)
        return np.asarray(weights * len(train) / (weights @ counts))

    def metric(self, targets: np.ndarray, logits: np.ndarray) -> float:
        """The main metric of the task for logits: macro-F1, micro-F1 or R²."""
        if self.kind == "regression":
            return float(r2_score(targets, logits[:, 0]))
        if self.kind == "multilabel":
            return float(f1_score(targets, logits > 0, average="micro", zero_division=0))
        return float(f1_score(targets, logits.argmax(axis=1), average="macro", zero_division=0))


def log_loss(data: Data, targets: np.ndarray, logits: np.ndarray, weights: np.ndarray | None = None) -> float:
    """The mean negative log-likelihood in nats, weighted by row where there are weights."""
    exact = torch.from_numpy(logits.astype(np.float64))
    if data.kind == "multilabel":
        return float(functional.binary_cross_entropy_with_logits(exact, torch.from_numpy(targets).double()))
    losses = functional.cross_entropy(exact, torch.from_numpy(targets), reduction="none").numpy()
    return float(np.average(losses, weights=weights))


def best_temperature(data: Data, targets: np.ndarray, logits: np.ndarray, weights: np.ndarray | None = None) -> float:
    """The temperature between 0.05 and 20 with the lowest log loss."""
    return min(TEMPERATURES, key=lambda temperature: log_loss(data, targets, logits / temperature, weights))


def fit_temperature(data: Data, targets: np.ndarray, logits: np.ndarray) -> float:
    """The temperature for new texts: that with the lowest log loss, drawn toward 1 where there are few rows."""
    penalty = 1 / (2 * 0.3**2 * len(targets))
    return min(TEMPERATURES, key=lambda t: log_loss(data, targets, logits / t) + penalty * math.log(t) ** 2)


def expected_f1(logits: np.ndarray, predicted: np.ndarray) -> float:
    """The macro-F1 of predicted classes (n,) if the probabilities of the logits (n, outputs) are right."""
    probabilities = torch.softmax(torch.from_numpy(logits), dim=1).numpy()
    chosen = np.eye(logits.shape[1])[predicted]
    return float((2 * (chosen * probabilities).sum(axis=0) / (chosen + probabilities).sum(axis=0)).mean())


def fit_calibration(data: Data, targets: np.ndarray, logits: np.ndarray) -> tuple[float, np.ndarray]:
    """The temperature, and offsets (outputs,) that take class weights back if that lowers the loss by more than chance."""
    temperature, none = fit_temperature(data, targets, logits), np.zeros(data.outputs)
    power = 1.0 if data.config["method"] == "instant" else data.config["class_weight_power"]
    class_weights = data.class_weights(power) if data.one_label else None
    if class_weights is None or np.ptp(class_weights[class_weights > 0]) < 1e-9:
        return temperature, none
    shift = np.log(np.where(class_weights > 0, class_weights, 1.0))
    exact = logits.astype(np.float64)

    def loss(parameters: np.ndarray) -> float:
        penalty = (parameters[0] / 0.3) ** 2 / 2 + (parameters[1] / 0.5) ** 2 / 2
        calibrated = exact / np.exp(parameters[0]) - parameters[1] * shift
        return log_loss(data, targets, calibrated) + float(penalty) / len(targets)

    bounds = [(np.log(0.05), np.log(20.0)), (0.0, 1.5)]
    log_temperature, share = minimize(loss, np.zeros(2), method="L-BFGS-B", bounds=bounds).x
    plain, corrected = exact / temperature, exact / np.exp(log_temperature) - share * shift
    gain = len(targets) * (log_loss(data, targets, plain) - log_loss(data, targets, corrected))
    before, after = (expected_f1(corrected, calibrated.argmax(axis=1)) for calibrated in (plain, corrected))
    if gain > 1.92 and after >= before:
        return float(np.exp(log_temperature)), -share * shift
    return temperature, none


def selection_loss(data: Data, targets: np.ndarray, logits: np.ndarray) -> float:
    """The loss by which models are chosen on validation rows: class-weighted log loss at the best temperature, or MSE."""
    if data.kind == "regression":
        return float(((targets - logits[:, 0]) ** 2).mean())
    class_weights = data.class_weights(1.0)
    weights = class_weights[targets] if data.one_label and class_weights is not None else None
    return log_loss(data, targets, logits / best_temperature(data, targets, logits, weights), weights)


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
        return selection_loss(data, validation, features["validation"] @ weight.T + bias)

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


def training_arguments(data: Data, output: Path) -> TrainingArguments:
    """The settings of the run as arguments of the Trainer."""
    config = data.config
    accumulation = config["gradient_accumulation_steps"]
    batches = math.ceil(len(data.texts["train"]) / config["batch_size"])
    steps = max(1, math.ceil(math.ceil(batches / accumulation) * config["epochs"]))
    validations = round(min(10, max(1.0, config["epochs"], steps / 100)))
    interval = max(1, math.ceil(steps / validations))
    return TrainingArguments(
        output_dir=str(output),
        num_train_epochs=config["epochs"],
        per_device_train_batch_size=config["batch_size"],
        per_device_eval_batch_size=2 * config["batch_size"],
        gradient_accumulation_steps=accumulation,
        activation_checkpointing=config["gradient_checkpointing"],
        learning_rate=config["learning_rate"],
        lr_scheduler_type="linear",
        warmup_steps=config["warmup_ratio"],  # below 1 it is a share of all steps
        weight_decay=config["weight_decay"],
        max_grad_norm=config["max_grad_norm"],
        eval_strategy="steps",
        eval_steps=interval,
        save_strategy="steps",
        save_steps=interval,
        save_total_limit=2,
        load_best_model_at_end=True,
        metric_for_best_model="selection_loss",
        greater_is_better=False,
        seed=config["seed"],
        data_seed=config["seed"],
        bf16=data.bfloat16,
        fp16=config["mixed_precision"] and DEVICE == "cuda" and not HAS_BFLOAT16,
        dataloader_pin_memory=DEVICE == "cuda",
        report_to="none",
    )


@torch.no_grad()
def start_from_fitted_head(model: Any, tokenizer: Any, data: Data) -> None:
    """Fit the head on frozen features and bring it to the scale of the loss; many rows start from a less confident one."""
    set_fitted_head(model, tokenizer, data)
    layer = output_layer(model)
    layer.bias.sub_(data.mean)
    few = data.outputs > 1 and len(data.texts["train"]) < 20 * data.outputs
    factor = 1.0 if data.kind == "regression" or few else HEAD_SCALE
    layer.weight.mul_(factor / data.std)
    layer.bias.mul_(factor / data.std)


class LengthGroupedSampler(Sampler[int]):
    """The order of rows of the run: the rows of a step have similar lengths, and the step with the longest rows is first."""

    def __init__(self, lengths: Sequence[int], step_rows: int) -> None:
        self.padded = torch.tensor([math.ceil(length / PAD_TO_MULTIPLE_OF) for length in lengths])
        self.step_rows = step_rows

    def __len__(self) -> int:
        return len(self.padded)

    def __iter__(self) -> Iterator[int]:
        order = torch.randperm(len(self))
        left_over, order = order.tensor_split([len(order) % self.step_rows])
        by_length = self.padded[order].argsort(descending=True, stable=True)
        steps = order[by_length].view(-1, self.step_rows)
        shuffled = steps[1:][torch.randperm(max(0, len(steps) - 1))]
        return iter([*steps[:1].flatten().tolist(), *shuffled.flatten().tolist(), *left_over.tolist()])


class LengthGroupedTrainer(Trainer):
    """The Trainer with the sampler of the run."""

    def _get_train_sampler(self, train_dataset: Any = None) -> LengthGroupedSampler:
        rows: Any = self.train_dataset
        return LengthGroupedSampler(rows["length"], self.args.train_batch_size * self.args.gradient_accumulation_steps)


def make_dataset(tokenizer: Any, data: Data, name: str) -> Dataset:
    """The rows of a split as token ids, their number, and targets on the scale of the loss."""
    ids = tokenize(tokenizer, data, data.texts[name])
    return Dataset.from_dict({"input_ids": ids, "length": [len(row) for row in ids], "labels": data.scaled(name)})


def make_trainer(model: Any, tokenizer: Any, data: Data, checkpoints: Path) -> Trainer:
    """The Trainer of the run: its rows, loss, optimizer and metric."""

    def metrics(prediction: EvalPrediction) -> dict[str, float]:
        logits = np.asarray(prediction.predictions) * data.std + data.mean
        # The Trainer evaluates in an order of its own, so the targets are those that it gives.
        targets = np.asarray(prediction.label_ids)
        return {
            "selection_loss": selection_loss(
                data, targets if data.one_label else targets * data.std + data.mean, logits
            )
        }

    train, validation = (make_dataset(tokenizer, data, name) for name in ("train", "validation"))
    config = data.config
    if data.bfloat16 and DEVICE == "cpu" and np.mean(train["length"]) <= SHORT_TEXT:
        model.set_attn_implementation("eager")  # faster there, and rounded as in the run
    # Without layer-wise learning rates the run takes the optimizer of the Trainer.
    optimizer = (
        torch.optim.AdamW(parameter_groups(model, config), lr=config["learning_rate"])
        if config["layer_decay"] != 1.0
        else None
    )
    return LengthGroupedTrainer(
        model=model.train(),
        args=training_arguments(data, checkpoints),
        train_dataset=train,
        eval_dataset=validation.select(np.argsort(validation["length"], kind="stable")),
        processing_class=tokenizer,
        data_collator=DataCollatorWithPadding(tokenizer, pad_to_multiple_of=PAD_TO_MULTIPLE_OF),
        compute_loss_func=make_loss(data),
        compute_metrics=metrics,
        optimizers=(optimizer, None),
        callbacks=[EarlyStoppingCallback(config["patience"])] if config["patience"] else [],
    )


def fine_tune(model: Any, tokenizer: Any, data: Data, checkpoints: Path) -> None:
    """Train in place: from a fitted head where the run did, ending at the best weights by validation."""
    fitted_head = data.config["init_fitted_head"] and model.config.model_type == "bert"
    if fitted_head:
        start_from_fitted_head(model, tokenizer, data)
    masking = prepare(model, tokenizer, data.config)
    initial = {name: p.detach().cpu().clone() for name, p in model.named_parameters() if p.requires_grad}
    trainer = make_trainer(model, tokenizer, data, checkpoints)
    trainer.train()
    trainer.accelerator.unwrap_model(model, keep_fp32_wrapper=False)
    masking.remove()
    if fitted_head:
        interpolate(model, tokenizer, data, initial)
    with torch.no_grad():
        layer = output_layer(model)
        layer.weight.mul_(data.std)
        layer.bias.mul_(data.std).add_(data.mean)


@torch.no_grad()
def interpolate(model: Any, tokenizer: Any, data: Data, initial: dict[str, torch.Tensor]) -> None:
    """Move the model back towards its initial weights, to the share of the way with the lowest loss on validation."""
    final = {name: p.detach().cpu().clone() for name, p in model.named_parameters() if name in initial}

    def move(share: float) -> None:
        for name, parameter in model.named_parameters():
            if name in initial:
                parameter.copy_(initial[name] + share * (final[name] - initial[name]))

    def loss(share: float) -> float:
        move(share)
        logits = compute(model, tokenizer, data, data.texts["validation"])
        return selection_loss(data, data.targets["validation"], logits * data.std + data.mean)

    move(min((1.0, *INTERPOLATION_SHARES), key=loss))


@torch.no_grad()
def calibrate(model: Any, tokenizer: Any, data: Data) -> dict[str, np.ndarray]:
    """Fold the calibration into the output layer. Returns the logits of the validation and the test rows."""
    logits = {name: compute(model, tokenizer, data, data.texts[name]) for name in ("validation", "test")}
    if data.kind == "regression":
        return logits
    temperature, offsets = fit_calibration(data, data.targets["validation"], logits["validation"])
    layer = output_layer(model)
    layer.weight.div_(temperature)
    layer.bias.div_(temperature).add_(torch.from_numpy(offsets))
    return {name: values / np.float32(temperature) + offsets.astype(np.float32) for name, values in logits.items()}


def save(model: Any, tokenizer: Any, data: Data, logits: dict[str, np.ndarray], output: Path) -> None:
    """Write a folder and a zip that have the form of this bundle: the new model, its logits, and the same rows."""
    folder = output / "model"
    tokenizer.model_max_length = data.max_length
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    shutil.copy(BUNDLE / "model" / "studio.json", folder)
    rule = {"format_version": 2, "thresholds": [], "abstain_below": 0.0, "interval_half_width": None}
    if data.kind == "regression":  # the interval that covers 90% of validation errors (split conformal prediction)
        errors = np.sort(np.abs(logits["validation"][:, 0] - data.targets["validation"]))
        rank = math.ceil(0.9 * (len(errors) + 1))
        rule["interval_half_width"] = float(errors[rank - 1]) if rank <= len(errors) else None
    (folder / "decision_rule.json").write_text(json.dumps(rule | {"interval_level": 0.9}, indent=2), encoding="utf-8")
    (output / "evaluation").mkdir(exist_ok=True)
    tensors = {f"{name}/model": np.ascontiguousarray(values) for name, values in logits.items()}
    save_file(tensors, output / "evaluation" / "logits.safetensors")
    shutil.copytree(BUNDLE / "splits", output / "splits", dirs_exist_ok=True)
    for name in FILES:
        if (BUNDLE / name).exists():
            shutil.copy(BUNDLE / name, output)
    shutil.make_archive(str(output), "zip", output)


def train(encoder: str, output: Path) -> dict[str, Any]:
    """Repeat the run and write the result. Returns the name of the metric and its value on the validation rows."""
    data = Data(BUNDLE)
    set_seed(data.config["seed"])
    model = load_model(encoder or HUB_NAMES.get(data.config["encoder"], data.config["encoder"]), data)
    tokenizer = AutoTokenizer.from_pretrained(BUNDLE / "model")
    if data.config["method"] == "instant":
        set_fitted_head(model, tokenizer, data)
    else:
        checkpoints = output.with_name(f"{output.name}-checkpoints")
        fine_tune(model, tokenizer, data, checkpoints)
        shutil.rmtree(checkpoints, ignore_errors=True)
    logits = calibrate(model, tokenizer, data)
    save(model, tokenizer, data, logits, output)
    return {"metric": METRICS[data.kind], "validation": data.metric(data.targets["validation"], logits["validation"])}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Repeat the training of this zip.")
    parser.add_argument("--encoder", default="", help="hub id or folder of the encoder (default: that of run.json)")
    parser.add_argument("--output", type=Path, default=Path("trained"), help="folder of the result (default: trained)")
    options = parser.parse_args()
    print(json.dumps(train(options.encoder, options.output.resolve())))
