"""What every single answer must be, whoever asked for it.

These checks are passive: they judge each answer of the whole run as it arrives.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from receiptspec import jsonschemas, strictjson
from receiptspec.checks.metadata import METADATA, RequestIds
from receiptspec.contract import Contract, Requirement
from receiptspec.exchange import Redactor
from receiptspec.findings import Finding, Observation
from receiptspec.neutral import Answer, Verdict

__all__ = ["PASSIVE", "WITNESSED", "Monitor"]

#: The passive checks, by the id that requirement rows name.
PASSIVE = frozenset(
    {
        "answers-match-their-schema",
        "answers-are-strict-json",
        "status-is-200",
        "code-agrees-with-status",
        "refusals-say-why",
        "answers-come-in-time",
        "integers-are-not-quoted",
        "secrets-are-not-echoed",
        "answers-are-labelled-json",
        "request-ids-differ",
        *METADATA,
    }
)

#: Checks that judge what happens to be seen while others are performed.
WITNESSED = PASSIVE | {"bad-input-is-answered", "credential-serves-many-calls"}

_HALF = re.compile(rb"(?i)\\ud[89ab]..(?!\\ud[c-f])")  # of a character; an answer may repeat it
_WORD = re.compile(r"[A-Za-z_-]{1,24}")
_FORMS = ("pattern", "minLength", "maxLength", "format")  # of texts

Judged = tuple[str, Finding | Observation | None]


class Monitor:
    """Judges single answers for the rows of one contract that name a passive check."""

    def __init__(self, contract: Contract) -> None:
        self._contract = contract
        self._rows: dict[str, list[Requirement]] = {check: [] for check in PASSIVE}
        for row in contract.requirements:
            if row.check in PASSIVE:
                self._rows[row.check].append(row)
        self._schema_rows = {row.id: row for row in contract.requirements if row.check}
        self._slow: Counter[str] = Counter()
        self._metadata = {check: judge for check, judge in METADATA.items() if self._rows[check]}
        if self._rows["request-ids-differ"]:
            self._metadata["request-ids-differ"] = RequestIds().judge

    def judge(self, answer: Answer, redact: Redactor) -> Iterator[Judged]:
        """Yield (requirement id, what is wrong or was seen, ``None`` for nothing)."""
        if answer.operation not in self._contract.operations:
            return  # it set the stage
        if answer.verdict is Verdict.TROUBLE and not answer.spoken:
            return
        if answer.exchange.was_interrupted:
            return
        if not answer.spoken and not self._is_documented(answer):
            yield from self._each("secrets-are-not-echoed", self._echo(answer, redact))
            return
        if answer.verdict is Verdict.THROTTLED and not answer.spoken:
            return
        yield from self._each("answers-are-strict-json", _strictness(answer))
        if self._is_documented(answer):
            yield from self._each("status-is-200", _status(answer))
        yield from self._each("secrets-are-not-echoed", self._echo(answer, redact))
        yield from self._each("answers-come-in-time", self._time(answer))
        if not (answer.document and answer.document.is_object):
            return
        yield from self._each("code-agrees-with-status", _agreement(answer))
        if not answer.accepted:
            yield from self._each("refusals-say-why", _reason(answer))
        yield from self._each("answers-are-labelled-json", [_label(answer)])
        for check, judge in self._metadata.items():
            for row in self._rows[check]:
                if row.operation in (None, answer.operation):
                    yield row.id, None
                    for item in judge(answer, self._contract):
                        yield row.id, item
        yield from self._schemas(answer)

    def broken(self, answer: Answer) -> list[Finding]:
        """Expect HTTP 200 of the answer to a documented call that is in no form of the vendor's."""
        operation = answer.operation in self._contract.operations
        response = answer.exchange.response
        if response is None or not operation or not self._was_documented(answer):
            return []
        return [
            Finding(
                f"{answer.operation} ends in HTTP {response.status} each time, "
                "while other calls are answered",
                "HTTP status",
                "200",
                str(response.status),
                f"status:{response.status}",
                (answer.exchange,),
            )
        ]

    def _is_documented(self, answer: Answer) -> bool:
        """Whether the call went to the documented place by the documented method.

        What HTTP says to any other is open.
        """
        operation = self._contract.operations[answer.operation]
        request = answer.exchange.request
        path = request.target.partition("?")[0]
        return request.method == operation.method and path.endswith(operation.path)

    def _each(self, check: str, said: list[Finding] | list[Observation]) -> Iterator[Judged]:
        for row in self._rows[check]:
            if row.operation is None:
                yield row.id, None
                for item in said:
                    yield row.id, item

    def _time(self, answer: Answer) -> list[Finding]:
        """Judge slowness only when it repeats: once may be the network's."""
        response = answer.exchange.response
        limit = next((r.given.get("seconds", 3) for r in self._rows["answers-come-in-time"]), 3)
        if response is None or response.elapsed <= limit:
            return []
        self._slow[answer.operation] += 1
        if self._slow[answer.operation] < 2:
            return []
        return [
            Finding(
                f"{answer.operation} took longer than {limit} s twice",
                "response time",
                f"at most {limit} s",
                f"{response.elapsed:.1f} s",
                f"slow:{answer.operation}",
                (answer.exchange,),
                advisory=True,
            )
        ]

    def _schemas(self, answer: Answer) -> Iterator[Judged]:
        operation = self._contract.operations[answer.operation]
        files = [self._contract.envelope] if self._contract.envelope else []
        if answer.accepted and operation.response:
            files.append(operation.response)
        if answer.accepted:
            for row in self._rows["integers-are-not-quoted"]:
                if row.operation in (None, answer.operation):
                    yield row.id, None
        seen: set[str] = set()
        for file in files:
            schema = jsonschemas.load(file)
            for requirement in schema.requirements:
                if requirement in self._schema_rows and requirement not in seen:
                    seen.add(requirement)
                    yield requirement, None
            if schema.fits(answer.value):
                continue
            if file == operation.response and not self._was_documented(answer):
                continue
            for violation in jsonschemas.violations(schema, answer.value):
                yield from self._violation(answer, violation)

    def _was_documented(self, answer: Answer) -> bool:
        """Whether the request was one that the documents describe, but for the form of its texts.

        What is in the answer to any other is open, and to one with an empty list, or where a field
        says so (``x-open``). Ids need not have the form that we expect.
        """
        file, body = self._contract.calls[answer.operation].request, answer.request_body
        if body is None or file is None:  # a notification, or a body of other text
            return not answer.exchange.request.body
        schema = jsonschemas.load(file)
        if isinstance(body, dict) and ([] in body.values() or _leaves_open(schema, body)):
            return False
        found = jsonschemas.violations(schema, body)
        return all(violation.keyword in _FORMS for violation in found)

    def _echo(self, answer: Answer, redact: Redactor) -> list[Finding]:
        response = answer.exchange.response
        if response is None:
            return []
        places = [("body", response.body.decode("utf-8", errors="replace"))]
        places += [(f"header {name}", value) for name, value in response.headers]
        if not redact.hides_in("\n".join(text for _, text in places)):
            return []
        refused = self._refused_signature(answer)
        label = answer.exchange.request.label
        call = f"{answer.operation} with {label}" if label else answer.operation
        code = f":{answer.code}" if answer.refused else ""
        return [
            Finding(
                f"{call} is {answer.describe()} and sends a credential of the request back",
                place,
                "no secret of the request",
                "one (not shown)",
                f"echo:{place}{code}",
                (answer.exchange,),
            )
            for place, text in places
            if redact.hides_in(text.replace(refused, ""))
        ]

    def _refused_signature(self, answer: Answer) -> str:
        """Return the signature that was refused: it opens nothing, who sent it may see it."""
        if not answer.refused or self._contract.kind(answer.code) != "credentials":
            return ""
        headers = {name.lower(): value for name, value in answer.exchange.request.headers}
        return headers.get("authorization", "").rpartition("Signature=")[2]

    def _violation(self, answer: Answer, violation: jsonschemas.Violation) -> Iterator[Judged]:
        finding = Finding(
            f"{answer.operation} answers with {violation.path} {violation.actual}",
            violation.path,
            violation.wanted,
            violation.actual,
            _signature(violation),
            (answer.exchange,),
            advisory=self._is_advisory(violation, answer),
        )
        if violation.requirement in self._schema_rows:
            yield violation.requirement, finding
        if violation.keyword == "type" and _quoted_integer(violation):
            for row in self._rows["integers-are-not-quoted"]:
                yield row.id, finding

    def _is_advisory(self, violation: jsonschemas.Violation, answer: Answer) -> bool:
        row = self._schema_rows.get(violation.requirement or "")
        lenient = row is not None and row.given.get("advisory_when_accepted", False)
        return bool(lenient and answer.accepted and violation.keyword == "required")


