"""Where the rows of made-up runs come from."""

from core.data.dataset import DatasetRef
from core.data.splitting import SplitConfig
from core.runs import RunSource

TOY_SOURCE = RunSource(DatasetRef("", "Toy", "0" * 16), SplitConfig())
