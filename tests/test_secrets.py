"""What a run prints and writes never holds the key, nor any UserSig or a good part of one."""

import base64
import binascii
import os
import re
import subprocess
import sys
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import quote, unquote

import pytest

from receiptspec.drivers import usersig
from receiptspec.exchange import Secret

ROOT = Path(__file__).parent.parent
CANARY = "canary0key1with2hex3digits4and5letters6canary"
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
    few = ["SEC-01", "TC-GMR-01", "TC-GMR-08", "TC-GMR-17", "TC-SIG-05", "TC-SIG-08", "TC-GEN-18"]
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
            timeout=100,
            check=False,
        )
        return {f"{name} stdout": done.stdout, f"{name} stderr": done.stderr}

    texts = {}
    with ThreadPoolExecutor(2) as pool:
        for printed in pool.map(go, runs):
            texts.update(printed)
    for path in sorted(base.rglob("*")):
        if path.is_file() and path != file:
            texts[path.relative_to(base).as_posix()] = path.read_bytes().decode(errors="replace")
    return texts


def test_the_runs_met_credentials_that_were_sent_back(said):
    for name in ("cli stdout", "pytest stdout"):
        assert "FAIL SEC-01" in said[name], said[name]
        assert "FAIL TC-GMR-17" in said[name]
    for name in ("out/report.json", "loud/report.json"):
        assert "***" in said[name]
        assert "usersig=$USERSIG" in said[name]


def test_the_key_is_nowhere(said):
    forms = {
        CANARY,
        CANARY[:16],
        CANARY[16:],
        quote(CANARY, safe=""),
        base64.b64encode(CANARY.encode()).decode()[:20],
        CANARY.encode().hex()[:20],
    }
    assert [(place, form) for place, text in said.items() for form in forms if form in text] == []


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
