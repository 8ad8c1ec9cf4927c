"""What users of client SDKs sent and read, and which calls are owed an answer."""

import json
import time
from dataclasses import replace

import pytest

from receiptspec import contract
from receiptspec.checks import events as checks
from receiptspec.checks import paging
from receiptspec.dealings import Dealings
from receiptspec.drivers import driver_for
from receiptspec.exchange import Exchange, Response, Secret
from receiptspec.neutral import Conversation, Kind, Message, Page, Receipt
from receiptspec.targets import Target

CONTRACT = contract.load("tencent-sdk")
AUTH = {"sdkappid": 1400000001, "identifier": "administrator", "key": Secret("a-key-of-dealings")}
ORIGIN = "http://127.0.0.1:8080"
GROUP = Conversation(Kind.GROUP, "@TGS#1", "Public", "ann", ("ann", "bob", "cat"))
PAIR = Conversation(Kind.DIRECT, None, "direct", "ann", ("ann", "bob"))


@pytest.fixture
def driver():
    return driver_for(Target("t", "tencent-sdk", url=ORIGIN, auth=AUTH), CONTRACT, ORIGIN)


@pytest.fixture
def dealings(driver):
    return Dealings(driver, CONTRACT)


def answered(driver, call, body, started=0.0):
    request = driver.build(CONTRACT.calls[call.operation], call)
    raw = json.dumps({"jsonrpc": "2.0", "id": 1, **body}).encode()
    exchange = Exchange(1, request, Response(200, (), raw, 0.01), started)
    return replace(driver.read(call.operation, exchange), request_body=call.body)


def say(driver, dealings, place, name, *, receipt=True, sender="ann", **more):
    call = driver.send_message(place, sender, receipt=receipt, number=7)
    driver.sent_message(answered(driver, call, {"result": {"message": {"msgID": name, **more}}}))
    message = Message(place, name, sender, receipt)
    dealings.sent(message)
    return message


def test_what_was_before_the_first_read_is_told_apart(driver, dealings):
    say(driver, dealings, GROUP, "a")
    assert dealings.is_before("a", time.time())
    start = time.time()
    dealings.read("bob", ["a"])
    dealings.read("cat", ["a"])
    assert dealings.is_before("a", start - 1)
    assert not dealings.is_before("a", time.time() + 1)
    assert dealings.is_before("b", time.time())


def test_a_member_who_reads_what_asked_for_it_is_owed_success(driver, dealings):
    say(driver, dealings, GROUP, "a")
    say(driver, dealings, PAIR, "b")
    say(driver, dealings, PAIR, "c")
    owed = {
        "read-on-behalf-is-accepted": driver.mark_read(GROUP, "bob", ["a"]),
        "direct-read-is-accepted": driver.mark_read(PAIR, "bob", ["b"]),
        "direct-batch-is-accepted": driver.mark_read(PAIR, "bob", ["b", "c"]),
        "every-message-is-answered": driver.ask_receipts(GROUP, ["a"]),
        "members-are-listed": driver.list_members(GROUP, "a", read=True, cursor=None, count=2),
        "walk-visits-everybody-once": driver.list_members(
            GROUP, "a", read=True, cursor="7", count=2
        ),
    }
    assert [dealings.owed(call) for call in owed.values()] == list(owed)


def test_nothing_is_owed_where_something_else_may_be_the_reason(driver, dealings):
    say(driver, dealings, GROUP, "a")
    say(driver, dealings, GROUP, "plain", receipt=False)
    say(driver, dealings, PAIR, "b")
    calls = [
        driver.mark_read(GROUP, "ann", ["a"]),  # the sender
        driver.mark_read(GROUP, "dan", ["a"]),  # no member
        driver.mark_read(GROUP, "bob", ["a", "plain"]),
        driver.mark_read(GROUP, "bob", ["a", "a"]),
        driver.mark_read(GROUP, "bob", ["never"]),
        driver.mark_read(GROUP, "bob", []),
        driver.list_members(GROUP, "a", read=True, cursor=None, count=101),
        driver.joined([driver.ask_receipts(GROUP, ["a"]), driver.ask_receipts(PAIR, ["b"])]),
        driver.send_message(GROUP, "ann", receipt=True, number=1),
        driver.make_group("Public", "g", "ann", ["bob"]),
    ]
    assert [dealings.owed(call) for call in calls] == [""] * len(calls)


def test_a_read_is_owed_success_once(driver, dealings):
    say(driver, dealings, GROUP, "a")
    read = driver.mark_read(GROUP, "bob", ["a"])
    dealings.note(read)
    assert dealings.owed(read) == ""
    assert dealings.owed(driver.mark_read(GROUP, "cat", ["a"])) != ""
    assert (dealings.reads("a"), dealings.all_read()) == (1, {"a"})


def test_a_group_that_was_changed_owes_nothing(driver, dealings):
    say(driver, dealings, GROUP, "a")
    ask = driver.ask_receipts(GROUP, ["a"])
    dealings.note(driver.add_members(GROUP, ["dan"]))
    assert dealings.owed(ask)
    dealings.note(driver.remove_member(GROUP, "bob"))
    assert not dealings.owed(ask)


def test_of_two_messages_with_one_name_nothing_is_known(driver, dealings):
    say(driver, dealings, GROUP, "a")
    say(driver, dealings, GROUP, "a")
    assert dealings.message("a") is None
    assert not dealings.owed(driver.ask_receipts(GROUP, ["a"]))


