"""Make the head that ships with the app: the instant method on the clinic sample's default split. Run by ``make demo-head``."""

from core.data.columns import apply_columns
from core.data.samples import CLINIC
from core.data.splitting import SplitConfig, split
from core.evaluation.metrics.summary import summarize
from core.models import classifier as classifiers
from core.models.demo import DEMO_MODEL
from core.models.encoders import BUILT_IN
from core.training.config import TrainingConfig
from core.training.linear_probe import fit_probe


def main() -> None:
    """Fit and save the head, and print how good it is on the test rows it has not seen."""
    labeled = apply_columns(CLINIC.read(), CLINIC.columns)
    splits = split(labeled, SplitConfig())
    config = TrainingConfig()
    untrained = classifiers.build(BUILT_IN, labeled.task, config.max_length)
    classifier = untrained.with_head(fit_probe(untrained, splits, config.seed, lambda event: None).head)
    classifiers.save_head(classifier, DEMO_MODEL)
    targets = labeled.task.encode(splits.test["label"].tolist())
    print(summarize(labeled.task, targets, classifier.logits(splits.test["text"].tolist())))


if __name__ == "__main__":
    main()
