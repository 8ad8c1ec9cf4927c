"""Volcengine's faults and variants, each in one scripted conversation against the usual server.

Every step of the conversation carries the number of the row that it looks at, so that a fault has
to show where its row is looked at, and one that only tolerates must show nowhere else.
"""

import base64
import hashlib
import itertools
import json
import re
from types import SimpleNamespace

import pytest
from volcengine_signing import USUAL, sign

from receiptspec import contract
from receiptspec.proving.known import unbreakable
from receiptspec.reference import outside
from receiptspec.reference.behaviour import Behaviour
from receiptspec.reference.calls import Call, Incoming
from receiptspec.reference.faults import FAULTS
from receiptspec.reference.faults import volcengine as faults
from receiptspec.reference.variants import VARIANTS, standby
from receiptspec.reference.volcengine import hook
from receiptspec.reference.volcengine.face import VolcengineFace
from receiptspec.reference.volcengine.signature import Keys
from receiptspec.reference.volcengine.site import Site

ASK = "GetMessagesReadReceipt"
QUERY = f"Action={ASK}&Version=2020-12-01"
OURS = {name: one for name, one in FAULTS.items() if one.vendor == "volcengine"}
FREEDOMS = {name: one for name, one in VARIANTS.items() if one.vendor == "volcengine"}
RAW_SECRET = base64.b64encode(b"a secret of the tests")
SECRET = RAW_SECRET.decode()
NOW = 1_709_016_150  # 20240227T064230Z
BIG = 2**60 + 1
TOLD = {}
#: Variants that the story here does not bring out.
QUIET = {
    "ve-gzip",
    "ve-reads-shown-later",
    "ve-ids-close",
    "ve-items-sorted",
    "ve-actions-any-case",
    "ve-added-again-is-new",
    "ve-client-ids-any-case",
    "ve-client-ids-everywhere",
    "ve-indexes-down-to-messages",
    "ve-indexes-of-messages",
    "ve-nothing-in-no-conversation",
    "ve-content-type-exact",
    "ve-repeats-before-members",
    "ve-user-zero-refused",
    "ve-version-of-2022-too",
}
BURSTS = ("VE-GMRR-53", "VE-GMRR-54")


class Story:
    """Talks to a face and writes down every answer under the row that it is about."""

    def __init__(self, *names):
        known = {**FAULTS, **VARIANTS}
        self.site = Site(666675, Keys("AKLTX", SECRET), clock=lambda: NOW)
        self.face = VolcengineFace(self.site, Behaviour([known[name] for name in names]))
        self.told = []
        self.ids = []
        self.serial = 0

    def send(
        self,
        row,
        body,
        *,
        method="POST",
        query=QUERY,
        wire=None,
        names=USUAL,
        stamp="20240227T064230Z",
        scope=("20240227", "cn-north-1", "rtc", "request"),
        secret=RAW_SECRET,
        access="AKLTX",
        label="HMAC-SHA256",
        signed_method=None,
        without=(),
        sent=None,
        bend=str,
        **more,
    ):
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        headers = {
            "content-type": "application/json",
            "host": "rtc.volcengineapi.com",
            "x-content-sha256": hashlib.sha256(raw).hexdigest(),
            "x-date": stamp,
            **{name.replace("_", "-"): value for name, value in more.items()},
        }
        mac = bend(sign(headers, names, query, raw, secret, scope, signed_method or method))
        headers["authorization"] = (
            f"{label} Credential={access}/{'/'.join(scope)}, "
            f"SignedHeaders={';'.join(sorted(names))}, Signature={mac}"
        )
        kept = tuple((k, v) for k, v in headers.items() if k not in without)
        incoming = Incoming(method, "/", wire or query, kept, raw if sent is None else sent)
        assert self.face.claims(incoming)
        self.serial += 1
        call = self.face.begin(incoming, self.serial)
        reply = self.face.answer(call)
        self.face.behaviour.on_bytes(call, reply)
        found = re.search(rb'"RequestId":"([0-9]{14}[0-9A-F]{20})"', reply.body)
        if found and found[1] not in self.ids:
            self.ids.append(found[1])
            reply.body = reply.body.replace(found[1], b"ID")
        how = (reply.cut, reply.drop, reply.delay, reply.chunked)
        self.told.append((row, reply.status, tuple(reply.headers), reply.body, *how))
        return reply.body

    def act(self, row, action, **body):
        """Send a good call and return the Result, or an empty one."""
        query = f"Action={action}&Version=2020-12-01"
        text = self.send(row, {"AppId": 666675, **body}, query=query)
        try:
            return json.loads(text).get("Result") or {}
        except (ValueError, AttributeError):
            return {}

    def ask(self, row, conversation, *ids, **more):
        self.act(row, ASK, ConversationShortId=conversation, MessageIds=list(ids), **more)

    def read(self, conversation, user, *ids):
        about = {"conversation": {"id": conversation}, "user": user, "messages": list(ids)}
        incoming = Incoming("POST", "/_reference/read", "", (), b"")
        call = Call(incoming, "volcengine", self.face.behaviour, 0, "hook.read")
        hook.read(self.site, call, about)

    def conversation(self, kind, owner, *others):
        core = {"ConversationType": kind}
        more = {"OtherUserId": others[0]} if kind == 1 else {}
        made = self.act(
            0, "CreateConversation", ConversationCoreInfo=core, OwnerUserId=owner, **more
        )
        found = made["ConversationShortId"]
        if kind != 1:
            infos = [{"ParticipantUserId": user} for user in others]
            add = {"ConversationShortId": found, "ParticipantInfos": infos}
            self.act(0, "BatchAddConversationParticipant", **add)
        return found

    def post(self, conversation, sender, row=0, **more):
        body = {"Sender": sender, "MsgType": 10001, "Content": "x", **more}
        return self.act(row, "SendMessage", ConversationShortId=conversation, **body)["MessageId"]


