"""Users, groups, pairs and messages of one target, made as a scene needs them."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterable, Sequence
from typing import Any, Unpack

from receiptspec.checks import refusals
from receiptspec.errors import CallRefused, Inconclusive, NotExercised, OperationMissing
from receiptspec.neutral import Answer, Call, Conversation, Kind, Message
from receiptspec.talk import Means, Talk, spelt
from receiptspec.targets import Target

__all__ = ["Company", "names_of"]


def names_of(*whose: str) -> str:
    """Return six letters that are in every name of somebody's users and groups."""
    return hashlib.sha256("/".join(whose).encode()).hexdigest()[:6]


_FINE = "a name that a user may have"


class Company(Talk):
    """A target with people in it, who write to each other."""

    def __init__(self, target: Target, **means: Unpack[Means]) -> None:
        super().__init__(target, **means)
        self.plain_names = False
        self._said = 0
        self._told: dict[tuple[Any, Any], Answer] = {}
        self._owners_join: set[Any] = set()
        self._created: dict[Conversation, float] = {}

    def turn_to_fixtures(self) -> None:
        """Be content with reading the group of fixtures where none of our own can be made.

        That is where the target has no operation that makes groups, or none that makes users and
        takes nobody else.
        """
        if self.target.fixture is None or not self.target.writes:
            return
        try:
            self.group(2)
        except NotExercised as error:
            if self._strangers or isinstance(error, OperationMissing):
                self._users.clear()
                self._strangers = False
                self.only_read(f"{error}; the group of fixtures is read")
        except Inconclusive:
            return

    def users(self, count: int) -> tuple[Any, ...]:
        """Return the first `count` users of the pool, making those that do not exist yet."""
        if self.target.fixture and not self.target.writes:
            why = self.unable or f"{self.target.name} has no writes: true"
            raise NotExercised(f"{why}, so no users can be made")
        with self.counting("users"):
            self._users.extend(self._recruited(range(len(self._users), count)))
        return tuple(self._users[:count])

    def user(self, index: int, namespace: str = "") -> Any:
        """Return the name of a user of the pool, or of another namespace, who may not exist."""
        named = self.driver.plain_user if self.plain_names else self.driver.user
        return named(namespace or self.namespace, index)

    def _recruited(self, numbers: Iterable[int]) -> list[Any]:
        """Make users of the pool, from now on with plain names where others are refused.

        That plain names are accepted then tells that the name was what was refused.
        """
        missing = [self.user(number) for number in numbers]
        try:
            self.make_users(missing)
        except CallRefused as error:
            if self.plain_names or not self.is_of_input(error.answer):
                raise
            self.plain_names = True
            plain = [self.user(number) for number in numbers]
            try:
                self.make_users(plain)
            except NotExercised:
                self.plain_names = False
                raise error from None
            for finding in refusals.accepted(error.answer, _FINE, note="others are fine"):
                self.blame("documented-calls-work", finding)
            return plain
        return missing

    def make_users(self, names: Sequence[Any]) -> None:
        """Make users by the operation that is there; they may exist where none is. See `must`."""
        for otherwise in (False, True):
            calls = self.driver.make_users(names, otherwise=otherwise)
            if self._lacking.isdisjoint(call.operation for call in calls):
                try:
                    for call in calls:
                        self._make_left_out(self.must(call), names)
                except OperationMissing:
                    self._lacking.add(calls[0].operation)
                else:
                    self._makers |= {call.operation for call in calls}
                    self._hired |= dict.fromkeys(map(spelt, names), time.monotonic())
                    return
        self._strangers = True

    def _make_left_out(self, answer: Answer, names: Sequence[Any]) -> None:
        """Make those one by one of whom the answer to a list of users says that they failed."""
        failed = self.driver.failed_users(answer)
        for name in [name for name in names if name in failed]:
            for call in self.driver.make_users([name]):
                self.must(call)

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
        self._young[made] = time.monotonic()
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

    def adding(self, call: Call) -> Answer:
        """Add users to a group, again while they were made a moment ago and fail. See `must`."""
        return self.until(
            lambda: self.must(call),
            lambda answer: not (self.driver.kept_out(answer) and self._hires),
        )

    def adds(self, call: Call) -> None:
        """Have users join a group, and wait for nothing; see `lets_in`."""
        outside = self.driver.kept_out(self.adding(call))
        if outside:
            raise NotExercised(f"{outside[0]} was to be added and is no member yet")

    def _await_audience(self) -> None:
        if self.may_lag:
            self.rest(self.target.consistency)

    def let_age(self, group: Conversation, seconds: float) -> None:
        """Wait until a group that was made here is so old."""
        self._sleep(self._created[group] + seconds - time.time())

    def pair(self, one: Any, other: Any) -> Conversation:
        """Open the conversation of two people, `one` being its owner. See `must` for errors."""
        call, id_ = self.driver.make_pair(one, other), None
        if call is not None:
            id_ = self.driver.made_group(self.must(call))
            if id_ is None:
                raise NotExercised("the answer that a conversation was made names none")
            self._given.add(repr(id_))
        return Conversation(Kind.DIRECT, id_, "direct", one, (one, other))

    def number(self, *parts: object) -> int:
        """Return a 31-bit number made from the seed and `parts`, the same in every worker."""
        text = json.dumps([self.seed, *map(str, (*parts, self.anew) if self.anew else parts)])
        return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4]) >> 1

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
