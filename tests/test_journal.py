"""Nothing is left behind: at the end, on failure, on any signal, after a crash."""

import json
import os
import re
import resource
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import pytest
from commandline import command, module
from hostile import Hostile
from pace import PATIENCE, wait_for, within

from receiptspec import journal as journals
from receiptspec.cleaning import Left, summed
from receiptspec.errors import ConfigurationError, Inconclusive, OperationMissing
from receiptspec.exchange import Secret
from receiptspec.journal import Journal, default_folder, finished, leftovers, take
from receiptspec.neutral import Call
from receiptspec.reference import Settings, launch
from receiptspec.report import FORMATS
from receiptspec.run import clean_up
from receiptspec.stage import Stage
from receiptspec.targets import Budget, Target, Timeouts

ROOT = Path(__file__).parent.parent
RUN = (sys.executable, "-m", "receiptspec", "run", "--target", "t", "--seed", "1")
KEY = "canary-key-of-the-journal-tests"


def journal(folder, **changes):
    fields = {"run": "0123abcd", "target": "t", "url": "http://127.0.0.1:1", **changes}
    return Journal(folder, **fields)


def entries(folder):
    return [
        json.loads(line) for path in leftovers(folder) for line in path.read_text().splitlines()
    ]


# --- the file -----------------------------------------------------------------------------


def test_nothing_made_leaves_no_file(tmp_path):
    kept = journal(tmp_path / "j")
    kept.close()
    assert not (tmp_path / "j").exists()


def test_what_is_made_is_written_before_it_is_made_and_gone_at_the_end(tmp_path):
    kept = journal(tmp_path / "j")
    number = kept.intends("rs0123ab")
    assert [e["event"] for e in entries(tmp_path / "j")] == ["run", "intends"]
    kept.made(number, "@TGS#1")
    assert [(item.name, item.id) for item in kept.left] == [("rs0123ab", "@TGS#1")]
    kept.gone("@TGS#1")
    kept.close()
    assert list((tmp_path / "j").iterdir()) == []


def test_a_crash_leaves_what_can_be_taken_up(tmp_path):
    kept = journal(tmp_path)
    kept.made(kept.intends("a"), "@TGS#1")
    kept.nothing(kept.intends("b"))
    kept.intends("c")
    assert [take(path) for path in leftovers(tmp_path)] == [None]  # its run lives
    with kept.path.open("a") as stream:
        stream.write('{"event": "inte')  # the crash
    os.close(kept._handle)
    (path,) = leftovers(tmp_path)
    found = take(path)
    assert [(item.name, item.id) for item in found.left] == [("a", "@TGS#1"), ("c", None)]
    assert (found.target, found.url, found.run) == ("t", "http://127.0.0.1:1", "0123abcd")
    found.gone("@TGS#1")
    found.close()
    assert [(item.name, item.id) for item in take(path).left] == [("c", None)]


