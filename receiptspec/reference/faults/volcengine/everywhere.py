"""Faults that only neighbour actions show: bad bodies, envelopes, ids, the least of a body."""

from __future__ import annotations

from typing import Any

from receiptspec.reference.behaviour import Fault
from receiptspec.reference.calls import Call, Reply
from receiptspec.reference.faults.volcengine.families import (
    bytes_of,
    edits,
    failures,
    refused_if,
    replies,
    results,
)

__all__ = ["ALL"]

_SEND, _MAKE, _LOOK = "SendMessage", "CreateConversation", "GetMessages"
_ADD, _OTHERS = "BatchAddConversationParticipant", "BatchGetConversationParticipant"
_OK = b'"Result":'
_ANY: dict[str, Any] = {"operation": ""}
_WIRE: dict[str, Any] = {"cls": "transport"}
_FOREIGN = "不"


def _crash(sent: Reply) -> None:
    sent.status, sent.body = 500, b"Internal Server Error"


def _crash_at_people(call: Call, sent: Reply) -> None:
    infos = call.body.get("ParticipantInfos") if isinstance(call.body, dict) else None
    first = infos[0] if isinstance(infos, list) and infos else None
    if isinstance(first, dict) and type(first.get("ParticipantUserId", 0)) is not int:
        _crash(sent)


def _crash_at_no_object(call: Call, sent: Reply) -> None:
    if not isinstance(call.body, dict):
        _crash(sent)


def _only_refusals(change: Any) -> Any:
    return lambda body: body if _OK in body else change(body)


def _in_characters(body: bytes) -> bytes:
    """Send as many bytes as there are characters, in a refusal that says more than ASCII."""
    text = body.decode().replace('"Message":"', f'"Message":"{_FOREIGN * 4} ', 1)
    return text.encode()[: len(text)]


def _with_warning(answer: dict[str, Any]) -> None:
    answer["ResponseMetadata"]["Error"] = {"Code": "Deprecated", "Message": "use another action"}


def _text(name: str) -> Any:
    def edit(answer: dict[str, Any]) -> None:
        if name in answer["Result"]:
            answer["Result"][name] = str(answer["Result"][name])

    return edit


def _places_as_text(answer: dict[str, Any]) -> None:
    for item in answer["Result"].get("Messages", ()):
        item["IndexInConversation"] = str(item["IndexInConversation"])


def _core(call: Call) -> dict[str, Any]:
    found = call.body.get("ConversationCoreInfo")
    return found if isinstance(found, dict) else {}


def _names_nick(call: Call) -> bool:
    infos = call.body.get("ParticipantInfos")
    return isinstance(infos, list) and any(isinstance(i, dict) and "NickName" in i for i in infos)


ALL: list[Fault] = [
    # what only bad input to a neighbour brings out
    Fault(
        name="ve-crash-on-participant-of-wrong-type",
        vendor="volcengine",
        operation=_ADD,
        requirement="SEC-02",
        reply=_crash_at_people,
        shows="HTTP 500 for a ParticipantUserId that is no integer",
        **_WIRE,
    ),
    Fault(
        name="ve-crash-on-bad-bodies-elsewhere",
        vendor="volcengine",
        operation="RecallMessage",
        requirement="SEC-02",
        reply=_crash_at_no_object,
        shows="HTTP 500 for a body that is no object, in one neighbour",
        **_WIRE,
    ),
    replies(
        "options-break",
        "SEC-02",
        _crash,
        when=lambda c: c.incoming.method == "OPTIONS",
        level="MUST",
        shows="HTTP 500 for OPTIONS",
    ),
    failures(
        "neighbour-fails-without-code",
        61,
        lambda e: e.pop("Code"),
        operation=_OTHERS,
        shows="no Code, in one neighbour",
    ),
    edits(
        "neighbour-fails-with-result",
        62,
        lambda _c, a: a.update(Result={"Messages": []}) if "Error" in a["ResponseMetadata"] else 0,
        operation=_LOOK,
        cls="envelope",
        shows="Result beside Error, in one neighbour",
    ),
    failures(
        "neighbour-fails-with-number",
        64,
        lambda e: e.update(Message=404),
        operation="DestroyConversation",
        shows="Message is a number, in one neighbour",
    ),
    failures(
        "code-number-beyond-32-bits",
        63,
        lambda e: e.update(CodeN=2**32 + e["CodeN"]) if "CodeN" in e else None,
        shows="CodeN beyond 2^32",
    ),
    # refusals that cannot be read, under another status than 200
    bytes_of(
        "refusals-end-in-comma",
        101,
        _only_refusals(lambda b: b[:-1] + b",}"),
        knobs={"ve_business_status": 400},
        shows="a comma too many in every refusal, under HTTP 400",
        also=("VE-GMRR-93", "VE-GMRR-96"),
        **_ANY,
    ),
    bytes_of(
        "length-in-characters",
        101,
        _only_refusals(_in_characters),
        knobs={"ve_business_status": 404},
        shows="refusals are cut: their length is counted in characters",
        also=("VE-GMRR-93", "VE-GMRR-96"),
        **_ANY,
    ),
    # what neighbours give
    results(
        "message-id-is-text",
        "VE-GMRR-102",
        _text("MessageId"),
        operation=_SEND,
        cls="precision",
        level="MUST",
        shows="SendMessage gives MessageId in quotes",
    ),
    results(
        "conversation-id-is-text",
        "VE-GMRR-102",
        _text("ConversationShortId"),
        operation=_MAKE,
        cls="precision",
        level="MUST",
        shows="CreateConversation gives ConversationShortId in quotes",
    ),
    results(
        "message-id-untold",
        "VE-GMRR-102",
        lambda a: a["Result"].pop("MessageId", None),
        operation=_SEND,
        level="MUST",
        shows="SendMessage gives no MessageId",
    ),
    results(
        "place-is-text",
        "VE-GMRR-102",
        _places_as_text,
        operation=_LOOK,
        level="MUST",
        shows="GetMessages gives IndexInConversation in quotes",
    ),
    results(
        "neighbour-without-result",
        60,
        lambda a: a.pop("Result"),
        operation=_SEND,
        cls="envelope",
        shows="SendMessage succeeds without Result",
    ),
    results(
        "warning-beside-result",
        60,
        _with_warning,
        cls="envelope",
        shows="an Error beside the Result, as a warning",
        also=("VE-GMRR-62",),
    ),
    # what bodies may hold
    refused_if(
        "custom-messages-refused",
        "VE-GMRR-102",
        "InvalidParam",
        lambda c: c.body.get("MsgType") == 10012,
        operation=_SEND,
        level="MUST",
        shows="MsgType 10012 is refused",
    ),
    refused_if(
        "long-content-refused",
        "VE-GMRR-102",
        "InvalidParam",
        lambda c: len(str(c.body.get("Content", ""))) > 1024,
        operation=_SEND,
        level="MUST",
        shows="Content beyond 1024 characters is refused",
    ),
    refused_if(
        "notice-refused",
        "VE-GMRR-102",
        "InvalidParam",
        lambda c: "Notice" in _core(c),
        operation=_MAKE,
        level="MUST",
        shows="a conversation with a Notice is refused",
    ),
    refused_if(
        "nickname-refused",
        "VE-GMRR-102",
        "InvalidParam",
        _names_nick,
        operation=_ADD,
        level="MUST",
        shows="a participant with a NickName is refused",
    ),
]
