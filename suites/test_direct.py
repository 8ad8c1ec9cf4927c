"""Between two people exactly the message that was acknowledged turns, for both of them."""

from typing import Any

import pytest

from receiptspec.case import Case
from receiptspec.checks import direct as checks
from receiptspec.checks import refusals
from receiptspec.errors import NotExercised
from receiptspec.findings import Finding, distinct
from receiptspec.neutral import Answer, Message
from receiptspec.scenes import calls, direct, reads


def answer_of(answer: Answer | None) -> Answer:
    if answer is None:
        raise NotExercised("a hook read the message, not the vendor's call")
    return answer


@pytest.mark.check("direct-read-is-accepted")
def test_the_receivers_receipt_is_accepted(case: Case) -> None:
    answer = answer_of(case.scene(direct.letters).read)
    case.judge(refusals.accepted(answer, "a receipt of the receiver"))


@pytest.mark.check("direct-batch-is-accepted")
def test_receipts_for_several_messages_are_accepted(case: Case) -> None:
    scene = case.scene(direct.letters)
    answer = answer_of(scene.batch)
    findings = refusals.accepted(answer, "receipts for two messages")
    if scene.before.answer.accepted and direct.shows_reads(scene):
        findings += checks.all_read(scene.whole, scene.messages)
        if case.profile.rank > 0:
            findings += all_at_once(case)
    case.judge(findings)


def all_at_once(case: Case) -> list[Finding]:
    """Expect each of five messages to be read that one call acknowledges."""
    messages, answer, seen = case.scene(direct.acknowledged)
    if answer is None:  # a hook has read them
        return checks.all_read(seen, messages)
    findings = refusals.accepted(answer, f"receipts for {len(messages)} messages")
    return findings or checks.all_read(seen, messages)


@pytest.mark.check("direct-read-may-be-repeated")
def test_a_repeated_receipt_is_accepted(case: Case) -> None:
    answer = answer_of(case.scene(direct.letters).again)
    case.judge(refusals.accepted(answer, "a repeated receipt"))


@pytest.mark.check("new-direct-message-is-unread")
def test_nobody_has_read_a_new_direct_message(case: Case) -> None:
    scene = case.scene(direct.letters)
    case.judge(checks.none_read(scene.before, scene.messages, "nobody has acknowledged"))


@pytest.mark.check("direct-read-shows")
def test_a_receipt_shows_in_the_history(case: Case) -> None:
    scene = case.scene(direct.letters)
    if not direct.shows_reads(scene):
        case.observe("receipts sent here show in the history", "no")
        if case.stage.target.read_hook is None and not case.given.get("stated"):
            case.judge(())
            return
    findings = checks.all_read(scene.after, scene.messages[:1])
    findings += checks.all_read(scene.after_by_receiver, scene.messages[:1])
    findings += checks.all_read(scene.whole, scene.messages)
    if case.profile.rank > 0:
        message, seen = case.scene(direct.replied)  # now the first of the two reads
        findings += checks.all_read(seen, (message,))
    case.judge(findings)


@pytest.mark.check("direct-read-shows")
@pytest.mark.profile("standard")
@pytest.mark.late
def test_a_receipt_shows_some_seconds_later(case: Case) -> None:
    scene = case.scene(direct.letters)
    if not direct.shows_reads(scene) or checks.all_read(scene.whole, scene.messages):
        raise NotExercised("no receipts show that could be lost")
    case.judge(checks.all_read(case.scene(direct.later), scene.messages))


@pytest.mark.check("direct-read-shows")
@pytest.mark.profile("standard")
@pytest.mark.views
def test_a_receipt_shows_in_pages_of_every_size(case: Case) -> None:
    scene = case.scene(direct.pages)
    if not scene.shown:
        raise NotExercised("no receipts show")
    pages = [page for walk in scene.walks.values() for page in walk.pages]
    case.judge(distinct([f for page in pages for f in checks.all_read(page, scene.shown)]))


@pytest.mark.check("direct-read-shows")
@pytest.mark.profile("standard")
def test_a_receipt_shows_however_the_message_was_sent(case: Case) -> None:
    if not direct.shows_reads(case.scene(direct.letters)):
        raise NotExercised("no receipts show")
    findings: list[Finding] = []
    for play in (direct.from_administrator, direct.with_everything):
        try:
            scene = case.scene(play)
        except NotExercised as reason:
            case.observe(play.__name__, str(reason))
            continue
        for seen in (scene.by_sender, scene.by_receiver):
            findings += checks.all_read(seen, (scene.message,))
    case.judge(findings)


