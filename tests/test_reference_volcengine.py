"""Volcengine's face of the reference server: over raw HTTP, and its verifier against vectors."""

import hashlib
import http.client
import json
import re
import time
from datetime import UTC, datetime
from urllib.parse import quote

import pytest
from pace import PATIENCE
from volcengine_signing import USUAL, sign

from receiptspec.reference import Settings, launch
from receiptspec.reference.behaviour import Behaviour
from receiptspec.reference.calls import Incoming
from receiptspec.reference.volcengine.face import VolcengineFace
from receiptspec.reference.volcengine.signature import Keys
from receiptspec.reference.volcengine.site import Site

ASK = "GetMessagesReadReceipt"


def stamped(seconds=0.0):
    return datetime.fromtimestamp(time.time() + seconds, UTC).strftime("%Y%m%dT%H%M%SZ")


class Caller:
    """Signs and sends; every part of a request may be given."""

    def __init__(self, server):
        self.server = server
        self.host = server.url.removeprefix("http://")
        self.count = 0

    def raw(
        self,
        action,
        body,
        *,
        method="POST",
        names=USUAL,
        version="2020-12-01",
        query=None,
        wire=None,
        stamp=None,
        late=0,
        secret=None,
        access=None,
        scope=None,
        headers=(),
        without=(),
        sent=None,
        authorization=None,
    ):
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        query = f"Action={action}&Version={version}" if query is None else query
        stamp = stamp or stamped(late)
        known = {
            "content-type": "application/json",
            "host": self.host,
            "x-content-sha256": hashlib.sha256(raw).hexdigest(),
            "x-date": stamp,
            **dict(headers),
        }
        scope = scope or (stamp.replace("-", "")[:8], self.server.region, "rtc", "request")
        secret = secret if secret is not None else self.server.secret_key.encode()
        signature = sign(known, names, query, raw, secret, scope, method)
        access = access or self.server.access_key
        known["authorization"] = authorization or (
            f"HMAC-SHA256 Credential={access}/{'/'.join(scope)}, "
            f"SignedHeaders={';'.join(sorted(names))}, Signature={signature}"
        )
        for name in without:
            del known[name]
        connection = http.client.HTTPConnection(self.host, timeout=PATIENCE)
        data = raw if sent is None else sent
        connection.request(method, f"/?{wire or query}", data, known)
        response = connection.getresponse()
        text = response.read()
        connection.close()
        return response.status, response.headers, text

    def full(self, action, body, **how):
        status, headers, text = self.raw(action, body, **how)
        assert status < 500
        assert headers["Content-Type"] == "application/json; charset=utf-8"
        return status, json.loads(text)

    def code(self, action, body, **how):
        status, answer = self.full(action, body, **how)
        error = answer["ResponseMetadata"]["Error"]
        assert "Result" not in answer
        assert error["Message"]
        return error["Code"], error.get("CodeN"), status

    def __call__(self, action, **body):
        status, answer = self.full(action, {"AppId": self.server.appid, **body})
        assert status == 200
        assert "Error" not in answer["ResponseMetadata"], answer
        return answer["Result"]

    def refused(self, action, **body):
        code, number, status = self.code(action, {"AppId": self.server.appid, **body})
        assert (number, status) == (None, 200)
        return code

    def conversation(self, kind, *members):
        more = {"OtherUserId": members[1]} if kind == 1 else {}
        core = {"ConversationType": kind}
        made = self("CreateConversation", ConversationCoreInfo=core, OwnerUserId=members[0], **more)
        found = made["ConversationShortId"]
        if kind != 1 and members[1:]:
            infos = [{"ParticipantUserId": user} for user in members[1:]]
            self(
                "BatchAddConversationParticipant", ConversationShortId=found, ParticipantInfos=infos
            )
        return found

    def send(self, conversation, sender, **more):
        body = {"Sender": sender, "MsgType": 10001, "Content": "hi", **more}
        return self("SendMessage", ConversationShortId=conversation, **body)["MessageId"]

    def ask(self, conversation, *messages):
        result = self(ASK, ConversationShortId=conversation, MessageIds=messages)
        return result["ReadReceipt"]

    def lists(self, conversation, *messages):
        return [
            (item["ReceiverIsRead"], item["ReadUserIds"], item["UnReadUserIds"])
            for item in self.ask(conversation, *messages)
        ]

    def read(self, conversation, user, *messages):
        wish = {
            "vendor": "volcengine",
            "conversation": {"type": "group", "id": conversation},
            "messages": messages,
            "user": user,
        }
        connection = http.client.HTTPConnection(self.host, timeout=PATIENCE)
        connection.request("POST", "/_reference/read", json.dumps(wish))
        response = connection.getresponse()
        answer = json.loads(response.read())
        connection.close()
        return response.status, answer


