"""Evaluation of a model from arrays alone: targets and logits. Knows nothing of models.

::

    statistics    counts and ranking metrics for many resamples at once; intervals; resampling
    decisions     predictions from logits, thresholds, calibration, abstention, conformal intervals
    metrics       definitions (the table of metrics), summary (without intervals), compute (with them), per_class
    diagnostics   confusion, curves, mistakes, slices, learning_curve
    comparison    two models on the same rows
    baselines     what a model must beat
"""
