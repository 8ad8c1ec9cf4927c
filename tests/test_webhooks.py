"""What a target calls back is kept, whatever it is."""

import contextlib
import http.client
import io
import json
import socket
import struct
import threading

import pytest
import requests
from pace import PATIENCE

from receiptspec import webhooks
from receiptspec.case import PROFILES
from receiptspec.errors import ConfigurationError
from receiptspec.exchange import Secret
from receiptspec.run import Run
from receiptspec.targets import Target
from receiptspec.webhooks import Listener, unchunked

READ = {"CallbackCommand": "C2C.CallbackAfterMsgReport", "UnreadMsgNum": 3}


@pytest.fixture
def listener():
    made = Listener()
    yield made
    made.close()


def port(listener):
    return int(listener.url.split(":")[2].split("/")[0])


def post(listener, body, query="", **headers):
    there = http.client.HTTPConnection("127.0.0.1", port(listener), timeout=PATIENCE)
    try:
        there.request("POST", f"/callback{query}", body, headers)
        answer = there.getresponse()
        return answer.status, answer.read()
    finally:
        there.close()


def test_a_callback_is_kept_and_acknowledged(listener):
    status, body = post(listener, json.dumps(READ), "?SdkAppid=7&CallbackCommand=C2C.Other")
    assert (status, json.loads(body)["ErrorCode"]) == (200, 0)
    (seen,) = listener.seen
    assert (seen.method, seen.query["SdkAppid"], seen.get("UnreadMsgNum")) == ("POST", "7", 3)
    assert seen.command == "C2C.Other"


def test_what_was_seen_before_is_not_waited_for(listener):
    post(listener, b"{}")
    assert listener.wait_for(lambda _: True, 0) is listener.seen[0]
    assert listener.wait_for(lambda _: True, 0, since=1) is None
    post(listener, b"[]")
    assert listener.wait_for(lambda _: True, 0, since=1) is listener.seen[1]


@pytest.mark.parametrize(
    ("value", "kept"), [(None, []), ({"a": 1}, []), ([1, {"a": 1}, [{}], "x", {}], [{"a": 1}, {}])]
)
def test_of_a_list_the_objects_are_read(value, kept):
    assert webhooks.objects(value) == kept


def test_the_body_names_the_command_where_the_query_does_not(listener):
    post(listener, json.dumps(READ))
    assert listener.seen[0].command == READ["CallbackCommand"]


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"\xff", b'"text"'])
def test_what_is_no_object_is_kept_too(listener, body):
    assert post(listener, body)[0] == 200
    (seen,) = listener.seen
    assert (seen.body, seen.command, seen.get("UnreadMsgNum")) == (body, "", None)


def test_a_callback_that_comes_while_it_is_waited_for_is_found(listener):
    caller = threading.Timer(0.05, post, [listener, json.dumps(READ)])
    caller.start()
    assert listener.wait_for(lambda seen: seen.get("UnreadMsgNum") == 3, 30) is not None
    caller.join()
    assert listener.wait_for(lambda seen: seen.get("UnreadMsgNum") == 4, 0.01) is None


def test_it_answers_otherwise_for_a_while(listener):
    with listener.answering(500, b"no", ["A"]):
        assert post(listener, b'{"CallbackCommand":"A"}') == (500, b"no")
        assert post(listener, b'{"CallbackCommand":"B"}')[0] == 200
    assert post(listener, b'{"CallbackCommand":"A"}')[0] == 200


