"""The instant model that ships with the app, so that the first visitor can predict at once; ``make demo-head`` writes it."""

from pathlib import Path

DEMO_MODEL = Path(__file__).parent
