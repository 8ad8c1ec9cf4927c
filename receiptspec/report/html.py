"""HTML pages that need nothing but themselves: a run, or the comparison of two.

Rendered here with autoescape on; the script only filters what is there. Its hash is the only one
that the page's own policy lets run, so that nothing a target answers ever can.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from receiptspec import resources
from receiptspec.findings import Outcome
from receiptspec.report import bodies, exchanges, timeline, verdicts

__all__ = ["comparison", "render"]

#: Bytes of sections after which they come without exchanges, and after which none come any more.
ROOM = 450_000, 650_000
_LEVELS = ("MUST", "SHOULD", "MAY")
_DETAILED = (
    Outcome.ERROR,
    Outcome.FAIL,
    Outcome.WARNING,
    Outcome.INCONCLUSIVE,
    Outcome.KNOWN_DEVIATION,
)
_BODY = 6000
_FINDINGS = 5
_EXCHANGES = 2
_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]"
)


def render(report: Mapping[str, Any]) -> str:
    """Return the page of one run."""
    anchors = _anchors(report)
    cases, left_out = _cases(verdicts.worst_first(report, *_DETAILED), anchors)
    judged = verdicts.of_run(report)
    targets = [
        {**target, "verdict": verdict}
        for target, verdict in zip(report["targets"], judged, strict=True)
    ]
    drawn = [timeline.of_target(v.target, report["results"], anchors) for v in judged]
    return _page(
        "report.html.j2",
        report=report,
        run=_run(report),
        targets=targets,
        cases=cases,
        left_out=left_out,
        matrix=_matrix(report, anchors),
        reasons=_reasons(report["results"]),
        timelines=[line for line in drawn if line is not None],
        observations=_observations(report),
        outcomes=[str(o) for o in Outcome if report["summary"]["outcomes"].get(str(o))],
    )


def comparison(
    found: Mapping[str, Any], before: Mapping[str, Any], after: Mapping[str, Any]
) -> str:
    """Return the page of a comparison: what differs first, then requirement by target."""
    anchors = _anchors(after)
    pairs = [(pair["before"], pair["after"]) for pair in found["pairs"]]
    changed = {(c["target"], c["requirement"]): c for c in found["changes"]}
    shown = {
        (row["target"], row["requirement"])
        for row in verdicts.worst_first(after, *_DETAILED)
        if (row["target"], row["requirement"]) in changed
    }
    anchors = {key: anchor for key, anchor in anchors.items() if key in shown}
    rows = [
        row
        for row in verdicts.worst_first(after, *_DETAILED)
        if (row["target"], row["requirement"]) in shown
    ]
    cases, left_out = _cases(rows, anchors)
    cards = [
        {
            "name": new if old == new else f"{old} → {new}",
            "before": verdicts.of_target(before, old),
            "after": verdicts.of_target(after, new),
        }
        for old, new in pairs
    ]
    return _page(
        "comparison.html.j2",
        found=found,
        report=after,
        runs=[_run(before), _run(after)],
        cards=cards,
        kinds=_KINDS,
        cases=cases,
        left_out=left_out,
        anchors=anchors,
        matrix=_compared(before, after, pairs, changed, anchors),
        outcomes=[
            str(o)
            for o in Outcome
            if before["summary"]["outcomes"].get(str(o)) or after["summary"]["outcomes"].get(str(o))
        ],
    )


_KINDS = {
    "worse": "Got worse",
    "revealed": "Broken, and not judged before",
    "different": "Still broken, in another way",
    "changed": "Changed",
    "better": "Newly passing",
}


# --- what the templates are given ---------------------------------------------------------


def _run(report: Mapping[str, Any]) -> dict[str, Any]:
    run = report["run"]
    started = datetime.fromisoformat(run["started"])
    return {
        **run,
        "when": started.strftime("%Y-%m-%d %H:%M UTC"),
        "complete": run.get("complete", True),
        "strict": run.get("strict", False),
    }


def _anchors(report: Mapping[str, Any]) -> dict[tuple[str, str], str]:
    """Return a stable id for the section of each row that gets one."""
    given: dict[str, tuple[str, str]] = {}
    for row in report["results"]:
        if Outcome(row["outcome"]) in _DETAILED:
            words = re.sub(r"[^A-Za-z0-9_.-]+", "-", f"{row['requirement']}-on-{row['target']}")
            name, number = words[:80], 2
            while name in given:
                name, number = f"{words[:80]}-{number}", number + 1
            given[name] = (row["target"], row["requirement"])
    return {key: name for name, key in given.items()}


def _cases(
    rows: Sequence[Mapping[str, Any]], anchors: dict[tuple[str, str], str]
) -> tuple[list[Markup], int]:
    """Render sections while there is room; drop the anchors of those left out and count these."""
    template = _environment().get_template("case.html.j2")
    rendered: list[Markup] = []
    size = 0
    for row in rows:
        key = (row["target"], row["requirement"])
        if size > ROOM[1]:
            del anchors[key]
            continue
        text = template.render(case=_case(row, anchors[key], full=size < ROOM[0]))
        size += len(text.encode("utf-8", "backslashreplace"))
        rendered.append(Markup(text))  # noqa: S704  the template escapes
    return rendered, len(rows) - len(rendered)


def _case(row: Mapping[str, Any], anchor: str, *, full: bool) -> dict[str, Any]:
    findings = row["findings"][: _FINDINGS if full else 1]
    chosen: list[Mapping[str, Any]] = []
    wanted = {number for found in findings for number in found["exchanges"]}
    if full:
        chosen = [e for e in row["exchanges"] if e["number"] in wanted] or list(row["exchanges"])
    return {
        "since": "",
        "new": False,
        "steps": (),
        **row,
        "anchor": anchor,
        "full": full,
        "findings": findings,
        "more": len(row["findings"]) - len(findings),
        "exchanges": [_exchange(e, findings) for e in chosen[:_EXCHANGES]],
        "more_exchanges": max(len(chosen) - _EXCHANGES, 0),
    }


def _exchange(exchange: Mapping[str, Any], findings: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    marks = {
        found["path"]: f"expected {found['expected']}"
        for found in findings
        if exchange["number"] in found["exchanges"] and found["path"]
    }
    response = exchange["response"]
    shown = None
    if response is not None:
        shown = {**response, "lines": bodies.layout(response["body"][:_BODY], marks)}
        shown["cut"] = len(response["body"]) > _BODY
    request = exchange["request"]
    return {
        **exchange,
        "http": exchanges.is_http(exchange),
        "request": {**request, "lines": bodies.layout(request["body"][:_BODY], {}, most=40)},
        "response": shown,
    }


def _matrix(
    report: Mapping[str, Any], anchors: Mapping[tuple[str, str], str]
) -> list[dict[str, Any]]:
    """Return a line for each requirement with a cell for each target."""
    names = [target["name"] for target in report["targets"]]
    lines: dict[str, dict[str, Any]] = {}
    for row in report["results"]:
        line = lines.setdefault(row["requirement"], {**_named(row), "cells": [None] * len(names)})
        anchor = anchors.get((row["target"], row["requirement"]))
        line["cells"][names.index(row["target"])] = {
            "outcome": row["outcome"],
            "anchor": anchor,
            "reason": "" if anchor else row["reason"][:80],
        }
    for line in lines.values():
        line["outcomes"] = sorted({cell["outcome"] for cell in line["cells"] if cell})
        line["unlike"] = len({cell["outcome"] if cell else None for cell in line["cells"]}) > 1
    return list(lines.values())


def _named(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "requirement": row["requirement"],
        "level": row["level"],
        "operation": row.get("operation") or "every operation",
        "text": row.get("text", ""),
    }


def _compared(
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    pairs: Sequence[tuple[str, str]],
    changed: Mapping[tuple[str, str], Mapping[str, Any]],
    anchors: Mapping[tuple[str, str], str],
) -> list[dict[str, Any]]:
    """Return a line for each requirement with both outcomes of each pair, differences first."""
    old = {(row["target"], row["requirement"]): row for row in before["results"]}
    new = {(row["target"], row["requirement"]): row for row in after["results"]}
    lines: dict[str, dict[str, Any]] = {}
    for row in [*after["results"], *before["results"]]:
        lines.setdefault(row["requirement"], {**_named(row), "cells": []})
    for identifier, line in lines.items():
        for one, other in pairs:
            was, now = old.get((one, identifier)), new.get((other, identifier))
            change = changed.get((other, identifier))
            line["cells"].append(
                {
                    "before": was["outcome"] if was else "absent",
                    "after": now["outcome"] if now else "absent",
                    "kind": change["kind"] if change else "",
                    "anchor": anchors.get((other, identifier)),
                }
            )
        line["unlike"] = any(cell["kind"] for cell in line["cells"])
        line["outcomes"] = sorted(
            {cell[side] for cell in line["cells"] for side in ("before", "after")}
        )
    return sorted(lines.values(), key=lambda line: not line["unlike"])


def _reasons(rows: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return what was not judged, grouped by target and reason."""
    groups: dict[tuple[str, str, str], list[str]] = {}
    for row in rows:
        if Outcome(row["outcome"]) in verdicts.NOT_JUDGED:
            key = (row["outcome"], row["target"], row["reason"])
            groups.setdefault(key, []).append(row["requirement"])
    order = [str(outcome) for outcome in verdicts.NOT_JUDGED]
    return [
        {"outcome": outcome, "target": target, "reason": reason, "requirements": found}
        for (outcome, target, reason), found in sorted(
            groups.items(), key=lambda item: (order.index(item[0][0]), -len(item[1]))
        )
    ]


