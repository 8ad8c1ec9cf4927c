"""Each message that is asked for has its item, with numbers where it has a receipt."""

from typing import Any

import pytest

from receiptspec.case import Case
from receiptspec.checks import receipts, refusals
from receiptspec.findings import Finding
from receiptspec.scenes import (
    across,
    afterwards,
    counting,
    exchanges,
    groups,
    identity,
    kinds,
    lifecycle,
    meanwhile,
    names,
    numbered,
    pairs,
    parallel,
    people,
    questions,
    setup,
    turnover,
)


@pytest.mark.check("every-message-is-answered")
@pytest.mark.views
def test_every_message_of_a_list_is_answered(case: Case) -> None:
    ready = case.scene(groups.good)
    asked = [message.id for message in ready.messages]
    findings = receipts.each_answered(ready.fresh.answer, ready.fresh.receipts, asked)
    if case.profile.rank > 0 and case.stage.target.writes:
        findings += among_many(case)
        findings += sent_by_another(case) + in_roomy(case)
        findings += beside_recalled(case) + asked_before(case)
        findings += read_ones(case) + of_pairs(case) + with_more(case) + sent_again(case)
        findings += turned_over(case) + sent_at_once(case) + under_one_number(case)
        findings += asked_at_once(case)
    if case.profile.rank > 0:
        findings += asked_again(case, asked) + behind_many(case)
    case.judge([*findings, *case.witnessed_so_far()])
    ready.must_be_whole()


def turned_over(case: Case) -> list[Finding]:
    """Expect an item for all that was sent while people left and came."""
    scene = case.attempt("people who leave and come", turnover.turnover)
    beside = case.attempt("a message sent while others read", across.among_writes)
    return [
        finding
        for it in (*(scene.glances if scene is not None else ()), *(beside or ()))
        if it.asked.answer.accepted
        for finding in receipts.each_answered(it.asked.answer, it.asked.receipts, [it.message.id])
    ]


def asked_at_once(case: Case) -> list[Finding]:
    """Expect an item for all that was known before, whatever else is asked for meanwhile."""
    findings: list[Finding] = []
    for scene, ids, asked in case.attempt("questions at the same time", parallel.questions) or ():
        before = scene.fresh if isinstance(scene, groups.Ready) else scene.everybody
        known = [id_ for id_ in ids if id_ in before.receipts and before.receipts[id_].known]
        findings += receipts.each_answered(asked.answer, asked.receipts, known)
    return findings


def under_one_number(case: Case) -> list[Finding]:
    """Expect the item of the message in the body, whatever was asked for under that address."""
    scene = case.attempt("calls with the same address", numbered.told)
    findings: list[Finding] = []
    for message, seen in zip(scene.messages, scene.asked, strict=True) if scene is not None else ():
        if seen.answer.accepted:
            findings += receipts.each_answered(seen.answer, seen.receipts, [message.id])
        case.observe("another question under the same random", seen.answer.describe())
    return findings


def behind_many(case: Case) -> list[Finding]:
    """Expect an item for the last of a long list, of which nothing else exists."""
    sizes = case.given.get("behind")
    if not sizes:
        return []
    found = case.attempt("a message behind many unknown ones", questions.behind_many, tuple(sizes))
    if found is None:
        return []
    message, many = found
    named = case.stage.driver.named_messages(many.answer.request_body)
    case.observe("unknown messages before a known one", len(named) - 1)
    return receipts.each_answered(many.answer, many.receipts, [message.id])


def among_many(case: Case) -> list[Finding]:
    """Expect an item for each message of a list as long as the target takes."""
    batch = case.scene(counting.batch)
    case.observe(f"lists that {len(batch.messages)} messages need", len(batch.before))
    return [
        finding
        for step in (*batch.before, *batch.after, *case.scene(afterwards.sliced))
        if step.answer.accepted
        for finding in receipts.each_answered(
            step.answer, step.receipts, case.stage.driver.named_messages(step.answer.request_body)
        )
    ]


