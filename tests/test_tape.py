"""What a server was asked and said is recorded, and tells which other ones would say the same."""

import io
import json
import time

import pytest
import TLSSigAPIv2

from receiptspec.reference import Settings, outside
from receiptspec.reference.calls import Incoming
from receiptspec.reference.desk import furnish
from receiptspec.reference.tape import Tape, record

SETTINGS = Settings(sdkappid=1400000000, key="ab" * 32, webhook="http://127.0.0.1:9/").filled()
SIGNATURE = TLSSigAPIv2.TLSSigAPIv2(1400000000, SETTINGS.key).gen_sig("administrator")
ADDRESS = f"sdkappid=1400000000&identifier=administrator&usersig={SIGNATURE}"
HELD = outside.Held(1_700_000_000.25, 12.5, 3)


def post(desk, command, body, service="group_open_http_svc"):
    path, raw = f"/v4/{service}/{command}", json.dumps(body).encode()
    incoming = Incoming("POST", path, ADDRESS, (), raw, "127.0.0.1", "127.0.0.1:5")
    return json.loads(desk.answer(incoming)[1].body)


def conversation(desk):
    """Have a group, a message that one member has read by REST, and one by the hook."""
    names = ("ann", "bob", "cid")
    accounts = {"AccountList": [{"UserID": name} for name in names]}
    post(desk, "multiaccount_import", accounts, service="im_open_login_svc")
    members = [{"Member_Account": name} for name in names[1:]]
    made = {"Type": "Public", "Name": "n", "Owner_Account": "ann", "MemberList": members}
    group = post(desk, "create_group", made)["GroupId"]
    text = {"MsgType": "TIMTextElem", "MsgContent": {"Text": "hello"}}
    sent = {"GroupId": group, "From_Account": "ann", "Random": 7, "MsgBody": [text]}
    seq = post(desk, "send_group_msg", {**sent, "NeedReadReceipt": 1})["MsgSeq"]
    items = [{"MsgSeq": seq}]
    post(desk, "group_msg_receipt", {"GroupId": group, "From_Account": "bob", "MsgSeqList": items})
    place = {"type": "group", "id": group}
    wish = {"vendor": "tencent", "user": "cid", "conversation": place, "messages": [seq]}
    read = desk.read(wish)
    told = post(desk, "get_group_msg_receipt", {"GroupId": group, "MsgSeqList": items})
    return read, told["GroupMsgReceiptList"]


@pytest.fixture(scope="module")
def tape():
    file = io.BytesIO()
    read, receipts = conversation(record(furnish(SETTINGS, mute=True), SETTINGS, file))
    assert read == ({"read": 1}, 200)
    assert [(one["ReadNum"], one["UnreadNum"]) for one in receipts] == [(2, 0)]
    return Tape.of(file)


def test_a_tape_holds_requests_wishes_and_webhooks(tape):
    assert tape.settings == SETTINGS
    assert len(tape.exchanges) == 6
    assert [len(one.called) for one in tape.exchanges] == [0, 0, 1, 1, 1, 0]
    assert b"ReadReceiptMembers" in tape.exchanges[3].called[0].document
    assert tape.exchanges[4].said == ({"read": 1}, 200)
    assert [one.moment.seed for one in tape.exchanges] == [1, 2, 3, 4, 5, 6]


def test_the_same_server_says_the_same_as_often_as_it_is_asked(tape):
    time.sleep(0.01)  # another moment than the recorded one
    assert tape.fits([])
    assert tape.fits([])


@pytest.mark.parametrize(
    "fault",
    [
        "error-code-missing",  # another answer
        "byte-order-mark",  # other bytes
        "status-201-on-success",  # another status
        "slow-answers",  # another time
        "callback-platform-unknown",  # another webhook
        "callback-answer-counts",  # a webhook that somebody waits for
    ],
)
def test_a_server_that_differs_in_anything_does_not_fit(tape, fault):
    assert not tape.fits([fault])


@pytest.mark.parametrize(
    "fault", ["full-groups-too-large", "page-without-cursor", "ve-answers-frozen"]
)
def test_a_server_that_differs_elsewhere_fits(tape, fault):
    assert tape.fits([fault])


def test_a_server_that_breaks_down_does_not_fit(tape, monkeypatch):
    monkeypatch.setattr(json, "dumps", None)
    assert not tape.fits([])


def test_nothing_recorded_is_told():
    with pytest.raises(EOFError):
        Tape.of(io.BytesIO())


def test_time_and_chance_are_the_machines_unless_they_are_held():
    assert abs(outside.now() - time.time()) < 60
    assert outside.ticks() <= time.monotonic()
    assert len({outside.token(8) for _ in range(4)}) == 4
    assert all(0 <= outside.below(3) < 3 for _ in range(20))
    drawn = []
    for _ in range(2):
        with outside.held(HELD):
            assert (outside.now(), outside.ticks()) == (HELD.now, HELD.ticks)
            drawn.append((outside.token(8), outside.below(10**9), outside.below(10**9)))
    assert drawn[0] == drawn[1]
    assert outside.now() != HELD.now
