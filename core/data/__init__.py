"""From uploaded bytes to train, validation and test rows: ``reading`` -> ``columns`` -> ``dataset`` -> ``splitting``."""
