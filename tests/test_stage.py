import contextlib
import json
import shlex
import sys
import threading
import time
from collections import Counter
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from pace import within

from receiptspec import calling
from receiptspec.company import names_of
from receiptspec.errors import (
    CredentialsRefused,
    Inconclusive,
    MaybeDone,
    NotExercised,
    OperationMissing,
    Throttled,
    Unreachable,
)
from receiptspec.exchange import Exchange, Request, Response, Secret
from receiptspec.findings import Finding
from receiptspec.neutral import Call, Conversation, Kind, Message, Verdict
from receiptspec.scenes.groups import reads_again, tries_to_read
from receiptspec.stage import Stage
from receiptspec.targets import Target, Timeouts
from receiptspec.waits import ENOUGH

AUTH = {"sdkappid": 1, "identifier": "administrator", "key": Secret("key-of-the-stage-tests")}
GROUP = Conversation(Kind.GROUP, "@TGS#1", "Public", "alice", ("alice", "bob"))
PEOPLE = Conversation(Kind.DIRECT, "alice bob", "", "alice", ("alice", "bob"))
CASE = Call("get_group_msg_receipt", {"GroupId": "@TGS#1", "MsgSeqList": [{"MsgSeq": 1}]})
WRITE = Call("destroy_group", {"GroupId": "@TGS#1"})
PROBE = b"rs-no-such-group"
MISSING = (200, b'{"ActionStatus":"FAIL","ErrorCode":10010,"ErrorInfo":"none"}')
FINE = (200, b'{"ActionStatus":"OK","ErrorCode":0,"ErrorInfo":"","GroupMsgReceiptList":[]}')
THROTTLED = (200, b'{"ActionStatus":"FAIL","ErrorCode":60007,"ErrorInfo":"often"}')
TRANSIENT = (200, b'{"ActionStatus":"FAIL","ErrorCode":10002,"ErrorInfo":"internal"}')
UNKNOWN = (200, b'{"ActionStatus":"FAIL","ErrorCode":60009,"ErrorInfo":"command"}')
NOBODY = (200, b'{"ActionStatus":"FAIL","ErrorCode":10019,"ErrorInfo":"account"}')
NO_RECEIVER = (200, b'{"ActionStatus":"FAIL","ErrorCode":90003,"ErrorInfo":"To_Account"}')
ILLEGAL = (200, b'{"ActionStatus":"FAIL","ErrorCode":70402,"ErrorInfo":"UserID"}')
NO_MORE = (200, b'{"ActionStatus":"FAIL","ErrorCode":70398,"ErrorInfo":"accounts"}')
REFUSED_US = (200, b'{"ActionStatus":"FAIL","ErrorCode":70003,"ErrorInfo":"sig"}')
PAGE = (502, b"<html><h1>502 Bad Gateway</h1></html>")
DROP = None


def always(answer):
    return lambda _count: answer


always_fine, always_missing = always(FINE), always(MISSING)


def first(count, early, late=FINE):
    """Answer `early` so many times, then `late`."""
    return lambda number: early if number <= count else late


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        server = self.server
        kind = "probes" if PROBE in body else "calls"
        with server.lock:
            server.seen[kind] += 1
            server.bodies.append(body)
            number = server.seen[kind]
        answer = getattr(server, kind)(number)
        if answer is DROP:
            self.close_connection = True
            return
        status, content = answer
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_args):
        pass


@contextmanager
def serving(calls=always_fine, probes=always_missing):
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.calls, server.probes = calls, probes
    server.seen, server.bodies, server.lock = Counter(), [], threading.Lock()
    server.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join(5)
        server.server_close()


@contextmanager
def staged(server, **changes):
    fields = {"auth": AUTH, "writes": False, "timeouts": Timeouts(1, 2, 3), "consistency": 0.1}
    url = getattr(server, "url", server)
    stage = Stage(Target("t", "tencent", url=url, **{**fields, **changes}), origin=url)
    try:
        yield stage
    finally:
        stage.close()


def asked(calls, probes=always_missing):
    with serving(calls, probes) as server, staged(server) as stage:
        answer = stage.call(CASE)
        return answer, server.seen["calls"], stage


def quick(monkeypatch):
    monkeypatch.setattr(calling, "_PATIENCE", 1.2)
    monkeypatch.setattr(calling, "_OUTAGE", 0.6)


# --- scenes -------------------------------------------------------------------------------


def _group(stage):
    stage.played.append("group")
    return f"group {len(stage.played)}"


def _message(stage):
    return (_group_of(stage), "message")


