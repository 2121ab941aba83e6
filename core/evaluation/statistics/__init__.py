"""Counts, ranks, intervals and resampling behind the metrics."""
