"""Makes the head that ships with the app: an instant model of the clinic sample's default split. Run ``make demo-head``."""

from core.data.columns import apply_columns
from core.data.samples import CLINIC
from core.data.splitting import SplitConfig, split
from core.evaluation.metrics.summary import summarize
from core.jobs.events import ignore_event
from core.models.demo import DEMO_MODEL
from core.models.encoders import BUILT_IN
from core.models.features import load_frozen_encoder
from core.models.record import ModelRecord, write_head
from core.training.config import TrainingConfig
from core.training.linear_probe import fit_probe


def main() -> None:
    """Fit and save the head, and print its metrics on the test rows."""
    labeled = apply_columns(CLINIC.read(), CLINIC.columns)
    splits = split(labeled, SplitConfig())
    config = TrainingConfig()
    encoder = load_frozen_encoder(BUILT_IN, config.max_length)
    fitted = fit_probe(encoder, splits, config.seed, ignore_event, include_test=True)
    write_head(DEMO_MODEL, fitted.head, ModelRecord("head", labeled.task, BUILT_IN, encoder.max_length))
    y_true = labeled.task.encode(splits.test["label"].tolist())
    print(summarize(labeled.task, y_true, fitted.logits[len(splits.validation) :]))


if __name__ == "__main__":
    main()
