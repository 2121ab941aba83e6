"""Publish a run as a read-only link, change what visitors read there, and end the link."""

from urllib.parse import urlencode, urlsplit

import streamlit as st

from core import audit
from core.errors import StorageError
from core.publishing.publication import (
    MAX_EXAMPLES,
    MAX_TEXT,
    MAX_TITLE,
    Publication,
    PublicTexts,
    find_publication,
    join_examples,
    publish,
    split_examples,
    unpublish,
)
from core.runs import Run
from pages.sections.models.health import show_health
from pages.shared.visitor import is_local, workspace
from pages.shared.widgets import show_error, show_errors


def show_publication(run: Run) -> None:
    """The publication of a finished run: its link, its texts, its health; a form to publish it while there is none."""
    try:
        publication = find_publication(run)
    except StorageError as error:
        show_error(error.message, "Remove the publication, then publish the model again. The link changes.")
        if st.button("Remove the publication", key=f"remove-{run.id}"):
            unpublish(run)
            st.rerun()
        return
    with st.expander("Published" if publication else "Publish", icon=":material/public:", expanded=bool(publication)):
        if publication is None:
            st.caption("Anybody with the link can use the model. They see what you write here and none of your data.")
        else:
            _show_link(publication)
        _edit_texts(run, publication)
        if publication is not None:
            with show_errors():
                show_health(run)
            _show_unpublish(run)


def _record(action: audit.Action) -> None:
    here = workspace()
    audit.record(here.home, audit.pseudonym(here.root.name), action, "a model")


def _show_link(publication: Publication) -> None:
    address = urlsplit(st.context.url or "")
    page = address._replace(path=address.path.rpartition("/")[0] + "/published", fragment="")
    st.code(page._replace(query=urlencode({"model": publication.id})).geturl(), language=None, wrap_lines=True)
    if is_local():
        st.caption("This app accepts connections from this machine only, so nobody else can open the link.")


def _edit_texts(run: Run, publication: Publication | None) -> None:
    """A form with the texts that visitors read; nothing of the dataset is filled in."""
    texts = publication.texts if publication else PublicTexts(run.name[:MAX_TITLE])
    with st.form(f"publish-{run.id}", border=False):
        title = st.text_input("Title", texts.title, max_chars=MAX_TITLE)
        description = st.text_area(
            "Description", texts.description, max_chars=MAX_TEXT, placeholder="What it predicts, and for which texts"
        )
        limits = st.text_area(
            "Limits",
            texts.limits,
            max_chars=MAX_TEXT,
            placeholder="Where it fails, and what it must not be used for",
        )
        examples = st.text_area(
            f"Examples, one per line (up to {MAX_EXAMPLES})",
            join_examples(texts.examples),
            help="Visitors read them, so do not use private texts.",
        )
        label = "Save changes" if publication else "Publish"
        submitted = st.form_submit_button(label, type="primary", icon=":material/public:")
    if submitted:
        with show_errors():
            publish(run, PublicTexts(title or "", description or "", limits or "", split_examples(examples or "")))
            if publication is None:
                run.record_test_view("publication")
                _record("published")
            st.rerun()


def _show_unpublish(run: Run) -> None:
    with st.popover("Unpublish", icon=":material/public_off:", key=f"unpublish-{run.id}"):
        st.markdown("The link ends at once, and the record of its use is deleted. Corrections stay.")
        if st.button("Unpublish now", type="primary", key=f"confirm-unpublish-{run.id}"):
            unpublish(run)
            _record("unpublished")
            st.rerun()
