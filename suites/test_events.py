"""Who has sent a message learns of its readers without asking: once, in order, and nobody else."""

import pytest

from receiptspec.case import Case
from receiptspec.checks import events as checks
from receiptspec.errors import NotExercised
from receiptspec.findings import Finding
from receiptspec.scenes import events

SCENES = {"group": events.group, "direct": events.direct}


def both(case: Case) -> list[events.Told]:
    return [case.scene(events.group), case.scene(events.direct)]


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
    told = case.scene(SCENES[case.given["kind"]])
    what = "group messages" if case.given["kind"] == "group" else "a one-to-one message"
    heard = {receipt.message for _, receipt in told.receipts[told.sender]}
    steps = sum(told.steps) if heard & counted(told).keys() else 0
    case.judge(checks.notified(told.evidence(), len(told.steps), steps, what))


@pytest.mark.check("notice-names-what-was-read")
def test_a_notification_names_what_was_read(case: Case) -> None:
    findings: list[Finding] = []
    for told in (*both(case), case.scene(events.batch)):
        heard = told.receipts[told.sender]
        findings += checks.right_messages(heard, list(counted(told)), told.evidence())
    case.judge(findings)


@pytest.mark.check("notice-agrees-with-a-pull")
def test_a_notification_says_what_a_pull_says(case: Case) -> None:
    findings: list[Finding] = []
    for told in (*both(case), case.scene(events.batch)):
        for name in counted(told):
            pulled = told.pulled.receipts.get(name)
            if pulled is not None and pulled.known:
                findings += checks.agrees(told.receipts[told.sender], pulled)
    case.judge(findings)


@pytest.mark.check("notice-comes-once")
def test_a_read_is_notified_once(case: Case) -> None:
    findings: list[Finding] = []
    for told in both(case):
        for name, reads in counted(told).items():
            findings += checks.once(told.receipts[told.sender], name, reads)
    case.judge(findings)


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


@pytest.mark.check("notices-keep-their-order")
def test_notifications_come_in_the_order_of_reads(case: Case) -> None:
    told = case.scene(events.group)
    case.judge(checks.ordered(told.receipts[told.sender]))


@pytest.mark.check("notice-names-its-conversation")
def test_a_notification_names_its_conversation(case: Case) -> None:
    kind = case.given["kind"]
    told = case.scene(SCENES[kind])
    conversation = told.messages[0].conversation
    findings: list[Finding] = []
    for answer, receipt in told.receipts[told.sender]:
        if kind == "group":
            findings += checks.named(answer, receipt, "conversation", conversation.id)
        else:
            findings += checks.named(answer, receipt, "peer", conversation.members[1])
            findings += checks.named(answer, receipt, "peer_read", True)
    case.judge(findings)


@pytest.mark.check("notices-of-a-batch-are-observed")
def test_how_a_batch_is_notified_is_recorded(case: Case) -> None:
    told = case.scene(events.batch)
    case.observe("notifications of ten reads in one call", len(told.notices[told.sender]))


@pytest.mark.check("received-message-tells-its-wish")
def test_a_received_message_tells_whether_it_asks(case: Case) -> None:
    scene = case.scene(events.arrivals)
    if not scene.told:
        raise NotExercised("no message that was received is reported")
    findings: list[Finding] = []
    for _, answer, wish, message in scene.told:
        findings += checks.asks(answer, wish, message.wants_receipt, message.id)
    case.judge(findings)
