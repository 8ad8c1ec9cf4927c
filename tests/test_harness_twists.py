"""Faults and variants of the packaged harness: declared, and seen by the suite."""

import re

import pytest
from sweeping import red

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


#: Some of each kind; all of them are proven before a release.
SEEN = {
    "sdk-counts-swapped": "SDK-17",
    "sdk-event-with-old-unread-first": "SDK-64",
    "sdk-no-direct-events": "SDK-61",
    "sdk-member-repeated": "SDK-43",
    "sdk-signature-echoed": "SDK-74",
    "sdk-foreign-is-unread": "SDK-93",
    "sdk-plain-read-counts": "SDK-80",
    "sdk-reads-of-newest-group": "SDK-24",
}
UNSEEN = {"sdk-every-field": "SDK-11", "sdk-noise": "SDK-72"}


@pytest.fixture(scope="module")
def swept():
    jobs = [(name, "faults", row) for name, row in SEEN.items()]
    jobs += [(name, "variants", row) for name, row in UNSEEN.items()]
    common = {"vendor": "tencent-sdk", "seed": 1}
    return red(*({"name": n, k: [n], "requirements": [row], **common} for n, k, row in jobs))


@pytest.mark.parametrize("name", SEEN)
def test_the_suite_sees_a_fault(swept, name):
    assert SEEN[name] in swept[name]


@pytest.mark.parametrize("name", UNSEEN)
def test_the_suite_leaves_a_freedom_alone(swept, name):
    assert swept[name] == {}
