"""What Tencent's histories keep of a message, beside what was sent."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs

from receiptspec.neutral import Answer, Strayed
from receiptspec.strictjson import RawNumber

__all__ = ["strayed"]

_KEY = re.compile(r"(\d{1,10})_(\d{1,10})_(\d{1,16})", re.ASCII)
_NEAR = 1e-4
_SAME_TIME = 60  # seconds by which two clocks of one server may differ


def strayed(sent: Answer, item: Mapping[str, Any]) -> list[Strayed]:
    """Compare people, numbers, time, flags and contents (M1, M2, G6, R6).

    What names no sender is the administrator's who called.
    Of a group no MsgRandom is documented, and of two people not that the MsgSeq of the sender is
    taken: the MsgKey says which one was. What the item lacks is a matter of its schema, but for
    CloudCustomData of two people.
    """
    body, direct = sent.request_body, sent.operation == "sendmsg"
    wanted: dict[str, Any] = {
        "From_Account": body["From_Account"] if "From_Account" in body else _caller(sent),
        "To_Account": body.get("To_Account") if direct else None,
        "MsgRandom": body.get("MsgRandom") if direct else None,
        "MsgSeq": _in_key(sent) if direct else sent.get("MsgSeq"),
        "MsgFlagBits" if direct else "IsPlaceMsg": 0,
    }
    found = [
        Strayed(name, value, item[name])
        for name, value in wanted.items()
        if value is not None and name in item and item[name] != value
    ]
    told, shown = sent.get("MsgTime"), item.get("MsgTimeStamp")
    if type(told) is int and type(shown) is int and abs(told - shown) > _SAME_TIME:
        found.append(Strayed("MsgTimeStamp", told, shown))
    custom, kept = body.get("CloudCustomData"), item.get("CloudCustomData")
    if custom and kept != custom and (direct or kept is not None):
        found.append(Strayed("CloudCustomData", custom, kept, content=True))
    return found + _parts(body.get("MsgBody"), item.get("MsgBody"))


def _caller(sent: Answer) -> str | None:
    """Return the identifier in the URL of a call, who is the administrator."""
    query = parse_qs(sent.exchange.request.target.partition("?")[2])
    return next(iter(query.get("identifier", ())), None)


def _in_key(sent: Answer) -> int | None:
    """Return the MsgSeq in a MsgKey that is made as documented: of it, MsgRandom and MsgTime."""
    key = sent.get("MsgKey")
    found = _KEY.fullmatch(key) if isinstance(key, str) else None
    rest = (sent.request_body.get("MsgRandom"), sent.get("MsgTime"))
    return int(found[1]) if found and (int(found[2]), int(found[3])) == rest else None


def _parts(sent: Any, kept: Any) -> list[Strayed]:
    """Compare the parts of MsgBody by what was sent of each; more may be there."""
    if not isinstance(sent, list) or not isinstance(kept, list):
        return []
    if len(sent) != len(kept):
        return [Strayed("MsgBody", f"{len(sent)} parts", f"{len(kept)} parts", content=True)]
    found = []
    for place, (one, shown) in enumerate(zip(sent, kept, strict=True)):
        path = f"MsgBody[{place}]"
        other = shown if isinstance(shown, dict) else {}
        content = other.get("MsgContent")
        content = content if isinstance(content, dict) else {}
        if other.get("MsgType") != one["MsgType"]:
            kind = other.get("MsgType")
            found.append(Strayed(f"{path}.MsgType", one["MsgType"], kind, content=True))
        found += [
            Strayed(f"{path}.MsgContent.{key}", value, content.get(key), content=True)
            for key, value in one["MsgContent"].items()
            if not _same(value, content.get(key, ""))
        ]
    return found


def _same(sent: Any, shown: Any) -> bool:
    """Whether a value came back: of a number with a fraction, as near as a short one can be."""
    if isinstance(sent, float) and isinstance(shown, int | RawNumber):
        return abs(float(str(shown)) - sent) < _NEAR
    return bool(sent == shown)