@pytest.mark.check("direct-read-shows")
@pytest.mark.profile("standard")
def test_receipts_at_the_same_time_all_show(case: Case) -> None:
    if not direct.shows_reads(case.scene(direct.letters)):
        raise NotExercised("no receipts show")
    messages, seen = case.scene(direct.at_once)
    if len(messages) < 2:
        raise NotExercised("of receipts sent at the same time at most one was accepted")
    case.judge(checks.all_read(seen, messages))


@pytest.mark.check("direct-read-stays-with-its-message")
@pytest.mark.profile("standard")
@pytest.mark.views
def test_only_the_acknowledged_turn_in_pages_of_every_size(case: Case) -> None:
    scene = case.scene(direct.pages)
    why = "others of these messages were acknowledged"
    pages = [page for walk in scene.walks.values() for page in walk.pages]
    case.judge(distinct([f for page in pages for f in checks.none_read(page, scene.unshown, why)]))


@pytest.mark.check("direct-read-stays-with-its-message")
def test_only_the_acknowledged_message_turns(case: Case) -> None:
    scene = case.scene(direct.letters)
    why = "another message was acknowledged"
    findings = checks.none_read(scene.after, (*scene.messages[1:], scene.back), why)
    findings += checks.none_read(scene.after_by_receiver, scene.messages[1:], why)
    findings += checks.none_read(scene.whole, (scene.back,), why)
    case.judge(findings)


@pytest.mark.check("direct-mismatch-has-no-effect")
def test_a_receipt_that_does_not_fit_has_no_effect(case: Case) -> None:
    findings: list[Finding] = []
    for wrong in (case.given["wrong"], *case.given.get("around", ())):
        scene = case.scene(direct.mismatch, wrong)
        case.observe(f"a receipt with wrong {scene.what}", scene.answer.describe())
        why = f"only a receipt with wrong {scene.what} came"
        findings += checks.none_read(scene.after, (scene.message,), why)
    if case.given.get("behind") and case.profile.rank > 0:
        second = case.scene(direct.mismatch_behind, case.given["wrong"])
        case.observe(f"wrong {scene.what} in the second item", second.answer.describe())
        why = f"its receipt had wrong {scene.what}, that of another message fitted"
        findings += checks.none_read(second.after, (second.message,), why)
    case.judge(findings)


@pytest.mark.check("invented-key-has-no-effect")
def test_an_invented_key_has_no_effect(case: Case) -> None:
    findings: list[Finding] = []
    for what in ("key", "malformed", "foreign"):
        scene = case.scene(direct.mismatch, what)
        case.observe(f"a receipt with a {what} key", scene.answer.describe())
        findings += checks.none_read(
            scene.after, (scene.message,), f"only a receipt with a {what} key came"
        )
        if what == "malformed":
            findings += refusals.refused(scene.answer, "text that is no key")
    case.judge(findings)


@pytest.mark.check("conversation-read-is-no-receipt")
def test_reading_a_conversation_sends_no_receipt(case: Case) -> None:
    scene = case.scene(direct.conversation_read)
    case.judge(
        checks.none_read(
            scene.receipts_after, (scene.message,), "the conversation was marked as read"
        )
    )


@pytest.mark.check("receipt-leaves-conversation-unread")
@pytest.mark.views
def test_a_receipt_leaves_the_conversation_unread(case: Case) -> None:
    if case.operation.name == case.stage.driver.group_read:
        answer, before, after = case.scene(reads.position)
        if before is None or after is None:
            raise NotExercised("the target does not tell how far a member has read")
        case.judge(checks.kept(answer, before, after, "a message receipt", "read position"))
        return
    kept = case.scene(direct.receipt_keeps_unread)
    why = "a message receipt of the other side"
    case.judge(
        [
            *checks.kept(kept.evidence, kept.before, kept.after, "a message receipt"),
            *checks.kept(kept.peer_evidence, kept.peer_before, kept.peer_after, why),
        ]
    )


@pytest.mark.check("long-direct-batch-is-observed")
@pytest.mark.profile("standard")
def test_what_becomes_of_a_long_batch_is_recorded(case: Case) -> None:
    message = case.scene(calls.letter)
    reader = message.conversation.members[1]
    ids = [message.id] * case.given["size"]
    call = case.stage.driver.mark_read(message.conversation, reader, ids)
    if call is None:
        raise NotExercised("the vendor has no call by which the receiver reads")
    case.observe(f"{case.given['size']} receipts in one call", case.stage.call(call).describe())


