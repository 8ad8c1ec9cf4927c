import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from receiptspec import resources
from receiptspec.alternatives import Node
from receiptspec.errors import SchemaError
from receiptspec.jsonschemas import canonical, from_mapping, load, violations
from receiptspec.strategies import boundaries, from_schema, fullest, smallest
from receiptspec.texts import fitted

ID = {"type": "string", "minLength": 1, "maxLength": 48, "x-maxBytes": 48, "x-live": "group"}
SAMPLES = {
    "receipts": {
        "type": "object",
        "required": ["GroupId", "MsgSeqList"],
        "additionalProperties": False,
        "properties": {
            "GroupId": {"$ref": "#/$defs/Id", "x-refused": {"required": {"codes": [10004]}}},
            "MsgSeqList": {
                "type": "array",
                "minItems": 1,
                "maxItems": 300,
                "uniqueItems": True,
                "items": {
                    "type": "object",
                    "required": ["MsgSeq"],
                    "properties": {"MsgSeq": {"type": "integer", "minimum": 0}},
                },
            },
            "Note": {"type": ["string", "null"], "maxLength": 10},
        },
        "$defs": {"Id": ID},
    },
    "page": {
        "type": "object",
        "required": ["Filter"],
        "properties": {
            "Filter": {"type": "integer", "enum": [0, 1], "x-refused": {"enum": {"codes": [1]}}},
            "Count": {"type": "integer", "minimum": 1, "maximum": 200},
            "Cursor": {"type": "string", "pattern": "^([0-9]+)?$", "maxLength": 5},
            "Ratio": {"type": "number", "minimum": 0.5, "maximum": 2},
            "Version": {"const": "v1"},
            "Deep": {"type": "array", "items": {"type": "array", "items": {"type": "boolean"}}},
        },
        "if": {"properties": {"Filter": {"const": 1}}, "required": ["Filter"]},
        "then": {"required": ["Count"]},
        "else": {"properties": {"Cursor": {"minLength": 2}}},
    },
    "choice": {
        "type": "object",
        "required": ["To"],
        "properties": {
            "To": {"anyOf": [{"type": "string", "minLength": 2}, {"type": "integer"}]},
            "Mode": {"oneOf": [{"type": "integer", "minimum": 5}, {"const": 3}]},
        },
        "allOf": [
            {"properties": {"To": {"title": "both"}}, "required": ["Kind"]},
            {"properties": {"Kind": {"enum": ["Public", "Work"]}}},
        ],
        "additionalProperties": True,
    },
    "bytes": {
        "type": "object",
        "required": ["Text"],
        "properties": {
            "Text": {"type": "string", "x-maxBytes": 30},
            "Name": {"type": "string", "maxLength": 10, "x-maxBytes": 25},
            "Tags": {
                "type": "array",
                "maxItems": 2,
                "uniqueItems": True,
                "items": {"type": "string"},
            },
            "Code": {"type": "string", "pattern": "^@TGS#[A-Z0-9]{4,8}$"},
        },
    },
    "union": {"type": ["array", "object"], "items": {"type": "null"}},
    "anything": {},
}
FILES = sorted(
    path
    for kind in ("request", "response")
    for path in resources.path("schemas").glob(f"*/*.{kind}.json")
)
CASES = [*(pytest.param(from_mapping(tree, name=name), id=name) for name, tree in SAMPLES.items())]
CASES += [pytest.param(load(path), id=f"{path.parent.name}/{path.name}") for path in FILES]


def drawn(tree, number=300, **options):
    values = []

    @settings(max_examples=number, database=None, deadline=None, derandomize=True)
    @given(from_schema(from_mapping(tree), **options))
    def collect(value):
        values.append(value)

    collect()
    return values


@pytest.mark.parametrize("schema", CASES)
@pytest.mark.parametrize(("extra", "number"), [(False, 12), (True, 5)])
def test_what_is_generated_validates(schema, extra, number):
    @settings(max_examples=number, database=None, deadline=None, derandomize=True)
    @given(from_schema(schema, extra=extra))
    def check(value):
        assert violations(schema, value) == []
        canonical(value).encode()

    check()


@pytest.mark.parametrize("schema", CASES)
def test_boundaries_validate_and_repeat(schema):
    first, second = boundaries(schema), boundaries(schema)
    assert first == second
    assert len({canonical(one.body) for one in first}) == len(first) > 0
    assert [one for one in first if violations(schema, one.body)] == []
    assert first[0].label == "smallest"


@pytest.mark.parametrize("schema", CASES)
def test_smallest_and_fullest_validate(schema):
    assert violations(schema, smallest(schema)) == []
    assert violations(schema, fullest(schema)) == []


@pytest.mark.parametrize("name", ["receipts", "page", "bytes"])
def test_a_plain_validator_agrees(name):
    plain = Draft202012Validator(SAMPLES[name])
    bodies = [one.body for one in boundaries(from_mapping(SAMPLES[name]))]
    bodies += drawn(SAMPLES[name], 50)
    assert [body for body in bodies if not plain.is_valid(body)] == []


