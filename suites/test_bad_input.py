"""Whatever is sent is answered: broken, hostile and odd input never breaks the target."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from receiptspec.case import Case
from receiptspec.checks import refusals
from receiptspec.errors import BudgetSpent
from receiptspec.findings import Finding
from receiptspec.neutral import Answer, Call
from receiptspec.scenes import calls, groups, identity, lifecycle, questions, ruins
from receiptspec.variations import vary

HOSTILE = {
    "an empty body": b"",
    "no JSON": b"hello",
    "half an object": b'{"',
    "null": b"null",
    "a text": b'"x"',
    "a list": b"[]",
    "invalid UTF-8": b'{"GroupId":"\xff\xfe"}',
    "a byte order mark": b"\xef\xbb\xbf{}",
    "a NUL": b'{"\x00":"\x00"}',
    "5000 levels": b"[" * 5000 + b"]" * 5000,
    "a number of 5000 digits": b'{"MsgSeq":' + b"9" * 5000 + b"}",
    "a text of 100 kB": b'{"X":"' + b"x" * 100_000 + b'"}',
    "a lone surrogate": b'{"X":"\\ud800"}',
}


SMOKE = ("null", "invalid UTF-8", "5000 levels")
FEW = ("half an object", "null", "a list", "invalid UTF-8", "5000 levels")


@pytest.mark.check("bad-input-is-answered")
def test_hostile_bodies_are_answered(case: Case) -> None:
    call = case.good_call()
    findings: list[Finding] = []
    hostile = HOSTILE if case.profile.rank > 0 else {key: HOSTILE[key] for key in SMOKE}
    for label, raw in hostile.items():
        answer = case.variation(call, {"bytes": raw, "label": label})
        findings += refusals.not_answered(answer, label)
    if case.profile.rank > 0:
        for label, answer in overflows(case):
            findings += refusals.not_answered(case.answered(answer, label), label)
        for label, answer in emptied(case):
            findings += refusals.not_answered(answer, label)
        for label, answer in (*odd(case), *around(case, call), *strays(case)):
            findings += refusals.not_answered(answer, label)
        for label, answer in [*everywhere(case), *ruined(case)]:
            findings += refusals.not_answered(answer, label)
        findings += misplaced(case, call) + following(case, call)
    case.judge(findings)


def odd(case: Case) -> Iterator[tuple[str, Answer]]:
    """Send what the row calls odd: no target has to take it, each has to answer it."""
    for operation, changes in case.given.get("odd", {}).items():
        with case.optional(f"odd calls of {operation}"):
            good = calls.good_call(case.stage, operation, apart=True)
            for change in changes:
                answer = case.variation(good, change)
                yield answer.exchange.request.label, answer


ODD = {"300 digits": "9" * 300, "a digit that is no ASCII, and a NUL": "²\0"}


def around(case: Case, call: Call) -> Iterator[tuple[str, Answer]]:
    """Put odd texts into each documented parameter of the query."""
    calling = case.stage.contract.calling
    documented = (*calling.get("parameters", ()), *calling.get("credentials", {}).values())
    for name in [parameter["name"] for parameter in documented if parameter["in"] == "query"]:
        for what, text in ODD.items():
            label = f"{what} for {name}"
            yield label, case.variation(call, {"query": {name: text}, "label": label})


def strays(case: Case) -> Iterator[tuple[str, Answer]]:
    """Ask for messages of another conversation, and for one that was read and taken back."""
    if not case.stage.target.writes:
        return
    foreign = case.attempt("a foreign message", identity.foreign)
    if foreign is not None:
        yield "a message of another conversation", foreign.asked.answer
    for beside in case.attempt("foreign messages", identity.foreign_beside) or ():
        yield "a message of another conversation beside known ones", beside.asked.answer
    spared = case.attempt("a message that was taken back", lifecycle.spared)
    if spared is not None:
        yield "a message that was read and taken back", spared.extra["between"].answer


def emptied(case: Case) -> Iterator[tuple[str, Answer]]:
    """Empty each list of each operation's body, put null in its place, and name all in it twice."""
    for operation in case.stage.contract.operations:
        with case.optional(f"lists of {operation}"):
            call = calls.good_call(case.stage, operation, apart=True)
            body = call.body if isinstance(call.body, dict) else {}
            for field in [name for name, value in body.items() if isinstance(value, list)]:
                for value in ([], None, [1], body[field] * 2):
                    change = {"body": {"set": {field: value}}}
                    answer = case.variation(call, change)
                    yield answer.exchange.request.label, answer


