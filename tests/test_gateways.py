"""A real gateway, nginx, between the suite and the reference: what it breaks is named as such."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from string import Template

import pytest

from receiptspec.reference import launch

ROOT = Path(__file__).parent.parent
NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")
KEY = "canary-key-of-the-gateway-tests"
pytestmark = pytest.mark.skipif(
    NGINX is None, reason="no nginx here; on Debian: apt-get install nginx-light"
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
      proxy_set_header Host $$http_host;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_connect_timeout 1s;
      $inside
    }
  }
}
""")


@contextmanager
def gateway(folder, upstream, inside="", outside=""):
    """Run nginx in front of `upstream` with further directives; yields its address."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    config = folder / "nginx.conf"
    names = {"folder": folder, "port": port, "upstream": upstream.partition("//")[2]}
    config.write_text(CONFIG.substitute(names, inside=inside, outside=outside))
    process = subprocess.Popen(
        [NGINX, "-p", str(folder), "-c", str(config), "-e", str(folder / "error.log")],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    try:
        deadline = time.monotonic() + 10
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                if process.poll() is not None or time.monotonic() > deadline:
                    process.kill()
                    pytest.fail(process.communicate()[1].decode() or "nginx did not start")
                time.sleep(0.05)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        try:
            process.communicate(timeout=5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()


@pytest.fixture(scope="module")
def reference():
    with launch(key=KEY) as server:
        yield server


def run(folder, url, server, *options, meanwhile=None, **more):
    """Judge a target in a process of its own; returns exit status, report and what was said."""
    auth = {"sdkappid": server.sdkappid, "identifier": server.identifier, "key": server.key}
    block = {"vendor": "tencent", "url": url, "auth": auth, **more}
    (folder / "targets.yaml").write_text(json.dumps({"t": block}))
    arguments = ["run", "--target", "t", "--seed", "1", "--report", "out", *options]
    process = subprocess.Popen(
        [sys.executable, "-m", "receiptspec", *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "XDG_STATE_HOME": str(folder / "state")},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    if meanwhile is not None:
        threading.Thread(target=meanwhile, daemon=True).start()
    try:
        out, err = process.communicate(timeout=240)
    finally:
        process.kill()
    assert "Traceback" not in out + err
    assert KEY not in out + err
    report = json.loads((folder / "out" / "report.json").read_text())
    return process.returncode, report, out


def outcomes(report):
    return {entry["requirement"]: entry["outcome"] for entry in report["results"]}


def chosen(*names):
    return [f"--requirement={name}" for name in names]


FEW = chosen("TC-GMR-01", "TC-GMR-08", "TC-GMR-17", "TC-GEN-01", "TC-GEN-02", "TC-GEN-18")
TWO = chosen("TC-GMR-08", "TC-GMR-17")


def by_word(report, word):
    return [entry for entry in report["results"] if entry["outcome"] == word]


def test_a_clean_gateway_changes_no_verdict(tmp_path, reference):
    around, through = tmp_path / "around", tmp_path / "through"
    around.mkdir()
    through.mkdir()
    direct = run(around, reference.url, reference, "--profile", "smoke")
    with gateway(tmp_path, reference.url) as url:
        routed = run(through, url, reference, "--profile", "smoke")
    assert direct[0] == routed[0] == 0, routed[2]
    assert outcomes(direct[1]) == outcomes(routed[1])


def test_compression_changes_no_verdict(tmp_path, reference):
    inside = "gzip on; gzip_min_length 1; gzip_types *; gzip_proxied any;"
    inside += " proxy_buffering off;"
    with gateway(tmp_path, reference.url, inside) as url:
        code, report, out = run(tmp_path, url, reference, *FEW)
    assert code == 0, out
    assert set(outcomes(report).values()) == {"pass"}


def test_an_upstream_that_is_away_is_inconclusive(tmp_path, reference):
    with socket.create_server(("127.0.0.1", 0)) as free:
        nobody = f"http://127.0.0.1:{free.getsockname()[1]}"
    with gateway(tmp_path, nobody) as url:
        code, report, out = run(tmp_path, url, reference, *FEW)
    assert code == 6
    assert {entry["outcome"] for entry in report["results"]} == {"inconclusive"}
    assert "HTTP 502 with an HTML page: “502 Bad Gateway”, from nginx" in out


def test_an_upstream_that_is_silent_is_inconclusive(tmp_path, reference):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        nobody = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with gateway(tmp_path, nobody, "proxy_read_timeout 200ms;") as url:
            code, _, out = run(tmp_path, url, reference, *FEW)
    assert code == 6
    assert "HTTP 504 with an HTML page: “504 Gateway Time-out”, from nginx" in out


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


def test_error_pages_instead_of_the_envelope_are_named(tmp_path):
    """The API refuses under HTTP 400, which the gateway turns into pages of its own."""
    with (
        launch(key=KEY, faults=["status-400-on-refusal"]) as server,
        gateway(
            tmp_path, server.url, "error_page 400 /page.html; proxy_intercept_errors on;"
        ) as url,
    ):
        code, report, out = run(tmp_path, url, server, *FEW)
    assert code == 1, out
    assert by_word(report, "error") == []
    said = "HTTP 400 with an HTML page: “Something went wrong”, from nginx"
    assert all(said in entry["reason"] for entry in by_word(report, "fail"))


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
    assert {"TC-SIG-01", "TC-SIG-14", "TC-GEN-31"} <= failed.keys()
    assert "is refused with code" in failed["TC-SIG-14"]["reason"]


def test_a_body_that_is_too_large_for_the_gateway_is_named(tmp_path, reference):
    with gateway(tmp_path, reference.url, "client_max_body_size 120;") as url:
        code, report, out = run(tmp_path, url, reference)
    assert code == 1
    assert by_word(report, "error") == []
    said = "HTTP 413 with an HTML page: “413 Request Entity Too Large”, from nginx"
    assert said in out


def test_a_rate_limit_by_503_is_waited_out(tmp_path, reference):
    inside = "limit_req zone=busy;"
    with gateway(tmp_path, reference.url, inside) as url:
        code, report, out = run(tmp_path, url, reference, *TWO, rate="100/s")
    assert code in (0, 6), out
    assert by_word(report, "fail") == []


def test_a_rate_limit_by_429_leaves_no_failure(tmp_path, reference):
    inside = "limit_req zone=busy; limit_req_status 429;"
    with gateway(tmp_path, reference.url, inside) as url:
        code, report, out = run(tmp_path, url, reference, *TWO, rate="100/s")
    assert code in (0, 6), out
    assert by_word(report, "fail") == []


def test_a_filter_that_drops_a_field_fails_by_its_name(tmp_path, reference):
    inside = "sub_filter_types *; sub_filter_once off;"
    inside += """ sub_filter '"UnreadNum"' '"Unread"';"""
    with gateway(tmp_path, reference.url, inside) as url:
        code, report, out = run(tmp_path, url, reference, "--profile", "smoke")
    assert code == 1
    failed = by_word(report, "fail")
    assert any("UnreadNum" in finding["path"] for entry in failed for finding in entry["findings"])
    assert "UnreadNum missing" in out


def test_a_redirect_to_https_is_inconclusive_and_not_followed(tmp_path, reference):
    inside = "return 301 https://gateway.example$request_uri;"
    with gateway(tmp_path, reference.url, inside) as url:
        code, _, out = run(tmp_path, url, reference, *FEW)
    assert code == 6
    assert "leads elsewhere, to https://gateway.example" in out
    assert "usersig" not in out.lower()
