"""Writes deviations into a targets file and leaves every other character of it as it is.

The file is not loaded and dumped again: the text is inserted where the positions of the parsed
nodes say, and nothing is written unless the result, read anew, says just what was meant.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from receiptspec import yamltext
from receiptspec.errors import ConfigurationError
from receiptspec.targets import Deviation

__all__ = ["Written", "add", "scalar"]

_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_.-]*( [A-Za-z0-9_.-]+)*")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_KEYS = ("requirement", "signature", "reason", "owner", "expires")

Edit = tuple[int, int, str]


class Written(NamedTuple):
    """What became of the deviations: those that are new, those renewed, those left as they were."""

    added: tuple[Deviation, ...]
    renewed: tuple[Deviation, ...]
    kept: tuple[Deviation, ...]


def scalar(text: str) -> str:
    """Return `text` as YAML: plain where every reader takes it for text, else quoted."""
    plain = _PLAIN.fullmatch(text) or _DAY.fullmatch(text)
    reserved = text.lower() in {"true", "false", "null", "yes", "no", "on", "off", "y", "n"}
    return text if plain and not reserved else json.dumps(text, ensure_ascii=False)


def add(file: Path, target: str, wanted: Iterable[Deviation], *, today: date) -> Written:
    """Write `wanted` into the block of `target`; one that has expired is renewed in place.

    Raises `ConfigurationError`, and leaves the file alone, when there is no such target or the
    file is written in a way that cannot be extended safely.
    """
    wanted = list(wanted)
    if any("${" in value for one in wanted for value in _block(one).values()):
        raise ConfigurationError("a deviation cannot hold ${", fix="choose another reason or owner")
    source = yamltext.load(file)
    if not isinstance(source.data, dict) or not isinstance(source.data.get(target), dict):
        raise ConfigurationError(f"no target {target!r}", file=file)
    blocks: list[Any] = source.data[target].get("deviations") or []
    added, renewed, kept, places = [], [], [], []
    for deviation in wanted:
        place = _place(blocks, deviation)
        if place is None:
            added.append(deviation)
        elif str(blocks[place]["expires"]) < today.isoformat():
            renewed.append(deviation)
            places.append(place)
        else:
            kept.append(deviation)
    if added or renewed:
        after = [*(dict(block) for block in blocks), *map(_block, added)]
        for place, deviation in zip(places, renewed, strict=True):
            after[place] = _block(deviation)
        goal = {**source.data, target: {**source.data[target], "deviations": after}}
        text = file.read_bytes().decode("utf-8")
        edits = _edits(text, target, added, dict(zip(places, renewed, strict=True)))
        by_hand = "\n".join(_items(map(_block, added + renewed), 4))
        yamltext.rewrite(file, _edited(text, edits), goal, fix=f"write by hand:\n{by_hand}")
    return Written(tuple(added), tuple(renewed), tuple(kept))


def _place(blocks: Sequence[Mapping[str, Any]], deviation: Deviation) -> int | None:
    for index, block in enumerate(blocks):
        named = (block.get("requirement"), block.get("signature"))
        if named == (deviation.requirement, deviation.signature):
            return index
    return None


def _block(deviation: Deviation) -> dict[str, str]:
    return {key: str(getattr(deviation, key)) for key in _KEYS}


# --- where the text goes ------------------------------------------------------------------


def _edits(
    text: str, target: str, added: Sequence[Deviation], renewed: Mapping[int, Deviation]
) -> list[Edit]:
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    block = _value(root, target)
    existing = _value(block, "deviations")
    edits: list[Edit] = []
    for index, deviation in renewed.items():
        for key, value in _block(deviation).items():
            node = _value(existing.value[index], key)
            edits.append((node.start_mark.index, _end(node), scalar(value)))
    if added:
        edits.append(_insertion(text, block, existing, [_block(one) for one in added]))
    return edits


def _value(mapping: Any, key: str) -> Any:
    for key_node, value_node in mapping.value if mapping is not None else ():
        if key_node.value == key:
            return value_node
    return None


def _insertion(text: str, block: Any, existing: Any, items: list[dict[str, str]]) -> Edit:
    newline = "\r\n" if "\r\n" in text else "\n"
    if isinstance(existing, yaml.SequenceNode):
        if existing.flow_style:
            return _into_flow(text, existing, ", ".join(map(_flow, items)))
        first = existing.value[0]
        dash = text.rindex("-", 0, first.start_mark.index)
        indent = dash - _line_start(text, dash)
        lines = _items(items, indent, first.start_mark.index - dash - 1)
        return _below(text, _end(existing.value[-1]), lines, newline)
    if existing is not None:
        indent = _column(text, block.value[0][0]) + 2
        return _below(text, existing.start_mark.index, _items(items, indent), newline)
    if block.flow_style:
        return _into_flow(text, block, f"deviations: [{', '.join(map(_flow, items))}]")
    indent = _column(text, block.value[0][0])
    lines = [" " * indent + "deviations:", *_items(items, indent + 2)]
    return _below(text, _end(block), lines, newline)


def _items(items: Iterable[Mapping[str, str]], indent: int, gap: int = 1) -> list[str]:
    lines = []
    for item in items:
        for index, (key, value) in enumerate(item.items()):
            lead = "-" + " " * gap if index == 0 else " " * (gap + 1)
            lines.append(f"{' ' * indent}{lead}{key}: {scalar(value)}")
    return lines


def _flow(item: Mapping[str, str]) -> str:
    return "{" + ", ".join(f"{key}: {scalar(value)}" for key, value in item.items()) + "}"


def _into_flow(text: str, node: Any, words: str) -> Edit:
    """Insert before the bracket that closes `node`."""
    closing = node.end_mark.index - 1
    before = text[:closing].rstrip()
    comma = "" if before.endswith((",", "[", "{")) else ", "
    return (len(before), len(before), comma + words) if comma else (closing, closing, words)


def _below(text: str, position: int, lines: Sequence[str], newline: str) -> Edit:
    """Insert whole lines below the line of `position`."""
    if position and text[position - 1] == "\n":
        return (position, position, "".join(line + newline for line in lines))
    end = text.find("\n", position)
    if end < 0:
        return (len(text), len(text), "".join(newline + line for line in lines) + newline)
    return (end + 1, end + 1, "".join(line + newline for line in lines))


def _end(node: Any) -> int:
    """Return where the text of a node ends; that of a block ends behind later comments."""
    if isinstance(node, yaml.ScalarNode) or node.flow_style or not node.value:
        return int(node.end_mark.index)
    last = node.value[-1]
    return _end(last[1] if isinstance(last, tuple) else last)


def _line_start(text: str, position: int) -> int:
    return text.rfind("\n", 0, position) + 1


def _column(text: str, node: Any) -> int:
    index = int(node.start_mark.index)
    return index - _line_start(text, index)


def _edited(text: str, edits: Iterable[Edit]) -> str:
    for start, end, words in sorted(edits, reverse=True):
        text = text[:start] + words + text[end:]
    return text
