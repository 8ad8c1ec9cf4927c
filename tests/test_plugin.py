import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from commandline import command
from pace import PATIENCE, wait_for

from receiptspec import plugin
from receiptspec.case import Nonconformity
from receiptspec.errors import BudgetSpent, Inconclusive, NotExercised
from receiptspec.findings import Finding

ROOT = Path(__file__).parent.parent
KEY = "the-key-that-no-output-may-show-0123456789"
TARGETS = """
sound: {vendor: tencent, embedded: true}
lossy: {vendor: tencent, embedded: {faults: [list-missing, query-in-header]}}
"""


def start(arguments, *, cwd=ROOT, **options):
    return subprocess.Popen(
        [sys.executable, "-m", *map(str, arguments)],
        cwd=cwd,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **options,
    )


def finished(arguments, **options):
    process = start(arguments, **options)
    try:
        out, err = process.communicate(timeout=PATIENCE)
    finally:
        process.kill()
    return process.returncode, out, err


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    folder = tmp_path_factory.mktemp("plugin")
    (folder / "targets.yaml").write_text(TARGETS)
    return folder


@pytest.fixture(scope="module")
def environment(base):
    storage = {"HYPOTHESIS_STORAGE_DIRECTORY": str(base / "hypothesis")}
    return {**os.environ, "RECEIPTSPEC_REFERENCE_KEY": KEY, **storage}


@pytest.fixture(scope="module")
def in_checkout(base, environment):
    """Run plain pytest in the checkout."""

    def run(*arguments, report=None):
        options = [f"--targets={base / 'targets.yaml'}", "-p", "no:cacheprovider"]
        options += [f"--report={base / report}"] if report else []
        return finished(["pytest", *options, *arguments], env=environment)

    return run


def written(base, name):
    return json.loads((base / name / "report.json").read_text(encoding="utf-8"))


def outcomes(report):
    return {(r["target"], r["requirement"]): r["outcome"] for r in report["results"]}


# --- plain pytest -------------------------------------------------------------------------


def test_plain_pytest_in_a_checkout_judges_a_target(in_checkout, base):
    options = ["--target", "sound", "--requirement", "TC-GMR-17", "--profile", "smoke", "-v"]
    code, out, err = in_checkout(*options, report="plain")
    assert (code, err) == (0, "")
    assert "target sound (Tencent Chat" in out
    assert re.search(r"\[sound-TC-GMR-17\] PASSED", out)
    assert re.search(r"\b1 passed", out)
    assert "sound: conforms" in out
    assert outcomes(written(base, "plain")) == {("sound", "TC-GMR-17"): "pass"}


def test_plain_pytest_judges_a_target_from_a_project_of_the_users_own(tmp_path, base, environment):
    package = tmp_path / "installed" / "receiptspec"
    shutil.copytree(ROOT / "receiptspec", package, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("schemas", "suites"):
        shutil.copytree(ROOT / name, package / name, ignore=shutil.ignore_patterns("__pycache__"))
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "test_mine.py").write_text("def test_mine():\n    raise AssertionError\n")
    chosen = ["-p", "receiptspec.plugin", "--target=sound", f"--targets={base / 'targets.yaml'}"]
    chosen += ["--requirement=TC-GMR-17", "--profile=smoke", "-p", "no:cacheprovider"]
    env = {**environment, "PYTHONPATH": str(package.parent)}
    code, out, err = finished(["pytest", *chosen], cwd=mine, env=env)
    assert (code, err) == (0, ""), out
    assert re.search(r"\b1 passed", out)
    assert "sound: conforms" in out


def test_a_suite_without_a_target_says_what_is_missing(in_checkout):
    code, out, err = in_checkout("suites/test_rejection.py")
    assert code != 0
    assert "--target" in out + err
    assert "Traceback" not in out + err


def test_an_unknown_target_ends_in_one_line_and_status_4(in_checkout):
    code, out, err = in_checkout("--target", "sonud")
    assert code == 4
    assert "no target 'sonud'" in err
    assert "sound" in err
    assert "Traceback" not in out + err


