import pytest

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
        ("a: !!python/object:os.system x", "not YAML"),
        (b"\xff\xfe\xff", "cannot be read"),
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
