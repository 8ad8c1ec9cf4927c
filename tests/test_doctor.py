import json
import shutil
import socket
import ssl
import subprocess
import sys
import threading
import time
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from receiptspec import calling, cli, doctor
from receiptspec.doctor import Line, State
from receiptspec.reference import launch

FINE = {"ActionStatus": "OK", "ErrorInfo": "", "ErrorCode": 0}
ANSWERS = {
    "create_group": {**FINE, "GroupId": "@TGS#1"},
    "send_group_msg": {**FINE, "MsgTime": 1, "MsgSeq": 1},
    "get_group_msg_receipt": {
        **FINE,
        "GroupMsgReceiptList": [{"MsgSeq": 1, "Code": 0, "ReadNum": 0, "UnreadNum": 2}],
    },
}


class Stub:
    """A server that answers each command as it is told, with a clock of its own."""

    def __init__(self, *, ahead=0.0, context=None, **refused):
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                command = self.path.partition("?")[0].rpartition("/")[2]
                code = refused.get(command, refused.get("everything"))
                answer = ANSWERS.get(command, FINE)
                if isinstance(code, dict):
                    answer = code
                elif code:
                    answer = {"ActionStatus": "FAIL", "ErrorInfo": "no", "ErrorCode": code}
                body = json.dumps(answer).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def date_time_string(self, *_):
                return formatdate(time.time() + ahead, usegmt=True)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        if context is not None:
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.port = self.server.server_address[1]
        self.scheme = "http" if context is None else "https"

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()
        return f"{self.scheme}://127.0.0.1:{self.port}"

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


AUTH = {"sdkappid": 1400000000, "key": "a-key-for-nobody", "identifier": "administrator"}


@pytest.fixture
def examined(tmp_path, capsys):
    """Look at a target with the given block; return exit code and lines by topic."""

    def look(url=None, **block):
        file = tmp_path / "targets.yaml"
        place = {"embedded": True} if url is None else {"url": url, "auth": AUTH}
        block = {"vendor": "tencent", "consistency": "200ms", **place, **block}
        file.write_text(json.dumps({"t": block}))
        with pytest.raises(SystemExit) as stop:
            cli.main(["doctor", "--targets", str(file), "--target", "t"])
        out, err = capsys.readouterr()
        assert err == ""
        assert "a-key-for-nobody" not in out
        lines = {}
        for line in out.splitlines()[1:-1]:
            word, topic, said = line[2:10].strip(), line[11:23].strip(), line[24:]
            lines.setdefault(topic, []).append((word, said))
        assert (out.splitlines()[-1] == "ready") is (stop.value.code == 0)
        return stop.value.code, lines

    return look


def problems(lines):
    return {topic for topic, said in lines.items() for word, _ in said if word == "problem"}


@pytest.fixture(scope="module")
def server():
    with launch() as server:
        yield server


def block(server, **changes):
    auth = {"sdkappid": server.sdkappid, "key": server.key, "identifier": server.identifier}
    return {"auth": {**auth, **changes.pop("auth", {})}, **changes}


def test_the_reference_is_ready(examined):
    code, lines = examined()
    assert (code, problems(lines)) == (0, set())
    assert {"address", "clock", "rate", "answers", "credentials", "read hook"} <= set(lines)
    assert {"feature", "reading", "webhooks"} <= set(lines)


def test_a_server_without_a_listener_says_what_is_left_out(examined, server):
    code, lines = examined(server.url, **block(server))
    assert (code, problems(lines)) == (0, set())
    assert lines["webhooks"][0][0] == "note"
    assert any("no hooks.webhook_listener" in said for _, said in lines["left out"])


def test_nothing_is_made_where_nothing_may_be(examined, server):
    code, lines = examined(server.url, **block(server, writes=False))
    assert (code, problems(lines)) == (0, set())
    assert "writes" in lines
    assert "feature" not in lines
    assert any("no writes: true" in said for _, said in lines["left out"])
    assert "read hook" in lines


def test_a_fixture_is_asked_instead(examined):
    fixture = {"group": {"id": "@TGS#1", "messages": [1], "members": ["a", "b"]}}
    with Stub() as url:
        code, lines = examined(url, writes=False, fixtures=fixture)
    assert code == 0
    assert lines["feature"] == [("ok", "receipts are told of 1 of 1")]


@pytest.mark.parametrize("missing", ["create_group", "everything but the question"])
def test_a_fixture_is_asked_where_no_group_can_be_made(examined, missing):
    fixture = {"group": {"id": "@TGS#1", "messages": [1], "members": ["a", "b"]}}
    gone = ["create_group"]
    gone += ["account_import", "multiaccount_import"] if missing != "create_group" else []
    with Stub(**dict.fromkeys(gone, 60009)) as url:
        code, lines = examined(url, fixtures=fixture)
    assert code == 0
    assert lines["feature"] == [("ok", "receipts are told of 1 of 1")]
    assert "the target does not have create_group" in lines["writes"][0][1]


