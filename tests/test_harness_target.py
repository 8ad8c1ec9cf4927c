"""A target with a harness of its own, on a server that runs elsewhere."""

import json
import re
import sys
from pathlib import Path

import pytest
from commandline import command

from receiptspec import reference, targetfile
from receiptspec.errors import ConfigurationError

KEY = "a-key-that-must-not-be-seen-anywhere"
CHOSEN = ("SDK-17", "SDK-32", "SDK-43", "SDK-60", "SDK-61", "SDK-74")


def run(*arguments):
    return command("run", *arguments, cwd=Path(__file__).parent)


@pytest.fixture
def spied(tmp_path):
    """Return a command that notes its arguments and environment, then is the packaged harness."""
    spy = tmp_path / "spy.py"
    spy.write_text(
        "import os, runpy, sys\n"
        f"with open({str(tmp_path / 'seen')!r}, 'a') as file:\n"
        "    file.write(repr(sys.argv) + repr(dict(os.environ)))\n"
        "sys.argv = sys.argv[:1]\n"
        "runpy.run_module('receiptspec.reference.harness', run_name='__main__')\n"
    )
    return [sys.executable, str(spy)]


def test_a_harness_of_ones_own_is_judged_and_no_secret_leaves(tmp_path, spied):
    with reference.launch(reference.Settings(key=KEY)) as server:
        file = tmp_path / "targets.yaml"
        file.write_text(
            f"mine:\n  vendor: tencent-sdk\n  url: {server.url}\n"
            f"  auth: {{sdkappid: {server.sdkappid}, key: {KEY}, identifier: administrator}}\n"
            f"  harness: {{command: {json.dumps(spied)}}}\n"
        )
        chosen = [part for row in CHOSEN for part in ("--requirement", row)]
        done = run("--targets", file, "--target", "mine", "--report", tmp_path, *chosen)
    assert done.returncode == 0, done.stdout + done.stderr
    report = (tmp_path / "report.json").read_text(encoding="utf-8")
    outcomes = {r["requirement"]: r["outcome"] for r in json.loads(report)["results"]}
    assert [row for row in CHOSEN if outcomes[row] != "pass"] == []
    seen = (tmp_path / "seen").read_text(encoding="utf-8")
    for text in (report, done.stdout, done.stderr, seen):
        assert KEY not in text
        assert not re.search(r"eJ[A-Za-z0-9*-]{60}", text)  # how every UserSig begins


def test_a_harness_that_does_not_start_is_inconclusive(tmp_path):
    file = tmp_path / "targets.yaml"
    file.write_text(
        "t:\n  vendor: tencent-sdk\n  embedded: true\n  harness: {command: [no-such-sdk]}\n"
    )
    done = run("--targets", file, "--target", "t", "--requirement", "SDK-17")
    assert done.returncode == 6
    assert "harness no-such-sdk: No such file" in done.stdout


@pytest.mark.parametrize(
    ("block", "says"),
    [
        ("vendor: tencent-sdk\n  embedded: true\n", "harness missing"),
        (
            "vendor: tencent-sdk\n  url: http://127.0.0.1:1\n  harness: {reference: true}\n",
            "auth missing",
        ),
        ("vendor: tencent-sdk\n  embedded: true\n  harness: {command: []}\n", "harness"),
        ("vendor: tencent-sdk\n  embedded: true\n  harness: {reference: false}\n", "harness"),
    ],
)
def test_a_block_that_lacks_something_is_refused(tmp_path, block, says):
    file = tmp_path / "targets.yaml"
    file.write_text(f"t:\n  {block}")
    with pytest.raises(ConfigurationError, match=says):
        targetfile.load(file, "t")


def test_the_packaged_harness_is_started_with_this_python(tmp_path):
    file = tmp_path / "targets.yaml"
    file.write_text(
        "t:\n  vendor: tencent-sdk\n  embedded: true\n"
        "  harness: {reference: true, faults: [sdk-no-events], variants: [sdk-noise]}\n"
    )
    harness = targetfile.load(file, "t").harness
    assert harness.command[:3] == (sys.executable, "-m", "receiptspec.reference.harness")
    assert harness.command[3:] == ("--fault", "sdk-no-events", "--variant", "sdk-noise")
    assert "PYTHONPATH" in harness.variables
