"""The pytest plugin: joins suites, requirement rows and targets, and says red or green.

It is the only place where findings become outcomes of tests. Named by the root conftest and by
the command line, never by an entry point.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import hypothesis
import pytest

from receiptspec import report, resources
from receiptspec.book import Book
from receiptspec.case import PROFILES, Case, Nonconformity
from receiptspec.distribution import arranged, scheduler
from receiptspec.errors import (
    EXIT,
    BudgetSpent,
    ConfigurationError,
    Inconclusive,
    NotExercised,
    ReceiptspecError,
)
from receiptspec.exchange import Redactor
from receiptspec.findings import Outcome, Result, outcome_of
from receiptspec.results import serialise
from receiptspec.run import INTERRUPTED, Run, prepare
from receiptspec.stage import Stage

__all__ = ["case_of", "pytest_configure", "run_of"]

_RUN = pytest.StashKey[Run]()
_BOOK = pytest.StashKey[Book]()
_CASE = pytest.StashKey[Case]()
_DONE = pytest.StashKey[bool]()
_MORE_LOOKS = 2  # at what views that lag may explain, if the first of them comes to no verdict


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of a run."""
    group = parser.getgroup("receiptspec", "conformance of read-receipt APIs")
    group.addoption(
        "--target", action="append", default=[], metavar="NAME", help="test this target"
    )
    group.addoption("--targets", metavar="FILE", help="where targets are (default ./targets.yaml)")
    group.addoption("--profile", default="standard", choices=list(PROFILES), help="how thoroughly")
    group.addoption(
        "--requirement",
        action="append",
        default=[],
        metavar="ID",
        help="only this requirement; TARGET/ID on one of the targets",
    )
    group.addoption("--strict-should", action="store_true", help="a broken SHOULD fails the run")
    group.addoption("--seed", type=int, metavar="N", help="repeat the requests of another run")
    group.addoption("--report", metavar="DIR", help="write all reports there")
    group.addoption("--shard", metavar="I/N", help="the I-th of N parts, for several machines")
    group.addoption("--receiptspec-journal", metavar="DIR", help=argparse_suppress())
    group.addoption("--receiptspec-run-id", help=argparse_suppress())
    group.addoption("--receiptspec-by-host", action="store_true", help=argparse_suppress())


def argparse_suppress() -> str:
    """Return the help text that hides an option."""
    import argparse

    return argparse.SUPPRESS


def run_of(config: pytest.Config) -> Run:
    """Return what the tests of this process share; raises ``KeyError`` before it is there."""
    return config.stash[_RUN]


def _is_worker(config: pytest.Config) -> bool:
    return hasattr(config, "workerinput")


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Resolve targets and requirements; a user's mistake ends here, in one line."""
    config.addinivalue_line("markers", "views: views may lag, so that a failure is looked at again")
    config.addinivalue_line("markers", "profile(name): the smallest profile that a test is part of")
    config.addinivalue_line("markers", "long: run after the shorter tests, which may have failed")
    config.addinivalue_line("markers", "late: run when as much time as possible has passed")
    config.addinivalue_line("markers", "check(id): the check of the suites that a test performs")
    names: list[str] = config.getoption("--target")
    if not names:
        return
    try:
        run = _prepare(config, names)
        if config.getoption("--report") and not _is_worker(config):
            report.claim(Path(config.getoption("--report")))
    except ConfigurationError as error:
        raise pytest.UsageError(str(error)) from None
    config.stash[_RUN] = run
    config.option.hypothesis_seed = run.seed
    _load_profile(run)
    _forget_local_constants(config)
    if _means_the_suites(config):
        config.args[:] = [str(resources.path("suites"))]
    if not _is_worker(config):
        config.stash[_BOOK] = book = Book(run, config)
        config.pluginmanager.register(book, "receiptspec-book")


def _means_the_suites(config: pytest.Config) -> bool:
    """Whether no test was named, so that the suites are meant: in a checkout, or installed."""
    source, of = config.args_source, pytest.Config.ArgsSource
    installed = not (resources.path("suites").parent / "conftest.py").exists()
    return source is of.TESTPATHS or (source is of.INVOCATION_DIR and installed)


