import json
import time
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import pytest

from receiptspec import contract, strictjson
from receiptspec.drivers import usersig
from receiptspec.drivers.tencent import TencentDriver
from receiptspec.exchange import Exchange, Request, Response, Secret
from receiptspec.neutral import Call, Conversation, Kind, Verdict
from receiptspec.targets import Target

CONTRACT = contract.load("tencent")
ASK = CONTRACT.operations["get_group_msg_receipt"]
KEY = Secret("a-key-of-the-driver-tests")
AUTH = {"sdkappid": 1400000001, "identifier": "administrator", "key": KEY}
BODY = {"GroupId": "@TGS#1", "MsgSeqList": [{"MsgSeq": 1}]}
HTML = b"<html><body>502 Bad Gateway</body></html>"


def driver(origin="http://127.0.0.1:8080"):
    target = Target("t", "tencent", url=origin, auth=AUTH)
    return TencentDriver(target, CONTRACT, origin)


def call(**options):
    return Call(ASK.name, BODY, **options)


def query(request):
    found = parse_qs(urlsplit(request.url).query, keep_blank_values=True)
    return {name: values[0] for name, values in found.items()}


def answer(body, status=200, trouble=None, operation=ASK.name):
    if isinstance(body, dict):
        body = json.dumps(body).encode()
    response = None if body is None else Response(status, (), body, 0.01)
    request = Request("POST", "http://127.0.0.1:8080", "/v4/x", (), b"{}")
    return driver().read(operation, Exchange(1, request, response, 0.0, trouble))


def envelope(status, code, **more):
    fields = {"ActionStatus": status, "ErrorInfo": "", "ErrorCode": code, **more}
    return {name: value for name, value in fields.items() if value is not ...}


# --- building -----------------------------------------------------------------------------


def test_a_call_is_a_signed_post_of_compact_json():
    request = driver().build(ASK, call())
    assert request.method == "POST"
    assert request.operation == ASK.name
    assert request.body == b'{"GroupId":"@TGS#1","MsgSeqList":[{"MsgSeq":1}]}'
    assert ("Content-Type", "application/json") in request.headers
    assert urlsplit(request.url).path == ASK.path
    sent = query(request)
    assert list(sent) == ["sdkappid", "identifier", "usersig", "random", "contenttype"]
    assert (sent["sdkappid"], sent["identifier"]) == ("1400000001", "administrator")
    assert usersig.decode(sent["usersig"])["TLS.identifier"] == "administrator"


def test_a_path_prefix_is_kept_and_apart_from_the_origin():
    request = driver("https://gateway.example/im/").build(ASK, call())
    assert request.origin == "https://gateway.example"
    assert request.target.startswith(f"/im{ASK.path}?")


def test_random_differs_from_call_to_call_and_not_from_run_to_run():
    first, second = driver(), driver()
    ones = [query(first.build(ASK, call()))["random"] for _ in range(4)]
    others = [query(second.build(ASK, call()))["random"] for _ in range(4)]
    assert ones == others
    assert len(set(ones)) == 4
    assert all(0 <= int(number) < 2**32 for number in ones)


def test_another_body_has_another_random():
    made = driver()
    one = query(made.build(ASK, call()))["random"]
    assert query(made.build(ASK, Call(ASK.name, {})))["random"] != one


@pytest.mark.parametrize("name", sorted(driver().credentials()))
def test_every_credential_reaches_the_url(name):
    made = driver()
    valid, changed = query(made.build(ASK, call())), query(made.build(ASK, call(credential=name)))
    parts = ("sdkappid", "identifier", "usersig")
    same = [changed[part] for part in parts] == [valid[part] for part in parts]
    assert same == (name == "valid")


def test_credentials_that_change_the_url_change_the_right_part_of_it():
    made = driver()
    user = query(made.build(ASK, call(credential="ordinary-user")))
    assert usersig.decode(user["usersig"])["TLS.identifier"] == user["identifier"]
    assert user["identifier"] != "administrator"
    other = query(made.build(ASK, call(credential="other-identifier-in-url")))
    assert usersig.decode(other["usersig"])["TLS.identifier"] == "administrator"
    assert other["identifier"] != "administrator"
    unknown = query(made.build(ASK, call(credential="unknown-app")))
    assert int(unknown["sdkappid"]) != usersig.decode(unknown["usersig"])["TLS.sdkappid"]
    assert query(made.build(ASK, call(credential="empty")))["usersig"] == ""


def test_a_credential_is_made_once_and_anew_on_request():
    made = driver()
    first = query(made.build(ASK, call()))["usersig"]
    assert query(made.build(ASK, call()))["usersig"] == first
    made.renew_credential()
    assert query(made.build(ASK, call()))["usersig"] != first


