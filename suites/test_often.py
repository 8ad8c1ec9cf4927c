"""What has shown shows at every further look, whoever answers."""

import pytest

from receiptspec.case import Case
from receiptspec.checks import direct, receipts, refusals, values
from receiptspec.errors import NotExercised
from receiptspec.findings import Finding, distinct
from receiptspec.scenes import often

WHY = "a member has read it, asked for again and again"


def conversations(case: Case) -> list[often.OfConversation]:
    """Return a group, and two people where they have a conversation like it."""
    pair = case.attempt("two people, asked for again and again", often.of_pair)
    return [case.scene(often.of_group), *([pair] if pair is not None else [])]


def answered(scene: often.OfConversation) -> list[Finding]:
    """Expect each question about a message to be answered."""
    ids = [scene.messages[0].id]
    findings: list[Finding] = []
    for asked in scene.asked:
        findings += refusals.accepted(asked.answer, "a question that was answered before")
        if asked.answer.accepted:
            findings += receipts.each_answered(asked.answer, asked.receipts, ids)
    return distinct(findings)


@pytest.mark.check("receipts-are-answered")
@pytest.mark.profile("standard")
def test_a_new_group_is_known_whoever_is_asked(case: Case) -> None:
    case.judge(answered(case.scene(often.of_group)))


@pytest.mark.check("pair-has-receipts")
@pytest.mark.profile("standard")
def test_a_new_pair_is_known_whoever_is_asked(case: Case) -> None:
    case.judge(answered(case.scene(often.of_pair)))


@pytest.mark.check("read-raises-read-count")
@pytest.mark.profile("standard")
def test_a_read_counts_whoever_is_asked(case: Case) -> None:
    scene = case.scene(often.of_group)
    if not scene.shown:
        raise NotExercised("no read shows that could be forgotten")
    message = scene.messages[0]
    findings: list[Finding] = []
    for asked in scene.asked:
        if asked.answer.accepted:
            before, after = scene.fresh.receipt(message), asked.receipts.get(message.id)
            findings += receipts.changed(asked.answer, before, after, "read", 1, WHY)
    case.judge(distinct(findings))


def listed(case: Case, *, reading: bool) -> list[Finding]:
    """Expect one to be listed as reader, or all others as those who have not read."""
    findings: list[Finding] = []
    for scene in conversations(case):
        message = scene.messages[0]
        owner, *others = message.conversation.members
        left = [member for member in others if member != scene.reader]
        for asked in scene.asked if scene.shown else ():
            receipt = asked.receipts.get(message.id)
            if receipt is None:
                continue
            # whether who has left is listed is open, and so is the sender
            wanted = [scene.reader] if reading else left[:1]
            tolerated = [owner] if reading else [owner, *left]
            findings += receipts.listed(asked.answer, receipt, reading, wanted, tolerated)
    return distinct(findings)


@pytest.mark.check("readers-are-listed")
@pytest.mark.profile("standard")
def test_who_has_read_is_listed_whoever_is_asked(case: Case) -> None:
    case.judge(listed(case, reading=True))


@pytest.mark.check("read-stays-read")
@pytest.mark.profile("standard")
def test_who_has_read_stays_a_reader_whoever_is_asked(case: Case) -> None:
    case.judge(listed(case, reading=True))


@pytest.mark.check("non-readers-are-listed")
@pytest.mark.profile("standard")
def test_who_has_not_read_is_listed_whoever_is_asked(case: Case) -> None:
    case.judge(listed(case, reading=False))


@pytest.mark.check("group-history-shows-messages")
@pytest.mark.profile("standard")
def test_messages_are_in_the_history_whoever_is_asked(case: Case) -> None:
    scene = case.scene(often.of_group)
    wanted = [message.id for message in scene.messages]
    findings: list[Finding] = []
    for answer in scene.histories:
        findings += refusals.accepted(answer, "the newest messages, asked for again and again")
        if answer.accepted:
            shown = case.stage.driver.group_history(answer)
            findings += direct.all_there(answer, shown, wanted, "the history of a group")
    case.judge(distinct(findings))


@pytest.mark.check("members-are-told")
@pytest.mark.profile("standard")
def test_the_members_are_told_whoever_is_asked(case: Case) -> None:
    why = "members are asked for again and again, first some of them and then all"
    findings: list[Finding] = []
    for told in case.scene(often.of_group).members:
        findings += refusals.accepted(told.answer, "members, asked for again and again")
        if told.answer.accepted:
            listed_, number = told.got
            wanted, got = sorted(told.wanted), sorted(listed_, key=str)
            findings += values.equal(told.answer, "$.MemberNum", len(wanted), number, why)
            findings += values.equal(told.answer, "$.MemberList", wanted, got, why)
    case.judge(distinct(findings))


@pytest.mark.check("direct-read-shows")
@pytest.mark.profile("standard")
def test_a_receipt_shows_whoever_is_asked(case: Case) -> None:
    scene = case.scene(often.of_letters)
    if not scene.shown:
        raise NotExercised("no receipt shows that could be forgotten")
    case.judge(
        distinct(
            [f for seen in scene.histories for f in direct.all_read(seen, (scene.acknowledged,))]
        )
    )


@pytest.mark.check("direct-read-stays-with-its-message")
@pytest.mark.profile("standard")
def test_a_receipt_turns_one_message_whoever_is_asked(case: Case) -> None:
    scene, why = case.scene(often.of_letters), "another message was acknowledged"
    looks = [seen for seen in scene.histories if seen.answer.accepted]
    case.judge(distinct([f for s in looks for f in direct.none_read(s, (scene.other,), why)]))


@pytest.mark.check("conversation-read-clears-unread")
@pytest.mark.profile("standard")
def test_a_marked_conversation_is_read_whoever_is_asked(case: Case) -> None:
    scene = case.scene(often.of_letters)
    if not scene.marked:
        raise NotExercised("the unread count did not fall to nothing")
    why = "the conversation was marked, asked for again and again"
    findings: list[Finding] = []
    for count in scene.counts:
        findings += refusals.accepted(count.answer, "unread counts, asked for again and again")
        findings += direct.is_number(count.answer, count.number, 0, why)
    case.judge(distinct(findings))
