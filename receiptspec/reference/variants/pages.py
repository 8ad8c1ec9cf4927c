"""Freedoms of the pages in which who has read, and who has not, is told."""

from __future__ import annotations

from typing import Any

from receiptspec.reference.behaviour import Variant
from receiptspec.reference.variants.answers import where_accepted

__all__ = ["ALL"]

_DETAIL = "get_group_msg_receipt_detail"


def _without_empty_lists(answer: dict[str, Any]) -> None:
    for key in ("ReadList", "UnreadList"):
        if answer.get(key) == []:
            del answer[key]


def _both_lists(answer: dict[str, Any]) -> None:
    answer.setdefault("ReadList", [])
    answer.setdefault("UnreadList", [])


def _last_cursor_gone(answer: dict[str, Any]) -> None:
    if answer.get("IsFinish", answer.get("IsFinished")):
        del answer["Cursor"]


ALL: list[Variant] = [
    Variant(
        name="is-finished",
        requirement="TC-GMD-06",
        operation=_DETAIL,
        answer=where_accepted(lambda a: a.update(IsFinished=a.pop("IsFinish"))),
        shows="IsFinished",
    ),
    Variant(
        name="empty-lists-omitted",
        requirement="TC-GMD-11",
        operation=_DETAIL,
        answer=where_accepted(_without_empty_lists),
        shows="no ReadList when nobody has read",
    ),
    Variant(
        name="both-lists-given",
        requirement="TC-GMD-02",
        operation=_DETAIL,
        answer=where_accepted(_both_lists),
        shows="the other list is there and empty",
    ),
    Variant(
        name="last-cursor-empty",
        requirement="TC-GMD-37",
        operation=_DETAIL,
        knobs={"cursor_at_end": ""},
        shows='Cursor "" on the last page',
    ),
    Variant(
        name="last-cursor-omitted",
        requirement="TC-GMD-37",
        operation=_DETAIL,
        answer=where_accepted(_last_cursor_gone),
        shows="no Cursor on the last page",
    ),
    Variant(
        name="members-reversed",
        requirement="TC-GMD-08",
        operation=_DETAIL,
        knobs={"detail_order": "reversed"},
        shows="a page in another order",
    ),
    Variant(
        name="pages-sifted",
        requirement="TC-GMD-04",
        operation=_DETAIL,
        knobs={"detail_sifts": True},
        shows="of the next Count members of the group those who belong to the list",
    ),
    Variant(
        name="large-count-clamped",
        requirement="TC-GMD-22",
        operation=_DETAIL,
        knobs={"detail_clamps": True},
        shows="Count 1000 means 200",
    ),
    Variant(
        name="cursor-zero-starts",
        requirement="TC-GMD-26",
        operation=_DETAIL,
        knobs={"first_cursors": ("", "0")},
        shows='Cursor "0" is the first page',
    ),
]
