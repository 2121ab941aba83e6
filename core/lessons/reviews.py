"""Step 6: the sentences to learn by heart, and the settings of a training on them. Imports no torch."""

from dataclasses import dataclass
from typing import Final

import pandas as pd

from core.task import Floats
from core.types import IndexArray

# Sentences with 1 for a positive review and 0 for a negative one.
TRAIN: Final = (
    ("I love this movie", 1),
    ("A wonderful film from start to finish", 1),
    ("The acting is superb", 1),
    ("I laughed all evening", 1),
    ("A warm and clever story", 1),
    ("I would watch it again tomorrow", 1),
    ("This movie is bad", 0),
    ("A boring film without a plot", 0),
    ("The acting is wooden", 0),
    ("I fell asleep after an hour", 0),
    ("A cold and empty story", 0),
    ("I want my money back", 0),
)
HELD_OUT: Final = (
    ("The best evening I have had in years", 1),
    ("Funny, moving and beautifully shot", 1),
    ("Every minute is worth it", 1),
    ("I could not stop smiling", 1),
    ("Not bad at all, I enjoyed it", 1),
    ("The ending made me cry happy tears", 1),
    ("My whole family adored it", 1),
    ("You will not want it to end", 1),
    ("Two hours of my life that I will not get back", 0),
    ("The jokes are not funny", 0),
    ("I hoped to love it, but I did not", 0),
    ("Nobody in the audience laughed", 0),
    ("The story makes no sense", 0),
    ("I left before the end", 0),
    ("A waste of good actors", 0),
    ("It never gets going", 0),
)
STEPS: Final = 100
LEARNING_RATES: Final = (1e-4, 1e-3, 1e-2)
DROPOUTS: Final = (0.0, 0.5, 0.8)
# Steps without a lower held-out loss after which early stopping ends the training.
PATIENCE: Final = 10


@dataclass(frozen=True)
class Reviews:
    """Features (n, hidden) and labels (n,) of the sentences to learn and of those held out."""

    train: tuple[Floats, IndexArray]
    held_out: tuple[Floats, IndexArray]


@dataclass(frozen=True)
class HeadSettings:
    """The settings of a training: the learning rate, the share of hidden values dropped, and whether to stop early."""

    learning_rate: float = 1e-2
    dropout: float = 0.0
    early_stopping: bool = False
    seed: int = 0


def best_step(history: pd.DataFrame) -> int:
    """The step with the lowest held-out loss."""
    return int(history["step"].iloc[int(history["held_out_loss"].argmin())])
