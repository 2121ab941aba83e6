"""The behavioral tests of a dataset and their results for a run: kept beside both, run at each training and on request."""
