"""Messages are numbered, counted once, and come back as they were sent."""

from itertools import pairwise

import pytest

from receiptspec.case import Case
from receiptspec.checks import direct, receipts, refusals, values
from receiptspec.errors import NotExercised
from receiptspec.findings import Finding, distinct
from receiptspec.scenes import calls, groups, numbered, parallel, readback, setup, upkeep, wording

LENGTH = 9


def sequence(case: Case) -> setup.Sequence:
    """Return numbered messages, some that are there already where requests are few."""
    return case.scene(setup.at_hand) if case.brief else case.scene(setup.sequence, LENGTH)


@pytest.mark.check("sequence-rises")
def test_the_numbers_of_messages_rise(case: Case) -> None:
    scene = sequence(case)
    case.judge(values.rising(scene.answer, "$.MsgSeq", scene.ids, "numbers do not rise"))
    if case.profile.rank > 0:
        with case.optional("the number after a recalled message"):
            scene = case.scene(setup.after_recall, LENGTH)
            why = "numbers do not rise after a recall"
            case.judge(values.rising(scene.answer, "$.MsgSeq", scene.ids, why))
        later = case.attempt("the number after old messages", upkeep.after_import)
        if later is not None:
            why = "numbers do not rise after old messages were imported"
            case.judge(values.rising(later.answer, "$.MsgSeq", later.ids, why))
        same = case.attempt("calls with the same address", numbered.told)
        if same is not None:
            (_, one), (answer, two) = same.sent
            why = "the number of a message that was sent with the address of another does not rise"
            case.judge(values.rising(answer, "$.MsgSeq", [one, two], why))


@pytest.mark.check("sequence-rises")
@pytest.mark.profile("standard")
def test_messages_sent_at_once_have_numbers_of_their_own(case: Case) -> None:
    found = sorted(case.scene(parallel.sends).sent, key=lambda pair: str(pair[1]))
    findings: list[Finding] = []
    for (_, one), (answer, two) in pairwise(found):
        if one == two:
            why = "two messages that were sent at once have the same number"
            findings += values.equal(answer, "$.MsgSeq", "another number", two, why)
    case.judge(findings[:1])


@pytest.mark.check("sequence-has-no-gaps")
def test_the_numbers_of_messages_have_no_gaps(case: Case) -> None:
    scene = sequence(case)
    if case.stage.target.writes:  # else the first that is known need not be the first of its group
        first = case.scene(groups.ready).messages[0].id
        case.observe("number of the first message", first)
    findings: list[Finding] = []
    for one, two in pairwise(scene.ids):
        findings += values.equal(scene.answer, "$.MsgSeq", one + 1, two, "a number is left out")
    repeated = case.attempt("a repeated message", setup.repeated) if case.profile.rank > 0 else None
    if repeated is not None and was_dropped(repeated):
        (one, two), answer = repeated.around.ids, repeated.around.answer
        why = "a message that was dropped has taken a number"
        findings += values.equal(answer, "$.MsgSeq", one + 1, two, why)
    if case.profile.rank > 0:
        for what, play in (
            ("that is not stored", setup.around_online),
            ("that was refused", setup.around_refused),
        ):
            around = case.attempt(f"a message {what}", play)
            if around is not None:
                (one, two), why = around.ids, f"a message {what} has taken a number"
                findings += values.equal(around.answer, "$.MsgSeq", one + 1, two, why)
        later = case.attempt("the number after a recall", setup.after_recall, LENGTH)
        if later is not None:
            *_, one, two = later.ids
            case.observe("numbers left out after a recall", two - one - 1)
        findings += sent_at_once(case)
    case.judge(findings)


