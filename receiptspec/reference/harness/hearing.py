"""What the SDK-like client hears from the server, and tells the app of it."""

from __future__ import annotations

import itertools
import queue
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any

from receiptspec.reference.harness.alterations import OWN_NUMBERS, still_unread
from receiptspec.reference.harness.knobs import DEFAULTS
from receiptspec.reference.harness.ledger import Ledger
from receiptspec.reference.harness.naming import nulls, received

__all__ = ["SIGNAL", "Hearing", "Told"]

SIGNAL = "TIMCustomElem"

Told = Callable[[str, dict[str, Any]], None]


class Hearing(ABC):
    """The half of a client that events come to. `tell` takes the notifications."""

    def __init__(self, knobs: Mapping[str, Any], tell: Told) -> None:
        self._knobs = {**DEFAULTS, **knobs}
        self._tell = tell
        self.user = ""
        self._sent: dict[Any, dict[str, Any]] = {}
        self._ledger = Ledger()
        self._held: list[dict[str, Any]] = []
        self._plain: set[str] = set()
        self._heard: set[str] = set()
        self._types: dict[str, str] = {}
        self._turned: set[str] = set()
        self._pulled: set[str] = set()
        self._arrived: set[str] = set()
        self._read_here: set[str] = set()
        self._gathered: list[list[dict[str, Any]]] = []
        self._place = ""
        self._told = itertools.count(1)
        self._lock = threading.RLock()
        self._sent_all = threading.Event()
        self._sent_all.set()
        self._later: queue.SimpleQueue[tuple[float, list[dict[str, Any]]]] = queue.SimpleQueue()
        if self._knob("events_after"):
            threading.Thread(target=self._announce_late, name="later", daemon=True).start()

    def _knob(self, name: str) -> Any:
        return self._knobs[name]

    @abstractmethod
    def _shown(self, message: dict[str, Any], numbers: dict[str, Any]) -> dict[str, Any]:
        """Return the receipt of a message as the app sees it."""

    def written(self, text: str) -> str:
        """Return a line of output as it is to be written."""
        return str((self._knob("line") or str)(text))

    def error(self, code: int, text: str) -> dict[str, Any]:
        """Return an error as it is to be told."""
        change = self._knob("error") or dict
        return dict(change({"code": code, "message": text}))

    def _hear(self, event: dict[str, Any]) -> None:
        """Turn what the server says into receipts of messages that were sent here."""
        if "Message" in event:
            self._arrive(event["Message"])
            return
        if "GroupId" in event:
            pairs = [((event["GroupId"], i["MsgSeq"]), i) for i in event["GroupMsgReceiptList"]]
            if self._knob("reads_of_newest") and event["GroupId"] != self._ledger.newest:
                taken = [self._sent.get((self._ledger.newest, seq)) for (_, seq), _ in pairs]
                self._ledger.count(m["msgID"] for m in taken if m is not None)
        else:
            pairs = [(item["MsgKey"], {"Read": True}) for item in event["C2CMsgInfo"]]
            pairs = pairs if self._knob("direct_events") else []
            pairs = pairs[: self._knob("direct_events_kept")]
            if self._knob("reads_turn_others") is not None:
                letters = [m for m in self._sent.values() if "userID" in m]
                read = {item["MsgKey"] for item in event["C2CMsgInfo"]}
                others = self._knob("reads_turn_others")(letters, event["Peer_Account"], read)
                self._turned.update(m["msgID"] for m in others)
        if any(key not in self._sent for key, _ in pairs):
            self._sent_all.wait(1)  # the answer to the sending may still be on its way
        known = [(self._sent[key], numbers) for key, numbers in pairs if key in self._sent]
        wanted = [(m, n) for m, n in known if m["needReadReceipt"] and not self._is_known(m)]
        self._read_here.update(m["msgID"] for m, _ in known)
        for message, _ in known:
            self._ledger.read(message["msgID"])
        told = [self._shown(message, numbers) for message, numbers in wanted]
        told = told[: self._knob("events_kept")]
        if told and self._knob("events")(event, self.user) and self._is_told(known[0][0]):
            if self._knob("events_after"):
                self._later.put((time.monotonic() + self._knob("events_after"), told))
            else:
                self._announce(told)

    def _announce_late(self) -> None:
        """Tell of receipts when they are due, in the order in which they came."""
        while True:
            due, told = self._later.get()
            time.sleep(max(0.0, due - time.monotonic()))
            self._announce(told)

    def _is_known(self, message: dict[str, Any]) -> bool:
        """Whether the user has pulled the receipt of a message and is told no more of it."""
        return self._knob("deaf_after_pull") in message and message["msgID"] in self._pulled

    def _is_told(self, message: dict[str, Any]) -> bool:
        """Whether the user is notified of a message that was sent here."""
        plain = message.get("groupID") in self._plain and not self._knob("events_beside_plain")
        reply = message.get("userID") in self._heard and not self._knob("events_after_reply")
        return not plain and not reply and not self._is_elsewhere(message)

    def _is_elsewhere(self, message: dict[str, Any]) -> bool:
        """Whether the user has used another place last, and is told of no other."""
        return bool(message.get(self._knob("deaf_elsewhere"), self._place) != self._place)

    def _arrive(self, message: dict[str, Any]) -> None:
        """Tell the app of a message that somebody else has sent."""
        if self._knob("signalled") and message["MsgBody"][0]["MsgType"] == SIGNAL:
            self._be_signalled(message["MsgBody"][0]["MsgContent"]["Data"])
            return
        shown, change = received(message, self.user), self._knob("received")
        if "GroupId" in message:
            self._types[message["GroupId"]] = message["Type"]
        self._arrived.add(shown["msgID"])
        self._heard.add("" if "GroupId" in message else message["From_Account"])
        if self._knob("foreign_wish_lost") and message["Random"] >= OWN_NUMBERS:
            shown["needReadReceipt"] = False
        if self._knob("nulls"):
            shown = nulls(shown)
        if self._knob("arrivals"):
            self._tell("onRecvNewMessage", {"message": change(shown) if change else shown})

    def _be_signalled(self, name: str) -> None:
        """Take a message of one's own for read once more."""
        self._ledger.count([name])
        if not self._knob("signals_told"):
            self._turned.add(name)
            return
        own = [message for message in self._sent.values() if message["msgID"] == name]
        self._announce([self._shown(message, {"Read": True}) for message in own])

    def _announce(self, receipts: list[dict[str, Any]]) -> None:
        """Tell of receipts, at once or together with others of some time."""
        if self._knob("events_gathered") is None:
            self._notify(receipts)
            return
        with self._lock:
            self._gathered.append(receipts)
            if len(self._gathered) == 1:
                threading.Timer(self._knob("events_gathered")[0], self._release).start()

    def _release(self) -> None:
        with self._lock:
            gathered, self._gathered = self._gathered, []
        for receipts in self._knob("events_gathered")[1](gathered):
            self._notify(receipts)

    def _notify(self, receipts: list[dict[str, Any]]) -> None:
        change = self._knob("event")
        if change is not None:
            others = [m["msgID"] for m in self._sent.values()]
            receipts = [change(dict(receipt), others) for receipt in receipts]
        if self._knob("event_of_newest") and self._ledger.newest:
            receipts = [
                {**r, "groupID": self._ledger.newest} if "groupID" in r else r for r in receipts
            ]
        with self._lock:
            self._held += receipts
            if len(self._held) <= self._knob("events_held"):
                return
            ready, self._held = self._held, []
            if self._knob("events_held"):
                ready.reverse()
        parts = [[r] for r in ready] if self._knob("events_apart") else [ready]
        for part in parts * self._knob("events_repeat"):
            older = [still_unread(r) for r in part if r.get("readCount")]
            stale = older and self._knob("old_unread_first")
            if stale and next(self._told) % self._knob("old_unread_every") == 0:
                self._tell("onRecvMessageReadReceipts", {"receipts": older})
            self._tell("onRecvMessageReadReceipts", {"receipts": part})
