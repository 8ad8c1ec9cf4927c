"""Faults of what bodies may hold, and of what nobody sends on purpose."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

from receiptspec.reference.behaviour import PASS, Fault
from receiptspec.reference.calls import Call, Reply
from receiptspec.reference.faults.families import out_of_step
from receiptspec.reference.faults.volcengine.families import (
    ASK,
    asked,
    bytes_of,
    judges,
    miscoded,
    place_of,
    refused_if,
    replies,
)
from receiptspec.reference.volcengine.state import Conversation, Message

__all__ = ["ALL", "elsewhere", "field"]

_SEND, _MAKE, _LOOK = "SendMessage", "CreateConversation", "GetMessages"
_ADD, _MOVE, _RECALL = (
    "BatchAddConversationParticipant",
    "ModifyParticipantReadIndex",
    "RecallMessage",
)
_READ, _UNREAD = "ReadUserIds", "UnReadUserIds"
_MUST: dict[str, Any] = {"level": "MUST"}
Item = dict[str, Any]
Test = Callable[[Call], Any]


# --- what bodies hold ------------------------------------------------------------------------


def field(call: Call, *path: str) -> Any:
    """Return what stands under some names in a body, ``None`` where that is nothing."""
    found = call.body
    for name in path:
        found = found.get(name) if isinstance(found, dict) else None
    return found


def _text(call: Call, *path: str) -> str:
    found = field(call, *path)
    return found if isinstance(found, str) else json.dumps(found, ensure_ascii=False)


def _refuses(name: str, operation: str, test: Test, shows: str) -> Fault:
    return refused_if(
        name, "VE-GMRR-102", "InvalidParam", test, operation=operation, shows=shows, **_MUST
    )


def _word_as_app(call: Call, place: str, _reason: str, _code: int | str) -> str | None:
    app = field(call, "AppId")
    return PASS if place == "AppId" and isinstance(app, str) and app.isalpha() else None


_HELD = [
    judges("app-id-word", 9, _word_as_app, shows="a word for AppId works"),
    _refuses("lines-refused", ASK, lambda c: b"\n" in c.incoming.body, "JSON on one line only"),
    _refuses(
        "emoji-refused",
        _SEND,
        lambda c: any(ord(letter) > 0xFFFF for letter in _text(c, "Content")),
        "a Content with an emoji is refused",
    ),
    _refuses(
        "foreign-extras-refused",
        _SEND,
        lambda c: not _text(c, "Ext").isascii(),
        "an Ext that is no ASCII is refused",
    ),
    _refuses(
        "foreign-names-refused",
        _MAKE,
        lambda c: not _text(c, "ConversationCoreInfo", "Name").isascii(),
        "a Name that is no ASCII is refused",
    ),
    _refuses(
        "foreign-nicknames-refused",
        _ADD,
        lambda c: not _text(c, "ParticipantInfos").isascii(),
        "a NickName that is no ASCII is refused",
    ),
    bytes_of(
        "history-in-gbk",
        101,
        lambda body: body if body.isascii() else body.decode().encode("gbk", "replace"),
        operation=_LOOK,
        shows="messages that are no ASCII are shown in another encoding",
    ),
    miscoded(
        "form-body-code",
        "VE-GMRR-20a",
        "AppNotFound",
        ("body", "not-json"),
        when=lambda c: b"&" in c.incoming.body,
        shows="AppNotFound for a form",
    ),
    miscoded(
        "bare-query-code",
        46,
        "InvalidActionOrVersion",
        ("Action", "missing"),
        operation="",
        when=lambda c: "Version" not in c.query,
        shows="InvalidActionOrVersion where neither is there",
    ),
]


# --- what nobody sends on purpose ------------------------------------------------------------


def _crash(sent: Reply) -> None:
    sent.status, sent.body = 500, b"Internal Server Error"


def _breaks(name: str, operation: str, test: Test, shows: str) -> Fault:
    return replies(
        f"{name}-break",
        "SEC-02",
        _crash,
        operation=operation,
        when=lambda call: bool(test(call)),
        shows=f"HTTP 500 for {shows}",
        **_MUST,
    )


def elsewhere(call: Call) -> Iterator[tuple[Conversation, Message]]:
    """Yield what is asked for of other conversations."""
    here = place_of(call)
    for place in call.site.state.conversations.values() if here is not None else ():
        for number in asked(call) if place is not here else ():
            if type(number) is int and number in place.messages:
                yield place, place.messages[number]


def _message_as_place(call: Call) -> bool:
    number = field(call, "ConversationShortId")
    places = call.site.state.conversations.values()
    return type(number) is int and any(number in place.messages for place in places)


def _recalled_and_read(call: Call) -> bool:
    place = place_of(call)
    found = [place.messages.get(n) for n in asked(call) if type(n) is int] if place else []
    return any(message.recalled and message.readers for message in found if message is not None)


def _no_member(call: Call) -> bool:
    place, user = place_of(call), field(call, "ParticipantUserId")
    return place is not None and type(user) is int and user not in place.participants


def _no_message(call: Call) -> bool:
    place, number = place_of(call), field(call, "MessageId")
    return place is not None and type(number) is int and number not in place.messages


def _with_oneself(call: Call) -> bool:
    one, other = field(call, "OwnerUserId"), field(call, "OtherUserId")
    return type(one) is int and one == other


def _header(name: str, test: Callable[[str], bool]) -> Test:
    return lambda call: test(call.incoming.header(name) or "")


_ODD = [
    Fault(
        name="ve-bodies-left-unread",
        vendor="volcengine",
        requirement="SEC-02",
        reply=out_of_step(b'"InvalidActionOrVersion"'),
        cls="transport",
        shows="behind a call of no known action nothing is understood",
    ),
    _breaks("thousand-ids", ASK, lambda c: len(asked(c)) > 999, "a thousand ids"),
    _breaks(
        "apps-beyond-64-bits",
        ASK,
        lambda c: type(field(c, "AppId")) is int and field(c, "AppId") >= 2**63,
        "an AppId of 2^63",
    ),
    _breaks("messages-as-places", ASK, _message_as_place, "the id of a message as a place"),
    _breaks("foreign-ids", ASK, lambda c: any(elsewhere(c)), "a message of another place"),
    _breaks("recalled-reads", ASK, _recalled_and_read, "a message read and recalled"),
    _breaks(
        "bare-label",
        ASK,
        _header("Authorization", lambda text: text == "HMAC-SHA256"),
        "HMAC-SHA256 alone",
    ),
    _breaks(
        "foreign-digits",
        ASK,
        _header("Authorization", lambda text: not text.isascii()),
        "a signature that is no ASCII",
    ),
    _breaks(
        "blank-dates", ASK, lambda c: c.incoming.header("X-Date") == "", "an X-Date of nothing"
    ),
    _breaks(
        "long-client-ids",
        _SEND,
        lambda c: len(_text(c, "ClientMsgId")) > 255,
        "a ClientMsgId of 300 characters",
    ),
    _breaks(
        "numbers-in-extras",
        _SEND,
        lambda c: type(field(c, "Ext", "key")) is int,
        "a number in Ext",
    ),
    _breaks("nuls", _SEND, lambda c: "\0" in _text(c, "Content"), "U+0000 in Content"),
    _breaks(
        "half-characters",
        _SEND,
        lambda c: any(0xD800 <= ord(letter) < 0xE000 for letter in _text(c, "Content")),
        "half a character in Content",
    ),
    _breaks(
        "long-texts", _SEND, lambda c: len(_text(c, "Content")) > 4000, "a Content of 4001 letters"
    ),
    _breaks("lonely-pairs", _MAKE, _with_oneself, "a conversation with oneself"),
    _breaks("strangers-moves", _MOVE, _no_member, "the read index of a stranger"),
    _breaks("unknown-recalls", _RECALL, _no_message, "the recall of an unknown message"),
]


ALL: list[Fault] = [*_HELD, *_ODD]
