"""Lists of Volcengine's in a target that may not be written to are compared with one another."""

import json

import pytest
from commandline import command

from receiptspec.exchange import Secret
from receiptspec.reference import Settings, launch
from receiptspec.stage import Stage
from receiptspec.targets import Target, Timeouts

ROWS = [f"VE-GMRR-{number}" for number in (27, 28, 36, 37, 38, 40, 44, 88, 89)]


def auth(server):
    keys = {"access_key": server.access_key, "region": server.region}
    return {"appid": server.appid, **keys, "secret_key": server.secret_key}


def seeded(server):
    """Make a group with messages that some and all have read; return it as a fixture."""
    target = Target(
        name="t",
        vendor="volcengine",
        url=server.url,
        auth={**auth(server), "secret_key": Secret(server.secret_key)},
        consistency=0.1,
        timeouts=Timeouts(3, 10, 30),
        writes=True,
        read_hook=f"{server.url}/_reference/read",
    )
    stage = Stage(target, origin=server.url, namespace="seed")
    try:
        group = stage.group(6)
        messages = [stage.say(group) for _ in range(4)]
        for message, readers in zip(messages, (2, 1, 5, 3), strict=True):
            for reader in group.members[1 : 1 + readers]:
                stage.reads(reader, [message])
    finally:
        stage.close()
    ids = [message.id for message in messages]
    return {"id": group.id, "members": list(group.members), "messages": ids}


def outcomes(tmp_path, server, group):
    """Run the rows about lists against the server and return what became of each."""
    block = {"vendor": "volcengine", "url": server.url, "auth": auth(server)}
    block |= {"consistency": "100ms", "writes": False, "rate": "2000/s"}
    block |= {"fixtures": {"group": group}}
    (tmp_path / "targets.yaml").write_text(json.dumps({"t": block}))
    rows = [part for row in ROWS for part in ("--requirement", row)]
    command("run", "--target", "t", "--report", "out", *rows, cwd=tmp_path)
    found = json.loads((tmp_path / "out" / "report.json").read_text())["results"]
    return {result["requirement"]: result["outcome"] for result in found}


def blamed(found):
    return {row for row in ROWS if found[row] not in ("pass", "observed")}


@pytest.mark.parametrize(
    ("fault", "rows"),
    [
        ("ve-readers-stay-unread", {"VE-GMRR-38"}),
        ("ve-readers-twice", {"VE-GMRR-38"}),
        ("ve-last-of-three-lost", {"VE-GMRR-40"}),
        ("ve-lists-shifted", {"VE-GMRR-36", "VE-GMRR-37"}),
        ("ve-users-as-doubles", {"VE-GMRR-38", "VE-GMRR-40", "VE-GMRR-88"}),
        ("ve-ids-collide", {"VE-GMRR-89"}),
        ("ve-ids-collide-everywhere", {"VE-GMRR-89"}),
        ("ve-neighbours-collide", {"VE-GMRR-89"}),
    ],
)
def test_lists_of_a_fixture_are_judged(tmp_path, fault, rows):
    with launch(Settings(faults=[fault])) as server:
        found = outcomes(tmp_path, server, seeded(server))
    assert blamed(found) == rows


@pytest.mark.parametrize(
    "variants", [[], ["ve-any-order", "ve-ids-in-a-row"], ["ve-ids-close", "ve-users-reversed"]]
)
def test_lists_that_agree_are_not_blamed(tmp_path, variants):
    with launch(Settings(variants=variants)) as server:
        found = outcomes(tmp_path, server, seeded(server))
    assert blamed(found) == set()


def test_who_has_left_and_stays_listed_is_no_stranger(tmp_path):
    with launch() as server:
        group = seeded(server)
        group["members"].pop(1)
        found = outcomes(tmp_path, server, group)
    assert blamed(found) == set()
    assert found["VE-GMRR-40"] == "pass"
