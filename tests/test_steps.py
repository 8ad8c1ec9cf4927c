import json
from dataclasses import replace

import pytest

from receiptspec import contract as contracts
from receiptspec.drivers import driver_for
from receiptspec.exchange import Exchange, Response, Secret
from receiptspec.neutral import Call, Conversation, Kind
from receiptspec.steps import Steps
from receiptspec.targets import Target

AUTH = {"sdkappid": 1, "identifier": "administrator", "key": Secret("key-of-the-steps-tests")}
KEYS = {"appid": 7, "access_key": "AKLTX", "secret_key": Secret("key-of-the-steps-tests")}
GROUP = Conversation(Kind.GROUP, "@TGS#1", "Public", "ann", ("ann", "bob"))
PAIR = Conversation(Kind.DIRECT, None, "direct", "ann", ("ann", "bob"))


class Told:
    """Sends calls to nobody and lets steps be made of the answers that are given."""

    def __init__(self, vendor="tencent", auth=AUTH):
        target = Target("t", vendor, url="http://127.0.0.1:1", auth=auth)
        self.contract = contracts.load(vendor)
        self.driver = driver_for(target, self.contract, "http://127.0.0.1:1")
        self.steps = Steps(self.driver, self.contract)
        self.serial = 0

    def put(self, call, **fields):
        """Let a call be answered with these fields, refused where they say so."""
        self.serial += 1
        request = self.driver.build(self.contract.calls[call.operation], call)
        good = {"ActionStatus": "OK", "ErrorCode": 0, "ErrorInfo": ""}
        if self.contract.vendor == "volcengine":
            good = {"ResponseMetadata": {"RequestId": "x"}}
        body = json.dumps({**good, **fields}).encode()
        exchange = Exchange(self.serial, request, Response(200, (), body, 0.0), 0.0)
        answer = self.driver.read(call.operation, exchange)
        self.steps.note(replace(answer, request_body=call.body))
        return exchange

    def ask(self, conversation=GROUP):
        return self.put(self.driver.ask_receipts(conversation, [1]))

    def say(self, conversation, sender, **fields):
        call = self.driver.send_message(conversation, sender, receipt=True, number=5)
        return self.put(call, **fields)


@pytest.fixture
def told():
    return Told()


def test_a_question_knows_what_was_done_before_it(told):
    told.put(told.driver.make_group("Public", "g", "ann", ["bob"]), GroupId="@TGS#1")
    told.say(GROUP, "ann", MsgSeq=1)
    before = told.ask()
    told.put(told.driver.mark_read(GROUP, "bob", [1]))
    after = told.ask()
    first, second = told.steps.before(before)
    assert first.startswith('create_group {"Owner_Account":"ann"')
    assert first.endswith("→ @TGS#1")
    assert second == 'send_group_msg {"From_Account":"ann","NeedReadReceipt":1} → 1'
    read = 'group_msg_receipt {"From_Account":"bob","MsgSeqList":[{"MsgSeq":1}]}'
    assert told.steps.before(after) == [first, second, read]


def test_what_is_done_elsewhere_is_not_told(told):
    told.say(replace(GROUP, id="@TGS#2"), "ann", MsgSeq=1)
    assert told.steps.before(told.ask()) == []


def test_what_was_refused_is_not_told(told):
    told.say(GROUP, "ann", ActionStatus="FAIL", ErrorCode=10004, ErrorInfo="no")
    assert told.steps.before(told.ask()) == []


def test_questions_that_break_something_have_no_steps(told):
    told.say(GROUP, "ann", MsgSeq=1)
    call = replace(told.driver.ask_receipts(GROUP, [1]), label="no GroupId")
    assert told.steps.before(told.put(call)) == []


def test_two_people_are_told_of_whoever_asks(told):
    told.say(PAIR, "ann", MsgKey="1_2_3", MsgTime=3)
    told.say(PAIR, "bob", MsgKey="4_5_6", MsgTime=6)
    sent = [step.rpartition(" → ")[2] for step in told.steps.before(told.ask(PAIR))]
    assert sent == ["1_2_3", "4_5_6"]
    unread = told.put(told.driver.count_unread("bob", ["ann"]))
    assert len(told.steps.before(unread)) == 2
    assert told.steps.before(told.put(told.driver.count_unread("bob", None))) == []


def test_long_bodies_are_cut(told):
    told.put(told.driver.make_group("Public", "g", "ann", ["b" * 300]), GroupId="@TGS#1")
    (step,) = told.steps.before(told.ask())
    assert len(step) < 150
    assert "…" in step


def test_a_read_from_outside_is_a_step():
    told = Told("volcengine", KEYS)
    group = Conversation(Kind.GROUP, 9, "group", 1, (1, 2))
    told.say(group, 1, Result={"MessageId": 4})
    told.steps.read(group, 2, [4])
    assert told.steps.before(told.ask(group)) == [
        'SendMessage {"Sender":1} → 4',
        "hooks.read: 2 reads 4",
    ]


def test_a_body_that_names_no_conversation_breaks_nothing(told):
    body = {"GroupId": ["@TGS#1"], "MsgSeqList": [{"MsgSeq": 1}]}
    assert told.steps.before(told.put(Call("get_group_msg_receipt", body))) == []


def test_calls_without_a_body_of_their_own_are_passed_over(told):
    exchange = told.put(Call("get_group_msg_receipt", body=None))
    assert told.steps.before(exchange) == []
