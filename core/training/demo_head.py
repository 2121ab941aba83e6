"""Makes the head that ships with the app: an instant model of the clinic sample's default split. Run ``make demo-head``."""

from core.data.columns import apply_columns
from core.data.samples import CLINIC
from core.data.splitting import SplitConfig, split
from core.evaluation.metrics.summary import summarize
from core.jobs.events import ignore_event
from core.models.classifier import build_classifier, save_head
from core.models.demo import DEMO_MODEL
from core.models.encoders import BUILT_IN
from core.training.config import TrainingConfig
from core.training.linear_probe import fit_probe


def main() -> None:
    """Fit and save the head, and print its metrics on the test rows."""
    labeled = apply_columns(CLINIC.read(), CLINIC.columns)
    splits = split(labeled, SplitConfig())
    config = TrainingConfig()
    untrained = build_classifier(BUILT_IN, labeled.task, config.max_length)
    fitted = fit_probe(untrained, splits, config.seed, ignore_event, include_test=True)
    save_head(untrained.with_head(fitted.head), DEMO_MODEL)
    y_true = labeled.task.encode(splits.test["label"].tolist())
    print(summarize(labeled.task, y_true, fitted.logits[len(splits.validation) :]))


if __name__ == "__main__":
    main()
