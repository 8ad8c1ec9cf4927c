"""HTTP as the suite needs it: final bytes out, raw bytes in, and every failure told apart.

No redirect is followed, nothing is retried, no proxy or netrc is taken from the environment. An
answer ends at its deadline and its largest size, however it is dripped, packed or made up.
"""

from __future__ import annotations

import http.client
import http.cookiejar
import io
import math
import os
import socket
import ssl
import threading
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import requests
import urllib3
from requests import exceptions
from requests.adapters import HTTPAdapter
from requests.utils import get_environ_proxies
from urllib3.connection import HTTPConnection, HTTPSConnection

from receiptspec.budgets import Spending
from receiptspec.exchange import Exchange, Request, Response, Secret, Trouble, as_pairs
from receiptspec.targets import Timeouts

if TYPE_CHECKING:
    from receiptspec.limits import Limits

__all__ = ["MAX_BODY", "USUAL", "Client", "Terms", "Trouble", "origin_of", "proxies_for"]

MAX_BODY = 8 * 1024 * 1024
_CHUNK = 16 * 1024
_KEPT = 64 * 1024  # of an answer that is too large: evidence enough
_SLOWEST = 0.5  # seconds between requests, however often somebody says that they are too many
_RELIEF = 0.99  # by which the time between requests shrinks with each that is sent
_CHUNKED = ("transfer-encoding", "chunked")
_GZIP = 16 + zlib.MAX_WBITS
_MAX_RAW = MAX_BODY + 1024 * 1024
_QUICK: int | None = getattr(socket, "TCP_QUICKACK", None)  # Linux alone has it
_ENDS: ContextVar[float] = ContextVar("when the answer has to be whole")


@dataclass(frozen=True, slots=True)
class Terms:
    """On what terms a request is sent.

    `ahead` writes are put aside of the budget for later. `apart` uses a connection of the calling
    thread, for calls at the same time. `within` is for cleaning up: it takes no longer than these
    seconds, and what was put aside.
    """

    writes: bool = False
    ahead: int = 0
    apart: bool = False
    within: float | None = None


USUAL = Terms()


