"""Calls that have to be refused, and whether good calls show that they were done nevertheless."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from receiptspec.errors import NotExercised
from receiptspec.neutral import Answer, Call, Message
from receiptspec.scenes.calls import places
from receiptspec.scenes.groups import Asked, asked, naming, newborn
from receiptspec.scenes.pairs import made_first
from receiptspec.stage import Stage
from receiptspec.variations import vary

__all__ = ["Trace", "traces", "undone"]


@dataclass(frozen=True, slots=True)
class Trace:
    """What a call that was not accepted has changed, its answer, and an answer that shows it."""

    what: str
    answer: Answer
    seen: Answer


def traces(stage: Stage, credential: str) -> tuple[Trace, ...]:
    """Add, remove and send under a wrong signature, and open a conversation; then look.

    A good call sends other words under the same id of its sender: if the message has the first
    ones, it was there. It also tells who is a member.
    """
    naming(stage)
    driver = stage.driver
    owner, _, leaver, newcomer = stage.users(4)
    if driver.make_pair(owner, leaver) is None:
        raise NotExercised("two people have no conversation that is made")
    group = stage.group(3)
    first = stage.say(group)
    fresh = newborn(stage, group, first)
    number = stage.number("forged", group.id)
    sending = driver.send_message(group, owner, receipt=True, number=number)
    forged, good = (driver.with_texts(sending, words) for words in ("the forger's", "the owner's"))
    calls = (driver.add_members(group, [newcomer]), driver.remove_member(group, leaver), forged)
    added, removed, sent = (stage.call(_under(call, credential)) for call in calls)
    found = list(_of_pair(stage, credential))
    stage.let_show()
    message = stage.post(group, good)
    if not sent.accepted:
        found += _of_words(*_words(stage, message), forged, good, sent)
    left = {leaver} if leaver in _people(fresh, first) else set()

    def intact(look: Asked) -> bool:
        people = _people(look, message)
        return newcomer not in people and left <= people

    seen = stage.until(
        lambda: asked(stage, stage.ask(group, [message])),
        lambda look: stage.is_final(look.answer) or intact(look),
    )
    people = _people(seen, message)
    if newcomer in people and not added.accepted:
        found.append(Trace("members of the group", added, seen.answer))
    if people and not left <= people and not removed.accepted:
        found.append(Trace("members of the group", removed, seen.answer))
    return tuple(found)


def undone(stage: Stage, *changes: Mapping[str, Any]) -> tuple[Trace, ...]:
    """Move read positions and send, each time with another departure; then look.

    Each moves another member of one group. All send under the same id of the sender, which a good
    call repeats with words of its own: if the message has others, they tell which call was done.
    Of calls by another method those count as well that were accepted.
    """
    driver, (owner, *movers) = stage.driver, stage.users(len(changes) + 1)
    group = stage.group(len(changes) + 1)
    (place,) = places(stage, stage.say(group))
    asking = driver.ask_read_positions(group)
    if asking is None or driver.move_read_position(group, owner, place) is None:
        raise NotExercised("this vendor tells no read positions")
    stage.let_show()
    before = stage.must(asking)
    sending = driver.send_message(group, owner, receipt=True, number=stage.number("un", group.id))
    moved: list[tuple[Any, Answer, bool]] = []
    sent: list[tuple[Call, Answer]] = []
    for turn, (member, change) in enumerate(zip(movers, changes, strict=True)):
        moving = driver.move_read_position(group, member, place)
        assert moving is not None  # noqa: S101
        answer = _unconfirmed(stage, vary(moving, change))
        moved.append((member, answer, "method" in change or not answer.accepted))
        if "method" not in change:
            words = vary(driver.with_texts(sending, f"words of call {turn}"), change)
            sent.append((words, stage.call(words)))
    stage.let_show()
    after = stage.must(asking)
    found = [
        Trace("read positions of the group", answer, after)
        for member, answer, counts in moved
        if counts
        and driver.read_position(after, member) == place != driver.read_position(before, member)
    ]
    with suppress(NotExercised):
        good = driver.with_texts(sending, "the owner's words")
        seen, told = _words(stage, stage.post(group, good))
        for call, answer in sent:
            found += _of_words(seen, told, call, good, answer)
    return tuple(found)


def _unconfirmed(stage: Stage, call: Call) -> Answer:
    """Send a call once where it may have no answer, as by a method that nobody knows."""
    return stage.at_once([call], connections=1)[0] if call.method else stage.call(call)


def _under(call: Call, credential: str) -> Call:
    return replace(call, credential=credential, label=f"credential {credential}")


def _people(look: Asked, message: Message) -> set[Any]:
    receipt = look.receipts.get(message.id)
    return {*(receipt.readers or ()), *(receipt.non_readers or ())} if receipt else set()


def _words(stage: Stage, message: Message) -> tuple[Answer, frozenset[str]]:
    """Return the answer that shows a message, and all texts in it."""
    call = stage.driver.look_at_messages(message.conversation, [message.id])

    def item(answer: Answer) -> Mapping[str, Any]:
        shown = stage.driver.group_history(answer) if answer.accepted else {}
        return shown.get(message.id, {})

    answer = stage.until(lambda: stage.call(call), lambda found: bool(item(found)))
    return answer, frozenset(text for text in item(answer).values() if isinstance(text, str))


def _of_words(
    seen: Answer, told: frozenset[str], forged: Call, good: Call, sent: Answer
) -> list[Trace]:
    """Return a trace where a message holds what only the forged call said."""
    only = {forged.body[name] for name in good.body if forged.body[name] != good.body[name]}
    done = not sent.accepted and not only.isdisjoint(told)
    return [Trace("messages of the group", sent, seen)] if done else []


def _of_pair(stage: Stage, credential: str) -> list[Trace]:
    """Return a trace where a conversation of two that only a forged call has made is there.

    Where each new one is said to be there, that tells nothing.
    """
    driver, owner = stage.driver, stage.users(1)[0]
    stranger = driver.user(f"{stage.namespace}{stage.anew}-forged-{credential}", 0)
    opening = driver.make_pair(owner, stranger)
    made = stage.scene(made_first)[-1]
    if opening is None or driver.make_users([stranger]) or driver.was_there(made) is not False:
        return []
    answer = stage.call(_under(opening, credential))
    if answer.accepted:
        return []
    stage.let_show()
    again = stage.call(opening)
    there = again.accepted and driver.was_there(again) is True
    return [Trace("conversations of two people", answer, again)] if there else []
