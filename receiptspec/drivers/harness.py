"""The dialect of client SDKs behind a harness: their calls as JSON-RPC, the rest over REST.

Users, groups and memberships are set up on the server that the SDK logs in to, in the dialect of
that server; what is judged goes through the SDK of the user who does it. docs/harness.md is the
protocol.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from receiptspec import strictjson
from receiptspec.client import Client
from receiptspec.contract import CodeId, Contract, Operation
from receiptspec.drivers.base import Driver
from receiptspec.drivers.tencent import TencentDriver
from receiptspec.errors import ContractError, NotExercised
from receiptspec.exchange import Exchange, Request
from receiptspec.harness import METHOD, Harnesses, request
from receiptspec.neutral import Answer, Call, Conversation, Kind, Message, Page, Receipt, Verdict
from receiptspec.targets import Target

__all__ = ["HarnessDriver"]

_SEND, _READ = "sendMessage", "sendMessageReadReceipts"
_ASK, _LIST = "getMessageReadReceipts", "getGroupMessageReadMemberList"
_NOTICE = "onRecvMessageReadReceipts"
_ABSENT = "no item"
_NO_METHOD = -32601
_HARMLESS = frozenset(
    {
        "account_import",
        "add_group_member",
        "c2c_msg_read_receipt",
        "create_group",
        "group_msg_receipt",
        "send_group_msg",
        "sendmsg",
    }
)
_LARGEST_PAGE, _DIGITS = 100, 20
_NOTHING = (None, "")  # what says of a field that it is not there
#: What follows the words of a message: nothing, much, and letters beyond ASCII.
_TEXTS = ("", f" {'long ' * 120}", " 你好，世界", ' \U0001f44d\U0001f3fd é\n"quoted"')


class HarnessDriver(TencentDriver):
    """Knows the calls of the SDK; all that sets the stage is the server's dialect."""

    ask = _ASK
    group_read = _READ
    event = _NOTICE
    arrival = "onRecvNewMessage"
    over_http = False
    keeps_history = False
    misfits: tuple[str, ...] = ()
    harmless = _HARMLESS

    def __init__(self, target: Target, contract: Contract, origin: str) -> None:
        if contract.server is None:
            raise ContractError(f"{contract.vendor} names no server")
        super().__init__(target, contract.server, origin)
        self._rest = TencentDriver(target, contract.server, origin)
        self._sdk = contract
        self._target = target
        self._serial = self._texts = 0
        self._known: dict[Any, dict[str, Any]] = {}

    def tells(self, viewer: Any, message: Message) -> bool:
        """Whether the message is one's own: the documents promise nothing else."""
        return bool(viewer == message.sender)

    # --- the wire --------------------------------------------------------------------------

    def carry(self, client: Client) -> Harnesses:
        """Return the harnesses of this target's users."""
        harness = self._target.harness
        if harness is None:
            raise ContractError(f"{self._target.name} names no harness")
        return self.readers(client, harness)

    def build(self, operation: Operation, call: Call) -> Request:
        """Return one line of JSON-RPC for the harness of the user, or a signed REST call."""
        if operation.name not in self._sdk.operations:
            return super().build(operation, call)
        self._serial += 1
        user = str(call.user or self._identifier)
        return request(self._serial, user, operation.name, call.body, call.label)

    def read(self, operation: str, exchange: Exchange) -> Answer:
        """Tell result from error; a notification is an accepted answer to nothing."""
        if exchange.request.method != METHOD:
            return super().read(operation, exchange)
        if exchange.response is None:
            return Answer(operation, Verdict.TROUBLE, exchange, note=exchange.trouble or "")
        document = strictjson.read(exchange.response.body)
        answer = Answer(operation, Verdict.GARBLED, exchange, document, spoken=True)
        value = document.value if document.is_object else {}
        if "error" in value and value["error"] is not None:
            code = _code(value["error"])
            throttled = self._sdk.kind(code) == "throttled"
            verdict = Verdict.THROTTLED if throttled else Verdict.REFUSED
            return replace(answer, verdict=verdict, code=code)
        if "result" in value or value.get("method") == operation:
            return replace(answer, verdict=Verdict.ACCEPTED)
        return replace(answer, note="neither result nor error")

    def is_unknown_command(self, answer: Answer) -> bool:
        """Whether the harness does not have the method."""
        if answer.exchange.request.method == METHOD:
            return answer.code == _NO_METHOD
        return super().is_unknown_command(answer)

    # --- the server behind -----------------------------------------------------------------

    @property
    def server(self) -> Driver:
        """The dialect of the server's REST API."""
        return self._rest

    def server_name(self, conversation: Conversation, message: Any) -> Any:
        """Return seq of a group message, key of a one-to-one message."""
        known = self._known.get(message, {})
        if conversation.kind is Kind.GROUP:
            return _seq(known.get("seq"))
        key = known.get("key")
        return key if isinstance(key, str) and key else None

    def meet(self, conversation: Conversation, answer: Answer) -> Any:
        """Keep a message that came to a receiver, as its harness names it."""
        name, wish = self.arrived(answer)
        if not isinstance(name, str) or not name:
            return None
        message = answer.get("params")["message"]
        sender = message.get("sender") or conversation.owner
        if (message.get("groupID") or None) != conversation.id:
            return None
        if sender not in conversation.members:
            return None
        place = _place(conversation, sender)
        kept = {**message, **place, "sender": sender, "needReadReceipt": wish}
        self._known.setdefault(name, kept)
        return name

    # --- actions ---------------------------------------------------------------------------

    def send_message(
        self, conversation: Conversation, sender: Any, *, receipt: bool, number: int
    ) -> Call:
        """Create a text with needReadReceipt, and send it; texts are of several kinds in turn."""
        text = f"message {number}{_TEXTS[self._texts % len(_TEXTS)]}"
        self._texts += 1
        message = {"text": text, "needReadReceipt": receipt}
        place = _place(conversation, sender)
        return Call(_SEND, {"message": message, **place}, user=sender)

    def sent_message(self, answer: Answer) -> Any:
        """Return msgID, and keep the message that has it."""
        if answer.operation != _SEND:
            return super().sent_message(answer)
        message = _result(answer).get("message")
        if not isinstance(message, dict):
            return None
        name = message.get("msgID")
        if not isinstance(name, str) or not name:
            return None
        wish = answer.request_body["message"]["needReadReceipt"]
        place = {k: v for k, v in answer.request_body.items() if k in ("groupID", "userID")}
        sender = answer.exchange.request.target.removeprefix("/")
        ours = {**place, "sender": sender, "needReadReceipt": wish}
        told = {key: value for key, value in message.items() if value not in _NOTHING}
        self._known[name] = {**message, **ours, **told}
        return name

    def _named(self, conversation: Conversation, messages: Sequence[Any]) -> list[dict[str, Any]]:
        """Return messages as harnesses know them; one that was never sent looks like the others."""
        place = _place(conversation, conversation.owner)
        made_up = {**place, "sender": conversation.owner, "needReadReceipt": True}
        return [self._known.get(name, {**made_up, "msgID": name}) for name in messages]

    def mark_read(
        self, conversation: Conversation, user: Any, messages: Sequence[Any]
    ) -> Call | None:
        """Send receipts as one who has read."""
        return Call(_READ, {"messages": self._named(conversation, messages)}, user=user)

    def ask_receipts(self, conversation: Conversation, messages: Sequence[Any]) -> Call:
        """Pull receipts as the sender."""
        named = self._named(conversation, messages)
        sender = named[0]["sender"] if named else conversation.owner
        return Call(_ASK, {"messages": named}, user=sender)

    def receipts(self, answer: Answer) -> tuple[Receipt, ...]:
        """Read receipts by msgID, of an answer or of a notification.

        An item of a message that need not have a receipt, a plain one or somebody else's, with no
        reader and nobody waiting, says that there is none: so does an item that is left out.
        """
        if answer.operation not in (_ASK, _NOTICE):
            return ()
        items = _items(answer, "receipts")
        user = answer.exchange.request.target.removeprefix("/")
        place = "$.params" if answer.operation == _NOTICE else "$.result"
        found = [
            self._receipt(item, user, f"{place}.receipts[{index}]")
            for index, item in enumerate(items)
            if isinstance(item, dict)
        ]
        asked = answer.request_body["messages"] if answer.operation == _ASK else ()
        there = {receipt.message for receipt in found}
        absent = [m["msgID"] for m in asked if m["msgID"] not in there]
        return (*found, *(Receipt(name, known=False, code=_ABSENT) for name in absent))

    def _receipt(self, item: dict[str, Any], user: str, path: str) -> Receipt:
        name = item.get("msgID")
        message = self._known.get(name, {})
        wanted = message.get("needReadReceipt", False) and message.get("sender", user) == user
        read, unread = _number(item.get("readCount")), _number(item.get("unreadCount"))
        peer = item.get("isPeerRead")
        empty = not read and not unread and peer is not True
        return Receipt(
            message=name,
            known=bool(wanted or not empty),
            code=None if wanted or not empty else "an empty item",
            read=read,
            unread=unread,
            peer_read=peer if isinstance(peer, bool) else None,
            path=path,
            read_key="readCount",
            unread_key="unreadCount",
            peer_key="isPeerRead",
            conversation=item.get("groupID") or None,
            peer=item.get("userID") or None,
        )

    def arrived(self, answer: Answer) -> tuple[Any, Any]:
        """Read msgID and needReadReceipt of a message that was received."""
        params = answer.get("params")
        message = params.get("message") if isinstance(params, dict) else None
        if not isinstance(message, dict):
            return None, None
        return message.get("msgID"), message.get("needReadReceipt")

    def concerns(self, body: Mapping[str, Any]) -> Any:
        """Read groupID of the body or of a message in it."""
        listed = body.get("messages") or [body.get("message") or {}]
        return body.get("groupID") or listed[0].get("groupID") or super().concerns(body)

    def named_messages(self, body: Any) -> list[Any]:
        """Read messages."""
        return [item.get("msgID") for item in body.get("messages", ())]

    def joined(self, calls: Sequence[Call]) -> Call | None:
        """Name the messages of all calls in one."""
        every = [message for call in calls for message in call.body["messages"]]
        return replace(calls[0], body={"messages": every}, label="messages of two conversations")

    def written(self, call: Call) -> Any:
        """Return the body with the name alone of each message that a harness has made."""
        if call.operation not in self._sdk.operations or not isinstance(call.body, dict):
            return call.body
        body = dict(call.body)
        if "messages" in body:
            body["messages"] = [self._ours(message) for message in body["messages"]]
        if call.operation == _LIST:
            body |= {"message": self._ours(body["message"]), "nextSeq": 0}
        return body

    def _ours(self, message: dict[str, Any]) -> dict[str, Any]:
        known = message.get("msgID") in self._known
        return {"msgID": message["msgID"]} if known else message

    def owes(self, call: Call) -> tuple[str, list[Any]] | None:
        """Tell what is asked of messages, each named once, in a call of their size."""
        if call.operation == _LIST:
            names = [call.body["message"].get("msgID")]
            what = "list" if call.body["nextSeq"] == 0 else "list on"
            if not 1 <= call.body["count"] <= _LARGEST_PAGE:
                return None
        elif call.operation in (_READ, _ASK):
            names = self.named_messages(call.body)
            what = "read" if call.operation == _READ else "ask"
        else:
            return None
        fine = 0 < len(names) == len(set(names)) and all(name in self._known for name in names)
        return (what, names) if fine else None

    def absent(self, messages: Sequence[Any]) -> Any:
        """Return a msgID like the others that was never given out."""
        digits = str.maketrans("0123456789", "9876543210")
        name = str(messages[-1])
        changed = name.translate(digits)
        return changed if changed not in self._known and changed != name else f"{name}0"

    def list_members(
        self, conversation: Conversation, message: Any, *, read: bool, cursor: Any, count: int
    ) -> Call | None:
        """Ask for one page of members, as the sender."""
        named = self._named(conversation, [message])[0]
        body = {
            "message": named,
            "filter": 0 if read else 1,
            "nextSeq": 0 if cursor is None else json.loads(cursor),
            "count": count,
        }
        return Call(_LIST, body, user=named["sender"])

    def page(self, answer: Answer) -> Page:
        """Read members, nextSeq and isFinished; that 1 is no true is a matter of its schema."""
        result = _result(answer)
        after, last = result.get("nextSeq"), result.get("isFinished")
        told = isinstance(after, str) or _number(after) is not None
        return Page(
            members=tuple(
                m.get("userID") for m in _items(answer, "members") if isinstance(m, dict)
            ),
            cursor=json.dumps(after) if told else None,
            last=last in (True, 1) if last is not None else None,
            flag="isFinished" if last is not None else None,
            message=None,
            key="members",
        )

    def look(self, conversation: Conversation, viewer: Any, *, size: int = 50) -> Call:
        """Pull the receipts of what one of two people has sent the other and wanted receipts of."""
        other = _other(conversation, viewer)
        sent = [
            message
            for message in self._known.values()
            if message["sender"] == viewer
            and message.get("userID") == other
            and message["needReadReceipt"]
        ]
        return Call(_ASK, {"messages": sent[-size:]}, user=viewer)

    def recall(self, message: Message) -> Call:
        """Recall a group message on the server, by its sequence number."""
        seq = _seq(self._known.get(message.id, {}).get("seq"))
        if seq is None:
            raise NotExercised("the harness names no seq, so a message cannot be recalled")
        return super().recall(replace(message, id=seq))

    def sensible(self, operation: str, body: Any, live: Mapping[str, Any]) -> Any:
        """Nothing of the SDK's calls is made from schemas alone; raises `NotExercised` for them."""
        if operation in self._sdk.operations:
            raise NotExercised("a call of the SDK is about messages that its harness sent")
        return super().sensible(operation, body, live)


def _place(conversation: Conversation, sender: Any) -> dict[str, Any]:
    if conversation.kind is Kind.GROUP:
        return {"groupID": conversation.id}
    return {"userID": _other(conversation, sender)}


def _other(conversation: Conversation, user: Any) -> Any:
    return next(member for member in conversation.members if member != user)


def _code(error: Any) -> CodeId:
    code = error.get("code") if isinstance(error, dict) else None
    return code if isinstance(code, int) and not isinstance(code, bool) else "none"


def _result(answer: Answer) -> dict[str, Any]:
    """Return the result, or the parameters of a notification; empty where there is no object."""
    found = answer.get("params" if answer.operation == _NOTICE else "result")
    return found if isinstance(found, dict) else {}


def _items(answer: Answer, key: str) -> list[Any]:
    items = _result(answer).get(key)
    return items if isinstance(items, list) else []


def _seq(value: Any) -> int | None:
    """Return a sequence number, also where it is given as text."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < _DIGITS:
        return int(value)
    return _number(value)


def _number(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
