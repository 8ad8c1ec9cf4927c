"""Faults and variants: each is declared, starts, and a client can see it."""

import json
import re
import time
from pathlib import Path

import pytest
import TLSSigAPIv2
from pace import PATIENCE

from receiptspec import reference
from receiptspec.reference.behaviour import Behaviour
from receiptspec.reference.calls import Incoming
from receiptspec.reference.faults import (
    FAULTS,
    announcements,
    astray,
    beyond,
    clashes,
    company,
    correspondence,
    everywhere,
    extras,
    gates,
    households,
    options,
    people,
    repeats,
    replicas,
    seldom,
    sequels,
    sizes,
    spelling,
    together,
)
from receiptspec.reference.serving import _application
from receiptspec.reference.settings import Settings
from receiptspec.reference.store import Store
from receiptspec.reference.tencent.face import SERVICES, TencentFace
from receiptspec.reference.tencent.site import Site
from receiptspec.reference.tencent.webhooks import Webhooks, sign
from receiptspec.reference.variants import VARIANTS

#: Modules of faults that show in longer stories than are told here: the proof tells those.
LONG = (
    announcements,
    astray,
    beyond,
    clashes,
    company,
    correspondence,
    everywhere,
    extras,
    gates,
    households,
    options,
    people,
    replicas,
    repeats,
    seldom,
    sequels,
    sizes,
    spelling,
    together,
)
ALL = {**FAULTS, **VARIANTS}
CLASSES = {
    "roles",
    "webhook",
    "authentication", "batching", "code", "counting", "encoding", "envelope", "idempotency",
    "isolation", "leniency", "lifecycle", "limits", "paging", "precision", "rare-trigger",
    "shape", "timing", "transport",
}  # fmt: skip


@pytest.mark.parametrize("name", ALL)
def test_every_twist_is_declared_in_full(name):
    twist = ALL[name]
    assert re.fullmatch(r"TC-[A-Z0-9]+-\d+[a-z]?|VE-GMRR-\d+[a-z]?|SEC-\d+", twist.requirement)
    volcengine = twist.vendor == "volcengine"
    assert volcengine == name.startswith("ve-")
    assert re.fullmatch(r"[a-z0-9-]+", name)
    assert twist.shows
    if name in FAULTS:
        assert twist.cls in CLASSES
        assert twist.level in ("MUST", "SHOULD")
        assert not re.match(r"TC-(GEN-(11|25|27|35)|GMR-3[4-8])$", twist.requirement)


def test_no_name_is_a_fault_and_a_variant():
    assert len(ALL) == len(FAULTS) + len(VARIANTS)
    lines = [line.split()[1] for line in reference.catalogue()]
    assert len(set(lines)) == len(lines)
    assert set(lines) > ALL.keys()


@pytest.mark.parametrize("name", ALL)
def test_every_twist_starts(name):
    faults = [name] if name in FAULTS else []
    variants = [name] if name in VARIANTS else []
    assert _application(Settings(faults=faults, variants=variants, sdkappid=1, key="ab"))


def test_every_testable_row_of_three_families_has_a_fault():
    rows = {fault.requirement for fault in FAULTS.values()}
    for family, last, without in (
        ("GEN", 34, {11, 25, 27, 28}),
        ("SIG", 17, set()),
        ("GMR", 40, {5, 34, 35, 36, 37, 38}),
    ):
        wanted = {f"TC-{family}-{n:02}" for n in range(1, last + 1) if n not in without}
        assert wanted - rows == set()


def test_signatures_of_callbacks_match_the_documented_vector():
    wanted = "17773bc39a671d7b9aa835458704d2a6db81360a5940292b587d6d760d484061"
    assert sign("xxxxyyyy", "1669872112") == wanted


@pytest.mark.parametrize("name", ["reads-count-double", "gzip", "connection-close", "chunked"])
def test_twists_work_over_http(name):
    import requests

    faults, variants = ([name], []) if name in FAULTS else ([], [name])
    with reference.launch(Settings(faults=faults, variants=variants)) as server:
        response = requests.post(f"{server.url}/v4/x/y", data=b"{}", timeout=PATIENCE)
        assert response.json()["ErrorCode"] == 60009
        headers = {"gzip": "Content-Encoding", "chunked": "Transfer-Encoding"}
        assert headers.get(name, "Content-Type") in response.headers


def test_files_stay_small():
    for path in Path(reference.__file__).parent.rglob("*.py"):
        assert len(path.read_text().splitlines()) <= 400, path


