"""Calling a target until there is an answer that says something about the call.

Throttling, outages, broken transfers and credentials that wore out are waited out or tried again.
"""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from dataclasses import replace
from email.utils import parsedate_to_datetime

from receiptspec.checks import refusals
from receiptspec.errors import (
    CredentialsRefused,
    Inconclusive,
    MaybeDone,
    OperationMissing,
    Throttled,
    Unreachable,
)
from receiptspec.exchange import Exchange, Trouble
from receiptspec.findings import Finding
from receiptspec.line import Line
from receiptspec.neutral import Answer, Call, Verdict

__all__ = ["Caller", "wished"]

_GREETING = 0.5  # seconds to wait for the first answer
_PATIENCE = 12.0  # seconds to wait out throttling
_OUTAGE = 5.0  # seconds to wait for a target that went away in the middle of a run
_LOST = 15.0  # seconds without any answer, however often it was waited for, after which to give up
_REPEATS = 3
_TICK = 1.6  # seconds in which a clock of whole seconds goes on
_BREATH = 1.0  # seconds after which a call that broke the target has to break it once more
_GATEWAYS = (502, 503, 504)
_OTHERS_STATUSES = (501, *_GATEWAYS)  # of what is not there, and of gateways
_KEPT_OUT = (401, 403)  # of who lets some operations through
_BUSY_REPEATS = 6  # of a call that a gateway answers: it may be busy, or often lose its server