@pytest.mark.check("conversation-read-is-accepted")
def test_marking_a_conversation_as_read_is_accepted(case: Case) -> None:
    scene = case.scene(direct.conversation_read)
    case.judge(refusals.accepted(scene.answer, "a conversation to mark as read"))


@pytest.mark.check("conversation-read-may-be-repeated")
def test_marking_a_conversation_again_is_accepted(case: Case) -> None:
    scene = case.scene(direct.conversation_read)
    case.judge(refusals.accepted(scene.again, "a conversation that is read already"))


def marked(case: Case) -> list[direct.Counters]:
    """Return a conversation that one side has marked as read, and one that the other has."""
    scenes = [case.scene(direct.conversation_read)]
    if case.profile.rank > 0:
        scenes.append(case.scene(direct.conversation_read, 5, 4, 2, 3))
    return scenes


@pytest.mark.check("conversation-read-clears-unread")
def test_marking_a_conversation_leaves_nothing_unread(case: Case) -> None:
    findings: list[Finding] = []
    for scene in marked(case):
        why = "the conversation was marked"
        findings += checks.is_number(scene.evidence, scene.after, 0, why)
    case.judge(findings)


@pytest.mark.check("conversation-read-stops-at-its-time")
@pytest.mark.profile("standard")
def test_marking_with_a_time_leaves_what_is_newer(case: Case) -> None:
    split = case.scene(direct.read_until)
    case.judge(checks.is_number(split.evidence, split.after, 1, "a time between two messages"))


@pytest.mark.check("conversation-read-leaves-others")
@pytest.mark.views
def test_marking_a_conversation_leaves_others_unread(case: Case) -> None:
    scene = case.scene(direct.conversation_read)
    case.judge(
        checks.kept(scene.evidence, scene.other_before, scene.other_after, "another conversation")
    )


@pytest.mark.check("conversation-read-leaves-the-peer")
@pytest.mark.views
def test_marking_a_conversation_leaves_the_peers_side(case: Case) -> None:
    findings: list[Finding] = []
    for scene in marked(case):
        why = "the other side's marking"
        findings += checks.kept(scene.evidence, scene.peer_before, scene.peer_after, why)
    case.judge(findings)


@pytest.mark.check("unread-of-all-is-a-number")
def test_the_unread_count_of_all_conversations_is_told(case: Case) -> None:
    user = case.stage.users(1)[0]
    answer = case.stage.call(case.stage.driver.count_unread(user, None))
    findings = refusals.accepted(answer, "no peers named")
    if not findings:
        findings = checks.has_integer(answer, "AllC2CUnreadMsgNum")
    if not findings and case.profile.rank > 0:
        box = case.scene(direct.mailbox)
        if box.all_got is not None:
            why = f"{box.all_wanted} messages of two people came"
            findings = checks.is_number(box.all_answer, box.all_got, box.all_wanted, why)
    case.judge(findings)


@pytest.mark.check("unread-of-peers-is-listed")
def test_the_unread_count_of_each_peer_is_told(case: Case) -> None:
    if case.brief:
        case.judge(told_of_writers(case))
        return
    user, *peers = case.stage.users(1 + case.given["most"])
    answer = case.stage.call(case.stage.driver.count_unread(user, peers))
    findings = refusals.accepted(answer, f"{len(peers)} peers named")
    if not findings:
        box = case.scene(direct.mailbox)
        findings = checks.told(box.answer, box.told, box.failed, box.wanted)
        for peer, number in box.wanted.items():
            if box.got[peer] is not None:
                why = f"{number} messages of {peer} came"
                findings += checks.is_number(box.answer, box.got[peer], number, why)
    case.judge(findings)


