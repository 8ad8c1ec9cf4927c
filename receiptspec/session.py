"""One pytest session over the suites, apart from whatever pytest settings the user has."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Collection, Sequence
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


def judge(
    arguments: Sequence[str], plugins: Sequence[object] = (), files: Collection[str] = ()
) -> int:
    """Run the suites, or only these files of them, in this process; return the exit status."""
    suites = resources.path("suites")
    with tempfile.TemporaryDirectory(prefix="receiptspec-") as scratch:
        os.environ.setdefault("HYPOTHESIS_STORAGE_DIRECTORY", scratch)
        for name in ("PYTEST_ADDOPTS", "PYTEST_PLUGINS"):
            os.environ.pop(name, None)
        os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
        ini = Path(scratch, "pytest.ini")
        ini.write_text("[pytest]\n", encoding="utf-8")
        own = ["-c", str(ini), "--rootdir", str(suites)]
        for plugin in (*_UNUSED, "_hypothesis_pytestplugin", "receiptspec.plugin"):
            own += ["-p", plugin]
        own += ["--import-mode=importlib", "--assert=plain"]
        chosen = [str(suites / name) for name in sorted(files)] or [str(suites)]
        return int(pytest.main([*own, *arguments, *chosen], plugins=list(plugins)))
