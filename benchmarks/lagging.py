"""What survives where views may lag: ``python benchmarks/lagging.py``, an hour on two cores.

The proof breaks servers that are known to show at once what was written, so a failure counts at
the first look. A server of somebody else is looked at again, after its `consistency`: what has
healed by then may have been a view that was behind. Here the faults are judged like that. Printed
are those whose own row is not red, with what became of it.

``--vendor``, ``--class`` and ``--fault`` choose faults, ``-n`` says how many run at a time.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from unittest.mock import patch

from receiptspec.proving import farm, proof
from receiptspec.proving.jobs import Ran
from receiptspec.talk import Talk


def lags(talk: Talk) -> bool:
    """Whether a target that says nothing about itself may lag."""
    return talk.target.consistency > 0


def main() -> None:
    """Judge the chosen faults and print what survives."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--vendor")
    parser.add_argument("--class", dest="classes", action="append", default=[])
    parser.add_argument("--fault", dest="faults", action="append", default=[])
    parser.add_argument("-n", dest="workers", type=int, default=4)
    given = parser.parse_args()
    choice = proof.Choice(vendor=given.vendor, classes=given.classes, faults=given.faults)
    made = proof.plan(choice)
    jobs = [job for job in made.jobs if job.kind == "fault"]
    came: Counter[bool] = Counter()

    def done(ran: Ran) -> None:
        row = ran.rows.get(ran.job.until)
        killed = row is not None and row.red
        came[killed] += 1
        if not killed:
            why = ran.trouble or (f"{row.outcome} {row.reason}" if row else "no verdict")
            print(f"{ran.job.faults[0]} survives {ran.job.until}: {why}", flush=True)  # noqa: T201

    with patch.object(Talk, "may_lag", property(lags)):
        farm.warm(made.vendors)
        farm.run(jobs, given.workers, done)
    print(f"{came[True]} of {came.total()} killed")  # noqa: T201
    sys.exit(min(came[False], 1))


if __name__ == "__main__":
    main()
