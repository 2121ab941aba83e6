"""``python -m core push RUN OWNER/NAME``: the model of a run on the Hugging Face hub."""

import argparse
import getpass
import os
import sys


def push_command(options: argparse.Namespace) -> int:
    """Push the model of a run to the hub, and print the address of the repository."""
    from core.cli.commands import open_run
    from core.prediction.push import HubRepository, push
    from core.reports.markdown import render_markdown

    repository = HubRepository(options.repository, options.private)
    run = open_run(options.workspace, options.run)
    token = os.environ.get("HF_TOKEN") or getpass.getpass("Token of the Hugging Face hub (not shown, not stored): ")
    print(push(run, repository, token, render_markdown))
    print(f"{run.name} is on the hub. Its texts were not uploaded.", file=sys.stderr)
    return 0
