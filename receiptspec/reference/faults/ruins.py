"""Faults that odd bodies, optional fields and texts that look like something else bring out."""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

from receiptspec.reference.behaviour import Fault
from receiptspec.reference.calls import Call, Reply
from receiptspec.reference.faults.families import DETAIL, refused_if

__all__ = ["ALL"]

_SEND, _LETTER = "send_group_msg", "sendmsg"


def _crash_if(holds: Callable[[dict[str, Any]], bool]) -> Callable[[Call, Reply], None]:
    def reply(call: Call, sent: Reply) -> None:
        if isinstance(call.body, dict) and holds(call.body):
            sent.status, sent.body = 500, b"Internal Server Error"

    return reply


def _deep(call: Call, sent: Reply) -> None:
    if b"[[[[[[[[" in call.incoming.body:
        sent.drop = True


def _whole(body: dict[str, Any], name: str) -> int:
    value = body.get(name)
    return value if isinstance(value, int) else 0


def _listed(body: dict[str, Any], name: str) -> list[int]:
    """Return the numbers of this name in the objects of MsgSeqList."""
    items = body.get("MsgSeqList")
    found = items if isinstance(items, list) else []
    return [_whole(item, name) for item in found if isinstance(item, dict)]


def _texts(body: dict[str, Any]) -> list[dict[str, Any]]:
    items = body.get("MsgBody")
    contents = [item.get("MsgContent") for item in items if isinstance(item, dict)] if items else []
    return [found for found in contents if isinstance(found, dict) and "Text" in found]


def _half(body: dict[str, Any]) -> bool:
    if not isinstance(body.get("MsgBody"), list):
        return False
    return any("\ud800" in str(content["Text"]) for content in _texts(body))


def _recalls_again(call: Call) -> None:
    group = call.site.store.groups.get(str(call.body.get("GroupId")))
    items = call.body.get("MsgSeqList")
    numbers = [item.get("MsgSeq") for item in items if isinstance(item, dict)] if items else []
    found = [group.messages.get(number) for number in numbers if group and isinstance(number, int)]
    call.notes["again"] = any(message.recalled for message in found if message)


def _crash_again(call: Call, sent: Reply) -> None:
    if call.notes.get("again"):
        sent.status, sent.body = 500, b"Internal Server Error"


def _rewritten(change: Callable[[str], str]) -> Callable[[Call], None]:
    def request(call: Call) -> None:
        if isinstance(call.body.get("MsgBody"), list):
            for content in _texts(call.body):
                if isinstance(content["Text"], str):
                    content["Text"] = change(content["Text"])

    return request


_CRASHES = [
    Fault(
        name=name,
        requirement="SEC-02",
        operation=operation,
        reply=reply,
        shows=shows,
        cls="transport",
    )
    for name, operation, reply, shows in (
        (
            "crash-on-number-beyond-64-bits",
            DETAIL,
            _crash_if(lambda body: abs(_whole(body, "MsgSeq")) >= 2**63),
            "HTTP 500 for a MsgSeq of more than 64 bits, in one neighbour",
        ),
        (
            "crash-on-unsigned-beyond-64-bits",
            "group_msg_recall",
            _crash_if(lambda body: any(n >= 2**64 for n in _listed(body, "MsgSeq"))),
            "HTTP 500 for a MsgSeq of 2^64, in another",
        ),
        (
            "crash-on-long-group-id",
            "group_msg_get_simple",
            _crash_if(lambda body: len(str(body.get("GroupId"))) > 255),
            "HTTP 500 for a GroupId of 256 characters, in one neighbour",
        ),
        (
            "crash-on-nul-in-user-id",
            "account_import",
            _crash_if(lambda body: "\0" in str(body.get("UserID"))),
            "HTTP 500 for a NUL in a UserID",
        ),
        (
            "crash-on-optional-number",
            _SEND,
            _crash_if(lambda body: not isinstance(body.get("From_Account", ""), str)),
            "HTTP 500 for a From_Account that is no text",
        ),
        (
            "crash-on-optional-null",
            "get_group_member_info",
            _crash_if(lambda body: "Limit" in body and not isinstance(body["Limit"], int)),
            "HTTP 500 for a Limit that is no number",
        ),
        (
            "crash-on-half-characters",
            _LETTER,
            _crash_if(_half),
            "HTTP 500 for a text with half a surrogate pair",
        ),
        ("hang-up-on-depth", "create_group", _deep, "no answer to deep bodies, in one neighbour"),
    )
]


