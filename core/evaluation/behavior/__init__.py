"""Behavioral tests in the manner of CheckList: texts that are changed on purpose, and what the predictions must then do."""
