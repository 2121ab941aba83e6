"""The source of functions of this project with all that they use, so that code outside of it needs no second definition."""

import ast
import inspect
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any

_PROJECT = __name__.partition(".")[0]


@dataclass(frozen=True)
class Source:
    """Definitions, and the lines that import what they use from elsewhere."""

    imports: frozenset[str]
    definitions: tuple[str, ...]


def source_of(functions: Iterable[Callable[..., Any]]) -> Source:
    """The source of functions and of the functions and constants of this project that they use, in the order of their modules."""
    pending = [(function.__module__, function.__name__) for function in functions]
    used: dict[str, set[str]] = {}
    imports: set[str] = set()
    while pending:
        module, name = pending.pop()
        if name in used.setdefault(module, set()):
            continue
        used[module].add(name)
        for statement in _module(module).body:
            if isinstance(statement, ast.Import | ast.ImportFrom):
                _follow_import(statement, name, imports, pending)
            elif name in _defined_names(statement):
                names = {node.id for node in ast.walk(statement) if isinstance(node, ast.Name)}
                pending += [(module, other) for other in names - {name}]
    definitions = [text for module, names in used.items() for text in _definitions(module, names)]
    return Source(frozenset(imports), tuple(definitions))


def import_block(lines: Iterable[str]) -> str:
    """The lines of imports in two groups, the standard library first."""
    unique = set(lines)
    standard = {line for line in unique if _imported_module(line) in sys.stdlib_module_names}
    groups: list[Sequence[str]] = [_sorted(standard), _sorted(unique - standard)]
    return "\n\n".join("\n".join(group) for group in groups if group)


def packages(lines: Iterable[str]) -> list[str]:
    """The packages outside of the standard library that lines import, sorted."""
    return sorted({_imported_module(line) for line in lines} - set(sys.stdlib_module_names))


def _follow_import(
    statement: ast.Import | ast.ImportFrom, name: str, imports: set[str], pending: list[tuple[str, str]]
) -> None:
    """Add the import of a name; what comes from this project is looked up there instead."""
    for alias in statement.names:
        if (alias.asname or alias.name.partition(".")[0]) != name:
            continue
        if isinstance(statement, ast.Import):
            imports.add(ast.unparse(ast.Import([alias])))
        elif (statement.module or "").partition(".")[0] == _PROJECT:
            pending.append((str(statement.module), alias.name))
        else:
            imports.add(ast.unparse(ast.ImportFrom(statement.module, [alias], 0)))


def _module(name: str) -> ast.Module:
    return ast.parse(inspect.getsource(import_module(name)))


def _definitions(module: str, names: set[str]) -> list[str]:
    """The text of the statements that define names, in the order of the module."""
    lines = inspect.getsource(import_module(module)).splitlines()
    return [
        "\n".join(lines[_first_line(statement) - 1 : statement.end_lineno])
        for statement in _module(module).body
        if not isinstance(statement, ast.Import | ast.ImportFrom) and names & _defined_names(statement)
    ]


def _first_line(statement: ast.stmt) -> int:
    decorators: list[ast.expr] = getattr(statement, "decorator_list", [])
    return min([statement.lineno, *(decorator.lineno for decorator in decorators)])


def _defined_names(statement: ast.stmt) -> set[str]:
    if isinstance(statement, ast.FunctionDef | ast.ClassDef):
        return {statement.name}
    targets = statement.targets if isinstance(statement, ast.Assign) else []
    if isinstance(statement, ast.AnnAssign):
        targets = [statement.target]
    return {node.id for target in targets for node in ast.walk(target) if isinstance(node, ast.Name)}


def _imported_module(line: str) -> str:
    return line.split()[1].partition(".")[0]


def _sorted(lines: set[str]) -> list[str]:
    return sorted(lines, key=lambda line: (line.startswith("from"), line))
