"""Faults of read indexes: how they are compared, what members begin with, who is listed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from receiptspec.reference.behaviour import PASS, Fault
from receiptspec.reference.calls import Call, Refusal
from receiptspec.reference.faults.volcengine.families import edits, place_of
from receiptspec.reference.faults.volcengine.writing import field
from receiptspec.reference.volcengine.state import Participant

__all__ = ["ALL"]

_ADD, _MOVE = "BatchAddConversationParticipant", "ModifyParticipantReadIndex"
_LISTED = 20  # members
Item = dict[str, Any]


def _moving(call: Call) -> Participant | None:
    """Return whose index a call moves, if both are there."""
    place, user, index = place_of(call), field(call, "ParticipantUserId"), field(call, "ReadIndex")
    known = place is not None and type(user) is int and type(index) is int
    return place.participants.get(user) if place is not None and known else None


def _compared(name: str, form: Callable[[int], Any], shows: str) -> Fault:
    """Tell forward from backward by another form of the numbers."""

    def forward(call: Call) -> bool:
        one = _moving(call)
        return one is not None and bool(form(call.body["ReadIndex"]) > form(one.read_index))

    def request(call: Call) -> None:
        if _moving(call) is not None and not forward(call):
            raise Refusal("InvalidParam", "ReadIndex: only forward")

    def refuses(call: Call, place: str, reason: str, _code: int | str) -> str | None:
        return PASS if (place, reason) == ("ReadIndex", "backwards") and forward(call) else None

    return _of_moves(name, shows, request=request, refuses=refuses)


def _of_moves(name: str, shows: str, **more: Any) -> Fault:
    return Fault(
        name=f"ve-{name}",
        vendor="volcengine",
        operation=_MOVE,
        requirement="VE-GMRR-94",
        level="SHOULD",
        shows=shows,
        **{"cls": "precision", **more},
    )


def _begins(name: str, change: Callable[[list[Item]], object], shows: str) -> Fault:
    """Have members begin with other indexes than those that are named."""

    def request(call: Call) -> None:
        infos = field(call, "ParticipantInfos")
        if isinstance(infos, list) and all(isinstance(info, dict) for info in infos):
            change(infos)

    return Fault(
        name=f"ve-{name}",
        vendor="volcengine",
        operation=_ADD,
        requirement="VE-GMRR-95",
        level="SHOULD",
        cls="batching",
        request=request,
        shows=shows,
    )


def _behind_others(call: Call) -> None:
    place, one = place_of(call), _moving(call)
    if place is not None and one is not None:
        most = max(each.read_index for each in place.participants.values())
        if one.read_index < call.body["ReadIndex"] <= most:
            raise Refusal("InvalidParam", "ReadIndex: only forward")


def _forgotten(infos: list[Item]) -> None:
    for info in infos:
        info.pop("ReadIndex", None)


def _of_the_first(infos: list[Item]) -> None:
    for info in infos[1:]:
        if "ReadIndex" in infos[0]:
            info["ReadIndex"] = infos[0]["ReadIndex"]


def _first_listed(call: Call, answer: Item) -> None:
    place = place_of(call)
    if "Result" in answer and place is not None:
        shown = set(list(place.participants)[:_LISTED])
        found = answer["Result"]["ReadIndexes"]
        kept = [one for one in found if one["ParticipantUserId"] in shown]
        answer["Result"]["ReadIndexes"] = kept


ALL: list[Fault] = [
    _compared("index-as-text", str, "read indexes are compared as texts"),
    _compared(
        "index-of-32-bits",
        lambda index: index % 2**32,
        "read indexes are compared by their last 32 bits",
    ),
    _of_moves(
        "index-behind-others",
        "a read index has to exceed those of all members",
        request=_behind_others,
        cls="isolation",
    ),
    _begins("begun-index-ignored", _forgotten, "who is added begins at 0, whatever is named"),
    _begins("begun-index-of-first", _of_the_first, "all begin with the read index of the first"),
    edits(
        "indexes-of-twenty",
        95,
        _first_listed,
        operation="GetParticipantReadIndex",
        cls="limits",
        shows="the read indexes of the first twenty members are listed",
    ),
]
