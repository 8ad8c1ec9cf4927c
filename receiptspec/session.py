"""One pytest session over the suites, apart from whatever pytest settings the user has."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

import pytest

from receiptspec import resources

__all__ = ["judge"]

#: Plugins of pytest that a run has no use for; each costs something at every test.
_UNUSED = tuple(
    f"no:{name}"
    for name in (
        "terminal", "cacheprovider", "capture", "debugging", "doctest", "faulthandler", "junitxml",
        "legacypath", "logging", "monkeypatch", "nose", "pastebin", "recwarn", "setuponly",
        "setupplan", "stepwise", "threadexception", "tmpdir", "unittest", "unraisableexception",
        "warnings",
    )
)  # fmt: skip


def judge(arguments: Sequence[str], plugins: Sequence[object] = ()) -> int:
    """Run the suites in this process and return the exit status."""
    suites = resources.path("suites")
    with tempfile.TemporaryDirectory(prefix="receiptspec-") as scratch:
        os.environ.setdefault("HYPOTHESIS_STORAGE_DIRECTORY", scratch)
        os.environ.pop("PYTEST_ADDOPTS", None)
        os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
        ini = Path(scratch, "pytest.ini")
        ini.write_text("[pytest]\n", encoding="utf-8")
        own = ["-c", str(ini), "--rootdir", str(suites)]
        for plugin in (*_UNUSED, "_hypothesis_pytestplugin", "receiptspec.plugin"):
            own += ["-p", plugin]
        own += ["--import-mode=importlib", "--assert=plain"]
        return int(pytest.main([*own, *arguments, str(suites)], plugins=list(plugins)))
