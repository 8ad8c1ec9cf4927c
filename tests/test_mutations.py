import dataclasses

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_strategies import CASES, SAMPLES

from receiptspec.dialect import BREAKABLE
from receiptspec.errors import SchemaError
from receiptspec.jsonschemas import dumps, from_mapping, violations
from receiptspec.mutations import MISSING, RawJson, mutated, mutations, verify
from receiptspec.strategies import fullest, smallest


def catalogue(tree, body=None):
    schema = from_mapping(tree)
    return mutations(schema, fullest(schema) if body is None else body)


def labels(tree, body=None):
    return [one.label for one in catalogue(tree, body)]


@pytest.mark.parametrize("schema", CASES)
@pytest.mark.parametrize("make", [smallest, fullest])
def test_each_mutation_breaks_what_it_claims_and_nothing_else(schema, make):
    for one in mutations(schema, make(schema)):
        found = violations(schema, one.body)
        assert verify(schema, one)
        assert {v.at for v in found} == {one.at}, one.label
        implied = {"anyOf", "oneOf"} | ({"enum", "const"} if one.keyword == "type" else set())
        assert {v.keyword for v in found} - implied <= {one.keyword}, one.label


@pytest.mark.parametrize("schema", CASES)
def test_the_catalogue_is_the_same_each_time(schema):
    body = fullest(schema)
    before = dumps(body)
    first, second = mutations(schema, body), mutations(schema, body)
    assert [dumps(one.body) for one in first] == [dumps(one.body) for one in second]
    assert first == second
    assert dumps(body) == before
    assert len({one.label for one in first}) == len(first)


def test_every_keyword_is_broken_somewhere():
    seen = {one.keyword for tree in SAMPLES.values() for one in catalogue(tree)}
    assert seen == BREAKABLE


def test_types_are_tried_one_by_one():
    found = labels({"type": "object", "properties": {"A": {"type": "integer"}}}, {"A": 5})
    given_ = [label for label in found if label.startswith("/A: ")]
    names = ["null", "boolean", "integral float", "float", "numeric string", "word string"]
    names += ["array", "object"]
    assert given_ == [f"/A: type ({name} for integer)" for name in names]
    assert "/: type (array for object)" in found


def test_a_wrong_type_at_a_list_of_members_counts_as_type():
    tree = {"enum": [0, 1], "type": "integer"}
    assert "/: type (numeric string for integer)" in labels(tree, 0)
    assert "/: enum (above the highest)" in labels(tree, 0)


def test_codes_come_from_the_broken_site():
    by_label = {one.label: one for one in catalogue(SAMPLES["receipts"])}
    missing = by_label["/GroupId: required (missing)"]
    assert missing.codes == frozenset({10004})
    assert (missing.was, missing.now) == ("a", MISSING)
    assert "GroupId" not in missing.body
    assert by_label["/MsgSeqList/*/MsgSeq: minimum (limit-1)"].codes is None
    assert by_label["/MsgSeqList/*/MsgSeq: minimum (limit-1)"].body["MsgSeqList"] == [
        {"MsgSeq": -1}
    ]


def test_bounds_are_missed_by_one():
    tree = {"type": "string", "minLength": 2, "maxLength": 10, "x-maxBytes": 25}
    by_label = {one.label: one.now for one in catalogue(tree)}
    assert len(by_label["/: minLength (limit-1)"]) == 1
    assert len(by_label["/: maxLength (limit+1)"]) == 11
    multibyte = by_label["/: x-maxBytes (limit+1, three-byte characters)"]
    assert (len(multibyte) <= 10, len(multibyte.encode())) == (True, 26)
    assert "/: x-maxBytes (limit+1)" not in by_label


def test_arrays_grow_and_shrink_by_one():
    by_label = {one.label: one.now for one in catalogue(SAMPLES["receipts"])}
    assert by_label["/MsgSeqList: minItems (limit-1)"] == []
    assert len(by_label["/MsgSeqList: maxItems (limit+1)"]) == 301
    assert by_label["/MsgSeqList: uniqueItems (first item twice)"] == [{"MsgSeq": 0}] * 2


def test_a_consequence_of_a_condition_is_not_broken_alone():
    found = labels(SAMPLES["page"], {"Filter": 1, "Count": 5})
    assert "/Count: required (missing)" in found
    assert not any("const" in label for label in found)


@pytest.mark.parametrize(
    ("variant", "wanted", "coercible"),
    [
        ("numeric string", "integer", True),
        ("integral float", "integer", True),
        ("float", "integer", False),
        ("word string", "integer", False),
        ("integer", "string", True),
        ("null", "string", False),
        ("object", "array", False),
    ],
)
def test_only_what_keeps_its_meaning_is_coercible(variant, wanted, coercible):
    value = {"integer": 1, "string": "a", "array": []}[wanted]
    label = f"/: type ({variant} for {wanted})"
    (one,) = [one for one in catalogue({"type": wanted}, value) if one.label == label]
    assert one.coercible is coercible


def test_an_invalid_body_cannot_be_broken():
    with pytest.raises(SchemaError, match=r"\$\.Filter"):
        mutations(from_mapping(SAMPLES["page"]), {"Filter": 7})


def test_verify_refuses_false_claims():
    schema = from_mapping(SAMPLES["page"])
    one = mutations(schema, {"Filter": 0})[0]
    assert not verify(schema, dataclasses.replace(one, body={"Filter": 0}))
    assert not verify(schema, dataclasses.replace(one, keyword="required"))
    assert not verify(schema, dataclasses.replace(one, at="/Filter"))
    two = {"Filter": None, "Count": None}
    claim = dataclasses.replace(one, body=two, at="/Filter", keyword="type")
    assert not verify(schema, claim)


def test_integral_floats_are_written_as_such():
    (one,) = [m for m in catalogue({"type": "integer"}, 3) if m.variant.startswith("integral")]
    assert one.now == RawJson("1.0")
    assert dumps(one.body) == b"1.0"


@pytest.mark.parametrize("schema", [case for case in CASES if case.id != "anything"])
def test_random_mutations_are_verified(schema):
    @settings(max_examples=8, database=None, deadline=None, derandomize=True)
    @given(mutated(schema))
    def check(one):
        assert verify(schema, one)

    check()


def test_random_mutations_use_live_values():
    schema = from_mapping(SAMPLES["receipts"])
    seen = set()

    @settings(max_examples=30, database=None, deadline=None, derandomize=True)
    @given(mutated(schema, {"group": st.just("@LIVE")}))
    def collect(one):
        if isinstance(one.body, dict) and not one.at.startswith("/GroupId"):
            seen.add(one.body["GroupId"])

    collect()
    assert seen == {"@LIVE"}


def test_what_allows_everything_cannot_be_broken():
    assert catalogue({}, 1) == []
