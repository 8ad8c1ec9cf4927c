"""The pages for users, tried as they are written, and the examples for CI.

In a page, ``<!-- tried -->`` before a block of shell says that it is run here: block after block,
in one folder of its own, each with what the ones before it exported. ``<!-- tried, exit 1 -->``
expects another exit status than 0; ``<!-- tried, in examples/ci -->`` has the files of that folder
at hand. ``<!-- saved as FILE -->`` puts a block into a file. Every line of a block under
``<!-- shown -->`` has to be in the output of the commands before it, in that order; numbers may be
others, ``…`` is anything. Two things are put in place of what a page says: ports are free ones, and
the vendor's cloud is a server on this machine that has the group of the page.
"""

from __future__ import annotations

import contextlib
import importlib.util
import itertools
import json
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import click
import pytest
import requests
import yaml
from jsonschema import Draft202012Validator
from pace import PATIENCE

from receiptspec import cli, resources, yamltext
from receiptspec.drivers import usersig
from receiptspec.exchange import Secret
from receiptspec.reference import Settings, launch
from receiptspec.reference.faults import FAULTS
from receiptspec.reference.harness import twists
from receiptspec.reference.variants import VARIANTS

ROOT = Path(__file__).parent.parent
EXAMPLES = ROOT / "examples" / "ci"
USERS = sorted((ROOT / "docs" / "for").glob("*.md"))
PAGES = [*USERS, ROOT / "docs" / "ci.md"]
DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *ROOT.glob("docs/**/*.md")]
WORKFLOWS = ["github.yml", "nightly.yml"]
CLOUD = "https://console.tim.qq.com"
KEY = "only-for-tests"
#: What the jobs of CI judge here; the pages judge more.
QUICK = "--requirement TC-GMR-01 --requirement TC-GMR-17"
SCHEMA = json.loads(resources.path("schemas/targets.schema.json").read_text(encoding="utf-8"))

