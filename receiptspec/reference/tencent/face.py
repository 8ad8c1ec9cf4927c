"""The REST face of Tencent Chat: finds the command, opens the gate, wraps what comes back."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from typing import Any

from receiptspec.reference.behaviour import Behaviour
from receiptspec.reference.calls import Call, Incoming, Refusal, Reply, Shrug
from receiptspec.reference.tencent import accounts, direct, documents, gate, groups, receipts
from receiptspec.reference.tencent import messages as group_messages
from receiptspec.reference.tencent.fields import Fields
from receiptspec.reference.tencent.site import Site

__all__ = ["OPERATIONS", "TencentFace"]

Handler = Callable[[Site, Call, Fields], dict[str, Any]]

BAD_URL, TOO_LONG = 60009, 93000

#: Services with the code of a bad field, the code of a bad document, and their commands.
SERVICES: Mapping[str, tuple[int, int, Mapping[str, Handler]]] = {
    "im_open_login_svc": (
        accounts.ILLEGAL,
        60003,
        {
            "account_import": accounts.account_import,
            "multiaccount_import": accounts.multiaccount_import,
        },
    ),
    "group_open_http_svc": (
        10004,
        60003,
        {
            "create_group": groups.create_group,
            "destroy_group": groups.destroy_group,
            "add_group_member": groups.add_group_member,
            "delete_group_member": groups.delete_group_member,
            "get_group_member_info": groups.get_group_member_info,
            "send_group_msg": group_messages.send_group_msg,
            "import_group_msg": group_messages.import_group_msg,
            "group_msg_get_simple": group_messages.group_msg_get_simple,
            "group_msg_recall": group_messages.group_msg_recall,
            "group_msg_receipt": receipts.group_msg_receipt,
            "get_group_msg_receipt": receipts.get_group_msg_receipt,
            "get_group_msg_receipt_detail": receipts.get_group_msg_receipt_detail,
        },
    ),
    "openim": (
        direct.BAD_FORMAT,
        direct.NOT_JSON,
        {
            "sendmsg": direct.sendmsg,
            "c2c_msg_read_receipt": direct.c2c_msg_read_receipt,
            "admin_getroammsg": direct.admin_getroammsg,
            "admin_set_msg_read": direct.admin_set_msg_read,
            "get_c2c_unread_msg_num": direct.get_c2c_unread_msg_num,
        },
    ),
}

#: Every command with its service.
OPERATIONS = {command: service for service, (_, _, all_) in SERVICES.items() for command in all_}

#: Operations whose whole body may not be longer than 12 KB.
SHORT_BODIES = frozenset({"sendmsg", "c2c_msg_read_receipt"})

#: What a call that should have been refused gets where a fault lets it end well.
EMPTY: Mapping[str, dict[str, Any]] = {
    "get_group_msg_receipt": {"GroupMsgReceiptList": []},
    "get_group_msg_receipt_detail": {"MsgSeq": 0, "Cursor": "0", "IsFinish": 1, "UnreadList": []},
    "get_group_member_info": {"MemberNum": 0, "MemberList": []},
    "add_group_member": {"MemberList": []},
    "create_group": {"GroupId": "@TGS#2RSNONE", "Type": "Public"},
    "send_group_msg": {"MsgTime": 1, "MsgSeq": 1},
    "sendmsg": {"MsgTime": 1, "MsgKey": "1_1_1"},
    "import_group_msg": {"ImportMsgResult": []},
    "group_msg_get_simple": {"GroupId": "", "IsFinished": 1, "RspMsgList": []},
    "group_msg_recall": {"RecallRetList": []},
    "multiaccount_import": {"FailAccounts": []},
    "admin_getroammsg": {
        "Complete": 1,
        "MsgCnt": 0,
        "LastMsgTime": 0,
        "LastMsgKey": "",
        "MsgList": [],
    },
    "get_c2c_unread_msg_num": {"AllC2CUnreadMsgNum": 0},
}


class TencentFace:
    """Answers ``POST /v4/<service>/<command>`` and whatever no other face claims."""

    vendor = "tencent"

    def __init__(self, site: Site, behaviour: Behaviour) -> None:
        self.site, self.behaviour = site, behaviour

    def claims(self, incoming: Incoming) -> bool:
        """Whether a request is for this face."""
        return incoming.path.startswith("/v4/")

    def begin(self, incoming: Incoming, serial: int) -> Call:
        """Return the call of a request, named after the last part of its path."""
        command = incoming.path.rpartition("/")[2]
        name = command if command in OPERATIONS else ""
        return Call(incoming, self.vendor, self.behaviour, serial, name, site=self.site)

    def answer(self, call: Call) -> Reply:
        """Answer in the envelope, with HTTP status 200, whatever the request was."""
        answer = {"ActionStatus": "OK", "ErrorCode": 0, "ErrorInfo": ""}
        try:
            answer |= self._result(call)
        except Refusal as refusal:
            code, info = int(refusal.code), str(refusal)
            answer = {"ActionStatus": "FAIL", "ErrorCode": code, "ErrorInfo": info}
        except Shrug:
            answer |= copy.deepcopy(EMPTY.get(call.operation, {}))
        self.behaviour.on_answer(call, answer)
        body = documents.write(answer)
        return Reply(200, [("Content-Type", "application/json")], body)

    def _result(self, call: Call) -> dict[str, Any]:
        code, unreadable, handler = self._route(call)
        call.query = gate.parameters(call)
        gate.admit(self.site, call)
        call.body = self._document(call, unreadable)
        self.behaviour.on_request(call)
        if call.operation in SHORT_BODIES and len(call.incoming.body) > call.knob("text_limit"):
            call.refuse("body", "too-long", TOO_LONG, "the body is longer than 12 KB")
        return handler(call.site, call, Fields(call, call.body, code))

    def _route(self, call: Call) -> tuple[int, int, Handler]:
        if call.incoming.method != "POST":
            call.refuse("method", "method", BAD_URL, "only POST is supported")
        parts = call.incoming.path.split("/")
        if len(parts) != 4 or parts[:2] != ["", "v4"] or parts[2] not in SERVICES:
            call.refuse("path", "service", BAD_URL, "there is no such address")
            raise Shrug
        code, unreadable, handlers = SERVICES[parts[2]]
        if parts[3] not in handlers:
            call.refuse("path", "command", BAD_URL, "there is no such command")
            raise Shrug
        return code, unreadable, handlers[parts[3]]

    @staticmethod
    def _document(call: Call, unreadable: int) -> dict[str, Any]:
        if not call.incoming.body.strip():
            call.refuse("body", "empty", unreadable, "the body is empty")
            return {}
        document = documents.read(call.incoming.body)
        if document is documents.BROKEN:
            call.refuse("body", "not-json", unreadable, "the body is not JSON")
            raise Shrug
        if not isinstance(document, dict):
            call.refuse("body", "not-object", unreadable, "the body is not a JSON object")
            raise Shrug
        return document
