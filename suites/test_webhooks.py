"""What the target calls when messages are sent and read has its form, and changes nothing."""

from collections.abc import Callable
from contextlib import suppress

import pytest

from receiptspec.case import Case
from receiptspec.checks import callbacks as checks
from receiptspec.checks import direct, receipts, refusals
from receiptspec.errors import NotExercised
from receiptspec.findings import Finding, distinct
from receiptspec.scenes import badly, correspondence, reads, uncalled, unread, webhooks
from receiptspec.scenes import direct as letters
from receiptspec.stage import Stage
from receiptspec.webhooks import Callback

APART = 2.5  # seconds after which a time in seconds is another one, however it was rounded

OBSERVED = {"group-read": webhooks.group_read, "direct-read": webhooks.direct_read}


def about_groups(case: Case) -> list[Callback]:
    """Return the callbacks about group receipts that came so far."""
    case.scene(webhooks.sent)
    found = [c for c in case.stage.listener().seen if c.command == webhooks.GROUP]
    if not found:
        raise NotExercised("no callback came: is the target told to call hooks.webhook_listener?")
    return found


def everything(case: Case) -> list[Callback]:
    """Return a few callbacks of each documented command, of what came so far."""
    case.scene(webhooks.sent)
    plays: list[Callable[[Stage], object]] = [webhooks.group_read]
    plays += [webhooks.direct_read, webhooks.conversation_read]
    for play in plays if case.profile.rank > 0 else ():
        with suppress(NotExercised):
            case.scene(play)
    seen = case.stage.listener().seen
    named = [(c, (c.command, c.get("CallbackCommand"))) for c in seen]
    found = checks.few(c for c, names in named if any(n in webhooks.COMMANDS for n in names))
    if not found:
        raise NotExercised("no callback came: is the target told to call hooks.webhook_listener?")
    return found


@pytest.mark.check("webhook-names-itself")
def test_a_callback_names_itself_in_its_query(case: Case) -> None:
    case.judge(distinct([f for c in everything(case) for f in checks.named(c)]))


@pytest.mark.check("webhook-command-agrees")
def test_query_and_body_name_the_same_command(case: Case) -> None:
    case.judge(distinct([f for c in everything(case) for f in checks.agrees(c)]))


@pytest.mark.check("webhook-keeps-its-form")
def test_a_callback_has_its_documented_fields(case: Case) -> None:
    found = [callback for callback in everything(case) if callback.command == webhooks.GROUP]
    if case.profile.rank > 0:
        together = case.attempt("two messages read in one call", webhooks.read_together)
        found += together.every if together is not None else ()
    findings = [f for callback in found for f in checks.formed(callback)]
    findings += checks.with_readers(found)
    if case.profile.rank > 0:
        told = case.attempt("callbacks about a changed group", webhooks.sent_after_changes)
        if told is not None and told.callback is None:
            group = told.message.conversation.id
            for callback in uncalled.misnamed(case.stage, told.message):
                findings += checks.of_group(callback, group)
    case.judge(distinct(findings))


@pytest.mark.check("webhook-is-strict-json")
def test_the_body_of_a_callback_is_strict_json(case: Case) -> None:
    case.judge(distinct([f for c in everything(case) for f in checks.strict(c)]))


@pytest.mark.check("webhook-tells-the-time")
def test_a_callback_tells_the_time_in_milliseconds(case: Case) -> None:
    found, aheads = everything(case), case.stage.driver.aheads
    findings = [f for c in found for f in checks.timed(c, aheads)]
    if case.profile.rank > 0:
        later = case.attempt("a callback some seconds later", uncalled.sent_later)
        if later is not None:
            findings += checks.later(later.first, later.last)
    case.judge(distinct(findings))


@pytest.mark.check("webhook-names-rest")
def test_a_callback_names_rest_as_its_cause(case: Case) -> None:
    found = [case.scene(webhooks.sent).came()]
    hooked = case.stage.target.read_hook is not None  # then reads come from elsewhere
    elsewhere = () if hooked else (webhooks.direct_read, webhooks.group_read)
    plays = (webhooks.conversation_read, *elsewhere)
    for play in plays if case.profile.rank > 0 else ():
        with suppress(NotExercised):
            other = case.scene(play)
            found += [*other.callbacks, *filter(None, [other.callback])]
    case.judge(distinct([f for c in found for f in checks.platform(c, ["RESTAPI"])]))


