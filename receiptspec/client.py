"""HTTP as the suite needs it: final bytes out, raw bytes in, and every failure told apart.

No redirect is followed, nothing is retried, no proxy or netrc is taken from the environment.
"""

from __future__ import annotations

import http.cookiejar
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

import requests
import urllib3
from pyrate_limiter import InMemoryBucket, Rate, RateItem
from requests import exceptions

from receiptspec.errors import BudgetSpent
from receiptspec.exchange import Exchange, Request, Response, as_pairs
from receiptspec.targets import Budget, Timeouts

__all__ = ["MAX_BODY", "Client", "Trouble"]

MAX_BODY = 8 * 1024 * 1024
_CHUNK = 16 * 1024


class Trouble(StrEnum):
    """Why there is no whole answer."""

    REFUSED = "connection refused"
    DNS = "host name not found"
    TLS = "TLS failed"
    CONNECT_TIMEOUT = "no connection in time"
    READ_TIMEOUT = "no answer in time"
    RESET = "connection dropped"
    TRUNCATED = "answer cut short"
    ENCODING = "content encoding broken"
    TOO_LARGE = "answer too large"
    PROTOCOL = "not HTTP"


@dataclass
class _Spent:
    requests: int = 0
    writes: int = 0


class Client:
    """One keep-alive session to one origin, within a rate, rates by operation, and a budget.

    `exchanges` are handed to `on_exchange` as they happen; their bytes are never changed.
    """

    def __init__(
        self,
        origin: str,
        *,
        timeouts: Timeouts | None = None,
        rate: float | None = None,
        rates: Mapping[str, float] = MappingProxyType({}),
        budget: Budget | None = None,
        ca: str | None = None,
    ) -> None:
        self.origin = origin
        self._timeouts = timeouts or Timeouts()
        self._budget = budget or Budget()
        self._spent = _Spent()
        self._born = time.monotonic()
        self._limiter = _Limiter(rate) if rate else None
        self._limiters = {operation: _Limiter(each) for operation, each in rates.items()}
        self._ca = ca
        self._session = self._connected()
        self._apart = threading.local()
        self._others: list[requests.Session] = []
        self._lock = threading.Lock()
        self._journal: list[tuple[float, float, str, int]] = []

    def _connected(self) -> requests.Session:
        session = requests.Session()
        session.trust_env = False
        session.verify = self._ca or True
        session.cookies.set_policy(http.cookiejar.DefaultCookiePolicy(allowed_domains=[]))
        session.headers.clear()
        return session

    def _own(self) -> requests.Session:
        """Return the session of this thread, made on first use."""
        if not hasattr(self._apart, "session"):
            self._apart.session = self._connected()
            with self._lock:
                self._others.append(self._apart.session)
        session: requests.Session = self._apart.session
        return session

    @property
    def sent(self) -> int:
        """How many requests were sent so far."""
        return self._spent.requests

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

    def send(self, request: Request, *, writes: bool = False, apart: bool = False) -> Exchange:
        """Send the request's final bytes and read the whole answer.

        `apart` uses a connection of the calling thread, for calls at the same time. Raises
        `BudgetSpent` before anything is sent. Every other failure is in the exchange.
        """
        session = self._own() if apart else self._session
        number = self.admit(request.operation or "", writes=writes)
        prepared = requests.PreparedRequest()
        headers = dict(request.headers)
        prepared.prepare(request.method, request.origin, headers=headers, data=request.body or None)
        prepared.url = request.url
        started, clock = time.time(), time.perf_counter()
        body = bytearray()
        answer: requests.Response | None = None
        trouble: str | None = None
        try:
            with _told_apart():
                answer = session.send(
                    prepared,
                    stream=True,
                    allow_redirects=False,
                    timeout=(self._timeouts.connect, self._timeouts.read),
                )
                self._read(answer, body, clock)
        except _Failed as failure:
            trouble = str(failure)
        finally:
            if answer is not None and trouble:
                answer.close()
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

    def admit(self, operation: str = "", *, writes: bool = False) -> int:
        """Wait for the rate's permission and return the number of the next request.

        Raises `BudgetSpent` where the budget has none left.
        """
        with self._lock:
            number = self._count(writes=writes)
        for limiter in (self._limiter, self._limiters.get(operation)):
            if limiter is not None:
                limiter.wait()
        return number

    def _count(self, *, writes: bool) -> int:
        budget, spent = self._budget, self._spent
        if budget.requests is not None and spent.requests >= budget.requests:
            raise BudgetSpent(f"the budget of {budget.requests} requests is used up")
        if writes and budget.writes is not None and spent.writes >= budget.writes:
            raise BudgetSpent(f"the budget of {budget.writes} writes is used up")
        if budget.seconds is not None and time.monotonic() - self._born > budget.seconds:
            raise BudgetSpent(f"the budget of {budget.seconds:g} s is used up")
        spent.requests += 1
        spent.writes += writes
        return spent.requests

    def _read(self, answer: requests.Response, into: bytearray, clock: float) -> None:
        for chunk in answer.iter_content(_CHUNK):
            into += chunk
            if len(into) > MAX_BODY:
                raise _Failed(Trouble.TOO_LARGE, f"over {MAX_BODY} bytes")
            if time.perf_counter() - clock > self._timeouts.total:
                raise _Failed(Trouble.READ_TIMEOUT, f"not whole after {self._timeouts.total:g} s")