def everywhere(case: Case) -> Iterator[tuple[str, Answer]]:
    """Break each operation's body by one thing at a time, and put what is none in its place."""
    hostile = [{"bytes": HOSTILE[label], "label": label} for label in FEW]
    for operation in case.stage.contract.operations:
        try:
            with case.optional(f"what breaks {operation}"):
                call = calls.good_call(case.stage, operation, apart=True)
                for change in [*calls.departures(case.stage, call), *hostile]:
                    answer = case.variation(call, change)
                    yield change["label"], answer
        except BudgetSpent:  # what was answered before is judged nevertheless
            return


def following(case: Case, call: Call) -> list[Finding]:
    """Expect a good call to be understood behind a bad one on the same connection."""
    findings: list[Finding] = []
    for change in case.given.get("before", ()):
        bad = vary(call, change)
        answer = case.scene(calls.followed, calls.Named(bad), calls.Named(call))
        if answer is not None and not answer.spoken:
            findings += refusals.out_of_step(answer, bad.label)
    return findings


def ruined(case: Case) -> Iterator[tuple[str, Answer]]:
    """Break several fields of each operation at once, and one by one where that breaks the target.

    A refusal of any of them is as good as another here.
    """
    for operation in case.stage.contract.operations:
        try:
            with case.optional(f"what breaks {operation} at once"):
                call = calls.good_call(case.stage, operation, apart=True)
                for label, fields in ruins.ruins(calls.tree(case.stage, operation), call.body):
                    yield from narrowed(case, call, label, fields)
        except BudgetSpent:
            return


def narrowed(
    case: Case, call: Call, label: str, fields: ruins.Fields
) -> Iterator[tuple[str, Answer]]:
    """Break these fields at once; where that is not answered, each alone as well."""
    if not fields:
        return

    def broken(label: str, fields: ruins.Fields) -> Answer:
        raw = ruins.put(call.body, fields)
        return case.variation(call, {"bytes": raw, "label": f"{label}: {', '.join(fields)}"})

    whole = broken(label, fields)
    if refusals.not_answered(whole, label) and len(fields) > 1:
        alone = [broken(label, {name: value}) for name, value in fields.items()]
        guilty = [answer for answer in alone if refusals.not_answered(answer, label)]
        yield from ((answer.exchange.request.label, answer) for answer in guilty)
        if guilty:
            return
    yield whole.exchange.request.label, whole


def misplaced(case: Case, call: Call) -> list[Finding]:
    """Expect no error page for a method and a path that nobody knows; what else comes is open."""
    findings: list[Finding] = []
    beyond = f"{case.operation.path.rstrip('/')}/rs-no-such-place"
    for change in ({"method": "OPTIONS"}, {"path": beyond}):
        try:
            answer = case.scene(calls.sent, calls.Named(vary(call, change)))
        except BudgetSpent:
            break
        response = answer.exchange.response
        if response is not None and response.status not in (501, 502, 503, 504):
            findings += refusals.not_answered(answer, answer.exchange.request.label)
    return findings


def overflows(case: Case) -> list[tuple[str, Answer]]:
    """Ask for numbers that are the first not to fit an integer of some width."""
    scene = case.attempt("numbers that do not fit", groups.good)
    if scene is None:
        return []
    if not isinstance(scene.messages[0].id, int):
        return []
    bits = (31, 32, 63, 64)
    found = [(f"message 2^{n}", case.stage.ask(scene.group, [2**n])) for n in bits]
    empty = case.attempt("a group without messages", questions.of_empty_group)
    found += [("a message of a group that has none", empty.answer)] if empty is not None else []
    if isinstance(scene.group.id, int):
        id_ = scene.messages[0].id
        place = replace(scene.group, id=id_)
        found.append(("a message's id for its conversation's", case.stage.ask(place, [id_])))
    return found


@pytest.mark.check("bad-input-is-answered")
@pytest.mark.profile("standard")
def test_every_broken_field_is_answered(case: Case) -> None:
    call = case.good_call()
    findings: list[Finding] = []
    for mutation in calls.catalogue(case.stage, call):
        answer = case.variation(call, {"replace": mutation.body, "label": mutation.label})
        findings += refusals.not_answered(answer, mutation.label)
    case.judge(findings)


@pytest.mark.check("bad-input-is-answered")
@pytest.mark.profile("standard")
@given(data=st.data())
def test_whatever_is_broken_it_is_answered(case: Case, data: st.DataObject) -> None:
    call = case.good_call()
    mutation = data.draw(calls.broken_bodies(case.stage, call), label="broken request")
    answer = case.once(
        mutation.body,
        lambda: case.variation(call, {"replace": mutation.body, "label": mutation.label}),
    )
    if answer is not None:
        case.judge(refusals.not_answered(answer, mutation.label))
