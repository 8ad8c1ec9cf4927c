import json
import re
from base64 import b64encode

import pytest
from signing import ASK, CONTRACT, SECRET, call, driver, headers, rebuilt

from receiptspec.drivers import v4
from receiptspec.exchange import Exchange, Redactor, Request, Response, Secret
from receiptspec.neutral import Conversation, Kind, Message, Verdict

GROUP = Conversation(Kind.GROUP, 2**60 + 1, "group", 1, (1, 2, 3))
PAIR = Conversation(Kind.DIRECT, 2**60 + 3, "direct", 1, (1, 2))


def answer(body, status=200, trouble=None, operation=ASK.name):
    if isinstance(body, dict):
        body = json.dumps(body).encode()
    response = None if body is None else Response(status, (), body, 0.01)
    request = Request("POST", "http://127.0.0.1:8080", "/", (), b"{}")
    return driver().read(operation, Exchange(1, request, response, 0.0, trouble))


def envelope(result=None, error=None):
    metadata = {"RequestId": "1", "Action": ASK.name}
    document = {"ResponseMetadata": metadata | ({"Error": error} if error else {})}
    return document | ({"Result": result} if result is not None else {})


def item(**changes):
    fields = {
        "MessageId": 2**62 + 1,
        "ConversationShortId": 2**60 + 1,
        "ReceiverIsRead": False,
        "ReadUserIds": [2],
        "UnReadUserIds": [3],
    }
    return {k: v for k, v in {**fields, **changes}.items() if v is not ...}


# --- building -----------------------------------------------------------------------------


def test_a_call_is_a_signed_post_with_exact_integers():
    request = driver().build(ASK, call())
    assert request.method == "POST"
    assert request.target == "/?Action=GetMessagesReadReceipt&Version=2020-12-01"
    assert b"1152921504606846977" in request.body
    sent = headers(request)
    assert sent["x-content-sha256"] == v4.digest(request.body)
    assert re.fullmatch(r"\d{8}T\d{6}Z", sent["x-date"])
    made, again = rebuilt(request)
    assert made == again


def test_a_changed_header_is_signed_as_it_is_sent():
    request = driver().build(ASK, call(headers={"Content-Type": "text/plain"}))
    assert headers(request)["content-type"] == "text/plain"
    assert len(set(rebuilt(request))) == 1
    assert "content-type" not in headers(driver().build(ASK, call(headers={"Content-Type": None})))


def test_a_session_token_is_sent_and_signed():
    request = driver(session_token=Secret("STS2token-of-a-test")).build(ASK, call())
    assert headers(request)["x-security-token"] == "STS2token-of-a-test"
    assert "x-security-token" in headers(request)["authorization"]
    assert len(set(rebuilt(request))) == 1


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        ("https://rtc.example:443", "rtc.example"),
        ("http://rtc.example:80", "rtc.example"),
        ("http://rtc.example:8080", "rtc.example:8080"),
    ],
)
def test_the_host_is_signed_as_clients_send_it(origin, host):
    assert driver(origin)._host == host


def test_a_path_prefix_is_kept():
    request = driver("https://gateway.example/im").build(ASK, call())
    assert (request.origin, request.target[:5]) == ("https://gateway.example", "/im/?")


def test_nothing_shown_of_a_request_opens_a_door():
    made = driver()
    request = made.build(ASK, call())
    redact = Redactor(made.secrets())
    shown = json.dumps(Exchange(1, request, None, 0.0).to_json(redact))
    signature = headers(request)["authorization"].rpartition("=")[2]
    assert signature not in shown
    assert SECRET.reveal() not in shown


def test_the_keys_made_from_the_secret_one_are_secrets_as_well():
    made = driver()
    made.build(ASK, call())
    day = headers(made.build(ASK, call()))["x-date"][:8]
    redact = Redactor(made.secrets())
    for key in v4.derived(SECRET.reveal().encode(), v4.Scope(day)):
        assert redact.hides_in(f"checked with {key.hex()}")
        assert redact.hides_in(b64encode(key).decode())


