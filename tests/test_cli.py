import errno
import json
import os
import re
import socket
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from string import Template

import pytest
import yaml
from commandline import command, ended, module
from jsonschema import Draft202012Validator
from pace import PATIENCE

from receiptspec import cli, contract, resources
from receiptspec.commands import running
from receiptspec.reference import launch
from receiptspec.reference.faults import FAULTS
from receiptspec.reference.harness import twists as harness_twists
from receiptspec.reference.settings import KEY_VARIABLE, SECRET_VARIABLE

MUST, SHOULD = "group-id-not-needed", "plain-message-has-receipt"
SIGNATURE = "not-refused:/GroupId: required (missing)"
KNOWN = f'requirement: TC-GMR-17, signature: "{SIGNATURE}", reason: old gateway, owner: im-team'
TARGETS = """
sound: {vendor: tencent, embedded: true}
must: {vendor: tencent, embedded: {faults: [$MUST]}}
should: {vendor: tencent, embedded: {faults: [$SHOULD]}}
accepted:
  vendor: tencent
  embedded: {faults: [$MUST]}
  deviations: [{$KNOWN, expires: 2999-01-01}]
stale:
  vendor: tencent
  embedded: true
  deviations: [{$KNOWN, expires: 2999-01-01}]
expired:
  vendor: tencent
  embedded: {faults: [$MUST]}
  deviations: [{$KNOWN, expires: 2001-01-01}]
unknown-fault: {vendor: tencent, embedded: {faults: [no-such-fault]}}
away:
  vendor: tencent
  url: http://127.0.0.1:$PORT
  auth: {sdkappid: 1, key: a-key-for-nobody, identifier: administrator}
"""


def refused(capsys, *arguments):
    code, out, err = ended(capsys, *arguments)
    assert (code, out) == (4, "")
    assert err.startswith("receiptspec: ")
    assert err.count("\n") == 1
    return err


# --- mistakes of the user -----------------------------------------------------------------


def test_an_unknown_target_is_named_with_what_was_meant(capsys):
    said = refused(capsys, "run", "--target", "refrence")
    assert "'refrence'" in said
    assert "did you mean" in said
    assert "reference" in said


def test_an_unknown_requirement_is_named(capsys):
    said = refused(capsys, "run", "--target", "reference", "--requirement", "TC-XXX-1")
    assert "'TC-XXX-1'" in said
    assert "receiptspec requirements" in said


def test_an_unknown_profile_is_named_with_the_known_ones(capsys):
    said = refused(capsys, "run", "--profile", "fast")
    for word in ("fast", "smoke", "standard", "exhaustive"):
        assert word in said


@pytest.mark.parametrize("arguments", [("run", "--sed", "1"), ("rnu",), ("run", "--seed", "x")])
def test_a_mistyped_command_line_ends_in_one_line(capsys, arguments):
    refused(capsys, *arguments)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", ("holds no targets",)),
        ("t: [\n", ("targets.yaml:",)),
        ("- t\n", ("targets.yaml",)),
        ("t:\n  vendor: tencent\n  embedded: true\n  rates: 3/s\n", (":4", "rates", "rate")),
        (
            "t:\n  vendor: tencent\n  url: 127.0.0.1:80\n"
            "  auth: {sdkappid: 1, key: k, identifier: a}\n",
            (":3", "url", "http://"),
        ),
        (
            "t:\n  vendor: tencent\n  url: http://127.0.0.1:80\n"
            '  auth: {sdkappid: 1, key: "${NO_SUCH_VARIABLE_HERE}", identifier: a}\n',
            (":4", "NO_SUCH_VARIABLE_HERE"),
        ),
        ("t:\n  vendor: tencent\n", ("t",)),
        ("t:\n  vendor: tencnt\n  embedded: true\n", (":2", "vendor", "tencent")),
    ],
    ids=["empty", "broken", "list", "field", "scheme", "variable", "nowhere", "vendor"],
)
def test_a_mistake_in_the_targets_file_is_named_with_its_place(capsys, tmp_path, text, says):
    file = tmp_path / "targets.yaml"
    file.write_text(text)
    said = refused(capsys, "run", "--targets", file, "--target", "t")
    assert "targets.yaml" in said
    for words in says:
        assert words in said


