"""Every named fault and variant of the packaged client.

A fault breaks one documented promise, a variant uses one freedom that the documents leave.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from receiptspec.reference.harness import alterations as alter

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


@dataclass(frozen=True)
class Twist:
    """One named way to differ: the row that it breaks or whose freedom it uses, and what shows.

    `cls` is the kind of mistake, empty for a variant. `also` names the rows that a fault breaks
    besides, as a consequence.
    """

    name: str
    requirement: str
    shows: str
    knobs: Mapping[str, Any] = field(default_factory=dict)
    cls: str = ""
    also: tuple[str, ...] = ()


def _fault(
    name: str,
    requirement: str,
    cls: str,
    shows: str,
    also: tuple[str, ...] = (),
    **knobs_: Any,
) -> Twist:
    return Twist(name, requirement, shows, knobs_, cls, also)


def _free(name: str, requirement: str, shows: str, **knobs_: Any) -> Twist:
    return Twist(name, requirement, shows, knobs_)


#: What is shown forever shows no read of any kind, wherever it comes from.
_FOREVER = ("SDK-20", "SDK-21", "SDK-32", "SDK-95")
#: Each of two numbers in the place of the other is wrong.
_SWAPPED = ("SDK-18", "SDK-20", "SDK-21")
#: A notification that comes late or never is missed, and the last that came holds old numbers.
_HELD = ("SDK-60", "SDK-61", "SDK-63")

#: A message that does not ask the server has no receipt, and says so to who gets it.
_WISHLESS = ("SDK-02", "SDK-32", "SDK-60", "SDK-62", "SDK-83")

_FAULTS = [
    # what a receipt says
    _fault("sdk-message-without-id", "SDK-01", "shape", "a sent message has no msgID",
           message=alter.without("msgID")),
    _fault("sdk-last-receipt-lost", "SDK-10", "batching", "of many receipts the last are left out",
           items_kept=2),
    _fault("sdk-receipt-of-other-id", "SDK-10", "isolation", "receipts name msgID in another form",
           item=alter.changed("msgID", lambda value: f"id-{value}")),
    _fault("sdk-counts-as-text", "SDK-11", "shape", "readCount is text",
           item=alter.changed("readCount", str)),
    _fault("sdk-unread-missing", "SDK-11", "shape", "unreadCount is left out",
           item=alter.without("unreadCount")),
    _fault("sdk-group-not-named", "SDK-12", "shape", "groupID is left out",
           item=alter.without("groupID")),
    _fault("sdk-peer-read-as-number", "SDK-13", "shape", "isPeerRead is 0 or 1",
           item=alter.changed("isPeerRead", int)),
    _fault("sdk-peer-not-named", "SDK-14", "shape", "userID is left out",
           item=alter.without("userID")),
    _fault("sdk-time-as-text", "SDK-15", "shape", "timestamp is text",
           item=lambda item: {**item, "timestamp": "0"}),
    _fault("sdk-sender-has-read", "SDK-17", "counting", "readCount starts at 1",
           item=alter.changed("readCount", lambda value: value + 1)),
    _fault("sdk-new-message-read-by-all", "SDK-18", "counting", "unreadCount is always 0",
           item=alter.changed("unreadCount", lambda _: 0)),
    _fault("sdk-counts-cached", "SDK-19", "timing", "the first receipt is shown forever",
           cached=True, also=_FOREVER),
    _fault("sdk-reads-count-double", "SDK-19", "counting", "readCount rises by two",
           item=alter.changed("readCount", lambda value: value * 2)),
    _fault("sdk-unread-is-total", "SDK-20", "counting", "unreadCount counts everybody",
           item=alter.total),
    _fault("sdk-unread-stops-at-two", "SDK-21", "counting", "unreadCount never falls below 2",
           item=alter.changed("unreadCount", lambda value: max(value, 2))),
    _fault("sdk-counts-swapped", "SDK-17", "counting", "readCount and unreadCount are swapped",
           item=alter.swapped, also=_SWAPPED),
    _fault("sdk-reads-spread", "SDK-23", "isolation", "a read marks earlier messages too",
           reads_spread=True),
    _fault("sdk-plain-has-receipt", "SDK-25", "isolation", "a plain message gets counts",
           plain_has_receipt=True, also=("SDK-80",)),  # read or not
    _fault("sdk-repeats-count", "SDK-22", "idempotency", "each repeated receipt counts a reader",
           signalled="again"),
    _fault("sdk-reads-of-newest-group", "SDK-24", "isolation",
           "a read in one group counts in the group that was sent to last",
           reads_of_newest=True),
    _fault("sdk-unknown-has-receipt", "SDK-26", "leniency", "a msgID that was made up gets counts",
           unknown_has_receipt=True),
    _fault("sdk-asking-reads", "SDK-27", "idempotency", "each pull raises readCount",
           asking_reads=True),
    _fault("sdk-mixture-is-taken", "SDK-28", "isolation", "messages of two groups in one call",
           mixed_is_taken="pull"),
    _fault("sdk-people-are-alike", "SDK-28", "isolation", "messages to two people in one call",
           people_are_alike=True),
    _fault("sdk-direct-read-at-once", "SDK-31", "counting", "isPeerRead is true from the start",
           direct_read_by_default=True),
    _fault("sdk-direct-never-read", "SDK-32", "timing", "isPeerRead stays false",
           item=alter.changed("isPeerRead", lambda _: False)),
    _fault("sdk-direct-reads-spread", "SDK-33", "isolation", "one read turns all isPeerRead",
           direct_reads_spread=True),
    # receiving
    _fault("sdk-wish-not-told", "SDK-02", "shape", "a received message never asks for a receipt",
           received=alter.changed("needReadReceipt", lambda _: False)),
    _fault("sdk-everything-asks", "SDK-02", "isolation", "every received message asks",
           received=alter.changed("needReadReceipt", lambda _: True)),
    _fault("sdk-received-without-id", "SDK-91", "shape", "a received message has no msgID",
           received=alter.without("msgID")),
    # reading
    _fault("sdk-read-refused", "SDK-34", "roles", "members cannot send receipts",
           largest_batch=0),
    _fault("sdk-reads-lost", "SDK-35", "timing", "receipts are accepted and not sent",
           reads_lost=True),
    _fault("sdk-only-first-is-read", "SDK-36", "batching", "only the first message is read",
           reads_kept=1),
    _fault("sdk-batch-of-29", "SDK-37", "limits", "thirty messages are refused",
           largest_batch=29),
    _fault("sdk-outsider-counts", "SDK-39", "roles", "a receipt of an outsider counts as well",
           signalled="outsider"),
    _fault("sdk-plain-read-counts", "SDK-80", "isolation",
           "a plain message that is read gets counts",
           signalled="plain"),
    _fault("sdk-direct-read-errs", "SDK-82", "code", "a one-to-one receipt ends in code 2903",
           direct_read_errs=True),
    _fault("sdk-direct-batch-refused", "SDK-83", "batching",
           "two one-to-one messages in one call are refused",
           largest_direct_batch=1),
    _fault("sdk-mixed-reads-are-taken", "SDK-86", "isolation", "messages of two groups are read",
           mixed_is_taken="read"),
    _fault("sdk-own-read-turns", "SDK-85", "roles", "the sender's own receipt turns isPeerRead",
           own_read_turns=True),
    _fault("sdk-repeat-refused", "SDK-84", "idempotency", "a second receipt is an error",
           repeat_is_refused=True),
    _fault("sdk-writers-cannot-read", "SDK-34", "rare-trigger",
           "who has written to a group cannot read there", writers_cannot_read=True),
    _fault("sdk-readers-cannot-pull", "SDK-10", "rare-trigger",
           "who has read something cannot pull receipts", readers_cannot_pull=True),
    _fault("sdk-receipt-twice", "SDK-10", "idempotency", "the first receipt stands twice",
           items_twice=1),
    _fault("sdk-long-text-without-wish", "SDK-10", "rare-trigger",
           "a text of more than 100 letters asks for no receipt",
           wish=lambda text: len(text) <= 100, also=_WISHLESS),
    _fault("sdk-wish-in-ascii-alone", "SDK-10", "encoding",
           "a text beyond ASCII asks for no receipt", wish=str.isascii, also=_WISHLESS),
    _fault("sdk-reads-between", "SDK-36", "batching",
           "a message between two that are read is read as well", reads_between=True),
    _fault("sdk-letters-by-ten", "SDK-37", "limits",
           "more than ten one-to-one messages in one call are refused",
           largest_direct_batch=10),
    _fault("sdk-twenty-letters-read", "SDK-36", "batching",
           "of one-to-one messages in one call the first twenty are read",
           direct_reads_kept=20),
    _fault("sdk-plain-letter-has-receipt", "SDK-25", "isolation",
           "a plain one-to-one message shows as read", direct_plain_has_receipt=True),
    _fault("sdk-reply-turns-letters", "SDK-33", "isolation",
           "reading a reply turns isPeerRead of what was sent before", replies_turn=True),
    _fault("sdk-reads-turn-other-letters", "SDK-33", "isolation",
           "a read turns isPeerRead of what was sent to others before", reads_turn_others=True),
    _fault("sdk-both-doors-count", "SDK-22", "idempotency",
           "a reader of the server's API who reads with the SDK counts twice",
           signalled="elsewhere"),
    _fault("sdk-nine-readers", "SDK-50", "counting", "readCount stops at 9",
           item=alter.changed("readCount", lambda value: min(value, 9))),
    _fault("sdk-behind-plain-unread", "SDK-36", "batching",
           "what stands behind a plain message of a list is not read",
           reads_of=alter.before_plain),
    _fault("sdk-behind-own-unread", "SDK-36", "batching",
           "what stands behind an own message of a list is not read",
           reads_of=alter.before_own),
    _fault("sdk-behind-read-unread", "SDK-36", "batching",
           "what stands behind a message that was read before is not read",
           reads_of=alter.up_to_read),
    _fault("sdk-named-twice-unread", "SDK-36", "batching",
           "what a list names twice is not read", reads_of=alter.each_once),
    _fault("sdk-behind-plain-unpulled", "SDK-10", "batching",
           "what stands behind a plain message of a list has no receipt",
           pulled=alter.before_plain),
    _fault("sdk-named-twice-unpulled", "SDK-10", "batching",
           "what a list names twice has no receipt", pulled=alter.each_once),
    _fault("sdk-ten-letters-pulled", "SDK-10", "limits",
           "of more than ten one-to-one messages ten get a receipt", letters_pulled=10),
    # over sessions
    _fault("sdk-unarrived-letters-unread", "SDK-32", "rare-trigger",
           "one-to-one messages that came before the login are not read",
           unarrived_letters_lost=True),
    _fault("sdk-letters-unread-again", "SDK-32", "timing",
           "isPeerRead is false again after another login", letters_of_session=True),
    _fault("sdk-earlier-session-unpulled", "SDK-10", "rare-trigger",
           "what was sent before the login has no receipt", only_of_session="pull"),
    _fault("sdk-earlier-session-unlisted", "SDK-48", "rare-trigger",
           "what was sent before the login has no readers", only_of_session="list"),
    # lists
    _fault("sdk-readers-refused", "SDK-40", "paging", "filter 0 is refused with code 10062",
           filter=alter.readers_refused),
    _fault("sdk-next-page-refused", "SDK-43", "paging", "a page after the first is refused",
           following_refused=True, also=("SDK-40",)),
    _fault("sdk-members-renamed", "SDK-40", "shape", "members have UserID, not userID",
           page=alter.page(alter.renamed)),
    _fault("sdk-page-overfull", "SDK-41", "limits", "a page holds one member more than asked for",
           page_more=1),
    _fault("sdk-page-filled-up", "SDK-42", "limits",
           "a count above 100 gets so many entries, the last one over and over",
           page_clamped=True, page=alter.filled),
    _fault("sdk-first-count-stays", "SDK-41", "paging",
           "later pages hold as many as the first, whatever is asked for",
           first_count_stays=True),
    _fault("sdk-member-lost", "SDK-43", "paging", "the last member of a full page is lost",
           page=alter.last_left_out),
    _fault("sdk-member-repeated", "SDK-43", "paging", "a page lists its first member twice",
           page=alter.first_again),
    _fault("sdk-never-finished", "SDK-44", "paging", "isFinished is never true",
           page=alter.never_finished),
    _fault("sdk-finished-early", "SDK-45", "paging", "the first page says that it is the last",
           page=alter.finished_early),
    _fault("sdk-finished-as-number", "SDK-45", "shape", "isFinished is 0 or 1",
           page=alter.page(alter.changed("isFinished", int))),
    _fault("sdk-no-cursor", "SDK-46", "paging", "nextSeq is left out",
           page=alter.page(alter.without("nextSeq"))),
    _fault("sdk-filter-ignored", "SDK-48", "paging", "either filter lists who has not read",
           filter=lambda _: 1),
    _fault("sdk-filters-swapped", "SDK-47", "paging", "filter 0 lists who has not read",
           filter=lambda wanted: 1 - wanted),
    _fault("sdk-readers-stay", "SDK-49", "paging", "filter 1 lists readers as well",
           readers_stay=True),
    _fault("sdk-list-forgets", "SDK-52", "idempotency", "a list that is pulled again is shorter",
           page=alter.Forgetful()),
    _fault("sdk-counts-of-a-page", "SDK-50", "counting",
           "counts are those of the page that was listed last",
           counts_of_a_page=True),
    _fault("sdk-stranger-listed", "SDK-51", "isolation", "somebody unknown is on the last page",
           page=alter.with_stranger),
    _fault("sdk-plain-has-lists", "SDK-53", "leniency", "a plain message has lists",
           lists_of_plain=True),
    _fault("sdk-unknown-has-lists", "SDK-54", "leniency", "a made-up msgID has lists",
           lists_of_plain=False),
    # notifications
    _fault("sdk-no-events", "SDK-60", "timing", "senders are never notified",
           events=alter.never),
    _fault("sdk-events-in-public-alone", "SDK-60", "roles",
           "no notification in groups of other types than Public", events=alter.in_public),
    _fault("sdk-events-to-owner-alone", "SDK-60", "roles",
           "of the senders in a group its owner is notified", events=alter.by_owner),
    _fault("sdk-no-events-after-pull", "SDK-60", "rare-trigger",
           "no notification about a group message whose receipt was pulled",
           deaf_after_pull="groupID"),
    _fault("sdk-no-letter-events-after-pull", "SDK-61", "rare-trigger",
           "no notification about a one-to-one message whose receipt was pulled",
           deaf_after_pull="userID"),
    _fault("sdk-no-events-elsewhere", "SDK-60", "rare-trigger",
           "of group messages those are notified whose group was used last",
           deaf_elsewhere="groupID"),
    _fault("sdk-no-letter-events-elsewhere", "SDK-61", "rare-trigger",
           "of one-to-one messages those are notified whose receiver was written to last",
           deaf_elsewhere="userID"),
    _fault("sdk-quick-events-lost", "SDK-60", "timing",
           "of notifications within half a second the last is told",
           events_gathered=(0.5, alter.last_alone), also=("SDK-61", "SDK-62")),
    _fault("sdk-quick-events-newest-first", "SDK-63", "timing",
           "notifications within 0.3 s come newest first",
           events_gathered=(0.3, alter.newest_first)),
    _fault("sdk-no-direct-events", "SDK-61", "timing", "one-to-one reads are not notified",
           direct_events=False),
    _fault("sdk-event-of-another", "SDK-62", "isolation", "notifications name another message",
           event=alter.of_another, also=("SDK-63",)),  # whose numbers are not that one's
    _fault("sdk-event-behind", "SDK-63", "counting", "notifications count one reader less",
           event=alter.in_event(alter.changed("readCount", lambda value: max(value - 1, 0)))),
    _fault("sdk-event-counts-to-nine", "SDK-63", "limits",
           "readCount of a notification stops at 9",
           event=alter.in_event(alter.changed("readCount", lambda value: min(value, 9)))),
    _fault("sdk-event-unread-zero", "SDK-63", "counting", "notifications say unreadCount 0",
           event=alter.in_event(alter.changed("unreadCount", lambda _: 0))),
    _fault("sdk-event-with-old-unread-first", "SDK-64", "idempotency",
           "each notification of a group message comes with the old unreadCount first",
           old_unread_first=True),
    _fault("sdk-reader-notified", "SDK-65", "roles", "the reader is notified",
           events_to_reader=True),
    _fault("sdk-event-for-plain", "SDK-66", "isolation", "a plain message is notified",
           event_for_plain=True),
    _fault("sdk-events-reversed", "SDK-67", "timing", "notifications are held and come reversed",
           events_held=2, also=_HELD),
    _fault("sdk-event-without-id", "SDK-68", "shape", "notifications have no msgID",
           event=alter.in_event(alter.without("msgID"))),
    _fault("sdk-event-without-group", "SDK-88", "shape", "notifications do not name the group",
           event=alter.in_event(alter.without("groupID"))),
    _fault("sdk-event-says-unread", "SDK-89", "shape", "notifications say isPeerRead false",
           event=alter.in_event(alter.changed("isPeerRead", lambda _: False))),
    _fault("sdk-event-of-newest-group", "SDK-88", "isolation",
           "notifications name the group that was sent to last", event_of_newest=True),
    _fault("sdk-event-on-send", "SDK-62", "isolation", "sending a message is notified as a receipt",
           event_on_send=True),
    _fault("sdk-no-events-beside-plain", "SDK-60", "rare-trigger",
           "no notification in a group that a plain message was sent to",
           events_beside_plain=False),
    _fault("sdk-no-events-after-reply", "SDK-61", "rare-trigger",
           "no notification of the reads of somebody who has written back",
           events_after_reply=False),
    _fault("sdk-first-letter-told", "SDK-62", "batching",
           "of one-to-one messages read in one call the first is notified",
           direct_events_kept=1),
    _fault("sdk-ten-of-batch-told", "SDK-62", "batching",
           "of more than ten messages read in one call ten are notified", events_kept=10),
    _fault("sdk-seventh-event-with-old-unread-first", "SDK-64", "rare-trigger",
           "every seventh notification of a group message comes with the old unreadCount first",
           old_unread_first=True, old_unread_every=7),
    # beside the server's API
    _fault("sdk-foreign-wish-lost", "SDK-02", "shape",
           "what the API has sent never asks for a receipt", foreign_wish_lost=True),
    _fault("sdk-foreign-is-unread", "SDK-93", "timing", "what the API has sent stays unread",
           foreign_is_unread=True, also=("SDK-35",)),  # so does what was sent before the login
    _fault("sdk-foreign-direct-is-unread", "SDK-95", "timing",
           "what the API has sent to one person stays unread",
           foreign_direct_is_unread=True, also=("SDK-32",)),
    _fault("sdk-two-more-wait", "SDK-92", "counting", "unreadCount is two more than the server's",
           item=alter.changed("unreadCount", lambda value: value + 2), also=("SDK-18", "SDK-50")),
    _fault("sdk-last-waiter-unlisted", "SDK-94", "paging", "filter 1 leaves out the last of some",
           page=alter.last_waiter_left_out, also=("SDK-43", "SDK-50", "SDK-49")),
    # the process
    _fault("sdk-empty-list-hangs", "SDK-70", "timing", "pulling receipts of nothing never ends",
           empty_hangs=True),
    _fault("sdk-pull-hangs", "SDK-70", "timing", "pulling receipts never ends",
           hangs="getMessageReadReceipts"),
    _fault("sdk-pull-crashes", "SDK-70", "transport", "pulling receipts ends the process",
           ends="getMessageReadReceipts"),
    _fault("sdk-error-code-as-text", "SDK-71", "shape", "the code of an error is text",
           error=alter.changed("code", str)),
    _fault("sdk-error-without-description", "SDK-71", "shape", "errors have no description",
           error=alter.without("message")),
    _fault("sdk-no-version", "SDK-72", "shape", "answers do not say jsonrpc",
           line=lambda text: text.replace('"jsonrpc": "2.0", ', "")),
    _fault("sdk-key-twice", "SDK-73", "encoding", "a key stands twice in an answer",
           line=lambda text: '{"jsonrpc": "2.0", ' + text[1:]),
    _fault("sdk-signature-echoed", "SDK-74", "authentication", "an answer holds the UserSig",
           echoes_signature=True),
]  # fmt: skip

#: Leaves out of a message all but its name and place.
_FEW = alter.without("random", "timestamp", "sender", "needReadReceipt", "key")

_WITH_SENDER = alter.changed("unreadCount", lambda value: value + 1)

_VARIANTS = [
    _free("sdk-web-cursors", "SDK-46", "nextSeq is text, empty at the end", cursor_text=True),
    _free("sdk-every-field", "SDK-11", "receipts hold every field, always", every_field=True),
    _free("sdk-plain-item-is-empty", "SDK-25", "plain ones have 0 and 0", plain_item_is_zero=True),
    _free("sdk-others-are-empty", "SDK-19", "somebody else's messages have 0 and 0",
          others_are_empty=True),
    _free("sdk-no-receipt-is-illegal", "SDK-25", "what has no receipt is code 10004",
          no_receipt=10004, nothing_to_read=10004),
    _free("sdk-public-alone", "SDK-60", "reads in groups of other types than Public count nowhere",
          types=("Public",)),
    _free("sdk-null-beside", "SDK-72", "null stands beside a result and beside an error",
          line=alter.null_beside),
    _free("sdk-web-codes", "SDK-80", "nothing to read is code 6017", nothing_to_read=6017),
    _free("sdk-items-reversed", "SDK-29", "receipts come in another order", items_reversed=True),
    _free("sdk-long-batches", "SDK-38", "more than thirty are read in parts", largest_batch=1000),
    _free("sdk-page-clamped", "SDK-42", "a count above 100 gets 100", page_clamped=True),
    _free("sdk-events-apart", "SDK-69", "each message is notified for itself", events_apart=True),
    _free("sdk-arrivals-untold", "SDK-02", "received messages are not reported", arrivals=False),
    _free("sdk-events-merged", "SDK-63", "the newest numbers of 150 ms are told together",
          events_gathered=(0.15, alter.merged)),
    _free("sdk-events-late", "SDK-60", "notifications come 200 ms later", events_late=0.2),
    _free("sdk-empty-list-is-fine", "SDK-30", "an empty list gets no receipts", empty_is_fine=True),
    _free("sdk-noise", "SDK-72", "the SDK logs to standard output", noise=True),
    _free("sdk-nulls", "SDK-01", "messages hold null for what they have not", nulls=True),
    _free(
        "sdk-pages-of-one", "SDK-43", "a page holds one member, whatever was asked for", page_most=1
    ),
    _free("sdk-events-after", "SDK-62", "notifications come 0.8 s later", events_after=0.8),
    _free("sdk-counts-sender", "SDK-92", "unreadCount counts the sender as well",
          item=_WITH_SENDER, event=alter.in_event(_WITH_SENDER)),
    _free("sdk-lists-sender", "SDK-94", "filter 1 lists the sender as well",
          page=alter.with_sender),
    _free("sdk-lists-lag", "SDK-52", "lists are up to 0.4 s behind",
          kept={"getGroupMessageReadMemberList": 0.4}),
    _free("sdk-pulls-lag", "SDK-63", "receipts are up to 0.4 s behind notifications and lists",
          kept={"getMessageReadReceipts": 0.4}),
    _free("sdk-no-lists-are-empty", "SDK-53", "what has no lists has finished ones of nobody",
          no_lists_are_empty=True),
    _free("sdk-odd-reads-refused", "SDK-36",
          "a list to read with an own or plain message, or one twice, is refused",
          odd_reads_refused=True),
    _free("sdk-events-twice", "SDK-64", "each notification comes twice", events_repeat=2),
    _free("sdk-own-codes", "SDK-28", "errors have codes of the SDK's own and say nothing",
          error=lambda _: {"code": 9999, "message": ""}),
    _free("sdk-few-hints", "SDK-01", "messages tell msgID and place alone", message=_FEW),
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
