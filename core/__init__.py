"""The engine of Finetune Studio: plain functions and small frozen dataclasses, no user interface.

Reading order: ``task`` -> ``data`` -> ``models`` -> ``training`` -> ``evaluation`` -> ``prediction``; ``runs`` and ``jobs``
say where the results lie and how long work is run.
"""
