"""The command line: in a process of its own, or in this one where it ends soon."""

import os
import subprocess
import sys
from pathlib import Path

from pace import PATIENCE

from receiptspec import cli

ROOT = Path(__file__).parent.parent


def command(*arguments, module="receiptspec", cwd, env=None, timeout=PATIENCE, **options):
    """Return the finished process of the command, or of another module, which had no traceback."""
    done = subprocess.run(
        [sys.executable, "-m", module, *map(str, arguments)],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(ROOT), **(env or {})},
        capture_output=True,
        text=True,
        timeout=timeout,
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
