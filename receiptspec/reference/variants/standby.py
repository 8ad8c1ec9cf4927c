"""Freedoms of a second server: it answers half of the questions, and is a moment behind."""

from __future__ import annotations

import copy
import itertools
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from receiptspec.reference import outside
from receiptspec.reference.behaviour import Variant
from receiptspec.reference.calls import Call
from receiptspec.reference.store import Direct, Group, Store
from receiptspec.reference.volcengine.state import Conversation, State

__all__ = ["ALL"]

_BEHIND = 0.4  # seconds
_SCATTERS = 2_654_435_761
_QUESTIONS = frozenset(
    {
        "admin_getroammsg",
        "get_c2c_unread_msg_num",
        "get_group_member_info",
        "get_group_msg_receipt",
        "get_group_msg_receipt_detail",
        "group_msg_get_simple",
        "BatchGetConversationParticipant",
        "GetMessages",
        "GetMessagesReadReceipt",
        "GetParticipantReadIndex",
    }
)


def _keep(call: Call, key: Any, state: Any) -> None:
    """Keep what something has become, ``None`` where it is there no more."""
    call.memory("standby").setdefault(key, []).append((outside.ticks(), state))


def _former(call: Call, key: Any) -> Any:
    """Return what something was a moment ago, ``None`` where it was not there."""
    moment = outside.ticks() - _BEHIND
    known = call.memory("standby").get(key, ())
    return next((state for kept, state in reversed(known) if kept <= moment), None)


def _goes_there(call: Call) -> bool:
    """Whether the second server is asked."""
    return call.operation in _QUESTIONS and call.serial * _SCATTERS >> 9 & 1 == 1


def _read_by_then(messages: Iterable[Any]) -> Iterator[Any]:
    """Yield messages with those readers alone who had read them a moment ago."""
    moment = outside.ticks() - _BEHIND
    for message in messages:
        readers = {user: seen for user, seen in message.readers.items() if seen <= moment}
        yield replace(message, readers=readers)


# --- Tencent ------------------------------------------------------------------------------


def _group(group: Group) -> Group:
    members = {name: copy.copy(member) for name, member in group.members.items()}
    messages = {seq: copy.copy(message) for seq, message in group.messages.items()}
    return replace(group, members=members, messages=messages, recent={})


def _tencent_changed(call: Call, answer: dict[str, Any]) -> None:
    if call.operation in _QUESTIONS or not isinstance(call.body, dict):
        return
    store: Store = call.site.store
    for name in (call.body.get("GroupId"), answer.get("GroupId")):
        if isinstance(name, str) and name:
            group = store.groups.get(name)
            _keep(call, name, None if group is None else _group(group))
    people = {call.site.identifier, *(v for v in call.body.values() if isinstance(v, str))}
    for pair in map(frozenset, itertools.combinations_with_replacement(people, 2)):
        if pair in store.directs:
            _keep(call, pair, [copy.copy(message) for message in store.directs[pair]])


def _tencent_asked(call: Call) -> None:
    if not _goes_there(call):
        return
    store, name = call.site.store, call.body.get("GroupId")
    past = Store()
    past.accounts, past.dismissed = store.accounts, store.dismissed
    group: Group | None = _former(call, name) if isinstance(name, str) else None
    if group is not None:
        messages = {message.seq: message for message in _read_by_then(group.messages.values())}
        past.groups[group.id] = replace(group, messages=messages)
    for pair in store.directs:
        letters: list[Direct] | None = _former(call, pair)
        if letters is not None:
            past.directs[pair] = letters
    call.site = replace(call.site, store=past)


# --- Volcengine ---------------------------------------------------------------------------


def _numbers(document: Any) -> Iterator[int]:
    """Yield all integers of a document."""
    if isinstance(document, dict | list):
        for inner in document.values() if isinstance(document, dict) else document:
            yield from _numbers(inner)
    elif type(document) is int:
        yield document


def _conversation(place: Conversation) -> Conversation:
    people = {user: copy.copy(person) for user, person in place.participants.items()}
    messages = {number: copy.copy(message) for number, message in place.messages.items()}
    return replace(place, participants=people, messages=messages, by_client_id={})


def _volcengine_changed(call: Call, answer: dict[str, Any]) -> None:
    if call.operation in _QUESTIONS or not isinstance(call.body, dict):
        return
    state: State = call.site.state
    named = {*_numbers(call.body), *_numbers(answer.get("Result"))}
    for number in named & {*state.conversations, *call.memory("standby")}:
        place = state.conversations.get(number)
        _keep(call, number, None if place is None else _conversation(place))


def _volcengine_asked(call: Call) -> None:
    if not _goes_there(call):
        return
    past, number = State(), call.body.get("ConversationShortId")
    place: Conversation | None = _former(call, number) if type(number) is int else None
    if place is not None:
        messages = {message.id: message for message in _read_by_then(place.messages.values())}
        past.conversations[place.id] = replace(place, messages=messages)
    call.site = replace(call.site, state=past)


ALL = [
    Variant(
        name="standby",
        requirement="TC-GMR-08",
        request=_tencent_asked,
        answer=_tencent_changed,
        shows="half of the questions are answered as they would have been 0.4 s ago",
        waits=True,
    ),
    Variant(
        name="ve-standby",
        vendor="volcengine",
        requirement="VE-GMRR-34",
        request=_volcengine_asked,
        answer=_volcengine_changed,
        shows="half of the questions are answered as they would have been 0.4 s ago",
        waits=True,
    ),
]
