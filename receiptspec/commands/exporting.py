"""`receiptspec export`: the contract in the formats of other tools."""

from __future__ import annotations

import json
from pathlib import Path

import click
import yaml

from receiptspec import contract as contracts
from receiptspec.addresses import is_base
from receiptspec.errors import ConfigurationError
from receiptspec.openapi import document

__all__ = ["export"]


@click.group(
    epilog="""\b
Examples:
  receiptspec export openapi --vendor tencent --output tencent.yaml
  receiptspec export openapi --vendor volcengine --server http://127.0.0.1:8080
"""
)
def export() -> None:
    """Write a vendor's contract in the format of other tools."""


@export.command()
@click.option("--vendor", default="tencent", show_default=True, help="Whose contract.")
@click.option("--output", metavar="FILE", help="Write there; .yaml and .yml as YAML, else JSON.")
@click.option("--server", metavar="URL", help="Name this server instead of the vendor's.")
def openapi(vendor: str, output: str | None, server: str | None) -> None:
    """Write an OpenAPI 3.1 document, to standard output unless --output names a file."""
    known = contracts.vendors()
    if vendor not in known:
        raise ConfigurationError(f"no vendor {vendor!r}", fix=f"known: {', '.join(known)}")
    described = contracts.load(vendor)
    if described.server is not None:
        what = f"{described.title} is called through a harness, not over HTTP"
        raise ConfigurationError(what, fix=f"export its server: --vendor {described.server.vendor}")
    if server is not None and not is_base(server):
        fix = "like http://127.0.0.1:8080, without query or user"
        raise ConfigurationError(f"--server {server!r} is no address", fix=fix)
    made = document(described, server=server)
    if output is None:
        click.echo(json.dumps(made, indent=2, ensure_ascii=False))
        return
    file = Path(output)
    if file.suffix in (".yaml", ".yml"):
        text = yaml.safe_dump(made, sort_keys=False, allow_unicode=True, width=100)
    else:
        text = json.dumps(made, indent=2, ensure_ascii=False) + "\n"
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        what = f"the document cannot be written there: {error.strerror}"
        raise ConfigurationError(what, file=file) from None
