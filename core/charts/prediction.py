"""Charts of one prediction."""

import altair as alt
import pandas as pd

from core.charts.theme import BAR_HEIGHT, Chart, label_axis, percent_axis, share_scale


def label_probabilities(probabilities: dict[str, float], max_labels: int = 20) -> Chart:
    """A bar for each of the first ``max_labels`` labels, in the order given."""
    frame = pd.DataFrame(list(probabilities.items())[:max_labels], columns=["label", "probability"])
    # With sort=None, a chart that is shown already would keep the order of the text before.
    order = frame["label"].tolist()
    base = alt.Chart(frame).encode(y=alt.Y("label:N", sort=order, title=None, axis=label_axis()))
    bars = base.mark_bar(cornerRadiusEnd=3).encode(
        x=alt.X("probability:Q", scale=share_scale(), axis=percent_axis(), title=None),
        tooltip=[alt.Tooltip("label"), alt.Tooltip("probability:Q", format=".1%")],
    )
    numbers = base.mark_text(align="left", dx=4).encode(
        x=alt.X("probability:Q"), text=alt.Text("probability:Q", format=".0%"), color=alt.ColorValue("gray")
    )
    return alt.layer(bars, numbers).properties(height=alt.Step(BAR_HEIGHT + 4))