class Caller:
    """Calls over one line and knows what it has learnt of the target's moods."""

    def __init__(self, line: Line, namespace: str) -> None:
        self._line, self._namespace = line, namespace
        self._refusal: Exception | None = None
        self._lost_since: float | None = None
        self._opened = False
        self._there: set[str] = set()
        self._breaking: set[tuple[str, str]] = set()

    # --- the first word -------------------------------------------------------------------

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
        if self._line.doubts_clock:
            time.sleep(_TICK)
            self._line.once(self._probes()[0])

    def _knock(self) -> None:
        answer = self._first_word()
        if self._refuses_us(answer):
            self._line.driver.renew_credential(plain=True)
            answer = self._first_word()
        if self._refuses_us(answer):
            raise CredentialsRefused(
                f"{self._line.target.name}: the target refuses the configured credentials "
                f"(code {answer.code}: {self._meaning(answer)}); {self._advice()}"
            )

    def _advice(self) -> str:
        """Say what may be wrong when credentials are refused."""
        hostless = self._line.driver.hostless
        if hostless:
            spared = self._line.once(replace(self._probes()[0], credential=hostless))
            if spared.accepted or (spared.refused and not self._refuses_us(spared)):
                return (
                    "a signature that leaves Host out is accepted: something on the way changes "
                    "the Host header, and has to pass it on as it came"
                )
        return f"check auth{self._clocks()}"

    def _clocks(self) -> str:
        """Say by how much the target's clock is off, where that may be why it refuses."""
        if abs(self._line.driver.ahead) < 60:
            return ""
        way = "ahead of" if self._line.driver.ahead > 0 else "behind"
        minutes = round(abs(self._line.driver.ahead) / 60)
        return f", and the clocks: its Date header is {minutes} minutes {way} this machine's clock"

    def _first_word(self) -> Answer:
        """Return the first answer in the dialect, or at least under HTTP 200 and no page."""
        deadline = time.monotonic() + _GREETING
        while True:
            answers = [self._line.once(probe) for probe in self._probes()[:1]]
            if answers[0].verdict in (Verdict.TROUBLE, Verdict.GARBLED):
                answers += [self._line.once(probe) for probe in self._probes()[1:]]
            best = min(answers, key=lambda answer: list(Verdict).index(answer.verdict))
            if best.verdict is not Verdict.TROUBLE:
                return best
            if time.monotonic() > deadline:
                raise Unreachable(
                    f"{self._line.target.name}: {self._line.driver.origin} does not answer as "
                    f"{self._line.contract.title} does ({best.note})"
                )
            time.sleep(0.1)

    def _meaning(self, answer: Answer) -> str:
        known = self._line.contract.codes.get(answer.code) if answer.code is not None else None
        return known.meaning if known else "undocumented"

    def _probes(self) -> list[Call]:
        """Return harmless calls, one of which should be accepted where that may be tried."""
        probes = self._line.driver.probes()
        if self._line.target.writes:
            probes += self._line.driver.make_users([self._line.driver.user(self._namespace, 0)])
        return probes

    # --- calls ----------------------------------------------------------------------------

    def call(self, call: Call) -> Answer:
        """Send a call and return its answer, after throttling and passing trouble are waited out.

        Raises `NotExercised` for a write that the owner has not allowed, `Throttled` or
        `Unreachable` when waiting did not help. An answer whose verdict is still TROUBLE happened
        every time while other calls were answered: the call itself causes it.
        """
        self.open()
        self._line.allow(call)
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
        answer = first = self._line.once(call)
        if answer.verdict is Verdict.TROUBLE:
            answer = self._confirm(call, answer)
        elif answer.exchange.trouble:
            answer = self._repeated(call, answer)
        answer, passing = self._got_through(call, answer)
        if passing is not None or first.verdict is Verdict.TROUBLE or first.exchange.trouble:
            self._may_be_done(call, passing or first, answer)
        if self._refuses_us(answer) and call.credential == "valid":
            answer = self._with_new_credential(call, answer)
        if answer.accepted:
            self._there.add(call.operation)
        elif self._is_missing(call, answer):
            why = f"the target does not have {call.operation} ({answer.describe()})"
            raise OperationMissing(why)
        return answer

    def _is_missing(self, call: Call, answer: Answer) -> bool:
        """Whether the target says that it has no such operation, and never had.

        The operation that asks for receipts is what everything is about: of a server, it cannot
        be missing. A harness says of each method of its own whether it has it.
        """
        name, driver = call.operation, self._line.driver
        if name == driver.ask and driver.server is None:
            return False
        if name in self._there or call.path or call.method:
            return False
        declared = self._line.target.capabilities.get(name)
        if declared:
            return False
        return self._line.driver.is_unknown_command(answer) or self._is_kept_out(answer)

    def _is_kept_out(self, answer: Answer) -> bool:
        """Whether somebody on the way keeps every call of an operation out, whatever is in it.

        A text may be what is kept out: a call without any is tried before that is said.
        """
        name, status = answer.operation, _foreign_status(answer)
        if name in self._line.spoken or status not in _KEPT_OUT:
            return False
        bare = self._line.once(Call(name, {}, label=f"is {name} there?"))
        return _foreign_status(bare) == status

    def _refuses_us(self, answer: Answer) -> bool:
        return answer.refused and self._line.contract.kind(answer.code) == "credentials"

    def _with_new_credential(self, call: Call, answer: Answer) -> Answer:
        """Try once with a credential made anew, where one that had served is refused."""
        if call.label:
            return answer
        self._line.driver.renew_credential()
        again = self._line.once(call)
        if not self._refuses_us(again):
            finding = Finding(
                f"a credential that had been accepted is {answer.describe()}; a new one is not",
                answer.code_path,
                "an accepted credential until it expires",
                f"code {answer.code}",
                f"credential-worn-out:{answer.code}",
                (answer.exchange,),
            )
            self._line.witnesses.blame("credential-serves-many-calls", finding)
        return again

    # --- waiting and trying again ---------------------------------------------------------

    def _repeated(self, call: Call, answer: Answer) -> Answer:
        """Take a broken transfer for the target's doing only when it happens every time."""
        for _ in range(_REPEATS - 1):
            answer = self._line.once(call)
            if not answer.exchange.trouble:
                return answer
        self._line.witnesses.watch(answer)
        return answer

    def _got_through(self, call: Call, answer: Answer) -> tuple[Answer, Answer | None]:
        """Try again after passing errors, wait limits out; return the first of the errors too."""
        passing = None
        for _ in range(_REPEATS):
            if answer.refused and self._line.contract.kind(answer.code) == "transient":
                passing, answer = passing or answer, self._again(call, answer)
            if answer.verdict is not Verdict.THROTTLED:
                break
            answer = self._wait_out(call, answer)
        return answer, passing

    def _wait_out(self, call: Call, answer: Answer) -> Answer:
        """Wait until a rate limit lets the call pass; a limit that spares other calls is none."""
        deadline, pause = time.monotonic() + _PATIENCE, 0.25
        for attempt in range(1, 64):
            spoken = answer.code is not None
            if not spoken:
                self._line.client.slow_down()
            if spoken and attempt > _REPEATS and self._alive(strict=True):
                again = self._line.once(call)
                if again.verdict is Verdict.THROTTLED:
                    return replace(again, verdict=Verdict.REFUSED)
                return again
            wish = wished(answer.exchange)
            if time.monotonic() + wish > deadline:
                break
            time.sleep(max(pause, wish))
            pause = min(pause * 1.5, 1.5)
            answer = self._line.once(call)
            if answer.verdict is not Verdict.THROTTLED:
                return answer
        why = f"code {answer.code}" if answer.code is not None else answer.note
        wish = wished(answer.exchange)
        why += f", Retry-After {wish:g} s" if wish else ""
        raise Throttled(f"{call.operation} was throttled ({why}) to the end")

    def _may_be_done(self, call: Call, first: Answer, last: Answer) -> None:
        """Raise `MaybeDone` for a read that is refused for good after something that passed.

        Whoever has read may be told so.
        """
        reads = call.operation == self._line.driver.group_read and not call.label
        if reads and last.refused and self._line.contract.kind(last.code) != "transient":
            raise MaybeDone(
                f"{call.operation} is {first.describe()}, then {last.describe()}: "
                "the first may have been done"
            )

    def _again(self, call: Call, answer: Answer) -> Answer:
        for _ in range(_REPEATS - 1):
            time.sleep(0.1)
            answer = self._line.once(call)
            if self._line.contract.kind(answer.code) != "transient":
                break
        return answer

    def _confirm(self, call: Call, answer: Answer) -> Answer:
        """Tell a call that breaks the target from a target that is away, or that is busy."""
        pause, answers = 0.3, [answer]
        for repeat in range(1, _BUSY_REPEATS):
            status = answer.exchange.response.status if answer.exchange.response else None
            if repeat >= _REPEATS and status not in _GATEWAYS:
                break
            if not self._alive():
                self._await_return(answer)
            if status == 503:  # many limit rates by it
                self._line.client.slow_down()
            if status in _GATEWAYS:
                time.sleep(max(pause, min(wished(answer.exchange), _PATIENCE / 4)))
                pause = min(pause * 2, 2.0)
            answer = self._line.once(call)
            answers.append(answer)
            if answer.verdict is not Verdict.TROUBLE:
                return answer
        if not self._alive():
            raise Unreachable(f"{call.operation}: {answer.note}")
        return self._hold(call, answers)

    def _hold(self, call: Call, answers: Sequence[Answer]) -> Answer:
        """Blame the target where a call breaks it in one way each time, and after a while as well.

        What a gateway says for it, silence, and what comes from an undocumented place prove
        nothing. Returns the last answer, which may be a good one by then.
        """
        last, ways = answers[-1], {_breakage(answer) for answer in answers}
        way = ways.pop()
        placed = call.method is None and not call.strays and self._line.driver.over_http
        if ways or not way or not placed:
            return last
        if (call.operation, way) not in self._breaking:
            time.sleep(_BREATH)
            last = self._line.once(call)
            if _breakage(last) != way or not self._alive():
                return last
            self._breaking.add((call.operation, way))
        why = call.label or "a documented body"
        for finding in refusals.not_answered(last, why):
            self._line.witnesses.vouch("bad-input-is-answered")
            self._line.witnesses.blame("bad-input-is-answered", finding)
        self._line.witnesses.hold(last)
        return last

    def _alive(self, *, strict: bool = False) -> bool:
        bad = {Verdict.TROUBLE, Verdict.THROTTLED} if strict else {Verdict.TROUBLE}
        probes = self._probes()  # twice: the first may meet a connection that broke before
        return any(self._line.once(probe).verdict not in bad for probe in (*probes, *probes))

    def _await_return(self, answer: Answer) -> None:
        deadline = time.monotonic() + _OUTAGE
        while time.monotonic() < deadline:
            time.sleep(0.25)
            if self._alive():
                return
        raise Unreachable(f"{answer.operation}: {answer.note}; nothing else is answered either")