def test_a_targets_file_that_is_not_there_is_named(capsys, tmp_path):
    file = tmp_path / "none.yaml"
    assert f"{file}: no such file" in refused(capsys, "run", "--targets", file)
    code, _, err = ended(capsys, "targets", "--targets", file)
    assert (code, err) == (4, f"receiptspec: {file}: no such file\n")


@pytest.mark.parametrize("below", ["", "out", "a/b"])
def test_a_report_folder_that_cannot_be_one_stops_before_anything_is_sent(
    capsys, tmp_path, monkeypatch, below
):
    monkeypatch.setattr(running.session, "judge", lambda *_: pytest.fail("it ran"))
    file = tmp_path / "file"
    file.write_text("mine")
    assert "cannot be written" in refused(capsys, "run", "--report", file / below)
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("file", "mine")]


def denied(*_args, **_options):
    raise PermissionError(errno.EACCES, "Permission denied")


def test_a_report_folder_without_permission_is_refused(capsys, tmp_path, monkeypatch):
    monkeypatch.setattr(running.session, "judge", lambda *_: pytest.fail("it ran"))
    with monkeypatch.context() as context:
        context.setattr(Path, "mkdir", denied)
        said = refused(capsys, "run", "--report", tmp_path / "out")
    assert "cannot be written" in said
    assert "Permission denied" in said
    assert list(tmp_path.iterdir()) == []


def test_a_port_that_is_taken_is_named(capsys):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        said = refused(capsys, "serve", "--port", port)
    assert f"127.0.0.1:{port}" in said


def test_an_unknown_fault_is_named(capsys):
    assert "no-such-fault" in refused(capsys, "serve", "--fault", "no-such-fault")


# --- what nobody foresaw ------------------------------------------------------------------


def test_an_unforeseen_error_is_one_line_and_the_suites_own(capsys, monkeypatch):
    def broken(*_):
        raise ValueError("the-key-of-somebody")

    monkeypatch.setattr(contract, "vendors", broken)
    code, _, err = ended(capsys, "requirements")
    assert code == 3
    assert err.startswith("receiptspec: an error of the suite: ValueError at test_cli.py:")
    assert err.count("\n") == 1
    assert "the-key-of-somebody" not in err
    monkeypatch.setenv("RECEIPTSPEC_TRACEBACK", "1")
    with pytest.raises(SystemExit):
        cli.main(["requirements"])
    assert "the-key-of-somebody" in capsys.readouterr().err


def into(place, *arguments, **env):
    """Status and errors of a command whose output goes to an open file or pipe."""
    done = subprocess.run(
        [sys.executable, "-m", "receiptspec", *map(str, arguments)],
        stdout=place,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **env},
        timeout=PATIENCE,
        check=False,
    )
    return done.returncode, done.stderr


ONE = ["run", "--target", "reference", "--requirement", "TC-GMR-17", "--profile", "smoke"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no full device here")
@pytest.mark.parametrize(
    "arguments", [["requirements"], ["explain", "TC-GMR-17"], ["--version"], ["--help"], ONE]
)
def test_an_output_that_is_full_is_told_in_one_line(arguments):
    with Path("/dev/full").open("w") as full:
        code, err = into(full, *arguments)
    assert code == 4
    assert err == "receiptspec: the output cannot be written: No space left on device\n"


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (["requirements"], 141),
        (["explain", "TC-GMR-17"], 141),
        (["--version"], 141),
        (["compare", "--help"], 4),
    ],
)
def test_a_reader_who_has_gone_is_no_verdict(arguments, status):
    reader, writer = os.pipe()
    os.close(reader)
    try:
        assert into(writer, *arguments) == (status, "")
    finally:
        os.close(writer)


