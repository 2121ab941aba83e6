"""Writes a report to a file."""

from pathlib import Path

from core.errors import RunError
from core.reports.html import render_html
from core.reports.markdown import render_markdown
from core.runs import Run
from core.workspace import write_atomically

_FORMATS = {".html": render_html, ".htm": render_html, ".md": render_markdown}


def write_report(run: Run, path: Path) -> None:
    """Write the report on a finished run: HTML or Markdown, depending on the ending of the file's name.

    Raises:
        RunError: the name has another ending, or the run has no results.
        StorageError: a stored file of the run is damaged.
    """
    render = _FORMATS.get(path.suffix.lower())
    if render is None:
        raise RunError(f"Expected a report name ending in .html or .md, found {path.name}.", "Use report.html.")
    text = render(run)
    write_atomically(path, lambda temporary: temporary.write_text(text, encoding="utf-8"))
