"""More freedoms of Volcengine's face: what is late, lenient or told in other words."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from typing import Any

from receiptspec.reference import outside
from receiptspec.reference.behaviour import PASS, SHRUG, Refuses, Variant
from receiptspec.reference.calls import Call, Refusal

__all__ = ["ALL"]

_ASK = "GetMessagesReadReceipt"
_ABOUT_NOTHING = frozenset(
    {
        "GetMessages",
        "BatchGetConversationParticipant",
        "BatchDeleteConversationParticipant",
        "GetParticipantReadIndex",
        "RecallMessage",
        "DestroyConversation",
    }
)
_MOMENT = 0.5  # seconds
_LAG = 0.4
_SIGNATURE = re.compile("Signature=([0-9a-f]+)")


def _free(
    name: str, row: int, shows: str, knobs: Mapping[str, Any] | None = None, **more: Any
) -> Variant:
    return Variant(
        name=f"ve-{name}",
        vendor="volcengine",
        requirement=f"VE-GMRR-{row:02}",
        shows=shows,
        knobs=knobs or {},
        **more,
    )


def _refused(answer: dict[str, Any], code: str) -> None:
    del answer["Result"]
    answer["ResponseMetadata"]["Error"] = {"Code": code, "Message": "not there yet"}


def _whole_call_waits(call: Call, answer: dict[str, Any]) -> None:
    """Refuse a call about a message that was just sent."""
    born, result, now = call.memory("born"), answer.get("Result") or {}, outside.ticks()
    if call.operation == "SendMessage" and "MessageId" in result:
        born.setdefault((call.body["ConversationShortId"], result["MessageId"]), now)
    items = result.get("ReadReceipt", ()) if call.operation == _ASK else ()
    ids = [(item["ConversationShortId"], item["MessageId"]) for item in items]
    if any(now - born.get(id_, 0.0) < _MOMENT for id_ in ids):
        _refused(answer, "MessageNotFound")


def _positions(call: Call) -> dict[int, int]:
    """Return the read indexes of a call's conversation as they are."""
    number = call.body.get("ConversationShortId")
    place = call.site.state.conversations.get(number) if type(number) is int else None
    people = place.participants.values() if place is not None else ()
    return {one.user: one.read_index for one in people}


def _remember_positions(call: Call) -> None:
    """Keep what was so until now, as a position is about to move."""
    if call.operation == "ModifyParticipantReadIndex":
        past = call.memory("positions").setdefault(repr(call.body.get("ConversationShortId")), [])
        past.append((outside.ticks(), _positions(call)))


def _positions_of_before(call: Call, answer: dict[str, Any]) -> None:
    if call.operation != "GetParticipantReadIndex" or "Result" not in answer:
        return
    past = call.memory("positions").get(repr(call.body["ConversationShortId"]), ())
    since = outside.ticks() - _LAG
    stale = next((found for moment, found in past if moment > since), None)
    if stale is not None:
        answer["Result"]["ReadIndexes"] = [
            {"ParticipantUserId": user, "ReadIndex": index}
            for user, index in stale.items()
            if index
        ]


def _first_seen(call: Call, name: str, key: object) -> float:
    """Return for how many seconds something has been so."""
    now = outside.ticks()
    return now - float(call.memory(name).setdefault(repr(key), now))


def _flag_waits(call: Call, answer: dict[str, Any]) -> None:
    """Say for a while that nobody has read what the lists tell of already."""
    for item in (answer.get("Result") or {}).get("ReadReceipt", ()):
        key = (item["ConversationShortId"], item["MessageId"])
        if item["ReceiverIsRead"] and _first_seen(call, "flags", key) < _LAG:
            item["ReceiverIsRead"] = False


def _there_waits(call: Call, answer: dict[str, Any]) -> None:
    result = answer.get("Result") or {}
    number = result.get("ConversationInfo", {}).get("ConversationShortId")
    if _first_seen(call, "there", number) < _LAG and "Exist" in result:
        result["Exist"] = False


def _members_wait(call: Call) -> None:
    """Let nobody send who has been a member for a moment only."""
    number, sender = call.body.get("ConversationShortId"), call.body.get("Sender")
    place = call.site.state.conversations.get(number) if type(number) is int else None
    is_member = place is not None and sender in place.participants
    if is_member and _first_seen(call, "senders", (number, sender)) < _LAG:
        raise Refusal("ParticipantNotInConversation", "Sender: no member yet")


