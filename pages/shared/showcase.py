"""Charts of a finished run that ships with the app: what pages will show once there is a run."""

import pandas as pd
import streamlit as st

from core.charts import home as home_charts
from core.experiments.showcase import read_showcase


def show_losses() -> None:
    """The training loss of the run."""
    losses = pd.DataFrame(
        [(int(step), loss) for step, loss in read_showcase().losses.items()], columns=["step", "loss"]
    )
    smooth = losses.assign(loss=losses["loss"].rolling(5, min_periods=1, center=True).mean().round(3))
    st.altair_chart(home_charts.small_loss(smooth), alt="Training loss by step", key="showcase-loss")


def show_scores() -> None:
    """The test accuracy of the run and of its baselines."""
    scores = pd.DataFrame(read_showcase().scores)
    st.altair_chart(home_charts.small_scores(scores), alt="Test accuracy with 95% intervals", key="showcase-scores")
