"""Your data: what this workspace holds, a zip of everything, what the host allows, and the deletion of everything."""

import shutil
import tempfile
from pathlib import Path

import streamlit as st

from core import audit
from core.disk import MEGABYTE, format_megabytes
from core.formatting import pluralize
from core.hosting.conditions import describe_limits
from core.hosting.contents import Contents, measure_contents
from core.hosting.deletion import delete_workspace
from core.hosting.takeout_import import import_takeout
from core.limits import host_limits
from pages.shared import cache
from pages.shared.takeout_route import PATH
from pages.shared.visitor import is_local, workspace
from pages.shared.widgets import escape_markdown, page_header, show_errors
from pages.shared.zip_download import is_streamed

_DELETED = "deleted_contents"


def show_contents(contents: Contents) -> None:
    """How much there is, and how much of the disk it takes."""
    granted = host_limits(not is_local()).visitor_disk_mb * MEGABYTE
    with st.container(border=True):
        st.header("Stored", anchor=False)
        if contents.is_empty:
            st.markdown("Nothing is stored yet.")
        else:
            st.markdown(f"This workspace holds {contents.describe()}.")
        if granted:
            text = f"{format_megabytes(contents.bytes)} of {format_megabytes(granted)} used"
            st.progress(min(1.0, contents.bytes / granted), text)
        if contents.active_jobs:
            st.markdown(f"{pluralize(len(contents.active_jobs), 'job is', 'jobs are')} queued or running.")


def show_takeout(contents: Contents) -> None:
    """A link to the zip of everything, and the way back."""
    with st.container(border=True):
        st.header("Take everything along", anchor=False)
        st.markdown(
            "One zip with every dataset, model, prediction and correction. Another Finetune Studio can import it."
        )
        if contents.is_empty:
            st.caption("There is nothing to take along yet.")
        elif is_streamed():
            st.link_button(
                f"Download everything (about {format_megabytes(contents.bytes)})",
                PATH,
                icon=":material/download:",
            )
        else:
            st.caption("On the command line: `python -m core takeout everything.zip`")
        with st.expander("Import a zip of everything", icon=":material/upload:"):
            show_import()


def show_import() -> None:
    """Upload a zip of everything and import its datasets and models."""
    file = st.file_uploader("Zip of everything", type="zip")
    if file is None or not st.button("Import all"):
        return
    with show_errors(), st.spinner("Checking the datasets and models"), tempfile.NamedTemporaryFile() as copy:
        shutil.copyfileobj(file, copy)
        copy.flush()
        imported = import_takeout(workspace(), Path(copy.name))
        st.success(f"{imported.describe()} imported.", icon=":material/check:")
        for reason in imported.refused:
            st.warning(escape_markdown(reason), icon=":material/block:")


def show_limits() -> None:
    """What this host allows."""
    with st.container(border=True):
        st.header("Limits of this host", anchor=False)
        st.markdown("\n".join(f"- {sentence}" for sentence in describe_limits(host_limits(not is_local()))))


def show_deletion(contents: Contents) -> None:
    """Delete everything, after saying what will go."""
    with st.container(border=True):
        st.header("Delete everything", anchor=False)
        st.markdown("Everything of this workspace is deleted from the host at once and cannot be brought back.")
        with st.popover("Delete everything of mine", icon=":material/delete:", disabled=contents.is_empty):
            st.markdown(f"Delete **{contents.describe()}** permanently?")
            if contents.active_jobs:
                running = pluralize(len(contents.active_jobs), "running job is", "running jobs are")
                st.markdown(f"{running} stopped first.")
            if contents.published:
                st.markdown(f"{pluralize(contents.published, 'published link ends', 'published links end')} at once.")
            if st.button("Delete everything permanently", icon=":material/delete_forever:"):
                with show_errors():
                    delete_everything()


def delete_everything() -> None:
    """Delete the workspace, and what of it is in memory."""
    here = workspace()
    with st.spinner("Deleting"):
        deleted = delete_workspace(here, audit.pseudonym(here.root.name))
    cache.forget(here.root)
    st.session_state.clear()
    st.session_state[_DELETED] = deleted.describe()
    st.rerun()


page_header("Your data", "What is stored of you here, how to take it along, and how to delete it.")
if deleted := st.session_state.pop(_DELETED, ""):
    st.success(f"Deleted: {deleted}.", icon=":material/check:")
stored = measure_contents(workspace())
show_contents(stored)
show_takeout(stored)
show_limits()
show_deletion(stored)
