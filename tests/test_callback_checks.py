"""Callbacks of every command are judged by what holds for it, and none that cannot be read."""

import json

import pytest

from receiptspec import strictjson
from receiptspec.checks import callbacks as checks
from receiptspec.webhooks import Callback

GROUP = "Group.CallbackAfterReadReceipt"
REPORT, DIRECT = "C2C.CallbackAfterMsgReport", "C2C.CallbackAfterMsgReadReceipt"
MOMENT = 1_700_000_000.0


def callback(command, body=None, *, raw=None, **query):
    document = {"CallbackCommand": command, **(body or {})}
    content = json.dumps(document).encode() if raw is None else raw
    query = {"CallbackCommand": command, **query}
    return Callback("POST", "/", query, content, MOMENT, strictjson.read(content))


def item(seq, *readers):
    people = [{"Member_Account": reader} for reader in readers]
    return {"MsgSeq": seq, "ReadNum": len(readers), "UnreadNum": 1, "ReadReceiptMembers": people}


def about(seq, *readers):
    body = {"GroupId": "g", "Type": "Public", "GroupMsgReceiptList": [item(seq, *readers)]}
    return callback(GROUP, body)


def test_a_few_of_each_command_are_judged_and_of_reads_too():
    sends, reads = [about(n) for n in range(5)], [about(n, "b") for n in range(5)]
    reports = [callback(REPORT, {"UnreadMsgNum": n}) for n in range(5)]
    assert checks.few([*sends, *reads, *reports], 2) == [*sends[:2], *reads[:2], *reports[:2]]


@pytest.mark.parametrize("command", [GROUP, DIRECT])
def test_the_time_is_asked_of_commands_that_always_had_it(command):
    assert checks.timed(callback(command))
    assert not checks.timed(callback(command, {"EventTime": int(MOMENT * 1000)}))


def test_a_time_that_only_newer_documents_name_may_be_absent():
    assert not checks.timed(callback(REPORT))
    assert checks.timed(callback(REPORT, {"EventTime": int(MOMENT)}))


@pytest.mark.parametrize("check", [checks.agrees, checks.formed, checks.timed])
def test_what_cannot_be_read_breaks_one_promise_only(check):
    broken = callback(GROUP, raw=b'{"CallbackCommand": ')
    assert checks.strict(broken)
    assert not check(broken)


@pytest.mark.parametrize(("ahead", "fine"), [(0.0, False), (90.0, True), (500.0, False)])
def test_a_signature_is_as_old_as_the_targets_clock_says(ahead, fine):
    signed = "4d3e4bc4a5b8d0b2b7ad5d0e2d8f4a4f"  # of no matter here
    late = callback(GROUP, RequestTime=str(int(MOMENT) + 90), Sign=signed)
    found = [f for f in checks.signed(late, "t", [ahead]) if "RequestTime" in f.path]
    assert (not found) is fine


@pytest.mark.parametrize("behind", [0, 9000])
def test_times_may_be_those_of_any_clock_that_is_known(behind):
    moment = int(MOMENT) - behind
    told = callback(GROUP, {"EventTime": moment * 1000})
    assert not checks.timed(told, [60.0, -9000.0])
    assert checks.timed(told, [9000.0]) if behind else not checks.timed(told)
    body = {"Report_Account": "b", "Peer_Account": "a", "LastReadTime": moment, "UnreadMsgNum": 0}
    assert not checks.reported(callback(REPORT, body), "b", "a", [-9000.0])
    assert bool(checks.reported(callback(REPORT, body), "b", "a")) is bool(behind)


def test_a_group_is_named_letter_by_letter():
    assert not checks.of_group(about(1), "g")
    assert checks.of_group(about(1), "G")


def test_two_events_seconds_apart_have_times_of_their_own():
    one, two = (callback(GROUP, {"EventTime": moment}) for moment in (1000, 3000))
    assert not checks.later(one, two)
    assert checks.later(one, one)
    assert not checks.later(callback(GROUP), callback(GROUP))


def test_callbacks_in_vain_are_told_by_the_first():
    assert not checks.unwanted([])
    (finding,) = checks.unwanted([about(3), about(4)])
    assert finding.actual == "[3]"


def test_callbacks_of_what_nobody_has_done_are_told_once():
    assert checks.uncalled([], "a receipt") == []
    (finding,) = checks.uncalled([callback(REPORT), callback(REPORT)], "a receipt")
    assert "a receipt" in finding.message


def test_a_callback_names_no_message_that_was_not_sent():
    told = callback(DIRECT, {"C2CMsgInfo": [{"MsgKey": "1_2_3"}, {"MsgKey": "4_5_6"}]})
    assert checks.strange([told], ["1_2_3", "4_5_6"]) == []
    assert len(checks.strange([told], ["1_2_3"])) == 1


def test_the_time_of_a_read_is_another_one_later():
    one, two = (callback(REPORT, {"LastReadTime": n}) for n in (7, 8))
    assert checks.later(one, two, "LastReadTime") == []
    assert len(checks.later(one, one, "LastReadTime")) == 1
