"""The entry point of ``streamlit run app.py``: the pages behind the middleware with visitor cookie and security headers.

Run as a plain script (by AppTest, or by a host without ``st.App``), it shows the pages without the middleware.
"""

import runpy
import sys
from pathlib import Path

import streamlit as st
from starlette.middleware import Middleware
from streamlit import config

ROOT = Path(__file__).resolve().parent
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from core.errors import ConfigError  # noqa: E402  (the path must be set first)
from core.limits import host_limits  # noqa: E402
from core.workspace import default_home  # noqa: E402
from pages.shared.housekeeping import housekeeping  # noqa: E402
from pages.shared.index_page import IndexPageMiddleware  # noqa: E402  (the path must be set first)
from pages.shared.middleware import VisitorCookieMiddleware  # noqa: E402  (the path must be set first)
from pages.shared.takeout_route import takeout_route  # noqa: E402
from pages.shared.upload_limits import UploadLimitMiddleware  # noqa: E402
from pages.shared.zip_download import download_route  # noqa: E402

ROUTER = ROOT / "pages" / "router.py"


def apply_limits() -> None:
    """Tell Streamlit how large an upload may be; ends the start with a sentence if a limit of the host has a wrong value."""
    try:
        largest = max(host_limits(shared).upload_mb for shared in (False, True))
    except ConfigError as error:
        sys.exit(f"error: {error}")
    config.set_option("server.maxUploadSize", largest)


def start_waiting_jobs() -> None:
    """Go on with the jobs that have waited since the server ran last."""
    if any((default_home() / "queue").glob("*.json")):
        from core.jobs.dispatcher import keep_dispatching  # pandas comes with it, and the server should start fast

        keep_dispatching(default_home(), forever=True)


def show_script_error(error: Exception) -> bool:
    """Show an error of a part of a page that runs by itself; whether it could be shown as a sentence."""
    from pages.shared.widgets import show_failure  # pandas comes with it, and the server should start fast

    return show_failure(error)


if st.runtime.exists() and st.runtime.scriptrunner.get_script_run_ctx() is not None:
    runpy.run_path(str(ROUTER))
else:
    apply_limits()
    start_waiting_jobs()
    app = st.App(
        ROUTER,
        lifespan=housekeeping,
        routes=[download_route(), takeout_route()],
        middleware=[
            Middleware(VisitorCookieMiddleware),
            Middleware(UploadLimitMiddleware),
            Middleware(IndexPageMiddleware),
        ],
        on_script_error=show_script_error,
    )
