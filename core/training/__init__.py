"""From splits and a config to a trained model in a run folder: ``config`` -> ``trainer`` or ``instant`` -> ``worker``."""
