"""A harness as the read hook: a client SDK reads for a target that is asked over REST."""

import json
import sys

import pytest
from commandline import command

from receiptspec import doctor, reference, targetfile
from receiptspec.errors import ConfigurationError, Inconclusive
from receiptspec.exchange import Secret
from receiptspec.neutral import Conversation, Kind, Message
from receiptspec.stage import Stage
from receiptspec.targets import Harness, Target

READING = ("TC-GMR-08", "TC-GMR-09", "TC-C2C-03")
PACKAGED = (sys.executable, "-m", "receiptspec.reference.harness")


def run(tmp_path, block):
    file = tmp_path / "targets.yaml"
    file.write_text(f"t:\n  vendor: tencent\n  embedded: true\n{block}")
    rows = [part for row in READING for part in ("--requirement", row)]
    options = ["--targets", file, "--target", "t", "--report", tmp_path / "out", *rows]
    done = command("run", *options, cwd=tmp_path)
    report = json.loads((tmp_path / "out" / "report.json").read_text(encoding="utf-8"))
    return done, {one["requirement"]: one["outcome"] for one in report["results"]}


@pytest.fixture(scope="module")
def server():
    with reference.launch() as running:
        yield running


@pytest.fixture
def staged(server):
    """Return a function that makes a stage whose readers are harnesses started by a command."""
    stages = []

    def make(*command):
        auth = {"sdkappid": server.sdkappid, "identifier": server.identifier}
        hook = Harness(command)
        target = Target("t", "tencent", url=server.url, writes=True, read_hook=hook)
        stages.append(Stage(target, origin=server.url, auth={**auth, "key": Secret(server.key)}))
        return stages[-1]

    yield make
    for stage in stages:
        stage.close()


def test_a_target_without_a_call_that_reads_is_read_by_an_sdk(tmp_path):
    block = (
        "  capabilities: {group_msg_receipt: false}\n"
        "  hooks: {read: {harness: {reference: true}}}\n"
    )
    done, outcomes = run(tmp_path, block)
    assert done.returncode == 0, done.stdout
    assert [row for row in READING if outcomes[row] != "pass"] == []


def test_reads_of_groups_and_of_two_people_show_on_the_server(staged):
    stage = staged(*PACKAGED)
    group = stage.group(3)
    first, second = stage.say(group), stage.say(group)
    assert stage.reads(group.members[1], [first]) is None
    found = stage.receipts(stage.ask(group, [first, second]))
    assert [(found[m.id].read, found[m.id].unread) for m in (first, second)] == [(1, 1), (0, 2)]
    pair = stage.pair(*stage.users(2))
    letter = stage.say(pair)
    stage.reads(pair.members[1], [letter])
    assert stage.receipts(stage.ask(pair, [letter]))[letter.id].peer_read is True


def test_the_usersigs_of_readers_are_secrets(staged):
    stage = staged(*PACKAGED)
    group = stage.group(2)
    stage.reads(group.members[1], [stage.say(group)])
    (signature,) = [s.reveal() for s in stage.driver.secrets() if s.reveal().startswith("eJ")][1:]
    assert signature not in stage.redact(f"it said {signature}")


@pytest.mark.parametrize(
    ("command", "says"),
    [
        (("no-such-sdk",), "hooks.read: harness no-such-sdk: No such file"),
        ((sys.executable, "-c", "import sys; sys.exit('it broke')"), "it broke"),
    ],
)
def test_a_reader_that_cannot_be_started_leaves_no_verdict(staged, command, says):
    stage = staged(*command)
    group = stage.group(2)
    message = stage.say(group)
    with pytest.raises(Inconclusive, match=says):
        stage.reads(group.members[1], [message])


def test_a_reader_that_refuses_leaves_no_verdict(staged):
    stage = staged(*PACKAGED)
    nowhere = Conversation(Kind.GROUP, "@TGS#none", "Public", "ann", ("ann", *stage.users(1)))
    message = Message(nowhere, 1, "ann", wants_receipt=True)
    with pytest.raises(Inconclusive, match=r"hooks\.read: the SDK of .* refuses: .*10010"):
        stage.reads(nowhere.members[1], [message])


def test_a_harness_is_taken_from_the_targets_file(tmp_path):
    file = tmp_path / "targets.yaml"
    file.write_text(
        "t:\n  vendor: tencent\n  embedded: true\n"
        "  hooks: {read: {harness: {command: [node, read.mjs]}}}\n"
    )
    assert targetfile.load(file, "t").read_hook == Harness(("node", "read.mjs"))


@pytest.mark.parametrize(
    ("block", "says"),
    [
        ("vendor: volcengine\n  embedded: true\n  hooks: {read: {harness: {reference: true}}}",
         "no harness can read for vendor volcengine"),
        ("vendor: tencent-sdk\n  embedded: true\n  harness: {reference: true}\n"
         "  hooks: {read: {harness: {reference: true}}}",
         "no harness can read for vendor tencent-sdk"),
        ("vendor: tencent\n  embedded: true\n  hooks: {read: {harness: {command: []}}}", "read"),
        ("vendor: tencent\n  embedded: true\n  hooks: {read: {}}", "read"),
    ],
)  # fmt: skip
def test_a_harness_that_cannot_read_is_refused_with_its_place(tmp_path, block, says):
    file = tmp_path / "targets.yaml"
    file.write_text(f"t:\n  {block}\n")
    with pytest.raises(ConfigurationError, match=says) as refused:
        targetfile.load(file, "t")
    assert "targets.yaml:" in str(refused.value)


@pytest.mark.parametrize(
    ("program", "says"), [(sys.executable, "is there"), ("no-such-sdk", "no command no-such-sdk")]
)
def test_the_doctor_looks_for_the_program(program, says):
    target = Target("t", "tencent", read_hook=Harness((program,)))
    assert says in doctor._hook(target).said
