"""Two people have receipts as groups do, with a flag of their own."""

import pytest

from receiptspec.case import Case
from receiptspec.checks import receipts, refusals, values
from receiptspec.findings import Finding
from receiptspec.neutral import Kind
from receiptspec.scenes import across, afterwards, exchanges, meanwhile, pairs, positions


@pytest.mark.check("pair-has-receipts")
def test_the_messages_of_two_people_have_receipts(case: Case) -> None:
    pair = case.scene(pairs.fresh)
    findings = refusals.accepted(pair.before.answer, "a conversation of two")
    if not findings:
        ids = [message.id for message in pair.messages]
        findings = receipts.each_answered(pair.before.answer, pair.before.receipts, ids)
    case.judge(findings)


@pytest.mark.check("peer-flag-tells-who-has-read")
def test_the_flag_says_whether_the_other_has_read(case: Case) -> None:
    pair = case.scene(pairs.fresh)
    findings: list[Finding] = []
    for message in pair.messages:
        receipt = pair.before.receipt(message)
        why = "nobody has read it"
        findings += receipts.flag(pair.before.answer, receipt, False, why)
    case.judge(findings)
    after = case.scene(pairs.read).after
    assert after is not None
    first, *others = pair.messages
    findings = receipts.flag(after.answer, after.receipt(first), True, "the other has read it")
    for message in others:
        why = "another was read"
        findings += receipts.flag(after.answer, after.receipt(message), False, why)
    if case.brief:
        case.judge(findings)
        return
    if case.profile.rank > 0:
        findings += read_on(case)
    back = case.scene(pairs.returned)
    for step, read in ((back.before, False), (back.after, True)):
        why = f"its receiver, who opened the conversation, has {'' if read else 'not '}read it"
        findings += receipts.flag(step.answer, step.receipt(back.message), read, why)
        for own in back.others:
            why = "only a message of the other side was read"
            findings += receipts.flag(step.answer, step.receipt(own), False, why)
    if case.profile.rank > 0:
        findings += when_reopened(case) + exchanged(case) + whatever_else(case)
    case.judge(findings)


def exchanged(case: Case) -> list[Finding]:
    """Expect the flags of many messages of every kind, some asked for alone, to be their own."""
    views = case.attempt("many messages of two people", exchanges.views)
    return [
        finding
        for view in views or ()
        if view.asked.answer.accepted
        for message in view.messages
        if message.id in view.asked.receipts
        for finding in receipts.flag(
            view.asked.answer, view.asked.receipts[message.id], message.id in view.read, view.why
        )
    ]


def whatever_else(case: Case) -> list[Finding]:
    """Expect flags to stay when others are read, a call is refused or a group is dismissed."""
    others = (afterwards.own_reads, afterwards.refused, across.of_one_reader)
    return [
        finding
        for play in (*others, meanwhile.glances)
        for seen in case.attempt("messages of two people afterwards", play) or ()
        if seen.message.conversation.kind is Kind.DIRECT and seen.message.id in seen.asked.receipts
        for finding in receipts.flag(
            seen.asked.answer,
            seen.asked.receipts[seen.message.id],
            bool(seen.readers),
            f"{len(seen.readers)} of the receivers have read it",
        )
    ]


def when_reopened(case: Case) -> list[Finding]:
    """Expect every flag to stay when both have written, read and opened the conversation again."""
    step, back = case.scene(pairs.reopened).after, case.scene(pairs.returned)
    if step is None or not step.answer.accepted:
        return []
    middle, older, newest = case.scene(pairs.read_on).messages
    read = {middle.id: True, older.id: False, newest.id: True, back.message.id: True}
    read |= {own.id: False for own in back.others}
    why = "both have written and opened their conversation again since"
    return [
        finding
        for id_, expected in read.items()
        if id_ in step.receipts
        for finding in receipts.flag(step.answer, step.receipts[id_], expected, why)
    ]


def read_on(case: Case) -> list[Finding]:
    """Expect a second read to leave the first alone, and to turn its own message only."""
    scene = case.scene(pairs.read_on)
    after = scene.after
    if after is None or not after.answer.accepted:
        return []
    middle, older, newest = scene.messages
    findings: list[Finding] = []
    for message, read, why in (
        (middle, True, "the other has read it, and then another"),
        (older, False, "two others were read"),
        (newest, True, "the other has read it after another"),
    ):
        if message.id in after.receipts:
            findings += receipts.flag(after.answer, after.receipts[message.id], read, why)
    return findings or spared(case)


def spared(case: Case) -> list[Finding]:
    """Expect what was read to stay read when another message is taken back."""
    scene = case.attempt("a message of two people that was taken back", pairs.spared)
    if scene is None:
        return []
    after = scene.after
    if after is None or not after.answer.accepted:
        return []
    why = "the other has read it, and another was taken back"
    return [
        finding
        for message in scene.messages
        if message.id in after.receipts
        for finding in receipts.flag(after.answer, after.receipts[message.id], True, why)
    ]


