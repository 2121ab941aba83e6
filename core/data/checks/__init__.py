"""Checks of labeled texts: each returns findings."""
