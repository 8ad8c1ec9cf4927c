"""Conversations of two are marked as read, and what is unread is counted."""

from typing import Any

import pytest

from receiptspec.case import Case
from receiptspec.checks import direct as checks
from receiptspec.checks import refusals
from receiptspec.errors import NotExercised
from receiptspec.findings import Finding, distinct
from receiptspec.neutral import Answer
from receiptspec.scenes import correspondence, direct, marking, reads, simultaneous, unread


@pytest.mark.check("conversation-read-is-no-receipt")
def test_reading_a_conversation_sends_no_receipt(case: Case) -> None:
    if not case.brief:
        case.attempt("messages that are old enough", unread.ahead)
    scene = case.scene(unread.conversation_read)
    case.judge(
        checks.none_read(
            scene.receipts_after, (scene.message,), "the conversation was marked as read"
        )
    )


@pytest.mark.check("conversation-read-is-no-receipt")
@pytest.mark.profile("standard")
@pytest.mark.late
def test_reading_conversations_from_both_sides_sends_no_receipt(case: Case) -> None:
    scene, why = case.scene(marking.emptied), "the conversation was marked as read"
    findings = checks.none_read(scene.last, scene.unread, why)
    left = case.attempt("what the administrator has written", marking.administrators)
    if left is not None:
        why = "the conversation with the administrator was marked as read"
        findings += checks.none_read(left.seen, (left.letter,), why)
    case.judge(findings)


@pytest.mark.check("conversation-read-is-no-receipt")
@pytest.mark.profile("standard")
def test_marking_with_a_time_sends_no_receipt(case: Case) -> None:
    split = case.scene(unread.read_until)
    why = "the conversation was marked as read up to a time"
    case.judge(checks.none_read(split.seen, split.messages, why))


@pytest.mark.check("receipt-leaves-conversation-unread")
@pytest.mark.views
def test_a_receipt_leaves_the_conversation_unread(case: Case) -> None:
    if case.operation.name == case.stage.driver.group_read:
        case.judge(positions_kept(case))
        return
    kept = case.scene(unread.receipt_keeps_unread, case.profile.rank > 0)
    why = "a message receipt of the other side"
    case.judge(
        [
            *checks.kept(kept.evidence, kept.before, kept.after, "a message receipt"),
            *checks.kept(kept.peer_evidence, kept.peer_before, kept.peer_after, why),
            *checks.kept(kept.total_evidence, kept.total_before, kept.total_after, "a receipt"),
        ]
    )


def positions_kept(case: Case) -> list[Finding]:
    """Expect a receipt for one message, and for two, to move nobody's read position."""
    findings: list[Finding] = []
    plays: list[tuple[Any, ...]] = [(1,), (2,), (1, True)] if case.profile.rank > 0 else [(1,)]
    for play in plays:
        answer, places = case.scene(reads.position, *play)
        if not places:
            raise NotExercised("the target does not tell how far a member has read")
        why = "a message receipt"
        for before, after in places.values() if case.profile.rank > 0 else [*places.values()][:1]:
            findings += checks.kept(answer, before, after, why, "read position")
    if case.profile.rank > 0:
        found = case.attempt("letters of the same two", correspondence.letters_beside_group)
        if found is not None:
            one, two = found
            why = "a receipt in a group"
            findings += checks.kept(two.answer, one.number, two.number, why)
    return distinct(findings)


@pytest.mark.check("conversation-read-is-accepted")
def test_marking_a_conversation_as_read_is_accepted(case: Case) -> None:
    scene = case.scene(unread.conversation_read)
    case.judge(refusals.accepted(scene.answer, "a conversation to mark as read"))


@pytest.mark.check("conversation-read-may-be-repeated")
def test_marking_a_conversation_again_is_accepted(case: Case) -> None:
    scene = case.scene(unread.conversation_read)
    case.judge(refusals.accepted(scene.again, "a conversation that is read already"))


def marked(case: Case) -> list[unread.Counters]:
    """Return a conversation that one side has marked as read, and one that the other has."""
    scenes = [case.scene(unread.conversation_read)]
    if case.profile.rank > 0:
        scenes.append(case.scene(unread.conversation_read, 5, 4, 2, 3))
    return scenes


def must_show(*counts: int | None) -> None:
    """Raise `NotExercised` where what was written is not unread in the first place."""
    if 0 in counts:
        raise NotExercised("what was written does not show as unread: nothing could take it away")


@pytest.mark.check("conversation-read-clears-unread")
def test_marking_a_conversation_leaves_nothing_unread(case: Case) -> None:
    findings: list[Finding] = []
    for scene in marked(case):
        why = "the conversation was marked"
        findings += checks.is_number(scene.evidence, scene.after, 0, why)
    case.judge(findings)