def told_of_writers(case: Case) -> list[Finding]:
    """Expect a number for who has written before, or that the answer says for whom it failed.

    Nobody else need have one: there is no conversation with them.
    """
    writers: tuple[Any, ...] = ()
    other, _, writer, user = case.stage.users(4)
    try:
        case.scene(direct.letters)
    except NotExercised as reason:
        case.observe("somebody who has written", str(reason))
    else:
        writers = (writer,)
    driver, peers = case.stage.driver, (writer, other)

    def wrong(answer: Answer) -> list[Finding]:
        if not answer.accepted:
            return refusals.accepted(answer, f"{len(peers)} peers named")
        counts, failed = driver.unread_counts(answer), driver.unread_unknown(answer)
        return checks.told(answer, counts, failed, writers)

    call = driver.count_unread(user, peers)
    return wrong(
        case.stage.until(lambda: case.stage.call(call), lambda a: not a.accepted or not wrong(a))
    )


def history(case: Case) -> direct.History:
    """Return a history to read back, one that is there already where requests are few."""
    return case.scene(direct.history_of_letters if case.brief else direct.history)


@pytest.mark.check("history-counts-its-messages")
def test_the_history_counts_its_messages(case: Case) -> None:
    scene = history(case)
    findings: list[Finding] = []
    for answer in (scene.whole, *scene.walk):
        if answer.accepted:
            findings += checks.counted(answer, "MsgCnt", "MsgList")
            findings += checks.one_of(answer, "Complete", (0, 1))
    case.judge(findings)


@pytest.mark.check("history-keeps-keys")
def test_the_history_keeps_the_keys_of_messages(case: Case) -> None:
    scene = history(case)
    findings = refusals.accepted(scene.whole, "a history")
    if not findings:
        wanted = [message.id for message in scene.messages]
        findings = checks.all_there(scene.whole, scene.keys, wanted, "the history")
        findings += still_there(case)
    case.judge(findings)


def still_there(case: Case) -> list[Finding]:
    """Expect messages to be in the history when they were acknowledged, as they were before."""
    try:
        scene = case.scene(direct.letters)
    except NotExercised as reason:
        case.observe("messages that were acknowledged", str(reason))
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
    scene = history(case)
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
    scene = case.scene(direct.pages)
    messages = (*scene.acknowledged, *scene.others)
    findings: list[Finding] = []
    for size, walk in scene.walks.items():
        findings += walked_through(walk, messages, f"the pages of {size}")
    case.judge(findings)


@pytest.mark.check("history-walk-loses-nothing")
@pytest.mark.profile("standard")
@pytest.mark.views
def test_a_history_that_fills_several_answers_loses_nothing(case: Case) -> None:
    messages, walk = case.scene(direct.long_letters)
    case.judge(walked_through(walk, messages, "a history of long messages"))


def walked_through(walk: direct.Walk, messages: tuple[Message, ...], where: str) -> list[Finding]:
    """Expect a walk to end and to have met every message; say nothing more of a refused page."""
    last = walk.pages[-1].answer
    findings = refusals.accepted(last, "the place where the page before ended")
    if findings:
        return findings
    wanted = [message.id for message in messages]
    findings = checks.all_there(last, walk.keys, wanted, where)
    return findings + checks.complete(last, walk.complete)


@pytest.mark.check("history-is-the-same-from-both-sides")
@pytest.mark.profile("standard")
@pytest.mark.views
def test_both_sides_see_what_named_no_sender(case: Case) -> None:
    scene = case.scene(direct.from_administrator)
    findings: list[Finding] = []
    for seen, whose in ((scene.by_sender, "the sender"), (scene.by_receiver, "the receiver")):
        if not seen.answer.accepted:
            raise NotExercised(f"{whose}'s history is {seen.answer.describe()}")
        where = f"the history of {whose} of a message that named no sender"
        findings += checks.all_there(seen.answer, tuple(seen.receipts), [scene.message.id], where)
    case.judge(findings)


@pytest.mark.check("history-is-the-same-from-both-sides")
@pytest.mark.views
def test_both_sides_see_the_same_messages(case: Case) -> None:
    scene = history(case)
    wanted = [message.id for message in scene.messages]
    if not scene.other_side.answer.accepted:
        raise NotExercised(f"the other side's history is {scene.other_side.answer.describe()}")
    case.judge(
        checks.all_there(
            scene.other_side.answer, tuple(scene.other_side.receipts), wanted, "the other side"
        )
    )


@pytest.mark.check("message-key-has-its-form")
def test_the_key_of_a_message_has_its_form(case: Case) -> None:
    stage = case.stage
    conversation = case.scene(direct.pair)
    number = stage.number("key form")
    answer = stage.must(
        stage.driver.send_message(conversation, conversation.owner, receipt=True, number=number)
    )
    case.judge(checks.key_form(answer, number % 2**32))
