"""Where a run may send: to the target's origin and its hooks, and to nobody else, and what."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hostile import Hostile
from pace import PATIENCE

from receiptspec import contract
from receiptspec.errors import NotExercised
from receiptspec.exchange import Secret
from receiptspec.neutral import Call
from receiptspec.reference import launch
from receiptspec.stage import Stage
from receiptspec.targets import Target, Timeouts, is_loopback

ROOT = Path(__file__).parent.parent
AUTH = {"sdkappid": 1, "identifier": "administrator", "key": Secret("key-of-the-reach-tests")}
CASE = Call("get_group_msg_receipt", {"GroupId": "@TGS#1", "MsgSeqList": [{"MsgSeq": 1}]})
WRITES = [name for name, op in contract.load("tencent").operations.items() if op.writes]
PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")

#: Imported by Python itself at its start: writes down every address that a process connects to or
#: looks up, and takes gateway.example for this machine.
SPY = """
import json, os, socket, sys
real = socket.getaddrinfo
def found(host, *rest, **options):
    return real("127.0.0.1" if host == "gateway.example" else host, *rest, **options)
socket.getaddrinfo = found
def note(event, arguments):
    if event == "socket.connect" and isinstance(arguments[1], tuple):
        said = list(arguments[1][:2])
    elif event in ("socket.getaddrinfo", "socket.gethostbyname") and arguments[0]:
        said = ["look up", str(arguments[0])]
    elif event == "socket.sendto":
        said = ["sendto", str(arguments[1])]
    else:
        return
    with open(os.environ["SPY_FILE"], "a") as out:
        out.write(json.dumps(said) + "\\n")