def tell(*names, bursts=False):
    """Return the whole conversation."""
    story = Story(*names)
    pair, group = story.conversation(1, 201, 202), story.conversation(2, 101, 102, 103, 104, BIG)
    live, other = story.conversation(100, 301, 302), story.conversation(2, 101, 102)
    twos = [story.post(pair, 201), story.post(pair, 202)]
    sent = [story.post(group, 101) for _ in range(12)]
    elsewhere, alive = story.post(other, 101), story.post(live, 301)
    receipts(story, pair, twos, group, sent, other, elsewhere)
    for place, number in ((group, sent[0]), (other, elsewhere)):
        story.ask(11, place, number)
    refusals(story, group, sent, live, alive)
    if bursts or any(FAULTS[n].requirement in BURSTS for n in names if n in FAULTS):
        burst(story, group, sent)
    credentials(story, {"AppId": 666675, "ConversationShortId": group, "MessageIds": sent[:1]})
    others_beside(story, pair, group, sent)
    return story.told


def receipts(story, pair, twos, group, sent, other, elsewhere):
    for ids in (twos, twos[1:], twos[::-1]):
        story.ask("receipts", pair, *ids)
    story.read(pair, 202, twos[0])
    for _ in range(4):
        story.ask("receipts", pair, *twos)
        story.ask("receipts", pair, twos[0])
    story.ask("receipts", group, sent[0])
    story.ask("receipts", group, *sent)
    for user in (102, BIG, 999, 101):
        story.read(group, user, *sent[0:4:3])
    for ids in (sent[:1], sent[:5], sent[3::-1], sent[:3], sent, sent[1:2]):
        story.ask("receipts", group, *ids)
    for user in (103, 104):
        story.read(group, user, sent[0], sent[5])
    for ids in (sent[:1], sent[:1], sent):
        story.ask("receipts", group, *ids)
    story.ask("receipts", other, elsewhere)
    fresh = story.post(group, 102)
    story.ask("receipts", group, fresh, sent[0])
    story.ask("48", group, sent[0], 5, elsewhere)
    story.ask("48", group, 5)
    story.ask("16", group, sent[0], sent[0])
    for near in (sent[0] + 1, sent[0] - 1):
        story.ask("89", group, near)
        story.ask("89", group, sent[0], near)
    story.act(0, "RecallMessage", ConversationShortId=group, MessageId=fresh)
    story.ask("50", group, sent[0], fresh)
    infos = [{"ParticipantUserId": 105}]
    changed = {"ConversationShortId": group}
    story.act(0, "BatchAddConversationParticipant", ParticipantInfos=infos, **changed)
    story.act(0, "BatchDeleteConversationParticipant", ParticipantUserIds=[102], **changed)
    story.ask("40", group, sent[0])
    letters = [story.post(pair, 201) for _ in range(2)]
    story.read(pair, 202, letters[1])
    story.ask("receipts", pair, *letters)
    story.read(pair, 201, twos[1])
    story.ask("receipts", pair, *twos, *letters)
    crowd = story.conversation(2, 101, *range(1000, 1120))
    story.ask("receipts", crowd, story.post(crowd, 101))