@pytest.fixture
def beside(tmp_path, base, environment):
    """Run plain pytest over a row of the suites and a test of the user's own."""

    def run(text, *options):
        (tmp_path / "test_mine.py").write_text(text)
        chosen = [f"--targets={base / 'targets.yaml'}", "--target=sound", "--profile=smoke"]
        chosen += ["--requirement=TC-GMR-17", "-p", "receiptspec.plugin", "-p", "test_mine"]
        places = ["--rootdir", ROOT, "-c", ROOT / "pyproject.toml", tmp_path / "test_mine.py"]
        env = {**environment, "PYTHONPATH": f"{ROOT}{os.pathsep}{tmp_path}"}
        suite = ROOT / "suites" / "test_rejection.py"
        return finished(["pytest", *chosen, *options, *places, suite], cwd=tmp_path, env=env)

    return run


def test_a_test_of_the_users_own_that_fails_is_not_forgotten(beside):
    code, out, err = beside("def test_mine():\n    assert not 'mine'\n")
    assert code == 1, out + err
    assert "1 failed, 1 passed" in out
    assert "sound: conforms" in out


def test_a_test_of_the_users_own_that_kills_its_workers_fails_the_run(beside):
    code, out, err = beside("import os\ndef test_mine():\n    os._exit(3)\n", "-n", "2")
    assert code == 1, out + err
    assert "INTERNALERROR" not in out + err
    assert "sound: conforms" in out


def test_a_row_whose_preparation_fails_is_an_error(beside):
    code, out, err = beside(
        "import pytest\n"
        "@pytest.fixture(autouse=True)\n"
        "def prepared(request):\n"
        "    assert 'GMR-17' not in request.node.nodeid, 'not prepared'\n"
        "def test_mine():\n"
        "    pass\n"
    )
    assert code == 3, out + err
    assert "setup failed: AssertionError: not prepared" in out, out


def test_a_row_that_is_chosen_alone_is_collected_alone(in_checkout):
    options = ["--target", "sound", "--target", "lossy", "--requirement", "TC-GMR-17"]
    _, out, _ = in_checkout(*options, "--collect-only", "-q")
    assert sorted(re.findall(r"\[(.+)\]", out)) == ["lossy-TC-GMR-17", "sound-TC-GMR-17"]


def test_a_failing_property_test_shows_no_credentials(in_checkout, base):
    options = ["--target", "lossy", "--requirement", "TC-GMR-01", "--seed", "3", "--capture=no"]
    code, out, err = in_checkout(*options, "-vv", "--tb=long", "--showlocals", report="lossy")
    assert code == 1
    assert outcomes(written(base, "lossy")) == {("lossy", "TC-GMR-01"): "fail"}
    assert "FAIL TC-GMR-01 MUST on lossy" in out
    assert "test_every_documented_question_is_answered" in out
    report = (base / "lossy" / "report.json").read_text(encoding="utf-8")
    for text in (out, err, report):
        assert KEY not in text
        assert not re.search(r"e[AJN][A-Za-z0-9*\-_+/%]{40,}", text)


# --- the same again -----------------------------------------------------------------------


@pytest.fixture(scope="module")
def smoke(base, environment):
    """Reports of a smoke run with one seed: twice in one process, once in two."""
    ways = {"first": [], "second": [], "two": ["-n", "2"]}

    def go(name):
        command = ["receiptspec", "run", "--target", "sound", "--profile", "smoke", "--seed", "11"]
        result = finished([*command, *ways[name], "--report", name], cwd=base, env=environment)
        return result, written(base, name)

    with ThreadPoolExecutor(2) as pool:
        return dict(zip(ways, pool.map(go, ways), strict=True))


def test_the_reference_conforms_in_the_smoke_profile(smoke):
    (code, out, _), report = smoke["first"]
    assert code == 0, out
    assert report["summary"]["outcomes"]["pass"] > 50
    assert report["summary"]["outcomes"]["warning"] == 0


def test_the_same_seed_gives_the_same_outcomes_and_requests(smoke):
    first, second = (smoke[name][1] for name in ("first", "second"))
    assert outcomes(first) == outcomes(second)
    assert first["run"]["requests"] == second["run"]["requests"]
    assert first["run"]["seed"] == second["run"]["seed"] == 11


def test_two_workers_find_what_one_process_finds(smoke):
    (code, out, _), report = smoke["two"]
    assert code == 0, out
    alone = outcomes(smoke["first"][1])
    together = outcomes(report)
    assert together.keys() == alone.keys()
    assert {row: (alone[row], now) for row, now in together.items() if alone[row] != now} == {}


# --- interruption -------------------------------------------------------------------------