@pytest.fixture(scope="module")
def call():
    with launch() as server:
        yield Caller(server)


@pytest.fixture
def group(call):
    return call.conversation(2, 101, 102, 103, 2**60 + 1)


def good(call, conversation, *messages):
    return {
        "AppId": call.server.appid,
        "ConversationShortId": conversation,
        "MessageIds": list(messages),
    }


# --- receipts -----------------------------------------------------------------------------------


def test_a_group_shows_who_has_read(call, group):
    message = call.send(group, 101)
    assert call.lists(group, message) == [(False, [], [102, 103, 2**60 + 1])]
    assert call.read(group, 2**60 + 1, message) == (200, {"read": 1})
    assert call.read(str(group), "102", str(message)) == (200, {"read": 1})
    assert call.read(group, 101, message) == (200, {"read": 0})
    assert call.read(group, 999, message) == (200, {"read": 0})
    assert call.lists(group, message) == [(False, [102, 2**60 + 1], [103])]


def test_one_to_one_has_the_flag(call):
    pair = call.conversation(1, 201, 202)
    message, other = call.send(pair, 201), call.send(pair, 202)
    assert call.lists(pair, message, other) == [(False, [], [202]), (False, [], [201])]
    call.read(pair, 202, message)
    assert call.lists(pair, other, message) == [(False, [], [201]), (True, [202], [])]


def test_ids_keep_their_digits(call, group):
    message = call.send(group, 101)
    assert message > 2**53
    assert len(str(message)) == 19
    assert float(message) != message
    (item,) = call.ask(group, message, message + 1, message - 1)
    assert (item["MessageId"], item["ConversationShortId"]) == (message, group)
    assert call.refused(ASK, ConversationShortId=group + 1, MessageIds=[message]) == (
        "ConversationNotFound"
    )


def test_members_come_and_go(call, group):
    message = call.send(group, 101)
    infos = [{"ParticipantUserId": 104}]
    call("BatchAddConversationParticipant", ConversationShortId=group, ParticipantInfos=infos)
    call.read(group, 102, message)
    call.read(group, 104, message)
    gone = {"ConversationShortId": group, "ParticipantUserIds": [102, 555]}
    assert call("BatchDeleteConversationParticipant", **gone) == {"FailedUserIds": [555]}
    assert call.lists(group, message) == [(False, [], [103, 2**60 + 1])]
    found = call(
        "BatchGetConversationParticipant",
        ConversationShortId=group,
        ParticipantUserIds=[101, 102, 104],
    )
    assert [one["ParticipantUserId"] for one in found["Participants"]] == [101, 104]


def test_unknown_messages_are_left_out(call, group):
    message, other = call.send(group, 101), call.send(call.conversation(2, 101, 102), 101)
    items = call.ask(group, 5, message, other, message, -7, 0)
    assert [item["MessageId"] for item in items] == [message, message]


def test_a_recalled_message_keeps_its_receipt(call, group):
    message = call.send(group, 101)
    call("RecallMessage", ConversationShortId=group, MessageId=message, ParticipantUserId=101)
    assert len(call.ask(group, message)) == 1
    (shown,) = call("GetMessages", ConversationShortId=group, MessageIds=[message])["Messages"]
    assert shown["Status"] == 1
    wrong = {"ConversationShortId": group, "MessageId": 7, "ParticipantUserId": 101}
    assert call.refused("RecallMessage", **wrong) == "MessageNotFound"


def test_live_groups_have_no_receipts(call):
    live = call.conversation(100, 101, 102)
    message = call.send(live, 101)
    code = call.refused(ASK, ConversationShortId=live, MessageIds=[message])
    assert code == "LiveConversationNotSupport"