def in_roomy(case: Case) -> list[Finding]:
    """Expect an item for a message of a group that is small and may become large."""
    scene = case.attempt("a group that may have many members", names.numbered)
    if scene is None or scene.made is None:
        return []
    seen = scene.before
    if case.stage.contract.kind(seen.answer.code) == "limit":
        return refusals.accepted(seen.answer, "a small group that may have more members")
    if not seen.answer.accepted:
        return []
    return receipts.each_answered(seen.answer, seen.receipts, [scene.message.id])


def sent_by_another(case: Case) -> list[Finding]:
    """Expect an item for what a member has sent who is not the owner."""
    found = case.attempt("what another member sends", people.of_member)
    if found is None:
        return []
    message, seen = found
    if not seen.answer.accepted:
        return []
    return receipts.each_answered(seen.answer, seen.receipts, [message.id])


def beside_recalled(case: Case) -> list[Finding]:
    """Expect items for the messages around one that was recalled; its own is open."""
    scene = case.attempt("messages beside one that was recalled", lifecycle.spared)
    if scene is None or not scene.after.answer.accepted:
        return []
    ids = [message.id for message in scene.extra["others"]]
    return [
        finding
        for step in (scene.after, *scene.extra["looks"])
        for finding in receipts.each_answered(step.answer, step.receipts, ids)
    ]


def asked_before(case: Case) -> list[Finding]:
    """Expect an item for a message that was asked for before it was sent."""
    scene = case.attempt("a message asked for before it was sent", questions.foretold)
    if scene is None or not scene.after.answer.accepted:
        return []
    return receipts.each_answered(scene.after.answer, scene.after.receipts, [scene.message.id])


def asked_again(case: Case, ids: list[Any]) -> list[Finding]:
    """Expect items in every later answer: that a new message is late is over by then."""
    whole = [*case.scene(questions.asked_twice), case.scene(questions.reordered)]
    alone = zip(case.scene(questions.split), ids, strict=True)
    asked = [(step, ids) for step in whole] + [(step, [id_]) for step, id_ in alone]
    return [
        finding
        for step, wanted in asked
        if step.answer.accepted
        for finding in receipts.each_answered(step.answer, step.receipts, wanted)
    ]


def sent_at_once(case: Case) -> list[Finding]:
    """Expect an item for each message of those that were sent at the same time."""
    scene = case.attempt("messages at the same time", parallel.sends)
    if scene is None or not scene.asked.answer.accepted:
        return []
    return receipts.each_answered(scene.asked.answer, scene.asked.receipts, scene.ids)


def sent_again(case: Case) -> list[Finding]:
    """Expect an item for a message that was sent under the same id once more."""
    scene = case.attempt("a message that is sent again", identity.sent_again)
    if scene is None or not scene.after.answer.accepted:
        return []
    return receipts.each_answered(scene.after.answer, scene.after.receipts, [scene.message.id])


def read_ones(case: Case) -> list[Finding]:
    """Expect items for messages that were read as well, where somebody can read."""
    scene = case.attempt("messages that were read", counting.reading)
    if scene is None:
        return []
    ids = [message.id for message in scene.messages]
    return [
        finding
        for step in (scene.one, scene.everybody)
        if step.answer.accepted
        for finding in receipts.each_answered(step.answer, step.receipts, ids)
    ]


def of_pairs(case: Case) -> list[Finding]:
    """Expect items for what two people have sent and read, whatever was done meanwhile."""
    findings: list[Finding] = []
    if case.stage.driver.make_pair(*case.stage.users(2)) is None:
        return []  # two people need no conversation, and have no receipts of this operation
    for play in (pairs.read, pairs.read_on, pairs.reopened):
        pair = case.attempt("messages of two people", play)
        if pair is None:
            return findings
        ids = [message.id for message in pair.messages]
        if pair.after is not None and pair.after.answer.accepted:
            findings += receipts.each_answered(pair.after.answer, pair.after.receipts, ids)
    for view in case.scene(exchanges.views):
        if view.asked.answer.accepted:
            ids = [message.id for message in view.messages]
            findings += receipts.each_answered(view.asked.answer, view.asked.receipts, ids)
    back = case.scene(pairs.returned)
    ids = [message.id for message in (back.message, *back.others)]
    for step in (back.before, back.after):
        if step.answer.accepted:
            findings += receipts.each_answered(step.answer, step.receipts, ids)
    return findings