def burst(story, group, sent):
    for row, count in ((53, 70), (54, 40)):
        for _ in range(count):
            story.ask(row, group, *sent[:1])


def refusals(story, group, sent, live, alive):
    good = {"AppId": 666675, "ConversationShortId": group, "MessageIds": sent[:1]}
    for method in ("GET", "DELETE"):
        story.send(4, good, method=method)
    story.send(5, {**good, "Action": ASK, "Version": "2020-12-01"}, query="Y=1")
    for row, name, values in (
        (6, "AppId", ()),
        (7, "ConversationShortId", ()),
        (8, "MessageIds", ()),
        (9, "AppId", ({}, True, [])),
        (13, "AppId", ("666675",)),
        (11, "ConversationShortId", ({}, True, [group])),
        (12, "MessageIds", (sent[0], {"0": 1}, "1,2", [True], [None], [{}], [1.5])),
        (14, "MessageIds", ([],)),
        (13, "MessageIds", ([str(sent[0])],)),
        (15, "MessageIds", (list(range(101)),)),
        (19, "MessageIds", ([0], [-1], [2**63])),
        (47, "ConversationShortId", (7,)),
        (51, "AppId", (1,)),
        (18, "Foo", (1,)),
    ):
        rest = {k: v for k, v in good.items() if k != name}
        for body in [{**rest, name: value} for value in values] or [rest]:
            story.send(row, body)
    text = json.dumps(good)
    for bad in (text[:-2], f"{text} x", text.replace('"', "'"), "not JSON"):
        story.send(20, bad.encode())
    story.send(21, text.replace("666675", "00000").encode())
    story.send(22, b"")
    story.ask(33, live, alive)
    for operator in (104, 105):
        story.ask(44, group, *sent[:1], Operator=operator)
    for query in ("Action=NoSuch&Version=2020-12-01", f"Action={ASK}&Version=1999-01-01"):
        story.send(45, good, query=query)
    for query in ("Version=2020-12-01", f"Action={ASK}"):
        story.send(46, good, query=query)


def credentials(story, good):
    story.send(1, good)
    story.send(69, good)
    story.send(69, good, label="Bearer")
    story.send(69, good, label="AWS4-HMAC-SHA256")
    day, region, service, end = scope = ("20240227", "cn-north-1", "rtc", "request")
    for name in ("im", "xx"):
        story.send(70, good, scope=(day, region, name, end))
    story.send(70, good, scope=(day, "us-east-1", service, end))
    story.send(70, good, scope=(day, region, service, "aws4_request"))
    story.send(70, good, signed_method="GET")
    flip = dict(zip("0123456789abcdef", "123456789abcdef0", strict=True))
    for _ in range(2):
        story.send(71, good, bend=lambda mac: flip[mac[0]] + mac[1:])
    story.send(71, good, bend=lambda mac: mac[:-1] + flip[mac[-1]])
    body = {"AppId": 666675, "ConversationShortId": good["ConversationShortId"]}
    body |= {"Sender": 103, "MsgType": 10001, "Content": "x", "OwnerUserId": 5}
    body |= {"ParticipantUserId": 103, "ReadIndex": 1}
    for action in ("SendMessage", "ModifyParticipantReadIndex", "DestroyConversation"):
        query = f"Action={action}&Version=2020-12-01"
        story.send(71, body, query=query, bend=lambda mac: mac[:-1] + flip[mac[-1]])
    story.send(83, good, wire=f"{QUERY}&RsTampered=1")
    story.send(72, good, access="AKLTNOBODY")
    story.send(73, good, without=("authorization",))
    story.send(74, good, without=("x-date",))
    for stamp in ("20240226T064230Z", "20240227T070000Z", "20240227T065200Z"):
        story.send(75, good, stamp=stamp, scope=(stamp[:8], region, service, end))
    story.send(77, good, stamp="2024-02-27T06:42:30Z")
    story.send(78, good, scope=("20240226", *scope[1:]))
    story.send(79, good, x_content_sha256=hashlib.sha256(b"other").hexdigest())
    other = json.dumps({**good, "MessageIds": [7]}).encode()
    story.send(80, good, sent=other)
    story.send(80, good, sent=other, names=("host", "x-date"), without=("x-content-sha256",))
    story.send(80, good, sent=other, names=("host", "x-date"))
    sending = "Action=SendMessage&Version=2020-12-01"
    story.send(80, body, query=sending, sent=json.dumps({**body, "Content": "y"}).encode())
    for names in (("x-content-sha256", "x-date"), ("host", "x-date")):
        story.send(81, good, names=names)
    more = {"x_im_sdk_version": "Golang-V1.0.1"}
    story.send(82, good, names=(*USUAL, "x-im-sdk-version"), **more)
    tv5 = f"{QUERY}&X=a%20b%2Bc%2F~%2A%C3%A9"
    story.send(83, good, query=tv5)
    story.send(83, good, query=tv5.replace("%20", "+"), wire=tv5)
    story.send(84, good, wire=f"Version=2020-12-01&Action={ASK}")
    story.send(85, good, names=(*USUAL, "x-security-token"), x_security_token="bogus")
    for secret in (base64.b64decode(SECRET), b"AWS4" + SECRET.encode()):
        story.send(87, good, secret=secret)


