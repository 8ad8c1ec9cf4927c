"""Faults of what is taken in: query, fields, body, refusals (rows 1 to 22, 31 to 33, 44 to 54)."""

from __future__ import annotations

import ast
import re
from typing import Any

from receiptspec.reference import outside
from receiptspec.reference.behaviour import PASS, SHRUG, Fault
from receiptspec.reference.calls import Call
from receiptspec.reference.faults.volcengine.families import (
    accepted,
    asked,
    bends,
    edits,
    judges,
    kind_of,
    miscoded,
    place_of,
    receipts,
    refused_if,
    tolerated,
)
from receiptspec.reference.tencent import documents

__all__ = ["ALL"]

_APP, _PLACE, _IDS = "AppId", "ConversationShortId", "MessageIds"
_ANY: dict[str, Any] = {"operation": ""}
_GONE = object()


def _app_is(*kinds: type) -> Any:
    """Take any AppId of some JSON types for the right one."""

    def refuses(call: Call, place: str, _reason: str, _code: int | str) -> str | None:
        value = call.body.get(_APP, _GONE) if isinstance(call.body, dict) else None
        return PASS if place == _APP and type(value) in kinds else None

    return refuses


def _typed(name: str, *kinds: type) -> Any:
    """Answer a field of some JSON types with an empty success."""

    def refuses(call: Call, place: str, _reason: str, _code: int | str) -> str | None:
        value = call.body.get(name, _GONE) if isinstance(call.body, dict) else None
        return SHRUG if place == name and type(value) in kinds else None

    return refuses


def _containing(*kinds: type) -> Any:
    """Skip what stands between the ids."""

    def refuses(call: Call, place: str, reason: str, _code: int | str) -> str | None:
        strange = any(type(value) in kinds for value in asked(call))
        return PASS if place == f"{_IDS}[]" and reason == "type" and strange else None

    return refuses


def _unread(repair: Any) -> Any:
    """Answer a body that is no JSON with an empty success if a repair makes it one."""

    def refuses(call: Call, place: str, reason: str, _code: int | str) -> str | None:
        if (place, reason) != ("body", "not-json"):
            return None
        return SHRUG if repair(call.incoming.body.decode(errors="replace")) else None

    return refuses


def _json(text: str) -> bool:
    return isinstance(documents.read(text.encode()), dict)


def _literal(text: str) -> bool:
    try:
        return isinstance(ast.literal_eval(text), dict)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return False


def _unfinished(text: str) -> bool:
    return any(_json(text + end) for end in ("}", "]}", '"}', "1]}", "1}", "0}"))


def _unzeroed(text: str) -> bool:
    return _json(re.sub(r"([:\[,]\s*)0+(?=[0-9])", r"\1", text))


def _as_operator(call: Call, answer: dict[str, Any]) -> None:
    """Leave who asks out of the lists."""
    operator = call.body.get("Operator") if isinstance(call.body, dict) else None
    for item in receipts(answer) if operator is not None else ():
        for key in ("ReadUserIds", "UnReadUserIds"):
            item[key] = [user for user in item[key] if user != operator]


def _operator_only(call: Call, answer: dict[str, Any]) -> None:
    """Show nothing to an operator who is no sender."""
    if isinstance(call.body, dict) and "Operator" in call.body:
        for item in receipts(answer):
            item.update(ReceiverIsRead=False, ReadUserIds=[])


def _busier_than(most: int) -> Any:
    """Tell whether more than that came in the last second."""

    def test(call: Call) -> bool:
        moments = call.behaviour.memory.setdefault("moments", [])
        now = outside.ticks()
        moments[:] = [moment for moment in moments if moment > now - 1] + [now]
        return len(moments) > most

    return test


def _large(call: Call) -> bool:
    number = call.body.get(_PLACE)
    return type(number) is int and number > 2**53


def _crowd(call: Call) -> bool:
    found = place_of(call)
    return found is not None and len(found.participants) > 3


