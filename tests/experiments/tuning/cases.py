"""A small search on made-up texts."""

from core.data.columns import ColumnChoice
from core.data.dataset import save_dataset
from core.data.reading.files import read_bytes
from core.data.splitting import SplitConfig
from core.experiments.tuning.search import Search, create_search
from core.experiments.tuning.space import SearchRange
from core.training.config import TrainingConfig
from core.workspace import Workspace
from tests.training.cases import toy

SPACE = (SearchRange("learning_rate", 1e-4, 1e-2, "log"), SearchRange("epochs", 1, 3, "whole"))


def make_search(workspace: Workspace, encoder: str) -> Search:
    """A search of six trials that is ready to start."""
    frame = toy("binary").train
    lines = [f"{text},{label}" for text, label in zip(frame["text"], frame["label"], strict=True)]
    table = read_bytes(("text,label\n" + "\n".join(lines)).encode(), "toy.csv")
    dataset = save_dataset(workspace, table, ColumnChoice("text", "label", "binary"), SplitConfig(), "Toy")
    config = TrainingConfig(encoder=encoder, max_length=16, batch_size=8, mixed_precision=False)
    return create_search(workspace, dataset, config, SPACE, 6)
