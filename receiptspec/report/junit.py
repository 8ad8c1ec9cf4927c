"""JUnit XML: one suite a target, one case a requirement, for CI servers that draw such files."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any
from xml.etree import ElementTree as ET

from receiptspec.findings import Outcome
from receiptspec.report import exchanges

__all__ = ["render"]

_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_SKIPPED = {
    Outcome.NOT_EXERCISED,
    Outcome.NOT_APPLICABLE,
    Outcome.EXCLUDED,
    Outcome.KNOWN_DEVIATION,
}


def render(report: Mapping[str, Any]) -> str:
    """Return the report as JUnit XML.

    A warning is a failure in a strict run and output of a passed case in another; a known deviation
    is skipped with its reason; what the infrastructure or the suite spoilt is an error.
    """
    root = ET.Element("testsuites", name="receiptspec", time=_seconds(report["run"]["duration_s"]))
    for target in report["targets"]:
        rows = [row for row in report["results"] if row["target"] == target["name"]]
        stale = [
            line for line in report["stale_deviations"] if line.startswith(f"{target['name']}: ")
        ]
        root.append(_suite(report, target, rows, stale))
    for total in ("tests", "failures", "errors", "skipped"):
        root.set(total, str(sum(int(suite.get(total, "0")) for suite in root)))
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _suite(
    report: Mapping[str, Any],
    target: Mapping[str, Any],
    rows: Sequence[Mapping[str, Any]],
    stale: Sequence[str],
) -> ET.Element:
    run = report["run"]
    suite = ET.Element(
        "testsuite",
        name=clean(target["name"]),
        timestamp=run["started"].rstrip("Z"),
        time=_seconds(sum(row["duration_s"] for row in rows)),
    )
    about = {
        "vendor": target["vendor"],
        "contract": target["contract"],
        "url": target["url"],
        "profile": run["profile"],
        "seed": str(run["seed"]),
        "run": run["id"],
    }
    _properties(suite, about)
    for row in rows:
        suite.append(_case(row, strict=run.get("strict", False)))
    for line in stale:
        case = ET.SubElement(
            suite,
            "testcase",
            classname=clean(f"{target['name']}.deviations"),
            name=clean(line),
            time="0",
        )
        ET.SubElement(case, "failure", message=clean(line), type="stale deviation")
    suite.set("tests", str(len(suite.findall("testcase"))))
    for total, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        suite.set(total, str(len(suite.findall(f"testcase/{tag}"))))
    return suite


def _case(row: Mapping[str, Any], *, strict: bool) -> ET.Element:
    outcome = Outcome(row["outcome"])
    case = ET.Element(
        "testcase",
        classname=clean(f"{row['target']}.{row.get('operation') or 'every operation'}"),
        name=clean(f"{row['requirement']} {row.get('text', '')}".strip()),
        time=_seconds(row["duration_s"]),
    )
    _properties(
        case,
        {
            "requirement": row["requirement"],
            "level": row["level"],
            "target": row["target"],
            "operation": row.get("operation") or "",
            "outcome": row["outcome"],
            "source": row.get("source", {}).get("url", ""),
        },
    )
    message = clean(row["reason"] or row["outcome"].replace("_", " "))
    if row.get("new") and outcome in (Outcome.FAIL, Outcome.WARNING):
        said = f"new in {row.get('since', '')}, fails nobody yet: {row['reason']}"
        ET.SubElement(case, "skipped", message=clean(said), type="new")
    elif outcome is Outcome.FAIL or (strict and outcome is Outcome.WARNING):
        failure = ET.SubElement(case, "failure", message=message, type=row["outcome"])
        failure.text = clean(evidence(row))
    elif outcome in (Outcome.ERROR, Outcome.INCONCLUSIVE):
        ET.SubElement(case, "error", message=message, type=row["outcome"])
    elif outcome in _SKIPPED:
        words = row["outcome"].replace("_", " ")
        ET.SubElement(case, "skipped", message=clean(f"{words}: {row['reason']}"), type=words)
    elif outcome is Outcome.WARNING:
        ET.SubElement(case, "system-out").text = clean("WARNING\n" + evidence(row))
    elif row.get("observations"):
        lines = [f"{item['key']}: {item['value']}" for item in row["observations"]]
        ET.SubElement(case, "system-out").text = clean("\n".join(lines))
    return case


def evidence(row: Mapping[str, Any]) -> str:
    """Return what was found as plain text: findings, one request with its answer, the command."""
    lines = []
    for found in row["findings"]:
        lines += [found["message"], f"  at {found['path']}"]
        lines += [f"  expected {found['expected']}", f"  actual {found['actual']}"]
    for exchange in row["exchanges"][:1]:
        response = exchange["response"]
        lines.append(f"request {exchange['curl']}")
        if response is None:
            lines.append(f"answer {exchange['trouble'] or 'none'}")
        else:
            lines.append(f"{exchanges.outcome(exchange)} {response['body']}")
    if row.get("impact"):
        lines.append(f"impact {row['impact']}")
    if row.get("rerun"):
        lines.append(f"again {row['rerun']}")
    return "\n".join(lines)


def _properties(parent: ET.Element, values: Mapping[str, str]) -> None:
    holder = ET.SubElement(parent, "properties")
    for name, value in values.items():
        ET.SubElement(holder, "property", name=name, value=clean(value))


def clean(text: str) -> str:
    """Return `text` with what XML 1.0 cannot hold, such as control characters, as escapes."""
    return _FORBIDDEN.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def _seconds(value: float) -> str:
    return f"{value:.3f}"
