"""How good a model is, from arrays alone. Knows nothing of models.

::

    metrics      the few figures a run is listed by        figures      a figure with its interval, and in a sentence
    measures     every figure: class_, label_, number_measures, areas (under curves); per_class a table of classes
    counts       measures of counts of each class          ranking      measures of an order; both for many resamples at once
    intervals    Wilson, and resampling                    comparison   two models on the same rows
    calibration  do probabilities mean what they say       thresholds   from which probability on a label is given
    selective    answering only where sure                 slices       kinds of texts that do worse
    confusion    what is taken for what                    curves       ROC and precision-recall
    baselines    what a model must beat                    mistakes     which texts are wrong
    learning_curve  would more data help                   one_vs_rest  each label against the others
"""
