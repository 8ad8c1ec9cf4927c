"""How faults and variants of the packaged client change what it shows; pure but for classes.

An item is one receipt or one message; a page comes with the parameters of its question.
"""

from __future__ import annotations

import itertools
import json
from collections import Counter
from collections.abc import Callable, Collection
from typing import Any

from receiptspec.reference.harness.knobs import LARGEST_PAGE
from receiptspec.reference.harness.line import SdkError
from receiptspec.reference.harness.naming import name_of

__all__ = [
    "FirstPeer",
    "Flipping",
    "Forgetful",
    "before_own",
    "before_plain",
    "by_owner",
    "changed",
    "each_once",
    "filled",
    "finished_early",
    "first_again",
    "in_event",
    "in_public",
    "is_foreign",
    "last_alone",
    "last_left_out",
    "merged",
    "never",
    "never_finished",
    "newest_first",
    "null_beside",
    "of_another",
    "page",
    "readers_refused",
    "renamed",
    "still_unread",
    "swapped",
    "to_others",
    "total",
    "up_to_read",
    "with_same_number",
    "with_sender",
    "with_stranger",
    "without",
]

Item = dict[str, Any]
#: Says what is left of a list that a user gave, who has read some messages.
Listed = Callable[[list[Item], str, Collection[str]], list[Item]]
NO_RECEIPT = 10062
OWN_NUMBERS = 1 << 25  # where the numbers end that clients give their messages

#: Where the packaged server has nobody left to list.
BEHIND_ALL = 144_115_188_075_855_872 + 10**9


def without(*names: str) -> Callable[[Item], Item]:
    """Leave fields out."""
    return lambda item: {key: value for key, value in item.items() if key not in names}


def changed(name: str, how: Callable[[Any], Any]) -> Callable[[Item], Item]:
    """Give a field another value, where it is there."""
    return lambda item: {**item, name: how(item[name])} if name in item else item


def _before(stops: Callable[[Item, str, Collection[str]], bool]) -> Listed:
    """Leave out of a list what stands behind a message of some kind."""

    def kept(messages: list[Item], user: str, read: Collection[str]) -> list[Item]:
        return list(itertools.takewhile(lambda m: not stops(m, user, read), messages))

    return kept


#: What is left of a list: what stands before a plain message, or before an own one.
before_plain = _before(lambda message, *_: not message["needReadReceipt"])
before_own = _before(lambda message, user, _: bool(message["sender"] == user))


def up_to_read(messages: list[Item], _user: str, read: Collection[str]) -> list[Item]:
    """Leave out of a list what stands behind a message that was read before."""
    places = (place for place, message in enumerate(messages) if name_of(message) in read)
    return messages[: next(places, len(messages)) + 1]


def each_once(messages: list[Item], _user: str, _read: Collection[str]) -> list[Item]:
    """Leave out of a list what it names twice."""
    names = [name_of(message) for message in messages]
    return [message for message in messages if names.count(name_of(message)) == 1]


def swapped(item: Item) -> Item:
    """Swap the two counts."""
    if "readCount" not in item:
        return item
    return {**item, "readCount": item["unreadCount"], "unreadCount": item["readCount"]}


def still_unread(item: Item) -> Item:
    """Count the newest reader also among those who have not read."""
    return {**item, "unreadCount": item["unreadCount"] + 1}


def total(item: Item) -> Item:
    """Count everybody as not having read, whoever has."""
    if "readCount" not in item:
        return item
    return {**item, "unreadCount": item["readCount"] + item["unreadCount"]}


def in_event(change: Callable[[Item], Item]) -> Callable[[Item, list[str]], Item]:
    """Change a receipt of a notification, whatever else was sent."""
    return lambda item, _others: change(item)


def of_another(item: Item, others: list[str]) -> Item:
    """Name another message."""
    return {**item, "msgID": next(name for name in [*others, "none"] if name != item["msgID"])}


def never(_event: Item, _user: str) -> bool:
    """Tell of no read."""
    return False


def in_public(event: Item, _user: str) -> bool:
    """Tell of reads in public groups, and between two people."""
    return bool(event.get("Type", "Public") == "Public")


def by_owner(event: Item, user: str) -> bool:
    """Tell the owners of groups, and of reads between two people."""
    return bool(event.get("Owner", user) == user)


def last_alone(gathered: list[list[Item]]) -> list[list[Item]]:
    """Tell the last of the notifications of some time."""
    return gathered[-1:]


def newest_first(gathered: list[list[Item]]) -> list[list[Item]]:
    """Tell the notifications of some time, the newest first."""
    return gathered[::-1]


def merged(gathered: list[list[Item]]) -> list[list[Item]]:
    """Tell the newest of each message in one notification."""
    newest = {item["msgID"]: item for receipts in gathered for item in receipts}
    return [list(newest.values())]


