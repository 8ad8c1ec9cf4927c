import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from commandline import ended

from receiptspec import cli, targetfile, yamltext
from receiptspec.commands import starting

WHOLE = ["--vendor", "tencent", "--url", "http://127.0.0.1:8080"]
WHOLE += ["--auth", "sdkappid=1400000000", "--auth", "identifier=administrator"]


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MINE_KEY", raising=False)
    return tmp_path


def init(capsys, *arguments):
    return ended(capsys, "init", *arguments)


def test_a_new_file_begins_with_the_schema_for_editors(here, capsys, monkeypatch):
    code, out, _ = init(capsys, "mine", *WHOLE)
    assert code == 0
    text = (here / "targets.yaml").read_text()
    first = text.splitlines()[0]
    assert first.startswith("# yaml-language-server: $schema=")
    schema = json.loads(Path(first.partition("=")[2]).read_text(encoding="utf-8"))
    assert schema["title"] == "Targets"
    assert "export MINE_KEY=" in out
    assert "receiptspec doctor --target mine" in out
    monkeypatch.setenv("MINE_KEY", "a-secret-of-the-environment")
    target = targetfile.load(here / "targets.yaml", "mine")
    assert (target.vendor, target.url) == ("tencent", "http://127.0.0.1:8080")
    assert target.auth["sdkappid"] == 1400000000
    assert target.auth["key"].reveal() == "a-secret-of-the-environment"
    assert "secret" not in text


def test_the_schema_in_a_checkout_is_named_by_a_relative_path(here):
    folder = starting.resources.path("schemas").parent
    head = starting._head(folder / "targets.yaml").strip()
    assert head == "# yaml-language-server: $schema=schemas/targets.schema.json"


@pytest.mark.parametrize("end", ["", "\n", "\n\n# the end"])
def test_an_existing_file_is_added_to_and_nothing_in_it_changes(here, capsys, end):
    file = here / "targets.yaml"
    before = "# mine\nold: {vendor: tencent,   embedded: true} # odd" + end
    file.write_bytes(before.encode())
    assert init(capsys, "new", "--vendor", "tencent", "--embedded", "--rate", "9/s")[0] == 0
    assert file.read_bytes().decode().startswith(before)
    assert yamltext.load(file).data["new"] == {"vendor": "tencent", "embedded": True, "rate": "9/s"}
    assert targetfile.names(file) == ("old", "new")


def test_a_target_that_is_there_is_never_overwritten(here, capsys):
    init(capsys, "mine", *WHOLE)
    before = (here / "targets.yaml").read_bytes()
    code, _, err = init(capsys, "mine", "--vendor", "tencent", "--embedded")
    assert code == 4
    assert "has a target 'mine' already" in err
    assert (here / "targets.yaml").read_bytes() == before


@pytest.mark.parametrize("text", ["a: [", "- a\n", "{a: {vendor: tencent, embedded: true}}\n"])
def test_a_file_that_cannot_be_added_to_is_left_alone(here, capsys, text):
    file = here / "targets.yaml"
    file.write_text(text)
    code, _, err = init(capsys, "mine", *WHOLE)
    assert code == 4
    assert "targets.yaml" in err
    assert file.read_text() == text
    assert list(here.iterdir()) == [file]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], "name of the target is missing; give NAME"),
        (["mine"], "--vendor"),
        (["mine", "--vendor", "tencnt"], "no vendor 'tencnt'"),
        (["mine", "--vendor", "tencent"], "--url"),
        (["mine", "--vendor", "tencent", "--url", "127.0.0.1"], "is no address"),
        (["mine", "--vendor", "tencent", "--url", "http://[x"], "is no address"),
        (["mine", "--vendor", "tencent", "--url", "http://u:p@h"], "is no address"),
        (["mine", "--vendor", "tencent", "--url", "http://h"], "--auth sdkappid="),
        (["a b", *WHOLE], "cannot be the name"),
        (["mine", *WHOLE, "--auth", "key=abcdef"], "is a secret and is not written"),
        (["mine", *WHOLE, "--auth", "x=1"], "nothing that tencent knows"),
        (["mine", *WHOLE, "--auth", "x"], "has no value"),
        (["mine", *WHOLE, "--auth", "sdkappid=abc"], "sdkappid: 'abc' is no number of an app"),
        (["mine", *WHOLE, "--rate", "fast"], "--rate 'fast' is malformed"),
        (["mine", *WHOLE, "--embedded"], "exclude each other"),
    ],
)
def test_what_is_missing_or_wrong_is_one_line_and_nothing_is_written(here, capsys, arguments, says):
    code, out, err = init(capsys, *arguments)
    assert (code, out) == (4, "")
    assert says in err
    assert err.count("\n") == 1
    assert list(here.iterdir()) == []


