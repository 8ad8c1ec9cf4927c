"""Who has sent a message learns of its readers without asking: once, in order, and nobody else."""

import contextlib
from collections.abc import Sequence
from typing import Any

import pytest

from receiptspec.case import Case
from receiptspec.checks import events as checks
from receiptspec.errors import NotExercised
from receiptspec.findings import Finding
from receiptspec.neutral import Answer, Conversation, Kind, Message, Receipt
from receiptspec.scenes import events, paging

SCENES = {
    "group": (events.group, events.interleaved),
    "direct": (events.direct, events.letters),
}


def of_kind(case: Case, kind: str) -> list[events.Told]:
    """Return what happened in conversations of a kind, in one of them where requests are few."""
    first, second = SCENES[kind]
    found = [case.scene(first)]
    if case.profile.rank > 0:
        with case.optional(f"notifications of another {kind} conversation"):
            found.append(case.scene(second))
    return found


def both(case: Case) -> list[events.Told]:
    return of_kind(case, "group") + of_kind(case, "direct")


def told_so_far(case: Case) -> list[tuple[Any, Answer, Receipt, Message]]:
    """Return all notifications of the run about messages that are known, and who got them."""
    plays = (*SCENES["group"], *SCENES["direct"], events.plain, events.batch)
    for play in plays:
        with contextlib.suppress(NotExercised):
            case.scene(play)
    found = []
    for user, answer, receipt in events.everybody(case.stage):
        message = case.stage.dealings.message(receipt.message)
        if message is not None:
            found.append((user, answer, receipt, message))
    if not found:
        raise NotExercised("nobody was notified of anything")
    return found


def of_reads(case: Case, heard: Sequence[tuple[Answer, Receipt]]) -> list[tuple[Answer, Receipt]]:
    """Leave out what says, before anybody was asked to read, that nobody has: it tells no read."""
    is_before = case.stage.dealings.is_before
    return [
        (answer, receipt)
        for answer, receipt in heard
        if receipt.read
        or receipt.peer_read
        or not is_before(receipt.message, answer.exchange.started)
    ]


def counted(told: events.Told) -> dict[object, int]:
    """Return how often each message that asked for a receipt was read."""
    numbers: dict[object, int] = {}
    for _, messages in told.reads:
        for message in messages:
            if message.wants_receipt:
                numbers[message.id] = numbers.get(message.id, 0) + 1
    return numbers


@pytest.mark.check("sender-is-notified")
def test_the_sender_is_notified_of_every_read(case: Case) -> None:
    what = "group messages" if case.given["kind"] == "group" else "a one-to-one message"
    findings: list[Finding] = []
    for told in of_kind(case, case.given["kind"]):
        heard = {receipt.message for _, receipt in told.receipts[told.sender]}
        steps = sum(told.steps) if heard & counted(told).keys() else 0
        findings += checks.notified(told.evidence(), len(told.steps), steps, what)
    if case.given["kind"] == "group" and case.profile.rank > 0:
        for type_, fine in case.operation.group_types.items():
            findings += in_type(case, type_) if fine else []
    case.judge(findings[:1])


def in_type(case: Case, type_: str) -> list[Finding]:
    """Expect the owner and a member to be notified of reads in a group of a type."""
    findings: list[Finding] = []
    for owed in case.attempt(f"notifications in a {type_} group", events.of_type, type_) or ():
        who = "its owner" if owed.message.sender == owed.message.conversation.owner else "a member"
        what = f"a message of {who} in a {type_} group"
        findings += checks.notified(owed.pulled, 1, int(owed.told), what)
    return findings


@pytest.mark.check("notice-names-what-was-read")
def test_a_notification_names_what_was_read(case: Case) -> None:
    findings: list[Finding] = []
    for told in (*both(case), case.scene(events.batch)):
        heard = told.receipts[told.sender]
        findings += checks.right_messages(heard, list(counted(told)), told.evidence())
    case.judge(findings)


@pytest.mark.check("notice-names-what-was-read")
@pytest.mark.profile("standard")
@pytest.mark.late
def test_no_notification_of_the_run_names_an_unread_message(case: Case) -> None:
    findings: list[Finding] = []
    for _, answer, receipt, message in told_so_far(case):
        if message.wants_receipt and not case.stage.dealings.reads(message.id):
            findings += checks.unread(answer, receipt)
    case.judge(findings[:1])


