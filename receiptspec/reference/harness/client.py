"""The SDK-like client: what an app calls, and what it is told, as the documents say."""

from __future__ import annotations

import itertools
import os
import sys
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from receiptspec.reference.harness.hearing import SIGNAL, Hearing, Told
from receiptspec.reference.harness.knobs import LARGEST_BATCH, LARGEST_PAGE
from receiptspec.reference.harness.line import Line, SdkError, Unserved
from receiptspec.reference.harness.naming import (
    key,
    name_of,
    nulls,
    odd_reads,
    people,
    place,
    seq,
    without_nulls,
)
from receiptspec.reference.harness.shapes import page_of, receipt

__all__ = ["Client"]

INVALID, NO_LIST, NOT_PERMITTED, NO_RECEIPT = 6017, 2903, 10007, 10062
_ON_ITS_WAY = 0.05  # seconds in which a signal arrives


class Client(Hearing):
    """One user's SDK. `tell` takes the notifications. Every method may raise `SdkError`."""

    def __init__(self, knobs: Mapping[str, Any], tell: Told) -> None:
        super().__init__(knobs, tell)
        self._line: Line | None = None
        self._greeting: dict[str, Any] = {}
        self._signature = ""
        self._cache: dict[str, dict[str, Any]] = {}
        self._said: dict[str, tuple[float, dict[str, Any]]] = {}
        self._read: set[str] = set()
        self._counts: dict[tuple[str, int], int] = {}
        self._written: set[str] = set()
        self._numbers = itertools.count(int.from_bytes(os.urandom(3)))

    @property
    def line(self) -> Line:
        """The line to the server; there is none before `login`."""
        if self._line is None:
            raise SdkError(6014, "not logged in")
        return self._line

    # --- the session -----------------------------------------------------------------------

    def initialize(self, params: dict[str, Any]) -> dict[str, Any]:
        """Take the app and the server's address."""
        self._greeting = params
        sdk = {"name": "receiptspec reference client", "version": "1"}
        return {"protocol": "1.1", "sdk": sdk}

    def login(self, params: dict[str, Any]) -> dict[str, Any]:
        """Log a user in; from now on events come."""
        self.user, self._signature = params["userID"], params["userSig"]
        address = self._greeting["server"]["url"]
        self._line = Line(address, self._greeting["sdkAppID"], self.user, self._signature)
        self._line.listen(self._hear)
        return {}

    # --- messages --------------------------------------------------------------------------

    def send(self, params: dict[str, Any]) -> dict[str, Any]:
        """Create a text with or without needReadReceipt and send it."""
        self._sent_all.clear()
        try:
            return self._send(params)
        finally:
            self._sent_all.set()

    def _send(self, params: dict[str, Any]) -> dict[str, Any]:
        wish = bool(params["message"].get("needReadReceipt"))
        content = {"Text": params["message"]["text"]}
        change = self._knob("wish")
        asks = wish and (change is None or change(content["Text"]))
        body = [{"MsgType": "TIMTextElem", "MsgContent": content}]
        random = next(self._numbers)
        message: dict[str, Any] = {"sender": self.user, "needReadReceipt": wish}
        if "groupID" in params:
            group = params["groupID"]
            fields = {"GroupId": group, "Random": random, "NeedReadReceipt": int(asks)}
            told = self.line.call("send_group_msg", MsgBody=body, **fields)
            seq, moment = told["MsgSeq"], told["MsgTime"]
            message |= {"groupID": group, "seq": seq}
            key: Any = (group, seq)
        else:
            peer = params["userID"]
            fields = {"To_Account": peer, "MsgRandom": random, "IsNeedReadReceipt": int(asks)}
            told = self.line.call("sendmsg", MsgBody=body, **fields)
            key, moment = told["MsgKey"], told["MsgTime"]
            seq = int(key.split("_")[0])
            message |= {"userID": peer, "key": key}
        message |= {"msgID": f"{moment}-{seq}-{random}", "timestamp": moment, "random": random}
        self._sent[key] = message
        self._ledger.newest = message.get("groupID", "")
        self._note(message)
        if self._knob("message") is not None:
            message = self._knob("message")(dict(message))
        if self._knob("event_for_plain") and not wish:
            numbers = {"ReadNum": 0, "UnreadNum": 1}
            self._announce([self._shown(self._sent[key], numbers)])
        if self._knob("event_on_send") and wish:
            numbers = {"ReadNum": 0, "UnreadNum": 1, "Read": False}
            self._announce([self._shown(self._sent[key], numbers)])
        return {"message": message}

    def _note(self, message: dict[str, Any]) -> None:
        """Remember where the user has written, and where without asking for a receipt."""
        place = message.get("groupID") or message["userID"]
        self._written.add(place)
        if not message["needReadReceipt"]:
            self._plain.add(place)

    def _one_conversation(self, messages: list[dict[str, Any]], call: str) -> None:
        if not messages and self._knob("empty_hangs"):
            threading.Event().wait()
        if not messages and not self._knob("empty_is_fine"):
            raise SdkError(INVALID, "no messages")
        alike = self._knob("people_are_alike")
        pairs = {(m.get("groupID"), frozenset(() if alike else people(m))) for m in messages}
        if len(pairs) > 1 and call != self._knob("mixed_is_taken"):
            raise SdkError(INVALID, "the messages are not of one conversation")

    # --- reading ---------------------------------------------------------------------------

    def read(self, params: dict[str, Any]) -> dict[str, Any]:
        """Send the receipts of what others sent and wanted receipts of."""
        messages = params["messages"]
        self._one_conversation(messages, "read")
        if len(messages) > self._knob("largest_batch"):
            raise SdkError(INVALID, f"more than {LARGEST_BATCH} messages")
        others = [m for m in messages if m["sender"] != self.user]
        wanted = [m for m in others if m["needReadReceipt"]]
        names = {name_of(message) for message in wanted}
        if self._knob("odd_reads_refused") and names and len(names) < len(messages):
            raise SdkError(INVALID, "a message that needs no receipt, or one twice")
        if self._knob("reads_of") is not None:
            named = self._knob("reads_of")(messages, self.user, self._read)
            wanted = [m for m in named if m in wanted]
        if self._knob("own_read_turns"):
            self._turned.update(m["msgID"] for m in messages if m["sender"] == self.user)
        again = [m for m in wanted if name_of(m) in self._read]
        if self._knob("repeat_is_refused") and again:
            raise SdkError(INVALID, "already read")
        self._signal("elsewhere", [m for m in wanted if m not in again and self._is_reader(m)])
        self._read.update(map(name_of, wanted))
        self._signal("again", again)
        for why, odd in odd_reads(others, self.user).items():
            self._signal(why, odd)
        if not wanted and self._knob("nothing_to_read") is None:
            return {}
        if not wanted:
            raise SdkError(self._knob("nothing_to_read"), "no message needs a receipt")
        direct = "groupID" not in wanted[0]
        if self._knob("writers_cannot_read") and wanted[0].get("groupID") in self._written:
            raise SdkError(INVALID, "the user has written here")
        if direct and len(wanted) > self._knob("largest_direct_batch"):
            raise SdkError(INVALID, "more than one message")
        wanted = wanted[: self._knob("direct_reads_kept" if direct else "reads_kept")]
        if self._knob("sent_on") is not None:
            wanted = [m for m in wanted if self._knob("sent_on")(m, self._arrived)]
        if not wanted:
            return {}
        type_ = self._types.get(wanted[0].get("groupID", ""), "Public")
        if self._knob("reads_lost") or type_ not in self._knob("types"):
            return {}
        for start in range(0, len(wanted), LARGEST_BATCH):
            self._acknowledge(wanted[start : start + LARGEST_BATCH])
        if direct and self._knob("direct_read_errs") and len(wanted) == 1 and not again:
            raise SdkError(NO_LIST, "the answer lacks its list")
        if self._knob("events_to_reader"):
            self._announce([self._shown(m, {"ReadNum": 1, "UnreadNum": 0}) for m in wanted])
        return {}

    def _acknowledge(self, messages: list[dict[str, Any]]) -> None:
        group = messages[0].get("groupID")
        if group is None:
            peer = next(iter(people(messages[0]) - {self.user}), self.user)
            pair = {"From_Account": peer, "To_Account": self.user}
            items = [{**pair, "MsgKey": key(m)} for m in messages]
            self.line.call("c2c_msg_read_receipt", Peer_Account=peer, C2CMsgInfo=items)
            return
        seqs = [seq(m) for m in messages]
        if self._knob("reads_spread"):
            seqs = list(range(max(1, max(seqs) - 29), max(seqs) + 1))
        if self._knob("reads_between"):
            seqs = list(range(min(seqs), max(seqs) + 1))
        numbered = [{"MsgSeq": seq} for seq in seqs]
        try:
            self.line.call("group_msg_receipt", GroupId=group, MsgSeqList=numbered)
        except SdkError as error:
            if error.code != NOT_PERMITTED or self._knob("signalled") != "outsider":
                raise
            self._signal("outsider", messages)

    def _is_reader(self, message: dict[str, Any]) -> bool:
        """Whether the server lists the user among the readers of a group message."""
        if self._knob("signalled") != "elsewhere" or "groupID" not in message:
            return False
        readers = self.line.readers(message["groupID"], seq(message))
        return any(entry["Read_Account"] == self.user for entry in readers)

    def _signal(self, why: str, messages: list[dict[str, Any]]) -> None:
        """Tell senders of reads by messages of one's own, where reads of this kind go that way."""
        if not messages or self._knob("signalled") != why:
            return
        for message in messages:
            content = [{"MsgType": SIGNAL, "MsgContent": {"Data": message["msgID"]}}]
            to = {"To_Account": message["sender"], "MsgRandom": next(self._numbers)}
            self.line.call("sendmsg", **to, MsgBody=content)
        time.sleep(_ON_ITS_WAY)

    # --- asking ----------------------------------------------------------------------------

    def receipts(self, params: dict[str, Any]) -> dict[str, Any]:
        """Pull the receipts of one's own messages that wanted them."""
        messages = params["messages"]
        self._one_conversation(messages, "pull")
        own = [m for m in messages if m["sender"] == self.user]
        if self._knob("readers_cannot_pull") and self._read:
            raise SdkError(INVALID, "the user has read")
        self._pulled.update(m["msgID"] for m in own)
        if self._knob("pulled") is not None:
            own = self._knob("pulled")(own, self.user, frozenset())
        if self._knob("only_of_session") == "pull":
            own = [m for m in own if self._is_of_session(m)]
            if not own:
                return {"receipts": []}
        letters = own and "groupID" not in own[0]
        shown = self._direct(own)[: self._knob("letters_pulled")] if letters else self._group(own)
        if self._knob("item") is not None:
            shown = [dict(self._knob("item")(item)) for item in shown]
        if self._knob("others_are_empty"):
            nothing = {"ReadNum": 0, "UnreadNum": 0, "Read": False}
            shown += [self._shown(m, nothing) for m in messages if m["sender"] != self.user]
        if not shown and messages:
            raise SdkError(self._knob("no_receipt"), "no message has a receipt")
        if self._knob("cached"):
            shown = [self._cache.setdefault(item["msgID"], item) for item in shown]
        shown = shown[: self._knob("items_kept")] + shown[: self._knob("items_twice")]
        return {"receipts": shown[::-1] if self._knob("items_reversed") else shown}

    def _is_of_session(self, message: dict[str, Any]) -> bool:
        """Whether the user has sent a message since the last login."""
        return any(message.get("msgID") == sent["msgID"] for sent in self._sent.values())

    def _group(self, messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
        if not messages:
            return []
        group = messages[0]["groupID"]
        items = [{"MsgSeq": seq(m)} for m in messages]
        told = self.line.call("get_group_msg_receipt", GroupId=group, MsgSeqList=items)
        by_seq = {item["MsgSeq"]: item for item in told["GroupMsgReceiptList"]}
        shown = []
        for message in messages:
            item = by_seq[seq(message)]
            known = (group, item["MsgSeq"]) in self._sent
            item, counted = self._ledger.corrected(message["msgID"], item)
            if self._knob("unread_late") and item["Code"] == 0:
                item = self._ledger.late(message["msgID"], item, self._knob("unread_late"))
            if self._knob("foreign_is_unread") and not known:
                item = {**item, "ReadNum": 0, "UnreadNum": item["ReadNum"] + item["UnreadNum"]}
            invented = (known and self._knob("plain_has_receipt")) or (
                not known and self._knob("unknown_has_receipt")
            )
            if item["Code"] == 0 or counted or self._knob("plain_item_is_zero"):
                shown.append(self._shown(message, item))
            elif invented:
                shown.append(self._shown(message, {"ReadNum": 0, "UnreadNum": 3}))
        if self._knob("asking_reads"):
            for item in shown:
                item["readCount"] += len(self._read)
            self._read.add(str(len(self._read)))
        return shown

    def _direct(self, messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
        invented = self._knob("direct_plain_has_receipt")
        asks = [m for m in messages if m["needReadReceipt"] or m["msgID"] in self._turned]
        wanted = {key(m): m for m in (messages if invented else asks)}
        peer = messages[0]["userID"]
        found = self.line.history(peer, wanted.keys())
        every = self._knob("direct_reads_spread") and any(m["IsPeerRead"] for m in found.values())
        replied = self._knob("replies_turn") and any(
            m["IsPeerRead"] and m["From_Account"] == peer for m in found.values()
        )
        shown = []
        here = self._read_here
        for name, message in wanted.items():
            if name in found:
                always = self._knob("direct_read_by_default") or message["msgID"] in self._turned
                hidden = self._knob("foreign_direct_is_unread") and name not in self._sent
                plain = not message["needReadReceipt"]
                told = found[name]["IsPeerRead"] or every or always or plain or replied
                forgotten = self._knob("letters_of_session") and message["msgID"] not in here
                read = bool(told) and not hidden and not forgotten
                shown.append(self._shown(message, {"Read": read}))
        return shown

    def _shown(self, message: dict[str, Any], numbers: dict[str, Any]) -> dict[str, Any]:
        return receipt(message, numbers, every_field=bool(self._knob("every_field")))

    # --- lists -----------------------------------------------------------------------------

    def members(self, params: dict[str, Any]) -> dict[str, Any]:
        """Pull one page of who has (filter 0) or has not (1) read a message."""
        message, count, wanted = params["message"], params["count"], params["filter"]
        if wanted not in (0, 1) or count < 1:
            raise SdkError(INVALID, "filter: 0 or 1; count: at least 1")
        if count > LARGEST_PAGE and not self._knob("page_clamped"):
            raise SdkError(INVALID, f"count: at most {LARGEST_PAGE}")
        if self._knob("filter") is not None:
            wanted = self._knob("filter")(wanted)
        if self._knob("only_of_session") == "list" and not self._is_of_session(message):
            return {"members": [], "nextSeq": 0, "isFinished": True}
        count = min(count, LARGEST_PAGE, self._knob("page_most"))
        place = params["nextSeq"]
        if self._knob("first_count_stays"):
            walk = (name_of(message), params["filter"])
            count = self._counts[walk] = count if place in (0, "") else self._counts[walk]
        if self._knob("following_refused") and place not in (0, ""):
            raise SdkError(INVALID, "nextSeq")
        try:
            told = self.line.call(
                "get_group_msg_receipt_detail",
                GroupId=message.get("groupID", ""),
                MsgSeq=seq(message),
                Filter=wanted,
                Cursor="" if place in (0, "") else str(place),
                Count=min(count + self._knob("page_more"), 200),
            )
        except SdkError as error:
            plain = not message["needReadReceipt"]
            invented = self._knob("lists_of_plain") is plain
            if error.code != NO_RECEIPT or not (invented or self._knob("no_lists_are_empty")):
                raise
            somebody = [{"Read_Account": "somebody"}] if invented else []
            told = {"IsFinish": 1, "Cursor": "0", "ReadList": somebody}
        listed = told.get("ReadList", []) + told.get("UnreadList", [])
        if self._knob("readers_stay") and wanted and told["IsFinish"] == 1:
            listed += self.line.readers(message["groupID"], seq(message))
        page = page_of(listed, told, cursor_text=bool(self._knob("cursor_text")))
        if self._knob("counts_of_a_page"):
            self._ledger.listed(message["msgID"], wanted, len(listed))
        change = self._knob("page") or (lambda page, _params: page)
        return dict(change(page, params))

    # --- the harness -----------------------------------------------------------------------

    def _kept(self, method: str, params: dict[str, Any]) -> dict[str, Any]:
        """Do what is asked, or say again what was said a moment ago where that is kept."""
        question, moment = repr((method, params)), time.monotonic()
        said, result = self._said.get(question, (0.0, {}))
        if moment - said >= self._knob("kept").get(method, 0.0):
            result = _METHODS[method](self, params)
            self._said[question] = (moment, result)
        return result

    def perform(self, method: str, params: dict[str, Any]) -> dict[str, Any]:
        """Do what the suite asks. Raises ``KeyError`` for a method that there is not."""
        if self._knob("noise"):
            sys.stdout.write(f"[sdk] {method}\n")
        if self._knob("ends") == method:
            os._exit(70)
        if self._knob("hangs") == method:
            threading.Event().wait()
        if method in self._knob("unserved"):
            raise Unserved(method)
        if self._knob("nulls"):
            params = without_nulls(params)
        self._place = place(params) or self._place
        result = self._kept(method, params)
        if method == "sendMessage" and self._knob("nulls"):
            result = {"message": nulls(result["message"])}
        if method == "sendMessage" and self._knob("echoes_signature"):
            result["debug"] = self._signature
        return result


_METHODS: Mapping[str, Callable[[Client, dict[str, Any]], dict[str, Any]]] = {
    "initialize": Client.initialize,
    "login": Client.login,
    "sendMessage": Client.send,
    "sendMessageReadReceipts": Client.read,
    "getMessageReadReceipts": Client.receipts,
    "getGroupMessageReadMemberList": Client.members,
    "shutdown": lambda _client, _params: {},
}
