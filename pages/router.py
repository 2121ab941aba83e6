"""Page configuration, navigation and the sidebar."""

from pathlib import Path

import streamlit as st

from core.hub import allow_hub_token
from pages.shared import sidebar
from pages.shared.admin_access import admin_page, admin_secret
from pages.shared.navigation import pages, published_page
from pages.shared.visit import record_visit
from pages.shared.visitor import is_local
from pages.shared.widgets import show_failure

_ASSETS = Path(__file__).parent / "assets"

allow_hub_token(is_local())

extra_pages = [published_page(), *([admin_page()] if admin_secret() else [])]
page = st.navigation([*pages().values(), *extra_pages], position="hidden")
published = page is published_page()
st.set_page_config(
    page_title=f"{page.title} · Finetune Studio",
    page_icon=_ASSETS / "icon.svg",
    layout="centered" if published else "wide",
)
st.logo(_ASSETS / "logo.svg", icon_image=_ASSETS / "icon.svg", size="large")
slots = {} if published else sidebar.show_links()
try:
    if not published:
        record_visit()
    page.run()
except Exception as error:
    if not show_failure(error):
        raise
if not published:
    # After the page, because the page may choose another dataset or run.
    sidebar.show_state(slots, sidebar.current_workflow())
