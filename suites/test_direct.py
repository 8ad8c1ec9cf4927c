"""Between two people exactly the message that was acknowledged turns, for both of them."""

from collections.abc import Sequence

import pytest

from receiptspec.case import Case
from receiptspec.checks import direct as checks
from receiptspec.checks import refusals
from receiptspec.errors import NotExercised
from receiptspec.findings import Finding, distinct
from receiptspec.neutral import Answer
from receiptspec.scenes import (
    calls,
    correspondence,
    direct,
    history,
    marking,
    misfits,
    simultaneous,
    unread,
)

_UNSHOWN = "receipts that are sent here never show in a history"


def shows(case: Case) -> bool:
    """Whether receipts that are sent here show anywhere."""
    return correspondence.shows_reads(case.stage, brief=case.brief)


def turned(case: Case, findings: Sequence[Finding], *, refused: bool = False) -> None:
    """Judge what should not have turned; says nothing where receipts never turn anything."""
    if not findings and not refused and not shows(case):
        raise NotExercised(_UNSHOWN)
    case.judge(findings)


def answer_of(answer: Answer | None) -> Answer:
    if answer is None:
        raise NotExercised("a hook read the message, not the vendor's call")
    return answer


@pytest.mark.check("direct-read-is-accepted")
def test_the_receivers_receipt_is_accepted(case: Case) -> None:
    answer = answer_of(case.scene(direct.letters).read)
    findings = refusals.accepted(answer, "a receipt of the receiver")
    others = case.attempt("unusual messages", direct.unusual) if case.profile.rank > 0 else None
    for _, label, receipt in others.receipts if others is not None else ():
        findings += refusals.accepted(receipt, f"a receipt for {label}")
    plays = (direct.receipt_of_unsigned, direct.receipt_of_everything)
    for play in plays if case.profile.rank > 0 else ():
        _, answered = case.attempt(play.__name__, play) or (None, None)
        if answered is not None:
            findings += refusals.accepted(answered, "a receipt of the receiver")
    together = case.attempt("receipts at once", direct.at_once) if case.profile.rank > 0 else None
    for refusal in together.refused if together is not None else ():
        findings += refusals.accepted(refusal, "a receipt at the same time as others")
    case.judge(distinct(findings))


@pytest.mark.check("direct-batch-is-accepted")
def test_receipts_for_several_messages_are_accepted(case: Case) -> None:
    scene = case.scene(direct.letters)
    answer = answer_of(scene.batch)
    findings = refusals.accepted(answer, "receipts for two messages")
    if scene.before.answer.accepted and shows(case):
        findings += checks.all_read(scene.whole, scene.messages)
        if case.profile.rank > 0:
            findings += all_at_once(case)
            findings += of_long_history(case)
    case.judge(findings)


def all_at_once(case: Case) -> list[Finding]:
    """Expect each of five messages to be read that one call acknowledges."""
    messages, answer, seen = case.scene(history.acknowledged)
    if answer is None:  # a hook has read them
        return checks.all_read(seen, messages)
    findings = refusals.accepted(answer, f"receipts for {len(messages)} messages")
    return findings or checks.all_read(seen, messages)


def of_long_history(case: Case) -> list[Finding]:
    """Expect each of eleven messages to be read that one call acknowledges, and one named twice.

    No document limits the list or says whether a message may stand there twice.
    """
    scene = case.attempt("receipts in a long history", correspondence.aged_letters)
    if scene is None:
        return []
    for answer, what in ((scene.of_several, "eleven receipts"), (scene.of_twice, "a key twice")):
        if answer is not None:
            case.observe(what, answer.describe())
    return checks.all_read(scene.seen, scene.read[1:])


@pytest.mark.check("direct-read-may-be-repeated")
def test_a_repeated_receipt_is_accepted(case: Case) -> None:
    answer = answer_of(case.scene(direct.letters).again)
    case.judge(refusals.accepted(answer, "a repeated receipt"))


@pytest.mark.check("new-direct-message-is-unread")
def test_nobody_has_read_a_new_direct_message(case: Case) -> None:
    scene, why = case.scene(direct.letters), "nobody has acknowledged"
    findings = checks.none_read(scene.before, scene.messages, why)
    optioned = case.attempt("options", unread.optioned) if case.profile.rank > 0 else None
    if optioned is not None:
        findings += checks.none_read(optioned.seen, (*optioned.uncounted, *optioned.counted), why)
    case.judge(findings)


@pytest.mark.check("direct-read-shows")
def test_a_receipt_shows_in_the_history(case: Case) -> None:
    scene = case.scene(direct.letters)
    if not shows(case):
        case.observe("receipts sent here show in the history", "no")
        if case.stage.target.read_hook is None and not case.given.get("stated"):
            raise NotExercised(_UNSHOWN)
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
    if not shows(case) or checks.all_read(scene.whole, scene.messages):
        raise NotExercised("no receipts show that could be lost")
    case.judge(checks.all_read(case.scene(direct.later), scene.messages))