def test_both_ends_of_a_secret_key_are_secrets_as_well():
    redact = Redactor(driver().secrets())
    for end in (SECRET.reveal()[:12], SECRET.reveal()[-12:]):
        assert redact.hides_in(f"key {end}***")


# --- reading ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "status", "verdict", "code"),
    [
        (envelope({"ReadReceipt": []}), 200, Verdict.ACCEPTED, None),
        (envelope({}, {}), 200, Verdict.ACCEPTED, None),
        (envelope(None, {"Code": "NoAuth", "Message": "m"}), 200, Verdict.REFUSED, "NoAuth"),
        (envelope(None, {"Code": "NoAuth"}), 404, Verdict.REFUSED, "NoAuth"),
        (envelope(None, {"CodeN": 1}), 400, Verdict.REFUSED, "none"),
        (envelope({"ReadReceipt": []}), 404, Verdict.REFUSED, "none"),
        (envelope({"MessageId": 1}), 202, Verdict.ACCEPTED, None),
        (envelope(None), 202, Verdict.REFUSED, "none"),
        (envelope(None, {"Code": "FlowLimitExceeded.QPSOverLimit"}), 429, Verdict.THROTTLED,
         "FlowLimitExceeded.QPSOverLimit"),
        (b"slow down", 429, Verdict.THROTTLED, None),
        (b"<html>502</html>", 502, Verdict.TROUBLE, None),
        (b"<html>login</html>", 200, Verdict.TROUBLE, None),
        (b"", 200, Verdict.GARBLED, None),
        (b'{"ok": 1}', 200, Verdict.GARBLED, None),
        (b'{"ResponseMetadata": {', 200, Verdict.GARBLED, None),
        ({"ResponseMetaData": {}, "Result": {}}, 200, Verdict.ACCEPTED, None),
        (None, 0, Verdict.TROUBLE, None),
    ],
)  # fmt: skip
def test_status_and_envelope_tell_what_became_of_a_call(body, status, verdict, code):
    read = answer(body, status, trouble="reset" if body is None else None)
    assert (read.verdict, read.code) == (verdict, code)


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b'{"a":1}', "foreign JSON"),
        (b'{"a":[1}', "broken JSON"),
        (json.dumps(envelope({"ReadReceipt": []})).encode()[:-2], "JSON that is cut off"),
        (json.dumps(envelope({"ReadReceipt": []})).encode()[:-30], "JSON that is cut off"),
        (b"<html>", "an HTML page"),
        (b"", "an empty body"),
        (b"none", "other text"),
    ],
)
def test_what_is_no_envelope_is_called_what_it_is(body, kind):
    assert answer(body).note == f"HTTP 200 with {kind}"


def test_a_receipt_is_read_with_its_lists():
    (receipt,) = driver().receipts(answer(envelope({"ReadReceipt": [item()]})))
    assert (receipt.message, receipt.conversation) == (2**62 + 1, 2**60 + 1)
    assert (receipt.read, receipt.unread) == (1, 1)
    assert (receipt.readers, receipt.non_readers, receipt.peer_read) == ((2,), (3,), False)
    assert receipt.place("unread") == "$.Result.ReadReceipt[0].UnReadUserIds"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"ReadUserIds": None}, (None, (3,), False)),
        ({"UnReadUserIds": ...}, ((2,), None, False)),
        ({"ReadUserIds": ["2"]}, (None, (3,), False)),
        ({"ReceiverIsRead": 0}, ((2,), (3,), None)),
    ],
)
def test_what_has_no_shape_is_not_known(changes, expected):
    (receipt,) = driver().receipts(answer(envelope({"ReadReceipt": [item(**changes)]})))
    assert (receipt.readers, receipt.non_readers, receipt.peer_read) == expected


@pytest.mark.parametrize("items", [None, {}, [1, None, {"MessageId": "1"}]])
def test_items_without_shape_are_left_out(items):
    assert driver().receipts(answer(envelope({"ReadReceipt": items}))) == ()


