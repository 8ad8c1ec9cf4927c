"""Faults of letters that were answered, marked or grew old, and of accounts imported again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from receiptspec.reference.behaviour import Fault
from receiptspec.reference.calls import Call
from receiptspec.reference.faults.correspondence import received
from receiptspec.reference.faults.families import READ, edits, group_of, succeeded
from receiptspec.reference.store import Direct

__all__ = ["ALL"]

_C2C, _MARK, _LETTER = "c2c_msg_read_receipt", "admin_set_msg_read", "sendmsg"
_ROAM, _IMPORT = "admin_getroammsg", "account_import"
_SHOULD: dict[str, Any] = {"level": "SHOULD"}
#: Whether a receipt of a letter among those of a conversation is lost that the keys are named in.
Lost = Callable[[Direct, Sequence[Direct], Sequence[str]], bool]


def _people(call: Call) -> tuple[Any, Any]:
    return call.body.get("Operator_Account"), call.body.get("Peer_Account")


def _keys(call: Call) -> list[str]:
    items = call.body.get("C2CMsgInfo")
    listed = items if isinstance(items, list) else []
    return [str(item.get("MsgKey")) for item in listed if isinstance(item, dict)]


def _noting_reads(call: Call) -> None:
    if call.operation == _C2C and all(isinstance(user, str) for user in _people(call)):
        pair = call.site.store.between(*_people(call))
        call.notes["read before"] = {m.key for m in pair if m.peer_read}


def _loses(name: str, requirement: str, lost: Lost, **more: Any) -> Fault:
    """Accept receipts of letters of which `lost` holds, and do nothing about them."""

    def answer(call: Call, answer: dict[str, Any]) -> None:
        if call.operation == _C2C and succeeded(answer):
            pair = call.site.store.between(*_people(call))
            for message in pair:
                new = message.peer_read and message.key not in call.notes["read before"]
                if new and lost(message, pair, _keys(call)):
                    message.peer_read = False

    return edits(name, requirement, answer, request=_noting_reads, **{**_SHOULD, **more})


def _uncounted(messages: Sequence[Direct]) -> None:
    for message in messages:
        message.counted = False


def _answered(call: Call, answer: dict[str, Any]) -> None:
    if succeeded(answer) and "From_Account" in call.body:
        _uncounted(received(call, call.body["From_Account"], call.body["To_Account"]))


def _looked(call: Call, answer: dict[str, Any]) -> None:
    if succeeded(answer):
        _uncounted(received(call, *_people(call)))


def _administrators(call: Call, answer: dict[str, Any]) -> None:
    if succeeded(answer) and "From_Account" not in call.body:
        _uncounted(received(call, call.body["To_Account"], call.site.identifier)[-1:])


def _beside_group(call: Call, answer: dict[str, Any]) -> None:
    group, reader = group_of(call), call.body.get("From_Account")
    if group is not None and succeeded(answer):
        for item in call.body["MsgSeqList"]:
            if item["MsgSeq"] in group.messages:
                _uncounted(received(call, reader, group.messages[item["MsgSeq"]].sender))


def _timed(change: Callable[[Call, str, str, int], None]) -> Callable[[Call, dict[str, Any]], None]:
    """Do more where a conversation is marked with a time."""

    def answer(call: Call, answer: dict[str, Any]) -> None:
        if succeeded(answer) and "MsgReadTime" in call.body:
            user, peer = call.body["Report_Account"], call.body["Peer_Account"]
            change(call, user, peer, int(call.body["MsgReadTime"]))

    return answer


def _acknowledged(call: Call, user: str, peer: str, until: int) -> None:
    for message in received(call, user, peer):
        message.peer_read = message.peer_read or (message.receipt and message.time <= until)


def _others_marked(call: Call, user: str, _peer: str, until: int) -> None:
    for pair in call.site.store.directs.values():
        _uncounted([m for m in pair if m.receiver == user and m.time <= until])


def _noting(call: Call) -> None:
    user, peer = call.body.get("Report_Account"), call.body.get("Peer_Account")
    if isinstance(user, str) and isinstance(peer, str):
        call.notes["unread"] = [m for m in received(call, user, peer) if m.counted]


def _fourth_marking(call: Call, answer: dict[str, Any]) -> None:
    if succeeded(answer):
        made, user = call.memory("markings"), call.body["Report_Account"]
        made[user] = made.get(user, 0) + 1
        for message in call.notes["unread"] if made[user] > 3 else ():
            message.counted = True


def _fifteen(call: Call, answer: dict[str, Any]) -> None:
    """End with the fifteenth newest."""
    if succeeded(answer):
        newest = {m.key for m in call.site.store.between(*_people(call))[-15:]}
        kept = [item for item in answer["MsgList"] if item["MsgKey"] in newest]
        if len(kept) < len(answer["MsgList"]):
            answer.update(MsgList=kept, MsgCnt=len(kept), Complete=1)


def _items(change: Callable[[dict[str, Any]], None]) -> Callable[[Call, dict[str, Any]], None]:
    def answer(_call: Call, answer: dict[str, Any]) -> None:
        for item in answer.get("MsgList", ()) if succeeded(answer) else ():
            change(item)

    return answer


def _again(change: Callable[[Call, str], None]) -> Callable[[Call], None]:
    """Do something to who is imported and was there before."""

    def request(call: Call) -> None:
        user = call.body.get("UserID")
        if isinstance(user, str) and user in call.site.store.accounts:
            change(call, user)

    return request


def _again_with_profile(change: Callable[[Call, str], None]) -> Callable[[Call], None]:
    """Do something to who is imported with a nickname and was there before."""

    def request(call: Call) -> None:
        if "Nick" in call.body:
            _again(change)(call)

    return request


def _again_at_once(change: Callable[[Call, str], None]) -> Callable[[Call], None]:
    """Do something to those of a list who were there before."""

    def request(call: Call) -> None:
        listed = call.body.get("AccountList")
        for item in listed if isinstance(listed, list) else ():
            user = item.get("UserID") if isinstance(item, dict) else None
            if isinstance(user, str) and user in call.site.store.accounts:
                change(call, user)

    return request


def _mail(call: Call, user: str) -> list[Direct]:
    return [m for pair in call.site.store.directs.values() for m in pair if m.receiver == user]


def _unread_gone(call: Call, user: str) -> None:
    _uncounted(_mail(call, user))


def _receipts_gone(call: Call, user: str) -> None:
    for message in _mail(call, user):
        message.peer_read = False


def _reads_gone(call: Call, user: str) -> None:
    for group in call.site.store.groups.values():
        for message in group.messages.values():
            message.readers.pop(user, None)


def _groups_left(call: Call, user: str) -> None:
    for group in call.site.store.groups.values():
        if group.owner != user:
            group.members.pop(user, None)


def _imported(
    name: str,
    change: Callable[[Call, str], None],
    shows: str,
    cls: str,
    again: Callable[[Callable[[Call, str], None]], Callable[[Call], None]] = _again,
) -> Fault:
    return Fault(
        name=name,
        requirement="TC-GRP-16",
        request=again(change),
        operation="multiaccount_import" if again is _again_at_once else _IMPORT,
        cls=cls,
        shows=shows,
    )


ALL: list[Fault] = [
    _loses(
        "answered-letters-stay-unread",
        "TC-ROM-03",
        lambda m, pair, _: any(x.sender == m.receiver and x.order > m.order for x in pair),
        cls="rare-trigger",
        shows="what its receiver has answered cannot be acknowledged",
        also=("TC-C2C-02",),
    ),
    _loses(
        "marked-letters-stay-unread",
        "TC-ROM-03",
        lambda m, *_: not m.counted,
        cls="rare-trigger",
        shows="what was marked as read cannot be acknowledged any more",
    ),
    _loses(
        "old-letters-stay-unread",
        "TC-ROM-03",
        lambda m, pair, _: m not in pair[-15:],
        cls="limits",
        shows="only the 15 newest messages can be acknowledged",
        also=("TC-C2C-02",),
    ),
    _loses(
        "direct-batch-ends-at-five",
        "TC-C2C-02",
        lambda m, _, keys: m.key in keys[5:],
        cls="batching",
        shows="of the receipts of one call the first five count",
        level="MUST",
    ),
    _loses(
        "key-twice-is-lost",
        "TC-C2C-02",
        lambda m, _, keys: keys.count(m.key) > 1,
        cls="batching",
        shows="a message that one call names twice stays unread",
        level="MUST",
    ),
    edits(
        "timed-marking-acknowledges",
        "TC-ROM-05",
        _timed(_acknowledged),
        operation=_MARK,
        cls="isolation",
        shows="IsPeerRead turns 1 where a conversation is marked with a time",
        **_SHOULD,
    ),
    edits(
        "timed-marking-clears-others",
        "TC-SMR-10",
        _timed(_others_marked),
        operation=_MARK,
        cls="isolation",
        shows="marking with a time reads other conversations too",
        **_SHOULD,
    ),
    edits(
        "fourth-marking-is-lost",
        "TC-SMR-06",
        _fourth_marking,
        request=_noting,
        operation=_MARK,
        cls="rare-trigger",
        shows="a user's fourth marking and all after it have no effect",
    ),
    edits(
        "reply-clears-unread",
        "TC-SMR-14",
        _answered,
        operation=_LETTER,
        cls="counting",
        shows="who answers has nothing unread of the other",
        **_SHOULD,
    ),
    edits(
        "history-clears-unread",
        "TC-SMR-14",
        _looked,
        operation=_ROAM,
        cls="counting",
        shows="a look at the history by its receiver leaves nothing unread",
        **_SHOULD,
    ),
    edits(
        "administrators-letters-uncounted",
        "TC-SMR-14",
        _administrators,
        operation=_LETTER,
        cls="roles",
        shows="what the administrator sends is not unread",
        **_SHOULD,
    ),
    edits(
        "group-receipt-clears-letters",
        "TC-GRR-15",
        _beside_group,
        operation=READ,
        cls="isolation",
        shows="a receipt in a group leaves nothing unread of its sender",
        **_SHOULD,
    ),
    edits(
        "history-ends-at-fifteen",
        "TC-ROM-09",
        _fifteen,
        operation=_ROAM,
        cls="limits",
        shows="a history ends after the 15 newest messages",
        **_SHOULD,
    ),
    edits(
        "history-renumbers",
        "TC-ROM-10",
        _items(lambda item: item.update(MsgSeq=item["MsgSeq"] + 1)),
        operation=_ROAM,
        cls="precision",
        shows="MsgSeq of the history is not that of the MsgKey",
        **_SHOULD,
    ),
    edits(
        "history-random-of-31-bits",
        "TC-ROM-10",
        _items(lambda item: item.update(MsgRandom=item["MsgRandom"] % 2**31)),
        operation=_ROAM,
        cls="precision",
        shows="MsgRandom above 2^31 has lost its highest bit in the history",
        **_SHOULD,
    ),
    _imported(
        "imported-again-reads-letters",
        _unread_gone,
        "importing an account again leaves it nothing unread",
        "idempotency",
    ),
    _imported(
        "imported-again-takes-receipts-back",
        _receipts_gone,
        "importing an account again takes its one-to-one receipts back",
        "idempotency",
    ),
    _imported(
        "imported-again-takes-reads-back",
        _reads_gone,
        "importing an account again takes its reads in groups back",
        "idempotency",
    ),
    _imported(
        "imported-again-leaves-groups",
        _groups_left,
        "importing an account again takes it out of its groups",
        "lifecycle",
    ),
    _imported(
        "profiles-read-letters",
        _unread_gone,
        "importing an account with a Nick leaves it nothing unread",
        "idempotency",
        _again_with_profile,
    ),
    _imported(
        "profiles-leave-groups",
        _groups_left,
        "importing an account with a Nick takes it out of its groups",
        "lifecycle",
        _again_with_profile,
    ),
    _imported(
        "imported-at-once-reads-letters",
        _unread_gone,
        "importing accounts again at once leaves them nothing unread",
        "idempotency",
        _again_at_once,
    ),
    _imported(
        "imported-at-once-takes-reads-back",
        _reads_gone,
        "importing accounts again at once takes their reads in groups back",
        "idempotency",
        _again_at_once,
    ),
]
