"""Who may call: the query parameters and the UserSig (O1, U1), before any look at the body."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qsl

from receiptspec.reference.calls import Call
from receiptspec.reference.tencent import usersig
from receiptspec.reference.tencent.fields import UINT32
from receiptspec.reference.tencent.site import Site

__all__ = ["admit", "parameters"]

NO_APP, BAD_PARAMETERS, UNKNOWN_APP, NO_ADMINISTRATOR = 60012, 60025, 70020, 60010


def parameters(call: Call) -> Mapping[str, str]:
    """Return the query's parameters; one that stands twice is refused."""
    pairs = parse_qsl(
        call.incoming.query, keep_blank_values=True, errors="replace", max_num_fields=None
    )
    found = dict(pairs)
    if len(found) != len(pairs):
        call.refuse("query", "duplicate", BAD_PARAMETERS, "a URL parameter stands twice")
    lower = call.knob("aliases")
    return {lower.get(name, name): value for name, value in found.items()}


def admit(site: Site, call: Call) -> None:
    """Let only a signed call of the administrator through. Raises `Refusal`."""
    query = call.query
    _app(site, call, query)
    for name in ("identifier", "usersig"):
        if name not in query:
            call.refuse(name, "missing", BAD_PARAMETERS, f"the URL has no {name}")
    _form(call, query)
    call.operator = query.get("identifier", site.identifier)
    if "usersig" in query:
        usersig.verify(call, query["usersig"], app=site.app, identifier=call.operator, key=site.key)
    if call.operator != site.identifier:
        info = "the identifier is not an administrator of the app"
        call.refuse("identifier", "ordinary-user", NO_ADMINISTRATOR, info)


def _app(site: Site, call: Call, query: Mapping[str, str]) -> None:
    if not query.get("sdkappid"):
        call.refuse("sdkappid", "missing", NO_APP, "the URL has no sdkappid")
    elif query["sdkappid"] != str(site.app):
        call.refuse("sdkappid", "unknown", UNKNOWN_APP, "there is no such SDKAppID")


def _form(call: Call, query: Mapping[str, str]) -> None:
    """Check what only formats the call; the documents do not say what its absence does."""
    if query.get("contenttype", "json") != "json":
        call.refuse("contenttype", "choice", BAD_PARAMETERS, "contenttype: only json")
    random = query.get("random", "0")
    plain = random.isascii() and random.isdigit() and len(random) <= 10
    if not plain or int(random) > UINT32:
        call.refuse("random", "range", BAD_PARAMETERS, "random: an unsigned 32-bit integer")