@pytest.mark.check("conversation-read-clears-unread")
@pytest.mark.profile("standard")
@pytest.mark.late
def test_marking_a_conversation_of_many_messages_leaves_none_unread(case: Case) -> None:
    scene = case.scene(marking.emptied)
    why = f"the conversation with {scene.before} unread messages was marked"
    findings = checks.is_number(scene.after.answer, scene.after.number, 0, why)
    why = "the other side marked the conversation too"
    findings += checks.is_number(scene.other_side.answer, scene.other_side.number, 0, why)
    why = "one message came when all before it was marked"
    findings += checks.is_number(scene.on.answer, scene.on.number, 1, why)
    left = case.attempt("what the administrator has written", marking.administrators)
    if left is not None:
        why = "the conversation with the administrator was marked"
        findings += checks.is_number(left.left.answer, left.left.number, 0, why)
    got = case.attempt("what the administrator has got", marking.to_administrator)
    if got is not None:
        why = "the administrator marked a conversation"
        findings += checks.is_number(got.answer, got.number, 0, why)
    case.judge(findings)


@pytest.mark.check("conversation-read-clears-unread")
@pytest.mark.profile("standard")
@pytest.mark.late
def test_marking_one_conversation_after_the_other_leaves_none_unread(case: Case) -> None:
    five = case.scene(correspondence.marked_five_times)
    why = "five conversations were marked one after the other"
    left = five.left.values()
    findings = [f for number in left for f in checks.is_number(five.answer, number, 0, why)]
    case.judge(distinct(findings))


@pytest.mark.check("conversation-read-clears-unread")
@pytest.mark.profile("standard")
@pytest.mark.late
def test_marking_a_long_conversation_leaves_none_unread(case: Case) -> None:
    looked = case.scene(correspondence.looked_through)
    why = f"the conversation with {looked.after.number} unread messages was marked"
    case.judge(checks.is_number(looked.marked.answer, looked.marked.number, 0, why))


@pytest.mark.check("conversation-read-stops-at-its-time")
@pytest.mark.profile("standard")
@pytest.mark.views
def test_marking_with_a_time_leaves_what_is_newer(case: Case) -> None:
    split = case.scene(unread.read_until)
    findings = checks.is_number(split.evidence, split.after, split.newer, "a time between messages")
    before, after = split.then[unread.EARLIER]
    findings += checks.kept(after.answer, before.own, after.own, unread.EARLIER)
    case.judge(findings)


@pytest.mark.check("conversation-read-takes-a-time")
@pytest.mark.profile("standard")
def test_marking_with_a_time_is_accepted(case: Case) -> None:
    case.judge(refusals.accepted(case.scene(unread.read_until).marking, "a time of just now"))


@pytest.mark.check("conversation-read-leaves-others")
@pytest.mark.views
def test_marking_a_conversation_leaves_others_unread(case: Case) -> None:
    scene = case.scene(unread.conversation_read)
    findings = checks.kept(
        scene.evidence, scene.other_before, scene.other_after, "another conversation"
    )
    if case.profile.rank > 0:
        split = case.attempt("marking up to a time", unread.read_until)
        if split is not None:
            before, after = split.other_before, split.other_after
            why = "marking another conversation up to a time"
            findings += checks.kept(after.answer, before.number, after.number, why)
            for why, (earlier, later) in split.then.items():
                findings += checks.kept(later.answer, earlier.other, later.other, why)
            earlier, later = split.then[unread.EMPTY]
            findings += checks.kept(later.answer, earlier.own, later.own, unread.EMPTY)
    if not findings:
        must_show(scene.other_before)
    case.judge(distinct(findings))


@pytest.mark.check("conversation-read-leaves-the-peer")
@pytest.mark.views
def test_marking_a_conversation_leaves_the_peers_side(case: Case) -> None:
    findings: list[Finding] = []
    for scene in marked(case):
        why = "the other side's marking"
        findings += checks.kept(scene.evidence, scene.peer_before, scene.peer_after, why)
    if case.profile.rank > 0:
        split = case.attempt("marking up to a time", unread.read_until)
        if split is not None:
            before, after = split.sender_before, split.sender_after
            why = "the other side's marking up to a time"
            findings += checks.kept(after.answer, before.number, after.number, why)
    if not findings:
        must_show(*(scene.peer_before for scene in marked(case)))
    case.judge(findings)