def test_a_caller_that_hangs_up_leaves_no_trace_but_its_callback(listener, capfd):
    for length in (b"2", b"none"):
        with socket.create_connection(("127.0.0.1", port(listener)), 30) as caller:
            caller.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            head = b"POST /callback HTTP/1.1\r\nHost: a\r\nContent-Length: %s\r\n\r\n{}" % length
            caller.sendall(head * 50)
        assert listener.wait_for(lambda _: True, 30) is not None
    post(listener, json.dumps(READ))
    assert listener.wait_for(lambda seen: seen.get("UnreadMsgNum") == 3, 30) is not None
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("head", "body", "kept"),
    [
        (b"POST / HTTP/1.1\r\nContent-Length: 1048586\r\n\r\n", b"z" * 1048586, b"z" * 1048576),
        (b"POST / HTTP/1.1\r\nContent-Length: " + b"7" * 5000 + b"\r\n\r\n", b"{}", b""),
        (b"POST / HTTP/1.1\r\nContent-Length: \xb2\r\n\r\n", b"{}", b""),
        (b"GET / HTTP/1.1\r\nContent-Length: 2\r\n\r\n", b"{}", b""),
        (b"PUT / HTTP/1.1\r\nContent-Length: 2\r\n\r\n", b"{}", b""),
        (b"HEAD / HTTP/1.1\r\nContent-Length: 2\r\n\r\n", b"{}", None),
    ],
)
def test_what_is_left_of_a_request_is_no_other_one(listener, capfd, head, body, kept):
    with socket.create_connection(("127.0.0.1", port(listener)), PATIENCE) as caller:
        caller.sendall(head + body)
        caller.shutdown(socket.SHUT_WR)
        answer = b""
        with contextlib.suppress(ConnectionResetError):
            while part := caller.recv(65536):
                answer += part
    assert answer.startswith(b"HTTP/1.1 ")
    assert answer.count(b"HTTP/1.1 ") == 1
    assert b"\r\nConnection: close\r\n" in answer
    assert [seen.body for seen in listener.seen] == ([] if kept is None else [kept])
    assert capfd.readouterr() == ("", "")


def test_a_caller_who_falls_silent_is_let_go(monkeypatch):
    monkeypatch.setattr(webhooks, "_SILENCE", 0.1)
    listener = Listener()
    try:
        with socket.create_connection(("127.0.0.1", port(listener)), PATIENCE) as caller:
            caller.sendall(b"POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\n{")
            assert caller.recv(9) == b""
        assert post(listener, b"{}")[0] == 200
    finally:
        listener.close()


@pytest.mark.skipif(not socket.has_dualstack_ipv6(), reason="no IPv6 here")
def test_it_listens_on_an_address_of_the_sixth_version():
    listener = Listener("::1")
    try:
        assert listener.url.startswith("http://[::1]:")
        assert requests.post(listener.url, b"{}", timeout=PATIENCE).status_code == 200
        assert listener.seen[0].body == b"{}"
    finally:
        listener.close()


def test_a_port_that_is_taken_is_told(listener):
    with pytest.raises(ConfigurationError, match="cannot be listened on"):
        Listener(port=port(listener))


@pytest.mark.parametrize(
    ("sent", "body", "whole"),
    [
        (b"0\r\n\r\n", b"", True),
        (b"3\r\nabc\r\n0\r\n\r\n", b"abc", True),
        (b"3;a=b\r\nabc\r\nA\r\n0123456789\r\n0\r\nX: y\r\n\r\nPOST", b"abc0123456789", True),
        (b"3\r\nabc\r\nx\r\n", b"abc", False),
        (b"-1\r\n", b"", False),
        (b"3\r\nab", b"ab", False),
        (b"ffffffffffff\r\n" + b"z" * (1024 * 1024 + 9), b"z" * 1024 * 1024, False),
    ],
)
def test_a_body_in_chunks_is_put_together(sent, body, whole):
    assert unchunked(io.BytesIO(sent)) == (body, whole)


def test_a_callback_in_chunks_is_read(listener):
    connection = http.client.HTTPConnection("127.0.0.1", port(listener), timeout=PATIENCE)
    for number in (1, 2):
        parts = [b'{"CallbackCommand":', b'"%d"}' % number]
        connection.request("POST", "/callback", iter(parts), encode_chunked=True)
        assert connection.getresponse().read()
    connection.close()
    assert [callback.command for callback in listener.seen] == ["1", "2"]


@pytest.mark.parametrize(("workers", "by_host"), [(1, False), (2, True), (2, False)])
def test_a_run_listens_from_its_start_unless_it_shares_the_port(workers, by_host):
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = f"http://127.0.0.1:{free.getsockname()[1]}"
    auth = {"sdkappid": 1, "identifier": "administrator", "key": Secret("only for tests")}
    url = "http://127.0.0.1:9"
    target = Target("t", "tencent", url=url, auth=auth, webhook_listener=address)
    run = Run([target], PROFILES["smoke"], 0, id="0" * 16, workers=workers, by_host=by_host)
    try:
        run.stage(target)
        if workers == 1 or by_host:
            assert requests.post(address, b"{}", timeout=PATIENCE).ok
        else:
            with pytest.raises(requests.ConnectionError):
                requests.post(address, b"{}", timeout=PATIENCE)
    finally:
        run.close()