def others_beside(story, pair, group, sent):
    core = {"ConversationCoreInfo": {"ConversationType": 1}, "OwnerUserId": 202}
    story.act(92, "CreateConversation", OtherUserId=201, **core)
    body = {"Sender": 999, "MsgType": 10001, "Content": "x", "ConversationShortId": group}
    story.act(93, "SendMessage", **body)
    for _ in range(2):
        story.act(93, "SendMessage", **{**body, "Sender": 101, "ClientMsgId": "c"})
    at = {"ConversationShortId": group}
    shown = story.act(0, "GetMessages", MessageIds=sent[6:7], **at)["Messages"]
    index = shown[0].get("IndexInConversation", BIG)
    story.act(95, "GetParticipantReadIndex", **at)
    for value in (index, index - 1):
        move = {"ParticipantUserId": 103, "ReadIndex": value}
        story.act(94, "ModifyParticipantReadIndex", **move, **at)
    story.act(94, "GetParticipantReadIndex", **at)
    story.ask("43", group, *sent[6:7])
    infos = [{"ParticipantUserId": 203}]
    third = {"ConversationShortId": pair, "ParticipantInfos": infos}
    story.act(96, "BatchAddConversationParticipant", **third)
    story.act(0, "DestroyConversation", OwnerUserId=101, **at)
    story.ask(47, group, *sent[:1])


@pytest.fixture(autouse=True)
def still(monkeypatch):
    """Let ids and times be the same in each telling."""
    ticks = itertools.count(1)

    monkeypatch.setattr(outside, "now", lambda: NOW)
    monkeypatch.setattr(outside, "ticks", lambda: 1.0)
    monkeypatch.setattr(outside, "below", lambda _: next(ticks) % 97)
    later = itertools.count(0, 0.02)
    monkeypatch.setattr(standby, "outside", SimpleNamespace(ticks=lambda: next(later)))

    def again(*names, bursts=False):
        nonlocal ticks
        ticks = itertools.count(1)
        return tell(*names, bursts=bursts)

    return again


def differing(usual, bent, view=lambda one: one):
    assert len(usual) == len(bent)
    pairs = zip(usual, bent, strict=True)
    return {one[0] for one, other in pairs if view(one) != view(other)}


def decided(one):
    """Return what was decided about a call: its status and its code."""
    try:
        return one[1], json.loads(one[3])["ResponseMetadata"].get("Error", {}).get("Code")
    except ValueError:
        return one[1], None


@pytest.fixture
def usual(still):
    """Return the story of the usual server, told once in each of its two lengths."""

    def told(name):
        bursts = name in FAULTS and FAULTS[name].requirement in BURSTS
        if bursts not in TOLD:
            TOLD[bursts] = still(bursts=bursts)
        return TOLD[bursts]

    return told


def test_the_usual_server_tells_the_same_story_twice(still):
    usual = still()
    assert usual == still()
    assert len({one[3] for one in usual}) > 60
    assert all(one[1] < 500 for one in usual)
    assert [one[1] for one in usual if one[0] in (1, 81, 82, 84)] == [200] * 5


