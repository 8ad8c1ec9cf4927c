"""A run: the chosen targets with their stages, the chosen requirements, seed and profile."""

from __future__ import annotations

import math
import os
import re
import secrets
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from receiptspec import budgets, rates, reference, targetfile
from receiptspec import contract as contracts
from receiptspec.case import PROFILES, Case, Profile
from receiptspec.cleaning import Left, summed
from receiptspec.company import names_of
from receiptspec.contract import Contract, Requirement
from receiptspec.errors import (
    ConfigurationError,
    NotExercised,
    ReceiptspecError,
    did_you_mean,
)
from receiptspec.exchange import Secret
from receiptspec.journal import Journal, check, default_folder, finished
from receiptspec.reference import Settings, launch
from receiptspec.results import Ledger
from receiptspec.stage import Stage
from receiptspec.targets import Budget, Target
from receiptspec.webhooks import Listener

__all__ = ["INTERRUPTED", "Run", "Shard", "clean_up", "host_of", "prepare"]

#: Set when the user wants the run to end now.
INTERRUPTED = threading.Event()
_FAREWELL = 30.0  # seconds to dismiss what was made
_HURRY = 1.5  # seconds for the same when interrupted


def _credentials(vendor: str, server: reference.Server) -> dict[str, Any]:
    """Return the embedded server's credentials as the ``auth`` of a target has them."""
    if vendor == "volcengine":
        return {
            "appid": server.appid,
            "access_key": server.access_key,
            "secret_key": Secret(server.secret_key),
        }
    return {
        "sdkappid": server.sdkappid,
        "identifier": server.identifier,
        "key": Secret(server.key),
    }


def host_of(target: Target) -> str:
    """Return the host that a target is on; every embedded server is one of its own."""
    return f"embedded:{target.name}" if target.embedded else urlsplit(target.url).netloc


@dataclass(frozen=True)
class Shard:
    """One of several parts of a run, which several machines do; `number` counts from 1."""

    number: int
    of: int

    def __str__(self) -> str:
        return f"{self.number}/{self.of}"

    @classmethod
    def parse(cls, text: str) -> Shard:
        """Read ``2/3``; raises `ConfigurationError`."""
        found = re.fullmatch(r"([0-9]{1,4})/([0-9]{1,4})", text)
        number, of = (int(part) for part in found.groups()) if found else (0, 0)
        if not 0 < number <= of:
            raise ConfigurationError(f"{text!r} is no shard", fix="like --shard 1/3, 2/3 and 3/3")
        return cls(number, of)

    def pick(self, sizes: Mapping[str, int]) -> frozenset[str]:
        """Return the groups that are this shard's: the largest first, each where least is.

        Every shard of the same run comes to the same conclusion.
        """
        loads = [0] * self.of
        mine = set()
        for name in sorted(sizes, key=lambda name: (-sizes[name], name)):
            least = loads.index(min(loads))
            loads[least] += sizes[name]
            if least == self.number - 1:
                mine.add(name)
        return frozenset(mine)

    def part(self, budget: Budget) -> Budget:
        """Return what this shard may spend of a budget; all together spend no more than it."""

        def own(whole: int | None) -> int | None:
            if whole is None:
                return None
            return whole // self.of + (self.number <= whole % self.of)

        return replace(budget, requests=own(budget.requests), writes=own(budget.writes))


