"""One target at work: sends calls, waits out what is not to be judged, remembers what was shared.

Scenes are short runs of neutral actions. Each is played once and every check that needs its
exchanges shares them: that is what keeps the number of requests small.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from typing import Any, TypeVar

from receiptspec import contract as contracts
from receiptspec import jsonschemas, rates, strictjson
from receiptspec.budgets import Spending
from receiptspec.calling import Caller
from receiptspec.checks import events, receipts, refusals
from receiptspec.cleaning import Left, clean
from receiptspec.client import Client, origin_of
from receiptspec.contract import Contract
from receiptspec.dealings import Dealings
from receiptspec.drivers import driver_for
from receiptspec.errors import (
    BudgetSpent,
    ContractError,
    Inconclusive,
    NotExercised,
    OperationMissing,
)
from receiptspec.exchange import Redactor
from receiptspec.findings import Finding
from receiptspec.footprints import Footprints
from receiptspec.hooks import ReadHook
from receiptspec.journal import Journal
from receiptspec.line import Line
from receiptspec.neutral import Answer, Call, Conversation, Kind, Message, Receipt
from receiptspec.notices import Notices, listener_for
from receiptspec.targets import Target
from receiptspec.webhooks import Listener
from receiptspec.witnesses import Witnesses

__all__ = ["Stage"]

T = TypeVar("T")
_OF_ITEMS = ("items-answer-the-question", "items-name-their-conversation")


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
        self.footprints = Footprints()
        self._witnesses = Witnesses(self.contract, self.redact)
        self.witness = self._witnesses.by_requirement
        client = Client(
            origin_of(origin),
            timeouts=target.timeouts,
            limits=rates.limits(target, self.contract),
            spending=Spending(target.budget, purse),
            ca=target.ca,
            proxy=target.proxy,
        )
        self._line = Line(
            self.target,
            self.contract,
            self.driver,
            client,
            redact=self.redact,
            witnesses=self._witnesses,
            journal=journal,
        )
        self._caller = Caller(self._line, namespace)
        self.dealings = Dealings(self.driver, self.contract)
        self._hook = ReadHook(self._line)
        self._notices = Notices(self._line)
        self._listener = listener
        self._memo: dict[str, Any] = {}
        self._there: dict[str, bool] = {}
        self._lacking: set[str] = set()
        self._strangers = False
        self._makers: set[str] = set()
        self._said = 0
        self._told: dict[tuple[Any, Any], Answer] = {}
        self._given: set[str] = set()
        self._users: list[Any] = []
        self._owners_join: set[Any] = set()
        self._created: dict[Conversation, float] = {}
        self._needed: dict[str, list[Answer]] = {}
        self._last_write = self._last_joining = 0.0
        self._calm = False
        self._replays = 0
        self._compares = any(row.check in _OF_ITEMS for row in self.contract.requirements)

    def __repr__(self) -> str:
        return f"Stage({self.target.name!r})"

    # --- calls ----------------------------------------------------------------------------

    @property
    def sent(self) -> int:
        """How many requests were sent so far."""
        return self._line.client.sent

    def counting(self, name: str) -> AbstractContextManager[None]:
        """Count what is sent meanwhile as what `name` costs."""
        return self.footprints.of(name, lambda: self.sent)

    def drain(self) -> list[tuple[float, float, str, int]]:
        """Return when each request since the last call was sent, and what became of it."""
        return self._line.client.drain()

    def open(self) -> None:
        """Make sure, once, that somebody who speaks the dialect lets us in.

        Raises `Unreachable` or `CredentialsRefused`, again at every later call.
        """
        self._caller.open()

    def call(self, call: Call) -> Answer:
        """Send a call and return its answer, after throttling and passing trouble are waited out.

        Raises `NotExercised` for a write that the owner has not allowed, `Throttled` or
        `Unreachable` when waiting did not help. An answer whose verdict is still TROUBLE happened
        every time while other calls were answered: the call itself causes it.
        """
        self._wait_for_views(call)
        owed = self.dealings.owed(call)
        self.dealings.note(call)
        answer = self._caller.call(call)
        self._wrote(call)
        self._compare_with_question(answer)
        if self._strangers and self._may_miss_users(call, answer):
            raise NotExercised(f"{call.operation} is {answer.describe()}; {self.doubt()}")
        if not (self.may_lag and self._is_missing(answer)):
            self._hold_to(owed, answer)
        return answer

    def _may_miss_users(self, call: Call, answer: Answer) -> bool:
        """Whether a documented call may be refused because its users could not be made."""
        if not answer.refused or call.raw is not None or call.credential != "valid":
            return False
        unknown = answer.code in self.driver.stranger_codes or self._is_missing(answer)
        named = json.dumps(call.body, ensure_ascii=False)
        ours = any(json.dumps(user, ensure_ascii=False) in named for user in self._users)
        file = self.contract.calls[call.operation].request
        documented = file is None or jsonschemas.load(file).fits(self.driver.written(call))
        return unknown and ours and str(self.driver.nobody()) not in named and documented

    def _hold_to(self, owed: str, answer: Answer) -> None:
        """Judge what an SDK makes of a call that it owes an answer, wherever in the run."""
        if owed and not self.dealings.is_excused(answer):
            for finding in refusals.accepted(answer, "messages that asked for receipts"):
                self.blame(owed, finding)
        if owed and answer.accepted:
            for finding in events.each_once(answer, self.dealings.twice(answer)):
                self.blame(owed, finding)

    def allow(self, call: Call) -> None:
        """Raise `NotExercised` for a write that the owner has not allowed."""
        self._line.allow(call)

    def at_once(self, calls: Sequence[Call], connections: int = 4) -> list[Answer]:
        """Send calls at the same time over several connections; answers in the order of `calls`.

        Each answer is what came first: nothing is waited out or sent again.
        """
        self.open()
        for call in calls:
            self._line.allow(call)
            self._wait_for_views(call)
            self.dealings.note(call)
        answers = self._line.at_once(calls, connections)
        for call in calls:
            self._wrote(call)
        for answer in answers:
            self._compare_with_question(answer)
        return answers

    def _compare_with_question(self, answer: Answer) -> None:
        """Judge that a receipt is of a message, and of the conversation, that was asked for.

        Where the question was about something else than integers, what is in the answer is open.
        """
        is_receipt = answer.operation == self.driver.ask and answer.accepted
        if not is_receipt or not self._compares:
            return
        body = strictjson.read(answer.exchange.request.body).value
        if not isinstance(body, dict):
            return
        asked, place = self.driver.named_messages(body), self.driver.conversation_named(body)
        if not asked or any(type(id_) is not int for id_ in (*asked, place)):
            return
        found = self.driver.receipts(answer)
        for finding in receipts.unasked(answer, found, asked)[:1]:
            self.blame(_OF_ITEMS[0], finding)
        for finding in receipts.elsewhere(answer, found, place)[:1]:
            self.blame(_OF_ITEMS[1], finding)

    def _writes(self, call: Call) -> bool:
        return self.contract.calls[call.operation].writes

    def _wrote(self, call: Call | None = None) -> None:
        if call is None or self._writes(call):
            self._last_write = time.monotonic()
            if call is not None and call.operation in self.driver.joinings:
                self._last_joining = self._last_write

    def _wait_for_views(self, call: Call) -> None:
        """Calmly, let time pass before looks, and between who is a member and what comes after."""
        if not self._calm or call.operation in self.driver.joinings:
            return
        since = self._last_joining if self._writes(call) else self._last_write
        self._sleep(since + self.target.consistency - time.monotonic())

    @property
    def may_lag(self) -> bool:
        """Whether what one call shows may be behind what another has shown, for a while."""
        harness = self.target.harness
        ours = harness is None or (harness.packaged and not harness.variants)
        plain = self.target.embedded and not self.target.variants
        return self.target.consistency > 0 and not (plain and ours)

    @contextmanager
    def calmly(self, name: str) -> Iterator[None]:
        """Play anew what `name` needs; look only when all writes have had the time to show.

        Afterwards all is remembered as it was: what others were told belongs together.
        """
        before, anew = self._memo, self.footprints.needed(name)
        self._memo = {
            key: value
            for key, value in before.items()
            if anew.isdisjoint(self.footprints.needed(key))
        }
        self._calm = True
        self._replays += 1
        try:
            yield
        finally:
            self._calm = False
            self._memo = before

    @property
    def anew(self) -> str:
        """What keeps a name that is chosen here apart from those of what is played anew."""
        return f"r{self._replays}" if self._calm else ""

    def must(self, call: Call, mend: Callable[[Answer], bool] = lambda _: False) -> Answer:
        """Send a call that a scene cannot do without, again where `mend` did something about it.

        Raises `NotExercised` when it is not accepted, with what came back instead, and
        `ContractError` when the call itself is not as documented.
        """
        self._proofread(call)
        owed = self.dealings.owed(call)
        answer = self.patiently(call)
        if answer.refused and mend(answer):
            answer = self.patiently(call)
        if answer.refused and not self.is_final(answer):
            self._hold_to(owed, answer)
        self.needs(answer)
        if not answer.accepted:
            doubt = self.doubt(answer) if answer.refused else ""
            more = f"; {doubt}" if doubt else ""
            refused = f"{call.operation}{NotExercised.REFUSED}{answer.describe()}"
            raise NotExercised(f"{refused}{more}")
        return answer

    def _is_missing(self, answer: Answer) -> bool:
        return answer.refused and self.contract.kind(answer.code) == "missing"

    def was_given(self, id_: Any) -> bool:
        """Whether the target has given an id in this run."""
        return repr(id_) in self._given

    def doubt(self, refusal: Answer | None = None) -> str:
        """Return what may be wrong with all users or with every id that came, empty for nothing.

        A `refusal` may say that there is no such account, where the target said that it was made.

        Of ids beyond 2^53 few are those of a double; all of them are where one was made on the way.
        """
        if self._strangers:
            return f"it has no {' and no '.join(sorted(self._lacking))}: no user could be made"
        if refusal is not None and refusal.code in self.driver.nobody_codes and self._makers:
            return f"{' and '.join(sorted(self._makers))} said that it made every account"
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
        body = self.driver.written(call)
        if schema.fits(body):
            return
        for violation in jsonschemas.violations(schema, body):
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
        if self._strangers and self._is_missing(answer):
            return
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

    def blame(self, check: str, finding: Finding) -> None:
        """Record a finding for every requirement that names `check`, whoever is being tested."""
        self._witnesses.blame(check, finding)

    def vouch(self, check: str) -> None:
        """Record that `check` had something to judge."""
        self._witnesses.vouch(check)

    def keeps_out(self, answer: Answer) -> None:
        """Hold an error page for a documented call against the target, which answers others."""
        self._witnesses.hold(answer)

    def steps(self, finding: Finding) -> list[str]:
        """Return what was done in the conversation before the answer that a finding is about."""
        return self._line.steps.before(finding.exchanges[0]) if finding.exchanges else []

    # --- scenes ---------------------------------------------------------------------------

    def scene(self, play: Callable[..., T], *args: Any) -> T:
        """Return what `play(stage, *args)` returned, or raise what it raised, playing it once."""
        key = f"{play.__module__}.{play.__qualname__}{args!r}"
        if key not in self._memo:
            with self.counting(key):
                try:
                    self._memo[key] = (True, play(self, *args))
                except (NotExercised, Inconclusive) as error:
                    self._memo[key] = (False, error)
        self.footprints.seen(key)
        fine, value = self._memo[key]
        if not fine:
            raise value.with_traceback(None)
        return value  # type: ignore[no-any-return]

    def number(self, *parts: object) -> int:
        """Return a 31-bit number made from the seed and `parts`, the same in every worker."""
        text = json.dumps([self.seed, *map(str, (*parts, self.anew) if self.anew else parts)])
        return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4]) >> 1

    def users(self, count: int) -> tuple[Any, ...]:
        """Return the first `count` users of the pool, making those that do not exist yet."""
        if self.target.fixture and not self.target.writes:
            raise NotExercised(f"{self.target.name} has no writes: true, so no users can be made")
        missing = [self.driver.user(self.namespace, i) for i in range(len(self._users), count)]
        with self.counting("users"):
            self.make_users(missing)
        self._users.extend(missing)
        return tuple(self._users[:count])

    def make_users(self, names: Sequence[Any]) -> None:
        """Make users by the operation that is there; they may exist where none is. See `must`."""
        for otherwise in (False, True):
            calls = self.driver.make_users(names, otherwise=otherwise)
            if self._lacking.isdisjoint(call.operation for call in calls):
                try:
                    for call in calls:
                        self.must(call)
                except OperationMissing:
                    self._lacking.add(calls[0].operation)
                else:
                    self._makers |= {call.operation for call in calls}
                    return
        self._strangers = True

    def group(
        self,
        size: int,
        *,
        type_: str = "",
        id_: str | None = None,
        promoted: bool = False,
        people: Sequence[Any] = (),
    ) -> Conversation:
        """Make a group of `size` users of the pool, or of `people`; the owner is the first.

        See `must` for errors. If `promoted`, the second is an administrator of it. One that is
        asleep until its owner writes has a plain message.
        """
        owner, *others = people or self.users(size)
        type_ = type_ or self.driver.group_type
        first, rest = others[: self.driver.at_creation], others[self.driver.at_creation :]
        if self._owners_join:
            rest = [*rest, owner]
        call = self.driver.make_group(type_, f"rs{self.namespace}", owner, first, id_)
        if promoted and first:
            call, promoted = self.driver.promoted(call), False
        answer = self.must(call)
        made = self.driver.made_group(answer)
        if made is None:
            raise NotExercised("the answer that a group was made names no group")
        self._given.add(repr(made))
        group = Conversation(Kind.GROUP, made, type_, owner, (owner, *others))
        self._created[group] = time.time()
        if self._owners_join:
            self._owners_join.add(made)
        for start in range(0, len(rest), self.driver.at_once):
            call = self.driver.add_members(group, rest[start : start + self.driver.at_once])
            if promoted and not start:
                call = self.driver.promoted(call)
            self.adds(call)
        if len(rest) > self.driver.at_once:
            self._await_audience()
        if type_ in self.driver.wakened:
            self.say(group, receipt=False)
        return group

    def lets_in(self, call: Call) -> None:
        """Have users join a group; `NotExercised` where some have to be let in by somebody first.

        Where views may lag, so may who is counted for a new message: it is waited for. See `must`
        for other errors.
        """
        self.adds(call)
        self._await_audience()

    def _owner_joins(self, group: Conversation, sender: Any, refusal: Answer) -> bool:
        """Let the owner of a group join it, where owners are no members of themselves."""
        known = group.id in self._owners_join or group.kind is not Kind.GROUP
        if known or sender != group.owner or refusal.code not in self.driver.outside_codes:
            return False
        self._owners_join.add(group.id)
        self.adds(self.driver.add_members(group, [sender]))
        return True

    def adds(self, call: Call) -> None:
        """Have users join a group, and wait for nothing; see `lets_in`."""
        outside = self.driver.kept_out(self.must(call))
        if outside:
            raise NotExercised(f"{outside[0]} was to be added and is no member yet")

    def _await_audience(self) -> None:
        if self.may_lag:
            self.rest(self.target.consistency)

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
        self._said += 1
        number = self.number("message", conversation.id, self._said)
        call = self.driver.send_message(conversation, sender, receipt=receipt, number=number)
        return self.post(conversation, call, receipt=receipt, sender=sender)

    def post(
        self, conversation: Conversation, call: Call, *, receipt: bool = True, sender: Any = None
    ) -> Message:
        """Send one message by a call, the owner's unless told otherwise. See `must` for errors."""
        sender = conversation.owner if sender is None else sender
        answer = self.must(call, lambda refusal: self._owner_joins(conversation, sender, refusal))
        message = self.noted(conversation, answer, sender, receipt=receipt)
        self.dealings.sent(message)
        return message

    def noted(
        self, conversation: Conversation, answer: Answer, sender: Any, *, receipt: bool = True
    ) -> Message:
        """Return the message that an answer says was sent, and remember the answer."""
        message = Message(conversation, self.named(answer), sender, receipt)
        self._told[message.conversation.id, message.id] = answer
        return message

    def told(self, message: Message) -> Answer:
        """Return the answer to the sending of a message, as far as it was noted."""
        return self._told[message.conversation.id, message.id]

    def named(self, answer: Answer) -> Any:
        """Return the id of the message that was sent; `NotExercised` where the answer has none."""
        made = self.driver.sent_message(answer)
        if made is None:
            raise NotExercised("the answer that a message was sent names no message")
        self._given.add(repr(made))
        return made

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
        """Ask until `done` or until the target's consistency window is over; return the last.

        A refusal ends it too, unless it may mean that something does not show yet.
        """
        return self.until(
            lambda: self.ask(conversation, messages),
            lambda answer: (
                self.is_final(answer) or (answer.accepted and done(self.receipts(answer)))
            ),
        )

    def is_final(self, answer: Answer) -> bool:
        """Whether an answer is a refusal that waiting does not change."""
        return not answer.accepted and not (self.may_lag and self._may_come(answer))

    def _may_come(self, answer: Answer) -> bool:
        """Whether a refusal may mean that something, or that somebody has joined, shows later."""
        joined = time.monotonic() - self._last_joining < self.target.consistency
        outside = answer.refused and answer.code in self.driver.outside_codes
        return self._is_missing(answer) or (joined and outside)

    def until(self, look: Callable[[], T], fits: Callable[[T], bool]) -> T:
        """Look until it fits or until the target's consistency window is over; return the last."""
        for _ in self.patience():
            found = look()
            if fits(found):
                break
        return found

    def let_age(self, group: Conversation, seconds: float) -> None:
        """Wait until a group that was made here is so old."""
        self._sleep(self._created[group] + seconds - time.time())

    def let_pass(self, answer: Answer, seconds: float) -> None:
        """Wait until so long has passed since an answer was asked for."""
        self._sleep(answer.exchange.started + seconds - time.time())

    def let_show(self) -> None:
        """Wait until all that was written has had the time to show, in every view."""
        if self.may_lag:
            self._sleep(self._last_write + self.target.consistency - time.monotonic())

    def rest(self, seconds: float) -> None:
        """Wait so long from now."""
        self._sleep(seconds)

    def _sleep(self, seconds: float) -> None:
        if seconds > self._line.client.time_left:
            raise BudgetSpent("seconds ends before what has to be waited for")
        time.sleep(max(0.0, seconds))

    def patience(self) -> Iterator[None]:
        """Yield for each time that is worth asking again, until the consistency window is over.

        The last time begins when it is over, however long those before it have taken.
        """
        deadline = time.monotonic() + self.target.consistency
        pause = 0.02
        while True:
            begun = time.monotonic()
            yield
            if begun >= deadline:
                return
            time.sleep(max(0.0, min(pause, deadline - time.monotonic())))
            pause = min(pause * 2, 0.4)

    def reads(self, user: Any, messages: Sequence[Message]) -> Answer | None:
        """Make `user` read messages, by the vendor's call or by the target's read hook.

        Returns the answer of the call, ``None`` after a hook. Raises `NotExercised` when neither
        is there, `Inconclusive` when the hook fails.
        """
        if self.target.read_hook is not None:
            self._hook.read(user, messages)
            self._have_read(user, messages)
            return None
        conversation = messages[0].conversation
        call = self.driver.mark_read(conversation, user, [message.id for message in messages])
        if call is None or not self.can(call.operation):
            raise NotExercised("nothing here can make a user read: no such call and no hooks.read")
        return self.must(call)

    def read_at_once(self, users: Sequence[Any], message: Message) -> None:
        """Make users read a message at the same time; `NotExercised` where no hook can do that."""
        if not isinstance(self.target.read_hook, str):
            raise NotExercised("only a hooks.read that is an address lets several read at once")
        self._hook.read_at_once(users, [message])
        for user in users:
            self._have_read(user, [message])

    def _have_read(self, user: Any, messages: Sequence[Message]) -> None:
        ids = [message.id for message in messages]
        self.dealings.read(user, ids)
        self._line.steps.read(messages[0].conversation, user, ids)
        self._wrote()

    def tries_to_read(self, user: Any, messages: Sequence[Message]) -> Answer | None:
        """Do the same as `reads`, but return a refusal instead of raising."""
        conversation = messages[0].conversation
        call = self.driver.mark_read(conversation, user, [message.id for message in messages])
        if self.target.read_hook is not None or call is None or not self.can(call.operation):
            return self.reads(user, messages)
        return self.patiently(call)

    def patiently(self, call: Call) -> Answer:
        """Send a call, again while what it names may just not show yet; return its last answer."""
        return self.until(
            lambda: self.call(call), lambda answer: answer.accepted or self.is_final(answer)
        )

    def can(self, operation: str) -> bool:
        """Whether an optional operation is there: as the target says, else by asking it once.

        Raises `NotExercised` where it may not be asked.
        """
        declared = self.target.capabilities.get(operation)
        if declared is not None:
            return declared
        if not self.contract.calls[operation].optional:
            return True
        if operation not in self._there:
            self._there[operation] = _has(self, operation)
        return self._there[operation]

    # --- notifications --------------------------------------------------------------------

    def listens(self, *users: Any) -> None:
        """Have users there to be notified; `NotExercised` where nobody is ever notified."""
        carrier = self._notices.carrier()
        self.open()
        for user in users:
            carrier.start(user)

    def heard(self, user: Any, event: str = "") -> tuple[Answer, ...]:
        """Return the notifications of reads, or of `event`, that a user got, oldest first."""
        return self._notices.heard(user, event or self.driver.event)

    def await_notice(self, done: Callable[[], bool], seconds: float | None = None) -> bool:
        """Wait until `done`, looking again at each notification; say whether it came to that.

        Without `seconds` the target's consistency window is waited for.
        """
        return self._notices.wait(done, seconds)

    def listener(self) -> Listener:
        """Return the listener for callbacks; `NotExercised` where the target names none."""
        if self._listener is None:
            self._listener = listener_for(self.target)
        return self._listener

    def clean(self, seconds: float, hurry: Callable[[], float] = lambda: math.inf) -> list[Left]:
        """Dismiss what the journal lists, within `seconds` and what `hurry` leaves.

        Returns each thing that is left, with the reason.
        """
        return clean(self._line, seconds, hurry)

    def close(self) -> None:
        """Close the connections and the journal, and end every SDK."""
        self._hook.close()
        self._line.close()
        if self._listener is not None:
            self._listener.close()


def _has(stage: Stage, operation: str) -> bool:
    """Ask an optional operation with an empty body: an unknown command is one that is not there."""
    call = Call(operation, {}, label=f"is {operation} there?")
    stage.allow(call)
    try:
        answer = stage.call(call)
    except NotExercised:
        return False
    return not stage.driver.is_unknown_command(answer)
