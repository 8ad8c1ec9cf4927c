"""Freedoms of order, codes and leniency of a server of Tencent's."""

from __future__ import annotations

import re
from typing import Any

from receiptspec.reference.behaviour import PASS, Refuses, Variant
from receiptspec.reference.calls import Call, Refusal, Reply
from receiptspec.reference.store import Message
from receiptspec.reference.tencent.accounts import LONGEST_NAME

__all__ = ["ALL", "free"]

_ASK, _DETAIL = "get_group_msg_receipt", "get_group_msg_receipt_detail"
_LIST = "GroupMsgReceiptList"
_UNWANTED = re.compile(r"<script|\$\{|https?://", re.IGNORECASE)
_WITHOUT_RECEIPTS = ("AVChatRoom", "Community")
_DIRECT = frozenset(
    {
        "sendmsg",
        "c2c_msg_read_receipt",
        "admin_getroammsg",
        "admin_set_msg_read",
        "get_c2c_unread_msg_num",
    }
)


def _code(place: str, reason: str, new: int) -> Refuses:
    return lambda _call, at, why, _code: new if (at, why) == (place, reason) else None


def _of_openim(call: Call, place: str, reason: str, _code: int | str) -> int | None:
    unreadable = (place, reason) in (("body", "not-json"), ("body", "not-object"))
    return 20001 if unreadable and call.operation in _DIRECT else None


def _key_before_people(_call: Call, place: str, reason: str, _code: int | str) -> int | None:
    """Look for the key first: people who do not exist have none."""
    people = ("Operator_Account", "Peer_Account")
    return 90054 if place in people and reason == "unknown" else None


def _accounts_before_number(call: Call, place: str, reason: str, _code: int | str) -> int | None:
    if (place, reason) != ("MemberList", "too-many"):
        return None
    items = [item for item in call.body["MemberList"] if isinstance(item, dict)]
    known = [*call.site.store.accounts]
    return None if all(item.get("Member_Account") in known for item in items) else 10019


def _refused_once_done(_call: Call, answer: dict[str, Any]) -> None:
    """Refuse an addition that names somebody who does not exist, when all others were added."""
    if any(item["Result"] == 0 for item in answer.get("MemberList", ())):
        answer.clear()
        answer.update(ActionStatus="FAIL", ErrorCode=10019, ErrorInfo="an account does not exist")


def _short_lists(call: Call) -> None:
    """Refuse more than ten one-to-one receipts in a call, and a message twice."""
    items = call.body.get("C2CMsgInfo") if isinstance(call.body, dict) else None
    listed = items if isinstance(items, list) else []
    keys = [str(item.get("MsgKey")) for item in listed if isinstance(item, dict)]
    if len(keys) > 10 or len(set(keys)) < len(keys):
        raise Refusal(90010, "C2CMsgInfo: more than ten, or one twice")


def _no_long_names(call: Call) -> None:
    listed = call.body.get("AccountList") if isinstance(call.body, dict) else None
    named = [item for item in listed or () if isinstance(item, dict)]
    if any(len(str(item.get("UserID"))) > LONGEST_NAME for item in named):
        raise Refusal(70402, "AccountList[].UserID: too long")


def _type_of(call: Call) -> str:
    name = call.body.get("GroupId") if isinstance(call.body, dict) else None
    group = call.site.store.groups.get(name) if isinstance(name, str) else None
    return group.type if group is not None else ""


def _lists_anyway(call: Call, _place: str, reason: str, _code: int | str) -> str | None:
    if _type_of(call) not in _WITHOUT_RECEIPTS:
        return None
    return PASS if reason in (*_WITHOUT_RECEIPTS, "no-receipt") else None


def _nobody_listed(call: Call, answer: dict[str, Any]) -> None:
    if answer["ErrorCode"] == 0 and _type_of(call) in _WITHOUT_RECEIPTS:
        answer[("ReadList", "UnreadList")[call.body["Filter"]]] = []


def _newest_cursor(call: Call) -> None:
    """Take the cursor that was given out last, of a message, and no earlier one."""
    cursor, key = call.body.get("Cursor"), _list_of(call)
    first = not isinstance(cursor, str) or cursor in call.knob("first_cursors")
    if not first and cursor != call.memory("cursors").get(key, cursor):
        raise Refusal(10004, "Cursor: no longer valid")


def _cursor_given(call: Call, answer: dict[str, Any]) -> None:
    if answer.get("Cursor") and not answer.get("IsFinish"):
        call.memory("cursors")[_list_of(call)] = answer["Cursor"]


