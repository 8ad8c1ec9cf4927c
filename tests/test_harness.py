"""Processes behind JSON-RPC: whatever they do has a name."""

import json
import os
import re
import sys
import textwrap
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from pace import PATIENCE

from receiptspec import contract, jsonschemas, resources
from receiptspec.budgets import Spending
from receiptspec.client import Client, Terms
from receiptspec.errors import BudgetSpent, CredentialsRefused, Unreachable
from receiptspec.exchange import Request, Secret
from receiptspec.harness import METHOD, Harnesses, Trouble, environment
from receiptspec.targets import Budget, Timeouts

HEAD = """
import json, os, sys, time
def write(**message):
    sys.stdout.write(json.dumps({"jsonrpc": "2.0", **message}) + "\\n")
    sys.stdout.flush()
user = None
def serve(act):
    global user
    for line in sys.stdin:
        request = json.loads(line)
        method, params = request["method"], request["params"]
        if method == "initialize":
            sdk = {"name": "s", "version": "2"}
            write(id=request["id"], result={"protocol": "1.7", "sdk": sdk})
        elif method == "login":
            user = params["userID"]
            write(id=request["id"], result={})
        elif method == "shutdown":
            write(id=request["id"], result={})
            break
        else:
            act(request)
"""
ECHO = "serve(lambda r: write(id=r['id'], result={'user': user, **r['params']}))"


@pytest.fixture
def harnesses(tmp_path):
    made = []

    def make(body, *, head=HEAD, read=2.0, budget=None, command=None):
        file = tmp_path / f"harness{len(made)}.py"
        file.write_text(head + textwrap.dedent(body), encoding="utf-8")
        one = Harnesses(
            Client("http://127.0.0.1:9", spending=Spending(budget or Budget())),
            command or [sys.executable, str(file)],
            greeting={"sdkAppID": 1, "server": {"url": "http://127.0.0.1:9"}},
            login=lambda user: {"userID": user, "userSig": f"signature-of-{user}"},
            timeouts=Timeouts(read=read),
        )
        made.append(one)
        return one

    yield make
    for one in made:
        one.close()


def request(number=1, user="alice", method="ask", **params):
    message = {"jsonrpc": "2.0", "id": number, "method": method, "params": params}
    return Request(METHOD, "harness:", f"/{user}", (), json.dumps(message).encode(), method)


def answered(exchange):
    assert exchange.trouble is None
    return json.loads(exchange.response.body)["result"]


# --- what works ---------------------------------------------------------------------------


def test_a_call_is_answered_by_the_harness_of_its_user(harnesses):
    made = harnesses(ECHO)
    assert answered(made.send(request(1, "alice", x=1))) == {"user": "alice", "x": 1}
    assert answered(made.send(request(2, "bob", x=2))) == {"user": "bob", "x": 2}
    third = made.send(request(3, "alice", x=3))
    assert answered(third) == {"user": "alice", "x": 3}
    assert made.sdk == "s 2"
    assert third.number == 3


def test_calls_at_once_reach_their_users(harnesses):
    made = harnesses(ECHO)
    with ThreadPoolExecutor(4) as pool:
        sent = [request(n, f"user{n % 4}", x=n) for n in range(1, 13)]
        found = list(pool.map(lambda one: answered(made.send(one, Terms(apart=True))), sent))
    assert [one["x"] for one in found] == list(range(1, 13))
    assert [one["user"] for one in found] == [f"user{n % 4}" for n in range(1, 13)]


def test_notifications_are_kept_by_user_and_in_order(harnesses):
    made = harnesses(
        """
        def act(r):
            for n in range(3):
                write(method="told", params={"n": n})
            write(id=r["id"], result={})
        serve(act)
        """
    )
    answered(made.send(request(user="alice")))
    heard = [json.loads(e.response.body)["params"]["n"] for e in made.heard("alice")]
    assert heard == [0, 1, 2]
    assert made.heard("bob") == ()
    assert {e.request.operation for e in made.heard("alice")} == {"told"}


def test_everybody_leaves_in_the_end(harnesses, tmp_path):
    mark = tmp_path / "left"
    made = harnesses(f"serve(lambda r: write(id=r['id'], result={{}}))\nopen({str(mark)!r}, 'w')")
    made.send(request())
    made.close()
    assert mark.exists()


def test_who_is_logged_out_comes_back_in_a_new_process(harnesses):
    made = harnesses("import os\nserve(lambda r: write(id=r['id'], result={'pid': os.getpid()}))")
    first = answered(made.send(request(1, "alice")))["pid"]
    other = answered(made.send(request(2, "bob")))["pid"]
    made.stop("alice")
    made.stop("nobody")
    assert answered(made.send(request(3, "alice")))["pid"] != first
    assert answered(made.send(request(4, "bob")))["pid"] == other


