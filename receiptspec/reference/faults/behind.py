"""Faults behind a refusal: the right code comes, and what was asked for is told or done."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from receiptspec.reference.behaviour import Fault
from receiptspec.reference.calls import Call, Refusal, Shrug
from receiptspec.reference.faults.families import ASK
from receiptspec.reference.tencent import documents
from receiptspec.reference.tencent.face import OPERATIONS, SERVICES
from receiptspec.reference.tencent.fields import Fields

__all__ = ["ALL"]

Holds = Callable[[Call, dict[str, Any]], bool]


def _performed(call: Call) -> dict[str, Any]:
    """Do what a refused call asks for and return what it would have been answered."""
    body = documents.read(call.incoming.body) if call.incoming.body else None
    if call.operation not in OPERATIONS or not isinstance(body, dict):
        return {}
    code, _, handlers = SERVICES[OPERATIONS[call.operation]]
    call.body = body
    try:
        return handlers[call.operation](call.site, call, Fields(call, body, code))
    except (Refusal, Shrug):
        return {}


def _told(holds: Holds) -> Callable[[Call, dict[str, Any]], None]:
    def answer(call: Call, document: dict[str, Any]) -> None:
        if holds(call, document):
            for name, value in _performed(call).items():
                document.setdefault(name, value)

    return answer


def _done(holds: Holds) -> Callable[[Call, dict[str, Any]], None]:
    def answer(call: Call, document: dict[str, Any]) -> None:
        if holds(call, document):
            _performed(call)

    return answer


def _by_get(call: Call, document: dict[str, Any]) -> bool:
    return call.incoming.method == "GET" and document["ErrorCode"] != 0


def _for(code: int) -> Holds:
    return lambda _call, document: document["ErrorCode"] == code


ALL: list[Fault] = [
    Fault(
        name=name,
        requirement=requirement,
        operation=operation,
        answer=answer,
        shows=shows,
        cls="leniency",
        also=also,
    )
    for name, requirement, operation, answer, shows, also in (
        (
            "receipts-beside-refused-method",
            "TC-GEN-09",
            ASK,
            _told(_by_get),
            "GET is refused, with the receipts beside the code",
            ("TC-GEN-10",),
        ),
        (
            "members-beside-refused-user",
            "TC-GEN-19",
            "get_group_member_info",
            _told(_for(60010)),
            "a user is refused, with the members beside the code",
            (),
        ),
        (
            "refused-method-performed",
            "TC-GEN-09",
            "",
            _done(_by_get),
            "GET is refused, and what its body says is done",
            (),
        ),
        (
            "refused-user-dismisses",
            "TC-GEN-19",
            "destroy_group",
            _done(_for(60010)),
            "a user is refused, and the group is dismissed",
            (),
        ),
        (
            "refused-user-adds",
            "TC-GEN-19",
            "add_group_member",
            _done(_for(60010)),
            "a user is refused, and the members are added",
            (),
        ),
        (
            "refused-user-sends",
            "TC-GEN-19",
            "send_group_msg",
            _done(_for(60010)),
            "a user is refused, and the message is sent",
            (),
        ),
        (
            "expired-usersig-reads",
            "TC-SIG-03",
            "group_msg_receipt",
            _done(_for(70001)),
            "an expired UserSig is refused, and the read counts",
            (),
        ),
        (
            "forged-usersig-marks",
            "TC-SIG-05",
            "admin_set_msg_read",
            _done(_for(70009)),
            "a forged UserSig is refused, and the conversation is marked as read",
            (),
        ),
        (
            "forged-usersig-reads-letters",
            "TC-SIG-05",
            "c2c_msg_read_receipt",
            _done(_for(70009)),
            "a forged UserSig is refused, and the letter is read",
            (),
        ),
        (
            "expired-usersig-takes-back",
            "TC-SIG-03",
            "group_msg_recall",
            _done(_for(70001)),
            "an expired UserSig is refused, and the message is recalled",
            (),
        ),
    )
]
