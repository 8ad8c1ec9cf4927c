"""The vendor's web SDK, unmodified, behind its harness and on the reference server."""

import json
import os
import shutil
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests
import TLSSigAPIv2
from commandline import command
from pace import PATIENCE

from receiptspec.reference import launch

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / "harnesses" / "tencentcloud-chat"
HARNESS = FOLDER / "harness.mjs"
GROUPS = "group_open_http_svc"
NODE = shutil.which("node")
MODULES = [FOLDER / "node_modules", Path(os.environ.get("RECEIPTSPEC_NODE_MODULES") or "none")]
INSTALLED = any(Path(modules, "@tencentcloud", "chat").is_dir() for modules in MODULES)

needs_node = pytest.mark.skipif(NODE is None, reason="node is missing: apt-get install nodejs npm")
needs_sdk = pytest.mark.skipif(
    NODE is None or not INSTALLED,
    reason="the web SDK is missing: npm install --prefix harnesses/tencentcloud-chat, or have "
    "RECEIPTSPEC_NODE_MODULES name a node_modules folder with @tencentcloud/chat and ws",
)


class Sdk:
    """One user's harness."""

    def __init__(self, server, user, environment=None):
        self.child = subprocess.Popen(
            [NODE, str(HARNESS)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env=environment or os.environ,
        )
        self.server, self.user, self.id, self.notices = server, user, 0, []

    def ask(self, method, **params):
        """Return the answer; every line of output has to be JSON-RPC."""
        self.id += 1
        request = {"jsonrpc": "2.0", "id": self.id, "method": method, "params": params}
        self.child.stdin.write(json.dumps(request) + "\n")
        self.child.stdin.flush()
        while True:
            line = json.loads(self.child.stdout.readline())
            assert line["jsonrpc"] == "2.0"
            if line.get("id") == self.id:
                return line
            self.notices.append(line)

    def __call__(self, method, **params):
        answer = self.ask(method, **params)
        assert "result" in answer, answer
        return answer["result"]

    def log_in(self):
        greeting = {"protocol": "1.1", "sdkAppID": self.server.sdkappid}
        told = self("initialize", **greeting, server={"url": self.server.url})
        signer = TLSSigAPIv2.TLSSigAPIv2(self.server.sdkappid, self.server.key)
        self("login", userID=self.user, userSig=signer.gen_sig(self.user))
        return told

    def say(self, *, receipt=True, **place):
        wish = {"text": "hi", "needReadReceipt": receipt}
        return self("sendMessage", message=wish, **place)["message"]

    def counts(self, *messages):
        found = self("getMessageReadReceipts", messages=list(messages))["receipts"]
        return {one["msgID"]: (one.get("readCount"), one.get("unreadCount")) for one in found}

    def told(self, method):
        """Return the first notification of a kind, asking for something harmless meanwhile."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            for notice in self.notices:
                if notice["method"] == method:
                    return notice["params"]
            self.ask("noSuchMethod")
        raise AssertionError(f"{self.user} was told nothing by {method}")

    def close(self):
        self.child.stdin.close()
        self.child.wait(PATIENCE)
        self.child.stdout.close()


@pytest.fixture(scope="module")
def server():
    with launch() as running:
        yield running


@contextmanager
def users(server, *names):
    sdks = [Sdk(server, name) for name in names]
    try:
        for sdk in sdks:
            sdk.log_in()
        yield sdks
    finally:
        for sdk in sdks:
            sdk.close()


def rest(server, service, command, **body):
    name = server.identifier
    signer = TLSSigAPIv2.TLSSigAPIv2(server.sdkappid, server.key)
    query = {"sdkappid": server.sdkappid, "identifier": name, "usersig": signer.gen_sig(name)}
    query |= {"random": 1, "contenttype": "json"}
    url = f"{server.url}/v4/{service}/{command}"
    return requests.post(url, params=query, json=body, timeout=PATIENCE).json()


def group(server, owner, *others):
    for name in (owner, *others):
        rest(server, "im_open_login_svc", "account_import", UserID=name)
    members = [{"Member_Account": name} for name in others]
    about = {"Type": "Public", "Name": "g", "Owner_Account": owner, "MemberList": members}
    return rest(server, GROUPS, "create_group", **about)["GroupId"]


def run(*arguments):
    return command("run", *arguments, cwd=ROOT)


# --- what it is ------------------------------------------------------------------------------


@needs_sdk
def test_two_users_log_in_one_sends_and_the_other_reads(server):
    with users(server, "ann", "bob") as (ann, bob):
        place = group(server, "ann", "bob", "cat")
        sent = ann.say(groupID=place)
        assert ann.counts(sent) == {sent["msgID"]: (0, 2)}
        assert bob.told("onRecvNewMessage")["message"]["msgID"] == sent["msgID"]
        bob("sendMessageReadReceipts", messages=[sent])
        (told,) = ann.told("onRecvMessageReadReceipts")["receipts"]
        assert (told["msgID"], told["groupID"]) == (sent["msgID"], place)
        assert (told["readCount"], told["unreadCount"]) == (1, 1)
        assert ann.counts(sent) == {sent["msgID"]: (1, 1)}
        ask = {"message": sent, "nextSeq": 0, "count": 1}
        assert ann("getGroupMessageReadMemberList", filter=0, **ask)["members"] == [
            {"userID": "bob"}
        ]
        assert ann("getGroupMessageReadMemberList", filter=1, **ask)["members"] == [
            {"userID": "cat"}
        ]


@needs_sdk
def test_it_tells_what_it_is_and_who_is_not_let_in(server):
    sdk = Sdk(server, "ann")
    told = sdk("initialize", sdkAppID=server.sdkappid, server={"url": server.url})
    assert told["sdk"]["name"] == "@tencentcloud/chat"
    refused = sdk.ask("login", userID="ann", userSig="nonsense")
    assert refused["error"]["code"] == 70003
    assert sdk.ask("noSuchMethod")["error"]["code"] == -32601
    sdk.close()


@needs_sdk
def test_who_logs_in_later_finds_messages_in_the_history(server):
    with users(server, "ann") as (ann,):
        place = group(server, "ann", "bob")
        sent = [ann.say(groupID=place) for _ in range(25)]
        direct = ann.say(userID="bob")
        with users(server, "bob") as (bob,):
            bob("sendMessageReadReceipts", messages=[sent[0], sent[-1]])
            bob("sendMessageReadReceipts", messages=[direct])
        counts = ann.counts(*sent)
        assert [name for name, found in counts.items() if found == (1, 0)] == [
            sent[0]["msgID"],
            sent[-1]["msgID"],
        ]


@needs_sdk
def test_a_message_that_no_sdk_has_sent_is_named_by_its_number(server):
    with users(server, "bob") as (bob,):
        place = group(server, "ann", "bob")
        body = {"GroupId": place, "From_Account": "ann", "Random": 5, "NeedReadReceipt": 1}
        text = [{"MsgType": "TIMTextElem", "MsgContent": {"Text": "hi"}}]
        seq = rest(server, GROUPS, "send_group_msg", **body, MsgBody=text)["MsgSeq"]
        named = {"groupID": place, "seq": seq, "sender": "ann", "needReadReceipt": True}
        bob("sendMessageReadReceipts", messages=[named])
        listed = {"GroupId": place, "MsgSeqList": [{"MsgSeq": seq}]}
        (shown,) = rest(server, GROUPS, "get_group_msg_receipt", **listed)["GroupMsgReceiptList"]
        assert (shown["ReadNum"], shown["UnreadNum"]) == (1, 0)


# --- where it departs from the documents: the evidence ---------------------------------------


@needs_sdk
def test_messages_of_two_groups_get_the_numbers_of_the_first(server):
    with users(server, "ann", "bob") as (ann, bob):
        first, second = (ann.say(groupID=group(server, "ann", "bob", "cat")) for _ in range(2))
        assert first["seq"] == second["seq"]
        bob("sendMessageReadReceipts", messages=[first])
        assert ann.counts(second) == {second["msgID"]: (0, 2)}
        mixed = ann.counts(first, second)
        assert mixed == {first["msgID"]: (1, 1), second["msgID"]: (1, 1)}


@needs_sdk
def test_reading_messages_of_two_groups_reads_in_the_first_alone(server):
    with users(server, "ann", "bob") as (ann, bob):
        first, second = (ann.say(groupID=group(server, "ann", "bob")) for _ in range(2))
        bob("sendMessageReadReceipts", messages=[first, second])
        assert ann.counts(first) == {first["msgID"]: (1, 0)}
        assert ann.counts(second) == {second["msgID"]: (0, 1)}


@needs_sdk
def test_an_empty_list_is_an_error_without_a_code(server):
    with users(server, "ann") as (ann,):
        error = ann.ask("getMessageReadReceipts", messages=[])["error"]
        assert error == {"message": "Params validate failed."}


# --- the suite on it -------------------------------------------------------------------------


@needs_sdk
def test_the_suite_passes_on_the_web_sdk(tmp_path):
    arguments = ("--targets", FOLDER / "targets.yaml", "--target", "web-sdk", "--strict")
    done = run(*arguments, "--seed", "1", "--report", tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    report = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    outcomes = {one["requirement"]: one["outcome"] for one in report["results"]}
    left = {row: outcome for row, outcome in outcomes.items() if outcome == "not_exercised"}
    assert left == {}
    known = {row for row, outcome in outcomes.items() if outcome == "known_deviation"}
    assert known == {"SDK-28", "SDK-71", "SDK-86"}


@needs_sdk
def test_the_web_sdk_reads_for_a_target_that_is_asked_over_rest():
    rows = [part for row in ("TC-GMR-08", "TC-GMR-09") for part in ("--requirement", row)]
    where = ("--targets", FOLDER / "targets.yaml", "--target", "rest-read-by-web-sdk")
    done = run(*where, *rows, "--profile", "smoke")  # each reader is a program
    assert done.returncode == 0, done.stdout + done.stderr
    assert "not exercised" not in done.stdout


@needs_node
def test_packages_that_are_missing_are_named(tmp_path):
    copy = tmp_path / "harness.mjs"
    copy.write_text(HARNESS.read_text(encoding="utf-8"), encoding="utf-8")
    request = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {}}
    variables = {k: v for k, v in os.environ.items() if k != "RECEIPTSPEC_NODE_MODULES"}
    done = subprocess.run(
        [NODE, str(copy)],
        input=json.dumps(request) + "\n",
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=True,
        env=variables,
    )
    error = json.loads(done.stdout)["error"]
    assert error["message"] == f"ws is not installed: npm install in {tmp_path}"