def _ahead(call: Call, place: str, reason: str, _code: int | str) -> str | None:
    """Take any date that is to come."""
    date = call.incoming.header("X-Date") or ""
    now = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(call.site.clock()))
    return PASS if (place, reason) == ("X-Date", "stale") and date > now else None


def _indexes(call: Call) -> list[int]:
    """Return the places of the messages of a conversation in which an index is to move."""
    number = call.body.get("ConversationShortId")
    place = call.site.state.conversations.get(number) if type(number) is int else None
    known = place.messages.values() if place is not None else ()
    return [message.index for message in known]


def _no_index_between(call: Call) -> None:
    """Refuse the index of no message where there are some, but for those that only go back."""
    index, known = call.body.get("ReadIndex"), _indexes(call)
    if type(index) is int and index and known and index not in known:
        raise Refusal("InvalidParam", "ReadIndex: of a message")


def _index_of_message(call: Call) -> None:
    """Take an index for that of the message at or before it."""
    index = call.body.get("ReadIndex")
    if type(index) is int and index > 0:
        call.body["ReadIndex"] = max([i for i in _indexes(call) if i <= index], default=0)


def _known_everywhere(call: Call, answer: dict[str, Any]) -> None:
    """Know a ClientMsgId in whatever conversation and whoever sends."""
    name = call.body.get("ClientMsgId") if "Result" in answer else None
    if name:
        made = answer["Result"]["MessageId"]
        answer["Result"]["MessageId"] = call.memory("client ids").setdefault(name, made)


def _without_index(_call: Call, answer: dict[str, Any]) -> None:
    for message in (answer.get("Result") or {}).get("Messages", ()):
        del message["IndexInConversation"]


def _noting_positions(call: Call) -> None:
    if call.operation == "ModifyParticipantReadIndex" and isinstance(call.body, dict):
        call.notes["positions"] = _positions(call)


def _all_listed(call: Call, answer: dict[str, Any]) -> None:
    """List who was never moved beyond it at the newest message."""
    listing = call.operation == "GetParticipantReadIndex"
    if not (listing or call.operation == "ModifyParticipantReadIndex") or "Result" not in answer:
        return
    place = call.site.state.conversations.get(call.body["ConversationShortId"])
    if place is None:
        return
    newest = max((message.index for message in place.messages.values()), default=0)
    if listing and newest:
        answer["Result"]["ReadIndexes"] = [
            {"ParticipantUserId": user, "ReadIndex": index or newest}
            for user, index in _positions(call).items()
        ]
    elif not listing:
        one = place.participants[call.body["ParticipantUserId"]]
        if not call.notes["positions"][one.user] and one.read_index <= newest:
            one.read_index = 0


def _repeats_first(call: Call, place: str, reason: str, _code: int | str) -> str | None:
    """Answer a repetition before looking at who is a member."""
    if (place, reason) != ("Sender", "stranger"):
        return None
    conversation = call.site.state.conversations[call.body["ConversationShortId"]]
    mark = (call.body["Sender"], call.body.get("ClientMsgId") or None)
    return PASS if mark in conversation.by_client_id else None


def _newer_version(call: Call, place: str, reason: str, _code: int | str) -> str | None:
    newer = (place, reason) == ("Version", "unknown") and call.query["Version"] == "2022-06-01"
    return PASS if newer else None


def _nothing_there(call: Call, place: str, reason: str, _code: int | str) -> str | None:
    unknown = (place, reason) == ("ConversationShortId", "unknown")
    return SHRUG if unknown and call.operation in _ABOUT_NOTHING else None


def _code(place: str, reason: str, code: str) -> Refuses:
    return lambda _call, at, why, _code: code if (at, why) == (place, reason) else None


def _zero_refused(call: Call) -> None:
    if isinstance(call.body, dict) and call.body.get("OtherUserId") == 0:
        raise Refusal("InvalidParam", "OtherUserId: nobody")


def _exact_type(call: Call) -> None:
    if call.incoming.header("Content-Type") not in (None, "application/json"):
        raise Refusal("InvalidParam", "Content-Type: application/json")


