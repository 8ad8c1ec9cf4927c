"""`receiptspec serve`: the reference server as a sandbox."""

from __future__ import annotations

import ipaddress

import click

from receiptspec.commands import Whole

__all__ = ["serve"]


@click.command(
    epilog="""\b
Examples:
  receiptspec serve                             keeps every promise, on a free port
  receiptspec serve --port 8080 --fault unread-stays
  receiptspec serve --list                      what can be broken, what may differ
  RECEIPTSPEC_REFERENCE_KEY=only-for-tests receiptspec serve --port 8080 --sdkappid 1400000000

Ids and keys are new each time unless given. Keys come from the environment:
RECEIPTSPEC_REFERENCE_KEY (Tencent), RECEIPTSPEC_REFERENCE_SECRET_KEY (Volcengine).
"""
)
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    help="Address to listen on; 0.0.0.0 in a container, where others then reach it.",
)
@click.option("--port", type=Whole(0, 65535), default=0, help="0 takes a free one.")
@click.option("--fault", "faults", multiple=True, metavar="NAME", help="Break one promise.")
@click.option("--variant", "variants", multiple=True, metavar="NAME", help="Use one freedom.")
@click.option("--webhook", metavar="URL", help="Loopback address that gets the callbacks.")
@click.option("--sdkappid", type=Whole(1), default=None, help="Tencent's SDKAppID of the sandbox.")
@click.option("--appid", type=Whole(1), default=None, help="Volcengine's AppId of the sandbox.")
@click.option(
    "--access-key", default="", metavar="ID", help="Volcengine's access key id of the sandbox."
)
@click.option("--list", "listing", is_flag=True, help="List faults and variants and stop.")
def serve(
    host: str,
    port: int,
    faults: tuple[str, ...],
    variants: tuple[str, ...],
    webhook: str | None,
    sdkappid: int | None,
    appid: int | None,
    access_key: str,
    listing: bool,
) -> None:
    """Run the reference server as a sandbox; prints a ready-to-paste target block."""
    from receiptspec import reference

    if listing:
        for line in reference.catalogue():
            click.echo(line)
        return
    if not _loopback(host):
        click.echo(
            f"receiptspec: {host} is reached from other machines: whoever has the keys can write "
            "into the sandbox. No real data, and keys for tests only.",
            err=True,
        )
    settings = reference.Settings(
        host=host,
        port=port,
        faults=faults,
        variants=variants,
        webhook=webhook,
        sdkappid=sdkappid or 0,
        appid=appid or 0,
        access_key=access_key,
    )
    reference.serve(settings)


def _loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