def _group_of(stage):
    return stage.scene(_group)


def test_a_second_look_plays_all_anew_and_leaves_what_others_were_told():
    with staged("http://127.0.0.1:9") as stage:
        stage.played = []
        with stage.counting("row"):
            first = stage.scene(_message)
        assert first[0] == stage.scene(_group) == "group 1"
        with stage.counting("row"), stage.calmly("row"):
            again = stage.scene(_message)
            assert again[0] == stage.scene(_group_of) == stage.scene(_group) == "group 2"
        assert stage.scene(_message) == first
        assert stage.scene(_group) == first[0]


def test_what_stayed_when_all_had_shown_is_told_from_what_is_new():
    """The latter may be a view that lags, and is looked at once more."""
    one, two = (Finding("m", "$", "1", "2", signature) for signature in ("unread:+1", "order"))
    with staged("http://127.0.0.1:9") as stage:
        assert not stage.stays([one])
        stage.confirm([one])
        assert stage.stays([one])
        assert not stage.stays([one, two])


# --- users --------------------------------------------------------------------------------


def test_two_targets_and_two_workers_of_a_run_have_users_of_their_own():
    ours = [names_of("run", target, worker) for target in ("a", "b") for worker in ("", "gw0")]
    assert len({*ours, names_of("another run", "a", "")}) == 5
    assert names_of("run", "a", "") == ours[0]
    assert {len(name) for name in ours} == {6}


def test_users_are_made_by_the_operation_that_is_there():
    with serving(first(1, UNKNOWN), always_fine) as server, staged(server, writes=True) as stage:
        users = stage.users(2)
        assert len(users) == 2
        assert all(user.encode() in server.bodies[-1] for user in users)
        assert stage.doubt() == ""
        sent = server.seen["calls"]
        stage.users(3)
        assert server.seen["calls"] == sent + 1


def test_users_are_taken_to_exist_where_nothing_makes_them():
    with serving(first(2, UNKNOWN, NOBODY)) as server, staged(server, writes=True) as stage:
        assert len(stage.users(2)) == 2
        with pytest.raises(NotExercised, match="no account_import and no multiaccount_import"):
            stage.group(2)
        assert stage.needed() == []


def test_users_have_plain_names_where_others_are_refused_and_that_is_blamed():
    with serving(first(1, ILLEGAL), always_fine) as server, staged(server, writes=True) as stage:
        users = stage.users(2)
        assert stage.plain_names
        assert users == (stage.user(0), stage.user(1))
        assert max(map(len, users)) < len(str(stage.driver.user(stage.namespace, 1)))
        (found,) = stage.witness["TC-GEN-08"].findings.values()
        assert "70402; others are fine" in found.message


@pytest.mark.parametrize("refusal", [ILLEGAL, NO_MORE])
def test_no_name_is_blamed_where_no_user_can_be_made(refusal):
    with serving(always(refusal), always_fine) as server, staged(server, writes=True) as stage:
        with pytest.raises(NotExercised, match="account_import did not work"):
            stage.users(2)
        assert not stage.plain_names
        assert "TC-GEN-08" not in stage.witness


def test_who_is_left_out_of_a_list_of_users_is_made_alone():
    left = (200, b'{"ActionStatus":"OK","ErrorCode":0,"ErrorInfo":"","FailAccounts":["NAME"]}')
    with serving(first(1, left, FINE), always_fine) as server, staged(server, writes=True) as stage:
        stage.make_users(["NAME", *(f"u{turn}" for turn in range(30))])
        assert server.bodies[-1] == b'{"UserID":"NAME"}'


def test_nobody_is_blamed_where_no_user_could_be_made():
    with serving(first(2, UNKNOWN, NO_RECEIVER)) as server, staged(server, writes=True) as stage:
        one, other = stage.users(2)
        with pytest.raises(NotExercised, match=r"90003; it has no account_import"):
            stage.call(Call("get_c2c_unread_msg_num", {"To_Account": one}))
        for who in (other, stage.driver.nobody()):
            body = {"To_Account": one, "Peer_Account": [who], "Strange": 1}
            broken = {**body, "To_Account": 5} if who == other else body
            assert stage.call(Call("get_c2c_unread_msg_num", broken)).refused


# --- what is kept out ---------------------------------------------------------------------


FORBIDDEN = (403, b'{"error":"forbidden"}')


