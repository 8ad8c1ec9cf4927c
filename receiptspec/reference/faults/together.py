"""Faults of servers that are busy with a call when another comes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from receiptspec.reference.behaviour import Fault
from receiptspec.reference.calls import Call, Shrug
from receiptspec.reference.faults.families import (
    READ,
    edits,
    group_of,
    refused_if,
    succeeded,
)
from receiptspec.reference.store import Direct, Message
from receiptspec.reference.tencent.site import now

__all__ = ["ALL"]

_SEND, _C2C = "send_group_msg", "c2c_msg_read_receipt"
_LETTER, _ADD = "sendmsg", "add_group_member"
_SHOULD: dict[str, Any] = {"level": "SHOULD"}
_BUSY = 0.05  # seconds


def _overlaps(*fields: str) -> Callable[[Call], bool]:
    """Return a test whether another call with the same fields came just now."""

    def test(call: Call) -> bool:
        body = call.body if isinstance(call.body, dict) else {}
        name = [call.operation, *(body.get(field) for field in fields)]
        return bool(call.meanwhile(repr(name), within=_BUSY))

    return test


_same_group = _overlaps("GroupId")


def _wish_lost(call: Call) -> None:
    if _same_group(call):
        call.body.pop("NeedReadReceipt", None)


def _ghost_sent(call: Call) -> None:
    group = group_of(call)
    if group is not None and _same_group(call):
        ghost = Message(0, group.owner or "", call.serial, now(call), [], False, {})
        call.site.store.post(call, group, ghost)


def _letters(call: Call) -> list[Direct]:
    people = call.body.get("From_Account", call.site.identifier), call.body["To_Account"]
    found: list[Direct] = call.site.store.directs.get(frozenset(people), [])
    return found


def _if_together(
    test: Callable[[Call], bool], change: Callable[[Call, dict[str, Any]], None]
) -> Callable[[Call, dict[str, Any]], None]:
    """Return an edit of what is accepted while another call is."""

    def answer(call: Call, sent: dict[str, Any]) -> None:
        if succeeded(sent) and test(call):
            change(call, sent)

    return answer


def _letter_lost(call: Call, _sent: dict[str, Any]) -> None:
    _letters(call).pop()


def _letter_uncounted(call: Call, _sent: dict[str, Any]) -> None:
    _letters(call)[-1].counted = False


def _key_of_neighbour(call: Call, sent: dict[str, Any]) -> None:
    name = repr((call.body.get("From_Account"), call.body["To_Account"]))
    sent["MsgKey"] = call.meanwhile(name, sent["MsgKey"], within=_BUSY) or sent["MsgKey"]


def _member_lost(call: Call, sent: dict[str, Any]) -> None:
    members = call.site.store.groups[call.body["GroupId"]].members
    for item in sent["MemberList"]:
        members.pop(item["Member_Account"], None)


def _shrugged(test: Callable[[Call], bool]) -> Callable[[Call], None]:
    def request(call: Call) -> None:
        if test(call):
            raise Shrug

    return request


_same_receiver = _overlaps("To_Account")

ALL: list[Fault] = [
    edits(
        "letters-at-once-lost",
        "TC-ROM-08",
        _if_together(_same_receiver, _letter_lost),
        operation=_LETTER,
        cls="timing",
        shows="a letter that comes while another to the same person is stored is lost",
        also=("TC-SMR-14",),
    ),
    edits(
        "letters-at-once-count-once",
        "TC-SMR-14",
        _if_together(_same_receiver, _letter_uncounted),
        operation=_LETTER,
        cls="timing",
        shows="letters that come to a person at once are one unread message",
        **_SHOULD,
    ),
    edits(
        "letters-at-once-share-a-key",
        "TC-SND-02",
        _if_together(lambda _: True, _key_of_neighbour),
        operation=_LETTER,
        cls="timing",
        shows="letters that come to a person at once have one MsgKey",
        **_SHOULD,
    ),
    refused_if(
        "letters-at-once-refused",
        "TC-GEN-08",
        90010,
        _same_receiver,
        operation=_LETTER,
        cls="timing",
        shows="a letter that comes while another to the same person is stored is refused",
    ),
    Fault(
        name="marks-at-once-lost",
        requirement="TC-SMR-06",
        request=_shrugged(_overlaps("Report_Account")),
        operation="admin_set_msg_read",
        cls="timing",
        shows="of two conversations that are marked at once one is read",
    ),
    refused_if(
        "imports-at-once-refused",
        "TC-GRP-16",
        70402,
        _overlaps("UserID"),
        operation="account_import",
        cls="timing",
        shows="an account that is imported twice at once is refused",
    ),
    edits(
        "members-at-once-lost",
        "TC-GRP-12",
        _if_together(_same_group, _member_lost),
        operation=_ADD,
        cls="timing",
        shows="of people who are added to a group at once one is a member",
    ),
    refused_if(
        "additions-at-once-refused",
        "TC-GRP-06",
        10004,
        _same_group,
        operation=_ADD,
        cls="timing",
        shows="who is added to a group while another is added is refused",
    ),
    Fault(
        name="wishes-lost-at-once",
        requirement="TC-GMR-04",
        request=_wish_lost,
        operation=_SEND,
        cls="timing",
        shows="of messages that come at once one asks for a receipt",
    ),
    Fault(
        name="sends-at-once-leave-gaps",
        requirement="TC-SND-11b",
        request=_ghost_sent,
        operation=_SEND,
        cls="timing",
        shows="a message that comes while another is stored takes two numbers",
        **_SHOULD,
    ),
    refused_if(
        "sends-at-once-refused",
        "TC-GEN-08",
        10004,
        _same_group,
        operation=_SEND,
        cls="timing",
        shows="a message that comes while another is stored is refused",
    ),
    refused_if(
        "reads-at-once-refused",
        "TC-GRR-01",
        10004,
        _same_group,
        operation=READ,
        cls="timing",
        shows="a receipt that comes while another of the group is stored is refused",
    ),
    refused_if(
        "letters-read-at-once-refused",
        "TC-C2C-01",
        90010,
        _overlaps("Operator_Account"),
        operation=_C2C,
        cls="timing",
        shows="a receipt that comes while another of its sender is stored is refused",
    ),
]
