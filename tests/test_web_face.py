"""The WebSocket face of the reference server, as the vendor's web SDK speaks to it."""

import json
from contextlib import contextmanager

import pytest
import requests
import TLSSigAPIv2
import websocket
from pace import PATIENCE

from receiptspec.reference import launch

GROUPS, DIRECT, STATUS = "group_open_http_svc", "openim", "im_open_status"
TEXT = [{"MsgType": "TIMTextElem", "MsgContent": {"Text": "hi"}}]
MOMENT = 1_790_000_000


@pytest.fixture(scope="module")
def server():
    with launch() as running:
        yield running


class Rest:
    def __init__(self, server):
        self.server = server
        self.signer = TLSSigAPIv2.TLSSigAPIv2(server.sdkappid, server.key)

    def __call__(self, service, command, **body):
        name = self.server.identifier
        query = {"sdkappid": self.server.sdkappid, "identifier": name}
        query |= {"usersig": self.signer.gen_sig(name), "random": 1, "contenttype": "json"}
        url = f"{self.server.url}/v4/{service}/{command}"
        return requests.post(url, params=query, json=body, timeout=PATIENCE).json()

    def group(self, owner, *others):
        for name in (owner, *others):
            self("im_open_login_svc", "account_import", UserID=name)
        members = [{"Member_Account": name} for name in others]
        made = self(
            GROUPS, "create_group", Type="Public", Name="g", Owner_Account=owner, MemberList=members
        )
        return made["GroupId"]


@pytest.fixture
def rest(server):
    return Rest(server)


class Connection:
    """A web client: `pushes` holds what came unasked."""

    def __init__(self, server, path="/binfo"):
        self.server, self.text = server, path == "/info"
        url = server.url.replace("http", "ws", 1) + f"{path}?sdkappid={server.sdkappid}"
        self.socket = websocket.create_connection(url, timeout=PATIENCE)
        self.head, self.seq, self.pushes = {}, 0, []

    def frame(self, raw):
        (self.socket.send if self.text else self.socket.send_binary)(raw)

    def receive(self):
        opcode, data = self.socket.recv_data()
        assert opcode == (websocket.ABNF.OPCODE_TEXT if self.text else websocket.ABNF.OPCODE_BINARY)
        return json.loads(data)

    def __call__(self, service, command, body=None, **head):
        self.seq += 1
        name = f"{service}.{command}"
        whole = {"ver": "v4", "servcmd": name, "seq": self.seq, **self.head, **head}
        self.frame(json.dumps({"head": whole, "body": body if body is not None else {}}))
        while True:
            answer = self.receive()
            if answer["head"]["servcmd"] == "im_open_push.msg_push":
                self.pushes.append(answer["body"])
                continue
            assert answer["head"] == {"servcmd": name, "seq": self.seq}
            return answer["body"]

    def pushed(self):
        """Return the next push."""
        if not self.pushes:
            self.pushes.append(self.receive()["body"])
        return self.pushes.pop(0)["EventArray"][0]

    def login(self, user, signature=None, app=None):
        app = self.server.sdkappid if app is None else app
        if signature is None:
            signature = TLSSigAPIv2.TLSSigAPIv2(app, self.server.key).gen_sig(user)
        head = {"identifier": user, "usersig": signature, "sdkappid": app}
        told = self(STATUS, "wslogin", {"State": "Online"}, **head)
        if told["ErrorCode"] == 0:
            self.head = {"a2": told["A2Key"], "tinyid": told["TinyId"]}
        return told

    def group_message(self, group, random, *, receipt=1):
        body = {"GroupId": group, "Random": random, "MsgBody": TEXT, "NeedReadReceipt": receipt}
        return self(GROUPS, "send_group_msg", {**body, "MsgClientTime": MOMENT})


@contextmanager
def connected(server, *users, path="/binfo"):
    made = [Connection(server, path) for _ in users]
    try:
        for one, user in zip(made, users, strict=True):
            assert one.login(user)["ErrorCode"] == 0
        yield made[0] if len(made) == 1 else made
    finally:
        for one in made:
            one.socket.close()


# --- logging in ------------------------------------------------------------------------------


def test_a_login_gives_what_the_sdk_needs(server):
    one = Connection(server)
    told = one.login("ann")
    assert told["ActionStatus"] == "OK"
    assert told["TinyId"].isdigit()
    assert told["A2Key"]
    assert told["HelloInterval"] > 0
    assert told["InstId"] > 0
    one.socket.close()


def test_a_user_always_has_the_same_tiny_id(server):
    with connected(server, "ann", "bob", "ann") as (one, other, again):
        assert one.head["tinyid"] == again.head["tinyid"] != other.head["tinyid"]
        assert one.head["a2"] != again.head["a2"]


