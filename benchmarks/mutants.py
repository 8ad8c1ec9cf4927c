"""How many random mistakes of the server the suites see: ``python benchmarks/mutants.py``.

A fault is written by who knows the checks; a mutant is not. Each changes one place of the server's
code at random: a comparison, a condition, a number, a step that is left out. The suites run against
it until they say that something is wrong. What survives is printed with its line: it is read by
hand, since many a mutant is a server that conforms as well. Code that asks for a knob is left
alone: knobs are what faults and variants bend.

``--count 200 --seed 1`` choose the mutants, ``-n`` says how many run at a time. One takes a few
seconds, one that survives as long as a whole run.
"""

from __future__ import annotations

import argparse
import ast
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from operator import setitem
from pathlib import Path
from queue import SimpleQueue
from tempfile import TemporaryDirectory
from typing import Any

from receiptspec import session
from receiptspec.findings import Outcome

ROOT = Path(__file__).parents[1]
SERVER = Path("receiptspec/reference")
NEEDED = ("receiptspec", "schemas", "suites", "benchmarks", "conftest.py", "targets.yaml")
UNJUDGED = ("clients.py", "hook.py")  # ways in for SDKs and for reads: no documented calls
LONGEST = 300  # seconds of one run
RED = (Outcome.WARNING, Outcome.FAIL, Outcome.INCONCLUSIVE, Outcome.ERROR)
OTHERS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
}

Change = Callable[[], object]


@dataclass(frozen=True, slots=True)
class Mutant:
    """One place of a file, by the number of its change among all of this file."""

    file: Path
    number: int
    line: int
    kind: str


@dataclass(slots=True)
class Witness:
    """Ends a session at the first row that is not as it should be, and remembers it."""

    found: str = ""
    _session: Any = field(default=None, repr=False)

    def pytest_sessionstart(self, session: Any) -> None:
        """Take the session that may be ended."""
        self._session = session

    def pytest_runtest_logreport(self, report: Any) -> None:
        """Look at what became of rows."""
        for entry in getattr(report, "receiptspec", ()):
            if entry["outcome"] in RED and not self.found:
                self.found = f"{entry['requirement']} {entry['outcome']}"
                self._session.shouldstop = self.found


def judge(folder: str, target: str) -> int:
    """Run the suites against the server of this folder; print the row that saw something."""
    witness = Witness()
    chosen = ["--targets", str(Path(folder, "targets.yaml")), "--target", target, "--seed", "1"]
    status = session.judge([*chosen, "--strict-should"], [witness])
    print(witness.found or (f"exit {status}" if status else ""))  # noqa: T201
    return 0


def changes(tree: ast.AST) -> Iterator[tuple[int, str, Change]]:
    """Yield what may be changed in the functions of a module: line, kind, and how."""
    functions = [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef)]
    seen: set[int] = set()
    for node in (node for function in functions for node in ast.walk(function)):
        if id(node) not in seen:
            seen.add(id(node))
            line = getattr(node, "lineno", 0)
            for at, kind, change in (*_of_expression(node), *_of_statements(node)):
                yield at or line, kind, change


def _of_expression(node: ast.AST) -> Iterator[tuple[int, str, Change]]:
    match node:
        case ast.Compare():
            for at, operator in enumerate(node.ops):
                other = OTHERS[type(operator)]()
                yield 0, type(other).__name__, partial(setitem, node.ops, at, other)
        case ast.BoolOp():
            turned = ast.And() if isinstance(node.op, ast.Or) else ast.Or()
            yield 0, type(turned).__name__, partial(setattr, node, "op", turned)
            for at in range(len(node.values)):
                yield 0, f"condition {at + 1} left out", partial(node.values.pop, at)
        case ast.Constant(value=bool(value)):
            yield 0, str(not value), partial(setattr, node, "value", not value)
        case ast.Constant(value=int(value)):
            for other_value in (value + 1, value - 1):
                yield 0, str(other_value), partial(setattr, node, "value", other_value)
        case ast.BinOp(op=ast.Add() | ast.Sub()):
            sign = ast.Sub() if isinstance(node.op, ast.Add) else ast.Add()
            yield 0, type(sign).__name__, partial(setattr, node, "op", sign)
        case ast.If() | ast.IfExp():
            for always in (True, False):
                yield 0, f"if {always}", partial(setattr, node, "test", ast.Constant(always))
        case ast.comprehension():
            for at, condition in enumerate(node.ifs):
                yield condition.lineno, "no condition", partial(node.ifs.pop, at)
        case ast.Slice(lower=lower, upper=upper) if lower or upper:
            yield 0, "all of it", partial(vars(node).update, lower=None, upper=None)