@pytest.mark.parametrize(("faults", "status"), [("", 4), (MUST, 1)])
def test_a_verdict_outlasts_a_reader_who_goes_away(tmp_path, faults, status):
    file = tmp_path / "targets.yaml"
    file.write_text(f"reference: {{vendor: tencent, embedded: {{faults: [{faults}]}}}}\n")
    judging = subprocess.Popen(
        [sys.executable, "-m", "receiptspec", *ONE, "--targets", str(file)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert judging.stdout.readline().startswith(b"target reference")
    judging.stdout.close()
    with judging.stderr:
        assert (judging.wait(PATIENCE), judging.stderr.read()) == (status, b"")


@pytest.mark.parametrize("words", [(), ("export",), ("deviations",)])
def test_a_group_without_a_command_shows_its_help(capsys, words):
    with pytest.raises(SystemExit) as stop:
        cli.main(list(words))
    out, err = capsys.readouterr()
    assert (stop.value.code, out) == (4, "")
    assert err.startswith(" ".join(["Usage: receiptspec", *words, "[OPTIONS] COMMAND"]))


def test_an_output_of_few_letters_gets_the_others_as_escapes():
    with tempfile.TemporaryFile("w+") as place:
        assert into(place, "explain", "TC-GMR-17", PYTHONIOENCODING="ascii", LC_ALL="C")[0] == 0
        assert (
            into(place, "run", "--target", "reference", *ONE[3:], PYTHONIOENCODING="ascii")[0] == 0
        )
        place.seek(0)
        assert "\\xb7 1 of 1 testable" in place.read()


def test_the_users_plugins_of_pytest_are_left_out(tmp_path):
    with (tmp_path / "out").open("w") as place:
        assert into(place, *ONE, PYTEST_PLUGINS="nosuchplugin", PYTEST_ADDOPTS="--none") == (0, "")


# --- what can be looked up ----------------------------------------------------------------


def test_targets_are_listed(capsys, tmp_path):
    file = tmp_path / "targets.yaml"
    file.write_text("a: {vendor: tencent, embedded: true}\nb: {vendor: tencent, embedded: true}\n")
    cli.main(["targets", "--targets", str(file)])
    assert capsys.readouterr().out.splitlines() == [f"# {file}", "a", "b"]


def test_what_is_wrong_with_a_target_is_said_where_it_is_listed(capsys, tmp_path):
    file = tmp_path / "targets.yaml"
    file.write_text("a: 3\nb: {vendor: tencent, embedded: true}\nc: {vendor: tencent, url: 7}\n")
    cli.main(["targets", "--targets", str(file)])
    out, err = capsys.readouterr()
    assert out.splitlines() == [f"# {file}", "a", "b", "c"]
    assert [line.split(": ")[1] for line in err.splitlines()] == [f"{file}:1", f"{file}:3"]


@pytest.mark.parametrize(
    "words", [("run", "--seed", "abc"), ("run", "-n", "x"), ("replay", "r", "-k", "1.5")]
)
def test_what_is_no_number_is_refused_in_plain_words(capsys, words):
    assert f"{words[-1]!r} is not a valid whole number" in refused(capsys, *words)


def test_requirements_are_listed_one_a_line(capsys):
    cli.main(["requirements"])
    lines = capsys.readouterr().out.splitlines()
    rows = [row for vendor in contract.vendors() for row in contract.load(vendor).requirements]
    assert [line.split()[0] for line in lines] == [row.id for row in rows]
    assert any(line.split()[1:3] == ["MUST", "tested"] for line in lines)


def test_requirements_of_one_operation_are_listed(capsys):
    cli.main(["requirements", "--vendor", "tencent", "--operation", "sendmsg"])
    listed = {line.split()[0] for line in capsys.readouterr().out.splitlines()}
    rows = contract.load("tencent").requirements
    assert listed == {row.id for row in rows if row.operation == "sendmsg"}


def test_an_unknown_vendor_or_operation_is_named(capsys):
    assert "known: tencent" in refused(capsys, "requirements", "--vendor", "nobody")
    said = refused(capsys, "requirements", "--vendor", "tencent", "--operation", "send")
    assert "sendmsg" in said


def test_a_requirement_is_explained(capsys):
    cli.main(["explain", "TC-GMR-17"])
    said = capsys.readouterr().out
    row = contract.load("tencent").requirement("TC-GMR-17")
    for words in (row.text, row.level, row.source, row.check, MUST, "--requirement TC-GMR-17"):
        assert words in said
    assert "TC-NO-1" in refused(capsys, "explain", "TC-NO-1")
    assert "did you mean 'TC-GMR-09'?" in refused(capsys, "explain", "TC-GMR-9")
    said = refused(capsys, "run", "--target", "reference", "--requirement", "tc-gmr-17")
    assert "did you mean 'TC-GMR-17'?" in said
    said = refused(capsys, "run", "--target", "reference", "--requirement", "VE-GMRR-02")
    assert said.endswith("; name a target of volcengine\n")


@pytest.mark.parametrize(
    "twist",
    [
        "embedded: {faults: [nobody]}",
        "embedded: true, harness: {reference: true, faults: [nobody]}",
    ],
)
def test_an_unknown_fault_is_told_with_its_file(tmp_path, capsys, twist):
    vendor = "tencent-sdk" if "harness" in twist else "tencent"
    file = tmp_path / "targets.yaml"
    file.write_text(f"mine: {{vendor: {vendor}, {twist}}}\n")
    said = refused(capsys, "run", "--targets", file, "--target", "mine")
    assert said.startswith(f"receiptspec: {file}: mine: ")
    assert "no fault 'nobody'" in said


@pytest.mark.parametrize(
    ("fault", "outcome"), [("unread-stays", "pass"), ("unread-stays-in-meetings", "fail")]
)
def test_what_is_broken_in_every_group_is_no_matter_of_its_type(tmp_path, fault, outcome):
    file = tmp_path / "targets.yaml"
    file.write_text(f"t: {{vendor: tencent, embedded: {{faults: [{fault}]}}, consistency: 50ms}}\n")
    command("run", "--target", "t", "--requirement", "TC-GMR-27", "--report", "out", cwd=tmp_path)
    assert outcomes(tmp_path) == {"TC-GMR-27": outcome}


@pytest.mark.parametrize(
    ("vendor", "fault", "row", "field"),
    [
        ("tencent", "read-count-text", "TC-GMR-08", "ReadNum"),
        ("volcengine", "ve-readers-text", "VE-GMRR-36", "ReadUserIds"),
    ],
)
def test_what_no_answer_tells_is_no_pass(tmp_path, vendor, fault, row, field):
    file = tmp_path / "targets.yaml"
    file.write_text(
        f"t: {{vendor: {vendor}, embedded: {{faults: [{fault}]}}, consistency: 50ms}}\n"
    )
    command("run", "--target", "t", "--requirement", row, "--report", "out", cwd=tmp_path)
    (result,) = report(tmp_path)["results"]
    assert result["outcome"] == "not_exercised"
    assert result["reason"] == f"no answer tells {field} so that it can be read"


def test_where_numbers_start_is_told_of_a_group_that_had_none(tmp_path):
    command("run", "--requirement", "TC-SND-11b", "--report", "out", cwd=tmp_path)
    (row,) = report(tmp_path)["results"]
    told = [each for each in row["observations"] if each["key"] == "number of the first message"]
    assert [each["value"] for each in told] == ["1"]


def test_faults_and_variants_are_listed(capsys):
    cli.main(["serve", "--list"])
    lines = capsys.readouterr().out.splitlines()
    listed = [line.split()[1] for line in lines if line.startswith("fault")]
    assert listed == [*FAULTS, *harness_twists.FAULTS]


def served(*options, env=()):
    """What `serve` says until it has printed its blocks."""
    process = subprocess.Popen(
        [sys.executable, "-u", "-m", "receiptspec", "serve", *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **dict(env)},
    )
    lines = []
    while not lines or lines.count("  writes: true\n") < 2:
        lines.append(process.stdout.readline())
        assert lines[-1], "it ended"
    process.terminate()
    return "".join(lines), process.communicate(timeout=PATIENCE)[1]


def test_a_sandbox_has_the_ids_that_it_is_given():
    out, err = served("--sdkappid", "1400000000", "--appid", "666675", "--access-key", "AKLTmine")
    blocks = yaml.safe_load(out)
    assert blocks["sandbox"]["auth"]["sdkappid"] == 1400000000
    auth = blocks["sandbox-volcengine"]["auth"]
    assert (auth["appid"], auth["access_key"]) == (666675, "AKLTmine")
    assert err == ""


def test_a_sandbox_does_not_print_keys_that_it_was_given():
    keys = {KEY_VARIABLE: "the-key-given", SECRET_VARIABLE: "the-secret-given"}
    out, err = served(env=keys)
    blocks = yaml.safe_load(out)
    assert blocks["sandbox"]["auth"]["key"] == f"${{{KEY_VARIABLE}}}"
    assert blocks["sandbox-volcengine"]["auth"]["secret_key"] == f"${{{SECRET_VARIABLE}}}"
    assert not [value for value in keys.values() if value in out + err]


def test_a_sandbox_that_others_can_reach_is_warned_about():
    out, err = served("--host", "0.0.0.0")  # noqa: S104
    assert "url: http://127.0.0.1:" in out
    assert err.count("\n") == 1
    assert "0.0.0.0 is reached from other machines" in err
    assert served("--host", "localhost")[1] == ""


# --- runs ---------------------------------------------------------------------------------

RUNS = {
    "passes": ["--target", "sound", "--requirement", "TC-GMR-17"],
    "must": ["--target", "must", "--requirement", "TC-GMR-17"],
    "should": ["--target", "should", "--requirement", "TC-GMR-13"],
    "strict": ["--target", "should", "--requirement", "TC-GMR-13", "--strict"],
    "accepted": ["--target", "accepted", "--requirement", "TC-GMR-17"],
    "stale": ["--target", "stale", "--requirement", "TC-GMR-17"],
    "expired": ["--target", "expired", "--requirement", "TC-GMR-17"],
    "unknown-fault": ["--target", "unknown-fault", "--requirement", "TC-GMR-17"],
    "away": ["--target", "away", "--requirement", "TC-GMR-17"],
}


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """All runs, two at a time; each in a folder of its own."""
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    base = tmp_path_factory.mktemp("runs")
    file = base / "targets.yaml"
    names = {"MUST": MUST, "SHOULD": SHOULD, "KNOWN": KNOWN, "PORT": str(port)}
    file.write_text(Template(TARGETS).substitute(names))

    def go(name):
        folder = base / name
        folder.mkdir()
        options = ["--targets", file, "--profile", "smoke", "--seed", "7", "--report", "out"]
        return command("run", *options, *RUNS[name], cwd=folder)

    with ThreadPoolExecutor(2) as pool:
        done = dict(zip(RUNS, pool.map(go, RUNS), strict=True))
    return {name: (done[name], base / name) for name in RUNS}


def report(folder):
    return json.loads((folder / "out" / "report.json").read_text(encoding="utf-8"))


def outcomes(folder):
    return {entry["requirement"]: entry["outcome"] for entry in report(folder)["results"]}


def test_a_promise_that_is_kept_passes_and_leaves_only_the_report(runs):
    done, folder = runs["passes"]
    assert (done.returncode, done.stderr) == (0, "")
    assert [path.name for path in folder.iterdir()] == ["out"]
    assert outcomes(folder) == {"TC-GMR-17": "pass"}
    assert "conforms" in done.stdout
    assert "seed 7" in done.stdout


@pytest.mark.parametrize("name", ["passes", "must", "should", "accepted", "stale", "away"])
def test_reports_are_what_their_schema_says(runs, name):
    done, folder = runs[name]
    schema = json.loads(resources.path("schemas/report.schema.json").read_text(encoding="utf-8"))
    assert list(Draft202012Validator(schema).iter_errors(report(folder))) == []
    assert report(folder)["run"]["exit_code"] == done.returncode


def test_a_broken_must_fails_the_run(runs):
    done, folder = runs["must"]
    assert done.returncode == 1
    assert outcomes(folder) == {"TC-GMR-17": "fail"}
    assert "FAIL TC-GMR-17 MUST on must" in done.stdout
    (found,) = report(folder)["results"][0]["findings"]
    assert found["signature"] == SIGNATURE


def test_the_command_that_repeats_a_failure_does(runs):
    done, folder = runs["must"]
    (again,) = re.findall(r"again receiptspec (.+)", done.stdout)
    repeated = module("receiptspec", *again.split(), cwd=folder)
    assert repeated.returncode == 1
    assert "FAIL TC-GMR-17" in repeated.stdout


def test_a_broken_should_is_a_warning_and_fails_only_a_strict_run(runs):
    lax, folder = runs["should"]
    assert (lax.returncode, outcomes(folder)["TC-GMR-13"]) == (0, "warning")
    assert "WARNING TC-GMR-13" in lax.stdout
    strict, folder = runs["strict"]
    assert (strict.returncode, outcomes(folder)["TC-GMR-13"]) == (1, "warning")
    assert report(folder)["run"]["strict"] is True


def test_an_accepted_deviation_stays_visible_and_does_not_fail(runs):
    done, folder = runs["accepted"]
    assert done.returncode == 0
    assert outcomes(folder) == {"TC-GMR-17": "known_deviation"}
    assert "old gateway (im-team, until 2999-01-01)" in report(folder)["results"][0]["reason"]
    assert report(folder)["stale_deviations"] == []


def test_a_deviation_that_nothing_needs_fails_the_run(runs):
    done, folder = runs["stale"]
    assert (done.returncode, outcomes(folder)) == (1, {"TC-GMR-17": "pass"})
    (line,) = report(folder)["stale_deviations"]
    assert "stale" in line
    assert "TC-GMR-17" in line
    assert "stale" in done.stdout


def test_an_expired_deviation_excuses_nothing(runs):
    done, folder = runs["expired"]
    assert (done.returncode, outcomes(folder)) == (1, {"TC-GMR-17": "fail"})
    assert "expired on 2001-01-01" in report(folder)["stale_deviations"][0]


def test_an_unknown_fault_of_a_target_is_a_mistake_of_the_user(runs):
    done, _ = runs["unknown-fault"]
    assert "no-such-fault" in done.stdout + done.stderr
    assert done.returncode == 4


def test_a_target_that_is_away_leaves_no_verdict(runs):
    done, folder = runs["away"]
    assert done.returncode == 6
    assert outcomes(folder) == {"TC-GMR-17": "inconclusive"}
    said = [line for line in done.stdout.splitlines() if "connection refused" in line]
    assert said
    assert "http://127.0.0.1:" in " ".join(done.stdout.split())


def test_a_wrong_key_leaves_no_verdict_and_says_so(tmp_path):
    with launch() as server:
        (tmp_path / "targets.yaml").write_text(
            f"t:\n  vendor: tencent\n  url: {server.url}\n  auth: {{sdkappid: {server.sdkappid}, "
            f"key: not-the-key-of-it, identifier: {server.identifier}}}\n"
        )
        options = ["--profile", "smoke", "--requirement", "TC-GMR-17"]
        done = command("run", "--target", "t", *options, cwd=tmp_path)
    assert done.returncode == 6
    said = " ".join(done.stdout.split())
    assert "refuses the configured credentials" in said
    assert "check auth" in said
    assert "not-the-key-of-it" not in done.stdout + done.stderr
