"""The reference server over raw HTTP."""

import base64
import hashlib
import http.server
import json
import os
import queue
import signal
import socket
import subprocess
import sys
import threading
import time
import zlib
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest
import requests
import TLSSigAPIv2
from pace import PATIENCE, within

from receiptspec.errors import ConfigurationError
from receiptspec.reference import Settings, launch

GROUPS, LOGIN, DIRECT = "group_open_http_svc", "im_open_login_svc", "openim"
TEXT = [{"MsgType": "TIMTextElem", "MsgContent": {"Text": "hi"}}]


class Caller:
    def __init__(self, server):
        self.server = server
        self.session = requests.Session()
        self.signer = TLSSigAPIv2.TLSSigAPIv2(server.sdkappid, server.key)
        self.signature = self.signer.gen_sig(server.identifier)
        self.count = 0

    def raw(self, service, command, body, method="POST", headers=None, **query):
        parameters = {
            "sdkappid": self.server.sdkappid,
            "identifier": self.server.identifier,
            "usersig": self.signature,
            "random": 1,
            "contenttype": "json",
        }
        parameters.update(query)
        url = f"{self.server.url}/v4/{service}/{command}"
        return self.session.request(
            method, url, params=parameters, data=body, headers=headers, timeout=PATIENCE
        )

    def __call__(self, service, command, body, **query):
        response = self.raw(service, command, json.dumps(body).encode(), **query)
        assert response.status_code == 200
        answer = response.json()
        assert (answer["ActionStatus"] == "OK") == (answer["ErrorCode"] == 0)
        assert bool(answer["ErrorInfo"]) == bool(answer["ErrorCode"])
        return answer

    def group(self, members=("a", "b", "c"), type_="Public"):
        names = ["owner", *members]
        for start in range(0, len(names), 100):
            self(LOGIN, "multiaccount_import", {"Accounts": names[start : start + 100]})
        body = {"Type": type_, "Name": "g", "Owner_Account": "owner"}
        group = self(GROUPS, "create_group", body)["GroupId"]
        for start in range(0, len(members), 300):
            part = [{"Member_Account": m} for m in members[start : start + 300]]
            self(GROUPS, "add_group_member", {"GroupId": group, "MemberList": part})
        return group

    def send(self, group, receipt=1, **more):
        self.count += 1
        body = {"GroupId": group, "From_Account": "owner", "Random": self.count, "MsgBody": TEXT}
        answer = self(GROUPS, "send_group_msg", {**body, "NeedReadReceipt": receipt, **more})
        return answer.get("MsgSeq", answer["ErrorCode"])

    def counts(self, group, *seqs):
        body = {"GroupId": group, "MsgSeqList": [{"MsgSeq": seq} for seq in seqs]}
        answer = self(GROUPS, "get_group_msg_receipt", body)
        return [
            (i["ReadNum"], i["UnreadNum"]) if i["Code"] == 0 else i["Code"]
            for i in answer["GroupMsgReceiptList"]
        ]

    def read(self, group, user, *seqs):
        body = {"GroupId": group, "From_Account": user}
        body["MsgSeqList"] = [{"MsgSeq": seq} for seq in seqs]
        return self(GROUPS, "group_msg_receipt", body)["ErrorCode"]

    def members(self, group, seq, wanted, count=200):
        cursor, names, pages = "", [], 0
        body = {"GroupId": group, "MsgSeq": seq, "Filter": wanted, "Count": count}
        while True:
            answer = self(GROUPS, "get_group_msg_receipt_detail", {**body, "Cursor": cursor})
            assert answer["ErrorCode"] == 0
            names += [next(iter(i.values())) for i in answer[("ReadList", "UnreadList")[wanted]]]
            pages, cursor = pages + 1, answer["Cursor"]
            if answer["IsFinish"]:
                return names, pages

    def direct(self, sender, receiver, **more):
        self.count += 1
        body = {"From_Account": sender, "To_Account": receiver, "MsgRandom": self.count}
        return self(DIRECT, "sendmsg", {**body, "MsgBody": TEXT, "IsNeedReadReceipt": 1, **more})

    def history(self, one, other, **more):
        body = {"Operator_Account": one, "Peer_Account": other, "MaxCnt": 100, "MinTime": 0}
        body["MaxTime"] = int(time.time()) + 10
        return self(DIRECT, "admin_getroammsg", {**body, **more})


