"""The one table of training settings: title and description of each, in groups."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Setting:
    """A setting of TrainingConfig: its title, one sentence for a tooltip, and the step of a number; switches have none."""

    name: str
    title: str
    description: str
    step: float | None = None
    format: str | None = None


SETTING_GROUPS: dict[str, Sequence[Setting]] = {
    "Training": (
        Setting("epochs", "Epochs", "How many times the model sees each text. Small datasets need more.", 1.0),
        Setting(
            "learning_rate",
            "Learning rate",
            "About 1e-4 for small encoders, 2e-5 to 5e-5 for large ones.",
            1e-5,
            "%.1e",
        ),
        Setting("batch_size", "Batch size", "Texts per batch. Halve it if memory runs out.", 1),
        Setting(
            "max_length", "Maximum length (tokens)", "Longer texts are truncated. Short texts cost nothing extra.", 32
        ),
        Setting(
            "warmup_ratio", "Warmup ratio", "Share of the steps during which the learning rate rises from zero.", 0.05
        ),
        Setting(
            "patience", "Patience", "Stops after this many validations without improvement. 0 never stops early.", 1
        ),
        Setting("seed", "Seed", "The same data, settings, and seed give the same model.", 1),
    ),
    "Regularization": (
        Setting(
            "dropout", "Dropout", "Share of hidden values set to zero at random. Can help in long trainings.", 0.05
        ),
        Setting(
            "token_mask_rate",
            "Token masking",
            "Share of tokens masked at random. Helps with small datasets and costs no time.",
            0.05,
        ),
        Setting("weight_decay", "Weight decay", "Pulls the weights toward zero a little in each step.", 0.01),
        Setting("label_smoothing", "Label smoothing", "Share of the target probability spread over all labels.", 0.05),
        Setting(
            "class_weight_power",
            "Class weighting",
            "0 counts all rows equally, 1 counts all classes equally. Raises the recall of rare classes.",
            0.25,
        ),
        Setting("max_grad_norm", "Maximum gradient norm", "Larger gradients are scaled down to this norm.", 0.5),
    ),
    "Layers": (
        Setting("frozen_layers", "Frozen layers", "Number of lowest layers not trained. Saves time and memory.", 1),
        Setting(
            "layer_decay",
            "Layer-wise learning rate decay",
            "Learning rate of each layer, as a share of the rate of the layer above.",
            0.05,
        ),
        Setting(
            "freeze_embeddings", "Freeze embeddings", "Keeps the token embeddings fixed. Halves the optimizer's work."
        ),
        Setting(
            "init_fitted_head",
            "Start from a fitted head",
            "Fits a linear model on frozen features first, and starts fine-tuning from it.",
        ),
    ),
    "Memory and speed": (
        Setting(
            "gradient_accumulation_steps",
            "Gradient accumulation steps",
            "Batches per optimizer step. Gives a large effective batch size with little memory.",
            1,
        ),
        Setting("gradient_checkpointing", "Gradient checkpointing", "Needs far less memory and a third more time."),
        Setting(
            "mixed_precision", "Mixed precision", "Uses 16-bit floats on GPUs, and on CPUs with bfloat16 instructions."
        ),
    ),
}
SETTINGS: dict[str, Setting] = {setting.name: setting for group in SETTING_GROUPS.values() for setting in group}
