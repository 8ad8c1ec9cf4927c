"""Real gateways between the suite and the reference: what they break is named as such.

nginx comes from the system. mitmdump is named by RECEIPTSPEC_MITMDUMP or found on the PATH; its
dependencies do not agree with ours, so it belongs into a virtual environment of its own.
"""

import json
import os
import shutil
import signal
import socket
import subprocess
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from string import Template

import pytest
from commandline import command
from pace import PATIENCE

from receiptspec.reference import Settings, launch

ROOT = Path(__file__).parent.parent
NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")
MITMDUMP = os.environ.get("RECEIPTSPEC_MITMDUMP") or shutil.which("mitmdump")
KEY = "canary-key-of-the-gateway-tests"
needs_nginx = pytest.mark.skipif(
    NGINX is None, reason="no nginx here; on Debian: apt-get install nginx-light"
)
needs_mitmdump = pytest.mark.skipif(
    MITMDUMP is None,
    reason="no mitmdump here; pip install mitmproxy in an environment of its own, "
    "then RECEIPTSPEC_MITMDUMP=.../bin/mitmdump",
)

CONFIG = Template("""
daemon off; master_process off; worker_processes 1;
pid $folder/pid; error_log $folder/error.log;
events { worker_connections 256; }
http {
  access_log off; server_tokens off;
  client_body_temp_path $folder/a; proxy_temp_path $folder/b; fastcgi_temp_path $folder/c;
  uwsgi_temp_path $folder/d; scgi_temp_path $folder/e;
  proxy_cache_path $folder/cache keys_zone=answers:1m;
  limit_req_zone all zone=busy:1m rate=40r/s;
  types { } default_type text/plain;
  $outside
  server {
    listen 127.0.0.1:$port;
    location = /page.html {
      internal; default_type text/html;
      return 200 "<html><title>Something went wrong</title></html>";
    }
    location / {
      proxy_pass http://$upstream;
      proxy_set_header Host $host;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_connect_timeout 1s;
      $inside
    }
  }
}
""")


@contextmanager
def gateway(folder, upstream, inside="", outside="", host="$http_host"):
    """Run nginx in front of `upstream` with further directives; yields its address."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    config = folder / "nginx.conf"
    names = {"folder": folder, "port": port, "upstream": upstream.partition("//")[2]}
    config.write_text(CONFIG.substitute(names, inside=inside, outside=outside, host=host))
    process = subprocess.Popen(
        [NGINX, "-p", str(folder), "-c", str(config), "-e", str(folder / "error.log")],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    with ended(process):
        wait_for(process, port)
        yield f"http://127.0.0.1:{port}"


@contextmanager
def ended(process):
    """End a process afterwards."""
    try:
        yield
    finally:
        process.terminate()
        try:
            process.communicate(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()


def wait_for(process, port):
    """Wait until somebody listens."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            if process.poll() is not None or time.monotonic() > deadline:
                process.kill()
                pytest.fail(process.communicate()[1].decode() or "the gateway did not start")
            time.sleep(0.05)


ADDON = """
import json

def strange(value):
{change}

def response(flow):
    if flow.response.content[:1] == b"{{":
        flow.response.content = json.dumps(strange(json.loads(flow.response.content))).encode()
    flow.response.headers.update({headers!r})
"""
DEEPLY = """    if isinstance(value, dict):
        return {key: strange(item) for key, item in value.items()}
    if isinstance(value, list):
        return [strange(item) for item in value]
"""
AS_IT_IS = "    return value"
ROUNDED = DEEPLY + "    return int(float(value)) if type(value) is int else value"
TRUE_FOR_ONE = DEEPLY + "    return True if type(value) is int and value == 1 else value"
NO_READERS = (
    DEEPLY.replace("value.items()", "value.items() if key != 'ReadNum'") + "    return value"
)


