"""`receiptspec targets`, `requirements` and `explain`: what there is to judge."""

from __future__ import annotations

import click

from receiptspec import contract as contracts
from receiptspec import targetfile, traceability
from receiptspec.commands import TARGETS, requirement_ids, vendor_names
from receiptspec.errors import ConfigurationError, did_you_mean

__all__ = ["explain", "requirements", "targets"]


@click.command(
    epilog="""\b
Examples:
  receiptspec targets
  receiptspec targets --targets ci/targets.yaml
"""
)
@TARGETS
def targets(file: str | None) -> None:
    """List the targets that a run can name, and on standard error what is wrong with them."""
    path = targetfile.find_file(file)
    names = targetfile.names(path)
    click.echo("\n".join((f"# {path}", *names)))
    for name in names:
        try:
            targetfile.load(path, name)
        except ConfigurationError as error:
            click.echo(f"receiptspec: {error}", err=True)


@click.command(
    epilog="""\b
Examples:
  receiptspec requirements --vendor tencent
  receiptspec requirements --operation get_group_msg_receipt
  receiptspec explain TC-GMR-09                      all about one of them
"""
)
@click.option("--vendor", shell_complete=vendor_names, help="Only this vendor's.")
@click.option("--operation", help="Only this operation's.")
def requirements(vendor: str | None, operation: str | None) -> None:
    """List requirement rows: id, level, state, check and text."""
    chosen = [contracts.load(name) for name in _vendors(vendor)]
    known = [name for contract in chosen for name in contract.operations]
    if operation is not None and operation not in known:
        fix = f"{did_you_mean(operation, known)}known: {', '.join(known)}"
        raise ConfigurationError(f"no operation {operation!r}", fix=fix)
    for contract in chosen:
        for row in contract.requirements:
            if operation is None or row.operation == operation:
                state = traceability.state(row)
                click.echo(
                    f"{row.id:<11} {row.level:<6} {state:<8} {row.check or '-':<36} {row.text}"
                )


def _vendors(name: str | None) -> tuple[str, ...]:
    known = contracts.vendors()
    if name is None:
        return known
    if name not in known:
        raise ConfigurationError(f"no vendor {name!r}", fix=f"known: {', '.join(known)}")
    return (name,)


@click.command(
    epilog="""\b
Examples:
  receiptspec explain TC-GMR-09
  receiptspec run --target mine --requirement TC-GMR-09
"""
)
@click.argument("requirement", shell_complete=requirement_ids)
def explain(requirement: str) -> None:
    """Print one requirement: text, source, impact, allowed codes, faults, how to run just it."""
    from receiptspec.reference.faults import FAULTS
    from receiptspec.reference.harness import twists

    known = [(fault.vendor, fault.name, fault.requirement) for fault in FAULTS.values()]
    known += [("tencent-sdk", f.name, f.requirement) for f in twists.FAULTS.values()]
    told = []
    for name in contracts.vendors():
        contract = contracts.load(name)
        for row in contract.requirements:
            if row.id == requirement:
                faults = [f for vendor, f, broken in known if (vendor, broken) == (name, row.id)]
                told.append(traceability.explain(contract, row, faults))
    if not told:
        ids = [row.id for name in contracts.vendors() for row in contracts.load(name).requirements]
        hint = did_you_mean(requirement.upper(), ids)
        raise ConfigurationError(
            f"no requirement {requirement!r}", fix=f"{hint}receiptspec requirements lists them"
        )
    click.echo("\n\n".join(told))
