"""The share of each class in texts without labels, estimated from a model's predictions and held-out labeled rows."""