def test_smallest_is_smallest():
    assert smallest(from_mapping(SAMPLES["receipts"])) == {
        "GroupId": "a",
        "MsgSeqList": [{"MsgSeq": 0}],
    }
    assert smallest(from_mapping(SAMPLES["page"])) == {"Filter": 0}
    assert smallest(from_mapping({"type": "integer", "maximum": -3.5})) == -4


def test_fullest_holds_every_property():
    assert fullest(from_mapping(SAMPLES["receipts"])).keys() == {"GroupId", "MsgSeqList", "Note"}


def test_live_values_are_used():
    schema = from_mapping(SAMPLES["receipts"])
    assert smallest(schema, {"group": "@G"})["GroupId"] == "@G"
    assert {one.body["GroupId"] for one in boundaries(schema, {"group": "@G"})} == {"@G"}
    bodies = drawn(SAMPLES["receipts"], 20, live={"group": st.sampled_from(["@A", "@B"])})
    assert {body["GroupId"] for body in bodies} == {"@A", "@B"}


def test_compiling_twice_gives_the_same_strategy():
    schema = from_mapping(ID)
    assert from_schema(schema) is from_schema(schema, live={})


def test_optional_properties_come_and_go():
    bodies = drawn(SAMPLES["page"], 30)
    assert {"Ratio" in body for body in bodies} == {True, False}


def test_unknown_properties_come_only_when_asked_and_permitted():
    known = SAMPLES["bytes"]["properties"].keys()
    assert all(body.keys() <= known for body in drawn(SAMPLES["bytes"], 30))
    assert any(body.keys() - known for body in drawn(SAMPLES["bytes"], 30, extra=True))
    closed = SAMPLES["receipts"]
    assert all(b.keys() <= closed["properties"].keys() for b in drawn(closed, 20, extra=True))


def test_integers_hold_what_breaks_servers():
    wanted = {0, -1, 1, *(2**n + d for n in (31, 32, 63) for d in (-1, 0)), 2**53, 2**53 + 1}
    assert wanted <= set(drawn({"type": "integer"}))
    assert wanted <= {one.body for one in boundaries(from_mapping({"type": "integer"}))}


def test_texts_hold_what_breaks_servers():
    texts = [one.body for one in boundaries(from_mapping({"type": "string"}))]
    for piece in (
        "\x00",
        "😀",
        "\u200d",
        "\u0301",
        "\u202e",
        "\u200b",
        '"',
        "\\",
        "%n",
        "<",
        "' OR",
    ):
        assert any(piece in text for text in texts), piece
    assert {"", "a" * 4096} <= set(texts)
    assert len({*drawn({"type": "string"})} & {*texts}) > len(texts) / 2


def test_limits_in_characters_and_bytes_are_met():
    tree = {"type": "string", "minLength": 2, "maxLength": 10, "x-maxBytes": 25}
    texts = [one.body for one in boundaries(from_mapping(tree))]
    assert {2, 10} <= {len(text) for text in texts}
    assert {len(text.encode()) for text in texts if len(text) < 10} >= {25}
    assert max(len(text.encode()) for text in drawn(tree)) == 25


def test_a_pattern_with_a_limit_meets_the_limit():
    texts = {one.body for one in boundaries(from_mapping(SAMPLES["page"]["properties"]["Cursor"]))}
    assert max(map(len, texts)) == 5
    assert "" in texts


def test_a_huge_array_is_left_to_the_boundaries():
    tree = {"type": "array", "maxItems": 5000, "uniqueItems": True, "items": {"type": "integer"}}
    assert max(map(len, drawn(tree, 30))) < 50
    longest = max((one.body for one in boundaries(from_mapping(tree))), key=len)
    assert len(set(longest)) == 5000


def test_contradictions_are_errors():
    schema = from_mapping({"allOf": [{"type": "string"}, {"type": "integer"}]})
    with pytest.raises(SchemaError):
        from_schema(schema)
    with pytest.raises(SchemaError):
        smallest(schema)
    with pytest.raises(SchemaError):
        smallest(from_mapping({"type": "string", "pattern": "^b$", "minLength": 3}))


def test_merging_closes_an_object_for_what_the_other_side_adds():
    closed = {"properties": {"a": {}}, "additionalProperties": False}
    node = Node({"allOf": [closed, {"type": "object", "properties": {"b": {}}}]})
    (flat,) = node.flats
    assert set(flat.properties) == {"a"}


@given(st.text(), st.integers(0, 8), st.integers(8, 16), st.integers(8, 32))
@settings(max_examples=200, database=None, derandomize=True)
def test_fitting_keeps_every_limit(text, least, most, limit):
    result = fitted(text, least, most, limit)
    assert least <= len(result) <= most
    assert len(result.encode()) <= limit


@given(st.data())
@settings(max_examples=2, database=None, derandomize=True, deadline=None)
def test_a_sample_of_a_pattern_is_found_inside_a_test(data):
    word = data.draw(st.sampled_from(["qx", "zk"]))
    schema = from_mapping({"type": "string", "pattern": f"^{word}[0-9]{{3}}-{word}$"})
    assert violations(schema, smallest(schema)) == []