@pytest.mark.parametrize(
    ("code", "excused"), [(10062, False), (6017, False), (-32601, True), (-32602, True),
                          (7013, True), (10007, True), (10060, True), (7008, True)],
)  # fmt: skip
def test_some_refusals_say_nothing_of_the_messages(driver, dealings, code, excused):
    answer = answered(driver, driver.ask_receipts(GROUP, ["a"]), {"error": {"code": code}})
    assert dealings.is_excused(answer) is excused


def test_an_answer_that_names_a_message_twice_is_seen(driver, dealings):
    item = {"msgID": "a", "groupID": "@TGS#1", "readCount": 0, "unreadCount": 2}
    for names, found in ((["a"], ["a"]), (["a", "a"], [])):
        answer = answered(
            driver, driver.ask_receipts(GROUP, names), {"result": {"receipts": [item, item]}}
        )
        assert dealings.twice(answer) == found
        assert bool(checks.each_once(answer, found)) == bool(found)


def test_what_a_harness_gave_is_not_ours_to_get_right(driver, dealings):
    odd = {"groupID": None, "userID": None, "seq": "3", "key": 7}
    say(driver, dealings, GROUP, "a", **odd)
    (named,) = driver.mark_read(GROUP, "bob", ["a"]).body["messages"]
    assert (named["groupID"], named["seq"], named["sender"]) == ("@TGS#1", "3", "ann")
    assert driver.written(driver.mark_read(GROUP, "bob", ["a"])) == {"messages": [{"msgID": "a"}]}
    assert driver.server_name(GROUP, "a") == 3
    listing = driver.list_members(GROUP, "a", read=True, cursor="null", count=2)
    assert driver.written(listing)["nextSeq"] == 0


def test_an_empty_group_is_none(driver):
    notice = {"method": driver.arrival, "params": {"message": {
        "msgID": "x", "groupID": "", "userID": "ann", "sender": "ann", "needReadReceipt": True,
    }}}  # fmt: skip
    ask = answered(driver, driver.ask_receipts(PAIR, []), notice)
    answer = driver.read(driver.arrival, ask.exchange)
    assert driver.meet(PAIR, answer) == "x"
    assert driver.meet(GROUP, answer) is None


def test_a_fall_of_readers_is_told_from_quick_reads(driver):
    call = driver.ask_receipts(GROUP, [])
    heard = [
        (answered(driver, call, {"result": {}}, moment), Receipt("a", True, read=number))
        for moment, number in ((0.0, 1), (0.1, 3), (0.5, 2))
    ]
    assert checks.ordered(heard)
    assert not checks.ordered(heard, 1.0)
    assert checks.ordered([*heard[:2], (replace(heard[2][0], exchange=replace(
        heard[2][0].exchange, started=2.0)), heard[2][1])], 1.0)  # fmt: skip


def test_short_pages_end_as_well(driver):
    answer = answered(driver, driver.ask_receipts(GROUP, []), {"result": {}})
    pages = [Page((n,), "1", n == 9, "isFinished", None) for n in range(10)]
    answers = [answer] * len(pages)
    assert paging.ends(answers, pages, 5, 10)
    assert not paging.ends(answers, pages, 5, 10, full=False)
    assert paging.ends(answers[:9], pages[:9], 5, 10, full=False)
    assert not paging.ends(answers, pages[:9], 5, 10, full=False)  # the next one was refused


@pytest.mark.parametrize(
    ("counts", "readers", "found"),
    [((1, 2, 3), 3, 0), ((1, 2, 2), 3, 1), ((1, 2), 3, 0), ((2, 3, 3), 3, 0), ((), 0, 0)],
)
def test_notifications_of_each_reader_count_up_to_all(driver, counts, readers, found):
    call = driver.ask_receipts(GROUP, ["a"])
    heard = [
        (answered(driver, call, {"result": {}}), Receipt("a", True, read=count)) for count in counts
    ]
    assert len(checks.counts_up(heard, readers)) == found


@pytest.mark.parametrize(
    ("counts", "reads", "found", "again"),
    [((1, 2), 2, 0, 0), ((1, 1, 2, 2), 2, 0, 2), ((0, 1), 1, 1, 0), ((2,), 2, 0, 0), ((), 1, 0, 0)],
)
def test_a_read_is_notified_with_one_state(driver, counts, reads, found, again):
    call = driver.ask_receipts(GROUP, ["a"])
    answer = answered(driver, call, {"result": {}})
    heard = [(answer, Receipt("a", True, read=count, unread=3 - count)) for count in counts]
    beside = [(answer, Receipt("b", True, read=5))]
    assert len(checks.once([*heard, *beside], "a", reads)) == found
    assert checks.repeated([*heard, *beside], "a") == again


def test_readers_are_counted_where_each_is_a_member_and_reads_once(driver, dealings):
    message = say(driver, dealings, GROUP, "a")
    assert dealings.readers(message.id) == 0
    others = [user for user in GROUP.members if user != message.sender]
    dealings.read(others[0], [message.id])
    assert dealings.readers(message.id) == 1
    dealings.read(others[0], [message.id])
    assert dealings.readers(message.id) == 0
    foreign = say(driver, dealings, GROUP, "b")
    dealings.read("nobody of the group", [foreign.id])
    assert dealings.readers(foreign.id) == 0
