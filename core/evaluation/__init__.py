"""How good a model is, from arrays alone: ``metrics``, ``baselines``, ``mistakes``. Knows nothing of models."""
