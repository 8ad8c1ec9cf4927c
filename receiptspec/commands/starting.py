"""`receiptspec init`: the first block of a targets.yaml."""

from __future__ import annotations

import json
import os
import re
import shlex
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import click

from receiptspec import contract as contracts
from receiptspec import resources, targetfile, yamltext
from receiptspec.addresses import is_base
from receiptspec.commands import vendor_names
from receiptspec.deviations import scalar
from receiptspec.errors import ConfigurationError

__all__ = ["init"]

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_RATE = re.compile(r"[1-9][0-9]*/(s|m)")
_VARIABLE = re.compile(r"\$\{[A-Za-z_][A-Za-z0-9_]*(:-[^}]*)?\}")

_EXAMPLES = """\b
Examples:
  receiptspec init                                  asks for what it needs
  receiptspec init my-server --vendor tencent --url http://127.0.0.1:8080 \\
      --auth sdkappid=1400000000 --auth identifier=administrator
  receiptspec init sandbox --vendor tencent --embedded
  receiptspec init my-sdk --vendor tencent-sdk --embedded --harness "node harness.js"

Secrets are never written: they stand as ${VARIABLES}, which the last lines tell to export.
"""


@click.command(epilog=_EXAMPLES)
@click.argument("name", required=False)
@click.option("--vendor", shell_complete=vendor_names, help="Whose contract is to be kept.")
@click.option("--url", help="Scheme, host, port and, where there is one, a path prefix.")
@click.option("--embedded", is_flag=True, help="The packaged reference server instead of a URL.")
@click.option("--harness", metavar="COMMAND", help="Starts the harness of a client SDK.")
@click.option("--auth", "given", multiple=True, metavar="KEY=VALUE", help="One of its credentials.")
@click.option("--rate", metavar="N/s", help="Never more calls than this: 200/s, 100/m.")
@click.option("--writes/--no-writes", default=None, help="May it make groups and messages there?")
@click.option(
    "--targets",
    "file",
    metavar="FILE",
    default="targets.yaml",
    type=click.Path(path_type=Path),
    help="The file to begin, or to add to. Default: ./targets.yaml.",
)
def init(
    name: str | None,
    vendor: str | None,
    url: str | None,
    embedded: bool,
    harness: str | None,
    given: tuple[str, ...],
    rate: str | None,
    writes: bool | None,
    file: Path,
) -> None:
    """Write the block of a new target into targets.yaml.

    What is missing is asked for at a terminal. A file that exists is added to; nothing in it is
    changed, and a target that is there already is never overwritten.
    """
    values = _given(given)
    known = ", ".join(contracts.vendors())
    name = name or _ask("name of the target", "NAME", "my-server", _named)
    _named(name)
    text, data = _existing(file)
    if name in data:
        raise ConfigurationError(f"has a target {name!r} already", file=file, fix="choose another")
    vendor = vendor or _ask(f"vendor ({known})", "--vendor", contracts.vendors()[0], _vendor)
    _vendor(vendor)
    if embedded and url:
        raise ConfigurationError("--embedded and --url exclude each other")
    command = _command(vendor, harness)
    if not embedded:
        url = url or _ask("address", "--url", None, _address)
        _address(url)
    if rate is not None and not _RATE.fullmatch(rate):
        raise ConfigurationError(f"--rate {rate!r} is malformed", fix="like 200/s or 100/m")
    auth = {} if embedded else _auth(name, vendor, values)
    block = _block(name, vendor, url, command, auth, rate, writes)
    expected: dict[str, Any] = {"vendor": vendor}
    expected |= {"embedded": True} if embedded else {"url": url, "auth": _read_back(auth)}
    expected |= {"harness": {"command": command}} if command else {}
    expected |= {"rate": rate} if rate else {}
    expected |= {"writes": writes} if writes is not None else {}
    newline = "" if not text or text.endswith("\n") else "\n"
    whole = f"{text}{newline}\n{block}" if text else f"{_head(file)}\n{block}"
    yamltext.rewrite(file, whole, {**data, name: expected}, fix=f"write by hand:\n{block}")
    targetfile.names(file)
    click.echo(f"{file}: {name} written; docs/targets.md explains every key")
    for variable in re.findall(r"\$\{([A-Za-z0-9_]+)\}", block):
        if variable not in os.environ:
            click.echo(f"export {variable}=…")
    option = "" if file == Path("targets.yaml") else f" --targets {file}"
    click.echo(f"receiptspec doctor{option} --target {name}")


def _existing(file: Path) -> tuple[str, dict[str, Any]]:
    if not file.exists():
        return "", {}
    data = yamltext.load(file).data
    if data is not None and not isinstance(data, dict):
        raise ConfigurationError("expected target names with a block each", file=file)
    return file.read_bytes().decode("utf-8"), data or {}


# --- what is asked ------------------------------------------------------------------------


def _interactive() -> bool:
    return sys.stdin.isatty() and sys.stdout.isatty()


