"""Estimates of the time and memory that a training takes on this machine."""