@pytest.mark.check("unread-of-all-is-a-number")
def test_the_unread_count_of_all_conversations_is_told(case: Case) -> None:
    user = case.stage.users(1)[0]
    answer = case.stage.call(case.stage.driver.count_unread(user, None))
    findings = refusals.accepted(answer, "no peers named")
    if not findings:
        findings = checks.has_integer(answer, "AllC2CUnreadMsgNum")
    if not findings and case.profile.rank > 0:
        box = case.scene(unread.mailbox)
        if box.all_got is not None:
            why = f"{box.all_wanted} messages of two people came"
            findings = checks.is_number(box.all_answer, box.all_got, box.all_wanted, why)
        elif box.all_answer is not box.answer and box.all_answer.accepted:
            findings = checks.has_integer(box.all_answer, "AllC2CUnreadMsgNum")
    case.judge(findings)


@pytest.mark.check("unread-of-all-is-a-number")
@pytest.mark.profile("standard")
@pytest.mark.late
@pytest.mark.views
def test_the_unread_count_of_all_falls_with_that_of_a_peer(case: Case) -> None:
    scene = case.scene(marking.emptied)
    if scene.total_wanted is None or scene.after.number != 0:
        raise NotExercised("the unread count of the peer did not fall to nothing")
    why = f"{scene.before} of {scene.total_before} were marked as read"
    after, again = scene.total_after, scene.total_again
    findings = checks.is_number(after.answer, after.number, scene.total_wanted, why)
    why = "marking the conversation once more"
    findings = findings or checks.kept(again.answer, after.number, again.number, why)
    case.judge(findings)


@pytest.mark.check("unread-of-all-is-a-number")
@pytest.mark.profile("standard")
@pytest.mark.late
@pytest.mark.views
def test_the_unread_count_of_all_falls_with_those_of_five_peers(case: Case) -> None:
    five = case.scene(correspondence.marked_five_times)
    before, after = five.total_before.number, five.total_after
    if before is None or any(five.left.values()):
        raise NotExercised("the unread counts of the peers did not fall to nothing")
    why = f"{five.had} of {before}, of five peers, were marked as read"
    case.judge(checks.is_number(after.answer, after.number, before - five.had, why))


@pytest.mark.check("unread-of-all-is-a-number")
@pytest.mark.profile("standard")
@pytest.mark.views
def test_the_unread_count_of_all_falls_with_what_a_time_marks(case: Case) -> None:
    split = case.scene(unread.read_until)
    before, after = split.total_before, split.total_after
    if before is None or split.after != split.newer:
        raise NotExercised("the unread count of the peer did not fall by one")
    why = f"{split.older} of {before} were marked as read by a time"
    case.judge(checks.is_number(after.answer, after.number, before - split.older, why))


@pytest.mark.check("unread-of-all-is-a-number")
@pytest.mark.profile("standard")
@pytest.mark.views
def test_a_letter_of_the_administrator_counts_in_all_conversations(case: Case) -> None:
    grown = case.scene(correspondence.from_administrator_again)
    before, total = grown.before.number, grown.total_before.number
    if before is None or total is None or grown.after.number != before + 1:
        raise NotExercised("the letter of the administrator does not show as unread")
    why = "one more letter of the administrator came"
    after = grown.total_after
    case.judge(checks.is_number(after.answer, after.number, total + 1, why))


@pytest.mark.check("unread-of-peers-is-listed")
def test_the_unread_count_of_each_peer_is_told(case: Case) -> None:
    if case.brief:
        case.judge(told_of_writers(case))
        return
    user, *peers = case.stage.users(1 + case.given["most"])
    answer = case.stage.call(case.stage.driver.count_unread(user, peers))
    findings = refusals.accepted(answer, f"{len(peers)} peers named")
    if not findings:
        box = case.scene(unread.mailbox)
        findings = checks.told(box.answer, box.told, box.failed, box.wanted)
        for peer, number in box.wanted.items():
            if box.got[peer] is not None:
                why = f"{number} messages of {peer} came"
                findings += checks.is_number(box.answer, box.got[peer], number, why)
        findings += among_some(case) if not findings else []
        findings += of_what_is_read(case) if not findings else []
    case.judge(findings)


@pytest.mark.check("unread-of-peers-is-listed")
@pytest.mark.profile("standard")
def test_neither_a_reply_nor_a_look_lowers_an_unread_count(case: Case) -> None:
    counts = case.scene(correspondence.replied).unread
    before = counts[""]
    findings: list[Finding] = []
    for why in ("a reply", "a look at the history"):
        after = counts[why]
        findings += checks.kept(after.answer, before.number, after.number, why)
        before = after
    case.judge(findings)


