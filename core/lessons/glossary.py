"""The glossary: every metric, every setting of a training, and the words of the lesson, each with the step that explains it.

Titles and descriptions are those of :mod:`core.evaluation.metrics.definitions` and :mod:`core.training.settings`.
"""

from dataclasses import dataclass
from functools import cache
from typing import Final, Literal

from core.evaluation.metrics.definitions import METRICS
from core.lessons.concepts import CONCEPTS
from core.training.settings import SETTINGS

Kind = Literal["Lesson", "Metric", "Setting"]
KINDS: Final[tuple[Kind, ...]] = ("Lesson", "Metric", "Setting")
_METRIC_STEP: Final = 7
_LOG_LOSS_STEP: Final = 5
# The step that explains a setting, and its exact meaning. The others are about learning by heart or about one training step.
_SETTING_DETAILS: Final[dict[str, tuple[int, str]]] = {
    "epochs": (6, "optimizer steps = epochs × rows / batch size"),
    "learning_rate": (5, "weight ← weight − learning rate × direction of AdamW (Loshchilov and Hutter 2019)"),
    "batch_size": (5, "texts whose mean loss gives one gradient"),
    "max_length": (1, "tokens, with [CLS] and [SEP]"),
    "warmup_ratio": (5, "rises linearly for this share of the steps, then falls linearly to 0"),
    "patience": (6, "early stopping: validations without a better score"),
    "seed": (5, "start of all random numbers: the untrained head, the order of the texts, dropout"),
    "dropout": (6, "each hidden value is 0 with probability p, else divided by 1 − p (Srivastava et al. 2014)"),
    "token_mask_rate": (6, "tokens replaced by [MASK] in training (word dropout, Iyyer et al. 2015)"),
    "weight_decay": (6, "weight ← weight × (1 − learning rate × weight decay) in each step (AdamW)"),
    "label_smoothing": (4, "target = (1 − ε) × label + ε / labels (Szegedy et al. 2016)"),
    "class_weight_power": (7, "(rows / (labels × rows of the label)) to this power, as a weight in the loss"),
    "max_grad_norm": (5, "gradient × min(1, maximum / norm of the gradient)"),
    "frozen_layers": (6, "layers whose weights get no gradient, from the lowest one up"),
    "layer_decay": (6, "learning rate of layer i = learning rate × decay^(layers above i) (Howard and Ruder 2018)"),
    "freeze_embeddings": (2, "the vectors before the first layer get no gradient"),
    "init_fitted_head": (4, "logistic regression on frozen features gives the first head (Kumar et al. 2022)"),
    "gradient_accumulation_steps": (5, "texts per step = batch size × this number"),
    "gradient_checkpointing": (5, "activations are computed again in the backward pass (Chen et al. 2016)"),
    "mixed_precision": (5, "matrix products in bfloat16 or float16, weights in float32 (Micikevicius et al. 2018)"),
}


@dataclass(frozen=True)
class Term:
    """An entry: its name in links, its title, plain words, the formula or exact definition, and the step that explains it."""

    name: str
    kind: Kind
    title: str
    description: str
    formula: str
    step: int

    def matches(self, words: str) -> bool:
        """Whether every word occurs in the title, the name, the description or the formula."""
        text = f"{self.name} {self.title} {self.description} {self.formula}".lower()
        return all(word in text for word in words.lower().split())


@cache
def glossary() -> dict[str, Term]:
    """All entries by name: the words of the lesson in its order, then metrics and settings."""
    terms = [
        *(Term(c.name, "Lesson", c.title, c.description, c.formula, c.step) for c in CONCEPTS),
        *(
            Term(
                m.name,
                "Metric",
                m.title,
                m.description,
                m.formula,
                _LOG_LOSS_STEP if m.name == "log_loss" else _METRIC_STEP,
            )
            for m in METRICS.values()
        ),
        *(
            Term(s.name, "Setting", s.title, s.description, _SETTING_DETAILS[s.name][1], _SETTING_DETAILS[s.name][0])
            for s in SETTINGS.values()
        ),
    ]
    return {term.name: term for term in terms}