def test_a_credential_that_does_not_last_is_made_at_the_targets_time():
    made = driver()
    made.ahead, made._moment = -600.0, 0
    sent = query(made.build(ASK, call(credential="for-two-minutes")))["usersig"]
    assert -605 <= usersig.decode(sent)["TLS.time"] - time.time() <= -595
    assert sent in [secret.reveal() for secret in made.secrets()]


@pytest.mark.parametrize(("dated", "stamped"), [(0, 9000), (9000, None), (-150, -2), (0, -150)])
@pytest.mark.parametrize("name", ["for-two-minutes", "for-two-hours", "expired", "for-no-time"])
def test_each_clock_says_the_same_of_a_credential_that_does_or_does_not_last(name, dated, stamped):
    made = driver()
    made.ahead, made.stamped = float(dated), stamped
    claims = usersig.decode(query(made.build(ASK, call(credential=name)))["usersig"])
    ends = claims["TLS.time"] + claims["TLS.expire"]
    for ahead in (dated, stamped or dated):
        assert (ends > time.time() + ahead + 100) is name.startswith("for-two")
        assert claims["TLS.time"] <= time.time() + ahead


@pytest.mark.parametrize("name", ["for-two-minutes", "for-two-hours", "expired", "for-no-time"])
def test_a_clock_in_doubt_may_be_far_behind(name):
    made = driver()
    made.doubt = 86_400.0
    claims = usersig.decode(query(made.build(ASK, call(credential=name)))["usersig"])
    ends = claims["TLS.time"] + claims["TLS.expire"]
    lasts = name.startswith("for-two")
    assert (ends > time.time() + 100) is lasts
    assert (ends > time.time() - 86_400) is lasts
    assert claims["TLS.time"] <= time.time() - 86_400


def test_key_and_usersigs_are_known_as_secrets():
    made = driver()
    sent = query(made.build(ASK, call()))["usersig"]
    revealed = [secret.reveal() for secret in made.secrets()]
    assert KEY.reveal() in revealed
    assert sent in revealed


def test_parameters_are_replaced_left_out_and_renamed():
    made = driver()
    request = made.build(
        ASK, call(query={"random": "0", "contenttype": None}, rename={"sdkappid": "SdkAppId"})
    )
    sent = query(request)
    assert sent["random"] == "0"
    assert "contenttype" not in sent
    assert "sdkappid" not in sent
    assert sent["SdkAppId"] == "1400000001"


def test_method_path_headers_and_bytes_are_replaced():
    request = driver("http://127.0.0.1:1/p").build(
        ASK, call(method="GET", path="/v4/a/b", raw=b"{", headers={"Content-Type": None, "X": "1"})
    )
    assert (request.method, request.body, request.headers) == ("GET", b"{", (("X", "1"),))
    assert request.target.startswith("/p/v4/a/b?")


# --- reading ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "verdict", "code"),
    [
        (envelope("OK", 0), Verdict.ACCEPTED, None),
        (envelope("FAIL", 10010), Verdict.REFUSED, 10010),
        (envelope("FAIL", 0), Verdict.ACCEPTED, None),
        (envelope("OK", 10010), Verdict.REFUSED, 10010),
        (envelope("FAIL", "10010"), Verdict.REFUSED, 10010),
        (envelope("OK", "0"), Verdict.ACCEPTED, None),
        (envelope("FAIL", 60007), Verdict.THROTTLED, 60007),
        (envelope("FAIL", "60007"), Verdict.THROTTLED, 60007),
        (envelope("FAIL", 424242), Verdict.REFUSED, 424242),
        (envelope("FAIL", -1), Verdict.REFUSED, -1),
        (envelope("OK", ...), Verdict.ACCEPTED, None),
        (envelope("FAIL", ...), Verdict.REFUSED, "none"),
        (envelope("OK", None), Verdict.ACCEPTED, None),
        (envelope("FAIL", True), Verdict.REFUSED, "none"),
        (envelope(..., 10010), Verdict.REFUSED, 10010),
    ],
    ids=str,
)
def test_the_code_decides_and_the_status_stands_in_for_it(body, verdict, code):
    read = answer(body)
    assert (read.verdict, read.code, read.spoken) == (verdict, code, True)