@pytest.mark.check("unread-of-peers-is-listed")
@pytest.mark.profile("standard")
@pytest.mark.views
def test_a_message_is_unread_unless_it_asks_not_to_be_counted(case: Case) -> None:
    scene = case.scene(unread.optioned)
    wanted = scene.before + len(scene.counted)
    why = f"{len(scene.counted)} messages with options and {len(scene.uncounted)} with NoUnread"
    case.judge(checks.is_number(scene.after.answer, scene.after.number, wanted, why))


@pytest.mark.check("unread-of-peers-is-listed")
@pytest.mark.profile("standard")
@pytest.mark.late
@pytest.mark.views
def test_paging_through_a_long_conversation_leaves_it_unread(case: Case) -> None:
    looked, scene = (
        case.scene(correspondence.looked_through),
        case.scene(correspondence.aged_letters),
    )
    sent = len(scene.messages)
    findings: list[Finding] = []
    if scene.unread.number is not None:
        counted = min(scene.unread.number, sent)
        why = f"{sent} messages came"
        findings += checks.is_number(scene.unread.answer, counted, sent, why)
    before, after = looked.before, looked.after
    why = "a look at both pages of the history"
    findings += checks.kept(after.answer, before.number, after.number, why)
    case.judge(findings)


@pytest.mark.check("unread-of-peers-is-listed")
@pytest.mark.profile("standard")
@pytest.mark.views
def test_a_letter_of_the_administrator_is_unread(case: Case) -> None:
    grown = case.scene(correspondence.from_administrator_again)
    if grown.before.number is None:
        raise NotExercised("no number is told for the administrator")
    after, wanted = grown.after, grown.before.number + 1
    why = "one more letter of the administrator came"
    case.judge(checks.is_number(after.answer, after.number, wanted, why))


@pytest.mark.check("unread-of-peers-is-listed")
@pytest.mark.profile("standard")
@pytest.mark.views
def test_letters_that_come_at_the_same_time_are_all_unread(case: Case) -> None:
    scene = case.scene(simultaneous.letters)
    findings: list[Finding] = []
    for conversation in scene.conversations:
        wanted = len(scene.of(conversation))
        number = scene.unread.numbers.get(conversation.owner)
        why = f"{wanted} messages of each of two peers came at the same time"
        findings += checks.is_number(scene.unread.answer, number, wanted, why)
    case.judge(findings[:1])


@pytest.mark.check("conversation-read-clears-unread")
@pytest.mark.profile("standard")
@pytest.mark.late
@pytest.mark.views
def test_marking_two_conversations_at_the_same_time_leaves_none_unread(case: Case) -> None:
    scene = case.scene(simultaneous.marked)
    if not scene.writers:
        raise NotExercised("not both were marked at the same time")
    most = dict.fromkeys(scene.writers, 0) | {scene.writers[0]: scene.meanwhile}
    findings: list[Finding] = []
    for writer, number in most.items():
        got = scene.unread.numbers.get(writer, 0)
        why = "both conversations were marked while a message came in one"
        findings += checks.is_number(scene.unread.answer, max(got, number), number, why)
    case.judge(findings[:1])


def among_some(case: Case) -> list[Finding]:
    """Expect the same numbers where fewer peers are named, and beside one that is unknown."""
    found = case.attempt("unread counts of some peers", unread.among_some)
    if found is None:
        return []
    told, answers = found
    findings = refusals.accepted(answers[0], "five peers named")
    for answer in (answer for answer in answers if answer.accepted):
        counts = case.stage.driver.unread_counts(answer)
        failed = case.stage.driver.unread_unknown(answer)
        findings += checks.told(answer, counts, failed, told)
        for peer, number in told.items():
            why = f"{peer} was told to have {number} among other peers"
            findings += checks.is_number(answer, counts.get(peer), number, why)
    return findings


def of_what_is_read(case: Case) -> list[Finding]:
    """Expect a number for who has written also where nothing of it is unread any more."""
    scene = case.attempt("a conversation that was marked as read", unread.conversation_read)
    if scene is None or not scene.answer.accepted or not scene.evidence.accepted:
        return []
    counts = case.stage.driver.unread_counts(scene.evidence)
    failed = case.stage.driver.unread_unknown(scene.evidence)
    return checks.told(scene.evidence, counts, failed, [scene.message.sender])


def told_of_writers(case: Case) -> list[Finding]:
    """Expect a number for who has written before, or that the answer says for whom it failed.

    Nobody else need have one: there is no conversation with them.
    """
    writers: tuple[Any, ...] = ()
    other, _, writer, user = case.stage.users(4)
    with case.optional("somebody who has written"):
        case.scene(direct.letters)
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