def test_the_state_directory_of_the_user_is_used(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert default_folder() == tmp_path / "receiptspec" / "journal"
    monkeypatch.setenv("XDG_STATE_HOME", "relative")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert default_folder() == tmp_path / ".local" / "state" / "receiptspec" / "journal"


def test_only_the_user_may_read_it(tmp_path):
    kept = journal(tmp_path / "j")
    kept.intends("a")
    assert (tmp_path / "j").stat().st_mode & 0o077 == 0
    assert kept.path.stat().st_mode & 0o077 == 0
    kept.close()


def test_nothing_is_made_when_it_cannot_be_noted(tmp_path):
    (tmp_path / "file").write_text("mine")
    with pytest.raises(Inconclusive, match=r"nothing is made, as the journal in .* cannot"):
        journal(tmp_path / "file").intends("a")
    with Hostile() as server:
        stage = staged(server.url, Journal(tmp_path / "file", "r", "t", server.url))
        with pytest.raises(Inconclusive, match="nothing is made"):
            stage.call(Call("create_group", {"Type": "Public", "Name": "a"}))
        stage.close()
        assert not any(b"create_group" in head for head, _ in server.seen)


def test_a_folder_that_cannot_be_read_is_a_mistake_of_the_user(tmp_path):
    (tmp_path / "file").write_text("mine")
    with pytest.raises(ConfigurationError, match="journals cannot be read"):
        leftovers(tmp_path / "file")


# --- a stage ------------------------------------------------------------------------------


def auth_of(server):
    return {"sdkappid": server.sdkappid, "identifier": server.identifier, "key": server.key}


def staged(url, kept, *, auth=None, **changes):
    auth = auth or {"sdkappid": 1, "identifier": "administrator", "key": KEY}
    auth = {**auth, "key": Secret(auth["key"])}
    fields = {"auth": auth, "writes": True, "timeouts": Timeouts(1, 2, 3), **changes}
    return Stage(Target("t", "tencent", url=url, **fields), origin=url, journal=kept)


@pytest.fixture(scope="module")
def reference():
    with launch(Settings(key=KEY)) as server:
        yield server


def exists(server, group):
    stage = staged(server.url, None, auth=auth_of(server))
    answer = stage.call(Call("get_group_member_info", {"GroupId": group}))
    stage.close()
    return answer.accepted


def test_groups_of_scenes_and_of_single_calls_are_noted_and_dismissed(tmp_path, reference):
    kept = journal(tmp_path, url=reference.url)
    stage = staged(reference.url, kept, auth=auth_of(reference), budget=Budget(requests=10))
    first = stage.group(3)
    second = stage.must(Call("create_group", {"Type": "Public", "Name": "x"})).get("GroupId")
    refused = stage.call(Call("create_group", {"Type": "Nonsense", "Name": "x"}))
    assert refused.refused
    assert [item.id for item in kept.left] == [first.id, second]
    assert exists(reference, second)
    assert KEY not in kept.path.read_text()
    assert "usersig" not in kept.path.read_text()
    with pytest.raises(Inconclusive, match="budget"):
        stage.users(12)
    assert stage.clean(5) == []
    stage.close()
    assert list(tmp_path.iterdir()) == []
    assert not exists(reference, first.id)
    assert not exists(reference, second)


def test_a_group_that_a_check_dismissed_is_no_leftover(tmp_path, reference):
    kept = journal(tmp_path, url=reference.url)
    stage = staged(reference.url, kept, auth=auth_of(reference))
    group = stage.group(2)
    stage.must(stage.driver.dismiss(group))
    assert kept.left == []
    stage.close()


def test_what_the_budget_kept_from_being_sent_is_no_leftover(tmp_path, reference):
    kept = journal(tmp_path, url=reference.url)
    stage = staged(reference.url, kept, auth=auth_of(reference), budget=Budget(requests=2))
    named = Call("create_group", {"Type": "Public", "Name": "a", "GroupId": "chosen"})
    for call in (named, Call("create_group", {"Type": "Public", "Name": "b"})):
        with pytest.raises(Inconclusive, match="budget of 2 requests"):
            stage.call(call)
    with pytest.raises(Inconclusive, match="budget"):
        stage.at_once([named])
    assert kept.left == []
    assert stage.clean(5) == []
    assert stage.sent == 1
    stage.close()


def test_what_is_not_there_made_nothing(tmp_path):
    with Hostile("echo-page", when=lambda _n, talk: b"create_group" in talk.head) as server:
        kept = journal(tmp_path, url=server.url)
        stage = staged(server.url, kept)
        with pytest.raises(OperationMissing):
            stage.call(Call("create_group", {"Type": "Public", "Name": "rsabc"}))
        assert kept.left == []
        stage.close()


def test_a_lost_answer_leaves_a_name_to_look_for(tmp_path):
    with Hostile("close-before", when=lambda _n, talk: b"create_group" in talk.head) as server:
        kept = journal(tmp_path, url=server.url)
        stage = staged(server.url, kept)
        stage.call(Call("create_group", {"Type": "Public", "Name": "rsabc"}))
        lines = stage.clean(5)
        stage.close()
    assert lines
    assert {*map(str, lines)} == {"t: group rsabc: it may be there, its id never came back"}


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("close-before", "connection dropped"),
        ("html-502", "502"),
        ("silence", "no answer in time"),
        ("too-many", "throttled"),
    ],
)
def test_what_cannot_be_dismissed_stays_noted_and_takes_no_longer_than_it_may(tmp_path, name, says):
    with Hostile(name) as server:
        kept = journal(tmp_path, url=server.url)
        for number in range(4):
            kept.made(kept.intends("a"), f"@TGS#{number}")
        stage = staged(server.url, kept)
        with within(2):
            lines = stage.clean(1.0)
        stage.close()
    assert len(lines) == 4
    assert says in lines[0].why
    assert len(leftovers(tmp_path)) == 1