def _no_text(name: str) -> Callable[[dict[str, Any]], bool]:
    return lambda body: not isinstance(body.get(name, ""), str)


def _of_content(name: str) -> Callable[[dict[str, Any]], bool]:
    """Return a test whether a field of a message's content is no text."""

    def holds(body: dict[str, Any]) -> bool:
        items = body.get("MsgBody")
        contents = (
            [item.get("MsgContent") for item in items if isinstance(item, dict)] if items else []
        )
        return any(
            isinstance(content, dict) and not isinstance(content.get(name, ""), str)
            for content in contents
        )

    return holds


def _lists(name: str, kind: type) -> Callable[[dict[str, Any]], bool]:
    """Return a test whether a list of a body holds what is of a kind."""

    def holds(body: dict[str, Any]) -> bool:
        items = body.get(name)
        return isinstance(items, list) and any(isinstance(item, kind) for item in items)

    return holds


def _digit(body: dict[str, Any]) -> bool:
    text = body.get("MsgReadTime")
    return isinstance(text, str) and text.isdigit() and not text.isascii()


def _turned(body: dict[str, Any]) -> bool:
    return 0 < _whole(body, "MaxTime") < _whole(body, "MinTime")


def _nul_in_key(body: dict[str, Any]) -> bool:
    items = body.get("C2CMsgInfo")
    found = items if isinstance(items, list) else []
    return any("\0" in str(item.get("MsgKey")) for item in found if isinstance(item, dict))


_ROAM, _MARK, _COUNT = "admin_getroammsg", "admin_set_msg_read", "get_c2c_unread_msg_num"

_SEVERAL = [
    Fault(
        name=f"crash-on-{name}",
        requirement="SEC-02",
        operation=operation,
        reply=_crash_if(holds),
        shows=f"HTTP 500 for {shows}",
        cls="transport",
    )
    for name, operation, holds, shows in (
        (
            "control-in-a-text",
            _LETTER,
            lambda body: isinstance(body.get("SendMsgControl"), str),
            "a text that should be a list, in one optional field",
        ),
        ("objects-of-control", _LETTER, _lists("SendMsgControl", dict), "a control of objects"),
        (
            "push-in-a-text",
            _LETTER,
            lambda b: isinstance(b.get("OfflinePushInfo"), str),
            "an OfflinePushInfo that is a text",
        ),
        (
            "numbers-of-callbacks",
            _LETTER,
            _lists("ForbidCallbackControl", int),
            "forbidden callbacks that are numbers",
        ),
        ("custom-number", _LETTER, _no_text("CloudCustomData"), "CloudCustomData that is no text"),
        ("text-of-a-number", _LETTER, _of_content("Text"), "a Text that is no text"),
        ("data-of-a-number", _LETTER, _of_content("Data"), "Data that are no text"),
        ("nul-in-a-key", "c2c_msg_read_receipt", _nul_in_key, "a NUL in a MsgKey"),
        (
            "key-in-one-part",
            _ROAM,
            lambda body: bool(body.get("LastMsgKey")) and "_" not in str(body["LastMsgKey"]),
            "a LastMsgKey without parts",
        ),
        ("turned-times", _ROAM, _turned, "MaxTime before MinTime"),
        ("other-digits", _MARK, _digit, "digits that are no ASCII"),
        ("times-in-a-list", _MARK, _no_text("MsgReadTime"), "a MsgReadTime that is no text"),
        ("peers-of-objects", _COUNT, _lists("Peer_Account", dict), "peers that are objects"),
        (
            "quotes-in-names",
            _COUNT,
            lambda body: "'" in str(body.get("To_Account")),
            "a name with a quote",
        ),
        (
            "names-of-classes",
            "get_group_msg_receipt",
            lambda body: "__proto__" in body,
            "a field that is called __proto__",
        ),
    )
]


def _claims_in_a_list(call: Call, sent: Reply) -> None:
    claims = _unpacked(call.query.get("usersig", ""))
    if isinstance(claims, list):
        sent.status, sent.body = 500, b"Internal Server Error"


def _unpacked(text: str) -> Any:
    try:
        packed = base64.b64decode(text.translate(str.maketrans("*-_", "+/=")))
        return json.loads(zlib.decompress(packed))
    except (ValueError, zlib.error):
        return None


