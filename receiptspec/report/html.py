"""HTML (being built)."""

from collections.abc import Mapping
from typing import Any


def render(_report: Mapping[str, Any]) -> str:
    """Return the page."""
    return ""


def comparison(
    _found: Mapping[str, Any], _before: Mapping[str, Any], _after: Mapping[str, Any]
) -> str:
    """Return the page."""
    return ""