@pytest.fixture(scope="session")
def server():
    with launch() as started:
        yield started


@pytest.fixture(scope="session")
def call(server):
    caller = Caller(server)
    yield caller
    caller.session.close()


@pytest.fixture(scope="session")
def group(call):
    return call.group()


def test_it_is_ready_within_a_second(server):
    with within(1.0), launch():
        pass
    assert requests.get(f"{server.url}/_reference/ready", timeout=PATIENCE).json()["ready"] is True


def test_a_read_moves_one_member_from_unread_to_read(call, group):
    seq = call.send(group)
    assert call.counts(group, seq) == [(0, 3)]
    assert call.read(group, "a", seq) == 0
    assert call.counts(group, seq) == [(1, 2)]
    assert call.members(group, seq, 0) == (["a"], 1)
    assert call.members(group, seq, 1, count=1) == (["b", "c"], 2)


def test_marking_twice_equals_marking_once(call, group):
    seq = call.send(group)
    for _ in range(3):
        assert call.read(group, "b", seq, seq) == 0
    assert call.counts(group, seq) == [(1, 2)]


def test_plain_unknown_imported_and_recalled_messages_have_no_receipt(call, group):
    plain, recalled = call.send(group, receipt=0), call.send(group)
    item = {"From_Account": "owner", "SendTime": int(time.time()), "MsgBody": TEXT}
    imported = call(GROUPS, "import_group_msg", {"GroupId": group, "MsgList": [item]})
    seq = imported["ImportMsgResult"][0]["MsgSeq"]
    body = {"GroupId": group, "MsgSeqList": [{"MsgSeq": recalled}]}
    results = call(GROUPS, "group_msg_recall", body)["RecallRetList"]
    assert results == [{"MsgSeq": recalled, "RetCode": 0}]
    assert call.counts(group, plain, 10**30, -1, seq, recalled) == [10062] * 5
    shown = call(GROUPS, "group_msg_get_simple", {"GroupId": group, "ReqMsgNumber": 2})
    assert [m["IsPlaceMsg"] for m in shown["RspMsgList"]] == [0, 2]


def test_who_leaves_is_dropped_and_who_joins_is_not_counted(call):
    group = call.group(("m1", "m2"))
    seq = call.send(group)
    call(LOGIN, "account_import", {"UserID": "late"})
    joined = {"GroupId": group, "MemberList": [{"Member_Account": "late"}]}
    assert call(GROUPS, "add_group_member", joined)["MemberList"][0]["Result"] == 1
    assert call(GROUPS, "add_group_member", joined)["MemberList"][0]["Result"] == 2
    assert call.read(group, "late", seq) == 0
    call(GROUPS, "delete_group_member", {"GroupId": group, "MemberToDel_Account": ["m1", "x"]})
    assert call.counts(group, seq) == [(0, 1)]
    assert call.members(group, seq, 1) == (["m2"], 1)


def test_a_repeated_random_gives_the_same_message(call, group):
    body = {"GroupId": group, "Random": 4_000_000_000, "MsgBody": TEXT}
    first, second = (call(GROUPS, "send_group_msg", body) for _ in range(2))
    assert first == second


def test_paging_survives_reads_between_pages(call, group):
    seq = call.send(group)
    body = {"GroupId": group, "MsgSeq": seq, "Filter": 1, "Count": 1, "Cursor": ""}
    first = call(GROUPS, "get_group_msg_receipt_detail", body)
    call.read(group, "a", seq)
    body["Cursor"] = first["Cursor"]
    second = call(GROUPS, "get_group_msg_receipt_detail", body)
    assert second["UnreadList"] == [{"Unread_Account": "b"}]


def test_receipts_end_at_two_hundred_members(call):
    group = call.group([f"n{i}" for i in range(200)])
    assert call.send(group) == 10060
    assert call.send(group, receipt=0) == 1
    assert call.send(call.group(("z",)), OnlineOnlyFlag=1) == 10061