sys.addaudithook(note)
"""


def environment(folder, proxy, **more):
    """Return an environment that would lead astray whoever trusted it."""
    spy = folder / "spy"
    spy.mkdir()
    (spy / "sitecustomize.py").write_text(SPY)
    netrc = folder / ".netrc"
    netrc.write_text("default login canary-login password canary-password\n")
    netrc.chmod(0o600)
    astray = {name: proxy for upper in PROXIES for name in (upper, upper.lower())}
    return {
        **{key: value for key, value in os.environ.items() if key.lower() != "no_proxy"},
        **astray,
        "NETRC": str(netrc),
        "HOME": str(folder),
        "XDG_STATE_HOME": str(folder / "state"),
        "PYTHONPATH": os.pathsep.join([str(spy), str(ROOT)]),
        "SPY_FILE": str(folder / "spied"),
        **more,
    }


def run(folder, block, env, *options):
    (folder / "targets.yaml").write_text(json.dumps({"t": block}))
    arguments = ["run", "--target", "t", "--profile", "smoke", "--seed", "1", *options]
    done = subprocess.run(
        [sys.executable, "-m", "receiptspec", *arguments],
        cwd=folder,
        env=env,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert "Traceback" not in done.stdout + done.stderr
    return done


def spied(folder):
    lines = (folder / "spied").read_text().splitlines()
    return {tuple(json.loads(line)) for line in lines}


def auth_of(server):
    return {"sdkappid": server.sdkappid, "identifier": server.identifier, "key": server.key}


def test_a_run_connects_to_its_target_and_to_nobody_else(tmp_path):
    with launch() as reference, Hostile() as proxy, Hostile() as elsewhere:
        with Hostile("set-cookie", upstream=reference.url) as target:
            target.elsewhere = elsewhere.url
            block = {"vendor": "tencent", "url": target.url, "auth": auth_of(reference)}
            done = run(tmp_path, block, environment(tmp_path, proxy.url))
        assert done.returncode == 0, done.stdout
        assert len(target.seen) > 100
        assert (proxy.seen, elsewhere.seen) == ([], [])
        hosts = spied(tmp_path) - {("look up", "127.0.0.1")}
        assert hosts == {("127.0.0.1", target.port)}
    for head, _ in target.seen:
        names = {line.split(b":")[0].lower() for line in head.split(b"\r\n")[1:]}
        assert names.isdisjoint({b"cookie", b"authorization", b"proxy-authorization"}), head
        assert b"canary" not in head


@pytest.mark.parametrize("name", ["redirect-elsewhere", "unauthorised", "proxy-login"])
def test_what_asks_for_more_gets_nothing(tmp_path, name):
    with Hostile() as proxy, Hostile() as elsewhere, Hostile(name) as target:
        target.elsewhere = elsewhere.url
        auth = {**AUTH, "key": "key-of-the-reach-tests"}
        block = {"vendor": "tencent", "url": target.url, "auth": auth}
        done = run(tmp_path, block, environment(tmp_path, proxy.url))
        assert done.returncode == 6, done.stdout
        assert (proxy.seen, elsewhere.seen) == ([], [])
        assert spied(tmp_path) - {("look up", "127.0.0.1")} == {("127.0.0.1", target.port)}
    assert all(b"canary" not in head and b"uthorization:" not in head for head, _ in target.seen)


def staged(url, **changes):
    fields = {"auth": AUTH, "writes": False, "timeouts": Timeouts(1, 2, 3), **changes}
    return Stage(Target("t", "tencent", url=url, **fields), origin=url)


@pytest.mark.parametrize("way", ["named", "environment"])
def test_a_proxy_is_used_when_the_target_says_so(monkeypatch, way):
    for name in (*PROXIES, *map(str.lower, PROXIES), "NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    with Hostile() as proxy:
        monkeypatch.setenv("http_proxy", proxy.url if way == "environment" else "http://[::1]:1")
        stage = staged(
            "http://gateway.example:8080", proxy=proxy.url if way == "named" else "environment"
        )
        assert stage.call(CASE).accepted
        stage.close()
        assert all(b"POST http://gateway.example:8080/v4/" in head for head, _ in proxy.seen)
    assert proxy.seen


def test_a_proxy_does_not_see_into_tls(monkeypatch):
    with Hostile("no-content") as proxy:
        stage = staged("https://gateway.example", proxy=proxy.url)
        with pytest.raises(Exception, match="does not answer"):
            stage.call(CASE)
        stage.close()
    assert proxy.seen
    assert all(head.startswith(b"CONNECT gateway.example:443 ") for head, _ in proxy.seen)
    assert all(b"usersig" not in head for head, _ in proxy.seen)


def test_a_proxys_password_is_a_secret():
    target = Target("t", "tencent", proxy=Secret("http://me:canary-password@127.0.0.1:1"))
    assert "canary" not in repr(target)
    assert target.proxy in target.secrets


def test_hooks_get_no_more_than_targets_do(monkeypatch, tmp_path):
    from receiptspec.neutral import Conversation, Kind, Message

    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    group = Conversation(Kind.GROUP, "@TGS#1", "Public", "alice", ("alice", "bob"))
    with Hostile("set-cookie") as hook, Hostile() as server:
        stage = staged(server.url, read_hook=f"{hook.url}/read")
        for number in (1, 2):
            stage.reads("bob", [Message(group, number, "alice", wants_receipt=True)])
        stage.close()
    assert len(hook.seen) == 2
    for head, body in hook.seen:
        assert head.startswith(b"POST /read ")
        assert b"cookie" not in head.lower()
        assert b"usersig" not in head + body


# --- writes -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "ours"),
    [
        ("http://127.0.0.1:1", True),
        ("http://127.9.9.9", True),
        ("http://[::1]:1", True),
        ("http://localhost", True),
        ("http://a.localhost", True),
        ("http://localhost.example", False),
        ("http://127.0.0.1.example", False),
        ("http://127.0.0.1@gateway.example", False),
        ("http://2130706433", False),
        ("http://0.0.0.0", False),
        ("http://10.0.0.1", False),
        ("http://192.168.0.1", False),
        ("http://gateway.example", False),
    ],
)
def test_only_this_machine_is_loopback(url, ours):
    assert is_loopback(url) is ours


def test_a_target_elsewhere_is_only_read_unless_it_says_otherwise(tmp_path):
    """A whole run, and every request that it sent is one of an operation that reads."""
    with launch() as reference, Hostile(upstream=reference.url) as target:
        url = f"http://gateway.example:{target.port}"
        block = {"vendor": "tencent", "url": url, "auth": auth_of(reference)}
        done = run(tmp_path, block, environment(tmp_path, "http://127.0.0.1:1"))
        read_only = [head for head, _ in target.seen]
        assert done.returncode in (0, 1, 5), done.stdout
        assert read_only
        paths = [contract.load("tencent").operations[name].path.encode() for name in WRITES]
        assert [head for head in read_only if any(b" " + p + b"?" in head for p in paths)] == []
        assert "has no writes: true" in done.stdout


def test_a_write_is_refused_before_it_is_sent():
    with Hostile() as server:
        stage = staged(server.url)
        for name in WRITES:
            with pytest.raises(NotExercised, match="no writes: true"):
                stage.call(Call(name, {}))
        sent = len(server.seen)
        stage.close()
        assert len(server.seen) == sent
    assert WRITES
