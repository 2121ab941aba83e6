"""Encoders and what stands on them.

``files`` -> ``encoders`` -> ``download`` -> ``checkpoint`` -> ``tokenization`` -> ``pooling`` -> ``head`` -> ``classifier``.
"""
