"""Jobs that analyze a dataset (label errors, map of the texts) or a run (learning curve)."""