class Client:
    """One keep-alive session to one origin, within rates and a budget.

    `exchanges` are handed to `on_exchange` as they happen; their bytes are never changed. A request
    whose Transfer-Encoding is chunked goes in chunks, over a connection of its own: whoever does
    not know where it ends understands nothing behind it.
    """

    def __init__(
        self,
        origin: str,
        *,
        timeouts: Timeouts | None = None,
        limits: Limits | None = None,
        spending: Spending | None = None,
        ca: str | None = None,
        proxy: str | None = None,
    ) -> None:
        self.origin = origin
        self._timeouts = timeouts or Timeouts()
        self._limits, self._spending = limits, spending
        self._sent = 0
        self._pause, self._next = 0.0, 0.0
        self._ca = ca
        self._proxies = proxies_for(origin, proxy)
        self._session = self._connected()
        self._apart = threading.local()
        self._others: list[requests.Session] = []
        self._lock = threading.Lock()
        self._journal: list[tuple[float, float, str, int]] = []
        self._found = _needs_no_search(origin)

    def _connected(self) -> requests.Session:
        session = requests.Session()
        session.trust_env = False
        session.verify = self._ca or True
        session.cookies.set_policy(http.cookiejar.DefaultCookiePolicy(allowed_domains=[]))
        session.headers.clear()
        for scheme in ("http://", "https://"):
            session.mount(scheme, _Adapter())
        return session

    def _own(self) -> requests.Session:
        """Return the session of this thread, made on first use."""
        if not hasattr(self._apart, "session"):
            self._apart.session = self._connected()
            with self._lock:
                self._others.append(self._apart.session)
        session: requests.Session = self._apart.session
        return session

    def _session_for(self, terms: Terms, *, alone: bool) -> requests.Session:
        """Return whose connections a request goes over; new ones where it goes `alone`."""
        if alone:
            return self._connected()
        return self._own() if terms.apart else self._session

    @property
    def sent(self) -> int:
        """How many requests were sent so far."""
        return self._sent

    def note(self, started: float, taken: float, operation: str, response: Response | None) -> None:
        """Enter a request, of whatever carrier, into what `drain` returns; times in seconds."""
        status = response.status if response else 0
        self._journal.append((round(started, 3), round(taken * 1000, 1), operation, status))

    def drain(self) -> list[tuple[float, float, str, int]]:
        """Return when each request since the last call was sent, and what became of it.

        Seconds since the epoch, milliseconds taken, operation, HTTP status; 0 without an answer.
        """
        journal, self._journal = self._journal, []
        return sorted(journal)

    def close(self) -> None:
        """Close the session's connections."""
        for session in (self._session, *self._others):
            session.close()

    def send(self, request: Request, terms: Terms = USUAL) -> Exchange:
        """Send the request's final bytes and read the whole answer.

        Raises `BudgetSpent` before anything is sent. Every other failure is in the exchange.
        """
        chunked = _is_chunked(request)
        session = self._session_for(terms, alone=chunked)
        number = self.admit(request.operation or "", terms)
        left = self.time_left if terms.within is None else terms.within
        timeouts = self._timeouts.at_most(max(left, 0.05))
        prepared = requests.PreparedRequest()
        headers = dict(request.headers)
        data = iter((request.body,)) if chunked else request.body or None
        prepared.prepare(request.method, request.origin, headers=headers, data=data)
        prepared.url = request.url
        started, clock = time.time(), time.perf_counter()
        body = bytearray()
        answer: requests.Response | None = None
        trouble: str | None = None
        ends = _ENDS.set(time.monotonic() + timeouts.total)
        try:
            with _told_apart(timeouts):
                self._find()
                answer = session.send(
                    prepared,
                    stream=True,
                    allow_redirects=False,
                    proxies=self._proxies,
                    timeout=(timeouts.connect, timeouts.read),
                )
                self._read(answer, body)
        except _Failed as failure:
            trouble = str(failure)
            self._found = _needs_no_search(self.origin)
        finally:
            _ENDS.reset(ends)
            if answer is not None and trouble:
                answer.close()
            if chunked:
                session.close()
        response = None
        if answer is not None:
            response = Response(
                answer.status_code,
                as_pairs(answer.headers),
                bytes(body),
                time.perf_counter() - clock,
            )
        taken = time.perf_counter() - clock
        self.note(started, taken, request.operation or "", response)
        return Exchange(number, request, response, started, trouble)

    def slow_down(self) -> None:
        """Leave more time between requests for a while: somebody on the way limits their rate."""
        self._pause = min(max(0.02, self._pause * 1.5), _SLOWEST)

    def _keep_apart(self) -> None:
        if not self._pause:
            return
        with self._lock:
            now = time.monotonic()
            wait = max(0.0, self._next - now)
            self._next = now + wait + self._pause
            self._pause *= _RELIEF
        time.sleep(wait)

    def admit(self, operation: str = "", terms: Terms = USUAL) -> int:
        """Wait for the rate's permission and return the number of the next request.

        Raises `BudgetSpent` where the budget has none left.
        """
        spending = self._spending if terms.within is None else None
        if spending is not None:
            spending.take(1 + terms.ahead, terms.writes + terms.ahead)
        with self._lock:
            self._sent += 1
            number = self._sent
        if self._limits is not None:
            within = spending.left if spending is not None else math.inf
            self._limits.wait(operation, within)
        self._keep_apart()
        return number

    def take(self, writes: int) -> None:
        """Put writes aside, to be sent `within` some time; raises `BudgetSpent`."""
        if self._spending is not None:
            self._spending.take(writes, writes)

    def give_back(self, writes: int) -> None:
        """Return writes to the budget that were put aside and are not needed."""
        if self._spending is not None:
            self._spending.give_back(writes, writes)

    @property
    def time_left(self) -> float:
        """Seconds until the budget ends."""
        return self._spending.left if self._spending is not None else math.inf

    def _find(self) -> None:
        """Look the host up within the time to connect: the system's resolver knows no deadline."""
        if self._found or self._proxies:
            return
        host = urlsplit(self.origin).hostname or ""
        said: list[Exception | None] = []

        def look() -> None:
            try:
                socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
                said.append(None)
            except (OSError, UnicodeError) as error:
                said.append(error)

        thread = threading.Thread(target=look, daemon=True)
        thread.start()
        thread.join(self._timeouts.connect)
        if not said:
            raise _Failed(Trouble.DNS, f"{host}: no answer within {self._timeouts.connect:g} s")
        if said[0] is not None:
            raise _Failed(Trouble.DNS, host)
        self._found = True

    @staticmethod
    def _read(answer: requests.Response, into: bytearray) -> None:
        packed = answer.headers.get("Content-Encoding", "").strip().lower() in ("gzip", "x-gzip")
        unpacker = _Unpacker() if packed else None
        while chunk := answer.raw.read1(_CHUNK, decode_content=not packed):
            into += unpacker.unpacked(chunk) if unpacker is not None else chunk
            if len(into) > MAX_BODY:
                del into[_KEPT:]
                raise _Failed(Trouble.TOO_LARGE, f"over {MAX_BODY} bytes")
            if time.monotonic() > _ENDS.get():
                raise _Late
        if unpacker is not None:
            unpacker.must_be_whole()