def _no_utf8(call: Call, sent: Reply) -> None:
    try:
        unquote(call.incoming.query, errors="strict")
    except UnicodeDecodeError:
        sent.status, sent.body = 500, b"Internal Server Error"


_AROUND = [
    Fault(
        name=name, requirement="SEC-02", reply=reply, shows=f"HTTP 500 for {shows}", cls="transport"
    )
    for name, reply, shows in (
        ("crash-on-listed-claims", _claims_in_a_list, "a UserSig that is a list"),
        ("crash-on-query-without-utf8", _no_utf8, "%FF in the query"),
    )
]

_TWICE = [
    Fault(
        name="crash-on-second-recall",
        requirement="SEC-02",
        operation="group_msg_recall",
        request=_recalls_again,
        reply=_crash_again,
        shows="HTTP 500 where a recalled message is recalled again",
        cls="transport",
        also=("TC-GEN-01",),
    ),
    Fault(
        name="error-page-for-second-recall",
        requirement="TC-GEN-01",
        operation="group_msg_recall",
        request=_recalls_again,
        reply=_crash_again,
        shows="a text under HTTP 500 where a recalled message is recalled again",
        cls="transport",
        also=("SEC-02",),
    ),
]

_OPTIONS = [
    refused_if(
        f"{name}-refused",
        "TC-GEN-08",
        10004,
        holds,
        operation=operation,
        shows=f"a body {shows} is refused",
    )
    for name, holds, operation, shows in (
        ("pretty-bodies", lambda call: b"\n" in call.incoming.body, DETAIL, "on several lines"),
        (
            "late-groups",
            lambda call: next(iter(call.body)) != "GroupId",
            "get_group_msg_receipt",
            "that does not begin with GroupId",
        ),
        (
            "escapes",
            lambda call: b"\\u" in call.incoming.body,
            "group_msg_receipt",
            "with escaped letters",
        ),
    )
] + [
    refused_if(name, "TC-GEN-08", code, holds, operation=operation, shows=shows)
    for name, code, holds, operation, shows in (
        (
            "push-of-letters-refused",
            90043,
            lambda call: "OfflinePushInfo" in call.body,
            _LETTER,
            "sendmsg with the optional OfflinePushInfo is refused",
        ),
        (
            "letters-for-the-moment-refused",
            90026,
            lambda call: call.body.get("MsgLifeTime") == 0,
            _LETTER,
            "sendmsg with MsgLifeTime 0 is refused",
        ),
        (
            "mentions-refused",
            10004,
            lambda call: "GroupAtInfo" in call.body,
            _SEND,
            "send_group_msg with the optional GroupAtInfo is refused",
        ),
        (
            "history-from-a-number-refused",
            10004,
            lambda call: "ReqMsgSeq" in call.body,
            "group_msg_get_simple",
            "group_msg_get_simple with the optional ReqMsgSeq is refused",
        ),
    )
]

_ALTERED = [
    Fault(
        name=name,
        requirement="TC-GEN-34",
        operation=operation,
        request=_rewritten(change),
        shows=shows,
        cls="encoding",
        level="SHOULD",
    )
    for name, operation, change, shows in (
        ("texts-decoded-as-of-urls", _LETTER, unquote, "%20 in a text becomes a blank"),
        ("plus-signs-as-blanks", _SEND, lambda text: text.replace("+", " "), "+ becomes a blank"),
        (
            "escapes-in-texts-read",
            _SEND,
            lambda text: text.replace("\\u0041", "A"),
            "an escape that is written out in a text is read",
        ),
        (
            "blanks-in-texts-joined",
            _LETTER,
            lambda text: text.replace("  ", " "),
            "two blanks become one",
        ),
        ("marks-in-texts-dropped", _SEND, lambda text: text.strip("\ufeff"), "U+FEFF is dropped"),
        (
            "backslashes-joined",
            _SEND,
            lambda text: text.replace("\\\\", "\\"),
            "two backslashes become one",
        ),
        ("texts-of-json-compacted", _LETTER, lambda text: text.strip('{}"'), "JSON is no text"),
        ("texts-end-at-4000", _SEND, lambda text: text[:4000], "a text ends after 4000 characters"),
    )
]

ALL: list[Fault] = [*_CRASHES, *_SEVERAL, *_AROUND, *_TWICE, *_OPTIONS, *_ALTERED]
