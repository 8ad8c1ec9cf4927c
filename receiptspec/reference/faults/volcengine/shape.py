"""Faults of the shape of a receipt: the list, and each field of its items (rows 23 to 29)."""

from __future__ import annotations

from typing import Any

from receiptspec.reference.behaviour import Fault
from receiptspec.reference.faults.volcengine.families import items, receipts, results

__all__ = ["ALL"]

_LIST, _ID, _PLACE = "ReadReceipt", "MessageId", "ConversationShortId"
_FLAG, _READ, _UNREAD = "ReceiverIsRead", "ReadUserIds", "UnReadUserIds"


def _text(key: str) -> Any:
    return lambda item: item.update({key: str(item[key])})


def _texts(key: str) -> Any:
    return lambda item: item.update({key: [str(user) for user in item[key]]})


def _gone(key: str) -> Any:
    return lambda item: item.pop(key)


def _named(key: str, other: str) -> Any:
    return lambda item: item.update({other: item.pop(key)})


def _set(key: str, value: Any) -> Any:
    return lambda item: item.update({key: value})


def _if_empty(key: str, value: Any = None, *, gone: bool = False) -> Any:
    def edit(item: dict[str, Any]) -> None:
        if item[key] == []:
            item[key] = value
            if gone:
                del item[key]

    return edit


def _unwrapped(answer: dict[str, Any]) -> None:
    if len(receipts(answer)) == 1:
        answer["Result"][_LIST] = receipts(answer)[0]


def _by_id(answer: dict[str, Any]) -> None:
    answer["Result"][_LIST] = {str(item[_ID]): item for item in receipts(answer)}


_LISTED = [
    results("list-missing", 23, lambda a: a["Result"].pop(_LIST), shows="no ReadReceipt"),
    results("list-null", 23, lambda a: a["Result"].update({_LIST: None}), shows="null"),
    results("list-is-object", 23, _by_id, shows="an object by MessageId"),
    results("list-unwrapped-at-one", 23, _unwrapped, cls="rare-trigger", shows="one item bare"),
    results(
        "list-renamed",
        23,
        lambda a: a["Result"].update(ReadReceipts=a["Result"].pop(_LIST)),
        shows="ReadReceipts",
    ),
    results("list-is-result", 23, lambda a: a.update(Result=receipts(a)), shows="Result is a list"),
]

_NUMBERS = [
    items("message-id-missing", 24, _gone(_ID), shows="no MessageId"),
    items("message-id-text", 24, _text(_ID), shows="MessageId in quotes"),
    items("message-id-renamed", 24, _named(_ID, "MessageID"), shows="MessageID"),
    items("message-id-next", 24, lambda i: i.update(MessageId=i[_ID] + 1), shows="the id plus 1"),
    items("message-id-zero", 24, _set(_ID, 0), shows="MessageId 0"),
    items("conversation-id-missing", 25, _gone(_PLACE), shows="no ConversationShortId"),
    items("conversation-id-text", 25, _text(_PLACE), shows="ConversationShortId in quotes"),
    items("conversation-id-renamed", 25, _named(_PLACE, "ConversationId"), shows="ConversationId"),
    items("conversation-id-zero", 25, _set(_PLACE, 0), shows="ConversationShortId 0"),
    items(
        "conversation-id-is-message-id",
        25,
        lambda i: i.update(ConversationShortId=i[_ID]),
        shows="the MessageId in its place",
    ),
]

_FIELDS = [
    items("flag-missing", 26, _gone(_FLAG), shows="no ReceiverIsRead"),
    items(
        "flag-missing-when-false",
        26,
        lambda i: i[_FLAG] or i.pop(_FLAG),
        shows="no ReceiverIsRead unless true",
    ),
    items("flag-number", 26, lambda i: i.update({_FLAG: int(i[_FLAG])}), shows="0 and 1"),
    items("flag-text", 26, lambda i: i.update({_FLAG: f"{i[_FLAG]}".lower()}), shows='"false"'),
    items("flag-null-when-false", 26, lambda i: i[_FLAG] or i.update({_FLAG: None}), shows="null"),
    items("flag-renamed", 26, _named(_FLAG, "IsRead"), shows="IsRead"),
    items("readers-missing", 27, _gone(_READ), shows="no ReadUserIds"),
    items("readers-text", 27, _texts(_READ), shows="user ids in quotes"),
    items("readers-renamed", 27, _named(_READ, "ReadUserIDs"), shows="ReadUserIDs"),
    items("readers-number", 27, lambda i: i.update({_READ: len(i[_READ])}), shows="a number"),
    items(
        "readers-objects",
        27,
        lambda i: i.update({_READ: [{"UserId": user} for user in i[_READ]]}),
        shows="objects with UserId",
    ),
    items(
        "readers-joined",
        27,
        lambda i: i.update({_READ: ",".join(map(str, i[_READ]))}),
        shows="one String with commas",
    ),
    items("unreaders-missing", 28, _gone(_UNREAD), shows="no UnReadUserIds"),
    items("unreaders-renamed", 28, _named(_UNREAD, "UnreadUserIds"), shows="UnreadUserIds"),
    items("unreaders-text", 28, _texts(_UNREAD), shows="user ids in quotes"),
    items("unreaders-number", 28, lambda i: i.update({_UNREAD: len(i[_UNREAD])}), shows="a number"),
    items(
        "unreaders-objects",
        28,
        lambda i: i.update({_UNREAD: [{"UserId": user} for user in i[_UNREAD]]}),
        shows="objects with UserId",
    ),
    items("readers-null-when-empty", 29, _if_empty(_READ), shows="ReadUserIds null"),
    items("readers-omitted-when-empty", 29, _if_empty(_READ, gone=True), shows="no ReadUserIds"),
    items("unreaders-null-when-empty", 29, _if_empty(_UNREAD), shows="UnReadUserIds null"),
    items(
        "unreaders-omitted-when-empty",
        29,
        _if_empty(_UNREAD, gone=True),
        shows="no UnReadUserIds when all have read",
    ),
    items("readers-zero-when-empty", 36, _if_empty(_READ, [0]), shows="[0] for nobody"),
]

ALL: list[Fault] = [*_LISTED, *_NUMBERS, *_FIELDS]
