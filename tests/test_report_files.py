import io
import json
import os
import stat
from concurrent.futures import ThreadPoolExecutor

import pytest
from report_samples import HOSTILE, report, result

from receiptspec.errors import ConfigurationError
from receiptspec.report import FORMATS, files, terminal


def saved(folder, name, made):
    file = folder / name
    file.write_text(json.dumps(made))
    return file


def test_a_file_is_the_old_or_the_new_one(tmp_path, monkeypatch):
    file = tmp_path / "report.json"
    files.write({file: "old"})

    def fails(*_arguments):
        raise KeyboardInterrupt

    with monkeypatch.context() as context:
        context.setattr(type(file), "replace", fails)
        with pytest.raises(KeyboardInterrupt):
            files.write({file: "new"})
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [(file.name, "old")]


def test_a_link_stays_a_link(tmp_path):
    place, link = tmp_path / "place.json", tmp_path / "link.json"
    place.write_text("old")
    link.symlink_to(place)
    files.write({link: "new"})
    assert link.is_symlink()
    assert place.read_text() == "new"
    assert sorted(tmp_path.iterdir()) == [link, place]


def test_a_pipe_is_written_to(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with ThreadPoolExecutor(1) as pool:
        read = pool.submit(pipe.read_text)
        files.write({pipe: "new", tmp_path / "beside": "too"})
        assert read.result() == "new"
    assert pipe.is_fifo()


def test_a_report_may_be_read_by_whom_the_user_lets(tmp_path):
    before = os.umask(0o022)
    try:
        [file] = files.write({tmp_path / "report.json": "{}"})
    finally:
        os.umask(before)
    assert stat.S_IMODE(file.stat().st_mode) == 0o644


def test_what_utf8_cannot_hold_is_escaped(tmp_path):
    [file] = files.write({tmp_path / "report.json": json.dumps(HOSTILE, ensure_ascii=False)})
    assert json.loads(file.read_text(encoding="utf-8")) == HOSTILE


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(ConfigurationError, match="cannot be written"):
        files.write({tmp_path / "none" / "report.json": "{}"})


def test_a_report_is_read_back(tmp_path):
    made = report(result("fail"))
    assert files.load([saved(tmp_path, "a.json", made)]) == made


@pytest.mark.parametrize(
    ("text", "says"),
    [(b"{", "is no report"), (b"{}", "is no report"), (b"\xff", "not UTF-8"), (b"[]", "no report")],
)
def test_what_is_no_report_is_named(tmp_path, text, says):
    file = tmp_path / "a.json"
    file.write_bytes(text)
    with pytest.raises(ConfigurationError, match=says) as caught:
        files.load([file])
    assert str(file) in str(caught.value)


def test_a_report_that_is_not_there_is_named(tmp_path):
    with pytest.raises(ConfigurationError, match=r"none\.json: no report there"):
        files.load([tmp_path / "none.json"])


def test_shards_become_one_report():
    one = report(result("pass", "A"), result("not_exercised", "B"))
    two = report(result("not_exercised", "A"), result("fail", "B"))
    other = report(result("pass", "A", "u"))
    both = files.merged([one, two, other])
    found = {(row["target"], row["requirement"]): row["outcome"] for row in both["results"]}
    assert found == {("t", "A"): "pass", ("t", "B"): "fail", ("u", "A"): "pass"}
    assert [target["name"] for target in both["targets"]] == ["t", "u"]
    assert both["run"]["exit_code"] == 1
    assert both["run"]["requests"] == 6
    assert both["run"]["duration_s"] == 37.5
    assert both["summary"]["outcomes"]["fail"] == 1
    assert both["results"][1]["reason"] == "ReadNum is 4"


def test_shards_have_waited_together():
    waited = [
        {"spent_s": 1.5, "window_s": 2.0, "slowest_s": 0.5, "lagged": True},
        {"spent_s": 2.0, "window_s": 2.0, "slowest_s": 0.25, "lagged": False},
    ]
    shards = [report(result()), report(result()), report(result())]
    for shard, waiting in zip(shards, waited, strict=False):
        shard["targets"][0]["waiting"] = waiting
    (target,) = files.merged(shards)["targets"]
    assert target["waiting"] == {
        "spent_s": 3.5,
        "window_s": 2.0,
        "slowest_s": 0.5,
        "lagged": True,
    }
    assert "waiting" not in files.merged([report(result()), report(result())])["targets"][0]


def test_a_shard_that_was_cut_short_makes_the_whole_incomplete():
    both = files.merged([report(), report(complete=False, code=2)])
    assert (both["run"]["complete"], both["run"]["exit_code"]) == (False, 2)


def test_different_contracts_are_not_merged():
    other = report()
    other["targets"][0]["contract"] = "tencent@2025-01"
    with pytest.raises(ConfigurationError, match="2025-01"):
        files.merged([report(), other])


def test_a_report_with_only_what_is_required_can_be_drawn(tmp_path):
    made = report(result("fail"), result("observed", "B", level="MAY"))
    for row in made["results"]:
        for name in ("operation", "text", "source", "impact", "rerun", "observations"):
            del row[name]
    for name in ("description", "targets_file"):
        del made["targets"][0][name]
    del made["run"]["strict"], made["run"]["complete"]
    found = files.load([saved(tmp_path, "a.json", made)])
    for render in FORMATS.values():
        assert render(found)
    terminal.show(found, file=io.StringIO())


def test_a_result_of_a_target_that_is_not_named_is_no_report(tmp_path):
    made = report(result(), result(target="u"), targets=["t"], valid=False)
    with pytest.raises(ConfigurationError, match="does not name"):
        files.load([saved(tmp_path, "a.json", made)])


def test_either_all_files_are_new_or_all_are_old(tmp_path):
    first, second = tmp_path / "a.json", tmp_path / "b.json"
    files.write({first: "old", second: "old"})
    with pytest.raises(ConfigurationError, match="cannot be written"):
        files.write({first: "new", tmp_path / "none" / "c.json": "new", second: "new"})
    assert (first.read_text(), second.read_text()) == ("old", "old")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.json", "b.json"]
