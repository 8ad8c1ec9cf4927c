"""Where the packaged data lies: inside the installed package, else beside it in a checkout."""

from __future__ import annotations

from pathlib import Path

__all__ = ["path"]

_PACKAGE = Path(__file__).resolve().parent


def path(name: str) -> Path:
    """Return the path of ``schemas``, ``suites``, ``targets.yaml`` or what lies below them.

    Raises ``FileNotFoundError`` when neither the package nor the checkout has it.
    """
    for base in (_PACKAGE, _PACKAGE.parent):
        candidate = base / name
        if candidate.exists():
            return candidate
    raise FileNotFoundError(f"receiptspec was installed without its {name}")