@pytest.mark.check("peer-flag-agrees-with-lists")
def test_flag_and_lists_say_the_same(case: Case) -> None:
    pair = case.scene(pairs.fresh)
    other = pair.conversation.members[1]
    asked = [pair.before]
    with case.optional("the state after a read"):
        after = case.scene(pairs.read).after
        asked += [after] if after is not None else []
    looks = [(step, message, other) for step in asked for message in pair.messages]
    with case.optional("what the other has sent"):
        case.profile.at_least("standard")
        back = case.scene(pairs.returned)
        owner = pair.conversation.members[0]
        looks += [(step, back.message, owner) for step in (back.before, back.after)]
        moved = case.attempt("a receiver whose position was moved", positions.of_receiver)
        if moved is not None:
            receiver = moved.message.conversation.members[1]
            looks.append((moved.asked, moved.message, receiver))
    findings: list[Finding] = []
    for step, message, receiver in looks:
        receipt = step.receipts.get(message.id)
        if receipt is not None and receipt.readers is not None:
            listed = receiver in receipt.readers
            why = f"the receiver is {'' if listed else 'not '}in {receipt.name('read')}"
            findings += receipts.flag(step.answer, receipt, listed, why)
    case.judge(findings)


@pytest.mark.check("pair-is-made-once")
def test_the_same_two_people_have_one_conversation(case: Case) -> None:
    first, others = case.scene(pairs.made_twice)
    findings = []
    for again in others:
        refused = refusals.accepted(again, "a conversation that is there")
        findings += refused
        if not refused:
            one, two = map(case.stage.driver.made_group, (first, again))
            findings += values.equal(again, "$.Result", one, two, "the pair has two conversations")
            there = case.stage.driver.was_there(again)
            why = "the conversation is not reported as being there"
            findings += values.equal(again, "$.Result.Exist", True, there, why)
    if case.profile.rank > 0:
        findings += made_at_once(case) + told_apart(case) + made_again(case) + new(case)
    case.judge(findings)


def new(case: Case) -> list[Finding]:
    """Expect a conversation that nobody has made before not to be reported as being there."""
    findings: list[Finding] = []
    for answer in case.scene(pairs.made_first):
        if answer.accepted and case.stage.driver.was_there(answer) is True:
            why = "a new conversation is reported as being there"
            findings += values.equal(answer, "$.Result.Exist", False, True, why)
    return findings[:1]


def told_apart(case: Case) -> list[Finding]:
    """Expect different pairs to have different conversations."""
    of: dict[object, frozenset[object]] = {}
    findings: list[Finding] = []
    for pair, answer in case.scene(pairs.others_made):
        id_ = case.stage.driver.made_group(answer)
        if of.setdefault(id_, pair) != pair:
            why = "two pairs have one conversation"
            findings += values.equal(answer, "$.Result", "a conversation of its own", id_, why)
    return findings[:1]


def made_again(case: Case) -> list[Finding]:
    """Expect the conversation to be there, and the same, when both have written and read."""
    answers = case.attempt("a conversation of two that is used", pairs.opened_again)
    if answers is None:
        return []
    fresh = case.scene(pairs.fresh)
    findings: list[Finding] = []
    for answer in answers:
        id_, there = case.stage.driver.made_group(answer), case.stage.driver.was_there(answer)
        why = "the pair has another conversation when both have written"
        findings += values.equal(answer, "$.Result", fresh.conversation.id, id_, why)
        why = "the conversation is not reported as being there when both have written"
        findings += values.equal(answer, "$.Result.Exist", True, there, why)
    return findings


def made_at_once(case: Case) -> list[Finding]:
    """Expect one conversation also where both open it at the same time."""
    made = [answer for answer in case.scene(pairs.made_at_once) if answer.accepted]
    ids = [(answer, case.stage.driver.made_group(answer)) for answer in made]
    findings: list[Finding] = []
    for answer, id_ in ids[1:]:
        why = "the pair has two conversations when both open it at once"
        findings += values.equal(answer, "$.Result", ids[0][1], id_, why)
    return findings[:1]


@pytest.mark.check("pair-takes-no-members")
def test_a_pair_takes_no_third(case: Case) -> None:
    plays = {"a third person": pairs.joined}
    if case.profile.rank > 0:
        plays |= {"a third person of the other's": pairs.joined_by_other}
        plays |= {"one of the two": pairs.joined_by_members}
    findings: list[Finding] = []
    for why, play in plays.items():
        answer = case.scene(play)
        findings += refusals.refused(answer, why)
        findings += refusals.code_among(answer, case.given["codes"], why)
    case.judge(findings)
