"""The quick yes agrees with the validator that explains."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_strategies import CASES

from receiptspec.dialect import validator_of
from receiptspec.fitting import compiled
from receiptspec.jsonschemas import RawJson, from_mapping, validator
from receiptspec.mutations import mutations
from receiptspec.strategies import from_schema, fullest, smallest

LEAVES = st.none() | st.booleans() | st.integers(-5, 5) | st.floats(-9, 9) | st.text(max_size=3)
VALUES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3)
    ),
    max_leaves=8,
)


def holds_raw(value):
    if isinstance(value, dict):
        return any(map(holds_raw, value.values()))
    return isinstance(value, RawJson) or (isinstance(value, list) and any(map(holds_raw, value)))


@pytest.mark.parametrize("schema", CASES)
@settings(max_examples=20)
@given(data=st.data())
def test_what_is_generated_fits(schema, data):
    assert schema.fits(data.draw(from_schema(schema)))


@pytest.mark.parametrize("schema", CASES)
@pytest.mark.parametrize("make", [smallest, fullest])
def test_nothing_that_is_broken_fits(schema, make):
    for one in mutations(schema, make(schema)):
        if not holds_raw(one.body):
            assert not schema.fits(one.body), one.label


@pytest.mark.parametrize(
    "tree",
    [
        True,
        False,
        {"type": ["integer", "null"], "minimum": 0, "maximum": 3},
        {"enum": [1, "1", 0]},
        {"enum": [None, True]},
        {"const": 1},
        {"pattern": "^a", "maxLength": 2},
        {"type": "array", "items": {"type": "number"}, "uniqueItems": True},
        {"properties": {"a": {"type": "integer"}}, "required": ["b"]},
        {"properties": {"a": {"type": "string"}}, "additionalProperties": False},
        {"if": {"required": ["a"]}, "then": {"required": ["b"]}, "else": {"maxItems": 1}},
        {"allOf": [{"type": "object"}, {"required": ["c"]}]},
        {"anyOf": [{"type": "integer"}, {"type": "string", "minLength": 2}]},
    ],
    ids=str,
)
@settings(max_examples=150)
@given(value=VALUES)
def test_it_agrees_with_the_validator(tree, value):
    assert compiled(tree)(value) == validator_of(tree).is_valid(value)


def test_a_schema_with_references_follows_them():
    schema = from_mapping(
        {
            "type": "object",
            "properties": {"a": {"$ref": "#/$defs/n"}},
            "$defs": {"n": {"minimum": 2}},
        }
    )
    assert [schema.fits({"a": number}) for number in (1, 2)] == [False, True]
    assert [validator(schema).is_valid({"a": number}) for number in (1, 2)] == [False, True]