@pytest.mark.parametrize("body", [FORBIDDEN[1], b"<html><h1>403</h1></html>"])
def test_an_operation_that_is_always_forbidden_is_not_there(body):
    with serving(always((403, body))) as server, staged(server, writes=True) as stage:
        with pytest.raises(OperationMissing, match=r"does not have destroy_group .*HTTP 403"):
            stage.call(WRITE)
        assert blamed(stage) == set()


def test_a_call_that_is_forbidden_while_its_operation_answers_others_is_not_excused():
    with serving() as server, staged(server, writes=True) as stage:
        server.calls = lambda _: FORBIDDEN if b"@TGS" in server.bodies[-1] else MISSING
        answer = stage.call(WRITE)
        assert (answer.verdict, answer.note[:8]) == (Verdict.TROUBLE, "HTTP 403")


# --- waiting out --------------------------------------------------------------------------


NOON = "Sun, 06 Nov 1994 12:00:00 GMT"


@pytest.mark.parametrize(
    ("wish", "seconds"),
    [("3", 3), ("Sun, 06 Nov 1994 12:02:00 GMT", 120), (NOON, 0), ("soon", 0), ("-1", 0)],
)
def test_retry_after_is_seconds_or_a_date_of_the_targets_clock(wish, seconds):
    headers = (("Retry-After", wish), ("Date", NOON))
    answered = Response(429, headers, b"", 0.1)
    exchange = Exchange(1, Request("POST", "http://t", "/", (), b""), answered, 0.0)
    assert calling.wished(exchange) == seconds


def test_throttling_that_passes_is_waited_out_and_not_judged():
    answer, sent, stage = asked(first(2, THROTTLED))
    assert answer.accepted
    assert sent == 3
    assert [finding for seen in stage.witness.values() for finding in seen.findings] == []


def test_throttling_of_one_call_alone_is_a_refusal():
    answer, sent, _ = asked(always(THROTTLED))
    assert (answer.verdict, answer.code) == (Verdict.REFUSED, 60007)
    assert sent > 2


def test_throttling_of_everything_ends_without_a_verdict(monkeypatch):
    quick(monkeypatch)
    with pytest.raises(Throttled, match="60007"):
        asked(always(THROTTLED), first(1, MISSING, THROTTLED))


def test_a_transient_code_is_tried_again():
    answer, sent, _ = asked(first(1, TRANSIENT))
    assert answer.accepted
    assert sent == 2


def test_a_transient_code_that_stays_is_the_answer():
    answer, sent, _ = asked(always(TRANSIENT))
    assert (answer.verdict, answer.code) == (Verdict.REFUSED, 10002)
    assert sent == 3


@pytest.mark.parametrize(
    ("calls", "first_time", "again"),
    [
        (always_fine, True, True),
        (always(MISSING), False, False),
        (first(1, TRANSIENT, MISSING), None, True),
        (lambda number: [TRANSIENT, THROTTLED, MISSING][min(number, 3) - 1], None, True),
        (lambda number: [THROTTLED, TRANSIENT, MISSING][min(number, 3) - 1], None, True),
        (first(1, PAGE, MISSING), None, True),
        (first(1, THROTTLED, MISSING), False, False),
    ],
    ids=[
        "done",
        "refused",
        "maybe done",
        "maybe done, then throttled",
        "throttled, then maybe done",
        "maybe done, in trouble",
        "throttled, then refused",
    ],
)
def test_who_tries_to_read_is_told_what_was_done(calls, first_time, again):
    one = Message(GROUP, 1, "alice", True)
    done = {"capabilities": {"group_msg_receipt": True}, "writes": True}
    with serving(calls) as server, staged(server, **done) as stage:
        if first_time is None:
            with pytest.raises(MaybeDone, match=r"(10002|502).*10010.*may have been done"):
                tries_to_read(stage, "bob", one)
        else:
            assert tries_to_read(stage, "bob", one) is first_time
    with serving(calls) as server, staged(server, **done) as stage:
        assert reads_again(stage, "bob", one) is again


def test_throttling_after_a_transient_code_is_waited_out_too():
    answers = [TRANSIENT, THROTTLED, FINE]
    answer, _, _ = asked(lambda number: answers[min(number, 3) - 1])
    assert answer.accepted


def test_a_transient_code_after_throttling_is_tried_again_too():
    answers = [THROTTLED, TRANSIENT, FINE]
    answer, _, _ = asked(lambda number: answers[min(number, 3) - 1])
    assert answer.accepted


def test_throttling_after_a_lost_answer_is_waited_out_too():
    answers = [PAGE, THROTTLED, FINE]
    answer, _, _ = asked(lambda number: answers[min(number, 3) - 1])
    assert answer.accepted


# --- trouble ------------------------------------------------------------------------------


