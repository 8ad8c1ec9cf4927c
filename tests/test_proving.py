"""The proof: its arithmetic, its covering array, its gate, and a small real one."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from pace import PATIENCE

from receiptspec import contract as contracts
from receiptspec import resources, traceability, yamltext
from receiptspec.checks.answers import WITNESSED
from receiptspec.errors import ConfigurationError
from receiptspec.findings import Outcome
from receiptspec.footprints import Footprints
from receiptspec.proving import (
    catalogue,
    changes,
    farm,
    gate,
    known,
    pairs,
    proof,
    show,
    tally,
)
from receiptspec.proving.jobs import Job, Ran, Row
from receiptspec.reference.faults import FAULTS

ROOT = Path(__file__).parent.parent
TENCENT = contracts.load("tencent")
FAULT = FAULTS["last-item-missing"]
OWN = FAULT.requirement


def ran(fault=FAULT, kind="fault", **rows):
    made = {name.replace("_", "-"): row for name, row in rows.items()}
    return Ran(Job(f"{kind} x", kind, "tencent", faults=(fault.name,)), made, 20, 0.5)


def row(outcome, *signatures, after=None):
    return Row(Outcome(outcome), "because", 3, signatures, signatures, after)


def entry(own="fail", smoke="pass", fault=FAULT, **others):
    """Return the entry of a fault by the outcome of its row alone, and in a smoke run."""
    name = fault.requirement.replace("-", "_")
    alone = ran(fault, **{name: row(own, "s", after=7)})
    seen = row(smoke, "s", after=None if smoke == "pass" else 12)
    return tally.fault_entry(fault, alone, ran(fault, "smoke", **{name: seen}, **others), TENCENT)


# --- the covering array ---------------------------------------------------------------------


def test_a_cover_holds_every_pair_of_settings():
    factors = pairs.choices([f"v{i}" for i in range(14)], [{"v1", "v2", "v3"}, {"v5", "v6"}])
    assert len(factors) == 11
    rows = pairs.cover(factors)
    assert pairs.uncovered(factors, rows) == {
        pair for pair in pairs.uncovered(factors, rows) if not pair[0][1] and not pair[1][1]
    }
    assert len(rows) < 20
    for row_ in rows:
        assert len({"v1", "v2", "v3"} & set(row_)) <= 1


def test_what_is_to_be_apart_never_comes_together():
    factors = pairs.choices("abcd", [])
    rows = pairs.cover(factors, [frozenset("ab")])
    assert not any({"a", "b"} <= set(row_) for row_ in rows)
    together = {frozenset((a, b)) for row_ in rows for a in row_ for b in row_ if a != b}
    assert len(together) == 5


@pytest.mark.parametrize("vendor", contracts.vendors())
def test_the_variants_are_covered(vendor):
    rules = known.alternatives(vendor)
    names = [variant.name for variant in catalogue.variants().values() if variant.vendor == vendor]
    named = {name for group in (*rules.groups, *rules.apart) for name in group}
    assert named <= set(names)
    factors = pairs.choices(names, rules.groups)
    left = pairs.uncovered(factors, pairs.cover(factors, rules.apart))
    both = {frozenset((a[1], b[1])) for a, b in left if a[1] and b[1]}
    assert both <= rules.apart


# --- sums -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("own", "others", "level", "status"),
    [
        ("fail", {}, "MUST", "killed"),
        ("warning", {}, "SHOULD", "killed"),
        ("warning", {}, "MUST", "survived"),
        ("pass", {"TC_GMR_01": row("fail")}, "MUST", "elsewhere"),
        ("pass", {}, "MUST", "survived"),
        ("not_exercised", {}, "MUST", "survived"),
        ("inconclusive", {}, "MUST", "broken"),
        ("error", {"TC_GMR_01": row("fail")}, "MUST", "broken"),
    ],
)
def test_only_the_own_row_kills(own, others, level, status):
    found = entry(own, fault=replace(FAULT, level=level), **others)
    assert found["status"] == status
    assert (found["outcome"], found["reason"]) == (own, "because")


def test_other_failing_rows_are_explained_or_not():
    other = {
        "TC_GMR_01": row("fail", "s", after=3),
        "TC_GMR_08": row("fail", "t", after=4),
        "TC_GMR_09": row("warning", "u", after=9),
        "TC_GMR_10": row("pass", after=None),
    }
    found = entry(fault=replace(FAULT, also=("TC-GMR-08",)), **other)
    assert found["red"] == [OWN, "TC-GMR-01", "TC-GMR-08", "TC-GMR-09"]
    assert found["explained"] == {"TC-GMR-01": "same finding", "TC-GMR-08": "declared"}
    assert found["unexplained"] == ["TC-GMR-09"]


def test_sums_are_right():
    entries = [entry(smoke="fail"), entry("pass", TC_GMR_01=row("fail")), entry()]
    total = tally.summary(entries, [{"kind": "seed", "alarms": []}])
    assert total["statuses"] == {"killed": 2, "elsewhere": 1, "survived": 0, "broken": 0}
    assert total["by_class"] == {FAULT.cls: {"killed": 2, "total": 3}}
    assert total["by_level"] == {"MUST": {"killed": 2, "total": 3}}
    assert total["failing_per_fault"] == 1.0
    assert total["requests_to_first_failure"] == {"median": 7, "p95": 7}
    assert total["smoke"] == {
        "killed": 1,
        "total": 3,
        "by_vendor": {"tencent": {"killed": 1, "total": 3}},
        "curve": [[5, 0], [10, 0], [12, 1]],
    }


def test_percentiles_are_values_that_were_measured():
    assert tally.percentile(range(1, 101), 95) == 95
    assert tally.percentile([3, 1, 2], 50) == 2
    assert tally.percentile([], 50) is None


def test_alarms_hold_whatever_is_not_conforming():
    quiet = ran(kind="seed", TC_GMR_01=row("pass"), TC_GMR_05=row("observed"))
    assert tally.alarms(quiet)["alarms"] == []
    loud = ran(kind="seed", TC_GMR_01=row("warning"), TC_GMR_05=row("inconclusive"))
    assert [a["requirement"] for a in tally.alarms(loud)["alarms"]] == ["TC-GMR-01", "TC-GMR-05"]
    assert tally.alarms(replace(quiet, trouble="died"))["alarms"][0]["reason"] == "died"


# --- the gate -------------------------------------------------------------------------------


def document(entries, conforming=(), rows=()):
    made = {
        "summary": tally.summary(entries, conforming),
        "faults": entries,
        "conforming": list(conforming),
        "rows": list(rows),
    }
    return made, {rule["rule"]: rule["holds"] for rule in gate.judge(made)}


def test_the_gate_holds_when_all_is_well():
    _, rules = document([entry()], [tally.alarms(ran(kind="seed", TC_GMR_01=row("pass")))])
    assert all(rules.values())
    assert len(rules) == 5


def test_the_gate_breaks_on_each_rule():
    noisy = entry(TC_GMR_09=row("fail", "u"))
    alarm = tally.alarms(ran(kind="seed", TC_GMR_01=row("fail")))
    rows = {"vendor": "tencent", "judged": 2, "proven": 1, "unproven": ["TC-GMR-01"]}
    rows |= {"wrongly_unbreakable": []}
    _, rules = document([entry("pass"), noisy, noisy], [alarm], [rows])
    assert not any(rules.values())


def test_every_unbreakable_row_is_judged_and_has_no_fault():
    for vendor in contracts.vendors():
        listed = known.unbreakable(vendor)
        rows = tally.rows_entry(vendor, [], listed)
        assert rows["wrongly_unbreakable"] == []
        broken = {
            fault.requirement for fault in catalogue.faults().values() if fault.vendor == vendor
        }
        assert not broken & set(listed)
        assert all(listed.values())


def test_every_consequence_is_a_row_that_is_judged():
    for vendor in contracts.vendors():
        contract = contracts.load(vendor)
        for row in contract.requirements:
            others = known.consequences(vendor, row.id)
            assert row.id not in others
            assert all(contract.requirement(name).check for name in others)


# --- jobs -----------------------------------------------------------------------------------


def test_a_fault_is_tried_on_its_own_row_and_in_a_whole_smoke_run():
    alone, smoke = proof.plan(proof.Choice(faults=(FAULT.name,))).jobs
    assert (alone.requirements, alone.until, alone.profile) == ((OWN,), OWN, "standard")
    assert (smoke.requirements, smoke.until, smoke.profile) == ((), "", "smoke")
    assert alone.faults == smoke.faults == (FAULT.name,)


def test_a_plan_holds_everything():
    made = proof.plan(proof.Choice())
    kinds = [job.kind for job in made.jobs]
    assert kinds.count("fault") == kinds.count("smoke") == len(catalogue.faults())
    assert kinds.count("footprint") == len(made.vendors)
    assert kinds.count("variant") == len(catalogue.variants())
    assert kinds.count("seed") >= len(made.vendors)
    for vendor in made.vendors:
        runs = [
            j for j in made.jobs if j.vendor == vendor and j.kind in ("variant", "pairs", "seed")
        ]
        assert len({job.seed for job in runs}) == proof.SEEDS
    assert kinds.count("pairs") >= 8
    assert len({job.name for job in made.jobs}) == len(made.jobs)


def test_a_choice_narrows_down():
    made = proof.plan(proof.Choice(classes=("paging",)))
    assert {fault.cls for fault in made.faults} == {"paging"}
    assert made.variants == []
    made = proof.plan(proof.Choice(variants=("gzip",)))
    assert [job.kind for job in made.jobs] == ["variant"]


@pytest.mark.parametrize(
    "choice",
    [{"vendor": "nobody"}, {"faults": ["no-such"]}, {"variants": ["no"]}, {"classes": ["none"]}],
)
def test_what_does_not_exist_is_a_mistake_of_the_user(choice):
    with pytest.raises(ConfigurationError):
        proof.plan(proof.Choice(**choice))


# --- what changed ---------------------------------------------------------------------------

SUITE = """
import pytest
from receiptspec.checks import paging as checks, receipts