@pytest.mark.parametrize(
    ("body", "status", "trouble", "verdict", "spoken"),
    [
        (HTML, 200, None, Verdict.TROUBLE, False),
        (HTML, 502, None, Verdict.TROUBLE, False),
        (b"", 200, None, Verdict.GARBLED, False),
        (b"", 503, None, Verdict.TROUBLE, False),
        (b'{"detail":"no"}', 200, None, Verdict.GARBLED, False),
        (b'{"detail":"no"}', 404, None, Verdict.TROUBLE, False),
        (b"hello", 200, None, Verdict.GARBLED, False),
        (b"[]", 200, None, Verdict.GARBLED, False),
        (envelope("FAIL", 10002), 500, None, Verdict.REFUSED, True),
        (envelope("OK", 0), 500, None, Verdict.ACCEPTED, True),
        (b'[{"ErrorCode":0}]', 200, None, Verdict.GARBLED, True),
        (b'{"ActionStatus":"OK","Err', 200, "answer cut short", Verdict.GARBLED, True),
        (None, 0, "connection dropped", Verdict.TROUBLE, False),
    ],
)
def test_what_is_no_envelope_is_garbled_or_trouble(body, status, trouble, verdict, spoken):
    read = answer(body, status, trouble)
    assert (read.verdict, read.spoken) == (verdict, spoken)
    assert read.code is None or verdict is Verdict.REFUSED


def test_the_note_says_what_came_instead():
    assert answer(HTML, 502).note == "HTTP 502 with an HTML page"
    assert answer(b"", 200).note == "HTTP 200 with an empty body"
    assert answer(b'{"ActionS', 200, "answer cut short").note == "answer cut short"
    assert answer(None, trouble="connection dropped").note == "connection dropped"


def test_receipts_of_a_group_hold_counts_and_codes():
    items = [
        {"MsgSeq": 1, "Code": 0, "ReadNum": 2, "UnreadNum": 3},
        {"MsgSeq": 9, "Code": 10062},
        "no item",
    ]
    one, other = driver().receipts(answer(envelope("OK", 0, GroupMsgReceiptList=items)))
    assert (one.message, one.known, one.read, one.unread) == (1, True, 2, 3)
    assert one.place("read") == "$.GroupMsgReceiptList[0].ReadNum"
    assert one.place("unread") == "$.GroupMsgReceiptList[0].UnreadNum"
    assert (other.message, other.known, other.code, other.read) == (9, False, 10062, None)


@pytest.mark.parametrize("items", [None, {}, "x", 1, [1, None, []]])
def test_a_broken_list_holds_no_receipts(items):
    assert driver().receipts(answer(envelope("OK", 0, GroupMsgReceiptList=items))) == ()


def test_receipts_of_a_garbled_answer_are_none():
    assert driver().receipts(answer(b"[]")) == ()


@pytest.mark.parametrize("flag", ["IsFinish", "IsFinished"])
def test_a_page_is_read_under_either_flag(flag):
    fields = {"MsgSeq": 4, "Cursor": "c", flag: 1, "ReadList": [{"Read_Account": "a"}, 7]}
    page = driver().page(answer(envelope("OK", 0, **fields)))
    assert page.members == ("a",)
    assert (page.cursor, page.last, page.flag, page.message) == ("c", True, flag, 4)


def test_a_page_that_is_not_last_and_one_that_does_not_say():
    unread = [{"Unread_Account": "b"}, {"Unread_Account": "c"}]
    page = driver().page(answer(envelope("OK", 0, IsFinish=0, UnreadList=unread)))
    assert (page.members, page.last) == (("b", "c"), False)
    silent = driver().page(answer(envelope("OK", 0)))
    assert (silent.members, silent.cursor, silent.last, silent.flag) == ((), None, None, None)


def test_forged_usersigs_claim_what_the_right_one_claims():
    made = driver()
    texts = [
        query(made.build(ASK, call(credential=name)))["usersig"] for name in ("valid", "wrong-key")
    ]
    right, forged = (usersig.decode(text) for text in texts)
    assert right.pop("TLS.sig") != forged.pop("TLS.sig")
    assert right == forged


def test_items_of_several_receipts_are_named_in_one():
    group = Conversation(Kind.GROUP, "g", "Public", "a", ("a", "b"))
    pair = Conversation(Kind.DIRECT, None, "direct", "a", ("a", "b"))
    made = driver()
    for conversation, ids, key in ((group, (1, 2), "MsgSeqList"), (pair, ("x", "y"), "C2CMsgInfo")):
        calls = [made.mark_read(conversation, "b", [id_]) for id_ in ids]
        together = made.joined(calls)
        assert together.body[key] == [item for one in calls for item in one.body[key]]