def test_calls_count_against_the_budget(harnesses):
    made = harnesses(ECHO, budget=Budget(requests=1))
    made.send(request(1))
    with pytest.raises(BudgetSpent):
        made.send(request(2))


# --- what goes wrong ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("command", "says"),
    [
        (["no-such-program-at-all"], "no-such-program-at-all: No such file"),
        ([sys.executable, "-c", "import sys; sys.exit('no display')"], "status 1.*no display"),
        ([sys.executable, "-c", "print('hello')"], "status 0.*no JSON-RPC: 'hello'"),
    ],
)
def test_what_cannot_start_is_inconclusive(harnesses, command, says):
    with pytest.raises(Unreachable, match=says):
        harnesses("", command=command).send(request())


def test_how_a_harness_ended_is_told_however_soon_it_was(harnesses, monkeypatch):
    class Slow(threading.Thread):
        def start(self):
            super().start()
            time.sleep(0.3)

    monkeypatch.setattr("receiptspec.harness.threading.Thread", Slow)
    command = [sys.executable, "-c", "import sys; sys.exit('no display')"]
    with pytest.raises(Unreachable, match=r"status 1.*no display"):
        harnesses("", command=command).send(request())


ONCE = """
import json, sys
for line in sys.stdin:
    request = json.loads(line)
    answer = {answers}[request["method"]]
    print(json.dumps({{"jsonrpc": "2.0", "id": request["id"], **answer}}), flush=True)
"""
FINE = {"result": {"protocol": "1.0"}}


@pytest.mark.parametrize(
    ("answers", "error", "says"),
    [
        ({"initialize": {"result": {"protocol": "2.0"}}}, Unreachable, "speaks protocol 2.0"),
        ({"initialize": {"result": {}}}, Unreachable, "speaks protocol none"),
        ({"initialize": {"result": 1}}, Unreachable, "without a result"),
        (
            {"initialize": {"error": {"code": 6013, "message": "no"}}},
            Unreachable,
            "initialize: the harness refuses .6013: no",
        ),
        (
            {"initialize": FINE, "login": {"error": {"code": 6206, "message": "expired"}}},
            CredentialsRefused,
            "alice cannot log in .6206: expired",
        ),
    ],
)
def test_what_cannot_begin_is_inconclusive(harnesses, answers, error, says):
    made = harnesses(ONCE.format(answers=answers), head="")
    with pytest.raises(error, match=says):
        made.send(request())


def test_a_crash_is_named_and_the_next_call_gets_a_new_process(harnesses):
    made = harnesses(
        """
        def act(r):
            if r["params"].get("die"):
                print("segmentation fault", file=sys.stderr, flush=True)
                os._exit(11)
            write(id=r["id"], result={})
        serve(act)
        """
    )
    exchange = made.send(request(1, die=True))
    assert exchange.response is None
    assert exchange.trouble == (
        f"{Trouble.ENDED}, status 11 (its last error line: 'segmentation fault')"
    )
    assert answered(made.send(request(2))) == {}


def test_silence_is_named_and_a_late_answer_dropped(harnesses):
    made = harnesses(
        """
        def act(r):
            time.sleep(r["params"].get("wait", 0))
            write(id=r["id"], result={"n": r["id"]})
        serve(act)
        """,
        read=0.4,
    )
    exchange = made.send(request(1, wait=0.6))
    assert exchange.trouble == Trouble.SILENT
    assert answered(made.send(request(2))) == {"n": 2}
    assert answered(made.send(request(3))) == {"n": 3}


def test_a_process_that_is_silent_twice_is_replaced(harnesses):
    made = harnesses(
        """
        def act(r):
            if r["params"].get("hang"):
                time.sleep(60)
            write(id=r["id"], result={"pid": os.getpid()})
        serve(act)
        """,
        read=0.3,
    )
    first = answered(made.send(request(1)))
    assert made.send(request(2, hang=True)).trouble == Trouble.SILENT
    assert made.send(request(3, hang=True)).trouble == Trouble.SILENT
    assert answered(made.send(request(4))) != first


def test_a_method_that_never_answers_is_given_up(harnesses):
    made = harnesses(
        "serve(lambda r: os._exit(1) if r['method'] == 'ask' else write(id=r['id'], result={}))"
    )
    for number in range(1, 7):
        assert made.send(request(number)).trouble.startswith(Trouble.ENDED)
    assert made.send(request(7)).trouble == Trouble.GIVEN_UP
    assert answered(made.send(request(8, method="other"))) == {}


@pytest.mark.parametrize("other", ["99", "None", "str(r['id'])", "True"])
def test_another_id_is_the_harnesses_fault(harnesses, other):
    made = harnesses(f"serve(lambda r: write(id={other}, result={{}}))")
    with pytest.raises(Unreachable, match=re.escape(Trouble.OTHER_ID)):
        made.send(request(4))


