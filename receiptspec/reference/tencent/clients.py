"""What the packaged SDK harness talks to: calls in the name of a user, and a stream of events.

No vendor documents this face; it is how the reference client reaches the reference server. A user
signs with a UserSig of their own and acts as nobody else.

``POST /client/<command>``  the REST command of that name, as the user
``GET /client/events``      a line of JSON for each receipt that concerns the user
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from receiptspec.reference.behaviour import Behaviour
from receiptspec.reference.calls import Call, Incoming, Refusal, Reply
from receiptspec.reference.store import Direct, Message
from receiptspec.reference.tencent import direct, documents, gate, receipts, usersig
from receiptspec.reference.tencent import messages as group_messages
from receiptspec.reference.tencent.events import (
    DirectArrival,
    DirectRead,
    Event,
    Events,
    GroupArrival,
    GroupRead,
)
from receiptspec.reference.tencent.fields import Fields
from receiptspec.reference.tencent.site import NOT_PERMITTED, Site

__all__ = ["ClientFace"]

_NO_COMMAND = 60009

#: Commands with the field that names who acts, and whether only members of the group may.
_COMMANDS: dict[str, tuple[Any, str, bool]] = {
    "send_group_msg": (group_messages.send_group_msg, "From_Account", True),
    "sendmsg": (direct.sendmsg, "From_Account", False),
    "group_msg_receipt": (receipts.group_msg_receipt, "From_Account", True),
    "c2c_msg_read_receipt": (direct.c2c_msg_read_receipt, "Operator_Account", False),
    "get_group_msg_receipt": (receipts.get_group_msg_receipt, "", True),
    "get_group_msg_receipt_detail": (receipts.get_group_msg_receipt_detail, "", True),
    "admin_getroammsg": (direct.admin_getroammsg, "Operator_Account", False),
}


def _line(event: Event) -> dict[str, Any]:
    """Return an event as this face writes it."""
    match event:
        case GroupArrival(group, message):
            place = {"GroupId": group.id, "Type": group.type, "MsgSeq": message.seq}
            return {"Message": {**_sent(message), **place}}
        case DirectArrival(message):
            return {"Message": {**_sent(message), "MsgSeq": message.seq}}
        case GroupRead(group, counts):
            items = [{"MsgSeq": m.seq, "ReadNum": r, "UnreadNum": u} for m, r, u in counts]
            place = {"GroupId": group.id, "Type": group.type, "Owner": group.owner}
            return {**place, "GroupMsgReceiptList": items}
        case DirectRead(reader, messages):
            keys = [{"MsgKey": message.key} for message in messages]
            return {"Peer_Account": reader, "C2CMsgInfo": keys}


def _sent(message: Message | Direct) -> dict[str, Any]:
    return {
        "From_Account": message.sender,
        "MsgTime": message.time,
        "Random": message.random,
        "NeedReadReceipt": int(message.receipt),
        "MsgBody": message.content,
    }


class ClientFace:
    """Answers ``/client/…`` as its user."""

    vendor = "tencent-client"

    def __init__(self, site: Site, behaviour: Behaviour) -> None:
        self.site, self.behaviour = site, behaviour

    def claims(self, incoming: Incoming) -> bool:
        """Whether a request is for this face."""
        return incoming.path.startswith("/client/")

    def begin(self, incoming: Incoming, serial: int) -> Call:
        """Return the call of a request."""
        name = incoming.path.rpartition("/")[2]
        return Call(incoming, self.vendor, self.behaviour, serial, name, site=self.site)

    def answer(self, call: Call) -> Reply:
        """Answer in the envelope of the REST face."""
        answer = {"ActionStatus": "OK", "ErrorCode": 0, "ErrorInfo": ""}
        try:
            self._admit(call)
            answer |= self._result(call)
        except Refusal as refusal:
            code, info = int(refusal.code), str(refusal)
            answer = {"ActionStatus": "FAIL", "ErrorCode": code, "ErrorInfo": info}
        return Reply(200, [("Content-Type", "application/json")], documents.write(answer))

    def _admit(self, call: Call) -> None:
        call.query = gate.parameters(call)
        name, signature = call.query.get("identifier", ""), call.query.get("usersig", "")
        usersig.verify(call, signature, app=self.site.app, identifier=name, key=self.site.key)
        if name not in self.site.store.accounts:
            call.refuse("identifier", "unknown", 70107, "the account was never imported")
        call.operator = name

    def _result(self, call: Call) -> dict[str, Any]:
        if call.operation not in _COMMANDS:
            raise Refusal(_NO_COMMAND, "there is no such command")
        handler, actor, members_only = _COMMANDS[call.operation]
        document = documents.read(call.incoming.body)
        if not isinstance(document, dict):
            raise Refusal(90001, "the body is not a JSON object")
        call.body = {**document, **({actor: call.operator} if actor else {})}
        fields = Fields(call, call.body, 10004)
        if members_only and call.operator not in self.site.group(fields).members:
            raise Refusal(NOT_PERMITTED, "not a member of the group")
        return dict(handler(self.site, call, fields))

    async def events(self, request: Request) -> Response:
        """Stream the events of a user; the stream ends with the connection."""
        query = request.scope["query_string"].decode("latin-1")
        incoming = Incoming("GET", "/client/events", query, (), b"")
        call = self.begin(incoming, 0)
        try:
            self._admit(call)
        except Refusal as refusal:
            return JSONResponse({"ErrorCode": refusal.code, "ErrorInfo": str(refusal)}, 403)
        return StreamingResponse(self._stream(call.operator), media_type="application/x-ndjson")

    async def _stream(self, user: str) -> AsyncIterator[str]:
        """Yield a line that says so when events will come, then one for each."""
        hooks = self.site.hooks
        assert isinstance(hooks, Events)  # noqa: S101
        with hooks.listening(user) as queue:
            yield '{"Ready":1}\n'
            while True:
                yield json.dumps(_line(await queue.get())) + "\n"

    def routes(self) -> list[Route]:
        """Return the route of the stream."""
        return [Route("/client/events", self.events, methods=["GET"])]
