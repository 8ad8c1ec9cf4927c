"""Every trouble of `hostile.BEHAVIOURS` ends in time, in the right word, with its evidence."""

import json
import os
import re
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import hostile
import pytest
from hostile import BEHAVIOURS, Hostile, calls_only, certificate, new_authority, once
from pace import PATIENCE, slowness, within

from receiptspec import calling
from receiptspec.client import MAX_BODY
from receiptspec.errors import Inconclusive, Throttled, Unreachable
from receiptspec.exchange import Secret
from receiptspec.neutral import Call, Verdict
from receiptspec.reference import Settings, launch
from receiptspec.stage import Stage
from receiptspec.targets import Target, Timeouts

ROOT = Path(__file__).parent.parent
RUN = (sys.executable, "-m", "receiptspec", "run", "--target", "t", "--seed", "1")
KEY = "key-of-the-hostile-tests"
AUTH = {"sdkappid": 1, "identifier": "administrator", "key": Secret(KEY)}
CASE = Call("get_group_msg_receipt", {"GroupId": "@TGS#1", "MsgSeqList": [{"MsgSeq": 1}]})
QUICK = Timeouts(connect=0.5, read=0.4, total=0.8)
AMPLE = Timeouts(connect=10, read=20, total=30)
MEMORY = 300  # MB that any process may take

PASS, FAIL, AWAY = "pass", "fail", "inconclusive"
THROUGHOUT, BREAKS, IS_FINE = (AWAY, FAIL, PASS), (FAIL, FAIL, PASS), (PASS, PASS, PASS)
WRONG = (FAIL, FAIL, FAIL)