def _is_chunked(request: Request) -> bool:
    return any((k.lower(), v.lower()) == _CHUNKED for k, v in request.headers)


class _Unpacker:
    """Unpacks gzip, however often it begins anew; what is cut or followed by others is broken."""

    def __init__(self) -> None:
        self._member = zlib.decompressobj(_GZIP)
        self._begun = False

    def unpacked(self, chunk: bytes) -> bytes:
        """Return what a part stands for."""
        found = bytearray()
        while chunk:
            if self._member.eof:
                self._member = zlib.decompressobj(_GZIP)
            self._begun = True
            try:
                found += self._member.decompress(chunk)
            except zlib.error as error:
                raise urllib3.exceptions.DecodeError(str(error)) from error
            chunk = self._member.unused_data
        return bytes(found)

    def must_be_whole(self) -> None:
        """Raise where the end, and with it the sum over all, is missing."""
        if self._begun and not self._member.eof:
            raise urllib3.exceptions.DecodeError("the end of what was packed is missing")


class _Failed(Exception):
    def __init__(self, trouble: Trouble, detail: str = "") -> None:
        super().__init__(f"{trouble}: {detail}" if detail else str(trouble))


def origin_of(url: str) -> str:
    """Return scheme and host of an address, without its path."""
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{rest.partition('/')[0]}"


def proxies_for(origin: str, proxy: str | None) -> dict[str, str]:
    """Return what requests wants to know of a proxy; of the environment's only when told so."""
    if proxy is None:
        return {}
    if proxy == "environment":
        return get_environ_proxies(origin)
    address = proxy.reveal() if isinstance(proxy, Secret) else proxy
    return {"http": address, "https": address}


def _needs_no_search(origin: str) -> bool:
    host = urlsplit(origin).hostname or ""
    return host == "localhost" or ":" in host or host.replace(".", "").isdigit()


# --- what arrives ---------------------------------------------------------------------------


class _TooMuch(http.client.HTTPException):
    """More bytes came than any answer may have."""


class _Late(TimeoutError):
    """The answer was not whole at its deadline."""


class _Bounded(io.RawIOBase):
    """What a socket gives for one answer, up to a deadline and a number of bytes."""

    def __init__(self, sock: socket.socket, ends: float) -> None:
        self._sock, self._ends, self._left = sock, ends, _MAX_RAW
        self._stream = sock.makefile("rb", buffering=0)
        self.over = False

    def readable(self) -> bool:
        """Say that it can be read."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Read what is there, waiting for it no longer than the deadline."""
        time_left = self._ends - time.monotonic()
        if time_left <= 0:
            raise _Late
        self._acknowledge_at_once()
        silence = self._sock.gettimeout()
        self._sock.settimeout(time_left if silence is None else min(silence, time_left))
        try:
            count = self._stream.readinto(buffer) or 0
        except TimeoutError:
            if time.monotonic() >= self._ends:
                raise _Late from None
            raise
        finally:
            self._sock.settimeout(silence)
        self.over = not count
        self._left -= count
        if self._left < 0:
            raise _TooMuch
        return count

    def _acknowledge_at_once(self) -> None:
        """Keep no server waiting that writes head and body apart.

        The system forgets this option by and by. TLS within TLS is no socket and has none.
        """
        if _QUICK is not None and isinstance(self._sock, socket.socket):
            self._sock.setsockopt(socket.IPPROTO_TCP, _QUICK, 1)

    def close(self) -> None:
        """Let go of the socket."""
        self._stream.close()
        super().close()


class _Answer(http.client.HTTPResponse):
    """An answer that ends in time, whose headers are whole, after any interim answers."""

    def __init__(self, sock: socket.socket, *arguments: Any, **options: Any) -> None:
        super().__init__(sock, *arguments, **options)
        self._bounded = _Bounded(sock, _ENDS.get())
        self.fp.close()
        self.fp = io.BufferedReader(self._bounded)

    def begin(self) -> None:
        """Read status and headers; http.client takes headers that are cut off for whole ones."""
        super().begin()
        if self._bounded.over:
            raise ConnectionResetError("the headers are cut off")

    def _read_status(self) -> tuple[str, int, str]:
        """Read the status, passing over interim ones: http.client knows only 100."""
        while True:
            version, status, reason = super()._read_status()  # type: ignore[misc]
            if not 102 <= status < 200:
                return version, status, reason
            http.client.parse_headers(self.fp)


class _Plain(HTTPConnection):
    response_class = _Answer


