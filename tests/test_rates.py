"""Rates and budgets are kept by all processes of a machine together, and of several by Redis."""

import json
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest
from commandline import command
from pace import PATIENCE, wait_for, within

from receiptspec import budgets, rates, shared
from receiptspec.budgets import Spending
from receiptspec.errors import BudgetSpent, ConfigurationError, Inconclusive
from receiptspec.exchange import Secret
from receiptspec.limits import Limits
from receiptspec.reference import launch
from receiptspec.targets import Budget, Target

ROOT = Path(__file__).parent.parent
# 20 a second, and what a busy machine held back; two processes that do not share come to 40
ONE_RATE = 28
SOME = [f"--requirement={row}" for row in ("TC-GMR-01", "TC-GMR-06", "TC-GMD-01", "TC-GRR-04")]
REDIS = shutil.which("redis-server")
needs_redis = pytest.mark.skipif(
    REDIS is None, reason="no redis-server here; on Debian: apt-get install redis-server"
)


@pytest.fixture(autouse=True)
def state(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path / "state" / "receiptspec" / "rates.sqlite"


@pytest.fixture
def still(monkeypatch):
    """A clock that stands still, and what was to be slept."""
    slept = []
    monkeypatch.setattr(time, "time_ns", lambda: 1_800_000_000_000_000_000)
    monkeypatch.setattr(time, "sleep", slept.append)
    return slept


def target(url="http://127.0.0.1:9", app=1, **fields):
    return Target("t", "tencent", url=url, auth={"sdkappid": app}, **fields)


def test_few_calls_pass_at_once_and_the_rest_keep_apart(still):
    limits = Limits(target(), {"": 100})
    for _ in range(5):
        limits.wait("anything")
    assert still == [0.01, 0.02, 0.03]


def test_all_processes_share_the_rate_of_an_account_at_an_address(still):
    for _ in range(2):
        for _ in range(2):
            Limits(target(), {"": 20}).wait("")
        Limits(target(app=2), {"": 20}).wait("")
        Limits(target(url="http://127.0.0.1:10"), {"": 20}).wait("")
    assert still == [0.05, 0.1, 0.15, 0.05, 0.05]


def test_every_operation_has_its_own_rate(still):
    limits = Limits(target(), {"one": 20, "other": 1})
    for name in ("one", "other", "one", "other", "unlimited", "unlimited"):
        limits.wait(name)
    assert still == [0.05, 1.0]


@pytest.mark.parametrize(("calls", "apart"), [(100 / 60, 0.6), (1 / 60, 60.0), (0.5, 2.0)])
def test_rates_below_a_few_calls_a_second_are_exact(still, calls, apart):
    limits = Limits(target(), {"": calls})
    limits.wait("")
    limits.wait("")
    assert still == [apart]


def test_a_rate_that_the_budget_of_seconds_does_not_wait_for_says_so(still):
    limits = Limits(target(), {"": 1})
    limits.wait("", 0.5)
    with pytest.raises(BudgetSpent, match="ends before the rate allows"):
        limits.wait("", 0.5)
    limits.wait("", 1.5)  # what was refused took no place
    assert still == [1.0]


def test_a_clock_that_was_set_back_stops_nobody(still, monkeypatch):
    Limits(target(), {"": 10}).wait("")
    monkeypatch.setattr(time, "time_ns", lambda: 1_700_000_000_000_000_000)
    Limits(target(), {"": 10}).wait("")
    assert still == []


def test_a_file_that_is_none_of_ours_is_told_in_one_line(state, monkeypatch, tmp_path):
    state.parent.mkdir(parents=True)
    state.write_bytes(b"something else" * 100)
    monkeypatch.setattr(shared.tempfile, "gettempdir", lambda: str(state))
    with pytest.raises(ConfigurationError, match=r"rates.sqlite: the rates .* not a database; del"):
        rates.check([target()])


def test_a_home_that_cannot_be_written_is_made_up_for(state, monkeypatch, tmp_path, still):
    state.parent.parent.write_text("a file")
    monkeypatch.setattr(shared.tempfile, "gettempdir", lambda: str(tmp_path))
    Limits(target(), {"": 10}).wait("")
    (folder,) = tmp_path.glob("receiptspec-*")
    assert [path.name[:12] for path in folder.iterdir()][:1] == ["rates.sqlite"]
    assert folder.stat().st_mode & 0o077 == 0


def test_it_holds_no_address_and_no_account(state, still):
    Limits(target(url="http://secret-host.example", app=1400001234), {"": 10}).wait("")
    text = b"".join(path.read_bytes() for path in state.parent.iterdir())
    assert b"secret-host" not in text
    assert b"1400001234" not in text


def test_the_embedded_server_touches_no_file(state):
    Limits(Target("t", "tencent", embedded=True), {"": 1000}).wait("")
    assert not state.exists()


def test_only_a_target_that_has_rates_loads_the_limiter():
    program = (
        "import sys\n"
        "from receiptspec import cli, plugin\n"
        "from receiptspec.stage import Stage\n"
        "from receiptspec.targets import Target\n"
        "for rate in (None, 20):\n"
        "    target = Target('t', 'tencent', embedded=True, rate=rate)\n"
        "    auth = {'sdkappid': 1, 'identifier': 'a', 'key': 'k'}\n"
        "    Stage(target, origin='http://127.0.0.1:9', auth=auth).close()\n"
        "    print('pyrate_limiter' in sys.modules)\n"
    )
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=True)
    assert done.stdout.split() == ["False", "True"]