#: By behaviour: the word when it meets every request, when it meets one operation while others are
#: answered, and when it meets one request only; and the evidence for the first two.
WORDS = {
    # the connection: nobody there, or a call that makes it break
    "reset-before": (*THROUGHOUT, "connection dropped"),
    "close-before": (*THROUGHOUT, "connection dropped"),
    "reset-in-headers": (*THROUGHOUT, "connection dropped"),
    "close-in-headers": (*THROUGHOUT, "connection dropped"),
    "close-between-headers": (*THROUGHOUT, "connection dropped"),
    "reset-in-body": (*THROUGHOUT, "connection dropped"),
    "silence": (*THROUGHOUT, "no answer in time"),
    "silence-in-body": (*THROUGHOUT, "no answer in time"),
    "drip-headers": (*THROUGHOUT, "not whole after 0.8 s"),
    "drip-body": (*THROUGHOUT, "not whole after 0.8 s"),
    "drip-chunks": (*THROUGHOUT, "not whole after 0.8 s"),
    "endless-interim": (*THROUGHOUT, "not whole after 0.8 s"),
    # the frame: a whole answer that no client can take apart
    "length-too-long": (*BREAKS, "answer cut short"),
    "cut-chunk": (*BREAKS, "answer cut short"),
    "bad-chunk": (*BREAKS, "answer cut short"),
    "endless-chunk-line": (*BREAKS, "more than 65536 bytes"),
    "endless-body": (*BREAKS, f"answer too large: over {MAX_BODY} bytes"),
    "endless-chunks": (*BREAKS, "answer too large"),
    "gigabyte-body": (*BREAKS, "answer too large"),
    "gigabyte-envelope": (*BREAKS, "answer too large"),
    "gzip-bomb": (*BREAKS, "answer too large"),
    "gzip-bomb-in-layers": (*BREAKS, "answer too large"),
    "gzip-lie": (*BREAKS, "content encoding broken"),
    "gzip-cut": (*BREAKS, "content encoding broken"),
    "long-number": (*BREAKS, "answer too large"),
    "length-too-short": (*WRONG, "not JSON"),
    "length-twice": (*THROUGHOUT, "not HTTP: InvalidHeader"),
    "header-flood": (*THROUGHOUT, "more than 100 headers"),
    "header-line": (*THROUGHOUT, "more than 65536 bytes"),
    "not-http": (*THROUGHOUT, "not HTTP"),
    # the text
    "gzip-unsaid": (*WRONG, "invalid UTF-8"),
    "encoding-unknown": (*WRONG, "invalid UTF-8"),
    "invalid-utf8": (*WRONG, "invalid UTF-8"),
    "byte-order-mark": (*WRONG, "byte order mark"),
    "deep-json": (*WRONG, "nested too deeply"),
    "rather-deep-json": (*WRONG, "duplicate key"),
    "long-code": (*WRONG, "$.ErrorCode 7777"),
    "odd-code": (*WRONG, "$.ErrorCode"),
    "duplicate-key": (*WRONG, "duplicate key at $.ErrorCode"),
    "nan": (*WRONG, "NaN"),
    "trailing-text": (*WRONG, "served by cache 7"),
    "empty-200": (*WRONG, "empty body"),
    "foreign-json": (*WRONG, "$.ActionStatus missing"),
    # somebody else answers
    "html-200": (*THROUGHOUT, "HTTP 200 with an HTML page: “It works!”, from nginx"),
    "login-page": (*THROUGHOUT, "“Airport Wi-Fi: log in”"),
    "echo-page": (*THROUGHOUT, "HTTP 404 with an HTML page"),
    "no-content": (*THROUGHOUT, "HTTP 204 with an empty body"),
    "redirect": (*THROUGHOUT, "HTTP 301 with an empty body: leads to another path there"),
    "redirect-loop": (*THROUGHOUT, "leads to itself"),
    "redirect-elsewhere": (*THROUGHOUT, "leads elsewhere, to http://127.0.0.1:1"),
    "unauthorised": (*THROUGHOUT, "HTTP 401"),
    "proxy-login": (*THROUGHOUT, "HTTP 407"),
    "html-500": (*THROUGHOUT, "HTTP 500 with an HTML page"),
    "html-502": (*THROUGHOUT, "“502 Bad Gateway”"),
    "html-503": (*THROUGHOUT, "“503 Service Unavailable”"),
    "html-504": (*THROUGHOUT, "“504 Gateway Time-out”"),
    "vendor-500": (*WRONG, "under HTTP 500"),
    "vendor-502": (*WRONG, "under HTTP 502"),
    "vendor-503": (*WRONG, "under HTTP 503"),
    "vendor-504": (*WRONG, "under HTTP 504"),
    "too-many": (AWAY, AWAY, PASS, "throttled (HTTP 429"),
    "too-many-wait": (AWAY, AWAY, PASS, "throttled (HTTP 429"),
    "too-many-wait-long": (AWAY, AWAY, AWAY, "Retry-After 86400 s"),
    "too-many-in-vendor-form": (AWAY, FAIL, FAIL, "60007"),
    "clock-ahead": (AWAY, FAIL, FAIL, "Date header is 60 minutes ahead"),
    "clock-behind": (AWAY, FAIL, FAIL, "Date header is 60 minutes behind"),
    # what any client has to bear
    "honest": (*IS_FINE, ""),
    "http-10": (*IS_FINE, ""),
    "interim": (*IS_FINE, ""),
    "gzip-honest": (*IS_FINE, ""),
    "set-cookie": (*IS_FINE, ""),
    "length-missing": (*IS_FINE, ""),
    "length-no-number": (*IS_FINE, ""),
    "rather-long-number": (*IS_FINE, ""),
}
SLOW = {"drip-headers", "drip-chunks", "endless-interim", "silence"}


def patience_for(name):
    """Return short timeouts for what is told by them."""
    if "not whole" in WORDS[name][3]:
        return Timeouts(QUICK.connect, 10, QUICK.total)
    return QUICK if "in time" in WORDS[name][3] else AMPLE


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    pace = slowness()
    monkeypatch.setattr(calling, "_PATIENCE", 1.5 * pace)
    monkeypatch.setattr(calling, "_OUTAGE", 0.6 * pace)
    monkeypatch.setattr(calling, "_GREETING", 0.05)
    monkeypatch.setattr(calling, "_BUSY_REPEATS", 3)


