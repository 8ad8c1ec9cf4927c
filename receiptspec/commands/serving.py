"""`receiptspec serve`: the reference server as a sandbox."""

from __future__ import annotations

import click

__all__ = ["serve"]


@click.command(
    epilog="""\b
Examples:
  receiptspec serve                             keeps every promise, on a free port
  receiptspec serve --port 8080 --fault unread-stays
  receiptspec serve --list                      what can be broken, what may differ
"""
)
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="0 takes a free one.")
@click.option("--fault", "faults", multiple=True, metavar="NAME", help="Break one promise.")
@click.option("--variant", "variants", multiple=True, metavar="NAME", help="Use one freedom.")
@click.option("--webhook", metavar="URL", help="Loopback address that gets the callbacks.")
@click.option("--list", "listing", is_flag=True, help="List faults and variants and stop.")
def serve(
    host: str,
    port: int,
    faults: tuple[str, ...],
    variants: tuple[str, ...],
    webhook: str | None,
    listing: bool,
) -> None:
    """Run the reference server as a sandbox; prints a ready-to-paste target block."""
    from receiptspec import reference

    if listing:
        for line in reference.catalogue():
            click.echo(line)
        return
    reference.serve(host=host, port=port, faults=faults, variants=variants, webhook=webhook)
