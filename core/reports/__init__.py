"""Reports of a run as HTML or Markdown."""