def staged(url, **changes):
    fields = {"auth": AUTH, "writes": False, "timeouts": AMPLE, "consistency": 0.1, **changes}
    return Stage(Target("t", "tencent", url=url, **fields), origin=url)


def said_of(url, **changes):
    """Return the word for one call to a target, and what was said with it."""
    stage = staged(url, **changes)
    try:
        answer = stage.call(CASE)
    except Inconclusive as error:
        return AWAY, str(error)
    finally:
        stage.close()
    found = [f for w in stage.witness.values() for f in w.findings.values() if not f.advisory]
    wrong = answer.verdict is not Verdict.ACCEPTED
    said = [*(finding.message for finding in found), answer.describe()]
    return (FAIL if found or wrong else PASS), " / ".join(said)


def test_every_behaviour_has_its_word():
    assert set(WORDS) == set(BEHAVIOURS)
    assert len(BEHAVIOURS) >= 60


@pytest.mark.parametrize("name", WORDS)
def test_what_meets_every_request_gets_its_word(name):
    with within(10), Hostile(name) as server:
        word, said = said_of(server.url, timeouts=patience_for(name))
    assert word == WORDS[name][0], said
    assert WORDS[name][3] in said
    assert KEY not in said
    assert "usersig=" not in said.lower()


@pytest.mark.parametrize("name", [name for name in WORDS if name not in SLOW])
def test_what_meets_one_operation_gets_its_word(name):
    with Hostile(name, when=calls_only) as server:
        word, said = said_of(server.url, timeouts=patience_for(name))
    assert word == WORDS[name][1], said
    assert WORDS[name][3] in said or "clock" in name
    assert "usersig=" not in said.lower()


@pytest.mark.parametrize("name", WORDS)
def test_what_happens_once_gets_its_word(name):
    with Hostile(name, when=once) as server:
        word, said = said_of(server.url, timeouts=patience_for(name))
    assert word == WORDS[name][2], said


# --- nobody there -------------------------------------------------------------------------


def test_a_closed_port_is_told():
    with Hostile() as server:
        url = server.url
    assert said_of(url)[0] == AWAY
    assert "connection refused" in said_of(url)[1]


def test_an_unreachable_network_is_told():
    word, said = said_of("http://[100::1]:9", timeouts=QUICK)
    assert word == AWAY
    assert any(words in said for words in ("nreachable", "in time", "connection refused")), said


def has_ipv6():
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            return True
    except OSError:
        return False


@pytest.mark.skipif(not has_ipv6(), reason="no IPv6 loopback here")
def test_a_target_on_ipv6_only_is_reached_there_and_nowhere_else():
    with Hostile(host="::1") as server:
        assert said_of(server.url) == (PASS, "accepted")
        assert server.seen[0][0].count(f"Host: [::1]:{server.port}".encode()) == 1
        word, said = said_of(f"http://127.0.0.1:{server.port}")
    assert (word, "connection refused" in said) == (AWAY, True)


def no_such_host(*_args, **_options):
    raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")


def test_a_host_name_that_is_not_known_is_told(monkeypatch):
    monkeypatch.setattr(socket, "getaddrinfo", no_such_host)
    word, said = said_of("http://gateway.invalid:80")
    assert word == AWAY
    assert "host name not found: gateway.invalid" in said


def test_a_resolver_that_hangs_does_not_hang_the_run(monkeypatch):
    free = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_a, **_o: free.wait(20))
    try:
        with within(5):
            word, said = said_of("http://gateway.invalid:80", timeouts=QUICK)
    finally:
        free.set()
    assert word == AWAY
    assert "host name not found: gateway.invalid: no answer within 0.5 s" in said


# --- TLS ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    made = new_authority()
    file = tmp_path_factory.mktemp("tls") / "ca.pem"
    made.cert_pem.write_to_path(str(file))
    return made, str(file)


def over_tls(authority, name, *, ca=True, **options):
    made, file = authority
    with Hostile(tls=certificate(made, name, **options)) as server:
        return said_of(server.url, ca=file if ca else None)


