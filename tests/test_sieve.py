"""Smoke runs are spared where nothing in them would differ, and nowhere else."""

import pytest

from receiptspec.findings import Outcome
from receiptspec.proving import catalogue, farm, jobs
from receiptspec.proving.jobs import Job, Ran
from receiptspec.proving.sieve import Sieve
from receiptspec.reference.faults import FAULTS

FEW = list(FAULTS.values())[:3]
ENOUGH = [fault for fault in FAULTS.values() if fault.vendor == "tencent"][::80]
SLOW = FAULTS["slow-answers"]


def smokes(faults):
    return list(jobs.smokes(faults, seed=1))


def test_few_runs_are_simply_run():
    assert list(Sieve().first(smokes(FEW))) == smokes(FEW)


def test_what_is_no_smoke_run_is_run():
    others = list(jobs.faults(ENOUGH, profile="standard", seed=1))
    assert list(Sieve().first(others)) == others


def test_where_there_are_many_one_is_recorded_instead():
    first = list(Sieve().first(smokes([*ENOUGH, SLOW])))
    assert [job.name for job in first] == [f"smoke {SLOW.name}", "tape tencent"]
    assert first[1] == jobs.tape("tencent", seed=1)


def test_those_of_a_harness_are_run():
    broken = [fault for fault in catalogue.faults().values() if fault.vendor == "tencent-sdk"]
    assert len(list(Sieve().first(smokes(broken)))) == len(broken)


def test_without_a_tape_everything_is_run():
    sieve = Sieve()
    *_, tape = sieve.first(smokes(ENOUGH))
    sifted = sieve.after(Ran(tape, trouble="its process died"))
    assert (sifted.known, list(sifted.more)) == ((), smokes(ENOUGH))


def test_a_sieve_that_failed_spares_nothing():
    sieve = Sieve()
    *_, tape = sieve.first(smokes(ENOUGH))
    sieve.after(Ran(tape))
    names = tuple(fault.name for fault in ENOUGH[:5])
    sifted = sieve.after(Ran(Job("sieve 1", "sieve", "tencent", faults=names), trouble="killed"))
    assert (sifted.known, list(sifted.more)) == ((), smokes(ENOUGH[:5]))


@pytest.fixture(scope="module")
def sifted():
    """Return the runs that a real sieve spares, and those that it leaves."""
    sieve, known, left = Sieve(), {}, []

    def done(ran):
        assert not ran.trouble
        came = sieve.after(ran)
        known.update({one.job.faults[0]: one for one in came.known})
        left.extend(job.faults[0] for job in came.more if job.kind == "smoke")
        return [job for job in came.more if job.kind != "smoke"]

    farm.run(list(sieve.first(smokes(ENOUGH))), 2, done)
    return known, left


def test_each_run_is_spared_or_left(sifted):
    known, left = sifted
    assert sorted([*known, *left]) == sorted(fault.name for fault in ENOUGH)
    assert known
    assert left
    assert all(ran.processor == ran.seconds == 0 for ran in known.values())


def test_a_spared_run_would_have_come_to_the_same(sifted):
    known, _ = sifted
    ended = {}
    spared = list(known.values())[:4]
    farm.run([one.job for one in spared], 2, lambda ran: ended.update({ran.job.name: ran}))
    for one in spared:
        real = ended[one.job.name]
        assert (real.trouble, real.requests) == ("", one.requests)
        assert real.rows == one.rows
        assert Outcome.PASS in {row.outcome for row in real.rows.values()}
