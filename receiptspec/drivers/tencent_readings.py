"""What Tencent Chat answers, in neutral terms: fields in, numbers and people out.

Sources stand at each reading: the operation pages that the contract lists.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from receiptspec.drivers import tencent_kept
from receiptspec.drivers.base import Driver
from receiptspec.neutral import Answer, Call, Page, Receipt, Strayed

__all__ = ["TencentReadings"]

_PEOPLE = ("From_Account", "To_Account", "Operator_Account", "Report_Account", "Peer_Account")


class TencentReadings(Driver):
    """Everything of the driver that reads answers, and bodies, by their fields."""

    def receipts(self, answer: Answer) -> tuple[Receipt, ...]:
        """Read GroupMsgReceiptList (R1) or the messages of a history (R6)."""
        key, read = "GroupMsgReceiptList", _group_receipt
        if answer.operation == "admin_getroammsg":
            key, read = "MsgList", _direct_receipt
        items = answer.get(key)
        made = [
            read(item, f"$.{key}[{index}]")
            for index, item in enumerate(items if isinstance(items, list) else ())
            if isinstance(item, dict)
        ]
        return tuple(receipt for receipt in made if receipt is not None)

    def page(self, answer: Answer) -> Page:
        """Read a page of members (R2), under either name of the flag that ends the walk."""
        members: list[Any] = []
        found = None
        for key, name in (("ReadList", "Read_Account"), ("UnreadList", "Unread_Account")):
            entries = answer.get(key)
            found = key if entries else found
            members += [
                entry.get(name)
                for entry in (entries if isinstance(entries, list) else ())
                if isinstance(entry, dict)
            ]
        flag = next(
            (key for key in ("IsFinish", "IsFinished") if answer.get(key) is not None), None
        )
        return Page(
            members=tuple(members),
            cursor=answer.get("Cursor"),
            last=answer.get(flag) == 1 if flag else None,
            flag=flag,
            message=answer.get("MsgSeq"),
            key=found,
        )

    def made_group(self, answer: Answer) -> Any:
        """Return GroupId."""
        value = answer.get("GroupId")
        return value if isinstance(value, str) and value else None

    def made_type(self, answer: Answer) -> Any:
        """Return Type (G1)."""
        return answer.get("Type")

    def makes(self, call: Call) -> tuple[str, Any, Any] | None:
        """Return Name, GroupId and Owner_Account of what ``create_group`` is to make."""
        if call.operation != "create_group" or call.path or call.method:
            return None
        body = call.body if isinstance(call.body, dict) else {}
        name, id_ = body.get("Name"), body.get("GroupId")
        shown = name if isinstance(name, str) else "without a name"
        chosen = id_ if isinstance(id_, str) and id_ else None
        return shown[:100], chosen, body.get("Owner_Account")

    def ends(self, call: Call) -> Any:
        """Return the GroupId that ``destroy_group`` is to dismiss."""
        if call.operation != "destroy_group" or not isinstance(call.body, dict):
            return None
        return call.body.get("GroupId")

    def is_gone(self, answer: Answer) -> bool:
        """Whether the code (E1) says that there is no such group, or no more."""
        return answer.code in (10010, 10015)

    def sent_message(self, answer: Answer) -> Any:
        """Return MsgSeq, or MsgKey in a one-to-one conversation."""
        if answer.operation == "sendmsg":
            key = answer.get("MsgKey")
            return key if isinstance(key, str) and key else None
        return _int_or_none(answer.get("MsgSeq"))

    def concerns(self, body: Mapping[str, Any]) -> Any:
        """Read GroupId, or whoever two the body names."""
        if "GroupId" in body:
            return body["GroupId"]
        named = [body[key] for key in _PEOPLE if key in body]
        named = [one[0] if isinstance(one, list) and len(one) == 1 else one for one in named]
        people = {one for one in named if isinstance(one, str)}
        return frozenset(people) if len(people) == 2 else None

    def conversation_named(self, body: Any) -> Any:
        """Read GroupId."""
        return body.get("GroupId") if isinstance(body, Mapping) else None

    def page_wanted(self, body: Any) -> tuple[Any, bool, int] | None:
        """Read MsgSeq, Filter and Count (R2)."""
        if not isinstance(body, Mapping):
            return None
        message, kind, count = (body.get(key) for key in ("MsgSeq", "Filter", "Count"))
        if not (_is_int(message) and kind in (0, 1) and _is_int(kind) and _is_int(count)):
            return None
        return message, kind == 0, int(str(count))

    def named_messages(self, body: Any) -> list[Any]:
        """Read MsgSeqList (R1)."""
        return [item.get("MsgSeq") for item in body.get("MsgSeqList", ())]

    def looked_through(self, answer: Answer) -> bool:
        """Read Complete (R6), or IsFinished of a group (G6): 1 where all of the range is there."""
        key = "IsFinished" if answer.operation == "group_msg_get_simple" else "Complete"
        return bool(answer.get(key) == 1)

    def unread_counts(self, answer: Answer) -> Mapping[Any, int]:
        """Read C2CUnreadMsgNumList (R7)."""
        entries = answer.get("C2CUnreadMsgNumList")
        return {
            entry["Peer_Account"]: entry["C2CUnreadMsgNum"]
            for entry in (entries if isinstance(entries, list) else ())
            if isinstance(entry, dict)
            and _is_int(entry.get("C2CUnreadMsgNum"))
            and "Peer_Account" in entry
        }

    def unread_of_all(self, answer: Answer) -> int | None:
        """Read AllC2CUnreadMsgNum (R7)."""
        number = answer.get("AllC2CUnreadMsgNum")
        return number if _is_int(number) else None

    def unread_unknown(self, answer: Answer) -> Collection[Any]:
        """Read ErrorList (R7)."""
        return _by(answer.get("ErrorList"), "Peer_Account", "Peer_Account").keys()

    def sent_at(self, answer: Answer) -> int | None:
        """Read MsgTime (M1, M2)."""
        return _int_or_none(answer.get("MsgTime"))

    def failed_users(self, answer: Answer) -> list[Any]:
        """Read FailAccounts (A1)."""
        found = answer.get("FailAccounts")
        return found if isinstance(found, list) else []

    def added(self, answer: Answer) -> Mapping[Any, Any]:
        """Read Result of each member (G3): 0 failed, 1 added, 2 was there, 3 waits."""
        return _by(answer.get("MemberList"), "Member_Account", "Result")

    def kept_out(self, answer: Answer) -> list[Any]:
        """Return those whose Result is 0, failed, or 3, to be confirmed (G3)."""
        return [user for user, result in self.added(answer).items() if result in (0, 3)]

    def members(self, answer: Answer) -> tuple[tuple[Any, ...], Any]:
        """Read the members and MemberNum (G5)."""
        listed = _by(answer.get("MemberList"), "Member_Account", "Member_Account")
        return tuple(listed), answer.get("MemberNum")

    def read_position(self, answer: Answer, user: Any) -> Any:
        """Read MsgSeq of a member (G5)."""
        return _by(answer.get("MemberList"), "Member_Account", "MsgSeq").get(user)

    def group_history(self, answer: Answer) -> Mapping[Any, Mapping[str, Any]]:
        """Read the messages of a group by MsgSeq (G6)."""
        items = answer.get("RspMsgList")
        return {
            item["MsgSeq"]: item
            for item in (items if isinstance(items, list) else ())
            if isinstance(item, dict) and _is_int(item.get("MsgSeq"))
        }

    def people_of(self, item: Mapping[str, Any]) -> tuple[Any, Any] | None:
        """Read From_Account and To_Account (R6)."""
        both = item.get("From_Account"), item.get("To_Account")
        return both if None not in both else None

    def strayed(self, sent: Answer, item: Mapping[str, Any]) -> list[Strayed]:
        """Compare people, numbers, time, flags and contents; see `tencent_kept`."""
        return tencent_kept.strayed(sent, item)

    def is_recalled(self, item: Mapping[str, Any]) -> bool:
        """Read IsPlaceMsg (G6): 2 is a recalled message."""
        return bool(item.get("IsPlaceMsg") == 2)

    def recalled(self, answer: Answer) -> Mapping[Any, Any]:
        """Read RetCode by MsgSeq (G7)."""
        return _by(answer.get("RecallRetList"), "MsgSeq", "RetCode")

    def texts_of(self, item: Mapping[str, Any]) -> list[Any]:
        """Return the texts of MsgBody, ``None`` for a part that has none."""
        parts = item.get("MsgBody")
        contents = [
            part.get("MsgContent") if isinstance(part, dict) else None
            for part in (parts if isinstance(parts, list) else ())
        ]
        return [found.get("Text") if isinstance(found, dict) else None for found in contents]

    def direct_history(self, answer: Answer) -> Mapping[Any, Mapping[str, Any]]:
        """Read the messages of two people by MsgKey (R6)."""
        items = answer.get("MsgList")
        return {
            item["MsgKey"]: item
            for item in (items if isinstance(items, list) else ())
            if isinstance(item, dict) and isinstance(item.get("MsgKey"), str)
        }

    def shown_time(self, item: Mapping[str, Any]) -> int | None:
        """Read MsgTimeStamp (R6, G6)."""
        return _int_or_none(item.get("MsgTimeStamp"))

    def imported(self, answer: Answer) -> list[Any]:
        """Read MsgSeq of each imported message (M3)."""
        items = answer.get("ImportMsgResult")
        return [
            item.get("MsgSeq")
            for item in (items if isinstance(items, list) else ())
            if isinstance(item, dict) and item.get("Result") == 0
        ]

    def import_results(self, answer: Answer) -> int:
        """Return how many imported messages the answer says something of (M3)."""
        items = answer.get("ImportMsgResult")
        return sum(isinstance(item, dict) for item in items) if isinstance(items, list) else 0


def _group_receipt(item: dict[str, Any], path: str) -> Receipt | None:
    """Read one item; without a usable MsgSeq it is none, but for a refused one of no message."""
    code, message = item.get("Code"), item.get("MsgSeq")
    if not _is_int(message) and (message is not None or not _is_int(code) or code == 0):
        return None
    return Receipt(
        message=message,
        known=code == 0 or (code is None and "ReadNum" in item),
        code=code if _is_int(code) else None,
        read=_int_or_none(item.get("ReadNum")),
        unread=_int_or_none(item.get("UnreadNum")),
        path=path,
        read_key="ReadNum",
        unread_key="UnreadNum",
    )


def _direct_receipt(item: dict[str, Any], path: str) -> Receipt | None:
    if not isinstance(item.get("MsgKey"), str):
        return None
    flag = item.get("IsPeerRead")
    known = _is_int(flag)
    told = flag == 1 if known else None
    return Receipt(item["MsgKey"], known, peer_read=told, path=path, peer_key="IsPeerRead")


def _is_int(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _int_or_none(value: Any) -> int | None:
    return value if _is_int(value) else None


def _by(items: Any, key: str, value: str) -> dict[Any, Any]:
    """Index the objects of a list by one field; skips what has no shape."""
    return {
        item[key]: item.get(value)
        for item in (items if isinstance(items, list) else ())
        if isinstance(item, dict) and isinstance(item.get(key), str | int)
    }