class _Failed(Exception):
    def __init__(self, trouble: Trouble, detail: str = "") -> None:
        super().__init__(f"{trouble}: {detail}" if detail else str(trouble))


class _Limiter:
    """Lets so many calls pass in a sliding window; no thread and no file stand behind it."""

    def __init__(self, rate: float) -> None:
        whole = rate >= 1
        window = Rate(int(rate), 1000) if whole else Rate(max(1, round(rate * 60)), 60_000)
        self._bucket = InMemoryBucket([window])

    def wait(self) -> None:
        """Return when the next call may go."""
        while True:
            item = RateItem("call", time.monotonic_ns() // 1_000_000)
            self._bucket.leak(item.timestamp)
            if self._bucket.put(item):
                return
            time.sleep(max(int(self._bucket.waiting(item)), 1) / 1000)  # type: ignore[arg-type]


@contextmanager
def _told_apart() -> Iterator[None]:
    """Turn the exceptions of requests and urllib3 into one of our words each."""
    try:
        yield
    except exceptions.SSLError as error:
        raise _Failed(Trouble.TLS, _reason(error)) from None
    except exceptions.ConnectTimeout:
        raise _Failed(Trouble.CONNECT_TIMEOUT) from None
    except (exceptions.ReadTimeout, urllib3.exceptions.ReadTimeoutError):
        raise _Failed(Trouble.READ_TIMEOUT) from None
    except exceptions.ContentDecodingError as error:
        raise _Failed(Trouble.ENCODING, _reason(error)) from None
    except exceptions.ChunkedEncodingError as error:
        raise _Failed(Trouble.TRUNCATED, _reason(error)) from None
    except exceptions.ConnectionError as error:
        raise _connection(error) from None
    except (exceptions.RequestException, urllib3.exceptions.HTTPError, ValueError) as error:
        raise _Failed(Trouble.PROTOCOL, _reason(error)) from None


def _connection(error: exceptions.ConnectionError) -> _Failed:
    text = str(error)
    for needle, trouble in (
        ("NameResolutionError", Trouble.DNS),
        ("Failed to resolve", Trouble.DNS),
        ("Read timed out", Trouble.READ_TIMEOUT),
        ("Connection refused", Trouble.REFUSED),
        ("Failed to establish", Trouble.REFUSED),
        ("BadStatusLine", Trouble.PROTOCOL),
    ):
        if needle in text:
            return _Failed(trouble)
    return _Failed(Trouble.RESET, _reason(error))


def _reason(error: Exception) -> str:
    """Return the innermost reason in a few words; its addresses would hold credentials."""
    inner: BaseException = error
    while inner.args and isinstance(inner.args[-1], BaseException):
        inner = inner.args[-1]
    return type(inner).__name__