# --- cleanup ------------------------------------------------------------------------------


def crashed(folder, url, *ids, target="t"):
    kept = journal(folder, url=url, target=target, run=f"run{time.monotonic_ns()}")
    for id_ in ids:
        kept.made(kept.intends("rsname"), id_)
    os.close(kept._handle)


def targets_file(folder, url, auth, **more):
    block = {"vendor": "tencent", "url": url, "auth": auth, **more}
    (folder / "targets.yaml").write_text(json.dumps({"t": block}))


def test_cleanup_removes_what_a_crash_left_and_lists_the_rest(tmp_path, reference):
    stage = staged(reference.url, None, auth=auth_of(reference))
    group = stage.group(2).id
    stage.close()
    folder = tmp_path / "state" / "receiptspec" / "journal"
    crashed(folder, reference.url, group, "@TGS#gone-already", None)
    crashed(folder, "http://127.0.0.1:1", "@TGS#elsewhere")
    crashed(folder, reference.url, "@TGS#unknown", target="forgotten")
    targets_file(tmp_path, reference.url, auth_of(reference))
    env = {"XDG_STATE_HOME": str(tmp_path / "state")}
    done = command("cleanup", cwd=tmp_path, env=env)
    assert done.returncode == 6
    assert done.stderr == ""
    assert set(done.stdout.splitlines()) == {
        f"removed t: group {group}",
        "removed t: group @TGS#gone-already",
        "left    t: group rsname: it may be there, its id never came back",
        "left    t: group @TGS#elsewhere: it was made at http://127.0.0.1:1, "
        f"but t is now at {reference.url}",
        "left    forgotten: targets.yaml has no such target; say --targets FILE",
    }
    assert not exists(reference, group)
    again = command("cleanup", "--target", "t", cwd=tmp_path, env=env)
    assert "removed" not in again.stdout
    assert len(leftovers(folder)) == 3


def test_cleanup_of_nothing_says_so(tmp_path, reference):
    targets_file(tmp_path, reference.url, auth_of(reference))
    done = command("cleanup", "--journal", "none", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, "nothing to clean up in none\n")


def test_cleanup_keeps_its_hands_off_a_run_that_lives(tmp_path, reference):
    kept = journal(tmp_path, url=reference.url)
    kept.made(kept.intends("a"), "@TGS#alive")
    target = Target("t", "tencent", url=reference.url, auth=auth_of(reference), writes=True)
    assert clean_up(finished(tmp_path), {"t": target}) == ([], [])
    assert [item.id for item in kept.left] == ["@TGS#alive"]
    assert kept.path.exists()
    kept.gone("@TGS#alive")
    kept.close()


# --- whole runs ---------------------------------------------------------------------------


