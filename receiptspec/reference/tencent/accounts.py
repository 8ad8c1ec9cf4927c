"""Accounts (A1)."""

from __future__ import annotations

from typing import Any

from receiptspec.reference.calls import Call
from receiptspec.reference.tencent.fields import Fields, size
from receiptspec.reference.tencent.site import Site

__all__ = ["account_import", "multiaccount_import"]

ILLEGAL = 70402
LONGEST_NAME = 32  # bytes
_MOST = 100


def account_import(site: Site, call: Call, fields: Fields) -> dict[str, Any]:  # noqa: ARG001
    """Import one account; importing it again updates its profile."""
    name = fields.text("UserID", most=LONGEST_NAME)
    _keep(site, name, _profile(fields))
    return {}


def multiaccount_import(site: Site, call: Call, fields: Fields) -> dict[str, Any]:
    """Import up to 100 accounts, old (Accounts) or new (AccountList) form of the body."""
    failed: list[str] = []
    if "AccountList" in fields:
        items = fields.objects("AccountList", most=_MOST)
        pairs = [(item.text("UserID"), _profile(item)) for item in items]
    else:
        names = fields.array("Accounts", most=_MOST)
        if not all(isinstance(name, str) for name in names):
            call.refuse("Accounts[]", "type", ILLEGAL, "Accounts[]: Strings are needed")
        pairs = [(str(name), {}) for name in names]
    for name, profile in pairs:
        if 0 < size(name) <= LONGEST_NAME:
            _keep(site, name, profile)
        else:
            failed.append(name)
    return {"FailAccounts": failed}


def _profile(fields: Fields) -> dict[str, str]:
    names = [name for name in ("Nick", "FaceUrl") if name in fields]
    return {name: fields.text(name, empty=True) for name in names}


def _keep(site: Site, name: str, profile: dict[str, str]) -> None:
    site.store.accounts.setdefault(name, {}).update(profile)
