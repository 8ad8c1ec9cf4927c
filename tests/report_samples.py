"""Small reports to render, among them the answers of a hostile target."""

import json

from jsonschema import Draft202012Validator

from receiptspec import resources
from receiptspec.results import exit_code, summary

SCHEMA = json.loads(resources.path("schemas/report.schema.json").read_text(encoding="utf-8"))
HOSTILE = (
    "</script><script>alert(1)</script><img src=x onerror=alert(2)> & \"'` ]]> <!-- --> "
    "\x00\x07\x1b[31m\ufffe \u2028 \u202e ${7*7} {{7*7}} ``` | [x](javascript:alert(3)) "
    "@everyone #1 https://evil.example/ \ud800"
)


def exchange(number=1, body='{"ErrorCode":0,"List":[{"ReadNum":4}]}', **changes):
    return {
        "number": number,
        "operation": "get_group_msg_receipt",
        "label": "",
        "started": 1795252321.768 + number,
        "request": {
            "method": "POST",
            "url": "http://127.0.0.1:1/v4/x?sdkappid=1&usersig=$USERSIG&a=%20b&random=1",
            "headers": [["Content-Type", "application/json"]],
            "body": '{"GroupId":"g"}',
        },
        "response": {
            "status": 200,
            "headers": [["content-type", "application/json"]],
            "body": body,
            "bytes": len(body),
            "elapsed_ms": 1.5,
        },
        "trouble": None,
        "curl": "curl -sS http://127.0.0.1:1/v4/x",
        **changes,
    }


def unanswered(number=1):
    return exchange(number, response=None, trouble="connection reset")


def finding(message="ReadNum is 4", signature="s", exchanges=(1,), **changes):
    return {
        "message": message,
        "path": "$.List[0].ReadNum",
        "expected": "3",
        "actual": "4",
        "signature": signature,
        "advisory": False,
        "exchanges": list(exchanges),
        **changes,
    }


def result(outcome="pass", requirement="TC-GMR-01", target="t", level="MUST", **changes):
    bad = outcome in ("fail", "warning", "known_deviation")
    reason = {"pass": "", "observed": "", "not_exercised": "not part of this run"}
    return {
        "target": target,
        "requirement": requirement,
        "level": level,
        "check": "receipts-are-answered",
        "outcome": outcome,
        "reason": reason.get(outcome, "ReadNum is 4"),
        "findings": [finding()] if bad else [],
        "observations": [{"key": "order", "value": "kept"}] if outcome == "observed" else [],
        "exchanges": [exchange()] if bad else [],
        "requests": 0 if outcome == "not_exercised" else 2,
        "duration_s": 0.25,
        "operation": "get_group_msg_receipt",
        "text": "Every question is answered.",
        "source": {
            "document": "R1",
            "title": "Pulling read receipts",
            "section": "response fields",
            "url": "https://vendor.example/doc/1",
            "date": "2025-10-23",
        },
        "impact": "The sender's app never shows the message as read.",
        "rerun": f"receiptspec run --target {target} --requirement {requirement} --seed 7",
        **changes,
    }


def report(*results, targets=None, stale=(), code=None, valid=True, **run):
    rows = list(results) or [result()]
    names = targets or list(dict.fromkeys(row["target"] for row in rows))
    strict = run.get("strict", False)
    made = {
        "tool": {"name": "receiptspec", "version": "0.1.0"},
        "run": {
            "id": "0123456789abcdef",
            "started": "2026-11-21T09:00:00Z",
            "duration_s": 12.5,
            "seed": 7,
            "profile": "standard",
            "requests": sum(row["requests"] for row in rows),
            "strict": strict,
            "complete": True,
            "exit_code": exit_code(rows, strict=strict, stale=stale) if code is None else code,
            **run,
        },
        "targets": [
            {
                "name": name,
                "vendor": "tencent",
                "contract": "tencent@2026-11",
                "url": "http://127.0.0.1:1",
                "description": "",
                "targets_file": "/home/somebody/project/targets.yaml",
            }
            for name in names
        ],
        "results": rows,
        "stale_deviations": list(stale),
        "summary": summary(rows),
    }
    if valid:
        assert list(Draft202012Validator(SCHEMA).iter_errors(made)) == []
    return made


OUTCOMES = (
    *("pass", "fail", "warning", "observed", "known_deviation", "not_applicable"),
    *("not_exercised", "excluded", "inconclusive", "error"),
)


def of_every_outcome():
    """One requirement of each outcome, and a second target that keeps all."""
    levels = {"warning": "SHOULD", "observed": "MAY"}
    rows = [
        result(outcome, f"TC-GMR-{number:02}", level=levels.get(outcome, "MUST"))
        for number, outcome in enumerate(OUTCOMES, start=1)
    ]
    kept = [{**row, **result("pass", row["requirement"], "sound")} for row in rows]
    return report(*rows, *kept)


def hostile():
    """A report in which every string that a target or its owner can choose is an attack."""
    row = result(
        "fail",
        target=HOSTILE,
        reason=HOSTILE,
        text=HOSTILE,
        impact=HOSTILE,
        rerun=HOSTILE,
        operation=HOSTILE,
        findings=[finding(HOSTILE, HOSTILE, path="$." + HOSTILE, expected=HOSTILE, actual=HOSTILE)],
        observations=[{"key": HOSTILE, "value": HOSTILE}],
        exchanges=[
            exchange(
                body=HOSTILE,
                label=HOSTILE,
                operation=HOSTILE,
                trouble=HOSTILE,
                curl=HOSTILE,
                request={
                    "method": HOSTILE,
                    "url": "http://127.0.0.1/" + HOSTILE,
                    "headers": [[HOSTILE, HOSTILE]],
                    "body": HOSTILE,
                },
            )
        ],
        source={
            "document": HOSTILE,
            "title": HOSTILE,
            "section": HOSTILE,
            "url": "javascript:alert(4)",
            "date": HOSTILE,
        },
    )
    return report(row, stale=[HOSTILE])
