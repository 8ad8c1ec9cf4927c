"""One target at work: sends calls, waits out what is not to be judged, remembers what was shared.

Scenes are short runs of neutral actions. Each is played once and every check that needs its
exchanges shares them: that is what keeps the number of requests small.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
import shlex
import subprocess
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar
from urllib.parse import urlsplit

from receiptspec import contract as contracts
from receiptspec import jsonschemas, rates, strictjson
from receiptspec.budgets import Spending
from receiptspec.checks import answers as answer_checks
from receiptspec.client import Client
from receiptspec.contract import Contract
from receiptspec.drivers import driver_for
from receiptspec.errors import (
    BudgetSpent,
    ConfigurationError,
    ContractError,
    CredentialsRefused,
    Inconclusive,
    NotExercised,
    Throttled,
    Unreachable,
)
from receiptspec.exchange import Exchange, Redactor, Request
from receiptspec.findings import Finding, Observation
from receiptspec.harness import Harnesses
from receiptspec.journal import Journal, Leftover
from receiptspec.neutral import Answer, Call, Conversation, Kind, Message, Receipt, Verdict
from receiptspec.targets import Harness, Target
from receiptspec.webhooks import Listener

__all__ = ["Stage", "Witness"]

T = TypeVar("T")

_GREETING = 0.5  # seconds to wait for the first answer
_PATIENCE = 12.0  # seconds to wait out throttling
_OUTAGE = 5.0  # seconds to wait for a target that went away in the middle of a run
_LOST = 15.0  # seconds without any answer, however often it was waited for, after which to give up
_REPEATS = 3
_BUSY_REPEATS = 6  # of a call that is answered by HTTP 503: many gateways limit rates by it
_CLOCKS = 5.0  # seconds by which clocks may differ unnoticed


@dataclass
class Witness:
    """What passive checks saw of one requirement: how many answers, and what was wrong."""

    judged: int = 0
    findings: dict[str, Finding] = field(default_factory=dict)
    observations: dict[str, str] = field(default_factory=dict)
    reported: set[str] = field(default_factory=set)


class Stage:
    """A target, its driver and all that was learnt about it so far.

    Stages of the same `purse` spend one budget together.
    """

    def __init__(
        self,
        target: Target,
        *,
        origin: str,
        auth: Mapping[str, Any] | None = None,
        seed: int = 0,
        namespace: str = "0",
        purse: str = "",
        listener: Listener | None = None,
        journal: Journal | None = None,
    ) -> None:
        self.target = replace(target, auth=auth) if auth is not None else target
        self.contract: Contract = contracts.load(target.vendor)
        self.driver = driver_for(self.target, self.contract, origin)
        self.seed = seed
        self.namespace = namespace
        self.redact = Redactor(self.target.secrets)
        self.witness: dict[str, Witness] = {}
        self._monitor = answer_checks.Monitor(self.contract)
        self._memo: dict[str, Any] = {}
        self._given: set[str] = set()
        self._users: list[Any] = []
        self._created: dict[Conversation, float] = {}
        self._refusal: Exception | None = None
        self._lost_since: float | None = None
        self._ahead = 0.0
        self._opened = False
        self._needed: dict[str, list[Answer]] = {}
        self._there: set[str] = set()
        self._readers: Harnesses | None = None
        self._listener = listener
        self._journal = journal
        self._client = self.driver.carry(
            Client(
                _origin_only(origin),
                timeouts=target.timeouts,
                limits=rates.limits(target, self.contract),
                spending=Spending(target.budget, purse),
                ca=target.ca,
                proxy=target.proxy,
            )
        )

    def __repr__(self) -> str:
        return f"Stage({self.target.name!r})"

    # --- calls ----------------------------------------------------------------------------

    @property
    def sent(self) -> int:
        """How many requests were sent so far."""
        return self._client.sent

    def drain(self) -> list[tuple[float, float, str, int]]:
        """Return when each request since the last call was sent, and what became of it."""
        return self._client.drain()

    def open(self) -> None:
        """Make sure, once, that somebody who speaks the dialect lets us in.

        Raises `Unreachable` or `CredentialsRefused`, again at every later call.
        """
        if self._refusal is not None:
            raise self._refusal.with_traceback(None)  # else it grows with every raise
        if self._opened:
            return
        try:
            self._knock()
        except Inconclusive as refusal:
            self._refusal = refusal
            raise
        self._opened = True

    def _knock(self) -> None:
        answer = self._first_word()
        if self._refuses_us(answer):
            self.driver.renew_credential(plain=True)
            answer = self._first_word()
        if self._refuses_us(answer):
            raise CredentialsRefused(
                f"{self.target.name}: the target refuses the configured credentials "
                f"(code {answer.code}: {self._meaning(answer)}); {self._advice()}"
            )

    def _advice(self) -> str:
        """Say what may be wrong when credentials are refused."""
        hostless = self.driver.hostless
        if hostless:
            spared = self._once(replace(self._probes()[0], credential=hostless))
            if spared.accepted or (spared.refused and not self._refuses_us(spared)):
                return (
                    "a signature that leaves Host out is accepted: something on the way changes "
                    "the Host header, and has to pass it on as it came"
                )
        return f"check auth{self._clocks()}"

    def _clocks(self) -> str:
        """Say by how much the target's clock is off, where that may be why it refuses."""
        if abs(self._ahead) < 60:
            return ""
        way = "ahead of" if self._ahead > 0 else "behind"
        minutes = round(abs(self._ahead) / 60)
        return f", and the clocks: its Date header is {minutes} minutes {way} this machine's clock"

    def _first_word(self) -> Answer:
        """Return the first answer in the dialect, or at least under HTTP 200 and no page."""
        deadline = time.monotonic() + _GREETING
        while True:
            answers = [self._once(probe) for probe in self._probes()[:1]]
            if answers[0].verdict in (Verdict.TROUBLE, Verdict.GARBLED):
                answers += [self._once(probe) for probe in self._probes()[1:]]
            best = min(answers, key=lambda answer: list(Verdict).index(answer.verdict))
            if best.verdict is not Verdict.TROUBLE:
                return best
            if time.monotonic() > deadline:
                raise Unreachable(
                    f"{self.target.name}: {self.driver.origin} does not answer as "
                    f"{self.contract.title} does ({best.note})"
                )
            time.sleep(0.1)

    def _meaning(self, answer: Answer) -> str:
        known = self.contract.codes.get(answer.code) if answer.code is not None else None
        return known.meaning if known else "undocumented"

    def _probes(self) -> list[Call]:
        """Return harmless calls, one of which should be accepted where that may be tried."""
        probes = self.driver.probes()
        if self.target.writes:
            probes += self.driver.make_users([self.driver.user(self.namespace, 0)])
        return probes

    def call(self, call: Call) -> Answer:
        """Send a call and return its answer, after throttling and passing trouble are waited out.

        Raises `NotExercised` for a write that the owner has not allowed, `Throttled` or
        `Unreachable` when waiting did not help. An answer whose verdict is still TROUBLE happened
        every time while other calls were answered: the call itself causes it.
        """
        self.open()
        operation = self.contract.calls[call.operation]
        if operation.writes and not self.target.writes:
            raise NotExercised(f"{call.operation} writes; {self.target.name} has no writes: true")
        try:
            answer = self._answered(call)
        except (Unreachable, Throttled) as error:
            self._lose(error)
            raise
        self._lost_since = None
        return answer

    def _lose(self, error: Inconclusive) -> None:
        """Give the run up when there was no answer for long: each call would wait anew."""
        now = time.monotonic()
        if self._lost_since is None:
            self._lost_since = now
        elif now - self._lost_since > _LOST:
            self._refusal = type(error)(f"given up after {_LOST:g} s without an answer: {error}")

    def _answered(self, call: Call) -> Answer:
        answer = self._once(call)
        if answer.refused and self.contract.kind(answer.code) == "transient":
            answer = self._again(call, answer)
        elif answer.verdict is Verdict.TROUBLE:
            answer = self._confirm(call, answer)
        elif answer.exchange.trouble:
            answer = self._repeated(call, answer)
        if answer.verdict is Verdict.THROTTLED:
            answer = self._wait_out(call, answer)
        if self._refuses_us(answer) and call.credential == "valid":
            answer = self._with_new_credential(call, answer)
        if answer.accepted:
            self._there.add(call.operation)
        elif self._is_missing(call, answer):
            raise NotExercised(f"the target does not have {call.operation} ({answer.describe()})")
        return answer

    def _is_missing(self, call: Call, answer: Answer) -> bool:
        """Whether the target says that it has no such operation, and never had.

        The operation that asks for receipts is what everything is about: it cannot be missing.
        """
        name = call.operation
        if name == self.driver.ask or name in self._there or call.path or call.method:
            return False
        return self.driver.is_unknown_command(answer) and not self.target.capabilities.get(name)

    def _refuses_us(self, answer: Answer) -> bool:
        return answer.refused and self.contract.kind(answer.code) == "credentials"

    def _with_new_credential(self, call: Call, answer: Answer) -> Answer:
        """Try once with a credential made anew, where one that had served is refused."""
        if call.label:
            return answer
        self.driver.renew_credential()
        again = self._once(call)
        if not self._refuses_us(again):
            finding = Finding(
                f"a credential that had been accepted is {answer.describe()}; a new one is not",
                answer.code_path,
                "an accepted credential until it expires",
                f"code {answer.code}",
                f"credential-worn-out:{answer.code}",
                (answer.exchange,),
            )
            self.blame("credential-serves-many-calls", finding)
        return again

    def _once(self, call: Call) -> Answer:
        operation = self.contract.calls[call.operation]
        request = self.driver.build(operation, call)
        for secret in self.driver.secrets():
            self.redact.add(secret)
        number = self._announce(call)
        ahead = int(number is not None)  # what is made has to be dismissed as well
        try:
            exchange = self._client.send(request, writes=operation.writes, ahead=ahead)
        except Inconclusive:
            self._unsent(number)
            raise
        self._compare_clocks(exchange)
        answer = replace(
            self.driver.read(call.operation, exchange),
            request_body=None if call.raw is not None else call.body,
        )
        self._enter(call, number, answer)
        if not exchange.trouble:
            self._watch(answer)
        return answer

    def _announce(self, call: Call) -> int | None:
        """Write down what a call is to make, before it is sent."""
        made = self.driver.makes(call) if self._journal is not None else None
        return self._journal.intends(*made) if made and self._journal else None

    def _unsent(self, number: int | None) -> None:
        """Write down that an announced call was not sent after all."""
        if number is not None and self._journal is not None:
            self._journal.nothing(number)

    def _enter(self, call: Call, number: int | None, answer: Answer) -> None:
        """Write down what a call made or ended; without an answer that stays open."""
        if self._journal is None:
            return
        if number is not None:
            id_ = self.driver.made_group(answer)
            if id_ is not None:
                self._journal.made(number, id_)
            elif answer.refused or answer.verdict is Verdict.THROTTLED:
                self._journal.nothing(number)
                self._client.give_back(1)
        elif answer.accepted and (ended := self.driver.ends(call)) is not None:
            self._client.give_back(self._journal.gone(ended))

    def _repeated(self, call: Call, answer: Answer) -> Answer:
        """Take a broken transfer for the target's doing only when it happens every time."""
        for _ in range(_REPEATS - 1):
            answer = self._once(call)
            if not answer.exchange.trouble:
                return answer
        self._watch(answer)
        return answer

    def at_once(self, calls: Sequence[Call], connections: int = 4) -> list[Answer]:
        """Send calls at the same time over several connections; answers in the order of `calls`.

        Each answer is what came first: nothing is waited out or sent again.
        """
        self.open()
        for call in calls:
            if self.contract.calls[call.operation].writes and not self.target.writes:
                raise NotExercised(f"{call.operation} writes; there is no writes: true")
        operations = [self.contract.calls[call.operation] for call in calls]
        requests = [self.driver.build(op, call) for op, call in zip(operations, calls, strict=True)]
        numbers = [self._announce(call) for call in calls]
        writes = [operation.writes for operation in operations]
        ahead = [int(number is not None) for number in numbers]
        work = list(zip(requests, writes, ahead, strict=True))
        exchanges = self._send_at_once(work, connections)
        answers = []
        for call, number, exchange in zip(calls, numbers, exchanges, strict=True):
            if isinstance(exchange, Exception):
                self._unsent(number)
                continue
            answer = replace(self.driver.read(call.operation, exchange), request_body=call.body)
            self._enter(call, number, answer)
            if not exchange.trouble:
                self._watch(answer)
            answers.append(answer)
        for exchange in exchanges:
            if isinstance(exchange, Exception):
                raise exchange
        return answers

    def _send_at_once(
        self, requests: Sequence[tuple[Request, bool, int]], connections: int
    ) -> list[Exchange | Exception]:
        """Send over several threads, none of which keeps an interrupted run from ending."""
        waiting = list(enumerate(requests))[::-1]
        done: dict[int, Exchange | Exception] = {}

        def work() -> None:
            while waiting:
                try:
                    index, (request, writes, ahead) = waiting.pop()
                except IndexError:
                    return
                try:
                    done[index] = self._client.send(request, writes=writes, ahead=ahead, apart=True)
                except Exception as error:
                    done[index] = error

        threads = [threading.Thread(target=work, daemon=True) for _ in range(connections)]
        for thread in threads:
            thread.start()
        try:
            for thread in threads:
                thread.join()
        finally:
            waiting.clear()
        return [done[index] for index in sorted(done)]

    def _compare_clocks(self, exchange: Exchange) -> None:
        """Remember how far the target's clock is ahead of ours, by whole seconds."""
        stamp = exchange.response.header("Date") if exchange.response else None
        try:
            date = parsedate_to_datetime(stamp).timestamp() if stamp else None
        except (ValueError, OverflowError):
            return
        if exchange.response is None or date is None:
            return
        ahead = date - exchange.started - exchange.response.elapsed
        self._ahead = float(round(ahead)) if abs(ahead) > _CLOCKS else 0.0

    def _wait_out(self, call: Call, answer: Answer) -> Answer:
        """Wait until a rate limit lets the call pass; a limit that spares other calls is none."""
        deadline, pause = time.monotonic() + _PATIENCE, 0.25
        for attempt in range(1, 64):
            spoken = answer.code is not None
            if not spoken:
                self._client.slow_down()
            if spoken and attempt == _REPEATS and self._alive(strict=True):
                again = self._once(call)
                if again.verdict is Verdict.THROTTLED:
                    return replace(again, verdict=Verdict.REFUSED)
                return again
            wished = _retry_after(answer)
            if time.monotonic() + wished > deadline:
                break
            time.sleep(max(pause, wished))
            pause = min(pause * 1.5, 1.5)
            answer = self._once(call)
            if answer.verdict is not Verdict.THROTTLED:
                return answer
        why = f"code {answer.code}" if answer.code is not None else answer.note
        wished = _retry_after(answer)
        why += f", Retry-After {wished:g} s" if wished else ""
        raise Throttled(f"{call.operation} was throttled ({why}) to the end")

    def _again(self, call: Call, answer: Answer) -> Answer:
        for _ in range(_REPEATS - 1):
            time.sleep(0.1)
            answer = self._once(call)
            if self.contract.kind(answer.code) != "transient":
                break
        return answer

    def _confirm(self, call: Call, answer: Answer) -> Answer:
        """Tell a call that breaks the target from a target that is away, or that is busy."""
        pause = 0.3
        for repeat in range(1, _BUSY_REPEATS):
            status = answer.exchange.response.status if answer.exchange.response else None
            if repeat >= _REPEATS and status != 503:
                break
            if not self._alive():
                self._await_return(answer)
            if status == 503:
                self._client.slow_down()
                time.sleep(max(pause, min(_retry_after(answer), _PATIENCE / 4)))
                pause = min(pause * 2, 2.0)
            answer = self._once(call)
            if answer.verdict is not Verdict.TROUBLE:
                return answer
        if not self._alive():
            raise Unreachable(f"{call.operation}: {answer.note}")
        return answer

    def _alive(self, *, strict: bool = False) -> bool:
        bad = {Verdict.TROUBLE, Verdict.THROTTLED} if strict else {Verdict.TROUBLE}
        probes = self._probes()  # twice: the first may meet a connection that broke before
        return any(self._once(probe).verdict not in bad for probe in (*probes, *probes))

    def _await_return(self, answer: Answer) -> None:
        deadline = time.monotonic() + _OUTAGE
        while time.monotonic() < deadline:
            time.sleep(0.25)
            if self._alive():
                return
        raise Unreachable(f"{answer.operation}: {answer.note}; nothing else is answered either")

    def must(self, call: Call) -> Answer:
        """Send a call that a scene cannot do without.

        Raises `NotExercised` when it is not accepted, with what came back instead, and
        `ContractError` when the call itself is not as documented.
        """
        self._proofread(call)
        answer = self.call(call)
        self.needs(answer)
        if not answer.accepted:
            doubt = self.doubt() if answer.refused else ""
            more = f"; {doubt}" if doubt else ""
            raise NotExercised(f"{call.operation} did not work: {answer.describe()}{more}")
        return answer

    def doubt(self) -> str:
        """Return what may be wrong with every id that the target gave, empty for nothing.

        Of ids beyond 2^53 few are those of a double; all of them are where one was made on the way.
        """
        large = [int(text) for text in self._given if re.fullmatch(r"[0-9]{16,19}", text)]
        large = [number for number in large if number > 2**53]
        if not large or any(int(float(number)) != number for number in large):
            return ""
        return f"the ids that came look rounded to doubles, as {large[0]} does"

    def _proofread(self, call: Call) -> None:
        """Find a mistake of our own before the target is blamed for refusing it.

        An id that breaks the rules is none when the target gave it.
        """
        file = self.contract.calls[call.operation].request
        if file is None or call.raw is not None:
            return
        schema = jsonschemas.load(file)
        if schema.fits(call.body):
            return
        for violation in jsonschemas.violations(schema, call.body):
            if repr(violation.instance) not in self._given:
                raise ContractError(
                    f"the suite's own request is wrong, not the target: {call.operation}: "
                    f"{violation.path}: {violation.message}"
                )

    def is_gated(self, answer: Answer) -> bool:
        """Whether a refusal may mean that the feature is not switched on or not paid for."""
        return answer.refused and self.contract.kind(answer.code) in ("feature", "permission")

    def needs(self, answer: Answer) -> None:
        """Remember an answer to a documented call that ought to have been accepted."""
        self._needed.setdefault(answer.operation, []).append(answer)

    def needed(self) -> list[Answer]:
        """Return the answers to documented calls that ought to have been accepted."""
        return [answer for answers in self._needed.values() for answer in answers]

    def never_worked(self) -> list[Answer]:
        """Return one refusal of each operation that was needed and never accepted.

        A refusal for want of a feature, a right or a quota proves nothing.
        """
        excuses = {"feature", "permission", "credentials", "limit", "throttled"}
        return [
            answers[0]
            for answers in self._needed.values()
            if not any(answer.accepted for answer in answers)
            and self.contract.kind(answers[0].code) not in excuses
        ]

    # --- passive checks -------------------------------------------------------------------

    def _watch(self, answer: Answer) -> None:
        for requirement, finding in self._monitor.judge(answer, self.redact):
            witness = self.witness.setdefault(requirement, Witness())
            witness.judged += 1
            if isinstance(finding, Finding):
                witness.findings.setdefault(finding.signature, finding)
            elif isinstance(finding, Observation):
                witness.observations[finding.key] = finding.value

    def blame(self, check: str, finding: Finding) -> None:
        """Record a finding for every requirement that names `check`, whoever is being tested."""
        for row in self.contract.requirements:
            if row.check == check:
                witness = self.witness.setdefault(row.id, Witness())
                witness.findings.setdefault(finding.signature, finding)

    def vouch(self, check: str) -> None:
        """Record that `check` had something to judge."""
        for row in self.contract.requirements:
            if row.check == check:
                self.witness.setdefault(row.id, Witness()).judged += 1

    # --- scenes ---------------------------------------------------------------------------

    def scene(self, play: Callable[..., T], *args: Any) -> T:
        """Return what `play(stage, *args)` returned, or raise what it raised, playing it once."""
        key = f"{play.__module__}.{play.__qualname__}{args!r}"
        if key not in self._memo:
            try:
                self._memo[key] = (True, play(self, *args))
            except (NotExercised, Inconclusive) as error:
                self._memo[key] = (False, error)
        fine, value = self._memo[key]
        if not fine:
            raise value.with_traceback(None)
        return value  # type: ignore[no-any-return]

    def number(self, *parts: object) -> int:
        """Return a 31-bit number made from the seed and `parts`, the same in every worker."""
        text = json.dumps([self.seed, *map(str, parts)])
        return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4]) >> 1

    def users(self, count: int) -> tuple[Any, ...]:
        """Return the first `count` users of the pool, making those that do not exist yet."""
        if self.target.fixture and not self.target.writes:
            raise NotExercised(f"{self.target.name} has no writes: true, so no users can be made")
        missing = [self.driver.user(self.namespace, i) for i in range(len(self._users), count)]
        for call in self.driver.make_users(missing):
            self.must(call)
        self._users.extend(missing)
        return tuple(self._users[:count])

    def group(self, size: int, *, type_: str = "", id_: str | None = None) -> Conversation:
        """Make a group of `size` people; the owner is the first. See `must` for errors."""
        owner, *others = self.users(size)
        type_ = type_ or self.driver.group_type
        first, rest = others[: self.driver.at_creation], others[self.driver.at_creation :]
        answer = self.must(self.driver.make_group(type_, f"rs{self.namespace}", owner, first, id_))
        made = self.driver.made_group(answer)
        if made is None:
            raise NotExercised("the answer that a group was made names no group")
        self._given.add(repr(made))
        group = Conversation(Kind.GROUP, made, type_, owner, (owner, *others))
        self._created[group] = time.time()
        for start in range(0, len(rest), self.driver.at_once):
            part = rest[start : start + self.driver.at_once]
            self.must(self.driver.add_members(group, part))
        return group

    def pair(self, one: Any, other: Any) -> Conversation:
        """Open the conversation of two people, `one` being its owner. See `must` for errors."""
        call, id_ = self.driver.make_pair(one, other), None
        if call is not None:
            id_ = self.driver.made_group(self.must(call))
            if id_ is None:
                raise NotExercised("the answer that a conversation was made names none")
            self._given.add(repr(id_))
        return Conversation(Kind.DIRECT, id_, "direct", one, (one, other))

    def say(
        self, conversation: Conversation, *, receipt: bool = True, sender: Any = None
    ) -> Message:
        """Send one message, by the owner unless told otherwise. See `must` for errors."""
        sender = conversation.owner if sender is None else sender
        self._memo["said"] = count = self._memo.get("said", 0) + 1
        number = self.number("message", conversation.id, count)
        answer = self.must(
            self.driver.send_message(conversation, sender, receipt=receipt, number=number)
        )
        made = self.driver.sent_message(answer)
        if made is None:
            raise NotExercised("the answer that a message was sent names no message")
        self._given.add(repr(made))
        return Message(conversation, made, sender, receipt)

    def ask(self, conversation: Conversation, messages: Iterable[Message | int]) -> Answer:
        """Ask for the receipts of messages, or of ids, of a conversation."""
        ids = [m.id if isinstance(m, Message) else m for m in messages]
        return self.call(self.driver.ask_receipts(conversation, ids))

    def receipts(self, answer: Answer) -> dict[Any, Receipt]:
        """Return the receipts of an accepted answer by message id; the first of each."""
        found: dict[Any, Receipt] = {}
        for receipt in self.driver.receipts(answer):
            found.setdefault(receipt.message, receipt)
        return found

    def settle(
        self,
        conversation: Conversation,
        messages: Sequence[Message],
        done: Callable[[dict[Any, Receipt]], bool],
    ) -> Answer:
        """Ask until `done` or until the target's consistency window is over; return the last."""
        answer = None
        for _ in self.patience():
            answer = self.ask(conversation, messages)
            if not answer.accepted or done(self.receipts(answer)):
                break
        assert answer is not None  # noqa: S101
        return answer

    def let_age(self, group: Conversation, seconds: float) -> None:
        """Wait until a group that was made here is so old."""
        self._sleep(self._created[group] + seconds - time.time())

    def clock(self) -> int:
        """Return the target's time, as its Date header tells it, in whole Unix seconds."""
        return int(time.time() + self._ahead)

    def wait_until(self, moment: float) -> None:
        """Wait until a time of `clock`: the documents count in seconds, so one may have to pass."""
        self._sleep(moment - time.time() - self._ahead)

    def _sleep(self, seconds: float) -> None:
        if seconds > self._client.time_left:
            raise BudgetSpent("the budget of seconds ends before what has to be waited for")
        time.sleep(max(0.0, seconds))

    def patience(self) -> Iterator[None]:
        """Yield for each time that is worth asking again, until the consistency window is over."""
        deadline = time.monotonic() + self.target.consistency
        pause = 0.02
        while True:
            yield
            left = deadline - time.monotonic()
            if left <= 0:
                return
            time.sleep(min(pause, left))
            pause = min(pause * 2, 0.4)

    def reads(self, user: Any, messages: Sequence[Message]) -> Answer | None:
        """Make `user` read messages, by the vendor's call or by the target's read hook.

        Returns the answer of the call, ``None`` after a hook. Raises `NotExercised` when neither
        is there, `Inconclusive` when the hook fails.
        """
        conversation = messages[0].conversation
        ids = [message.id for message in messages]
        if isinstance(self.target.read_hook, Harness):
            self._read_with(self.target.read_hook, user, messages)
            return None
        if self.target.read_hook is not None:
            self._hook(self.driver.hook_input(conversation, user, ids))
            return None
        call = self.driver.mark_read(conversation, user, ids)
        if call is None or not self.can(call.operation):
            raise NotExercised("nothing here can make a user read: no such call and no hooks.read")
        return self.must(call)

    def tries_to_read(self, user: Any, messages: Sequence[Message]) -> Answer | None:
        """Do the same as `reads`, but return a refusal instead of raising."""
        conversation = messages[0].conversation
        call = self.driver.mark_read(conversation, user, [message.id for message in messages])
        if self.target.read_hook is not None or call is None or not self.can(call.operation):
            return self.reads(user, messages)
        return self.call(call)

    def can(self, operation: str) -> bool:
        """Whether an optional operation is there: as the target says, else by asking it once."""
        declared = self.target.capabilities.get(operation)
        if declared is not None:
            return declared
        if not self.contract.calls[operation].optional:
            return True
        return self.scene(_has, operation)

    def _hook(self, payload: dict[str, Any]) -> None:
        hook = self.target.read_hook
        if isinstance(hook, str):
            self._post_hook(hook, payload)
            return
        assert not isinstance(hook, Harness)  # noqa: S101
        assert hook is not None  # noqa: S101
        try:
            done = subprocess.run(  # noqa: S603
                list(hook),
                input=json.dumps(payload).encode(),
                capture_output=True,
                timeout=self.target.timeouts.total,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise Inconclusive(f"hooks.read ({shlex.join(hook)}): {error}") from None
        if done.returncode:
            last = (done.stderr.decode(errors="replace").strip().splitlines() or ["no message"])[-1]
            raise Inconclusive(f"hooks.read exited with {done.returncode}: {self.redact(last)}")

    def _read_with(self, harness: Harness, user: Any, messages: Sequence[Message]) -> None:
        """Let the SDK of `user` read; it logs in to the target's server at its first read."""
        if not isinstance(self._client, Client):
            raise ConfigurationError("hooks.read: a harness target reads by its own harness")
        if self._readers is None:
            self._readers = self.driver.readers(self._client, harness)
        request = self.driver.reading(user, messages)
        try:
            exchange = self._readers.send(request, writes=True)
        except Inconclusive as error:
            raise Inconclusive(f"hooks.read: {self.redact(str(error))}") from None
        finally:
            for secret in self.driver.secrets():
                self.redact.add(secret)
        trouble = exchange.trouble
        if exchange.response is not None:
            said = strictjson.read(exchange.response.body).value
            refusal = said.get("error") if isinstance(said, dict) else "no JSON object"
            trouble = f"the SDK of {user} refuses: {refusal}" if refusal else None
        if trouble:
            raise Inconclusive(f"hooks.read: {self.redact(trouble)}")

    def _post_hook(self, url: str, payload: dict[str, Any]) -> None:
        base = _origin_only(url)
        client = Client(base, timeouts=self.target.timeouts)
        try:
            exchange = client.send(
                Request(
                    "POST",
                    base,
                    url[len(base) :] or "/",
                    (("Content-Type", "application/json"),),
                    json.dumps(payload).encode(),
                )
            )
        finally:
            client.close()
        status = exchange.response.status if exchange.response else exchange.trouble
        if not isinstance(status, int) or not 200 <= status < 300:
            raise Inconclusive(f"hooks.read answered {status}")

    # --- notifications --------------------------------------------------------------------

    def listens(self, *users: Any) -> None:
        """Have users there to be notified; `NotExercised` where nobody is ever notified."""
        if not isinstance(self._client, Harnesses):
            raise NotExercised("this API notifies nobody")
        self.open()
        for user in users:
            self._client.start(user)

    def heard(self, user: Any, event: str = "") -> tuple[Answer, ...]:
        """Return the notifications of reads, or of `event`, that a user got, oldest first."""
        if not isinstance(self._client, Harnesses):
            return ()
        name = event or self.driver.event
        found = [e for e in self._client.heard(user) if e.request.operation == name]
        answers = tuple(self.driver.read(name, exchange) for exchange in found)
        known = f"heard {user} {name}"
        for answer in answers[self._memo.get(known, 0) :]:
            self._watch(answer)
        self._memo[known] = len(answers)
        return answers

    def await_notice(self, done: Callable[[], bool], seconds: float | None = None) -> bool:
        """Wait until `done`, looking again at each notification; say whether it came to that.

        Without `seconds` the target's consistency window is waited for.
        """
        window = self.target.consistency if seconds is None else seconds
        deadline = time.monotonic() + window
        while not done():
            left = deadline - time.monotonic()
            if left <= 0 or not isinstance(self._client, Harnesses):
                return False
            self._client.wait(min(left, 0.2))
        return True

    def listener(self) -> Listener:
        """Return the listener for callbacks; `NotExercised` where the target names none."""
        if self._listener is None:
            address = self.target.webhook_listener
            if address is None:
                raise NotExercised("no hooks.webhook_listener")
            parts = urlsplit(address)
            try:
                self._listener = Listener(
                    parts.hostname or "127.0.0.1",
                    parts.port or 0,
                    token=self.target.webhook_token.reveal() if self.target.webhook_token else "",
                )
            except ConfigurationError as error:
                raise NotExercised(str(error)) from None
        return self._listener

    def clean(self, seconds: float, hurry: Callable[[], float] = lambda: math.inf) -> list[str]:
        """Dismiss what the journal lists, within `seconds` and what `hurry` leaves.

        Returns a line for each thing that is left, with the reason.
        """
        if self._journal is None:
            return []
        lines = []
        away = ""
        ends = time.monotonic() + seconds
        for item in self._journal.left:
            time_left = min(ends - time.monotonic(), hurry())
            if item.id is None:
                why = "it may be there, its id never came back"
            elif not self.target.writes:
                why = "the target has no writes: true"
            elif time_left <= 0:
                why = "there was no time left to dismiss it"
            elif away:
                why = away
            else:
                answer = self._dismiss(item, time_left)
                gone = answer.accepted or self.driver.is_gone(answer)
                why = "" if gone else self.redact(answer.describe())
                away = why if answer.verdict is Verdict.TROUBLE else ""
            if why:
                lines.append(f"{self.target.name}: group {item.id or item.name}: {why}")
        return lines

    def _dismiss(self, item: Leftover, seconds: float) -> Answer:
        """End one group, waiting out throttling as long as there is time."""
        assert self._journal is not None  # noqa: S101
        ends = time.monotonic() + seconds
        call = self.driver.dismiss(Conversation(Kind.GROUP, item.id, "", item.owner, ()))
        request = self.driver.build(self.contract.calls[call.operation], call)
        for secret in self.driver.secrets():
            self.redact.add(secret)
        while True:
            exchange = self._client.send(request, within=max(ends - time.monotonic(), 0.1))
            answer = self.driver.read(call.operation, exchange)
            if answer.verdict is not Verdict.THROTTLED or ends - time.monotonic() < 0.5:
                break
            try:
                self._client.take(1)
            except BudgetSpent:
                break
            time.sleep(0.4)
        if answer.accepted or self.driver.is_gone(answer):
            self._journal.gone(item.id)
        return answer

    def close(self) -> None:
        """Close the connections and the journal, and end every SDK."""
        if self._readers is not None:
            self._readers.close()
        self._client.close()
        if self._journal is not None:
            self._journal.close()
        if self._listener is not None:
            self._listener.close()


def _has(stage: Stage, operation: str) -> bool:
    """Ask an optional operation with an empty body: an unknown command is one that is not there."""
    try:
        answer = stage.call(Call(operation, {}, label=f"is {operation} there?"))
    except NotExercised:
        return False
    return not stage.driver.is_unknown_command(answer)


def _retry_after(answer: Answer) -> float:
    """Return the seconds that an answer asks to wait, 0 where it asks for none."""
    response = answer.exchange.response
    wish = response.header("Retry-After") if response else None
    return float(wish) if wish and re.fullmatch(r"[0-9]{1,9}", wish) else 0.0


def _origin_only(url: str) -> str:
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{rest.partition('/')[0]}"