def test_a_login_needs_a_usersig_of_the_user_and_the_app(server):
    signer = TLSSigAPIv2.TLSSigAPIv2(server.sdkappid, server.key)
    forger = TLSSigAPIv2.TLSSigAPIv2(server.sdkappid, "another key")
    one = Connection(server)
    assert one.login("ann", signer.gen_sig("bob"))["ErrorCode"] == 70013
    assert one.login("ann", forger.gen_sig("ann"))["ErrorCode"] == 70009
    assert one.login("ann", signer.gen_sig("ann", -5))["ErrorCode"] == 70001
    assert one.login("ann", "nonsense")["ErrorCode"] == 70003
    assert one.login("ann", app=1)["ErrorCode"] == 70020
    assert one(STATUS, "wslogin")["ErrorCode"] == 70003
    one.socket.close()


@pytest.mark.parametrize("change", [{"a2": "guessed"}, {"tinyid": "1"}, {"a2": "", "tinyid": ""}])
def test_without_what_the_login_gave_nothing_is_done(server, change):
    with connected(server, "ann") as ann:
        told = ann("recentcontact", "page_get", **change)
        assert (told["ActionStatus"], told["ErrorCode"]) == ("FAIL", 70001)


def test_nothing_is_done_before_a_login_or_after_a_logout(server):
    one = Connection(server)
    assert one("recentcontact", "page_get", a2="", tinyid="")["ErrorCode"] == 70001
    assert one("heartbeat", "alive")["ErrorCode"] == 0
    one.login("ann")
    assert one(STATUS, "wslogout")["ErrorCode"] == 0
    assert one("recentcontact", "page_get")["ErrorCode"] == 70001
    one.socket.close()


def test_every_sync_loop_ends(server):
    with connected(server, "ann") as ann:
        assert ann("recentcontact", "page_get")["CompleteFlag"] == 1
        assert ann("sns", "friend_get")["CompleteFlag"] == 1
        assert ann("sns", "black_list_get")["BlackListItem"] == []
        assert ann(DIRECT, "getmsg", {"Cookie": "", "SyncFlag": 0})["SyncFlag"] == 2
        for service in (GROUPS, f"million_{GROUPS}"):
            assert ann(service, "get_joined_group_list")["ErrorCode"] == 0


def test_frames_may_be_text(server):
    with connected(server, "ann", path="/info") as ann:
        assert ann("recentcontact", "page_get")["CompleteFlag"] == 1


@pytest.mark.parametrize(
    "raw", ["", "{", "[]", "1", '{"head": 1}', '{"head": {"servcmd": "a.b"}, "body": []}', "\x00"]
)
def test_what_is_no_frame_is_answered_and_the_connection_stays(server, raw):
    with connected(server, "ann") as ann:
        ann.frame(raw)
        assert ann.receive()["body"]["ErrorCode"] == 90001
        assert ann("recentcontact", "page_get")["ErrorCode"] == 0


@pytest.mark.parametrize("path", ["/", "/v4/openim/sendmsg", "/_reference/ready", "/client/events"])
def test_other_addresses_take_no_web_sockets(server, path):
    with pytest.raises(websocket.WebSocketBadStatusException) as refused:
        Connection(server, path)
    assert refused.value.status_code == 403
    assert requests.get(f"{server.url}/_reference/ready", timeout=PATIENCE).json()["ready"] is True


def test_over_http_the_address_is_none_of_the_rest_api(server):
    answer = requests.post(f"{server.url}/binfo", json={}, timeout=PATIENCE).json()
    assert answer["ErrorCode"] == 60009


@pytest.mark.parametrize(
    ("service", "command", "body"),
    [
        (GROUPS, "send_group_msg", {"GroupId": None}),
        (GROUPS, "group_msg_get", {"GroupId": "@TGS#none"}),
        (GROUPS, "get_group_msg_receipt_detail", {"GroupId": 1}),
        (GROUPS, "get_group_self_member_info", {"GroupIdList": "all"}),
        (GROUPS, "get_joined_group_list", {"Limit": 0}),
        (DIRECT, "sendmsg", {"To_Account": "ann", "MsgClientTime": "now"}),
        (DIRECT, "getroammsg", {"Peer_Account": []}),
        (DIRECT, "c2c_msg_read_receipt", {"Peer_Account": "ann", "C2CMsgInfo": [1]}),
        ("profile", "portrait_get_all", {"UserItem": {}}),
    ],
)
def test_bad_bodies_are_refused_and_the_connection_stays(server, service, command, body):
    with connected(server, "ann") as ann:
        told = ann(service, command, body)
        assert (told["ActionStatus"], bool(told["ErrorInfo"])) == ("FAIL", True)
        assert ann("heartbeat", "alive")["ErrorCode"] == 0