# --- budgets ------------------------------------------------------------------------------


def test_processes_spend_one_budget_and_not_a_request_more():
    program = (
        "from receiptspec.budgets import Spending\n"
        "from receiptspec.targets import Budget\n"
        "from receiptspec.errors import BudgetSpent\n"
        "purse, taken = Spending(Budget(requests=50, writes=20), 'run/t'), 0\n"
        "try:\n"
        "    while True:\n"
        "        purse.take(1, taken % 2)\n"
        "        taken += 1\n"
        "except BudgetSpent as error:\n"
        "    print(taken, error)\n"
    )
    command = [sys.executable, "-c", program]
    workers = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    said = [worker.communicate(timeout=PATIENCE)[0] for worker in workers]
    assert sum(int(line.split()[0]) for line in said) in range(40, 51)
    assert all("is used up" in line for line in said)
    assert max(int(line.split()[0]) for line in said) <= 50


def test_what_was_put_aside_can_be_given_back():
    purse = Spending(Budget(requests=3, writes=2))
    purse.take(2, 2)
    with pytest.raises(BudgetSpent, match="budget of 2 writes"):
        purse.take(1, 1)
    purse.give_back(1, 1)
    purse.take(1, 1)
    purse.take(1, 0)
    with pytest.raises(BudgetSpent, match="budget of 3 requests"):
        purse.take(1, 0)


def test_a_run_that_is_over_leaves_no_budget_behind(state):
    Spending(Budget(requests=3), "run/t").take()
    Spending(Budget(requests=3), "other/t").take(3)
    budgets.forget("run/")
    Spending(Budget(requests=3), "run/t").take(3)
    with pytest.raises(BudgetSpent):
        Spending(Budget(requests=3), "other/t").take()


# --- whole runs ---------------------------------------------------------------------------


@pytest.fixture
def reference():
    with launch() as server:
        yield server


def judged(folder, server, *options, **more):
    auth = {"sdkappid": server.sdkappid, "identifier": server.identifier, "key": server.key}
    block = {"vendor": "tencent", "url": server.url, "auth": auth, **more}
    (folder / "targets.yaml").write_text(json.dumps({"t": block}))
    arguments = ["run", "--target", "t", "--seed", "1", "--report", "out", *options]
    done = command(*arguments, cwd=folder)
    return done, json.loads((folder / "out" / "report.json").read_text())


def counted(server):
    with urllib.request.urlopen(f"{server.url}/_reference/stats", timeout=PATIENCE) as answer:  # noqa: S310
        return json.loads(answer.read())


