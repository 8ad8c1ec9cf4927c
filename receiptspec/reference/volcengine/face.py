"""The face of Volcengine's IM actions: finds the action, checks the signature, wraps the result."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from receiptspec.reference import outside
from receiptspec.reference.behaviour import Behaviour
from receiptspec.reference.calls import Call, Incoming, Refusal, Reply, Shrug
from receiptspec.reference.tencent import documents
from receiptspec.reference.volcengine import conversations, messages, receipts, signature
from receiptspec.reference.volcengine.codes import GATEWAY, status_of
from receiptspec.reference.volcengine.fields import INVALID, PARSING, Fields
from receiptspec.reference.volcengine.site import Site

__all__ = ["ACTIONS", "VERSION", "VolcengineFace"]

Handler = Callable[[Site, Call, Fields], dict[str, Any]]

VERSION = "2020-12-01"

ACTIONS: Mapping[str, Handler] = {
    "GetMessagesReadReceipt": receipts.get_messages_read_receipt,
    "CreateConversation": conversations.create_conversation,
    "BatchAddConversationParticipant": conversations.batch_add_conversation_participant,
    "BatchDeleteConversationParticipant": conversations.batch_delete_conversation_participant,
    "BatchGetConversationParticipant": conversations.batch_get_conversation_participant,
    "SendMessage": messages.send_message,
    "GetMessages": messages.get_messages,
    "ModifyParticipantReadIndex": receipts.modify_participant_read_index,
    "GetParticipantReadIndex": receipts.get_participant_read_index,
    "RecallMessage": messages.recall_message,
    "DestroyConversation": conversations.destroy_conversation,
}

_BY_LOWER = {name.lower(): name for name in ACTIONS}

#: What a call that should have been refused gets where a fault lets it end well.
EMPTY: Mapping[str, dict[str, Any]] = {
    "GetMessagesReadReceipt": {"ReadReceipt": []},
    "BatchAddConversationParticipant": {"FailedUserIds": []},
    "BatchDeleteConversationParticipant": {"FailedUserIds": []},
    "BatchGetConversationParticipant": {"Participants": []},
    "GetMessages": {"Messages": []},
    "SendMessage": {"MessageId": 1709040620191372977},
    "GetParticipantReadIndex": {"ReadIndexes": []},
}


class VolcengineFace:
    """Answers ``POST /?Action=...&Version=2020-12-01``."""

    vendor = "volcengine"

    def __init__(self, site: Site, behaviour: Behaviour) -> None:
        self.site, self.behaviour = site, behaviour

    def claims(self, incoming: Incoming) -> bool:
        """Whether a request is for this face: its path is ``/`` and something of it is ours."""
        if incoming.path not in ("", "/") and not self._takes_any_path(incoming):
            return False
        names = {name for name, _ in signature.parameters(incoming.query)}
        authorization = (incoming.header("Authorization") or "").lstrip()
        signs = ("X-Date", "X-Content-Sha256", "X-Security-Token")
        return (
            not names.isdisjoint({b"Action", b"Version"})
            or authorization.startswith(signature.LABEL)
            or any(incoming.header(name) is not None for name in signs)
        )

    def _takes_any_path(self, incoming: Incoming) -> bool:
        call = Call(incoming, self.vendor, self.behaviour, site=self.site)
        return bool(call.knob("ve_any_path"))

    def begin(self, incoming: Incoming, serial: int) -> Call:
        """Return the call of a request, named after its action."""
        query: dict[str, str] = {}
        for key, value in signature.parameters(incoming.query):
            query.setdefault(key.decode(errors="replace"), value.decode(errors="replace"))
        action = query.get("Action", "")
        name = action if action in ACTIONS else ""
        call = Call(incoming, self.vendor, self.behaviour, serial, name, query, site=self.site)
        if action.lower() in _BY_LOWER and call.knob("ve_action_any_case"):
            call.operation = query["Action"] = _BY_LOWER[action.lower()]
        if call.knob("ve_action_in_body"):
            document = documents.read(incoming.body)
            given = document if isinstance(document, dict) else {}
            call.query = {k: str(given[k]) for k in ("Action", "Version") if k in given} | query
            call.operation = name or next(iter({call.query.get("Action", "")} & set(ACTIONS)), "")
        return call

    def answer(self, call: Call) -> Reply:
        """Answer in the envelope, whatever the request was."""
        moment = datetime.fromtimestamp(outside.now(), UTC)
        about: dict[str, Any] = {
            "RequestId": f"{moment:%Y%m%d%H%M%S}{outside.token(10).upper()}",
            "Action": call.query.get("Action", ""),
            "Version": VERSION,
            "Service": "rtc",
            "Region": self.site.keys.region,
        }
        answer = {"ResponseMetadata": about}
        status = 200
        try:
            answer["Result"] = self._result(call)
        except Refusal as refusal:
            code = str(refusal.code)
            number, _ = GATEWAY.get(code, (None, 0))
            error = {"CodeN": number, "Code": code, "Message": str(refusal)}
            about["Error"] = {k: v for k, v in error.items() if v is not None}
            business, overrides = call.knob("ve_business_status"), call.knob("ve_statuses")
            status = status_of(code, business, overrides)
        except Shrug:
            answer["Result"] = copy.deepcopy(EMPTY.get(call.operation, {}))
        self.behaviour.on_answer(call, answer)
        headers = [("Content-Type", "application/json; charset=utf-8")]
        return Reply(status, headers, documents.write(answer))

    def _result(self, call: Call) -> dict[str, Any]:
        if call.incoming.method != "POST":
            call.refuse("method", "method", "MethodNotAllowed", "only POST is supported")
        for name in ("Action", "Version"):
            if not call.query.get(name):
                info = f"the query has no {name}"
                call.refuse(name, "missing", "MissingParameter", info)
        pairs = signature.parameters(call.incoming.query)
        signature.verify(call, self.site.keys, pairs, self.site.clock())
        handler = ACTIONS.get(call.query.get("Action", ""))
        if handler is None:
            call.refuse("Action", "unknown", "InvalidActionOrVersion", "no such action")
            raise Shrug
        if call.query.get("Version", VERSION) != VERSION:
            call.refuse("Version", "unknown", "InvalidActionOrVersion", "no such version")
        call.body = self._document(call)
        self.behaviour.on_request(call)
        return handler(call.site, call, Fields(call, call.body))

    @staticmethod
    def _document(call: Call) -> dict[str, Any]:
        if not call.incoming.body.strip():
            call.refuse("body", "empty", INVALID, "the body is empty")
            raise Shrug
        document = documents.read(call.incoming.body)
        if document is documents.BROKEN and call.knob("ve_lenient_parser"):
            document = documents.read_leniently(call.incoming.body)
        if document is documents.BROKEN:
            call.refuse("body", "not-json", PARSING, "the body is not JSON")
            raise Shrug
        if not isinstance(document, dict):
            call.refuse("body", "not-object", PARSING, "the body is not a JSON object")
            raise Shrug
        return document
