"""The commands of a host: ``purge`` deletes idle workspaces, ``takeout`` writes everything of one into a zip."""

import argparse
from pathlib import Path

from core import audit
from core.limits import VARIABLES, host_limits
from core.workspace import Workspace, default_home, workspace_of, write_atomically


def purge_command(options: argparse.Namespace) -> int:
    """Delete the workspaces of visitors that nobody uses, or list them with ``--dry-run``."""
    from core.hosting.idle import due_workspaces, purge

    if host_limits(shared=True).idle_days == 0:
        print(f"Idle workspaces are kept: {VARIABLES['idle_days']} is 0.")
        return 0
    items = due_workspaces(default_home()) if options.dry_run else purge(default_home())
    for item in items:
        print(f"{audit.pseudonym(item.workspace.root.name)}\t{item.days} days unused")
    print(f"{len(items)} {'would be' if options.dry_run else 'were'} deleted.")
    return 0


def takeout(options: argparse.Namespace) -> int:
    """Write every dataset, model, prediction and correction of a workspace into a zip."""
    from core.hosting.takeout import write_takeout

    workspace = _workspace(options.workspace)

    def write(path: Path) -> None:
        with path.open("wb") as file:
            write_takeout(workspace, file)

    write_atomically(options.file, write)
    print(options.file)
    return 0


def import_everything(options: argparse.Namespace) -> int:
    """Import the datasets and models of a takeout; 2 if one of them was refused."""
    from core.hosting.takeout_import import import_takeout

    imported = import_takeout(_workspace(options.workspace), options.file)
    print(f"{imported.describe()} imported.")
    for reason in imported.refused:
        print(f"refused: {reason}")
    return 2 if imported.refused else 0


def _workspace(folder: Path | None) -> Workspace:
    return Workspace(folder.resolve(), default_home()) if folder else workspace_of("local")
