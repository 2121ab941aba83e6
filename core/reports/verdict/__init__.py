"""A verdict on a run in plain words: how good, how sure, did it help, where it fails, what to do next."""
