"""What a run makes on a target, on disk before it is made, so that nothing is left behind.

One file a process and target, JSON lines, locked while its run lives, deleted when nothing is left.
It holds names, ids and addresses; never a credential.
"""

from __future__ import annotations

import json
import os
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from receiptspec.errors import ConfigurationError, Inconclusive

__all__ = [
    "Journal",
    "Leftover",
    "check",
    "default_folder",
    "finished",
    "leftovers",
    "lock",
    "take",
]

_SUFFIX = ".jsonl"


@dataclass(frozen=True, slots=True)
class Leftover:
    """Something that was made, or may have been: then `id` is ``None`` and only `name` is known."""

    name: str
    id: Any = None
    owner: Any = None


@dataclass
class Journal:
    """The things that one process made on one target."""

    folder: Path
    run: str
    target: str
    url: str
    targets_file: str = ""
    path: Path | None = None
    _handle: int | None = None
    _count: int = 0
    _open: dict[int, Leftover] = field(default_factory=dict)

    def intends(self, name: str, id_: Any = None, owner: Any = None) -> int:
        """Write down what is about to be made; returns the number to tell the rest by.

        Raises `Inconclusive` when that is not possible: then nothing may be made.
        """
        self._count += 1
        entry = {"event": "intends", "number": self._count, "name": name, "id": id_, "owner": owner}
        self._write(entry)
        self._open[self._count] = Leftover(name, id_, owner)
        return self._count

    def made(self, number: int, id_: Any) -> None:
        """Write down the id of what was made."""
        self._open[number] = replace(self._open[number], id=id_)
        self._write({"event": "made", "number": number, "id": id_})

    def nothing(self, number: int) -> None:
        """Write down that nothing was made after all."""
        del self._open[number]
        self._write({"event": "gone", "number": number})

    def gone(self, id_: Any) -> int:
        """Write down that something is gone; returns how many entries that closes."""
        numbers = [n for n, item in self._open.items() if item.id == id_]
        for number in numbers:
            self.nothing(number)
        return len(numbers)

    @property
    def left(self) -> list[Leftover]:
        """What is still there, as far as is known."""
        return list(self._open.values())

    def close(self) -> None:
        """Let the file go; it stays only when something is left."""
        if self._handle is None:
            return
        if not self._open and self.path is not None:
            self.path.unlink(missing_ok=True)
        os.close(self._handle)
        self._handle = None

    def _write(self, entry: dict[str, Any]) -> None:
        try:
            if self._handle is None:
                self._create()
            _append(self._handle, entry)
        except OSError as error:
            raise Inconclusive(
                f"nothing is made, as the journal in {self.folder} cannot be written: "
                f"{error.strerror}"
            ) from None

    def _create(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = self.folder / f"{self.run}-{os.getpid()}-{self.target}{_SUFFIX}"
        unlocked = path.with_suffix(".new")
        self._handle = os.open(unlocked, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        lock(self._handle)
        self.path = unlocked.rename(path)
        about = {
            "event": "run",
            "run": self.run,
            "target": self.target,
            "url": self.url,
            "targets_file": self.targets_file,
            "started": int(time.time()),
        }
        _append(self._handle, about)


def default_folder() -> Path:
    """Return the user's state directory for journals (XDG Base Directory Specification)."""
    state = os.environ.get("XDG_STATE_HOME", "")
    base = Path(state) if state and Path(state).is_absolute() else Path.home() / ".local" / "state"
    return base / "receiptspec" / "journal"


def check(folder: Path) -> None:
    """Raise `ConfigurationError` when journals cannot be written to `folder`."""
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with tempfile.TemporaryFile(dir=folder):
            return
    except OSError as error:
        raise ConfigurationError(
            f"the journal of what is made cannot be written there: {error.strerror}",
            file=folder,
            fix="say where with --journal DIR",
        ) from None


def leftovers(folder: Path, run: str = "") -> list[Path]:
    """Return the journals in `folder`, of one run or of all, oldest first."""
    try:
        found = [path for path in folder.iterdir() if path.name.endswith(_SUFFIX)]
    except FileNotFoundError:
        return []
    except OSError as error:
        what = f"the journals cannot be read: {error.strerror}"
        raise ConfigurationError(what, file=folder) from None
    return sorted(path for path in found if path.name.startswith(run))


def take(path: Path) -> Journal | None:
    """Open the journal of a run that is over; ``None`` while that run lives.

    A last line that a crash cut off is left out: the call that it announces was not sent.
    """
    handle = os.open(path, os.O_RDWR | os.O_APPEND)
    if not lock(handle):
        os.close(handle)
        return None
    if not path.read_bytes().endswith(b"\n"):
        os.write(handle, b"\n")
    journal = Journal(path.parent, "", "", "", path=path, _handle=handle)
    for entry in _entries(path):
        _replay(journal, entry)
    return journal


def finished(folder: Path, run: str = "") -> Iterator[Journal]:
    """Yield the journals of runs that are over and left something, opened; of one run or of all."""
    for path in leftovers(folder, run):
        try:
            journal = take(path)
        except FileNotFoundError:
            continue
        if journal is None:
            continue
        if journal.left:
            yield journal
        else:
            journal.close()


def _entries(path: Path) -> Iterator[dict[str, Any]]:
    for line in path.read_bytes().splitlines():
        try:
            entry = json.loads(line)
        except ValueError:
            continue
        if isinstance(entry, dict):
            yield entry


def _replay(journal: Journal, entry: dict[str, Any]) -> None:
    number = entry.get("number", 0)
    match entry.get("event"):
        case "run":
            journal.run, journal.target = str(entry.get("run", "")), str(entry.get("target", ""))
            journal.url = str(entry.get("url", ""))
            journal.targets_file = str(entry.get("targets_file", ""))
        case "intends":
            journal._open[number] = Leftover(
                str(entry.get("name", "")), entry.get("id"), entry.get("owner")
            )
            journal._count = max(journal._count, number)
        case "made" if number in journal._open:
            journal._open[number] = replace(journal._open[number], id=entry.get("id"))
        case "gone":
            journal._open.pop(number, None)


def _append(handle: int | None, entry: dict[str, Any]) -> None:
    assert handle is not None  # noqa: S101
    os.write(handle, json.dumps(entry, separators=(",", ":")).encode() + b"\n")


def lock(handle: int) -> bool:
    """Lock an open file or folder for this process; whether nobody else has locked it.

    Where the system has no such locks, nobody has.
    """
    try:
        import fcntl
    except ImportError:  # pragma: no cover
        return True
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
