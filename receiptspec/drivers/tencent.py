"""The REST dialect of Tencent Chat.

Source: overview (O1), UserSig (U1) and the operation pages that the contract lists.
"""

from __future__ import annotations

import json
import time
import zlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import quote, urlencode

from receiptspec import strictjson
from receiptspec.contract import CodeId, Contract, Operation
from receiptspec.drivers import usersig
from receiptspec.drivers.base import Driver
from receiptspec.exchange import Exchange, Request, Secret
from receiptspec.neutral import Answer, Call, Conversation, Kind, Message, Page, Receipt, Verdict
from receiptspec.targets import Target

__all__ = ["TencentDriver"]

_TEXT = "TIMTextElem"
_NO_RECEIPT = 10062
_ORDINARY_USER = "rs-ordinary-user"

#: Credentials that change the URL as well as, or instead of, the UserSig.
_URL_CREDENTIALS = {
    "ordinary-user": "a right UserSig of a user who is no administrator",
    "other-identifier-in-url": "the administrator's UserSig under another identifier",
    "unknown-app": "an SDKAppID that the UserSig was not made for",
}


class TencentDriver(Driver):
    """Builds signed calls of ``/v4/<service>/<command>`` and reads their envelopes."""

    ask = "get_group_msg_receipt"
    ordinary_user = _ORDINARY_USER
    group_read = "group_msg_receipt"
    at_once = 100

    def __init__(self, target: Target, contract: Contract, origin: str) -> None:
        self._contract = contract
        self._origin = origin
        self._app = int(target.auth["sdkappid"])
        self._identifier = str(target.auth["identifier"])
        self._key: Secret = target.auth["key"]
        self._prefix, self._origin = _split(origin)
        self._repeats: Counter[int] = Counter()
        self._lifetime = 86_400
        self._signed: dict[str, tuple[str, Secret]] = {}

    # --- requests -------------------------------------------------------------------------

    def build(self, operation: Operation, call: Call) -> Request:
        """Return the final bytes of a call; the UserSig is made once per credential."""
        identifier, credential = self._credential(call.credential)
        body = call.raw if call.raw is not None else _dumps(call.body)
        query: dict[str, str | None] = {
            "sdkappid": str(self._app + (call.credential == "unknown-app")),
            "identifier": identifier,
            "usersig": credential.reveal(),
            "random": str(self._number(body)),
            "contenttype": "json",
        }
        query.update(call.query)
        pairs = [(call.rename.get(k, k), v) for k, v in query.items() if v is not None]
        headers: dict[str, str | None] = {"Content-Type": "application/json", **call.headers}
        path = self._prefix + (call.path or operation.path)
        return Request(
            method=call.method or operation.method,
            origin=self._origin,
            target=f"{path}?{urlencode(pairs, quote_via=quote)}" if pairs else path,
            headers=tuple((k, v) for k, v in headers.items() if v is not None),
            body=body,
            operation=operation.name,
            label=call.label,
        )

    def _number(self, body: bytes) -> int:
        """Return the ``random`` of a call: new for each repetition, the same in every run."""
        checksum = zlib.crc32(body)
        self._repeats[checksum] += 1
        return (checksum + self._repeats[checksum]) % 2**32

    def _credential(self, name: str) -> tuple[str, Secret]:
        if name not in self._signed:
            user = _ORDINARY_USER if name == "ordinary-user" else self._identifier
            claims = usersig.Claims(user, self._app, int(time.time()), self._lifetime)
            way = "valid" if name in _URL_CREDENTIALS else name
            text = usersig.variations(claims, self._key, user=_ORDINARY_USER)[way]()
            shown = _ORDINARY_USER if name == "other-identifier-in-url" else user
            self._signed[name] = (shown, Secret(text))
        return self._signed[name]

    def renew_credential(self) -> None:
        """Sign again with another lifetime, so that the UserSig differs within one second too."""
        self._lifetime += 1
        self._signed.pop("valid", None)

    def credentials(self) -> Mapping[str, str]:
        """Return the names that ``credential`` of a requirement row may take."""
        claims = usersig.Claims(self._identifier, self._app, 0)
        names = usersig.variations(claims, Secret("k"))
        return {**{name: name.replace("-", " ") for name in names}, **_URL_CREDENTIALS}

    def secrets(self) -> Sequence[str]:
        """Return the key and every UserSig made so far."""
        made = [secret for _, secret in self._signed.values() if len(secret) > 16]
        return [self._key, *made]

    # --- answers --------------------------------------------------------------------------

    def read(self, operation: str, exchange: Exchange) -> Answer:
        """Tell what an exchange means by status and envelope (O1)."""
        response = exchange.response
        if response is None:
            return Answer(operation, Verdict.TROUBLE, exchange, note=exchange.trouble or "")
        document = strictjson.read(response.body)
        spoken = _is_envelope(document, response.body)
        answer = Answer(operation, Verdict.GARBLED, exchange, document, spoken=spoken)
        if not (spoken and document.is_object):
            note = exchange.trouble or f"HTTP {response.status} with {_kind_of(response.body)}"
            lost = response.status != 200 or (exchange.trouble and not spoken)
            verdict = Verdict.TROUBLE if lost else Verdict.GARBLED
            return replace(answer, verdict=verdict, note=note)
        code = _code(document.value)
        if code == 0:
            return replace(answer, verdict=Verdict.ACCEPTED)
        throttled = self._contract.kind(code) == "throttled"
        verdict = Verdict.THROTTLED if throttled else Verdict.REFUSED
        return replace(answer, verdict=verdict, code=code)

    def is_unknown_command(self, answer: Answer) -> bool:
        """Whether the code says that the address or the command is not known (E1)."""
        return answer.code in (10003, 60009) or answer.verdict is Verdict.TROUBLE

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
        for key, name in (("ReadList", "Read_Account"), ("UnreadList", "Unread_Account")):
            entries = answer.get(key)
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
        )

    def probes(self) -> list[Call]:
        """Harmless calls that any live target answers somehow."""
        return [
            self.ask_receipts(Conversation(Kind.GROUP, "rs-no-such-group", "", "", ()), [1]),
            Call("get_group_member_info", {"GroupId": "rs-no-such-group"}),
        ]

    def sensible(self, operation: str, body: Any) -> Any:
        """Fill in what a schema cannot know: a text, a time near now, a random number."""
        text = [{"MsgType": _TEXT, "MsgContent": {"Text": "a message"}}]
        number = zlib.crc32(operation.encode())
        now = int(time.time())
        filled: dict[str, dict[str, Any]] = {
            "sendmsg": {"MsgBody": text, "MsgRandom": number},
            "send_group_msg": {"MsgBody": text, "Random": number},
            "admin_getroammsg": {"MaxCnt": 20, "MinTime": now - 3600, "MaxTime": now + 60},
            "get_group_msg_receipt_detail": {"Filter": 1, "Cursor": "", "Count": 5},
            "create_group": {"Type": "Public"},
            "group_msg_get_simple": {"ReqMsgNumber": 20},
        }
        return {**body, **filled.get(operation, {})}

    # --- neutral actions ------------------------------------------------------------------

    def make_users(self, names: Sequence[str]) -> list[Call]:
        """Import accounts (A1), one call each or many at once; importing again is harmless."""
        if len(names) > 20:
            parts = [names[start : start + 100] for start in range(0, len(names), 100)]
            lists = [[{"UserID": name} for name in part] for part in parts]
            return [Call("multiaccount_import", {"AccountList": part}) for part in lists]
        return [Call("account_import", {"UserID": name}) for name in names]

    def make_group(
        self, type_: str, name: str, owner: Any, members: Sequence[Any], id_: str | None = None
    ) -> Call:
        """Create a group with its members in one call (G1)."""
        body: dict[str, Any] = {"Owner_Account": owner, "Type": type_, "Name": name}
        if id_ is not None:
            body["GroupId"] = id_
        if members:
            body["MemberList"] = [{"Member_Account": member} for member in members]
        return Call("create_group", body)

    def made_group(self, answer: Answer) -> Any:
        """Return GroupId."""
        value = answer.get("GroupId")
        return value if isinstance(value, str) and value else None

    def send_message(
        self, conversation: Conversation, sender: Any, *, receipt: bool, number: int
    ) -> Call:
        """Send a text to a group (M2) or to the other of two people (M1)."""
        if conversation.kind is Kind.DIRECT:
            return self._send_direct(conversation, sender, receipt=receipt, number=number)
        body = {
            "GroupId": conversation.id,
            "From_Account": sender,
            "Random": number % 2**32,
            "MsgBody": [{"MsgType": _TEXT, "MsgContent": {"Text": f"message {number}"}}],
        }
        if receipt:
            body["NeedReadReceipt"] = 1
        return Call("send_group_msg", body)

    def _send_direct(
        self, conversation: Conversation, sender: Any, *, receipt: bool, number: int
    ) -> Call:
        body = {
            "From_Account": sender,
            "To_Account": _other(conversation, sender),
            "MsgRandom": number % 2**32,
            "SyncOtherMachine": 2,
            "MsgBody": [{"MsgType": _TEXT, "MsgContent": {"Text": f"message {number}"}}],
        }
        if receipt:
            body["IsNeedReadReceipt"] = 1
        return Call("sendmsg", body)

    def sent_message(self, answer: Answer) -> Any:
        """Return MsgSeq, or MsgKey in a one-to-one conversation."""
        if answer.operation == "sendmsg":
            key = answer.get("MsgKey")
            return key if isinstance(key, str) and key else None
        return _int_or_none(answer.get("MsgSeq"))

    def mark_read(
        self, conversation: Conversation, user: Any, messages: Sequence[Any]
    ) -> Call | None:
        """Send a receipt on behalf of a member (R3) or of the receiver (R4)."""
        if conversation.kind is Kind.DIRECT:
            peer = _other(conversation, user)
            keys = [{"From_Account": peer, "To_Account": user, "MsgKey": key} for key in messages]
            body = {"Operator_Account": user, "Peer_Account": peer, "C2CMsgInfo": keys}
            return Call("c2c_msg_read_receipt", body)
        return Call(
            "group_msg_receipt",
            {
                "GroupId": conversation.id,
                "From_Account": user,
                "MsgSeqList": [{"MsgSeq": message} for message in messages],
            },
        )

    def ask_receipts(self, conversation: Conversation, messages: Sequence[Any]) -> Call:
        """Ask for counts (R1), or for the history of two people as its owner sees it (R6)."""
        if conversation.kind is Kind.DIRECT:
            return self.look(conversation, conversation.owner)
        body = {
            "GroupId": conversation.id,
            "MsgSeqList": [{"MsgSeq": message} for message in messages],
        }
        return Call(self.ask, body)

    def named_messages(self, body: Any) -> list[Any]:
        """Read MsgSeqList (R1)."""
        return [item.get("MsgSeq") for item in body.get("MsgSeqList", ())]

    def look(self, conversation: Conversation, viewer: Any, *, size: int = 50) -> Call:
        """Ask for the history of two people, the newest hour of it (R6)."""
        now = int(time.time())
        body = {
            "Operator_Account": viewer,
            "Peer_Account": _other(conversation, viewer),
            "MaxCnt": size,
            "MinTime": now - 3600,
            "MaxTime": now + 60,
        }
        return Call("admin_getroammsg", body)

    def look_on(self, call: Call, answer: Answer) -> Call | None:
        """Go on at LastMsgKey and LastMsgTime (R6)."""
        key, moment = answer.get("LastMsgKey"), answer.get("LastMsgTime")
        if not isinstance(key, str) or not _is_int(moment):
            return None
        return replace(call, body={**call.body, "LastMsgKey": key, "MaxTime": moment})

    def looked_through(self, answer: Answer) -> bool:
        """Read Complete (R6)."""
        return answer.get("Complete") == 1

    def misfit(self, call: Call, what: str, third: Any) -> Call:
        """Change one thing of every item of a receipt (R4)."""
        parts = str(call.body["C2CMsgInfo"][0]["MsgKey"]).split("_")
        invented = "_".join(str(int(p) % 4294967295 + 1) for p in parts[:2] if p.isdigit())
        invented += f"_{parts[-1]}"
        change = {
            "from": {"From_Account": third},
            "to": {"To_Account": third},
            "key": {"MsgKey": invented},
            "malformed": {"MsgKey": "x"},
        }[what]
        items = [{**item, **change} for item in call.body["C2CMsgInfo"]]
        return replace(call, body={**call.body, "C2CMsgInfo": items}, label=f"wrong {what}")

    def mark_conversation(
        self, conversation: Conversation, user: Any, *, until: int | None = None
    ) -> Call | None:
        """Mark one side of a conversation as read (R5); the time travels as text."""
        body = {"Report_Account": user, "Peer_Account": _other(conversation, user)}
        if until is not None:
            body["MsgReadTime"] = str(until)
        return Call("admin_set_msg_read", body)

    def count_unread(self, user: Any, peers: Sequence[Any] | None) -> Call:
        """Ask for unread counts (R7)."""
        body: dict[str, Any] = {"To_Account": user}
        if peers is not None:
            body["Peer_Account"] = list(peers)
        return Call("get_c2c_unread_msg_num", body)

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

    def list_members(
        self, conversation: Conversation, message: Any, *, read: bool, cursor: Any, count: int
    ) -> Call | None:
        """Ask for one page of members (R2)."""
        body = {
            "GroupId": conversation.id,
            "MsgSeq": message,
            "Filter": 0 if read else 1,
            "Cursor": "" if cursor is None else cursor,
            "Count": count,
        }
        return Call("get_group_msg_receipt_detail", body)

    def add_members(self, conversation: Conversation, users: Sequence[Any]) -> Call:
        """Add members (G3)."""
        entries = [{"Member_Account": user} for user in users]
        body = {"GroupId": conversation.id, "MemberList": entries}
        return Call("add_group_member", body)

    def remove_member(self, conversation: Conversation, user: Any) -> Call:
        """Remove one member (G4)."""
        body = {"GroupId": conversation.id, "MemberToDel_Account": [user]}
        return Call("delete_group_member", body)

    def dismiss(self, conversation: Conversation) -> Call:
        """Dismiss the group (G2)."""
        return Call("destroy_group", {"GroupId": conversation.id})

    def recall(self, message: Message) -> Call:
        """Recall one group message (G7)."""
        body = {"GroupId": message.conversation.id, "MsgSeqList": [{"MsgSeq": message.id}]}
        return Call("group_msg_recall", body)

    def hook_input(
        self, conversation: Conversation, user: Any, messages: Sequence[Any]
    ) -> dict[str, Any]:
        """Name a group by its GroupId, a one-to-one conversation by the sender alone."""
        named: dict[str, Any] = {"type": str(conversation.kind)}
        if conversation.kind is Kind.GROUP:
            named["id"] = conversation.id
        else:
            named["peer"] = conversation.owner
        return {
            "vendor": "tencent",
            "conversation": named,
            "messages": list(messages),
            "user": user,
        }