def _list_of(call: Call) -> str:
    return repr([call.body.get(name) for name in ("GroupId", "MsgSeq")])


def _old_import(call: Call) -> None:
    """Take only the field of older revisions."""
    call.body.pop("AccountList", None)


def _without_empty_lists(call: Call, answer: dict[str, Any]) -> None:
    """Leave empty lists out where nothing was asked for."""
    if call.operation == _ASK and answer.get(_LIST) == []:
        del answer[_LIST]


def _bad_items_apart(call: Call) -> None:
    """Take items without a MsgSeq out of the question."""
    found = call.body.get("MsgSeqList")
    if isinstance(found, list):
        bad = [item for item in found if isinstance(item, dict) and "MsgSeq" not in item]
        call.notes["nameless"] = len(bad)
        if bad:
            call.body["MsgSeqList"] = [item for item in found if item not in bad]


def _bad_items_answered(call: Call, answer: dict[str, Any]) -> None:
    """Answer an item without a MsgSeq with one that has no more than a code."""
    nameless = [{"Code": 10004} for _ in range(call.notes.get("nameless", 0))]
    if nameless and answer.get("ErrorCode") == 0:
        answer[_LIST] = [*answer.get(_LIST, ()), *nameless]


def _empty_in_meetings(call: Call, answer: dict[str, Any]) -> None:
    if _type_of(call) in ("ChatRoom", "Meeting"):
        for item in answer.get(_LIST, ()):
            if "UnreadNum" in item:
                item["UnreadNum"] = 0


def _plain_400(call: Call, reply: Reply) -> None:
    if call.incoming.method == "POST" and not call.incoming.body:
        reply.status, reply.body = 400, b"Bad Request"
        reply.headers = [pair for pair in reply.headers if pair[0] != "Content-Encoding"]
        reply.header("Content-Type", "text/plain")


def _filtered(call: Call) -> None:
    body = call.body if isinstance(call.body, dict) else {}
    if _UNWANTED.search(str(body.get("MsgBody", ""))):
        raise Refusal(80001, "the text was refused by a filter")


def _letters_only(call: Call) -> None:
    body = call.body if isinstance(call.body, dict) else {}
    if not set(str(body.get("GroupId", ""))).isdisjoint("'\"\\\\/?%&"):
        raise Refusal(10004, "GroupId: letters, digits and few marks")


def _no_patterns(call: Call) -> None:
    body = call.body if isinstance(call.body, dict) else {}
    if "%" in str(body.get("UserID", "")):
        raise Refusal(70402, "UserID: letters, digits and few marks")


def _without_times(_call: Call, answer: dict[str, Any]) -> None:
    for item in answer.get("MsgList", ()):
        del item["MsgTimeStamp"]


def _no_extension(call: Call) -> None:
    if call.body.get("SupportMessageExtension"):
        raise Refusal(10004, "SupportMessageExtension: not in this edition")


def _seqs(call: Call) -> list[Any]:
    named = call.body.get("MsgSeqList")
    items = named if isinstance(named, list) else []
    return [item.get("MsgSeq") for item in items if isinstance(item, dict)]


def _to_read(call: Call) -> list[Message]:
    """Return the messages of the group that the call names."""
    group = call.site.store.groups.get(str(call.body.get("GroupId")))
    seqs = _seqs(call)
    return [m for m in group.messages.values() if m.seq in seqs] if group is not None else []


def _no_repeats(call: Call) -> None:
    seqs = _seqs(call)
    if len({*map(repr, seqs)}) < len(seqs):
        raise Refusal(10004, "MsgSeqList: names a message twice")


def _not_again(call: Call) -> None:
    """Refuse to read what this member has read already."""
    reader = call.body.get("From_Account")
    if any(reader in message.readers for message in _to_read(call)):
        raise Refusal(10024, "already handled")


def _none_recalled(call: Call) -> None:
    """Refuse a call that reads a recalled message."""
    if any(message.recalled for message in _to_read(call)):
        raise Refusal(10062, "MsgSeqList: a message was recalled")


def free(name: str, requirement: str, shows: str, operation: str = "", **how: Any) -> Variant:
    """Return a variant by what a client sees of it."""
    return Variant(name=name, requirement=requirement, shows=shows, operation=operation, **how)


