"""HTML (being built)."""

from collections.abc import Mapping
from typing import Any


def render(_report: Mapping[str, Any]) -> str:
    """Return the page."""
    return ""


def comparison(
    found: Mapping[str, Any], before: Mapping[str, Any], after: Mapping[str, Any]
) -> str:
    """Return the page."""
    return ""
