import pytest

from receiptspec import jsonschemas, strictjson
from receiptspec.errors import SchemaError
from receiptspec.jsonschemas import RawJson, dumps, from_mapping, load, violations


def broken(tree, value):
    return [(one.at, one.keyword) for one in violations(from_mapping(tree), value)]


@pytest.mark.parametrize(
    ("tree", "place"),
    [
        ({"not": {}}, "#/not"),
        ({"properties": {"a/b": {"format": "email"}}}, "#/properties/a~1b/format"),
        ({"anyOf": [{}, {"exclusiveMinimum": 1}]}, "#/anyOf/1/exclusiveMinimum"),
        ({"$defs": {"A": {"items": {"prefixItems": []}}}}, "#/$defs/A/items/prefixItems"),
        ({"if": {"x-other": 1}}, "#/if/x-other"),
    ],
)
def test_an_unknown_keyword_is_named_with_its_pointer(tree, place):
    with pytest.raises(SchemaError) as caught:
        from_mapping(tree)
    assert place in str(caught.value)
    assert repr(place.rpartition("/")[2]) in str(caught.value)


@pytest.mark.parametrize(
    "tree",
    [
        {"additionalProperties": {}},
        {"x-maxBytes": -1},
        {"x-live": 1},
        {"x-refused": {"color": {"codes": [1]}}},
        {"x-refused": {"type": {"codes": [None]}}},
        {"type": "int"},
        {"items": []},
        {"$ref": "#/$defs/nowhere"},
        {"$ref": "https://example.com/schema.json"},
        {"$defs": {"A": {"items": {"$ref": "#/$defs/A"}}}, "$ref": "#/$defs/A"},
    ],
)
def test_a_malformed_schema_is_an_error(tree):
    with pytest.raises(SchemaError):
        from_mapping(tree)


def test_annotations_do_not_judge():
    tree = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "https://example.com/a.json",
        "$comment": "c",
        "title": "t",
        "description": "d",
        "default": 1,
        "examples": [1],
        "deprecated": True,
        "x-live": "group",
        "x-unit": "ms",
        "x-requirement": "TC-1",
        "x-refused": {"type": {"codes": [1, "A"]}},
    }
    assert broken(tree, "anything") == []


def test_references_reach_other_files(tmp_path):
    (tmp_path / "common.json").write_text('{"$defs": {"Id": {"type": "string", "minLength": 1}}}')
    (tmp_path / "a.request.json").write_text(
        '{"$id": "https://elsewhere.example/a",'
        ' "properties": {"Id": {"$ref": "common.json#/$defs/Id"}}}'
    )
    schema = load(tmp_path / "a.request.json")
    assert load(tmp_path / "a.request.json") is schema
    assert [one.site for one in violations(schema, {"Id": ""})] == ["/properties/Id/minLength"]
    assert schema.tree["properties"]["Id"] == {"allOf": [{"type": "string", "minLength": 1}]}


def test_an_unknown_keyword_in_a_referenced_file_is_named(tmp_path):
    (tmp_path / "common.json").write_text('{"$defs": {"Id": {"format": "uuid"}}}')
    (tmp_path / "a.json").write_text('{"$ref": "common.json#/$defs/Id"}')
    with pytest.raises(SchemaError, match=r"common.json#/\$defs/Id/format"):
        load(tmp_path / "a.json")


@pytest.mark.parametrize("value", [1.0, True, "1", RawJson("1.0"), strictjson.RawNumber("1e0")])
def test_only_plain_integers_are_integers(value):
    assert broken({"type": "integer"}, value) == [("", "type")]


def test_number_tokens_are_numbers_and_no_strings():
    token = strictjson.RawNumber("1.50")
    assert broken({"type": "number", "minimum": 1.5, "maximum": 1.5}, token) == []
    assert broken({"type": "number", "minimum": 2}, token) == [("", "minimum")]
    assert broken({"type": "string"}, token) == [("", "type")]
    assert broken({"minimum": 1, "maxLength": 0}, strictjson.RawNumber("NaN")) == []


def test_bytes_are_counted_in_utf8():
    assert broken({"x-maxBytes": 4}, "éé") == []
    assert broken({"x-maxBytes": 4}, "ééa") == [("", "x-maxBytes")]


def test_a_pattern_ends_where_the_text_ends():
    assert broken({"pattern": "^a[$]?$"}, "a") == []
    assert broken({"pattern": "^a$"}, "a\n") == [("", "pattern")]
    assert broken({"pattern": r"^\d$"}, "٣") == [("", "pattern")]
    assert broken({"pattern": r"^\$$"}, "$") == []


def test_equal_looking_values_differ():
    assert broken({"enum": [1]}, True) == [("", "enum")]
    assert broken({"const": 0}, False) == [("", "const")]
    assert broken({"uniqueItems": True}, [1, True, "1"]) == []
    assert broken({"uniqueItems": True}, [{"a": 1, "b": 2}, {"b": 2, "a": 1}]) == [
        ("", "uniqueItems")
    ]


def test_a_violation_tells_place_expectation_and_requirement():
    tree = {
        "x-requirement": "R-0",
        "properties": {
            "List": {
                "items": {
                    "required": ["Id"],
                    "properties": {
                        "Id": {"$ref": "#/$defs/Id", "x-requirement": "R-1"},
                        "No": {"type": "integer"},
                    },
                }
            }
        },
        "$defs": {"Id": {"type": "string", "x-requirement": "R-2"}},
    }
    schema = from_mapping(tree)
    missing, wrong, other = violations(schema, {"List": [{}, {"Id": 1, "No": "x"}]})
    assert (missing.keyword, missing.path, missing.actual) == (
        "required",
        "$.List[0].Id",
        "missing",
    )
    assert (wrong.path, wrong.generic_path) == ("$.List[1].Id", "$.List[*].Id")
    assert (wrong.at, wrong.expected, wrong.actual, wrong.instance) == (
        "/List/*/Id",
        "string",
        "1",
        1,
    )
    assert [one.requirement for one in (missing, wrong, other)] == ["R-1", "R-1", "R-0"]
    assert schema.requirements == ("R-0", "R-1", "R-2")


def test_alternatives_tell_what_each_complained_about():
    (one,) = violations(from_mapping({"anyOf": [{"type": "integer"}, {"minLength": 2}]}), "a")
    assert [[inner.keyword for inner in branch] for branch in one.branches] == [
        ["type"],
        ["minLength"],
    ]


def test_bodies_are_written_compactly_with_raw_tokens():
    body = {"a": RawJson("1.0"), "b": [None, True, 2**64, 1.5, 'é"\x00'], "c": {}}
    assert (
        dumps(body).decode()
        == '{"a":1.0,"b":[null,true,18446744073709551616,1.5,"é\\"\\u0000"],"c":{}}'
    )
    with pytest.raises(ValueError, match="JSON"):
        dumps(float("nan"))


@pytest.mark.parametrize(
    ("value", "name"),
    [
        (None, "null"),
        (True, "boolean"),
        (1, "integer"),
        (1.0, "number"),
        (RawJson("1"), "number"),
        ("", "string"),
        ([], "array"),
        ({}, "object"),
    ],
)
def test_each_value_has_a_type_name(value, name):
    assert jsonschemas.type_name(value) == name
