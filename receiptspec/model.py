"""A state machine over the neutral actions, and a model that predicts what receipts say.

Hypothesis walks: members read, read again, join and leave, messages are sent and recalled, groups
are dismissed, receipts are asked for in lists and pages. Predictions are differences; where the
documents leave a number open it is taken as it is found. What does not fit is a finding of the
requirement that promises it, together with the shortest script that shows it.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from hypothesis import Verbosity, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule
from hypothesis.stateful import run_state_machine_as_test as walk_about

from receiptspec.checks import paging as page_checks
from receiptspec.checks import receipts as checks
from receiptspec.checks import refusals
from receiptspec.errors import Inconclusive, NotExercised
from receiptspec.findings import Finding
from receiptspec.neutral import Answer, Conversation, Message, Receipt
from receiptspec.scenes.groups import reads_again
from receiptspec.scenes.paging import walk
from receiptspec.stage import Stage

__all__ = ["Deviation", "explore"]

_SHRINKING = 12  # walks after the first failure
_SPENT = 150  # requests after it, in which they are to be done
_SIZE = 4

READ, UNREAD = "read-raises-read-count", "read-lowers-unread-count"
STILL = "reads-stay-with-their-message"
ANSWERED, PLAIN = "every-message-is-answered", "plain-message-has-no-receipt"
LISTS, ONCE = "reader-changes-lists", "walk-visits-everybody-once"
LISTED, OTHERS = "readers-are-listed", "non-readers-are-listed"
BOUND, GONE = "no-more-readers-than-members", "dismissed-group-is-refused"


@dataclass(frozen=True, slots=True)
class Deviation:
    """A finding of one check, found by the script that its message ends with."""

    check: str
    finding: Finding


@dataclass(slots=True)
class _State:
    """What the model knows of one message."""

    name: str
    message: Message
    audience: set[Any]
    readers: set[Any] = field(default_factory=set)
    since: int = 0
    base: Receipt | None = None
    listed: bool = True
    recalled: bool = False
    repeats: int = 0
    read_at: float = 0.0
    sent_at: float = field(default_factory=time.monotonic)


class _Broken(AssertionError):
    pass


#: After how many steps a walk failed, and what it found.
_Failure = tuple[int, tuple[Deviation, ...]]


def explore(stage: Stage, examples: int, steps: int) -> tuple[Deviation, ...]:
    """Walk `examples` times about `steps` steps; return what the shortest failing walk found."""
    failures: list[_Failure] = []
    troubles: list[Inconclusive | NotExercised] = []
    walks = sent = 0

    class Machine(_Machine):
        def __init__(self) -> None:
            nonlocal walks, sent
            walks += bool(failures)
            sent = sent if failures else stage.sent
            spent = walks > _SHRINKING or (walks > 1 and stage.sent - sent > _SPENT)
            super().__init__(stage, failures, tired=spent or bool(troubles))

        def teardown(self) -> None:
            """Walk no more after trouble: Hypothesis would look for the shortest way into it."""
            error = sys.exc_info()[1]
            if isinstance(error, Inconclusive | NotExercised):
                troubles.append(error)

    try:
        walk_about(
            Machine,
            settings=settings(
                max_examples=examples,
                stateful_step_count=steps,
                print_blob=False,
                verbosity=Verbosity.quiet,
            ),
        )
    except (Inconclusive, NotExercised):
        raise
    except Exception as error:
        if not failures:
            raise next(iter(troubles), None) or _reason(error) or error from None
    return min(failures, key=lambda failure: failure[0])[1] if failures else ()


def _reason(error: BaseException) -> Inconclusive | NotExercised | None:
    """Return why nothing can be judged, where Hypothesis only saw that it could not repeat it."""
    if isinstance(error, Inconclusive | NotExercised):
        return error
    inner = [*getattr(error, "exceptions", ()), *filter(None, [error.__cause__, error.__context__])]
    return next((found for found in map(_reason, inner) if found is not None), None)


class _Machine(RuleBasedStateMachine):
    def __init__(self, stage: Stage, failures: list[_Failure], *, tired: bool) -> None:
        super().__init__()
        self.stage = stage
        self.failures = failures
        self.tired = tired
        self.script: list[str] = []
        self.groups: list[Conversation] = []
        self.states: list[_State] = []
        self.names: dict[Any, str] = {}
        self.joined: dict[Any, float] = {}
        self.sent = 0

    def fail(self, deviations: tuple[Deviation, ...]) -> None:
        self.failures.append((len(self.script), deviations))
        raise _Broken

    # --- actions --------------------------------------------------------------------------

    @initialize()
    def two_groups(self) -> None:
        if self.tired:
            return
        users = self.stage.users(_SIZE + 2)
        self.names = {user: f"user{index}" for index, user in enumerate(users)}
        for _ in range(2):
            self.groups.append(self.stage.group(_SIZE))
            self.script.append(f"group{len(self.groups)} = {_SIZE} members, user0 owns it")
            self._send(len(self.groups) - 1, receipt=True)

    @rule(group=st.integers(0, 1), receipt=st.sampled_from([True, True, True, False]))
    def send(self, group: int, receipt: bool) -> None:
        receipt = receipt or not self.stage.driver.receipts_are_wished
        if not self.tired and len(self.states) < 40:
            self._send(group, receipt=receipt)

    def _send(self, group: int, *, receipt: bool) -> None:
        conversation = self.groups[group]
        self.stage.rest(self._until_joined(conversation))
        message = self.stage.say(conversation, receipt=receipt)
        audience = set(conversation.members) - {conversation.owner}
        self.sent += 1
        self.states.append(_State(f"m{self.sent}", message, audience))
        wish = "" if receipt else ", without asking for a receipt"
        self.script.append(f"user0 sends m{self.sent} to group{group + 1}{wish}")

    @rule(which=st.integers(0, 39), who=st.integers(1, _SIZE + 1), more=st.booleans())
    def read(self, which: int, who: int, more: bool) -> None:
        if self.tired or not self.states:
            return
        state = self.states[which % len(self.states)]
        group = state.message.conversation
        candidates = [member for member in self._group(group).members if member in state.audience]
        if not state.message.wants_receipt or not candidates:
            return
        reader = candidates[who % len(candidates)]
        chosen = [state]
        if more:
            chosen += [s for s in self._readable(group, reader) if s is not state][:3]
        fresh = [s for s in chosen if reader not in s.readers]
        if not fresh:
            return
        self.stage.reads(reader, [s.message for s in fresh])
        for one in fresh:
            one.readers.add(reader)
            one.since += 1
            one.read_at = time.monotonic()
        names = ", ".join(one.name for one in fresh)
        self.script.append(f"{self.names[reader]} reads {names}")

    @precondition(lambda self: not self.tired and any(state.readers for state in self.states))
    @rule(which=st.integers(0, 39))
    def read_again(self, which: int) -> None:
        """Repeat a read: nobody becomes a second reader; whether the number rises is open."""
        repeatable = [s for s in self.states if s.readers & s.audience and s.message.wants_receipt]
        if not repeatable:
            return
        state = repeatable[which % len(repeatable)]
        reader = next(m for m in self._members(state) if m in state.readers)
        if not reads_again(self.stage, reader, state.message):
            return
        state.repeats += 1
        self.script.append(f"{self.names[reader]} reads {state.name} again")

    def _members(self, state: _State) -> tuple[Any, ...]:
        return self._group(state.message.conversation).members

    def _readable(self, group: Conversation, reader: Any) -> list[_State]:
        return [
            s
            for s in self.states
            if s.message.conversation.id == group.id
            and s.message.wants_receipt
            and reader in s.audience
        ]

    @precondition(lambda self: not self.tired and len(self.states) > 2)
    @rule(group=st.integers(0, 1))
    def join(self, group: int) -> None:
        conversation = self.groups[group]
        spare = [user for user in self.stage.users(_SIZE + 2) if user not in conversation.members]
        if not spare:
            return
        self.stage.adds(self.stage.driver.add_members(conversation, spare[:1]))
        self.joined[conversation.id] = time.monotonic()
        self._regroup(group, (*conversation.members, spare[0]))
        self.script.append(f"{self.names[spare[0]]} joins group{group + 1}")

    def _until_joined(self, group: Conversation) -> float:
        """Return the seconds until who has joined a group last is counted for a new message."""
        if not self.stage.may_lag or group.id not in self.joined:
            return 0.0
        over = self.joined[group.id] + self.stage.target.consistency
        return max(0.0, over - time.monotonic())

    @precondition(lambda self: not self.tired and len(self.states) > 3)
    @rule(group=st.integers(0, 1))
    def leave(self, group: int) -> None:
        conversation = self.groups[group]
        if len(conversation.members) < _SIZE:
            return
        leaver = conversation.members[-1]
        self.stage.must(self.stage.driver.remove_member(conversation, leaver))
        self._regroup(group, conversation.members[:-1])
        for state in self.states:
            if state.message.conversation.id == conversation.id:
                state.audience.discard(leaver)
        self.script.append(f"{self.names[leaver]} leaves group{group + 1}")

    def _regroup(self, group: int, members: tuple[Any, ...]) -> None:
        """Take new members; what older messages count from now on is open."""
        self.groups[group] = replace(self.groups[group], members=members)
        for state in self.states:
            if state.message.conversation.id == self.groups[group].id:
                state.base, state.listed = None, False
                state.since = min(state.since, 0)  # a message that is forgotten stays so

    @precondition(lambda self: not self.tired and len(self.states) > 3)
    @rule(which=st.integers(0, 39))
    def recall(self, which: int) -> None:
        left = [state for state in self.states if not state.recalled]
        if not left:
            return
        state = left[which % len(left)]
        self.stage.must(self.stage.driver.recall(state.message))
        self.script.append(f"{state.name} is recalled")
        state.message = replace(state.message, wants_receipt=False)
        state.recalled, state.listed = True, False
        state.audience = set()
        self._forget(state)

    def _forget(self, state: _State) -> None:
        """Ask no more about a message of which the documents say nothing any more."""
        state.base = None
        state.since = -1

    @precondition(lambda self: not self.tired and len(self.states) > 5)
    @rule(group=st.integers(0, 1))
    def dismiss(self, group: int) -> None:
        """End a group, ask about it, and let a new one take its place."""
        old = self.groups[group]
        messages = [s.message for s in self.states if s.message.conversation.id == old.id]
        self.stage.must(self.stage.driver.dismiss(old))
        self.script.append(f"group{group + 1} is dismissed")
        answer = self.stage.until(
            lambda: self.stage.ask(old, messages), lambda answer: not answer.accepted
        )
        items = self.stage.driver.receipts(answer) if answer.accepted else ()
        self.script.append(f"asked for {', '.join(s.name for s in self._of(old))}")
        self._say(self._as(GONE, refusals.refused(answer, "a dismissed group", items=items)))
        self.states = [s for s in self.states if s.message.conversation.id != old.id]
        self.groups[group] = self.stage.group(_SIZE)
        self.script.append(f"group{group + 1} = {_SIZE} new members, user0 owns it")
        self._send(group, receipt=True)

    def _of(self, group: Conversation) -> list[_State]:
        return [s for s in self.states if s.message.conversation.id == group.id]

    # --- questions ------------------------------------------------------------------------

    @rule(group=st.integers(0, 1), backwards=st.booleans(), only=st.integers(0, 5))
    def ask(self, group: int, backwards: bool, only: int) -> None:
        if self.tired or not self.groups:
            return
        states = [
            s
            for s in self.states
            if s.message.conversation.id == self.groups[group].id and s.since >= 0
        ]
        states = states[-only:] if only else states
        states = states[::-1] if backwards else states
        if not any(s.message.wants_receipt for s in states):
            return
        messages = [s.message for s in states]
        self.script.append(f"asked for {', '.join(s.name for s in states)}")
        answer = self.stage.settle(
            self.groups[group], messages, lambda found: not self._judge(states, found, None)
        )
        if answer.accepted:
            found = self.stage.receipts(answer)
            self._say(self._judge(states, found, answer))
            self._remember(states, found)

    def _judge(
        self, states: Iterable[_State], found: dict[Any, Receipt], answer: Answer | None
    ) -> list[Deviation]:
        deviations: list[Deviation] = []
        for state in states:
            now = found.get(state.message.id)
            if answer is None:
                if self._moved_otherwise(state, now):
                    return [_PENDING]
                continue
            if not state.message.wants_receipt:
                if now is not None and now.known:
                    deviations += self._as(
                        PLAIN,
                        checks.no_receipt(answer, found, state.message.id, [], "a plain message"),
                    )
            elif now is None or not now.known:
                deviations += self._as(
                    ANSWERED, checks.each_answered(answer, found, [state.message.id])
                )
            else:
                deviations += self._lists(state, now, answer)
                deviations += self._as(
                    BOUND, checks.within(answer, now, _SIZE + 2, "reading, some of them repeatedly")
                )
                if state.base is None:
                    continue
                for name, by, check in (("read", 1, READ), ("unread", -1, UNREAD)):
                    if self._repeated(state, now, name, by):
                        continue
                    why = f"{state.since} members read it" if state.since else "others were read"
                    wrong = checks.changed(answer, state.base, now, name, by * state.since, why)
                    deviations += self._as(check if state.since else STILL, wrong)
        return deviations

    def _lists(self, state: _State, now: Receipt, answer: Answer) -> Iterator[Deviation]:
        """Judge the lists that come with a receipt, while nobody has joined or left."""
        if not state.listed:
            return
        owner = state.message.conversation.owner
        left = state.audience - state.readers
        for check, listed, wanted in (
            (LISTED, now.readers, state.readers),
            (OTHERS, now.non_readers, left),
        ):
            if listed is not None and set(listed) - {owner} != wanted:
                yield from self._as(
                    check, checks.listed(answer, now, check == LISTED, wanted, {owner})
                )

    def _repeated(self, state: _State, now: Receipt, name: str, by: int) -> bool:
        """Whether a number moved as far as it may where repeated reads count again."""
        was, is_ = getattr(state.base, name), getattr(now, name)
        if not state.repeats or was is None or is_ is None:
            return False
        return bool(state.since <= by * (is_ - was) <= state.since + state.repeats)

    def _moved_otherwise(self, state: _State, now: Receipt | None) -> bool:
        if not state.message.wants_receipt:
            return False
        if now is None or not now.known:
            return True  # new messages may be late as well
        if state.listed and now.readers is not None:
            owner = state.message.conversation.owner
            if set(now.readers) - {owner} != state.readers:
                return True
            left = set(now.non_readers or ()) - {owner}
            return now.non_readers is not None and left != state.audience - state.readers
        if state.base is None:
            return False
        if now.read is None or state.base.read is None:
            return False
        unread = (state.base.unread or 0) - (now.unread or 0)
        more, less = now.read - state.base.read, unread
        allowed = range(state.since, state.since + state.repeats + 1)
        return more not in allowed or less not in allowed

    def _remember(self, states: Iterable[_State], found: dict[Any, Receipt]) -> None:
        for state in states:
            now = found.get(state.message.id)
            if (
                now is not None
                and now.known
                and not (state.base is None and self._early(state, now))
            ):
                state.base, state.since = now, 0

    def _early(self, state: _State, now: Receipt) -> bool:
        """Whether numbers may still be on their way to what they are to be."""
        past = time.monotonic() - self.stage.target.consistency
        counted = now.unread is None or (now.read or 0) + now.unread >= len(state.audience)
        young = self.stage.may_lag and not counted and state.sent_at > past
        joining = self._until_joined(state.message.conversation) > 0
        return young or joining or state.read_at > past

    @rule(which=st.integers(0, 39), read=st.booleans(), count=st.integers(1, 3))
    def page(self, which: int, read: bool, count: int) -> None:
        if self.tired or not self.states:
            return
        state = self.states[which % len(self.states)]
        if not state.listed or not state.message.wants_receipt:
            return
        conversation = state.message.conversation
        if self.stage.driver.list_members(conversation, 0, read=read, cursor=None, count=1) is None:
            return
        owner = conversation.owner
        wanted = state.readers if read else state.audience - state.readers
        kind = "have" if read else "have not"
        self.script.append(f"listed who {kind} read {state.name}, {count} a page")
        found = self.stage.until(
            lambda: walk(self.stage, state.message, read=read, count=count),
            lambda page: not page.last_answer.accepted or set(page.members) - {owner} == wanted,
        )
        if not found.last_answer.accepted:
            return
        open_ = [] if read else [owner]
        findings = page_checks.everybody_once(
            found.last_answer, found.members, sorted(wanted), open_, f"who {kind} read"
        )
        twice = any(finding.signature.endswith(":twice") for finding in findings)
        self._say(self._as(ONCE if twice else LISTS, findings))

    # --- saying ---------------------------------------------------------------------------

    def _group(self, conversation: Conversation) -> Conversation:
        return next(group for group in self.groups if group.id == conversation.id)

    def _as(self, check: str, findings: Iterable[Finding]) -> list[Deviation]:
        return [Deviation(check, finding) for finding in findings]

    def _say(self, found: Iterable[Deviation]) -> None:
        promised = {row.check for row in self.stage.contract.requirements}
        deviations = [deviation for deviation in found if deviation.check in promised]
        if not deviations:
            return
        script = " · ".join(f"{number}. {line}" for number, line in enumerate(self.script, 1))
        self.fail(
            tuple(
                replace(d, finding=replace(d.finding, message=f"{d.finding.message}: {script}"))
                for d in deviations
            )
        )


_PENDING = Deviation("", Finding("", "", "", "", ""))
