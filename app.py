"""What ``streamlit run app.py`` starts: the visitor's cookie and the security headers around the pages.

Executed as a plain script (by AppTest, or by a host that knows no ``st.App``) it shows the pages all the same.
"""

import runpy
import sys
from pathlib import Path

import streamlit as st
from starlette.middleware import Middleware

ROOT = Path(__file__).resolve().parent
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from pages.shared.middleware import VisitorCookieMiddleware  # noqa: E402  (the path must be set first)

ROUTER = ROOT / "pages" / "router.py"

if st.runtime.exists() and st.runtime.scriptrunner.get_script_run_ctx() is not None:
    runpy.run_path(str(ROUTER))
else:
    app = st.App(ROUTER, middleware=[Middleware(VisitorCookieMiddleware)])
