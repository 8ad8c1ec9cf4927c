"""Calls to one target: what they are owed, how long to wait for what they show, what to doubt."""

from __future__ import annotations

import json
import math
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any, Required, TypedDict, TypeVar

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
    CallRefused,
    ContractError,
    NotExercised,
)
from receiptspec.exchange import Redactor
from receiptspec.findings import Finding
from receiptspec.footprints import Footprints
from receiptspec.journal import Journal
from receiptspec.line import Line
from receiptspec.neutral import Answer, Call
from receiptspec.targets import Target
from receiptspec.waits import SHARE, Waited, Waits
from receiptspec.witnesses import Witnesses

__all__ = ["Means", "Talk", "spelt"]

T = TypeVar("T")
_LARGEST = 2**1000  # that a double is asked to hold
_OF_ITEMS = ("items-answer-the-question", "items-name-their-conversation")
_OF_EACH = "every-message-is-answered"


class Means(TypedDict, total=False):
    """What a `Talk` needs beside its target."""

    origin: Required[str]
    auth: Mapping[str, Any] | None
    seed: int
    namespace: str
    purse: str
    journal: Journal | None


class Talk:
    """What is said to a target and what it answers, and what was learnt from that.

    Those of the same `purse` spend one budget together.
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
        self._lacking: set[str] = set()
        self._strangers = False
        self._makers: set[str] = set()
        self._given: set[str] = set()
        self._young: dict[Any, float] = {}
        self._hired: dict[str, float] = {}
        self._users: list[Any] = []
        self._needed: dict[str, list[Answer]] = {}
        self._last_write = self._last_joining = 0.0
        self._calm = False
        self._replays = 0
        self._waits = Waits()
        self._compares = any(row.check in _OF_ITEMS for row in self.contract.requirements)

    def __repr__(self) -> str:
        return f"Stage({self.target.name!r})"

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

    def is_spoken(self) -> bool:
        """Whether any answer was in the dialect, however broken."""
        return bool(self._line.spoken)

    def call(self, call: Call) -> Answer:
        """Send a call and return its answer, after throttling and passing trouble are waited out.

        Raises `NotExercised` for a write that the owner has not allowed, `Throttled` or
        `Unreachable` when waiting did not help. An answer whose verdict is still TROUBLE happened
        every time while other calls were answered: the call itself causes it.
        """
        self._wait_for_views(call)
        owed = self.dealings.owed(call)
        self.dealings.note(call)
        answer = self._answered(call)
        self._wrote(call)
        self._compare_with_question(answer)
        if self._strangers and self._may_miss(set(map(spelt, self._users)), call, answer):
            raise NotExercised(f"{call.operation} is {answer.describe()}; {self.doubt()}")
        if not (self.may_lag and self._is_missing(answer)):
            self._hold_to(owed, answer)
        return answer

    def _answered(self, call: Call) -> Answer:
        """Call, again while it is answered that there is no such conversation, or no such user.

        Where they were made a moment ago one view may show them before another does.
        """
        if not self.may_lag:
            return self._caller.call(call)
        place = self.driver.conversation_named(call.body)
        made = self._young.get(place) if isinstance(place, str | int) else None
        young = {user for user, moment in self._hired.items() if self.is_young(moment)}
        if made is None and not young:
            return self._caller.call(call)

        def settled(answer: Answer) -> bool:
            gone = made is not None and self.driver.is_gone(answer)
            return not gone and not self._may_miss(young, call, answer)

        moments = [self._hired[user] for user in young] + ([] if made is None else [made])
        return self.until(lambda: self._caller.call(call), settled, max(moments))

    def is_young(self, moment: float) -> bool:
        """Whether what was made at a time of the monotonic clock may not show yet."""
        return time.monotonic() - moment < self.target.consistency

    @property
    def _hires(self) -> bool:
        """Whether users were made so lately that not every view may know them."""
        return any(self.is_young(moment) for moment in self._hired.values())

    def _may_miss(self, users: Set[str], call: Call, answer: Answer) -> bool:
        """Whether a documented call may be refused because one of `users` is not there."""
        if not answer.refused or call.raw is not None or call.credential != "valid":
            return False
        nobody = {*self.driver.stranger_codes, *self.driver.nobody_codes}
        if answer.code not in nobody and not self._is_missing(answer):
            return False
        named = json.dumps(call.body, ensure_ascii=False)
        if str(self.driver.nobody()) in named or not any(user in named for user in users):
            return False
        file = self.contract.calls[call.operation].request
        return file is None or jsonschemas.load(file).fits(self.driver.written(call))

    def _hold_to(self, owed: str, answer: Answer) -> None:
        """Judge what an SDK makes of a call that it owes an answer, wherever in the run."""
        if owed and not self.dealings.is_excused(answer):
            for finding in refusals.accepted(answer, "messages that asked for receipts"):
                self.blame(owed, finding)
        if owed and answer.accepted:
            if answer.operation == self.driver.ask:
                self.dealings.pulled.append(answer)
            for finding in events.each_once(answer, self.dealings.twice(answer)):
                self.blame(owed, finding)

    def allow(self, call: Call) -> None:
        """Raise `NotExercised` for a write that the owner has not allowed."""
        self._line.allow(call)

    def only_read(self, why: str) -> None:
        """Allow no more writes, as if the owner had not; for a reason."""
        self._line.only_read(why)
        self.target = self._line.target

    @property
    def unable(self) -> str:
        """Why nothing is written though the owner allows it, empty where that is not so."""
        return self._line.unable

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
        """Judge that a receipt is of a message, and of the conversation, that was asked for, once.

        Where the question was about something else than integers, what is in the answer is open. So
        is the last digit of a number that is of no message: a double may have carried it.
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
        unknown = (id_ for id_ in asked if not self.was_given(id_) and abs(id_) < _LARGEST)
        echoes = {int(float(id_)) for id_ in unknown}
        for finding in receipts.unasked(answer, found, {*asked, *echoes})[:1]:
            self.blame(_OF_ITEMS[0], finding)
        for finding in receipts.elsewhere(answer, found, place)[:1]:
            self.blame(_OF_ITEMS[1], finding)
        if not echoes:
            for finding in receipts.repeated(answer, found, asked)[:1]:
                self.blame(_OF_EACH, finding)

    def _writes(self, call: Call) -> bool:
        return self.contract.calls[call.operation].writes

    def _wrote(self, call: Call | None = None) -> None:
        if call is None or self._writes(call):
            self._last_write = time.monotonic()
            if call is not None and call.operation in self.driver.joinings:
                self._last_joining = self._last_write
            if call is not None and (ended := self.driver.ends(call)) is not None:
                self._young.pop(ended, None)

    # --- waiting ---------------------------------------------------------------------------

    @property
    def may_lag(self) -> bool:
        """Whether what one call shows may be behind what another has shown, for a while."""
        harness = self.target.harness
        ours = harness is None or (harness.packaged and not harness.variants)
        plain = self.target.embedded and not self.target.variants
        return self.target.consistency > 0 and not (plain and ours)

    def _wait_for_views(self, call: Call) -> None:
        """Calmly, let time pass before looks, and between who is a member and what comes after."""
        if not self._calm or call.operation in self.driver.joinings:
            return
        since = self._last_joining if self._writes(call) else self._last_write
        self._let_lag(since + self.target.consistency * self._waits.calm - time.monotonic())

    def until(
        self,
        look: Callable[[], T],
        fits: Callable[[T], bool],
        since: float | None = None,
        *,
        kind: Callable[..., bool] | None = None,
    ) -> T:
        """Look until it fits or until the target's consistency window is over; return the last.

        What has never come is waited for less long, see `Waits`. `kind` says what is waited for,
        where that is not told by `fits`.
        """
        kind, begun, waited = kind or fits, time.monotonic(), 0.0
        share = self._waits.calm if self._calm else self._waits.share(kind)
        after, came = 0.0, False
        for _ in self.patience(begun if since is None else since, share):
            found = look()
            if came := fits(found):
                after = time.monotonic() - begun if waited and _shows(found) else 0.0
                break
            waited = time.monotonic() - begun
        late = waited > SHARE * self.target.consistency
        self._waits.ended(kind, came=came, late=late, after=after)
        return found

    def patience(self, since: float | None = None, share: float = 1.0) -> Iterator[None]:
        """Yield for each time that is worth asking again, until the consistency window is over.

        It begins now, or began at a time of the monotonic clock; it lasts a `share` of what the
        target says. The last time begins when it is over, however long those before have taken.
        """
        start = time.monotonic() if since is None else since
        deadline = start + self.target.consistency * share
        pause = 0.02
        while True:
            begun = time.monotonic()
            yield
            if begun >= deadline:
                return
            rest = max(0.0, min(pause, deadline - time.monotonic()))
            time.sleep(rest)
            self._waits.spend(rest)
            pause = min(pause * 2, 0.4)

    def patiently(self, call: Call) -> Answer:
        """Send a call, again while what it names may just not show yet; return its last answer."""
        return self.until(
            lambda: self.call(call), lambda answer: answer.accepted or self.is_final(answer)
        )

    def is_final(self, answer: Answer) -> bool:
        """Whether an answer is a refusal that waiting does not change."""
        return not answer.accepted and not (self.may_lag and self._may_come(answer))

    def _may_come(self, answer: Answer) -> bool:
        """Whether a refusal may mean that something, or that somebody has joined, shows later."""
        joined = time.monotonic() - self._last_joining < self.target.consistency
        outside = answer.refused and answer.code in self.driver.unjoined_codes
        return self._is_missing(answer) or (joined and outside)

    def let_pass(self, answer: Answer, seconds: float) -> None:
        """Wait until so long has passed since an answer was asked for."""
        self._sleep(answer.exchange.started + seconds - time.time())

    def let_show(self) -> None:
        """Wait until all that was written has had the time to show, in every view."""
        if self.may_lag:
            self._let_lag(self._last_write + self.target.consistency - time.monotonic())

    def rest(self, seconds: float) -> None:
        """Wait so long from now."""
        self._sleep(seconds)

    @property
    def waited(self) -> Waited:
        """What was waited for in this run because views may lag."""
        return self._waits.told

    def _let_lag(self, seconds: float) -> None:
        """Let time pass in which views may catch up."""
        self._sleep(seconds)
        self._waits.spend(max(0.0, seconds))

    def _sleep(self, seconds: float) -> None:
        if seconds > self._line.client.time_left:
            raise BudgetSpent("seconds ends before what has to be waited for")
        time.sleep(max(0.0, seconds))

    @property
    def anew(self) -> str:
        """What keeps a name that is chosen here apart from those of what is played anew."""
        return f"r{self._replays}" if self._calm else ""

    # --- what has to be there --------------------------------------------------------------

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
            raise CallRefused(f"{refused}{more}", answer)
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

    def is_of_input(self, answer: Answer) -> bool:
        """Whether a refusal is about what a call says: no right, limit or feature is wanting."""
        return answer.refused and self.contract.kind(answer.code) in ("parameter", None)

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

    # --- passive checks --------------------------------------------------------------------

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

    def clean(self, seconds: float, hurry: Callable[[], float] = lambda: math.inf) -> list[Left]:
        """Dismiss what the journal lists, within `seconds` and what `hurry` leaves.

        Returns each thing that is left, with the reason.
        """
        return clean(self._line, seconds, hurry)

    def close(self) -> None:
        """Close the connections and the journal, and end every SDK."""
        self._line.close()


def spelt(user: Any) -> str:
    """Return how a body writes a user."""
    return json.dumps(user, ensure_ascii=False)


def _shows(found: object) -> bool:
    """Whether what ended a wait was there, and not a refusal that no wait would change."""
    answer = getattr(found, "answer", getattr(found, "last_answer", found))
    return not isinstance(answer, Answer) or answer.accepted