@pytest.mark.check("webhook-is-signed")
def test_a_callback_is_signed_where_a_token_is_set(case: Case) -> None:
    token = case.stage.listener().token
    if not token:
        raise NotExercised("no token is configured")
    found, aheads = everything(case), case.stage.driver.aheads
    case.judge(distinct([f for c in found for f in checks.signed(c, token, aheads)]))


@pytest.mark.check("webhook-tells-of-sending")
def test_sending_fires_a_callback(case: Case) -> None:
    told = case.scene(webhooks.sent)
    if told.callback is not None:
        if case.profile.rank > 0:
            case.judge([*silent_types(case), *silent_kinds(case), *unwanted(case)])
        else:
            case.judge(())
        return
    if told.counts is None:
        return
    readable(case, webhooks.GROUP)
    case.scene(webhooks.conversation_read)
    if not case.stage.listener().seen:
        raise NotExercised("no callback came: is the target told to call hooks.webhook_listener?")
    if told.callback is None:
        case.judge(
            refusals.silence(told.counts.answer, "sending a message that asks for a receipt")
        )


def silent_types(case: Case) -> list[Finding]:
    """Expect callbacks about groups of the other types too, where messages there have receipts."""
    findings: list[Finding] = []
    for type_ in other_types(case):
        told = case.attempt(f"callbacks about {type_}", webhooks.sent_in, type_)
        if told is None:
            continue
        if told.callback is None and told.counts is not None:
            receipt = told.counts.receipts.get(told.message.id)
            if receipt is not None and receipt.known:
                what = f"sending a message that asks for a receipt to a group of type {type_}"
                findings += refusals.silence(told.counts.answer, what)
    return findings


def silent_kinds(case: Case) -> list[Finding]:
    """Expect callbacks about messages with more than a text, and about those to many members."""
    findings: list[Finding] = []
    others = [*(case.attempt("callbacks about other messages", webhooks.sent_otherwise) or ())]
    changed = case.attempt("callbacks about a changed group", webhooks.sent_after_changes)
    if changed is not None and changed.callback is None:
        others += [] if uncalled.misnamed(case.stage, changed.message) else [changed]
    for told in others:
        receipt = told.counts.receipts.get(told.message.id) if told.counts is not None else None
        if told.counts is not None and receipt is not None and receipt.known:
            what = f"sending {told.what} that asks for a receipt"
            findings += refusals.silence(told.counts.answer, what)
    return findings


def unwanted(case: Case) -> list[Finding]:
    """Expect no callback about messages that ask for no receipt, and about imported ones."""
    later = case.attempt("callbacks about plain messages", uncalled.sent_later)
    findings = checks.unwanted(later.unwanted) if later is not None else []
    ahead = case.attempt("callbacks ahead of messages", uncalled.told_ahead) or ()
    findings += checks.uncalled(ahead, "a message of the group that was not sent")
    others = case.scene(uncalled.uncalled).groups
    return findings + checks.uncalled(others, "a group that is a user")


def other_types(case: Case) -> list[str]:
    """Return the types of groups that have receipts, but that of the usual one."""
    usual = case.scene(webhooks.sent).message.conversation.type
    types = case.stage.contract.operations[case.stage.driver.ask].group_types
    return [type_ for type_, fine in types.items() if fine and type_ != usual]


def readable(case: Case, command: str) -> None:
    """Raise `NotExercised` where a callback came that cannot be read: it may be the one."""
    if webhooks.garbled(case.stage, command):
        raise NotExercised("a callback came that is no JSON")


@pytest.mark.check("webhook-agrees-with-counts")
def test_a_callback_counts_as_the_answer_does(case: Case) -> None:
    told = case.scene(webhooks.sent)
    if told.callback is None or told.counts is None:
        raise NotExercised("no callback about the message came")
    findings = checks.agrees_with(told.callback, told.counts.receipt(told.message))
    if case.profile.rank > 0:
        changed = case.attempt("callbacks about a changed group", webhooks.sent_after_changes)
        if changed is not None and changed.callback is not None and changed.counts is not None:
            receipt = changed.counts.receipts.get(changed.message.id)
            if receipt is not None and receipt.known:
                findings += checks.agrees_with(changed.callback, receipt)
    case.judge(findings)


@pytest.mark.check("webhook-answer-changes-nothing")
@pytest.mark.views
def test_the_answer_to_a_callback_changes_nothing(case: Case) -> None:
    about_groups(case)
    waits = case.profile.rank > 0
    findings: list[Finding] = []
    for sending, reading in ((500, 200), (200, 500)) if waits else ((500, 200),):
        scene = case.scene(badly.answered_badly, sending, reading, waits)
        findings += spoilt(scene) or unchanged(case, scene)
    case.judge(distinct(findings))


