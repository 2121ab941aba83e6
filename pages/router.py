"""Page set-up and navigation, nothing else."""

from pathlib import Path

import streamlit as st

from core.errors import StudioError
from pages.shared.ui import show_error

_PAGES = Path(__file__).resolve().parent

page = st.navigation(
    [
        st.Page(_PAGES / "home.py", title="Home", icon=":material/home:", default=True),
        st.Page(_PAGES / "data.py", title="Data", icon=":material/table_view:"),
        st.Page(_PAGES / "train.py", title="Train", icon=":material/model_training:"),
        st.Page(_PAGES / "evaluate.py", title="Evaluate", icon=":material/monitoring:"),
        st.Page(_PAGES / "predict.py", title="Predict", icon=":material/chat:"),
        st.Page(_PAGES / "models.py", title="Models", icon=":material/inventory_2:"),
    ]
)
st.set_page_config(page_title=f"{page.title} · Finetune Studio", page_icon=":material/tune:", layout="wide")
try:
    page.run()
except StudioError as error:
    show_error(error)