def _leaves_open(schema: jsonschemas.Schema, body: Mapping[str, Any]) -> bool:
    """Whether a body has a field with which the answer is open."""
    fields = schema.tree.get("properties", {}) if isinstance(schema.tree, Mapping) else {}
    return any(body.get(name) for name, field in fields.items() if field.get("x-open"))


def _signature(violation: jsonschemas.Violation) -> str:
    """Name the place, the keyword and, where it tells failures apart, what stands there."""
    signature = f"{violation.generic_path}:{violation.keyword}"
    value = violation.instance
    if violation.keyword == "type":
        constant = isinstance(value, strictjson.RawNumber) and value.strip("-").isalpha()
        return f"{signature}:{value if constant else jsonschemas.type_name(value)}"
    if violation.keyword == "enum":
        small = isinstance(value, str) and _WORD.fullmatch(value)
        return f"{signature}:{value if small else jsonschemas.type_name(value)}"
    return signature


def _quoted_integer(violation: jsonschemas.Violation) -> bool:
    value = violation.instance
    return (
        "integer" in violation.wanted and type(value) is str and value.strip().lstrip("-").isdigit()
    )


def _strictness(answer: Answer) -> list[Finding]:
    document = answer.document
    assert document is not None  # noqa: S101
    trouble = answer.exchange.trouble
    if trouble:
        return [
            Finding(
                f"{answer.operation}: {trouble}",
                "body",
                "one whole JSON object",
                trouble,
                f"transport:{trouble.partition(':')[0]}",
                (answer.exchange,),
            )
        ]
    findings = [
        Finding(
            f"{answer.operation}: {problem.message}",
            problem.path,
            problem.expected,
            problem.actual,
            f"json:{problem.kind}:{problem.detail}" if problem.detail else f"json:{problem.kind}",
            (answer.exchange,),
        )
        for problem in document.problems
        if not (problem.kind == strictjson.LONE and _HALF.search(answer.exchange.request.body))
    ]
    if document.readable and not document.is_object:
        actual = jsonschemas.type_name(document.value)
        findings.append(
            Finding(
                f"{answer.operation} answers with no JSON object",
                "$",
                "an object",
                actual,
                f"json:not an object:{actual}",
                (answer.exchange,),
            )
        )
    return findings