def test_a_read_index_only_moves_forward(call, group):
    message = call.send(group, 101)
    (shown,) = call("GetMessages", ConversationShortId=group, MessageIds=[message])["Messages"]
    index = shown["IndexInConversation"]
    body = {"ConversationShortId": group, "ParticipantUserId": 102}
    assert call("GetParticipantReadIndex", ConversationShortId=group) == {"ReadIndexes": []}
    call("ModifyParticipantReadIndex", ReadIndex=index, **body)
    for lower in (index, index - 1, 0):
        refused = call.refused("ModifyParticipantReadIndex", ReadIndex=lower, **body)
        assert refused == "InvalidParam"
    assert call("GetParticipantReadIndex", ConversationShortId=group) == {
        "ReadIndexes": [{"ParticipantUserId": 102, "ReadIndex": index}]
    }
    assert call.lists(group, message)[0][1] == []
    body["ParticipantUserId"] = 999
    refused = call.refused("ModifyParticipantReadIndex", ReadIndex=index, **body)
    assert refused == "ParticipantNotInConversation"


def test_a_pair_has_one_conversation(call):
    body = {"ConversationCoreInfo": {"ConversationType": 1}, "OwnerUserId": 31}
    first = call("CreateConversation", OtherUserId=32, **body)
    again = call("CreateConversation", OtherUserId=32, **body)
    assert (first["Exist"], again["Exist"]) == (False, True)
    assert first["ConversationShortId"] == again["ConversationShortId"]
    assert first["ConversationId"] == str(first["ConversationShortId"])
    code = call.refused("CreateConversation", **body)
    assert code == "CreateSingleConversationNeedOtherParticipantId"
    more = {"ParticipantInfos": [{"ParticipantUserId": 33}]}
    short = {"ConversationShortId": first["ConversationShortId"]}
    refused = call.refused("BatchAddConversationParticipant", **short, **more)
    assert refused == "SingleConversationNotSupport"


def test_sending_is_for_members_and_idempotent(call, group):
    first = call.send(group, 101, ClientMsgId="c")
    assert call.send(group, 101, ClientMsgId="c") == first
    assert call.send(group, 102, ClientMsgId="c") != first
    body = {"Sender": 999, "MsgType": 10001, "Content": "x"}
    refused = call.refused("SendMessage", ConversationShortId=group, **body)
    assert refused == "ParticipantNotInConversation"


def test_a_destroyed_conversation_is_unknown(call, group):
    message = call.send(group, 101)
    wrong = {"ConversationShortId": group, "OwnerUserId": 102}
    assert call.refused("DestroyConversation", **wrong) == "OnlyOwnerCanOperator"
    call("DestroyConversation", ConversationShortId=group, OwnerUserId=101)
    refused = call.refused(ASK, ConversationShortId=group, MessageIds=[message])
    assert refused == "ConversationNotFound"


def test_a_group_has_at_most_200_members(call):
    group = call.conversation(2, 1)
    infos = [{"ParticipantUserId": user} for user in range(1, 202)]
    body = {"ConversationShortId": group, "ParticipantInfos": infos}
    refused = call.refused("BatchAddConversationParticipant", **body)
    assert refused == "ConversationParticipantsMoreThanLimit"
    body["ParticipantInfos"] = infos[:200]
    assert call("BatchAddConversationParticipant", **body) == {"FailedUserIds": []}


# --- bodies and envelopes ---------------------------------------------------------------------


def test_the_envelope(call, group):
    message = call.send(group, 101)
    status, answer = call.full(ASK, {**good(call, group, message), "Operator": 102, "Foo": [1]})
    about = answer["ResponseMetadata"]
    assert (status, list(answer)) == (200, ["ResponseMetadata", "Result"])
    assert re.fullmatch("[0-9]{14}[0-9A-F]{20}", about.pop("RequestId"))
    assert about == {
        "Action": ASK,
        "Version": "2020-12-01",
        "Service": "rtc",
        "Region": "cn-north-1",
    }


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"AppId": None}, "InvalidParam"),
        ({"AppId": "666675"}, "JsonParsingError"),
        ({"AppId": 1}, "AppNotFound"),
        ({"AppId": 2**31}, "InvalidParam"),
        ({"AppId": {}}, "JsonParsingError"),
        ({"AppId": True}, "JsonParsingError"),
        ({"ConversationShortId": None}, "InvalidParam"),
        ({"ConversationShortId": 1.5}, "JsonParsingError"),
        ({"ConversationShortId": 1e3}, "JsonParsingError"),
        ({"ConversationShortId": 2**63}, "InvalidParam"),
        ({"ConversationShortId": 7}, "ConversationNotFound"),
        ({"MessageIds": None}, "InvalidParam"),
        ({"MessageIds": []}, "InvalidParam"),
        ({"MessageIds": 7}, "JsonParsingError"),
        ({"MessageIds": {"0": 7}}, "JsonParsingError"),
        ({"MessageIds": ["7"]}, "JsonParsingError"),
        ({"MessageIds": [None]}, "JsonParsingError"),
        ({"MessageIds": [2**63]}, "InvalidParam"),
        ({"MessageIds": [-(2**63) - 1]}, "InvalidParam"),
    ],
)
def test_bad_fields_are_refused(call, group, change, code):
    assert call.refused(ASK, **{**good(call, group, 7), **change}) == code


