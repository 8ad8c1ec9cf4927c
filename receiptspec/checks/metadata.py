"""What the metadata around every answer must say, where a vendor's envelope has such.

Passive checks on the envelope of Volcengine's gateway: ``{ResponseMetadata: {…, Error}, Result}``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from email.message import Message
from typing import Any

from receiptspec import jsonschemas
from receiptspec.contract import Contract
from receiptspec.findings import Finding
from receiptspec.neutral import Answer

__all__ = ["METADATA", "RequestIds", "is_blank"]

_KEY = "ResponseMetadata"
_ERROR = f"$.{_KEY}.Error"


def _finding(
    answer: Answer, message: str, path: str, expected: str, actual: object, signature: str
) -> Finding:
    shown = f"{answer.operation}: {message}"
    return Finding(shown, path, expected, str(actual), signature, (answer.exchange,))


def _metadata(answer: Answer) -> dict[str, Any]:
    found = answer.get(_KEY)
    return found if isinstance(found, dict) else {}


def _is_error(error: Any) -> bool:
    return error is not None and not is_blank(error)


def _status(answer: Answer) -> int:
    response = answer.exchange.response
    return response.status if response else 0


def _has_result(answer: Answer) -> bool:
    return answer.get("Result") not in (None, {}, [])


def is_blank(error: Any) -> bool:
    """Whether an Error says nothing: no member, or none but empty texts and zeros."""
    return isinstance(error, dict) and all(
        value is None or value == "" or (type(value) is int and value == 0)
        for value in error.values()
    )


def _echo(answer: Answer, _: Contract) -> list[Finding]:
    action = _metadata(answer).get("Action")
    if not answer.accepted or action == answer.operation or _asked_otherwise(answer):
        return []
    path = f"$.{_KEY}.Action"
    said = "missing" if action is None else repr(action)
    return [_finding(answer, f"the answer names {said}", path, answer.operation, said, "action")]


def _asked_otherwise(answer: Answer) -> bool:
    return f"Action={answer.operation}" not in answer.exchange.request.target


def _result(answer: Answer, contract: Contract) -> list[Finding]:
    """Expect a success to have a Result, where its action gives one, and no Error beside it."""
    if answer.refused and _status(answer) == 200 and _holds(answer.get("Result")):
        text = "a success with an Error"
        return [_finding(answer, text, _ERROR, "nothing", "an Error", "result-and-error")]
    if not answer.accepted or answer.get("Result") is not None:
        return []
    if not _gives(contract, answer.operation):
        return []
    return [
        _finding(answer, "a success without Result", "$.Result", "an object", "missing", "none")
    ]


def _gives(contract: Contract, name: str) -> bool:
    """Whether the Result of an action has fields that cannot be absent."""
    operation = contract.operations[name]
    if operation.core or operation.response is None:
        return operation.core
    tree = jsonschemas.load(operation.response).tree
    fields = tree.get("properties", {}) if isinstance(tree, Mapping) else {}
    return bool(fields.get("Result", {}).get("required"))


def _holds(value: Any) -> bool:
    """Whether anything stands in a document: its fields may be there and all be empty."""
    if isinstance(value, dict | list):
        return any(map(_holds, value.values() if isinstance(value, dict) else value))
    return value not in (None, "", 0)


def _both(answer: Answer, _: Contract) -> list[Finding]:
    if not answer.refused or not _has_result(answer) or _metadata(answer).get("Error") is None:
        return []
    text = "a failure with a Result"
    return [_finding(answer, text, "$.Result", "nothing", "a Result", "result-and-error")]


def _named(answer: Answer, _: Contract) -> list[Finding]:
    if answer.accepted:
        return []
    error = _metadata(answer).get("Error")
    if not isinstance(error, dict) or not error:
        text = f"a failure (HTTP {_status(answer)}) without Error"
        return [_finding(answer, text, _ERROR, "an object", "missing", "no-error")]
    code = error.get("Code")
    if isinstance(code, str) and code:
        return []
    text = "a failure without a Code"
    return [_finding(answer, text, f"{_ERROR}.Code", "a name", repr(code), "no-code")]


def _numbers(answer: Answer, contract: Contract) -> list[Finding]:
    error = _metadata(answer).get("Error")
    if not isinstance(error, dict) or type(error.get("CodeN")) is not int:
        return []
    known = contract.codes.get(str(error.get("Code")))
    number = error["CodeN"]
    if known is None or known.number in (None, number):
        return []
    text = f"{known.code} comes with CodeN {number}"
    path = f"{_ERROR}.CodeN"
    return [_finding(answer, text, path, str(known.number), number, f"number:{known.code}")]


def _success_status(answer: Answer, _: Contract) -> list[Finding]:
    error = _metadata(answer).get("Error")
    if _status(answer) == 200 or not _has_result(answer) or _is_error(error):
        return []
    text = f"a Result under HTTP {_status(answer)}"
    return [_finding(answer, text, "HTTP status", "200", _status(answer), "status")]


def _label(answer: Answer, _: Contract) -> list[Finding]:
    response = answer.exchange.response
    label = (response.header("Content-Type") if response else None) or "none"
    kind = label.lower().partition(";")[0].strip()
    json = kind == "application/json" or kind.endswith("+json")
    parsed = Message()
    parsed["Content-Type"] = label
    if json and parsed.get_content_charset("").strip() in ("", "utf-8", "utf8"):
        return []
    text = f"the answer is labelled {label}"
    return [_finding(answer, text, "header Content-Type", "application/json", label, "label")]


class RequestIds:
    """Remembers the RequestIds of all answers."""

    def __init__(self) -> None:
        self._seen: set[str] = set()

    def judge(self, answer: Answer, _: Contract) -> list[Finding]:
        """Expect an id that no answer before had."""
        value = _metadata(answer).get("RequestId")
        if not answer.accepted or not isinstance(value, str) or not value:
            return []
        if value not in self._seen:
            self._seen.add(value)
            return []
        text, path = "two answers have the same RequestId", f"$.{_KEY}.RequestId"
        return [_finding(answer, text, path, "another for every call", value, "repeated-id")]


METADATA: Mapping[str, Callable[[Answer, Contract], list[Finding]]] = {
    "action-is-echoed": _echo,
    "success-has-a-result": _result,
    "failures-have-no-result": _both,
    "failures-name-a-code": _named,
    "code-numbers-agree": _numbers,
    "success-comes-with-200": _success_status,
    "answers-come-as-json": _label,
}