# --- acting -------------------------------------------------------------------------------


def test_users_of_a_run_are_one_user_as_doubles_or_in_32_bits():
    users = [driver().user("abc", index) for index in range(8)]
    assert len(set(users)) == 8
    assert len({float(user) for user in users if users.index(user) % 4 != 3}) == 1
    assert users[3] % 2**32 == users[1] % 2**32
    assert all(2**53 < user < 2**63 for user in users)


def test_the_hook_learns_the_conversation_of_a_group_and_of_a_pair():
    made = driver()
    assert made.hook_input(GROUP, 2, [5]) == {
        "vendor": "volcengine",
        "conversation": {"type": "group", "id": 2**60 + 1},
        "messages": [5],
        "user": 2,
    }
    assert made.hook_input(PAIR, 2, [5])["conversation"] == {
        "type": "direct",
        "id": 2**60 + 3,
        "peer": 1,
    }


def test_no_call_makes_a_user_read():
    assert driver().mark_read(GROUP, 2, [5]) is None


def test_every_action_is_an_operation_of_the_contract():
    made = driver()
    message = Message(GROUP, 5, 1, True)
    calls = [
        made.make_group("live", "n", 1, []),
        made.make_pair(1, 2),
        made.add_members(GROUP, [4]),
        made.remove_member(GROUP, 3),
        made.ask_members(GROUP),
        made.dismiss(GROUP),
        made.send_message(GROUP, 1, receipt=True, number=1),
        made.recall(message),
        made.ask_receipts(GROUP, [5]),
        made.look_at_messages(GROUP, [5]),
        made.move_read_position(GROUP, 2, 9),
        made.ask_read_positions(GROUP),
    ]
    assert {one.operation for one in calls} == set(CONTRACT.operations)
    for one in calls:
        assert one.body["AppId"] == 666675


@pytest.mark.parametrize("blank", [None, {}, {"CodeN": 0, "Code": "", "Message": ""}])
def test_an_error_in_which_nothing_stands_is_none(blank):
    body = {"ResponseMetadata": {"RequestId": "r", "Error": blank}, "Result": {}}
    assert answer(body).verdict is Verdict.ACCEPTED
    assert answer(body, 400).verdict is Verdict.REFUSED


@pytest.mark.parametrize("error", [{"Code": "X"}, {"Message": "no"}, {"CodeN": 1}, {"Code": []}])
def test_an_error_in_which_anything_stands_is_one(error):
    body = {"ResponseMetadata": {"RequestId": "r", "Error": error}, "Result": {}}
    assert answer(body).verdict is Verdict.REFUSED


def test_ids_that_are_parts_of_one_another_are_different_users():
    whole, *parts, twin = driver().look_alikes("a run")
    assert all(str(part) in str(whole) for part in parts)
    assert len({whole, *parts, twin}) == 5
    assert whole % 2**48 == twin % 2**48
    assert all(0 < id_ < 2**63 for id_ in (whole, *parts, twin))


def test_two_pairs_are_one_in_48_bits():
    *_, (one, other) = driver().joint_pairs("a run")
    first, second = (driver().user("a run", index) for index in range(2))
    assert (one % 2**48, other) == (first % 2**48, second)
    assert one != first


def test_different_pairs_are_one_when_their_ids_are_joined():
    first, second, third, _ = driver().joint_pairs("a run")

    def joined(pair, lowest_first=True):
        return "".join(map(str, sorted(pair, reverse=not lowest_first)))

    assert joined(first) == joined(second)
    assert joined(first, lowest_first=False) == joined(third, lowest_first=False)
    ids = [id_ for pair in (first, second, third) for id_ in pair]
    assert len(set(ids)) == len(ids)
    assert all(10**14 < id_ < 2**63 for id_ in ids)
    assert driver().joint_pairs("another run") != driver().joint_pairs("a run")
