"""Altair charts: DataFrame in, chart out."""