def spoilt(scene: badly.Badly) -> list[Finding]:
    """Expect calls to be accepted, and messages to have receipts, whatever callbacks are told."""
    why = "callbacks answered with errors"
    if scene.refused is not None:
        return refusals.accepted(scene.refused, why)
    if scene.lost and scene.message is not None and scene.before is not None:
        return checks.lost(scene.before.answer, scene.message, why)
    return []


def unchanged(case: Case, scene: badly.Badly) -> list[Finding]:
    """Expect a read to count as reads do elsewhere."""
    if scene.message is None or scene.before is None or scene.after is None:
        return []
    first, second = scene.before.receipt(scene.message), scene.after.receipts.get(scene.message.id)
    usual = case.scene(reads.member)
    if not usual.answer.accepted:
        raise NotExercised(f"the read to compare with is {usual.answer.describe()}")
    one, two = (s.receipt(usual.messages[0]) for s in (usual.before, usual.after))
    findings: list[Finding] = []
    for field in ("read", "unread"):
        by = (getattr(two, field) or 0) - (getattr(one, field) or 0)
        why = "a member read it while callbacks were answered with errors"
        findings += receipts.changed(scene.after.answer, first, second, field, by, why)
    return findings


@pytest.mark.check("webhook-answer-changes-nothing")
@pytest.mark.profile("standard")
def test_the_answer_to_a_callback_about_two_changes_nothing(case: Case) -> None:
    usual, marked = case.scene(letters.letters), case.scene(unread.conversation_read)
    reads_work = usual.read is not None and usual.read.accepted
    if not reads_work and not marked.answer.accepted and marked.after != 0:
        raise NotExercised(f"marking with callbacks answered well is {marked.answer.describe()}")
    findings: list[Finding] = []
    why = "callbacks answered with errors"
    for status in (500, 200):
        scene = case.scene(badly.letter_answered_badly, status)
        if scene.read is not None and reads_work:
            findings += refusals.accepted(scene.read, why)
        if scene.marking is not None and marked.answer.accepted:
            findings += refusals.accepted(scene.marking, why)
        if not findings and correspondence.shows_reads(case.stage, brief=case.brief):
            findings += direct.all_read(scene.seen, (scene.message,))
        if not findings and marked.after == 0:
            findings += direct.is_number(scene.evidence, scene.unread, 0, why)
    case.judge(distinct(findings))


@pytest.mark.check("webhook-tells-of-conversation-read")
def test_marking_a_conversation_fires_a_callback(case: Case) -> None:
    about_groups(case)
    told = case.scene(webhooks.conversation_read)
    reader, peer = told.message.conversation.members[1], told.message.conversation.owner
    if told.callback is None:
        readable(case, webhooks.REPORT)
        answer = case.stage.call(case.stage.driver.count_unread(reader, [peer]))
        case.judge(refusals.silence(answer, "marking a conversation as read"))
        return
    findings = checks.reported(told.callback, reader, peer, case.stage.driver.aheads)
    if case.profile.rank > 0 and not findings:
        findings = reported_again(case)
    case.judge(findings)


def reported_again(case: Case) -> list[Finding]:
    """Expect a callback too where a time is named, for the second time and of the administrator."""
    timed = case.attempt("marking up to a time", webhooks.unread_left_then)
    again = case.attempt("marking again", webhooks.marked_again) or ()
    findings: list[Finding] = []
    for scene in (*((timed,) if timed is not None else ()), *again):
        peer, reader = scene.conversation.members
        if scene.callbacks:
            aheads = case.stage.driver.aheads
            findings += checks.reported(scene.callbacks[0], reader, peer, aheads)
        else:
            what = "marking a conversation as read, up to a time or again"
            findings += refusals.silence(scene.evidence, what)
    found = [scene.callbacks[0] for scene in again if scene.callbacks]
    first = case.scene(webhooks.conversation_read).callback
    for last in found if first is not None else ():
        if first is not None and last.received - first.received > APART:
            findings += checks.later(first, last, "LastReadTime")
    others = case.scene(uncalled.uncalled).reports
    findings += checks.uncalled(others, "a conversation that this user has not marked")
    return distinct(findings)


@pytest.mark.check("webhook-is-observed")
def test_whether_a_callback_comes_is_recorded(case: Case) -> None:
    about_groups(case)
    told = case.scene(OBSERVED[case.given["when"]])
    case.observe(
        f"{case.given['command']} after {case.given['when']}", "yes" if told.callback else "no"
    )


