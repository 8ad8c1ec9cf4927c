"""Groups, their messages and their histories are what the answers about them say."""

from collections.abc import Mapping
from typing import Any

import pytest

from receiptspec.case import Case
from receiptspec.checks import direct, receipts, refusals, values
from receiptspec.errors import NotExercised
from receiptspec.findings import Finding, distinct
from receiptspec.neutral import Answer, Message
from receiptspec.scenes import (
    calls,
    groups,
    lifecycle,
    names,
    readback,
    setup,
    upkeep,
    wording,
)


@pytest.mark.check("custom-group-id-is-kept")
def test_an_id_of_ones_own_is_kept(case: Case) -> None:
    _, longest = case.scene(setup.longest_id)
    if case.stage.is_of_input(longest) or longest.code in case.given.get("codes", ()):
        case.scene(groups.good)  # where no group can be made at all, this id is not to blame
        case.judge(refusals.accepted(longest, "an id of one's own of 48 bytes"))
    own = case.scene(setup.own_id)
    got = case.stage.driver.made_group(own.made)
    case.judge(values.equal(own.made, "$.GroupId", own.name, got, "the group got another id"))
    case.scene(groups.good)  # where no question is answered at all, this id is not to blame
    told = own.sent if own.found is None else own.found.answer
    if told is None or case.stage.contract.kind(told.code) in ("limit", "throttled"):
        raise NotExercised("no message could be sent to the group")
    case.judge(refusals.accepted(told, "an id of one's own"))
    if case.profile.rank > 0:
        case.judge(usable(case))


def usable(case: Case) -> list[Finding]:
    """Expect what is answered elsewhere to be answered of a group with an id of one's own."""
    answers = [*(case.attempt("a group with an id of one's own", names.used) or ())]
    findings: list[Finding] = []
    marked = case.attempt("a group with an id full of marks", names.marked)
    if marked is not None:
        got = case.stage.driver.made_group(marked.made)
        why = "the group got another id than the one full of marks"
        findings += values.equal(marked.made, "$.GroupId", marked.name, got, why)
        answers += marked.used
    numbered = case.attempt("a group whose id is a number", names.numbered)
    if numbered is not None and numbered.made is not None:
        got, why = case.stage.driver.made_group(numbered.made), "a group got another number"
        findings += values.equal(numbered.made, "$.GroupId", numbered.name, got, why)
    answers += case.attempt("a group that was asked for before it was made", names.foreseen) or ()
    for answer in answers:
        with case.optional(f"{answer.operation} elsewhere"):
            calls.good_call(case.stage, answer.operation)
            if not case.stage.is_gated(answer):
                findings += refusals.accepted(answer, "an id of one's own")
    return findings


@pytest.mark.check("group-type-is-told")
def test_the_answer_tells_the_type_of_a_new_group(case: Case) -> None:
    answer = case.scene(setup.own_id).made
    told = case.stage.driver.made_type(answer)
    why = "the type of a new group is not told, or another"
    case.judge(values.equal(answer, "$.Type", case.stage.driver.group_type, told, why))


@pytest.mark.check("taken-group-id-is-refused")
def test_an_id_that_is_taken_is_refused(case: Case) -> None:
    again = case.scene(setup.own_id).again
    why = "a group id that is taken"
    case.judge(
        [
            *refusals.refused(again, why),
            *refusals.code_among(again, case.given["codes"], why),
        ]
    )


@pytest.mark.check("group-history-shows-messages")
def test_the_history_shows_the_messages_that_were_sent(case: Case) -> None:
    messages, _, answer = case.scene(setup.history, wording.texts(case.brief))
    findings = refusals.accepted(answer, "the newest messages")
    if not findings:
        shown = case.stage.driver.group_history(answer)
        # how many it shows is open, but these are the newest
        oldest = min(shown, default=messages[-1].id)
        wanted = sorted(message.id for message in messages if message.id >= oldest)
        got = sorted(id_ for id_ in shown if id_ in wanted)
        findings = values.equal(answer, "$.RspMsgList", wanted, got, "messages are missing")
    case.judge(findings)
    if case.profile.rank > 0:
        case.judge(as_sent(case))
        case.judge(listed(case))
        case.judge(looked_back(case))


def as_sent(case: Case) -> list[Finding]:
    """Expect the history to tell of messages what sending them said and was told."""
    findings: list[Finding] = []
    found = [*(case.attempt("messages of a group, read back", readback.of_groups) or ())]
    found += case.attempt("messages beside a recalled one", readback.beside_recalled) or ()
    for kept in found:
        if kept.sent is not None:
            strayed = case.stage.driver.strayed(kept.sent, kept.item)
            envelope = [one for one in strayed if not one.content]
            findings += direct.as_sent(kept.answer, envelope, "RspMsgList[]")
    return distinct(findings)