def test_three_workers_keep_one_budget_and_say_what_it_left_out(tmp_path, reference):
    budget = {"requests": 60, "writes": 25}
    done, report = judged(tmp_path, reference, "-n", "3", budget=budget)
    stats = counted(reference)["operations"]
    writing = ("account_import", "create_group", "destroy_group", "send_group_msg", "sendmsg")
    assert sum(stats.values()) <= 60
    assert sum(stats.get(name, 0) for name in writing) <= 25
    assert "left behind" not in done.stderr
    left_out = [row for row in report["results"] if row["outcome"] == "not_exercised"]
    assert any("is used up" in row["reason"] for row in left_out), done.stdout
    assert report["summary"]["outcomes"]["fail"] == 0
    assert "too little was exercised" in done.stdout
    assert done.returncode == 0


def test_two_workers_keep_one_rate(tmp_path, reference):
    done, report = judged(tmp_path, reference, "-n", "2", *SOME, rate="20/s")
    stats = counted(reference)
    assert done.returncode == 0, done.stdout
    assert stats["requests"] >= report["run"]["requests"] > 60
    assert stats["busiest_second"] <= ONE_RATE


def test_a_budget_of_seconds_ends_a_run_in_time(tmp_path, reference):
    with within(10):
        done, report = judged(tmp_path, reference, rate="30/s", budget={"seconds": 2})
    assert done.returncode == 0
    assert "too little was exercised" in done.stdout
    assert 20 <= counted(reference)["requests"] <= 80
    reasons = {row["reason"] for row in report["results"] if row["outcome"] == "not_exercised"}
    assert any("the budget of 2 s is used up" in reason for reason in reasons)


# --- several machines ---------------------------------------------------------------------


def listens(port):
    with socket.socket() as there:
        return there.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture
def redis(tmp_path):
    """A server of its own; yields its address, which has a password, and its process."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    options = ["--port", str(port), "--save", "", "--requirepass", "canary-of-redis"]
    process = subprocess.Popen([REDIS, *options, "--dir", str(tmp_path)], stdout=subprocess.DEVNULL)
    wait_for(lambda: listens(port))
    yield f"redis://:canary-of-redis@127.0.0.1:{port}/0", process
    process.kill()
    process.wait()


@needs_redis
def test_machines_share_a_rate_by_redis(redis, monkeypatch, tmp_path):
    place = target(rate_store=Secret(redis[0]))
    rates.check([place])
    started = time.monotonic()
    for machine in range(20):
        monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / f"state-{machine}"))
        Limits(place, {"": 50}).wait("")
    assert time.monotonic() - started >= 0.36
    assert not list(tmp_path.glob("state*"))


@needs_redis
def test_a_run_keeps_its_rate_in_redis_and_shows_no_password(tmp_path, reference, redis):
    more = {"rate": "20/s", "rate_store": redis[0]}
    done, report = judged(tmp_path, reference, "-n", "2", *SOME, **more)
    assert done.returncode == 0, done.stdout
    assert counted(reference)["busiest_second"] <= ONE_RATE
    assert "canary-of-redis" not in done.stdout + done.stderr + json.dumps(report)


@needs_redis
def test_nothing_is_sent_while_redis_is_away(redis):
    limits = Limits(target(rate_store=redis[0]), {"": 1000})
    limits.wait("")
    redis[1].kill()
    redis[1].wait()
    with pytest.raises(Inconclusive, match="nothing is sent, as the target's rate_store does not"):
        limits.wait("")


@needs_redis
@pytest.mark.parametrize("address", ["redis://:canary@127.0.0.1:1", "redis://127.0.0.1:port"])
def test_a_redis_that_is_not_there_is_told_in_one_line(address):
    with pytest.raises(ConfigurationError) as told:
        rates.check([target(rate_store=address)])
    assert str(told.value).startswith("t: rate_store does not answer (")
    assert "canary" not in str(told.value)


def test_without_its_client_redis_is_told_in_one_line(monkeypatch):
    monkeypatch.setitem(sys.modules, "redis", None)
    with pytest.raises(ConfigurationError, match=r"client of Redis; .*receiptspec\[redis\]"):
        rates.check([target(rate_store="redis://127.0.0.1")])
