"""Several fields of a body broken at once."""

import json

import pytest

from receiptspec.scenes import ruins

SCHEMA = {
    "properties": {
        "Id": {"type": "string", "x-live": "group"},
        "Text": {"type": "string"},
        "Type": {"type": "string", "enum": ["a"]},
        "Number": {"type": "integer"},
        "Other": {"type": "integer"},
        "Names": {"type": "array", "items": {"type": "string"}},
        "Items": {"type": "array", "items": {"properties": {"Key": {"type": "string"}}}},
    }
}
BODY = {"Id": "g", "Number": 1, "Items": [{"Key": "k", "Content": {"Text": "a"}}]}
WAYS = dict(ruins.ruins(SCHEMA, BODY))


def test_values_get_another_type_at_every_level():
    way = WAYS["values of another type"]
    assert way["Id"] == 1
    assert way["Number"] == "x"
    assert way["Names"] == [1]
    assert way["Items"] == [{"Key": 1}, "x"]


def test_numbers_fit_no_64_bits_on_either_side():
    way = WAYS["numbers beyond 64 bits"]
    assert {way["Number"], way["Other"]} == {2**64, -(2**63) - 1}
    assert "Id" not in way


def test_texts_are_long_and_hold_a_nul():
    way = WAYS["long texts and a NUL"]
    assert len(way["Id"]) > 255
    assert "\0" in way["Id"]
    assert "Number" not in way


def test_half_characters_stand_in_what_is_kept_and_not_in_ids():
    way = WAYS["halves of characters"]
    assert way["Text"] == "\ud800"
    assert not {"Id", "Type"} & set(way)
    assert way["Items"] == [{"Key": "k", "Content": {"Text": "\ud800"}}]


def test_what_is_optional_is_broken_alone_as_well():
    assert set(WAYS["what is optional"]) == {"Text", "Type", "Other", "Names"}


@pytest.mark.parametrize("fields", WAYS.values(), ids=WAYS)
def test_whatever_is_broken_can_be_written(fields):
    written = ruins.put(BODY, fields)
    assert written.isascii()
    assert json.loads(written).keys() >= fields.keys()
