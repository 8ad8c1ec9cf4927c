import itertools
import json
from datetime import date

import pytest
import yaml
from commandline import command, ended
from sweeping import red

from receiptspec import contract, deviations, targetfile, yamltext
from receiptspec.errors import ConfigurationError
from receiptspec.findings import Outcome
from receiptspec.reference.faults import FAULTS, everywhere, ruins, wording
from receiptspec.results import Ledger
from receiptspec.targets import Deviation, Target

TODAY = date(2026, 11, 21)
LATER = date(2999, 1, 1)
ONE = Deviation("TC-GMR-01", "a:b {c}", "old, 'code'", "im-team", LATER)
TWO = Deviation("TC-GMR-02", "$.x[*]:type:null", "yes", "im", LATER)

LAYOUTS = {
    "block": """\
# my targets
sound: {vendor: tencent, embedded: true}

broken:   # this one
    vendor: tencent     # whose
    embedded: true      # here
    # rate: 5/s

# the end
""",
    "last without a newline": "broken:\n  vendor: tencent\n  embedded: true",
    "flow": "broken: {vendor: tencent, embedded: {faults: [x]}} # inline\nother: {vendor: tencent,"
    " embedded: true}\n",
    "flow over lines": "broken: {\n  vendor: tencent,\n  embedded: true,\n}\n",
    "a list": """\
broken:
  vendor: tencent
  embedded: true
  deviations:
  -   requirement: TC-GMR-09   # known
      signature: x
      reason: >
        folded
        text
      owner: me
      expires: 2999-01-01

  rate: 5/s
""",
    "a list in brackets": """\
broken:
  deviations: [
    {requirement: TC-GMR-09, signature: x, reason: r, owner: me, expires: 2999-01-01},
  ]
  vendor: tencent
  embedded: true
""",
    "an empty list": "broken:\n  vendor: tencent\n  deviations: []\n  embedded: true\n",
    "Windows": "# ä\r\nbroken:\r\n  vendor: tencent\r\n  embedded: true\r\nb: {vendor: tencent, "
    "embedded: true}\r\n",
}


@pytest.fixture
def file(tmp_path):
    return tmp_path / "targets.yaml"


def block(deviation):
    keys = ("requirement", "signature", "reason", "owner", "expires")
    return {key: str(getattr(deviation, key)) for key in keys}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_deviations_are_added_and_nothing_else_is_changed(file, layout):
    text = LAYOUTS[layout]
    file.write_bytes(text.encode())
    before = yamltext.load(file).data
    done = deviations.add(file, "broken", [ONE, TWO], today=TODAY)
    assert done == ((ONE, TWO), (), ())
    after = yamltext.load(file).data
    kept = before["broken"].get("deviations", [])
    assert after["broken"].pop("deviations") == [*kept, block(ONE), block(TWO)]
    before["broken"].pop("deviations", None)
    assert after == before
    written = file.read_bytes().decode()
    position = 0
    for line in text.splitlines():
        for piece in filter(None, line.replace("]", " ").replace("}", " ").split()):
            position = written.index(piece, position) + len(piece)
    assert written.count("\r\n") == (written.count("\n") if "\r\n" in text else 0)
    assert [d.signature for d in targetfile.load(file, "broken").deviations][-2:] == [
        ONE.signature,
        TWO.signature,
    ]


def test_what_is_accepted_already_is_left_alone_and_what_has_expired_is_renewed(file):
    old = Deviation("TC-GMR-01", "s", "because", "me", date(2026, 1, 1))
    file.write_text("broken:\n  vendor: tencent\n  embedded: true # here\n")
    deviations.add(file, "broken", [old, TWO], today=date(2025, 1, 1))
    new = Deviation("TC-GMR-01", "s", "still so", "you", LATER)
    again = deviations.add(file, "broken", [new, TWO], today=TODAY)
    assert again == ((), (new,), (TWO,))
    assert targetfile.load(file, "broken").deviations == (new, TWO)
    text = file.read_text()
    assert deviations.add(file, "broken", [new], today=TODAY).kept == (new,)
    assert file.read_text() == text
    assert "embedded: true # here\n" in text


def test_a_file_that_cannot_be_extended_safely_is_left_alone(file):
    text = "a: &x\n  vendor: tencent\n  embedded: true\nbroken: *x\n"
    file.write_text(text)
    with pytest.raises(ConfigurationError, match="by hand"):
        deviations.add(file, "broken", [ONE], today=TODAY)
    assert file.read_text() == text
    assert list(file.parent.iterdir()) == [file]


