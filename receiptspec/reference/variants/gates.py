"""The freedom to offer less: who stands in front lets only some operations through."""

from __future__ import annotations

from collections.abc import Callable, Collection

from receiptspec.reference.behaviour import Variant
from receiptspec.reference.calls import Call, Refusal, Reply

__all__ = ["ALL"]

_PAGE = b"<html><head><title>403 Forbidden</title></head><body>not on the list</body></html>"
_WORD = b'{"error":"forbidden"}'
_OTHERS = (
    "add_group_member",
    "admin_set_msg_read",
    "get_c2c_unread_msg_num",
    "get_group_msg_receipt_detail",
    "group_msg_recall",
)
_ACTIONS = ("BatchAddConversationParticipant", "ModifyParticipantReadIndex", "RecallMessage")


def _kept_out(status: int, body: bytes, kind: str) -> Callable[[Call, Reply], None]:
    def reply(_call: Call, sent: Reply) -> None:
        sent.status, sent.body = status, body
        sent.header("Content-Type", kind)

    return reply


def _undone(call: Call) -> None:
    raise Refusal(60009 if call.vendor == "tencent" else "AccessDenied", "not on the list")


def _only(operations: Collection[str]) -> Callable[[Call], bool]:
    return lambda call: call.operation in operations


ALL: list[Variant] = [
    Variant(
        name=name,
        vendor=vendor,
        requirement=row,
        when=_only(operations),
        request=_undone,
        reply=_kept_out(status, body, kind),
        shows=shows,
    )
    for name, vendor, row, operations, status, body, kind, shows in (
        (
            "calls-forbidden",
            "tencent",
            "TC-GEN-08",
            _OTHERS,
            403,
            _PAGE,
            "text/html",
            "a page with 403 for operations that are on no list",
        ),
        (
            "groups-forbidden",
            "tencent",
            "TC-GEN-08",
            ("create_group",),
            403,
            _WORD,
            "application/json",
            "403 for whoever makes a group",
        ),
        (
            "no-imports",
            "tencent",
            "TC-GEN-08",
            ("account_import", "multiaccount_import"),
            404,
            _WORD,
            "application/json",
            "404 for whoever imports accounts",
        ),
        (
            "ve-calls-forbidden",
            "volcengine",
            "VE-GMRR-102",
            _ACTIONS,
            403,
            _PAGE,
            "text/html",
            "a page with 403 for operations that are on no list",
        ),
    )
]
