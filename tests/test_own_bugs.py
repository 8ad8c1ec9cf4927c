"""What is wrong with the suite itself is an error of the suite, never the target's failure."""

import json
import shutil
from pathlib import Path

import pytest
from commandline import module

from receiptspec import contract, jsonschemas, resources
from receiptspec.errors import ContractError, NotExercised
from receiptspec.exchange import Secret
from receiptspec.neutral import Call
from receiptspec.reference import launch
from receiptspec.stage import Stage
from receiptspec.targets import Target

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """Return a function that copies the suite into a folder of its own, to break it there."""

    def make(name):
        base = tmp_path_factory.mktemp(name)
        for part in ("receiptspec", "schemas", "suites"):
            shutil.copytree(
                ROOT / part, base / part, ignore=shutil.ignore_patterns("__pycache__", "*.pyc")
            )
        shutil.copy(ROOT / "targets.yaml", base)
        return base

    return make


def judged(base, *requirements):
    chosen = [f"--requirement={name}" for name in requirements]
    options = ["--target", "reference", "--seed", "1", "--report", "out"]
    arguments = ["run", *options, *chosen]
    return module("receiptspec", *arguments, cwd=base, env={"PYTHONPATH": str(base)})


def rows(base):
    report = json.loads((base / "out" / "report.json").read_text())
    return {row["requirement"]: row for row in report["results"]}


def change(file, old, new):
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


def test_a_check_that_raises_is_an_error_and_the_others_are_judged(copy):
    base = copy("check")
    suite = base / "suites" / "test_counting.py"
    lines = suite.read_text().splitlines()
    named = [i for i, line in enumerate(lines) if line.startswith("def test_")]
    row = next(
        row
        for row in contract.load("tencent").requirements
        if f'check("{row.check}")' in lines[named[0] - 1]
    )
    lines.insert(named[0] + 1, "    1 / 0")
    suite.write_text("\n".join(lines) + "\n")
    done = judged(base, row.id, "TC-GMR-01")
    found = rows(base)
    assert done.returncode == 3, done.stdout
    assert found[row.id]["outcome"] == "error"
    assert found[row.id]["reason"].startswith("ZeroDivisionError: division by zero (test_counting")
    assert found["TC-GMR-01"]["outcome"] == "pass"


def test_a_generator_that_cannot_produce_is_an_error(copy):
    base = copy("generator")
    change(
        base / "receiptspec" / "scenes" / "calls.py",
        "    return strategies.from_schema(schema, live=_live(stage, scene))",
        "    return st.integers().filter(lambda _: False)",
    )
    done = judged(base, "TC-GMR-01", "TC-GMR-17")
    found = rows(base)
    assert done.returncode == 3, done.stdout
    assert found["TC-GMR-01"]["outcome"] == "error"
    assert found["TC-GMR-01"]["reason"].startswith("Unsatisfiable: ")
    assert found["TC-GMR-17"]["outcome"] == "pass"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "get_group_msg_receipt.request.json: cannot be read"),
        ('{"typo": 1}', "keyword 'typo' is not supported"),
    ],
)
def test_a_schema_that_does_not_load_is_an_error(copy, text, said):
    base = copy("schema")
    (base / "schemas" / "tencent" / "get_group_msg_receipt.request.json").write_text(text)
    done = judged(base, "TC-GMR-01", "TC-GMR-17")
    assert done.returncode == 3, done.stdout + done.stderr
    outcomes = {row["outcome"] for row in rows(base).values()}
    assert outcomes <= {"error", "pass"}
    assert said in rows(base)["TC-GMR-01"]["reason"]


def test_a_contract_that_contradicts_itself_is_told_in_one_line(copy):
    base = copy("contract")
    with (base / "schemas" / "tencent" / "contract.yaml").open("a") as stream:
        stream.write("\nunknown_part: 1\n")
    done = judged(base, "TC-GMR-01")
    assert done.returncode == 3
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert "contract.yaml" in done.stderr


def test_a_request_of_our_own_that_is_wrong_is_an_error(copy):
    base = copy("request")
    change(
        base / "receiptspec" / "drivers" / "tencent_actions.py",
        'return Call("create_group", body)',
        'return Call("create_group", {**body, "Type": "Nonsense"})',
    )
    done = judged(base, "TC-GMR-01")
    found = rows(base)["TC-GMR-01"]
    assert done.returncode == 3, done.stdout
    assert found["outcome"] == "error"
    assert found["reason"].startswith(
        "the suite's own request is wrong, not the target: create_group: $.Type: "
    )


# --- a stage ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def stage():
    with launch() as server:
        auth = {"sdkappid": server.sdkappid, "identifier": server.identifier}
        auth["key"] = Secret(server.key)
        target = Target("t", "tencent", url=server.url, auth=auth, writes=True)
        made = Stage(target, origin=server.url)
        yield made
        made.close()


def test_nothing_is_sent_that_is_wrong(stage):
    stage.open()
    before = stage.sent
    with pytest.raises(ContractError, match=r"create_group: .*Type"):
        stage.must(Call("create_group", {"Name": "a"}))
    assert stage.sent == before


def test_what_a_check_breaks_on_purpose_is_sent(stage):
    assert stage.call(Call("create_group", {"Type": "Nonsense", "Name": "a"})).refused
    with pytest.raises(NotExercised, match="did not work"):
        stage.must(Call("destroy_group", {}, raw=b"{"))


def test_accounts_that_are_missing_though_they_were_made_are_doubted(stage):
    stage.make_users(["somebody"])
    owner = {"Owner_Account": "nobody"}
    with pytest.raises(
        NotExercised, match=r"10019.*account_import said that it made every account"
    ):
        stage.must(Call("create_group", {"Type": "Public", "Name": "a", **owner}))


def test_an_id_that_the_target_gave_is_not_our_mistake(stage):
    stage._given.add(repr(17))
    with pytest.raises(NotExercised, match="did not work"):
        stage.must(Call("destroy_group", {"GroupId": 17}))
    with pytest.raises(ContractError, match="GroupId"):
        stage.must(Call("destroy_group", {"GroupId": 18}))


def test_every_schema_of_every_vendor_loads():
    files = list(resources.path("schemas").glob("*/*.json"))
    assert len(files) > 20
    assert all(jsonschemas.load(file).tree for file in files)