@pytest.mark.check("direct-read-shows")
@pytest.mark.profile("standard")
@pytest.mark.late
@pytest.mark.views
def test_neither_marking_nor_a_newer_message_takes_a_read_back(case: Case) -> None:
    scene = case.scene(marking.emptied)
    if checks.all_read(scene.first, (scene.read,)):
        raise NotExercised("no receipt shows that could be lost")
    case.judge(checks.all_read(scene.last, (scene.read,)))


@pytest.mark.check("direct-read-shows")
@pytest.mark.profile("standard")
@pytest.mark.views
def test_a_receipt_shows_in_pages_of_every_size(case: Case) -> None:
    scenes = in_pages(case)
    if not shows(case):
        raise NotExercised(_UNSHOWN)
    findings = [f for scene in scenes for f in checks.all_read(scene.whole, scene.acknowledged)]
    pages = [(page, s.shown) for s in scenes for walk in s.walks.values() for page in walk.pages]
    findings += [f for page, shown in pages for f in checks.all_read(page, shown)]
    case.judge(distinct(findings))


def in_pages(case: Case) -> list[history.Pages]:
    """Return the histories that one and that both have written, in pages."""
    both = case.attempt("a history that both have written", history.in_turns)
    return [case.scene(history.pages), *filter(None, [both])]


@pytest.mark.check("direct-read-shows")
@pytest.mark.profile("standard")
def test_a_receipt_shows_however_the_message_was_sent(case: Case) -> None:
    if not shows(case):
        raise NotExercised(_UNSHOWN)
    findings: list[Finding] = []
    for play in (direct.from_administrator, direct.with_everything):
        scene = case.attempt(play.__name__, play)
        if scene is None:
            continue
        for seen in (scene.by_sender, scene.by_receiver):
            findings += checks.all_read(seen, (scene.message,))
    others = case.attempt("unusual messages", direct.unusual)
    if others is not None:
        findings += checks.all_read(others.seen, others.accepted)
    case.judge(findings)


@pytest.mark.check("direct-read-shows")
@pytest.mark.profile("standard")
def test_a_receipt_shows_after_a_reply_and_after_marking(case: Case) -> None:
    scene = case.scene(correspondence.replied)
    if not shows(case):
        raise NotExercised(_UNSHOWN)
    findings = checks.all_read(scene.answered, scene.letters[:1])
    case.judge(findings or checks.all_read(scene.marked, scene.letters))


@pytest.mark.check("direct-read-shows")
@pytest.mark.profile("standard")
def test_a_receipt_of_an_old_message_shows(case: Case) -> None:
    scene = case.scene(correspondence.aged_letters)
    if not shows(case):
        raise NotExercised(_UNSHOWN)
    case.judge(checks.all_read(scene.seen, scene.messages[:1]))


@pytest.mark.check("direct-read-shows")
@pytest.mark.profile("standard")
def test_a_receipt_shows_whatever_stands_beside_it(case: Case) -> None:
    if not shows(case):
        raise NotExercised(_UNSHOWN)
    scene = case.scene(misfits.beside_odd)
    for what, (_, answer) in scene.calls.items():
        case.observe(f"a receipt behind one of {what}", answer.describe())
    case.judge(checks.all_read(scene.seen, scene.accepted))


@pytest.mark.check("direct-read-shows")
@pytest.mark.profile("standard")
def test_receipts_at_the_same_time_all_show(case: Case) -> None:
    if not shows(case):
        raise NotExercised(_UNSHOWN)
    scene = case.scene(direct.at_once)
    if len(scene.messages) < 2:
        raise NotExercised("of receipts sent at the same time at most one was accepted")
    case.judge(checks.all_read(scene.seen, scene.messages))


@pytest.mark.check("direct-read-stays-with-its-message")
@pytest.mark.profile("standard")
@pytest.mark.views
def test_only_the_acknowledged_turn_in_pages_of_every_size(case: Case) -> None:
    why = "others of these messages were acknowledged"
    scenes = in_pages(case)
    pages = [(page, s.unshown) for s in scenes for walk in s.walks.values() for page in walk.pages]
    turned(case, distinct([f for page, left in pages for f in checks.none_read(page, left, why)]))


@pytest.mark.check("direct-read-stays-with-its-message")
@pytest.mark.profile("standard")
@pytest.mark.views
def test_only_the_acknowledged_of_messages_that_share_a_number_turns(case: Case) -> None:
    messages, answer, seen = case.scene(direct.half_alike)
    if answer is not None and not answer.accepted:
        raise NotExercised(f"a receipt for such a message is {answer.describe()}")
    why = "another message with one of its numbers was acknowledged"
    turned(case, checks.none_read(seen, (messages[0], messages[2]), why))


