"""Freedoms of Volcengine's face: what its documents leave open, and how answers travel."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from receiptspec.reference import outside
from receiptspec.reference.behaviour import PASS, Refuses, Variant
from receiptspec.reference.calls import Call, Refusal
from receiptspec.reference.variants import carriage

__all__ = ["ALL"]

ASK = "GetMessagesReadReceipt"
_BIRTH = 0.3  # seconds
_LAG = 0.5  # seconds by which one field of a receipt is behind another
_FIELDS = frozenset({"AppId", "ConversationShortId", "MessageIds"})
_TRAVELS = {
    "pretty-printed": 101,
    "gzip": 101,
    "chunked": 101,
    "connection-close": 1,
    "more-headers": 1,
    "slower-answers": 1,
}


def _knobs(name: str, row: int, knobs: Mapping[str, Any], **more: Any) -> Variant:
    return Variant(
        name=f"ve-{name}",
        vendor="volcengine",
        requirement=f"VE-GMRR-{row:02}",
        knobs=knobs,
        **more,
    )


def _code(name: str, row: int, codes: Mapping[tuple[str, str], str], **more: Any) -> Variant:
    def refuses(_call: Call, place: str, reason: str, _code: int | str) -> str | None:
        return codes.get((place, reason))

    return _judged(name, row, refuses, **more)


def _judged(name: str, row: int, refuses: Refuses, **more: Any) -> Variant:
    return _knobs(name, row, {}, refuses=refuses, **more)


def _error(change: Callable[[dict[str, Any]], object]) -> Callable[[Call, dict[str, Any]], None]:
    def edit(_call: Call, answer: dict[str, Any]) -> None:
        if "Error" in answer["ResponseMetadata"]:
            change(answer["ResponseMetadata"])

    return edit


def _about(change: Callable[[dict[str, Any]], object]) -> Callable[[Call, dict[str, Any]], None]:
    def edit(_call: Call, answer: dict[str, Any]) -> None:
        change(answer["ResponseMetadata"])

    return edit


def _partial(about: dict[str, Any]) -> None:
    """Leave only RequestId and Error in an error of the gateway."""
    if "CodeN" in about["Error"]:
        for name in ("Action", "Version", "Service", "Region"):
            del about[name]


def _more_fields(_call: Call, answer: dict[str, Any]) -> None:
    answer["ResponseMetadata"]["HostId"] = "7b6c"
    for item in (answer.get("Result") or {}).get("ReadReceipt", ()):
        item["Extra"] = {"later": [1, None]}
    if "Result" in answer:
        answer["Result"]["BaseResp"] = {"StatusCode": 0}


def _short_lists(_call: Call, answer: dict[str, Any]) -> None:
    """End lists at fifty: the documents leave open how large groups come in pages."""
    for item in (answer.get("Result") or {}).get("ReadReceipt", ()):
        for name in ("ReadUserIds", "UnReadUserIds"):
            item[name] = item[name][:50]


def _empty_error(_call: Call, answer: dict[str, Any]) -> None:
    if "Result" in answer:
        answer["ResponseMetadata"]["Error"] = None


def _blank_error(_call: Call, answer: dict[str, Any]) -> None:
    if "Result" in answer:
        answer["ResponseMetadata"]["Error"] = {"CodeN": 0, "Code": "", "Message": ""}


def _later(call: Call, answer: dict[str, Any]) -> None:
    """Know nothing of a message for a moment after it was sent."""
    born, now = call.behaviour.memory.setdefault("born", {}), outside.ticks()
    result = answer.get("Result") or {}
    place = call.body.get("ConversationShortId") if result else None
    if call.operation == "SendMessage" and "MessageId" in result:
        born.setdefault((place, result["MessageId"]), now)
    if "ReadReceipt" in result:
        result["ReadReceipt"] = [
            item
            for item in result["ReadReceipt"]
            if now - born.get((place, item["MessageId"]), 0) > _BIRTH
        ]


def _throttle(each: int, code: str) -> Callable[[Call], None]:
    def request(call: Call) -> None:
        if call.serial % each == 0:
            raise Refusal(code, "too many requests")

    return request


def _known_fields_only(call: Call) -> None:
    if set(call.body) - _FIELDS:
        raise Refusal("InvalidParam", "a field is not known")


def _positive_ids_only(call: Call) -> None:
    ids = call.body.get("MessageIds")
    if isinstance(ids, list) and any(type(number) is int and number < 1 for number in ids):
        raise Refusal("InvalidParam", "MessageIds: above 0")


def _none_found(call: Call, answer: dict[str, Any]) -> None:
    """Refuse a call of which no message is known."""
    ids = call.body.get("MessageIds") if isinstance(call.body, dict) else None
    if ids and answer.get("Result") == {"ReadReceipt": []}:
        del answer["Result"]
        error = {"Code": "MessageNotFound", "Message": "no such message"}
        answer["ResponseMetadata"]["Error"] = error


_EMPTY_IDS = ("MessageIds", "empty")
_NO_TOKEN = ("Authorization", "missing")

_ANSWERS = [
    _knobs("items-reversed", 17, {"ve_order": "reversed"}, shows="the last asked for comes first"),
    _knobs("items-sorted", 17, {"ve_order": "sorted"}, shows="by MessageId"),
    _knobs("items-distinct", 16, {"ve_duplicates": "once"}, shows="one item for a repeated id"),
    _knobs("users-reversed", 36, {"ve_list_order": "reversed"}, shows="lists in another order"),
    _knobs("unknown-refused", 48, {"ve_unknown": "refused"}, shows="MessageNotFound for the call"),
    _knobs(
        "all-unknown-refused",
        48,
        {},
        operation=ASK,
        answer=_none_found,
        shows="MessageNotFound when no message is known",
    ),
    _judged(
        "empty-ids-accepted",
        14,
        lambda _c, place, reason, _code: PASS if (place, reason) == _EMPTY_IDS else None,
        operation=ASK,
        shows="an empty list",
    ),
    _knobs("text-ids-accepted", 13, {"ve_string_ids": True}, shows="ids in quotes work"),
    _knobs("at-most-40-ids", 15, {"ve_most_ids": 40}, shows="InvalidParam for 41"),
    _knobs("at-most-100-ids", 15, {"ve_most_ids": 100}, shows="InvalidParam for 101"),
    _knobs(
        "unknown-fields-refused",
        18,
        {},
        operation=ASK,
        request=_known_fields_only,
        shows="InvalidParam for a field that no document names",
    ),
    _knobs(
        "zero-ids-refused",
        19,
        {},
        operation=ASK,
        request=_positive_ids_only,
        shows="InvalidParam for MessageIds below 1",
    ),
    _knobs("group-flag-true", 35, {"ve_group_flag": "true"}, shows="true in groups"),
    _knobs("group-flag-any", 35, {"ve_group_flag": "any"}, shows="true once somebody has read"),
    _knobs("index-reads", 43, {"ve_index_reads": True}, shows="moving the read index reads"),
    _knobs("leavers-stay-listed", 40, {"leavers_count": True}, shows="who left stays in lists"),
    _knobs("joiners-listed", 40, {"joiners_count": True}, shows="who joined later is unread"),
    _knobs("recalled-omitted", 50, {"ve_recalled": "omitted"}, shows="no item once recalled"),
    _knobs("recalled-refused", 50, {"ve_recalled": "refused"}, shows="MessageNotFound"),
    _knobs(
        "reads-shown-later", 34, {"read_delay": 0.3}, shows="a read shows after 0.3 s", waits=True
    ),
    _knobs(
        "replicas",
        37,
        {"replica_lag": 0.4},
        shows="reads show 0.0, 0.2 or 0.4 s late, by turns",
        waits=True,
    ),
    _knobs(
        "not-yet-unlisted",
        38,
        {"ve_late_fields": {"UnReadUserIds": _LAG}},
        shows="UnReadUserIds shows a read 0.5 s later",
        waits=True,
    ),
    _knobs(
        "flag-before-readers",
        36,
        {"ve_late_fields": {"ReadUserIds": _LAG}},
        shows="ReadUserIds shows a read 0.5 s later than the flag and UnReadUserIds",
        waits=True,
    ),
    _knobs(
        "flag-before-lists",
        41,
        {"ve_late_fields": {"ReadUserIds": _LAG, "UnReadUserIds": _LAG}},
        shows="both lists show a read 0.5 s later than the flag",
        waits=True,
    ),
    _knobs(
        "index-reads-by-list",
        43,
        {"ve_index_reads": True, "ve_late_fields": {"UnReadUserIds": _LAG}},
        shows="moving the read index reads, in UnReadUserIds 0.5 s later",
        waits=True,
    ),
    _knobs("ids-close", 89, {"ve_id_step": 3}, shows="real ids that share a double"),
    _knobs("lists-end-at-fifty", 37, {}, answer=_short_lists, shows="no list is longer than 50"),
    _knobs("more-fields", 18, {}, answer=_more_fields, shows="fields that no document names"),
]

_CODES = [
    _knobs("business-status-400", 65, {"ve_business_status": 400}, shows="HTTP 400"),
    _knobs("business-status-404", 65, {"ve_business_status": 404}, shows="HTTP 404"),
    _knobs("stale-403", 75, {"ve_statuses": {"InvalidTimestamp": 403}}, shows="HTTP 403"),
    _code(
        "client-token-id",
        72,
        {("Credential", "unknown"): "InvalidClientTokenId"},
        shows="InvalidClientTokenId for an unknown access key",
    ),
    _code("unsigned-credential", 73, {_NO_TOKEN: "InvalidCredential"}, shows="100025, 400"),
    _code("unsigned-parameter", 73, {_NO_TOKEN: "MissingParameter"}, shows="100002, 400"),
    _code("unsigned-information", 73, {_NO_TOKEN: "MissingRequestInfo"}, shows="100004, 400"),
    _code(
        "undated-timestamp",
        74,
        {("X-Date", "missing"): "InvalidTimestamp"},
        shows="InvalidTimestamp without X-Date",
    ),
    _code(
        "bad-json-unmarshal",
        20,
        {("body", "not-json"): "InvalidParameter.Unmarshal"},
        shows="InvalidParameter.Unmarshal",
    ),
    _code(
        "empty-body-named",
        22,
        {("body", "empty"): "InvalidParameter.BodyIsEmpty"},
        shows="InvalidParameter.BodyIsEmpty",
    ),
    _code(
        "missing-fields-not-found",
        7,
        {
            ("AppId", "missing"): "AppNotFound",
            ("ConversationShortId", "missing"): "ConversationNotFound",
        },
        shows="AppNotFound and ConversationNotFound for what is missing",
    ),
    _knobs(
        "no-code-number",
        63,
        {},
        answer=_error(lambda about: about["Error"].pop("CodeN", None)),
        shows="no CodeN",
    ),
    _knobs(
        "message-in-chinese",
        64,
        {},
        answer=_error(lambda about: about["Error"].update(Message="请求参数错误")),
        shows="another Message",
    ),
    _knobs(
        "methods-404",
        4,
        {"ve_statuses": {"MethodNotAllowed": 404}},
        shows="HTTP 404 for other methods",
    ),
    _knobs(
        "throttled-sometimes",
        54,
        {},
        request=_throttle(9, "FlowLimitExceeded"),
        shows="each ninth call 429",
        waits=True,
    ),
    _knobs(
        "throttled-dotted",
        54,
        {},
        request=_throttle(11, "FlowLimitExceeded.QPSOverLimit"),
        shows="each eleventh call 429 FlowLimitExceeded.QPSOverLimit",
    ),
]

_ENVELOPES = [
    _knobs(
        "metadata-empty",
        59,
        {},
        answer=_about(lambda about: about.update(Version="", Service="", Region="")),
        shows="Version, Service and Region are empty",
    ),
    _knobs("metadata-partial", 46, {}, answer=_error(_partial), shows="only RequestId and Error"),
    _knobs(
        "request-id-uuid",
        57,
        {},
        answer=_about(lambda about: about.update(RequestId=str(uuid.uuid4()))),
        shows="another form of RequestId",
    ),
    _knobs("error-blank", 60, {}, answer=_blank_error, shows="Error of empty texts on success"),
    _knobs("ids-in-a-row", 89, {"ve_id_step": 1}, shows="each id is the last one and 1"),
    _knobs(
        "ids-of-conversation",
        93,
        {"ve_ids_of_conversation": True},
        shows="messages of two conversations have the same ids",
    ),
    _knobs(
        "messages-shown-later",
        30,
        {},
        answer=_later,
        shows="new messages after 0.3 s",
        waits=True,
    ),
    _knobs("error-null", 60, {}, answer=_empty_error, shows="Error null on success"),
    _knobs("dashed-dates-too", 77, {"ve_dates": ("compact", "dashed")}, shows="both forms work"),
    _knobs("clock-narrow", 76, {"ve_skew": 300}, shows="five minutes"),
    _knobs("clock-wide", 76, {"ve_skew": 1200}, shows="twenty minutes"),
]

_CARRIED = [
    replace(
        variant,
        name=f"ve-{variant.name}",
        vendor="volcengine",
        requirement=f"VE-GMRR-{_TRAVELS[variant.name]:02}",
    )
    for variant in carriage.ALL
    if variant.name in _TRAVELS
]

ALL: list[Variant] = [*_ANSWERS, *_CODES, *_ENVELOPES, *_CARRIED]
