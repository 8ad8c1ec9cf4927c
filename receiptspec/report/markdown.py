"""A Markdown summary for the page of a CI job: failures first, never longer than 64 kB."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from receiptspec.findings import Outcome
from receiptspec.report import exchanges, verdicts

__all__ = ["LIMIT", "fence", "plain", "render"]

#: Bytes; what a comment or a job summary of the common CI servers holds.
LIMIT = 64_000
_RESERVE = 400
_BODY = 1500
_SHOWN, _STEPS, _NAMES = 3, 12, 6
_NAME = re.compile(r"\w{6,}")
_MARKS = {1: "❌", 3: "💥"}
_HEADS = {
    Outcome.ERROR: "Errors of the suite",
    Outcome.FAIL: "Failures",
    Outcome.WARNING: "Warnings",
}


def render(report: Mapping[str, Any], *, limit: int = LIMIT) -> str:
    """Return the summary; whole sections are left out where it would become too long."""
    blocks = [_head(report)]
    rest = [*_failures(report), *_reasons(report), *_observations(report)]
    size = len(_encoded(blocks[0]))
    for position, (_, block) in enumerate(rest):
        size += len(_encoded(block)) + 1
        if size > limit - _RESERVE:
            blocks.append(_left_out(rest[position:]))
            break
        blocks.append(block)
    return "\n".join(blocks)


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "backslashreplace")


def _head(report: Mapping[str, Any]) -> str:
    run = report["run"]
    lines = ["## Read-receipt contract", ""]
    lines += ["| target | verdict | exercised | fail | warning | inconclusive |"]
    lines += ["|---|---|---|---|---|---|"]
    for verdict in verdicts.of_run(report)[:100]:
        counts = verdict.outcomes
        mark = "✅" if verdict.conforms else _MARKS.get(verdict.code, "⚠️")
        lines.append(
            f"| {plain(verdict.target[:80])} | {mark} {verdict.words} "
            f"| {verdict.exercised} of {verdict.testable} "
            f"| {counts['fail']} | {counts['warning']} | {counts['inconclusive']} |"
        )
    lines += [
        "",
        f"{run['requests']} requests in {run['duration_s']:.1f} s · profile {run['profile']} "
        f"· seed {run['seed']}",
        "",
    ]
    if "shard" in run:
        lines += [f"**Only shard {run['shard']}: the others judge the rest.**", ""]
    elif not run.get("complete", True):
        lines += ["**The run was cut short: what is missing here was not judged.**", ""]
    lines += [f"- {plain(line[:400])}" for line in report["stale_deviations"][:20]]
    return "\n".join(lines)


def _failures(report: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    before = None
    for row in verdicts.worst_first(report, *_HEADS):
        outcome = Outcome(row["outcome"])
        head = f"### {_HEADS[outcome]}\n\n" if outcome is not before else ""
        before = outcome
        yield str(outcome), head + _failure(row)


def _failure(row: Mapping[str, Any]) -> str:
    operation = f" · {plain(row['operation'])}" if row.get("operation") else ""
    name = f"{plain(row['requirement'])} {row['level']} on {plain(row['target'][:80])}"
    new = f" · new in {plain(row['since'])}, fails nobody yet" if row.get("new") else ""
    lines = [f"#### {name}{operation}{new}", "", plain(row.get("text", "")[:600]), ""]
    source = row.get("source", {})
    if source.get("title"):
        words = [source["title"], source.get("section", ""), source.get("date", "")]
        lines += [f"Source: {plain(' · '.join(word for word in words if word))}", ""]
    if not row["findings"]:
        lines += [f"- {plain(row['reason'][:600])}"]
    for found in row["findings"][:_SHOWN]:
        lines.append(f"- {plain(found['message'][:600])}")
        if found["expected"] or found["actual"]:
            lines.append(
                f"  - at {plain(found['path'][:200])}: expected {plain(found['expected'][:300])}, "
                f"actual {plain(found['actual'][:300])}"
            )
    if len(row["findings"]) > _SHOWN:
        lines.append(f"- and {len(row['findings']) - _SHOWN} more")
    lines += ["", *_exchange(row)]
    if row.get("impact"):
        lines += [f"Impact: {plain(row['impact'][:600])}", ""]
    if row.get("rerun"):
        lines += [fence(row["rerun"], "sh"), ""]
    return "\n".join(lines)


def _exchange(row: Mapping[str, Any]) -> list[str]:
    for exchange in row["exchanges"][:1]:
        response = exchange["response"]
        answer = exchanges.outcome(exchange)
        if response is not None:
            answer += f"\n{_cut(response['body'])}"
        steps = row.get("steps", ())[-_STEPS:]
        return [
            "<details><summary>request and answer</summary>",
            "",
            *((fence("\n".join(map(_cut, steps)), ""), "") if steps else ()),
            fence(_cut(exchange["curl"]), "sh"),
            "",
            fence(answer, ""),
            "",
            "</details>",
            "",
        ]
    return []


def _reasons(report: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield what was not judged or is accepted, one line for each reason."""
    for outcome in (Outcome.INCONCLUSIVE, Outcome.KNOWN_DEVIATION, Outcome.NOT_EXERCISED):
        reasons: dict[tuple[str, str], list[str]] = {}
        for row in report["results"]:
            if row["outcome"] == outcome:
                reasons.setdefault((row["target"], row["reason"]), []).append(row["requirement"])
        words = str(outcome).replace("_", " ")
        head = f"\n### {words.capitalize()}\n\n"
        for (target, reason), ids in reasons.items():
            shown = ", ".join(ids[:8]) + (f" and {len(ids) - 8} more" if len(ids) > 8 else "")
            line = f"- {plain(target[:80])}: {plain(reason[:300])}: {plain(shown)}"
            yield words, head + line
            head = ""


