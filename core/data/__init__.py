"""From uploaded bytes to three clean splits: ``reading`` -> ``columns`` -> ``dataset`` -> ``splitting``."""