@pytest.mark.check("notice-agrees-with-a-pull")
def test_a_notification_says_what_a_pull_says(case: Case) -> None:
    findings: list[Finding] = []
    for told in (*both(case), case.scene(events.batch)):
        for name in counted(told):
            pulled = told.pulled.receipts.get(name)
            if pulled is not None and pulled.known:
                findings += checks.agrees(told.receipts[told.sender], pulled)
    case.judge(findings)


@pytest.mark.check("notice-agrees-with-a-pull")
@pytest.mark.profile("standard")
@pytest.mark.late
def test_the_notifications_of_the_run_count_all_readers(case: Case) -> None:
    case.attempt("a message of ten readers", paging.grown, 21, 5)
    case.stage.await_notice(lambda: not counted_up(case))  # the last ones may come late
    case.judge(counted_up(case)[:1])


def counted_up(case: Case) -> list[Finding]:
    """Expect the senders of messages in groups to have been told of each reader."""
    heard: dict[Any, list[tuple[Answer, Receipt]]] = {}
    for user, answer, receipt, message in told_so_far(case):
        if user == message.sender and message.conversation.kind is Kind.GROUP:
            heard.setdefault(message.id, []).append((answer, receipt))
    readers = case.stage.dealings.readers
    return [
        finding
        for name, about in heard.items()
        for finding in checks.counts_up(of_reads(case, about), readers(name))
    ]


@pytest.mark.check("notice-comes-once")
def test_a_read_is_notified_with_one_state(case: Case) -> None:
    findings: list[Finding] = []
    repeated = 0
    for told in both(case):
        heard = of_reads(case, told.receipts[told.sender])
        for name, reads in counted(told).items():
            findings += checks.once(heard, name, reads)
            repeated += checks.repeated(heard, name)
    case.observe("notifications that say again what was said", repeated)
    case.judge(findings)


@pytest.mark.check("notice-comes-once")
@pytest.mark.profile("standard")
@pytest.mark.late
def test_no_read_of_the_run_is_notified_with_two_states(case: Case) -> None:
    heard: dict[Any, list[tuple[Answer, Receipt]]] = {}
    for user, answer, receipt, message in told_so_far(case):
        if user == message.sender:
            heard.setdefault(message.id, []).append((answer, receipt))
    findings: list[Finding] = []
    for name, about in heard.items():
        reads = case.stage.dealings.reads(name)
        findings += checks.once(of_reads(case, about), name, reads) if reads else []
    case.judge(findings[:1])


@pytest.mark.check("only-the-sender-is-notified")
def test_nobody_but_the_sender_is_notified(case: Case) -> None:
    findings: list[Finding] = []
    for told in both(case):
        readers = {user for user, _ in told.reads}
        for user, heard in told.receipts.items():
            if user != told.sender:
                who = "a reader" if user in readers else "somebody else"
                findings += checks.nothing(heard, who, "only its sender is to be")
    case.judge(findings)


@pytest.mark.check("only-the-sender-is-notified")
@pytest.mark.profile("standard")
@pytest.mark.late
def test_nobody_else_is_notified_in_the_whole_run(case: Case) -> None:
    findings: list[Finding] = []
    for user, answer, receipt, message in told_so_far(case):
        if user != message.sender:
            heard = [(answer, receipt)]
            findings += checks.nothing(heard, "somebody else", "only its sender is to be")
    case.judge(findings[:1])


@pytest.mark.check("plain-message-gets-no-notice")
def test_nobody_is_notified_of_a_plain_message(case: Case) -> None:
    told = case.scene(events.plain)
    silent = told.messages[0].id
    findings: list[Finding] = []
    for user, heard in told.receipts.items():
        about = [pair for pair in heard if pair[1].message == silent]
        who = "its sender" if user == told.sender else "another member"
        findings += checks.nothing(about, who, "it did not ask for a receipt")
    case.judge(findings)


