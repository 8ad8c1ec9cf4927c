"""The commands of the web SDK: what it sends to become ready, and all about messages and receipts.

Where the SDK's dialect differs from REST's, the body is put into REST's words and the handler of
REST does the work, so both faces refuse alike and count alike.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from receiptspec.reference.calls import Call
from receiptspec.reference.tencent import direct, messages, receipts
from receiptspec.reference.tencent.fields import UINT32, Fields
from receiptspec.reference.tencent.site import NO_GROUP, NOT_PERMITTED, Site
from receiptspec.reference.tencent.web import shapes
from receiptspec.reference.tencent.web.shapes import TinyIds

__all__ = ["COMMANDS", "Ask"]


@dataclass(frozen=True, slots=True)
class Ask:
    """A call with the fields of its body, the app and the numbers of its accounts."""

    site: Site
    ids: TinyIds
    call: Call
    fields: Fields


Handler = Callable[[Ask], dict[str, Any]]

_BAD_GROUP, _BAD_DIRECT = 10004, direct.BAD_FORMAT
_LARGEST_PAGE = 100
_COMPLETE, _MORE = 2, 1  # of IsFinished


def _member(site: Site, call: Call, fields: Fields) -> None:
    if call.operator not in site.group(fields).members:
        call.refuse("GroupId", "not-a-member", NOT_PERMITTED, "not a member of the group")


def _rest(call: Call, code: int, **body: Any) -> Fields:
    """Return the fields of a body in REST's words."""
    call.body = body
    return Fields(call, body, code)


# --- messages -------------------------------------------------------------------------------


def _send_group(ask: Ask) -> dict[str, Any]:
    _member(ask.site, ask.call, ask.fields)
    _client_time(ask.call, ask.fields)
    values = {**ask.fields.values, "From_Account": ask.call.operator}
    return messages.send_group_msg(ask.site, ask.call, _rest(ask.call, _BAD_GROUP, **values))


def _send_direct(ask: Ask) -> dict[str, Any]:
    _client_time(ask.call, ask.fields)
    values = {**ask.fields.values, "From_Account": ask.call.operator}
    return direct.sendmsg(ask.site, ask.call, _rest(ask.call, _BAD_DIRECT, **values))


def _client_time(call: Call, fields: Fields) -> None:
    name = "MsgClientTime"
    call.notes["client_time"] = fields.integer(name, required=False, low=0, high=UINT32)


def _group_history(ask: Ask) -> dict[str, Any]:
    """Answer messages from ReqMsgSeq back; NextReqMsgSeq goes on where a page ended."""
    _member(ask.site, ask.call, ask.fields)
    group = ask.site.group(ask.fields)
    most = ask.fields.integer("ReqMsgNumber", low=1, default=20)
    newest = ask.fields.integer("ReqMsgSeq", required=False, low=0) or group.newest
    seqs = sorted((seq for seq in group.messages if seq <= newest), reverse=True)
    page, rest = seqs[:most], seqs[most:]
    return {
        "GroupId": group.id,
        "IsFinished": _MORE if rest else _COMPLETE,
        "NextReqMsgSeq": rest[0] if rest else 0,
        "RspMsgList": [shapes.group_message(ask.ids, group, group.messages[seq]) for seq in page],
    }


def _direct_history(ask: Ask) -> dict[str, Any]:
    """Answer messages before LastMsgTime and MsgKey, oldest first."""
    peer = ask.fields.text("Peer_Account", code=direct.NO_TO)
    most = ask.fields.integer("MaxCnt", low=1, default=15)
    last, key = (
        ask.fields.integer("LastMsgTime", required=False, low=0),
        ask.fields.text("MsgKey", required=False, empty=True),
    )
    pair = ask.site.store.between(ask.call.operator, peer)
    places = [index for index, message in enumerate(pair) if message.key == key]
    before = pair[: places[0]] if places else pair
    before = [message for message in before if not last or message.time <= last]
    page = before[-most:]
    return {
        "Complete": int(len(page) == len(before)),
        "MaxCnt": len(page),
        "LastMsgTime": page[0].time if page else 0,
        "MsgKey": page[0].key if page else "",
        "MsgList": [shapes.direct_message(ask.ids, message) for message in page],
    }


