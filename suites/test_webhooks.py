"""What the target calls when messages are sent and read has its form, and changes nothing."""

import pytest

from receiptspec.case import Case
from receiptspec.checks import callbacks as checks
from receiptspec.checks import receipts, refusals
from receiptspec.errors import NotExercised
from receiptspec.findings import Finding
from receiptspec.scenes import reads, webhooks
from receiptspec.webhooks import Callback

OBSERVED = {"group-read": webhooks.group_read, "direct-read": webhooks.direct_read}


def about_groups(case: Case) -> list[Callback]:
    """Return the callbacks about group receipts that came so far."""
    case.scene(webhooks.sent)
    found = [c for c in case.stage.listener().seen if c.command == webhooks.GROUP]
    if not found:
        raise NotExercised("no callback came: is the target told to call hooks.webhook_listener?")
    return found


@pytest.mark.check("webhook-names-itself")
def test_a_callback_names_itself_in_its_query(case: Case) -> None:
    case.judge([f for callback in about_groups(case)[:3] for f in checks.named(callback)])


@pytest.mark.check("webhook-command-agrees")
def test_query_and_body_name_the_same_command(case: Case) -> None:
    case.judge([f for callback in about_groups(case)[:3] for f in checks.agrees(callback)])


@pytest.mark.check("webhook-keeps-its-form")
def test_a_callback_has_its_documented_fields(case: Case) -> None:
    case.judge([f for callback in about_groups(case)[:3] for f in checks.formed(callback)])


@pytest.mark.check("webhook-is-strict-json")
def test_the_body_of_a_callback_is_strict_json(case: Case) -> None:
    case.judge([f for callback in about_groups(case)[:3] for f in checks.strict(callback)])


@pytest.mark.check("webhook-tells-the-time")
def test_a_callback_tells_the_time_in_milliseconds(case: Case) -> None:
    case.judge([f for callback in about_groups(case)[:3] for f in checks.timed(callback)])


@pytest.mark.check("webhook-names-rest")
def test_a_callback_names_rest_as_its_cause(case: Case) -> None:
    told = case.scene(webhooks.sent)
    if told.callback is None:
        raise NotExercised("no callback about the message came")
    case.judge(checks.platform(told.callback, ["RESTAPI"]))


@pytest.mark.check("webhook-is-signed")
def test_a_callback_is_signed_where_a_token_is_set(case: Case) -> None:
    token = case.stage.listener().token
    if not token:
        raise NotExercised("no token is configured")
    case.judge([f for callback in about_groups(case)[:3] for f in checks.signed(callback, token)])


@pytest.mark.check("webhook-tells-of-sending")
def test_sending_fires_a_callback(case: Case) -> None:
    told = case.scene(webhooks.sent)
    if told.callback is not None or told.counts is None:
        return
    case.scene(webhooks.conversation_read)
    if not case.stage.listener().seen:
        raise NotExercised("no callback came: is the target told to call hooks.webhook_listener?")
    if told.callback is None:
        case.judge(
            refusals.silence(told.counts.answer, "sending a message that asks for a receipt")
        )


@pytest.mark.check("webhook-agrees-with-counts")
def test_a_callback_counts_as_the_answer_does(case: Case) -> None:
    told = case.scene(webhooks.sent)
    if told.callback is None or told.counts is None:
        raise NotExercised("no callback about the message came")
    case.judge(checks.agrees_with(told.callback, told.counts.receipt(told.message)))


@pytest.mark.check("webhook-answer-changes-nothing")
def test_the_answer_to_a_callback_changes_nothing(case: Case) -> None:
    about_groups(case)
    message, before, after = case.scene(webhooks.answered_badly)
    first, second = before.receipt(message), after.receipts.get(message.id)
    usual = case.scene(reads.member)
    one, two = (s.receipt(usual.messages[0]) for s in (usual.before, usual.after))
    findings: list[Finding] = []
    for field in ("read", "unread"):
        by = (getattr(two, field) or 0) - (getattr(one, field) or 0)
        why = "a member read it while callbacks were answered with errors"
        findings += receipts.changed(after.answer, first, second, field, by, why)
    case.judge(findings)


@pytest.mark.check("webhook-tells-of-conversation-read")
def test_marking_a_conversation_fires_a_callback(case: Case) -> None:
    about_groups(case)
    told = case.scene(webhooks.conversation_read)
    reader, peer = told.message.conversation.members[1], told.message.conversation.owner
    if told.callback is None:
        answer = case.stage.call(case.stage.driver.count_unread(reader, [peer]))
        case.judge(refusals.silence(answer, "marking a conversation as read"))
        return
    case.judge(checks.reported(told.callback, reader, peer))


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
    return found[:3]


@pytest.mark.check("webhook-names-the-app")
def test_a_callback_names_the_app_that_was_called(case: Case) -> None:
    app = case.stage.driver.app
    case.judge([f for callback in about_this_group(case) for f in checks.from_app(callback, app)])


@pytest.mark.check("webhook-names-the-type")
def test_a_callback_names_the_type_of_its_group(case: Case) -> None:
    usual = case.scene(webhooks.sent).message.conversation.type
    found = [(callback, usual) for callback in about_this_group(case)]
    types = case.stage.contract.operations[case.stage.driver.ask].group_types
    for type_ in [t for t, fine in types.items() if fine and t != usual and case.profile.rank > 0]:
        try:
            callback = case.scene(webhooks.sent_in, type_).callback
        except NotExercised as reason:
            case.observe(f"callbacks about {type_}", str(reason))
            continue
        found += [(callback, type_)] if callback is not None else []
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


@pytest.mark.check("webhook-names-the-reader")
def test_a_callback_after_a_read_names_who_has_read(case: Case) -> None:
    told = case.scene(webhooks.group_read)
    reader = told.message.conversation.members[1]
    findings = checks.names_readers(told.callbacks, told.message, reader)
    if findings is None:
        raise NotExercised("no callback named a reader")
    case.judge(findings)


@pytest.mark.check("webhook-tells-of-the-receipt")
def test_a_callback_after_a_direct_read_names_message_and_people(case: Case) -> None:
    told = case.scene(webhooks.direct_read)
    if not told.callbacks:
        raise NotExercised("no callback told of the read")
    case.judge(checks.receipt(told.callbacks, told.message))


@pytest.mark.check("webhook-counts-what-is-left")
def test_a_callback_counts_what_is_left_unread(case: Case) -> None:
    about_groups(case)
    scene = case.scene(webhooks.unread_left)
    if not scene.callbacks:
        raise NotExercised("no callback about the conversation came")
    if not scene.totals:
        raise NotExercised("unread counts do not show what was sent and read")
    case.judge(checks.left(scene.callbacks, scene.totals))
