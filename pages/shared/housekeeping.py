"""What a server does beside answering: it drops models that nobody uses from memory, and purges idle workspaces once a day.

The thread imports nothing: two threads that import the same packages at once, as the first page does, can block each other. What
needs more than is loaded runs in a process of its own.
"""

import os
import subprocess
import sys
import threading
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import streamlit as st

from core.limits import host_limits
from core.workspace import VISITOR_PREFIX, default_home
from pages.shared.host_secrets import read_secret

_PROJECT = Path(__file__).resolve().parents[2]
_SECONDS, _PURGE_SECONDS = 60.0, 3 * 3600.0
# Memory is given back after this time without a prediction; loading the model again takes about a second.
_MODEL_IDLE_SECONDS = 15 * 60.0
_PUBLISHED_MODELS = "STUDIO_PUBLISHED_MODELS"


@asynccontextmanager
async def housekeeping(app: st.App) -> AsyncGenerator[None]:
    """Keep house in a thread for as long as the server runs, from its start on."""
    stopped = threading.Event()
    threading.Thread(target=_run, args=(stopped,), daemon=True, name="housekeeping").start()
    try:
        yield
    finally:
        stopped.set()


def _run(stopped: threading.Event) -> None:
    if addresses := read_secret(_PUBLISHED_MODELS):
        _run_module("core.hosting.startup", environment={_PUBLISHED_MODELS: addresses})
    purged = -_PURGE_SECONDS
    while True:
        if time.monotonic() - purged >= _PURGE_SECONDS and _has_visitors():
            purged = time.monotonic()
            _run_module("core", "purge")
        drop_unused_models(_MODEL_IDLE_SECONDS)
        start_waiting_jobs()
        if stopped.wait(_SECONDS):
            return


def drop_unused_models(seconds: float) -> int:
    """Drop the models that nobody asked for within so many seconds, if any was ever loaded; returns how many."""
    module = sys.modules.get("core.prediction.model_cache")
    shared_cache = getattr(module, "shared_cache", None)
    return int(shared_cache().drop_unused(seconds)) if shared_cache else 0


def start_waiting_jobs() -> None:
    """Start the jobs that a server which ended has left in the queue, if pages have loaded what that takes."""
    module = sys.modules.get("core.jobs.dispatcher")
    keep_dispatching = getattr(module, "keep_dispatching", None)
    if keep_dispatching:
        keep_dispatching(default_home())


def _has_visitors() -> bool:
    return host_limits(shared=True).idle_days > 0 and any((default_home() / "workspaces").glob(f"{VISITOR_PREFIX}*"))


def _run_module(*arguments: str, environment: dict[str, str] | None = None) -> None:
    subprocess.run(
        [sys.executable, "-m", *arguments],
        cwd=_PROJECT,
        env=os.environ | (environment or {}),
        stdin=subprocess.DEVNULL,
        check=False,
    )
