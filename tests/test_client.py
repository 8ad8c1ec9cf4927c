import gzip
import socket
import statistics
import threading
import time
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from receiptspec.budgets import Spending
from receiptspec.client import MAX_BODY, Client, Terms, Trouble
from receiptspec.errors import BudgetSpent
from receiptspec.exchange import Request
from receiptspec.targets import Budget, Timeouts

QUICK = Timeouts(connect=1, read=0.4, total=1)


@contextmanager
def raw_server(*answers, keep=False):
    """Serve each connection one answer, then close; `seen` collects what was asked."""
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(5)
    seen = []

    def serve():
        for answer in answers:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                connection.settimeout(2)
                data = b""
                while b"\r\n\r\n" not in data or (data[:4] == b"POST" and data[-2:] != b"{}"):
                    data += connection.recv(65536)
                seen.append(data)
                if callable(answer):
                    answer(connection)
                else:
                    connection.sendall(answer)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}", seen
    finally:
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(5)


def request(origin, **changes):
    fields = {
        "method": "POST",
        "origin": origin,
        "target": "/v4/a%20b?x=%2B&usersig=secret-signature",
        "headers": (("Content-Type", "application/json"),),
        "body": b"{}",
    }
    return Request(**{**fields, **changes})


def ask(answer, **options):
    with raw_server(answer) as (origin, seen):
        client = Client(origin, timeouts=QUICK, **options)
        try:
            exchange = client.send(request(origin))
        finally:
            client.close()
    return exchange, seen


def http(body=b"{}", head=b"HTTP/1.1 200 OK\r\n"):
    return head + b"Content-Length: %d\r\n\r\n" % len(body) + body


def test_the_bytes_sent_are_the_bytes_given():
    exchange, (seen,) = ask(http())
    assert seen.startswith(b"POST /v4/a%20b?x=%2B&usersig=secret-signature HTTP/1.1\r\n")
    assert exchange.response.status == 200
    assert exchange.response.body == b"{}"
    assert exchange.trouble is None


def test_chunks_go_over_a_connection_of_their_own():
    headers = (("Transfer-Encoding", "chunked"),)

    def answer_chunks(connection):
        while not seen[0].endswith(b"\r\n0\r\n\r\n"):
            seen[0] += connection.recv(65536)
        connection.sendall(http())

    with raw_server(answer_chunks, http()) as (origin, seen):
        client = Client(origin, timeouts=QUICK)
        first = client.send(request(origin, method="PUT", headers=headers, body=b'{"a":{}}'))
        second = client.send(request(origin))
        client.close()
    assert (first.trouble, second.trouble) == (None, None)
    assert b"Transfer-Encoding: chunked\r\n" in seen[0]
    assert b"Content-Length" not in seen[0]
    assert seen[0].endswith(b'\r\n\r\n8\r\n{"a":{}}\r\n0\r\n\r\n')
    assert len(seen) == 2


def test_a_redirect_is_not_followed():
    answer = b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n"
    exchange, _ = ask(answer)
    assert exchange.response.status == 302
    assert exchange.trouble is None


GZIP = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n"
PACKED = gzip.compress(b'{"a": 1}', mtime=0)


@pytest.mark.parametrize(
    "body", [PACKED, gzip.compress(b'{"a"', mtime=0) + gzip.compress(b": 1}", mtime=0)]
)
def test_gzip_is_decoded(body):
    exchange, _ = ask(http(body, GZIP))
    assert exchange.response.body == b'{"a": 1}'


