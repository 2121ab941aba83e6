"""Admin: visitors, jobs, disk, memory, published models, idle workspaces and the audit log of this host, behind a secret."""

import dataclasses

import pandas as pd
import streamlit as st

from core import audit
from core.disk import format_megabytes, total_bytes
from core.formatting import pluralize
from core.hosting.deletion import delete_workspace
from core.hosting.idle import due_workspaces, purge
from core.hosting.overview import (
    ActiveJob,
    VisitorOverview,
    app_memory_bytes,
    list_active_jobs,
    list_overviews,
    list_published,
    visitor_table,
)
from core.jobs import process
from core.prediction.model_cache import shared_cache
from core.publishing.publication import unpublish
from core.workspace import default_home
from pages.shared.admin_access import is_admin, sign_in, sign_out
from pages.shared.widgets import escape_markdown, page_header, show_error, show_errors

_SHOWN_ENTRIES = 200


def show_sign_in() -> None:
    """A form for the secret."""
    with st.form("admin", border=True):
        typed = st.text_input("Secret", type="password", autocomplete="current-password")
        submitted = st.form_submit_button("Sign in", type="primary")
    if submitted:
        with show_errors():
            if sign_in(typed or ""):
                st.rerun()
            show_error("This is not the secret.", "Type the value of STUDIO_ADMIN_SECRET.")


def show_figures(overviews: list[VisitorOverview], jobs: list[ActiveJob]) -> None:
    """The figures of the host."""
    models = shared_cache()
    figures = {
        "Visitors": f"{len(overviews):,}",
        "Jobs": f"{len(jobs):,}",
        "Disk": format_megabytes(total_bytes(default_home())),
        "Memory": format_megabytes(app_memory_bytes(jobs)),
        "Models in memory": f"{len(models):,}",
    }
    with st.container(horizontal=True):
        for label, value in figures.items():
            st.metric(label, value, border=True)
    if len(models) and st.button(f"Drop the models from memory ({format_megabytes(models.nbytes)})"):
        models.drop(lambda key: True)
        st.rerun()


def show_visitors(overviews: list[VisitorOverview]) -> None:
    """All visitors, and the deletion of one workspace."""
    st.header("Visitors", anchor=False)
    if not overviews:
        st.caption("No workspace holds anything.")
        return
    st.dataframe(visitor_table(overviews), hide_index=True, alt="All visitors, the largest workspace first")
    with st.popover("Delete a workspace", icon=":material/delete:"):
        chosen = st.selectbox("Workspace", overviews, format_func=lambda item: item.name, key="admin-workspace")
        st.markdown(f"Delete {chosen.contents.describe()} of {chosen.name} permanently? Jobs and links end at once.")
        if st.button("Delete the workspace permanently"):
            with show_errors():
                delete_workspace(chosen.workspace, audit.ADMIN)
                st.rerun()


def show_jobs(jobs: list[ActiveJob]) -> None:
    """All jobs that are queued or running, and a button that stops one."""
    st.header("Jobs", anchor=False)
    if not jobs:
        st.caption("No job is queued or running.")
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = st.selectbox("Job", jobs, format_func=lambda job: job.title, key="admin-job")
        if st.button("Stop the job", icon=":material/stop_circle:"):
            process.stop(chosen.folder)
            audit.record(default_home(), audit.ADMIN, "stopped", f"{chosen.kind} of {chosen.visitor}")
            st.rerun()


def show_published_models() -> None:
    """All links that work, and a button that ends one."""
    st.header("Published models", anchor=False)
    published = list_published(default_home())
    if not published:
        st.caption("No model is published.")
        return
    rows = [
        {"Title": p.publication.texts.title, "Visitor": p.visitor, "Since": p.publication.created} for p in published
    ]
    st.dataframe(pd.DataFrame(rows), hide_index=True, alt="All published models")
    with st.popover("End a link", icon=":material/public_off:"):
        chosen = st.selectbox(
            "Published model",
            published,
            format_func=lambda item: f"{item.publication.texts.title} ({item.visitor})",
            key="admin-link",
        )
        if st.button("End the link now"):
            unpublish(chosen.run)
            audit.record(default_home(), audit.ADMIN, "unpublished", f"a model of {chosen.visitor}")
            st.rerun()


def show_purge() -> None:
    """The idle workspaces that are due, and a button that deletes them now."""
    st.header("Idle workspaces", anchor=False)
    due = due_workspaces(default_home())
    if not due:
        st.caption("No workspace is due. They are counted once a day.")
        return
    names = ", ".join(f"{audit.pseudonym(i.workspace.root.name)} ({pluralize(i.days, 'day')})" for i in due)
    st.markdown(escape_markdown(names))
    if st.button(f"Delete {pluralize(len(due), 'idle workspace')} now"):
        purge(default_home(), audit.ADMIN)
        st.rerun()


def show_audit_log() -> None:
    """The last entries of the audit log."""
    st.header("Audit log", anchor=False)
    entries = audit.latest_entries(default_home(), _SHOWN_ENTRIES)
    if not entries:
        st.caption("There is no entry yet.")
        return
    table = pd.DataFrame([dataclasses.asdict(entry) for entry in entries]).rename(columns=str.capitalize)
    st.dataframe(table, hide_index=True, alt="The last entries of the audit log, the newest first")


page_header("Admin", "What runs on this host, and what can be ended. Visitors appear under pseudonyms.")
if is_admin():
    overviews = list_overviews(default_home())
    active = list_active_jobs(overviews)
    show_figures(overviews, active)
    show_jobs(active)
    show_visitors(overviews)
    show_published_models()
    show_purge()
    show_audit_log()
    if st.button("Sign out", icon=":material/logout:"):
        sign_out()
        st.rerun()
else:
    show_sign_in()