def listed(case: Case) -> list[Finding]:
    """Expect all messages of a group that one look shows, each of them once."""
    findings: list[Finding] = []
    for sent, answer in case.attempt("messages of groups", readback.listings) or ():
        if answer.accepted:
            shown = case.stage.driver.group_history(answer)
            oldest = min(shown, default=sent[-1])
            wanted = [id_ for id_ in sent if id_ >= oldest]
            where = "the history of a group to which several messages were sent"
            findings += direct.all_there(answer, shown, wanted, where)
            findings += direct.none_twice(answer, "RspMsgList", "MsgSeq")
    return distinct(findings)


def looked_back(case: Case) -> list[Finding]:
    """Expect so many messages at most, back from the one that is named."""
    findings: list[Finding] = []
    left = case.attempt("what somebody has sent who has left", readback.of_leaver)
    if left is not None and left[1].accepted:
        listed = case.stage.driver.group_history(left[1])
        where = "the history of a group that the sender of a message has left"
        findings += direct.all_there(left[1], listed, left[0], where)
    older = case.attempt("an older message of many", readback.older)
    if older is not None and older[1].accepted:
        listed = case.stage.driver.group_history(older[1])
        where = "the history back from a message that many have followed"
        findings += direct.all_there(older[1], listed, older[0], where)
    full = case.attempt("as many messages as one answer holds", readback.full)
    if full is not None and full[1].accepted and case.stage.driver.looked_through(full[1]):
        listed = case.stage.driver.group_history(full[1])
        where = "a history that says that it holds all of the range"
        findings += direct.all_there(full[1], listed, full[0], where)
    for look in case.attempt("messages back from one", readback.looked_back) or ():
        if not look.answer.accepted:
            continue
        shown = sorted(case.stage.driver.group_history(look.answer))
        strange = [id_ for id_ in shown if id_ > max(look.wanted)]
        why = "what is newer than the message that was named is shown"
        where = "the history back from a message"
        findings += direct.at_most(look.answer, len(shown), look.size)
        findings += values.equal(look.answer, "$.RspMsgList", [], strange, why)
        findings += direct.all_there(look.answer, shown, look.wanted[-1:], where)
    return distinct(findings)


@pytest.mark.check("recall-shows-in-history")
def test_a_recalled_message_is_marked_in_the_history(case: Case) -> None:
    message, answer, history = case.scene(setup.recalled)
    case.judge(taken_back(case, (message,), answer, history))
    if case.profile.rank > 0:
        case.judge(together(case, case.scene(setup.recalled_together, case.given["most"])))
        for type_ in case.given.get("types", ()):
            what = f"the recall beside an unknown message in a {type_} group"
            scene = case.attempt(what, upkeep.recalled_beside_unknown, type_)
            if scene is not None:
                case.judge(taken_back(case, *scene))
        case.judge(elsewhere_kept(case) + sent_later(case))


def together(case: Case, scene: setup.Taken) -> list[Finding]:
    """Expect those to be marked that one call has recalled, and no others."""
    findings = taken_back(case, scene.messages, scene.answer, scene.history)
    driver = case.stage.driver
    shown = driver.group_history(scene.history)
    for message in scene.spared if not findings else ():
        item = shown.get(message.id)
        if item is not None and driver.is_recalled(item):
            why, got = "only others were recalled", item.get("IsPlaceMsg")
            findings += values.equal(scene.history, "$.RspMsgList[].IsPlaceMsg", 0, got, why)
    return findings or taken_for_good(case, scene)


def taken_for_good(case: Case, scene: setup.Taken) -> list[Finding]:
    """Expect what was recalled to stay so, and what a call for too many says that it recalled."""
    driver = case.stage.driver
    said = driver.recalled(scene.over) if scene.over.accepted else {}
    whys = {message.id: "what was recalled is so no more" for message in scene.messages}
    for message in scene.spared:
        if said.get(message.id) == 0:
            whys[message.id] = "a call for too many says that it recalled what it did not"
    shown = driver.group_history(scene.later) if scene.later.accepted else {}
    findings: list[Finding] = []
    for id_, why in whys.items():
        if id_ in shown and not driver.is_recalled(shown[id_]):
            got = shown[id_].get("IsPlaceMsg")
            findings += values.equal(scene.later, "$.RspMsgList[].IsPlaceMsg", 2, got, why)
    return distinct(findings)


def elsewhere_kept(case: Case) -> list[Finding]:
    """Expect the message of the same number in another group not to be marked."""
    scene = case.attempt("a recall in another group", names.apart)
    if scene is None or not scene.history.accepted:
        return []
    why = "only that of another group was recalled"
    return not_taken(case, scene.message, scene.history, why)


