"""Copies that were forked ahead do what a new interpreter would have done."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from pace import PATIENCE

from receiptspec import forked

ROOT = Path(forked.__file__).parent.parent
ECHO = """
import json, os, sys
from receiptspec import forked

def main(arguments):
    if arguments[:1] == ["fails"]:
        raise ValueError("no such thing")
    for line in sys.stdin:
        print(json.dumps([arguments, sorted(os.environ), line.strip()]), flush=True)
    return 7

def started(*arguments):
    return forked.start([sys.executable, "-m", "echoing", *arguments], {"ONLY": "1"})

for _ in range(3):
    forked.ahead("echoing", main)
"""


def script(text):
    """Run Python of which the first half is above; return what it printed, a document a line."""
    done = subprocess.run(
        [sys.executable, "-c", ECHO + text],
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_a_copy_has_its_arguments_its_variables_and_its_streams():
    told = script("""
copies = [started("one"), started("two", "more")]
for copy in copies:
    copy.stdin.write(b"hello\\n")
    copy.stdin.close()
    print(copy.stdout.read().decode().strip())
    print(json.dumps([copy.wait(60), copy.poll(), copy.pid != os.getpid()]))
""")
    assert told == [
        [["one"], ["ONLY"], "hello"],
        [7, 7, True],
        [["two", "more"], ["ONLY"], "hello"],
        [7, 7, True],
    ]


def test_the_death_of_a_copy_is_told_as_that_of_a_process():
    told = script("""
import signal, subprocess
failed, ended, killed = started("fails"), started(), started()
print(json.dumps([failed.wait(60), failed.stderr.read().decode().strip()]))
try: ended.wait(0.01)
except subprocess.TimeoutExpired: print(json.dumps(ended.poll()))
ended.terminate()
killed.kill()
print(json.dumps([ended.wait(60) == -signal.SIGTERM, killed.wait(60) == -signal.SIGKILL]))
""")
    assert told == [[1, "ValueError: no such thing"], None, [True, True]]


def test_a_copy_that_nobody_needs_ends_with_its_streams_whoever_was_made_after_it():
    told = script("""
for copy in forked._MADE:
    copy.stdin.close()
    print(json.dumps([copy.wait(60), copy.stdout.read().decode()]))
""")
    assert told == [[0, ""]] * 3


def test_without_a_copy_a_process_is_started():
    child = forked.start([sys.executable, "-c", "print(input())"], {})
    assert isinstance(child, subprocess.Popen)
    assert child.communicate(b"hello\n", timeout=PATIENCE) == (b"hello\n", b"")


def test_what_cannot_be_started_is_an_error():
    with pytest.raises(OSError, match="no-such-command"):
        forked.start(["/no-such-command"], {})
