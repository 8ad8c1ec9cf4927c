"""Faults that a call meets before its action: what is remembered of others, odd names, repeats."""

from __future__ import annotations

import json
from typing import Any

from receiptspec.reference.behaviour import SHRUG, Fault
from receiptspec.reference.calls import Call, Refusal, Reply
from receiptspec.reference.faults.volcengine.families import edits, judges, place_of

__all__ = ["ALL"]

_ASK, _ADD = "GetMessagesReadReceipt", "BatchAddConversationParticipant"
_UNKNOWN, _WARY = "InvalidActionOrVersion", "wary"
_VE: dict[str, Any] = {"vendor": "volcengine"}


def _wary(call: Call, answer: dict[str, Any]) -> None:
    """Remember that an action, or its version, was not known."""
    error = answer["ResponseMetadata"].get("Error")
    if error and error["Code"] == _UNKNOWN and not call.notes.get(_WARY):
        call.memory(_WARY)[bool(call.operation)] = True


def _refused_once(*, version: bool) -> Any:
    def request(call: Call) -> None:
        if call.memory(_WARY).pop(version, False):
            call.notes[_WARY] = True
            raise Refusal(_UNKNOWN, "not known")

    return request


def _echoed(encoding: str, *, escaped: bool) -> Any:
    """Put the unknown action into the message as it is, or in another encoding."""

    def reply(call: Call, sent: Reply) -> None:
        action = call.query.get("Action", "")
        if not call.operation and not action.isalnum():
            text = json.dumps(action, ensure_ascii=False)[1:-1] if escaped else action
            plain = sent.body.replace(b"no such action", b"RS")
            sent.body = plain.replace(b"RS", text.encode(encoding, "replace"), 1)

    return reply


def _of_another(call: Call, answer: dict[str, Any]) -> None:
    """Name the action that another connection has called at the same time."""
    found = call.meanwhile("action", call.operation)
    if found:
        answer["ResponseMetadata"]["Action"] = found


def _unsigned_app(call: Call) -> None:
    if isinstance(call.body.get("AppId"), int):
        call.body["AppId"] = abs(call.body["AppId"])


def _repeats(call: Call) -> bool:
    lists = [v for v in call.body.values() if isinstance(v, list)] if call.body else []
    return any(len({*map(repr, found)}) < len(found) for found in lists)


def _crash(call: Call, sent: Reply) -> None:
    if isinstance(call.body, dict) and _repeats(call):
        sent.status = 500
        sent.body = b'{"ResponseMetadata":{"Error":{"Code":"InternalError","Message":"failed"}}}'


def _members_already(call: Call, place: str, reason: str, _code: int | str) -> str | None:
    if (place, reason) != ("ConversationShortId", "single"):
        return None
    there, infos = place_of(call), call.body["ParticipantInfos"]
    known = there.participants if there else {}
    return SHRUG if all(info["ParticipantUserId"] in known for info in infos) else None


ALL: list[Fault] = [
    *(
        Fault(
            name=f"ve-refused-after-unknown-{what}",
            requirement="VE-GMRR-01",
            request=_refused_once(version=version),
            answer=_wary,
            cls="rare-trigger",
            shows=f"after a call of an unknown {what} the next one is refused",
            **_VE,
        )
        for what, version in (("action", False), ("version", True))
    ),
    *(
        Fault(
            name=f"ve-action-echoed-{name}",
            requirement="VE-GMRR-101",
            reply=_echoed(encoding, escaped=escaped),
            cls="encoding",
            shows=f"the refusal of an unknown action names it {shows}",
            **_VE,
        )
        for name, encoding, escaped, shows in (
            ("raw", "utf-8", False, "without escapes"),
            ("in-gbk", "gbk", True, "in GBK"),
        )
    ),
    edits(
        "action-of-another",
        58,
        _of_another,
        operation="",
        cls="isolation",
        shows="Action is that of another call at the same time",
    ),
    Fault(
        name="ve-app-below-zero",
        requirement="VE-GMRR-51",
        level="SHOULD",
        operation=_ASK,
        request=_unsigned_app,
        cls="leniency",
        shows="the sign of AppId is ignored",
        **_VE,
    ),
    *(
        Fault(
            name=f"ve-crash-on-repeated-{what}",
            requirement="SEC-02",
            operation=operation,
            reply=_crash,
            cls="transport",
            shows=f"HTTP 500 where {operation} names something twice",
            **_VE,
        )
        for what, operation in (
            ("messages", _ASK),
            ("looks", "GetMessages"),
            ("leavers", "BatchDeleteConversationParticipant"),
        )
    ),
    judges(
        "one-to-one-takes-its-own",
        96,
        _members_already,
        operation=_ADD,
        shows="adding who is there to a pair is accepted",
    ),
]