@pytest.mark.parametrize(
    "text",
    [
        '{"AppId":00000,"ConversationShortId":1691070514797524328,"MessageIds":[1]}',
        '{"AppId":1,"AppId":1,"ConversationShortId":1,"MessageIds":[1]}',
        '{"AppId":NaN}',
        '{"AppId":1}x',
        '{"AppId":1',
        "[]",
        "null",
        '"\udc80"',
        "[" * 100_000,
    ],
)
def test_what_is_not_a_json_object_is_refused(call, text):
    code = call.code(ASK, text.encode(errors="surrogateescape"))
    assert code == ("JsonParsingError", None, 200)


def test_an_empty_body_is_refused(call):
    assert call.code(ASK, b"") == ("InvalidParam", None, 200)


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH"])
def test_other_methods_are_refused(call, method):
    assert call.code(ASK, {}, method=method) == ("MethodNotAllowed", None, 405)


@pytest.mark.parametrize(
    ("query", "code"),
    [
        (f"Action={ASK}", ("MissingParameter", 100002, 400)),
        ("Version=2020-12-01", ("MissingParameter", 100002, 400)),
        ("", ("MissingParameter", 100002, 400)),
        ("Action=NoSuch&Version=2020-12-01", ("InvalidActionOrVersion", 100008, 404)),
        (f"Action={ASK}&Version=1999-01-01", ("InvalidActionOrVersion", 100008, 404)),
    ],
)
def test_the_query_names_action_and_version(call, query, code):
    assert call.code(ASK, {}, query=query) == code


# --- signatures -------------------------------------------------------------------------------


def accepted(call, group, **how):
    status, answer = call.full(ASK, good(call, group, 7), **how)
    return status == 200 and answer.get("Result") == {"ReadReceipt": []}


@pytest.mark.parametrize(
    "names",
    [
        USUAL,
        ("x-content-sha256", "x-date"),
        ("host", "x-date"),
        (*USUAL, "x-im-sdk-version"),
        ("content-type", "host", "x-date"),
    ],
)
def test_any_set_of_signed_headers_is_followed(call, group, names):
    headers = {"x-im-sdk-version": "Golang-V1.0.1"}
    assert accepted(call, group, names=names, headers=headers)


def test_the_hash_header_may_be_absent(call, group):
    assert accepted(call, group, names=("host", "x-date"), without=("x-content-sha256",))


def test_the_query_is_sorted_and_encoded(call, group):
    value = quote("a b+c/~*é", safe="~")
    query = f"Action={ASK}&Version=2020-12-01&X={value}"
    wire = f"X={value}&Version=2020-12-01&Action={ASK}"
    assert accepted(call, group, query=query)
    assert accepted(call, group, query=query, wire=wire)
    assert accepted(call, group, query=query, wire=wire.replace("%20", "+"))
    for wrong in (value.replace("%20", "+"), value.lower(), value.replace("~", "%7E")):
        code = call.code(ASK, {}, query=query.replace(value, wrong), wire=query)
        assert code == ("SignatureDoesNotMatch", 100010, 401)


def scope(service="rtc", region="cn-north-1", end="request", date=None):
    return (date or stamped()[:8], region, service, end)


