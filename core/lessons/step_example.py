"""Step 5: the texts of one training step, and the step as a script for plain torch and transformers. Imports no torch."""

from dataclasses import dataclass
from typing import Final

HUB_ID: Final = "sentence-transformers/all-MiniLM-L6-v2"
LABELS: Final = ("negative", "positive")


@dataclass(frozen=True)
class StepExample:
    """Texts with their labels (0 or 1) and a learning rate; ``seed`` draws the untrained head."""

    texts: tuple[str, ...] = ("I love this movie", "This movie is bad")
    targets: tuple[int, ...] = (1, 0)
    learning_rate: float = 1e-4
    seed: int = 0

    def script(self, checkpoint: str = HUB_ID) -> str:
        """The step as a script that needs only torch and transformers; it prints the loss before and after."""
        return f"""import torch
from transformers import AutoModelForSequenceClassification, AutoTokenizer

checkpoint = {checkpoint!r}
torch.manual_seed({self.seed})
tokenizer = AutoTokenizer.from_pretrained(checkpoint)
model = AutoModelForSequenceClassification.from_pretrained(checkpoint, num_labels={len(LABELS)})
texts = {list(self.texts)!r}
batch = tokenizer(texts, padding=True, truncation=True, return_tensors="pt")
batch["labels"] = torch.tensor({list(self.targets)!r})
optimizer = torch.optim.AdamW(model.parameters(), lr={self.learning_rate!r})
loss = model(**batch).loss  # how wrong are we?
loss.backward()  # which way does each weight lower the loss?
optimizer.step()  # move each weight a little that way
print(loss.item(), model(**batch).loss.item())
"""


@dataclass(frozen=True)
class StepResult:
    """The loss before and after a step, and for each text the probability of the positive label before and after."""

    loss_before: float
    loss_after: float
    positive_before: tuple[float, ...]
    positive_after: tuple[float, ...]
