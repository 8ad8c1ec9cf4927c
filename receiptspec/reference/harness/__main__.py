"""``python -m receiptspec.reference.harness``: JSON-RPC on standard input and output."""

from __future__ import annotations

import argparse
import json
import os
import sys
import threading
from typing import Any

from receiptspec.reference.harness import twists
from receiptspec.reference.harness.client import Client
from receiptspec.reference.harness.line import SdkError, Unserved

__all__ = ["main"]

_USAGE = 4
_NO_METHOD, _BAD_PARAMS = -32601, -32602
_writing = threading.Lock()


def _write(client: Client | None, message: dict[str, Any]) -> None:
    text = json.dumps({"jsonrpc": "2.0", **message})
    with _writing:
        sys.stdout.write((client.written(text) if client else text) + "\n")
        sys.stdout.flush()


def _tell(method: str, params: dict[str, Any]) -> None:
    _write(None, {"method": method, "params": params})


def _answer(client: Client, request: dict[str, Any]) -> dict[str, Any]:
    try:
        return {"result": client.perform(request["method"], request.get("params", {}))}
    except SdkError as error:
        return {"error": client.error(error.code, error.text)}
    except Unserved as error:
        return {"error": {"code": _NO_METHOD, "message": f"not served: {error}"}}
    except KeyError as error:
        known = request["method"] in twists.METHODS
        code = _BAD_PARAMS if known else _NO_METHOD
        return {"error": {"code": code, "message": f"not known or not there: {error}"}}
    except (TypeError, ValueError, AttributeError) as error:
        return {"error": {"code": _BAD_PARAMS, "message": f"bad parameters: {error}"}}


def main(arguments: list[str] | None = None) -> int:
    """Serve one user until told to stop; 4 is the exit status of an unknown name."""
    parser = argparse.ArgumentParser(prog="receiptspec.reference.harness")
    parser.add_argument("--fault", dest="faults", action="append", default=[])
    parser.add_argument("--variant", dest="variants", action="append", default=[])
    options = parser.parse_args(arguments)
    try:
        knobs = twists.knobs(options.faults, options.variants)
    except KeyError as error:
        sys.stderr.write(f"receiptspec: no fault or variant {error}\n")
        return _USAGE
    client = Client(knobs, _tell)
    for line in sys.stdin:
        request = json.loads(line)
        _write(client, {"id": request["id"], **_answer(client, request)})
        if request["method"] == "shutdown":
            break
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    sys.exit(main())