@pytest.mark.parametrize(
    ("how", "code"),
    [
        ({"without": ("authorization",)}, ("MissingAuthenticationToken", 100003, 401)),
        ({"authorization": "Bearer x"}, ("InvalidAuthorization", 100024, 400)),
        ({"authorization": "HMAC-SHA256 \xff"}, ("InvalidAuthorization", 100024, 400)),
        (
            {"authorization": "HMAC-SHA256 Credential=a/b, SignedHeaders=host, Signature=ab"},
            ("InvalidCredential", 100025, 400),
        ),
        (
            {"authorization": "HMAC-SHA256 Credential=a/b, SignedHeaders=host"},
            ("MissingSignature", 100005, 401),
        ),
        ({"without": ("x-date",)}, ("MissingRequestInfo", 100004, 400)),
        ({"late": -86400}, ("InvalidTimestamp", 100006, 400)),
        ({"late": 960}, ("InvalidTimestamp", 100006, 400)),
        ({"stamp": "20240231T000000Z"}, ("InvalidTimestamp", 100006, 400)),
        ({"stamp": "2024-02-27T06:42:30Z"}, ("InvalidTimestamp", 100006, 400)),
        ({"access": "AKLTNOBODY"}, ("InvalidAccessKey", 100009, 401)),
        ({"headers": {"x-security-token": "no"}}, ("InvalidSecretToken", 100026, 401)),
        ({"secret": b"no"}, ("SignatureDoesNotMatch", 100010, 401)),
        ({"scope": scope(service="im")}, ("SignatureDoesNotMatch", 100010, 401)),
        ({"scope": scope(region="us-east-1")}, ("SignatureDoesNotMatch", 100010, 401)),
        ({"scope": scope(date="20240227")}, ("SignatureDoesNotMatch", 100010, 401)),
        ({"scope": scope(end="aws4_request")}, ("InvalidCredential", 100025, 400)),
        (
            {"headers": {"x-content-sha256": hashlib.sha256(b"").hexdigest()}},
            ("SignatureDoesNotMatch", 100010, 401),
        ),
        ({"sent": b'{"AppId":2}'}, ("SignatureDoesNotMatch", 100010, 401)),
        (
            {"sent": b'{"AppId":2}', "names": ("host", "x-date"), "without": ("x-content-sha256",)},
            ("SignatureDoesNotMatch", 100010, 401),
        ),
    ],
)
def test_what_is_not_signed_well_is_refused(call, how, code):
    assert call.code(ASK, {}, **how) == code


@pytest.mark.parametrize("seconds", [-840, -60, 60, 840])
def test_clocks_may_differ(call, group, seconds):
    assert accepted(call, group, stamp=stamped(seconds))


# --- vectors ----------------------------------------------------------------------------------

ACCESS, SECRET = "AKLTEXAMPLEEXAMPLEEXAMPLE", "RXhhbXBsZVNlY3JldEtleUZvclRlc3RzT25seQ=="
BODY = (
    b'{"AppId":666675,"ConversationShortId":1691070514797524328,"MessageIds":[1709040620191372977]}'
)
TV1 = "682d41b0f627915595ebb91a503f0fb6dc50d046c64c60693e14b31dbb4eae78"
QUERY = f"Action={ASK}&Version=2020-12-01"


def judge(signature, names=USUAL, query=QUERY, body=BODY, host="rtc.volcengineapi.com", **headers):
    """Return the code that a request with that signature is refused with at its own moment."""
    moment = datetime(2024, 2, 27, 6, 42, 30, tzinfo=UTC).timestamp()
    keys = Keys(ACCESS, SECRET, token="STS2EXAMPLETOKEN")
    site = Site(666675, keys, clock=lambda: moment)
    known = {
        "Content-Type": "application/json",
        "Host": host,
        "X-Content-Sha256": hashlib.sha256(body).hexdigest(),
        "X-Date": "20240227T064230Z",
        "Authorization": f"HMAC-SHA256 Credential={ACCESS}/20240227/cn-north-1/rtc/request, "
        f"SignedHeaders={';'.join(names)}, Signature={signature}",
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }
    face = VolcengineFace(site, Behaviour())
    incoming = Incoming("POST", "/", query, tuple(known.items()), body)
    assert face.claims(incoming)
    answer = json.loads(face.answer(face.begin(incoming, 1)).body)
    return answer["ResponseMetadata"]["Error"]["Code"]


PASSED = "ConversationNotFound"


