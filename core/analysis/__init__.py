"""Jobs that look into a data set or a run: label errors, a map of the texts, a learning curve."""
