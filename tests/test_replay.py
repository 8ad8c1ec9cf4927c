import json

import pytest
from commandline import command

from receiptspec import cli, recorded
from receiptspec.commands.replaying import Attempt, verdict
from receiptspec.errors import ConfigurationError

ROWS = ("TC-GMR-17", "TC-GEN-03", "TC-GMR-13")
OPEN = "not-refused:/GroupId: required (missing)"
FAULTS = {"one": ["group-id-not-needed", "error-info-null"], "two": ["plain-message-has-receipt"]}


def targets(faults):
    return "".join(
        f"{name}: {{vendor: tencent, embedded: {{faults: [{', '.join(names)}]}}}}\n"
        for name, names in faults.items()
    )


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    folder = tmp_path_factory.mktemp("replay")
    (folder / "targets.yaml").write_text(targets(FAULTS))
    options = ["--target", "one", "--target", "two", "--profile", "smoke", "--seed", "5"]
    options += [word for row in ROWS for word in ("--requirement", row)]
    done = command("run", *options, "--report", "out", cwd=folder)
    assert done.returncode == 1, done.stdout
    return folder


def report(folder, name="out"):
    return json.loads((folder / name / "report.json").read_text(encoding="utf-8"))


def outcomes(document):
    return {(r["target"], r["requirement"]): r["outcome"] for r in document["results"]}


def test_what_failed_runs_again_with_the_same_seed_and_profile(base):
    done = command("run", "--failed", "out/report.json", "--report", "again", cwd=base)
    assert done.returncode == 1, done.stdout + done.stderr
    first, again = report(base), report(base, "again")
    failed = {key: value for key, value in outcomes(first).items() if value in ("fail", "warning")}
    assert failed == {
        ("one", "TC-GMR-17"): "fail",
        ("one", "TC-GEN-03"): "fail",
        ("two", "TC-GMR-13"): "warning",
    }
    assert failed.items() <= outcomes(again).items()
    assert ("two", "TC-GMR-17") not in outcomes(again)
    assert [again["run"][key] for key in ("seed", "profile")] == [5, "smoke"]


def test_a_report_without_failures_leaves_nothing_to_run(base, tmp_path):
    done = command("run", "--target", "two", "--requirement", "TC-GMR-17", "--profile", "smoke",
                   "--report", tmp_path, cwd=base)  # fmt: skip
    assert done.returncode == 0
    done = command("run", "--failed", tmp_path, cwd=base)
    assert done.returncode == 5
    assert "nothing failed" in done.stdout


def test_a_failure_that_stays_is_deterministic(base):
    done = command("replay", "out/report.json", "one/TC-GMR-17", "-k", "2", cwd=base)
    assert done.returncode == 1
    assert "2 of 2: happened again" in done.stdout
    assert done.stdout.splitlines()[-1].startswith("deterministic: ")


def test_a_failure_that_was_mended_is_gone(base, tmp_path):
    file = tmp_path / "targets.yaml"
    file.write_text(targets({"one": ["group-id-not-needed"]}))
    done = command("replay", "out", "one/TC-GEN-03", "-k", "1", "--targets", file, cwd=base)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "the whole run again" in done.stdout
    assert done.stdout.splitlines()[-1].startswith("gone: ")


def test_another_failure_of_the_same_requirement_is_no_repetition(base, tmp_path):
    file = tmp_path / "targets.yaml"
    file.write_text(targets({"one": ["error-info-object"]}))
    done = command("replay", "out", "one/TC-GEN-03", "-k", "1", "--targets", file, cwd=base)
    assert done.returncode == 1
    assert "changed: it fails in another way: '$.ErrorInfo:type:object'" in done.stdout


def test_a_target_that_is_away_gives_no_verdict(base, tmp_path):
    file = tmp_path / "targets.yaml"
    auth = "auth: {sdkappid: 1, key: a-key-for-nobody, identifier: administrator}"
    file.write_text(f"one: {{vendor: tencent, url: 'http://127.0.0.1:9', {auth}}}\n")
    done = command("replay", "out", "one/TC-GMR-17", "-k", "1", "--targets", file, cwd=base)
    assert done.returncode == 6
    assert "inconclusive" in done.stdout


# --- one word -----------------------------------------------------------------------------

BEFORE = {"outcome": "fail", "findings": [{"signature": "a"}, {"signature": "b"}]}
SHOWN, OTHER, FINE = Attempt("fail", ("b",)), Attempt("fail", ("c",)), Attempt("pass")
AWAY, UNDONE = Attempt("inconclusive", (), "refused"), Attempt("not_exercised", (), "no group")


