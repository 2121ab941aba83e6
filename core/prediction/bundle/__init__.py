"""Files that are copied into the zip of a run. They use plain transformers and do not import this project."""
