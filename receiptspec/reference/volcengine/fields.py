"""Takes fields out of a body by their documented type; refuses what does not fit.

Types are strict, as a typed decoder's are: ``"1"``, ``1.0`` and ``true`` are no integers.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any

from receiptspec.reference.calls import Call

__all__ = ["INT32", "INT64", "INVALID", "PARSING", "Fields"]

INT32, INT64 = 2**31 - 1, 2**63 - 1
PARSING, INVALID = "JsonParsingError", "InvalidParam"


class Fields:
    """The fields of one object of a body; null is no value."""

    def __init__(self, call: Call, values: dict[str, Any], place: str = "") -> None:
        self.call, self.values, self.place = call, values, place

    def _refuse(self, name: str, reason: str, otherwise: Any) -> Any:
        place = f"{self.place}{name}"
        code = PARSING if reason == "type" else INVALID
        return self.call.refuse(place, reason, code, f"{place}: {_INFO[reason]}", otherwise)

    def _absent(self, name: str, *, required: bool, default: Any) -> Any:
        return self._refuse(name, "missing", default) if required else default

    def _whole(self, name: str, value: Any, low: int, high: int) -> int:
        if isinstance(value, str) and self.call.knob("ve_string_ids"):
            value = int(value) if re.fullmatch("-?[0-9]{1,30}", value) else value
        if type(value) is not int:
            return int(self._refuse(name, "type", _coerced(value)))
        if value < low:
            return int(self._refuse(name, "too-small", value))
        if value > high:
            return int(self._refuse(name, "too-large", value))
        return value

    def long(
        self,
        name: str,
        *,
        required: bool = True,
        low: int = 0,
        high: int = INT64,
        default: int = 0,
    ) -> int:
        """Take an Integer or Long within bounds."""
        if self.values.get(name) is None:
            return int(self._absent(name, required=required, default=default))
        return self._whole(name, self.values[name], low, high)

    def longs(
        self, name: str, *, required: bool = True, empty: bool = False, low: int = -INT64 - 1
    ) -> list[int]:
        """Take an Array of Long."""
        found = self._array(name, required=required, empty=empty)
        return [self._whole(f"{name}[]", value, low, INT64) for value in found]

    def _array(self, name: str, *, required: bool, empty: bool) -> list[Any]:
        value = self.values.get(name)
        if value is None:
            return list(self._absent(name, required=required, default=[]))
        if not isinstance(value, list):
            coerced = [value] if type(value) is int else []
            return list(self._refuse(name, "type", coerced))
        if not value and not empty:
            return list(self._refuse(name, "empty", value))
        return value

    def text(self, name: str, *, required: bool = False, empty: bool = True) -> str:
        """Take a String."""
        value = self.values.get(name)
        if value is None:
            return str(self._absent(name, required=required, default=""))
        if not isinstance(value, str):
            return str(self._refuse(name, "type", f"{value}"))
        if not value and not empty:
            return str(self._refuse(name, "empty", value))
        return value

    def choice(self, name: str, options: Collection[int], *, default: int | None = None) -> int:
        """Take an Integer that is one of several."""
        value = self.long(name, required=default is None, low=-INT64 - 1, default=default or 0)
        if value not in options:
            self._refuse(name, "choice", value)
        return value

    def part(self, name: str) -> Fields:
        """Take an object."""
        value = self.values.get(name)
        if value is None:
            value = self._absent(name, required=True, default={})
        if not isinstance(value, dict):
            value = self._refuse(name, "type", {})
        return Fields(self.call, value, f"{self.place}{name}.")

    def parts(self, name: str) -> list[Fields]:
        """Take an Array of objects."""
        found = []
        for value in self._array(name, required=True, empty=False):
            if isinstance(value, dict):
                found.append(Fields(self.call, value, f"{self.place}{name}[]."))
            else:
                self._refuse(f"{name}[]", "type", None)
        return found

    def ext(self, name: str = "Ext") -> dict[str, str]:
        """Take a map of String to String."""
        value = self.values.get(name)
        if value is None:
            return {}
        if isinstance(value, dict) and all(isinstance(v, str) for v in value.values()):
            return value
        return dict(self._refuse(name, "type", {}))


def _coerced(value: Any) -> int:
    """Return what a lenient server would read."""
    try:
        return int(value)
    except (TypeError, ValueError, OverflowError):
        return 0


_INFO = {
    "missing": "required and not there",
    "type": "not of the documented type",
    "empty": "must not be empty",
    "too-small": "below its lowest value",
    "too-large": "above its highest value",
    "choice": "none of the documented values",
}
