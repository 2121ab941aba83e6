"""Encoders and what stands on them: ``encoders`` -> ``tokenization`` -> ``pooling`` -> ``head`` -> ``classifier``."""
