"""What every run imports, for a process that others are forked from; imported nowhere else."""

import gc

import hypothesis.strategies  # noqa: F401
import uvicorn  # noqa: F401
import xdist.plugin  # noqa: F401

import receiptspec.commands.running
import receiptspec.plugin
import receiptspec.reference.__main__
import receiptspec.reference.serving  # noqa: F401
from receiptspec import contract, traceability

traceability.checks()
for vendor in contract.vendors():
    contract.load(vendor)
gc.collect()
gc.freeze()
