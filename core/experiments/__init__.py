"""Experiments: runs are created, trained in a worker process, repeated, and their settings searched."""