def sent_later(case: Case) -> list[Finding]:
    """Expect a message not to be marked whose number was recalled before it was sent."""
    found = case.attempt("a recall of a number that no message has yet", setup.recalled_ahead)
    if found is None or not found[1].accepted:
        return []
    return not_taken(case, *found, "its number was recalled before it was sent")


def not_taken(case: Case, message: Message, history: Answer, why: str) -> list[Finding]:
    """Expect a message not to be marked as recalled where it is listed."""
    item = case.stage.driver.group_history(history).get(message.id)
    if item is None or not case.stage.driver.is_recalled(item):
        return []
    return values.equal(history, "$.RspMsgList[].IsPlaceMsg", 0, item.get("IsPlaceMsg"), why)


def switched_on(case: Case, answer: Answer) -> None:
    """Raise `NotExercised` where a refusal may mean that the feature is not switched on."""
    if case.stage.is_gated(answer):
        raise NotExercised(f"{answer.operation} is {answer.describe()}: perhaps not switched on")


def taken_back(
    case: Case, messages: tuple[Message, ...], answer: Answer, history: Answer
) -> list[Finding]:
    """Expect the recall of each message to be reported, and to show where it is listed."""
    driver = case.stage.driver
    switched_on(case, answer)
    findings = refusals.accepted(answer, "a message of a minute ago")
    if findings:
        return findings
    for place, message in enumerate(messages):
        code = driver.recalled(answer).get(message.id)
        if isinstance(code, int) and case.stage.contract.kind(code) == "feature":
            raise NotExercised(f"recalling is not switched on (RetCode {code})")
        why = f"the recall of message {message.id} is not reported as done"
        findings += values.equal(answer, f"$.RecallRetList[{place}].RetCode", 0, code, why)
        shown = driver.group_history(history)
        item = shown.get(message.id)
        if item is None and any(id_ < message.id for id_ in shown):
            findings += direct.all_there(history, shown, [message.id], "the history after a recall")
        if item is not None and not driver.is_recalled(item):
            why = f"message {message.id} is not marked"
            got = item.get("IsPlaceMsg")
            findings += values.equal(history, "$.RspMsgList[].IsPlaceMsg", 2, got, why)
    return findings


@pytest.mark.check("imported-messages-are-told")
@pytest.mark.profile("standard")
def test_each_imported_message_has_a_result(case: Case) -> None:
    answer, _, _ = case.scene(setup.imported)
    switched_on(case, answer)
    findings = refusals.accepted(answer, "two old messages")
    if not findings:
        told = case.stage.driver.import_results(answer)
        findings = values.equal(
            answer, "$.ImportMsgResult", 2, told, "not every message has a result"
        )
        findings += imported_as_many(case, case.given["most"])
    case.judge(findings)


def imported_as_many(case: Case, most: int) -> list[Finding]:
    """Expect a result for each of as many messages as one call takes, and them in the history."""
    scene = case.attempt(f"{most} old messages", readback.imported, most)
    if scene is None:
        return []
    findings = refusals.accepted(scene.answer, f"{most} old messages")
    if findings or scene.history is None or not scene.history.accepted:
        return findings
    driver = case.stage.driver
    told, shown = driver.import_results(scene.answer), driver.group_history(scene.history)
    why = "not every message has a result"
    findings = values.equal(scene.answer, "$.ImportMsgResult", most, told, why)
    where = "the history of a group into which they were imported"
    whole = driver.looked_through(scene.history) or not shown
    due = [id_ for id_ in scene.ids if whole or id_ > min(shown)]
    findings += direct.all_there(scene.history, shown, due, where)
    sent = list(readback.texts_in(scene.sent))
    kept = [text for id_ in scene.ids if id_ in shown for text in driver.texts_of(shown[id_])]
    if len(scene.ids) == len(sent) == len(kept):
        why = "imported messages are not what was sent"
        findings += values.equal(scene.history, "$.RspMsgList", sent, kept, why)
    findings += imported_of_whom(scene, shown) + imported_once(case, scene, sent)
    findings += imported_in_their_time(case, scene, shown)
    return findings + imported_too_many(case, most)


def imported_of_whom(
    scene: readback.Imported, shown: Mapping[Any, Mapping[str, Any]]
) -> list[Finding]:
    """Expect imported messages to be those of the senders who were named."""
    senders = [item["From_Account"] for item in scene.sent["MsgList"]]
    got = [shown[id_].get("From_Account") for id_ in scene.ids if id_ in shown]
    if scene.history is None or len(got) < len(senders) or None in got:
        return []
    why = "imported messages are shown as somebody else's"
    return values.equal(scene.history, "$.RspMsgList[].From_Account", senders, got, why)


