"""What is said of single answers: labels, results, numbers of codes, places not documented."""

import json

import pytest

from receiptspec import contract
from receiptspec.checks.answers import Monitor
from receiptspec.checks.metadata import METADATA
from receiptspec.drivers import driver_for
from receiptspec.exchange import Exchange, Redactor, Request, Response, Secret
from receiptspec.neutral import Call
from receiptspec.targets import Target
from receiptspec.variations import vary

CONTRACT = contract.load("volcengine")
AUTH = {"appid": 1, "access_key": "AKLTxxxxxxxxxxxxxxxx", "secret_key": Secret("k" * 40)}
TARGET = Target("t", "volcengine", url="http://127.0.0.1:1", auth=AUTH)
DRIVER = driver_for(TARGET, CONTRACT, TARGET.url)
ASK = "GetMessagesReadReceipt"


def answer(
    body,
    *,
    operation=ASK,
    status=200,
    label="application/json",
    method="POST",
    path="/",
    asked=b"{}",
):
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    target = f"{path}?Action={operation}&Version=2020-12-01"
    request = Request(method, "http://127.0.0.1:1", target, (), asked, operation=operation)
    response = Response(status, (("Content-Type", label),), raw, 0.01)
    return DRIVER.read(operation, Exchange(1, request, response, 0.0))


def envelope(result=None, error=None):
    about = {"RequestId": "r", "Action": ASK, **({"Error": error} if error else {})}
    return {"ResponseMetadata": about, **({"Result": result} if result is not None else {})}


def said(check, **what):
    return METADATA[check](answer(**what), CONTRACT)


def broken(made):
    judged = Monitor(CONTRACT).judge(made, Redactor([]))
    return {row for row, what in judged if getattr(what, "signature", None)}


@pytest.mark.parametrize(
    ("label", "fine"),
    [
        ("application/json; charset=utf-8; profile=v1", True),
        ('application/json; profile=v1; charset="UTF-8"', True),
        ("application/json; profile=charset", True),
        ("application/problem+json", True),
        ("application/json; profile=v1; charset=gbk", False),
        ("text/json; charset=utf-8", False),
    ],
)
def test_a_label_is_read_with_all_its_parameters(label, fine):
    assert (not said("answers-come-as-json", body=envelope({}), label=label)) is fine


@pytest.mark.parametrize(
    ("operation", "wrong"),
    [(ASK, True), ("SendMessage", True), ("RecallMessage", False), ("GetMessages", False)],
)
def test_a_success_has_a_result_where_its_action_gives_something(operation, wrong):
    assert bool(said("success-has-a-result", body=envelope(), operation=operation)) is wrong


@pytest.mark.parametrize(
    ("result", "wrong"),
    [({"ReadReceipt": [{"MessageId": 1}]}, True), ({"ReadReceipt": []}, False), ({}, False)],
)
def test_an_error_beside_data_is_no_success(result, wrong):
    body = envelope(result, {"Code": "Deprecated", "Message": "m"})
    assert bool(said("success-has-a-result", body=body)) is wrong


@pytest.mark.parametrize(
    ("number", "wrong"), [(2**32 - 1, False), (0, False), (2**32, True), (-1, True)]
)
def test_the_number_of_a_code_has_32_bits(number, wrong):
    body = envelope(None, {"Code": "InvalidParam", "CodeN": number, "Message": "m"})
    assert ("VE-GMRR-63" in broken(answer(body))) is wrong


@pytest.mark.parametrize("code", ["InvalidCredential", "FlowLimitExceeded"])
def test_a_number_that_is_only_inferred_is_not_judged(code):
    body = envelope(None, {"Code": code, "CodeN": 7, "Message": "m"})
    assert not said("code-numbers-agree", body=body)


@pytest.mark.parametrize("number", [0, 7])
def test_a_number_that_is_not_that_of_its_code_is_wrong(number):
    known = envelope(None, {"Code": "InvalidTimestamp", "CodeN": number, "Message": "m"})
    assert said("code-numbers-agree", body=known)


@pytest.mark.parametrize("where", [{"path": "/other"}, {"method": "OPTIONS"}])
def test_what_others_say_at_undocumented_places_is_not_judged(where):
    assert not broken(answer({"detail": "not found"}, **where))
    assert not broken(answer(b"", **where))
    assert "VE-GMRR-67" in broken(answer({"detail": "not found"}))


@pytest.mark.parametrize("status", [200, 400, 404, 500])
@pytest.mark.parametrize("end", [b",}", b""])
def test_broken_envelopes_are_judged_under_every_status(status, end):
    raw = json.dumps(envelope(None, {"Code": "NoAuth"})).encode()[:-1] + end
    assert "VE-GMRR-101" in broken(answer(raw, status=status))


@pytest.mark.parametrize(
    ("asked", "wrong"),
    [
        (b'{"X": "\\ud800"}', False),
        (b'{"X": "\\ud83d\\ude00"}', True),
        (b"{}", True),
    ],
)
def test_half_a_character_may_be_repeated_and_nothing_else(asked, wrong):
    raw = json.dumps(envelope(None, {"Code": "NoAuth", "Message": "what is \ud800?"})).encode()
    assert ("VE-GMRR-101" in broken(answer(raw, asked=asked))) == wrong


@pytest.mark.parametrize(
    ("operation", "result", "wrong"),
    [
        ("SendMessage", {"MessageId": 2**60}, False),
        ("SendMessage", {"MessageId": "1"}, True),
        ("SendMessage", {"Id": 1}, True),
        ("CreateConversation", {"ConversationId": "1"}, True),
        ("GetMessages", {"Messages": [{"MessageId": 1, "IndexInConversation": "1"}]}, True),
        ("GetMessages", {"Messages": [{"MessageId": 1}]}, False),
        ("GetMessages", {"Messages": []}, False),
        ("GetMessages", {}, False),
    ],
)
def test_ids_that_neighbours_give_are_integers(operation, result, wrong):
    made = answer(envelope(result), operation=operation, asked=b"")
    assert ("VE-GMRR-102" in broken(made)) is wrong


def test_a_text_is_stretched_and_items_are_given_fields():
    call = Call("SendMessage", {"Content": '{"text": "ab"}', "Infos": [{"Id": 1}]})
    made = vary(call, {"body": {"stretch": {"Content": 20}, "each": {"Infos": {"Level": 1}}}})
    assert made.body == {"Content": '{"text": "abbbbbbb"}', "Infos": [{"Id": 1, "Level": 1}]}
    assert made.label == "Infos[].Level=1, Content of 20 characters"
    assert call.body["Infos"] == [{"Id": 1}]
