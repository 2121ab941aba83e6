"""A linear head on an encoder's features: what the instant model is, and where fine-tuning starts from."""

from dataclasses import dataclass

from core.task import Floats


@dataclass(frozen=True)
class Head:
    """Logits are ``features @ weight.T + bias``; weight (outputs, features), bias (outputs,), both float32."""

    weight: Floats
    bias: Floats
    C: float

    def logits(self, features: Floats) -> Floats:
        """Outputs (n, outputs) for features (n, features)."""
        return features @ self.weight.T + self.bias
