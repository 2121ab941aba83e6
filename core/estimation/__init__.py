"""How long a training takes and how much memory it needs on this machine."""
