"""Takes fields out of a body by their documented type and bounds; refuses what does not fit.

Types are strict: ``true`` and ``1.0`` are no integers, ``"1"`` is no number, null is no value.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from receiptspec.reference.calls import Call

__all__ = ["Fields"]

UINT32 = 2**32 - 1


def size(text: str) -> int:
    """Return the length in bytes of UTF-8."""
    return len(text.encode("utf-8", "surrogatepass"))


class Fields:
    """The fields of one object of a body.

    `code` is what a bad field is refused with unless the taker says otherwise; `wrong` is for a
    field that is there but unfit, where the documents tell the two apart.
    """

    def __init__(self, call: Call, values: dict[str, Any], code: int, place: str = "") -> None:
        self.call, self.values, self.code, self.place = call, values, code, place

    def __contains__(self, name: str) -> bool:
        return name in self.values

    def _refuse(self, name: str, reason: str, code: int | None, otherwise: Any) -> Any:
        place = f"{self.place}{name}"
        info = f"{place}: {_INFO.get(reason, reason)}"
        return self.call.refuse(place, reason, code or self.code, info, otherwise)

    def _missing(self, name: str, *, required: bool, code: int | None, default: Any) -> Any:
        return self._refuse(name, "missing", code, default) if required else default

    def text(
        self,
        name: str,
        *,
        code: int | None = None,
        wrong: int | None = None,
        required: bool = True,
        most: int | None = None,
        empty: bool = False,
        default: str = "",
    ) -> str:
        """Take a String; `most` is in bytes of UTF-8."""
        wrong = wrong or code
        if name not in self.values:
            return str(self._missing(name, required=required, code=code, default=default))
        value = self.values[name]
        if not isinstance(value, str):
            return str(self._refuse(name, "type", wrong, "" if value is None else f"{value}"))
        if not value and not empty:
            return str(self._refuse(name, "empty", wrong, value))
        if most is not None and size(value) > most:
            return str(self._refuse(name, "too-long", wrong, value))
        return value

    def integer(
        self,
        name: str,
        *,
        code: int | None = None,
        wrong: int | None = None,
        required: bool = True,
        low: int | None = None,
        high: int | None = None,
        default: int = 0,
    ) -> int:
        """Take an Integer within bounds."""
        wrong = wrong or code
        if name not in self.values:
            return int(self._missing(name, required=required, code=code, default=default))
        value = self.values[name]
        if type(value) is not int:
            return int(self._refuse(name, "type", wrong, _coerced(value, default)))
        if low is not None and value < low:
            return int(self._refuse(name, "too-small", wrong, value))
        if high is not None and value > high:
            return int(self._refuse(name, "too-large", wrong, value))
        return value

    def flag(self, name: str, *, code: int | None = None, default: int = 0) -> bool:
        """Take an optional Integer that is 0 or 1."""
        return bool(self.integer(name, code=code, required=False, low=0, high=1, default=default))

    def choice(
        self, name: str, options: Collection[str], *, required: bool = False, default: str = ""
    ) -> str:
        """Take a String that is one of several, case and all."""
        value = self.text(name, required=required, default=default)
        if name in self.values and value not in options:
            self._refuse(name, "choice", None, value)
        return value

    def array(
        self,
        name: str,
        *,
        code: int | None = None,
        wrong: int | None = None,
        required: bool = True,
        empty: bool = False,
        most: int | None = None,
        many: int | None = None,
    ) -> list[Any]:
        """Take an Array; `many` is the code for more than `most` items."""
        wrong = wrong or code
        if name not in self.values:
            return list(self._missing(name, required=required, code=code, default=[]))
        value = self.values[name]
        if not isinstance(value, list):
            return list(self._refuse(name, "type", wrong, []))
        if not value and not empty:
            return list(self._refuse(name, "empty", code, value))
        if most is not None and len(value) > most:
            return list(self._refuse(name, "too-many", many or wrong, value))
        return value

    def objects(self, name: str, *, item: int | None = None, **how: Any) -> list[Fields]:
        """Take an Array of objects; `item` is the code for whatever is wrong in one of them."""
        code = item or how.get("wrong") or how.get("code") or self.code
        found = []
        for value in self.array(name, **how):
            if not isinstance(value, dict):
                self._refuse(f"{name}[]", "type", code, None)
                continue
            found.append(Fields(self.call, value, code, f"{self.place}{name}[]."))
        return found

    def texts(self, name: str, *, most_bytes: int = 32, **how: Any) -> list[str]:
        """Take an Array of non-empty Strings."""
        code = how.get("wrong") or how.get("code")
        found = []
        for value in self.array(name, **how):
            if isinstance(value, str) and 0 < size(value) <= most_bytes:
                found.append(value)
            else:
                self._refuse(f"{name}[]", "type", code, None)
        return found


def _coerced(value: Any, default: int) -> int:
    """Return what a lenient server would read."""
    try:
        return int(value)
    except (TypeError, ValueError, OverflowError):
        return default


_INFO = {
    "missing": "required and not there",
    "type": "not of the documented type",
    "empty": "must not be empty",
    "too-long": "too long",
    "too-many": "too many items",
    "too-small": "below its lowest value",
    "too-large": "above its highest value",
    "choice": "none of the documented values",
}


def unique(names: Sequence[str]) -> list[str]:
    """Drop repetitions and keep the order."""
    return list(dict.fromkeys(names))
