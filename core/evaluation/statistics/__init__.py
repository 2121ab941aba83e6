"""Counts, ranking metrics, intervals and resampling."""
