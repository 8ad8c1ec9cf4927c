"""The dialect of client SDKs: lines out, results, errors and notifications in."""

import json

import pytest

from receiptspec import contract, jsonschemas, resources
from receiptspec.drivers import driver_for, usersig
from receiptspec.drivers.harness import HarnessDriver
from receiptspec.errors import ContractError, NotExercised
from receiptspec.exchange import Exchange, Redactor, Request, Response, Secret
from receiptspec.neutral import Call, Conversation, Kind, Message, Verdict
from receiptspec.targets import Target

CONTRACT = contract.load("tencent-sdk")
KEY = Secret("a-key-of-the-driver-tests")
AUTH = {"sdkappid": 1400000001, "identifier": "administrator", "key": KEY}
ORIGIN = "http://127.0.0.1:8080"
GROUP = Conversation(Kind.GROUP, "@TGS#1", "Public", "ann", ("ann", "bob", "cat"))
PAIR = Conversation(Kind.DIRECT, None, "direct", "ann", ("ann", "bob"))


@pytest.fixture
def driver():
    made = driver_for(Target("t", "tencent-sdk", url=ORIGIN, auth=AUTH), CONTRACT, ORIGIN)
    assert isinstance(made, HarnessDriver)
    return made


def played(driver, call, body):
    """Return the answer to a call, as the stage makes it."""
    from dataclasses import replace

    request = driver.build(CONTRACT.calls[call.operation], call)
    raw = (
        body
        if isinstance(body, bytes)
        else json.dumps({"jsonrpc": "2.0", "id": 1, **body}).encode()
    )
    exchange = Exchange(1, request, Response(200, (), raw, 0.01), 0.0)
    return replace(driver.read(call.operation, exchange), request_body=call.body)


def say(driver, conversation, name, *, receipt=True, sender="ann", **more):
    call = driver.send_message(conversation, sender, receipt=receipt, number=7)
    answer = played(driver, call, {"result": {"message": {"msgID": name, **more}}})
    assert driver.sent_message(answer) == name
    return Message(conversation, name, sender, receipt)


# --- the wire -----------------------------------------------------------------------------


def test_a_call_is_one_line_for_the_harness_of_its_user(driver):
    call = driver.send_message(GROUP, "bob", receipt=True, number=7)
    request = driver.build(CONTRACT.operations["sendMessage"], call)
    assert (request.method, request.url, request.headers) == ("RPC", "harness:/bob", ())
    assert b"\n" not in request.body
    line = json.loads(request.body)
    assert (line["jsonrpc"], line["method"]) == ("2.0", "sendMessage")
    assert line["params"] == {
        "message": {"text": "message 7", "needReadReceipt": True},
        "groupID": "@TGS#1",
    }


def test_every_call_has_an_id_of_its_own(driver):
    call = driver.ask_receipts(GROUP, ["m1"])
    lines = [driver.build(CONTRACT.operations[call.operation], call).body for _ in range(3)]
    assert [json.loads(line)["id"] for line in lines] == [1, 2, 3]


def test_what_sets_the_stage_is_a_signed_call_of_the_server(driver):
    call = driver.make_group("Public", "g", "ann", ["bob"])
    request = driver.build(CONTRACT.calls[call.operation], call)
    assert (request.method, request.origin) == ("POST", ORIGIN)
    assert "usersig=" in request.target


def test_calls_keep_the_schemas_of_the_contract(driver):
    say(driver, GROUP, "m1", seq=4)
    calls = [
        driver.send_message(PAIR, "ann", receipt=False, number=1),
        driver.ask_receipts(GROUP, ["m1"]),
        driver.mark_read(GROUP, "bob", ["m1"]),
        driver.list_members(GROUP, "m1", read=True, cursor=None, count=5),
        driver.list_members(GROUP, "m1", read=False, cursor='"abc"', count=5),
    ]
    for call in calls:
        schema = jsonschemas.load(CONTRACT.operations[call.operation].request)
        assert jsonschemas.violations(schema, call.body) == []


@pytest.mark.parametrize(
    ("body", "verdict", "code"),
    [
        ({"result": {}}, Verdict.ACCEPTED, None),
        ({"error": {"code": 10062, "message": "no"}}, Verdict.REFUSED, 10062),
        ({"error": {"code": 7008, "message": "slow down"}}, Verdict.THROTTLED, 7008),
        ({"error": {"code": "10062"}}, Verdict.REFUSED, "none"),
        ({"error": "no"}, Verdict.REFUSED, "none"),
        ({}, Verdict.GARBLED, None),
        (b'{"id": 1, "resu', Verdict.GARBLED, None),
        (b"[]", Verdict.GARBLED, None),
    ],
)
def test_results_and_errors_are_told_apart(driver, body, verdict, code):
    answer = played(driver, driver.ask_receipts(GROUP, ["m1"]), body)
    assert (answer.verdict, answer.code) == (verdict, code)


