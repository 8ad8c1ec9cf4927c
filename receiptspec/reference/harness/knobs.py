"""The questions that the packaged client asks itself, with the documented answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["DEFAULTS", "LARGEST_BATCH", "LARGEST_PAGE", "NOTHING_TO_READ", "NO_RECEIPT"]

NOTHING_TO_READ, NO_RECEIPT = 2114, 10062
LARGEST_BATCH, LARGEST_PAGE = 30, 100

#: Every question that a fault or a variant may answer otherwise.
DEFAULTS: Mapping[str, Any] = {
    # what a receipt says
    "item": None,
    "every_field": False,
    "plain_item_is_zero": False,
    "others_are_empty": False,
    "plain_has_receipt": False,
    "unknown_has_receipt": False,
    "cached": False,
    "items_reversed": False,
    "items_kept": None,
    "letters_pulled": None,
    "pulled": None,
    "items_twice": 0,
    "asking_reads": False,
    "readers_cannot_pull": False,
    "direct_plain_has_receipt": False,
    "replies_turn": False,
    "direct_read_by_default": False,
    "direct_reads_spread": False,
    "foreign_is_unread": False,
    "foreign_direct_is_unread": False,
    "reads_of_newest": False,
    "counts_of_a_page": False,
    # what is read
    "reads_kept": None,
    "reads_of": None,
    "odd_reads_refused": False,
    "reads_spread": False,
    "reads_lost": False,
    "own_read_turns": False,
    "largest_batch": LARGEST_BATCH,
    "largest_direct_batch": LARGEST_BATCH,
    "direct_read_errs": False,
    "direct_reads_kept": None,
    "reads_between": False,
    "writers_cannot_read": False,
    "wish": None,
    "signalled": "",
    "repeat_is_refused": False,
    "nothing_to_read": NOTHING_TO_READ,
    "no_receipt": NO_RECEIPT,
    "mixed_is_taken": "",
    "people_are_alike": False,
    "empty_is_fine": False,
    "empty_hangs": False,
    # pages
    "page_more": 0,
    "page_most": LARGEST_PAGE,
    "first_count_stays": False,
    "following_refused": False,
    "page_clamped": False,
    "page": None,
    "filter": None,
    "cursor_text": False,
    "lists_of_plain": None,
    "no_lists_are_empty": False,
    "readers_stay": False,
    # events
    "events": True,
    "direct_events": True,
    "events_repeat": 1,
    "events_to_reader": False,
    "event_for_plain": False,
    "event": None,
    "events_held": 0,
    "event_of_newest": False,
    "event_on_send": False,
    "events_after": 0.0,
    "events_beside_plain": True,
    "events_after_reply": True,
    "seventh_event_twice": False,
    "direct_events_kept": None,
    "events_kept": None,
    "events_late": 0.0,
    "events_apart": False,
    # messages and the process
    "kept": {},
    "arrivals": True,
    "received": None,
    "foreign_wish_lost": False,
    "message": None,
    "nulls": False,
    "hangs": "",
    "ends": "",
    "noise": False,
    "echoes_signature": False,
    "error": None,
    "line": None,
}
