"""Repeat the training of this zip with plain transformers, for example on a GPU.

    python train.py [--encoder NAME_OR_FOLDER] [--output FOLDER]

Reads train_data.py, train_model.py, run.json, splits/ and the tokenizer beside this file. Writes a folder and a zip of the
same form as this one, which the Models page of Finetune Studio imports, and prints the validation metric. Needs torch,
transformers, accelerate, datasets, pandas, pyarrow, safetensors and scikit-learn.

It repeats the split, the settings and the method: mean pooling (for encoders of the BERT architecture, as one more layer that
computes the mean with fixed weights), the head fitted on frozen features, frozen parts, layer-wise learning rates, dropout,
token masking, class weights, label smoothing, early stopping, the best checkpoint, the interpolation between start and end, and
the calibration. It starts from the published encoder, not from the trained model in this zip. All random numbers are drawn from
the seed in the same order, so on the machine of the run the batches, the masked tokens and, up to rounding, the weights are
the same; a GPU, or a processor that computes in another precision, draws and rounds differently. Thresholds and "not sure" are
left out, because they were chosen for the other model.
"""

import argparse
import json
import math
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from datasets import Dataset
from safetensors.numpy import save_file
from torch.utils.data import Sampler
from train_data import DEVICE, HAS_BFLOAT16, Data, fit_calibration, selection_loss
from train_model import (
    compute,
    load_model,
    make_loss,
    output_layer,
    parameter_groups,
    prepare,
    set_fitted_head,
    tokenize,
)
from transformers import (
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
METRICS = {"binary": "f1_macro", "multiclass": "f1_macro", "multilabel": "f1_micro", "regression": "r2"}
INTERPOLATION_SHARES = (0.85, 0.7)
PAD_TO_MULTIPLE_OF, SHORT_TEXT = 8, 128
HEAD_SCALE = 0.25
FILES = ("run.json", "predict.py", "train.py", "train_data.py", "train_model.py", "train.ipynb", "requirements.txt")


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
        return float(selection_loss(data, data.targets["validation"], logits * data.std + data.mean))

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