def about_this_group(case: Case) -> list[Callback]:
    """Return the callbacks about the group of the message: others may be of other apps."""
    group = case.scene(webhooks.sent).message.conversation
    found = [c for c in about_groups(case) if c.get("GroupId") == group.id]
    if not found:
        raise NotExercised("no callback about the group came")
    return checks.few(found)


@pytest.mark.check("webhook-names-the-app")
def test_a_callback_names_the_app_that_was_called(case: Case) -> None:
    app = case.stage.driver.app
    found = about_this_group(case)
    for play in (webhooks.direct_read, webhooks.conversation_read) if case.profile.rank > 0 else ():
        with suppress(NotExercised):
            told = case.scene(play)
            found += [*told.callbacks, *filter(None, [told.callback])]
    case.judge(distinct([f for callback in found for f in checks.from_app(callback, app)]))


@pytest.mark.check("webhook-names-the-type")
def test_a_callback_names_the_type_of_its_group(case: Case) -> None:
    usual = case.scene(webhooks.sent).message.conversation.type
    found = [(callback, usual) for callback in about_this_group(case)]
    for type_ in other_types(case) if case.profile.rank > 0 else ():
        told = case.attempt(f"callbacks about {type_}", webhooks.sent_in, type_)
        if told is not None and told.callback is not None:
            found.append((told.callback, type_))
    case.judge([f for callback, type_ in found for f in checks.of_type(callback, type_)])


@pytest.mark.check("webhook-counts-the-read")
@pytest.mark.views
def test_a_callback_after_a_read_counts_it(case: Case) -> None:
    told = case.scene(webhooks.group_read)
    if not told.callbacks:
        raise NotExercised("no callback told of a read")
    if not told.looks:
        raise NotExercised("the read does not show")
    case.judge(checks.counted(told.callbacks, told.message, told.looks))


@pytest.mark.check("webhook-counts-the-read")
@pytest.mark.profile("standard")
@pytest.mark.views
def test_a_callback_after_a_read_of_two_counts_each(case: Case) -> None:
    scene = case.scene(webhooks.read_together)
    if not scene.callbacks or not scene.looks:
        raise NotExercised("no callback told of the read, or it does not show")
    case.judge(checks.counted(scene.callbacks, scene.message, scene.looks))


@pytest.mark.check("webhook-names-the-reader")
def test_a_callback_after_a_read_names_who_has_read(case: Case) -> None:
    told = case.scene(webhooks.group_read)
    reader = told.message.conversation.members[1]
    findings = checks.names_readers(told.callbacks, told.message, reader)
    if findings is None:
        raise NotExercised("no callback named a reader")
    if case.profile.rank > 0:
        scene = case.attempt("two messages read in one call", webhooks.read_together)
        if scene is not None:
            findings += checks.names_readers(scene.callbacks, scene.message, scene.reader) or []
        strange = case.attempt("a read of somebody outside", uncalled.read_by_outsider) or ()
        findings += checks.uncalled(strange, "a read of somebody who is no member")
    case.judge(findings)


@pytest.mark.check("webhook-tells-of-the-receipt")
def test_a_callback_after_a_direct_read_names_message_and_people(case: Case) -> None:
    told = case.scene(webhooks.direct_read)
    if not told.callbacks:
        raise NotExercised("no callback told of the read")
    findings = checks.receipt(told.callbacks, told.message)
    if case.profile.rank > 0:
        messages, callbacks = case.attempt("a read of two", webhooks.direct_together) or ((), ())
        findings += [f for message in messages for f in checks.receipt(callbacks, message)]
        known = [message.id for message in messages]
        findings += checks.strange(callbacks, known) if known and not case.stage.anew else []
        others = case.scene(uncalled.uncalled).receipts
        findings += checks.uncalled(others, "a receipt between people who have sent none")
    case.judge(distinct(findings))


@pytest.mark.check("webhook-counts-what-is-left")
def test_a_callback_counts_what_is_left_unread(case: Case) -> None:
    about_groups(case)
    scene = case.scene(webhooks.unread_left)
    if not scene.callbacks:
        raise NotExercised("no callback about the conversation came")
    if not scene.totals:
        raise NotExercised("unread counts do not show what was sent and read")
    findings = checks.left(scene.callbacks, scene.totals)
    timed = case.attempt("marking up to a time", webhooks.unread_left_then)
    if timed is not None and timed.totals:
        findings += checks.left(timed.callbacks, timed.totals)
    case.judge(distinct(findings))
