"""Plain Python (pandas, scikit-learn, transformers) that repeats what the pages did, as text that runs without this project."""