@pytest.mark.parametrize("type_", ["AVChatRoom", "Community"])
def test_some_group_types_have_no_receipts(call, type_):
    body = {"Type": type_, "Name": "g"}
    group = call(GROUPS, "create_group", body)["GroupId"]
    asked = {"GroupId": group, "MsgSeqList": [{"MsgSeq": 1}]}
    assert call(GROUPS, "get_group_msg_receipt", asked)["ErrorCode"] == 10007
    assert call.send(group) == 10007


def test_a_dismissed_group_is_gone(call):
    group = call.group()
    assert call(GROUPS, "destroy_group", {"GroupId": group})["ErrorCode"] == 0
    asked = {"GroupId": group, "MsgSeqList": [{"MsgSeq": 1}]}
    assert call(GROUPS, "get_group_msg_receipt", asked)["ErrorCode"] == 10010


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, 10004),
        ({"GroupId": "", "MsgSeqList": [{"MsgSeq": 1}]}, 10004),
        ({"GroupId": "\x01", "MsgSeqList": [{"MsgSeq": 1}]}, 10015),
        ({"GroupId": "none", "MsgSeqList": [{"MsgSeq": 1}]}, 10010),
        ({"GroupId": "none"}, 10004),
        ({"GroupId": "none", "MsgSeqList": None}, 10004),
        ({"GroupId": "none", "MsgSeqList": [{}]}, 10004),
        ({"GroupId": "none", "MsgSeqList": [{"MsgSeq": True}]}, 10004),
        ({"GroupId": "none", "MsgSeqList": [{"MsgSeq": 1.0}]}, 10004),
        ({"GroupId": "none", "MsgSeqList": [{"MsgSeq": "1"}]}, 10004),
        ({"groupid": "none", "MsgSeqList": [{"MsgSeq": 1}]}, 10004),
        ({"GroupId": "\ud800", "MsgSeqList": [{"MsgSeq": 1}]}, 10015),
    ],
)
def test_bad_questions_are_refused(call, body, code):
    assert call(GROUPS, "get_group_msg_receipt", body)["ErrorCode"] == code


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"hello",
        b"[]",
        b"1",
        b'{"a":1}x',
        b'{"a":NaN}',
        b'{"a":1,"a":2}',
        b"\xff\xfe",
        b"\xef\xbb\xbf{}",
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b'{"a":' + b"9" * 5000 + b"}",
    ],
)
def test_what_is_no_json_object_is_refused(call, body):
    for service, command, code in (
        (GROUPS, "get_group_msg_receipt", 60003),
        (DIRECT, "sendmsg", 90001),
    ):
        response = call.raw(service, command, body)
        assert (response.status_code, response.json()["ErrorCode"]) == (200, code)


def test_large_and_chunked_bodies_are_answered(call, group):
    asked = json.dumps({"GroupId": group, "MsgSeqList": [{"MsgSeq": 1}], "X": "y" * 2**20})
    assert call.raw(GROUPS, "get_group_msg_receipt", asked.encode()).json()["ErrorCode"] == 0
    pieces = iter([asked[:10].encode(), asked[10:].encode()])
    response = call.raw(GROUPS, "get_group_msg_receipt", pieces, headers={"Content-Type": "x/y"})
    assert response.json()["ErrorCode"] == 0


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_only_post_is_supported(call, group, method):
    body = json.dumps({"GroupId": group, "MsgSeqList": [{"MsgSeq": 1}]})
    response = call.raw(GROUPS, "get_group_msg_receipt", body, method=method)
    assert (response.status_code, response.json()["ErrorCode"]) == (200, 60009)