_ASKING = [
    refused_if("action-gone", 1, "InvalidActionOrVersion", lambda _c: True, shows="no such action"),
    refused_if(
        "newer-version-needed",
        1,
        "InvalidActionOrVersion",
        lambda c: c.query.get("Version") == "2020-12-01",
        shows="2020-12-01 is not known",
    ),
    refused_if(
        "post-refused",
        1,
        "MethodNotAllowed",
        lambda c: c.incoming.method == "POST",
        shows="POST is refused",
    ),
    tolerated("any-method", 4, ("method", "method"), **_ANY, shows="GET works"),
    judges(
        "delete-works",
        4,
        lambda c, p, _r, _code: PASS if p == "method" and c.incoming.method == "DELETE" else None,
        **_ANY,
        shows="DELETE works",
    ),
    bends("query-in-body", 5, {"ve_action_in_body": True}, cls="leniency", **_ANY, shows="works"),
    judges("app-id-optional", 6, _app_is(object), shows="works without AppId"),
    accepted("conversation-optional", 7, (_PLACE, "missing"), shows="an empty list"),
    accepted("message-ids-optional", 8, (_IDS, "missing"), shows="an empty list"),
    judges("app-id-object", 9, _app_is(dict), shows="AppId {} works"),
    judges("app-id-true", 9, _app_is(bool), shows="AppId true works"),
    judges("app-id-list", 9, _app_is(list), shows="AppId [] works"),
    judges("conversation-object", 11, _typed(_PLACE, dict), shows="{} gets an empty list"),
    judges("conversation-true", 11, _typed(_PLACE, bool), shows="true gets an empty list"),
    judges("conversation-list", 11, _typed(_PLACE, list), shows="[...] gets an empty list"),
    refused_if("large-conversation-refused", 1, "InvalidParam", _large, shows="> 2^53 refused"),
    tolerated("message-ids-scalar", 12, (_IDS, "type"), shows="a bare id works"),
    judges("message-ids-object", 12, _typed(_IDS, dict), shows="an object gets an empty list"),
    judges("message-ids-text", 12, _typed(_IDS, str), shows='"1,2" gets an empty list'),
    judges("message-id-true", 12, _containing(bool), shows="[true] works"),
    judges("message-id-object", 12, _containing(dict, list), shows="[{}] works"),
    judges("unfinished-json", 20, _unread(_unfinished), shows="a missing brace is added"),
    judges("python-body", 20, _unread(_literal), shows="single quotes are read"),
    judges("not-json-ignored", 20, _unread(bool), shows="an empty list for text"),
    miscoded(
        "bad-json-conversation-not-found",
        "VE-GMRR-20a",
        "ConversationNotFound",
        ("body", "not-json"),
        shows="ConversationNotFound",
    ),
    accepted("empty-body", 22, ("body", "empty"), shows="an empty list"),
]

_LIVE = [
    tolerated("live-groups-answered", 33, (_PLACE, "live"), shows="receipts of a live group"),
    refused_if(
        "one-to-one-refused",
        31,
        "SingleConversationNotSupport",
        lambda c: kind_of(c) == 1,
        shows="SingleConversationNotSupport",
    ),
    refused_if(
        "groups-refused",
        32,
        "OnlySingleConversationSupport",
        lambda c: kind_of(c) == 2,
        shows="OnlySingleConversationSupport",
    ),
    refused_if("crowds-refused", 1, "InvalidParam", _crowd, shows="refused from four members on"),
    refused_if(
        "batches-refused",
        1,
        "InvalidParam",
        lambda c: len(asked(c)) > 1,
        cls="batching",
        shows="one MessageId at a time",
    ),
    edits("operator-left-out", 44, _as_operator, cls="roles", shows="Operator is in no list"),
    edits("operator-sees-nothing", 44, _operator_only, cls="roles", shows="Operator hides reads"),
]

_REFUSED = [
    accepted("unknown-action", 45, ("Action", "unknown"), **_ANY, shows="an empty Result"),
    miscoded(
        "action-code", 45, "InvalidParam", ("Action", "unknown"), **_ANY, shows="InvalidParam"
    ),
    bends(
        "action-status",
        45,
        {"ve_statuses": {"InvalidActionOrVersion": 400}},
        cls="code",
        **_ANY,
        shows="HTTP 400",
    ),
    tolerated("any-version", 2, ("Version", "unknown"), **_ANY, shows="1999-01-01 works"),
    accepted("action-optional", 46, ("Action", "missing"), **_ANY, shows="an empty Result"),
    tolerated("version-optional", 46, ("Version", "missing"), **_ANY, shows="works without"),
    miscoded(
        "missing-action-code",
        46,
        "InvalidActionOrVersion",
        ("Action", "missing"),
        **_ANY,
        shows="InvalidActionOrVersion",
    ),
    miscoded(
        "missing-version-code",
        46,
        "InvalidActionOrVersion",
        ("Version", "missing"),
        **_ANY,
        shows="InvalidActionOrVersion",
    ),
    bends(
        "missing-parameter-status",
        46,
        {"ve_statuses": {"MissingParameter": 404}},
        cls="code",
        **_ANY,
        shows="HTTP 404",
    ),
    accepted("unknown-conversation", 47, (_PLACE, "unknown"), shows="an empty list"),
    miscoded("conversation-code", 47, "NotFound", (_PLACE, "unknown"), shows="NotFound"),
    miscoded("conversation-as-app", 47, "AppNotFound", (_PLACE, "unknown"), shows="AppNotFound"),
    tolerated("any-app", 51, (_APP, "unknown"), shows="AppId 1 works"),
    accepted("unknown-app-empty", 51, (_APP, "unknown"), shows="an empty list"),
    miscoded("app-code", 51, "ConversationNotFound", (_APP, "unknown"), shows="for AppId 1"),
]

ALL: list[Fault] = [*_ASKING, *_LIVE, *_REFUSED]
