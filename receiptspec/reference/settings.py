"""What a reference server is started with, here or as a child process."""

from __future__ import annotations

import base64
import os
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

__all__ = ["KEY_VARIABLE", "SECRET_VARIABLE", "TOKEN_VARIABLE", "Settings"]

KEY_VARIABLE = "RECEIPTSPEC_REFERENCE_KEY"
TOKEN_VARIABLE = "RECEIPTSPEC_REFERENCE_WEBHOOK_TOKEN"  # noqa: S105
SECRET_VARIABLE = "RECEIPTSPEC_REFERENCE_SECRET_KEY"  # noqa: S105
_APPS = 1_400_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Where a server listens, how it behaves, and its credentials, new where they are not given.

    `faults` and `variants` are names out of `receiptspec.reference.catalogue`. `sdkappid`,
    `identifier` and `key` are for Tencent's face, `appid`, `access_key`, `secret_key` and `region`
    for Volcengine's.
    """

    host: str = "127.0.0.1"
    port: int = 0
    faults: Sequence[str] = ()
    variants: Sequence[str] = ()
    webhook: str | None = None
    webhook_token: str = field(default="", repr=False)
    sdkappid: int = 0
    identifier: str = "administrator"
    key: str = field(default="", repr=False)
    appid: int = 0
    access_key: str = ""
    secret_key: str = field(default="", repr=False)
    region: str = "cn-north-1"

    def filled(self) -> Settings:
        """Return settings with keys and application ids, from the environment or new."""
        return replace(
            self,
            webhook_token=self.webhook_token or os.environ.get(TOKEN_VARIABLE, ""),
            sdkappid=self.sdkappid or _APPS + secrets.randbelow(99_999_999) + 1,
            key=self.key or os.environ.get(KEY_VARIABLE) or secrets.token_hex(32),
            appid=self.appid or 100_000 + secrets.randbelow(900_000),
            access_key=self.access_key or f"AKLT{secrets.token_hex(16).upper()}",
            secret_key=self.secret_key or os.environ.get(SECRET_VARIABLE) or _secret_key(),
        )

    def arguments(self) -> list[str]:
        """Return them as options of ``python -m receiptspec.reference``, but what is secret."""
        told = ["--host", self.host, "--port", str(self.port)]
        told += ["--sdkappid", str(self.sdkappid), "--identifier", self.identifier]
        told += ["--appid", str(self.appid), "--access-key", self.access_key]
        told += ["--region", self.region]
        for option, names in (("--fault", self.faults), ("--variant", self.variants)):
            for name in names:
                told += [option, name]
        return told + (["--webhook", self.webhook] if self.webhook else [])

    def environment(self) -> dict[str, str]:
        """Return what is secret, as variables of the child."""
        given = {
            KEY_VARIABLE: self.key,
            TOKEN_VARIABLE: self.webhook_token,
            SECRET_VARIABLE: self.secret_key,
        }
        return {name: value for name, value in given.items() if value}


def _secret_key() -> str:
    """Return a new secret key; it looks like base64 and is used as it stands."""
    return base64.b64encode(secrets.token_hex(20).encode()).decode()