def _observations(report: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    head = "\n### Observations\n\n| requirement | target | what | value |\n|---|---|---|---|\n"
    for row in report["results"]:
        for key, value in _alike(row.get("observations", ())):
            cells = [row["requirement"], row["target"][:80], key, value[:200]]
            yield "observation", head + "| " + " | ".join(plain(cell) for cell in cells) + " |"
            head = ""


def _alike(observations: Iterable[Mapping[str, Any]]) -> list[tuple[str, str]]:
    """Return key and value of each, those as one that differ only in the name that both hold."""
    alike: dict[tuple[str, str], list[tuple[str, str, str]]] = {}
    for item in observations:
        key, value = item["key"][:200], item["value"]
        named = set(_NAME.findall(key)) & set(_NAME.findall(value))
        name = max(sorted(named), key=len, default="")
        kind = (key.replace(name, "…"), value.replace(name, "…")) if name else (key, value)
        alike.setdefault(kind, []).append((name, key, value))
    shown = []
    for (key, value), items in alike.items():
        names = [name for name, _, _ in items]
        more = f" and {len(names) - _NAMES} more" if len(names) > _NAMES else ""
        folded = (f"{key}: {', '.join(names[:_NAMES])}{more}", value)
        shown.append(folded if len(items) > 1 else items[0][1:])
    return shown


def _left_out(rest: Sequence[tuple[str, str]]) -> str:
    counts: dict[str, int] = {}
    for title, _ in rest:
        counts[title] = counts.get(title, 0) + 1
    words = ", ".join(f"{number} × {title.replace('_', ' ')}" for title, number in counts.items())
    return f"\n*Left out here for its length: {words}. The full report has all.*\n"


def _cut(text: str) -> str:
    return text if len(text) <= _BODY else text[:_BODY] + "…"


_SPECIAL = re.compile(r"[\\`*_\[\]<>|#@&~!$]|(?<=\w):(?=//)|(?<=www)\.")
_UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def plain(text: str) -> str:
    """Return `text` on one line so that Markdown shows it as it is: no markup, link or mention."""
    seen = _UNSEEN.sub(lambda found: " " if found[0] in "\t\n\r" else "\ufffd", text)
    return _SPECIAL.sub(lambda found: f"&#{ord(found[0])};", seen)


def fence(text: str, language: str) -> str:
    """Return `text` as a code block that nothing in it can end."""
    seen = _UNSEEN.sub(lambda found: found[0] if found[0] in "\t\n" else "\ufffd", text)
    longest = max((len(run) for run in re.findall(r"`+", seen)), default=0)
    marks = "`" * max(3, longest + 1)
    return f"{marks}{language}\n{seen}\n{marks}"