def test_a_call_without_an_answer_is_trouble(driver):
    request = driver.build(CONTRACT.operations["sendMessage"], Call("sendMessage", {}, user="ann"))
    answer = driver.read("sendMessage", Exchange(1, request, None, 0.0, "the harness ended"))
    assert (answer.verdict, answer.note) == (Verdict.TROUBLE, "the harness ended")


def test_a_method_that_is_not_there_is_an_unknown_command(driver):
    call = driver.ask_receipts(GROUP, ["m1"])
    assert driver.is_unknown_command(played(driver, call, {"error": {"code": -32601}}))
    assert not driver.is_unknown_command(played(driver, call, {"error": {"code": 10062}}))


# --- messages -----------------------------------------------------------------------------


def test_a_message_reaches_others_as_its_harness_named_it(driver):
    say(driver, GROUP, "m1", seq=4, sequenceOfOurs="x")
    (named,) = driver.mark_read(GROUP, "bob", ["m1"]).body["messages"]
    assert named == {
        "msgID": "m1",
        "seq": 4,
        "sequenceOfOurs": "x",
        "groupID": "@TGS#1",
        "sender": "ann",
        "needReadReceipt": True,
    }


def test_the_one_to_one_receiver_stands_in_the_message(driver):
    say(driver, PAIR, "m1")
    (named,) = driver.mark_read(PAIR, "bob", ["m1"]).body["messages"]
    assert (named["userID"], named["sender"]) == ("bob", "ann")


@pytest.mark.parametrize("message", [{}, {"msgID": ""}, {"msgID": 7}, None, "m1"])
def test_a_message_without_a_name_was_not_sent(driver, message):
    call = driver.send_message(GROUP, "ann", receipt=True, number=1)
    assert driver.sent_message(played(driver, call, {"result": {"message": message}})) is None


def test_receipts_are_pulled_by_who_sent(driver):
    say(driver, GROUP, "m1", sender="cat")
    assert driver.ask_receipts(GROUP, ["m1"]).user == "cat"
    assert driver.ask_receipts(GROUP, ["unknown"]).user == "ann"


def test_only_the_sender_has_to_be_told_of_a_receipt(driver):
    message = Message(GROUP, "m", "bob", wants_receipt=True)
    assert (driver.tells("bob", message), driver.tells("ann", message)) == (True, False)
    assert driver.server.tells("ann", message)


def test_a_name_that_was_never_given_looks_like_others(driver):
    for name in ("1732180000-3-77", "opaque"):
        say(driver, GROUP, name)
        assert driver.absent([name]) != name


def test_recalling_needs_a_sequence_number(driver):
    message = say(driver, GROUP, "m1", seq=4)
    assert driver.recall(message).body["MsgSeqList"] == [{"MsgSeq": 4}]
    with pytest.raises(NotExercised, match="seq"):
        driver.recall(say(driver, GROUP, "m2"))


def test_calls_are_joined_into_one(driver):
    calls = [driver.ask_receipts(GROUP, ["a"]), driver.ask_receipts(PAIR, ["b"])]
    assert [m["msgID"] for m in driver.joined(calls).body["messages"]] == ["a", "b"]


# --- receipts -----------------------------------------------------------------------------


def ask(driver, names, items):
    call = driver.ask_receipts(GROUP, names)
    return driver.receipts(played(driver, call, {"result": {"receipts": items}}))


def test_receipts_hold_what_the_sdk_says(driver):
    say(driver, GROUP, "m1")
    (one,) = ask(
        driver,
        ["m1"],
        [{"msgID": "m1", "groupID": "@TGS#1", "readCount": 1, "unreadCount": 2, "userID": ""}],
    )
    assert (one.message, one.known, one.read, one.unread) == ("m1", True, 1, 2)
    assert (one.conversation, one.peer, one.peer_read) == ("@TGS#1", None, None)
    assert one.place("read") == "$.result.receipts[0].readCount"


def test_a_plain_or_unknown_message_has_no_receipt_in_any_form(driver):
    say(driver, GROUP, "plain", receipt=False)
    zero = {"readCount": 0, "unreadCount": 0}
    found = ask(driver, ["plain", "made-up", "absent"], [
        {"msgID": "plain", **zero}, {"msgID": "made-up", **zero, "isPeerRead": False},
    ])  # fmt: skip
    assert [(r.message, r.known) for r in found] == [
        ("plain", False), ("made-up", False), ("absent", False),
    ]  # fmt: skip
    assert ask(driver, ["plain"], [{"msgID": "plain", "readCount": 0, "unreadCount": 2}])[0].known


def test_a_message_that_wanted_a_receipt_has_one_even_when_empty(driver):
    say(driver, GROUP, "m1")
    (one,) = ask(driver, ["m1"], [{"msgID": "m1", "readCount": 0, "unreadCount": 0}])
    assert one.known


