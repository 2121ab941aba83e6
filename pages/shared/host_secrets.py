"""Secrets and settings of the host, from the environment or from secrets.toml."""

import os

import streamlit as st
from streamlit.errors import StreamlitSecretNotFoundError


def read_secret(name: str) -> str:
    """The value of a secret; empty if it is not set."""
    if value := os.environ.get(name, ""):
        return value
    try:
        return str(st.secrets.get(name, ""))
    except StreamlitSecretNotFoundError:
        return ""
