"""What a run prints and writes never holds the key, nor any UserSig or a good part of one."""

import base64
import binascii
import contextlib
import json
import os
import re
import subprocess
import sys
import threading
import time
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import quote, unquote

import pytest
from pace import PATIENCE

from receiptspec.drivers import usersig
from receiptspec.exchange import Secret
from receiptspec.journal import Journal
from receiptspec.reference import Settings, launch

ROOT = Path(__file__).parent.parent
CANARY = "canary0key1with2hex3digits4and5letters6canary"
FORMS = {
    CANARY,
    CANARY[:16],
    CANARY[16:],
    quote(CANARY, safe=""),
    base64.b64encode(CANARY.encode()).decode()[:20],
    CANARY.encode().hex()[:20],
}
FAULTS = "usersig-in-reason, query-in-header, reads-not-counted, group-id-not-needed"
TARGETS = f"t: {{vendor: tencent, embedded: {{faults: [{FAULTS}]}}}}\n"
_DEFLATED = re.compile(r"e[AFJN][A-Za-z0-9*\-_+/]{16,}")
_BACK = str.maketrans("*-_", "+/=")


def usersigs(text):
    """Return what in `text` is a UserSig, or the beginning of one that shows its claims."""
    found = []
    for candidate in _DEFLATED.findall(text) + _DEFLATED.findall(unquote(text)):
        try:
            claims = str(usersig.decode(candidate))
        except ValueError:
            whole = candidate.translate(_BACK).rstrip("=")
            try:
                packed = base64.b64decode(whole[: len(whole) // 4 * 4])
                claims = zlib.decompressobj().decompress(packed).decode(errors="replace")
            except (binascii.Error, zlib.error):
                continue
        if "TLS." in claims:
            found.append(candidate)
    return found


@pytest.fixture(scope="module")
def said(tmp_path_factory):
    """All that runs by command line and by pytest printed and wrote, by its place."""
    base = tmp_path_factory.mktemp("secrets")
    file = base / "targets.yaml"
    file.write_text(TARGETS)
    options = [f"--targets={file}", "--target=t", "--seed=1"]
    loud = ["-vv", "--tb=long", "--showlocals", "-p", "no:cacheprovider", "--capture=no"]
    few = ["SEC-01", "TC-GMR-01", "TC-GMR-10", "TC-GMR-17", "TC-SIG-05", "TC-SIG-08", "TC-GEN-18"]
    chosen = [f"--requirement={name}" for name in few]
    runs = {
        "cli": (["receiptspec", "run", "--profile", "smoke", *options, "--report", "out"], base),
        "pytest": (["pytest", *loud, *options, *chosen, f"--report={base / 'loud'}"], ROOT),
    }
    environment = {
        **os.environ,
        "RECEIPTSPEC_REFERENCE_KEY": CANARY,
        "HYPOTHESIS_STORAGE_DIRECTORY": str(base / "hypothesis"),
    }

    def go(name):
        arguments, folder = runs[name]
        done = subprocess.run(
            [sys.executable, "-m", *map(str, arguments)],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        return {f"{name} stdout": done.stdout, f"{name} stderr": done.stderr}

    texts = {}
    with ThreadPoolExecutor(2) as pool:
        for printed in pool.map(go, runs):
            texts.update(printed)
    return texts | written(base, file)


def written(base, *given):
    """Return what files in a folder hold, but for those that were put there."""
    return {
        path.relative_to(base).as_posix(): path.read_bytes().decode(errors="replace")
        for path in sorted(base.rglob("*"))
        if path.is_file() and path not in given
    }


def recording(server):
    """Return a HAR file of a call whose credential stands in URL, header and answer."""
    claims = usersig.Claims(server.identifier, server.sdkappid, int(time.time()), 3600)
    credential = str.__str__(usersig.plain(claims, Secret(CANARY)).reveal())
    query = f"sdkappid={server.sdkappid}&identifier=administrator&usersig={quote(credential)}"
    said = {"ActionStatus": "FAIL", "ErrorCode": 10015, "ErrorInfo": f"bad {query}"}
    entry = {
        "startedDateTime": "2026-11-01T00:00:00Z",
        "time": 5,
        "request": {
            "method": "POST",
            "url": f"{server.url}/v4/group_open_http_svc/get_group_msg_receipt?{query}",
            "headers": [{"name": "X-Sig", "value": credential}],
            "postData": {"mimeType": "application/json", "text": '{"GroupId": "g"}'},
        },
        "response": {
            "status": 200,
            "headers": [{"name": "Echo", "value": credential}],
            "content": {"mimeType": "application/json", "text": json.dumps(said)},
        },
    }
    return json.dumps({"log": {"version": "1.2", "creator": {}, "entries": [entry]}})


@pytest.fixture(scope="module")
def also_said(tmp_path_factory):
    """What every other command printed, wrote and showed as its arguments, by its place."""
    base = tmp_path_factory.mktemp("commands")
    for name in ("tmp", "state"):
        (base / name).mkdir()
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "RECEIPTSPEC_REFERENCE_KEY": CANARY,
        "CANARY_KEY": CANARY,
        "TMPDIR": str(base / "tmp"),
        "XDG_STATE_HOME": str(base / "state"),
    }
    texts = {}

    def go(name, *arguments):
        process = subprocess.Popen(
            [sys.executable, "-m", "receiptspec", *map(str, arguments)],
            cwd=base,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        over = threading.Event()

        def watch():
            while not over.wait(0.1):
                for process_id in descendants(process.pid):
                    place = Path(f"/proc/{process_id}/cmdline")
                    with contextlib.suppress(OSError):
                        texts[f"arguments of {name}"] = (
                            texts.get(f"arguments of {name}", "") + place.read_text()
                        )
                with contextlib.suppress(OSError):
                    for place, text in written(base / "tmp").items():
                        texts[f"{name} tmp/{place}"] = text

        watcher = threading.Thread(target=watch, daemon=True)
        watcher.start()
        try:
            out, err = process.communicate(timeout=PATIENCE)
        finally:
            process.kill()
            over.set()
            watcher.join()
        assert "Traceback" not in out + err, err
        texts[f"{name} stdout"], texts[f"{name} stderr"] = out, err
        return process.returncode

    with launch(
        Settings(key=CANARY, faults=[name.strip() for name in FAULTS.split(",")])
    ) as server:
        (base / "targets.yaml").write_text(
            f"t:\n  vendor: tencent\n  url: {server.url}\n  auth: {{sdkappid: {server.sdkappid}, "
            f'key: "${{CANARY_KEY}}", identifier: {server.identifier}}}\n'
        )
        har = base / "app.har"
        har.write_text(recording(server))
        few = [f"--requirement={name}" for name in ("SEC-01", "TC-GMR-01", "TC-GMR-17")]
        go("run", "run", "--target", "t", "--seed", 1, "-n", 2, *few, "--report", "out")
        journal = Journal(base / "noted", "0123", "t", server.url)
        journal.made(journal.intends("rsname"), "@TGS#gone")
        journal.intends("rsother")
        os.close(journal._handle)
        report = "out/report.json"
        made = [word for name in FORMATS for word in (f"--{name}", f"made.{name}")]
        account = ["--auth", "sdkappid=1", "--auth", "identifier=administrator"]
        accept = ["--reason", "known", "--owner", "me", "--expires", "2099-01-01"]
        commands = {
            "doctor": ["--target", "t"],
            "judge": ["app.har", "--vendor", "tencent", "--report", "judged"],
            "replay": [report, "t/TC-GMR-17", "-k", 1],
            "report": ["out/run.jsonl", *made],
            "compare": [report, report, "--json", "difference.json", "--html", "difference.html"],
            "cleanup": ["--journal", "noted"],
            "targets": [],
            "explain": ["SEC-01"],
            "export": ["openapi", "--vendor", "tencent", "--output", "tencent.yaml"],
            "prove": ["--fault", "usersig-in-reason", "--report", "proof", "-n", 1],
            "init": ["new", "--vendor", "tencent", "--url", server.url, *account],
            "deviations": ["accept", report, "--target", "t", *accept],
        }
        codes = {name: go(name, name, *arguments) for name, arguments in commands.items()}
        codes["failed"] = go("failed", "run", "--failed", report, "--report", "again")
        go("broken", "run", "--target", "t", "--shard", "x")
    return codes, texts | written(base, har, base / "targets.yaml")


def descendants(parent):
    """Return a process and all that it started."""
    yield parent
    with contextlib.suppress(OSError):
        for child in Path(f"/proc/{parent}/task/{parent}/children").read_text().split():
            yield from descendants(int(child))


FORMATS = ("html", "junit", "markdown", "sarif", "har", "badge", "json")


def test_the_other_commands_did_what_they_do(also_said):
    codes, texts = also_said
    wanted = {
        "doctor": 4, "judge": 1, "replay": 1, "report": 0, "compare": 0, "cleanup": 6, "targets": 0,
        "explain": 0, "export": 0, "prove": 0, "init": 0, "deviations": 0,
    }  # fmt: skip
    assert {name: codes[name] for name in wanted} == wanted, {
        name: (texts[f"{name} stdout"], texts[f"{name} stderr"])
        for name in wanted
        if codes[name] != wanted[name]
    }
    assert {f"made.{name}" for name in FORMATS} <= texts.keys()
    assert {"judged/report.json", "difference.html", "tencent.yaml"} <= texts.keys()
    assert "receiptspec" in texts["arguments of run"]


def test_the_key_is_nowhere_else_either(also_said):
    _, texts = also_said
    assert [(place, form) for place, text in texts.items() for form in FORMS if form in text] == []


def test_no_usersig_is_anywhere_else_either(also_said):
    _, texts = also_said
    assert {place: found for place, text in texts.items() if (found := usersigs(text))} == {}


def test_the_runs_met_credentials_that_were_sent_back(said):
    for name in ("cli stdout", "pytest stdout"):
        assert "FAIL SEC-01" in said[name], said[name]
        assert "FAIL TC-GMR-17" in said[name]
    for name in ("out/report.json", "loud/report.json"):
        assert "***" in said[name]
        assert "usersig=$USERSIG" in said[name]


def test_the_key_is_nowhere(said):
    assert [(place, form) for place, text in said.items() for form in FORMS if form in text] == []


def test_no_usersig_is_anywhere(said):
    assert {place: found for place, text in said.items() if (found := usersigs(text))} == {}


@pytest.mark.parametrize("way", ["valid", "stored", "best-compressed", "truncated", "wrong-key"])
@pytest.mark.parametrize("shape", ["plain", "quoted", "within"])
def test_a_usersig_would_be_found(way, shape):
    claims = usersig.Claims("administrator", 1400000000, 1_700_000_000)
    text = str.__str__(usersig.variations(claims, Secret(CANARY))[way]())
    shown = {"plain": text, "quoted": quote(text, safe=""), "within": f'x?usersig={text}&a="'}
    assert usersigs(shown[shape])


def test_other_text_is_no_usersig():
    assert usersigs("eJust0some0words0that0look0like0one eyJhbGciOiJIUzI1NiIsInR5cCI6") == []
