"""What stands in a target that may not be written to is looked at, and compared with itself."""

import json
from dataclasses import replace
from types import SimpleNamespace

import pytest
from commandline import command

from receiptspec.errors import Inconclusive, NotExercised, StaleFixture
from receiptspec.exchange import Secret
from receiptspec.neutral import Conversation, Kind, Message, Receipt
from receiptspec.reference import Settings, launch
from receiptspec.scenes import calls, correspondence, groups, membership, reads, standing
from receiptspec.scenes.groups import Asked
from receiptspec.stage import Stage
from receiptspec.targets import Fixture, Target, Timeouts

LISTS = [f"TC-GMD-{number:02}" for number in (*range(1, 11), 13, 14, 15, 34, 36)]
LISTS += ["TC-GMR-01", "TC-GMR-04", "TC-GMR-27", "TC-GMR-32", "TC-GMD-32", "TC-GRP-12"]


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
    with launch(Settings(faults=faults)) as server:
        found = outcomes(tmp_path, server, seeded(server))
    assert {row for row in LISTS if found[row] not in ("pass", "observed")} == rows


def test_freedoms_of_lists_are_left_to_a_fixture_too(tmp_path):
    with launch(
        Settings(variants=["sender-counts", "empty-lists-omitted", "lists-of-forty"])
    ) as server:
        found = outcomes(tmp_path, server, seeded(server))
    assert {found[row] for row in LISTS} <= {"pass", "observed"}


def test_the_lists_of_a_fixture_name_their_sender():
    with launch() as server:
        fixture = seeded(server)
        stage = Stage(target(server, fixture=fixture), origin=server.url)
        try:
            found = stage.scene(standing.standing, True)
        finally:
            stage.close()
    assert found.before.receipts == found.after.receipts
    assert found.agrees()
    assert found.sender == fixture.members[0]
    assert {standing.uncounted(half) for half in found.halves} <= {0, 1}


@pytest.fixture
def standing_group():
    """Return a function that opens a stage on a seeded group, its fixture changed."""
    stages = []
    with launch() as server:
        fixture = seeded(server)

        def opened(**changes):
            named = replace(fixture, **changes)
            stages.append(Stage(target(server, fixture=named), origin=server.url))
            return stages[-1], fixture

        yield opened
        for stage in stages:
            stage.close()


def test_a_message_without_a_receipt_is_left_out_of_a_fixture(standing_group):
    _, fixture = standing_group()
    stage, _ = standing_group(messages=(10**6, *fixture.messages))
    ready = stage.scene(groups.good)
    assert [message.id for message in ready.messages] == list(fixture.messages)
    assert 10**6 not in ready.fresh.receipts
    with pytest.raises(StaleFixture, match=r"renew fixtures: message 1000000 has no receipt"):
        ready.must_be_whole()


def test_a_fixture_whose_messages_have_no_receipts_is_inconclusive(standing_group):
    stage, _ = standing_group(messages=(10**6, 10**6 + 1))
    with pytest.raises(Inconclusive, match="none of messages has a receipt"):
        stage.scene(groups.good)


@pytest.mark.parametrize("members", [(), ("a",)])
def test_a_fixture_of_few_members_takes_nothing_that_needs_more(standing_group, members):
    stage, _ = standing_group(members=members)
    plays = (reads.sender, reads.position, correspondence.known_again, membership.members)
    for play in (*plays, correspondence.letters_beside_group):
        with pytest.raises(NotExercised):
            stage.scene(play)
    with pytest.raises(NotExercised, match="nobody beside the owner"):
        groups.a_member(stage.scene(groups.good).group)
    assert calls.question(stage, stage.scene(groups.good)).operation == stage.driver.ask


def test_a_fixture_whose_members_have_changed_has_to_be_renewed(standing_group):
    _, fixture = standing_group()
    stage, _ = standing_group(members=fixture.members[:-1])
    with pytest.raises(StaleFixture, match="other members than members says, 8 in all"):
        stage.scene(membership.members)


def test_what_asks_for_a_write_says_so(standing_group):
    stage, _ = standing_group()
    with pytest.raises(NotExercised, match="group_msg_receipt writes"):
        stage.can("group_msg_receipt")


def told(started, **numbers):
    """Return an answer at a time with the numbers of readers of messages."""
    exchange = SimpleNamespace(started=started)
    found = {id_: Receipt(id_, known=True, read=n, unread=9 - n) for id_, n in numbers.items()}
    return Asked(SimpleNamespace(exchange=exchange), found)


@pytest.mark.parametrize(
    ("numbers", "flips"),
    [
        ([(0, 3), (1, 3), (9, 4), (20, 5)], False),
        ([(0, 3), (1, 4), (2, 3), (20, 4)], False),  # views may differ for a while
        ([(0, 3), (1, 4), (9, 3)], True),
        ([(0, 3), (1, 4), (9, 5), (20, 4)], True),
        ([(0, 3), (1, 2), (9, 2)], False),
    ],
)
def test_a_number_that_comes_back_has_not_been_read(numbers, flips):
    found = standing.flipped([told(at, a=number) for at, number in numbers], 5)
    assert (found is not None) is flips


@pytest.mark.parametrize(
    ("numbers", "counts"),
    [([0, 1, 2, 3, 4], True), ([0, 1, 2, 9, 10], False), ([4, 4, 4, 4, 4], False)],
)
def test_who_asks_is_no_reader(numbers, counts):
    answers = [told(at, a=7, b=number) for at, number in enumerate(numbers)]
    found = standing.counting(answers)
    assert (found is not None and found[2]) == (counts and "b")


def test_messages_that_all_and_none_have_read_are_looked_at():
    group = Conversation(Kind.GROUP, "g", "Public", "a", ())
    numbers = {"some": 3, "few": 2, "one": 1, "last": 8, "all": 9, "none": 0}
    messages = [Message(group, id_, "a", True) for id_ in numbers]
    chosen = standing.chosen_of(messages, told(0, **numbers).receipts)
    assert [message.id for message in chosen[:4]] == ["some", "all", "none", "few"]