@dataclass
class Run:
    """All that the tests of one process share. `workers` is the number of such processes.

    Each of them does whole hosts where they are told apart `by_host`.

    `requirements` are the chosen ones, all when empty; `pairs` says which of them were chosen for
    single targets.
    """

    targets: Sequence[Target]
    profile: Profile
    seed: int
    requirements: frozenset[str] = frozenset()
    pairs: frozenset[tuple[str, str]] = frozenset()
    strict: bool = False
    id: str = ""
    workers: int = 1
    by_host: bool = False
    shard: Shard | None = None
    journal: Path = field(default_factory=default_folder)
    started: float = field(default_factory=time.time)
    _stages: dict[str, Stage] = field(default_factory=dict)
    _broken: dict[str, ReceiptspecError] = field(default_factory=dict)
    _open: ExitStack = field(default_factory=ExitStack)

    @property
    def contracts(self) -> Mapping[str, Contract]:
        """The contracts of the targets, by vendor."""
        return {target.vendor: contracts.load(target.vendor) for target in self.targets}

    @property
    def requests(self) -> int:
        """How many requests this process sent."""
        return sum(stage.sent for stage in self._stages.values())

    @property
    def is_limited(self) -> bool:
        """Whether some target may be sent only so many requests."""
        return any(target.budget.requests is not None for target in self.targets)

    @property
    def keeps_targets_whole(self) -> bool:
        """Whether all tests of a target are done by one process.

        What few requests are spent on depends on the order.
        """
        return self.workers == 1 or self.by_host or self.is_limited

    def rows(self, check: str) -> Iterator[tuple[Target, Requirement]]:
        """Yield every chosen target with each of its chosen rows that names `check`."""
        for target in self.targets:
            for row in contracts.load(target.vendor).requirements:
                if row.check == check and self.wants(target.name, row.id):
                    yield target, row

    @property
    def chosen(self) -> list[Requirement]:
        """The rows that were chosen by name, none where all are run."""
        return [
            row
            for target in self.targets
            for row in contracts.load(target.vendor).requirements
            if row.id in self.requirements
        ]

    def wants(self, target: str, requirement: str) -> bool:
        """Whether a requirement was chosen, for all targets or for this one."""
        if not self.requirements:
            return True
        if requirement not in self.requirements:
            return False
        pairs = {one for one, named in self.pairs if named == requirement}
        return not pairs or target in pairs

    def named(self, nodeid: str) -> tuple[str, str]:
        """Return the target and the requirement that the id of a test names."""
        case = nodeid.partition("[")[2].removesuffix("]")
        names = [target.name for target in self.targets if case.startswith(f"{target.name}-")]
        target = max(names, key=len, default="")
        return target, case.removeprefix(f"{target}-")

    def case(self, target: Target, row: Requirement) -> Case:
        """Return the case of one row on one target; nothing is started yet."""
        today = date.today()
        accepted = [
            deviation.signature
            for deviation in target.deviations
            if deviation.requirement == row.id and not deviation.expired(today)
        ]
        return Case(row, self._staged(target.name), target.name, self.profile, accepted)

    def is_new(self, target: str, row: Requirement) -> bool:
        """Whether a row is newer than the release that the target pins."""
        pin = next(one.pin for one in self.targets if one.name == target)
        return Contract.is_new(row, pin)

    def stage(self, target: Target) -> Stage:
        """Return a target at work, started on first use."""
        return self._staged(target.name)()

    def running(self, target: str) -> Stage | None:
        """Return the stage of a target that was started."""
        return self._stages.get(target)

    def change(self, target: Target, requirements: Iterable[str]) -> None:
        """Be about another target, and these rows alone, where nothing was started yet.

        The target has the name and the vendor of the one that was there when tests were collected.
        """
        self.targets = [_within(target, self.profile)]
        self.requirements = frozenset(requirements)

    def _staged(self, name: str) -> Callable[[], Stage]:
        def stage() -> Stage:
            if name in self._broken:
                raise self._broken[name].with_traceback(None)
            if name not in self._stages:
                try:
                    target = next(one for one in self.targets if one.name == name)
                    self._stages[name] = self._start(target)
                except ReceiptspecError as error:
                    self._broken[name] = error
                    raise
            return self._stages[name]

        return stage

    def _start(self, target: Target) -> Stage:
        auth = origin = listener = None
        if target.embedded:
            listener = Listener(token=secrets.token_hex(8))
            settings = Settings(
                faults=target.faults,
                variants=target.variants,
                webhook=listener.url,
                webhook_token=listener.token,
            )
            server = self._open.enter_context(launch(settings))
            origin = server.url
            auth = _credentials(target.vendor, server)
            if target.vendor == "volcengine":  # it has no call by which a user reads
                target = replace(target, read_hook=f"{server.url}/_reference/read")
        stage = Stage(
            target,
            origin=origin or target.url,
            auth=auth,
            seed=self.seed,
            namespace=self._namespace(target),
            purse=self._purse(target),
            listener=listener,
            journal=None if target.embedded else _journal_for(self, target),
        )
        self._open.callback(stage.close)
        if self.keeps_targets_whole:  # else the one with the callbacks' tests listens
            with suppress(NotExercised):  # a target may refuse calls whose callbacks fail
                stage.listener()
        stage.turn_to_fixtures()
        return stage

    def _namespace(self, target: Target) -> str:
        """Return what keeps users apart from those of other workers and of other targets.

        Two people have one conversation, and each has one count of what is unread and one login,
        whoever of us plays with them and by whichever way.
        """
        return names_of(self.id, target.name, os.environ.get("PYTEST_XDIST_WORKER", ""))

    def _purse(self, target: Target) -> str:
        """Return by what name the workers of this run spend a budget together."""
        return f"{self.id}/{target.name}" if self.workers > 1 and target.budget != Budget() else ""

    def forget(self) -> None:
        """Drop what the workers of this run noted for each other."""
        if any(target.budget != Budget() for target in self.targets):
            budgets.forget(f"{self.id}/")

    def ledger(self) -> Ledger:
        """Return an empty ledger for this run."""
        return Ledger(self.contracts, self.targets)

    def close(self) -> list[str]:
        """Leave nothing running, nothing open and nothing behind; returns what is left, in lines.

        One line tells of many things that are left for the same reason.

        Tries twice, and also takes over the journals of workers of this run that are dead.
        """
        left: list[Left] = []
        hurry = _Hurry()

        def clean(stage: Stage) -> None:
            left.extend(stage.clean(_FAREWELL, hurry))

        with self._open:  # which goes on to the next one where one raises
            for stage in reversed(self._stages.values()):
                self._open.callback(clean, stage)
        targets = {target.name: target for target in self.targets}
        try:
            return summed(clean_up(finished(self.journal, self.id), targets, hurry=hurry)[1])
        except ConfigurationError as error:
            return [*summed(left), str(error)]