def test_noise_is_skipped_and_named_when_an_answer_is_missed(harnesses):
    made = harnesses(
        """
        def act(r):
            print("[sdk] connecting", flush=True)
            print(12, flush=True)
            print("[sdk] connected", flush=True)
            if not r["params"].get("mute"):
                write(id=r["id"], result={})
        serve(act)
        """,
        read=0.4,
    )
    assert answered(made.send(request(1))) == {}
    trouble = made.send(request(2, mute=True)).trouble
    assert trouble.startswith(Trouble.SILENT)
    assert "'[sdk] connected'" in trouble


@pytest.mark.parametrize("line", ['{"jsonrpc":"2.0","id":1,"resu', '{"id":1,"id":1}', "{}"])
def test_a_broken_answer_is_handed_on_as_it_is(harnesses, line):
    made = harnesses(f"serve(lambda r: print({line!r}, flush=True))", read=1.0)
    exchange = made.send(request(1))
    assert exchange.response.body == line.encode()
    assert exchange.trouble is None


def test_a_harness_that_does_not_go_is_killed(harnesses):
    made = harnesses(
        """
        import signal
        serve(lambda r: write(id=r["id"], result={"pid": os.getpid()}))
        time.sleep(60)
        """
    )
    pid = answered(made.send(request()))["pid"]
    made.close()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_a_great_many_users_share_few_processes(harnesses, monkeypatch):
    monkeypatch.setattr("receiptspec.harness._MOST", 3)
    made = harnesses(ECHO)
    for number in range(1, 8):
        assert answered(made.send(request(number, f"user{number}")))["user"] == f"user{number}"
    assert len(made._processes) <= 3
    assert answered(made.send(request(9, "user1")))["user"] == "user1"


# --- secrets ------------------------------------------------------------------------------


def test_secrets_are_in_neither_arguments_nor_environment(harnesses, tmp_path):
    seen = tmp_path / "seen"
    body = f"""
    def act(r):
        open({str(seen)!r}, "w").write(repr(sys.argv) + repr(dict(os.environ)))
        write(id=r["id"], result={{}})
    serve(act)
    """
    made = harnesses(body)
    answered(made.send(request()))
    assert "signature-of" not in seen.read_text()


def test_variables_that_hold_a_secret_are_taken_out():
    base = {"PATH": "/bin", "IM_KEY": "the-secret-key", "URL": "x?key=the-secret-key", "A": "1"}
    assert environment(base, [Secret("the-secret-key")]) == {"PATH": "/bin", "A": "1"}


# --- the protocol as data -----------------------------------------------------------------

FRAMES = sorted(resources.path("schemas").glob("*/harness/*.json"))


@pytest.mark.parametrize("file", FRAMES, ids=lambda file: file.stem)
def test_every_example_of_the_protocol_is_valid(file):
    schema = jsonschemas.load(file)
    examples = json.loads(file.read_text(encoding="utf-8"))["examples"]
    assert examples
    assert [jsonschemas.violations(schema, example) for example in examples] == [[]] * len(examples)


def test_the_page_names_every_method_and_every_operation_is_one():
    methods = json.loads(
        resources.path("schemas/tencent-sdk/harness/request.json").read_text(encoding="utf-8")
    )["properties"]["method"]["enum"]
    page = (resources.path("schemas").parent / "docs/harness.md").read_text(encoding="utf-8")
    assert [name for name in methods if f"`{name}`" not in page] == []
    operations = contract.load("tencent-sdk").operations
    assert set(operations) - set(methods) == {"onRecvMessageReadReceipts", "onRecvNewMessage"}
    assert [name for name in operations if f"`{name}`" not in page] == []


def test_the_packaged_harness_keeps_the_frame():
    import subprocess

    lines = [
        {"method": "initialize", "params": {"protocol": "1.0", "sdkAppID": 1, "server": {}}},
        {"method": "getMessageReadReceipts", "params": {"messages": []}},
        {"method": "no-such-method", "params": {}},
        {"method": "sendMessage", "params": {}},
        {"method": "shutdown", "params": {}},
    ]
    text = "".join(
        json.dumps({"jsonrpc": "2.0", "id": n, **one}) + "\n" for n, one in enumerate(lines)
    )
    done = subprocess.run(
        [sys.executable, "-m", "receiptspec.reference.harness"],
        input=text,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=True,
    )
    schema = jsonschemas.load(resources.path("schemas/tencent-sdk/harness/response.json"))
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert [jsonschemas.violations(schema, answer) for answer in answers] == [[]] * 5
    codes = [answer.get("error", {}).get("code") for answer in answers]
    assert codes == [None, 6017, -32601, -32602, None]
