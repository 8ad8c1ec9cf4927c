"""Faults of what stands between those who ask and the state: answers that are kept and given again.

Whatever is written, all that was kept is forgotten.
"""

from __future__ import annotations

import copy
import json
from typing import Any

from receiptspec.reference import outside
from receiptspec.reference.behaviour import PASS, Fault
from receiptspec.reference.calls import Call, Reply, Shrug
from receiptspec.reference.faults.families import ASK, DETAIL, READ, succeeded

__all__ = ["ALL", "kept", "once_more", "unchecked"]

_ROAM, _UNREAD = "admin_getroammsg", "get_c2c_unread_msg_num"
_MEMBERS, _GROUP = "get_group_member_info", "group_msg_get_simple"
_LONG = 10.0  # seconds
_SHOULD: dict[str, Any] = {"level": "SHOULD"}


def _asks(call: Call) -> bool:
    return call.operation.startswith(("get_", "Get", "BatchGet")) or call.operation in (
        _ROAM,
        _GROUP,
    )


def _is_fine(answer: dict[str, Any]) -> bool:
    return succeeded(answer) or "Result" in answer


def unchecked(
    name: str, requirement: str, operation: str, *violations: tuple[str, str], **more: Any
) -> Fault:
    """Answer without a look at the credential what has been answered to somebody else."""

    def refuses(call: Call, place: str, reason: str, _code: int | str) -> str | None:
        asked = (call.operation, call.incoming.body)
        known = asked in call.memory(name) and call.operation == operation
        return PASS if known and (place, reason) in violations else None

    def answer(call: Call, sent: dict[str, Any]) -> None:
        answered = call.memory(name)
        if not _asks(call):
            answered.clear()
        elif _is_fine(sent):
            answered[call.operation, call.incoming.body] = True

    return Fault(
        name=name,
        requirement=requirement,
        refuses=refuses,
        answer=answer,
        **{"cls": "authentication", **more},
    )


def kept(name: str, requirement: str, operation: str, *forgotten: str, **more: Any) -> Fault:
    """Give the answer to the same call again, or to one that differs in the `forgotten` fields."""

    def answer(call: Call, sent: dict[str, Any]) -> None:
        answers, now = call.memory(name), outside.ticks()
        if not _asks(call):
            answers.clear()
        if call.operation != operation or not isinstance(call.body, dict):
            return
        body = {field: value for field, value in call.body.items() if field not in forgotten}
        key = json.dumps(body, sort_keys=True)
        moment, before = answers.get(key, (-_LONG, None))
        if now - moment < _LONG:
            sent.clear()
            sent.update(copy.deepcopy(before))
        elif _is_fine(sent):
            answers[key] = (now, copy.deepcopy(sent))

    return Fault(name=name, requirement=requirement, answer=answer, **{"cls": "isolation", **more})


def _if_refused(name: str, requirement: str, operation: str, **more: Any) -> Fault:
    """Give what was answered to the same call before where it would be refused by now."""

    def answer(call: Call, sent: dict[str, Any]) -> None:
        answers, body = call.memory(name), call.incoming.body
        if call.operation == operation and _is_fine(sent):
            answers[body] = copy.deepcopy(sent)
        elif call.operation == operation and body in answers:
            sent.clear()
            sent.update(copy.deepcopy(answers[body]))

    return Fault(name=name, requirement=requirement, answer=answer, **{"cls": "lifecycle", **more})


def _later_pages(name: str, requirement: str, **more: Any) -> Fault:
    """Give each page after the first as it was when it was asked for first."""

    def answer(call: Call, sent: dict[str, Any]) -> None:
        pages, body = call.memory(name), call.incoming.body
        if call.operation != DETAIL or not (call.body or {}).get("Cursor"):
            return
        if body in pages:
            sent.clear()
            sent.update(copy.deepcopy(pages[body]))
        elif _is_fine(sent):
            pages[body] = copy.deepcopy(sent)

    return Fault(name=name, requirement=requirement, answer=answer, **{"cls": "isolation", **more})


def once_more(name: str, requirement: str, operation: str, *violations: str, **more: Any) -> Fault:
    """Give a refusal for one of these reasons once more to the next call of its connection."""

    def refuses(call: Call, place: str, reason: str, _code: int | str) -> None:
        call.notes[name] = f"{place} {reason}" in violations

    def reply(call: Call, sent: Reply) -> None:
        refused, connection = call.memory(name), call.incoming.connection
        before = refused.pop(connection, None)
        if call.notes.get(name):
            refused[connection] = (sent.status, sent.body)
        elif before is not None and call.operation == operation:
            sent.status, sent.body = before

    return Fault(
        name=name,
        requirement=requirement,
        refuses=refuses,
        reply=reply,
        **{"cls": "isolation", **more},
    )


