"""Several workers, or several machines, come to the report that one process comes to."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from commandline import command
from hostile import Hostile
from pace import PATIENCE, wait_for

from receiptspec import contract, traceability
from receiptspec.errors import ConfigurationError
from receiptspec.reference import launch
from receiptspec.run import Shard, prepare
from receiptspec.targets import Budget

ROOT = Path(__file__).parent.parent
FAULTS = "usersig-in-reason, group-id-not-needed"
#: Rows of both vendors whose checks share scenes, and some that only look at what went by.
ROWS = [
    *(f"TC-GMR-{number:02}" for number in (1, 2, 3, 5, 10, 16, 17)),
    *("TC-GEN-05", "TC-C2C-01"),
    *("SEC-01", "VE-GMRR-33", "VE-GMRR-76"),
]
#: Rows that write what others must not meet, and rows that read what others have written.
NEIGHBOURS = [
    *("SEC-01", "SEC-02", "TC-GEN-01", "TC-GEN-07", "TC-GMR-01", "TC-ROM-01", "TC-SND-01"),
    *("VE-GMRR-01", "VE-GMRR-29", "VE-GMRR-33"),
]
TARGETS = f"""
broken: {{vendor: tencent, embedded: {{faults: [{FAULTS}]}}, consistency: 300ms}}
volcengine: {{vendor: volcengine, embedded: true}}
"""
CHOSEN = [f"--target={name}" for name in ("broken", "volcengine")]


def start(folder, *arguments, **options):
    return subprocess.Popen(
        [sys.executable, "-m", "receiptspec", *map(str, arguments)],
        cwd=folder,
        env={
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "XDG_STATE_HOME": str(folder / "state"),
            **options.pop("env", {}),
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **options,
    )


def alone(folder, *arguments):
    done = command(*arguments, cwd=folder, env={"XDG_STATE_HOME": str(folder / "state")})
    return done.returncode, done.stdout, done.stderr


def finish(process):
    late = False
    try:
        out, err = process.communicate(timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        late = True
    finally:
        process.kill()
    if late:  # what is printed says who waits for whom
        out, err = process.communicate()
        pytest.fail(f"the run did not end: {out}{err}")
    assert "Traceback" not in out + err, err
    return process.returncode, out, err


def outcomes(report):
    return {(row["target"], row["requirement"]): row["outcome"] for row in report["results"]}


def kinds(report):
    return {
        (row["target"], row["requirement"], finding["signature"])
        for row in report["results"]
        for finding in row["findings"]
    }


def read(file):
    return json.loads(file.read_text(encoding="utf-8"))


# --- who does what ------------------------------------------------------------------------


def test_every_group_is_of_exactly_one_shard():
    sizes = {f"t:test_{number}.py": number % 7 + 1 for number in range(40)}
    for of in (1, 2, 3, 7, 50):
        parts = [Shard(number, of).pick(sizes) for number in range(1, of + 1)]
        assert sorted(name for part in parts for name in part) == sorted(sizes)
        loads = [sum(sizes[name] for name in part) for part in parts]
        assert max(loads) - min(loads) <= 7


def test_shards_spend_a_budget_together():
    budget = Budget(requests=100, writes=2, seconds=9)
    parts = [Shard(number, 3).part(budget) for number in (1, 2, 3)]
    assert [part.requests for part in parts] == [34, 33, 33]
    assert [part.writes for part in parts] == [1, 1, 0]
    assert {part.seconds for part in parts} == {9}


@pytest.mark.parametrize("profile", ["smoke", "standard"])
@pytest.mark.parametrize("requests", [1, 2, 151])
def test_shards_never_exceed_a_budget(tmp_path, profile, requests):
    file = tmp_path / "targets.yaml"
    file.write_text(f"t: {{vendor: tencent, embedded: true, budget: {{requests: {requests}}}}}")
    runs = [
        prepare(file=str(file), names=["t"], profile=profile, shard=f"{number}/2", seed=1)
        for number in (1, 2)
    ]
    budgets = [run.targets[0].budget.requests for run in runs]
    assert all(run.is_limited for run in runs)
    if profile == "smoke":  # where one shard does all of a target
        assert budgets == [min(requests, 150)] * 2
    else:
        assert sum(budgets) == requests


@pytest.mark.parametrize("text", ["0/3", "4/3", "1", "1/", "a/b", "1/0", "-1/2", "1/2/3", ""])
def test_what_is_no_shard_is_told_in_one_line(text):
    with pytest.raises(ConfigurationError, match=r"is no shard; like --shard 1/3, 2/3 and 3/3"):
        Shard.parse(text)


# --- runs ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """The same run in one process, by three workers, and in three shards."""
    base = tmp_path_factory.mktemp("shards")
    (base / "targets.yaml").write_text(TARGETS)
    ways = {"one": [], "workers": ["-n", "3"]}
    ways |= {f"shard-{number}": ["--shard", f"{number}/3"] for number in (1, 2, 3)}
    common = ["run", *CHOSEN, *(f"--requirement={row}" for row in ROWS), "--seed", "5"]

    def go(name):
        arguments = [*common, *ways[name], "--report", name]
        if name == "workers":  # those of a process that begins afresh
            return finish(start(base, *arguments))
        return alone(base, *arguments)

    with ThreadPoolExecutor(2) as pool:
        done = dict(zip(ways, pool.map(go, ways), strict=True))
    return base, done


def merged(base, *names, into="merged.json"):
    done = alone(base, "report", *names, "--json", into)
    assert done == (0, "", "")
    return read(base / into)


def test_workers_find_what_one_process_finds(runs):
    base, done = runs
    one, workers = read(base / "one" / "report.json"), read(base / "workers" / "report.json")
    assert done["one"][0] == done["workers"][0] == 1
    assert outcomes(workers) == outcomes(one)
    assert list(outcomes(workers)) == list(outcomes(one))


def test_workers_find_nothing_in_the_reference(tmp_path):
    file = "{one: {vendor: tencent, embedded: true}, two: {vendor: volcengine, embedded: true}}"
    (tmp_path / "targets.yaml").write_text(file)
    rows = [f"--requirement={row}" for row in NEIGHBOURS]
    done = start(tmp_path, "run", "--all", *rows, "-n", "3", "--seed", "1669938995")
    code, out, err = finish(done)
    assert code == 0, out + err


@pytest.mark.parametrize("file", ["report.json", "run.jsonl"])
def test_shards_merge_to_the_report_of_one_machine(runs, file):
    base, _ = runs
    one = read(base / "one" / "report.json")
    found = merged(base, *(f"shard-{number}/{file}" for number in (3, 1, 2)))
    assert list(outcomes(found)) == list(outcomes(one))
    assert outcomes(found) == outcomes(one)
    assert kinds(found) == kinds(one)
    assert found["summary"] == one["summary"]
    reasons = {row["requirement"]: row["reason"] for row in one["results"]}
    assert all(
        row["reason"] == reasons[row["requirement"]]
        for row in found["results"]
        if row["outcome"] in ("excluded", "not_exercised") and row["target"] == "volcengine"
    )
    assert "shard" not in found["run"]
    for name in ("seed", "profile", "strict", "complete", "exit_code"):
        assert found["run"][name] == one["run"][name], name


def test_a_shard_tells_of_its_own_rows_only(runs):
    base, _ = runs
    parts = [read(base / f"shard-{number}" / "report.json") for number in (1, 2, 3)]
    assert [part["run"]["shard"] for part in parts] == ["1/3", "2/3", "3/3"]
    for part in parts:
        unrun = [row for row in part["results"] if row["reason"] == "not part of this run"]
        assert unrun == []
        words = set(outcomes(part).values())
        assert part["run"]["exit_code"] == (1 if "fail" in words else 0)
    most = len(outcomes(merged(base, *all_of()))) * 0.6
    assert all(len(part["results"]) < most for part in parts)


def all_of():
    return [f"shard-{number}/report.json" for number in (1, 2, 3)]


def test_a_missing_shard_is_told(runs):
    base, _ = runs
    found = merged(base, "shard-1/run.jsonl", "shard-3/run.jsonl", into="part.json")
    assert (found["run"]["shard"], found["run"]["complete"]) == ("1,3/3", True)
    assert found["run"]["exit_code"] == 2
    code, out, _ = alone(base, "report", "shard-1/run.jsonl", "shard-3/run.jsonl")
    assert code == 0
    assert "only shard 1,3/3" in out
    again = merged(base, "part.json", "shard-2/report.json", into="whole.json")
    assert outcomes(again) == outcomes(merged(base, *all_of()))
    assert again["run"]["exit_code"] == 1


def test_shards_of_different_runs_are_not_merged(runs):
    base, _ = runs
    other = read(base / "shard-1" / "report.json")
    other["run"]["shard"] = "1/2"
    (base / "other.json").write_text(json.dumps(other))
    code, out, err = alone(base, "report", "other.json", "shard-2/report.json")
    assert (code, out) == (4, "")
    assert err == "receiptspec: shards 1/2, 2/3 are not of one run: these cannot be merged\n"


def test_a_wrong_shard_is_told_before_anything_is_sent(tmp_path):
    code, out, err = alone(tmp_path, "run", "--shard", "3/2")
    assert (code, out) == (4, "")
    assert err == "receiptspec: '3/2' is no shard; like --shard 1/3, 2/3 and 3/3\n"


# --- workers that die ---------------------------------------------------------------------


def children(parent):
    try:
        text = Path(f"/proc/{parent}/task/{parent}/children").read_text()
    except FileNotFoundError:
        pytest.skip("no /proc here")
    return [int(pid) for pid in text.split()]


@pytest.fixture(scope="module")
def reference():
    with launch() as server:
        yield server


def block(server, url, **more):
    auth = {"sdkappid": server.sdkappid, "identifier": server.identifier, "key": server.key}
    return {"vendor": "tencent", "url": url, "auth": auth, "consistency": "300ms", **more}


def test_a_worker_that_is_killed_is_told_and_its_work_done_again(tmp_path, reference):
    with Hostile(upstream=reference.url) as server:
        (tmp_path / "targets.yaml").write_text(json.dumps({"t": block(reference, server.url)}))
        rows = [f"--requirement={row}" for row in ROWS if row.startswith("TC")]
        common = ["run", "--target", "t", *rows, "--seed", "5"]
        process = start(tmp_path, *common, "-n", "2", "--report", "out")

        def kill():
            wait_for(lambda: len(server.seen) >= 30)
            os.kill(children(process.pid)[0], signal.SIGKILL)

        killer = threading.Thread(target=kill)
        killer.start()
        code, out, err = finish(process)
        killer.join()
        one = alone(tmp_path, *common, "--report", "alone")
    assert code == one[0] == 0, out + err
    assert outcomes(read(tmp_path / "out" / "report.json")) == outcomes(
        read(tmp_path / "alone" / "report.json")
    )
    told = [line for line in err.splitlines() if "died" in line]
    assert len(told) == 1
    assert re.fullmatch(r"receiptspec: worker gw\d died \(.*\); what it had left .*", told[0])
    journals = tmp_path / "state" / "receiptspec" / "journal"
    assert "left behind" in err or not list(journals.glob("*.jsonl"))


#: Kills whoever runs a test; who waits for what decides what a worker has left by then. Where the
#: tests were handed out so that it never comes, the waiting ends, and the report is the same.
DEADLY = """
import os, signal, sys
from contextlib import suppress
from pathlib import Path
import pytest
sys.path.insert(0, {tests!r})
from pace import wait_for