@pytest.mark.parametrize(
    ("service", "command"), [(GROUPS, "no_such"), ("no_such", "x"), (GROUPS, "a/b"), ("", "")]
)
def test_unknown_addresses_are_refused(call, service, command):
    assert call(service, command, {})["ErrorCode"] == 60009


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"sdkappid": None}, 60012),
        ({"sdkappid": None, "SdkAppId": 1}, 60012),
        ({"sdkappid": 1}, 70020),
        ({"identifier": None}, 60025),
        ({"identifier": "somebody"}, 70013),
        ({"usersig": None}, 60025),
        ({"usersig": ""}, 70003),
        ({"usersig": "abc"}, 70003),
        ({"usersig": base64.b64encode(zlib.compress(b"0" * 10**7)).decode()}, 70003),
        ({"random": 2**32}, 60025),
        ({"contenttype": "xml"}, 60025),
        ({"random": 0}, 60003),
        ({"random": 2**32 - 1}, 60003),
    ],
)
def test_the_gate_stands_before_the_body(call, query, code):
    response = call.raw(GROUPS, "get_group_msg_receipt", b"{", **query)
    assert response.json()["ErrorCode"] == code


def test_text_comes_back_as_it_was(call, group):
    text = 'é🎉"\\\u0000\u2028\ud83d end'
    body = [{"MsgType": "TIMTextElem", "MsgContent": {"Text": text}}]
    call.send(group, MsgBody=body)
    shown = call(GROUPS, "group_msg_get_simple", {"GroupId": group, "ReqMsgNumber": 1})
    assert shown["RspMsgList"][0]["MsgBody"] == body


def test_too_long_messages_are_refused(call, group):
    long = [{"MsgType": "TIMTextElem", "MsgContent": {"Text": "x" * 13000}}]
    assert call.send(group, MsgBody=long) == 80002
    assert call.direct("a", "b", MsgBody=long)["ErrorCode"] == 93000


def test_a_direct_receipt_flips_only_its_message(call, group):
    call(LOGIN, "multiaccount_import", {"Accounts": ["p", "q"]})
    keys = [call.direct("p", "q")["MsgKey"] for _ in range(2)]
    item = {"From_Account": "p", "To_Account": "q", "MsgKey": keys[0]}
    body = {"Operator_Account": "q", "Peer_Account": "p", "C2CMsgInfo": [item]}
    assert call(DIRECT, "c2c_msg_read_receipt", body)["ErrorCode"] == 0
    assert call(DIRECT, "c2c_msg_read_receipt", body)["ErrorCode"] == 0
    found = {m["MsgKey"]: m["IsPeerRead"] for m in call.history("p", "q")["MsgList"]}
    assert found == {keys[0]: 1, keys[1]: 0}
    unread = {"To_Account": "q", "Peer_Account": ["p"]}
    assert call(DIRECT, "get_c2c_unread_msg_num", unread)["C2CUnreadMsgNumList"] == [
        {"Peer_Account": "p", "C2CUnreadMsgNum": 2}
    ]
    mark = {"Report_Account": "q", "Peer_Account": "p"}
    assert call(DIRECT, "admin_set_msg_read", mark)["ErrorCode"] == 0
    assert call(DIRECT, "get_c2c_unread_msg_num", {"To_Account": "q"})["AllC2CUnreadMsgNum"] == 0
    for change, code in (
        ({"Operator_Account": "p", "Peer_Account": "q"}, 20003),
        ({"C2CMsgInfo": [{**item, "MsgKey": "x"}]}, 90010),
        ({"C2CMsgInfo": [{**item, "MsgKey": "1_2_3"}]}, 90054),
        ({"C2CMsgInfo": "x"}, 90010),
    ):
        assert call(DIRECT, "c2c_msg_read_receipt", {**body, **change})["ErrorCode"] == code


def test_history_pages_lose_nothing(call):
    call(LOGIN, "multiaccount_import", {"Accounts": ["r", "s"]})
    sent = [call.direct("r", "s")["MsgKey"] for _ in range(5)]
    found, more = [], {"MaxCnt": 2}
    while True:
        page = call.history("s", "r", **more)
        assert page["MsgCnt"] == len(page["MsgList"])
        found += [m["MsgKey"] for m in page["MsgList"]]
        if page["Complete"]:
            break
        more = {"MaxCnt": 2, "LastMsgKey": page["LastMsgKey"], "MaxTime": page["LastMsgTime"]}
    assert sorted(found) == sorted(sent)