def test_an_interrupted_run_exits_2_and_leaves_no_server(base, environment):
    command = ["receiptspec", "run", "--target", "sound", "--profile", "exhaustive"]
    options = {"cwd": base, "env": environment, "start_new_session": True}
    process = start([*command, "--report", "interrupted"], **options)
    try:
        assert "target sound" in process.stdout.readline()
        servers = wait_for(lambda: children(process.pid))
        time.sleep(1)
        assert process.poll() is None
        os.kill(process.pid, signal.SIGINT)
        out, err = process.communicate(timeout=PATIENCE)
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
        process.stderr.close()
    assert process.returncode == 2
    assert "Traceback" not in out + err
    report = written(base, "interrupted")
    assert report["run"]["exit_code"] == 2
    assert report["summary"]["outcomes"]["error"] == 0
    reasons = {row["reason"] for row in report["results"]}
    assert "the run ended before this" in reasons
    assert "not part of this run" not in reasons
    assert wait_for(lambda: not any(Path(f"/proc/{pid}").exists() for pid in servers))


def children(parent):
    try:
        return Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    except FileNotFoundError:
        pytest.skip("no /proc here")


@pytest.mark.parametrize(
    ("server", "status"),
    [("{variants: [replicas]}", 0), ("{variants: [gzip], faults: [walks-share-their-place]}", 1)],
)
def test_views_that_lag_are_looked_at_again_and_nothing_else_is_excused(tmp_path, server, status):
    """Views may lag here: what is wrong for a while is excused, what stays wrong is not."""
    (tmp_path / "targets.yaml").write_text(
        f"t: {{vendor: tencent, embedded: {server}, consistency: 600ms}}\n"
    )
    rows = [f"--requirement={row}" for row in ("TC-GMD-08", "TC-GMD-14", "TC-GMD-34")]
    out = ["--seed", "1", "--report", "out"]
    done = command("run", "--target", "t", *rows, *out, cwd=tmp_path)
    assert done.returncode == status, done.stdout
    assert ("FAIL TC-GMD-08" in done.stdout) is bool(status)
    (target,) = json.loads((tmp_path / "out" / "report.json").read_text())["targets"]
    assert target["waiting"]["window_s"] == 0.6
    assert target["waiting"]["spent_s"] > 0.6


class Looks:
    """A test that ends so, one look after the other."""

    def __init__(self, *ends):
        self.ends, self.noted, self.confirmed, self.cleared = list(ends), [], [], []
        self.findings = (FOUND,)
        self.observations = ["of the first look"]
        self.requirement = SimpleNamespace(id="TC-GMR-09")
        self.stage = SimpleNamespace(
            calmly=lambda _: nullcontext(),
            confirm=self.confirmed.extend,
            clear=lambda: self.cleared.append(True),
        )

    def again(self):
        self.findings, self.observations = (), []

    def observe(self, what, seen):
        self.noted.append((what, seen))

    def runtest(self):
        end = self.ends.pop(0)
        if end is Nonconformity:
            self.findings = (replace(FOUND, message="found again"),)
        if end is not None:
            raise end("as it ended")


FOUND = Finding("found at first", "$", "1", "2", "read:+1:+0")
STANDS, AGAIN, EXCUSED = "found at first", "found again", None


@pytest.mark.parametrize(
    ("ends", "verdict"),
    [
        ((None,), EXCUSED),
        ((Nonconformity,), AGAIN),
        ((NotExercised, None), EXCUSED),
        ((Inconclusive, Nonconformity), AGAIN),
        ((NotExercised, Inconclusive), STANDS),
    ],
)
def test_a_second_look_without_a_verdict_is_made_once_more(ends, verdict):
    test = Looks(*ends)
    if verdict is EXCUSED:
        plugin._looked_at_again(test, test)
        assert test.noted == [("two views of the same", "differ for a while")]
    else:
        with pytest.raises(Nonconformity):
            plugin._looked_at_again(test, test)
        assert [finding.message for finding in test.findings] == [verdict]
    assert not test.ends
    assert bool(test.confirmed) is (verdict is AGAIN)
    assert bool(test.cleared) is (verdict is EXCUSED)


@pytest.mark.parametrize("ends", [(BudgetSpent,), (NotExercised, BudgetSpent)])
def test_what_nothing_is_left_to_look_at_again_with_is_not_blamed(ends):
    test = Looks(*ends)
    with pytest.raises(BudgetSpent):
        plugin._looked_at_again(test, test)
    assert not test.ends
    assert not test.findings
    assert not test.confirmed
    assert not test.cleared