@contextmanager
def interceptor(folder, upstream, change=AS_IT_IS, headers=None):
    """Run mitmdump in front of `upstream`, with a change to every answer; yields its address."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    script = folder / "change.py"
    script.write_text(ADDON.format(change=change, headers=headers or {}))
    options = ["-q", "--set", f"confdir={folder / 'mitmproxy'}", "--set", "keep_host_header=true"]
    place = ["--mode", f"reverse:{upstream}", "--listen-host", "127.0.0.1"]
    process = subprocess.Popen(
        [MITMDUMP, *options, *place, "--listen-port", str(port), "-s", str(script)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
    )
    with ended(process):
        wait_for(process, port)
        yield f"http://127.0.0.1:{port}"


@pytest.fixture(scope="module")
def reference():
    with launch(Settings(key=KEY)) as server:
        yield server


def run(folder, url, server, *options, meanwhile=None, vendor="tencent", **more):
    """Judge a target in a process of its own; returns exit status, report and what was said."""
    auth = {"sdkappid": server.sdkappid, "identifier": server.identifier, "key": server.key}
    if vendor == "volcengine":
        auth = {name: getattr(server, name) for name in ("appid", "access_key", "secret_key")}
        more["hooks"] = {"read": f"{server.url}/_reference/read"}
    block = {"vendor": vendor, "url": url, "auth": auth, "consistency": "300ms", **more}
    (folder / "targets.yaml").write_text(json.dumps({"t": block}))
    arguments = ["run", "--target", "t", "--seed", "1", "--report", "out", *options]
    if meanwhile is not None:
        threading.Thread(target=meanwhile, daemon=True).start()
    done = command(*arguments, cwd=folder, env={"XDG_STATE_HOME": str(folder / "state")})
    assert KEY not in done.stdout + done.stderr
    report = json.loads((folder / "out" / "report.json").read_text())
    return done.returncode, report, done.stdout


def outcomes(report):
    return {entry["requirement"]: entry["outcome"] for entry in report["results"]}


def agree(one, other):
    """Whether rows have one outcome in both; waiting may cost the requests of a few of them."""
    pairs = [(found, outcomes(other)[row]) for row, found in outcomes(one).items()]
    differing = [pair for pair in pairs if pair[0] != pair[1]]
    left_out = [pair for pair in differing if "not_exercised" in pair]
    return differing == left_out and len(left_out) <= 5


def chosen(*names):
    return [f"--requirement={name}" for name in names]


FEW = chosen("TC-GMR-01", "TC-GMR-10", "TC-GMR-17", "TC-GEN-01", "TC-GEN-02", "TC-GEN-18")
TWO = chosen("TC-GMR-10", "TC-GMR-17")


def by_word(report, word):
    return [entry for entry in report["results"] if entry["outcome"] == word]


@needs_nginx
def test_a_clean_gateway_changes_no_verdict(tmp_path, reference, around):
    with gateway(tmp_path, reference.url) as url:
        code, report, out = run(tmp_path, url, reference, "--profile", "smoke")
    assert code == 0, out
    assert agree(around["tencent"], report)


@needs_nginx
def test_compression_changes_no_verdict(tmp_path, reference):
    inside = "gzip on; gzip_min_length 1; gzip_types *; gzip_proxied any;"
    inside += " proxy_buffering off;"
    with gateway(tmp_path, reference.url, inside) as url:
        code, report, out = run(tmp_path, url, reference, *FEW)
    assert code == 0, out
    assert set(outcomes(report).values()) == {"pass"}


@needs_nginx
def test_an_upstream_that_is_away_is_inconclusive(tmp_path, reference):
    with socket.create_server(("127.0.0.1", 0)) as free:
        nobody = f"http://127.0.0.1:{free.getsockname()[1]}"
    with gateway(tmp_path, nobody) as url:
        code, report, out = run(tmp_path, url, reference, *FEW)
    assert code == 6
    assert {entry["outcome"] for entry in report["results"]} == {"inconclusive"}
    assert "HTTP 502 with an HTML page: “502 Bad Gateway”, from nginx" in out


@needs_nginx
def test_an_upstream_that_is_silent_is_inconclusive(tmp_path, reference):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        nobody = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with gateway(tmp_path, nobody, "proxy_read_timeout 200ms;") as url:
            code, _, out = run(tmp_path, url, reference, *FEW)
    assert code == 6
    assert "HTTP 504 with an HTML page: “504 Gateway Time-out”, from nginx" in out


@needs_nginx
def test_an_upstream_that_is_down_for_two_seconds_changes_no_verdict(tmp_path, reference):
    def stumble():
        noted = tmp_path / "state" / "receiptspec" / "journal"
        while not list(noted.glob("*.jsonl")):  # the first group is being made
            time.sleep(0.02)
        time.sleep(0.3)
        os.kill(reference.pid, signal.SIGSTOP)
        time.sleep(2)
        os.kill(reference.pid, signal.SIGCONT)

    with gateway(tmp_path, reference.url, "proxy_read_timeout 500ms;") as url:
        code, report, out = run(tmp_path, url, reference, "--profile", "smoke", meanwhile=stumble)
    assert code == 0, out
    assert by_word(report, "inconclusive") == []


@needs_nginx
def test_error_pages_instead_of_the_envelope_are_named(tmp_path):
    """The API refuses under HTTP 400, which the gateway turns into pages of its own."""
    with (
        launch(Settings(key=KEY, faults=["status-400-on-refusal"])) as server,
        gateway(
            tmp_path, server.url, "error_page 400 /page.html; proxy_intercept_errors on;"
        ) as url,
    ):
        code, report, out = run(tmp_path, url, server, *FEW)
    assert code == 1, out
    assert by_word(report, "error") == []
    said = "HTTP 400 with an HTML page: “Something went wrong”, from nginx"
    assert all(said in entry["reason"] for entry in by_word(report, "fail"))


@needs_nginx
def test_a_cache_that_leaks_another_callers_answer_fails(tmp_path, reference):
    outside = "map $uri $apart { default 1; ~/get_group_msg_receipt$ 0; }"
    inside = "proxy_cache answers; proxy_cache_methods POST; proxy_cache_key $uri$request_body;"
    inside += " proxy_no_cache $apart; proxy_cache_bypass $apart;"
    inside += " proxy_cache_valid any 1m; proxy_ignore_headers Cache-Control Expires Set-Cookie;"
    with gateway(tmp_path, reference.url, inside, outside) as url:
        code, report, out = run(tmp_path, url, reference, "--profile", "smoke")
    assert code == 1, out
    assert by_word(report, "error") == []
    failed = {entry["requirement"]: entry for entry in by_word(report, "fail")}
    assert {"TC-GEN-18", "TC-SIG-05"} <= failed.keys()
    assert "wrong-key is accepted" in failed["TC-SIG-05"]["reason"]


@needs_nginx
def test_a_body_that_is_too_large_for_the_gateway_is_named(tmp_path, reference):
    with gateway(tmp_path, reference.url, "client_max_body_size 120;") as url:
        code, report, out = run(tmp_path, url, reference)
    assert code == 1
    assert by_word(report, "error") == []
    said = "HTTP 413 with an HTML page: “413 Request Entity Too Large”, from nginx"
    assert said in out


@needs_nginx
@pytest.mark.parametrize("status", ["", " limit_req_status 429;"], ids=["503", "429"])
def test_a_rate_limit_leaves_no_failure(tmp_path, reference, status):
    inside = f"limit_req zone=busy;{status}"
    with gateway(tmp_path, reference.url, inside) as url:
        code, report, out = run(tmp_path, url, reference, *TWO, rate="100/s")
    assert code in (0, 6), out
    assert by_word(report, "fail") == []


@needs_nginx
def test_a_filter_that_drops_a_field_fails_by_its_name(tmp_path, reference):
    inside = "sub_filter_types *; sub_filter_once off;"
    inside += """ sub_filter '"UnreadNum"' '"Unread"';"""
    with gateway(tmp_path, reference.url, inside) as url:
        code, report, out = run(tmp_path, url, reference, "--profile", "smoke")
    assert code == 1
    failed = by_word(report, "fail")
    assert any("UnreadNum" in finding["path"] for entry in failed for finding in entry["findings"])
    assert "UnreadNum missing" in out


@needs_nginx
def test_a_redirect_to_https_is_inconclusive_and_not_followed(tmp_path, reference):
    inside = "return 301 https://gateway.example$request_uri;"
    with gateway(tmp_path, reference.url, inside) as url:
        code, _, out = run(tmp_path, url, reference, *FEW)
    assert code == 6
    assert "leads elsewhere, to https://gateway.example" in out
    assert "usersig" not in out.lower()


# --- Volcengine, whose signatures cover more --------------------------------------------------

IDS = chosen("VE-GMRR-01", "VE-GMRR-29")


@needs_nginx
def test_a_clean_gateway_changes_no_verdict_of_volcengine(tmp_path, reference):
    with gateway(tmp_path, reference.url) as url:
        options = ["--profile", "smoke"]
        code, report, out = run(tmp_path, url, reference, *options, vendor="volcengine")
    assert code == 0, out
    assert {"fail", "warning", "inconclusive"}.isdisjoint(outcomes(report).values())


@needs_nginx
def test_a_rewritten_host_is_inconclusive_and_named(tmp_path, reference):
    with gateway(tmp_path, reference.url, host="$proxy_host") as url:
        code, report, out = run(tmp_path, url, reference, *IDS, vendor="volcengine")
    assert code == 6
    assert set(outcomes(report).values()) == {"inconclusive"}
    assert "something on the way changes the Host header" in " ".join(out.split())


@needs_nginx
def test_a_rewritten_host_is_no_matter_where_nothing_signs_it(tmp_path, reference):
    with gateway(tmp_path, reference.url, host="$proxy_host") as url:
        code, _, out = run(tmp_path, url, reference, *FEW)
    assert code == 0, out


# --- mitmproxy --------------------------------------------------------------------------------


def compared(folder, around, through):
    """Return what compare says of two reports, as it writes it."""
    for name, report in (("around", around), ("through", through)):
        (folder / f"{name}.json").write_text(json.dumps(report))
    files = ["around.json", "through.json", "--json", "difference.json"]
    done = command("compare", *files, cwd=folder)
    assert done.stderr == ""
    return done.returncode, json.loads((folder / "difference.json").read_text())


@pytest.fixture(scope="module")
def around(tmp_path_factory, reference):
    """Reports of the reference itself, by vendor."""
    reports = {}
    for vendor in ("tencent", "volcengine"):
        folder = tmp_path_factory.mktemp(vendor)
        code, report, out = run(
            folder, reference.url, reference, "--profile", "smoke", vendor=vendor
        )
        assert code == 0, out
        reports[vendor] = report
    return reports


def routed(folder, reference, around, vendor, *change, **headers):
    """Judge the reference through mitmproxy; returns report, and what compare and run say."""
    with interceptor(folder, reference.url, *change, headers=headers) as url:
        code, report, out = run(folder, url, reference, "--profile", "smoke", vendor=vendor)
    worse, difference = compared(folder, around[vendor], report)
    assert worse == code, out
    return report, difference, out


def texts(report):
    return [
        f"{finding['path']} {finding['message']}"
        for row in by_word(report, "fail")
        for finding in row["findings"]
    ]


@needs_mitmdump
@pytest.mark.parametrize("vendor", ["tencent", "volcengine"])
def test_a_clean_interceptor_changes_no_verdict(tmp_path, reference, around, vendor):
    report, _, _ = routed(tmp_path, reference, around, vendor)
    assert agree(around[vendor], report)


@needs_mitmdump
def test_rounded_ids_are_named(tmp_path, reference, around):
    report, _, out = routed(tmp_path, reference, around, "volcengine", ROUNDED)
    assert by_word(report, "error") == []
    said = "the ids that came look rounded to doubles, as "
    assert any(said in text for text in texts(report)), out
    idle = [row for row in report["results"] if "did not work" in row["reason"]]
    assert any(said in row["reason"] for row in idle)


@needs_mitmdump
def test_a_true_for_a_one_is_named(tmp_path, reference, around):
    report, _, out = routed(tmp_path, reference, around, "tencent", TRUE_FOR_ONE)
    assert by_word(report, "error") == []
    assert any("true" in row["reason"] for row in by_word(report, "fail")), out


@needs_mitmdump
def test_a_dropped_field_is_named_and_compare_points_at_it(tmp_path, reference, around):
    report, difference, _ = routed(tmp_path, reference, around, "tencent", NO_READERS)
    assert by_word(report, "error") == []
    assert any("ReadNum" in text for text in texts(report))
    assert [row["requirement"] for row in by_word(report, "fail")] == ["TC-GMR-03"]
    changes = {change["requirement"]: change["after"] for change in difference["changes"]}
    assert changes.pop("TC-GMR-03") == "fail"
    assert set(changes.values()) <= {"not_exercised"}  # waiting for numbers costs requests


@needs_mitmdump
def test_an_answer_that_lies_about_gzip_is_named(tmp_path, reference, around):
    lie = {"Content-Encoding": "gzip"}
    report, _, out = routed(tmp_path, reference, around, "tencent", **lie)
    assert by_word(report, "error") == []
    assert any("content encoding broken" in text for text in texts(report)), out