def _signature_echoed(call: Call, answer: dict[str, Any]) -> None:
    error = answer["ResponseMetadata"].get("Error") or {}
    given = _SIGNATURE.search(call.incoming.header("Authorization") or "")
    if error.get("Code") == "SignatureDoesNotMatch" and given:
        error["Message"] += f"; the request has {given[1]}"


ALL: list[Variant] = [
    _free(
        "new-messages-refused",
        48,
        "MessageNotFound for a call about a message of the last 0.5 s",
        answer=_whole_call_waits,
        waits=True,
    ),
    _free(
        "positions-lag",
        94,
        "GetParticipantReadIndex is 0.4 s behind",
        request=_remember_positions,
        answer=_positions_of_before,
        waits=True,
    ),
    _free(
        "flag-shown-later",
        41,
        "ReceiverIsRead is 0.4 s behind the lists",
        operation=_ASK,
        answer=_flag_waits,
        waits=True,
    ),
    _free(
        "there-shown-later",
        92,
        "Exist is false for 0.4 s",
        operation="CreateConversation",
        answer=_there_waits,
        waits=True,
    ),
    _free(
        "members-send-later",
        93,
        "ParticipantNotInConversation for who tries to send for the first time 0.4 s ago",
        operation="SendMessage",
        request=_members_wait,
        waits=True,
    ),
    _free(
        "owner-is-no-member",
        92,
        "who makes a group is its owner and has to be added to be a member",
        {"ve_owner_joins": False},
    ),
    _free("dates-ahead", 76, "any X-Date that is to come", refuses=_ahead),
    _free(
        "application-dotted",
        51,
        "InvalidParameter.MissingAppId where AppId is missing or no number",
        refuses=lambda _call, place, reason, _code: (
            "InvalidParameter.MissingAppId" if place == "AppId" and reason != "unknown" else None
        ),
    ),
    _free(
        "added-again-is-new",
        42,
        "who is added again has joined just now and has read nothing",
        {"ve_added_again_is_new": True},
    ),
    _free(
        "joiners-start-here",
        95,
        "who joins has a read index from the start",
        {"ve_joiners_start_here": True},
    ),
    _free(
        "unmoved-at-the-newest",
        94,
        "GetParticipantReadIndex lists who was never moved, at the newest message",
        request=_noting_positions,
        answer=_all_listed,
    ),
    _free(
        "history-without-index",
        44,
        "GetMessages tells no IndexInConversation",
        operation="GetMessages",
        answer=_without_index,
    ),
    _free(
        "repeats-before-members",
        93,
        "who has left gets the id of what is sent again",
        operation="SendMessage",
        refuses=_repeats_first,
    ),
    _free(
        "client-ids-any-case",
        93,
        "ClientMsgIds that differ in case are the same",
        {"ve_client_ids_any_case": True},
    ),
    _free(
        "client-ids-everywhere",
        93,
        "a ClientMsgId is that of one message in all conversations",
        operation="SendMessage",
        answer=_known_everywhere,
    ),
    _free(
        "indexes-of-messages",
        94,
        "InvalidParam for a ReadIndex at which no message is",
        operation="ModifyParticipantReadIndex",
        request=_no_index_between,
    ),
    _free(
        "indexes-down-to-messages",
        94,
        "a ReadIndex between messages is that of the earlier one",
        operation="ModifyParticipantReadIndex",
        request=_index_of_message,
    ),
    _free(
        "undated-parameter",
        74,
        "MissingParameter without X-Date",
        refuses=_code("X-Date", "missing", "MissingParameter"),
    ),
    _free("actions-any-case", 45, "Action in any case", {"ve_action_any_case": True}),
    _free(
        "nothing-in-no-conversation",
        47,
        "no messages, members or indexes in a conversation that does not exist, and none to undo",
        refuses=_nothing_there,
    ),
    _free("version-of-2022-too", 45, "Version 2022-06-01 as well", refuses=_newer_version),
    _free(
        "lenient-parser",
        20,
        "comments, commas at the end and text behind JSON do not matter",
        {"ve_lenient_parser": True},
    ),
    _free(
        "content-type-exact",
        21,
        "InvalidParam for application/json with a charset",
        request=_exact_type,
    ),
    _free(
        "user-zero-refused", 37, "nobody opens a conversation with user 0", request=_zero_refused
    ),
    _free("signature-echoed", 71, "a wrong signature is shown", answer=_signature_echoed),
]
