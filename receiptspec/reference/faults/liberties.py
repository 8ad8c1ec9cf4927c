"""Faults of methods, addresses, credentials and bodies that are nearly the documented ones."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable
from typing import Any

from receiptspec.reference.behaviour import PASS, SHRUG, Fault, Refuses
from receiptspec.reference.calls import Call
from receiptspec.reference.faults.families import accepted, refused_if, tolerated
from receiptspec.reference.tencent import documents
from receiptspec.reference.tencent.face import OPERATIONS

__all__ = ["ALL"]

_C2C, _LETTER, _IMPORT = "c2c_msg_read_receipt", "sendmsg", "account_import"
_SHOULD: dict[str, Any] = {"level": "SHOULD"}
_AUTH: dict[str, Any] = {"cls": "authentication"}
_USUAL = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"))


# --- methods and addresses -------------------------------------------------------------------


def _overridden(call: Call) -> bool:
    return call.incoming.header("X-HTTP-Method-Override") == "POST"


def _command(call: Call) -> str:
    return call.incoming.path.rpartition("/")[2]


def _begins_like_one(call: Call) -> bool:
    return any(_command(call).startswith(known) for known in OPERATIONS)


_METHODS = [
    tolerated(name, "TC-GEN-09", ("method", "method"), when=when, shows=shows)
    for name, when, shows in (
        (
            "options-executes",
            lambda call: call.incoming.method == "OPTIONS",
            "OPTIONS is answered with data",
        ),
        (
            "unheard-methods-execute",
            lambda call: call.incoming.method not in _USUAL,
            "a method that is no usual one is answered with data",
        ),
        ("get-stands-for-post", _overridden, "GET that says it stands for POST gets data"),
    )
]

_ADDRESSES = [
    accepted(name, "TC-GEN-22", ("path", reason), when=when, shows=shows, **_SHOULD)
    for name, reason, when, shows in (
        (
            "commands-by-their-beginning",
            "command",
            _begins_like_one,
            "a command with letters behind it is that command",
        ),
        (
            "commands-with-file-types",
            "command",
            lambda call: _command(call).partition(".")[0] in OPERATIONS,
            "a command with the ending of a file is that command",
        ),
        (
            "commands-with-more-path",
            "service",
            lambda call: call.incoming.path.split("/")[3] in OPERATIONS,
            "what stands behind a command is passed over",
        ),
    )
]


# --- who calls -------------------------------------------------------------------------------


def _app_read_by(read: Callable[[str], object]) -> Refuses:
    def refuses(call: Call, place: str, reason: str, _code: int | str) -> str | None:
        if (place, reason) != ("sdkappid", "unknown"):
            return None
        return PASS if read(call.query["sdkappid"]) == call.site.app else None

    return refuses


def _digits(text: str) -> int | None:
    head = text[: next((i for i, letter in enumerate(text) if not letter.isdigit()), len(text))]
    return int(head) if head else None


def _in_32_bits(text: str) -> int | None:
    return int(text) % 2**32 if text.isdigit() else None


def _identifier_read_by(read: Callable[[str], str]) -> Refuses:
    def refuses(call: Call, place: str, reason: str, _code: int | str) -> str | None:
        named = (place, reason) in {("usersig", "identifier"), ("identifier", "ordinary-user")}
        return PASS if named and read(call.operator) == call.site.identifier else None

    return refuses


def _digest(call: Call, *names: str) -> bytes:
    claims = call.notes["claims"]
    text = "".join(f"TLS.{name}:{claims[f'TLS.{name}']}\n" for name in names)
    return hmac.new(call.site.key.encode(), text.encode(), hashlib.sha256).digest()


def _signature_is(form: Callable[[Call], str]) -> Refuses:
    def refuses(call: Call, place: str, reason: str, _code: int | str) -> str | None:
        if (place, reason) != ("usersig", "signature"):
            return None
        return PASS if call.notes["claims"]["TLS.sig"] == form(call) else None

    return refuses


_CALLERS = [
    Fault(name=name, requirement=row, refuses=refuses, shows=shows, level=level, **_AUTH)
    for name, row, level, refuses, shows in (
        (
            "app-read-to-its-letters",
            "TC-GEN-21",
            "SHOULD",
            _app_read_by(_digits),
            "letters behind the sdkappid are passed over",
        ),
        (
            "app-in-32-bits",
            "TC-SIG-09",
            "MUST",
            _app_read_by(_in_32_bits),
            "an sdkappid beyond 32 bits is taken for another one",
        ),
        (
            "identifier-trimmed",
            "TC-SIG-07",
            "MUST",
            _identifier_read_by(str.strip),
            "blanks around the identifier are passed over",
        ),
        (
            "identifier-read-up-to-nul",
            "TC-SIG-07",
            "MUST",
            _identifier_read_by(lambda text: text.partition("\0")[0]),
            "an identifier ends at a NUL",
        ),
        (
            "signature-in-hex",
            "TC-SIG-16",
            "SHOULD",
            _signature_is(lambda c: _digest(c, "identifier", "sdkappid", "time", "expire").hex()),
            "a signature in hex opens",
        ),
        (
            "signature-of-nobody",
            "TC-SIG-16",
            "SHOULD",
            _signature_is(
                lambda c: base64.b64encode(_digest(c, "sdkappid", "time", "expire")).decode()
            ),
            "a signature without the identifier opens",
        ),
    )
]


# --- bodies ----------------------------------------------------------------------------------


def _parameters_fill(call: Call) -> None:
    """Take what a body lacks out of the URL."""
    for name, value in call.query.items():
        call.body.setdefault(name, value)


def _respelled(respell: Callable[[str], str]) -> Callable[[Call], None]:
    def request(call: Call) -> None:
        call.body = {respell(name): value for name, value in call.body.items()}

    return request


def _without_lines(name: str) -> str:
    known = {"ToAccount": "To_Account", "FromAccount": "From_Account"}
    return known.get(name, name)


def _out_of_order(call: Call) -> bool:
    items = call.body.get("C2CMsgInfo")
    order = ["From_Account", "To_Account", "MsgKey"]
    return isinstance(items, list) and any(
        isinstance(item, dict) and [key for key in item if key in order] != order
        for item in items
        if len(item) == len(order)
    )


def _form(call: Call, place: str, reason: str, _code: int | str) -> str | None:
    known = (place, reason) == ("body", "not-json") and b"=" in call.incoming.body.partition(b"&")[
        0
    ]
    return SHRUG if known and not call.incoming.body.startswith(b"{") else None


def _numbers_read(call: Call, place: str, reason: str, _code: int | str) -> str | None:
    if (place, reason) != ("body", "not-json"):
        return None
    plain = call.incoming.body.replace(b":+", b":").replace(b":00", b":")
    return SHRUG if isinstance(documents.read(plain), dict) else None


_BODIES = [
    Fault(
        name="parameters-fill-the-body",
        requirement="TC-SMR-02",
        request=_parameters_fill,
        shows="a field that the body lacks is taken from the URL",
        cls="leniency",
        also=(
            "TC-C2C-03", "TC-C2C-04", "TC-GMD-16", "TC-GMR-17", "TC-GRP-01", "TC-GRP-17",
            "TC-GRR-03", "TC-ROM-06", "TC-SMR-03", "TC-SND-04", "TC-SND-14",
        ),
    ),
    Fault(
        name="field-names-trimmed",
        requirement="TC-GEN-33",
        request=_respelled(str.strip),
        shows="blanks around the names of fields are passed over",
        cls="leniency",
        **_SHOULD,
    ),
    Fault(
        name="field-names-without-lines",
        requirement="TC-GEN-33",
        request=_respelled(_without_lines),
        shows="ToAccount is To_Account",
        cls="leniency",
        **_SHOULD,
    ),
    Fault(
        name="field-names-with-dashes",
        requirement="TC-GEN-33",
        request=_respelled(lambda name: name.replace("-", "_")),
        shows="Operator-Account is Operator_Account",
        cls="leniency",
        **_SHOULD,
    ),
    Fault(
        name="forms-imported",
        requirement="TC-GEN-13",
        operation=_IMPORT,
        refuses=_form,
        shows="a form imports an account",
        cls="leniency",
        **_SHOULD,
    ),
    Fault(
        name="numbers-with-signs-and-zeros",
        requirement="TC-GEN-13",
        refuses=_numbers_read,
        shows="+5 and 007 are numbers",
        cls="leniency",
        **_SHOULD,
    ),
    refused_if(
        "bodies-begin-with-a-brace",
        "TC-GEN-08",
        60003,
        lambda call: not call.incoming.body.startswith(b"{"),
        shows="white space before a body is refused",
        cls="encoding",
    ),
    refused_if(
        "letters-on-one-line",
        "TC-GEN-08",
        90001,
        lambda call: b"\n" in call.incoming.body,
        operation=_LETTER,
        shows="a letter on several lines is refused",
        cls="encoding",
    ),
    refused_if(
        "receipts-in-one-order",
        "TC-GEN-08",
        90001,
        _out_of_order,
        operation=_C2C,
        shows="MsgKey before From_Account is refused",
        cls="encoding",
    ),
    refused_if(
        "positions-without-escapes",
        "TC-GEN-08",
        90001,
        lambda call: b"\\u" in call.incoming.body,
        operation="admin_set_msg_read",
        shows="names in escapes are refused",
        cls="encoding",
    ),
]  # fmt: skip

ALL: list[Fault] = [*_METHODS, *_ADDRESSES, *_CALLERS, *_BODIES]