@pytest.mark.check("plain-message-gets-no-notice")
@pytest.mark.profile("standard")
@pytest.mark.late
def test_no_notification_of_the_run_is_about_a_plain_message(case: Case) -> None:
    case.attempt("a plain one-to-one message that is read", events.beyond, 30)
    findings: list[Finding] = []
    for user, answer, receipt, message in told_so_far(case):
        if not message.wants_receipt:
            who = "its sender" if user == message.sender else "another member"
            findings += checks.nothing([(answer, receipt)], who, "it did not ask for a receipt")
    case.judge(findings[:1])


@pytest.mark.check("notices-keep-their-order")
def test_notifications_come_in_the_order_of_reads(case: Case) -> None:
    findings: list[Finding] = []
    quick = case.stage.target.consistency
    for told, window in zip(of_kind(case, "group"), (0.0, quick), strict=False):
        findings += checks.ordered(told.receipts[told.sender], window)
    case.judge(findings)


@pytest.mark.check("notices-keep-their-order")
@pytest.mark.profile("standard")
@pytest.mark.late
def test_the_number_of_readers_never_falls_in_the_run(case: Case) -> None:
    heard: dict[Any, list[tuple[Answer, Receipt]]] = {}
    for user, answer, receipt, message in told_so_far(case):
        if user == message.sender:
            heard.setdefault(message.id, []).append((answer, receipt))
    window = case.stage.target.consistency
    case.judge([f for about in heard.values() for f in checks.ordered(about, window)][:1])


@pytest.mark.check("notice-names-its-conversation")
def test_a_notification_names_its_conversation(case: Case) -> None:
    findings: list[Finding] = []
    for told in of_kind(case, case.given["kind"]):
        conversation = told.messages[0].conversation
        for answer, receipt in told.receipts[told.sender]:
            findings += placed(case, answer, receipt, conversation, told.sender)
    case.judge(findings)


def placed(
    case: Case, answer: Answer, receipt: Receipt, conversation: Conversation, sender: Any
) -> list[Finding]:
    """Expect a notification to name the group, or the other one of two people, who has read."""
    findings = checks.placed(answer, receipt, conversation, sender)
    if conversation.kind is not Kind.GROUP and of_reads(case, [(answer, receipt)]):
        findings += checks.named(answer, receipt, "peer_read", True)
    return findings


@pytest.mark.check("notice-names-its-conversation")
@pytest.mark.profile("standard")
@pytest.mark.late
def test_every_notification_of_the_run_names_its_conversation(case: Case) -> None:
    findings: list[Finding] = []
    for user, answer, receipt, message in told_so_far(case):
        kind = "group" if message.conversation.kind is Kind.GROUP else "direct"
        if kind == case.given["kind"] and user == message.sender and message.wants_receipt:
            findings += placed(case, answer, receipt, message.conversation, user)
    case.judge(findings[:1])


@pytest.mark.check("notices-of-a-batch-are-observed")
def test_how_a_batch_is_notified_is_recorded(case: Case) -> None:
    told = case.scene(events.batch)
    case.observe("notifications of many reads in one call", len(told.notices[told.sender]))


@pytest.mark.check("received-message-tells-its-wish")
def test_a_received_message_tells_whether_it_asks(case: Case) -> None:
    scene = case.scene(events.arrivals)
    if not scene.told:
        raise NotExercised("no message that was received is reported")
    findings: list[Finding] = []
    for _, answer, wish, message in scene.told:
        findings += checks.asks(answer, wish, message.wants_receipt, message.id)
    if case.profile.rank > 0:
        findings += from_the_server(case)
    case.judge(findings)


def from_the_server(case: Case) -> list[Finding]:
    """Expect messages that were sent past the SDKs to tell their wish as well."""
    found = case.attempt("messages of the server's API", events.foreign)
    if found is None:
        return []
    return [
        finding
        for answer, wish, message in found
        for finding in checks.asks(answer, wish, message.wants_receipt, message.id)
    ]


@pytest.mark.check("received-message-tells-its-wish")
@pytest.mark.profile("standard")
@pytest.mark.late
def test_every_message_that_was_received_tells_its_wish(case: Case) -> None:
    found = events.arrived_so_far(case.stage)
    if not found:
        raise NotExercised("no message that was received is reported")
    findings: list[Finding] = []
    for answer, wish, message in found:
        findings += checks.asks(answer, wish, message.wants_receipt, message.id)
    case.judge(findings[:1])