def _status(answer: Answer) -> list[Finding]:
    response = answer.exchange.response
    if response is None or response.status == 200:
        return []
    return [
        Finding(
            f"{answer.operation} was processed ({answer.describe()}) under HTTP {response.status}",
            "HTTP status",
            "200",
            str(response.status),
            f"status:{response.status}",
            (answer.exchange,),
        )
    ]


def _agreement(answer: Answer) -> list[Finding]:
    status, code = answer.get("ActionStatus"), answer.get("ErrorCode")
    if status not in ("OK", "FAIL") or not isinstance(code, int) or isinstance(code, bool):
        return []
    if (status == "OK") == (code == 0):
        return []
    return [
        Finding(
            f"{answer.operation} says {status} with ErrorCode {code}",
            "$.ErrorCode",
            "0" if status == "OK" else "another code than 0",
            str(code),
            f"status-code:{status}",
            (answer.exchange,),
        )
    ]


def _reason(answer: Answer) -> list[Finding]:
    info: Any = answer.get("ErrorInfo")
    if not isinstance(info, str) or info.strip():
        return []
    return [
        Finding(
            f"{answer.operation} refuses ({answer.describe()}) without a reason",
            "$.ErrorInfo",
            "a reason",
            repr(info),
            "empty-reason",
            (answer.exchange,),
        )
    ]


def _label(answer: Answer) -> Observation:
    response = answer.exchange.response
    value = (response.header("Content-Type") if response else None) or "none"
    return Observation("content-type", value)
