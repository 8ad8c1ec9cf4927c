"""The command line: finds a command by name, and ends a user's mistake in one line."""

from __future__ import annotations

import errno
import importlib
import io
import os
import sys
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NoReturn

import click

from receiptspec import __version__
from receiptspec.errors import EXIT, ConfigurationError, ReceiptspecError

__all__ = ["main"]

#: The variable that has an error of the suite shown with its traceback.
_WHOLE = "RECEIPTSPEC_TRACEBACK"

#: Where each command is, imported when it is named: `serve` needs no pytest, `targets` no server.
_COMMANDS = {
    "run": "running:run",
    "init": "starting:init",
    "doctor": "examining:doctor",
    "judge": "judging:judge",
    "replay": "replaying:replay",
    "credential": "signing:credential",
    "deviations": "accepting:deviations",
    "report": "reporting:report",
    "compare": "reporting:compare",
    "targets": "catalogue:targets",
    "requirements": "catalogue:requirements",
    "explain": "catalogue:explain",
    "serve": "serving:serve",
    "prove": "proving:prove",
    "export": "exporting:export",
    "cleanup": "cleaning:cleanup",
}

#: Commands whose exit status is a verdict, which a reader who goes away must not change.
_JUDGING = {"run", "doctor", "judge", "replay", "report", "compare", "prove"}
_READER_GONE = 141  # as a shell has it of who is ended by a closed pipe


class _Failed(Exception):
    """Carries an `OSError` past click, which would end with exit status 1 for a closed pipe."""


class _Commands(click.Group):
    """A group that imports a command when it is asked for."""

    def make_context(self, *args: Any, **options: Any) -> click.Context:
        """Read the arguments; help and version are written meanwhile."""
        try:
            return super().make_context(*args, **options)
        except OSError as error:
            raise _Failed from error

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except OSError as error:
            raise _Failed from error

    def list_commands(self, _ctx: click.Context) -> list[str]:
        """Return the names in the order in which people meet them."""
        return list(_COMMANDS)

    def get_command(self, _ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command."""
        if cmd_name not in _COMMANDS:
            return None
        module, name = _COMMANDS[cmd_name].split(":")
        found: click.Command = getattr(
            importlib.import_module(f"receiptspec.commands.{module}"), name
        )
        return found


_ABOUT = """Say whether an implementation of a read-receipt API keeps its vendor's contract.

\b
receiptspec run --target reference            judge the packaged reference server
receiptspec init                              begin a targets.yaml for your own
receiptspec doctor --target mine              is it ready to be judged?
receiptspec run --target mine --report out    judge it
receiptspec run --failed out/report.json      judge again what failed
receiptspec judge app.har --vendor tencent    judge what a browser or proxy recorded
receiptspec serve                             run the reference server as a sandbox

Each command has examples: receiptspec COMMAND --help
"""


@click.group(
    cls=_Commands,
    help=_ABOUT,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Exit status: 0 conforms, 1 does not conform, 2 interrupted, 3 the suite's own error, "
    "4 usage or configuration, 5 nothing exercised, 6 inconclusive.",
)
@click.version_option(__version__, prog_name="receiptspec")
def cli() -> None:
    """Hold the commands."""


def _stop(error: ReceiptspecError) -> NoReturn:
    click.echo(f"receiptspec: {error}", err=True)
    usage = isinstance(error, ConfigurationError)
    sys.exit(EXIT["usage or configuration"] if usage else EXIT["error of the suite"])


def _unexpected(error: BaseException) -> NoReturn:
    """Say in a line that this is the suite's own error; no text of it, which may hold a secret."""
    if os.environ.get(_WHOLE):
        traceback.print_exception(error)
    frame = traceback.extract_tb(error.__traceback__)[-1]
    where = f"{type(error).__name__} at {Path(frame.filename).name}:{frame.lineno}"
    hint = f"please report it with what {_WHOLE}=1 shows"
    click.echo(f"receiptspec: an error of the suite: {where}; {hint}", err=True)
    sys.exit(EXIT["error of the suite"])


def _must_be_written(arguments: Sequence[str], code: Any = 0, probe: str = "") -> None:
    """End where standard output does not take what was said; a status that says more is kept."""
    try:
        if sys.stdout is not None:
            sys.stdout.write(probe)
            sys.stdout.flush()
    except OSError as error:
        # What is left in its buffer would be tried again, and told of, when the process ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if error.errno != errno.EPIPE:
            click.echo(f"receiptspec: the output cannot be written: {error.strerror}", err=True)
        elif not _JUDGING.intersection(arguments[:1]):
            sys.exit(code or _READER_GONE)
        sys.exit(code or EXIT["usage or configuration"])


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; a mistake of the user ends in one line and exit status 4."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    words = sys.argv[1:] if arguments is None else arguments
    try:
        _obey(words)
        _must_be_written(words)
    except SystemExit as end:
        _must_be_written(words, end.code)
        raise


def _obey(arguments: Sequence[str]) -> None:
    command: Callable[..., Any] = cli.main
    try:
        command(args=arguments, prog_name="receiptspec", standalone_mode=False)
    except click.Abort:
        sys.exit(EXIT["interrupted"])
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message(), err=True)
        sys.exit(EXIT["usage or configuration"])
    except click.ClickException as error:
        click.echo(f"receiptspec: {error.format_message()}", err=True)
        sys.exit(EXIT["usage or configuration"])
    except ReceiptspecError as error:
        _stop(error)
    except KeyboardInterrupt:
        sys.exit(EXIT["interrupted"])
    except _Failed as failure:
        _must_be_written(arguments, probe="\n")
        _unexpected(failure.__cause__ or failure)
    except Exception as error:
        _unexpected(error)


if __name__ == "__main__":
    main()
