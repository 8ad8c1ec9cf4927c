"""A server that misbehaves on purpose, in every way that a name of `BEHAVIOURS` says.

Raw sockets and threads, on loopback only. A behaviour is a function that gets a `Talk`: the
request, what an honest server would answer, and the connection to do something else with.
`Hostile.when` says which requests it meets; all others are answered honestly, by a canned target or
by `upstream`.
"""

import gzip
import http.client
import json
import socket
import ssl
import struct
import threading
import time
from contextlib import suppress
from datetime import UTC, datetime
from functools import cache
from urllib.parse import urlsplit

import trustme
from pace import PATIENCE

PROBES = (b"rs-no-such-group", b"multiaccount_import")
ENVELOPE = {"ActionStatus": "OK", "ErrorInfo": "", "ErrorCode": 0}
MISSING = {"ActionStatus": "FAIL", "ErrorInfo": "no such group", "ErrorCode": 10010}
RECEIPT = {"MsgSeq": 1, "Code": 0, "ReadNum": 1, "UnreadNum": 1}
FINE = {**ENVELOPE, "GroupMsgReceiptList": [RECEIPT]}
LASTING = 20.0  # seconds that any behaviour may last
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
BEHAVIOURS = {}


def behaviour(function):
    BEHAVIOURS[function.__name__.strip("_").replace("_", "-")] = function
    return function


class Talk:
    """One request, and the means to answer it badly."""

    def __init__(self, server, connection, head, body):
        self.server, self.connection, self.head, self.body = server, connection, head, body
        self.target = head.split(b" ")[1].decode()
        self.ends = time.monotonic() + LASTING

    def honest(self):
        if self.server.upstream:
            return self._forwarded()
        probe = any(word in self.head.split(b"?")[0] or word in self.body for word in PROBES)
        return 200, json.dumps(MISSING if probe else FINE).encode()

    def _forwarded(self):
        parts = urlsplit(self.server.upstream)
        there = http.client.HTTPConnection(parts.hostname, parts.port, timeout=PATIENCE)
        try:
            method = self.head.split(b" ")[0].decode()
            there.request(method, self.target, self.body, {"Content-Type": "application/json"})
            answer = there.getresponse()
            return answer.status, answer.read()
        finally:
            there.close()

    def send(self, *parts):
        self.connection.sendall(b"".join(parts))

    def answer(self, body, *headers, status="200 OK", version="1.1", length=None):
        length = len(body) if length is None else length
        lines = [f"HTTP/{version} {status}", "Content-Type: application/json", *headers]
        if length != "":
            lines.append(f"Content-Length: {length}")
        lines.append("Connection: close")
        self.send("\r\n".join(lines).encode("latin-1"), b"\r\n\r\n", body)

    def page(self, status, title, *headers):
        body = f"<html><head><title>{title}</title></head><body>{title}</body></html>".encode()
        self.answer(body, *headers, status=status)

    def reset(self):
        """Close with RST instead of FIN."""
        linger = struct.pack("ii", 1, 0)
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.connection.close()

    def drip(self, data, pause=0.05):
        for byte in data:
            if not self.wait(pause):
                return
            self.send(bytes((byte,)))

    def forever(self, piece, pause=0.0):
        while self.wait(pause):
            self.send(piece)

    def wait(self, seconds):
        return not self.server.stopping.wait(seconds) and time.monotonic() < self.ends


# --- the connection -----------------------------------------------------------------------


@behaviour
def honest(talk):
    status, body = talk.honest()
    talk.answer(body, status=f"{status} OK")


@behaviour
def reset_before(talk):
    talk.reset()


@behaviour
def close_before(talk):
    pass


@behaviour
def reset_in_headers(talk):
    talk.send(b"HTTP/1.1 200 OK\r\nContent-Ty")
    talk.wait(0.05)
    talk.reset()


@behaviour
def close_in_headers(talk):
    talk.send(b"HTTP/1.1 200 OK\r\nContent-Ty")


