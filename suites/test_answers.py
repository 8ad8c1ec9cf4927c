"""Every answer, whatever was asked, keeps the form that the documents give it.

These tests run last: they judge all answers that the run has seen.
"""

import contextlib

import pytest

from receiptspec.case import Case
from receiptspec.checks import receipts, refusals
from receiptspec.errors import BudgetSpent, NotExercised
from receiptspec.findings import Finding
from receiptspec.scenes import (
    calls,
    counting,
    direct,
    events,
    groups,
    lifecycle,
    neighbours,
    paging,
    parallel,
    people,
    questions,
    setup,
    simultaneous,
    wording,
    writing,
)

UNASKED = (NotExercised, BudgetSpent)
EXCUSES = {"feature", "permission", "credentials", "limit", "throttled", "missing"}


def judge_all(case: Case) -> None:
    with contextlib.suppress(BudgetSpent):  # what was answered before is judged nevertheless
        try:
            case.scene(groups.ready)
        except NotExercised:
            with contextlib.suppress(NotExercised):
                case.stage.can(case.operation.name)
    if not case.stage.driver.over_http:
        for scene in (direct.letters, paging.half_read, events.group, events.arrivals):
            with contextlib.suppress(*UNASKED):
                case.scene(scene)
    else:
        if case.requirement.operation is not None:
            with contextlib.suppress(*UNASKED):
                calls.good_call(case.stage, case.operation.name)
        if case.profile.rank > 0:
            provoke(case)
    case.judge(case.witnessed())


def provoke(case: Case) -> None:
    """Have enough to judge where a row is tested by itself: in a whole run it was all asked before.

    Several answers about several messages, read and unread, and refusals of several kinds.
    """
    for scene in (
        counting.reading,
        questions.asked_twice,
        questions.split,
        questions.unknown,
        people.alone,
        lifecycle.deserted,
        lifecycle.spared,
        writing.colourful,
    ):
        with contextlib.suppress(*UNASKED):
            case.scene(scene)
    try:
        good = calls.good_call(case.stage, case.operation.name)
    except UNASKED:
        return
    kinds = {mutation.keyword: mutation for mutation in calls.catalogue(case.stage, good)[::-1]}
    for mutation in kinds.values():
        case.variation(good, {"replace": mutation.body, "label": mutation.label})
    for credential in case.given.get("credentials", ["wrong-key"]):
        case.variation(good, {"credential": credential})
    if not case.witnessed_so_far():
        refused_elsewhere(case)


def refused_elsewhere(case: Case) -> None:
    """Have every operation refuse something, as it is asked for once more in the end."""
    for operation in case.stage.contract.operations:
        with contextlib.suppress(*UNASKED):
            call = calls.good_call(case.stage, operation)
            for change in calls.departures(case.stage, call)[:2]:
                case.variation(call, change)


@pytest.mark.check("status-is-200")
def test_the_http_status_says_nothing_about_the_call(case: Case) -> None:
    if case.given.get("odd_texts") and case.profile.rank > 0:
        with contextlib.suppress(*UNASKED):
            case.scene(setup.history, wording.ODD)
    judge_all(case)


@pytest.mark.check("answers-are-strict-json")
def test_every_answer_is_one_json_object(case: Case) -> None:
    if case.profile.rank > 0 and case.stage.driver.over_http:
        with contextlib.suppress(*UNASKED):
            case.judge(unpacked(case))
        plays = {"large": wording.large, "odd_content": neighbours.shown}
        for play in [play for name, play in plays.items() if case.given.get(name)]:
            with contextlib.suppress(*UNASKED):
                case.scene(play)
        for change in case.given.get("odd", ()):
            with contextlib.suppress(*UNASKED):
                case.variation(case.good_call(), change)
    judge_all(case)


def unpacked(case: Case) -> list[Finding]:
    """Expect an answer that may be compressed to say what it says otherwise, before and after.

    What others do meanwhile shows, or does not, by chance: it has to differ twice.
    """
    scene, stage = groups.good(case.stage), case.stage
    call = stage.driver.ask_receipts(scene.group, [message.id for message in scene.messages])
    before = groups.asked(stage, stage.call(call))
    findings: list[Finding] = []
    for _ in range(2):
        packed = groups.asked(stage, wording.packed(stage, call))
        case.observe("an answer that may be compressed", packed.answer.describe())
        after = groups.asked(stage, stage.call(call))
        if not all(asked.answer.accepted for asked in (before, packed, after)):
            return []
        why = "being asked for again"
        if receipts.told_otherwise(after.answer, before.receipts, after.receipts, why):
            return []
        why = "being asked for in an answer that may be compressed"
        found = receipts.told_otherwise(packed.answer, before.receipts, packed.receipts, why)
        if not found:
            return []
        findings = findings or found
    return findings[:1]


@pytest.mark.check("answers-match-their-schema")
def test_every_field_has_its_documented_type(case: Case) -> None:
    judge_all(case)


@pytest.mark.check("code-agrees-with-status")
def test_code_and_status_say_the_same(case: Case) -> None:
    judge_all(case)


@pytest.mark.check("refusals-say-why")
def test_every_refusal_gives_a_reason(case: Case) -> None:
    judge_all(case)


@pytest.mark.check("integers-are-not-quoted")
def test_integers_are_json_numbers(case: Case) -> None:
    judge_all(case)


@pytest.mark.check("answers-come-in-time")
def test_answers_come_within_the_documented_limit(case: Case) -> None:
    with contextlib.suppress(*UNASKED):
        scene = case.scene(groups.ready)
        for _ in range(3 if case.profile.rank > 0 else 0):
            case.stage.ask(scene.group, scene.messages)
    judge_all(case)


