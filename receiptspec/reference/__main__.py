"""``python -m receiptspec.reference``: the child process that `launch` starts.

Prints one JSON line when it is ready and ends when its standard input does.
"""

from __future__ import annotations

import argparse
import json
import sys
from typing import IO, Any

from receiptspec.errors import ConfigurationError
from receiptspec.reference.serving import run
from receiptspec.reference.settings import Settings

__all__ = ["main"]

_USAGE = 4


def _announce(facts: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(facts) + "\n")
    sys.stdout.flush()


def main(arguments: list[str] | None = None, tape: IO[bytes] | None = None) -> int:
    """Serve until told to stop; 4 is the exit status of a wrong option or a taken port.

    What it is asked, and says, is recorded on a `tape`.
    """
    parser = argparse.ArgumentParser(prog="receiptspec.reference")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--fault", dest="faults", action="append", default=[])
    parser.add_argument("--variant", dest="variants", action="append", default=[])
    parser.add_argument("--webhook")
    parser.add_argument("--sdkappid", type=int, default=0)
    parser.add_argument("--identifier", default="administrator")
    parser.add_argument("--appid", type=int, default=0)
    parser.add_argument("--access-key", default="")
    parser.add_argument("--region", default="cn-north-1")
    parser.add_argument("--detached", action="store_true")
    options = vars(parser.parse_args(arguments))
    tied = not options.pop("detached")
    try:
        run(Settings(**options), _announce, tied=tied, tape=tape)
    except ConfigurationError as error:
        sys.stderr.write(f"receiptspec: {error}\n")
        return _USAGE
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
