"""Make the head that ships with the app: the instant method on the clinic sample's default split. Run by ``make demo-head``."""

from core.data.columns import apply_columns
from core.data.samples import CLINIC
from core.data.splitting import SplitPlan, split
from core.evaluation.metrics import summarise
from core.models import classifier as classifiers
from core.models.demo import DEMO_MODEL
from core.models.encoders import BUILT_IN
from core.training.config import TrainingConfig
from core.training.frozen import probe


def main() -> None:
    """Fit and save the head, and print how good it is on the test rows it has not seen."""
    labelled = apply_columns(CLINIC.read(), CLINIC.columns)
    splits = split(labelled, SplitPlan())
    config = TrainingConfig()
    untrained = classifiers.build(BUILT_IN, labelled.task, config.max_length)
    classifier = untrained.with_head(probe(untrained, splits, config.seed, lambda event: None).head)
    classifiers.save_head(classifier, DEMO_MODEL)
    targets = labelled.task.encode(splits.test["label"].tolist())
    print(summarise(labelled.task, targets, classifier.logits(splits.test["text"].tolist())))


if __name__ == "__main__":
    main()