def test_an_error_page_that_comes_once_is_not_judged():
    answer, sent, stage = asked(first(1, PAGE))
    assert answer.accepted
    assert sent == 2
    assert [finding for seen in stage.witness.values() for finding in seen.findings] == []


def test_an_error_page_for_everything_from_the_start_is_unreachable():
    with pytest.raises(Unreachable, match="502 with an HTML page"):
        asked(always(PAGE), always(PAGE))


def test_an_error_page_for_everything_in_the_middle_is_unreachable(monkeypatch):
    quick(monkeypatch)
    with pytest.raises(Unreachable, match="nothing else is answered"):
        asked(always(PAGE), first(1, MISSING, PAGE))


def test_an_outage_that_ends_is_waited_out():
    answer, _, _ = asked(first(1, PAGE), lambda number: PAGE if 1 < number < 5 else MISSING)
    assert answer.accepted


def test_a_call_that_is_dropped_while_others_are_answered_is_trouble_of_that_call():
    answer, sent, stage = asked(always(DROP))
    assert answer.verdict is Verdict.TROUBLE
    assert "dropped" in answer.note
    assert sent == 4
    assert blamed(stage) == {"SEC-02"}


def blamed(stage):
    return {name for name, seen in stage.witness.items() if seen.findings}


BROKEN = (500, b"Internal Server Error")


def test_a_call_that_ends_in_500_while_others_are_answered_is_the_targets_doing():
    _, sent, stage = asked(always(BROKEN))
    assert sent == 4
    assert blamed(stage) == {"SEC-02", "TC-GEN-01"}


@pytest.mark.parametrize(
    "calls",
    [
        always(PAGE),
        always((503, b"busy")),
        always((504, b"late")),
        first(3, BROKEN),
        lambda number: (PAGE, BROKEN)[number % 2],
    ],
)
def test_what_a_gateway_says_or_what_passes_is_not_the_targets_doing(monkeypatch, calls):
    quick(monkeypatch)
    with contextlib.suppress(Throttled, Unreachable):
        _, _, stage = asked(calls)
        assert blamed(stage) == set()


def test_nobody_there_is_unreachable_and_stays_so():
    with serving() as server:
        url = server.url
    with staged(url) as stage:
        for _ in range(2):
            with pytest.raises(Unreachable, match="connection refused"):
                stage.open()
        sent = stage.sent
        with pytest.raises(Unreachable):
            stage.call(CASE)
        assert stage.sent == sent


def test_credentials_that_are_refused_at_once_are_told_apart():
    with pytest.raises(CredentialsRefused, match="70003"):
        asked(always(REFUSED_US), always(REFUSED_US))


# --- writes -------------------------------------------------------------------------------


def test_nothing_is_written_without_permission():
    with serving() as server, staged(server) as stage:
        stage.open()
        sent = stage.sent
        with pytest.raises(NotExercised, match="no writes: true"):
            stage.call(WRITE)
        with pytest.raises(NotExercised, match="no writes: true"):
            stage.at_once([CASE, WRITE])
        assert stage.sent == sent
        assert server.seen["calls"] == 0


def test_writes_are_sent_with_permission():
    with serving() as server, staged(server, writes=True) as stage:
        assert stage.call(WRITE).accepted
        assert server.seen["calls"] == 1


# --- scenes and hooks ---------------------------------------------------------------------


@pytest.mark.parametrize(("made", "ended", "calls"), [(0, False, 2), (9, False, 1), (0, True, 1)])
def test_a_group_of_the_last_moment_is_asked_for_until_it_shows(made, ended, calls):
    answers = first(1, FINE, MISSING) if ended else first(1, MISSING)
    with serving(answers) as server, staged(server, writes=True, consistency=2.0) as stage:
        stage._young[GROUP.id] = time.monotonic() - made
        if ended:
            stage.call(WRITE)
        assert stage.call(CASE).accepted is (calls == 2)
        assert server.seen["calls"] == calls + ended


@pytest.mark.parametrize("seconds", [0.0, 0.03, 0.3])
def test_the_last_look_begins_when_the_window_is_over(seconds):
    """Also after a look that took longer than the window."""
    begun = []

    def look():
        begun.append(time.monotonic())
        time.sleep(seconds)

    with serving() as server, staged(server) as stage:
        stage.until(look, lambda _: False)
        window = stage.target.consistency
    assert begun[-1] - begun[0] >= window - 0.02
    assert all(moment - begun[0] < window + 0.02 for moment in begun[:-1])


