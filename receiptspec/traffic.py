"""Recorded traffic (HAR) judged as it lies there: nothing is sent.

Every single answer is judged as in a run, and a few relations between a call and its answer, or
between answers, as far as the recording shows all that they depend on.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from receiptspec import strictjson
from receiptspec.checks import answers as answer_checks
from receiptspec.checks import paging, receipts, values
from receiptspec.contract import Contract, Requirement
from receiptspec.drivers import driver_for
from receiptspec.drivers.base import Driver
from receiptspec.errors import ConfigurationError
from receiptspec.exchange import Exchange, Redactor, Request, Response, Secret, credentials_of
from receiptspec.findings import Finding, Observation, Outcome, Result, outcome_of
from receiptspec.neutral import Answer, Verdict
from receiptspec.results import APART
from receiptspec.targets import Target

__all__ = ["Judgement", "judge", "read"]

_NOT_CALLS = {"OPTIONS", "HEAD", "CONNECT"}


@dataclass
class Judgement:
    """What a recording shows: results by requirement, and which entries were left alone."""

    results: list[Result] = field(default_factory=list)
    judged: int = 0
    left: Counter[str] = field(default_factory=Counter)
    origins: list[str] = field(default_factory=list)
    redact: Redactor = field(default_factory=Redactor)


# --- reading ------------------------------------------------------------------------------


def read(file: Path) -> list[Mapping[str, Any]]:
    """Return the entries of a HAR file.

    Raises `ConfigurationError` when it cannot be read, is no JSON or no HAR.
    """
    try:
        document = json.loads(file.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise ConfigurationError("no such file", file=file) from None
    except OSError as error:
        raise ConfigurationError(f"cannot be read: {error.strerror}", file=file) from None
    except (ValueError, RecursionError) as error:
        line = getattr(error, "lineno", None)
        raise ConfigurationError("not JSON, so no HAR", file=file, line=line) from None
    log = document.get("log") if isinstance(document, dict) else None
    entries = log.get("entries") if isinstance(log, dict) else None
    if not isinstance(entries, list):
        raise ConfigurationError("no HAR: log.entries is missing", file=file)
    for index, entry in enumerate(entries):
        place = f"log.entries[{index}]"
        if not isinstance(entry, dict):
            raise ConfigurationError("no object", file=file, path=place)
        request = entry.get("request")
        if not isinstance(request, dict) or not isinstance(request.get("url"), str):
            raise ConfigurationError("no request with a URL", file=file, path=f"{place}.request")
        if not isinstance(entry.get("response") or {}, dict):
            raise ConfigurationError("no object", file=file, path=f"{place}.response")
    return entries


def _part(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _request(entry: Mapping[str, Any], operation: str | None) -> Request:
    recorded = entry["request"]
    url = urlsplit(recorded["url"])
    body = _part(recorded.get("postData")).get("text")
    return Request(
        method=str(recorded.get("method", "")).upper(),
        origin=f"{url.scheme}://{url.netloc.rpartition('@')[2]}",
        target=(url.path or "/") + (f"?{url.query}" if url.query else ""),
        headers=_headers(recorded),
        body=body.encode("utf-8", errors="replace") if isinstance(body, str) else b"",
        operation=operation,
        label="recorded",
    )


def _headers(recorded: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    pairs = recorded.get("headers")
    return tuple(
        (str(pair.get("name")), str(pair.get("value")))
        for pair in (pairs if isinstance(pairs, list) else ())
        if isinstance(pair, dict) and not str(pair.get("name")).startswith(":")
    )


def _response(entry: Mapping[str, Any]) -> Response | str:
    """Return the recorded answer, or why there is none to judge."""
    recorded = _part(entry.get("response"))
    status = recorded.get("status")
    if not isinstance(status, int) or status <= 0:
        return "without an answer"
    if status == 304:
        return "answered from a cache"
    content = _part(recorded.get("content"))
    text, size = content.get("text"), content.get("size")
    if isinstance(text, str) and content.get("encoding") == "base64":
        try:
            body = base64.b64decode(text)
        except (binascii.Error, ValueError):
            return "with a broken body"
    elif isinstance(text, str):
        body = text.encode("utf-8", errors="replace")
    elif size == 0:
        body = b""
    else:
        return "without the body of the answer"
    cut_short = isinstance(size, int) and len(body) < size
    if cut_short and not strictjson.read(body).readable:
        return "with an answer that the recorder cut short"
    return Response(status, _headers(recorded), body, _elapsed(entry))


def _elapsed(entry: Mapping[str, Any]) -> float:
    timings = _part(entry.get("timings"))
    parts = [timings.get(key) for key in ("send", "wait", "receive")]
    if all(isinstance(part, int | float) and part >= 0 for part in parts):
        return sum(float(part) for part in parts if part) / 1000
    whole = entry.get("time")
    return float(whole) / 1000 if isinstance(whole, int | float) and whole > 0 else 0.0


def _started(entry: Mapping[str, Any]) -> float:
    try:
        return datetime.fromisoformat(str(entry.get("startedDateTime"))).timestamp()
    except (ValueError, OverflowError, OSError):
        return 0.0


def _operation(contract: Contract, entry: Mapping[str, Any]) -> str | None:
    """Return the operation that a recorded request calls: by its path, else by its query."""
    recorded = entry["request"]
    if str(recorded.get("method", "")).upper() in _NOT_CALLS:
        return None
    try:
        url = urlsplit(recorded["url"])
    except ValueError:
        return None
    query = set(parse_qsl(url.query, keep_blank_values=True))
    meant = [
        operation
        for operation in contract.operations.values()
        if url.path.endswith(operation.path) and set(operation.query.items()) <= query
    ]
    named = [op for op in meant if len(op.path) > 1 or op.query]
    best = max(named, key=lambda op: len(op.path), default=None)
    return best.name if best else None


# --- judging ------------------------------------------------------------------------------


class _Anybody(defaultdict[str, Any]):
    """Credentials of nobody: answers are read with a driver that signs nothing."""

    def __init__(self) -> None:
        super().__init__(lambda: Secret("0"))


def judge(entries: Iterable[Mapping[str, Any]], contract: Contract, target: str) -> Judgement:
    """Judge every call of the contract's vendor; everything else is counted and left alone."""
    made = Judgement()
    nobody = Target(target, contract.vendor, auth=_Anybody())
    driver = driver_for(nobody, contract, "http://127.0.0.1")
    heard: list[Answer] = []
    for number, entry in enumerate(entries, start=1):
        operation = _operation(contract, entry)
        if operation is None:
            made.left["not calls of the vendor"] += 1
            continue
        response = _response(entry)
        if isinstance(response, str):
            made.left[response] += 1
            continue
        request = _request(entry, operation)
        for secret in credentials_of(request):
            made.redact.add(secret)
        if request.origin not in made.origins:
            made.origins.append(request.origin)
        exchange = Exchange(number, request, response, _started(entry))
        body = strictjson.read(request.body)
        answer = replace(
            driver.read(operation, exchange), request_body=body.value if body.readable else None
        )
        if answer.verdict is Verdict.TROUBLE and not answer.spoken:
            made.left[f"not answered by the API ({answer.note})"] += 1
            continue
        heard.append(answer)
    made.judged = len(heard)
    made.results = list(_results(heard, contract, driver, made, target))
    return made


