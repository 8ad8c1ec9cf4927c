"""What a test of a suite gets: one requirement on one target, and the means to judge it."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, TypeVar

import hypothesis

from receiptspec import dialect
from receiptspec.checks import refusals
from receiptspec.contract import Contract, Operation, Requirement
from receiptspec.errors import NotExercised
from receiptspec.findings import Finding, Observation, Outcome, Result, outcome_of
from receiptspec.neutral import Answer, Call
from receiptspec.scenes import calls
from receiptspec.stage import Stage
from receiptspec.variations import is_of_caller, vary

__all__ = ["Case", "Nonconformity"]

T = TypeVar("T")
_SHRINKS = 30


class Nonconformity(AssertionError):
    """Raised by `Case.judge` so that pytest turns red and Hypothesis shrinks."""


class Optional:
    """A block that ends where the target does not offer what it needs; see `Case.optional`."""

    def __init__(self, case: Case, what: str) -> None:
        self._case, self._what = case, what

    def __enter__(self) -> None:
        pass

    def __exit__(self, _: object, error: BaseException | None, __: object) -> bool:
        if isinstance(error, NotExercised):
            self._case.observe(self._what, str(error))
            return True
        return False


#: What whoever is on the way says of a path or a transfer coding that is not known there.
_ON_THE_WAY = (501, 502, 503, 504)


class Case:
    """One requirement on one target, for one test."""

    def __init__(
        self,
        requirement: Requirement,
        stage: Callable[[], Stage],
        target: str,
        profile: Profile,
        accepted: Collection[str] = (),
    ) -> None:
        self.requirement = requirement
        self.target = target
        self.profile = profile
        self._stage = stage
        self.findings: tuple[Finding, ...] = ()
        self.observations: list[Observation] = []
        self._accepted = frozenset(accepted)
        self._known: dict[str, Finding] = {}
        self._judged = False
        self._passed_over = 0
        self._tried: dict[bytes, Answer] = {}
        self._failed_after: int | None = None
        self._started = time.perf_counter()
        self._sent_before = 0

    def __repr__(self) -> str:
        return f"Case({self.requirement.id} on {self.target})"

    # --- what is there --------------------------------------------------------------------

    @property
    def stage(self) -> Stage:
        """The target at work."""
        return self._stage()

    @property
    def brief(self) -> bool:
        """Whether there are fewer requests than rows, so that one has to do for a row."""
        return self.profile.is_brief(self.stage.contract)

    def as_many(self, things: Sequence[T]) -> Sequence[T]:
        """Return all of them, or the first where one request has to do."""
        return things[:1] if self.brief else things

    @property
    def sent_before(self) -> int:
        """How many requests the target had got when the test began."""
        return self._sent_before

    @property
    def given(self) -> Mapping[str, Any]:
        """The parameters of the requirement row."""
        return self.requirement.given

    @property
    def operation(self) -> Operation:
        """The operation that the row is about; the receipt operation where it names none."""
        contract = self.stage.contract
        return contract.operations[self.requirement.operation or self.stage.driver.ask]

    def operations(self, also: str | Sequence[str]) -> tuple[str, ...]:
        """Return the operations of a list; ``every`` stands for all but the row's."""
        if also == "every":
            known = self.stage.contract.operations
            return tuple(name for name in known if name != self.operation.name)
        return tuple(also)

    def good_call(self, *, repeatable: bool = False) -> Call:
        """Return a call of the row's operation that is known to be accepted.

        Where a row is about several operations, or about whoever calls, another one will do if
        there is no such call. Only calls that may be `repeatable`, if that is wanted.
        """
        if self.requirement.operation is not None:
            return calls.good_call(self.stage, self.operation.name)
        harmless = calls.repeatable(self.stage)
        changes = self.given.get("calls", ())
        others: Sequence[str] = harmless if all(map(is_of_caller, changes)) else ()
        if "also" in self.given:
            others = self.operations(self.given["also"])
        elif "codes" in self.given:
            others = ()
        chosen = [name for name in others if name in harmless] if repeatable else others
        return calls.any_good_call(self.stage, chosen)

    def scene(self, play: Callable[..., T], *args: Any) -> T:
        """Return what a scene gave, playing it at most once for all tests of the target."""
        return self.stage.scene(play, *args)

    def attempt(self, what: str, play: Callable[..., T], *args: Any) -> T | None:
        """Return what a scene gave, or ``None`` and observe why it could not be played."""
        with self.optional(what):
            return self.scene(play, *args)
        return None

    def optional(self, what: str) -> Optional:
        """Do without what follows where the target does not offer it; the reason is observed."""
        return Optional(self, what)

    def variation(self, good: Call, change: Mapping[str, Any]) -> Answer:
        """Send `good` with one departure, once for all rows that ask for the same.

        Raises `NotExercised` where a quota is used up meanwhile, so that `good` is refused as well.
        """
        call = vary(good, change)
        answer = self.stage.scene(calls.sent, calls.Named(call))
        if self._may_be_sent(good, change):
            answer = self.spared(good, answer)
        response = answer.exchange.response
        if call.strays and (response is None or response.status in _ON_THE_WAY):
            return answer
        return self.answered(answer, call.label)

    def patient(self, good: Call, change: Mapping[str, Any]) -> Answer:
        """Do the same where the call ought to work: again while what it names may not show yet."""
        answer = self.variation(good, change)
        if answer.accepted or self.stage.is_final(answer):
            return answer
        return self.repeated(good, change)

    def _may_be_sent(self, good: Call, change: Mapping[str, Any]) -> bool:
        """Whether a good call does no more than those that this row sends anyway.

        A call that writes may end or alter what others look at behind refusals.
        """
        writes = self.stage.contract.calls[good.operation].writes
        return not writes or (good.operation == self.operation.name and not is_of_caller(change))

    def spared(self, good: Call, answer: Answer) -> Answer:
        """Hand on the answer to a call made from `good`, unless a limit refuses that as well.

        Raises `NotExercised` then: the refusal says nothing of what was broken.
        """
        if answer.refused and self.stage.contract.kind(answer.code) in ("throttled", "limit"):
            self.stage.scene(calls.spared, calls.Named(good), answer.code)
        return answer

    def repeated(self, good: Call, change: Mapping[str, Any]) -> Answer:
        """Send `good` with one departure anew, whoever has sent it before.

        Again, while what it names may just not show yet.
        """
        return self.stage.patiently(vary(good, change))

    def answered(self, answer: Answer, why: str) -> Answer:
        """Note whether bad input was answered at all, and hand the answer on."""
        self.stage.vouch("bad-input-is-answered")
        for finding in refusals.not_answered(answer, why):
            self.stage.blame("bad-input-is-answered", finding)
        return answer

    def once(self, body: Any, send: Callable[[], Answer]) -> Answer | None:
        """Send within a property test: each body once, and few more after the first failure.

        Returns ``None`` when the budget of shrinking is spent; the example then counts as fine.
        """
        key = dialect.dumps(body)
        if key not in self._tried:
            if self._failed_after is not None and len(self._tried) > self._failed_after + _SHRINKS:
                return None
            self._tried[key] = send()
        return self._tried[key]

    # --- what is said ---------------------------------------------------------------------

    def judge(self, findings: Iterable[Finding]) -> None:
        """Say what was found; raises `Nonconformity` when there is anything to be found.

        Raises `NotExercised` where nothing was, because no answer tells what the row is about.
        What the owner of the target accepts does not end a property test: the next example may
        show another failure.
        """
        found = self._exercised(tuple(findings))
        self._judged = True
        if not found:
            self._needs_to_be_told()
            return
        if self.is_news(found):
            self.findings = found
        else:
            self._pass_over(found)
        if self._failed_after is None:
            self._failed_after = len(self._tried)
        raise Nonconformity("\n".join(finding.message for finding in found))

    def _needs_to_be_told(self) -> None:
        """Raise `NotExercised` where no answer has told what the row is about."""
        about = self.requirement.about
        if about and self.stage.fields_told.isdisjoint(about):
            raise NotExercised(f"no answer tells {' or '.join(about)} so that it can be read")

    def _exercised(self, found: tuple[Finding, ...]) -> tuple[Finding, ...]:
        """Leave out refusals for want of a feature, unless the operation works otherwise.

        Raises `NotExercised` where that was all.
        """
        kept = tuple(finding for finding in found if not self._is_off(finding))
        if found and not kept:
            why = "is the feature switched on for this application?"
            raise NotExercised(f"{found[0].message}: {why}")
        return kept

    def _is_off(self, finding: Finding) -> bool:
        stage = self.stage
        for exchange in finding.exchanges[:1]:
            operation = exchange.request.operation
            if operation is None or operation not in stage.contract.operations:
                continue
            answer = stage.driver.read(operation, exchange)
            if answer.refused and stage.contract.kind(answer.code) == "feature":
                try:
                    calls.good_call(stage, operation)
                except NotExercised:
                    return True
        return False

    def _pass_over(self, found: Sequence[Finding]) -> None:
        """Remember accepted findings; in a property test, go on to the next example."""
        self._known |= {finding.signature: finding for finding in found}
        if self._failed_after is not None:
            return
        self.findings = tuple(self._known.values())
        self._passed_over += 1
        if hypothesis.currently_in_test_context() and self._passed_over <= self.profile.examples:
            hypothesis.reject()

    def is_news(self, findings: Iterable[Finding]) -> bool:
        """Whether there is anything that the owner of the target does not accept."""
        return any(finding.signature not in self._accepted for finding in findings)

    @property
    def is_broken(self) -> bool:
        """Whether another test has found the requirement broken: a long one tells no more."""
        return self.requirement.id in self.stage.broken

    def observe(self, key: str, value: object) -> None:
        """Record what the target does where the documents are silent."""
        self.observations.append(Observation(key, str(value)))

    def witnessed(self) -> tuple[Finding, ...]:
        """Return what passive checks found so far; raises `NotExercised` before any answer."""
        witness = self.stage.witness.get(self.requirement.id)
        if witness is None or not witness.judged:
            raise NotExercised("no answer to judge was seen")
        for key, value in witness.observations.items():
            self.observe(key, value)
        return tuple(witness.findings.values())

    def witnessed_so_far(self) -> tuple[Finding, ...]:
        """Return what passive checks found so far, nothing before any answer."""
        witness = self.stage.witness.get(self.requirement.id)
        return tuple(witness.findings.values()) if witness else ()

    # --- what became of it ----------------------------------------------------------------

    def again(self) -> None:
        """Forget what was found, to try once more."""
        self.findings, self.observations = (), []
        self._known, self._tried = {}, {}
        self._judged, self._failed_after = False, None

    def begin(self) -> None:
        """Start the clock and the count of requests."""
        self._started = time.perf_counter()
        self._sent_before = self.stage.sent

    def result(
        self, outcome: Outcome | None = None, reason: str = "", *, requests: int = 0
    ) -> Result:
        """Return the result; without an outcome it follows from the findings and the level."""
        row = self.requirement
        if outcome is None:
            only_observed = bool(self.observations) and not self._judged
            outcome = outcome_of(row.level, self.findings, observed=only_observed)
        return Result(
            target=self.target,
            requirement=row.id,
            level=row.level,
            check=row.check or "",
            outcome=outcome,
            reason=reason or "; ".join(finding.message for finding in self.findings[:1]),
            findings=self.findings,
            observations=tuple(self.observations),
            requests=requests,
            duration=time.perf_counter() - self._started,
        )


class Profile:
    """How much a run may spend: random examples a property, dear things, requests a target."""

    def __init__(self, name: str, examples: int, rank: int, requests: int | None = None) -> None:
        self.name, self.examples, self.rank, self.requests = name, examples, rank, requests

    def __repr__(self) -> str:
        return f"Profile({self.name!r})"

    def is_brief(self, contract: Contract) -> bool:
        """Whether a target has fewer requests than the contract has rows to test."""
        if self.requests is None:
            return False
        return self.requests < sum(1 for row in contract.requirements if row.check)

    def at_least(self, name: str) -> None:
        """Raise `NotExercised` in a profile smaller than `name`."""
        if self.rank < PROFILES[name].rank:
            raise NotExercised(f"only in the {name} profile")


PROFILES = {
    "smoke": Profile("smoke", 0, 0, requests=150),
    "standard": Profile("standard", 12, 1),
    "exhaustive": Profile("exhaustive", 100, 2),
}