@pytest.mark.parametrize(("answer", "shows"), [(FINE, True), (MISSING, False)])
def test_how_late_something_came_is_told_but_not_of_a_refusal_that_stays(answer, shows):
    with serving(always(answer)) as server, staged(server) as stage:
        looks = [stage.call(CASE)] * 2
        stage.until(looks.pop, lambda _: not looks)
        assert (stage.waited.slowest > 0, stage.waited.spent > 0) == (shows, True)


def test_what_never_comes_is_waited_for_less_long_but_calmly():
    def spent(stage):
        begun = time.monotonic()
        stage.until(lambda: None, lambda _: False)
        return time.monotonic() - begun

    with serving() as server, staged(server) as stage:
        window = stage.target.consistency
        first = [spent(stage) for _ in range(ENOUGH)]
        later = spent(stage)
        with stage.calmly("anything"):
            calm = spent(stage)
    assert min(*first, calm) >= window - 0.02
    assert later < window / 2


def test_a_scene_is_played_once_also_when_it_fails():
    played = []

    def scene(_stage, fails):
        played.append(fails)
        if fails:
            raise NotExercised("no")
        return 7

    with serving() as server, staged(server) as stage:
        assert [stage.scene(scene, False) for _ in range(2)] == [7, 7]
        for _ in range(2):
            with pytest.raises(NotExercised):
                stage.scene(scene, True)
    assert played == [False, True]


def message(conversation, number):
    return Message(conversation, number, "alice", wants_receipt=True)


def documented(conversation):
    return {
        "vendor": "tencent",
        "conversation": conversation,
        "messages": [1, 2],
        "user": "bob",
    }


def test_a_read_hook_that_is_a_url_gets_the_documented_object():
    with serving() as hook, serving() as server:
        with staged(server, read_hook=f"{hook.url}/read?x=1") as stage:
            assert stage.reads("bob", [message(GROUP, 1), message(GROUP, 2)]) is None
        (body,) = hook.bodies
    assert json.loads(body) == documented({"type": "group", "id": "@TGS#1"})


def test_a_read_hook_that_is_a_command_gets_the_documented_object(tmp_path):
    out = tmp_path / "in.json"
    code = f"import sys, pathlib; pathlib.Path({str(out)!r}).write_bytes(sys.stdin.buffer.read())"
    hook = (sys.executable, "-c", code)
    with serving() as server, staged(server, read_hook=hook) as stage:
        assert stage.reads("bob", [message(PEOPLE, 1), message(PEOPLE, 2)]) is None
    assert json.loads(out.read_text()) == documented({"type": "direct", "peer": "alice"})


@pytest.mark.parametrize("answer", [(500, b""), (302, b""), DROP])
def test_a_url_hook_that_fails_leaves_no_verdict(answer):
    with (
        serving(always(answer)) as hook,
        serving() as server,
        staged(server, read_hook=hook.url) as stage,
        pytest.raises(Inconclusive, match=r"hooks\.read answered"),
    ):
        stage.reads("bob", [message(GROUP, 1)])


@pytest.mark.parametrize(
    ("hook", "says"),
    [
        ((sys.executable, "-c", "import sys; sys.exit('it broke')"), "exited with 1: it broke"),
        (("/no/such/command",), "No such file"),
    ],
)
def test_a_command_hook_that_fails_leaves_no_verdict(hook, says):
    with (
        serving() as server,
        staged(server, read_hook=hook) as stage,
        pytest.raises(Inconclusive, match=r"hooks\.read") as caught,
    ):
        stage.reads("bob", [message(GROUP, 1)])
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_command_hook_that_hangs_is_stopped():
    hook = tuple(shlex.split(f"{shlex.quote(sys.executable)} -c 'import time; time.sleep(60)'"))
    with (
        within(10),
        serving() as server,
        staged(server, read_hook=hook, timeouts=Timeouts(1, 1, 0.5)) as stage,
        pytest.raises(Inconclusive, match=r"took over 0\.5 s") as caught,
    ):
        stage.reads("bob", [message(GROUP, 1)])
    assert "import time" not in str(caught.value)  # an argument may be a secret


def test_what_a_hook_says_is_masked():
    hook = (sys.executable, "-c", f"import sys; sys.exit('bad {AUTH['key'].reveal()}')")
    with (
        serving() as server,
        staged(server, read_hook=hook) as stage,
        pytest.raises(Inconclusive) as caught,
    ):
        stage.reads("bob", [message(GROUP, 1)])
    assert AUTH["key"].reveal() not in str(caught.value)
    assert "***" in str(caught.value)
