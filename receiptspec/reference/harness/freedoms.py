"""The variants of the packaged client: each uses one freedom that the documents leave."""

from __future__ import annotations

from receiptspec.reference.harness import alterations as alter
from receiptspec.reference.harness.twist import free

__all__ = ["ALL"]

#: Leaves out of a message all but its name and place.
_FEW = alter.without("random", "timestamp", "sender", "needReadReceipt", "key")

_WITH_SENDER = alter.changed("unreadCount", lambda value: value + 1)

ALL = [
    free("sdk-web-cursors", "SDK-46", "nextSeq is text, empty at the end", cursor_text=True),
    free("sdk-every-field", "SDK-11", "receipts hold every field, always", every_field=True),
    free("sdk-plain-item-is-empty", "SDK-25", "plain ones have 0 and 0", plain_item_is_zero=True),
    free("sdk-others-are-empty", "SDK-19", "somebody else's messages have 0 and 0",
          others_are_empty=True),
    free("sdk-no-receipt-is-illegal", "SDK-25", "what has no receipt is code 10004",
          no_receipt=10004, nothing_to_read=10004),
    free("sdk-public-alone", "SDK-60", "reads in groups of other types than Public count nowhere",
          types=("Public",)),
    free("sdk-null-beside", "SDK-72", "null stands beside a result and beside an error",
          line=alter.null_beside),
    free("sdk-web-codes", "SDK-80", "nothing to read is code 6017", nothing_to_read=6017),
    free("sdk-nothing-to-read-is-fine", "SDK-81", "an own or plain message is read in silence",
          nothing_to_read=None),
    free("sdk-items-reversed", "SDK-29", "receipts come in another order", items_reversed=True),
    free("sdk-long-batches", "SDK-38", "more than thirty are read in parts", largest_batch=1000),
    free("sdk-page-clamped", "SDK-42", "a count above 100 gets 100", page_clamped=True),
    free("sdk-events-apart", "SDK-69", "each message is notified for itself", events_apart=True),
    free("sdk-arrivals-untold", "SDK-02", "received messages are not reported", arrivals=False),
    free("sdk-numbers-untold", "SDK-94", "messages tell no seq and no key, none is told to arrive",
          message=alter.without("seq", "key"), arrivals=False),
    free("sdk-events-merged", "SDK-63", "the newest numbers of 150 ms are told together",
          events_gathered=(0.15, alter.merged)),
    free("sdk-events-late", "SDK-60", "notifications come 200 ms later", events_after=0.2),
    free("sdk-empty-list-is-fine", "SDK-30", "an empty list gets no receipts", empty_is_fine=True),
    free("sdk-noise", "SDK-72", "the SDK logs to standard output", noise=True),
    free("sdk-nulls", "SDK-01", "messages hold null for what they have not", nulls=True),
    free(
        "sdk-pages-of-one", "SDK-43", "a page holds one member, whatever was asked for", page_most=1
    ),
    free("sdk-events-after", "SDK-62", "notifications come 0.8 s later", events_after=0.8),
    free("sdk-counts-sender", "SDK-92", "unreadCount counts the sender as well",
          item=_WITH_SENDER, event=alter.in_event(_WITH_SENDER)),
    free("sdk-lists-sender", "SDK-94", "filter 1 lists the sender as well",
          page=alter.with_sender),
    free("sdk-lists-lag", "SDK-52", "lists are up to 0.4 s behind",
          kept={"getGroupMessageReadMemberList": 0.4}),
    free("sdk-pulls-lag", "SDK-63", "receipts are up to 0.4 s behind notifications and lists",
          kept={"getMessageReadReceipts": 0.4}),
    free("sdk-unread-lags", "SDK-63", "unreadCount of a pull falls 0.4 s after readCount rises",
          unread_late=0.4),
    free("sdk-no-lists-are-empty", "SDK-53", "what has no lists has finished ones of nobody",
          no_lists_are_empty=True),
    free("sdk-odd-reads-refused", "SDK-36",
          "a list to read with an own or plain message, or one twice, is refused",
          odd_reads_refused=True),
    free("sdk-events-twice", "SDK-64", "each notification comes twice", events_repeat=2),
    free("sdk-own-codes", "SDK-28", "errors have codes of the SDK's own and say nothing",
          error=lambda _: {"code": 9999, "message": ""}),
    free("sdk-pulls-unserved", "SDK-70", "the harness has no getMessageReadReceipts",
          unserved=("getMessageReadReceipts",)),
    free("sdk-lists-unserved", "SDK-70", "the harness has no getGroupMessageReadMemberList",
          unserved=("getGroupMessageReadMemberList",)),
    free("sdk-few-hints", "SDK-01", "messages tell msgID and place alone", message=_FEW),
]  # fmt: skip