@behaviour
def close_between_headers(talk):
    talk.send(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n")


@behaviour
def reset_in_body(talk):
    _, body = talk.honest()
    talk.answer(body[: len(body) // 2], length=len(body))
    talk.wait(0.1)
    talk.reset()


@behaviour
def silence(talk):
    talk.wait(LASTING)


@behaviour
def silence_in_body(talk):
    _, body = talk.honest()
    talk.answer(body[: len(body) // 2], length=len(body))
    talk.wait(LASTING)


@behaviour
def drip_headers(talk):
    talk.drip(b"HTTP/1.1 200 OK\r\nX-Slow: " + b"x" * 10_000)


@behaviour
def drip_body(talk):
    body = talk.honest()[1].ljust(10_000)
    talk.answer(b"", length=len(body))
    talk.drip(body)


@behaviour
def drip_chunks(talk):
    talk.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    talk.forever(b"1\r\n \r\n", 0.05)


# --- the frame ----------------------------------------------------------------------------


@behaviour
def length_too_long(talk):
    _, body = talk.honest()
    talk.answer(body, length=len(body) + 50)


@behaviour
def length_too_short(talk):
    _, body = talk.honest()
    talk.answer(body, length=len(body) - 5)


@behaviour
def length_no_number(talk):
    talk.answer(talk.honest()[1], length="many")


@behaviour
def length_twice(talk):
    talk.answer(talk.honest()[1], "Content-Length: 3")


@behaviour
def length_missing(talk):
    talk.answer(talk.honest()[1], length="")


@behaviour
def endless_body(talk):
    talk.send(b"HTTP/1.1 200 OK\r\n\r\n")
    talk.forever(b"x" * 65_536)


@behaviour
def gigabyte_body(talk):
    talk.answer(b"", length=2**30)
    for _ in range(2**14):
        if not talk.wait(0):
            return
        talk.send(b"{" * 65_536)


@behaviour
def gigabyte_envelope(talk):
    start = b'{"ActionStatus":"OK","ErrorCode":0,"ErrorInfo":"'
    talk.answer(start, length=2**30)
    talk.forever(b"x" * 65_536)


@behaviour
def endless_chunks(talk):
    talk.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    talk.forever(b"10000\r\n" + b"x" * 65_536 + b"\r\n")


@behaviour
def endless_chunk_line(talk):
    talk.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    talk.forever(b"0" * 65_536)


@behaviour
def bad_chunk(talk):
    talk.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n")


@behaviour
def cut_chunk(talk):
    _, body = talk.honest()
    talk.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n" % len(body), body)


@behaviour
def header_flood(talk):
    talk.send(b"HTTP/1.1 200 OK\r\n")
    talk.forever(b"X-Flood: 1\r\n" * 5_000)


@behaviour
def header_line(talk):
    talk.send(b"HTTP/1.1 200 OK\r\nX-Long: ")
    talk.forever(b"x" * 65_536)


@behaviour
def not_http(talk):
    talk.send(b"SSH-2.0-OpenSSH_9.6\r\n")


@behaviour
def http_10(talk):
    talk.answer(talk.honest()[1], version="1.0", length="")


@behaviour
def interim(talk):
    talk.send(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n")
    honest(talk)


@behaviour
def endless_interim(talk):
    talk.forever(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" * 100)


# --- the packing --------------------------------------------------------------------------


@cache
def _bomb(layers):
    """Return a gigabyte of zeros in a few kilobytes."""
    data = gzip.compress(bytes(16 * 1024 * 1024), 9, mtime=0) * 64
    for _ in range(layers - 1):
        data = gzip.compress(data, 9, mtime=0)
    return data


@behaviour
def gzip_honest(talk):
    talk.answer(gzip.compress(talk.honest()[1]), "Content-Encoding: gzip")


@behaviour
def gzip_bomb(talk):
    talk.answer(_bomb(1), "Content-Encoding: gzip")


@behaviour
def gzip_bomb_in_layers(talk):
    talk.answer(_bomb(3), "Content-Encoding: gzip, gzip, gzip")


@behaviour
def gzip_lie(talk):
    talk.answer(talk.honest()[1], "Content-Encoding: gzip")


@behaviour
def gzip_unsaid(talk):
    talk.answer(gzip.compress(talk.honest()[1]))


@behaviour
def gzip_cut(talk):
    talk.answer(gzip.compress(talk.honest()[1])[:-12], "Content-Encoding: gzip")


@behaviour
def encoding_unknown(talk):
    talk.answer(b"\x8b\x02\x80\x00\x01", "Content-Encoding: x-secret")


# --- the text -----------------------------------------------------------------------------


@behaviour
def invalid_utf8(talk):
    talk.answer(talk.honest()[1].replace(b'"ErrorInfo": "', b'"ErrorInfo": "\xff\xfe'))


@behaviour
def byte_order_mark(talk):
    talk.answer(b"\xef\xbb\xbf" + talk.honest()[1])


def _with(talk, field, text):
    _, body = talk.honest()
    talk.answer(body.replace(b"{", b"{" + f'"{field}": {text}, '.encode(), 1))


@behaviour
def deep_json(talk):
    _with(talk, "Extra", "[" * 100_000 + "]" * 100_000)


@behaviour
def rather_deep_json(talk):
    _with(talk, "GroupMsgReceiptList", "[" * 900 + "]" * 900)


@behaviour
def long_number(talk):
    _with(talk, "Extra", "7" * 10_000_000)


@behaviour
def rather_long_number(talk):
    _with(talk, "Extra", "7" * 4_000_000)


@behaviour
def long_code(talk):
    talk.answer(b'{"ActionStatus":"FAIL","ErrorInfo":"x","ErrorCode":' + b"7" * 5000 + b"}")


@behaviour
def odd_code(talk):
    talk.answer('{"ActionStatus":"FAIL","ErrorInfo":"x","ErrorCode":"--²"}'.encode())


@behaviour
def duplicate_key(talk):
    _with(talk, "ErrorCode", "10010")


@behaviour
def nan(talk):
    _with(talk, "Extra", "NaN")


@behaviour
def trailing_text(talk):
    talk.answer(talk.honest()[1] + b"<!-- served by cache 7 -->")


@behaviour
def empty_200(talk):
    talk.answer(b"")


@behaviour
def foreign_json(talk):
    talk.answer(b'{"status": "ok"}')


# --- somebody else answers ----------------------------------------------------------------


@behaviour
def html_200(talk):
    talk.page("200 OK", "It works!", "Server: nginx")


@behaviour
def login_page(talk):
    talk.page("200 OK", "Airport Wi-Fi: log in")


@behaviour
def echo_page(talk):
    talk.page("404 Not Found", f"{talk.target} was not found")


@behaviour
def no_content(talk):
    talk.answer(b"", status="204 No Content", length="")


@behaviour
def redirect(talk):
    talk.answer(b"", f"Location: /moved{talk.target}", status="301 Moved Permanently")


@behaviour
def redirect_loop(talk):
    talk.answer(b"", f"Location: {talk.target}", status="302 Found")


@behaviour
def redirect_elsewhere(talk):
    where = talk.server.elsewhere + talk.target
    talk.answer(b"", f"Location: {where}", status="307 Temporary Redirect")


@behaviour
def unauthorised(talk):
    talk.page("401 Unauthorized", "Who?", 'WWW-Authenticate: Basic realm="x"')


@behaviour
def proxy_login(talk):
    status = "407 Proxy Authentication Required"
    talk.page(status, "Who?", 'Proxy-Authenticate: Basic realm="x"')


@behaviour
def set_cookie(talk):
    talk.answer(talk.honest()[1], "Set-Cookie: tracker=canary; Path=/")


def _status(number, words):
    def in_html(talk):
        talk.page(f"{number} {words}", f"{number} {words}")

    def in_vendor_form(talk):
        refusal = {"ActionStatus": "FAIL", "ErrorInfo": "internal error", "ErrorCode": 10002}
        talk.answer(json.dumps(refusal).encode(), status=f"{number} {words}")

    BEHAVIOURS[f"html-{number}"] = in_html
    BEHAVIOURS[f"vendor-{number}"] = in_vendor_form


_status(500, "Internal Server Error")
_status(502, "Bad Gateway")
_status(503, "Service Unavailable")
_status(504, "Gateway Time-out")


@behaviour
def too_many(talk):
    talk.answer(b"slow down", status="429 Too Many Requests")


@behaviour
def too_many_wait(talk):
    talk.answer(b"slow down", "Retry-After: 1", status="429 Too Many Requests")


@behaviour
def too_many_wait_long(talk):
    talk.answer(b"slow down", "Retry-After: 86400", status="429 Too Many Requests")


@behaviour
def too_many_in_vendor_form(talk):
    refusal = {"ActionStatus": "FAIL", "ErrorInfo": "too often", "ErrorCode": 60007}
    talk.answer(json.dumps(refusal).encode(), status="429 Too Many Requests")


def _clock(seconds):
    refusal = {"ActionStatus": "FAIL", "ErrorInfo": "UserSig expired", "ErrorCode": 70001}

    def clock(talk):
        stamp = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(time.time() + seconds))
        talk.answer(json.dumps(refusal).encode(), f"Date: {stamp}")

    return clock


BEHAVIOURS["clock-ahead"] = _clock(3600)
BEHAVIOURS["clock-behind"] = _clock(-3600)


# --- the server ---------------------------------------------------------------------------


class Hostile:
    """Serves on loopback within a ``with`` block; `seen` collects (head, body) of all requests.

    `when(number, talk)` chooses the requests, counted from 1, that meet the behaviour.
    """

    def __init__(self, name="honest", *, when=None, upstream=None, host="127.0.0.1", tls=None):
        self.behaviour, self.when, self.upstream = BEHAVIOURS[name], when, upstream
        if "bomb" in name:
            _ = _bomb(1), _bomb(3)  # now, not while somebody waits
        self.elsewhere = "http://127.0.0.1:1"
        self.stopping = threading.Event()
        self.seen, self._lock, self._threads, self._open = [], threading.Lock(), [], set()
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._listener = socket.create_server((host, 0), family=family, backlog=64)
        self._tls = tls
        shown = f"[{host}]" if ":" in host else host
        self.port = self._listener.getsockname()[1]
        self.url = f"{'https' if tls else 'http'}://{shown}:{self.port}"

    def __enter__(self):
        self._accepting = threading.Thread(target=self._accept, daemon=True)
        self._accepting.start()
        return self

    def __exit__(self, *_):
        self.stopping.set()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._accepting.join(2)
        with self._lock:
            connections = list(self._open)
        for connection in connections:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(2)

    def _accept(self):
        while not self.stopping.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            thread = threading.Thread(target=self._serve, args=(connection,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection):
        connection.settimeout(LASTING)
        with self._lock:
            self._open.add(connection)
        try:
            if self._tls:
                connection = self._tls.wrap_socket(connection, server_side=True)
            with connection:
                self._converse(connection)
        except (OSError, ValueError):
            return
        finally:
            with self._lock:
                self._open.discard(connection)

    def _converse(self, connection):
        data = b""
        while b"\r\n\r\n" not in data:
            piece = connection.recv(65_536)
            if not piece:
                return
            data += piece
            if data[:1] == b"\x16":  # a TLS hello
                connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
                return
        head, _, body = data.partition(b"\r\n\r\n")
        lengths = [line for line in head.lower().split(b"\r\n") if line[:15] == b"content-length:"]
        length = int(lengths[0].partition(b":")[2]) if lengths else 0
        while len(body) < length:
            piece = connection.recv(65_536)
            if not piece:
                return
            body += piece
        with self._lock:
            self.seen.append((head, body))
            number = len(self.seen)
        talk = Talk(self, connection, head, body)
        meets = self.when is None or self.when(number, talk)
        (self.behaviour if meets else honest)(talk)
        with suppress(OSError):
            connection.shutdown(socket.SHUT_WR)


def calls_only(_number, talk):
    """Spare the calls by which the suite tells whether anybody is there."""
    return not any(word in talk.head.split(b"?")[0] or word in talk.body for word in PROBES)


def once(number, _talk):
    """Meet one request in the middle."""
    return number == 2


def certificate(authority, name, **options):
    """Return a server's TLS context with a certificate for `name`."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name, **options).configure_cert(context)
    return context


def new_authority():
    return trustme.CA()
