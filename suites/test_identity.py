"""Every answer is about the message and the conversation that were asked for, to the last digit."""

import pytest

from receiptspec.case import Case
from receiptspec.checks import receipts, refusals, values
from receiptspec.errors import NotExercised
from receiptspec.findings import Finding
from receiptspec.neutral import Answer
from receiptspec.scenes import (
    counting,
    exchanges,
    groups,
    identity,
    lifecycle,
    meanwhile,
    neighbours,
    pairs,
    parallel,
    questions,
    turnover,
)


def answers(case: Case) -> list[tuple[Answer, object, list[object]]]:
    """Return accepted answers with the conversation and the messages that were asked for."""
    ready = case.scene(groups.good)
    ids = [message.id for message in ready.messages]
    found: list[tuple[Answer, object, list[object]]] = [
        (ready.fresh.answer, ready.group.id, list(ids))
    ]
    for id_, alone in zip(ids, case.scene(questions.split), strict=True):
        found.append((alone.answer, ready.group.id, [id_]))
    if case.profile.rank > 0:
        _, beyond = case.scene(questions.unknown)
        named = case.stage.driver.named_messages(beyond.answer.request_body)
        found.append((beyond.answer, ready.group.id, named))
        for id_, wrapped in case.scene(questions.wrapped):
            found.append((wrapped.answer, ready.group.id, [id_]))
        for place, wrapped in case.scene(questions.wrapped_conversations):
            found.append((wrapped.answer, place, [ready.messages[0].id]))
        if case.stage.target.writes:
            other = case.scene(identity.foreign)
            found.append((other.asked.answer, other.conversation, [other.id]))
            found += of_two(case) + of_some(case) + asked_at_once(case)
    return [entry for entry in found if entry[0].accepted]


def asked_at_once(case: Case) -> list[tuple[Answer, object, list[object]]]:
    """Return answers to questions that were asked at the same time."""
    answers = case.attempt("questions at the same time", parallel.questions)
    if answers is None:
        return []
    return [(asked.answer, scene.group.id, list(ids)) for scene, ids, asked in answers]


def of_two(case: Case) -> list[tuple[Answer, object, list[object]]]:
    """Return answers about the messages of two people."""
    read = case.attempt("receipts of two people", pairs.read)
    if read is None:
        return []
    fresh = case.scene(pairs.fresh)
    ids: list[object] = [message.id for message in fresh.messages]
    answers = [asked.answer for asked in (fresh.before, read.after) if asked is not None]
    return [(answer, fresh.conversation.id, ids) for answer in answers]


def of_some(case: Case) -> list[tuple[Answer, object, list[object]]]:
    """Return answers about some of the messages of two people, and about some beside recalled."""
    views = case.attempt("some messages of two people", exchanges.views) or ()
    found = [(view.asked.answer, view.messages[0].conversation.id) for view in views]
    pair = case.attempt("messages of two people beside a recalled one", pairs.spared)
    if pair is not None and pair.after is not None:
        found.append((pair.after.answer, pair.conversation.id))
    spared = case.attempt("messages beside a recalled one", lifecycle.spared)
    if spared is not None:
        asked = (spared.after, *spared.extra["looks"])
        found += [(step.answer, spared.group.id) for step in asked]
    named = case.stage.driver.named_messages
    return [(answer, id_, named(answer.request_body)) for answer, id_ in found]


@pytest.mark.check("items-answer-the-question")
def test_items_are_about_the_messages_that_were_asked_for(case: Case) -> None:
    findings: list[Finding] = []
    for answer, _, ids in answers(case):
        findings += receipts.unasked(answer, case.stage.driver.receipts(answer), ids)
    case.judge([*findings[:1], *case.witnessed_so_far()])


@pytest.mark.check("items-name-their-conversation")
def test_items_name_the_conversation_that_was_asked_about(case: Case) -> None:
    findings: list[Finding] = []
    for answer, conversation, _ in answers(case):
        items = case.stage.driver.receipts(answer)
        findings += receipts.elsewhere(answer, items, conversation)
    if case.profile.rank > 0 and case.stage.target.writes:
        findings += beside(case)
    case.judge([*findings[:1], *case.witnessed_so_far()])


