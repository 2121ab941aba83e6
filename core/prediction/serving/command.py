"""The command ``python -m core serve``. Heavy modules are imported when it runs."""

import argparse
import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from core.prediction.serving.options import DEFAULT_HOST, DEFAULT_PORT, Limits, ServeOptions
from core.runs import Run, find_run
from core.workspace import Workspace, default_home, workspace_of

if TYPE_CHECKING:
    from argparse import _SubParsersAction

TOKEN_VARIABLE = "STUDIO_SERVE_TOKEN"
_ABOUT = "Serve trained models over HTTP."


def add_serve_parser(parsers: "_SubParsersAction[argparse.ArgumentParser]") -> argparse.ArgumentParser:
    """Add the command to the subcommands of a parser; ``options.command`` becomes :func:`serve_command`."""
    parser = parsers.add_parser("serve", help=_ABOUT, description=_ABOUT)
    parser.set_defaults(command=serve_command)
    parser.add_argument("runs", nargs="+", metavar="RUN", help="its id, or its folder; the first is the default model")
    parser.add_argument("--workspace", type=Path, help="folder for datasets and runs (default: under $STUDIO_HOME)")
    parser.add_argument("--host", default=DEFAULT_HOST, help=f"address to listen on (default: {DEFAULT_HOST})")
    parser.add_argument("--port", type=int, default=DEFAULT_PORT, help=f"default: {DEFAULT_PORT}; 0 chooses a free one")
    parser.add_argument("--token", help=f"bearer token that callers must send (default: ${TOKEN_VARIABLE})")
    parser.add_argument("--engine", metavar="NAME", help="such as torch or onnx-fp32 (default: chosen on this host)")
    limits = Limits()
    for name, kind, about in (
        ("body-bytes", int, "largest body of a request"),
        ("texts", int, "most texts in a request"),
        ("seconds", float, "longest time until a request is answered"),
        ("queue-texts", int, "most texts that may wait"),
        ("batch-tokens", int, "most tokens in a batch"),
    ):
        default = getattr(limits, name.replace("-", "_"))
        parser.add_argument(
            f"--max-{name}", type=kind, default=default, metavar="N", help=f"{about} (default: {default:,})"
        )
    return parser


def serve_command(options: argparse.Namespace) -> int:
    """Serve the named runs until the process is stopped."""
    from core.prediction.serving.models import load_run_engine
    from core.prediction.serving.server import serve

    limits = Limits(
        body_bytes=options.max_body_bytes,
        texts=options.max_texts,
        seconds=options.max_seconds,
        queue_texts=options.max_queue_texts,
        batch_tokens=options.max_batch_tokens,
    )
    token = os.environ.get(TOKEN_VARIABLE, "") if options.token is None else options.token
    runs = [_find_run(options.workspace, name) for name in options.runs]
    serve(runs, ServeOptions(options.host, options.port, token, limits), partial(load_run_engine, name=options.engine))
    return 0


def _find_run(workspace: Path | None, name: str) -> Run:
    if (folder := Path(name)).is_dir():
        return Run.open(folder.resolve())
    home = default_home()
    return find_run(workspace_of("local", home) if workspace is None else Workspace(workspace.resolve(), home), name)
