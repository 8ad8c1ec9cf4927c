"""The history of two people loses nothing and is the same from both sides."""

import pytest

from receiptspec.case import Case
from receiptspec.checks import direct as checks
from receiptspec.checks import refusals
from receiptspec.errors import NotExercised
from receiptspec.findings import Finding, distinct
from receiptspec.neutral import Answer, Conversation, Message
from receiptspec.scenes import (
    correspondence,
    direct,
    history,
    readback,
    setup,
    simultaneous,
    unread,
)


def read_back(case: Case) -> history.History:
    """Return a history to read back, one that is there already where requests are few."""
    return case.scene(history.history_of_letters if case.brief else history.history)


@pytest.mark.check("history-counts-its-messages")
def test_the_history_counts_its_messages(case: Case) -> None:
    scene = read_back(case)
    findings: list[Finding] = []
    for answer in (scene.whole, *scene.walk):
        if answer.accepted:
            findings += checks.counted(answer, "MsgCnt", "MsgList")
            findings += checks.one_of(answer, "Complete", (0, 1))
    case.judge(findings)


@pytest.mark.check("history-keeps-keys")
def test_the_history_keeps_the_keys_of_messages(case: Case) -> None:
    scene = read_back(case)
    findings = refusals.accepted(scene.whole, "a history")
    if not findings:
        wanted = [message.id for message in scene.messages]
        findings = checks.all_there(scene.whole, scene.keys, wanted, "the history")
        findings += still_there(case)
        if case.profile.rank > 0:
            findings += sent_at_once(case) + uncounted(case)
    case.judge(findings)


def sent_at_once(case: Case) -> list[Finding]:
    """Expect the keys of messages that were sent at the same time in the history."""
    scene = case.attempt("letters at the same time", simultaneous.letters)
    if scene is None or not scene.history.answer.accepted:
        return []
    wanted = [message.id for message in scene.of(scene.conversations[0])]
    where = "the history of messages that were sent at the same time"
    return checks.all_there(scene.history.answer, tuple(scene.history.receipts), wanted, where)


def uncounted(case: Case) -> list[Finding]:
    """Expect messages in the history that are not to be counted as unread."""
    scene = case.attempt("messages that are not counted", unread.optioned)
    if scene is None or not scene.seen.answer.accepted:
        return []
    wanted = [message.id for message in scene.uncounted]
    seen = tuple(scene.seen.receipts)
    return checks.all_there(scene.seen.answer, seen, wanted, "the history of what is not counted")


def still_there(case: Case) -> list[Finding]:
    """Expect messages to be in the history when they were acknowledged, as they were before."""
    scene = case.attempt("messages that were acknowledged", direct.letters)
    if scene is None:
        return []
    if not scene.whole.answer.accepted:
        return []
    wanted = [m.id for m in scene.messages if m.id in scene.before.receipts]
    return checks.all_there(
        scene.whole.answer, tuple(scene.whole.receipts), wanted, "the history once acknowledged"
    )


@pytest.mark.check("history-walk-loses-nothing")
@pytest.mark.views
def test_paging_through_the_history_loses_nothing(case: Case) -> None:
    scene = read_back(case)
    last = scene.walk[-1]
    findings = refusals.accepted(last, "the place where the page before ended")
    wanted = [message.id for message in scene.messages]
    if not findings:
        findings = checks.all_there(last, scene.walked, wanted, "the pages of the history")
        findings += checks.complete(last, scene.complete)
    case.judge(findings)


@pytest.mark.check("history-walk-loses-nothing")
@pytest.mark.profile("standard")
@pytest.mark.views
def test_pages_of_every_size_lose_nothing(case: Case) -> None:
    findings: list[Finding] = []
    for scene in (case.scene(history.pages), case.attempt("both write", history.in_turns)):
        if scene is not None:
            messages = (*scene.acknowledged, *scene.others)
            for name, walk in scene.walks.items():
                findings += walked_through(walk, messages, name)
                findings += overfull(walk)
    case.judge(findings)


def overfull(walk: history.Walk) -> list[Finding]:
    """Expect no page to hold more messages than were asked for."""
    return [
        finding
        for page in walk.pages
        if page.answer.accepted
        for finding in checks.at_most(page.answer, len(page.receipts), walk.size)
    ]


@pytest.mark.check("history-walk-loses-nothing")
@pytest.mark.profile("standard")
@pytest.mark.views
def test_a_history_that_fills_several_answers_loses_nothing(case: Case) -> None:
    messages, walk = case.scene(history.long_letters)
    findings = walked_through(walk, messages, "a history of long messages")
    large = case.attempt("a large message", history.large_letter)
    if large is not None and not findings:
        messages, walk = large
        findings = walked_through(walk, messages, "a history of a large message")
    older = case.attempt("a history of many messages", correspondence.aged_letters)
    if older is not None and not findings:
        findings = walked_through(older.walk, older.messages, "a history of 21 messages")
    case.judge(findings)


def walked_through(walk: history.Walk, messages: tuple[Message, ...], where: str) -> list[Finding]:
    """Expect a walk to end and to have met every message; say nothing more of a refused page."""
    last = walk.pages[-1].answer
    findings = refusals.accepted(last, "the place where the page before ended")
    if findings:
        return findings
    wanted = [message.id for message in messages]
    findings = checks.all_there(last, walk.keys, wanted, where)
    return findings + checks.complete(last, walk.complete)


