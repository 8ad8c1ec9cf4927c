import json

from jsonschema import Draft202012Validator
from report_samples import HOSTILE, exchange, hostile, of_every_outcome, report, result, unanswered

from receiptspec.report import sarif

TEXT = {
    "type": "object",
    "required": ["text"],
    "additionalProperties": False,
    "properties": {"text": {"type": "string"}},
}
STRINGS = {"type": "object", "additionalProperties": {"type": "string"}}
LEVEL = {"enum": ["none", "note", "warning", "error"]}
UTC = {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$"}
URI = {"type": "string", "pattern": r"^[A-Za-z0-9%/:=&?~#+!$,;'@()*\[\]._-]+$"}


def strictly(**properties):
    """An object of the part of SARIF 2.1.0 that we write; a trailing _ means optional."""
    required = [name for name in properties if not name.endswith("_")]
    named = {name.rstrip("_"): schema for name, schema in properties.items()}
    return {
        "type": "object",
        "additionalProperties": False,
        "required": required,
        "properties": named,
    }


RULE = strictly(
    id={"type": "string"},
    name={"type": "string"},
    shortDescription=TEXT,
    fullDescription_=TEXT,
    help_=TEXT,
    helpUri_=URI,
    defaultConfiguration=strictly(level=LEVEL),
    properties={"type": "object"},
)
MESSAGE = {"protocol": {"type": "string"}, "version": {"type": "string"}, "headers": STRINGS}
RESULT = strictly(
    ruleId={"type": "string"},
    ruleIndex={"type": "integer", "minimum": 0},
    level=LEVEL,
    message=TEXT,
    locations={
        "type": "array",
        "minItems": 1,
        "items": strictly(
            physicalLocation=strictly(
                artifactLocation=strictly(uri=URI),
                region=strictly(startLine={"type": "integer", "minimum": 1}),
            ),
            logicalLocations={
                "type": "array",
                "items": strictly(name={"type": "string"}, fullyQualifiedName={"type": "string"}),
            },
        ),
    },
    partialFingerprints=STRINGS,
    webRequest_=strictly(
        **MESSAGE, method={"type": "string"}, target={"type": "string"}, body_=TEXT
    ),
    webResponse_={
        "anyOf": [
            strictly(**MESSAGE, statusCode={"type": "integer"}, body=TEXT),
            strictly(noResponseReceived={"const": True}),
        ]
    },
    suppressions_={
        "type": "array",
        "items": strictly(
            kind={"enum": ["inSource", "external"]}, justification={"type": "string"}
        ),
    },
    properties={"type": "object"},
)
NOTE = strictly(
    level=LEVEL,
    message=TEXT,
    associatedRule_=strictly(id={"type": "string"}, index={"type": "integer"}),
)
RUN = strictly(
    tool=strictly(
        driver=strictly(
            name={"const": "receiptspec"},
            version={"type": "string"},
            rules={"type": "array", "items": RULE, "uniqueItems": True},
        )
    ),
    automationDetails=strictly(id={"type": "string"}),
    invocations={
        "type": "array",
        "items": strictly(
            executionSuccessful={"type": "boolean"},
            exitCode={"type": "integer"},
            startTimeUtc=UTC,
            endTimeUtc=UTC,
            toolExecutionNotifications={"type": "array", "items": NOTE},
        ),
    },
    columnKind={"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
    results={"type": "array", "items": RESULT},
)
SARIF = {
    **strictly(
        **{"$schema": {"type": "string"}},
        version={"const": "2.1.0"},
        runs={"type": "array", "minItems": 1, "maxItems": 1, "items": RUN},
    ),
    "$schema": "https://json-schema.org/draft/2020-12/schema",
}


def run_of(made):
    found = json.loads(sarif.render(made))
    assert [error.message for error in Draft202012Validator(SARIF).iter_errors(found)] == []
    (run,) = found["runs"]
    rules = run["tool"]["driver"]["rules"]
    for one in run["results"]:
        assert rules[one["ruleIndex"]]["id"] == one["ruleId"]
    return run


def test_failures_and_warnings_are_results_and_trouble_is_none():
    run = run_of(of_every_outcome())
    assert [(r["properties"]["outcome"], r["level"]) for r in run["results"]] == [
        ("fail", "error"),
        ("warning", "warning"),
        ("known_deviation", "note"),
    ]
    (invocation,) = run["invocations"]
    assert invocation["executionSuccessful"] is False
    notes = [
        note["message"]["text"].split(":")[0] for note in invocation["toolExecutionNotifications"]
    ]
    assert notes == ["error", "inconclusive"]


def test_an_accepted_deviation_is_suppressed_with_its_reason():
    (found,) = run_of(report(result("known_deviation", reason="old (team)")))["results"]
    assert found["suppressions"] == [{"kind": "external", "justification": "old (team)"}]


def test_a_result_names_sentence_place_and_exchange():
    run = run_of(report(result("fail")))
    (rule,) = run["tool"]["driver"]["rules"]
    assert rule["helpUri"] == "https://vendor.example/doc/1"
    assert rule["shortDescription"]["text"] == "Every question is answered."
    (found,) = run["results"]
    (place,) = found["locations"]
    assert place["physicalLocation"]["artifactLocation"]["uri"] == "targets.yaml"
    assert place["logicalLocations"][0]["name"] == "$.List[0].ReadNum"
    assert found["webRequest"]["method"] == "POST"
    assert found["webResponse"]["statusCode"] == 200


def test_the_fingerprint_outlives_a_run_and_tells_signatures_apart():
    first, again, other = (
        run_of(report(result("fail", **changes), seed=seed))["results"][0]["partialFingerprints"]
        for changes, seed in (({}, 1), ({"duration_s": 9.0}, 2), ({"target": "u"}, 1))
    )
    assert first == again != other


def test_a_request_without_an_answer_has_none():
    (found,) = run_of(report(result("fail", exchanges=[unanswered()])))["results"]
    assert found["webResponse"] == {"noResponseReceived": True}


def test_hostile_strings_stay_text():
    run = run_of(hostile())
    (found,) = run["results"]
    assert HOSTILE in found["message"]["text"]
    assert "helpUri" not in run["tool"]["driver"]["rules"][0]
    assert sarif.render(hostile()).isascii()


def test_what_is_newer_than_the_pin_is_a_note():
    (found,) = run_of(report(result("fail", new=True, since="2026-12")))["results"]
    assert found["level"] == "note"


def test_lines_to_a_harness_are_no_web_request():
    made = exchange(request={**exchange()["request"], "url": "harness:/alice"})
    (found,) = run_of(report(result("fail", exchanges=[made])))["results"]
    assert "webRequest" not in found