def test_ids_of_users_are_distinct_in_both_cases_and_at_most_32_bytes():
    names = [driver().user("abcdef", index) for index in range(250)]
    assert len({name.lower() for name in names}) == 250
    digits = [name for name in names if name.isdigit()]
    lettered = [name for name in names if not name.isdigit()]
    assert all(name not in (name.lower(), name.upper()) for name in lettered)
    assert len(digits) == 83
    assert all(2**53 < int(name) < 2**63 for name in digits)
    assert {len(name) for name in names} >= {32}
    assert max(map(len, names)) == 32


def test_periods_and_times_are_those_of_the_targets_clock():
    made = driver()
    pair = Conversation(Kind.DIRECT, None, "direct", "ann", ("ann", "bob"))
    ours = made.look(pair, "ann").body["MaxTime"]
    made.ahead = 120.0
    theirs = made.look(pair, "ann").body
    assert 119 <= theirs["MaxTime"] - ours <= 122
    assert theirs["MinTime"] < theirs["MaxTime"]
    group = Conversation(Kind.GROUP, "@TGS#1", "Public", "ann", ("ann",))
    imported = made.import_messages(group, 2).body["MsgList"]
    assert [item["SendTime"] - ours > 50 for item in imported] == [True, True]


def test_a_history_is_asked_for_since_before_the_run_by_either_clock(monkeypatch):
    made = driver()
    pair = Conversation(Kind.DIRECT, None, "direct", "ann", ("ann", "bob"))
    begun = made.look(pair, "ann").body["MinTime"]
    later = time.time() + 7200
    monkeypatch.setattr(time, "time", lambda: later)
    late = made.look(pair, "ann").body
    assert late["MinTime"] == begun
    assert late["MaxTime"] > time.time()
    made.ahead, made.stamped = -150.0, 150.0
    wide = made.look(pair, "ann").body
    assert begun - wide["MinTime"] in (150, 151)
    assert wide["MaxTime"] - late["MaxTime"] == 150


@pytest.mark.parametrize(("dated", "stamped"), [(0.0, -4.5), (0.0, 4.0), (-150.0, 0.0)])
def test_what_is_imported_has_times_of_what_times_messages(dated, stamped):
    made = driver()
    made.ahead, made.stamped = dated, stamped
    group = Conversation(Kind.GROUP, "@TGS#1", "Public", "ann", ("ann",))
    imported = made.import_messages(group, 2).body["MsgList"]
    theirs = time.time() + stamped
    assert [round(theirs - item["SendTime"] - 0.5) for item in imported] == [2, 1]


def test_every_result_of_an_import_counts_and_only_successes_have_numbers():
    body = b'{"ActionStatus":"OK","ErrorCode":0,"ErrorInfo":"","ImportMsgResult":['
    body += b'{"Result":0,"MsgSeq":3,"MsgTime":1},{"Result":10004}]}'
    told = answer(body, operation="import_group_msg")
    assert driver().import_results(told) == 2
    assert driver().imported(told) == [3]


LETTER = {
    "From_Account": "a",
    "To_Account": "b",
    "MsgRandom": 7,
    "MsgBody": [{"MsgType": "TIMTextElem", "MsgContent": {"Text": "x"}}],
    "CloudCustomData": "more",
}
SHOWN = {**LETTER, "MsgTimeStamp": 1_700_000_001, "MsgFlagBits": 0, "MsgSeq": 3}


@pytest.mark.parametrize(
    ("change", "strayed"),
    [
        ({}, []),
        ({"From_Account": "b", "To_Account": "a"}, ["From_Account", "To_Account"]),
        ({"MsgTimeStamp": 1_700_028_800}, ["MsgTimeStamp"]),
        ({"CloudCustomData": None}, ["CloudCustomData"]),
        ({"MsgFlagBits": 8}, ["MsgFlagBits"]),
        ({"MsgBody": []}, ["MsgBody"]),
    ],
)
def test_what_is_read_back_is_compared_with_what_was_sent(change, strayed):
    told = answer(envelope("OK", 0, MsgTime=1_700_000_000), operation="sendmsg")
    sent = replace(told, request_body=LETTER)
    assert [one.path for one in driver().strayed(sent, {**SHOWN, **change})] == strayed


def test_what_names_no_sender_is_the_administrators_who_called():
    sent = answer(envelope("OK", 0, MsgTime=1_700_000_000), operation="sendmsg")
    request = replace(sent.exchange.request, target="/v4/x?identifier=boss&random=1")
    unsigned = {name: value for name, value in LETTER.items() if name != "From_Account"}
    exchange = replace(sent.exchange, request=request)
    sent = replace(sent, exchange=exchange, request_body=unsigned)
    assert driver().strayed(sent, {**SHOWN, "From_Account": "boss"}) == []
    assert [one.expected for one in driver().strayed(sent, SHOWN)] == ["boss"]


