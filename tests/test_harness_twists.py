"""Faults and variants of the packaged harness: declared, and seen by the suite."""

import json
import re
import subprocess
import sys

import pytest
from pace import PATIENCE

from receiptspec import contract
from receiptspec.errors import ConfigurationError
from receiptspec.findings import Level
from receiptspec.reference import check_harness
from receiptspec.reference.harness import __main__ as program
from receiptspec.reference.harness.knobs import DEFAULTS
from receiptspec.reference.harness.twists import FAULTS, METHODS, VARIANTS, knobs

CONTRACT = contract.load("tencent-sdk")
ALL = {**FAULTS, **VARIANTS}


@pytest.mark.parametrize("name", ALL)
def test_every_twist_is_declared_in_full(name):
    twist = ALL[name]
    assert re.fullmatch(r"sdk-[a-z0-9-]+", name)
    assert CONTRACT.requirement(twist.requirement)
    assert twist.shows
    assert twist.knobs.keys() <= DEFAULTS.keys()
    assert all(map(CONTRACT.requirement, twist.also))
    assert twist.requirement not in twist.also
    assert bool(twist.cls) == (name in FAULTS)


def test_there_are_many():
    assert len(FAULTS) >= 20
    assert len(VARIANTS) >= 6


def test_every_promise_has_a_fault():
    broken = {fault.requirement for fault in FAULTS.values()}
    judged = {row.id for row in CONTRACT.requirements if row.check and row.level is not Level.MAY}
    assert judged - broken == set()


def test_names_that_are_not_known_are_refused(capsys):
    with pytest.raises(ConfigurationError, match="no fault 'sdk-nothing'"):
        check_harness(["sdk-nothing"], [])
    with pytest.raises(KeyError):
        knobs([], ["sdk-nothing"])
    assert program.main(["--fault", "sdk-nothing"]) == 4
    assert "sdk-nothing" in capsys.readouterr().err


def test_every_method_of_the_protocol_is_served():
    from receiptspec.reference.harness.client import _METHODS

    assert set(_METHODS) == METHODS


#: Some of each kind, and how the run ends; all of them are swept before a release.
RUN = {
    "sdk-counts-swapped": ("SDK-17", 1),
    "sdk-events-twice": ("SDK-64", 0),
    "sdk-no-direct-events": ("SDK-61", 1),
    "sdk-member-repeated": ("SDK-43", 1),
    "sdk-signature-echoed": ("SDK-74", 1),
    "sdk-sender-waits": ("SDK-92", 1),
    "sdk-foreign-is-unread": ("SDK-93", 1),
    "sdk-sender-listed": ("SDK-94", 1),
    "sdk-plain-read-counts": ("SDK-80", 1),
    "sdk-reads-of-newest-group": ("SDK-24", 1),
    "sdk-every-field": ("SDK-11", 0),
    "sdk-noise": ("SDK-72", 0),
}


@pytest.mark.parametrize("name", RUN)
def test_the_suite_sees_what_a_twist_does(name, tmp_path):
    row, status = RUN[name]
    kind = "faults" if name in FAULTS else "variants"
    file = tmp_path / "targets.yaml"
    file.write_text(
        "t:\n  vendor: tencent-sdk\n  embedded: true\n  consistency: 500ms\n"
        f"  harness: {{reference: true, {kind}: [{name}]}}\n"
    )
    command = [sys.executable, "-m", "receiptspec", "run", "--targets", str(file), "--target", "t"]
    command += ["--requirement", row, "--seed", "1", "--report", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
    results = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))["results"]
    outcomes = {entry["requirement"]: entry["outcome"] for entry in results}
    caught = outcomes[row] in ("fail", "warning")
    assert (caught, done.returncode) == (name in FAULTS, status), done.stdout
