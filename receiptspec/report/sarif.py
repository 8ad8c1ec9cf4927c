"""SARIF 2.1.0, for code hosts and editors that show findings of analysers."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import PurePath
from typing import Any
from urllib.parse import quote

from receiptspec.findings import Outcome
from receiptspec.report import exchanges, verdicts

__all__ = ["render"]

_SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
_LEVELS = {
    Outcome.FAIL: "error",
    Outcome.WARNING: "warning",
    Outcome.KNOWN_DEVIATION: "note",
}


def render(report: Mapping[str, Any]) -> str:
    """Return failures, warnings and accepted deviations as results.

    What was not judged is a notification of the run: it is no result about the target.
    """
    found = verdicts.worst_first(report, *_LEVELS)
    unjudged = verdicts.worst_first(report, Outcome.ERROR, Outcome.INCONCLUSIVE)
    rows = {row["requirement"]: row for row in [*found, *unjudged]}
    order = {identifier: index for index, identifier in enumerate(rows)}
    run = report["run"]
    log = {
        "$schema": _SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "receiptspec",
                        "version": report["tool"]["version"],
                        "rules": [_rule(row) for row in rows.values()],
                    }
                },
                "automationDetails": {"id": f"receiptspec/{run['profile']}/{run['id']}"},
                "invocations": [_invocation(report, unjudged, order)],
                "columnKind": "unicodeCodePoints",
                "results": [result for row in found for result in _results(report, row, order)],
            }
        ],
    }
    return json.dumps(log, ensure_ascii=True, indent=1) + "\n"


def _rule(row: Mapping[str, Any]) -> dict[str, Any]:
    source = row.get("source", {})
    text = row.get("text") or row["requirement"]
    rule: dict[str, Any] = {
        "id": row["requirement"],
        "name": row["check"] or row["requirement"],
        "shortDescription": {"text": text},
        "defaultConfiguration": {"level": "error" if row["level"] == "MUST" else "warning"},
        "properties": {
            "level": row["level"],
            "operation": row.get("operation") or "",
            "tags": ["read-receipts", row["level"]],
        },
    }
    if row.get("impact"):
        rule["fullDescription"] = {"text": f"{text} Impact: {row['impact']}"}
    words = [source.get(key) for key in ("title", "section", "url", "date")]
    if any(words):
        rule["help"] = {"text": "Source: " + " · ".join(word for word in words if word)}
    if str(source.get("url", "")).startswith(("https://", "http://")):
        rule["helpUri"] = _uri(source["url"])
    return rule


def _invocation(
    report: Mapping[str, Any], unjudged: list[Mapping[str, Any]], order: Mapping[str, int]
) -> dict[str, Any]:
    run = report["run"]
    started = datetime.fromisoformat(run["started"])
    ended = started + timedelta(seconds=run["duration_s"])
    notes: list[dict[str, Any]] = [
        {
            "level": "error",
            "message": {
                "text": f"{row['outcome']}: {row['requirement']} on {row['target']}: "
                f"{row['reason']}"
            },
            "associatedRule": {"id": row["requirement"], "index": order[row["requirement"]]},
        }
        for row in unjudged
    ]
    notes += [{"level": "error", "message": {"text": line}} for line in report["stale_deviations"]]
    return {
        "executionSuccessful": run["exit_code"] in (0, 1) and run.get("complete", True),
        "exitCode": run["exit_code"],
        "startTimeUtc": _utc(started),
        "endTimeUtc": _utc(ended),
        "toolExecutionNotifications": notes,
    }


def _results(
    report: Mapping[str, Any], row: Mapping[str, Any], order: Mapping[str, int]
) -> Iterator[dict[str, Any]]:
    there = {exchange["number"]: exchange for exchange in row["exchanges"]}
    target = next(t for t in report["targets"] if t["name"] == row["target"])
    for found in row["findings"]:
        outcome = Outcome(row["outcome"])
        message = f"{row['requirement']} on {row['target']}: {found['message']}"
        if found["expected"] or found["actual"]:
            message += f" (expected {found['expected']}, actual {found['actual']})"
        result: dict[str, Any] = {
            "ruleId": row["requirement"],
            "ruleIndex": order[row["requirement"]],
            "level": _level(row, found),
            "message": {"text": message},
            "locations": [_location(target, row, found)],
            "partialFingerprints": {"receiptspec/v1": _fingerprint(row, found)},
            "properties": {
                "target": row["target"],
                "level": row["level"],
                "outcome": row["outcome"],
                "signature": found["signature"],
                "rerun": row.get("rerun", ""),
            },
        }
        exchange = next((there[n] for n in found["exchanges"] if n in there), None)
        if exchange is not None and exchanges.is_http(exchange):
            result["webRequest"] = _web_request(exchange["request"])
            result["webResponse"] = _web_response(exchange)
        if outcome is Outcome.KNOWN_DEVIATION:
            result["suppressions"] = [{"kind": "external", "justification": row["reason"]}]
        yield result


def _level(row: Mapping[str, Any], found: Mapping[str, Any]) -> str:
    outcome = Outcome(row["outcome"])
    if row.get("new"):
        return "note"
    return "warning" if found["advisory"] and outcome is Outcome.FAIL else _LEVELS[outcome]


def _location(
    target: Mapping[str, Any], row: Mapping[str, Any], found: Mapping[str, Any]
) -> dict[str, Any]:
    """Return a place that viewers accept: the targets file, and the place in the answer."""
    file = PurePath(target.get("targets_file") or "targets.yaml")
    uri = file.name if file.is_absolute() or ".." in file.parts else file.as_posix()
    return {
        "physicalLocation": {
            "artifactLocation": {"uri": quote(uri, errors="backslashreplace")},
            "region": {"startLine": 1},
        },
        "logicalLocations": [
            {
                "name": found["path"] or "$",
                "fullyQualifiedName": f"{row['target']}/{row.get('operation') or '*'}"
                f"/{found['path'] or '$'}",
            }
        ],
    }


def _fingerprint(row: Mapping[str, Any], found: Mapping[str, Any]) -> str:
    parts = [row["target"], row["requirement"], found["signature"]]
    text = json.dumps(parts, ensure_ascii=True)
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def _web_request(request: Mapping[str, Any]) -> dict[str, Any]:
    made = {
        "protocol": "HTTP",
        "version": "1.1",
        "method": request["method"],
        "target": request["url"],
        "headers": _headers(request["headers"]),
    }
    return made | ({"body": {"text": request["body"]}} if request["body"] else {})


def _web_response(exchange: Mapping[str, Any]) -> dict[str, Any]:
    response = exchange["response"]
    if response is None:
        return {"noResponseReceived": True}
    return {
        "protocol": "HTTP",
        "version": "1.1",
        "statusCode": response["status"],
        "headers": _headers(response["headers"]),
        "body": {"text": response["body"]},
    }


def _headers(pairs: list[list[str]]) -> dict[str, str]:
    joined: dict[str, str] = {}
    for name, value in pairs:
        joined[name] = f"{joined[name]}, {value}" if name in joined else value
    return joined


def _uri(url: str) -> str:
    return quote(url, safe="%/:=&?~#+!$,;'@()*[]", errors="backslashreplace")


def _utc(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