def test_an_empty_item_of_another_users_message_is_none(driver):
    say(driver, GROUP, "m1")
    say(driver, GROUP, "theirs", sender="bob")
    zero = {"readCount": 0, "unreadCount": 0}
    found = ask(driver, ["m1", "theirs"], [{"msgID": n, **zero} for n in ("m1", "theirs")])
    assert [receipt.known for receipt in found] == [True, False]
    assert ask(driver, ["m1", "theirs"], [{"msgID": "theirs", "readCount": 1}])[0].known


@pytest.mark.parametrize(
    ("answer", "fine"),
    [
        ({"result": {}}, True),
        ({"result": {}, "error": None}, True),
        ({"result": None, "error": {"code": 1, "message": "no"}}, True),
        ({"result": None}, False),
        ({"result": None, "error": None}, False),
    ],
)
def test_null_beside_what_was_answered_is_nothing(answer, fine):
    frame = {"jsonrpc": "2.0", "id": 7, **answer}
    for name in ("answer.json", "harness/response.json"):
        assert jsonschemas.load(resources.path(f"schemas/tencent-sdk/{name}")).fits(frame) is fine


@pytest.mark.parametrize("items", [None, "x", [1, None]])
def test_items_without_shape_are_absent(driver, items):
    (one,) = ask(driver, ["m1"], items)
    assert (one.message, one.known) == ("m1", False)


def test_only_what_one_has_sent_is_looked_at(driver):
    say(driver, PAIR, "a")
    say(driver, PAIR, "b", sender="bob")
    say(driver, PAIR, "c", receipt=False)
    for viewer, names in (("ann", ["a"]), ("bob", ["b"])):
        call = driver.look(PAIR, viewer)
        assert (call.user, [m["msgID"] for m in call.body["messages"]]) == (viewer, names)


def test_a_notification_is_read_like_an_answer(driver):
    say(driver, PAIR, "m1")
    line = {
        "jsonrpc": "2.0",
        "method": driver.event,
        "params": {"receipts": [{"msgID": "m1", "userID": "bob", "isPeerRead": True}]},
    }
    request = Request("RPC", "harness:", "/ann", (), b"", driver.event)
    raw = json.dumps(line).encode()
    answer = driver.read(driver.event, Exchange(0, request, Response(200, (), raw, 0.0), 0.0))
    (one,) = driver.receipts(answer)
    assert answer.accepted
    assert (one.message, one.peer, one.peer_read) == ("m1", "bob", True)
    assert one.path == "$.params.receipts[0]"


# --- pages --------------------------------------------------------------------------------


@pytest.mark.parametrize("after", [17, "abc", "", 0])
def test_a_cursor_goes_back_as_it_came(driver, after):
    say(driver, GROUP, "m1")
    call = driver.list_members(GROUP, "m1", read=True, cursor=None, count=2)
    assert (call.body["nextSeq"], call.body["filter"], call.user) == (0, 0, "ann")
    result = {"members": [{"userID": "bob"}, 7], "nextSeq": after, "isFinished": False}
    page = driver.page(played(driver, call, {"result": result}))
    assert (page.members, page.last, page.flag) == (("bob",), False, "isFinished")
    following = driver.list_members(GROUP, "m1", read=False, cursor=page.cursor, count=2)
    assert (following.body["nextSeq"], following.body["filter"]) == (after, 1)


def test_a_page_that_does_not_say(driver):
    call = driver.list_members(GROUP, "m1", read=True, cursor=None, count=2)
    page = driver.page(played(driver, call, {"result": {"isFinished": "yes"}}))
    assert (page.members, page.cursor, page.last, page.flag) == ((), None, False, "isFinished")
    page = driver.page(played(driver, call, {"result": {"isFinished": 1}}))
    assert page.last is True  # of the wrong type, which is a matter of its schema
    silent = driver.page(played(driver, call, {"result": {}}))
    assert (silent.last, silent.flag) == (None, None)


# --- secrets ------------------------------------------------------------------------------


def test_logins_are_signed_for_their_user_and_kept_secret(driver):
    login = driver._login("ann")
    claims = usersig.decode(login["userSig"])
    assert (claims["TLS.identifier"], claims["TLS.sdkappid"]) == ("ann", 1400000001)
    assert driver._login("ann") == login
    redact = Redactor(driver.secrets())
    assert redact.hides_in(f"x {login['userSig']} y")


def test_an_exchange_shows_as_the_line_that_was_written(driver):
    call = driver.ask_receipts(GROUP, ["m1"])
    request = driver.build(CONTRACT.operations[call.operation], call)
    shown = Exchange(1, request, None, 0.0, "no answer in time").curl(Redactor())
    assert shown.startswith('echo \'{"jsonrpc":"2.0"')
    assert shown.endswith("# to the harness of ann")


def test_a_contract_without_a_server_is_refused():
    with pytest.raises(ContractError, match="names no server"):
        HarnessDriver(Target("t", "tencent", auth=AUTH), contract.load("tencent"), ORIGIN)


def test_a_target_without_a_harness_is_refused(driver):
    with pytest.raises(ContractError, match="names no harness"):
        driver.carry(None)