@pytest.mark.parametrize(
    ("attempts", "word", "code"),
    [
        ([SHOWN, SHOWN], "deterministic", 1),
        ([Attempt("known_deviation", ("a",))], "deterministic", 1),
        ([SHOWN, FINE], "flaky", 1),
        ([SHOWN, AWAY], "flaky", 1),
        ([FINE, FINE], "gone", 0),
        ([Attempt("observed")], "gone", 0),
        ([OTHER, FINE], "changed", 1),
        ([FINE, AWAY], "inconclusive", 6),
        ([FINE, UNDONE], "inconclusive", 6),
        ([UNDONE, UNDONE], "not exercised", 5),
        ([Attempt("error", (), "x")], "inconclusive", 6),
    ],
)
def test_the_word_says_no_more_than_was_seen(attempts, word, code):
    said = verdict(BEFORE, attempts)
    assert (said.word, said.code) == (word, code)
    assert said.because


def test_a_result_without_findings_is_compared_by_its_outcome():
    before = {"outcome": "inconclusive", "findings": []}
    assert verdict(before, [AWAY]).word == "deterministic"
    assert verdict(before, [FINE]).word == "gone"


# --- which result -------------------------------------------------------------------------


def rows(**outcomes):
    results = []
    for name, outcome in outcomes.items():
        target, requirement = name.split("_", 1)
        requirement = requirement.replace("_", "-")
        results.append({"target": target, "requirement": requirement, "outcome": outcome})
    return {"results": results}


DOCUMENT = rows(a_GMR_01="fail", a_GMR_02="pass", ab_GMR_03="fail", ab_GMR_01="pass")


@pytest.mark.parametrize(
    ("identifier", "meant"),
    [
        ("a/GMR-01", ("a", "GMR-01")),
        ("a/GMR-02", ("a", "GMR-02")),
        ("ab/GMR-0", ("ab", "GMR-03")),
        ("GMR-03", ("ab", "GMR-03")),
        ("GMR-01", ("a", "GMR-01")),
        ("a/", ("a", "GMR-01")),
    ],
)
def test_a_result_is_found_by_as_much_as_is_unambiguous(identifier, meant):
    row = recorded.find(DOCUMENT, identifier)
    assert (row["target"], row["requirement"]) == meant


@pytest.mark.parametrize(
    ("identifier", "says"),
    [("", "may be any of"), ("GMR", "may be any of"), ("x", "what failed there: a/GMR-01")],
)
def test_an_ambiguous_or_unknown_result_is_named(identifier, says):
    with pytest.raises(ConfigurationError, match=says):
        recorded.find(DOCUMENT, identifier)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["replay", "out", "two/TC-GMR-17"], "did not fail there: pass"),
        (["replay", "out", "three/TC-GMR-17"], "what failed there: one/"),
        (["replay", "nowhere", "x"], "nowhere: no report there"),
        (["run", "--failed", "out", "--target", "three"], "no target 'three' in the report"),
        (["run", "--target", "one", "--requirement", "two/TC-GMR-17"], "no target of this run"),
    ],
)
def test_mistakes_end_in_one_line(base, capsys, monkeypatch, arguments, says):
    monkeypatch.chdir(base)
    with pytest.raises(SystemExit) as stop:
        cli.main(arguments)
    out, err = capsys.readouterr()
    assert (stop.value.code, out) == (4, "")
    assert says in err
    assert err.count("\n") == 1


def test_a_report_whose_targets_are_elsewhere_says_where(base, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as stop:
        cli.main(["run", "--failed", str(base / "out")])
    out, err = capsys.readouterr()
    assert (stop.value.code, out) == (4, "")
    assert "targets.yaml, where the report found target 'one', is not here; go to the" in err
    assert "name the file by --targets" in err


def test_what_is_strict_is_strict_again(base):
    words = ["--target", "two", "--requirement", "TC-GMR-13", "--profile", "smoke"]
    done = command("run", *words, "--strict", "--report", "strict", cwd=base)
    assert done.returncode == 1, done.stdout + done.stderr
    (row,) = report(base, "strict")["results"]
    assert row["rerun"].endswith(" --profile smoke --strict")


def test_companions_are_a_few_that_send_the_same_calls():
    finding = {"signature": "s", "exchanges": [2]}
    exchanges = [{"number": 1, "operation": "ask"}, {"number": 2, "operation": "make"}]
    row = {"target": "t", "requirement": "R", "findings": [finding], "exchanges": exchanges}
    results = [
        {"target": "t", "requirement": f"{op}{n}", "operation": op, "requests": n}
        for op in ("ask", "make")
        for n in range(6)
    ]
    assert recorded.companions({"results": results}, row) == ["make1", "make2", "make3"]
