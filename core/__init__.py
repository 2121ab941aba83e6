"""The engine of Finetune Studio: plain functions and small frozen dataclasses, no user interface.

Reading order: ``task`` -> ``data`` -> ``models`` -> ``training`` -> ``evaluation`` -> ``prediction``; ``runs`` and ``jobs``
say where the results lie and how long work is run.
"""

import os

# How long an idle thread of torch spins before it sleeps; read when torch is loaded. Measured on 4 cores, a training step alone
# and beside one busy process: never 0.22 and 0.28 s, this long 0.15 and 0.30 s, ten times as long 0.13 and 0.69 s, the default
# of libgomp 0.15 s and minutes.
os.environ.setdefault("GOMP_SPINCOUNT", "1000")