def helper(case):
    return {value}

@pytest.mark.check("one")
def test_one(case):
    helper(case)

@pytest.mark.check("two")
def test_two(case):
    checks.flags(case)
"""


def test_a_check_is_touched_by_its_function_its_helpers_and_its_modules():
    now = SUITE.replace("{value}", "2")
    assert changes.touched(now, now, set()) == set()
    assert changes.touched(SUITE.replace("{value}", "1"), now, set()) == {"one"}
    assert changes.touched(now, now, {"paging"}) == {"two"}
    assert changes.touched("", now, set()) == {"one", "two"}


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="needs a checkout")
def test_an_unknown_revision_is_a_mistake_of_the_user():
    with pytest.raises(ConfigurationError):
        changes.requirements("no-such-revision", ["tencent"])
    assert isinstance(changes.requirements("HEAD", ["tencent"]), frozenset)


# --- for real -------------------------------------------------------------------------------


def test_a_forked_server_is_a_server():
    code = (
        "from receiptspec.reference import Settings, launcher\n"
        "import receiptspec.reference.serving, os\n"
        "launcher.prefork()\n"
        "with launcher.launch(Settings(faults=['utf16-answer'])) as server:\n"
        "    assert server.alive and server.pid != os.getpid() and server.url\n"
        "assert not server.alive\n"
        "launcher.prefork()\n"
        "try: launcher.launch(Settings(faults=['no-such']))\n"
        "except launcher.ConfigurationError as error: print(error)\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
        env=environment,
    )
    assert "no fault 'no-such'" in done.stdout, done.stderr


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """Return the exit status and the document of a proof, with one fault that nothing sees."""
    directory = tmp_path_factory.mktemp("proof")
    code = (
        "import sys\n"
        "from dataclasses import replace\n"
        "from receiptspec.reference import faults\n"
        "from receiptspec import cli\n"
        "blind = replace(faults.FAULTS['read-count-missing-at-zero'], name='seen-by-nobody',\n"
        "                answer=None, knobs={}, refuses=None)\n"
        "faults.FAULTS['seen-by-nobody'] = blind\n"
        "cli.main(sys.argv[1:])\n"
    )
    arguments = ["prove", "--gate", "--profile", "smoke", "--report", str(directory), "-n", "2"]
    for name in ("read-count-missing-at-zero", "status-400-on-refusal", "seen-by-nobody"):
        arguments += ["--fault", name]
    for name in ("gzip", "sender-counts"):
        arguments += ["--variant", name]
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert (directory / "prove.json").exists(), done.stderr
    return done, json.loads((directory / "prove.json").read_text("utf-8")), directory


def test_a_real_proof_kills_faults_and_spares_freedoms(small):
    done, found, _ = small
    statuses = {fault["name"]: fault["status"] for fault in found["faults"]}
    assert statuses["read-count-missing-at-zero"] == "killed"
    assert statuses["status-400-on-refusal"] == "killed"
    assert [run["alarms"] for run in found["conforming"]] == [[], []]
    assert found["summary"]["smoke"]["killed"] >= 1
    assert "read-count-missing-at-zero" not in done.stdout
    assert found["rows"] == []


def test_a_fault_that_nobody_sees_survives_and_breaks_the_gate(small):
    done, found, directory = small
    blind = next(fault for fault in found["faults"] if fault["name"] == "seen-by-nobody")
    assert (blind["status"], blind["outcome"], blind["red"]) == ("survived", "pass", [])
    assert done.returncode == 1
    assert "seen-by-nobody" in done.stdout
    assert "| seen-by-nobody |" in (directory / "prove.md").read_text("utf-8")


def test_a_proof_has_its_published_form(small):
    schema = json.loads(resources.path("schemas/prove.schema.json").read_text("utf-8"))
    Draft202012Validator.check_schema(schema)
    _, found, _ = small
    assert [error.message for error in Draft202012Validator(schema).iter_errors(found)] == []
    assert show.markdown(found).startswith("# Proof")


def test_a_job_that_dies_is_told():
    ended = []
    job = Job("fault dies", "fault", "nobody", faults=("utf16-answer",))
    farm.run([job], 1, ended.append)
    assert ended[0].trouble


def test_a_job_that_takes_too_long_is_ended_and_told():
    ended = []
    job = Job("seed 1 tencent", "seed", "tencent", patience=0.0)
    farm.run([job], 1, ended.append)
    assert ended[0].trouble == "took over 0 s"


def test_short_jobs_share_what_was_collected_and_come_to_the_same():
    faults = ("read-count-missing-at-zero", "utf16-answer")
    ended = {}
    made = [
        Job(f"{kind} {fault}", kind, "tencent", faults=(fault,), profile="smoke")
        for kind in ("smoke", "test")  # the latter collects for itself
        for fault in faults
    ]
    farm.run(made, 2, lambda ran: ended.update({ran.job.name: ran}))
    for fault in faults:
        alone, together = ended[f"test {fault}"], ended[f"smoke {fault}"]
        assert (alone.trouble, together.trouble) == ("", "")
        assert together.red
        assert together.red == alone.red
        assert together.requests == alone.requests


def test_jobs_that_only_wait_run_beside_those_that_compute():
    made = [Job(f"job {i}", "seed", "tencent", weight=i, waits=i % 2 == 0) for i in range(6)]
    running = made[2:4]
    waiting = [*made[:2], *made[4:]]
    assert farm._next(waiting, [], 1) is made[5]
    assert farm._next(waiting, running[1:], 1) is made[4]
    assert farm._next(waiting, running, 1) is made[4]
    assert farm._next(waiting, [*running, *3 * running[:1]], 1) is None
    assert farm._next(waiting, running, 2) is made[5]


def test_what_survives_beside_others_is_tried_again_by_itself(monkeypatch):
    names = ("last-item-missing", "utf16-answer")
    turns = []

    def run(jobs, workers, done):
        turns.append((workers, [job.name for job in jobs]))
        for job in jobs:
            killed = job.faults[0] == names[0] or len(turns) > 1
            outcome = Outcome.FAIL if killed else Outcome.PASS
            done(Ran(job, {FAULTS[job.faults[0]].requirement: Row(outcome)}))

    monkeypatch.setattr(farm, "run", run)
    monkeypatch.setattr(farm, "warm", lambda _: None)
    found = proof.prove(proof.Choice(faults=names), workers=3)
    assert [workers for workers, _ in turns] == [3, 1]
    assert turns[1][1] == [f"fault {names[1]}"]
    assert [entry["status"] for entry in found["faults"]] == ["killed", "killed"]


def test_short_jobs_run_beside_conforming_ones():
    seed, fault = (Job(kind, kind, "tencent") for kind in ("seed", "fault"))
    assert farm._next([fault], [seed], 1) is fault
    assert farm._next([seed], [fault], 1) is seed
    assert farm._next([fault], [fault], 1) is None


# --- what to test first ---------------------------------------------------------------------


def test_rows_are_put_in_order_by_what_was_killed_and_by_what_they_cost():
    costs = Footprints({"TC-GMR-01": 5, "TC-GMR-08": 2, "TC-GMR-09": 9, "TC-GEN-01": 0})
    faults = [
        {"requirement": name, "status": status}
        for name, status in (
            ("TC-GMR-01", "killed"),
            ("TC-GMR-08", "survived"),
            ("TC-GMR-09", "killed"),
            ("TC-GMR-09", "killed"),
        )
    ]
    found = tally.order(faults, {"tencent": costs})
    assert found == {"tencent": ["TC-GMR-09", "TC-GMR-01", "TC-GMR-08"]}


def test_the_committed_order_names_rows_that_send_requests():
    order = yamltext.load(resources.path("suites/order.yaml")).data
    assert sorted(order) == sorted(contracts.vendors())
    for vendor, rows in order.items():
        assert len(rows) == len(set(rows))
        checks = {contracts.load(vendor).requirement(row).check for row in rows}
        assert checks <= set(traceability.checks()) - set(WITNESSED)