def beside(case: Case) -> list[Finding]:
    """Expect no item that gives people to a message as one of a conversation that is not its own.

    An empty item may say that there is nothing.
    """
    findings: list[Finding] = []
    scenes = case.attempt("foreign messages beside known ones", identity.foreign_beside) or ()
    of_pair = case.attempt("a message of two people in a group", identity.of_pair_beside)
    of_group = case.attempt("a message of a group among two people", identity.of_group_beside)
    for scene in (*scenes, *(other for other in (of_pair, of_group) if other is not None)):
        observed(case, "foreign messages beside known ones", scene.asked)
        if not scene.asked.answer.accepted:
            continue
        for item in case.stage.driver.receipts(scene.asked.answer):
            if scene.claims(item):
                findings += receipts.claimed(scene.asked.answer, item, scene.conversation.id)
    return findings


@pytest.mark.check("every-message-is-answered")
@pytest.mark.profile("standard")
@pytest.mark.views
def test_known_messages_beside_foreign_ones_are_answered(case: Case) -> None:
    findings: list[Finding] = []
    for scene in case.scene(identity.foreign_beside):
        if scene.asked.answer.accepted:
            found = scene.asked
            findings += receipts.each_answered(found.answer, found.receipts, scene.known)
    case.judge(findings[:1])


@pytest.mark.check("non-readers-are-listed")
@pytest.mark.profile("standard")
@pytest.mark.views
def test_who_has_not_read_is_listed_beside_foreign_messages(case: Case) -> None:
    findings: list[Finding] = []
    for scene in case.scene(identity.foreign_beside):
        owner, *others = scene.conversation.members
        for id_ in scene.known if scene.asked.answer.accepted else ():
            receipt = scene.asked.receipts.get(id_)
            if receipt is not None:
                answer = scene.asked.answer
                findings += receipts.listed(answer, receipt, False, others, [owner])
    case.judge(findings[:1])


@pytest.mark.check("ids-keep-their-digits")
def test_ids_beyond_doubles_keep_all_their_digits(case: Case) -> None:
    ready = case.scene(groups.good)
    steps, sure = [(ready.fresh, ready.group)], case.stage.target.writes
    with case.optional("ids of readers"):
        scene = case.scene(counting.reading)
        steps += [(step, scene.group) for step in (scene.one, scene.everybody)]
    findings: list[Finding] = []
    found = [case.stage.driver.receipts(step.answer) for step, _ in steps]
    if not any(found):
        raise NotExercised("no receipt came whose ids could be judged")
    for (step, group), told in zip(steps, found, strict=True):
        asked = case.stage.driver.named_messages(step.answer.request_body)
        for receipt in told:
            place = receipt.path
            findings += receipts.rounded(step.answer, "message", place, receipt.message, asked)
            findings += receipts.rounded(
                step.answer, "conversation", place, receipt.conversation, [group.id]
            )
            findings += receipts.users_rounded(step.answer, receipt, group.members, sure=sure)
    case.judge(findings)


@pytest.mark.check("colliding-ids-are-distinct")
def test_ids_that_are_one_as_doubles_are_two(case: Case) -> None:
    findings: list[Finding] = []
    found = [*case.scene(identity.twins)]
    with case.optional("ids beside one that was read"):
        found += case.scene(identity.read_twin)
    for twin in found:
        case.observe("an id beside one that exists", twin.asked.answer.describe())
        for receipt in case.stage.driver.receipts(twin.asked.answer):
            if receipt.message == twin.exists.id and twin.lists is not None:
                continue
            if twin.takes_for(receipt):
                findings += receipts.taken_for(
                    twin.asked.answer,
                    receipt,
                    f"message {twin.id} of conversation {twin.conversation}",
                    f"message {twin.exists.id} of {twin.exists.conversation.id}",
                )
    case.judge(findings[:1])


def observed(case: Case, what: str, asked: groups.Asked) -> None:
    items = len(case.stage.driver.receipts(asked.answer)) if asked.answer.accepted else 0
    case.observe(what, f"{asked.answer.describe()}, {items} items")


@pytest.mark.check("unknown-message-is-observed")
def test_what_becomes_of_a_message_that_does_not_exist_is_recorded(case: Case) -> None:
    observed(case, "an unknown message", case.scene(questions.unknown)[1])
    if case.profile.rank > 0:
        empty = case.attempt("a group without messages", questions.of_empty_group)
        if empty is not None:
            observed(case, "a message of a group that has none", empty)


@pytest.mark.check("foreign-message-is-observed")
def test_what_becomes_of_a_message_of_another_conversation_is_recorded(case: Case) -> None:
    observed(case, "a foreign message", case.scene(identity.foreign).asked)


