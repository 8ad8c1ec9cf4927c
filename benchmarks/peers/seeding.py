"""A reference server with people, groups and messages in it, and its OpenAPI document."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

from receiptspec import contract, openapi
from receiptspec.drivers import usersig
from receiptspec.exchange import Secret
from receiptspec.reference import Server

APP, KEY = 1_400_000_123, "peers-benchmark-key-0123456789abcdef"
USERS = [f"peer{turn}" for turn in range(6)]
MAIN, OTHER = "peers-main", "peers-other"
DOOMED = [f"peers-doomed-{turn}" for turn in range(300)]
_TEXT = [{"MsgType": "TIMTextElem", "MsgContent": {"Text": "hello"}}]


@dataclass
class Facts:
    """What exists on a server: values by operation and field."""

    usersig: str
    live: dict[str, dict[str, list[Any]]] = field(default_factory=dict)

    def write(self, file: Path, *, map_refusals: bool) -> None:
        """Write what the hooks read."""
        codes = contract.load("tencent").codes.values()
        found = {
            "live": self.live,
            "map_refusals": map_refusals,
            "credentials": [one.code for one in codes if one.kind == "credentials"],
        }
        file.write_text(json.dumps(found), encoding="utf-8")


def seed(server: Server) -> Facts:
    """Fill a server; a faulty one may refuse some of it, which is its own loss."""
    claims = usersig.Claims(server.identifier, server.sdkappid, int(time.time()))
    facts = Facts(usersig.sign(claims, Secret(server.key)).reveal())
    with requests.Session() as session:
        _fill(session, server, facts)
    return facts


def _fill(session: requests.Session, server: Server, facts: Facts) -> None:
    operations = contract.load("tencent").operations
    query = {
        "sdkappid": str(server.sdkappid),
        "identifier": server.identifier,
        "usersig": facts.usersig,
        "random": "1",
        "contenttype": "json",
    }

    def call(name: str, body: dict[str, Any]) -> dict[str, Any]:
        try:
            url = server.url + operations[name].path
            answer = session.post(url, params=query, json=body, timeout=15).json()
        except (requests.RequestException, ValueError):
            return {}
        return answer if isinstance(answer, dict) else {}

    for user in USERS:
        call("account_import", {"UserID": user})
    members = [{"Member_Account": user} for user in USERS[1:4]]
    for name in (MAIN, OTHER, *DOOMED):
        group = {"Type": "Public", "Name": name, "GroupId": name, "Owner_Account": USERS[0]}
        call("create_group", {**group, "MemberList": members})
    seqs, keys = [], []
    for turn in range(6):
        for name in (MAIN, OTHER):
            body = {"GroupId": name, "From_Account": USERS[0], "Random": turn, "MsgBody": _TEXT}
            answer = call("send_group_msg", {**body, "NeedReadReceipt": 1})
            seqs.append(answer.get("MsgSeq", turn + 1))
        body = {"From_Account": USERS[1], "To_Account": USERS[0], "MsgRandom": turn}
        answer = call("sendmsg", {**body, "MsgBody": _TEXT, "IsNeedReadReceipt": 1})
        keys.append(answer.get("MsgKey", "1_2_3"))
    call(
        "group_msg_receipt",
        {"GroupId": MAIN, "From_Account": USERS[1], "MsgSeqList": [{"MsgSeq": 1}]},
    )
    facts.live = _live(sorted(set(map(_number, seqs))), [str(key) for key in keys])


def _number(value: Any) -> int:
    return value if type(value) is int else 1


def _live(seqs: list[int], keys: list[str]) -> dict[str, dict[str, list[Any]]]:
    """Return real values by operation and field; what destroys has groups of its own."""
    now = int(time.time())
    asking: dict[str, list[Any]] = {"GroupId": [MAIN], "MsgSeq": seqs}
    direct = {"Operator_Account": [USERS[0]], "Peer_Account": [USERS[1]]}
    return {
        "get_group_msg_receipt": asking,
        "get_group_msg_receipt_detail": {**asking, "Cursor": [""]},
        "group_msg_receipt": {**asking, "From_Account": USERS[1:4]},
        "c2c_msg_read_receipt": {
            **direct,
            "From_Account": [USERS[1]],
            "To_Account": [USERS[0]],
            "MsgKey": keys,
        },
        "admin_getroammsg": {
            **direct,
            "MaxCnt": [20],
            "MinTime": [now - 3600],
            "MaxTime": [now + 7200],
            "LastMsgKey": keys,
        },
        "admin_set_msg_read": {"Report_Account": [USERS[0]], "Peer_Account": [USERS[1]]},
        "get_c2c_unread_msg_num": {"To_Account": [USERS[0]], "Peer_Account": [USERS[1]]},
        "sendmsg": {
            "From_Account": [USERS[1]],
            "To_Account": [USERS[0]],
            "MsgBody": [_TEXT],
            "MsgLifeTime": [600],
        },
        "send_group_msg": {
            "GroupId": [MAIN],
            "From_Account": USERS[:4],
            "MsgBody": [_TEXT],
            "OnlineOnlyFlag": [0],
        },
        "import_group_msg": {
            "GroupId": [OTHER],
            "From_Account": USERS[:4],
            "SendTime": [now - 10],
            "MsgBody": [_TEXT],
        },
        "group_msg_get_simple": {"GroupId": [MAIN], "ReqMsgNumber": [5], "ReqMsgSeq": seqs},
        "group_msg_recall": {"GroupId": [OTHER], "MsgSeq": seqs},
        "create_group": {"Owner_Account": USERS, "Member_Account": USERS, "GroupId": ["@new"]},
        "destroy_group": {"GroupId": DOOMED},
        "add_group_member": {"GroupId": [OTHER], "Member_Account": USERS[2:]},
        "delete_group_member": {"GroupId": [OTHER], "MemberToDel_Account": [USERS[3]]},
        "get_group_member_info": {"GroupId": [MAIN]},
    }


def document(server: Server, facts: Facts, *, map_refusals: bool) -> dict[str, Any]:
    """Return the export for one server: its address, its app, real values in examples.

    With `map_refusals` a refusal is documented as 400, which the hooks then show.
    """
    made = openapi.document(contract.load("tencent"), server=server.url)
    fixed = {
        "sdkappid": str(server.sdkappid),
        "identifier": server.identifier,
        "usersig": facts.usersig,
    }
    # Checks of authentication probe past the hooks; as a parameter it is broken within them.
    made.pop("security")
    made["components"].pop("securitySchemes")
    signed = {"name": "usersig", "in": "query", "required": True}
    for name, schema in made["components"]["schemas"].items():
        if name.endswith(".request"):
            _narrow(schema, "", least=int(name not in _EMPTY))
    for entry in made["paths"].values():
        for operation in entry.values():
            operation["parameters"].append(dict(signed))
            for one in operation["parameters"]:
                if one["name"] in fixed:
                    one["schema"] = {"type": "string", "const": fixed[one["name"]]}
                    one["example"] = fixed[one["name"]]
            live = facts.live.get(operation["operationId"], {})
            for media in operation["requestBody"]["content"].values():
                for example in media["examples"].values():
                    example["value"] = _real(example["value"], live)
            if map_refusals:
                _split_answers(made, operation)
    return made


def _real(node: Any, live: dict[str, list[Any]]) -> Any:
    if isinstance(node, list):
        return [_real(one, live) for one in node]
    if not isinstance(node, dict):
        return node
    made = {}
    for key, value in node.items():
        real = live.get(key)
        if not real:
            made[key] = _real(value, live)
        elif isinstance(value, list) and not isinstance(real[0], list):
            made[key] = [real[0]]
        else:
            made[key] = real[0]
    return made


def _split_answers(made: dict[str, Any], operation: dict[str, Any]) -> None:
    answer = made["components"]["schemas"][f"{operation['operationId']}.answer"]
    media = operation["responses"]["200"]["content"]["application/json"]
    media["schema"] = {"allOf": [*answer["allOf"], answer["if"], answer["then"]]}
    for status in ("400", "401", "405"):
        operation["responses"][status] = {
            "description": "Refused.",
            "content": {"application/json": {"schema": answer["else"]}},
        }


#: What any server wants and no document says: a tester adds it on the first day.
_LEAST = {"Count": 1, "Offset": 0, "Limit": 0, "ReqMsgNumber": 1, "MaxCnt": 1, "MaxMemberCount": 1}
_EMPTY = {"create_group.request"}  # takes an empty list of members


def _narrow(node: Any, name: str, *, least: int) -> None:
    """Refuse empty lists, empty names and counts below one."""
    if not isinstance(node, dict):
        return
    if node.get("type") == "array":
        node.setdefault("minItems", least)
    if node.get("type") == "string" and "x-live" in node:
        node.setdefault("minLength", 1)
    if name in _LEAST:
        node.setdefault("minimum", _LEAST[name])
    _narrow(node.get("items"), name, least=least)
    for inner, schema in node.get("properties", {}).items():
        _narrow(schema, inner, least=least)
    for schema in [*node.get("allOf", ()), *node.get("anyOf", ()), *node.get("oneOf", ())]:
        _narrow(schema, name, least=least)
