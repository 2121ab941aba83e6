"""From logits to decisions: predictions, thresholds, calibration, abstention, conformal intervals."""