def test_a_command_that_is_not_there_is_refused(server):
    with connected(server, "ann") as ann:
        assert ann("openim", "no_such_command")["ErrorCode"] == 60009


# --- groups ----------------------------------------------------------------------------------


def test_a_group_message_is_pushed_to_the_others(server, rest):
    group = rest.group("ann", "bob", "cat")
    with connected(server, "ann", "bob") as (ann, bob):
        sent = ann.group_message(group, 77)
        event = bob.pushed()
        assert ann("heartbeat", "alive")["ErrorCode"] == 0
        assert ann.pushes == []
    assert event["Event"] == 3
    (message,) = event["GroupMsgArray"]
    assert message["GroupInfo"]["GroupId"] == message["ToGroupId"] == group
    assert (message["MsgSeq"], message["MsgRandom"]) == (sent["MsgSeq"], 77)
    assert (message["NeedReadReceipt"], message["MsgBody"]) == (1, TEXT)
    assert (message["TinyId"], message["MsgClientTime"]) == (ann.head["tinyid"], MOMENT)


def test_a_read_is_counted_and_pushed_to_the_sender(server, rest):
    group = rest.group("ann", "bob", "cat")
    with connected(server, "ann", "bob", "cat") as (ann, bob, cat):
        seq = ann.group_message(group, 1)["MsgSeq"]
        body = {"GroupId": group, "MsgSeqList": [{"MsgSeq": seq}]}
        assert bob(GROUPS, "group_msg_receipt", body)["ErrorCode"] == 0
        event = ann.pushed()
        receipts = ann(GROUPS, "get_group_msg_receipt", body)["GroupMsgReceiptList"]
        asked = rest(GROUPS, "get_group_msg_receipt", **body)["GroupMsgReceiptList"]
        assert bob("heartbeat", "alive")["ErrorCode"] == cat("heartbeat", "alive")["ErrorCode"]
        assert ["GroupTips" in p["EventArray"][0] for p in (*bob.pushes, *cat.pushes)] == [0, 0]
    assert event["Event"] == 5
    (tips,) = event["GroupTips"]
    assert tips["GroupInfo"]["GroupId"] == group
    assert tips["MsgBody"]["GroupMsgReceiptList"] == [
        {
            "TinyId": ann.head["tinyid"],
            "MsgClientTime": MOMENT,
            "MsgRandom": 1,
            "MsgSeq": seq,
            "ReadNum": 1,
            "UnreadNum": 1,
        }
    ]
    assert receipts == asked == [{"Code": 0, "MsgSeq": seq, "ReadNum": 1, "UnreadNum": 1}]


def test_members_are_paged_in_the_dialect_of_the_sdk(server, rest):
    group = rest.group("ann", "bob", "cat", "dan")
    with connected(server, "ann", "bob") as (ann, bob):
        seq = ann.group_message(group, 1)["MsgSeq"]
        bob(GROUPS, "group_msg_receipt", {"GroupId": group, "MsgSeqList": [{"MsgSeq": seq}]})
        ask = {"GroupId": group, "MsgSeq": seq, "Flag": 1, "Cursor": "", "Num": 1}
        first = ann(GROUPS, "get_group_msg_receipt_detail", ask)
        second = ann(GROUPS, "get_group_msg_receipt_detail", {**ask, "Cursor": first["Cursor"]})
        readers = ann(GROUPS, "get_group_msg_receipt_detail", {**ask, "Flag": 0, "Num": 100})
        beyond = ann(GROUPS, "get_group_msg_receipt_detail", {**ask, "Num": 101})
    assert (first["UnreadList"], first["IsFinish"]) == ([{"Unread_Account": "cat"}], 0)
    assert (second["UnreadList"], second["IsFinish"]) == ([{"Unread_Account": "dan"}], 1)
    assert (readers["ReadList"], readers["IsFinish"]) == ([{"Read_Account": "bob"}], 1)
    assert beyond["ErrorCode"] == 10004


