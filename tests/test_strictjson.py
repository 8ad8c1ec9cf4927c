import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from receiptspec.strictjson import RawNumber, read, walk

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(JSON)
def test_whatever_the_standard_library_writes_is_read_without_a_problem(value):
    document = read(json.dumps(value, ensure_ascii=True).encode())
    assert document.readable
    assert document.value == value
    kinds = {problem.kind for problem in document.problems}
    assert kinds <= {"lone surrogate"}


@given(st.binary(max_size=200))
def test_no_bytes_make_the_reader_raise(body):
    document = read(body)
    assert document.readable or document.problems


@pytest.mark.parametrize(
    ("body", "kind", "path"),
    [
        (b"\xef\xbb\xbf{}", "byte order mark", "$"),
        (b'{"a": "\xff"}', "invalid UTF-8", "$"),
        (b'{"a": {"b": 1, "b": 2}}', "duplicate key", "$.a.b"),
        (b'{"a": [1, NaN]}', "not a JSON number", "$.a[1]"),
        (b'{"a": -Infinity}', "not a JSON number", "$.a"),
        (b"{} {}", "trailing data", "$"),
        (b"{}\x00", "trailing data", "$"),
        (b'{"a": "\\ud800"}', "lone surrogate", "$.a"),
        (b'{"a": // comment\n 1}', "not JSON", "$"),
        (b"", "empty body", "$"),
        (b"[" * 100_000, "nested too deeply", "$"),
        (b'{"a b": [NaN]}', "not a JSON number", '$["a b"][0]'),
    ],
)
def test_each_departure_has_its_own_kind_and_path(body, kind, path):
    (problem,) = read(body).problems
    assert (problem.kind, problem.path) == (kind, path)
    assert problem.expected
    assert problem.actual
    assert kind in problem.message


def test_numbers_keep_their_spelling():
    value = read(b'{"one": 1.0, "many": 1e3, "id": 1691070514797524328}').value
    assert value == {"one": "1.0", "many": "1e3", "id": 1691070514797524328}
    assert isinstance(value["one"], RawNumber)
    assert repr(value["one"]) == "1.0"


def test_integers_of_any_size_are_exact_or_kept_as_text():
    assert read(b"9" * 400).value == int("9" * 400)
    assert read(b"9" * 5000).value == "9" * 5000


def test_the_last_of_duplicate_keys_wins_as_in_every_client():
    assert read(b'{"a": 1, "a": 2}').value == {"a": 2}


def test_walk_names_every_place_parents_first():
    paths = [path for path, _ in walk({"a": [1, {"b": 2}]})]
    assert paths == ["$", "$.a", "$.a[0]", "$.a[1]", "$.a[1].b"]
