from xml.etree import ElementTree as ET

from report_samples import HOSTILE, hostile, of_every_outcome, report, result, unanswered

from receiptspec.report import junit


def cases(made):
    root = ET.fromstring(junit.render(made))  # noqa: S314
    return {case.get("name").split()[0]: case for case in root.find("testsuite").iter("testcase")}


def properties(element):
    return {item.get("name"): item.get("value") for item in element.find("properties")}


def test_every_outcome_has_its_place():
    found = cases(of_every_outcome())
    kinds = {
        properties(case)["outcome"]: {child.tag for child in case} - {"properties"}
        for case in found.values()
    }
    assert kinds == {
        "pass": set(),
        "fail": {"failure"},
        "warning": {"system-out"},
        "observed": {"system-out"},
        "known_deviation": {"skipped"},
        "not_applicable": {"skipped"},
        "not_exercised": {"skipped"},
        "excluded": {"skipped"},
        "inconclusive": {"error"},
        "error": {"error"},
    }


def test_suites_are_targets_and_the_sums_are_right():
    root = ET.fromstring(junit.render(of_every_outcome()))  # noqa: S314
    first, second = root.findall("testsuite")
    assert (first.get("name"), second.get("name")) == ("t", "sound")
    sums = {name: first.get(name) for name in ("tests", "failures", "errors", "skipped")}
    assert sums == {"tests": "10", "failures": "1", "errors": "2", "skipped": "4"}
    assert root.get("tests") == "20"
    assert properties(first)["contract"] == "tencent@2026-11"
    assert properties(first)["seed"] == "7"


def test_a_case_carries_requirement_level_and_target():
    (case,) = cases(report(result("fail"))).values()
    assert properties(case) == {
        "requirement": "TC-GMR-01",
        "level": "MUST",
        "target": "t",
        "operation": "get_group_msg_receipt",
        "outcome": "fail",
        "source": "https://vendor.example/doc/1",
    }
    assert case.get("classname") == "t.get_group_msg_receipt"
    failure = case.find("failure")
    assert failure.get("message") == "ReadNum is 4"
    for words in ("expected 3", "actual 4", "request curl", "HTTP 200", "again receiptspec run"):
        assert words in failure.text


def test_a_warning_fails_a_strict_run():
    (case,) = cases(report(result("warning", level="SHOULD"), strict=True)).values()
    assert case.find("failure") is not None


def test_a_stale_deviation_is_a_failure():
    found = cases(report(result(), stale=["t: deviation TC-GMR-17 is stale"]))
    assert found["t:"].find("failure").get("type") == "stale deviation"


def test_hostile_strings_stay_text():
    root = ET.fromstring(junit.render(hostile()))  # noqa: S314
    tags = {"testsuites", "testsuite", "testcase", "properties", "property", "failure"}
    assert {element.tag for element in root.iter()} == tags
    message = root.find(".//failure").get("message")
    assert message.startswith("</script><script>alert(1)</script>")
    assert r"\u0000\u0007\u001b[31m" in message
    assert r"\ud800" in message
    assert len(message) > len(HOSTILE)


def test_a_request_without_an_answer_says_why():
    (case,) = cases(report(result("fail", exchanges=[unanswered()]))).values()
    assert "answer connection reset" in case.find("failure").text


def test_what_is_newer_than_the_pin_fails_nobody():
    (case,) = cases(report(result("fail", new=True, since="2026-12"))).values()
    assert case.find("failure") is None
    assert "new in 2026-12" in case.find("skipped").get("message")