ALL: list[Variant] = [
    Variant(
        name="direct-lists-are-short",
        requirement="TC-C2C-17",
        request=_short_lists,
        operation="c2c_msg_read_receipt",
        shows="more than ten one-to-one receipts in a call, or a message twice, are 90010",
    ),
    free(
        "unknown-app-60025",
        "TC-GEN-21",
        "60025 for an SDKAppID that does not exist",
        refuses=_code("sdkappid", "unknown", 60025),
    ),
    free("broken-json-20001", "TC-C2C-12", "20001 in openim", refuses=_of_openim),
    free(
        "key-before-people",
        "TC-C2C-10",
        "90054 where an account does not exist",
        "c2c_msg_read_receipt",
        refuses=_key_before_people,
    ),
    free(
        "accounts-before-number",
        "TC-GRP-08",
        "10019 where too many are to be added who do not exist",
        "add_group_member",
        refuses=_accounts_before_number,
    ),
    free(
        "stranger-refuses-addition",
        "TC-GRP-07",
        "10019 where somebody who is to be added does not exist; all others are added",
        "add_group_member",
        answer=_refused_once_done,
    ),
    free(
        "lists-of-rooms-empty",
        "TC-GMD-31",
        "OK and nobody for a message of an AVChatRoom",
        _DETAIL,
        refuses=_lists_anyway,
        answer=_nobody_listed,
    ),
    free(
        "newest-cursor-only",
        "TC-GMD-08",
        "10004 for any Cursor but the newest of a message",
        _DETAIL,
        request=_newest_cursor,
        answer=_cursor_given,
    ),
    free(
        "accounts-as-of-old",
        "TC-GRP-18",
        "multiaccount_import knows Accounts alone",
        "multiaccount_import",
        request=_old_import,
    ),
    free(
        "empty-list-without-answer",
        "TC-GMR-34",
        "OK and no GroupMsgReceiptList where nothing is asked for",
        _ASK,
        knobs={"empty_list_is_ok": True},
        answer=_without_empty_lists,
    ),
    free(
        "bad-items-without-seq",
        "TC-GMR-19",
        "an item without MsgSeq gets Code 10004 and no more",
        _ASK,
        knobs={"empty_list_is_ok": True},
        request=_bad_items_apart,
        answer=_bad_items_answered,
    ),
    free(
        "meetings-wait-for-nobody",
        "TC-GMR-27",
        "UnreadNum is always 0 in ChatRoom groups",
        _ASK,
        answer=_empty_in_meetings,
    ),
    free("texts-filtered", "TC-GEN-34", "80001 for links", "send_group_msg", request=_filtered),
    free(
        "marks-in-ids-refused",
        "TC-GRP-02",
        "10004 for quotes and slashes in a GroupId of one's own",
        "create_group",
        request=_letters_only,
    ),
    free(
        "marks-in-names-refused",
        "TC-ROM-10",
        "70402 for a percent sign in a UserID",
        "account_import",
        request=_no_patterns,
    ),
    free(
        "history-without-times",
        "TC-ROM-10",
        "no message of a history of two people has its time",
        "admin_getroammsg",
        answer=_without_times,
    ),
    free(
        "no-message-extension",
        "TC-SND-12",
        "10004 for SupportMessageExtension 1",
        "send_group_msg",
        request=_no_extension,
    ),
    free(
        "repeats-in-reads-refused",
        "TC-GRR-06",
        "10004 for a call that reads a message twice",
        "group_msg_receipt",
        request=_no_repeats,
    ),
    free(
        "read-again-refused",
        "TC-GRR-07",
        "10024 for a message that the member has read already",
        "group_msg_receipt",
        request=_not_again,
    ),
    free(
        "recalled-in-reads-refused",
        "TC-GRR-06",
        "10062 for a call that reads a recalled message",
        "group_msg_receipt",
        request=_none_recalled,
    ),
    free("empty-body-400", "TC-GEN-12", "HTTP 400 and no JSON without a body", reply=_plain_400),
    free(
        "marks-end-before-now",
        "TC-SMR-06",
        "without MsgReadTime what is older than this second is read",
        "admin_set_msg_read",
        knobs={"marks_end_before_now": True},
    ),
    free(
        "one-alone-is-invited",
        "TC-GRP-06",
        "who is added alone has to agree: Result 3",
        "add_group_member",
        knobs={"one_is_invited": True},
    ),
    free(
        "bad-names-refuse-imports",
        "TC-GRP-18",
        "70402 where one of the accounts has too long a name",
        "multiaccount_import",
        request=_no_long_names,
    ),
]
