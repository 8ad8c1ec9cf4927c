"""The command line: in a process of its own, or in this one where it ends soon.

A process of its own is forked from one that has imported all that a run needs: half of the
processor time of the tests would be imports.
"""

import contextlib
import multiprocessing
import os
import subprocess
import sys
import tempfile
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


def command(*arguments, cwd, env=None, timeout=PATIENCE):
    """Return the finished process of the command, which had no traceback.

    Its environment has `env` as well; what it writes goes to files.
    """
    with _importable():
        forkserver.ensure_running()
    words = [str(argument) for argument in arguments]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **(env or {})}
    with tempfile.NamedTemporaryFile() as out, tempfile.NamedTemporaryFile() as err:
        to = (words, str(cwd), environment, out.name, err.name)
        process = _FORKS.Process(target=_obey, args=to)
        process.start()
        try:
            process.join(timeout)
            if process.exitcode is None:
                raise subprocess.TimeoutExpired("receiptspec", timeout)
        finally:
            process.kill()
        said, complaint = (place.read().decode(errors="replace") for place in (out, err))
    assert "Traceback" not in said + complaint, complaint
    return subprocess.CompletedProcess(arguments, process.exitcode, said, complaint)


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
