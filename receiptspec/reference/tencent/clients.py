"""What the packaged SDK harness talks to: calls in the name of a user, and a stream of events.

No vendor documents this face; it is how the reference client reaches the reference server. A user
signs with a UserSig of their own and acts as nobody else.

``POST /client/<command>``  the REST command of that name, as the user
``GET /client/events``      a line of JSON for each receipt that concerns the user
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from receiptspec.reference.behaviour import Behaviour
from receiptspec.reference.calls import Call, Incoming, Refusal, Reply
from receiptspec.reference.store import Group, Message, Store
from receiptspec.reference.tencent import direct, documents, gate, receipts, usersig
from receiptspec.reference.tencent import messages as group_messages
from receiptspec.reference.tencent.fields import Fields
from receiptspec.reference.tencent.site import NOT_PERMITTED, Site
from receiptspec.reference.tencent.webhooks import Webhooks

__all__ = ["ClientFace", "Events"]

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


class Events(Webhooks):
    """Tells webhooks, and the senders of messages that are there to hear it."""

    def __init__(self, app: int, url: str | None = None, token: str | None = None) -> None:
        super().__init__(app, url, token)
        self._listening: dict[str, list[asyncio.Queue[dict[str, Any]]]] = {}
        self._told: dict[tuple[str, Any], Any] = {}

    def group_receipts(
        self,
        call: Call,
        store: Store,
        group: Group,
        messages: Sequence[tuple[Message, Sequence[str]]],
        platform: str = "RESTAPI",
    ) -> bool:
        """Tell the sender of each message that was read by somebody who had not."""
        agreed = super().group_receipts(call, store, group, messages, platform)
        items: dict[str, list[dict[str, Any]]] = {}
        for message, readers in messages:
            counts = store.counts(call, group, message)
            if readers and self._told.get((group.id, message.seq)) != counts:
                self._told[(group.id, message.seq)] = counts
                numbers = {"MsgSeq": message.seq, "ReadNum": counts[0], "UnreadNum": counts[1]}
                items.setdefault(message.sender, []).append(numbers)
        for sender, told in items.items():
            self._push(sender, {"GroupId": group.id, "GroupMsgReceiptList": told})
        return agreed

    def direct_receipts(
        self, call: Call, operator: str, peer: str, keys: Sequence[str], platform: str = "RESTAPI"
    ) -> None:
        """Tell the sender of messages that their receiver has read."""
        super().direct_receipts(call, operator, peer, keys, platform)
        fresh = [key for key in keys if (peer, key) not in self._told]
        self._told.update({(peer, key): True for key in fresh})
        if fresh:
            items = [{"MsgKey": key} for key in fresh]
            self._push(peer, {"Peer_Account": operator, "C2CMsgInfo": items})

    def message(self, receivers: Iterable[str], message: dict[str, Any]) -> None:
        """Tell those who are there of a message for them."""
        for user in receivers:
            self._push(user, {"Message": message})

    def _push(self, user: str, event: dict[str, Any]) -> None:
        for queue in self._listening.get(user, ()):
            queue.put_nowait(event)

    async def stream(self, user: str) -> AsyncIterator[str]:
        """Yield a line that says so when events will come, then one for each."""
        queue: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        queues = self._listening.setdefault(user, [])
        queues.append(queue)
        try:
            yield '{"Ready":1}\n'
            while True:
                yield json.dumps(await queue.get()) + "\n"
        finally:
            queues.remove(queue)


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
        answer = dict(handler(self.site, call, fields))
        if actor == "From_Account" and "MsgBody" in call.body:
            self._deliver(call, answer)
        return answer

    def _deliver(self, call: Call, answer: dict[str, Any]) -> None:
        """Hand a message that was sent to its receivers."""
        body, hooks = call.body, self.site.hooks
        assert isinstance(hooks, Events)  # noqa: S101
        message = {"From_Account": call.operator, "MsgTime": answer["MsgTime"]}
        if "GroupId" in body:
            group = self.site.store.groups[body["GroupId"]]
            receivers = [name for name in group.members if name != call.operator]
            message |= {"GroupId": group.id, "MsgSeq": answer["MsgSeq"], "Random": body["Random"]}
            message["NeedReadReceipt"] = body.get("NeedReadReceipt", 0)
        else:
            receivers = [body["To_Account"]]
            seq, random, _ = str(answer["MsgKey"]).split("_")
            message |= {"MsgSeq": int(seq), "Random": int(random)}
            message["NeedReadReceipt"] = body.get("IsNeedReadReceipt", 0)
        hooks.message(receivers, message)

    async def events(self, request: Request) -> Response:
        """Stream the events of a user; the stream ends with the connection."""
        query = request.scope["query_string"].decode("latin-1")
        incoming = Incoming("GET", "/client/events", query, (), b"")
        call = self.begin(incoming, 0)
        try:
            self._admit(call)
        except Refusal as refusal:
            return JSONResponse({"ErrorCode": refusal.code, "ErrorInfo": str(refusal)}, 403)
        hooks = self.site.hooks
        assert isinstance(hooks, Events)  # noqa: S101
        return StreamingResponse(hooks.stream(call.operator), media_type="application/x-ndjson")

    def routes(self) -> list[Route]:
        """Return the route of the stream."""
        return [Route("/client/events", self.events, methods=["GET"])]