def test_what_does_not_concern_a_user_is_refused(server, rest):
    group = rest.group("ann", "bob")
    with connected(server, "ann", "eve") as (ann, eve):
        seq = ann.group_message(group, 1)["MsgSeq"]
        body = {"GroupId": group, "MsgSeqList": [{"MsgSeq": seq}], "From_Account": "bob"}
        detail = {"GroupId": group, "MsgSeq": seq, "Flag": 0, "Cursor": "", "Num": 1}
        assert eve.group_message(group, 2)["ErrorCode"] == 10007
        assert eve(GROUPS, "group_msg_receipt", body)["ErrorCode"] == 10007
        assert eve(GROUPS, "get_group_msg_receipt", body)["ErrorCode"] == 10007
        assert eve(GROUPS, "get_group_msg_receipt_detail", detail)["ErrorCode"] == 10007
        assert eve(GROUPS, "group_msg_get", {"GroupId": group})["ErrorCode"] == 10007
        told = eve(GROUPS, "get_group_self_member_info", {"GroupIdList": [group, "@TGS#none"]})
        assert [item["ErrorCode"] for item in told["GroupInfo"]] == [10007, 10010]
        assert ann(GROUPS, "get_group_msg_receipt", body)["GroupMsgReceiptList"][0]["ReadNum"] == 0


def test_history_goes_back_page_by_page(server, rest):
    group = rest.group("ann", "bob")
    with connected(server, "ann") as ann:
        seqs = [ann.group_message(group, number)["MsgSeq"] for number in range(5)]
        found, start = [], 0
        while True:
            body = {"GroupId": group, "ReqMsgNumber": 2, "ReqMsgSeq": start}
            page = ann(GROUPS, "group_msg_get", body)
            found += [message["MsgSeq"] for message in page["RspMsgList"]]
            start = page["NextReqMsgSeq"]
            if page["IsFinished"] == 2:
                break
        groups = ann(GROUPS, "get_joined_group_list", {"Limit": 200})["GroupIdList"]
    assert found == seqs[::-1]
    assert start == 0
    assert [item["NextMsgSeq"] for item in groups if item["GroupId"] == group] == [seqs[-1] + 1]


# --- two people ------------------------------------------------------------------------------


def test_a_one_to_one_read_is_pushed_and_shows_in_the_history(server, rest):
    rest.group("ann", "bob")
    with connected(server, "ann", "bob") as (ann, bob):
        body = {"To_Account": "bob", "MsgRandom": 9, "MsgSeq": 4, "MsgBody": TEXT}
        body |= {"IsNeedReadReceipt": 1, "MsgClientTime": MOMENT}
        moment = ann(DIRECT, "sendmsg", body)["MsgTime"]
        (message,) = bob.pushed()["C2cMsgArray"]
        assert (message["IsNeedReadReceipt"], message["MsgClientTime"]) == (1, MOMENT)
        pair = {"From_Account": "ann", "To_Account": "bob"}
        item = {**pair, "MsgSeq": 4, "MsgRandom": 9, "MsgTime": moment, "MsgClientTime": MOMENT}
        read = {"Peer_Account": "ann", "C2CMsgInfo": [item]}
        before = ann(DIRECT, "getroammsg", {"Peer_Account": "bob", "MaxCnt": 15})
        assert bob(DIRECT, "c2c_msg_read_receipt", read)["ErrorCode"] == 0
        event = ann.pushed()
        after = ann(DIRECT, "getroammsg", {"Peer_Account": "bob", "MaxCnt": 15})
    assert [page["MsgList"][-1]["IsPeerRead"] for page in (before, after)] == [0, 1]
    assert after["Complete"] == 1
    assert (event["Event"], event["Peer_Account"]) == (16, "bob")
    item = {"TinyId": ann.head["tinyid"], "MsgClientTime": MOMENT, "MsgRandom": 9}
    assert event["C2cMsgInfo"] == [item]


def test_a_message_sent_over_rest_arrives_and_can_be_read(server, rest):
    group = rest.group("ann", "bob")
    with connected(server, "ann", "bob") as (ann, bob):
        body = {"GroupId": group, "From_Account": "ann", "Random": 5, "MsgBody": TEXT}
        sent = rest(GROUPS, "send_group_msg", **body, NeedReadReceipt=1)
        (message,) = bob.pushed()["GroupMsgArray"]
        assert (message["MsgSeq"], message["MsgClientTime"]) == (sent["MsgSeq"], sent["MsgTime"])
        asked = {"GroupId": group, "MsgSeqList": [{"MsgSeq": sent["MsgSeq"]}]}
        bob(GROUPS, "group_msg_receipt", asked)
        shown = rest(GROUPS, "get_group_msg_receipt", **asked)["GroupMsgReceiptList"]
        assert shown == ann(GROUPS, "get_group_msg_receipt", asked)["GroupMsgReceiptList"]
        assert (shown[0]["ReadNum"], shown[0]["UnreadNum"]) == (1, 0)


def test_who_has_left_is_pushed_nothing(server, rest):
    group = rest.group("ann", "bob")
    with connected(server, "ann") as ann:
        with connected(server, "bob") as bob:
            assert bob.head
        assert ann.group_message(group, 1)["ErrorCode"] == 0
        assert ann("heartbeat", "alive")["ErrorCode"] == 0