def test_who_has_only_receipts_is_told_of_fixtures(examined):
    with Stub(create_group=10003) as url:
        code, lines = examined(url)
    assert code == 4
    assert "or name a group that exists in fixtures" in lines["receipts"][0][1]


def test_a_wrong_key_is_to_be_mended(examined, server):
    code, lines = examined(server.url, **block(server, auth={"key": "a-key-for-nobody"}))
    assert (code, problems(lines)) == (4, {"credentials"})
    assert "check auth" in lines["credentials"][0][1]
    assert "feature" not in lines


@pytest.mark.parametrize(
    ("refused", "topic", "code", "says"),
    [
        ({"send_group_msg": 10059}, "feature", 4, "needs Pro, Pro Plus and Enterprise editions"),
        ({"create_group": 60017}, "feature", 4, "switch it on or upgrade"),
        ({"create_group": 10007}, "rights", 4, "use an identifier that has the right"),
        ({"get_group_msg_receipt": 10059}, "feature", 4, "code 10059"),
        ({"create_group": 10036}, "receipts", 4, "too many groups"),
        ({"create_group": 60007}, "receipts", 6, "wait, or lower rate"),
        ({"everything": 60007}, "rate", 6, "throttled at the first call"),
    ],
)
def test_documented_codes_say_what_is_missing(examined, monkeypatch, refused, topic, code, says):
    monkeypatch.setattr(calling, "_PATIENCE", 1.0)
    with Stub(**refused) as url:
        ended, lines = examined(url)
    assert ended == code
    assert topic in problems(lines)
    assert says in " ".join(said for _, said in lines[topic])


def test_receipts_that_are_switched_off_show_in_their_absence(examined):
    told = {**FINE, "GroupMsgReceiptList": [{"MsgSeq": 1, "Code": 10062}]}
    with Stub(get_group_msg_receipt=told) as url:
        code, lines = examined(url)
    assert (code, problems(lines)) == (4, {"feature"})
    assert "code 10062" in lines["feature"][0][1]
    assert "switch receipts on (console: " in lines["feature"][0][1]


def test_an_item_whose_id_is_text_is_no_switch_that_is_off(examined):
    item = {"MsgSeq": "1", "Code": 0, "ReadNum": 0, "UnreadNum": 2}
    with Stub(get_group_msg_receipt={**FINE, "GroupMsgReceiptList": [item]}) as url:
        code, lines = examined(url)
    assert (code, problems(lines)) == (4, {"feature"})
    assert "its MsgSeq is text ($.GroupMsgReceiptList[0].MsgSeq)" in lines["feature"][0][1]


def test_a_read_that_does_not_show_is_a_problem(examined):
    with Stub() as url:
        code, lines = examined(url)
    assert (code, problems(lines)) == (4, {"reading"})
    assert "does not show within 0.2 s; set hooks.read" in lines["reading"][0][1]


def test_a_count_that_cannot_be_read_is_no_read_that_does_not_show(examined):
    item = {"MsgSeq": 1, "Code": 0, "ReadNum": "1", "UnreadNum": 2}
    with Stub(get_group_msg_receipt={**FINE, "GroupMsgReceiptList": [item]}) as url:
        code, lines = examined(url)
    assert (code, problems(lines)) == (4, {"reading"})
    said = "ReadNum of answers cannot be read ($.GroupMsgReceiptList[0].ReadNum)"
    assert lines["reading"][0][1].startswith(said)


@pytest.mark.parametrize(("ahead", "word"), [(3600, "ahead of"), (-3600, "behind")])
def test_clocks_that_differ_are_told(examined, ahead, word):
    with Stub(ahead=ahead) as url:
        code, lines = examined(url, writes=False)
    assert (code, problems(lines)) == (6, {"clock"})
    assert word in lines["clock"][0][1]
    assert "NTP" in lines["clock"][0][1]


def test_what_is_away_is_told_and_ends_the_examination(examined):
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    for url, says in (
        (f"http://127.0.0.1:{port}", "refused"),
        ("http://no-such-host.invalid", "no host"),
    ):
        code, lines = examined(url)
        assert (code, set(lines)) == (6, {"address"})
        assert says in lines["address"][0][1]


