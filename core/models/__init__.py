"""Encoders and the classifiers built on them.

``files`` -> ``encoders`` -> ``download`` -> ``checkpoint`` -> ``tokenization`` -> ``pooling`` -> ``head`` -> ``classifier``.
"""
