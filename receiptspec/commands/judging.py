"""`receiptspec judge`: recorded traffic, judged without a request."""

from __future__ import annotations

import secrets
import shlex
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from receiptspec import contract as contracts
from receiptspec import report, traffic
from receiptspec.case import PROFILES
from receiptspec.commands import vendor_names
from receiptspec.errors import ConfigurationError
from receiptspec.results import exit_code, serialise
from receiptspec.run import Run
from receiptspec.targets import Target

__all__ = ["judge"]

_NAME = "traffic"

_EXAMPLES = """\b
Examples:
  receiptspec judge app.har --vendor tencent
  mitmdump --set hardump=app.har; receiptspec judge app.har --vendor tencent --report out

\b
Exit status: 0 conforms, 1 does not conform, 4 no HAR, 5 no call of the vendor in it,
6 no call was answered by the API.
"""


@click.command(epilog=_EXAMPLES)
@click.argument("file", metavar="HAR", type=click.Path(path_type=Path))
@click.option("--vendor", required=True, shell_complete=vendor_names, help="Whose calls to judge.")
@click.option("--strict", is_flag=True, help="A broken SHOULD fails as well.")
@click.option("--report", "directory", metavar="DIR", help="Write the report there.")
def judge(file: Path, vendor: str, strict: bool, directory: str | None) -> None:
    """Judge recorded traffic: a HAR file of a browser, a proxy or mitmproxy.

    Nothing is sent. Every answer is judged by all that needs no request of its own: its form, its
    types, strict JSON, codes, and how answers fit their requests and each other. What is no call of
    the vendor is counted and left alone. Credentials in the recording are masked in the report.
    """
    if vendor not in contracts.vendors():
        known = ", ".join(contracts.vendors())
        raise ConfigurationError(f"no vendor {vendor!r}", fix=f"known: {known}")
    started, clock = time.time(), time.perf_counter()
    entries = traffic.read(file)
    found = traffic.judge(entries, contracts.load(vendor), _NAME)
    target = Target(_NAME, vendor, url=" ".join(found.origins[:3]) or "nowhere")
    target = replace(target, description=f"recorded in {file.name}")
    run = Run([target], PROFILES["smoke"], 0, strict=strict, id=secrets.token_hex(8))
    run.started = started
    ledger = run.ledger()
    for result in found.results:
        ledger.add(serialise(result, found.redact))
    results = ledger.results()
    document: dict[str, Any] = report.document(
        run,
        results,
        stale=[],
        requests=found.judged,
        duration=time.perf_counter() - clock,
        code=exit_code(results, strict=strict),
    )
    words = ["receiptspec", "judge", str(file), "--vendor", vendor]
    again = shlex.join([*words, "--strict"] if strict else words)
    document["results"] = [{**row, "rerun": again} for row in document["results"]]
    if directory is not None:
        report.write(document, Path(directory))
    report.terminal.show(document, file=sys.stdout)
    left = ", ".join(f"{count} {words}" for words, count in found.left.most_common())
    click.echo(f"{found.judged} of {len(entries)} entries judged" + (f"; {left}" if left else ""))
    sys.exit(document["run"]["exit_code"])