@pytest.mark.check("history-keeps-to-its-times")
@pytest.mark.profile("standard")
@pytest.mark.views
def test_a_history_is_of_the_time_that_was_asked_for(case: Case) -> None:
    findings: list[Finding] = []
    for period in case.scene(history.periods):
        answer, shown = period.seen.answer, tuple(period.seen.receipts)
        if not answer.accepted:
            raise NotExercised(f"the history of a time is {answer.describe()}")
        findings += checks.all_there(answer, shown, period.inside, "the history of a time")
        findings += checks.none_of(answer, shown, period.outside, "the history of a time")
    case.judge(distinct(findings))


@pytest.mark.check("history-is-the-same-from-both-sides")
@pytest.mark.profile("standard")
@pytest.mark.views
def test_both_sides_see_what_named_no_sender(case: Case) -> None:
    scene = case.scene(direct.unsigned)
    findings: list[Finding] = []
    for seen, whose in ((scene.by_sender, "the sender"), (scene.by_receiver, "the receiver")):
        if not seen.answer.accepted:
            raise NotExercised(f"{whose}'s history is {seen.answer.describe()}")
        where = f"the history of {whose} of a message that named no sender"
        findings += checks.all_there(seen.answer, tuple(seen.receipts), [scene.message.id], where)
    case.judge(findings)


@pytest.mark.check("history-is-the-same-from-both-sides")
@pytest.mark.profile("standard")
@pytest.mark.views
def test_both_sides_see_what_both_wrote(case: Case) -> None:
    scene = case.scene(history.in_turns)
    wanted = [message.id for message in (*scene.acknowledged, *scene.others)]
    findings: list[Finding] = []
    for name, walk in scene.walks.items():
        if walk.complete:
            findings += checks.all_there(walk.pages[-1].answer, walk.keys, wanted, name)
    case.judge(findings)


@pytest.mark.check("history-is-the-same-from-both-sides")
@pytest.mark.profile("standard")
@pytest.mark.views
def test_both_sides_see_messages_as_they_were_sent(case: Case) -> None:
    driver = case.stage.driver
    findings: list[Finding] = []
    for kept in case.scene(readback.of_pairs):
        people = driver.people_of(kept.item)
        findings += checks.between(kept.answer, people, kept.conversation.members)
        if kept.sent is not None:
            strayed = [one for one in driver.strayed(kept.sent, kept.item) if not one.content]
            findings += checks.as_sent(kept.answer, strayed, "MsgList[]")
    case.judge(distinct(findings))


@pytest.mark.check("history-is-the-same-from-both-sides")
@pytest.mark.profile("standard")
def test_two_people_do_not_see_what_their_namesakes_wrote(case: Case) -> None:
    case.judge(of_others(case, case.scene(direct.namesakes)))


@pytest.mark.check("history-is-the-same-from-both-sides")
@pytest.mark.profile("standard")
def test_a_name_that_is_a_pattern_is_one_person(case: Case) -> None:
    case.judge(of_others(case, case.scene(direct.lookalikes)))


def of_others(case: Case, looks: tuple[tuple[Conversation, Answer], ...]) -> list[Finding]:
    """Expect histories of two people to show nothing that others wrote."""
    driver = case.stage.driver
    findings: list[Finding] = []
    for conversation, answer in looks:
        shown = driver.direct_history(answer) if answer.accepted else {}
        for item in shown.values():
            findings += checks.between(answer, driver.people_of(item), conversation.members)
    return distinct(findings)


@pytest.mark.check("message-for-the-moment-is-not-stored")
@pytest.mark.profile("standard")
def test_what_is_for_who_is_online_is_not_in_the_history(case: Case) -> None:
    driver, scene = case.stage.driver, case.scene(setup.for_the_moment)
    shown = driver.group_history(scene.history)
    kept = [text for item in shown.values() for text in driver.texts_of(item)]
    case.judge(checks.not_kept(scene.history, scene.text, kept))


@pytest.mark.check("message-for-the-moment-is-observed")
@pytest.mark.profile("standard")
def test_whether_a_letter_for_who_is_online_is_kept_is_recorded(case: Case) -> None:
    driver, scene = case.stage.driver, case.scene(direct.for_the_moment)
    shown = driver.direct_history(scene.history)
    kept = [text for item in shown.values() for text in driver.texts_of(item)]
    case.observe("in the history", "yes" if scene.text in kept else "no")


@pytest.mark.check("reused-random-is-another-message")
@pytest.mark.profile("standard")
@pytest.mark.views
def test_a_later_message_with_the_same_random_is_stored(case: Case) -> None:
    reused = case.scene(direct.reused_random)
    keys, seen = [message.id for message in reused.messages], reused.seen
    if len(set(keys)) < len(keys):
        raise NotExercised("the later message was taken for the earlier one")
    shown = tuple(seen.receipts)
    case.judge(checks.all_there(seen.answer, shown, keys, "the history"))


@pytest.mark.check("history-is-the-same-from-both-sides")
@pytest.mark.views
def test_both_sides_see_the_same_messages(case: Case) -> None:
    scene = read_back(case)
    wanted = [message.id for message in scene.messages]
    if not scene.other_side.answer.accepted:
        raise NotExercised(f"the other side's history is {scene.other_side.answer.describe()}")
    case.judge(
        checks.all_there(
            scene.other_side.answer, tuple(scene.other_side.receipts), wanted, "the other side"
        )
    )
