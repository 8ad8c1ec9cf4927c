"""Faults that let a call through that nobody signed, or that somebody signed for something else."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

from receiptspec.reference.behaviour import Fault
from receiptspec.reference.calls import Call, Refusal, Reply, Shrug
from receiptspec.reference.faults.volcengine.families import bends, edits, tolerated
from receiptspec.reference.tencent import documents
from receiptspec.reference.volcengine import signature
from receiptspec.reference.volcengine.face import ACTIONS
from receiptspec.reference.volcengine.fields import Fields

__all__ = ["ALL"]

_AUTH: dict[str, Any] = {"cls": "authentication"}
_SEND, _MOVE = "SendMessage", "ModifyParticipantReadIndex"
_REMOVE = "BatchDeleteConversationParticipant"
_HASH, _WRONG = ("X-Content-Sha256", "wrong"), ("Signature", "wrong")


def _authorization(call: Call) -> str:
    return call.incoming.header("Authorization") or ""


def _credential(call: Call) -> list[str]:
    found = re.search("Credential=([^,]*)", _authorization(call))
    return found[1].split("/") if found else []


def _access_key(call: Call) -> str:
    return (_credential(call) or [""])[0]


def _longer(call: Call) -> bool:
    return _access_key(call).startswith(call.site.keys.access_key)


def _shorter(call: Call) -> bool:
    return bool(call.site.keys.access_key.startswith(_access_key(call)))


def _derived_key(call: Call, answer: dict[str, Any]) -> None:
    """Say by which key of the day a signature was checked."""
    error, scope = answer["ResponseMetadata"].get("Error"), _credential(call)[1:2]
    if error and error["Code"] == "SignatureDoesNotMatch" and scope:
        key = signature.day_key(call.site.keys, scope[0])
        error["Message"] += f" (key {key.hex()})"


def _secret_part(part: slice) -> Callable[[Call, dict[str, Any]], None]:
    """Say with a part of which secret key a signature was checked."""

    def edit(call: Call, answer: dict[str, Any]) -> None:
        error = answer["ResponseMetadata"].get("Error")
        if error and error["Code"] == "SignatureDoesNotMatch":
            error["Message"] += f" (key {call.site.keys.secret_key[part]}***)"

    return edit


def _performed(
    call: Call, answer: dict[str, Any], code: str = "SignatureDoesNotMatch", way: str = "POST"
) -> None:
    """Do what a call asks for that was just refused with a code, and came by a method."""
    error, body = answer["ResponseMetadata"].get("Error"), documents.read(call.incoming.body)
    came = call.incoming.method == way
    if error and error["Code"] == code and came and isinstance(body, dict):
        call.body = body
        with suppress(Refusal, Shrug):
            ACTIONS[call.operation](call.site, call, Fields(call, body))


def _removed(call: Call, answer: dict[str, Any]) -> None:
    if call.operation == _REMOVE:
        _performed(call, answer)


def _out_of_step(call: Call, sent: Reply) -> None:
    """Leave the body of an unsigned call unread, and take it for the next request."""
    unread, connection = call.memory("unsigned"), call.incoming.connection
    if unread.pop(connection, None):
        sent.status, sent.body = 400, b"<html>Bad request</html>"
        sent.header("Content-Type", "text/html")
    elif not _authorization(call):
        unread[connection] = True


def _done_behind(
    name: str, row: int | str, code: str, what: str, operation: str, **more: Any
) -> Fault:
    """Do what is asked for before it is refused with a code."""
    edit = partial(_performed, code=code, **more)
    shows = f"{operation} {what} is refused, and done"
    return edits(f"{name}-done", row, edit, operation=operation, **_AUTH, shows=shows)


def _swapped(call: Call, answer: dict[str, Any]) -> None:
    """Do what another body says than the one whose hash was sent."""
    sent = hashlib.sha256(call.incoming.body).hexdigest()
    if call.incoming.header("X-Content-Sha256") != sent:
        _performed(call, answer)


def _came_by(call: Call, way: str) -> bool:
    return call.incoming.method == way


def _of_no_service(call: Call, answer: dict[str, Any]) -> None:
    if "rtc" not in _credential(call):
        _performed(call, answer)


ALL: list[Fault] = [
    tolerated(
        "unsigned-with-query",
        71,
        ("Authorization", "missing"),
        when=lambda call: "X-Signature" in call.query,
        **_AUTH,
        shows="any X-Signature in the query works",
    ),
    tolerated(
        "basic-works",
        71,
        ("Authorization", "malformed"),
        when=lambda call: _authorization(call).startswith("Basic "),
        **_AUTH,
        shows="a name and a password work, any",
    ),
    tolerated(
        "chunks-unverified",
        "VE-GMRR-71b",
        _WRONG,
        when=lambda call: call.incoming.header("Transfer-Encoding") is not None,
        **_AUTH,
        shows="what comes in chunks is not verified",
    ),
    tolerated(
        "access-key-longer",
        72,
        ("Credential", "unknown"),
        when=_longer,
        **_AUTH,
        shows="more may follow the access key",
    ),
    tolerated(
        "access-key-shorter",
        72,
        ("Credential", "unknown"),
        when=_shorter,
        **_AUTH,
        shows="a part of the access key will do",
    ),
    tolerated(
        "hash-only-where-signed",
        79,
        _HASH,
        when=lambda call: "x-content-sha256" not in _authorization(call),
        **_AUTH,
        shows="the hash of another body works where it is not signed",
    ),
    bends(
        "body-may-be-unsigned",
        80,
        {"ve_body_hashes": ("body", "empty")},
        **_AUTH,
        shows="the signature of an empty body is right for any",
    ),
    bends("key-empty-also", 87, {"ve_key_forms": ("", "nothing")}, **_AUTH, shows="no key works"),
    bends(
        "key-public-also",
        87,
        {"ve_key_forms": ("", "access key")},
        **_AUTH,
        shows="the access key works as the secret one",
    ),
    bends("key-trimmed-also", 87, {"ve_key_forms": ("", "trimmed")}, **_AUTH, shows="= at its end"),
    bends("key-of-vendor-also", 87, {"ve_key_forms": ("", "VOLC")}, **_AUTH, shows="VOLC+SK works"),
    bends(
        "path-unsigned",
        "VE-GMRR-70b",
        {"ve_any_path": True},
        operation="",
        **_AUTH,
        shows="a call for / is done wherever it is sent",
    ),
    bends("service-iam", 70, {"ve_services": ("rtc", "iam")}, **_AUTH, shows="service iam works"),
    bends("service-vod", 70, {"ve_services": ("rtc", "vod")}, **_AUTH, shows="service vod works"),
    bends(
        "terminator-any-case",
        "VE-GMRR-70a",
        {"ve_terminators": ("request", "REQUEST")},
        **_AUTH,
        shows="REQUEST works",
    ),
    tolerated(
        "scope-unended",
        "VE-GMRR-69a",
        ("Credential", "malformed"),
        when=lambda call: len(_credential(call)) == 4,
        **_AUTH,
        shows="a credential without request works",
    ),
    edits("day-key-in-message", "SEC-01", _derived_key, **_AUTH, shows="the key of the day"),
    Fault(
        name="ve-unsigned-left-unread",
        vendor="volcengine",
        requirement="SEC-02",
        reply=_out_of_step,
        cls="transport",
        shows="behind an unsigned call nothing is understood",
    ),
    *(
        edits(
            f"forged-{name}-done",
            71,
            _performed,
            operation=operation,
            **_AUTH,
            shows=f"{operation} is refused under a wrong signature, and done",
        )
        for name, operation in (
            ("opening", "CreateConversation"),
            ("sending", "SendMessage"),
            ("adding", "BatchAddConversationParticipant"),
            ("removal", _REMOVE),
        )
    ),
    edits(
        "forged-removal-done-for-later",
        71,
        _removed,
        operation="",
        knobs={"leavers_count": True},
        **_AUTH,
        shows="who is removed under a wrong signature, which is refused, gets no new messages",
    ),
    *(
        _done_behind(*told)
        for told in (
            ("malformed", "VE-GMRR-69a", "InvalidAuthorization", "under no known form", _SEND),
            ("unknown-key", 72, "InvalidAccessKey", "under an unknown access key", _MOVE),
            ("unsigned", 73, "MissingAuthenticationToken", "without Authorization", _SEND),
            ("undated", 74, "MissingRequestInfo", "without X-Date", _MOVE),
            ("stale", 75, "InvalidTimestamp", "signed a day ago", _SEND),
            ("stale-move", 75, "InvalidTimestamp", "signed a day ago", _MOVE),
            ("bogus-token", 85, "InvalidSecretToken", "under a wrong token", _MOVE),
        )
    ),
    *(
        _done_behind(f"{way.lower()}-move", 4, "MethodNotAllowed", f"by {way}", _MOVE, way=way)
        for way in ("HEAD", "OPTIONS", "FOO")
    ),
    edits(
        "tampered-sending-done",
        80,
        _swapped,
        operation=_SEND,
        **_AUTH,
        shows="a message with another body than the signed one is refused, and sent",
        also=("VE-GMRR-79",),
    ),
    edits(
        "other-service-move-done",
        70,
        _of_no_service,
        operation=_MOVE,
        **_AUTH,
        shows="read positions are moved under another service's signature, which is refused",
    ),
    *(
        tolerated(
            f"{way.lower()}-moves",
            4,
            ("method", "method"),
            operation=_MOVE,
            when=partial(_came_by, way=way),
            cls="leniency",
            shows=f"read positions are moved by {way}",
        )
        for way in ("OPTIONS", "FOO")
    ),
    edits(
        "key-head-in-message",
        "SEC-01",
        _secret_part(slice(12)),
        **_AUTH,
        shows="the first twelve characters of the secret key",
    ),
    edits(
        "key-tail-in-message",
        "SEC-01",
        _secret_part(slice(-12, None)),
        **_AUTH,
        shows="the last twelve characters of the secret key",
    ),
]