def sent_at_once(case: Case) -> list[Finding]:
    """Expect the numbers of messages that were sent at once, and all stored, to have no gaps."""
    scene = case.attempt("messages at the same time", parallel.sends)
    if scene is None or not scene.whole:
        return []
    numbers = sorted(id_ for id_ in scene.ids if isinstance(id_, int))
    last, why = scene.sent[-1][0], "a number is left out among messages that were sent at once"
    return [
        finding
        for one, two in pairwise(numbers)
        for finding in values.equal(last, "$.MsgSeq", one + 1, two, why)
    ][:1]


def was_dropped(repeated: setup.Repeated) -> bool:
    """Whether a message was not stored once more: it has its old number, or one of no message."""
    first, second = repeated.sequence.ids
    shown = {first, repeated.around.ids[1]} <= repeated.kept
    return first == second or (second is not None and shown and second not in repeated.kept)


@pytest.mark.check("repeated-message-is-dropped")
@pytest.mark.views
def test_a_repeated_message_makes_no_second_one(case: Case) -> None:
    repeated = case.scene(setup.repeated)
    scene = repeated.sequence
    first, second = scene.ids
    kept = repeated.kept
    case.observe("a repeated message", scene.answer.describe())
    findings: list[Finding] = []
    if second is not None and second != first and second in kept and first in kept:
        findings += values.equal(scene.answer, "$.MsgSeq", first, second, "two messages were made")
    if repeated.before is not None and repeated.after.answer.accepted:
        before, after = repeated.before.receipts, repeated.after.receipts
        why = "it was sent once more"
        findings += receipts.same(repeated.after.answer, before, after, [repeated.message.id], why)
    if case.profile.rank > 0:
        findings += repeated_at_once(case)
    case.judge(findings)


def repeated_at_once(case: Case) -> list[Finding]:
    """Expect one message where the same is sent several times at the same time."""
    driver = case.stage.driver
    found = case.attempt("a message that is sent several times at once", setup.repeated_at_once)
    if found is None:
        return []
    answers, history = found
    kept = driver.group_history(history)
    named = [(answer, driver.sent_message(answer)) for answer in answers]
    told = [(answer, number) for answer, number in named if number in kept]
    why = "the same message sent at once became two"
    return [
        finding
        for answer, number in told[1:]
        for finding in values.equal(answer, "$.MsgSeq", told[0][1], number, why)
    ][:1]


@pytest.mark.check("sender-must-exist")
def test_the_sender_need_not_be_a_member_but_must_exist(case: Case) -> None:
    outsider, ghost = case.scene(setup.foreign_senders)
    if case.stage.contract.kind(outsider.code) == "throttled":
        raise NotExercised(f"sending is {outsider.describe()}")
    findings = refusals.accepted(outsider, "a sender who is no member")
    findings += refusals.refused(ghost, "a sender that does not exist")
    why = "a sender who has left the group"
    left = case.attempt(why, setup.left_sender) if case.profile.rank > 0 else None
    if left is not None and case.stage.contract.kind(left.code) != "throttled":
        findings += refusals.accepted(left, why)
    case.judge(findings)


@pytest.mark.check("misnamed-wish-makes-no-receipt")
def test_a_misnamed_wish_makes_no_receipt(case: Case) -> None:
    case.scene(groups.good)
    message, asked = case.scene(setup.misnamed)
    why = "a message that asked for a receipt under another name"
    case.judge(
        receipts.no_receipt(asked.answer, asked.receipts, message.id, case.given["codes"], why)
    )


@pytest.mark.check("too-long-body-is-refused")
def test_too_long_a_body_is_refused(case: Case) -> None:
    good = calls.good_call(case.stage, case.operation.name)
    long = setup.long_text(case.stage, good, case.given["size"])
    answer = case.answered(case.spared(good, long), "a body that is too long")
    why = f"more than {case.given['size']} bytes"
    if answer.refused and answer.code not in case.given["codes"]:  # a list may be too long as well
        padded = case.variation(good, {"ending": " " * case.given["size"] + "}", "label": why})
        if padded.accepted:
            case.observe("a body that spaces make long", padded.describe())
            return
        answer = padded
    findings = refusals.refused(answer, why)
    findings += refusals.code_among(answer, case.given["codes"], why)
    if case.profile.rank > 0 and not findings and "MsgBody" in good.body:
        parts = setup.long_parts(case.stage, good, case.given["size"])
        findings = refusals.refused(
            case.answered(parts, why), "two texts that are so long together"
        )
    case.judge(findings)