@pytest.mark.parametrize(
    ("answer", "trouble"),
    [
        (b"", Trouble.RESET),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{}", Trouble.TRUNCATED),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}", Trouble.TRUNCATED),
        (http(b"no gzip", b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n"), Trouble.ENCODING),
        (http(PACKED[:-4], GZIP), Trouble.ENCODING),
        (http(PACKED + b"more", GZIP), Trouble.ENCODING),
        (b"SSH-2.0-OpenSSH\r\n", Trouble.PROTOCOL),
        (lambda _: threading.Event().wait(0.8), Trouble.READ_TIMEOUT),
    ],
)
def test_each_failure_has_its_own_word(answer, trouble):
    exchange, _ = ask(answer)
    assert exchange.trouble.partition(":")[0] == trouble
    assert "secret-signature" not in exchange.trouble


def test_an_endless_answer_ends_at_the_size_limit():
    def endless(connection):
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        try:
            for _ in range(MAX_BODY // 65536 + 20):
                connection.sendall(b"x" * 65536)
        except OSError:
            return

    exchange, _ = ask(endless)
    assert exchange.trouble.startswith(Trouble.TOO_LARGE)
    assert len(exchange.response.body) < MAX_BODY + 1_000_000


def test_one_byte_at_a_time_ends_at_the_deadline():
    def slow(connection):
        connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        try:
            for _ in range(30):
                connection.sendall(b"1\r\nx\r\n")
                threading.Event().wait(0.1)
        except OSError:
            return

    exchange, _ = ask(slow)
    assert exchange.trouble.startswith(Trouble.READ_TIMEOUT)
    assert exchange.response.elapsed < 2.5


def test_nobody_listening_is_told_apart():
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    client = Client(f"http://127.0.0.1:{port}", timeouts=QUICK)
    assert client.send(request(f"http://127.0.0.1:{port}")).trouble == Trouble.REFUSED
    client.close()


def test_cookies_are_not_kept():
    answer = http(head=b"HTTP/1.1 200 OK\r\nSet-Cookie: a=b\r\nConnection: close\r\n")
    with raw_server(answer, answer) as (origin, seen):
        client = Client(origin, timeouts=QUICK)
        client.send(request(origin))
        client.send(request(origin))
        client.close()
    assert b"cookie" not in seen[1].lower()


def test_no_proxy_or_netrc_of_the_environment_is_used(monkeypatch, tmp_path):
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login u password p\n")
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    exchange, (seen,) = ask(http())
    assert exchange.trouble is None
    assert b"authorization" not in seen.lower()


def test_budgets_are_kept_before_anything_is_sent():
    with raw_server(http(), http()) as (origin, seen):
        client = Client(origin, timeouts=QUICK, spending=Spending(Budget(requests=1)))
        client.send(request(origin))
        with pytest.raises(BudgetSpent, match="budget of 1 requests"):
            client.send(request(origin))
        client.close()
        assert len(seen) == 1


def test_requests_keep_apart_when_somebody_limits_their_rate():
    answer = http(head=b"HTTP/1.1 200 OK\r\nConnection: close\r\n")
    with raw_server(*[answer] * 4) as (origin, _):
        client = Client(origin, timeouts=QUICK)
        for _ in range(6):
            client.slow_down()
        started = time.monotonic()
        for _ in range(4):
            client.send(request(origin))
        assert 0.3 < time.monotonic() - started < 3
        client.close()


def test_requests_come_closer_again_when_nobody_complains():
    client = Client("http://127.0.0.1:9", timeouts=QUICK)
    client.slow_down()
    started = time.monotonic()
    for _ in range(200):
        client.admit()
    client.close()
    assert time.monotonic() - started < 200 * 0.02 * 0.7


def test_a_budget_of_writes_spares_reads():
    answer = http(head=b"HTTP/1.1 200 OK\r\nConnection: close\r\n")
    with raw_server(answer, answer) as (origin, _):
        client = Client(origin, timeouts=QUICK, spending=Spending(Budget(writes=0)))
        client.send(request(origin))
        with pytest.raises(BudgetSpent, match="writes"):
            client.send(request(origin), Terms(writes=True))
        client.close()


class HeadThenBody(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_):
        pass


@pytest.mark.skipif(not hasattr(socket, "TCP_QUICKACK"), reason="this system has no such option")
def test_a_server_that_writes_head_and_body_apart_is_not_kept_waiting():
    with ThreadingHTTPServer(("127.0.0.1", 0), HeadThenBody) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        client = Client(f"http://127.0.0.1:{server.server_port}")
        try:
            taken = [client.send(request(client.origin)).response.elapsed for _ in range(30)]
        finally:
            client.close()
            server.shutdown()
    assert statistics.median(taken) < 0.03  # an acknowledgement that is put off takes 0.04