# --- receipts -------------------------------------------------------------------------------


def _read_group(ask: Ask) -> dict[str, Any]:
    values = {**ask.fields.values, "From_Account": ask.call.operator}
    return receipts.group_msg_receipt(ask.site, ask.call, _rest(ask.call, _BAD_GROUP, **values))


def _read_direct(ask: Ask) -> dict[str, Any]:
    """Read one-to-one messages; the SDK names them by sequence number, random and time."""
    items = []
    for item in ask.fields.objects("C2CMsgInfo"):
        parts = [item.integer(name, low=0) for name in ("MsgSeq", "MsgRandom", "MsgTime")]
        people = {name: item.text(name) for name in ("From_Account", "To_Account")}
        items.append({**people, "MsgKey": "_".join(map(str, parts))})
    peer = ask.fields.text("Peer_Account", code=direct.NO_TO)
    body = {"Operator_Account": ask.call.operator, "Peer_Account": peer, "C2CMsgInfo": items}
    return direct.c2c_msg_read_receipt(ask.site, ask.call, _rest(ask.call, _BAD_DIRECT, **body))


def _ask_group(ask: Ask) -> dict[str, Any]:
    _member(ask.site, ask.call, ask.fields)
    return receipts.get_group_msg_receipt(ask.site, ask.call, ask.fields)


def _list_group(ask: Ask) -> dict[str, Any]:
    """Answer one page of members; Flag and Num are REST's Filter and Count, Num at most 100."""
    _member(ask.site, ask.call, ask.fields)
    body = {
        "GroupId": ask.fields.text("GroupId"),
        "MsgSeq": ask.fields.integer("MsgSeq"),
        "Filter": ask.fields.integer("Flag", low=0, high=1),
        "Cursor": ask.fields.text("Cursor", empty=True),
        "Count": ask.fields.integer("Num", low=1, high=_LARGEST_PAGE),
    }
    rest = _rest(ask.call, _BAD_GROUP, **body)
    return receipts.get_group_msg_receipt_detail(ask.site, ask.call, rest)


# --- what an SDK asks for before and beside -------------------------------------------------


def _groups(ask: Ask) -> dict[str, Any]:
    """Answer the groups of the user, of all types but communities, or of these alone."""
    communities = ask.call.operation.startswith("million_")
    mine = [
        group
        for group in ask.site.store.groups.values()
        if ask.call.operator in group.members and (group.type == "Community") == communities
    ]
    start = ask.fields.integer("Offset", required=False, low=0)
    most = ask.fields.integer("Limit", required=False, low=1, default=200)
    shown = [_group(ask.site, ask.call, group.id) for group in mine[start : start + most]]
    return {"TotalCount": len(mine), "GroupIdList": shown}


def _group_profiles(ask: Ask) -> dict[str, Any]:
    names = ask.fields.texts("GroupIdList", most_bytes=64)
    return {"GroupInfo": [_group(ask.site, ask.call, name) for name in names]}


def _group(site: Site, call: Call, name: str) -> dict[str, Any]:
    """Return a group as one of its members sees it, or why not."""
    group = site.store.groups.get(name)
    if group is None:
        return {"GroupId": name, "ErrorCode": NO_GROUP, "ErrorInfo": "no such group"}
    member = group.members.get(call.operator)
    if member is None:
        return {"GroupId": name, "ErrorCode": NOT_PERMITTED, "ErrorInfo": "not a member"}
    own = {"Role": member.role, "JoinTime": member.joined, "MsgSeq": member.read_seq}
    return {
        "ErrorCode": 0,
        "ErrorInfo": "",
        "GroupId": group.id,
        "Type": group.type,
        "Name": group.name,
        "Owner_Account": group.owner or "",
        "CreateTime": group.created,
        "MemberNum": len(group.members),
        "MaxMemberNum": group.capacity,
        "NextMsgSeq": group.newest + 1,
        "SelfInfo": {**own, "MsgFlag": "AcceptAndNotify"},
    }


