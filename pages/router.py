"""Page configuration and navigation."""

import streamlit as st

from core.errors import StudioError
from pages.shared.navigation import pages
from pages.shared.widgets import show_error

page = st.navigation(list(pages().values()))
st.set_page_config(page_title=f"{page.title} · Finetune Studio", page_icon="🎯", layout="wide")
try:
    page.run()
except StudioError as error:
    show_error(error.message, error.hint)
