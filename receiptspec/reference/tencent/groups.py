"""Groups and their members (G1-G5)."""

from __future__ import annotations

from typing import Any

from receiptspec.reference.calls import Call
from receiptspec.reference.store import Group, Member
from receiptspec.reference.tencent.fields import Fields, unique
from receiptspec.reference.tencent.site import NOT_PERMITTED, Site, is_group_id, now

__all__ = [
    "add_group_member",
    "create_group",
    "delete_group_member",
    "destroy_group",
    "get_group_member_info",
]

#: Group types with the number of members they hold.
CAPACITY = {
    "Private": 6000,
    "Work": 6000,
    "Public": 6000,
    "ChatRoom": 6000,
    "Meeting": 6000,
    "AVChatRoom": 1_000_000,
    "Community": 100_000,
}
BAD_PARAMETER, TOO_MANY, FULL = 10004, 10005, 10014
_TAKEN, _TAKEN_BY_OWNER = 10021, 10025
_FAILED, _ADDED, _ALREADY, _INVITED = 0, 1, 2, 3


def create_group(site: Site, call: Call, fields: Fields) -> dict[str, Any]:
    """Make a group with its owner and first members; a GroupId of one's own is kept."""
    kind = fields.choice("Type", CAPACITY, required=True)
    name = fields.text("Name", most=100)
    owner = fields.text("Owner_Account", required=False)
    limit = fields.integer("MaxMemberCount", required=False, low=1, default=CAPACITY.get(kind, 200))
    members = fields.objects("MemberList", required=False, empty=True, most=100, many=TOO_MANY)
    names = [member.text("Member_Account") for member in members]
    if owner:
        site.account(fields, "Owner_Account", owner)
    for member, user in zip(members, names, strict=True):
        site.account(member, "Member_Account", user)
    group_id = _own_id(site, call, fields, kind, owner) or _new_id(site, kind)
    group = Group(group_id, kind, name, owner or None, now(call), limit)
    if owner:
        group.join(owner, now(call), "Owner")
    roles = {user: member.values.get("Role") for member, user in zip(members, names, strict=True)}
    for user in unique(names):
        if user not in group.members:
            group.join(user, now(call), "Admin" if roles[user] == "Admin" else "Member")
    if call.knob("tips_take_seq"):
        group.newest = 1
    site.store.supply_group(group)
    return {"GroupId": group.id, "Type": kind}


def _new_id(site: Site, kind: str) -> str:
    prefix = "@TGS#_@TGS#c" if kind == "Community" else "@TGS#2"
    return f"{prefix}RS{next(site.store.numbers):07d}"


def _own_id(site: Site, call: Call, fields: Fields, kind: str, owner: str) -> str | None:
    """Take GroupId: printable, not with a reserved prefix, not taken (10021, 10025)."""
    if "GroupId" not in fields:
        return None
    own = fields.text("GroupId", most=48)
    reserved = own.startswith("@TGS#") and not (kind == "Community" and own.startswith("@TGS#_"))
    if reserved or (own and not is_group_id(own)):
        call.refuse("GroupId", "malformed", BAD_PARAMETER, "GroupId: not a permitted group ID")
    other = site.store.groups.get(own)
    if other is not None:
        code = _TAKEN_BY_OWNER if other.owner == (owner or None) else _TAKEN
        call.refuse("GroupId", "taken", code, "GroupId: already taken")
    return own


def destroy_group(site: Site, call: Call, fields: Fields) -> dict[str, Any]:  # noqa: ARG001
    """Dismiss a group; whatever names it later is answered with 10010."""
    site.store.dismiss(site.group(fields))
    return {}


def add_group_member(site: Site, call: Call, fields: Fields) -> dict[str, Any]:
    """Add up to 300 members; each has its own Result: 0 failed, 1 added, 2 already in.

    One alone may first have to agree: 3, and no member.
    """
    items = fields.objects("MemberList", most=300, many=TOO_MANY)
    names = [item.text("Member_Account") for item in items]
    fields.flag("Silence")
    group = site.group(fields)
    if group.type == "AVChatRoom":
        call.refuse("GroupId", "group-type", NOT_PERMITTED, "this group type takes no members")
    fresh = {n for n in names if n in site.store.accounts and n not in group.members}
    if len(group.members) + len(fresh) > group.capacity:
        call.refuse("MemberList", "full", FULL, "the group is full")
    if fresh and call.knob("tips_take_seq"):
        group.newest += 1
    if call.knob("one_is_invited") and {*names} == fresh and len(fresh) == 1:
        return {"MemberList": [{"Member_Account": names[0], "Result": _INVITED}]}
    return {"MemberList": [_added(site, call, group, name) for name in names]}


def _added(site: Site, call: Call, group: Group, name: str) -> dict[str, Any]:
    result = _ALREADY if name in group.members else _FAILED
    if result == _FAILED and name in site.store.accounts:
        group.join(name, now(call))
        result = _ADDED
    return {"Member_Account": name, "Result": result}


def delete_group_member(site: Site, call: Call, fields: Fields) -> dict[str, Any]:
    """Remove up to 100 members; those who are none do not matter."""
    names = fields.texts("MemberToDel_Account", most=100)
    fields.flag("Silence")
    group = site.group(fields)
    if group.type == "AVChatRoom":
        call.refuse("GroupId", "group-type", BAD_PARAMETER, "members of this type only leave")
    if group.owner in names:
        call.refuse("MemberToDel_Account[]", "owner", NOT_PERMITTED, "the owner cannot be removed")
    for name in names:
        group.members.pop(name, None)
    return {}


def get_group_member_info(site: Site, call: Call, fields: Fields) -> dict[str, Any]:  # noqa: ARG001
    """Answer members in join order, from Offset on, at most Limit of them."""
    limit = fields.integer("Limit", required=False, low=0, high=6000, default=6000)
    offset = fields.integer("Offset", required=False, low=0)
    group = site.group(fields)
    page = list(group.members.values())[offset : offset + limit]
    members = [_member(member) for member in page]
    return {"MemberNum": len(group.members), "MemberList": members}


def _member(member: Member) -> dict[str, Any]:
    return {
        "Member_Account": member.name,
        "Role": member.role,
        "JoinTime": member.joined,
        "MsgSeq": member.read_seq,
        "MsgFlag": "AcceptAndNotify",
        "LastSendMsgTime": member.sent,
        "ShutUpUntil": 0,
    }