def imported_in_their_time(
    case: Case, scene: readback.Imported, shown: Mapping[Any, Mapping[str, Any]]
) -> list[Finding]:
    """Expect imported messages to be as far apart in time as they were sent."""
    times = [case.stage.driver.shown_time(shown[id_]) for id_ in scene.ids if id_ in shown]
    sent = [item["SendTime"] for item in scene.sent["MsgList"]]
    known = [time for time in times if time is not None]
    if scene.history is None or len(known) < len(sent):
        return []
    apart, wanted = known[-1] - known[0], sent[-1] - sent[0]
    if abs(apart - wanted) <= 1:
        return []
    why = "imported messages do not have the times at which they were sent"
    return values.equal(scene.history, "$.RspMsgList[].MsgTimeStamp", wanted, apart, why)


def imported_too_many(case: Case, most: int) -> list[Finding]:
    """Expect what a call for too many says that it imported; what was sent stays what it was."""
    scene = case.attempt("too many old messages", readback.imported_too_many, most)
    if scene is None or not scene.history.accepted:
        return []
    driver = case.stage.driver
    shown = driver.group_history(scene.history)
    where = "the history after an import of too many messages"
    due = [id_ for id_ in scene.ids if id_ >= min(shown, default=id_)]
    findings = direct.all_there(scene.history, shown, due, where)
    kept = [text for id_ in scene.ids if id_ in shown for text in driver.texts_of(shown[id_])]
    if len(scene.ids) == len(scene.sent) == len(kept):
        why = "of too many imported messages not all are what was sent"
        findings += values.equal(scene.history, "$.RspMsgList", list(scene.sent), kept, why)
    case.observe(f"results for {most + 1} old messages", str(driver.import_results(scene.answer)))
    item = shown.get(scene.message.id)
    if item is not None:
        why = "a message that was sent has the text of one that was imported"
        got = driver.texts_of(item)
        wanted = [scene.text] if scene.imported in got else got
        findings += values.equal(scene.history, "$.RspMsgList", wanted, got, why)
    return findings


def imported_once(case: Case, scene: readback.Imported, sent: list[str]) -> list[Finding]:
    """Expect no text to be in the history more often than it was sent."""
    if scene.history is None or not scene.before.accepted:
        return []
    before, now = (in_history(case, answer) for answer in (scene.before, scene.history))
    most = {text: before.count(text) + sent.count(text) for text in dict.fromkeys(sent)}
    found = {text: max(most[text], now.count(text)) for text in most}
    why = "messages that were imported once are there several times"
    return values.equal(scene.history, "$.RspMsgList", most, found, why)


def in_history(case: Case, answer: Answer) -> list[str]:
    """Return the texts of all messages that a history of a group shows."""
    driver = case.stage.driver
    return [
        text for item in driver.group_history(answer).values() for text in driver.texts_of(item)
    ]


@pytest.mark.check("imported-message-has-no-receipt")
@pytest.mark.profile("standard")
def test_an_imported_message_has_no_receipt(case: Case) -> None:
    _, ids, asked = case.scene(setup.imported)
    if asked is None:
        raise NotExercised("no message could be imported")
    findings: list[Finding] = []
    for id_ in ids:
        findings += receipts.no_receipt(
            asked.answer, asked.receipts, id_, case.given["codes"], "an imported message"
        )
    case.judge(findings)


@pytest.mark.check("recalled-message-is-observed")
def test_what_becomes_of_a_recalled_messages_receipt_is_recorded(case: Case) -> None:
    scene = case.scene(lifecycle.recalled)
    receipt = scene.after.receipts.get(scene.message.id)
    what = scene.after.answer.describe() if receipt is None else f"code {receipt.code}"
    case.observe("the receipt of a recalled message", what)
    other = scene.extra["other"].id
    before, after = scene.before.receipts.get(other), scene.after.receipts.get(other)
    if before is not None and after is not None and after.known:
        same = (before.read, before.unread) == (after.read, after.unread)
        case.observe("other messages keep their numbers after a recall", "yes" if same else "no")


def difference(scene: groups.Changed) -> str:
    before, after = (s.receipts.get(scene.message.id) for s in (scene.before, scene.after))
    if before is None or after is None or before.unread is None or after.unread is None:
        return "no numbers"
    return f"{after.unread - before.unread:+d}"


@pytest.mark.check("newcomer-is-observed")
def test_whether_a_newcomer_counts_is_recorded(case: Case) -> None:
    case.observe("UnreadNum when a member joins", difference(case.scene(lifecycle.joined)))


@pytest.mark.check("leaver-is-observed")
def test_whether_a_leaver_counts_is_recorded(case: Case) -> None:
    case.observe("UnreadNum when a member leaves", difference(case.scene(lifecycle.deserted)))