def test_a_private_authority_that_the_target_names_is_trusted(authority):
    assert over_tls(authority, "127.0.0.1") == (PASS, "accepted")


@pytest.mark.parametrize(
    ("name", "options", "evidence"),
    [
        ("127.0.0.1", {"ca": False}, "certificate"),
        ("gateway.example", {}, "IP address mismatch"),
        ("127.0.0.1", {"not_after": hostile.LONG_AGO}, "certificate has expired"),
    ],
    ids=["self-signed", "wrong host", "expired"],
)
def test_a_certificate_that_proves_nothing_is_told(authority, name, options, evidence):
    word, said = over_tls(authority, name, **options)
    assert word == AWAY
    assert "TLS failed: " in said
    assert evidence in said


def test_a_certificate_of_nobody_is_refused_whatever_the_environment_says(authority, monkeypatch):
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.setenv(name, authority[1])
    assert over_tls(authority, "127.0.0.1", ca=False)[0] == AWAY


def test_plain_http_on_a_tls_port_and_the_other_way_round(authority):
    made, _ = authority
    with Hostile(tls=certificate(made, "127.0.0.1")) as server:
        word, said = said_of(server.url.replace("https", "http"))
    assert word == AWAY
    with Hostile() as server:
        word, said = said_of(server.url.replace("http", "https"))
    assert word == AWAY
    assert "TLS failed: " in said


# --- a clock that is off ------------------------------------------------------------------


@pytest.mark.parametrize("seconds", [3600, -3600])
def test_times_are_the_targets_own(monkeypatch, seconds):
    def ahead(talk):
        stamp = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(time.time() + seconds))
        talk.answer(talk.honest()[1], f"Date: {stamp}")

    monkeypatch.setitem(BEHAVIOURS, "ahead", ahead)
    with Hostile("ahead") as server:
        stage = staged(server.url)
        stage.call(CASE)
        assert stage.driver.now() == pytest.approx(time.time() + seconds, abs=3)
        stage.close()


@pytest.mark.parametrize("stamp", ["", "yesterday", "Mon, 99 Foo 20000 99:99:99 GMT", "0"])
def test_a_date_that_is_none_is_no_trouble(monkeypatch, stamp):
    def odd(talk):
        talk.answer(talk.honest()[1], f"Date: {stamp}")

    monkeypatch.setitem(BEHAVIOURS, "odd", odd)
    with Hostile("odd") as server:
        assert said_of(server.url) == (PASS, "accepted")


# --- giving up ----------------------------------------------------------------------------


def test_a_target_that_stays_away_is_given_up(monkeypatch):
    monkeypatch.setattr(calling, "_LOST", 0.5)
    with Hostile("html-502", when=lambda number, _talk: number > 1) as server:
        stage = staged(server.url)
        for _ in range(3):
            with pytest.raises(Unreachable):
                stage.call(CASE)
        sent = stage.sent
        with pytest.raises(Unreachable, match=r"given up after 0\.5 s without an answer.*502"):
            stage.call(CASE)
        assert stage.sent == sent
        stage.close()


def test_a_target_that_throttles_to_the_end_is_given_up(monkeypatch):
    monkeypatch.setattr(calling, "_LOST", 0.5)
    with Hostile("too-many") as server:
        stage = staged(server.url)
        for _ in range(3):
            with pytest.raises(Throttled):
                stage.call(CASE)
        sent = stage.sent
        with pytest.raises(Throttled, match="given up"):
            stage.call(CASE)
        assert stage.sent == sent
        stage.close()


def test_a_gateway_that_limits_rates_by_503_is_waited_for(monkeypatch):
    monkeypatch.setattr(calling, "_BUSY_REPEATS", 6)
    last = [0.0]

    def busy(_number, _talk):
        now, before = time.monotonic(), last[0]
        last[0] = now if now - before > 0.2 else before
        return now - before <= 0.2

    with Hostile("html-503", when=busy) as server:
        stage = staged(server.url)
        answers = [stage.call(CASE) for _ in range(3)]
        stage.close()
    assert [answer.verdict for answer in answers] == [Verdict.ACCEPTED] * 3


