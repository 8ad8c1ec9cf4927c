"""The sessions that CI runs; ``nox -l`` lists them."""

from pathlib import Path

import nox

nox.options.sessions = ["tests", "lint", "types", "wheel"]
nox.options.reuse_existing_virtualenvs = True


@nox.session(python=["3.11", "3.12", "3.13"])
def tests(session: nox.Session) -> None:
    """Run the engine's own tests."""
    session.install("-e", ".[test]")
    session.run("pytest", "-n", "auto", "--dist", "loadfile", *session.posargs)


@nox.session
def prove(session: nox.Session) -> None:
    """Prove the suites: every fault is found, no freedom is blamed."""
    session.install("-e", ".")
    session.run("receiptspec", "prove", "--gate", "--report", "proof", *session.posargs)


@nox.session
def lint(session: nox.Session) -> None:
    """Check style."""
    session.install(".[lint]")
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")


@nox.session
def types(session: nox.Session) -> None:
    """Check types."""
    session.install("-e", ".[lint]")
    session.run("mypy")


@nox.session
def wheel(session: nox.Session) -> None:
    """Build the wheel, install it elsewhere, run it from an empty folder."""
    session.install("build")
    out = Path(session.create_tmp()).resolve()
    session.run("python", "-m", "build", "--wheel", "--outdir", str(out))
    session.install("--force-reinstall", *(str(file) for file in out.glob("*.whl")))
    empty = out / "empty"
    empty.mkdir(exist_ok=True)
    session.chdir(empty)
    session.run("receiptspec", "run", "--target", "reference", "--profile", "smoke")
