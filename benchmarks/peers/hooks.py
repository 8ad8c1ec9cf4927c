"""Hooks of Schemathesis: what its documentation offers an API whose refusals are HTTP 200.

`before_call` puts ids that exist where the generated body has one of the right type: "test with
realistic data" in its guide to extending. `after_call` gives a refusal, as the envelope tells it, a
status that says so (401 for credentials, 405 for another method, else 400), so that the checks that
go by status (negative data, positive data, methods) can judge. PEERS_FACTS names the file that
`seeding.Facts` wrote.
"""

from __future__ import annotations

import itertools
import json
import os
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import schemathesis

_FACTS: dict[str, Any] = json.loads(Path(os.environ["PEERS_FACTS"]).read_text(encoding="utf-8"))
_LIVE: dict[str, dict[str, list[Any]]] = _FACTS["live"]
_CREDENTIALS = frozenset(_FACTS["credentials"])
#: Turns by field and its values, so that nothing is destroyed twice before all of it is gone.
_TURNS: defaultdict[tuple[str, str], Iterator[int]] = defaultdict(itertools.count)


def _filled(node: Any, live: dict[str, list[Any]]) -> Any:
    if isinstance(node, list):
        return [_filled(one, live) for one in node]
    if isinstance(node, float) and node.is_integer():
        return int(node)  # to JSON Schema 1.0 is an integer, to typed servers it is none
    if not isinstance(node, dict):
        return node
    return {key: _value(key, value, live) for key, value in node.items()}


def _value(key: str, value: Any, live: dict[str, list[Any]]) -> Any:
    real = live.get(key)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if not real:
        return _filled(value, live)
    if isinstance(value, list) and not isinstance(real[0], list):
        return [_value(key, one, live) for one in value]
    if type(value) is type(real[0]):
        turn = next(_TURNS[key, str(real[0])])
        return f"peers-new-{turn}" if real == ["@new"] else real[turn % len(real)]
    return _filled(value, live)


@schemathesis.hook
def before_call(_context: Any, case: Any, _kwargs: Any) -> None:
    """Name groups, people and messages that exist."""
    name = case.operation.definition.raw.get("operationId", "")
    if isinstance(case.body, dict) and name in _LIVE:
        case.body = _filled(case.body, _LIVE[name])


if _FACTS["map_refusals"]:

    @schemathesis.hook
    def after_call(_context: Any, _case: Any, response: Any) -> None:
        """Show a refusal as HTTP 400."""
        if response.status_code != 200:
            return
        try:
            body = json.loads(response.content)
        except ValueError:
            return
        if isinstance(body, dict) and body.get("ActionStatus") == "FAIL":
            response.status_code = _status(body.get("ErrorCode"), response.request.method)
            if response.status_code == 405:
                response.headers["allow"] = ["POST"]


def _status(code: Any, method: str) -> int:
    if method != "POST":
        return 405
    return 401 if isinstance(code, int) and code in _CREDENTIALS else 400
