"""Whatever the documents allow is accepted and answered in the documented form."""

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from receiptspec.case import Case
from receiptspec.checks import receipts, refusals
from receiptspec.findings import Finding, distinct
from receiptspec.neutral import Answer, Call
from receiptspec.scenes import afterwards, calls, groups, meanwhile, membership
from receiptspec.variations import vary


@pytest.mark.check("call-is-accepted")
def test_a_documented_call_is_accepted(case: Case) -> None:
    call = case.good_call(repeatable=True)
    findings: list[Finding] = []
    for change in case.as_many(case.given["calls"]):
        answer = case.patient(call, change)
        for _ in range(case.given.get("times", 1) - 1 if case.profile.rank > 0 else 0):
            answer = case.repeated(call, change) if answer.accepted else answer
        findings += refusals.accepted(answer, answer.exchange.request.label)
    for answer in besides(case, call):
        findings += refusals.accepted(answer, answer.exchange.request.label)
    findings += verified(case, call)
    for change in case.given.get("observe", ()) if case.profile.rank > 0 else ():
        answer = case.variation(call, change)
        case.observe(answer.exchange.request.label, answer.describe())
    case.judge(findings)


def verified(case: Case, call: Call) -> list[Finding]:
    """Expect signatures to be found right, whatever else may be wrong with the calls."""
    findings: list[Finding] = []
    for change in case.given.get("verified", ()) if case.profile.rank > 0 else ():
        answer = case.patient(call, change)
        why = answer.exchange.request.label
        if answer.code in case.given["unverified"]:
            findings += refusals.accepted(answer, why)
        case.observe(why, answer.describe())
    return findings


def besides(case: Case, call: Call) -> Iterator[Answer]:
    """Vary the call further, and the other operations that the row is about."""
    if case.profile.rank == 0:
        return
    for change in case.given.get("more", ()):
        yield case.patient(call, change)
    if case.given.get("newcomers"):
        scene = case.attempt("an account that was unknown before", membership.enrolled)
        if scene is not None:
            yield scene.sent
    if not case.given.get("also"):
        return
    others = case.attempt("other operations", calls.guarded, tuple(case.given["also"]))
    if others is None:
        return
    for other in others:
        for change in case.given["calls"]:
            with case.optional(other.operation):
                answer = case.patient(other, change)
                if answer.refused:  # perhaps for being a repetition
                    case.scene(calls.spared, calls.Named(other), answer.code)
                yield answer


@pytest.mark.check("call-is-observed")
def test_what_the_documents_leave_open_is_recorded(case: Case) -> None:
    call = calls.good_call(case.stage, case.operation.name)
    for change in case.given["calls"]:
        answer = case.variation(call, change)
        case.observe(answer.exchange.request.label, answer.describe())


@pytest.mark.check("calls-follow-each-other")
def test_calls_follow_each_other_on_one_connection(case: Case) -> None:
    probe = case.stage.driver.probes()[0]
    findings = following(case, probe)
    if findings and not case.stage.at_once([probe], connections=1)[0].spoken:
        findings = following(case, case.good_call(repeatable=True))
    case.judge(distinct(findings))


def following(case: Case, call: Call) -> list[Finding]:
    """Make a call several times over one connection, once more where that did not work."""
    times = case.given["times"] if case.profile.rank > 0 else 2
    findings: list[Finding] = []
    for _ in range(2):  # once may be the network's doing
        answers = case.stage.at_once([call] * times, connections=1)
        findings = [f for answer in answers for f in refusals.lost(answer, "a call after another")]
        closing = [
            answer.exchange.response.header("Connection")
            for answer in answers
            if answer.exchange.response
        ]
        if not findings:
            break
    kept = any((value or "").lower() != "close" for value in closing)
    case.observe("connections are kept open", "yes" if kept else "no")
    return findings


def after_refused(case: Case, call: Call) -> list[Finding]:
    """Expect a good call to be accepted when one that differs from it was refused."""
    findings: list[Finding] = []
    for change in case.given.get("after", ()):
        before = vary(call, change)
        if case.stage.call(before).refused:
            why = f"a good call after one with {before.label}"
            findings += refusals.accepted(case.stage.call(call), why)
    return findings


@pytest.mark.check("members-are-listed")
@pytest.mark.profile("standard")
def test_members_are_listed_after_a_refusal(case: Case) -> None:
    case.judge(after_refused(case, case.good_call()))


@pytest.mark.check("receipts-are-answered")
@pytest.mark.profile("standard")
def test_a_question_is_answered_after_refused_ones(case: Case) -> None:
    call = case.good_call()
    findings = after_refused(case, call)
    for change in case.given.get("behind", ()):
        bad = vary(call, change)
        answer = case.scene(calls.followed, calls.Named(bad), calls.Named(call))
        if answer is not None and answer.refused:
            findings += refusals.accepted(answer, f"{bad.label} before it on its connection")
    case.judge(findings)


@pytest.mark.check("receipts-are-answered")
@pytest.mark.profile("standard")
def test_a_conversation_is_there_when_others_have_changed(case: Case) -> None:
    findings: list[Finding] = []
    plays = (meanwhile.plain, afterwards.refused, afterwards.read_after_changes)
    for seen in [seen for play in plays for seen in case.attempt("other changes", play) or ()]:
        answer = seen.asked.answer
        if answer.refused and case.stage.contract.kind(answer.code) == "missing":
            findings += refusals.accepted(answer, "what is there, after other calls")
    case.judge(findings[:1])


@pytest.mark.check("receipts-are-answered")
@given(data=st.data())
def test_every_documented_question_is_answered(case: Case, data: st.DataObject) -> None:
    ready = case.scene(groups.ready)
    case.judge(refusals.accepted(ready.fresh.answer, "messages that ask for receipts"))
    if case.profile.rank == 0:
        wanted = [message.id for message in ready.messages]
        case.judge(receipts.each_answered(ready.fresh.answer, ready.fresh.receipts, wanted))
        return
    body = data.draw(calls.questions(case.stage, ready), label="request")
    answer = case.once(body, lambda: calls.put(case.stage, body))
    if answer is None:
        return
    receipt_of = {message.id for message in ready.messages}
    named = case.stage.driver.named_messages(body)
    documented = bool(named) and receipt_of.issuperset(named) and len(set(named)) == len(named)
    if documented:
        case.judge(refusals.accepted(answer, "a documented request"))
    if answer.accepted:
        found = case.stage.receipts(answer)
        asked = [message for message in dict.fromkeys(named) if message in receipt_of]
        case.judge(receipts.each_answered(answer, found, asked))
