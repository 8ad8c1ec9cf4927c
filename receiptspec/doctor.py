"""Looks at a target before a run: what is in order, what is not, what will not be exercised."""

from __future__ import annotations

import shutil
import socket
import ssl
import statistics
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from enum import StrEnum
from urllib.parse import urlsplit

from receiptspec.addresses import host_of
from receiptspec.checks import receipts
from receiptspec.client import Client, proxies_for
from receiptspec.contract import Requirement
from receiptspec.errors import EXIT, CredentialsRefused, Inconclusive, NotExercised
from receiptspec.exchange import Exchange
from receiptspec.neutral import Answer, Conversation, Kind, Message, Verdict
from receiptspec.run import Run
from receiptspec.stage import Stage
from receiptspec.targets import Harness, Target, is_loopback

__all__ = ["Line", "State", "examine", "exit_code"]

_SKEW = 60.0  # seconds that clocks may differ before signatures are likely to be refused
_OF_ANOTHER = "check url: its host is not in the certificate"
#: What to do about a certificate that is refused, by what OpenSSL says of it.
_REFUSED = {10: "renew the certificate", 62: _OF_ANOTHER, 64: _OF_ANOTHER}
_CERTIFICATE = 14  # days that a certificate should still be valid


class State(StrEnum):
    """What a line says: in order, worth knowing, or to be mended by the user or elsewhere."""

    OK = "ok"
    NOTE = "note"
    WRONG = "problem"
    DOWN = "outage"


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that was looked at; `todo` says what to do about it."""

    topic: str
    state: State
    said: str
    todo: str = ""

    def __str__(self) -> str:
        word = "problem" if self.state is State.DOWN else str(self.state)
        return f"{word:<8} {self.topic:<12} {self.said}" + (f"; {self.todo}" if self.todo else "")


def exit_code(lines: Iterable[Line]) -> int:
    """Return 6 when something is away, else 4 when the user has something to mend, else 0."""
    states = {line.state for line in lines}
    if State.DOWN in states:
        return EXIT["inconclusive"]
    return EXIT["usage or configuration"] if State.WRONG in states else EXIT["conforms"]


def examine(run: Run, target: Target) -> Iterator[Line]:
    """Yield a line for each thing as it is looked at; what depends on a broken one is left out."""
    if target.embedded:
        yield Line("address", State.OK, "the packaged reference server, started on loopback")
    else:
        for line in _network(target):
            yield line
            if line.state in (State.DOWN, State.WRONG):
                return
    stage = run.stage(target)
    exchange, answer = _first(stage)
    if exchange.response is not None:
        yield _clock(exchange)
    yield _limit(stage, answer)
    try:
        stage.open()
    except CredentialsRefused as error:
        yield Line("answers", State.OK, f"it speaks as {stage.contract.title} does")
        said = str(error).removeprefix(f"{target.name}: ").removesuffix("; check auth")
        todo = f"check auth of {target.name}: app, key, and that the identifier is an administrator"
        yield Line("credentials", State.WRONG, said, todo)
        return
    except Inconclusive as error:
        said = str(error).removeprefix(f"{target.name}: ")
        what = "harness.command and url" if target.harness else "url"
        yield Line("answers", State.DOWN, stage.redact(said), f"check {what}, or wait")
        return
    if answer.verdict is Verdict.GARBLED and not stage.is_spoken():
        said = f"it answers, but not as {stage.contract.title} does"
        yield Line("answers", State.WRONG, said, "check vendor and url")
        return
    yield Line("answers", State.OK, f"it speaks as {stage.contract.title} does")
    yield Line("credentials", State.OK, "accepted")
    yield from _budget(target)
    yield _hook(stage.target)
    missing = _missing(stage)
    yield from _receipts(stage, missing)
    yield from _left_out(stage, missing)


# --- the way there ------------------------------------------------------------------------


def _network(target: Target) -> Iterator[Line]:
    parts = urlsplit(target.url)
    if way := proxies_for(target.url, target.proxy).get(parts.scheme):
        yield _proxy(way, target)
        return
    host, secure = parts.hostname or "", parts.scheme == "https"
    port = parts.port or (443 if secure else 80)
    started = time.perf_counter()
    try:
        with socket.create_connection((host, port), target.timeouts.connect) as connection:
            took = (time.perf_counter() - started) * 1000
            yield Line("address", State.OK, f"{host}:{port} is reached in {took:.0f} ms")
            if secure:
                yield _tls(connection, host, target)
    except socket.gaierror:
        yield Line("address", State.DOWN, f"no host {host}", "check url and DNS")
    except OSError as error:
        reason = error.strerror or str(error) or type(error).__name__
        said = f"{host}:{port}: {reason.lower()}"
        yield Line("address", State.DOWN, said, "check url, the port, firewalls, and that it runs")
    else:
        if not secure and not is_loopback(target.url):
            said = "not encrypted: credentials can be read on the way"
            yield Line("tls", State.NOTE, said, "use https")


def _proxy(way: str, target: Target) -> Line:
    """Say whether the proxy is reached; what is behind it shows in the first answer."""
    address = way if "://" in way else f"http://{way}"
    try:
        host = host_of(address)
    except ValueError as error:
        said = f"the proxy has no address: {error}"
        return Line("address", State.WRONG, said, "mend proxy, or HTTP_PROXY and its like")
    parts = urlsplit(address)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    place = f"{host}:{port}"
    started = time.perf_counter()
    try:
        socket.create_connection((host, port), target.timeouts.connect).close()
    except OSError as error:
        said = f"proxy {place}: {(error.strerror or str(error) or type(error).__name__).lower()}"
        return Line("address", State.DOWN, said, "check proxy, and that it runs")
    took = (time.perf_counter() - started) * 1000
    return Line("address", State.OK, f"proxy {place} is reached in {took:.0f} ms")


def _tls(connection: socket.socket, host: str, target: Target) -> Line:
    context = ssl.create_default_context(cafile=target.ca)
    try:
        with context.wrap_socket(connection, server_hostname=host) as secured:
            version, certificate = secured.version(), secured.getpeercert() or {}
    except ssl.SSLCertVerificationError as error:
        todo = _REFUSED.get(error.verify_code, "name the authority in ca, or renew the certificate")
        return Line("tls", State.DOWN, f"certificate refused: {error.verify_message}", todo)
    except OSError as error:
        said = f"no TLS: {getattr(error, 'reason', None) or error.strerror or error}"
        return Line("tls", State.DOWN, said, "is it http:// there?")
    until = certificate.get("notAfter")
    days = (ssl.cert_time_to_seconds(until) - time.time()) / 86400 if isinstance(until, str) else 99
    if days < _CERTIFICATE:
        said = f"{version}, and the certificate ends in {days:.0f} days"
        return Line("tls", State.NOTE, said, "renew it")
    return Line("tls", State.OK, f"{version}, the certificate is trusted")


def _first(stage: Stage) -> tuple[Exchange, Answer]:
    """Send one harmless call, whatever it is answered."""
    call = stage.driver.probes()[0]
    request = stage.driver.build(stage.contract.operations[call.operation], call)
    target = stage.target
    client = Client(request.origin, timeouts=target.timeouts, ca=target.ca, proxy=target.proxy)
    try:
        exchange = client.send(request)
    finally:
        client.close()
    return exchange, stage.driver.read(call.operation, exchange)


def _clock(exchange: Exchange) -> Line:
    """Compare clocks by the Date header, which counts in seconds."""
    response = exchange.response
    said = response.header("Date") if response else None
    try:
        theirs = parsedate_to_datetime(said or "").timestamp()
    except (ValueError, TypeError, OverflowError):
        return Line("clock", State.NOTE, "not compared: answers carry no Date")
    ours = exchange.started + (response.elapsed if response else 0)
    ahead = theirs + 0.5 - ours
    if abs(ahead) <= _SKEW:
        return Line("clock", State.OK, f"clocks agree within {max(1, round(abs(ahead)))} s")
    word = "ahead of" if ahead > 0 else "behind"
    said = f"the target's clock is {abs(ahead):.0f} s {word} this one"
    return Line("clock", State.DOWN, said, "set both by NTP: signatures depend on the time")


def _limit(stage: Stage, answer: Answer) -> Line:
    rates = [operation.rate for operation in stage.contract.operations.values() if operation.rate]
    documented = statistics.mode(rates) if rates else None
    ours = stage.target.rate or documented
    said = f"at most {ours:g} calls a second" if ours else "no limit is documented or set"
    if answer.verdict is Verdict.THROTTLED:
        todo = "wait, or lower rate"
        return Line("rate", State.DOWN, f"throttled at the first call (code {answer.code})", todo)
    if stage.target.rate and documented and stage.target.rate > documented:
        said += f", more than the documented {documented}"
        return Line("rate", State.NOTE, said, "lower rate if calls are throttled")
    return Line("rate", State.OK, said + ("" if stage.target.rate else ", as documented"))


def _budget(target: Target) -> Iterator[Line]:
    budget = target.budget
    names = ("requests", "writes", "seconds")
    set_ = [f"{n} {getattr(budget, n):g}" for n in names if getattr(budget, n) is not None]
    if set_:
        said = f"{', '.join(set_)}: what does not fit is left without a verdict"
        yield Line("budget", State.NOTE, said)


# --- receipts -----------------------------------------------------------------------------


def _receipts(stage: Stage, missing: dict[str, int]) -> Iterator[Line]:
    """Send a message that asks for a receipt and read it, where that is allowed."""
    target = stage.target
    if not target.writes:
        yield from _fixture(stage)
        return
    try:
        group = stage.group(3)
        message = stage.say(group)
        asked = stage.ask(group, [message])
        stage.needs(asked)
        told = _told(stage, group, [message], asked)
        yield told
    except (NotExercised, Inconclusive) as error:
        yield _refused(stage, str(error))
        return
    if told.state is State.OK:
        yield _read(stage, group, message, missing)
    if any((row.check or "").startswith("webhook-") for row in _tested(stage)):
        yield _callbacks(stage)


def _fixture(stage: Stage) -> Iterator[Line]:
    fixture = stage.target.fixture
    said = "writes are not allowed: nothing is made, sent or read"
    if fixture is None:
        todo = "set writes: true, or name a group in fixtures"
        yield Line("writes", State.NOTE, said, todo)
        return
    said = stage.unable or said + ", the group of fixtures is asked"
    yield Line("writes", State.NOTE, said)
    owner = fixture.members[0] if fixture.members else ""
    group = Conversation(Kind.GROUP, fixture.id, fixture.type, owner, fixture.members)
    messages = [Message(group, id_, owner, wants_receipt=True) for id_ in fixture.messages]
    try:
        asked = stage.ask(group, messages)
        stage.needs(asked)
        yield _told(stage, group, messages, asked)
    except (NotExercised, Inconclusive) as error:
        yield _refused(stage, str(error))


def _told(stage: Stage, group: Conversation, messages: list[Message], asked: Answer) -> Line:
    """Say whether receipts are told: a switch that is off shows in a code, or in their absence."""
    if not asked.accepted:
        return _refused(stage, f"{asked.operation} {asked.describe()}")
    found = stage.receipts(asked)
    known = [m for m in messages if m.id in found and found[m.id].known]
    if len(known) == len(messages):
        return Line("feature", State.OK, f"receipts are told of {len(known)} of {len(messages)}")
    for message in messages:
        if message.id not in found and (spelt := receipts.spelt_otherwise(asked, message.id)):
            said = f"the item of a message {spelt.said} ({spelt.path})"
            return Line("feature", State.WRONG, said, "mend the target; a run will tell more")
    codes = {receipt.code for receipt in found.values() if not receipt.known}
    code = f" (code {', '.join(map(str, codes))})" if codes else ""
    if not stage.target.writes:
        lost = ", ".join(str(message.id) for message in messages if message not in known)
        said = f"messages of fixtures have no receipts{code}: {lost}"
        return Line("feature", State.WRONG, said, f"renew fixtures, or see{_where(stage)}")
    kind = "" if group.type == "group" else f"{group.type} "
    said = f"a message of a {kind}group that asks for a receipt has none{code}"
    return Line("feature", State.WRONG, said, f"switch receipts on{_where(stage)}")


def _refused(stage: Stage, otherwise: str) -> Line:
    """Say by the documented code of a refusal what is missing: feature, edition or right."""
    refused = [answer for answer in stage.needed() if not answer.accepted]
    if not refused or refused[-1].code is None:
        if "does not have" in otherwise:
            todo = "check the path of url: the calls of a set-up are not known there"
            if stage.target.fixture is None:
                todo += "; or name a group that exists in fixtures"
            return Line("receipts", State.WRONG, stage.redact(otherwise), todo)
        if refused and refused[-1].verdict is Verdict.GARBLED:
            todo = "check vendor and url; a run will tell more"
            return Line("receipts", State.WRONG, stage.redact(otherwise), todo)
        return Line("receipts", State.DOWN, stage.redact(otherwise), "try again later")
    answer = refused[-1]
    known = stage.contract.codes.get(answer.code) if answer.code is not None else None
    meaning = known.meaning if known else "an undocumented code"
    said = f"{answer.operation} is refused with code {answer.code}: {meaning}"
    kind = known.kind if known else "other"
    if kind == "feature":
        return Line("feature", State.WRONG, said, f"switch it on or upgrade{_where(stage)}")
    if kind in ("permission", "credentials"):
        return Line("rights", State.WRONG, said, "use an identifier that has the right")
    if kind in ("throttled", "transient"):
        return Line("receipts", State.DOWN, said, "wait, or lower rate")
    return Line("receipts", State.WRONG, said, "a run will tell more")


def _where(stage: Stage) -> str:
    """Return where the documents say that the switch is."""
    editions = stage.contract.revisions.get("editions") or [{}]
    latest = editions[-1] if isinstance(editions, list) else {}
    place, edition = latest.get("console", ""), latest.get("feature", "")
    words = f" (console: {place})" if place else ""
    return words + (f"; it needs {edition}" if edition else "")


def _read(stage: Stage, group: Conversation, message: Message, missing: dict[str, int]) -> Line:
    reader = next(member for member in group.members if member != message.sender)
    how = "hooks.read" if stage.target.read_hook is not None else "a call"
    before = stage.receipts(stage.ask(group, [message])).get(message.id)
    was = (before.read if before else None) or 0
    try:
        stage.reads(reader, [message])
        started = time.perf_counter()
        last = stage.settle(
            group, [message], lambda told: (told[message.id].read or 0) > was if told else False
        )
    except NotExercised as error:
        missing["nobody can be made to read"] = 0
        return Line("reading", State.NOTE, stage.redact(str(error)), "set hooks.read")
    except Inconclusive as error:
        return Line("reading", State.WRONG, stage.redact(str(error)), "mend hooks.read")
    took = (time.perf_counter() - started) * 1000
    after = stage.receipts(last).get(message.id)
    if after is not None and (after.read or 0) > was:
        return Line("reading", State.OK, f"a read by {how} shows within {took:.0f} ms")
    if after is not None and after.known and after.read is None:
        said = f"{after.name('read')} of answers cannot be read ({after.place('read')})"
        return Line("reading", State.WRONG, said, "mend the target; a run will tell more")
    said = f"a read by {how} does not show within {stage.target.consistency:g} s"
    todo = "mend hooks.read" if stage.target.read_hook is not None else "set hooks.read"
    return Line("reading", State.WRONG, said, f"{todo}, or give consistency more time")


def _hook(target: Target) -> Line:
    hook = target.read_hook
    if hook is None:
        return Line("read hook", State.OK, "none set: the vendor's call reads, where there is one")
    if isinstance(hook, str):
        parts = urlsplit(hook)
        port = parts.port or (443 if parts.scheme == "https" else 80)
        place = f"port {port} of {parts.hostname}"
        try:
            socket.create_connection((parts.hostname or "", port), 3).close()
        except OSError as error:
            said = f"{place}: {error.strerror or error}".lower()
            return Line("read hook", State.WRONG, said, "start it, or mend hooks.read")
        return Line("read hook", State.OK, f"{place} is reached")
    program = (hook.command if isinstance(hook, Harness) else hook)[0]
    if shutil.which(program) is None:
        return Line("read hook", State.WRONG, f"no command {program}", "mend hooks.read")
    return Line("read hook", State.OK, f"{program} is there")


def _callbacks(stage: Stage) -> Line:
    """Say whether the message that was sent and read made the target call."""
    address = stage.target.webhook_listener
    if address is None and not stage.target.embedded:
        return Line("webhooks", State.NOTE, "no hooks.webhook_listener", "set it for callbacks")
    try:
        listener = stage.listener()
    except NotExercised as error:
        return Line("webhooks", State.WRONG, str(error), "choose a free port")
    for _ in stage.patience():
        if listener.seen:
            return Line("webhooks", State.OK, f"a callback came to {address or 'the listener'}")
    said = "no callback came of a message and a read: callbacks will not be exercised"
    return Line("webhooks", State.NOTE, said, f"point the target's callbacks to {address}")


# --- what will be left out ----------------------------------------------------------------


def _missing(stage: Stage) -> dict[str, int]:
    """Return what is not there, with the number of requirements about it."""
    found: dict[str, int] = {}
    if not stage.target.writes:
        return found
    for name, operation in stage.contract.operations.items():
        if operation.optional:
            try:
                there = stage.can(name)
            except (NotExercised, Inconclusive):
                there = False
            if not there:
                found[f"no {name}"] = sum(row.operation == name for row in _tested(stage))
    return found


def _tested(stage: Stage) -> list[Requirement]:
    return [row for row in stage.contract.requirements if row.check]


def _left_out(stage: Stage, missing: dict[str, int]) -> Iterator[Line]:
    rows, target = _tested(stage), stage.target
    reasons = dict(missing)
    if not target.writes:
        operations = stage.contract.operations
        writing = [row for row in rows if row.operation and operations[row.operation].writes]
        reasons["nothing can be made" if stage.unable else "no writes: true"] = len(writing)
    if target.webhook_listener is None and not target.embedded:
        hooked = sum(1 for row in rows if (row.check or "").startswith("webhook-"))
        reasons |= {"no hooks.webhook_listener": hooked} if hooked else {}
    for reason, count in reasons.items():
        about = f"{count} requirements at least" if count else "what depends on it"
        yield Line("left out", State.NOTE, f"{about}: {reason}")
    excluded = sum(1 for row in stage.contract.requirements if row.excluded)
    if excluded:
        said = f"{excluded} requirements have no check, for reasons that explain tells"
        yield Line("left out", State.NOTE, said)