@dataclass
class _Seen:
    judged: int = 0
    findings: dict[str, Finding] = field(default_factory=dict)
    observations: dict[str, Observation] = field(default_factory=dict)


def _results(
    heard: Sequence[Answer], contract: Contract, driver: Driver, made: Judgement, target: str
) -> Iterator[Result]:
    seen: dict[str, _Seen] = defaultdict(_Seen)
    monitor = answer_checks.Monitor(contract)

    def note(requirement: str, said: Finding | Observation | None) -> None:
        entry = seen[requirement]
        entry.judged += 1
        if isinstance(said, Finding):
            entry.findings.setdefault(said.signature, said)
        elif isinstance(said, Observation):
            entry.observations[said.key] = said

    for answer in heard:
        for requirement, said in monitor.judge(answer, made.redact):
            note(requirement, said)
    for check, operation, findings in _relations(heard, driver, contract):
        for row in contract.requirements:
            if row.check == check and row.operation == operation:
                note(row.id, None)
                for finding in findings:
                    note(row.id, finding)
    trouble = [words for words in made.left if words.startswith("not answered by the API")]
    for row in contract.requirements:
        if row.id in seen:
            yield _result(row, seen[row.id], target)
        elif not heard and trouble and row.check in answer_checks.PASSIVE:
            reason = f"no call was {trouble[0].removeprefix('not ')}"
            yield _bare(row, target, Outcome.INCONCLUSIVE, "no call was answered: " + reason)
        elif not row.excluded:
            alone = row.check in answer_checks.PASSIVE
            reason = "no such answer was recorded" if alone else APART
            yield _bare(row, target, Outcome.NOT_EXERCISED, reason)


