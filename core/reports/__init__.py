"""Reports on a run: what they say, as an HTML page and as a model card in Markdown."""