class _Hurry:
    """How many seconds an interrupt leaves, all there are before one."""

    def __init__(self) -> None:
        self._since: float | None = None

    def __call__(self) -> float:
        if not INTERRUPTED.is_set():
            return math.inf
        self._since = self._since or time.monotonic()
        return self._since + _HURRY - time.monotonic()


def _journal_for(run: Run, target: Target) -> Journal:
    return Journal(run.journal, run.id, target.name, target.url, target.file)


def clean_up(
    journals: Iterable[Journal],
    targets: Mapping[str, Target],
    *,
    hurry: Callable[[], float] = lambda: math.inf,
) -> tuple[list[str], list[Left]]:
    """Dismiss what is left on `targets` as journals say, and close those.

    Returns a line for each thing that was removed, and each that could not be.
    """
    removed: list[str] = []
    left: list[Left] = []
    for journal in journals:
        target = targets.get(journal.target)
        if target is None:
            journal.close()
            continue
        if target.url != journal.url:
            why = f"it was made at {journal.url}, but {target.name} is now at {target.url}"
            left += [Left(target.name, str(item.id or item.name), why) for item in journal.left]
            journal.close()
            continue
        before = [item for item in journal.left if item.id is not None]
        stage = Stage(target, origin=target.url, journal=journal)
        try:
            left += stage.clean(_FAREWELL, hurry)
            gone = [item for item in before if item not in journal.left]
            removed += [f"{target.name}: group {item.id}" for item in gone]
        finally:
            stage.close()
    return removed, left


def prepare(
    *,
    file: str | None,
    names: Sequence[str],
    profile: str = "standard",
    seed: int | None = None,
    requirements: Sequence[str] = (),
    strict: bool = False,
    run_id: str | None = None,
    workers: int = 1,
    by_host: bool = False,
    journal: str | None = None,
    shard: str | None = None,
) -> Run:
    """Resolve names into a run.

    Raises `ConfigurationError` for an unknown target, requirement or profile, or a broken file.
    """
    if profile not in PROFILES:
        raise ConfigurationError(f"no profile {profile!r}", fix=f"one of {', '.join(PROFILES)}")
    path: Path = targetfile.find_file(file)
    chosen = [targetfile.load(path, name) for name in dict.fromkeys(names)]
    part = Shard.parse(shard) if shard is not None else None
    if part is not None and PROFILES[profile].requests is None:  # else a target stays in one part
        chosen = [replace(target, budget=part.part(target.budget)) for target in chosen]
    for target in chosen:
        try:
            reference.check(target.faults, target.variants)
            if target.harness is not None:
                reference.check_harness(target.harness.faults, target.harness.variants)
        except ConfigurationError as error:
            raise ConfigurationError(
                error.what, file=path, path=target.name, fix=error.fix
            ) from None
    known = {row.id for target in chosen for row in contracts.load(target.vendor).requirements}
    pairs = frozenset(
        (name, identifier)
        for name, slash, identifier in (entry.rpartition("/") for entry in requirements)
        if slash
    )
    for name, _ in pairs:
        if name not in {target.name for target in chosen}:
            raise ConfigurationError(f"{name!r} of --requirement is no target of this run")
    ids = [entry.rpartition("/")[2] for entry in requirements]
    for identifier in ids:
        if identifier not in known:
            raise _unknown(identifier, known, {target.vendor for target in chosen})
    folder = Path(journal) if journal else default_folder()
    if any(target.writes and not target.embedded for target in chosen):
        check(folder)
    rates.check(chosen)
    return Run(
        targets=[_within(target, PROFILES[profile]) for target in chosen],
        profile=PROFILES[profile],
        seed=secrets.randbelow(2**31) if seed is None else seed,
        requirements=frozenset(ids),
        pairs=pairs,
        strict=strict,
        id=run_id or secrets.token_hex(8),
        workers=workers,
        by_host=by_host,
        shard=part,
        journal=folder,
    )


def _unknown(identifier: str, known: Set[str], judged: Set[str]) -> ConfigurationError:
    """Return the error for a requirement that no contract of the chosen targets has."""
    for vendor in contracts.vendors():
        if any(row.id == identifier for row in contracts.load(vendor).requirements):
            of = ", ".join(sorted(judged))
            what = f"{identifier} is a requirement of {vendor}, the targets are of {of}"
            return ConfigurationError(what, fix=f"name a target of {vendor}")
    what = f"no requirement {identifier!r} of {', '.join(sorted(judged))}"
    hint = did_you_mean(identifier.upper(), known)
    return ConfigurationError(what, fix=f"{hint}receiptspec requirements lists them")


def _within(target: Target, profile: Profile) -> Target:
    """Return the target with no more requests than the profile has for it."""
    if profile.requests is None:
        return target
    own = target.budget.requests
    requests = profile.requests if own is None else min(own, profile.requests)
    return replace(target, budget=replace(target.budget, requests=requests))