def page(change: Callable[[Item], Item]) -> Callable[[Item, Item], Item]:
    """Change a page, whatever was asked."""
    return lambda page, _params: change(page)


def finished_early(page: Item, params: Item) -> Item:
    """Say of the first page that it is the last."""
    return {**page, "isFinished": page["isFinished"] or params["nextSeq"] == 0}


def never_finished(page: Item, _params: Item) -> Item:
    """Lead from the last page to empty ones, without end."""
    after = BEHIND_ALL if page["isFinished"] else page["nextSeq"]
    return {**page, "isFinished": False, "nextSeq": after}


def filled(page: Item, params: Item) -> Item:
    """Fill a page of more than the limit up to its size with its last member."""
    last, missing = page["members"][-1:], params["count"] - len(page["members"])
    more = last * missing if params["count"] > LARGEST_PAGE else []
    return {**page, "members": [*page["members"], *more]}


def last_left_out(page: Item, params: Item) -> Item:
    """Lose the last member of each full page."""
    full = len(page["members"]) >= params["count"] > 1
    return {**page, "members": page["members"][:-1] if full else page["members"]}


def first_again(page: Item, params: Item) -> Item:
    """Repeat a member at the start of each page but the first."""
    again = params["nextSeq"] not in (0, "") and page["members"] and params["count"] > 1
    return {**page, "members": [*page["members"], page["members"][0]]} if again else page


def with_stranger(page: Item, params: Item) -> Item:
    """List somebody unknown behind the last reader, where the page has room."""
    room = 0 < len(page["members"]) < params["count"]
    strangers = [{"userID": "nobody-known"}] if params["filter"] == 0 and room else []
    return {**page, "members": [*page["members"], *strangers]}


def with_sender(page: Item, params: Item) -> Item:
    """List the sender among those who have not read, where the last page has room."""
    if params["filter"] != 1 or not page["isFinished"]:
        return page
    if len(page["members"]) >= params["count"]:
        return page
    return {**page, "members": [*page["members"], {"userID": params["message"]["sender"]}]}


def last_waiter_left_out(page: Item, params: Item) -> Item:
    """Lose the last of those who have not read, where the page has room for more."""
    some = params["filter"] == 1 and 1 < len(page["members"]) < params["count"]
    return {**page, "members": page["members"][:-1]} if some else page


def null_beside(text: str) -> str:
    """Say of an answer what it is not: null for an error or for a result."""
    message = json.loads(text)
    if "id" not in message:
        return text
    return json.dumps({"result": None, "error": None, **message})


def readers_refused(wanted: int) -> int:
    """Refuse the list of those who have read."""
    if wanted == 0:
        raise SdkError(NO_RECEIPT, "no receipt")
    return wanted


def is_foreign(message: Item) -> bool:
    """Whether the number of a message is none that clients give."""
    return int(message["msgID"].rpartition("-")[2]) >= OWN_NUMBERS


def to_others(letters: list[Item], peer: str, _read: Collection[str]) -> list[Item]:
    """Return what was sent to others than `peer`."""
    return [message for message in letters if message["userID"] != peer]


def with_same_number(letters: list[Item], peer: str, read: Collection[str]) -> list[Item]:
    """Return what was sent to others as the same of many as what `peer` has read."""
    mine = [message for message in letters if message["userID"] == peer]
    numbers = {number for number, message in enumerate(mine) if message["key"] in read}
    seen: Counter[str] = Counter()
    found = []
    for message in to_others(letters, peer, read):
        if seen[message["userID"]] in numbers:
            found.append(message)
        seen[message["userID"]] += 1
    return found


class Flipping:
    """Shows a receipt, and every second time what it was at first."""

    def __init__(self) -> None:
        self._first: dict[str, Item] = {}
        self._asked: Counter[str] = Counter()

    def __call__(self, item: Item) -> Item:
        """Change one receipt."""
        name = item["msgID"]
        first = self._first.setdefault(name, item)
        self._asked[name] += 1
        return first if self._asked[name] % 2 else item


class FirstPeer:
    """Name in every one-to-one receipt the peer of the first one."""

    def __init__(self) -> None:
        self._peer: str | None = None

    def __call__(self, item: Item) -> Item:
        """Change one receipt."""
        if not item.get("userID"):
            return item
        self._peer = self._peer or item["userID"]
        return {**item, "userID": self._peer}


class Forgetful:
    """Leaves the last member out of a list that is pulled again in the same way."""

    def __init__(self) -> None:
        self._seen: set[tuple[object, ...]] = set()

    def __call__(self, page: Item, params: Item) -> Item:
        """Change one page."""
        key = (params["message"]["msgID"], params["filter"], params["count"], params["nextSeq"])
        again = key in self._seen
        self._seen.add(key)
        return {**page, "members": page["members"][:-1]} if again else page


def renamed(page: Item) -> Item:
    """Name members as the API of the server does."""
    return {**page, "members": [{"UserID": member["userID"]} for member in page["members"]]}