def _group_receipt(item: dict[str, Any], path: str) -> Receipt | None:
    """Read one item; without a usable MsgSeq it belongs to no message."""
    if not _is_int(item.get("MsgSeq")):
        return None
    code = item.get("Code")
    return Receipt(
        message=item["MsgSeq"],
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
    return Receipt(item["MsgKey"], known, peer_read=flag == 1 if known else None, path=path)


def _split(origin: str) -> tuple[str, str]:
    """Split an address into the path prefix and the rest."""
    scheme, _, rest = origin.partition("://")
    host, slash, path = rest.partition("/")
    return (slash + path).rstrip("/"), f"{scheme}://{host}"


def _other(conversation: Conversation, user: Any) -> Any:
    return next(member for member in conversation.members if member != user)


def _dumps(body: Any) -> bytes:
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode(
        "utf-8", errors="surrogatepass"
    )


def _is_int(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _int_or_none(value: Any) -> int | None:
    return value if _is_int(value) else None


def _is_envelope(document: strictjson.Document, body: bytes) -> bool:
    if document.is_object:
        return "ActionStatus" in document.value or "ErrorCode" in document.value
    return b'"ActionStatus"' in body or b'"ErrorCode"' in body


def _code(value: dict[str, Any]) -> CodeId:
    """Return the error code, 0 for success; falls back on what else the envelope says."""
    code: Any = value.get("ErrorCode")
    if _is_int(code) or (isinstance(code, str) and code.lstrip("-").isdigit()):
        return int(code)
    return 0 if str(value.get("ActionStatus")).upper() == "OK" else "none"


def _kind_of(body: bytes) -> str:
    head = body[:200].lstrip().lower()
    if not head:
        return "an empty body"
    if head.startswith((b"<!doctype", b"<html", b"<")):
        return "an HTML page"
    return "other text" if not head.startswith((b"{", b"[")) else "foreign JSON"
