"""The command line: ``python -m core COMMAND``; ``--help`` lists the commands."""

import sys
from collections.abc import Callable, Sequence

from core.cli.parser import make_parser
from core.cli.terminal import controls_shown
from core.host import explain


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; 0 for success, 2 with a sentence on stderr for an error that the user can fix."""
    options = make_parser().parse_args(arguments)
    command: Callable[..., int] = options.command
    with controls_shown():
        try:
            return command(options)
        except Exception as error:
            known = explain(error)
            if known is None:
                raise
            print(f"error: {known}", file=sys.stderr)
            return 2


if __name__ == "__main__":
    sys.exit(main())