@contextmanager
def running(folder, *options, url, auth, **more):
    targets_file(folder, url, auth, **more)
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "XDG_STATE_HOME": str(folder / "state")}
    process = subprocess.Popen(
        [*RUN, "--report", "out", *options],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def made_by(server):
    made = [json.loads(b) for h, b in server.seen if b"/create_group?" in h and b[:1] == b"{"]
    return len(made)


def ended(process, number, seconds=10):
    """Send a signal, after which it ends in time; return exit status and all that was said."""
    with within(seconds):
        process.send_signal(number)
        out, err = process.communicate(timeout=PATIENCE)
    assert "Traceback" not in out + err, err
    return process.returncode, out + err


def group_in(body):
    """Return the group that a body names, ``None`` where it is broken."""
    try:
        found = json.loads(body)
    except ValueError:
        return None
    named = found.get("GroupId") if isinstance(found, dict) else None
    return named if isinstance(named, str) else None


def place(folder):
    return folder / "state" / "receiptspec" / "journal"


def groups_left(server):
    made = {group_in(b) for h, b in server.answers if b"/create_group?" in h}
    gone = {group_in(b) for h, b in server.seen if b"/destroy_group?" in h}
    return made - gone - {None}


class Counting(Hostile):
    """Remembers what was answered to what makes groups."""

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        self.answers = []

        def honest(talk):
            status, body = talk.honest()
            self.answers.append((talk.head, body))
            talk.answer(body, status=f"{status} OK")

        self.behaviour = honest


@pytest.fixture
def counting(reference):
    with Counting(upstream=reference.url) as server:
        yield server


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("after", [1, 60, 250])
def test_an_interrupted_run_reports_cleans_up_and_ends_at_once(
    tmp_path, reference, counting, number, after
):
    with running(tmp_path, url=counting.url, auth=auth_of(reference)) as process:
        wait_for(lambda: len(counting.seen) >= after)
        status, said = ended(process, number)
    assert status == 2, said
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    assert report["run"]["exit_code"] == 2
    assert report["summary"]["outcomes"]["error"] == 0
    left = [item for path in leftovers(place(tmp_path)) for item in take(path).left]
    assert len(groups_left(counting)) <= len(left) <= 1, "the call that was interrupted, at most"
    assert all(item.id is None and f"group {item.name}: it may be there" in said for item in left)
    assert {path.name for path in (tmp_path / "out").iterdir()} == {*FORMATS, "run.jsonl"}


def test_a_group_whose_making_is_interrupted_is_told(tmp_path, reference):
    slow = threading.Event()

    def late(talk):
        status, body = talk.honest()
        if b"/create_group?" in talk.head:
            slow.set()
            time.sleep(2)
        talk.answer(body, status=f"{status} OK")

    with Hostile(upstream=reference.url) as server:
        server.behaviour = late
        with running(tmp_path, url=server.url, auth=auth_of(reference)) as process:
            assert slow.wait(PATIENCE)
            status, said = ended(process, signal.SIGINT)
    assert status == 2, said
    (left,) = [item for path in leftovers(place(tmp_path)) for item in take(path).left]
    assert left.id is None
    assert f"group {left.name}: it may be there" in said


def test_parallel_workers_are_interrupted_too(tmp_path, reference, counting):
    with running(tmp_path, "-n", "2", url=counting.url, auth=auth_of(reference)) as process:
        wait_for(lambda: made_by(counting) >= 4)
        status, said = ended(process, signal.SIGTERM)
    assert status == 2, said
    assert (tmp_path / "out" / "report.json").exists()
    folder = place(tmp_path)
    noted = {item.id for path in leftovers(folder) if (found := take(path)) for item in found.left}
    assert groups_left(counting) <= noted


def test_a_target_that_is_silent_does_not_keep_a_run_from_ending(tmp_path, reference):
    with (
        Hostile("silence", upstream=reference.url, when=lambda n, _t: n > 100) as server,
        running(tmp_path, url=server.url, auth=auth_of(reference)) as process,
    ):
        wait_for(lambda: len(server.seen) > 101)
        status, said = ended(process, signal.SIGINT)
    assert status == 2
    folder = tmp_path / "state" / "receiptspec" / "journal"
    assert len(leftovers(folder)) == 1
    assert re.search(r"left behind on t: .*@TGS#", said)
    assert "receiptspec cleanup tries again" in said


def test_a_run_that_was_killed_is_cleaned_up_later(tmp_path, reference, counting):
    with running(tmp_path, url=counting.url, auth=auth_of(reference)) as process:
        wait_for(lambda: made_by(counting) >= 3)
        process.kill()
        process.wait()
    assert groups_left(counting)
    env = {"XDG_STATE_HOME": str(tmp_path / "state")}
    done = command("cleanup", "--target", "t", cwd=tmp_path, env=env)
    assert len(groups_left(counting)) == done.stdout.count("it may be there")
    assert "removed t: group @TGS#" in done.stdout
    kept = b"".join(p.read_bytes() for p in (tmp_path / "state").rglob("*") if p.is_file())
    assert KEY.encode() not in kept
    assert KEY not in done.stdout + done.stderr


def test_a_failing_run_leaves_nothing_either(tmp_path, counting, reference):
    (tmp_path / "out").mkdir()
    targets_file(tmp_path, counting.url, auth_of(reference))
    options = ["--requirement", "TC-GMR-01", "--report", "out", "--journal", "noted"]
    done = command("run", "--target", "t", *options, cwd=tmp_path)
    assert done.returncode == 0
    assert groups_left(counting) == set()
    assert list((tmp_path / "noted").iterdir()) == []


# --- files --------------------------------------------------------------------------------


def test_two_runs_cannot_write_into_one_folder(tmp_path, reference, counting):
    with running(tmp_path, url=counting.url, auth=auth_of(reference)) as process:
        wait_for(lambda: counting.seen)
        second = command("run", "--target", "t", "--report", "out", cwd=tmp_path)
        assert (second.returncode, second.stdout) == (4, "")
        assert second.stderr == (
            "receiptspec: out: another run writes its report there; give each run its own\n"
        )
        ended(process, signal.SIGINT)
    assert (tmp_path / "out" / "report.json").exists()
    options = ["--requirement", "TC-GMR-17", "--report", "out"]
    third = command("run", "--target", "t", *options, cwd=tmp_path)
    assert third.returncode == 0


def test_a_full_disk_keeps_the_verdict_and_the_old_report(tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "report.json").write_text("the old one")
    done = module(
        *("receiptspec", "run", "--target", "reference", "--profile", "smoke", "--report", "out"),
        cwd=tmp_path,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000)),
    )
    assert done.returncode == 4
    assert "reference: conforms" in done.stdout
    assert done.stderr.count("\n") == 1
    assert re.match(
        r"receiptspec: out/\S+: the report cannot be written: File too large$", done.stderr
    )
    assert "reports:" not in done.stdout
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"report.json", "run.jsonl"}
    assert (tmp_path / "out" / "report.json").read_text() == "the old one"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_folder_is_told_in_one_line(tmp_path):
    folder = tmp_path / "out"
    folder.mkdir(mode=0o500)
    done = command("run", "--report", "out", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (4, "")
    assert done.stderr == "receiptspec: out: reports cannot be written there: Permission denied\n"


def test_a_journal_that_cannot_be_written_stops_before_anything_is_sent(tmp_path, reference):
    (tmp_path / "file").write_text("mine")
    targets_file(tmp_path, reference.url, auth_of(reference))
    options = ["--journal", "file", "--requirement", "TC-GMR-17"]
    done = command("run", "--target", "t", *options, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (4, "")
    assert done.stderr.count("\n") == 1
    assert "the journal of what is made cannot be written there" in done.stderr
    assert "--journal DIR" in done.stderr
    assert journals.leftovers(tmp_path) == []


def test_many_groups_left_for_one_reason_have_one_line():
    one, two = Left("t", "a", "refused"), Left("t", "b", "late")
    many = [Left("t", f"c{number}", "code 10003") for number in range(70)]
    assert summed([one, one, two]) == [
        "t: group a: refused (2 of that name)",
        "t: group b: late",
    ]
    assert summed([*many, one])[0] == "t: 70 groups, c0 being the first: code 10003"
    assert len(summed([*many, one])) == 2