def with_more(case: Case) -> list[Finding]:
    """Expect items for messages with more than a text, of any sender, in groups of any size."""
    findings: list[Finding] = []
    plays = (people.adorned, people.large, people.many_senders, people.returning, people.fair)
    for play in (*plays, people.two, people.optional, lifecycle.sent_after):
        scene = case.attempt("messages of other groups", play)
        if scene is None:
            continue
        stage, owner = case.stage, scene.members[0]
        ids = [message.id for message in scene.messages if stage.driver.tells(owner, message)]
        for step in (scene.before, scene.after):
            if step.answer.accepted:
                findings += receipts.each_answered(step.answer, step.receipts, ids)
    others = (meanwhile.glances, afterwards.turned, afterwards.refused)
    for seen in [seen for play in others for seen in case.attempt("other receipts", play) or ()]:
        if seen.asked.answer.accepted:
            asked, id_ = seen.asked, seen.message.id
            findings += receipts.each_answered(asked.answer, asked.receipts, [id_])
    return findings


@pytest.mark.check("every-message-is-answered")
@pytest.mark.profile("standard")
@pytest.mark.late
def test_every_message_is_answered_some_seconds_later(case: Case) -> None:
    findings: list[Finding] = []
    for earlier, play in (
        (case.scene(groups.good).fresh, questions.later_unread),
        (case.scene(counting.reading).everybody, counting.later),
    ):
        ids = [id_ for id_, receipt in earlier.receipts.items() if receipt.known]
        step = case.scene(play)
        if step.answer.accepted:
            findings += receipts.each_answered(step.answer, step.receipts, ids)
    case.judge(findings)


@pytest.mark.check("order-is-observed")
def test_the_order_of_items_is_recorded(case: Case) -> None:
    reordered = case.scene(questions.reordered)
    ready = case.scene(groups.good)
    wanted = [message.id for message in reversed(ready.messages)]
    got = list(reordered.receipts)
    case.observe("items in the order of the request", "yes" if got == wanted else "no")
    case.judge(())


@pytest.mark.check("plain-message-has-no-receipt")
def test_a_message_that_did_not_ask_has_no_receipt(case: Case) -> None:
    asked, plain = case.scene(questions.plain_only), case.scene(groups.good).plain
    assert plain is not None
    why, codes = "a message that did not ask for a receipt", case.given.get("codes")
    findings = receipts.no_receipt(asked.answer, asked.receipts, plain.id, codes, why)
    if case.profile.rank > 0:
        with case.optional("a message that wants no receipt"):
            message, declined = case.scene(setup.declined)
            why = "a message that said that it wants no receipt"
            found = declined.receipts
            findings += receipts.no_receipt(declined.answer, found, message.id, codes, why)
        for type_, fine in case.operation.group_types.items():
            findings += plain_in(case, type_) if fine else []
    case.judge(findings)


def plain_in(case: Case, type_: str) -> list[Finding]:
    """Expect none either in a group of another type that has receipts."""
    inside = case.attempt(f"a plain message in a {type_} group", kinds.read_in, type_)
    if inside is None or inside.plain is None:
        return []
    message, asked = inside.plain
    why = f"a message in a {type_} group that did not ask for a receipt"
    codes = case.given.get("codes")
    return receipts.no_receipt(asked.answer, asked.receipts, message.id, codes, why)


@pytest.mark.check("unknown-message-has-no-receipt")
def test_a_message_that_does_not_exist_has_no_receipt(case: Case) -> None:
    beyond, asked = case.scene(questions.unknown)
    why, codes = "a message that does not exist", case.given.get("codes")
    findings = receipts.no_receipt(asked.answer, asked.receipts, beyond, codes, why)
    for id_, wrapped in case.scene(questions.wrapped) if case.profile.rank > 0 else ():
        if any(receipt.known for receipt in wrapped.receipts.values()):
            why = "an id that would become one that exists in fewer bits, or without its sign"
            found = {id_: next(iter(wrapped.receipts.values()))}
            findings += receipts.no_receipt(wrapped.answer, found, id_, codes, why)
    following = (
        case.attempt("the next number", questions.next_one) if case.profile.rank > 0 else None
    )
    if following is not None:
        message, told = following
        why = "the number after the newest message"
        findings += receipts.no_receipt(told.answer, told.receipts, message.id, codes, why)
    former = case.attempt("a group of the same id", people.of_former) if case.profile.rank else None
    if former is not None:
        id_, told = former
        why = "a message of a dismissed group that had the same id"
        findings += receipts.no_receipt(told.answer, told.receipts, id_, codes, why)
    case.judge(findings)