def test_a_target_behind_a_proxy_is_looked_at_through_it(examined, monkeypatch):
    with Stub() as url:
        code, lines = examined("http://im.invalid", writes=False, proxy=url)
        assert (code, problems(lines)) == (0, set())
        assert lines["address"][0][1].startswith(f"proxy {url[7:]} is reached in ")
        monkeypatch.setenv("http_proxy", url[7:])
        code, lines = examined("http://im.invalid", writes=False, proxy="environment")
        assert (code, problems(lines)) == (0, set())
    code, lines = examined("http://im.invalid", proxy=url)
    assert (code, list(lines)) == (6, ["address"])
    assert lines["address"][0][1].endswith("connection refused; check proxy, and that it runs")
    monkeypatch.setenv("http_proxy", "http://u:a-key-for-nobody@h:none")
    code, lines = examined("http://im.invalid", proxy="environment")
    assert (code, problems(lines)) == (4, {"address"})


@pytest.mark.parametrize("writes", [False, True])
@pytest.mark.parametrize(
    ("vendor", "title", "answer"),
    [
        ("tencent", "Tencent Chat", {"ResponseMetadata": {"RequestId": "1"}, "Result": {}}),
        ("tencent", "Tencent Chat", {"hello": 1}),
        ("volcengine", "Volcengine IM", FINE),
    ],
)
def test_an_answer_in_another_dialect_is_a_matter_of_vendor_and_url(
    examined, vendor, title, answer, writes
):
    auth = {"appid": 1, "access_key": "AK", "secret_key": "a-key-for-nobody"}
    more = {"auth": auth} if vendor == "volcengine" else {}
    with Stub(everything=answer) as url:
        code, lines = examined(url, writes=writes, vendor=vendor, **more)
    assert (code, problems(lines)) == (4, {"answers"})
    said = f"it answers, but not as {title} does; check vendor and url"
    assert lines["answers"] == [("problem", said)]
    assert "credentials" not in lines


def test_one_answer_in_another_dialect_does_not_pass_by_waiting(examined):
    with Stub(create_group={"hello": 1}) as url:
        code, lines = examined(url)
    assert (code, problems(lines)) == (4, {"receipts"})
    assert "try again" not in lines["receipts"][0][1]


def test_no_tls_where_it_is_wanted(examined, server):
    url = server.url.replace("http://", "https://")
    code, lines = examined(url, **block(server))
    assert (code, problems(lines)) == (6, {"tls"})


@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl to make a certificate")
def test_tls_is_examined_with_the_authority_of_the_target(examined, tmp_path):
    key, certificate = tmp_path / "key.pem", tmp_path / "cert.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "5"]
    command += ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    command += ["-keyout", str(key), "-out", str(certificate)]
    subprocess.run(command, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with Stub(context=context) as url:
        code, lines = examined(url, writes=False)
        assert (code, problems(lines)) == (6, {"tls"})
        assert "certificate refused" in lines["tls"][0][1]
        code, lines = examined(url, writes=False, ca=str(certificate))
        assert code == 0
        assert "renew it" in lines["tls"][0][1]
        code, lines = examined(url.replace("127.0.0.1", "localhost"), ca=str(certificate))
        assert (code, problems(lines)) == (6, {"tls"})
        assert lines["tls"][0][1].endswith("check url: its host is not in the certificate")


def test_hooks_are_looked_at(examined, server, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        hooks = {"webhook_listener": f"http://127.0.0.1:{port}", "read": "no-such-command-here x"}
        code, lines = examined(server.url, **block(server, hooks=hooks))
    assert (code, problems(lines)) == (4, {"webhooks", "read hook", "reading"})
    assert "no command no-such-command-here" in lines["read hook"][0][1]
    hooks = {"read": [sys.executable, "-c", "import sys; sys.stdin.read()"]}
    code, lines = examined(server.url, **block(server, hooks=hooks))
    assert (code, problems(lines)) == (4, {"reading"})
    assert "hooks.read does not show" in lines["reading"][0][1]
    code, lines = examined(server.url, **block(server, hooks={"read": f"http://127.0.0.1:{port}"}))
    assert "read hook" in problems(lines)


def test_rates_and_budgets_are_told(examined, server):
    code, lines = examined(server.url, **block(server, rate="900/s", budget={"requests": 500}))
    assert code == 0
    assert "more than the documented 200" in lines["rate"][0][1]
    assert "requests 500" in lines["budget"][0][1]


@pytest.mark.parametrize(
    ("states", "code"),
    [
        ([State.OK, State.NOTE], 0),
        ([State.OK, State.WRONG], 4),
        ([State.WRONG, State.DOWN], 6),
        ([], 0),
    ],
)
def test_the_exit_status_says_who_has_something_to_do(states, code):
    assert doctor.exit_code(Line("x", state, "y") for state in states) == code
