"""Every named fault and variant of the packaged client.

A fault breaks one documented promise, a variant uses one freedom that the documents leave.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

__all__ = ["FAULTS", "METHODS", "VARIANTS", "Twist", "knobs"]

#: The calls of the protocol.
METHODS = frozenset(
    {
        "initialize",
        "login",
        "sendMessage",
        "sendMessageReadReceipts",
        "getMessageReadReceipts",
        "getGroupMessageReadMemberList",
        "shutdown",
    }
)

Item = dict[str, Any]


@dataclass(frozen=True)
class Twist:
    """One named way to differ: the row that it breaks or whose freedom it uses, and what shows.

    `cls` is the kind of mistake, empty for a variant.
    """

    name: str
    requirement: str
    shows: str
    knobs: Mapping[str, Any] = field(default_factory=dict)
    cls: str = ""


def _without(*names: str) -> Callable[[Item], Item]:
    return lambda item: {key: value for key, value in item.items() if key not in names}


def _changed(name: str, how: Callable[[Any], Any]) -> Callable[[Item], Item]:
    return lambda item: {**item, name: how(item[name])} if name in item else item


def _swapped(item: Item) -> Item:
    if "readCount" not in item:
        return item
    return {**item, "readCount": item["unreadCount"], "unreadCount": item["readCount"]}


def _total(item: Item) -> Item:
    """Count everybody as not having read, whoever has."""
    if "readCount" not in item:
        return item
    return {**item, "unreadCount": item["readCount"] + item["unreadCount"]}


def _in_event(change: Callable[[Item], Item]) -> Callable[[Item, list[str]], Item]:
    return lambda item, _others: change(item)


def _of_another(item: Item, others: list[str]) -> Item:
    return {**item, "msgID": next(name for name in [*others, "none"] if name != item["msgID"])}


def _page(change: Callable[[Item], Item]) -> Callable[[Item, Item], Item]:
    return lambda page, _params: change(page)


def _finished_early(page: Item, params: Item) -> Item:
    return {**page, "isFinished": page["isFinished"] or params["nextSeq"] == 0}


def _never_finished(page: Item, params: Item) -> Item:
    return {**page, "isFinished": False, "nextSeq": page["nextSeq"] or params["nextSeq"] or 0}


def _last_left_out(page: Item, params: Item) -> Item:
    """Lose the last member of each full page."""
    full = len(page["members"]) >= params["count"] > 1
    return {**page, "members": page["members"][:-1] if full else page["members"]}


def _first_again(page: Item, params: Item) -> Item:
    """Repeat a member at the start of each page but the first."""
    again = params["nextSeq"] not in (0, "") and page["members"] and params["count"] > 1
    return {**page, "members": [*page["members"], page["members"][0]]} if again else page


def _with_stranger(page: Item) -> Item:
    strangers = [{"userID": "nobody-known"}] if page["isFinished"] else []
    return {**page, "members": [*page["members"], *strangers]}


def _with_sender(page: Item, params: Item) -> Item:
    """List the sender among those who have not read, where the last page has room."""
    if params["filter"] != 1 or not page["isFinished"]:
        return page
    if len(page["members"]) >= params["count"]:
        return page
    return {**page, "members": [*page["members"], {"userID": params["message"]["sender"]}]}


class _Forgetful:
    """Leaves the last member out of a list that is pulled again in the same way."""

    def __init__(self) -> None:
        self._seen: set[tuple[object, ...]] = set()

    def __call__(self, page: Item, params: Item) -> Item:
        key = (params["message"]["msgID"], params["filter"], params["count"], params["nextSeq"])
        again = key in self._seen
        self._seen.add(key)
        return {**page, "members": page["members"][:-1]} if again else page


def _renamed(page: Item) -> Item:
    return {**page, "members": [{"UserID": member["userID"]} for member in page["members"]]}


def _fault(name: str, requirement: str, cls: str, shows: str, **knobs_: Any) -> Twist:
    return Twist(name, requirement, shows, knobs_, cls)


_FAULTS = [
    # what a receipt says
    _fault("sdk-message-without-id", "SDK-01", "shape", "a sent message has no msgID",
           message=_without("msgID")),
    _fault("sdk-last-receipt-lost", "SDK-10", "batching", "of many receipts the last are left out",
           items_kept=2),
    _fault("sdk-receipt-of-other-id", "SDK-10", "isolation", "receipts name msgID in another form",
           item=_changed("msgID", lambda value: f"id-{value}")),
    _fault("sdk-counts-as-text", "SDK-11", "shape", "readCount is text",
           item=_changed("readCount", str)),
    _fault("sdk-unread-missing", "SDK-11", "shape", "unreadCount is left out",
           item=_without("unreadCount")),
    _fault("sdk-group-not-named", "SDK-12", "shape", "groupID is left out",
           item=_without("groupID")),
    _fault("sdk-peer-read-as-number", "SDK-13", "shape", "isPeerRead is 0 or 1",
           item=_changed("isPeerRead", int)),
    _fault("sdk-peer-not-named", "SDK-14", "shape", "userID is left out",
           item=_without("userID")),
    _fault("sdk-time-as-text", "SDK-15", "shape", "timestamp is text",
           item=lambda item: {**item, "timestamp": "0"}),
    _fault("sdk-sender-has-read", "SDK-17", "counting", "readCount starts at 1",
           item=_changed("readCount", lambda value: value + 1)),
    _fault("sdk-new-message-read-by-all", "SDK-18", "counting", "unreadCount is always 0",
           item=_changed("unreadCount", lambda _: 0)),
    _fault("sdk-counts-cached", "SDK-19", "timing", "the first receipt is shown forever",
           cached=True),
    _fault("sdk-reads-count-double", "SDK-19", "counting", "readCount rises by two",
           item=_changed("readCount", lambda value: value * 2)),
    _fault("sdk-unread-is-total", "SDK-20", "counting", "unreadCount counts everybody",
           item=_total),
    _fault("sdk-unread-stops-at-two", "SDK-21", "counting", "unreadCount never falls below 2",
           item=_changed("unreadCount", lambda value: max(value, 2))),
    _fault("sdk-counts-swapped", "SDK-17", "counting", "readCount and unreadCount are swapped",
           item=_swapped),
    _fault("sdk-reads-spread", "SDK-23", "isolation", "a read marks earlier messages too",
           reads_spread=True),
    _fault("sdk-plain-has-receipt", "SDK-25", "isolation", "a plain message gets counts",
           plain_has_receipt=True),
    _fault("sdk-unknown-has-receipt", "SDK-26", "leniency", "a msgID that was made up gets counts",
           unknown_has_receipt=True),
    _fault("sdk-asking-reads", "SDK-27", "idempotency", "each pull raises readCount",
           asking_reads=True),
    _fault("sdk-mixture-is-taken", "SDK-28", "isolation", "messages of two groups in one call",
           mixed_is_taken=True),
    _fault("sdk-direct-read-at-once", "SDK-31", "counting", "isPeerRead is true from the start",
           direct_read_by_default=True),
    _fault("sdk-direct-never-read", "SDK-32", "timing", "isPeerRead stays false",
           item=_changed("isPeerRead", lambda _: False)),
    _fault("sdk-direct-reads-spread", "SDK-33", "isolation", "one read turns all isPeerRead",
           direct_reads_spread=True),
    # receiving
    _fault("sdk-wish-not-told", "SDK-02", "shape", "a received message never asks for a receipt",
           received=_changed("needReadReceipt", lambda _: False)),
    _fault("sdk-everything-asks", "SDK-02", "isolation", "every received message asks",
           received=_changed("needReadReceipt", lambda _: True)),
    _fault("sdk-received-without-id", "SDK-91", "shape", "a received message has no msgID",
           received=_without("msgID")),
    # reading
    _fault("sdk-read-refused", "SDK-34", "roles", "members cannot send receipts",
           largest_batch=0),
    _fault("sdk-reads-lost", "SDK-35", "timing", "receipts are accepted and not sent",
           reads_lost=True),
    _fault("sdk-only-first-is-read", "SDK-36", "batching", "only the first message is read",
           reads_kept=1),
    _fault("sdk-batch-of-29", "SDK-37", "limits", "thirty messages are refused",
           largest_batch=29),
    _fault("sdk-own-read-turns", "SDK-85", "roles", "the sender's own receipt turns isPeerRead",
           own_read_turns=True),
    _fault("sdk-repeat-refused", "SDK-84", "idempotency", "a second receipt is an error",
           repeat_is_refused=True),
    # lists
    _fault("sdk-members-renamed", "SDK-40", "shape", "members have UserID, not userID",
           page=_page(_renamed)),
    _fault("sdk-page-overfull", "SDK-41", "limits", "a page holds one member more than asked for",
           page_more=1),
    _fault("sdk-member-lost", "SDK-43", "paging", "the last member of a full page is lost",
           page=_last_left_out),
    _fault("sdk-member-repeated", "SDK-43", "paging", "a page lists its first member twice",
           page=_first_again),
    _fault("sdk-never-finished", "SDK-44", "paging", "isFinished is never true",
           page=_never_finished),
    _fault("sdk-finished-early", "SDK-45", "paging", "the first page says that it is the last",
           page=_finished_early),
    _fault("sdk-finished-as-number", "SDK-45", "shape", "isFinished is 0 or 1",
           page=_page(_changed("isFinished", int))),
    _fault("sdk-no-cursor", "SDK-46", "paging", "nextSeq is left out",
           page=_page(_without("nextSeq"))),
    _fault("sdk-filter-ignored", "SDK-48", "paging", "either filter lists who has not read",
           filter=lambda _: 1),
    _fault("sdk-filters-swapped", "SDK-47", "paging", "filter 0 lists who has not read",
           filter=lambda wanted: 1 - wanted),
    _fault("sdk-readers-stay", "SDK-49", "paging", "filter 1 lists readers as well",
           readers_stay=True),
    _fault("sdk-list-forgets", "SDK-52", "idempotency", "a list that is pulled again is shorter",
           page=_Forgetful()),
    _fault("sdk-stranger-listed", "SDK-51", "isolation", "somebody unknown is on the last page",
           page=_page(_with_stranger)),
    _fault("sdk-plain-has-lists", "SDK-53", "leniency", "a plain message has empty lists",
           plain_has_lists=True),
    # notifications
    _fault("sdk-no-events", "SDK-60", "timing", "senders are never notified",
           events=False),
    _fault("sdk-no-direct-events", "SDK-61", "timing", "one-to-one reads are not notified",
           direct_events=False),
    _fault("sdk-event-of-another", "SDK-62", "isolation", "notifications name another message",
           event=_of_another),
    _fault("sdk-event-behind", "SDK-63", "counting", "notifications count one reader less",
           event=_in_event(_changed("readCount", lambda value: max(value - 1, 0)))),
    _fault("sdk-event-unread-zero", "SDK-63", "counting", "notifications say unreadCount 0",
           event=_in_event(_changed("unreadCount", lambda _: 0))),
    _fault("sdk-events-twice", "SDK-64", "idempotency", "each notification comes twice",
           events_repeat=2),
    _fault("sdk-reader-notified", "SDK-65", "roles", "the reader is notified",
           events_to_reader=True),
    _fault("sdk-event-for-plain", "SDK-66", "isolation", "a plain message is notified",
           event_for_plain=True),
    _fault("sdk-events-reversed", "SDK-67", "timing", "notifications are held and come reversed",
           events_held=2),
    _fault("sdk-event-without-id", "SDK-68", "shape", "notifications have no msgID",
           event=_in_event(_without("msgID"))),
    _fault("sdk-event-without-group", "SDK-88", "shape", "notifications do not name the group",
           event=_in_event(_without("groupID"))),
    _fault("sdk-event-says-unread", "SDK-89", "shape", "notifications say isPeerRead false",
           event=_in_event(_changed("isPeerRead", lambda _: False))),
    # beside the server's API
    _fault("sdk-sender-waits", "SDK-92", "counting", "unreadCount counts the sender as well",
           item=_changed("unreadCount", lambda value: value + 1)),
    _fault("sdk-foreign-is-unread", "SDK-93", "timing", "what the API has sent stays unread",
           foreign_is_unread=True),
    _fault("sdk-sender-listed", "SDK-94", "paging", "filter 1 lists the sender as well",
           page=_with_sender),
    # the process
    _fault("sdk-pull-hangs", "SDK-70", "timing", "pulling receipts never ends",
           hangs="getMessageReadReceipts"),
    _fault("sdk-pull-crashes", "SDK-70", "transport", "pulling receipts ends the process",
           ends="getMessageReadReceipts"),
    _fault("sdk-error-code-as-text", "SDK-71", "shape", "the code of an error is text",
           error=_changed("code", str)),
    _fault("sdk-no-version", "SDK-72", "shape", "answers do not say jsonrpc",
           line=lambda text: text.replace('"jsonrpc": "2.0", ', "")),
    _fault("sdk-key-twice", "SDK-73", "encoding", "a key stands twice in an answer",
           line=lambda text: '{"jsonrpc": "2.0", ' + text[1:]),
    _fault("sdk-signature-echoed", "SDK-74", "authentication", "an answer holds the UserSig",
           echoes_signature=True),
]  # fmt: skip

_VARIANTS = [
    Twist("sdk-web-cursors", "SDK-46", "nextSeq is text, empty at the end",
          {"cursor_text": True}),
    Twist("sdk-every-field", "SDK-11", "receipts hold the other kind's fields, with defaults",
          {"every_field": True}),
    Twist("sdk-plain-item-is-empty", "SDK-25", "a plain message gets an item with 0 and 0",
          {"plain_item_is_zero": True}),
    Twist("sdk-web-codes", "SDK-80", "nothing to read is code 6017",
          {"nothing_to_read": 6017}),
    Twist("sdk-items-reversed", "SDK-29", "receipts come in another order",
          {"items_reversed": True}),
    Twist("sdk-long-batches", "SDK-38", "more than thirty messages are read in parts",
          {"largest_batch": 1000}),
    Twist("sdk-page-clamped", "SDK-42", "a count above 100 gets 100",
          {"page_clamped": True}),
    Twist("sdk-events-apart", "SDK-69", "each message is notified for itself",
          {"events_apart": True}),
    Twist("sdk-arrivals-untold", "SDK-02", "the harness does not report received messages",
          {"arrivals": False}),
    Twist("sdk-events-late", "SDK-60", "notifications come 200 ms later",
          {"events_late": 0.2}),
    Twist("sdk-empty-list-is-fine", "SDK-30", "an empty list gets no receipts",
          {"empty_is_fine": True}),
    Twist("sdk-noise", "SDK-72", "the SDK logs to standard output",
          {"noise": True}),
    Twist("sdk-few-hints", "SDK-01", "a message is named by msgID and its conversation alone",
          {"message": _without("random", "timestamp", "sender", "needReadReceipt", "key")}),
]  # fmt: skip

#: Faults and variants by name.
FAULTS: Mapping[str, Twist] = {twist.name: twist for twist in _FAULTS}
VARIANTS: Mapping[str, Twist] = {twist.name: twist for twist in _VARIANTS}

if len({**FAULTS, **VARIANTS}) != len(_FAULTS) + len(_VARIANTS):
    raise ValueError("two of the client's twists share a name")


def knobs(faults: Sequence[str], variants: Sequence[str]) -> dict[str, Any]:
    """Return how a client with these faults and variants answers; ``KeyError`` for others."""
    chosen = [FAULTS[name] for name in faults] + [VARIANTS[name] for name in variants]
    found: dict[str, Any] = {}
    for twist in chosen:
        found.update(twist.knobs)
    return found