def build(*names):
    behaviour = Behaviour([ALL[name] for name in names])
    site = Site(1400000000, "administrator", "ab" * 32, Store(), Webhooks(1400000000))
    return TencentFace(site, behaviour)


SIGNATURE = TLSSigAPIv2.TLSSigAPIv2(1400000000, "ab" * 32).gen_sig("administrator")


def post(face, command, body, serial=1, **query):
    service = next(name for name, (_, _, known) in SERVICES.items() if command in known)
    parameters = {"sdkappid": 1400000000, "identifier": "administrator", "usersig": SIGNATURE}
    text = "&".join(f"{k}={v}" for k, v in {**parameters, **query}.items())
    raw = json.dumps(body).encode()
    incoming = Incoming("POST", f"/v4/{service}/{command}", text, (), raw, "127.0.0.1", "c")
    call = face.begin(incoming, serial)
    reply = face.answer(call)
    face.behaviour.on_bytes(call, reply)
    return reply


def test_faults_of_counting_differ_from_the_default():
    def story(face):
        post(face, "multiaccount_import", {"Accounts": ["o", "a", "b", "c"]})
        shown = []
        for number in (1, 2):
            body = {"Type": "Public", "Name": "g", "Owner_Account": "o", "GroupId": f"g{number}"}
            body["MemberList"] = [{"Member_Account": m} for m in "abc"]
            post(face, "create_group", body)
        text = [{"MsgType": "TIMTextElem", "MsgContent": {"Text": "x"}}]
        now = int(time.time())
        for number in range(1, 8):
            for group in ("g1", "g2"):
                body = {"GroupId": group, "Random": number, "MsgBody": text, "From_Account": "o"}
                if number != 5:
                    body["NeedReadReceipt"] = 1
                post(face, "send_group_msg", body)
        item = {"From_Account": "o", "SendTime": now, "MsgBody": text}
        post(face, "import_group_msg", {"GroupId": "g1", "MsgList": [item]})

        def ask(group, *seqs):
            body = {"GroupId": group, "MsgSeqList": [{"MsgSeq": s} for s in seqs]}
            shown.append(post(face, "get_group_msg_receipt", body).body)

        def read(user, *seqs):
            body = {"GroupId": "g1", "From_Account": user}
            body["MsgSeqList"] = [{"MsgSeq": s} for s in seqs]
            post(face, "group_msg_receipt", body)

        ask("g1", 1, 2, 3)
        ask("g1", 1, 5, 8, 99, 2**32 + 1)
        post(face, "account_import", {"UserID": "x"})
        for users, seqs in (("a", (2, 7)), ("aab", (3,)), ("abc", (4,)), ("a", (6, 1))):
            for user in users:
                read(user, *seqs)
        post(face, "delete_group_member", {"GroupId": "g1", "MemberToDel_Account": ["c"]})
        for group in ("g1", "g2"):
            ask(group, 1, 2, 3, 4, 6, 7)
            ask(group, 1, 2, 3, 4, 6, 7)
        return shown

    usual = story(build())
    counting = [f for f in FAULTS.values() if f.requirement[:8] == "TC-GMR-0"]
    counting += [f for f in FAULTS.values() if f.cls in ("counting", "isolation", "idempotency")]
    counting = [f for f in counting if f.vendor == "tencent"]
    elsewhere = re.compile("TC-(ROM|C2C|SND|GRR|SMR|GRP|WHK|GMD)")
    same = [
        fault.name
        for fault in counting
        if not elsewhere.match(fault.requirement) and story(build(fault.name)) == usual
    ]
    crowds = {"only-twenty-items", "read-count-ends-at-eleven", "unread-count-ends-at-hundred"}
    crowds.add("unread-beyond-thirty")
    others_send = {"owner-taken-for-sender", "owner-taken-for-outsider", "only-owners-get-receipts"}
    others_send.add("administrator-taken-from-unread")
    # who comes and leaves, what is recalled, another type of group: the proof tells these stories
    later = {
        *(fault.name for module in LONG for fault in module.ALL),
        "absence-is-remembered",
        "added-again-forgets-reads",
        "ends-what-begins-so",
        "reads-for-beginnings",
        "reads-for-other-signs",
        "reads-in-groups-of-other-letters",
        "reads-lost-in-meetings",
        "recall-of-several-takes-those-between",
        "recall-takes-the-next-receipt",
        "recall-unreads-the-others",
        "refusals-of-forgers-once-more",
        "refusals-of-the-unsigned-once-more",
    }
    assert set(same) <= crowds | others_send | later