@pytest.mark.check("secrets-are-not-echoed")
def test_no_answer_holds_a_secret_of_the_request(case: Case) -> None:
    judge_all(case)


@pytest.mark.check("bad-input-is-answered")
def test_bad_input_never_breaks_the_target(case: Case) -> None:
    judge_all(case)


@pytest.mark.check("answers-are-labelled-json")
def test_the_content_type_is_recorded(case: Case) -> None:
    judge_all(case)


@pytest.mark.check("documented-calls-work")
def test_every_documented_call_that_was_needed_works(case: Case) -> None:
    with contextlib.suppress(*UNASKED):
        case.scene(groups.ready)
        case.scene(counting.reading)
    findings = [
        finding
        for answer in case.stage.never_worked()
        if answer.operation not in case.given.get("but", ())
        for finding in refusals.accepted(answer, "a documented body", note=case.stage.doubt())
    ]
    if case.stage.plain_names:
        case.observe("users", "with plain names, as others are refused")
    findings += case.witnessed_so_far()
    if not findings and case.stage.driver.over_http:
        findings = under_content_types(case)
        if case.profile.rank > 0:
            refused = least(case)
            findings += refused if case.given.get("least") else []
            findings += what_may_be_said(case) + added_by_anybody(case)
            findings += made_together(case)
        findings += case.witnessed_so_far()
    case.judge(findings)


def least(case: Case) -> list[Finding]:
    """Expect the smallest documented body of each operation to be accepted.

    A refusal that may be about a feature, a right, a limit or something that is not there says
    nothing of the body.
    """
    for operation in case.stage.contract.operations:
        with contextlib.suppress(*UNASKED):
            calls.good_call(case.stage, operation)
    contract = case.stage.contract
    return [
        finding
        for answer in case.stage.needed()
        if answer.refused
        and answer.operation not in case.given.get("but", ())
        and answer.exchange.request.label == calls.ORDINARY
        and contract.kind(answer.code) not in EXCUSES
        for finding in refusals.accepted(answer, f"the least of {answer.operation}")
    ]


def under_content_types(case: Case) -> list[Finding]:
    """Expect a good call to be accepted as JSON again and again; what other types do is open."""
    findings: list[Finding] = []
    good = case.good_call(repeatable=True)
    times = 6 if case.profile.rank > 0 else 1
    if times > 1:
        case.stage.let_show()  # until then a refusal may mean that a view does not know yet
    types = case.given.get("content_types", ["application/json"])
    for documented in types * times:
        answer = case.repeated(good, {"headers": {"Content-Type": documented}})
        findings += refusals.accepted(answer, f"content type {documented}")
    for other in (None, "text/plain", "application/json; charset=utf-8"):
        if other in types:
            continue
        label = f"content type {other}" if other else "no content type"
        change = {"headers": {"Content-Type": other}, "label": label}
        case.observe(label, case.variation(good, change).describe())
    return findings


def added_by_anybody(case: Case) -> list[Finding]:
    """Expect members to be added with all that may be said of them, whoever adds them."""
    wanted = case.given.get("added_by_anybody")
    scene = case.attempt("members added by anybody", neighbours.gathered) if wanted else None
    if scene is None or scene.refused is None:
        return []
    return refusals.accepted(scene.refused, "members added by somebody who is none")


def made_together(case: Case) -> list[Finding]:
    """Expect calls that do not concern each other to be accepted at the same time."""
    sent = case.attempt("messages at the same time", parallel.sends)
    letters = case.attempt("letters at the same time", simultaneous.letters)
    marked = case.attempt("conversations marked at the same time", simultaneous.marked)
    refused = [answer for scene in (sent, letters, marked) if scene for answer in scene.refused]
    why = "a call at the same time as others"
    return [finding for answer in refused for finding in refusals.accepted(answer, why)]


def what_may_be_said(case: Case) -> list[Finding]:
    """Expect calls to be accepted that use what the documents offer beside the least of it."""
    findings: list[Finding] = []
    for operation, changes in case.given.get("more", {}).items():
        with case.optional(f"more of {operation}"):
            good = calls.good_call(case.stage, operation)
            for answer in [case.patient(good, change) for change in changes]:
                why = answer.exchange.request.label
                with case.optional(f"{operation}: {why}"):
                    if answer.refused:  # perhaps for being a repetition
                        case.scene(calls.spared, calls.Named(good), answer.code)
                    if not case.stage.is_gated(answer):
                        findings += refusals.accepted(answer, why)
    return findings


@pytest.mark.check("answers-come-as-json")
def test_answers_are_labelled_as_json(case: Case) -> None:
    judge_all(case)


@pytest.mark.check("request-ids-differ")
def test_every_call_has_an_id_of_its_own(case: Case) -> None:
    judge_all(case)


@pytest.mark.check("action-is-echoed")
def test_the_answer_names_the_call(case: Case) -> None:
    if case.profile.rank > 0 and case.stage.target.writes:
        with contextlib.suppress(*UNASKED):
            case.scene(parallel.questions)
    judge_all(case)


@pytest.mark.check("success-has-a-result")
def test_a_success_has_a_result_and_no_error(case: Case) -> None:
    judge_all(case)


@pytest.mark.check("success-comes-with-200")
def test_no_success_comes_under_another_status(case: Case) -> None:
    judge_all(case)


@pytest.mark.check("failures-name-a-code")
def test_every_failure_names_a_code(case: Case) -> None:
    judge_all(case)


@pytest.mark.check("failures-have-no-result")
def test_no_failure_has_a_result(case: Case) -> None:
    judge_all(case)


@pytest.mark.check("code-numbers-agree")
def test_the_number_of_a_code_is_its_own(case: Case) -> None:
    judge_all(case)
