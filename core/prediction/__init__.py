"""A trained model at work: ``predict`` texts, ``bundle`` it for others."""
