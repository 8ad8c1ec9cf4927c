"""One target at work: sends calls, waits out what is not to be judged, remembers what was shared.

Scenes are short runs of neutral actions. Each is played once and every check that needs its
exchanges shares them: that is what keeps the number of requests small.
"""

from __future__ import annotations

import hashlib
import json
import shlex
import statistics
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar
from urllib.parse import urlsplit

from receiptspec import contract as contracts
from receiptspec.checks import answers as answer_checks
from receiptspec.client import Client
from receiptspec.contract import Contract
from receiptspec.drivers import driver_for
from receiptspec.errors import (
    ConfigurationError,
    CredentialsRefused,
    Inconclusive,
    NotExercised,
    Throttled,
    Unreachable,
)
from receiptspec.exchange import Redactor, Request
from receiptspec.findings import Finding, Observation
from receiptspec.harness import Harnesses
from receiptspec.neutral import Answer, Call, Conversation, Kind, Message, Receipt, Verdict
from receiptspec.targets import Budget, Target
from receiptspec.webhooks import Listener

__all__ = ["Stage", "Witness"]

T = TypeVar("T")

_PATIENCE = 12.0  # seconds to wait out throttling
_OUTAGE = 5.0  # seconds to wait for a target that went away in the middle of a run
_REPEATS = 3


@dataclass
class Witness:
    """What passive checks saw of one requirement: how many answers, and what was wrong."""

    judged: int = 0
    findings: dict[str, Finding] = field(default_factory=dict)
    observations: dict[str, str] = field(default_factory=dict)
    reported: set[str] = field(default_factory=set)


class Stage:
    """A target, its driver and all that was learnt about it so far."""

    def __init__(
        self,
        target: Target,
        *,
        origin: str,
        auth: Mapping[str, Any] | None = None,
        seed: int = 0,
        namespace: str = "0",
        share: int = 1,
        listener: Listener | None = None,
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
        self._users: list[Any] = []
        self._created: dict[Conversation, float] = {}
        self._refusal: Exception | None = None
        self._opened = False
        self._needed: dict[str, list[Answer]] = {}
        self._there: set[str] = set()
        self._listener = listener
        self._client = self.driver.carry(
            Client(
                _origin_only(origin),
                timeouts=target.timeouts,
                rate=max(target.rate / share, 0.02) if target.rate else None,
                rates={} if target.rate else _rates(self.contract, share),
                budget=_share_of(target.budget, share),
                ca=target.ca,
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
            raise self._refusal
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
                f"(code {answer.code}: {self._meaning(answer)}); check auth"
            )

    def _first_word(self) -> Answer:
        """Return the first answer in the dialect, or at least under HTTP 200 and no page."""
        deadline = time.monotonic() + 0.5
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
        exchange = self._client.send(request, writes=operation.writes)
        answer = replace(
            self.driver.read(call.operation, exchange),
            request_body=None if call.raw is not None else call.body,
        )
        if not exchange.trouble:
            self._watch(answer)
        return answer

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
        with ThreadPoolExecutor(connections) as pool:
            sent = pool.map(
                lambda pair: self._client.send(pair[1], writes=pair[0].writes, apart=True),
                zip(operations, requests, strict=True),
            )
            exchanges = list(sent)
        answers = [
            replace(self.driver.read(call.operation, exchange), request_body=call.body)
            for call, exchange in zip(calls, exchanges, strict=True)
        ]
        for answer in answers:
            self._watch(answer)
        return answers

    def _wait_out(self, call: Call, answer: Answer) -> Answer:
        """Wait until a rate limit lets the call pass; a limit that spares other calls is none."""
        deadline, pause = time.monotonic() + _PATIENCE, 0.25
        for attempt in range(1, 64):
            if attempt == _REPEATS and self._alive(strict=True):
                again = self._once(call)
                if again.verdict is Verdict.THROTTLED:
                    return replace(again, verdict=Verdict.REFUSED)
                return again
            if time.monotonic() > deadline:
                break
            time.sleep(pause)
            pause = min(pause * 1.5, 1.5)
            answer = self._once(call)
            if answer.verdict is not Verdict.THROTTLED:
                return answer
        raise Throttled(f"{call.operation} was throttled (code {answer.code}) to the end")

    def _again(self, call: Call, answer: Answer) -> Answer:
        for _ in range(_REPEATS - 1):
            time.sleep(0.1)
            answer = self._once(call)
            if self.contract.kind(answer.code) != "transient":
                break
        return answer

    def _confirm(self, call: Call, answer: Answer) -> Answer:
        """Tell a call that breaks the target from a target that is away."""
        for _ in range(_REPEATS - 1):
            if not self._alive():
                self._await_return(answer)
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

        Raises `NotExercised` when it is not accepted, with what came back instead.
        """
        answer = self.call(call)
        self.needs(answer)
        if not answer.accepted:
            raise NotExercised(f"{call.operation} did not work: {answer.describe()}")
        return answer

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
        self.wait_until(self._created[group] + seconds)

    def clock(self) -> int:
        """Return the time in whole Unix seconds."""
        return int(time.time())

    def wait_until(self, moment: float) -> None:
        """Wait until a Unix time: the documents count in seconds, so one may have to pass."""
        time.sleep(max(0.0, moment - time.time()))

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

    def close(self) -> None:
        """Dismiss the groups that were made and close the connections."""
        keep = self.target.embedded or self._refusal is not None
        for group in [] if keep else self._created:
            try:
                self._once(self.driver.dismiss(group))
            except Inconclusive:
                break
        self._client.close()
        if self._listener is not None:
            self._listener.close()


def _has(stage: Stage, operation: str) -> bool:
    """Ask an optional operation with an empty body: an unknown command is one that is not there."""
    try:
        answer = stage.call(Call(operation, {}, label=f"is {operation} there?"))
    except NotExercised:
        return False
    return not stage.driver.is_unknown_command(answer)


def _origin_only(url: str) -> str:
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{rest.partition('/')[0]}"


def _rates(contract: Contract, share: int) -> dict[str, float]:
    """Return the documented calls a second of each operation; the usual one where none is."""
    usual = statistics.mode(op.rate for op in contract.calls.values() if op.rate)
    return {name: (op.rate or usual) / share for name, op in contract.calls.items()}


def _share_of(budget: Budget, share: int) -> Budget:
    if share == 1:
        return budget
    return replace(
        budget,
        requests=budget.requests // share if budget.requests else None,
        writes=budget.writes // share if budget.writes else budget.writes,
    )