@pytest.mark.parametrize(
    ("signature", "how"),
    [
        (TV1, {}),
        (TV1, {"host": "rtc.volcengineapi.com:443"}),
        (TV1, {"host": "rtc.volcengineapi.com:80"}),
        (
            "b77073f68a8b6588845013cf4b0da56dc7a72014b74d4861957e96c5aae6e783",
            {"names": ("x-content-sha256", "x-date")},
        ),
        (
            "75739b16d0054a6e61d97c7e52e347f23d6a9c5071614ce3edf809a651d56f05",
            {"names": ("host", "x-date")},
        ),
        (
            "ce3ef45cf537d35ee9f4eccdaf73632d7b2bc3e766209561c5ff4a69ce6daf05",
            {"names": (*USUAL, "x-security-token"), "X_Security_Token": "STS2EXAMPLETOKEN"},
        ),
        (
            "89a62185632a5a574665cfd8b8ce43d2f290c0a36ff5497f33107d825de2d001",
            {"query": f"{QUERY}&X=a%20b%2Bc%2F~%2A%C3%A9"},
        ),
        (
            "b2462cb766708ad0b055757502c1cd6b7be86117245f898fc784d969eeb9e716",
            {"names": (*USUAL, "x-im-sdk-version"), "X_IM_SDK_Version": "Golang-V1.0.1"},
        ),
    ],
)
def test_vectors_are_accepted(signature, how):
    assert judge(signature, **how) == PASSED


@pytest.mark.parametrize(
    "signature",
    [
        "bf07f8e6b22916f3cf26c011a3368a061d9bf228a96d55cbae08120f93563944",
        "879ad5cabfe3a4448d3e4db27a2aa64f4787941b19b52a40bf8452b0918d4914",
        "3dcd85eb45266e22c64c9ec6deab79324605b6bc1336364032da8d568a1d83c4",
        "9702c2ebc1bf68dec68d7f14416d45ec950b401b41c514fff5f4b5f90adce0eb",
        "71d15714d07dbca51cf38c1417ef4562c4686aae9148ab674f69c33a0ee9db12",
        "a73841104c528f4bf6964d191686d76c1cd4ead0d023bfec56c0ed47cc56f9e2",
        "2641d3240716b442a52fa686f1129e67c9b635e07f3a86c84407095a8dc1965d",
        "aa8fbebe79aa994a25aa933ccf3d22314fcf04fdc0bdceba9bea3248771be01b",
        TV1[:-1] + "9",
        TV1.upper(),
        "zz",
    ],
)
def test_vectors_wrong_by_one_thing_are_refused(signature):
    assert judge(signature) == "SignatureDoesNotMatch"


def test_a_wrong_token_is_refused():
    names = (*USUAL, "x-security-token")
    assert judge(TV1, names=names, X_Security_Token="other") == "InvalidSecretToken"


# --- next to Tencent's face ---------------------------------------------------------------------


def test_both_faces_live_on_one_server(call):
    connection = http.client.HTTPConnection(call.host, timeout=PATIENCE)
    for path, key in ((f"/?{QUERY}", "ResponseMetadata"), ("/v4/x/y", "ActionStatus")):
        connection.request("POST", path, b"{}")
        assert key in json.loads(connection.getresponse().read())
    connection.close()


def test_credentials_may_be_given():
    given = {"appid": 7, "access_key": "AKLTX", "secret_key": "c2VjcmV0", "region": "xx-1"}
    with launch(Settings(**given)) as server:
        assert {name: getattr(server, name) for name in given} == given
        body = {"ConversationShortId": 1, "MessageIds": [1]}
        assert Caller(server).refused(ASK, **body) == "ConversationNotFound"


@pytest.mark.parametrize(
    "change",
    [
        {"user": None},
        {"user": "x"},
        {"messages": 7},
        {"conversation": {"id": 7}},
        {"conversation": 7},
    ],
)
def test_a_wish_that_names_nothing_is_refused(call, change):
    wish = {"vendor": "volcengine", "conversation": {"id": 1}, "messages": [], "user": 1, **change}
    connection = http.client.HTTPConnection(call.host, timeout=PATIENCE)
    connection.request("POST", "/_reference/read", json.dumps(wish))
    response = connection.getresponse()
    assert response.status == 400
    assert json.loads(response.read())["error"]
    connection.close()
