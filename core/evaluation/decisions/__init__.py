"""From probabilities to decisions: thresholds, calibration, abstention, conformal intervals."""