def test_a_number_that_its_sender_gave_a_letter_need_not_be_taken():
    told = answer(envelope("OK", 0, MsgTime=1_700_000_000, MsgKey="3_7_1700000000"))
    sent = replace(told, operation="sendmsg", request_body={**LETTER, "MsgSeq": 9})
    assert driver().strayed(sent, SHOWN) == []
    assert driver().strayed(sent, {**SHOWN, "MsgSeq": 9})[0].path == "MsgSeq"


def test_a_history_of_a_group_says_that_it_is_whole():
    whole = answer(envelope("OK", 0, IsFinished=1), operation="group_msg_get_simple")
    assert driver().looked_through(whole)
    assert not driver().looked_through(replace(whole, operation="admin_getroammsg"))


@pytest.mark.parametrize(
    ("key", "strayed"),
    [
        ("3_7_1700000000", []),
        ("4_7_1700000000", ["MsgSeq"]),
        ("4_8_1700000000", []),
        ("4_7_1700000009", []),
        ("k4", []),
        (None, []),
    ],
)
def test_the_number_of_a_letter_is_that_of_its_key_where_that_is_made_so(key, strayed):
    told = answer(envelope("OK", 0, MsgTime=1_700_000_000, MsgKey=key), operation="sendmsg")
    sent = replace(told, request_body=LETTER)
    assert [one.path for one in driver().strayed(sent, SHOWN)] == strayed


def test_wishes_beside_options_have_numbers_of_their_own():
    group = Conversation(Kind.GROUP, "g", "Public", "a", ("a", "b"))
    plain = driver().send_message(group, "a", receipt=True, number=2**31 + 5)
    calls = driver().beside_wish(plain, group.members)
    assert all(one.body["NeedReadReceipt"] == 1 for one in calls)
    assert len({one.body["Random"] for one in calls}) == len({one.label for one in calls})
    assert all(0 <= one.body["Random"] < 2**32 for one in calls)
    texts = [one.body["MsgBody"] for one in calls]
    assert texts[0] == texts[1]


def test_messages_of_other_elements_keep_their_people_and_wish():
    pair = Conversation(Kind.DIRECT, None, "direct", "a", ("a", "b"))
    plain = driver().send_message(pair, "a", receipt=True, number=7)
    others = driver().in_other_elements(plain)
    assert [{**one.body, "MsgBody": plain.body["MsgBody"]} for one in others] == [plain.body] * 4
    kinds = [[part["MsgType"] for part in one.body["MsgBody"]] for one in others]
    assert kinds[:3] == [["TIMFaceElem"], ["TIMLocationElem"], ["TIMCustomElem"]]
    assert kinds[3] == [*["TIMTextElem"] * 3, "TIMCustomElem"]
    assert driver().in_other_elements(call()) == []


def test_an_account_is_made_again_by_both_operations():
    one, several = driver().make_again("a")
    assert (one.operation, several.operation) == ("account_import", "multiaccount_import")
    assert one.body["UserID"] == "a"
    assert one.body["Nick"]
    assert several.body["AccountList"] == [one.body]


def test_a_key_is_spelt_in_ways_that_were_not_given_out():
    pair = Conversation(Kind.DIRECT, None, "direct", "a", ("a", "b"))
    call = driver().mark_read(pair, "b", ["7_8_9"])
    keys = [one.body["C2CMsgInfo"][0]["MsgKey"] for one in driver().respelt(call)]
    assert {"7_8_9_9", "4294967303_4294967304_9"} <= {*keys}
    numbers = [[part.strip(" +0") for part in key.split("_")] for key in keys]
    assert ["7", "8", "9"] not in numbers  # in other digits it may be the same key
    assert len(driver().respelt(driver().mark_read(pair, "b", ["k"]))) == 3


def test_a_number_with_a_fraction_comes_back_as_a_number():
    pair = Conversation(Kind.DIRECT, None, "direct", "a", ("a", "b"))
    plain = driver().send_message(pair, "a", receipt=True, number=7)
    place = driver().in_other_elements(plain)[1].body
    sent = replace(answer(b"{}", operation="sendmsg"), request_body=place)

    def strayed(body):
        return driver().strayed(sent, strictjson.read(json.dumps({"MsgBody": body}).encode()).value)

    content = place["MsgBody"][0]["MsgContent"]
    as_text = {**content, "Latitude": str(content["Latitude"])}
    assert strayed(place["MsgBody"]) == []
    assert len(strayed([{**place["MsgBody"][0], "MsgContent": as_text}])) == 1
