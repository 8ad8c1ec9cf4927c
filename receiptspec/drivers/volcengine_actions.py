"""The neutral actions in the terms of Volcengine IM: bodies out, fields in.

Sources stand at each action: the operation pages that the contract lists.
"""

from __future__ import annotations

import json
import time
import zlib
from collections.abc import Mapping, Sequence
from typing import Any

from receiptspec.drivers.base import Driver
from receiptspec.neutral import Answer, Call, Conversation, Kind, Message, Receipt

__all__ = ["VolcengineActions"]

_TYPES = {"group": 2, "live": 100}
_TEXT = 10001
_NO_CONVERSATION = 1_691_070_514_797_524_328  # the sample of the documents


class VolcengineActions(Driver):
    """Everything of the driver that knows fields and nothing of the wire."""

    ask = "GetMessagesReadReceipt"
    group_read = ""
    at_once = 50
    at_creation = 0
    group_type = "group"
    joinings = frozenset(
        {
            "CreateConversation",
            "BatchAddConversationParticipant",
            "BatchDeleteConversationParticipant",
        }
    )
    outside_codes = unjoined_codes = frozenset({"ParticipantNotInConversation"})
    receipts_are_wished = False
    _app: int

    def user(self, namespace: str, index: int) -> Any:
        """Return consecutive 61-bit ids: as doubles they are one.

        Every fourth is the last but one in its last 32 bits.
        """
        if index % 4 == 3:
            return int(self.user(namespace, index - 2)) + 2**32
        return 2**60 + zlib.crc32(namespace.encode()) * 2**20 + 1 + index

    def nobody(self) -> Any:
        """Return the id of a user of no run."""
        return 2**61 + 7

    def far_users(self, namespace: str) -> tuple[Any, ...]:
        """Return an id that a double holds, and one near the end of 63 bits."""
        small = zlib.crc32(namespace.encode()) * 2**20 + 1
        return small, 2**63 - 2**53 + small

    def look_alikes(self, namespace: str) -> tuple[Any, ...]:
        """Return an id of 19 digits, its head, its tail, its middle, and one of its 48 bits."""
        digits = f"48{zlib.crc32(namespace.encode()):010d}7531902"
        parts = (digits, digits[:16], digits[3:], digits[1:17])
        return (*map(int, parts), int(digits) + 2**48)

    def least_user(self) -> Any:
        """Return 0: user ids are not negative (N7)."""
        return 0

    def joint_pairs(self, namespace: str) -> tuple[tuple[Any, Any], ...]:
        """Return pairs of ids of 15 to 19 digits; joined, two are alike either way round.

        The last is that of the first two users of a run but for what is above 48 bits.
        """
        head, tail = str(48 * 10**14 + zlib.crc32(namespace.encode())), "9" + "7" * 16
        texts = ((head, "1" + tail), (head + "1", tail), (head[1:], "1" + tail + head[0]))
        one, other = self.user(namespace, 0), self.user(namespace, 1)
        pairs = tuple((int(one), int(other)) for one, other in texts)
        return (*pairs, (one + 2**48, other))

    def _body(self, conversation: Any, **fields: Any) -> dict[str, Any]:
        return {"AppId": self._app, "ConversationShortId": conversation, **fields}

    # --- receipts -------------------------------------------------------------------------

    def receipts(self, answer: Answer) -> tuple[Receipt, ...]:
        """Read Result.ReadReceipt (R1)."""
        items = _result(answer).get("ReadReceipt")
        made = [
            _receipt(item, f"$.Result.ReadReceipt[{index}]")
            for index, item in enumerate(items if isinstance(items, list) else ())
            if isinstance(item, dict)
        ]
        return tuple(receipt for receipt in made if receipt is not None)

    def ask_receipts(self, conversation: Conversation, messages: Sequence[Any]) -> Call:
        """Ask who has read messages (R1)."""
        return Call(self.ask, self._body(conversation.id, MessageIds=list(messages)))

    chatter = frozenset({"AppId", "MsgType", "Content", "ClientMsgId", "Operator"})

    def named_messages(self, body: Any) -> list[Any]:
        """Return MessageIds (R1)."""
        ids = body.get("MessageIds")
        return list(ids) if isinstance(ids, list) else []

    def conversation_named(self, body: Any) -> Any:
        """Return ConversationShortId (R1)."""
        return body.get("ConversationShortId") if isinstance(body, Mapping) else None

    def probes(self) -> list[Call]:
        """A harmless call that any live target answers somehow."""
        return [Call(self.ask, self._body(_NO_CONVERSATION, MessageIds=[1]))]

    def sensible(self, operation: str, body: Any, live: Mapping[str, Any]) -> Any:
        """Fill in what a schema cannot know."""
        filled: dict[str, Any] = {}
        match operation:
            case "SendMessage":
                filled = {"MsgType": _TEXT, "Content": _text("a message")}
            case "CreateConversation":
                filled = {"ConversationCoreInfo": {"ConversationType": 2, "Name": "rs"}}
            case "GetMessagesReadReceipt" | "GetMessages":
                filled = {"MessageIds": [live.get("message")]}
            case "BatchAddConversationParticipant":
                member = {"ParticipantUserId": live.get("member")}
                filled = {"Operator": live.get("user"), "ParticipantInfos": [member]}
            case "BatchDeleteConversationParticipant":
                users = [live.get("member")]
                filled = {"Operator": live.get("user"), "ParticipantUserIds": users}
            case "BatchGetConversationParticipant":
                filled = {"ParticipantUserIds": [live.get("member")]}
            case "ModifyParticipantReadIndex":
                filled = {"ParticipantUserId": live.get("member"), "ReadIndex": live.get("place")}
            case "DestroyConversation":
                filled = {"OwnerUserId": live.get("user")}
            case "RecallMessage":
                filled = {"ParticipantUserId": live.get("user")}
        return {**body, **filled}

    # --- set-up ---------------------------------------------------------------------------

    def make_users(self, names: Sequence[str], *, otherwise: bool = False) -> list[Call]:
        """Make nothing: sending and receiving needs no registration (N7)."""
        return []

    def make_group(
        self, type_: str, name: str, owner: Any, members: Sequence[Any], id_: str | None = None
    ) -> Call:
        """Create a group or live group (N1); members come later."""
        core = {"ConversationType": _TYPES[type_], "Name": name}
        return Call(
            "CreateConversation",
            {"AppId": self._app, "ConversationCoreInfo": core, "OwnerUserId": owner},
        )

    def make_pair(self, one: Any, other: Any, name: str = "") -> Call | None:
        """Create, or find, the conversation of two people (N1)."""
        core = {"ConversationType": 1, **({"Name": name} if name else {})}
        return Call(
            "CreateConversation",
            {
                "AppId": self._app,
                "ConversationCoreInfo": core,
                "OwnerUserId": one,
                "OtherUserId": other,
            },
        )

    def made_group(self, answer: Answer) -> Any:
        """Return ConversationShortId (N1)."""
        return _int_or_none(_result(answer).get("ConversationShortId"))

    def was_there(self, answer: Answer) -> Any:
        """Return Exist (N1)."""
        return _result(answer).get("Exist")

    def add_members(self, conversation: Conversation, users: Sequence[Any]) -> Call:
        """Add participants (N2)."""
        infos = [{"ParticipantUserId": user} for user in users]
        body = self._body(conversation.id, Operator=conversation.owner, ParticipantInfos=infos)
        return Call("BatchAddConversationParticipant", body)

    def adorned_members(self, call: Call) -> Call:
        """Give each a NickName, a Level and Ext, by an Operator who is no member (N2)."""
        more = {"NickName": "a name", "Level": 1, "Ext": {"key": "value"}}
        infos = [{**info, **more} for info in call.body["ParticipantInfos"]]
        body = {**call.body, "Operator": self.nobody(), "ParticipantInfos": infos}
        return Call(call.operation, body)

    def kept_out(self, answer: Answer) -> list[Any]:
        """Return FailedUserIds (N2)."""
        failed = _result(answer).get("FailedUserIds")
        return list(failed) if isinstance(failed, list) else []

    def promoted(self, call: Call) -> Call:
        """Give the first of ParticipantInfos Role 2, a manager (N2)."""
        first, *others = call.body["ParticipantInfos"]
        infos = [{**first, "Role": 2}, *others]
        return Call(call.operation, {**call.body, "ParticipantInfos": infos})

    def begun(self, call: Call, *positions: int) -> Call:
        """Give each of ParticipantInfos the ReadIndex that it begins with (N2)."""
        people = call.body["ParticipantInfos"]
        infos = [{**info, "ReadIndex": at} for info, at in zip(people, positions, strict=True)]
        return Call(call.operation, {**call.body, "ParticipantInfos": infos})

    def remove_member(self, conversation: Conversation, *users: Any) -> Call:
        """Remove participants (N2)."""
        ids = list(users)
        body = self._body(conversation.id, Operator=conversation.owner, ParticipantUserIds=ids)
        return Call("BatchDeleteConversationParticipant", body)

    def ask_members(self, conversation: Conversation, offset: int = 0) -> Call:
        """Ask for participants by their ids (N3), all at once."""
        del offset
        body = self._body(conversation.id, ParticipantUserIds=list(conversation.members))
        return Call("BatchGetConversationParticipant", body)

    def members(self, answer: Answer) -> tuple[tuple[Any, ...], Any]:
        """Return each ParticipantUserId in the answer, in whatever list it stands (N3)."""
        infos = [
            info for part in _result(answer).values() if isinstance(part, list) for info in part
        ]
        found = [info.get("ParticipantUserId") for info in infos if isinstance(info, dict)]
        ids = tuple(id_ for id_ in found if _is_int(id_))
        return ids, len(ids)

    def dismiss(self, conversation: Conversation) -> Call:
        """Destroy a group (N4)."""
        return Call(
            "DestroyConversation", self._body(conversation.id, OwnerUserId=conversation.owner)
        )

    def makes(self, call: Call) -> tuple[str, Any, Any] | None:
        """Return Name and OwnerUserId of what ``CreateConversation`` is to make.

        The conversation of two people cannot be destroyed (N4), so it is left out.
        """
        if call.operation != "CreateConversation" or call.path or call.method:
            return None
        body = call.body if isinstance(call.body, dict) else {}
        core = body.get("ConversationCoreInfo")
        core = core if isinstance(core, dict) else {}
        if core.get("ConversationType") == 1:
            return None
        name = core.get("Name")
        shown = name if isinstance(name, str) else "without a name"
        return shown[:100], None, body.get("OwnerUserId")

    def ends(self, call: Call) -> Any:
        """Return the ConversationShortId that ``DestroyConversation`` is to destroy."""
        if call.operation != "DestroyConversation" or not isinstance(call.body, dict):
            return None
        return call.body.get("ConversationShortId")

    def is_gone(self, answer: Answer) -> bool:
        """Whether the code says that there is no such conversation."""
        return answer.code == "ConversationNotFound"

    # --- messages -------------------------------------------------------------------------

    def send_message(
        self, conversation: Conversation, sender: Any, *, receipt: bool, number: int
    ) -> Call:
        """Send a text (N5); every message has a receipt."""
        body = self._body(
            conversation.id,
            Sender=sender,
            MsgType=_TEXT,
            Content=_text(f"message {number}"),
            ClientMsgId=f"rs-{number}",
        )
        return Call("SendMessage", body)

    def adorned(self, call: Call, users: Sequence[Any]) -> list[Call]:
        """Send messages of each MsgType, texts with more than a text, and of many letters (N5)."""
        sender, *others = users
        now = int(time.time()) * 1000
        changes: dict[str, dict[str, Any]] = {
            "a custom message": {"MsgType": 10012, "Content": '{"x":1}'},
            "an image": {"MsgType": 10003, "Content": _place("x.png")},
            "a video": {"MsgType": 10004, "Content": _place("x.mp4")},
            "a file": {"MsgType": 10005, "Content": _place("x.pdf")},
            "an audio": {"MsgType": 10006, "Content": _place("x.mp3")},
            "a text with extras": {"Ext": {"a": "b"}, "MentionedUsers": others[:1]},
            "a text that mentions its sender": {"MentionedUsers": [sender, *others[1:]]},
            "a long text": {"Content": _text("long " * 300)},
            "a text in other letters": {"Content": _text("中文 👀 é")},
            "a text that says when": {"CreateTime": now},
        }
        return [
            Call(
                call.operation,
                {**call.body, "ClientMsgId": f"{call.body['ClientMsgId']}-{turn}", **more},
                label=label,
            )
            for turn, (label, more) in enumerate(changes.items())
        ]

    def without_member(self, call: Call, sender: Any) -> Call:
        """Return a call that sends in the name of somebody else."""
        return Call(call.operation, {**call.body, "Sender": sender}, label="a foreign sender")

    def with_texts(self, call: Call, *texts: str) -> Call:
        """Return a call that sends `texts` instead, as one (N5)."""
        return Call(call.operation, {**call.body, "Content": _text("\n".join(texts))})

    def with_name(self, call: Call, name: str) -> Call:
        """Return a call with another ClientMsgId (N5)."""
        return Call(call.operation, {**call.body, "ClientMsgId": name}, label="an id that is alike")

    def with_name_of(self, call: Call, other: Call) -> Call:
        """Return a call with the ClientMsgId of another (N5)."""
        return self.with_name(call, other.body["ClientMsgId"])

    def without_name(self, call: Call) -> Call:
        """Return a call without ClientMsgId (N5)."""
        body = {key: value for key, value in call.body.items() if key != "ClientMsgId"}
        return Call(call.operation, body, label="no id of the sender's")

    def sent_message(self, answer: Answer) -> Any:
        """Return MessageId (N5)."""
        return _int_or_none(_result(answer).get("MessageId"))

    def recall(self, message: Message) -> Call:
        """Recall a message (N4)."""
        body = self._body(
            message.conversation.id, MessageId=message.id, ParticipantUserId=message.sender
        )
        return Call("RecallMessage", body)

    def mark_read(
        self, conversation: Conversation, user: Any, messages: Sequence[Any]
    ) -> Call | None:
        """Return ``None``: no server call makes a user read."""
        return None

    def look_at_messages(self, conversation: Conversation, messages: Sequence[Any]) -> Call:
        """Ask for messages by their ids (N6)."""
        return Call("GetMessages", self._body(conversation.id, MessageIds=list(messages)))

    def group_history(self, answer: Answer) -> Mapping[Any, Mapping[str, Any]]:
        """Read Result.Messages by MessageId (N6)."""
        return _by(_result(answer).get("Messages"), "MessageId")

    def shown_messages(self, answer: Answer) -> list[Mapping[str, Any]]:
        """Read Result.Messages as they stand (N6)."""
        found = _result(answer).get("Messages")
        return [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []

    def shown_id(self, item: Mapping[str, Any]) -> Any:
        """Return MessageId (N6)."""
        return _int_or_none(item.get("MessageId"))

    def shown_place(self, item: Mapping[str, Any]) -> Any:
        """Return ConversationShortId (N6)."""
        return _int_or_none(item.get("ConversationShortId"))

    def shown_as_sent(self, item: Mapping[str, Any], call: Call) -> Mapping[str, tuple[Any, Any]]:
        """Compare Sender, ClientMsgId, Content and more, as far as they are shown (N6)."""
        fields = ("ConversationShortId", "Sender", "ClientMsgId", "MsgType", "Content")
        shown = [name for name in fields if name in call.body and item.get(name) is not None]
        return {name: (_plain(call.body[name]), _plain(item[name])) for name in shown}

    def with_odd_content(self, call: Call) -> Call:
        """Send U+0001 and many Chinese characters in Content (N5)."""
        content = _text("x" + "中文" * 40)[:-2] + '\x01"}'
        return Call(call.operation, {**call.body, "Content": content}, label="odd Content")

    def place_of(self, item: Mapping[str, Any]) -> Any:
        """Return IndexInConversation (N6)."""
        return _int_or_none(item.get("IndexInConversation"))

    # --- read positions -------------------------------------------------------------------

    def move_read_position(
        self, conversation: Conversation, user: Any, position: int
    ) -> Call | None:
        """Move the read index of a participant (G1)."""
        body = self._body(conversation.id, ParticipantUserId=user, ReadIndex=position)
        return Call("ModifyParticipantReadIndex", body)

    def ask_read_positions(self, conversation: Conversation) -> Call | None:
        """Ask for the read indexes of all participants (G1)."""
        return Call("GetParticipantReadIndex", self._body(conversation.id))

    def read_position(self, answer: Answer, user: Any) -> Any:
        """Read ReadIndex of a participant, 0 for one who is not listed (G1)."""
        indexes = _by(_result(answer).get("ReadIndexes"), "ParticipantUserId")
        return indexes.get(user, {"ReadIndex": 0}).get("ReadIndex")

    def hook_input(
        self, conversation: Conversation, user: Any, messages: Sequence[Any]
    ) -> dict[str, Any]:
        """Name the conversation by its id, a pair also by the other side."""
        named: dict[str, Any] = {"type": str(conversation.kind), "id": conversation.id}
        if conversation.kind is Kind.DIRECT:
            named["peer"] = next(m for m in conversation.members if m != user)
        return {
            "vendor": "volcengine",
            "conversation": named,
            "messages": list(messages),
            "user": user,
        }


def _place(name: str) -> str:
    return json.dumps({"url": f"http://127.0.0.1/{name}"})


def _text(text: str) -> str:
    return json.dumps({"text": text}, ensure_ascii=False)


def _plain(value: Any) -> Any:
    """Return JSON that is written as text as what it says, however it is written."""
    try:
        return json.loads(value) if isinstance(value, str) and value.startswith("{") else value
    except ValueError:
        return value


def _result(answer: Answer) -> Mapping[str, Any]:
    result = answer.get("Result")
    return result if isinstance(result, dict) else {}


def _receipt(item: dict[str, Any], path: str) -> Receipt | None:
    """Read one item; without a usable MessageId it belongs to no message."""
    if not _is_int(item.get("MessageId")):
        return None
    readers, others = _ids(item.get("ReadUserIds")), _ids(item.get("UnReadUserIds"))
    flag = item.get("ReceiverIsRead")
    return Receipt(
        message=item["MessageId"],
        known=True,
        read=None if readers is None else len(readers),
        unread=None if others is None else len(others),
        readers=readers,
        non_readers=others,
        peer_read=flag if isinstance(flag, bool) else None,
        conversation=item.get("ConversationShortId"),
        path=path,
        read_key="ReadUserIds",
        unread_key="UnReadUserIds",
        peer_key="ReceiverIsRead",
    )


def _ids(value: Any) -> tuple[Any, ...] | None:
    return tuple(value) if isinstance(value, list) and all(map(_is_int, value)) else None


def _is_int(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _int_or_none(value: Any) -> int | None:
    return value if _is_int(value) else None


def _by(items: Any, key: str) -> dict[Any, dict[str, Any]]:
    """Index the objects of a list by one field; skips what has no shape."""
    return {
        item[key]: item
        for item in (items if isinstance(items, list) else ())
        if isinstance(item, dict) and _is_int(item.get(key))
    }