@pytest.mark.check("direct-read-stays-with-its-message")
def test_only_the_acknowledged_message_turns(case: Case) -> None:
    scene = case.scene(direct.letters)
    why = "another message was acknowledged"
    findings = checks.none_read(scene.after, (*scene.messages[1:], scene.back), why)
    findings += checks.none_read(scene.after_by_receiver, scene.messages[1:], why)
    findings += checks.none_read(scene.whole, (scene.back,), why)
    turned(case, findings)


@pytest.mark.check("direct-mismatch-has-no-effect")
def test_a_receipt_that_does_not_fit_has_no_effect(case: Case) -> None:
    findings: list[Finding] = []
    given = (case.given["wrong"], *case.given.get("around", ()))
    alone = case.given.get("alone", ()) if case.profile.rank > 0 else ()
    scenes = [case.scene(misfits.mismatch, wrong) for wrong in given]
    scenes += [case.scene(misfits.mismatch_alone, wrong) for wrong in alone]
    for scene in scenes:
        case.observe(f"a receipt with wrong {scene.what}", scene.answer.describe())
        why = f"only a receipt with wrong {scene.what} came"
        findings += checks.none_read(scene.after, (scene.message,), why)
    if case.given.get("behind") and case.profile.rank > 0:
        second = case.scene(misfits.mismatch_behind, case.given["wrong"])
        case.observe(f"wrong {second.what} in the second item", second.answer.describe())
        why = f"its receipt had wrong {second.what}, that of another message fitted"
        findings += checks.none_read(second.after, (second.message,), why)
        between = case.scene(misfits.among_fitting, case.given["wrong"])
        case.observe(f"wrong {between.what} in the second of three", between.answer.describe())
        why = "its receipt came in a call about another conversation, between two that fitted"
        findings += checks.none_read(between.after, (between.message,), why)
    turned(case, findings, refused=not any(scene.answer.accepted for scene in scenes))


@pytest.mark.check("invented-key-has-no-effect")
def test_an_invented_key_has_no_effect(case: Case) -> None:
    findings: list[Finding] = []
    taken = False
    for what in ("key", "malformed", "foreign"):
        scene = case.scene(misfits.mismatch, what)
        taken = taken or scene.answer.accepted
        case.observe(f"a receipt with a {what} key", scene.answer.describe())
        findings += checks.none_read(
            scene.after, (scene.message,), f"only a receipt with a {what} key came"
        )
        if what == "malformed":
            findings += refusals.refused(scene.answer, "text that is no key")
    turned(case, findings, refused=not taken)


@pytest.mark.check("invented-key-has-no-effect")
@pytest.mark.profile("standard")
@pytest.mark.views
def test_a_key_of_another_spelling_or_sender_has_no_effect(case: Case) -> None:
    scene = case.scene(misfits.respelt)
    for answer in (*scene.answers, scene.answer):
        case.observe(answer.exchange.request.label or "a key of another sender", answer.describe())
    why = "only receipts with other spellings of its key came"
    findings = checks.none_read(scene.after, (scene.message,), why)
    why = "its key came as that of a message of another sender"
    findings += checks.none_read(scene.other_after, (scene.other,), why)
    taken = any(answer.accepted for answer in (*scene.answers, scene.answer))
    turned(case, findings, refused=not taken)


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


@pytest.mark.check("message-key-has-its-form")
def test_the_key_of_a_message_has_its_form(case: Case) -> None:
    stage = case.stage
    conversation = case.scene(direct.pair)
    number = stage.number("key form")
    answer = stage.must(
        stage.driver.send_message(conversation, conversation.owner, receipt=True, number=number)
    )
    findings = checks.key_form(answer, number % 2**32)
    if case.profile.rank > 0:
        findings += more_keys(case)
    case.judge(distinct(findings))


def more_keys(case: Case) -> list[Finding]:
    """Expect the keys of unusual letters, and of two with one MsgRandom, to have the form too."""
    findings: list[Finding] = []
    unusual = case.attempt("unusual letters", direct.unusual)
    for message, _, _ in unusual.receipts if unusual is not None else ():
        told = case.stage.told(message)
        findings += checks.key_form(told, told.request_body.get("MsgRandom"))
    reused = case.attempt("two messages with one MsgRandom", direct.reused_random)
    if reused is not None:
        for sent in reused.sent:
            findings += checks.key_form(sent, reused.random % 2**32)
    together = case.attempt("letters at the same time", simultaneous.letters)
    for message, random in together.sent if together is not None else ():
        findings += checks.key_form(case.stage.told(message), random)
    return findings