def test_the_hook_reads_as_a_client_would(call, group, server):
    seq = call.send(group)
    wish = {"vendor": "tencent", "conversation": {"type": "group", "id": group}}
    url = f"{server.url}/_reference/read"
    answer = requests.post(url, json={**wish, "messages": [seq], "user": "c"}, timeout=PATIENCE)
    assert answer.json() == {"read": 1}
    assert call.counts(group, seq) == [(1, 2)]
    assert requests.post(url, data=b"{", timeout=PATIENCE).status_code == 400
    stats = requests.get(f"{server.url}/_reference/stats", timeout=PATIENCE).json()
    assert stats["operations"]["get_group_msg_receipt"] > 0


def test_answers_do_not_wait_for_the_network_stack(call):
    took = []
    for _ in range(20):
        started = time.monotonic()
        call(GROUPS, "no_such", {})
        took.append(time.monotonic() - started)
    assert min(took) < 0.03  # a delayed acknowledgement takes 0.04


def test_a_port_that_is_taken_is_one_clear_line(server):
    port = int(server.url.rpartition(":")[2])
    with pytest.raises(ConfigurationError, match="cannot listen"):
        launch(Settings(port=port))
    command = [sys.executable, "-m", "receiptspec.reference", "--port", str(port)]
    ended = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    assert ended.returncode == 4
    assert ended.stderr.count(b"\n") == 1


def test_unknown_names_and_far_webhooks_are_refused():
    for options in ({"faults": ["x"]}, {"variants": ["x"]}, {"webhook": "http://example.com/"}):
        with pytest.raises(ConfigurationError):
            launch(Settings(**options))


def test_the_child_ends_with_its_parent():
    code = "from receiptspec.reference import launch; import os; s = launch(); print(s.pid); "
    command = [sys.executable, "-c", code + "import sys; sys.stdout.flush(); os._exit(1)"]
    done = subprocess.run(command, capture_output=True, check=False, timeout=PATIENCE)
    pid = int(done.stdout)
    for _ in range(100):
        if not runs(pid):
            return
        time.sleep(0.02)
    os.kill(pid, signal.SIGKILL)
    pytest.fail("the child outlived its parent")


def runs(pid):
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def test_the_key_is_in_no_command_line(server):
    assert server.key.encode() not in Path(f"/proc/{server.pid}/cmdline").read_bytes()


def test_a_half_request_does_no_harm(server, call, group):
    host, port = server.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as connection:
        connection.sendall(b"POST /v4/x/y HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{")
    assert call.counts(group, 10**6) == [10062]


def test_callbacks_say_what_happened_and_their_answer_is_ignored():
    taken = queue.Queue()

    class Receiver(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            query = dict(parse_qsl(urlsplit(self.path).query))
            taken.put((query, json.loads(body)))
            self.send_response(500)
            self.end_headers()

        def log_message(self, *arguments):
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Receiver) as receiver:
        threading.Thread(target=receiver.serve_forever, args=(0.01,), daemon=True).start()
        url = f"http://127.0.0.1:{receiver.server_port}/hook"
        with launch(Settings(webhook=url, webhook_token="t")) as server:
            caller = Caller(server)
            group = caller.group()
            seq = caller.send(group)
            assert caller.read(group, "a", seq) == 0
            caller(DIRECT, "admin_set_msg_read", {"Report_Account": "a", "Peer_Account": "b"})
            caller.session.close()
            found = [taken.get(timeout=PATIENCE) for _ in range(3)]
        receiver.shutdown()
    for query, body in found:
        assert query["CallbackCommand"] == body["CallbackCommand"]
        assert query["OptPlatform"] == "RESTAPI"
        assert query["SdkAppid"] == str(server.sdkappid)
        assert query["Sign"] == hashlib.sha256(f"t{query['RequestTime']}".encode()).hexdigest()
    numbers = [body["GroupMsgReceiptList"][0] for _, body in found[:2]]
    assert [(n["ReadNum"], n["UnreadNum"]) for n in numbers] == [(0, 3), (1, 2)]
    assert numbers[1]["ReadReceiptMembers"] == [{"Member_Account": "a"}]
    assert found[2][1]["UnreadMsgNum"] == 0