ME, WAITS = os.environ.get("PYTEST_XDIST_WORKER"), {waits!r}

def step(name):
    if ME:
        Path(__file__).with_name(name.replace(" ", "-")).touch()
        if name in WAITS:
            with suppress(AssertionError):
                wait_for(Path(__file__).with_name(WAITS[name].replace(" ", "-")).exists, 20)

def pytest_configure():
    step(str(ME) + " begins")

@pytest.hookimpl(tryfirst=True)
def pytest_collection():
    step(str(ME) + " collects")

did = []

def pytest_runtest_call(item):
    if item.path.name == "test_acceptance.py":
        did.append(item)
        step("test " + str(len(did)))
    if "TC-GMR-17]" in item.nodeid:
        step("one is to die")
        os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize(
    "waits",
    [
        pytest.param({}, id="as it comes"),
        pytest.param(
            {"test 1": "one is to die", "one is to die": "test 2"},
            id="with more left, and nobody else to do it",
        ),
        pytest.param(
            {"test 1": "gw2 collects", "gw2 collects": "gw3 begins"},
            id="while the next one collects",
        ),
    ],
)
def test_a_test_that_kills_its_workers_is_an_error_of_the_suite(tmp_path, waits):
    tests = str(Path(__file__).parent)
    (tmp_path / "deadly.py").write_text(DEADLY.format(tests=tests, waits=waits))
    names = ("TC-GMR-01", "TC-GMR-17", "TC-GEN-01")
    files = traceability.files(map(contract.load("tencent").requirement, names))
    chosen = [f"--requirement={name}" for name in names]
    env = {"PYTHONPATH": f"{ROOT}{os.pathsep}{tmp_path}"}
    plugins = ["-p", "receiptspec.plugin", "-p", "deadly", "-n", "2"]
    place = ["--rootdir", str(ROOT), "-c", str(ROOT / "pyproject.toml")]
    place += [str(ROOT / "suites" / file) for file in sorted(files)]
    options = ["--target=reference", *chosen, f"--report={tmp_path / 'out'}"]
    process = subprocess.Popen(
        [sys.executable, "-m", "pytest", *plugins, *place, *options],
        cwd=tmp_path,
        env={**os.environ, **env},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    code, out, err = finish(process)
    assert code == 3, out + err
    report = read(tmp_path / "out" / "report.json")
    assert outcomes(report) == {
        ("reference", "TC-GMR-01"): "pass",
        ("reference", "TC-GMR-17"): "error",
        ("reference", "TC-GEN-01"): "pass",
    }
    (row,) = [row for row in report["results"] if row["outcome"] == "error"]
    assert row["reason"] == "2 workers died at this test"
