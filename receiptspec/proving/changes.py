"""Which requirements a change of the suites, their checks or the contract touches."""

from __future__ import annotations

import ast
import subprocess
import tempfile
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

from receiptspec import contract as contracts
from receiptspec import resources, yamltext
from receiptspec.errors import ConfigurationError

__all__ = ["requirements"]


def requirements(revision: str, vendors: Iterable[str]) -> frozenset[str]:
    """Return the ids of rows whose suite function, check module, scene or row has changed since.

    Raises `ConfigurationError` outside of a git checkout and for an unknown revision.
    """
    root = Path(_git(resources.path("suites"), "rev-parse", "--show-toplevel").strip())
    _git(root, "rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}")
    names = _git(root, "diff", "--name-only", revision).splitlines()
    names += _git(root, "ls-files", "--others", "--exclude-standard").splitlines()
    modules = {
        Path(name).stem
        for name in names
        if name.startswith(("receiptspec/checks/", "receiptspec/scenes/"))
    }
    checks: set[str] = set()
    for file in sorted(resources.path("suites").glob("test_*.py")):
        name, now = f"suites/{file.name}", file.read_text(encoding="utf-8")
        before = (_before(root, revision, name) or "") if name in names else now
        checks |= touched(before, now, modules)
    found = set()
    for vendor in vendors:
        path = f"schemas/{vendor}/contract.yaml"
        changed = _rows_changed(root, revision, path) if path in names else set()
        found |= changed | {
            row.id for row in contracts.load(vendor).requirements if row.check in checks
        }
    return frozenset(found)


def touched(before: str, now: str, modules: Collection[str]) -> set[str]:
    """Return the checks of a suite file whose function changed or uses one of `modules`.

    A helper of the file counts as part of the functions that name it.
    """
    old = _functions(before)
    found = set()
    for check, code, used in _functions(now).values():
        if check and (used & set(modules) or (check, code) not in {o[:2] for o in old.values()}):
            found.add(check)
    return found


def _functions(source: str) -> dict[str, tuple[str, str, set[str]]]:
    """Return check, code with its helpers', and all names used, of each function of a file."""
    tree = ast.parse(source)
    aliases = dict(_aliases(tree))
    defined = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    direct = {
        name: {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}
        for name, node in defined.items()
    }
    found = {}
    for name, node in defined.items():
        used, todo = {name}, [name]
        while todo:
            for other in direct.get(todo.pop(), set()) - used:
                used.add(other)
                todo.append(other)
        code = "".join(ast.dump(defined[part]) for part in sorted(used & defined.keys()))
        found[name] = (_check(node), code, {aliases.get(other, other) for other in used})
    return found


def _aliases(tree: ast.Module) -> Iterator[tuple[str, str]]:
    for node in tree.body:
        if isinstance(node, ast.ImportFrom):
            yield from ((alias.asname or alias.name, alias.name) for alias in node.names)


def _check(node: ast.FunctionDef) -> str:
    for mark in node.decorator_list:
        if (
            isinstance(mark, ast.Call)
            and isinstance(mark.func, ast.Attribute)
            and mark.func.attr == "check"
            and isinstance(mark.args[0], ast.Constant)
        ):
            return str(mark.args[0].value)
    return ""


def _rows_changed(root: Path, revision: str, path: str) -> set[str]:
    before = _before(root, revision, path)
    with tempfile.TemporaryDirectory() as scratch:
        file = Path(scratch, "contract.yaml")
        file.write_text(before or "requirements: []", encoding="utf-8")
        old = {row["id"]: row for row in yamltext.load(file).data["requirements"]}
    now = yamltext.load(root / path).data["requirements"]
    return {row["id"] for row in now if row != old.get(row["id"])}


def _before(root: Path, revision: str, path: str) -> str | None:
    try:
        return _git(root, "show", f"{revision}:{path}")
    except ConfigurationError:
        return None


def _git(directory: Path, *arguments: str) -> str:
    try:
        done = subprocess.run(  # noqa: S603
            ["git", "-C", str(directory), *arguments],  # noqa: S607
            capture_output=True,
            text=True,
            check=False,
        )
    except OSError as error:
        raise ConfigurationError(f"git cannot be run: {error.strerror}") from None
    if done.returncode:
        said = done.stderr.strip().splitlines() or [f"unknown: {arguments[-1]}"]
        raise ConfigurationError(f"git {arguments[0]}: {said[-1]}", fix="give --changed a revision")
    return done.stdout
