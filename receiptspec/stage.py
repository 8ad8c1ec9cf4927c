"""One target at work: plays scenes, remembers what they gave, has users read and listen.

Scenes are short runs of neutral actions. Each is played once and every check that needs its
exchanges shares them: that is what keeps the number of requests small.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, TypeVar, Unpack

from receiptspec.company import Company
from receiptspec.errors import Inconclusive, NotExercised
from receiptspec.findings import Finding
from receiptspec.hooks import ReadHook
from receiptspec.neutral import Answer, Call, Conversation, Message, Receipt
from receiptspec.notices import Notices, listener_for
from receiptspec.talk import Means
from receiptspec.targets import Target
from receiptspec.webhooks import Listener

__all__ = ["Stage"]

T = TypeVar("T")


class Stage(Company):
    """A target, its driver and all that was learnt about it so far.

    It needs what a `Talk` needs, and the listener for callbacks where there is one already.
    """

    def __init__(
        self, target: Target, *, listener: Listener | None = None, **means: Unpack[Means]
    ) -> None:
        super().__init__(target, **means)
        self._hook = ReadHook(self._line)
        self._notices = Notices(self._line)
        self._listener = listener
        self._memo: dict[str, Any] = {}
        self._there: dict[str, bool] = {}
        self._confirmed: set[str] = set()
        #: The requirements that a test has found broken, beyond what the target's owner accepts.
        self.broken: set[str] = set()
        #: The fields of receipts, by the vendor's names, that some answer has told.
        self.fields_told: set[str] = set()

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

    def confirm(self, findings: Iterable[Finding]) -> None:
        """Note what was found although all had had the time to show: no lag explains it."""
        self._confirmed |= {finding.signature for finding in findings}
        self._waits.looked_again(confirmed=True)

    def clear(self) -> None:
        """Note that what was found is not found when all has had the time to show."""
        self._waits.looked_again(confirmed=False)

    def stays(self, findings: Iterable[Finding]) -> bool:
        """Whether all that was found is of kinds that no lag of this target explains."""
        return all(finding.signature in self._confirmed for finding in findings)

    def ask(self, conversation: Conversation, messages: Iterable[Message | int]) -> Answer:
        """Ask for the receipts of messages, or of ids, of a conversation."""
        ids = [m.id if isinstance(m, Message) else m for m in messages]
        return self.call(self.driver.ask_receipts(conversation, ids))

    def receipts(self, answer: Answer) -> dict[Any, Receipt]:
        """Return the receipts of an accepted answer by message id; the first of each."""
        found: dict[Any, Receipt] = {}
        for receipt in self.driver.receipts(answer):
            found.setdefault(receipt.message, receipt)
            self.fields_told.update(receipt.told)
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
            kind=done,
        )

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

    def read_at_once(
        self, users: Sequence[Any], message: Message, calls: Sequence[Call] = ()
    ) -> list[Answer]:
        """Make users read a message at the same time, and send calls meanwhile; see `at_once`.

        A user who is named twice reads twice. `NotExercised` where no hook can do that.
        """
        if not isinstance(self.target.read_hook, str):
            raise NotExercised("only a hooks.read that is an address lets several read at once")
        with ThreadPoolExecutor(1) as aside:
            reading = aside.submit(self._hook.read_at_once, users, [message])
            answers = self.at_once(calls) if calls else []
            reading.result()
        for user in dict.fromkeys(users):
            self._have_read(user, [message])
        return answers

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

    # --- notifications ---------------------------------------------------------------------

    def listens(self, *users: Any) -> None:
        """Have users there to be notified; `NotExercised` where nobody is ever notified."""
        carrier = self._notices.carrier()
        self.open()
        for user in users:
            carrier.start(user)

    def leaves(self, *users: Any) -> None:
        """End the sessions of users; what they do next begins another.

        `NotExercised` where users have none.
        """
        carrier = self._notices.carrier()
        for user in users:
            carrier.stop(user)

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

    def close(self) -> None:
        """Close the connections and the journal, and end every SDK."""
        self._hook.close()
        super().close()
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