def _breakage(answer: Answer) -> str:
    """Return in which way an answer shows that the target broke, empty where it may be another."""
    response = answer.exchange.response
    if answer.verdict is not Verdict.TROUBLE:
        return ""
    if response is None:
        dropped = (answer.exchange.trouble or "").startswith(Trouble.RESET)
        return Trouble.RESET if dropped else ""
    ours = response.status >= 500 and response.status not in _OTHERS_STATUSES
    return str(response.status) if ours else ""


def _foreign_status(answer: Answer) -> int | None:
    """Return the HTTP status of an answer that is in no form of the vendor's."""
    response = answer.exchange.response
    return response.status if response and answer.verdict is Verdict.TROUBLE else None


def wished(exchange: Exchange) -> float:
    """Return the seconds that an answer asks to wait, 0 where it asks for none.

    A date is one of the target's clock.
    """
    response = exchange.response
    wish = (response.header("Retry-After") if response else None) or ""
    if re.fullmatch(r"[0-9]{1,9}", wish):
        return float(wish)
    until, now = _moment(wish), _moment((response.header("Date") if response else None) or "")
    return max(0.0, until - (now or time.time()))


def _moment(date: str) -> float:
    """Return an HTTP date as seconds since the epoch, 0 for what is none."""
    try:
        return parsedate_to_datetime(date).timestamp()
    except (ValueError, OverflowError):
        return 0.0
