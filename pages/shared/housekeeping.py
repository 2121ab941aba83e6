"""What a server does beside answering: start the jobs that wait, drop unused models from memory, purge idle workspaces."""

import threading
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import streamlit as st

from core.workspace import default_home
from pages.shared.host_secrets import read_secret

_SECONDS = 60.0
# Memory is given back after this time without a prediction; loading the model again takes about a second.
_MODEL_IDLE_SECONDS = 15 * 60.0


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
    from core.errors import StudioError  # the server should answer before these are imported
    from core.hosting.idle import purge
    from core.hosting.startup import publish_at_start
    from core.jobs.dispatcher import keep_dispatching
    from core.prediction.model_cache import shared_cache

    keep_dispatching(default_home(), forever=True)
    if addresses := read_secret("STUDIO_PUBLISHED_MODELS"):
        print("\n".join(publish_at_start(default_home(), addresses)), flush=True)
    while True:
        try:
            purge(default_home())
            shared_cache().drop_unused(_MODEL_IDLE_SECONDS)
        except (StudioError, OSError) as error:
            print(f"housekeeping: {error}", flush=True)
        if stopped.wait(_SECONDS):
            return