def _result(row: Requirement, seen: _Seen, target: str) -> Result:
    findings, observations = tuple(seen.findings.values()), tuple(seen.observations.values())
    outcome = outcome_of(row.level, findings, observed=bool(observations))
    reason = findings[0].message if findings else ""
    return replace(
        _bare(row, target, outcome, reason), findings=findings, observations=observations
    )


def _bare(row: Requirement, target: str, outcome: Outcome, reason: str) -> Result:
    return Result(target, row.id, row.level, row.check or "", outcome, reason)


# --- relations ----------------------------------------------------------------------------

Related = tuple[str, str, list[Finding]]


def _relations(heard: Sequence[Answer], driver: Driver, contract: Contract) -> Iterator[Related]:
    """Yield check, operation and what is wrong for each relation that the recording settles."""
    accepted = [answer for answer in heard if answer.accepted]
    there: set[tuple[str, str]] = set()
    for answer in sorted(accepted, key=lambda one: one.exchange.started):
        if answer.operation == driver.ask:
            yield from _asked(answer, driver, there)
        yield from _page(answer, driver)
        conversation = str(driver.conversation_named(answer.request_body))
        if contract.operations[answer.operation].writes:
            there.add((conversation, str(_sent(answer, driver))))
    yield from _numbered(accepted, driver)


def _sent(answer: Answer, driver: Driver) -> Any:
    try:
        return driver.sent_message(answer)
    except (AttributeError, TypeError, KeyError):
        return None


def _asked(answer: Answer, driver: Driver, there: set[tuple[str, str]]) -> Iterator[Related]:
    """Each message has an item that was asked for and, as the recording shows, exists."""
    try:
        asked = driver.named_messages(answer.request_body)
    except (AttributeError, TypeError, KeyError):
        return
    conversation = str(driver.conversation_named(answer.request_body))
    asked = [message for message in asked if (conversation, str(message)) in there]
    if not asked:
        return
    found = {receipt.message: receipt for receipt in driver.receipts(answer)}
    missing = [message for message in asked if message not in found]
    yield "every-message-is-answered", answer.operation, receipts.each_answered(answer, {}, missing)


def _page(answer: Answer, driver: Driver) -> Iterator[Related]:
    """A page is about its message, no longer than asked, and shows nobody twice."""
    wanted = driver.page_wanted(answer.request_body)
    if wanted is None:
        return
    message, read, count = wanted
    page, operation = driver.page(answer), answer.operation
    members = list(page.members)
    what = "readers" if read else "members who have not read"
    twice = paging.everybody_once(answer, members, set(members), (), f"{what} on one page")
    yield "page-holds-at-most-its-size", operation, paging.at_most([answer], [page], count)
    yield "message-is-echoed", operation, paging.echoed(answer, page, message)
    yield "next-page-has-a-cursor", operation, paging.cursors([answer], [page])
    yield "walk-visits-everybody-once", operation, twice


def _numbered(accepted: Sequence[Answer], driver: Driver) -> Iterator[Related]:
    """The number of a message is above that of one whose answer came before it was sent."""
    newest: dict[tuple[str, Any], Answer] = {}
    for answer in sorted(accepted, key=lambda one: one.exchange.started):
        conversation = driver.conversation_named(answer.request_body)
        number = _sent(answer, driver)
        if not isinstance(number, int) or not isinstance(conversation, str):
            continue
        key = (answer.operation, conversation)
        before = newest.get(key)
        response = before.exchange.response if before else None
        if before is not None and response is not None:
            earlier = driver.sent_message(before)
            ended = before.exchange.started + response.elapsed
            if ended < answer.exchange.started and number < earlier:
                numbers = [earlier, number]
                findings = values.rising(answer, "$", numbers, "numbers do not rise")
                yield "sequence-rises", answer.operation, findings
                continue
            yield "sequence-rises", answer.operation, []
        newest[key] = answer
