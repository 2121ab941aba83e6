"""The zip of a run: the scripts that are copied into it, which do not import this project, and the checks of an import."""
