"""The command line: in a process of its own, or in this one where it ends soon.

A process of its own is forked from one that has imported all that a run needs: half of the
processor time of the tests would be imports.
"""

import contextlib
import io
import multiprocessing
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from multiprocessing import forkserver
from pathlib import Path

from pace import PATIENCE

from receiptspec import cli
from receiptspec.reference import launcher

ROOT = Path(__file__).parent.parent
_SERVERS = 2  # embedded ones that wait for a run
_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(["preloaded"])


@contextlib.contextmanager
def _importable():
    """Have the process that is forked from find our modules, and those of the tests."""
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = f"{ROOT}{os.pathsep}{Path(__file__).parent}"
    try:
        yield
    finally:
        if before is None:
            del os.environ["PYTHONPATH"]
        else:
            os.environ["PYTHONPATH"] = before


@dataclass
class Running:
    """A command that was started; what it writes goes to files."""

    process: multiprocessing.process.BaseProcess
    out: io.BufferedIOBase
    err: io.BufferedIOBase
    said: tuple[str, str] = field(default=("", ""))

    @property
    def pid(self):
        return self.process.pid

    @property
    def returncode(self):
        return self.process.exitcode

    def kill(self):
        """End it, if it has not ended."""
        self.process.kill()

    def communicate(self, timeout=PATIENCE):
        """Wait until it ends; return what it wrote."""
        self.process.join(timeout)
        if self.process.exitcode is None:
            raise subprocess.TimeoutExpired("receiptspec", timeout)
        self.said = tuple(_text(place) for place in (self.out, self.err))
        return self.said


def _text(place):
    place.seek(0)
    return place.read().decode(errors="replace")


def _obey(arguments, folder, environment, out, err):
    """Be the command, in a process that was forked."""
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    for path, number in ((os.devnull, 0), (out, 1), (err, 2)):
        handle = os.open(path, os.O_RDWR)
        os.dup2(handle, number)
        os.close(handle)
    if arguments[:1] == ["run"]:
        for _ in range(_SERVERS):
            launcher.prefork()
    sys.argv = ["receiptspec", *arguments]
    sys.stdin = os.fdopen(0, "r", closefd=False)
    sys.stdout = os.fdopen(1, "w", closefd=False, encoding="utf-8")
    sys.stderr = os.fdopen(2, "w", closefd=False, encoding="utf-8", errors="backslashreplace")
    cli.main(arguments)


def begin(*arguments, cwd, env=None):
    """Start the command with an environment that has `env` as well."""
    with _importable():
        forkserver.ensure_running()
    out, err = (tempfile.NamedTemporaryFile() for _ in range(2))  # noqa: SIM115 - gone when closed
    words = [str(argument) for argument in arguments]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **(env or {})}
    process = _FORKS.Process(target=_obey, args=(words, str(cwd), environment, out.name, err.name))
    process.start()
    return Running(process, out, err)


def command(*arguments, cwd, env=None, timeout=PATIENCE):
    """Return the finished process of the command, which had no traceback."""
    running = begin(*arguments, cwd=cwd, env=env)
    try:
        out, err = running.communicate(timeout)
    finally:
        running.kill()
    assert "Traceback" not in out + err, err
    return subprocess.CompletedProcess(arguments, running.returncode, out, err)


def module(name, *arguments, cwd, env=None, **options):
    """Return the finished process of a module, in an interpreter of its own, without traceback."""
    done = subprocess.run(
        [sys.executable, "-m", name, *map(str, arguments)],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(ROOT), **(env or {})},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
        **options,
    )
    assert "Traceback" not in done.stdout + done.stderr, done.stderr
    return done


def script(program, *arguments):
    """Return what a program in a process of its own printed; it has to end well."""
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def ended(capsys, *arguments):
    """Return status, output and errors of what ends in this process."""
    try:
        cli.main([str(argument) for argument in arguments])
        code = 0
    except SystemExit as stop:
        code = stop.code
    out, err = capsys.readouterr()
    assert "Traceback" not in out + err
    return code, out, err
