"""Altair charts. Each function takes a DataFrame and returns a chart; the app's theme sets colors and fonts."""