def _profiles(ask: Ask) -> dict[str, Any]:
    items = []
    for item in ask.fields.objects("UserItem"):
        name = item.text("To_Account")
        nick = ask.site.store.accounts.get(name, {}).get("Nick", "")
        profile = [{"Tag": "Tag_Profile_IM_Nick", "Value": nick}]
        items.append({"To_Account": name, "ResultCode": 0, "ProfileItem": profile})
    return {"UserProfileItem": items}


def _peer_read_times(ask: Ask) -> dict[str, Any]:
    return {"ReadTime": [0 for _ in ask.fields.texts("To_Account")]}


def _remind_types(ask: Ask) -> dict[str, Any]:
    peers = ask.fields.texts("Peer_Account")
    flags = [{"Peer_Account": peer, "Mute_Notifications": 0} for peer in peers]
    return {"MuteNotificationsList": flags}


def _always(**answer: Any) -> Handler:
    return lambda _: dict(answer)


_DONE = _always()
_COMPLETE_PAGE: Mapping[str, Any] = {
    "CompleteFlag": 1,
    "SessionItem": [],
    "TimeStamp": 0,
    "StartIndex": 0,
    "TopTimeStamp": 0,
    "TopStartIndex": 0,
}

#: Every command with the code of a bad field and what answers it.
COMMANDS: Mapping[str, tuple[int, Handler]] = {
    "group_open_http_svc.send_group_msg": (_BAD_GROUP, _send_group),
    "group_open_http_svc.group_msg_get": (_BAD_GROUP, _group_history),
    "group_open_http_svc.group_msg_receipt": (_BAD_GROUP, _read_group),
    "group_open_http_svc.get_group_msg_receipt": (_BAD_GROUP, _ask_group),
    "group_open_http_svc.get_group_msg_receipt_detail": (_BAD_GROUP, _list_group),
    "group_open_http_svc.get_joined_group_list": (_BAD_GROUP, _groups),
    "group_open_http_svc.get_group_self_member_info": (_BAD_GROUP, _group_profiles),
    "group_open_http_svc.msg_read_report": (_BAD_GROUP, _DONE),
    "million_group_open_http_svc.get_joined_group_list": (_BAD_GROUP, _groups),
    "openim.sendmsg": (_BAD_DIRECT, _send_direct),
    "openim.getroammsg": (_BAD_DIRECT, _direct_history),
    "openim.c2c_msg_read_receipt": (_BAD_DIRECT, _read_direct),
    "openim.getmsg": (_BAD_DIRECT, _always(Cookie="1", SyncFlag=2, MsgList=[])),
    "openim.get_peer_read_time": (_BAD_DIRECT, _peer_read_times),
    "openim.get_c2c_peer_mute_notifications": (_BAD_DIRECT, _remind_types),
    "openim.ws_msg_push_ack": (_BAD_DIRECT, _DONE),
    "im_open_status.wshello": (_BAD_DIRECT, _DONE),
    "profile.portrait_get_all": (_BAD_DIRECT, _profiles),
    "recentcontact.page_get": (_BAD_DIRECT, _always(**_COMPLETE_PAGE)),
    "recentcontact.get_contact_group": (_BAD_DIRECT, _always(GroupItem=[], CompleteFlag=1)),
    "recentcontact.search_contact_group": (_BAD_DIRECT, _always(ContactResultItem=[])),
    "sns.black_list_get": (_BAD_DIRECT, _always(BlackListItem=[], StartIndex=0)),
    "sns.friend_get": (_BAD_DIRECT, _always(UserDataItem=[], CompleteFlag=1, NextStartIndex=0)),
    "sns.group_get": (_BAD_DIRECT, _always(ResultItem=[], CurrentSequence=0)),
    "sns.pendency_get": (_BAD_DIRECT, _always(PendencyItem=[], CurrentPendencySequence=0)),
    "im_sdk_config_mgr.fetch_config": (
        _BAD_DIRECT,
        _always(
            int32_error_code=0, str_json_config="{}", uint32_expired_time=86_400, uint64_version=1
        ),
    ),
    "im_sdk_config_mgr.fetch_imsdk_purchase_bitsv2": (
        _BAD_DIRECT,
        _always(int32_error_code=0, str_purchase_bits="0", uint32_expired_time=86_400),
    ),
}