@pytest.mark.check("mixture-is-answered-item-by-item")
@pytest.mark.views
def test_good_and_missing_messages_are_told_apart(case: Case) -> None:
    mixed, ready = case.scene(questions.mixed), case.scene(groups.good)
    codes = case.given["codes"]
    if mixed.answer.refused and mixed.answer.code in codes:
        case.observe("a mixture", f"refused as a whole with {mixed.answer.code}")
        return
    assert ready.plain is not None
    why = "a message without receipt beside one with"
    case.judge(
        [
            *receipts.no_receipt(mixed.answer, mixed.receipts, ready.plain.id, codes, why),
            *receipts.each_answered(mixed.answer, mixed.receipts, [ready.messages[0].id]),
            *(between(case) if case.profile.rank > 0 else ()),
            *(behind(case) if case.profile.rank > 0 else ()),
        ]
    )


def behind(case: Case) -> list[Finding]:
    """Expect data for a message that stands behind one, or many, that do not exist."""
    findings: list[Finding] = []
    codes = case.given["codes"]
    for missing in (1, 5):
        beyond, message, asked = case.scene(questions.missing_first, missing)
        if asked.answer.refused and (missing > 1 or asked.answer.code in codes):
            continue  # how many may be asked for is open
        why = "a missing message before one that exists"
        findings += receipts.no_receipt(asked.answer, asked.receipts, beyond, codes, why)
        findings += receipts.each_answered(asked.answer, asked.receipts, [message.id])
    return findings


def between(case: Case) -> list[Finding]:
    """Expect the numbers of messages to be theirs, also around one that does not exist."""
    asked = case.attempt("a missing message between others", counting.interrupted)
    if asked is None or not asked.answer.accepted:
        return []
    before = case.scene(counting.reading).everybody
    why = "being asked for around one that does not exist"
    return receipts.same(asked.answer, before.receipts, asked.receipts, [*before.receipts], why)


@pytest.mark.check("missing-receipt-has-its-code")
def test_an_item_without_data_says_so_with_its_code(case: Case) -> None:
    codes = case.given["codes"]
    plain, ready = case.scene(questions.plain_only), case.scene(groups.good)
    beyond, unknown = case.scene(questions.unknown)
    assert ready.plain is not None
    case.judge(
        [
            *receipts.no_receipt_code(
                plain.answer, plain.receipts, ready.plain.id, codes, "a plain message"
            ),
            *receipts.no_receipt_code(
                unknown.answer, unknown.receipts, beyond, codes, "an unknown message"
            ),
        ]
    )


@pytest.mark.check("duplicates-are-observed")
def test_what_becomes_of_duplicates_is_recorded(case: Case) -> None:
    ready = case.scene(groups.good)
    answer = case.stage.ask(ready.group, [ready.messages[0], ready.messages[0]])
    count = len(case.stage.driver.receipts(answer)) if answer.accepted else answer.describe()
    case.observe("items for a message that is named twice", count)


@pytest.mark.check("long-list-is-observed")
@pytest.mark.profile("standard")
def test_what_becomes_of_a_long_list_is_recorded(case: Case) -> None:
    ready = case.scene(groups.good)
    newest = max(message.id for message in ready.messages)
    answer = case.stage.ask(ready.group, range(newest, newest + case.given["size"]))
    case.observe(f"a list of {case.given['size']}", answer.describe())


@pytest.mark.check("administrator-needs-no-membership")
def test_the_administrator_asks_without_being_a_member(case: Case) -> None:
    ready = case.scene(groups.ready)
    case.judge(refusals.accepted(ready.fresh.answer, "a group that the administrator is not in"))