def test_variables_cannot_be_smuggled_in(file):
    file.write_text("broken: {vendor: tencent, embedded: true}\n")
    bad = Deviation("TC-GMR-01", "${HOME}", "r", "o", LATER)
    with pytest.raises(ConfigurationError, match="cannot hold"):
        deviations.add(file, "broken", [bad], today=TODAY)


@pytest.mark.parametrize(
    "text", ["a", "no", "12", "null", "a: b", "#", "2026-01-01", "ä\n'\"", "-"]
)
def test_scalars_are_read_as_the_text_that_they_were(text):
    read = yaml.safe_load(f"x: {deviations.scalar(text)}")["x"]
    assert str(read) == text


# --- the command --------------------------------------------------------------------------


@pytest.fixture(scope="module")
def shown():
    """What fails of many faults, each at work alone: requirements with their signatures."""
    common = {"vendor": "tencent", "requirements": ROWS, "profile": "smoke", "seed": 7}
    return red(*({"name": name, "faults": [name], **common} for name in names()))


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    """The report of a few faults, each at work alone."""
    folder = tmp_path_factory.mktemp("faults")
    chosen = ("error-info-null", "error-info-missing", "success-says-fail")
    blocks = [f"{n}: {{vendor: tencent, embedded: {{faults: [{n}]}}}}\n" for n in chosen]
    (folder / "targets.yaml").write_text("".join(blocks))
    options = [word for name in chosen for word in ("--target", name)]
    options += [word for row in ROWS for word in ("--requirement", row)]
    options += ["--profile", "smoke", "--seed", "7", "--report", "out"]
    done = command("run", *options, cwd=folder)
    assert done.returncode == 1, done.stdout[-2000:] + done.stderr
    return folder


ROWS = ("TC-GEN-01", "TC-GEN-02", "TC-GEN-03", "TC-GEN-04", "TC-GEN-05", "TC-GEN-07", "TC-GMR-02")

#: What looks the same in the answers: the first, or a part of it, is all that the second does.
ALIKE = {
    ("action-status-missing", "action-status-missing-on-refusal"),
    ("action-status-missing-on-refusal", "action-status-missing"),
    ("success-says-fail", "refusal-with-code-zero"),
    ("refusal-with-code-zero", "success-says-fail"),
    ("utf16-answer", "invalid-utf8"),
}


def names():
    # which these rows alone do not ask
    elsewhere = {fault.name for fault in (*everywhere.ALL, *ruins.ALL, *wording.ALL)}
    return [
        fault.name
        for fault in FAULTS.values()
        if fault.requirement in ROWS and fault.name not in elsewhere
    ]


def read(folder):
    return json.loads((folder / "out" / "report.json").read_text(encoding="utf-8"))


def failing(recorded):
    rows = {}
    for row in read(recorded)["results"]:
        if row["outcome"] in ("fail", "warning"):
            rows.setdefault(row["target"], {})[row["requirement"]] = row
    return rows


def entries(found):
    return [result(*found[row], requirement=row) for row in found]


def accepted(found):
    return tuple(
        Deviation(row, signature, "known", "us", LATER)
        for row, signatures in found.items()
        for signature in signatures
    )


def test_a_deviation_never_hides_another_failure(shown):
    """Of each two faults, the one accepted and both at work: the other still fails the run."""
    assert set(shown) == set(names())
    hidden, pairs, same_row = set(), 0, 0
    for known, other in itertools.permutations(shown, 2):
        row = FAULTS[other].requirement
        pairs += 1
        same_row += row in shown[known]
        made = ledger(*entries(shown[known]), *entries(shown[other]), known=accepted(shown[known]))
        (found,) = made.results([row])
        if found["outcome"] == Outcome.KNOWN_DEVIATION:
            hidden.add((known, other))
    assert pairs // 2 >= 200
    assert same_row >= 200
    assert hidden == ALIKE


def test_a_deviation_hides_its_own_failure_however_often_it_is_found(shown):
    for found in shown.values():
        made = ledger(*entries(found), known=accepted(found))
        assert {r["outcome"] for r in made.results(found)} == {Outcome.KNOWN_DEVIATION}


def accept(capsys, *arguments):
    return ended(capsys, "deviations", "accept", *arguments)


