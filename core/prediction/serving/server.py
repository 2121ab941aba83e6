"""The server: loads models, listens and stops once the last request is answered."""

import ipaddress
import logging
import os
import signal
import socket
import sys
from collections.abc import Callable, Sequence
from types import FrameType

import uvicorn

from core.errors import ConfigError
from core.prediction.serving.app import create_app
from core.prediction.serving.models import LoadedEngine, load_model, load_run_engine, unique_names
from core.prediction.serving.options import ServeOptions
from core.prediction.serving.protocol import LimitedHttpProtocol
from core.runs import Run

_CONNECTIONS = 2048


def serve(
    runs: Sequence[Run], options: ServeOptions, make_engine: Callable[[Run], LoadedEngine] = load_run_engine
) -> None:
    """Serve the models of runs until the process is told to stop (SIGINT or SIGTERM), then answer what was received.

    Args:
        runs: finished runs; the first one answers where a URL names no model.
        options: address, token and limits.
        make_engine: makes what computes the logits of a run.

    Raises:
        ConfigError: no run is given, or the address cannot be used.
        StudioError: a model cannot be loaded.
    """
    if not runs:
        raise ConfigError("Expected a run to serve, found none.", "Name one or more runs.")
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s: %(message)s")
    # The address first: a port that is taken should not wait for the models.
    with _listen(options) as listener:
        models = [load_model(run, name, make_engine) for run, name in zip(runs, unique_names(runs), strict=True)]
        config = uvicorn.Config(
            create_app(models, options),
            http=LimitedHttpProtocol,
            ws="none",
            lifespan="on",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=round(options.limits.seconds) + 5,
        )
        announcement = _announcement([model.name for model in models], listener, options)
        _run_until_told(_Server(config, announcement), listener)


class _Server(uvicorn.Server):
    """A server that prints lines to stderr once it answers."""

    def __init__(self, config: uvicorn.Config, announcement: str) -> None:
        super().__init__(config)
        self._announcement = announcement

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start to answer, then print."""
        await super().startup(sockets)
        print(self._announcement, file=sys.stderr, flush=True)


def _listen(options: ServeOptions) -> socket.socket:
    """A socket that listens on the address of the options."""
    listener = None
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(options.host, options.port, type=socket.SOCK_STREAM)[0]
        # asyncio sends at once (TCP_NODELAY) only where the protocol is set, which socket.create_server leaves out; without
        # it, an answer waits 40 ms for the acknowledgment of its headers.
        listener = socket.socket(family, kind, protocol)
        if os.name != "nt":  # there, it would let two processes listen on one port
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(_CONNECTIONS)
    except OSError as error:
        if listener is not None:
            listener.close()
        raise ConfigError(
            f"The service cannot listen on {options.host}:{options.port}: {error.strerror or error}.",
            "Choose another --host or --port.",
        ) from error
    return listener


def _announcement(names: Sequence[str], listener: socket.socket, options: ServeOptions) -> str:
    """The lines that are printed at the start: the address, and a warning where anybody can call the service."""
    host, port = listener.getsockname()[:2]
    shown = f"[{host}]" if ":" in host else host
    lines = [f"Serving {', '.join(names)} on http://{shown}:{port} (stop with Ctrl+C)"]
    if not options.token and not ipaddress.ip_address(host.split("%")[0]).is_loopback:
        lines.append(
            f"warning: {host} can be reached from other machines, and no token is set: anybody there can use the models. "
            "Set one with --token, or listen on 127.0.0.1."
        )
    return "\n".join(lines)


def _run_until_told(server: uvicorn.Server, listener: socket.socket) -> None:
    """Run a server until a signal; uvicorn raises that signal again at the end, but a requested stop is not a failure."""

    def stop(number: int, frame: FrameType | None) -> None:
        server.should_exit = True

    previous = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        server.run(sockets=[listener])
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
