"""The neutral actions in the terms of Tencent Chat: bodies out.

Sources stand at each action: the operation pages that the contract lists.
"""

from __future__ import annotations

import time
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from receiptspec.drivers.tencent_readings import TencentReadings
from receiptspec.neutral import Answer, Call, Conversation, Kind, Message

__all__ = ["TencentActions"]

_BEFORE, _AFTER = 3600, 60  # seconds around what is asked for of a history
_TEXT = "TIMTextElem"
_CUSTOM = {
    "MsgType": "TIMCustomElem",
    "MsgContent": {"Data": "x", "Desc": "a description", "Ext": "an extension"},
}
_FACE = {"MsgType": "TIMFaceElem", "MsgContent": {"Index": 1, "Data": "face"}}
_PLACE = {
    "MsgType": "TIMLocationElem",
    "MsgContent": {"Desc": "a place", "Latitude": 29.34, "Longitude": 106.57},
}
_OWN_DATA = '{"a": "<b> &amp; it\'s 100%", "b": "\\u0041 多语言 👍"}'


class TencentActions(TencentReadings):
    """Everything of the driver that writes bodies and knows nothing of the wire."""

    def __init__(self) -> None:
        self._begun = time.time()

    ask = "get_group_msg_receipt"
    group_read = "group_msg_receipt"
    at_once = 100
    at_creation = 100
    group_type = "Public"
    wakened = frozenset({"Private", "Work"})
    joinings = frozenset({"create_group", "add_group_member", "delete_group_member"})
    stranger_codes = frozenset({10004, 90003, 90008})
    unjoined_codes = frozenset({10007})
    chatter = frozenset({"MsgBody", "Random", "MsgRandom", "SyncOtherMachine", "Name"})
    keeps_history = True
    nobody_codes = frozenset({10019, 20003, 90012, 90048})
    misfits: tuple[str, ...] = ("from", "peer", "to", "operator", "key", "malformed")

    def probes(self) -> list[Call]:
        """Harmless calls that any live target answers somehow."""
        return [
            self.ask_receipts(Conversation(Kind.GROUP, "rs-no-such-group", "", "", ()), [1]),
            Call("get_group_member_info", {"GroupId": "rs-no-such-group"}),
        ]

    def sensible(self, operation: str, body: Any, live: Mapping[str, Any]) -> Any:
        """Fill in what a schema cannot know: a text, a time near now, a first list item."""
        text = [{"MsgType": _TEXT, "MsgContent": {"Text": "a message"}}]
        number = zlib.crc32(operation.encode())
        filled: dict[str, Any] = {}
        match operation:
            case "sendmsg":
                filled = {"MsgBody": text, "MsgRandom": number}
            case "send_group_msg":
                filled = {"MsgBody": text, "Random": number}
            case "admin_getroammsg":
                filled = {"MaxCnt": 20, **self._period()}
            case "get_group_msg_receipt_detail":
                filled = {"Filter": 1, "Cursor": "", "Count": 5}
            case "create_group":
                filled = {"Type": "Public"}
            case "group_msg_get_simple":
                filled = {"ReqMsgNumber": 20}
            case "add_group_member":
                filled = {"MemberList": [{"Member_Account": live.get("member")}]}
            case "delete_group_member":
                filled = {"MemberToDel_Account": [live.get("member")]}
            case "multiaccount_import":
                filled = {"AccountList": [{"UserID": live.get("new-user")}]}
            case "group_msg_receipt" | "group_msg_recall":
                filled = {"MsgSeqList": [{"MsgSeq": live.get("message")}]}
            case "import_group_msg":
                old = {"From_Account": live.get("member"), "SendTime": live.get("past")}
                filled = {"MsgList": [{**old, "MsgBody": text}]}
            case "c2c_msg_read_receipt":
                filled = {"C2CMsgInfo": [_letter(live)]}
        return {**body, **filled}

    def make_users(self, names: Sequence[str], *, otherwise: bool = False) -> list[Call]:
        """Import accounts (A1), one call each or many at once; importing again is harmless."""
        if (len(names) > 20) is not otherwise:
            parts = [names[start : start + 100] for start in range(0, len(names), 100)]
            lists = [[{"UserID": name} for name in part] for part in parts]
            return [Call("multiaccount_import", {"AccountList": part}) for part in lists]
        return [Call("account_import", {"UserID": name}) for name in names]

    def make_again(self, user: Any) -> list[Call]:
        """Import an account with its profile, by either operation (A1)."""
        profile = {"UserID": user, "Nick": "Somebody", "FaceUrl": "https://example.com/face.png"}
        return [
            Call("account_import", profile, label="the same account with a profile"),
            Call(
                "multiaccount_import",
                {"AccountList": [profile]},
                label="the same account in a list",
            ),
        ]

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

    def without_owner(self, call: Call) -> Call:
        """Leave out Owner_Account (G1)."""
        body = {key: value for key, value in call.body.items() if key != "Owner_Account"}
        return replace(call, body=body, label="no Owner_Account")

    def roomy(self, call: Call) -> Call:
        """Set MaxMemberCount (G1)."""
        return replace(call, body={**call.body, "MaxMemberCount": 500})

    def promoted(self, call: Call) -> Call:
        """Give the first of MemberList the Role Admin (G1)."""
        first, *others = call.body["MemberList"]
        listed = [{**first, "Role": "Admin"}, *others]
        return replace(call, body={**call.body, "MemberList": listed})

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
            "MsgBody": [{"MsgType": _TEXT, "MsgContent": {"Text": f"message {number}"}}],
        }
        if receipt:
            body["IsNeedReadReceipt"] = 1
        return Call("sendmsg", body)

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

    def joined(self, calls: Sequence[Call]) -> Call | None:
        """Name the items of all calls in one."""
        lists = {"c2c_msg_read_receipt": "C2CMsgInfo", self.ask: "MsgSeqList"}
        key = lists.get(calls[0].operation, "MsgSeqList")
        every = [item for call in calls for item in call.body[key]]
        return replace(calls[0], body={**calls[0].body, key: every}, label="items of several calls")

    def under_number(self, call: Call, number: int) -> Call | None:
        """Set random, which may be any number of 32 bits (O1)."""
        query = {**call.query, "random": str(number)}
        return replace(call, query=query, label=f"random={number}")

    def ask_receipts(self, conversation: Conversation, messages: Sequence[Any]) -> Call:
        """Ask for counts (R1), or for the history of two people as its owner sees it (R6)."""
        if conversation.kind is Kind.DIRECT:
            return self.look(conversation, conversation.owner)
        body = {
            "GroupId": conversation.id,
            "MsgSeqList": [{"MsgSeq": message} for message in messages],
        }
        return Call(self.ask, body)

    def look(self, conversation: Conversation, viewer: Any, *, size: int = 50) -> Call:
        """Ask for the history of two people since an hour before the run (R6)."""
        body = {
            "Operator_Account": viewer,
            "Peer_Account": _other(conversation, viewer),
            "MaxCnt": size,
            **self._period(),
        }
        return Call("admin_getroammsg", body)

    def _period(self) -> dict[str, int]:
        """Return all of the run as MinTime and MaxTime, by whichever clock messages are timed."""
        now, begun = time.time(), self._begun - _BEFORE
        return {
            "MinTime": max(0, int(begun + min(self.aheads))),
            "MaxTime": int(now + max(self.aheads)) + _AFTER,
        }

    def within(self, call: Call, since: int, until: int) -> Call:
        """Set MinTime and MaxTime (R6)."""
        label = f"from {since} to {until}"
        return replace(call, body={**call.body, "MinTime": since, "MaxTime": until}, label=label)

    def look_on(self, call: Call, answer: Answer) -> Call | None:
        """Go on at LastMsgKey and LastMsgTime (R6)."""
        key, moment = answer.get("LastMsgKey"), answer.get("LastMsgTime")
        if not isinstance(key, str) or type(moment) is not int:
            return None
        return replace(call, body={**call.body, "LastMsgKey": key, "MaxTime": moment})

    def misfit(self, call: Call, what: str, third: Any) -> Call:
        """Change one thing of a receipt, in every item or around them (R4)."""
        label, around = f"wrong {what}", {"peer": "Peer_Account", "operator": "Operator_Account"}
        if what in around:
            return replace(call, body={**call.body, around[what]: third}, label=label)
        first = call.body["C2CMsgInfo"][0]
        parts = str(first["MsgKey"]).split("_")
        invented = "_".join(str(int(p) % 4294967295 + 1) for p in parts[:2] if p.isdigit())
        invented += f"_{parts[-1]}"
        change = {
            "from": {"From_Account": third},
            "to": {"To_Account": third},
            "order of people": {
                "From_Account": first["To_Account"],
                "To_Account": first["From_Account"],
            },
            "key": {"MsgKey": invented},
            "malformed": {"MsgKey": "x"},
        }[what]
        items = [{**item, **change} for item in call.body["C2CMsgInfo"]]
        return replace(call, body={**call.body, "C2CMsgInfo": items}, label=label)

    def respelt(self, call: Call) -> list[Call]:
        """Spell MsgKey otherwise in the first item of a receipt (R4)."""
        first, *rest = call.body["C2CMsgInfo"]
        return [
            replace(
                call,
                body={**call.body, "C2CMsgInfo": [{**first, "MsgKey": key}, *rest]},
                label=f"a MsgKey with {what}",
            )
            for what, key in _respelt(str(first["MsgKey"])).items()
        ]

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

    def without_sender(self, call: Call) -> Call:
        """Return a call without From_Account (M1)."""
        body = {key: value for key, value in call.body.items() if key != "From_Account"}
        return replace(call, body=body, label="no From_Account")

    def for_the_moment(self, call: Call) -> Call:
        """Return a call with MsgLifeTime 0 (M1) or OnlineOnlyFlag 1 (M2)."""
        option = {"MsgLifeTime": 0} if call.operation == "sendmsg" else {"OnlineOnlyFlag": 1}
        return replace(call, body={**call.body, **option}, label="for who is online alone")

    def with_everything(self, call: Call) -> Call:
        """Return a call with two texts, a copy, a lifetime and custom data (M1)."""
        texts = [part["MsgContent"]["Text"] for part in call.body["MsgBody"]]
        options = {"SyncOtherMachine": 1, "MsgLifeTime": 604_800, "CloudCustomData": _OWN_DATA}
        call = self.with_texts(call, *texts, "and more")
        return replace(call, body={**call.body, **options}, label="every option")

    def for_those_online(self, call: Call) -> Call:
        """Set OnlineOnlyFlag (M2)."""
        return replace(call, body={**call.body, "OnlineOnlyFlag": 1}, label="OnlineOnlyFlag 1")

    def unusual(self, call: Call) -> list[Call]:
        """Send with the ends of MsgRandom, an own MsgSeq, SendMsgControl and other content (M1).

        Two at a time have the same words.
        """
        if call.operation != "sendmsg":
            return []
        number = call.body["MsgRandom"]
        changes: dict[str, dict[str, Any]] = {
            "MsgRandom above 2^31": {"MsgRandom": number | 2**31},
            "MsgRandom 0": {"MsgRandom": 0},
            "an own MsgSeq above 2^31": {
                "MsgRandom": (number + 1) % 2**31,
                "MsgSeq": number | 2**31,
                "CloudCustomData": "of an own number",
            },
            "SendMsgControl": {
                "MsgRandom": (number + 2) % 2**31,
                "SendMsgControl": ["NoLastMsg"],
            },
            "a custom element": {
                "MsgRandom": (number + 3) % 2**31,
                "MsgBody": [_CUSTOM],
                "CloudCustomData": "of a custom element",
            },
        }
        return [
            replace(
                call,
                body={**call.body, "MsgBody": _texts(f"unusual {turn // 2}"), **change},
                label=f"a message with {label}",
            )
            for turn, (label, change) in enumerate(changes.items())
        ]

    def optioned(self, call: Call) -> list[tuple[bool, Call]]:
        """Send with NoUnread, alone and beside another, and with what does not touch it (M1)."""
        if call.operation != "sendmsg":
            return []
        number = call.body["MsgRandom"]
        options: list[tuple[bool, dict[str, Any]]] = [
            (False, {"SendMsgControl": ["NoUnread"]}),
            (False, {"SendMsgControl": ["NoLastMsg", "NoUnread"]}),
            (True, {"SendMsgControl": ["NoLastMsg"]}),
            (True, {"SendMsgControl": ["WithMuteNotifications"]}),
            (True, {"SyncOtherMachine": 2}),
            (True, {"MsgLifeTime": 3600}),
        ]
        return [
            (
                counts,
                replace(
                    call,
                    body={
                        **call.body,
                        "MsgRandom": (number + turn) % 2**31,
                        "MsgBody": _texts(f"with options {turn}"),
                        **option,
                    },
                ),
            )
            for turn, (counts, option) in enumerate(options)
        ]

    def in_other_elements(self, call: Call) -> list[Call]:
        """Send a face, a place, a custom element, and more than one element in a message (M1)."""
        if call.operation != "sendmsg":
            return []
        bodies = {
            "a face": [_FACE],
            "a place": [_PLACE],
            "a custom element": [_CUSTOM],
            "texts and more": [*_texts("one text", "another text", "one text"), _CUSTOM],
        }
        return [
            replace(call, body={**call.body, "MsgBody": body}, label=f"a message of {what}")
            for what, body in bodies.items()
        ]

    def with_numbers(self, call: Call, sequence: int, random: int) -> Call | None:
        """Send with these MsgSeq and MsgRandom (M1)."""
        if call.operation != "sendmsg":
            return None
        return replace(call, body={**call.body, "MsgSeq": sequence, "MsgRandom": random})

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

    def remove_member(self, conversation: Conversation, *users: Any) -> Call:
        """Remove members (G4)."""
        body = {"GroupId": conversation.id, "MemberToDel_Account": list(users)}
        return Call("delete_group_member", body)

    def quietly(self, call: Call) -> Call:
        """Set Silence (G3, G4)."""
        return replace(call, body={**call.body, "Silence": 1})

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
            named["peer"] = next(m for m in conversation.members if m != user)
        return {
            "vendor": "tencent",
            "conversation": named,
            "messages": list(messages),
            "user": user,
        }

    def ask_members(self, conversation: Conversation, offset: int = 0) -> Call:
        """Ask for the members of a group, at most 100 of them (G5)."""
        return Call(
            "get_group_member_info", {"GroupId": conversation.id, "Limit": 100, "Offset": offset}
        )

    def few_members(self, conversation: Conversation) -> Call:
        """Ask for the first member of a group (G5)."""
        return Call("get_group_member_info", {"GroupId": conversation.id, "Limit": 1, "Offset": 0})

    def look_at_group(self, conversation: Conversation) -> Call:
        """Ask for the newest messages of a group (G6)."""
        return Call("group_msg_get_simple", {"GroupId": conversation.id, "ReqMsgNumber": 20})

    def look_back(self, conversation: Conversation, message: Any, size: int) -> Call:
        """Ask for messages from ReqMsgSeq back (G6)."""
        body = {"GroupId": conversation.id, "ReqMsgNumber": size, "ReqMsgSeq": message}
        return Call("group_msg_get_simple", body)

    def with_texts(self, call: Call, *texts: str) -> Call:
        """Return a call that sends `texts` instead, each as a part of MsgBody."""
        return replace(call, body={**call.body, "MsgBody": _texts(*texts)})

    def without_member(self, call: Call, sender: Any) -> Call:
        """Return a call that sends in the name of somebody else."""
        return replace(call, body={**call.body, "From_Account": sender})

    def adorned(self, call: Call, users: Sequence[Any]) -> list[Call]:
        """Send with every option at once, a custom element, and as the administrator (M2)."""
        del users
        if call.operation != "send_group_msg":
            return []
        text = call.body["MsgBody"][0]
        options = {"MsgPriority": "High", "CloudCustomData": _OWN_DATA, "MsgBody": [text, text]}
        custom = {"MsgBody": [_CUSTOM], "CloudCustomData": "of a custom element"}
        made = [
            replace(call, body={**call.body, **options}, label="a message with options"),
            replace(call, body={**call.body, **custom}, label="a custom message"),
            replace(self.without_sender(call), label="a message of the administrator"),
        ]
        randoms = [(call.body["Random"] + turn) % 2**32 for turn in range(1, len(made) + 1)]
        return [
            replace(one, body={**one.body, "Random": random})
            for one, random in zip(made, randoms, strict=True)
        ]

    def beside_wish(self, call: Call, users: Sequence[Any]) -> list[Call]:
        """Ask for a receipt beside each option, with unusual contents and numbers (M2)."""
        if call.operation != "send_group_msg":
            return []
        number, text = call.body["Random"] % 2**30, call.body["MsgBody"]
        push = {"PushFlag": 0, "Desc": "some words", "Ext": "some data"}
        changes: dict[str, dict[str, Any]] = {
            "some text": {},
            "the same text": {},
            "MsgPriority Low": {"MsgPriority": "Low"},
            "OnlineOnlyFlag 0": {"OnlineOnlyFlag": 0},
            "OfflinePushInfo": {"OfflinePushInfo": push},
            "SupportMessageExtension": {"SupportMessageExtension": 1},
            "GroupAtInfo": {"GroupAtInfo": [{"GroupAtAllFlag": 0, "GroupAt_Account": users[1]}]},
            "SendMsgControl": {"SendMsgControl": ["NoLastMsg"]},
            "MsgPriority Normal": {"MsgPriority": "Normal"},
            "SendMsgControl for who has muted it": {"SendMsgControl": ["WithMuteNotifications"]},
            "GroupAtInfo for all": {"GroupAtInfo": [{"GroupAtAllFlag": 1}]},
            "another element": {"MsgBody": [_FACE]},
            "text of other scripts": {"MsgBody": _texts("多语言 한국어 äöü 🇪🇺")},
            "a long text": {"MsgBody": _texts("long " * 600)},
            "Random 0": {"MsgBody": _texts("another text"), "Random": 0},
            "Random above 2^31": {"Random": number | 2**31},
        }
        return [
            replace(
                call,
                body={**call.body, "MsgBody": text, "Random": number + turn, **change},
                label=f"a message with {label}",
            )
            for turn, (label, change) in enumerate(changes.items(), 1)
        ]

    def misnamed_wish(self, call: Call) -> Call:
        """Return a call that asks for a receipt under the name of the other operation (M2)."""
        body = {key: value for key, value in call.body.items() if key != "NeedReadReceipt"}
        return replace(call, body={**body, "IsNeedReadReceipt": 1})

    def declined_wish(self, call: Call) -> Call:
        """Return a call that says that it wants no receipt (M2)."""
        return replace(call, body={**call.body, "NeedReadReceipt": 0})

    def import_messages(self, conversation: Conversation, count: int, random: int = 1) -> Call:
        """Import old messages of two members into a group (M3), a second apart and before now.

        Of now the messages tell that were sent: a clock may be some seconds off.
        """
        now = int(time.time() + (self.ahead if self.stamped is None else self.stamped))
        senders = conversation.members[:2] or (conversation.owner,)
        messages = [
            {
                "From_Account": senders[index % len(senders)],
                "SendTime": now - count + index,
                "Random": (random + index) % 2**32,
                "MsgBody": _texts(f'old <i>message</i> & it\'s "{index}"'),
            }
            for index in range(count)
        ]
        return Call("import_group_msg", {"GroupId": conversation.id, "MsgList": messages})

    def import_users(self, names: Sequence[str]) -> Call:
        """Import many accounts in one call (A1)."""
        return Call("multiaccount_import", {"AccountList": [{"UserID": name} for name in names]})


def _texts(*texts: str) -> list[dict[str, Any]]:
    """Return a MsgBody of texts."""
    return [{"MsgType": _TEXT, "MsgContent": {"Text": text}} for text in texts]


def _letter(live: Mapping[str, Any]) -> dict[str, Any]:
    """Name the letter that is there."""
    return {
        "From_Account": live.get("peer"),
        "To_Account": live.get("operator"),
        "MsgKey": live.get("message-key"),
    }


def _other(conversation: Conversation, user: Any) -> Any:
    return next(member for member in conversation.members if member != user)


def _respelt(key: str) -> dict[str, str]:
    """Return texts that only who reads a key loosely takes for it, by what is otherwise.

    That the same three numbers in other digits are another key is documented nowhere.
    """
    parts = key.split("_")
    found = {
        "a fourth part": f"{key}_9",
        "a NUL behind it": f"{key}\0",
        "letters around it": f"xx{key}yy",
    }
    if len(parts) == 3 and all(part.isascii() and part.isdigit() for part in parts):
        seq, random, moment = parts
        found["numbers that are 2^32 more"] = f"{int(seq) + 2**32}_{int(random) + 2**32}_{moment}"
    return found