def test_what_fails_now_is_accepted_for_the_targets_of_the_report(recorded, capsys, file):
    file.write_text((recorded / "targets.yaml").read_text())
    options = ["--owner", "im-team", "--expires", "2999-01-01", "--targets", file]
    chosen = ["--target", "error-info-null", "--requirement", "TC-GEN-03"]
    code, out, _ = accept(capsys, recorded / "out", *options, *chosen)
    assert code == 0
    assert "accepted TC-GEN-03 '$.ErrorInfo:type:null' until 2999-01-01" in out
    (written,) = targetfile.load(file, "error-info-null").deviations
    assert (written.requirement, written.owner) == ("TC-GEN-03", "im-team")
    assert "ErrorInfo" in written.reason
    assert targetfile.load(file, "error-info-missing").deviations == ()
    assert "accepted already" in accept(capsys, recorded / "out", *options, *chosen)[1]
    listed = ended(capsys, "deviations", "list", "--targets", file)[1]
    assert listed.startswith("error-info-null TC-GEN-03 '$.ErrorInfo:type:null' im-team until")
    accept(capsys, recorded / "out", *options)
    for name, rows in failing(recorded).items():
        known = {(d.requirement, d.signature) for d in targetfile.load(file, name).deviations}
        failures = {row["requirement"] for row in rows.values() if row["outcome"] == "fail"}
        assert {requirement for requirement, _ in known} == failures


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--expires", "soon"], "no day"),
        (["--expires", "2020-01-01"], "has passed"),
        (["--target", "nobody"], "no target 'nobody'"),
        (["--owner", " "], "--owner"),
    ],
)
def test_mistakes_end_in_one_line(recorded, capsys, arguments, says):
    options = ["--owner", "o", "--expires", "2999-01-01", *arguments]
    code, out, err = accept(capsys, recorded / "out", *options)
    assert (code, out) == (4, "")
    assert says in err
    assert err.count("\n") == 1


@pytest.mark.parametrize("text", ["", "{}", "[", "[1]", '{"tool": {"name": "other"}}'])
def test_something_else_than_a_report_is_named(capsys, tmp_path, text):
    (tmp_path / "r.json").write_text(text)
    options = ["--owner", "o", "--expires", "2999-01-01"]
    code, _, err = accept(capsys, tmp_path / "r.json", *options)
    assert code == 4
    assert "r.json" in err
    assert err.count("\n") == 1


# --- how a run takes them -----------------------------------------------------------------


def result(*signatures, outcome="fail", requirement="TC-GMR-01"):
    keys = ("message", "path", "expected", "actual")
    findings = [
        {**dict.fromkeys(keys, ""), "signature": s, "advisory": False, "exchanges": []}
        for s in signatures
    ]
    return {
        "target": "t",
        "requirement": requirement,
        "level": "MUST",
        "check": "c",
        "outcome": outcome,
        "reason": "",
        "findings": findings,
        "observations": [],
        "exchanges": [],
        "requests": 0,
        "duration_s": 0,
    }


def ledger(*rows, known=()):
    target = Target("t", "tencent", deviations=known, file="targets.yaml")
    made = Ledger({"tencent": contract.load("tencent")}, [target], today=TODAY)
    for row in rows:
        made.add(row)
    return made


def test_the_thirteenth_kind_of_failure_is_not_forgotten():
    kinds = [f"kind {number}" for number in range(30)]
    known = tuple(Deviation("TC-GMR-01", kind, "r", "o", LATER) for kind in kinds[:29])
    made = ledger(*(result(kind) for kind in kinds), known=known)
    (row,) = made.results(["TC-GMR-01"])
    assert row["outcome"] == "fail"
    assert len(row["findings"]) == 30


@pytest.mark.parametrize(
    ("deviation", "says"),
    [
        (Deviation("TC-GMR-01", "s", "r", "o", LATER, 7), "stale"),
        (Deviation("TC-GMR-01", "s", "r", "o", date(2020, 1, 1), 7), "expired on 2020-01-01"),
        (Deviation("TC-NO-01", "s", "r", "o", LATER, 7), "no requirement of tencent"),
    ],
)
def test_a_deviation_that_is_to_go_says_where_it_stands(deviation, says):
    made = ledger(result(outcome="pass"), known=(deviation,))
    (line,) = made.stale(made.results())
    assert says in line
    assert "delete" in line
    assert "targets.yaml:7" in line