def _prepare(config: pytest.Config, names: list[str]) -> Run:
    given: dict[str, Any] = getattr(config, "workerinput", {}).get("receiptspec", {})
    return prepare(
        file=config.getoption("--targets"),
        names=names,
        profile=config.getoption("--profile"),
        seed=given.get("seed", config.getoption("--seed")),
        requirements=config.getoption("--requirement"),
        strict=config.getoption("--strict-should"),
        run_id=given.get("id", config.getoption("--receiptspec-run-id")),
        workers=given.get("workers", 1),
        by_host=config.getoption("--receiptspec-by-host"),
        journal=config.getoption("--receiptspec-journal"),
        shard=config.getoption("--shard"),
    )


def _load_profile(run: Run) -> None:
    name = f"receiptspec-{run.profile.name}"
    hypothesis.settings.register_profile(
        name,
        max_examples=max(run.profile.examples, 1),
        deadline=None,
        database=None,
        derandomize=False,
        phases=(hypothesis.Phase.generate, hypothesis.Phase.shrink),
        suppress_health_check=list(hypothesis.HealthCheck),
        report_multiple_bugs=False,
        print_blob=False,
    )
    hypothesis.settings.load_profile(name)


def _forget_local_constants(config: pytest.Config) -> None:
    """Keep Hypothesis from mining the modules that happen to be imported for values to try.

    The same seed has to give the same requests whatever else is loaded, and reading the modules
    costs more than sending the first hundred requests.
    """
    try:
        from hypothesis.internal.conjecture import providers
        from hypothesis.internal.constants_ast import Constants

        known, nothing = providers._get_local_constants, Constants()
    except (ImportError, AttributeError):  # a release that mines nothing, or in another way
        return
    providers._get_local_constants = lambda: nothing
    config.add_cleanup(lambda: setattr(providers, "_get_local_constants", known))


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Give every xdist worker the seed and the run's id, and say how many there are."""
    run = node.config.stash.get(_RUN, None)
    if run is not None:
        workers = len(node.config.getoption("tx") or ()) or 1
        node.workerinput["receiptspec"] = {"seed": run.seed, "id": run.id, "workers": workers}


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Keep the tests of a file on one target, or those of a whole host, in one worker."""
    if _RUN not in config.stash:
        return None
    return scheduler(config.stash[_RUN], config.stash[_BOOK], config, log)


# --- collection ---------------------------------------------------------------------------


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Make one test of a check's function for each requirement row on each target."""
    marker = metafunc.definition.get_closest_marker("check")
    if marker is None or "case" not in metafunc.fixturenames:
        return
    run = metafunc.config.stash.get(_RUN, None)
    if run is None:
        raise pytest.UsageError("which target? give --target NAME; receiptspec targets lists them")
    pairs = list(run.rows(marker.args[0]))
    metafunc.parametrize(
        "case",
        [run.case(target, row) for target, row in pairs],
        ids=[f"{target.name}-{row.id}" for target, row in pairs],
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Drop functions without a row, keep targets together, judge what every answer shows last."""
    run = config.stash.get(_RUN, None)
    if run is None:
        return
    kept: list[pytest.Item] = []
    dropped: list[pytest.Item] = []
    for item in items:
        case = case_of(item)
        if case is None:
            (dropped if item.get_closest_marker("check") else kept).append(item)
            continue
        item.stash[_CASE] = case
        kept.append(item)
    items[:] = arranged(run, {item: item.stash.get(_CASE, None) for item in kept})
    mine = set(items)
    dropped += [item for item in kept if item not in mine]
    if dropped:
        config.hook.pytest_deselected(items=dropped)


def case_of(item: pytest.Item) -> Case | None:
    """Return what a test is about, ``None`` for one of no requirement."""
    callspec = getattr(item, "callspec", None)
    case = callspec.params.get("case") if callspec is not None else None
    return case if isinstance(case, Case) else None


# --- running ------------------------------------------------------------------------------


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Open the target before the first test of it, so that an outage is told apart."""
    case = item.stash.get(_CASE, None)
    if case is None:
        return (yield)
    item.user_properties += _properties(case)
    stage = case.stage
    case.begin()
    if (least := item.get_closest_marker("profile")) is not None:
        case.profile.at_least(least.args[0])  # before Hypothesis gets to replay and explain it
    stage.open()
    with stage.counting(case.requirement.id):
        try:
            return (yield)
        except Nonconformity:
            if item.get_closest_marker("views") is None or not stage.may_lag:
                raise
            if stage.stays(case.findings):
                raise
            _looked_at_again(item, case)
            return None


def _looked_at_again(item: pytest.Item, case: Case) -> None:
    """Try a test once more, calmly; where that comes to no verdict, twice, the first one stands.

    Views that lag behind one another are a freedom for as long as the consistency window. Where
    no requests are left to look again with, nothing is said.
    """
    found, noted = case.findings, case.observations
    for _ in range(_MORE_LOOKS):
        case.again()
        try:
            with case.stage.calmly(case.requirement.id):
                item.runtest()
        except Nonconformity:
            case.stage.confirm(case.findings)
            raise
        except BudgetSpent:
            raise
        except (NotExercised, Inconclusive):
            continue
        case.stage.clear()
        case.observe("two views of the same", "differ for a while")
        return
    case.findings, case.observations = found, noted
    raise Nonconformity(found[0].message) from None


def _properties(case: Case) -> list[tuple[str, object]]:
    """Return what pytest's own JUnit XML shall say of a test."""
    row = case.requirement
    return [
        ("requirement", row.id),
        ("level", str(row.level)),
        ("target", case.target),
        ("operation", row.operation or ""),
        ("text", row.text),
    ]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turn what a test said into an outcome, and attach the result to pytest's report."""
    case = item.stash.get(_CASE, None)
    if case is not None and call.excinfo is not None and _needs_no_trace(call.excinfo.value):
        item.repr_failure = _in_words  # type: ignore[method-assign]
    made = yield
    if case is None or (call.when != "call" and not made.failed):
        return made
    run = item.config.stash[_RUN]
    stage = run.running(case.target)
    redact = stage.redact if stage is not None else Redactor()
    if call.when != "call":
        reason = f"{call.when} failed: {_outcome(case, call.excinfo)[1]}"
        made.receiptspec = [serialise(case.result(Outcome.ERROR, reason), redact)]  # type: ignore[attr-defined]
        made.longrepr = redact(str(made.longrepr))
        return made
    if stage is None:
        result = case.result(*_outcome(case, call.excinfo))
        made.receiptspec = [serialise(result, redact)]  # type: ignore[attr-defined]
    else:
        requests = stage.sent - case.sent_before
        result = case.result(*_outcome(case, call.excinfo), requests=requests)
        if result.outcome in (Outcome.FAIL, Outcome.WARNING) and case.is_news(result.findings):
            stage.broken.add(result.requirement)
        results = [result, *_witnessed(stage, result)]
        try:
            entries = [
                serialise(entry, redact, stage.steps(entry.findings[0]))
                if entry.findings
                else serialise(entry, redact)
                for entry in results
            ]
        except Exception as error:
            reason = f"{type(error).__name__}: {error} (a finding could not be reported)"
            result = replace(result, outcome=Outcome.ERROR, reason=reason, findings=())
            entries = [serialise(result, redact)]
        entries[0]["timeline"] = [list(sent) for sent in stage.drain()]
        made.receiptspec = entries  # type: ignore[attr-defined]
        made.receiptspec_sent = stage.sent  # type: ignore[attr-defined]
        made.receiptspec_waited = asdict(stage.waited)  # type: ignore[attr-defined]
    item.user_properties.append(("outcome", str(result.outcome)))
    new = run.is_new(case.target, case.requirement)
    _colour(made, result, redact, strict=run.strict, new=new)
    return made


def _needs_no_trace(error: BaseException) -> bool:
    return isinstance(error, Nonconformity | NotExercised | Inconclusive)


def _in_words(excinfo: pytest.ExceptionInfo[BaseException], style: object = None) -> str:
    """Say in words what pytest would parse whole modules for, only to be replaced afterwards."""
    del style
    return str(excinfo.value)


def _outcome(
    case: Case, excinfo: pytest.ExceptionInfo[BaseException] | None
) -> tuple[Outcome | None, str]:
    """Return the outcome that how a test ended stands for, ``None`` where its findings decide."""
    if excinfo is None:
        return None, ""
    error = excinfo.value
    flaky = case.findings and isinstance(
        error, hypothesis.errors.Flaky | hypothesis.errors.Unsatisfiable
    )
    if flaky or isinstance(error, Nonconformity):
        return None, ""
    if isinstance(error, NotExercised | BudgetSpent):
        return (None, "") if case.findings else (Outcome.NOT_EXERCISED, str(error))
    if isinstance(error, Inconclusive):
        return Outcome.INCONCLUSIVE, str(error)
    if isinstance(error, KeyboardInterrupt):
        return Outcome.NOT_EXERCISED, "interrupted"
    if isinstance(error, ReceiptspecError):
        return Outcome.ERROR, str(error)
    where = excinfo.traceback[-1]
    place = f"{Path(str(where.path)).name}:{where.lineno + 1}"
    return Outcome.ERROR, f"{type(error).__name__}: {error} ({place})"


def _witnessed(stage: Stage, own: Result) -> Iterator[Result]:
    """Yield what passive checks found since the last test, for the rows that it breaks."""
    for identifier, witness in stage.witness.items():
        fresh = [f for f in witness.findings.values() if f.signature not in witness.reported]
        if not fresh or identifier == own.requirement:
            continue
        witness.reported.update(f.signature for f in fresh)
        row = stage.contract.requirement(identifier)
        yield Result(
            target=stage.target.name,
            requirement=row.id,
            level=row.level,
            check=row.check or "",
            outcome=outcome_of(row.level, fresh),
            reason=fresh[0].message,
            findings=tuple(fresh),
        )


def _colour(
    made: pytest.TestReport, result: Result, redact: Redactor, *, strict: bool, new: bool
) -> None:
    red = result.outcome in (Outcome.FAIL, Outcome.ERROR, Outcome.INCONCLUSIVE) or (
        strict and result.outcome is Outcome.WARNING
    )
    red = red and not (new and result.outcome is not Outcome.ERROR)
    if result.outcome is Outcome.NOT_EXERCISED:
        made.outcome = "skipped"
        reason = redact(result.reason)
        made.longrepr = (str(made.location[0]), made.location[1] or 0, reason)
    elif red:
        made.outcome = "failed"
        error = result.outcome is Outcome.ERROR
        made.longrepr = redact(
            str(made.longrepr) if error else f"{result.requirement}: {result.reason}"
        )
    else:
        made.outcome = "passed"
        made.longrepr = None


_LETTERS = {
    Outcome.WARNING: ("warning", "w", ("WARNING", {"yellow": True})),
    Outcome.OBSERVED: ("observed", "o", ("OBSERVED", {"cyan": True})),
    Outcome.INCONCLUSIVE: ("inconclusive", "?", ("INCONCLUSIVE", {"magenta": True})),
    Outcome.ERROR: ("error", "E", ("ERROR", {"red": True})),
}


@pytest.hookimpl(tryfirst=True)
def pytest_report_teststatus(
    report: pytest.TestReport,
) -> tuple[str, str, tuple[str, dict[str, bool]]] | None:
    """Give outcomes that pytest does not know a letter of their own."""
    entries = getattr(report, "receiptspec", None)
    return _LETTERS.get(Outcome(entries[0]["outcome"])) if entries else None


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Close connections and servers of this process, and dismiss what it made."""
    run = session.config.stash.get(_RUN, None)
    if run is None:
        return
    left = run.close()
    book = session.config.stash.get(_BOOK, None)
    if book is None:
        return
    if session.config.getoption("tx", None):
        run.forget()
    if left:
        book.trouble += [f"left behind on {line}" for line in left]
        book.trouble.append(f"receiptspec cleanup tries again, by the journal in {run.journal}")
    if INTERRUPTED.is_set():
        session.exitstatus = EXIT["interrupted"]