#: Faults that refuse every good call, or show with every answer, although their class is narrow.
WIDE = {
    "ve-secret-in-message",
    "ve-signature-in-message",
    "ve-query-in-body",
}
#: Rows that one violation touches together.
TOGETHER = {
    2: {2, 45},
    20: {20, 21},
    46: {5, 46},
    12: {12, 13},
    9: {9, 13},
    71: {70, 71, 78, 79, 80, 83, 87},
    75: {75, 77},
    80: {79, 80},
}


#: Modules of faults that show in the conversation here. Those of others show in longer stories,
#: which the proof tells: a recall, a second read, who comes and leaves.
SHORT = (
    faults.corners,
    faults.counting,
    faults.credentials,
    faults.envelope,
    faults.intake,
    faults.numbers,
    faults.order,
    faults.shape,
)
LATER = {
    *(OURS.keys() - {fault.name for module in SHORT for fault in module.ALL}),
    "ve-all-like-the-fortieth",
    "ve-index-moves-for-everybody",
    "ve-last-read-only-in-pairs",
    "ve-other-letters-unread",
    "ve-packed-items-lost",
    "ve-recall-unreads-in-pairs",
    "ve-unread-beyond-thirty",
}


@pytest.mark.parametrize("name", sorted(OURS.keys() - LATER))
def test_every_fault_shows_where_its_row_is_looked_at(usual, still, name):
    fault = OURS[name]
    before = usual(name)
    bent = still(name)
    shown = differing(before, bent)
    assert shown
    digits = fault.requirement.rpartition("-")[2].rstrip("abc")
    row = int(digits) if fault.requirement[:2] == "VE" else None
    if row in {one[0] for one in before} and row != 1:  # 1 is about everything
        assert row in shown
    elif row is not None and (23 <= row <= 42 or row == 88):
        assert any(isinstance(one, str) for one in shown)
    if fault.cls in ("leniency", "authentication", "code") and name not in WIDE:
        assert differing(before, bent, decided) <= TOGETHER.get(row, {row})


THROTTLED = {"ve-throttled-sometimes", "ve-throttled-dotted"}


@pytest.mark.parametrize("name", sorted(THROTTLED))
def test_throttling_is_in_the_envelope_and_passes(name):
    story = Story(name)
    for _ in range(11):
        story.ask(54, 7, 7)
    seen = [decided(one) for one in story.told]
    assert len([one for one in seen if one[1].startswith("FlowLimitExceeded")]) == 1
    assert {one[0] for one in seen} == {200, 429}


def test_a_new_member_may_have_to_wait_before_sending():
    story = Story("ve-members-send-later")
    group = story.conversation(2, 7, 8)
    message = {"Sender": 7, "MsgType": 10001, "Content": "x", "ConversationShortId": group}
    assert story.act(93, "SendMessage", **message) == {}
    assert decided(story.told[-1])[1] == "ParticipantNotInConversation"


def test_an_owner_may_have_to_join_before_sending():
    story = Story("ve-owner-is-no-member")
    group = story.conversation(2, 7, 8)
    message = {"Sender": 7, "MsgType": 10001, "Content": "x", "ConversationShortId": group}
    assert story.act(93, "SendMessage", **message) == {}
    assert decided(story.told[-1])[1] == "ParticipantNotInConversation"
    owner = {"ConversationShortId": group, "ParticipantInfos": [{"ParticipantUserId": 7}]}
    story.act(96, "BatchAddConversationParticipant", **owner)
    assert "MessageId" in story.act(93, "SendMessage", **message)


#: Freedoms that leave the usual conversation nothing to tell.
APART = {*THROTTLED, "ve-calls-forbidden", "ve-members-send-later", "ve-owner-is-no-member"}


@pytest.mark.parametrize("name", sorted(set(FREEDOMS) - APART))
def test_every_variant_shows_and_keeps_its_promises(usual, still, name):
    bent = still(name)
    if name not in QUIET:
        assert differing(usual(name), bent)
    for one in bent:
        assert one[1] < 500
        answer = json.loads(one[3])
        error = answer["ResponseMetadata"].get("Error")
        assert ("Result" in answer) != bool(error and error["Code"])
        assert one[1] == 200 or "Result" not in answer


def test_there_are_enough_and_each_testable_row_has_one():
    assert len(OURS) >= 90
    assert len(FREEDOMS) >= 20
    rows = {fault.requirement for fault in OURS.values()}
    described = contract.load("volcengine").requirements
    wanted = {row.id for row in described if row.check and row.level != "MAY"}
    assert rows == wanted - set(unbreakable("volcengine"))
