"""What stands in a target that may not be written to is looked at, and compared with itself."""

import json

import pytest
from commandline import command

from receiptspec.exchange import Secret
from receiptspec.reference import launch
from receiptspec.scenes import standing
from receiptspec.stage import Stage
from receiptspec.targets import Fixture, Target, Timeouts

LISTS = [f"TC-GMD-{number:02}" for number in (*range(1, 11), 13, 14, 15, 34, 36)] + ["TC-GMR-32"]


def target(server, **changes):
    key = Secret(server.key)
    auth = {"sdkappid": server.sdkappid, "key": key, "identifier": server.identifier}
    fields = {"auth": auth, "consistency": 0.1, "timeouts": Timeouts(3, 10, 30), **changes}
    return Target(name="t", vendor="tencent", url=server.url, **fields)


def seeded(server):
    """Make a group with messages that none, some and all have read; return its fixture."""
    stage = Stage(target(server, writes=True), origin=server.url, namespace="seed")
    try:
        group = stage.group(8)
        messages = [stage.say(group) for _ in range(4)]
        plain = stage.say(group, receipt=False)
        for message, readers in zip(messages, (3, 1, 7, 0), strict=True):
            for reader in group.members[1 : 1 + readers]:
                stage.reads(reader, [message])
    finally:
        stage.close()
    ids = tuple(message.id for message in messages)
    return Fixture(group.id, members=group.members, messages=ids, plain_messages=(plain.id,))


def outcomes(tmp_path, server, fixture):
    """Run the rows about lists against the server and return what became of each."""
    group = {
        "id": fixture.id,
        "members": list(fixture.members),
        "messages": list(fixture.messages),
        "plain_messages": list(fixture.plain_messages),
    }
    auth = {"sdkappid": server.sdkappid, "key": server.key, "identifier": server.identifier}
    block = {"vendor": "tencent", "url": server.url, "auth": auth, "consistency": "100ms"}
    block |= {"writes": False, "rate": "2000/s", "fixtures": {"group": group}}
    (tmp_path / "targets.yaml").write_text(json.dumps({"t": block}))
    rows = [part for row in LISTS for part in ("--requirement", row)]
    command("run", "--target", "t", "--report", "out", *rows, cwd=tmp_path)
    found = json.loads((tmp_path / "out" / "report.json").read_text())["results"]
    return {result["requirement"]: result["outcome"] for result in found}


@pytest.mark.parametrize(
    ("faults", "rows"),
    [
        ([], set()),
        (["cursor-used-up"], {"TC-GMD-34"}),
        (["readers-stay-unread"], {"TC-GMD-13", "TC-GMD-14"}),
        (["walks-share-their-place"], {"TC-GMD-08"}),
    ],
)
def test_lists_of_a_fixture_are_judged(tmp_path, faults, rows):
    with launch(faults=faults) as server:
        found = outcomes(tmp_path, server, seeded(server))
    assert {row for row in LISTS if found[row] not in ("pass", "observed")} == rows


def test_freedoms_of_lists_are_left_to_a_fixture_too(tmp_path):
    with launch(variants=["sender-counts", "empty-lists-omitted", "lists-of-forty"]) as server:
        found = outcomes(tmp_path, server, seeded(server))
    assert {found[row] for row in LISTS} <= {"pass", "observed"}


def test_the_lists_of_a_fixture_name_their_sender():
    with launch() as server:
        fixture = seeded(server)
        stage = Stage(target(server, fixture=fixture), origin=server.url)
        try:
            found = stage.scene(standing.standing, 4)
        finally:
            stage.close()
    assert found.before.receipts == found.after.receipts
    assert found.agrees()
    assert found.sender == fixture.members[0]
    assert {standing.uncounted(half) for half in found.halves} <= {0, 1}
