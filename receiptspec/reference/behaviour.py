"""How the server behaves: as documented, unless faults or variants bend it.

Handlers ask at each decision: ``call.knob("sender_counts")``, and pass every refusal through
``call.refuse(...)``. A `Twist` bends knobs, refusals, requests, answers or bytes, for one operation
or all, on every call or only where `when` says so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from receiptspec.errors import ConfigurationError
from receiptspec.reference.calls import Call, Reply, Shrug

__all__ = ["DEFAULTS", "PASS", "SHRUG", "Behaviour", "Fault", "Twist", "Variant"]

#: Every knob with its documented (or sensibly chosen) position.
DEFAULTS: Mapping[str, Any] = {
    # who counts
    "sender_counts": False,
    "leavers_count": False,
    "joiners_count": False,
    "reads_by_strangers": False,
    # counting
    "read_step": 1,
    "unread_step": 1,
    "repeats_count": False,
    "reads_toggle": False,
    "first_reads": 0,
    "read_delay": 0.0,
    "view_lags": {},
    "replica_lag": 0.0,  # seconds by which the slowest of three replicas is behind
    "reads_lost": False,
    "reads_spread": "",
    "asking_reads": False,
    "unread_floor": 0,
    "read_cap": None,
    # what has a receipt
    "plain_has_receipt": False,
    "unknown_has_receipt": False,
    "imported_has_receipt": False,
    "recalled_keeps_receipt": False,
    "needs_receipt_default": 0,
    "receipts_never": False,
    # lists
    "empty_list_is_ok": False,
    "detail_overfull": 0,
    "detail_clamps": False,
    "detail_order": "joined",
    "detail_readers_stay": False,
    "cursor_at_end": "0",
    "detail_sifts": False,
    "first_cursors": ("",),
    "read_items_kept": None,
    "most_reads": 50,
    "clock_ahead": 0.0,  # seconds by which the server's clock is ahead
    # messages
    "tips_take_seq": False,
    "seq_step": 1,
    "duplicates_dropped": True,
    "repeats_by_random": False,
    "impossible_receipt": "refused",
    "one_is_invited": False,
    "text_limit": 12 * 1024,
    # one-to-one
    "peer_read_by_mark": False,
    "peer_read_spreads": False,
    "peer_read_by_receipt": True,
    "peer_read_by_sender": False,
    "marks_lost": False,
    "key_of_other_pair": False,
    "mark_time_ignored": False,
    "marks_end_before_now": False,
    "receipt_clears_unread": False,
    "receipt_moves_position": False,
    "hook_answer_counts": False,
    "read_time_integer": False,
    "roam_order": "newest",
    "roam_packet": 13 * 1024,
    # credentials
    "key_forms": ("text",),
    "signing_orders": (("time", "expire"),),
    "signing_ends": ("\n",),
    "userbuf_signed": True,
    "aliases": {},
    # webhooks
    "hook_on_receipt": True,
    "hook_on_send": True,
    "hook_on_mark": True,
    "hook_on_direct_receipt": True,
    "hook_time_text": False,
    "hook_chunked": False,
    "hook_method": "POST",
    "hooks": True,
    # Volcengine: signatures
    "ve_labels": ("HMAC-SHA256",),
    "ve_terminators": ("request",),
    "ve_services": ("rtc",),
    "ve_dates": ("compact",),
    "ve_skew": 900,
    "ve_key_forms": ("",),
    "ve_methods": (),
    "ve_any_path": False,
    "ve_must_sign": (),
    "ve_may_sign": None,
    "ve_body_hashes": ("body",),
    "ve_spaces": ("%20",),
    "ve_plain": "~",
    "ve_query_sorted": True,
    "ve_query_read_as": (),  # names and values that may have been signed in place of others
    "ve_compared": None,  # how many digits at the start of a signature, all of them
    "ve_compared_last": 0,  # and at its end, where not all are compared
    "ve_action_in_body": False,
    "ve_action_any_case": False,
    "ve_lenient_parser": False,
    # Volcengine: answers
    "ve_statuses": {},
    "ve_business_status": 200,
    "ve_string_ids": False,
    "ve_lookup": "exact",
    "ve_unknown": "omitted",
    "ve_recalled": "kept",
    "ve_duplicates": "each",
    "ve_order": "asked",
    "ve_list_order": "joined",
    "ve_most_ids": None,
    "ve_group_flag": "false",
    "ve_late_fields": {},  # seconds after which a read shows, by the field of a receipt
    "ve_index_reads": False,
    "ve_rereads": "",  # what a second read does: forgets "others"; a third one: the "reader"
    "ve_reads_apart": 0.0,  # seconds after a read in which those of others are lost
    "ve_own_reads": "",  # what a sender's does: "listed", "closed" or, for the others, "turned"
    "ve_pair_reads_at_once": None,  # how many messages of a pair one read reaches, from the end
    # Volcengine: setting up
    "ve_id_step": 0,
    "ve_ids_of_conversation": False,
    "ve_pair_reused": True,
    "ve_owner_joins": True,
    "ve_client_ids": True,
    "ve_client_ids_any_case": False,
    "ve_added_again_is_new": False,
    "ve_joiners_start_here": False,
    "ve_destroyed_kept": False,
    "ve_members_limit": 200,
}

PASS = "pass"  # noqa: S105
SHRUG = "shrug"

#: Decides a refusal: a code, `PASS` (go on as if it were right), `SHRUG` (an empty success) or
#: None for no opinion.
Refuses = Callable[[Call, str, str, "int | str"], "int | str | None"]


def _always(_call: Call) -> bool:
    return True


@dataclass(frozen=True, kw_only=True)
class Twist:
    """One named way to differ from the default server.

    `operation` empty means all. `shows` says in one line what a client sees. `requirement` is the
    id of the row that it breaks, or whose freedom it uses. `waits` says that it makes whoever asks
    wait, so that a test of it needs time and little else.
    """

    name: str
    vendor: str = "tencent"
    operation: str = ""
    requirement: str = ""
    shows: str = ""
    knobs: Mapping[str, Any] = field(default_factory=dict)
    request: Callable[[Call], None] | None = None
    refuses: Refuses | None = None
    answer: Callable[[Call, dict[str, Any]], None] | None = None
    reply: Callable[[Call, Reply], None] | None = None
    callback: Callable[[Call, dict[str, str], dict[str, Any]], bytes | None] | None = None
    when: Callable[[Call], bool] = _always
    waits: bool = False

    def __post_init__(self) -> None:
        unknown = set(self.knobs) - set(DEFAULTS)
        if unknown:
            raise ValueError(f"{self.name}: no knob {', '.join(sorted(unknown))}")

    def applies(self, call: Call) -> bool:
        """Whether it bends this call."""
        return (
            self.vendor == call.vendor
            and self.operation in ("", call.operation)
            and bool(self.when(call))
        )


@dataclass(frozen=True, kw_only=True)
class Fault(Twist):
    """Breaks one documented promise. `cls` is the kind of mistake, `level` that of the row.

    `also` names the rows that it breaks besides, as a consequence.
    """

    cls: str
    level: str = "MUST"
    also: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Variant(Twist):
    """Uses one freedom that the documents leave; the server still conforms."""


class Behaviour:
    """The twists of one server, asked at every decision; `memory` is theirs to remember in."""

    def __init__(self, twists: Sequence[Twist] = ()) -> None:
        self.twists = tuple(twists)
        self.memory: dict[str, Any] = {}

    @classmethod
    def named(
        cls,
        faults: Sequence[str],
        variants: Sequence[str],
        known_faults: Mapping[str, Fault],
        known_variants: Mapping[str, Variant],
    ) -> Behaviour:
        """Look twists up by name. Raises `ConfigurationError` for one that does not exist."""
        twists: list[Twist] = []
        for names, known, kind in (
            (faults, known_faults, "fault"),
            (variants, known_variants, "variant"),
        ):
            for name in names:
                if name not in known:
                    raise ConfigurationError(
                        f"no {kind} {name!r}", fix="receiptspec serve --list shows them"
                    )
                twists.append(known[name])
        return cls(twists)

    def knob(self, call: Call, name: str) -> Any:
        """Return the position of a knob for a call; the last twist wins."""
        for twist in reversed(self.twists):
            if name in twist.knobs and twist.applies(call):
                return twist.knobs[name]
        return DEFAULTS[name]

    def refuses(self, call: Call, place: str, reason: str, code: int | str) -> int | str | None:
        """Return the code to refuse with, or None to tolerate. Raises `Shrug`."""
        for twist in self.twists:
            if twist.refuses is None or not twist.applies(call):
                continue
            decided = twist.refuses(call, place, reason, code)
            if decided == SHRUG:
                raise Shrug
            if decided == PASS:
                return None
            if decided is not None:
                return decided
        return code

    def on_request(self, call: Call) -> None:
        """Let twists see, and change, a call before it is looked at."""
        for twist in self.twists:
            if twist.request is not None and twist.applies(call):
                twist.request(call)

    def on_callback(self, call: Call, query: dict[str, str], body: dict[str, Any]) -> bytes | None:
        """Let twists change a callback; one that returns bytes sends those instead."""
        raw = None
        for twist in self.twists:
            if twist.callback is not None:
                raw = twist.callback(call, query, body) or raw
        return raw

    def on_answer(self, call: Call, answer: dict[str, Any]) -> None:
        """Let twists change the document that is to be sent."""
        for twist in self.twists:
            if twist.answer is not None and twist.applies(call):
                twist.answer(call, answer)

    def on_bytes(self, call: Call, reply: Reply) -> None:
        """Let twists change status, headers, bytes and transport."""
        for twist in self.twists:
            if twist.reply is not None and twist.applies(call):
                twist.reply(call, reply)
