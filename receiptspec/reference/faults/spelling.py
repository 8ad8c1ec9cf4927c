"""Faults of cursors, and of names and ids that are taken for others."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

from receiptspec.reference.behaviour import Fault
from receiptspec.reference.calls import Call
from receiptspec.reference.faults.families import ASK, DETAIL, READ, group_of, refused_if, succeeded

__all__ = ["ALL"]

_SHOULD: dict[str, Any] = {"level": "SHOULD"}
_SEND, _MEMBERS = "send_group_msg", "get_group_member_info"
_LISTS = ("ReadList", "UnreadList")
_ENTRIES = ("Read_Account", "Unread_Account")
_FIRST_CURSOR = 144_115_188_000_000_000
_WORDS = frozenset(("constructor", "toString", "__proto__", "hasOwnProperty"))


# --- cursors ---------------------------------------------------------------------------------


def _whole_list(call: Call) -> dict[str, int]:
    """Return the members of the list that is asked for, with their join order."""
    group = group_of(call)
    message = group.messages.get(call.body["MsgSeq"]) if group is not None else None
    if group is None or message is None:
        return {}
    halves = call.site.store.split(call, group, message)
    return dict(halves[call.body["Filter"]])


def _list_of(answer: dict[str, Any]) -> int | None:
    return next((kind for kind, key in enumerate(_LISTS) if key in answer), None)


def _fill(answer: dict[str, Any], names: list[str], last: bool, cursor: str) -> None:
    kind = _list_of(answer)
    if kind is not None:
        answer[_LISTS[kind]] = [{_ENTRIES[kind]: name} for name in names]
        answer.update(IsFinish=int(last), Cursor="0" if last else cursor)


def _from_snapshot(call: Call, answer: dict[str, Any]) -> None:
    """Go on in the list that was begun last for a message of that number, in whatever group."""
    if not succeeded(answer) or _list_of(answer) is None:
        return
    place, cursor = (call.body["MsgSeq"], call.body["Filter"]), call.body["Cursor"]
    kept = call.memory("snapshots")
    if not cursor:
        kept[place] = _whole_list(call)
        return
    base = 144_115_188_075_855_872
    rest = [(o, n) for n, o in kept.get(place, {}).items() if o > int(cursor) - base]
    page = rest[: call.body["Count"]]
    last = len(page) == len(rest)
    _fill(answer, [n for _, n in page], last, str(base + page[-1][0]) if page else "0")


def _takes_token(call: Call) -> None:
    """Take a cursor of our own back for what it stands for."""
    cursor = call.body.get("Cursor") if isinstance(call.body, dict) else None
    known = call.memory("tokens")
    if isinstance(cursor, str) and cursor in known:
        call.notes["token"] = known[cursor]
        call.body["Cursor"] = known[cursor]["real"]
        known[cursor]["uses"] += 1


def _gives_token(call: Call, answer: dict[str, Any], **more: Any) -> None:
    known = call.memory("tokens")
    token = str(_FIRST_CURSOR + len(known))
    known[token] = {"real": answer["Cursor"], "uses": 0, **more}
    answer["Cursor"] = token


def _spent(call: Call, answer: dict[str, Any]) -> None:
    """Have nothing left for a cursor that was used before."""
    if not succeeded(answer) or _list_of(answer) is None:
        return
    if call.notes.get("token", {}).get("uses", 0) > 1:
        _fill(answer, [], last=True, cursor="0")
    elif not answer["IsFinish"]:
        _gives_token(call, answer)


def _sorted_by_name(call: Call, answer: dict[str, Any]) -> None:
    """Sort by the bytes of names, and go on behind a name without telling capitals."""
    if not succeeded(answer) or _list_of(answer) is None:
        return
    token = call.notes.get("token", {})
    names = sorted(_whole_list(call))
    rest = [name for name in names if name.lower() > token.get("behind", "").lower()]
    page = rest[: call.body["Count"]]
    last = len(page) == len(rest)
    _fill(answer, page, last, "")
    if not last:
        _gives_token(call, answer, behind=page[-1])
        call.memory("tokens")[answer["Cursor"]]["real"] = ""


_CURSORS = [
    Fault(
        name="snapshots-without-their-group",
        requirement="TC-GMD-08",
        operation=DETAIL,
        answer=_from_snapshot,
        cls="isolation",
        shows="a walk goes on in another group's list for the same MsgSeq",
        also=("TC-GMD-15",),
    ),
    Fault(
        name="cursors-serve-once",
        requirement="TC-GMD-34",
        operation=DETAIL,
        request=_takes_token,
        answer=_spent,
        cls="paging",
        shows="an empty last page for a cursor that was used before",
        **_SHOULD,
    ),
    Fault(
        name="cursors-without-capitals",
        requirement="TC-GMD-08",
        operation=DETAIL,
        request=_takes_token,
        answer=_sorted_by_name,
        cls="paging",
        shows="pages go on behind a name as if capitals were small letters",
    ),
]


# --- names -----------------------------------------------------------------------------------


def _renumbered(_call: Call, answer: dict[str, Any]) -> None:
    """List names of digits as numbers."""
    kind = _list_of(answer)
    for entry in answer[_LISTS[kind]] if kind is not None else ():
        name = entry[_ENTRIES[kind or 0]]
        entry[_ENTRIES[kind or 0]] = str(int(name)) if name.isdigit() else name


def _read_by_namesakes(call: Call, answer: dict[str, Any]) -> None:
    """Let those read as well whose names are the same but for signs at their ends."""
    group = group_of(call)
    if not succeeded(answer) or group is None:
        return
    reader = call.body["From_Account"]
    for item in call.body["MsgSeqList"]:
        message = group.messages.get(item["MsgSeq"])
        for name in message.audience if message is not None and message.receipt else ():
            if message is not None and name.strip("-_") == reader.strip("-_"):
                message.readers.setdefault(name, message.readers.get(reader, 0.0))


_NAMES = [
    Fault(
        name="names-of-digits-as-numbers",
        requirement="TC-GMD-12",
        operation=DETAIL,
        answer=_renumbered,
        cls="encoding",
        shows="007 is listed as 7",
        **_SHOULD,
    ),
    Fault(
        name="names-trimmed-of-signs",
        requirement="TC-GMD-12",
        operation=READ,
        answer=_read_by_namesakes,
        cls="isolation",
        shows="a read of a counts for a- and _a",
        **_SHOULD,
    ),
    Fault(
        name="words-never-read",
        requirement="TC-GMD-12",
        operation=READ,
        knobs={"reads_lost": True},
        when=lambda c: isinstance(c.body, dict) and c.body.get("From_Account") in _WORDS,
        cls="isolation",
        shows="the reads of constructor and __proto__ are lost",
        **_SHOULD,
    ),
]

# --- ids of groups ---------------------------------------------------------------------------


def _id_of(call: Call) -> str:
    found = call.body.get("GroupId") if isinstance(call.body, dict) else None
    return found if isinstance(found, str) else ""


def _taken_for(call: Call, change: Callable[[str], str]) -> None:
    """Name the group whose id becomes the same by a change, where there is none of that id."""
    own, groups = _id_of(call), call.site.store.groups
    if own and own not in groups:
        found = [name for name in groups if change(name) == change(own)]
        call.body["GroupId"] = found[-1] if found else own


def _found_by_pattern(call: Call) -> None:
    """Take an id for a pattern of which _ is any sign and % are any signs."""
    own, groups = _id_of(call), call.site.store.groups
    if own and own not in groups:
        parts = [{"_": ".", "%": ".*"}.get(sign, re.escape(sign)) for sign in own]
        found = [name for name in groups if re.fullmatch("".join(parts), name)]
        call.body["GroupId"] = found[-1] if found else own


def _likened(name: str, change: Callable[[str], str], shows: str) -> Fault:
    return Fault(
        name=name,
        requirement="TC-GMR-33",
        operation=ASK,
        request=lambda call: _taken_for(call, change),
        cls="isolation",
        shows=shows,
        **_SHOULD,
    )


def _without_marks(name: str, operation: str, code: int, marks: str, shows: str) -> Fault:
    def bad(call: Call) -> bool:
        return any(mark in _id_of(call) for mark in marks)

    more: dict[str, Any] = {"operation": operation, "cls": "isolation", "shows": shows}
    return refused_if(name, "TC-GRP-02", code, bad, **more)


_GROUPS = [
    _without_marks("quotes-in-ids-break", ASK, 10002, "'\"\\\\", "10002 for a quote in a GroupId"),
    _without_marks("slashes-in-ids-lost", READ, 10010, "/?", "10010 for a / in a GroupId"),
    _without_marks("separators-in-ids-lost", READ, 10010, ",:|", "10010 for , : | in a GroupId"),
    _without_marks("brackets-in-ids-refused", _SEND, 10004, "<>{}", "10004 for a < in a GroupId"),
    _without_marks("signs-in-ids-refused", _MEMBERS, 10004, "$*", "10004 for a $ in a GroupId"),
    _likened("ids-of-groups-decoded", unquote, "a%41 is the same group as aA"),
    _likened("ids-of-groups-unescaped", html.unescape, "a&amp;b is the same group as a&b"),
    _likened("ids-of-groups-trimmed", lambda n: n.rstrip("."), "a. is the same group as a"),
    Fault(
        name="ids-of-groups-as-patterns",
        requirement="TC-GMR-33",
        operation=ASK,
        request=_found_by_pattern,
        cls="isolation",
        shows="_ in a GroupId stands for any sign",
        **_SHOULD,
    ),
]


# --- two people --------------------------------------------------------------------------------


def _by_number(place: int) -> Callable[[Call], None]:
    """Take the first message with the same number in its MsgKey for the one that is named."""

    def request(call: Call) -> None:
        body = call.body if isinstance(call.body, dict) else {}
        operator, peer, items = (body.get(key) for key in _RECEIPT)
        if not (isinstance(operator, str) and isinstance(peer, str) and isinstance(items, list)):
            return
        sent = [m.key for m in call.site.store.between(operator, peer) if m.receiver == operator]
        for item in items:
            key = item.get("MsgKey") if isinstance(item, dict) else None
            if key in sent:
                number = str(key).split("_")[place]
                item["MsgKey"] = next(k for k in sent if k.split("_")[place] == number)

    return request


def _joined(sign: str) -> Callable[[Call], None]:
    """Keep histories under the names of two people, sorted and joined by a sign."""

    def request(call: Call) -> None:
        body = call.body if isinstance(call.body, dict) else {}
        people = [body.get(key) for key in ("Operator_Account", "Peer_Account")]
        if not all(isinstance(name, str) for name in people):
            return
        directs = call.site.store.directs
        directs.setdefault(frozenset(people), [])
        name = sign.join(sorted(map(str, people)))
        same = [pair for pair in directs if sign.join(sorted(pair)) == name]
        if len(same) > 1:
            every = {id(m): m for pair in same for m in directs[pair]}
            merged = sorted(every.values(), key=lambda message: message.order)
            directs.update(dict.fromkeys(same, merged))

    return request


def _patterned(call: Call) -> None:
    """Take the name of the other of two people for a pattern, as a query may do."""
    body = call.body if isinstance(call.body, dict) else {}
    people = body.get("Operator_Account"), body.get("Peer_Account")
    if not all(isinstance(name, str) for name in people):
        return
    one, other = map(str, people)
    signs = {"_": ".", "%": ".*"}
    pattern = re.compile("".join(signs.get(sign, re.escape(sign)) for sign in other))
    directs = call.site.store.directs
    fitting = [p for p in directs if one in p and any(map(pattern.fullmatch, p - {one}))]
    if len(fitting) > 1 or frozenset((one, other)) not in fitting:
        found = {m.key: m for pair in fitting for m in directs[pair]}
        directs[frozenset((one, other))] = sorted(found.values(), key=lambda m: m.order)


_RECEIPT = ("Operator_Account", "Peer_Account", "C2CMsgInfo")
_PAIRS = [
    *(
        Fault(
            name=name,
            requirement="TC-ROM-04",
            operation="c2c_msg_read_receipt",
            request=_by_number(place),
            cls="isolation",
            shows=f"a receipt turns the first message with the same {field}",
            **_SHOULD,
        )
        for name, place, field in (
            ("receipts-by-sequence", 0, "MsgSeq"),
            ("receipts-by-random", 1, "MsgRandom"),
        )
    ),
    *(
        Fault(
            name=name,
            requirement="TC-ROM-10",
            operation="admin_getroammsg",
            request=_joined(sign),
            cls="isolation",
            shows=f"({one}) and ({other}) have one history",
            **_SHOULD,
        )
        for name, sign, one, other in (
            ("histories-of-names-joined", "", "ab, c", "a, bc"),
            ("histories-of-names-joined-by-a-sign", "_", "a_b, c", "a, b_c"),
        )
    ),
    Fault(
        name="histories-of-patterns",
        requirement="TC-ROM-10",
        operation="admin_getroammsg",
        request=_patterned,
        cls="isolation",
        shows="_ and % in Peer_Account stand for any sign and any signs",
        **_SHOULD,
    ),
]

ALL: list[Fault] = [*_CURSORS, *_NAMES, *_GROUPS, *_PAIRS]
