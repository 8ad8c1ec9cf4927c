"""Which tests a process does and in what order: parts of a run, workers, few requests."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import pytest

from receiptspec import resources, yamltext
from receiptspec.book import Book
from receiptspec.case import Case
from receiptspec.checks.answers import WITNESSED
from receiptspec.run import Run, host_of

__all__ = ["arranged", "scheduler"]


def arranged(run: Run, cases: Mapping[pytest.Item, Case | None]) -> list[pytest.Item]:
    """Return the items that this part of the run does, in their order."""
    items = list(cases)
    if run.shard is not None:
        whole = run.profile.requests is not None
        groups = {item: _group(cases[item], item.path.name, whole=whole) for item in items}
        mine = run.shard.pick(Counter(groups.values()))
        items = [item for item in items if groups[item] in mine]
    order = {target.name: index for index, target in enumerate(run.targets)}
    ranks = _ranks(run)
    return sorted(items, key=lambda item: _position(item, cases[item], order, ranks))


def _group(case: Case | None, file: str, *, whole: bool) -> str:
    """Return what keeps together tests that share scenes: those of a file on a target.

    Those of a `whole` target where the profile has few requests for it, to be spent in order.
    """
    target = case.target if case else ""
    return target if whole else f"{target}:{file}"


def _ranks(run: Run) -> dict[str, int]:
    """Return the places of rows where requests are few: what finds the most for them first."""
    if not run.is_limited:
        return {}
    order: dict[str, list[str]] = yamltext.load(resources.path("suites/order.yaml")).data
    rows = [row for vendor in run.contracts for row in order.get(vendor, ())]
    return {row: place for place, row in enumerate(rows)}


def _position(
    item: pytest.Item, case: Case | None, order: dict[str, int], ranks: dict[str, int]
) -> tuple[int, int, int]:
    if case is None:
        return (-1, 0, 0)
    row = case.requirement
    late = row.check in WITNESSED or item.get_closest_marker("late") is not None
    when = 2 if late else int(item.get_closest_marker("long") is not None)
    return (order[case.target], when, ranks.get(row.id, len(ranks)))


# --- workers --------------------------------------------------------------------------------


def scheduler(run: Run, book: Book, config: pytest.Config, log: Any) -> Any:
    """Return what hands tests to workers, by the file on a target, or by a whole host."""
    from xdist.scheduler import LoadScopeScheduling

    apart = run.by_host or run.is_limited
    hosts = {target.name: host_of(target) for target in run.targets}

    def scope(nodeid: str) -> str:
        target, _ = run.named(nodeid)
        return hosts.get(target, target) if apart else f"{target}:{nodeid.partition('::')[0]}"

    class Together(LoadScopeScheduling):  # type: ignore[misc]
        def _split_scope(self, nodeid: str) -> str:
            return scope(nodeid)

        def remove_node(self, node: Any) -> Any:
            """Have another worker do what a dead one left, but not what kills workers."""
            work = self.assigned_work[node]
            left = [(unit, test) for unit in work.values() for test in unit if not unit[test]]
            deadly = bool(left) and book.deadly(left[0][1])
            if deadly:
                unit, test = left[0]
                unit[test] = True
            # Whoever gets a unit that is done reports nothing, so is never handed another.
            for scope in [scope for scope, unit in work.items() if all(unit.values())]:
                del work[scope]
            crashed = super().remove_node(node)
            return test if deadly else crashed

        def _assign_work_unit(self, node: Any) -> None:
            """Give nothing yet to who is still collecting: it asks when it knows the tests."""
            if node in self.registered_collections:
                super()._assign_work_unit(node)

        def _reschedule(self, node: Any) -> None:
            """Leave nobody with one test while there are more: it is begun with the next known."""
            super()._reschedule(node)
            if self.workqueue and self._pending_of(self.assigned_work[node]) == 1:
                super()._reschedule(node)

    return Together(config, log)
