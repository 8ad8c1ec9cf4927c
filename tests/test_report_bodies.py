import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from receiptspec.report.bodies import layout

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


def shown(lines):
    return "\n".join("".join(piece.text for piece in line) for line in lines)


def marked(text, *paths, **options):
    lines = layout(text, dict.fromkeys(paths, "expected 3"), **options)
    return [piece.text for line in lines for piece in line if piece.mark]


@given(JSON, st.booleans())
def test_what_is_laid_out_reads_as_the_same_value(value, ascii_only):
    text = json.dumps(value, ensure_ascii=ascii_only)
    assert json.loads(shown(layout(text, {}, most=10_000))) == value


def test_tokens_stay_as_they_were_sent():
    text = '{"a": 1.0, "a": 1e3, "b": "\\u0041\\/", "c": NaN, "d": 01}'
    laid = shown(layout(text, {}))
    for token in ('"a": 1.0', '"a": 1e3', '"\\u0041\\/"', "NaN", "01"):
        assert token in laid
    assert laid.count('"a"') == 2


BODY = '{"Code":0,"List":[{"ReadNum":4},{"ReadNum":5,"Of":{}}]}'


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("$.List[1].ReadNum", ['"ReadNum": 5']),
        ("$.Code", ['"Code": 0']),
        ("$.List[1].Of", ['"Of": {}']),
        ("$.List", ['"List": [']),
        ("$.List[0].UnreadNum", ["{"]),
        ("$.List[7].ReadNum", ['"List": [']),
        ("$", []),
        ("$.Missing", []),
        ("HTTP status", []),
        ("", []),
    ],
)
def test_the_place_is_marked_or_what_is_nearest_to_it(path, found):
    assert marked(BODY, path) == found


def test_several_places_are_marked():
    assert marked(BODY, "$.Code", "$.List[0].ReadNum") == ['"Code": 0', '"ReadNum": 4']


def test_a_repeated_key_is_marked_each_time():
    assert marked('{"a":1,"a":2}', "$.a") == ['"a": 1', '"a": 2']


@pytest.mark.parametrize(
    "text",
    ["", "<html>\n</html>", '{"a":1', '{"a" 1}', '{"a":1}x', "[1,]", "[1 2]", '"', "[" * 5000],
)
def test_what_is_no_json_comes_as_it_is(text):
    assert shown(layout(text, {"$.a": "x"})) == text


def test_what_is_far_from_the_mark_is_left_out():
    text = json.dumps([{"Number": number} for number in range(1000)])
    lines = layout(text, {"$[700].Number": "x"}, most=60)
    assert len(lines) < 40
    assert '"Number": 700' in shown(lines)
    assert "⋯" in shown(lines)
    assert len(layout(text, {}, most=60)) == 60