def _of_statements(node: ast.AST) -> Iterator[tuple[int, str, Change]]:
    body = getattr(node, "body", None)
    steps: list[ast.AST] = body if isinstance(body, list) else []
    for at, step in enumerate(steps):
        match step:
            case (
                ast.Expr(value=ast.Call())
                | ast.AugAssign()
                | ast.Continue()
                | ast.Assign(targets=[ast.Attribute() | ast.Subscript()])
            ):
                yield step.lineno, "left out", partial(setitem, steps, at, ast.Pass())


def mutants(root: Path) -> Iterator[Mutant]:
    """Yield all mutants of the server below a folder, but of code that asks for a knob."""
    folders = [root / SERVER / name for name in ("tencent", "volcengine")]
    files = [root / SERVER / "store.py", *(f for one in folders for f in sorted(one.glob("*.py")))]
    for file in (file for file in files if file.name not in UNJUDGED):
        text = file.read_text(encoding="utf-8")
        lines = ["", *text.splitlines()]
        for number, (line, kind, _) in enumerate(changes(ast.parse(text))):
            if "knob(" not in lines[line]:
                yield Mutant(file.relative_to(root), number, line, kind)


def seen(mutant: Mutant, folder: Path) -> str:
    """Run the suites against a mutant, in a copy of everything; return what saw it."""
    file = folder / mutant.file
    original = file.read_text(encoding="utf-8")
    tree = ast.parse(original)
    _, _, change = list(changes(tree))[mutant.number]
    change()
    file.write_text(ast.unparse(ast.fix_missing_locations(tree)), encoding="utf-8")
    vendor = "-volcengine" if "volcengine" in mutant.file.parts else ""
    command = [sys.executable, str(folder / "benchmarks" / "mutants.py")]
    try:
        ended = subprocess.run(  # noqa: S603
            [*command, "--judge", str(folder), f"reference{vendor}"],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True,
            check=False,
            text=True,
            timeout=LONGEST,
        )
    except subprocess.TimeoutExpired:
        return f"no end within {LONGEST} s"
    finally:
        file.write_text(original, encoding="utf-8")
    return ended.stdout.strip() or (ended.stderr.strip().splitlines() or [""])[-1]


def main() -> int:
    """Print what survives, and how many of how many were seen."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("-n", type=int, default=2 * (os.cpu_count() or 1))
    parser.add_argument("--judge", nargs=2, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.judge:
        return judge(*chosen.judge)
    every = list(mutants(ROOT))
    some = random.Random(chosen.seed).sample(every, min(chosen.count, len(every)))
    survivors = 0
    with TemporaryDirectory() as scratch, ThreadPoolExecutor(chosen.n) as pool:
        folders: SimpleQueue[Path] = SimpleQueue()
        for number in range(chosen.n):
            folder = Path(scratch, str(number))
            for name in NEEDED:
                source = ROOT / name
                copy = shutil.copytree if source.is_dir() else shutil.copy
                folder.mkdir(exist_ok=True)
                copy(source, folder / name)
            folders.put(folder)

        def run(mutant: Mutant) -> tuple[Mutant, str]:
            folder = folders.get()
            try:
                return mutant, seen(mutant, folder)
            finally:
                folders.put(folder)

        for mutant, found in pool.map(run, some):
            if not found:
                survivors += 1
                code = (ROOT / mutant.file).read_text(encoding="utf-8").splitlines()
                text = code[mutant.line - 1].strip()
                print(f"{mutant.file}:{mutant.line}: {mutant.kind}: {text}")  # noqa: T201
    killed = len(some) - survivors
    print(f"{killed} of {len(some)} seen, of {len(every)}; seed {chosen.seed}")  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main())