class _Secure(HTTPSConnection):
    response_class = _Answer


class _PlainPool(urllib3.HTTPConnectionPool):
    ConnectionCls = _Plain


class _SecurePool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _Secure


_POOLS = {"http": _PlainPool, "https": _SecurePool}


class _Adapter(HTTPAdapter):
    def init_poolmanager(self, *arguments: Any, **options: Any) -> None:
        """Make connections whose answers are bounded."""
        super().init_poolmanager(*arguments, **options)
        self.poolmanager.pool_classes_by_scheme = _POOLS

    def proxy_manager_for(self, *arguments: Any, **options: Any) -> Any:
        """Make connections by way of a proxy whose answers are bounded."""
        manager = super().proxy_manager_for(*arguments, **options)
        manager.pool_classes_by_scheme = _POOLS
        return manager


# --- what goes wrong ------------------------------------------------------------------------


@contextmanager
def _told_apart(timeouts: Timeouts) -> Iterator[None]:
    """Turn the exceptions of requests, urllib3 and below into one of our words each."""
    try:
        yield
    except (
        exceptions.RequestException,
        urllib3.exceptions.HTTPError,
        OSError,
        ValueError,
    ) as error:
        raise _word_for(error, timeouts) from None
    except http.client.HTTPException as error:
        raise _word_for(error, timeouts) from None


#: The first kind of exception that is anywhere in the chain gives the word.
_WORDS: tuple[tuple[type[BaseException], Trouble], ...] = (
    (_TooMuch, Trouble.TOO_LARGE),
    (_Late, Trouble.READ_TIMEOUT),
    (urllib3.exceptions.NameResolutionError, Trouble.DNS),
    (ConnectionRefusedError, Trouble.REFUSED),
    (exceptions.ConnectTimeout, Trouble.CONNECT_TIMEOUT),
    (urllib3.exceptions.ReadTimeoutError, Trouble.READ_TIMEOUT),
    (ssl.SSLEOFError, Trouble.RESET),
    (ssl.SSLError, Trouble.TLS),
    (exceptions.SSLError, Trouble.TLS),
    (urllib3.exceptions.NewConnectionError, Trouble.REFUSED),
    (urllib3.exceptions.DecodeError, Trouble.ENCODING),
    (exceptions.ContentDecodingError, Trouble.ENCODING),
    (ConnectionError, Trouble.RESET),
    (TimeoutError, Trouble.READ_TIMEOUT),
    (http.client.IncompleteRead, Trouble.TRUNCATED),
    (exceptions.ChunkedEncodingError, Trouble.TRUNCATED),
    (http.client.HTTPException, Trouble.PROTOCOL),
    (exceptions.ConnectionError, Trouble.RESET),
)


def _word_for(error: BaseException, timeouts: Timeouts) -> _Failed:
    chain = _chain(error)
    for kind, trouble in _WORDS:
        found = next((link for link in chain if isinstance(link, kind)), None)
        if found is not None:
            return _Failed(trouble, _detail(found, chain, timeouts))
    return _Failed(Trouble.PROTOCOL, type(chain[-1]).__name__)


def _chain(error: BaseException) -> list[BaseException]:
    """Return an exception with all that it was made from, outermost first."""
    chain: list[BaseException] = []
    waiting: list[Any] = [error]
    while waiting:
        link = waiting.pop(0)
        if isinstance(link, BaseException) and link not in chain:
            chain.append(link)
            waiting += [*link.args, getattr(link, "reason", None), link.__cause__, link.__context__]
    return chain


def _detail(found: BaseException, chain: list[BaseException], timeouts: Timeouts) -> str:
    """Say more in a few words; most texts of exceptions are left out, as they hold addresses."""
    if isinstance(found, _TooMuch):
        return f"over {_MAX_RAW} bytes"
    if isinstance(found, _Late):
        return f"not whole after {timeouts.total:g} s"
    if isinstance(found, ssl.SSLCertVerificationError):
        return found.verify_message or type(found).__name__
    if isinstance(found, ssl.SSLError):
        return (found.reason or type(found).__name__).lower().replace("_", " ")
    if isinstance(found, urllib3.exceptions.NewConnectionError):
        return next((os.strerror(e.errno) for e in chain if isinstance(e, OSError) and e.errno), "")
    if type(found) in (http.client.HTTPException, http.client.LineTooLong):
        return str(found)
    silent = (ConnectionRefusedError, exceptions.ConnectTimeout, TimeoutError)
    if isinstance(found, (*silent, urllib3.exceptions.ReadTimeoutError)):
        return ""
    return type(chain[-1] if isinstance(found, exceptions.RequestException) else found).__name__
