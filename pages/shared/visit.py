"""A visit: it keeps the workspace from being purged, and a visitor who comes back late is warned."""

import streamlit as st

from core.formatting import pluralize
from core.hosting.idle import record_use
from core.limits import host_limits
from pages.shared.visitor import is_local, workspace


def record_visit() -> None:
    """Record that the workspace is used. After half of the days that the host states, say when it would have been deleted."""
    if is_local():
        return
    days, limit = record_use(workspace()), host_limits(shared=True).idle_days
    if days and 2 * days >= limit > 0:
        st.toast(
            f"You were away for {pluralize(days, 'day')}. After {pluralize(limit, 'day')} without a visit this workspace is "
            "deleted. Your data, in the menu, has a zip of everything.",
            icon=":material/schedule:",
            duration="infinite",
        )