def _by_address(name: str, requirement: str, operation: str, **more: Any) -> Fault:
    """Give the answer to the call of the same address again, whatever the body; do nothing else."""

    def request(call: Call) -> None:
        if call.incoming.query in call.memory(name):
            raise Shrug

    def answer(call: Call, sent: dict[str, Any]) -> None:
        answers = call.memory(name)
        before = answers.get(call.incoming.query)
        if before is not None:
            sent.clear()
            sent.update(copy.deepcopy(before))
        elif _is_fine(sent):
            answers[call.incoming.query] = copy.deepcopy(sent)

    return Fault(
        name=name,
        requirement=requirement,
        operation=operation,
        request=request,
        answer=answer,
        **{"cls": "isolation", **more},
    )


ALL: list[Fault] = [
    _if_refused(
        "lists-told-when-refused",
        "TC-GMD-30",
        DETAIL,
        shows="a list that was told once is told still when the group is dismissed",
        also=("TC-GMD-30b",),
    ),
    kept(
        "lists-kept-for-any-filter",
        "TC-GMD-03",
        DETAIL,
        "Filter",
        shows="who has read is listed again where somebody asks who has not",
        also=("TC-GMD-11", "TC-GMD-12", "TC-GMD-13", "TC-GMD-14", "TC-GMD-17", "TC-GMD-24"),
    ),
    kept(
        "lists-kept-for-any-size",
        "TC-GMD-04",
        DETAIL,
        "Count",
        shows="a page is told again where a smaller one is asked for",
        also=("TC-GMD-19",),
    ),
    kept(
        "lists-kept-for-any-message",
        "TC-GMD-10",
        DETAIL,
        "MsgSeq",
        shows="the list of another message is told again",
        also=("TC-GMD-20",),
    ),
    _later_pages(
        "later-pages-kept",
        "TC-GMD-12",
        shows="who reads is listed still on a later page that was told before",
        level="SHOULD",
    ),
    once_more(
        "refusals-of-forgers-once-more",
        "TC-GMR-01",
        ASK,
        "usersig signature",
        shows="the refusal of a forged UserSig is told to the next call of the connection as well",
    ),
    once_more(
        "refusals-of-the-unsigned-once-more",
        "TC-GMR-01",
        ASK,
        "usersig missing",
        shows="the refusal of no UserSig is told to the next call of the connection as well",
    ),
    _by_address(
        "receipts-kept-by-address",
        "TC-GMR-04",
        ASK,
        shows="receipts are told again to the same URL, whatever messages the body names",
    ),
    _by_address(
        "lists-kept-by-address",
        "TC-GMD-10",
        DETAIL,
        shows="a list is told again to the same URL, whatever message the body names",
    ),
    _by_address(
        "sends-kept-by-address",
        "TC-SND-11",
        "send_group_msg",
        shows="a message sent to the URL of another is not stored",
    ),
    _by_address(
        "reads-kept-by-address",
        "TC-GRR-02",
        READ,
        shows="a receipt sent to the URL of another has no effect",
        **_SHOULD,
    ),
    unchecked(
        "kept-letters-for-the-expired",
        "TC-SIG-03",
        _ROAM,
        ("usersig", "expired"),
        shows="a history that was just told is told again to an expired UserSig",
    ),
    unchecked(
        "kept-counts-for-forgers",
        "TC-SIG-05",
        _UNREAD,
        ("usersig", "signature"),
        shows="unread counts that were just told are told again to a forged UserSig",
    ),
    unchecked(
        "kept-messages-for-garbage",
        "TC-SIG-11",
        _GROUP,
        ("usersig", "malformed"),
        shows="messages that were just told are told again to a UserSig that is none",
    ),
    unchecked(
        "kept-messages-for-nobody",
        "TC-GEN-18",
        _GROUP,
        ("usersig", "missing"),
        shows="messages that were just told are told again without a UserSig",
    ),
    unchecked(
        "kept-members-for-users",
        "TC-GEN-19",
        _MEMBERS,
        ("identifier", "ordinary-user"),
        shows="members that were just told are told again to an ordinary user",
    ),
    kept(
        "histories-kept-for-any-time",
        "TC-ROM-06",
        _ROAM,
        "MinTime",
        shows="a history is told again whatever MinTime is, also without one",
    ),
    kept(
        "messages-kept-for-any-place",
        "TC-GRP-13",
        _GROUP,
        "ReqMsgSeq",
        shows="messages are told again whatever ReqMsgSeq is",
        **_SHOULD,
    ),
    kept(
        "messages-kept-for-any-number",
        "TC-GRP-13",
        _GROUP,
        "ReqMsgNumber",
        shows="messages are told again whatever ReqMsgNumber is",
        **_SHOULD,
    ),
    kept(
        "members-kept-for-any-limit",
        "TC-GRP-12",
        _MEMBERS,
        "Limit",
        shows="members are told again whatever Limit is",
    ),
    kept(
        "counts-kept-for-any-peers",
        "TC-SMR-13",
        _UNREAD,
        "Peer_Account",
        shows="unread counts are told again whatever Peer_Account is",
        **_SHOULD,
    ),
]
