"""Freedoms of a server of Tencent's about what two people write to each other."""

from __future__ import annotations

from typing import Any

from receiptspec.reference.behaviour import Variant
from receiptspec.reference.calls import Call, Refusal

__all__ = ["ALL"]


def _first_by_random(call: Call, answer: dict[str, Any]) -> None:
    """Take a letter with a random number that was there before for a repetition of that."""
    if answer["ErrorCode"] != 0:
        return
    sender = call.body.get("From_Account", call.site.identifier)
    pair = call.site.store.between(sender, call.body["To_Account"])
    known = (sender, call.body["MsgRandom"])
    same = [m for m in pair if (m.sender, m.random) == known]
    if len(same) > 1:
        pair.remove(same[-1])
        answer.update(MsgTime=same[0].time, MsgKey=same[0].key)


def _no_places(call: Call) -> None:
    parts = call.body.get("MsgBody") if isinstance(call.body, dict) else None
    for part in parts if isinstance(parts, list) else ():
        if isinstance(part, dict) and part.get("MsgType") == "TIMLocationElem":
            raise Refusal(90010, "MsgBody[].MsgType: not supported")


def _something_to_mark(call: Call) -> None:
    people = [call.body.get(name) for name in ("Report_Account", "Peer_Account")]
    if set(map(str, people)) <= call.site.store.accounts.keys():
        user, peer = map(str, people)
        if not any(m.sender == peer for m in call.site.store.between(user, peer)):
            raise Refusal(90048, "Peer_Account: no such conversation")


def _numbered_here(call: Call) -> None:
    if isinstance(call.body, dict) and isinstance(call.body.get("MsgSeq"), int):
        del call.body["MsgSeq"]


def _free(name: str, requirement: str, shows: str, operation: str, **how: Any) -> Variant:
    return Variant(name=name, requirement=requirement, shows=shows, operation=operation, **how)


ALL: list[Variant] = [
    _free(
        "senders-numbers-ignored",
        "TC-ROM-10",
        "sendmsg numbers messages itself, whatever MsgSeq it is given",
        "sendmsg",
        request=_numbered_here,
    ),
    _free(
        "letters-known-by-random",
        "TC-SND-25",
        "MsgTime and MsgKey of the first letter with this MsgRandom",
        "sendmsg",
        answer=_first_by_random,
    ),
    _free("text-alone", "TC-SMR-14", "90010 for a place", "sendmsg", request=_no_places),
    _free(
        "empty-conversations-not-marked",
        "TC-SMR-10",
        "90048 where nothing of the peer was received",
        "admin_set_msg_read",
        request=_something_to_mark,
    ),
]