BLOCK = re.compile(
    r"(?:^<!-- (?P<mark>[^>]+) -->\n)?^```(?P<kind>\w*)\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
TRIED = re.compile(r"tried(?:, in (?P<folder>[\w/]+))?(?:, exit (?P<status>\d+))?")


def ids(paths):
    return [path.stem for path in paths]


def named(path):
    return str(path.relative_to(ROOT))


# --- a folder with a shell ----------------------------------------------------------------


def free_ports(count):
    with contextlib.ExitStack() as stack:
        opened = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [str(one.getsockname()[1]) for one in opened]


@dataclass
class Desk:
    """A new folder, where commands run one after the other as a reader would type them."""

    folder: Path
    replaced: dict[str, str]
    groups: list[int] = field(default_factory=list)
    count: itertools.count = field(default_factory=itertools.count)

    @property
    def state(self):
        return self.folder / ".exported"

    def begin(self):
        bin_ = self.folder / ".bin"
        bin_.mkdir(parents=True)
        for name, command in (("receiptspec", "-m receiptspec"), ("python3", ""), ("python", "")):
            tool = bin_ / name
            tool.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} {command} "$@"\n')
            tool.chmod(0o755)
        self.environment = {
            "PATH": f"{bin_}:/usr/local/bin:/usr/bin:/bin",
            "PYTHONPATH": str(ROOT),
            "XDG_STATE_HOME": str(self.folder / ".state"),
            "HOME": str(self.folder),
            "LANG": "C.UTF-8",
            "COLUMNS": "80",
        }
        return self

    def put(self, text):
        for old, new in self.replaced.items():
            text = text.replace(old, new)
        return text

    def run(self, script, *, options="-euo pipefail", **environment):
        """Run a script and return its status and all that it wrote; children may live on."""
        said = self.folder / f".said-{next(self.count)}"
        before = f". {shlex.quote(str(self.state))}\n" if self.state.exists() else ""
        after = f"trap 'export -p > {shlex.quote(str(self.state))}' EXIT\n"
        with said.open("wb") as out:
            process = subprocess.Popen(
                ["bash", *options.split(), "-c", before + after + self.put(script)],
                cwd=self.folder,
                env={**self.environment, **environment},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.groups.append(process.pid)
        status = process.wait(timeout=PATIENCE)
        for port in re.findall(r"receiptspec serve .*--port (\d+)", self.put(script)):
            self.listening(int(port))
        return status, said.read_text(encoding="utf-8", errors="replace")

    def listening(self, port):
        """Wait for a server in the background, as a reader would before the next command."""
        for _ in range(300):
            with contextlib.suppress(OSError):
                return socket.create_connection(("127.0.0.1", port), 1).close()
            time.sleep(0.05)
        raise AssertionError(f"nothing listens on {port}")

    def end(self):
        for group in self.groups:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(group, signal.SIGTERM)


@pytest.fixture
def desk(tmp_path):
    """A folder with `receiptspec` on its PATH; what was started there ends with the test."""
    first, second = free_ports(2)
    made = Desk(tmp_path / "desk", {"8080": first, "8081": second}).begin()
    yield made
    made.end()


# --- the pages ----------------------------------------------------------------------------


def blocks(page):
    for found in BLOCK.finditer(page.read_text(encoding="utf-8")):
        yield found["mark"] or "", found["kind"], found["text"]


def pattern(line):
    """What a line of shown output matches: other numbers and spaces, anything for an ellipsis."""
    text = re.sub(r"\s+", " ", line.strip())
    parts = re.split(r"(…|(?<![\w.-])\d+(?:\.\d+)?(?![\w.]))", text)
    return "".join(
        ".*" if part == "…" else r"[\d.]+" if i % 2 else re.escape(part)
        for i, part in enumerate(parts)
    )


def missing(shown, said):
    """Return the first line of `shown` that is not in what was said, after those before it."""
    lines = [re.sub(r"\s+", " ", line.strip()) for line in said.splitlines()]
    position = 0
    for line in filter(str.strip, shown.splitlines()):
        wanted = re.compile(pattern(line) + r"(?: .*)?" * line.rstrip().endswith("…"))
        while position < len(lines) and not wanted.fullmatch(lines[position]):
            position += 1
        if position == len(lines):
            return line
        position += 1
    return None


def make_the_group(server):
    """Make the group that a page names on the server that stands in for the vendor's cloud."""
    claims = usersig.Claims(server.identifier, server.sdkappid, int(time.time()), 600)
    signed = usersig.sign(claims, Secret(KEY)).reveal()
    query = f"sdkappid={server.sdkappid}&identifier={server.identifier}&contenttype=json"
    query += f"&usersig={signed}"

    def call(command, **body):
        url = f"{server.url}/v4/{command}?{query}&random={time.time_ns() % 2**32}"
        answer = requests.post(url, json=body, timeout=PATIENCE).json()
        assert answer["ErrorCode"] == 0, answer

    for name in ("ann", "bob"):
        call("im_open_login_svc/account_import", UserID=name)
    members = [{"Member_Account": name} for name in ("ann", "bob")]
    group = "group_open_http_svc"
    call(f"{group}/create_group", GroupId="team", Type="Public", Name="team", MemberList=members)
    for wish in (1, 1, 0):
        text = [{"MsgType": "TIMTextElem", "MsgContent": {"Text": "hello"}}]
        body = {"From_Account": "ann", "Random": 7 + time.time_ns() % 2**30, "MsgBody": text}
        call(f"{group}/send_group_msg", GroupId="team", NeedReadReceipt=wish, **body)


@pytest.mark.parametrize("page", PAGES, ids=ids(PAGES))
def test_the_commands_of_a_page_do_what_it_says(page, desk):
    tried, said = 0, ""
    with contextlib.ExitStack() as stack:
        if CLOUD in page.read_text(encoding="utf-8"):
            cloud = stack.enter_context(launch(Settings(sdkappid=1400000000, key=KEY)))
            make_the_group(cloud)
            desk.replaced[CLOUD] = cloud.url
        for mark, _, text in blocks(page):
            if found := TRIED.fullmatch(mark):
                if found["folder"]:
                    shutil.copytree(ROOT / found["folder"], desk.folder, dirs_exist_ok=True)
                    targets = desk.folder / "targets.yaml"
                    targets.write_text(desk.put(targets.read_text(encoding="utf-8")))
                status, said = desk.run(text)
                assert status == int(found["status"] or 0), f"{text}\n{said}"
                assert "Traceback" not in said
                tried += 1
            elif mark.startswith("saved as "):
                (desk.folder / mark.removeprefix("saved as ")).write_text(desk.put(text))
            elif mark == "shown":
                assert missing(desk.put(text), said) is None, said
    assert tried


def test_a_line_that_was_not_said_is_missed():
    assert missing("a: 1 of 2 …\nlast", "x\n  a:  7 of 9 and more\nlast\n") is None
    assert missing("last\na", "a\nlast") == "a"
    assert missing("TC-GMR-17 fails", "TC-GMR-18 fails") == "TC-GMR-17 fails"


@pytest.mark.parametrize("page", PAGES, ids=ids(PAGES))
def test_the_marks_of_a_page_are_known(page):
    for mark, kind, _ in blocks(page):
        known = {"sh": TRIED.fullmatch(mark), "text": mark == "shown"}
        assert not mark or known.get(kind) or mark.startswith("saved as "), mark


def test_there_is_a_short_page_for_each_kind_of_user():
    names = {"server-builders", "gateway-operators", "sdk-builders", "vendor-watchers"}
    assert {page.stem for page in USERS} == {*names, "account-keepers"}
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for page in USERS:
        text = page.read_text(encoding="utf-8")
        assert f"docs/for/{page.name}" in readme
        assert len(text.splitlines()) <= 100
        assert {"## The shortest path", "## In CI", "## Limits"} <= set(text.splitlines())
        assert "## Read the first " in text
        assert "You want" in text.split("##")[0]
        assert "receiptspec doctor" in text


# --- what the documentation names ---------------------------------------------------------


@pytest.mark.parametrize("document", DOCUMENTS, ids=map(named, DOCUMENTS))
def test_links_lead_to_files_and_headings(document):
    for link in re.findall(r"\]\(([^):]+)\)", document.read_text(encoding="utf-8")):
        path, _, anchor = link.partition("#")
        file = (document.parent / path).resolve() if path else document
        assert file.exists(), link
        if anchor and file.suffix == ".md":
            heads = re.findall(r"^#+ (.*)$", file.read_text(encoding="utf-8"), re.MULTILINE)
            slugs = [re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads]
            assert anchor in slugs, link


@pytest.mark.parametrize("document", DOCUMENTS, ids=map(named, DOCUMENTS))
def test_targets_in_documents_are_valid(document):
    for _, kind, text in blocks(document):
        data = yaml.safe_load(text) if kind == "yaml" else None
        if isinstance(data, dict) and "deviations" not in data:
            assert list(Draft202012Validator(SCHEMA).iter_errors(data)) == []


def test_the_targets_of_the_examples_are_valid_also_with_the_deviation(tmp_path):
    text = (EXAMPLES / "targets.yaml").read_text(encoding="utf-8")
    accepting = tmp_path / "targets.yaml"
    accepting.write_text(re.sub(r"^  # (?=deviations|  )", "  ", text, flags=re.MULTILINE))
    for file in (EXAMPLES / "targets.yaml", accepting):
        assert list(Draft202012Validator(SCHEMA).iter_errors(yamltext.load(file).data)) == []
    assert "deviations" in yamltext.load(accepting).data["ci"]


def commands(text):
    """Yield the words of each command line of receiptspec in a text."""
    text = re.sub(r"\\\n\s*", " ", text)
    text = re.sub(r"""(["'])(?:(?!\1).)*\1""", "TEXT", re.sub(r"(?m)(^|\s)#.*", "", text))
    for line in re.findall(r"(?<![\w/.-])receiptspec +([a-z][^`\n|;&)>]*)", text):
        yield line.split()


def check_command(words):
    """Raise for a command or an option that there is not."""
    command = cli.cli.get_command(click.Context(cli.cli), words[0])
    assert command is not None, words
    if isinstance(command, click.Group):
        command = command.get_command(click.Context(command), words[1])
        assert command is not None, words
    known = {option for param in command.params for option in param.opts + param.secondary_opts}
    for word in words[1:]:
        option = word.partition("=")[0]
        if option.startswith("-") and option not in ("-", "--help"):
            assert option in known, words


SHELL = [*DOCUMENTS, *(path for path in EXAMPLES.iterdir() if path.suffix != ".yaml")]


@pytest.mark.parametrize("path", SHELL, ids=map(named, SHELL))
def test_commands_name_what_there_is(path):
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".md":
        shells = [block for _, kind, block in blocks(path) if kind in ("sh", "console")]
        text = "\n".join([*shells, *re.findall(r"`(receiptspec [^`]+)`", text)])
    for words in commands(text):
        check_command(words)


def test_faults_and_variants_in_documents_exist():
    known = {*FAULTS, *VARIANTS, *twists.FAULTS, *twists.VARIANTS}
    for path in SHELL:
        text = path.read_text(encoding="utf-8")
        found = re.findall(r"--(?:fault|variant) ([a-z0-9-]+)", text)
        found += re.findall(r"(?:faults|variants): \[([a-z0-9-]+)", text)
        assert set(found) <= known, path


# --- the examples for CI ------------------------------------------------------------------


def load(name):
    return yaml.load((EXAMPLES / name).read_text(encoding="utf-8"), Loader=yaml.BaseLoader)  # noqa: S506


def entry_point():
    text = (EXAMPLES / "Dockerfile").read_text(encoding="utf-8")
    return json.loads(re.search(r"^ENTRYPOINT (\[.*\])$", text, re.MULTILINE)[1])


def serve(desk, port, *more):
    """Start what the image starts."""
    words = [word if word != "8080" else port for word in entry_point()]
    words = [word if word != "0.0.0.0" else "127.0.0.1" for word in words]  # noqa: S104
    desk.run(f"{shlex.join([*words, *more])} &", RECEIPTSPEC_REFERENCE_KEY=KEY)


@pytest.fixture
def repository(desk):
    """A folder with the files of the example, as a reader's repository has them."""
    for name in ("targets.yaml", "release-gate.sh"):
        text = (EXAMPLES / name).read_text(encoding="utf-8")
        (desk.folder / name).write_text(desk.put(text))
    (desk.folder / "release-gate.sh").chmod(0o755)
    return desk


def work(desk, steps, environment, status=0):
    """Run the shell steps of a job as its runner would: after a failure only those for always."""
    failed = False
    for step, always in steps:
        if step.startswith("python -m pip install") or (failed and not always):
            continue
        quick = step.replace("receiptspec run", f"receiptspec run {QUICK}")
        quick = quick.replace("next-release\n", f"next-release {QUICK}\n")
        code, said = desk.run(quick, options="-e", **environment)
        assert "Traceback" not in said
        if code and not failed:
            assert code == status, said
            failed = True
    assert failed == bool(status)


def github_steps(name, job):
    steps = load(name)["jobs"][job]["steps"]
    return [
        (step["run"] + "\n", "always()" in step.get("if", "")) for step in steps if "run" in step
    ]


def gitlab_steps(job):
    return [(line + "\n", False) for line in load("gitlab-ci.yml")[job]["script"]]


@pytest.mark.parametrize("broken", [False, True], ids=["conforming", "broken"])
def test_the_github_job_judges_and_publishes_also_when_it_is_red(repository, broken):
    serve(repository, repository.replaced["8080"], *(["--fault", "list-null"] if broken else []))
    summary = repository.folder / "step-summary.md"
    environment = {"IM_KEY": KEY, "GITHUB_STEP_SUMMARY": str(summary)}
    work(repository, github_steps("github.yml", "contract"), environment, status=int(broken))
    assert ("| ci | ❌" if broken else "| ci | ✅ conforms") in summary.read_text()
    for name in ("junit.xml", "report.sarif", "report.html"):
        assert (repository.folder / "out" / name).stat().st_size
    assert KEY not in "".join(p.read_text() for p in (repository.folder / "out").iterdir())


def test_the_gitlab_job_judges(repository):
    serve(repository, repository.replaced["8080"])
    environment = {"IM_KEY": KEY, "IM_URL": f"http://127.0.0.1:{repository.replaced['8080']}"}
    work(repository, gitlab_steps("contract"), environment)
    job = load("gitlab-ci.yml")["contract"]
    assert (repository.folder / job["artifacts"]["reports"]["junit"]).exists()


@pytest.mark.parametrize("example", ["github", "gitlab"])
def test_a_release_that_is_worse_is_stopped(repository, example):
    serve(repository, repository.replaced["8080"])
    serve(repository, repository.replaced["8081"], "--fault", "list-renamed")
    summary = repository.folder / "step-summary.md"
    environment = {"IM_KEY": KEY, "GITHUB_STEP_SUMMARY": str(summary)}
    steps = gitlab_steps("before-release")
    if example == "github":
        steps = github_steps("github.yml", "before-release")
    work(repository, steps, environment, status=1)
    difference = json.loads((repository.folder / "gate" / "difference.json").read_text())
    assert "TC-GMR-01" in json.dumps(difference)


def test_a_release_that_came_to_no_verdict_is_not_compared(repository):
    serve(repository, repository.replaced["8080"])
    script = f"./release-gate.sh last-release next-release {QUICK}"
    assert repository.run(script, IM_KEY=KEY)[0] == 6
    assert not (repository.folder / "gate" / "difference.json").exists()


def test_what_is_allowed_stops_no_release(repository):
    serve(repository, repository.replaced["8080"])
    serve(repository, repository.replaced["8081"], "--fault", "group-id-not-needed")
    script = f"./release-gate.sh last-release next-release {QUICK}"
    assert repository.run(script, IM_KEY=KEY, ALLOW="TC-GMR-17 TC-GMR-01")[0] == 0


def test_the_nightly_job_compares_with_the_night_before(repository):
    (repository.folder / "targets.yaml").write_text("one: {vendor: tencent, embedded: true}\n")
    environment = {"GITHUB_STEP_SUMMARY": str(repository.folder / "step-summary.md")}
    steps = github_steps("nightly.yml", "watch")
    work(repository, steps, environment)
    (repository.folder / "targets.yaml").write_text(
        "one: {vendor: tencent, embedded: {faults: [list-null]}}\n"
    )
    work(repository, steps, environment, status=1)
    kept = json.loads((repository.folder / "last" / "report.json").read_text())
    assert kept["run"]["exit_code"] == 1


def test_the_image_says_when_it_is_ready(desk):
    serve(desk, desk.replaced["8080"])
    text = (EXAMPLES / "Dockerfile").read_text(encoding="utf-8")
    probe = json.loads(re.search(r"^HEALTHCHECK .* CMD (\[.*\])$", text, re.MULTILINE)[1])
    assert desk.run(shlex.join(probe))[0] == 0
    desk.end()
    assert desk.run(f"sleep 1; {shlex.join(probe)}")[0] != 0


@pytest.mark.parametrize("name", WORKFLOWS)
def test_secrets_of_workflows_are_given_to_steps_and_not_to_shells(name):
    for job in load(name)["jobs"].values():
        assert int(job["timeout-minutes"]) <= 60
        for step in job["steps"]:
            assert "secrets." not in step.get("run", "")


def test_reports_are_published_whatever_the_run_says():
    steps = load("github.yml")["jobs"]["contract"]["steps"]
    after = steps[[step.get("name") for step in steps].index("Judge") + 1 :]
    assert len(after) == 3
    assert all("always()" in step["if"] for step in after)
    assert load("gitlab-ci.yml")["contract"]["artifacts"]["when"] == "always"


@pytest.mark.parametrize(
    ("name", "schema"),
    [
        ("github.yml", "vendor.github-workflows"),
        ("nightly.yml", "vendor.github-workflows"),
        ("gitlab-ci.yml", "vendor.gitlab-ci"),
    ],
)
def test_the_services_would_take_the_examples(name, schema):
    if importlib.util.find_spec("check_jsonschema") is None:
        pytest.skip(
            "check-jsonschema, which has the schemas of GitHub and GitLab, is not installed"
        )
    words = ["-m", "check_jsonschema", "--builtin-schema", schema, EXAMPLES / name]
    done = subprocess.run([sys.executable, *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