def _observations(report: Mapping[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """Return observations by key with a value for each target: those that differ, then others."""
    names = [target["name"] for target in report["targets"]]
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for row in report["results"]:
        for item in row.get("observations", ()):
            line = found.setdefault(
                (row["requirement"], item["key"]),
                {**_named(row), "key": item["key"], "values": [None] * len(names)},
            )
            line["values"][names.index(row["target"])] = item["value"]
    lines = list(found.values())
    differ = [line for line in lines if len(set(line["values"])) > 1]
    return {"differ": differ, "same": [line for line in lines if len(set(line["values"])) == 1]}


# --- templates ----------------------------------------------------------------------------


def _page(name: str, **given: Any) -> str:
    environment = _environment()
    script = environment.get_template("page.js").render()
    digest = base64.b64encode(hashlib.sha256(script.encode("utf-8")).digest()).decode("ascii")
    text = environment.get_template(name).render(
        **given,
        levels=_LEVELS,
        script=Markup(script),  # noqa: S704  our own file
        script_hash=f"sha256-{digest}",
    )
    return text.rstrip() + "\n"


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(resources.path("report/templates")),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_finalize,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    filters: dict[str, Callable[..., Any]] = {"words": _words, "link": _link, "mark": _glyph}
    environment.filters.update(filters)
    return environment


def _finalize(value: object) -> object:
    """Show what cannot be seen, or would turn the text around it, as a replacement character."""
    if isinstance(value, str) and not isinstance(value, Markup):
        return _UNSEEN.sub("\ufffd", value)
    return value


def _words(name: str) -> str:
    return name.replace("_", " ")


def _link(url: str) -> str:
    """Return an address that may be followed, else nothing."""
    return url if re.match(r"https?://", url) else ""


_GLYPHS = {"pass": "✓", "fail": "✗", "warning": "!", "observed": "·", "error": "✗"}


def _glyph(outcome: str) -> str:
    return _GLYPHS.get(outcome, "–")