@pytest.mark.check("viewer-changes-nothing")
@pytest.mark.views
def test_the_answer_is_the_same_for_every_viewer(case: Case) -> None:
    plain, views = case.scene(identity.viewed, case.given["field"])
    findings: list[Finding] = []
    for view in views:
        case.observe(f"{case.given['field']} in the body", view.answer.describe())
        if view.answer.accepted:
            why = "being asked for as somebody"
            findings += receipts.same(
                view.answer, plain.receipts, view.receipts, list(plain.receipts), why
            )
    if findings and not case.stage.target.writes:
        after = groups.ask(case.stage, case.scene(groups.good).group, *plain.receipts)
        if receipts.same(after.answer, plain.receipts, after.receipts, list(plain.receipts), "it"):
            raise NotExercised("somebody reads the messages of the fixture meanwhile")
    case.judge(findings)


@pytest.mark.check("stranger-cannot-send")
def test_only_members_send(case: Case) -> None:
    tried = [("a sender who is no member", case.scene(identity.strangers))]
    if case.profile.rank > 0:
        tried += case.scene(identity.estranged)
        moves = case.attempt("a sender who has left with another", meanwhile.moves)
        tried += [("a sender who has left with another", moves.gone)] if moves is not None else []
        types = case.stage.contract.operations[case.stage.driver.ask].group_types
        for type_ in (type_ for type_ in types if type_ != case.stage.driver.group_type):
            why = f"a sender who is no member of a {type_} group"
            answer = case.attempt(why, identity.strangers_elsewhere, type_)
            tried += [(why, answer)] if answer is not None else []
    findings: list[Finding] = []
    if case.profile.rank > 0:
        scene = case.attempt("people who leave and come", turnover.turnover)
        tried += scene.refused if scene is not None else ()
        if scene is not None and scene.welcome is not None:
            why = "a member who was refused before joining"
            findings += refusals.accepted(scene.welcome, why)
    for why, answer in tried:
        findings += refusals.refused(answer, why)
        findings += refusals.code_among(answer, case.given["codes"], why)
    if case.profile.rank > 0:
        findings += refusals.refused(case.scene(identity.nameless), "user 0 as its sender")
    case.judge(findings)


@pytest.mark.check("same-client-id-is-one-message")
def test_the_same_message_sent_twice_is_one(case: Case) -> None:
    first, second = case.scene(identity.sent_twice)
    one, two = map(case.stage.driver.sent_message, (first, second))
    case.observe("the same message again", second.describe())
    why = "the same message became two"
    if second.accepted:
        case.judge(values.equal(second, "$.Result.MessageId", one, two, why))
    if case.profile.rank > 0:
        case.judge(again(case) + alike(case))


def again(case: Case) -> list[Finding]:
    """Expect a message to be the same however often, and with whatever in it, it is sent again."""
    scene = case.attempt("messages that are sent again", identity.sent_again)
    later = case.attempt("messages that are sent again after others", identity.repeated)
    come = case.attempt("people who leave and come", turnover.turnover)
    sent = [*(scene.sent if scene is not None else ()), *(later or ())]
    sent += [come.again] if come is not None else []
    for id_, answer in sent:
        named = case.stage.driver.sent_message(answer)
        if answer.accepted and named != id_:
            why = "the same message became two when it was sent again"
            return values.equal(answer, "$.Result.MessageId", id_, named, why)
    return []


def alike(case: Case) -> list[Finding]:
    """Expect messages under different ids of their sender, or under none, to be different ones."""
    at_once = case.attempt("messages at the same time", parallel.sends)
    come = case.attempt("people who leave and come", turnover.turnover)
    unnamed = case.attempt("messages under no id", neighbours.unnamed) or ()
    of_conversations = (
        case.scene(identity.sent_alike),
        [case.stage.told(message) for message in unnamed],
        [answer for answer, _ in (at_once.sent if at_once is not None else ())],
        come.named if come is not None else (),
    )
    findings: list[Finding] = []
    for answers in of_conversations:
        seen: set[object] = set()
        for answer in answers:
            id_ = case.stage.driver.sent_message(answer)
            if id_ in seen:
                why = "messages with different ids of their sender became one"
                findings += values.equal(answer, "$.Result.MessageId", "an id of its own", id_, why)
            seen.add(id_)
    return findings[:1]


@pytest.mark.check("read-stays-read")
@pytest.mark.profile("standard")
@pytest.mark.views
def test_who_has_read_stays_when_the_message_is_sent_again(case: Case) -> None:
    scene = case.scene(identity.sent_again)
    receipt = scene.after.receipts.get(scene.message.id)
    if receipt is None or not scene.readers:
        raise NotExercised("nobody has read the message that is sent again")
    tolerated = receipt.readers or ()
    case.judge(receipts.listed(scene.after.answer, receipt, True, scene.readers, tolerated))
