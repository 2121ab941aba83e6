"""A linear head on the features of an encoder: all that an instant model trains, and where fine-tuning starts."""

from dataclasses import dataclass

from core.task import Floats


@dataclass(frozen=True)
class Head:
    """A linear layer: logits are ``features @ weight.T + bias``.

    ``weight`` is (outputs, features) and ``bias`` (outputs,), both float32. ``C`` is the inverse regularization strength
    of the fit, as in scikit-learn.
    """

    weight: Floats
    bias: Floats
    C: float

    def logits(self, features: Floats) -> Floats:
        """Logits (n, outputs) for features (n, features)."""
        return features @ self.weight.T + self.bias