def test_a_client_sdk_gets_its_harness(here, capsys):
    sdk = ["--vendor", "tencent-sdk", "--harness", "node 'my harness.js'"]
    assert init(capsys, "embedded", *sdk, "--embedded")[0] == 0
    auth = ["--auth", "sdkappid=1400000000", "--auth", "identifier=administrator"]
    code, out, _ = init(capsys, "served", *sdk, "--url", "http://127.0.0.1:8080", *auth)
    assert code == 0
    assert "export SERVED_KEY=…" in out
    written = yamltext.load(here / "targets.yaml").data
    for name in ("embedded", "served"):
        assert written[name]["harness"] == {"command": ["node", "my harness.js"]}
    assert written["served"]["auth"]["key"] == "${SERVED_KEY}"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--vendor", "tencent-sdk", "--embedded"], "give --harness"),
        (["--vendor", "tencent-sdk", "--embedded", "--harness", "'"], "malformed"),
        (["--vendor", "tencent-sdk", "--embedded", "--harness", " "], "empty"),
        (["--vendor", "tencent", "--embedded", "--harness", "node"], "leave --harness out"),
    ],
)
def test_a_harness_is_for_client_sdks(here, capsys, arguments, says):
    code, _, err = init(capsys, "mine", *arguments)
    assert code == 4
    assert says in err
    assert not (here / "targets.yaml").exists()


def test_a_secret_may_name_its_variable(here, capsys):
    assert init(capsys, "mine", *WHOLE, "--auth", "key=${IM_KEY}")[0] == 0
    block = yamltext.load(here / "targets.yaml").data["mine"]
    assert block["auth"]["key"] == "${IM_KEY}"


def test_names_and_values_that_yaml_would_read_otherwise_are_quoted(here, capsys):
    arguments = ["true", "--vendor", "tencent", "--url", "http://h/a", "--no-writes"]
    arguments += ["--auth", "sdkappid=007", "--auth", "identifier=no: yes #"]
    assert init(capsys, *arguments)[0] == 0
    data = yamltext.load(here / "targets.yaml").data
    assert data["true"]["auth"]["identifier"] == "no: yes #"
    assert data["true"]["auth"]["sdkappid"] == "007"
    assert data["true"]["writes"] is False


def test_a_terminal_is_asked_until_the_answers_will_do(here, capsys, monkeypatch):
    monkeypatch.setattr(starting, "_interactive", lambda: True)
    answers = iter(["a b", "mine", "nobody", "tencent", "h", "http://h", "1400000000", "admin"])
    monkeypatch.setattr(starting.click, "prompt", lambda *_a, **_o: next(answers))
    code, out, _ = init(capsys)
    assert code == 0
    assert "cannot be the name" in out
    assert "no vendor 'nobody'" in out
    assert "is no address" in out
    block = yamltext.load(here / "targets.yaml").data["mine"]
    assert block["auth"] == {"sdkappid": 1400000000, "key": "${MINE_KEY}", "identifier": "admin"}


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_shells_get_a_script_that_completes(here, shell):
    command = [sys.executable, "-m", "receiptspec"]
    environment = {**os.environ, "_RECEIPTSPEC_COMPLETE": f"{shell}_source"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0
    assert f"_RECEIPTSPEC_COMPLETE={shell}_complete" in done.stdout


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ("doc", "doctor"),
        ("run --target on", "one"),
        ("run --requirement TC-GMR-1", "TC-GMR-17"),
        ("judge --vendor t", "tencent"),
        ("deviations ac", "accept"),
    ],
)
def test_names_are_completed(here, words, offered):
    (here / "targets.yaml").write_text("one: {vendor: tencent, embedded: true}\n")
    environment = {
        **os.environ,
        "_RECEIPTSPEC_COMPLETE": "bash_complete",
        "COMP_WORDS": f"receiptspec {words}",
        "COMP_CWORD": str(len(words.split())),
    }
    command = [sys.executable, "-m", "receiptspec"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert f"plain,{offered}" in done.stdout.splitlines()


@pytest.mark.parametrize("name", list(cli._COMMANDS))
def test_every_command_is_learnt_from_its_help(capsys, name):
    with pytest.raises(SystemExit):
        cli.main([name, "--help"]) or sys.exit(0)
    said = capsys.readouterr().out
    assert "Examples:" in said
    assert f"receiptspec {name}" in said
