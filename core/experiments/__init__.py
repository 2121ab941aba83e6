"""Runs: launched, trained in a worker, repeated."""
