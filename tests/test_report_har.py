import json
import re
from datetime import datetime

from jsonschema import Draft202012Validator
from report_samples import HOSTILE, exchange, hostile, of_every_outcome, report, result, unanswered

from receiptspec.report import har

TEXT, COUNT = {"type": "string"}, {"type": "integer", "minimum": -1}
PAIRS = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["name", "value"],
        "additionalProperties": False,
        "properties": {"name": TEXT, "value": TEXT},
    },
}
COMMON = {"httpVersion": TEXT, "cookies": PAIRS, "headers": PAIRS, "headersSize": COUNT}


def strictly(required, **optional):
    return {
        "type": "object",
        "additionalProperties": False,
        "required": list(required),
        "properties": {**required, "comment": TEXT, **optional},
    }


REQUEST = strictly(
    {
        **COMMON,
        "method": TEXT,
        "url": {"type": "string", "pattern": r"^https?://[^\s\"<>\\^`{|}]+$"},
        "queryString": PAIRS,
        "bodySize": COUNT,
    },
    postData=strictly({"mimeType": TEXT, "text": TEXT}),
)
RESPONSE = strictly(
    {
        **COMMON,
        "status": {"type": "integer"},
        "statusText": TEXT,
        "content": strictly({"size": COUNT, "mimeType": TEXT}, text=TEXT),
        "redirectURL": TEXT,
        "bodySize": COUNT,
    }
)
NUMBER = {"type": "number", "minimum": 0}
PHASES = {name: {"type": "number", "minimum": -1} for name in ("blocked", "dns", "connect", "ssl")}
ENTRY = strictly(
    {
        "startedDateTime": TEXT,
        "time": NUMBER,
        "request": REQUEST,
        "response": RESPONSE,
        "cache": strictly({}),
        "timings": strictly({"send": NUMBER, "wait": NUMBER, "receive": NUMBER}, **PHASES),
    }
)
AGENT = strictly({"name": TEXT, "version": TEXT})
HAR = strictly(
    {
        "log": strictly(
            {
                "version": {"const": "1.2"},
                "creator": AGENT,
                "entries": {"type": "array", "items": ENTRY},
            },
            browser=AGENT,
        )
    }
)


def log(made):
    found = json.loads(har.render(made))
    assert [error.message for error in Draft202012Validator(HAR).iter_errors(found)] == []
    return found["log"]


def test_an_exchange_is_an_entry():
    found = log(report(result("fail")))
    assert (found["creator"]["name"], found["comment"]) == (
        "receiptspec",
        "run 0123456789abcdef, seed 7",
    )
    (entry,) = found["entries"]
    assert datetime.fromisoformat(entry["startedDateTime"]).timestamp() == exchange()["started"]
    assert entry["time"] == 1.5
    assert entry["comment"] == "t: TC-GMR-01"
    assert entry["request"]["postData"] == {
        "mimeType": "application/json",
        "text": '{"GroupId":"g"}',
    }
    query = {item["name"]: item["value"] for item in entry["request"]["queryString"]}
    assert query == {"sdkappid": "1", "usersig": "$USERSIG", "a": " b", "random": "1"}
    assert json.loads(entry["response"]["content"]["text"])["ErrorCode"] == 0


def test_an_exchange_that_several_rows_share_comes_once():
    rows = [result("fail", "A"), result("warning", "B", level="SHOULD"), result("fail", "C", "u")]
    comments = [entry["comment"] for entry in log(report(*rows))["entries"]]
    assert comments == ["t: A, B", "u: C"]


def test_entries_come_in_the_order_they_were_sent():
    rows = [result("fail", "A", exchanges=[exchange(3), exchange(1)])]
    rows += [result("fail", "B", exchanges=[exchange(2)])]
    times = [entry["startedDateTime"] for entry in log(report(*rows))["entries"]]
    assert len(times) == 3
    assert times == sorted(times)


def test_a_request_without_an_answer_says_why():
    (entry,) = log(report(result("fail", exchanges=[unanswered()])))["entries"]
    assert (entry["response"]["status"], entry["response"]["comment"]) == (0, "connection reset")


def test_a_run_that_found_nothing_has_an_empty_log():
    assert log(report())["entries"] == []
    assert len(log(of_every_outcome())["entries"]) == 1


def test_hostile_strings_stay_text():
    (entry,) = log(hostile())["entries"]
    assert entry["response"]["content"]["text"] == HOSTILE
    assert re.fullmatch(r"[ -~]+", entry["request"]["url"])


def test_lines_to_a_harness_are_no_http():
    made = exchange(request={**exchange()["request"], "url": "harness:/alice"})
    assert log(report(result("fail", exchanges=[made])))["entries"] == []
