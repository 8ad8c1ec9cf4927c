"""`receiptspec credential`: what stands as a variable in the curl line of a failure."""

from __future__ import annotations

import time

import click

from receiptspec import targetfile
from receiptspec.commands import TARGETS, target_names
from receiptspec.drivers import usersig
from receiptspec.errors import ConfigurationError

__all__ = ["credential"]

_LIFETIME = 600  # seconds


@click.command(
    epilog="""\b
Examples:
  export USERSIG=$(receiptspec credential --target mine)
"""
)
@click.option(
    "--target",
    "name",
    required=True,
    metavar="NAME",
    shell_complete=target_names,
    help="Sign for this target.",
)
@TARGETS
def credential(name: str, file: str | None) -> None:
    """Print a UserSig, which the curl line of a failure names $USERSIG.

    It is signed here, with the key of the target, and nothing is sent. Whoever has it is the
    identifier of the target for ten minutes. The $AUTHORIZATION of Volcengine signs one request and
    cannot be printed beforehand: receiptspec replay sends the request signed anew.
    """
    target = targetfile.load(targetfile.find_file(file), name)
    if target.vendor != "tencent":
        what = f"a target of {target.vendor} has no credential that serves another request"
        fix = "receiptspec replay REPORT TARGET/REQUIREMENT sends one again"
        raise ConfigurationError(f"{name}: {what}", fix=fix)
    if target.embedded:
        what = "an embedded server has a key of its own, and ends with its run"
        raise ConfigurationError(f"{name}: {what}", fix="receiptspec serve prints a target to keep")
    auth = target.auth
    claims = usersig.Claims(
        str(auth["identifier"]), int(auth["sdkappid"]), int(time.time()), _LIFETIME
    )
    click.echo(usersig.sign(claims, auth["key"]).reveal())
    whom = f"{claims.identifier} of app {claims.sdkappid}"
    minutes = f"{_LIFETIME // 60} minutes"
    click.echo(f"receiptspec: whoever has it is {whom} for {minutes}", err=True)
