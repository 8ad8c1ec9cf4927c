"""Everything that receiptspec raises on purpose.

::

    ReceiptspecError
    ├── ConfigurationError     the user's file, flag or variable is wrong        exit 4
    ├── ContractError          our own contract data is wrong                    exit 3
    ├── SchemaError            a JSON Schema uses what the generators don't know exit 3
    ├── NotExercised           a prerequisite is missing: nothing was judged
    │   ├── OnlyOfClients      the target is a server
    │   ├── StaleFixture       the fixtures are no more as the file says
    │   ├── CallRefused        a call that is needed was refused
    │   └── OperationMissing   the target does not have an operation
    └── Inconclusive           the infrastructure failed: nothing can be judged  exit 6
        ├── Unreachable        no connection, no answer in time, a gateway's error page
        ├── Throttled          the target kept answering with a documented rate-limit code
        ├── CredentialsRefused the target refuses the configured credentials
        └── BudgetSpent        the target's request, write or time budget is used up
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

__all__ = [
    "EXIT",
    "BudgetSpent",
    "CallRefused",
    "ConfigurationError",
    "ContractError",
    "CredentialsRefused",
    "Inconclusive",
    "MaybeDone",
    "NotExercised",
    "OnlyOfClients",
    "OperationMissing",
    "ReceiptspecError",
    "SchemaError",
    "StaleFixture",
    "Throttled",
    "Unreachable",
    "did_you_mean",
]


#: Exit codes of a run, by what happened.
EXIT = {
    "conforms": 0,
    "does not conform": 1,
    "interrupted": 2,
    "error of the suite": 3,
    "usage or configuration": 4,
    "nothing exercised": 5,
    "inconclusive": 6,
}


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return the start of a `fix` that names the nearest of what is known, empty where none is.

    Nearest is what differs in case and zeros before a number alone.
    """
    there = list(known)
    close = [name for name in there if _bare(name) == _bare(word)]
    close = close or difflib.get_close_matches(word, there, n=1)
    return f"did you mean {close[0]!r}? " if close else ""


def _bare(name: str) -> str:
    return re.sub("0+(?=[0-9])", "", re.sub("[0-9]+", "0\\g<0>", name.casefold()))


class ReceiptspecError(Exception):
    """Base class; ``str()`` is one line that a user can act on."""


class ConfigurationError(ReceiptspecError):
    """Bad input from the user: what, where, what was expected, what to do.

    ``str()`` reads ``FILE:LINE: PATH: WHAT; FIX``, each part only where it is known.
    """

    def __init__(
        self,
        what: str,
        *,
        file: Path | str | None = None,
        line: int | None = None,
        path: str | None = None,
        fix: str | None = None,
    ) -> None:
        place = str(file) if file is not None else ""
        if place and line is not None:
            place += f":{line}"
        parts = [part for part in (place, path, what) if part]
        super().__init__(": ".join(parts) + (f"; {fix}" if fix else ""))
        self.what, self.file, self.line, self.path, self.fix = what, file, line, path, fix


class ContractError(ReceiptspecError):
    """The packaged contract data contradicts itself or its schema."""


class SchemaError(ReceiptspecError):
    """A JSON Schema holds a keyword or a shape that the generators cannot honour."""


class NotExercised(ReceiptspecError):
    """A prerequisite is missing, so a requirement was not put to the test."""

    #: What the reason says between an operation that was needed and what it answered.
    REFUSED = " did not work: "


class MaybeDone(NotExercised):
    """A write is refused for good after a passing error: the first attempt may have been done."""


class OnlyOfClients(NotExercised):
    """What is to be tested is a client SDK's, and the target is a server."""

    SAYS = "only for client SDKs; this target is a server"

    def __init__(self) -> None:
        super().__init__(self.SAYS)


class StaleFixture(NotExercised):
    """What a target's fixtures name is not, or no more, as they say."""

    SAYS = "renew fixtures: "

    def __str__(self) -> str:
        return f"{self.SAYS}{super().__str__()}"


class CallRefused(NotExercised):
    """A call that is needed was not accepted; `answer` is what came back."""

    def __init__(self, why: str, answer: Any) -> None:
        super().__init__(why)
        self.answer = answer


class OperationMissing(NotExercised):
    """The target does not have an operation."""


class Inconclusive(ReceiptspecError):
    """The infrastructure failed; the target is not to blame."""


class Unreachable(Inconclusive):
    """No connection, no answer in time, or an answer that a gateway made."""


class Throttled(Inconclusive):
    """The target answered with a documented rate-limit code until the deadline."""


class CredentialsRefused(Inconclusive):
    """The target refuses the configured credentials."""


class BudgetSpent(Inconclusive):
    """The target's budget of requests, writes or seconds is used up; says of which, and how."""

    SAYS = "the budget of "

    def __str__(self) -> str:
        return f"{self.SAYS}{super().__str__()}"
