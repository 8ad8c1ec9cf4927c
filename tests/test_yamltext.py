from pathlib import Path

import pytest
import yaml

from receiptspec.errors import ConfigurationError
from receiptspec.yamltext import load


@pytest.fixture
def write(tmp_path):
    def _write(text):
        file = tmp_path / "file.yaml"
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
        return file

    return _write


def test_only_json_like_scalars_are_not_text(write):
    data = load(write("a: [on, no, 1_000, 12:30, 2026-11-21, 010, 0x1F, .5, 1e3]")).data
    assert data == {"a": ["on", "no", "1_000", "12:30", "2026-11-21", "010", "0x1F", ".5", "1e3"]}
    data = load(write("a: [true, false, null, ~, 7, -7, 1.5]")).data
    assert data == {"a": [True, False, None, None, 7, -7, 1.5]}


def test_brackets_in_text_are_not_nested(write):
    text = "[" * 300
    assert load(write(f"a: '{text}'\nb: &b [x]\nc: [*b, *b]")).data["c"] == [["x"], ["x"]]


def test_lines_are_remembered(write):
    source = load(write("a:\n  b: 1\n  c:\n    - x\n    - y\n"))
    assert source.line(("a", "b")) == 2
    assert source.line(("a", "c", 1)) == 5
    assert source.line(("a", "nowhere")) == 1


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a: [", "not YAML"),
        ("a: 1\na: 2", "'a' stands here twice"),
        ("? [x]\n: 1", "a key must be plain text"),
        ("a: !!python/object:os.system x", "a: the tag !!python/object:os.system is not supported"),
        ("a: !own {b: 1}", "a: the tag !own is not supported"),
        ("a: !!timestamp 2026-11-21", "the tag !!timestamp is not supported"),
        ("a: !!int abc", "a: is no int;"),
        ("a: !!float abc", "a: is no float;"),
        ("a: !!bool abc", "a: is no bool;"),
        ("a: " + "7" * 5000, "a: a number that is too long"),
        ("a: !!int 0x" + "7" * 5000, "a: a number that is too long"),
        ("a: !!float .inf", "is no finite number"),
        ("a: 1.0e999", "is no finite number"),
        ("a: &x [*x]", "a.0: an anchor that holds itself"),
        ("a: &x {b: [{c: *x}]}", "a.b.0.c: an anchor that holds itself"),
        ("b: &b {x: 1}\na:\n  <<: *b", ":3: a.<<: merge keys (<<) are not supported"),
        ("a: " + "[" * 100_000, "nested too deeply"),
        ("a:\n  " + "- " * 100_000, "nested too deeply"),
        ("\n".join(" " * level + "a:" for level in range(300)), "nested too deeply"),
        (b"\xff\xfe\xff", "cannot be read: not UTF-8; save it so"),
    ],
)
def test_a_broken_file_is_one_line_with_its_place(write, text, says):
    file = write(text)
    with pytest.raises(ConfigurationError) as caught:
        load(file)
    message = str(caught.value)
    assert says in message
    assert str(file) in message
    assert "\n" not in message


def test_aliases_cannot_blow_up(write):
    text = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n"
    for level in range(1, 9):
        text += f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 9)}]\n"
    with pytest.raises(ConfigurationError, match="too large"):
        load(write(text))


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ConfigurationError, match="no such file"):
        load(tmp_path / "none.yaml")


@pytest.mark.parametrize("folder", ["schemas", "suites", "receiptspec", "examples"])
def test_what_is_packaged_is_read_without_libyaml_too(folder):
    files = sorted((Path(__file__).parents[1] / folder).rglob("*.y*ml"))
    assert files
    for file in files:
        assert yaml.compose(file.read_text(encoding="utf-8"), yaml.SafeLoader) is not None, file
