"""Renders the templates. Names and texts of users enter the code only as literals, so they cannot change what it does."""

import pprint
import re
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from jinja2 import Environment, FileSystemLoader, StrictUndefined

_WIDTH = 100


def python_literal(value: Any) -> str:
    """A Python literal of a string, number, bool, None, list, tuple or dict of these.

    Raises:
        TypeError: the value has another type, whose ``repr`` could be anything.
    """
    _check(value)
    return pprint.pformat(value, width=_WIDTH, sort_dicts=False, compact=True)


def render(template: str, **values: Any) -> str:
    """The code that a template of this package makes of these values; ``{{ value | py }}`` writes a value as a literal."""
    code = _environment().get_template(template).render(values)
    return re.sub(r"\n{4,}", "\n\n\n", code)  # no literal has a newline of its own


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=False,  # the output is Python, not HTML
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["py"] = python_literal
    return environment


def _check(value: Any) -> None:
    if isinstance(value, dict):
        _check([*value.keys(), *value.values()])
    elif isinstance(value, list | tuple):
        for part in value:
            _check(part)
    elif type(value) is float:
        if not np.isfinite(value):
            raise TypeError(f"{value} has no literal")
    elif value is not None and type(value) not in (str, int, bool):
        raise TypeError(f"expected a plain value, found {type(value).__name__}")