# --- memory and whole runs ----------------------------------------------------------------


def peak_memory(pid):
    """The most that a process has taken, in MB; rusage would count what its parent had taken."""
    try:
        text = Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    found = re.search(r"VmHWM:\s+(\d+)", text)
    return int(found[1]) // 1024 if found else 0


_CHILD = """
import re, sys
from pathlib import Path
from receiptspec.exchange import Secret
from receiptspec.neutral import Call
from receiptspec.stage import Stage
from receiptspec.targets import Target, Timeouts
stage = Stage(Target("t", "tencent", url=sys.argv[1], timeouts=Timeouts(1, 2, 4),
    auth={"sdkappid": 1, "identifier": "a", "key": Secret("some-long-key")}), origin=sys.argv[1])
for _ in range(2):
    stage.call(Call("get_group_msg_receipt", {"GroupId": "x", "MsgSeqList": [{"MsgSeq": 1}]}))
print(int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) // 1024)
"""


@pytest.mark.parametrize(
    "name",
    [
        "gigabyte-body",
        "gigabyte-envelope",
        "endless-body",
        "endless-chunk-line",
        "gzip-bomb-in-layers",
        "long-number",
        "rather-long-number",
        "deep-json",
    ],
)
def test_memory_stays_small(name):
    with Hostile(name, when=calls_only) as server:
        done = subprocess.run(
            [sys.executable, "-c", _CHILD, server.url],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
    assert done.stderr == ""
    assert int(done.stdout) < MEMORY


@pytest.fixture(scope="module")
def reference():
    with launch(Settings(key=KEY)) as server:
        yield server


def in_the_middle(number, _talk):
    return number > 60


def now_and_then(number, talk):
    return number % 20 == 0 and calls_only(number, talk)


@pytest.mark.parametrize(
    ("name", "when", "status", "evidence"),
    [
        ("login-page", None, 6, "“Airport Wi-Fi: log in”"),
        ("redirect-elsewhere", None, 6, "leads elsewhere, to http://127.0.0.1:1"),
        ("clock-behind", None, 6, "60 minutes behind this machine's clock"),
        ("gzip-bomb", None, 1, "answer too large"),
        ("silence", in_the_middle, 6, "no answer in time"),
        ("html-502", now_and_then, 0, "conforms"),
        ("reset-in-body", now_and_then, 0, "conforms"),
    ],
)
def test_a_whole_run_ends_in_time_with_the_right_word(
    tmp_path, reference, name, when, status, evidence
):
    auth = {"sdkappid": reference.sdkappid, "identifier": reference.identifier, "key": KEY}
    seconds = 0.4 if name == "silence" else 1
    timeouts = {"connect": "500ms", "read": f"{seconds}s", "total": f"{2 * seconds}s"}
    with Hostile(name, when=when, upstream=reference.url) as server:
        block = {"vendor": "tencent", "url": server.url, "auth": auth, "timeouts": timeouts}
        block["consistency"] = "300ms"
        (tmp_path / "targets.yaml").write_text(json.dumps({"t": block}))
        with (tmp_path / "said").open("w") as out:
            process = subprocess.Popen(
                [*RUN, "--profile", "smoke", "--report", "out"],
                cwd=tmp_path,
                env={**os.environ, "PYTHONPATH": str(ROOT), "XDG_STATE_HOME": str(tmp_path)},
                stdout=out,
                stderr=subprocess.STDOUT,
            )
            peak = 0
            with within(60):
                while process.poll() is None:
                    peak = max(peak, peak_memory(process.pid))
                    time.sleep(0.02)
    said = (tmp_path / "said").read_text()
    assert process.returncode == status, said
    assert evidence in said
    assert "Traceback" not in said
    assert KEY not in said
    assert 0 < peak < MEMORY
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    assert report["summary"]["outcomes"]["error"] == 0
    assert (report["summary"]["outcomes"]["fail"] > 0) == (status == 1)