def _ask(what: str, option: str, default: str | None, check: Callable[[str], Any]) -> str:
    """Ask at a terminal until the answer will do; elsewhere say which option is missing."""
    if not _interactive():
        raise ConfigurationError(f"{what} is missing", fix=f"give {option}")
    while True:
        answer: str = click.prompt(what, default=default)
        try:
            check(answer.strip())
        except ConfigurationError as error:
            click.echo(f"  {error}")
            continue
        return answer.strip()


def _named(name: str) -> None:
    if not _NAME.fullmatch(name):
        fix = "letters, digits, dots, dashes and underscores"
        raise ConfigurationError(f"{name!r} cannot be the name of a target", fix=fix)


def _vendor(vendor: str) -> None:
    targetfile.credentials(vendor)


def _command(vendor: str, harness: str | None) -> list[str]:
    """Return program and arguments of a client SDK's harness, nothing for other vendors."""
    if not targetfile.needs_harness(vendor):
        if harness is not None:
            raise ConfigurationError(f"{vendor} has no harness", fix="leave --harness out")
        return []
    about = "command that starts the harness (docs/harness.md)"
    return _words(harness if harness is not None else _ask(about, "--harness", None, _words))


def _words(command: str) -> list[str]:
    try:
        words = shlex.split(command)
    except ValueError as error:
        raise ConfigurationError(f"--harness {command!r} is malformed: {error}") from error
    if not words:
        raise ConfigurationError("--harness is empty", fix="like --harness 'node harness.js'")
    return words


def _address(url: str) -> None:
    if not is_base(url):
        raise ConfigurationError(
            f"{url!r} is no address", fix="like http://127.0.0.1:8080, without query or user"
        )


def _given(pairs: tuple[str, ...]) -> dict[str, str]:
    values = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals or not value:
            raise ConfigurationError(f"--auth {key!r} has no value", fix="--auth KEY=VALUE")
        values[key] = value
    return values


def _auth(name: str, vendor: str, given: dict[str, str]) -> dict[str, str]:
    """Return the credentials to write; a secret only as the variable that holds it."""
    possible = targetfile.credentials(vendor)
    for key in given:
        if key not in possible:
            fix = f"known: {', '.join(possible)}"
            raise ConfigurationError(f"--auth {key!r} is nothing that {vendor} knows", fix=fix)
    auth = {}
    for key, (about, needed, secret) in possible.items():
        if secret and key in given and not _VARIABLE.fullmatch(given[key]):
            raise ConfigurationError(
                f"--auth {key} is a secret and is not written to a file",
                fix=f"leave it out, or name its variable: --auth '{key}=${{IM_KEY}}'",
            )
        if key in given:
            _credential(key, given[key])
            auth[key] = given[key]
        elif needed and secret:
            variable = re.sub(r"[^A-Z0-9]+", "_", f"{name}_{key}".upper())
            auth[key] = "${" + (f"_{variable}" if variable[0].isdigit() else variable) + "}"
        elif needed:
            check = partial(_credential, key)
            auth[key] = _ask(about.rstrip("."), f"--auth {key}=…", None, check)
    return auth


def _credential(key: str, value: str) -> None:
    if not value:
        raise ConfigurationError("it cannot be empty")
    wrong = None if _VARIABLE.fullmatch(value) else targetfile.wrong(key, value)
    if wrong is not None:
        what, fix = wrong
        raise ConfigurationError(f"--auth {key}: {what}", fix=fix)


# --- what is written ----------------------------------------------------------------------


def _head(file: Path) -> str:
    schema = resources.path("schemas/targets.schema.json")
    folder = file.resolve().parent
    place = schema.relative_to(folder) if schema.is_relative_to(folder) else schema
    return f"# yaml-language-server: $schema={place.as_posix()}\n"


def _block(
    name: str,
    vendor: str,
    url: str | None,
    command: list[str],
    auth: dict[str, str],
    rate: str | None,
    writes: bool | None,
) -> str:
    lines = [f"{_key(name)}:", f"  vendor: {vendor}"]
    lines += [f"  url: {json.dumps(url) if '#' in url else url}"] if url else ["  embedded: true"]
    if command:
        lines.append(f"  harness: {{command: {json.dumps(command, ensure_ascii=False)}}}")
    if auth:
        lines.append("  auth:")
        lines += [f"    {key}: {_scalar(value)}" for key, value in auth.items()]
    lines.append(f"  rate: {rate}" if rate else "  # rate: 50/s      # never more calls than this")
    if writes is not None:
        lines.append(f"  writes: {str(writes).lower()}")
    elif url:
        lines.append("  # writes: true   # may groups, accounts and messages be made there?")
    return "\n".join(lines) + "\n"


def _key(name: str) -> str:
    return name if scalar(name) == name else json.dumps(name)


def _scalar(value: str) -> str:
    return value if value.isdigit() and str(int(value)) == value else scalar(value)


def _read_back(auth: dict[str, str]) -> dict[str, Any]:
    return {k: int(v) if v.isdigit() and str(int(v)) == v else v for k, v in auth.items()}
