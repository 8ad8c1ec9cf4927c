"""Judges many faults and freedoms, each at work alone, from one warm process."""

import json

from commandline import script

PROGRAM = """
import json, sys
from receiptspec.proving import farm
from receiptspec.proving.jobs import Job
asked = json.loads(sys.argv[1])
farm.warm({one["vendor"] for one in asked})
found = {}
jobs = [Job(kind="fault", **one) for one in asked]
farm.run(jobs, 2, lambda ran: found.update({ran.job.name: ran}))
assert not any(ran.trouble for ran in found.values()), found
print(json.dumps({
    name: {row: ran.rows[row].signatures for row in ran.red} for name, ran in found.items()
}))
"""


def red(*jobs):
    """Return the requirements that fail or warn, with their signatures, by the name of the job."""
    return json.loads(script(PROGRAM, json.dumps(jobs)))
