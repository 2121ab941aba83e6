"""What the encoder gives without being fine-tuned: a linear head on its frozen features, which fine-tuning must beat."""

from core.data.splitting import Splits
from core.errors import ModelError
from core.models import classifier as classifiers
from core.models.head import fit_head
from core.task import Floats
from core.training.config import TrainingConfig


def answers(splits: Splits, config: TrainingConfig) -> Floats | None:
    """Logits for the validation rows, then the test rows, by one pass of the encoder as it came over all rows.

    None where the architecture has no frozen features.
    """
    task = splits.task
    try:
        classifier = classifiers.build(config.encoder, task, config.max_length)
        classifiers.pooled_model(classifier.model, config.encoder)
    except ModelError:
        return None
    texts = [text for _, frame in splits for text in frame["text"]]
    features = classifier.features(texts)
    trained, chosen = len(splits.train), len(splits.train) + len(splits.validation)
    targets = [task.encode(frame["label"].tolist()) for frame in (splits.train, splits.validation)]
    head = fit_head(task, (features[:trained], targets[0]), (features[trained:chosen], targets[1]), config.seed)
    return head.logits(features[trained:])