@pytest.mark.check("each-refusal-names-its-reason")
def test_each_refusal_carries_the_code_of_its_reason(case: Case) -> None:
    good = calls.good_call(case.stage, case.operation.name)
    findings: list[Finding] = []
    for pair in case.as_many(case.given["pairs"]):
        answer = case.variation(good, pair["call"])
        why = answer.exchange.request.label
        findings += refusals.refused(answer, why)
        findings += refusals.code_among(answer, pair["codes"], why)
    case.judge(findings)


@pytest.mark.check("text-survives")
def test_text_comes_back_as_it_was_sent(case: Case) -> None:
    findings = survived(case, wording.texts(case.brief))
    if case.profile.rank > 0:
        with case.optional("texts that filters may refuse"):
            findings += survived(case, wording.ODD)
        findings += at_length(case)
        findings += in_parts(case, "one part", "and another")
        findings += contents(case)
    case.judge(distinct(findings))


def survived(case: Case, wanted: tuple[str, ...]) -> list[Finding]:
    """Expect texts back as they were sent, to a group and to one person."""
    driver = case.stage.driver
    findings: list[Finding] = []
    messages, taken, answer = case.scene(setup.history, wanted)
    kept = driver.group_history(answer)
    for message, text in zip(messages, taken, strict=True):
        if message.id in kept:
            got = driver.texts_of(kept[message.id])
            findings += values.equal(answer, "text", [text], got, "a text of a group has changed")
    case.observe("texts that a group does not take", len(wanted) - len(taken))
    keys, taken, answer = case.scene(setup.letters, wanted)
    kept = driver.direct_history(answer)
    for key, text in zip(keys, taken, strict=True):
        if key in kept:
            got = driver.texts_of(kept[key])
            why = "a text to one person has changed"
            findings += values.equal(answer, "text", [text], got, why)
    return findings


def at_length(case: Case) -> list[Finding]:
    """Expect long texts back that fill a large answer, compressed or not."""
    scene = case.attempt("a large answer", wording.large)
    findings: list[Finding] = []
    for answer in (scene.answer, scene.packed) if scene is not None else ():
        kept = case.stage.driver.group_history(answer) if answer.accepted else {}
        for message, text in zip(scene.messages, scene.texts, strict=True) if scene else ():
            if message.id in kept:
                got = case.stage.driver.texts_of(kept[message.id])
                why = "a text has changed in a large answer"
                findings += values.equal(answer, "text", [text], got, why)
    return findings


def contents(case: Case) -> list[Finding]:
    """Expect the parts and the custom data of messages to come back as they were sent."""
    kept = [*(case.attempt("messages of a group, read back", readback.of_groups) or ())]
    kept += case.attempt("messages of two people, read back", readback.of_pairs) or ()
    kept += case.attempt("messages beside a recalled one", readback.beside_recalled) or ()
    findings: list[Finding] = []
    for one in kept:
        if one.sent is not None:
            strayed = case.stage.driver.strayed(one.sent, one.item)
            content = [field for field in strayed if field.content]
            findings += direct.as_sent(one.answer, content, "content")
    return distinct(findings)


def in_parts(case: Case, *texts: str) -> list[Finding]:
    """Expect the parts of one message back as they were; whether one may have several is open."""
    found = case.attempt("a message of two texts", setup.in_parts, texts)
    if found is None:
        return []
    sent, answer = found
    kept = case.stage.driver.group_history(answer)
    if sent not in kept:
        return []
    got = case.stage.driver.texts_of(kept[sent])
    return values.equal(answer, "text", [*texts], got, "the parts of a message have changed")
