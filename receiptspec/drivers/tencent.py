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
from receiptspec.neutral import Answer, Call, Conversation, Kind, Message, Receipt, Verdict
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
        """Read GroupMsgReceiptList (R1); an item without a usable MsgSeq is left out."""
        items = answer.get("GroupMsgReceiptList")
        result = []
        for index, item in enumerate(items if isinstance(items, list) else ()):
            if not isinstance(item, dict) or not _is_int(item.get("MsgSeq")):
                continue
            code = item.get("Code")
            result.append(
                Receipt(
                    message=item["MsgSeq"],
                    known=code == 0 or (code is None and "ReadNum" in item),
                    code=code if _is_int(code) else None,
                    read=_int_or_none(item.get("ReadNum")),
                    unread=_int_or_none(item.get("UnreadNum")),
                    path=f"$.GroupMsgReceiptList[{index}]",
                    read_key="ReadNum",
                    unread_key="UnreadNum",
                )
            )
        return tuple(result)

    def probes(self) -> list[Call]:
        """Harmless calls that any live target answers somehow."""
        return [
            self.ask_receipts(Conversation(Kind.GROUP, "rs-no-such-group", "", "", ()), [1]),
            Call("get_group_member_info", {"GroupId": "rs-no-such-group"}),
        ]

    # --- neutral actions ------------------------------------------------------------------

    def make_users(self, names: Sequence[str]) -> list[Call]:
        """Import accounts one call each (A1); importing again is harmless."""
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
        """Send a text to a group (M2)."""
        body = {
            "GroupId": conversation.id,
            "From_Account": sender,
            "Random": number % 2**32,
            "MsgBody": [{"MsgType": _TEXT, "MsgContent": {"Text": f"message {number}"}}],
        }
        if receipt:
            body["NeedReadReceipt"] = 1
        return Call("send_group_msg", body)

    def sent_message(self, answer: Answer) -> Any:
        """Return MsgSeq."""
        return _int_or_none(answer.get("MsgSeq"))

    def mark_read(
        self, conversation: Conversation, user: Any, messages: Sequence[Any]
    ) -> Call | None:
        """Send a group receipt on behalf of a member (R3)."""
        body = {
            "GroupId": conversation.id,
            "From_Account": user,
            "MsgSeqList": [{"MsgSeq": message} for message in messages],
        }
        return Call("group_msg_receipt", body)

    def ask_receipts(self, conversation: Conversation, messages: Sequence[Any]) -> Call:
        """Ask for counts (R1)."""
        body = {
            "GroupId": conversation.id,
            "MsgSeqList": [{"MsgSeq": message} for message in messages],
        }
        return Call(self.ask, body)

    def named_messages(self, body: Any) -> list[Any]:
        """Read MsgSeqList (R1)."""
        return [item.get("MsgSeq") for item in body.get("MsgSeqList", ())]

    def add_member(self, conversation: Conversation, user: Any) -> Call:
        """Add one member (G3)."""
        body = {"GroupId": conversation.id, "MemberList": [{"Member_Account": user}]}
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


def _split(origin: str) -> tuple[str, str]:
    """Split an address into the path prefix and the rest."""
    scheme, _, rest = origin.partition("://")
    host, slash, path = rest.partition("/")
    return (slash + path).rstrip("/"), f"{scheme}://{host}"


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
    code = value.get("ErrorCode")
    if _is_int(code):
        return int(code)
    if isinstance(code, str) and code.lstrip("-").isdigit() and not isinstance(code, bool):
        return int(code)
    return 0 if str(value.get("ActionStatus")).upper() == "OK" else "none"


def _kind_of(body: bytes) -> str:
    head = body[:200].lstrip().lower()
    if not head:
        return "an empty body"
    if head.startswith((b"<!doctype", b"<html", b"<")):
        return "an HTML page"
    return "other text" if not head.startswith((b"{", b"[")) else "foreign JSON"
