"""A call that breaks one documented rule is refused, and for the reason that the documents give."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest

from receiptspec import mutations
from receiptspec.case import Case
from receiptspec.checks import refusals
from receiptspec.contract import Requirement
from receiptspec.errors import NotExercised
from receiptspec.findings import Finding
from receiptspec.neutral import Answer, Call, Receipt
from receiptspec.scenes import behind as watching
from receiptspec.scenes import calls, forged, groups
from receiptspec.variations import is_of_caller, vary


def good_call(case: Case) -> Call:
    """Return the call to break; it is known to be accepted."""
    if case.given.get("user_exists"):
        for call in case.stage.driver.make_users([case.stage.driver.ordinary_user]):
            try:
                case.stage.scene(calls.sent, calls.Named(call))
            except NotExercised:  # nobody at all may call either, perhaps for another reason
                if "codes" in case.given:
                    raise
    return case.good_call()


def items(case: Case, answer: Answer) -> tuple[Receipt, ...]:
    return case.stage.driver.receipts(answer) if answer.accepted else ()


def broken(case: Case) -> list[tuple[mutations.Mutation, Answer]]:
    """Send each documented way to break the fields that the row names, once for all rows."""
    call = good_call(case)
    catalogue = calls.catalogue(case.stage, call)
    wanted = {(entry["at"], entry["keyword"]) for entry in case.given["breaks"]}
    chosen = [
        mutation
        for mutation in catalogue
        if (mutation.at, mutation.keyword) in wanted and judged(case, mutation)
    ]
    sent = []
    if chosen:
        answered_before(case, call)
    for mutation in one_of_each(case, chosen) if case.brief else chosen:
        answer = case.variation(call, {"replace": mutation.body, "label": mutation.label})
        sent.append((mutation, answer))
        for other in elsewhere_broken(case, mutation) if case.profile.rank > 0 else ():
            change = {"replace": other.body, "label": other.label}
            sent.append((other, case.variation(call, change)))
    if case.profile.rank > 0:
        sent += in_the_address(case, call, sent)
    if not sent:
        raise NotExercised("no way to break these fields is known")
    return sent


def in_the_address(
    case: Case, call: Call, sent: Sequence[tuple[mutations.Mutation, Answer]]
) -> list[tuple[mutations.Mutation, Answer]]:
    """Give the first text that the body lacks in the URL; return what is accepted of it."""
    for mutation, answer in sent:
        field = mutation.at.removeprefix("/")
        value = call.body.get(field) if mutation.keyword == "required" else None
        if answer.refused and isinstance(value, str) and value:
            elsewhere = replace(mutation, variant=f"{mutation.variant} but in the URL")
            change = {"replace": mutation.body, "query": {field: value}, "label": elsewhere.label}
            found = case.variation(call, change)
            return [(elsewhere, found)] if found.accepted else []
    return []


def answered_before(case: Case, call: Call) -> None:
    """Have a question answered, so that whoever keeps answers has that of the unbroken call."""
    if case.profile.rank > 0 and not case.stage.contract.calls[call.operation].writes:
        case.stage.call(call)


def in_turn(case: Case, call: Call) -> bool:
    """Whether the row is one of the half that ask another question unbroken before it is broken.

    Rows that change who makes a call take turns, so that each question is asked before some.
    """
    contract = case.stage.contract
    rows = [r.id for r in contract.requirements if r.check == case.requirement.check and claims(r)]
    questions = [name for name, found in contract.operations.items() if not found.writes]
    return (
        case.requirement.id in rows
        and call.operation in questions
        and (rows.index(case.requirement.id) + questions.index(call.operation)) % 2 == 0
    )


def claims(row: Requirement) -> bool:
    """Whether a row changes who makes a call."""
    changed = [key for change in row.given.get("calls", ()) for key in change]
    return not {"credential", "query"}.isdisjoint(changed)


def one_of_each(case: Case, found: list[mutations.Mutation]) -> Iterable[mutations.Mutation]:
    """Return one way to break each rule of each field, one that is judged where there is any."""
    tolerated = case.given.get("tolerate_coercion", False)
    chosen: dict[tuple[str, str], mutations.Mutation] = {}
    for mutation in sorted(found, key=lambda m: tolerated and m.coercible):
        chosen.setdefault((mutation.at, mutation.keyword), mutation)
    return chosen.values()


def elsewhere_broken(case: Case, mutation: mutations.Mutation) -> Iterator[mutations.Mutation]:
    """Break the same in the last item of a list, and beside each value that the row names."""
    last = in_the_last_item(mutation)
    if last is not None:
        yield last
    for fields in case.given.get("beside", ()):
        if mutation.at.removeprefix("/") not in fields and not mutation.coercible:
            beside = ", ".join(f"{name} {value}" for name, value in fields.items())
            body = {**mutation.body, **fields}
            yield replace(mutation, body=body, variant=f"{mutation.variant} beside {beside}")


def in_the_last_item(mutation: mutations.Mutation) -> mutations.Mutation | None:
    """Let the last item of a list be as broken as the first one, where there are several."""
    key, star, _ = mutation.at.removeprefix("/").partition("/*/")
    found = mutation.body.get(key) if star and isinstance(mutation.body, dict) else None
    if mutation.keyword not in ("required", "type") or mutation.coercible:
        return None
    if not isinstance(found, list) or len(found) < 2:
        return None
    body = {**mutation.body, key: [*found[1:], found[0]]}
    return replace(mutation, body=body, variant=f"{mutation.variant} in the last item")


def judged(case: Case, mutation: mutations.Mutation) -> bool:
    """Whether a value of a wrong type is of a kind that the row names, where it names any."""
    kinds = case.given.get("items" if mutation.at.endswith("/*") else "kinds")
    return kinds is None or any(f"({kind} for" in mutation.label for kind in kinds)


def changes(case: Case, call: Call) -> Sequence[Mapping[str, Any]]:
    """Return what the row varies, the first of it where one request has to do.

    What stands under ``more`` is left to the larger profiles, and of what is about the body to the
    row's own operation.
    """
    given = [change for change in case.given["calls"] if has_fields(call, change)]
    if not given:
        raise NotExercised(f"{call.operation} lacks the fields that this is about")
    if case.profile.rank > 0:
        more = case.given.get("more", ())
        return [*given, *(change for change in more if is_own(case, call) or is_of_caller(change))]
    return case.as_many(given)


def is_own(case: Case, call: Call) -> bool:
    """Whether a call is of the operation that the row names, not of one in its place."""
    return call.operation == case.operation.name


@pytest.mark.check("call-is-refused")
def test_a_call_that_breaks_a_rule_is_refused(case: Case) -> None:
    call = good_call(case)
    lenient = case.given.get("http_error_counts", False)
    findings: list[Finding] = []
    if claims(case.requirement):
        answered_before(case, call)
    for change in changes(case, call):
        answer = case.variation(call, change)
        if answer.accepted:
            must_matter(case, call, change)
        if counts(case, answer):
            why = answer.exchange.request.label
            findings += refusals.refused(answer, why, or_http_error=lenient)
        findings += told(case, change, answer)
    for change in insiders(case, call):
        findings += refusals.refused(case.variation(call, change), change["label"])
    findings += behind(case, lenient) + unseen(case) + undone(case)
    findings += never(case, call)
    for change in case.given.get("lenient", ()) if case.profile.rank > 0 else ():
        answer = case.variation(call, change)
        case.observe(answer.exchange.request.label, answer.describe())
    case.judge(findings)


def never(case: Case, call: Call) -> list[Finding]:
    """Expect calls not to be accepted that anybody on the way may end in their own way."""
    if case.profile.rank == 0:
        return []
    found = [case.variation(call, change) for change in case.given.get("never", ())]
    return [
        finding
        for answer in found
        if answer.accepted
        for finding in refusals.refused(answer, answer.exchange.request.label)
    ]


def insiders(case: Case, call: Call) -> list[Mapping[str, Any]]:
    """Let the owner and a member of the group that the call is about make it, if the row says so.

    Only where the call is a question of the receipt operation.
    """
    driver = case.stage.driver
    if case.profile.rank == 0 or not case.given.get("insiders") or call.operation != driver.ask:
        return []
    members = groups.good(case.stage).group.members
    if len(members) < 2:
        return []
    owner, member, *_ = members
    return [
        {"credential": f"user {owner}", "label": "a UserSig of the group's owner"},
        {"credential": f"user {member}", "label": "a UserSig of a member"},
    ]


#: Departures that need the fields which they name.
_OF_FIELDS = frozenset({
    "rename", "add", "negate", "quote", "zeros", "plus", "each", "inside", "count", "halve",
    "stretch",
})  # fmt: skip

#: What of a call says who makes it, and how.
_WHO = frozenset({"credential", "method", "query", "rename"})


def told(case: Case, change: Mapping[str, Any], answer: Answer) -> list[Finding]:
    """Expect that who may not ask is told nothing beside the refusal."""
    operation = case.stage.contract.operations.get(answer.operation)
    if operation is None or operation.writes or not _WHO & change.keys():
        return []
    why = answer.exchange.request.label
    return refusals.empty_handed(answer, why, calls.answered_in(case.stage, answer.operation))


def behind(case: Case, lenient: bool) -> list[Finding]:
    """Break the other operations in the same ways; nothing may be done behind a refusal."""
    scene = watched(case)
    if scene is not None and not scene.sights:
        scene.sights.update(watching.look(case.stage, scene))
    findings: list[Finding] = []
    answers = []
    for change, answer in elsewhere(case, after_good=True):
        answers.append(answer)
        if counts(case, answer):
            why = answer.exchange.request.label
            findings += refusals.refused(answer, why, or_http_error=lenient)
        findings += told(case, change, answer)
    if scene is None:
        return findings
    if any(answer.accepted for answer in answers):
        scene.sights.clear()
        return findings
    for what, sights in watching.changed(case.stage, scene).items():
        findings += refusals.done(what, scene.sights[what].answer, answers, *sights)
    return findings


def unseen(case: Case) -> list[Finding]:
    """Expect good calls to show nothing of others under the wrong signatures that the row names."""
    if case.profile.rank == 0 or not case.stage.target.writes:
        return []
    return [
        finding
        for credential in case.given.get("unseen", ())
        for trace in case.attempt("calls under a wrong signature", forged.traces, credential) or ()
        for finding in refusals.done(trace.what, trace.seen, [trace.answer])
    ]


def undone(case: Case) -> list[Finding]:
    """Expect nothing to be done behind the refusals that the row names; all rows share a scene."""
    mine = case.given.get("undone", ())
    if case.profile.rank == 0 or not mine or not case.stage.target.writes:
        return []
    rows = case.stage.contract.requirements
    changes = [change for row in rows for change in row.given.get("undone", ())]
    found = case.attempt("calls that are refused", forged.undone, *changes) or ()
    labels = {vary(case.good_call(), change).label for change in mine}
    findings: list[Finding] = []
    for trace in found:
        why = trace.answer.exchange.request.label
        if why in labels:
            findings += (
                refusals.refused(trace.answer, why)
                if trace.answer.accepted
                else refusals.done(trace.what, trace.seen, [trace.answer])
            )
    return findings


def elsewhere(
    case: Case, *, after_good: bool = False
) -> Iterator[tuple[Mapping[str, Any], Answer]]:
    """Break the other operations that the row is about in the same ways.

    If `after_good`, some right after they were answered.
    """
    for other in others(case):
        if after_good and in_turn(case, other):
            with case.optional(other.operation):
                answered_before(case, other)
        for change in (*case.given["calls"], *case.given.get("elsewhere", ())):
            if not has_fields(other, change):
                continue
            with case.optional(other.operation):
                answer = case.variation(other, change)
                if answer.accepted:
                    must_matter(case, other, change)
                yield change, answer


def has_fields(call: Call, change: Mapping[str, Any]) -> bool:
    """Whether a call has the fields of which a departure makes something else."""
    body = change.get("body", {})
    inside = body.get("inside", {})
    fields = {key for how in _OF_FIELDS & body.keys() for key in body[how]}
    fields |= {*change.get("everywhere", ()), *change.get("of", ())}
    if not fields:
        return True
    if not isinstance(call.body, Mapping) or not fields <= call.body.keys():
        return False
    return all(
        names.keys() <= item.keys() for key, names in inside.items() for item in call.body[key]
    )


def counts(case: Case, answer: Answer) -> bool:
    """Whether the row is broken by whatever is no refusal, or only by data."""
    return answer.accepted or not case.given.get("only_acceptance_counts", False)


def must_matter(case: Case, call: Call, change: Mapping[str, Any]) -> None:
    """Raise `NotExercised` where what has another name is not needed in the first place."""
    body = change.get("body", {})
    fields, inside = list(body.get("rename", ())), body.get("inside", {})
    parameters = dict.fromkeys(change.get("rename", ()))
    if not fields and not inside and not parameters:
        return
    nowhere = {key: dict.fromkeys(names) for key, names in inside.items()}
    left_out = {"body": {"drop": fields, "inside": nowhere}}
    without = {"query": parameters} if parameters else left_out
    if case.variation(call, without).accepted:
        names = ", ".join(fields or [*inside] or parameters)
        raise NotExercised(f"{call.operation} without {names} is accepted as well")


def others(case: Case) -> tuple[Call, ...]:
    """Return good calls of the other operations that the row is about."""
    if case.profile.rank == 0 or not case.given.get("also"):
        return ()
    scene = watched(case)
    if scene is not None:
        return scene.calls
    found = case.attempt("other operations", calls.guarded, case.operations(case.given["also"]))
    return found or ()


def watched(case: Case) -> watching.Watched | None:
    """Return calls of every other operation, and what they are about, to look at afterwards."""
    if case.profile.rank == 0 or case.given.get("also") != "every":
        return None
    try:
        return case.scene(watching.watched, case.operations("every"))
    except NotExercised:
        return None


@pytest.mark.check("refusal-names-its-reason")
def test_a_refusal_carries_a_documented_code(case: Case) -> None:
    call = good_call(case)
    findings: list[Finding] = []
    for change in changes(case, call):
        departure = {k: value for k, value in change.items() if k not in ("codes", "status")}
        answer = case.variation(call, departure)
        more = () if is_own(case, call) else case.given.get("also_codes", ())
        codes = (*change.get("codes", ()), *more)
        findings += misnamed(case, change, answer, codes)
    before = case.stage.sent
    for change, answer in elsewhere(case):
        wrong = misnamed(case, change, answer, case.given.get("also_codes", ()))
        findings += [replace(f, signature=f"{answer.operation}:{f.signature}") for f in wrong]
    scene = watched(case)
    if scene is not None and case.stage.sent != before:
        scene.sights.clear()
    case.judge(findings + undone(case))


def misnamed(
    case: Case, change: Mapping[str, Any], answer: Answer, more: Iterable[int | str]
) -> list[Finding]:
    """Compare code and status to those of the row.

    The codes of `more` are right as well, and the statuses of `change` where the row names some.
    Who comes too often without a right may be told that instead.
    """
    why = answer.exchange.request.label
    expected = case.given.get("refusal") == "expected"
    lacking = refusals.refused(answer, why) if expected else []
    if is_of_caller(change) and case.stage.contract.kind(answer.code) == "throttled":
        return lacking
    wrong = refusals.code_among(answer, [*case.given["codes"], *more], why)
    status = case.given.get("status", ())
    status = [*status, *change.get("status", ())] if status else ()
    return [*lacking, *(wrong or refusals.status_among(answer, status, why))]


@pytest.mark.check("broken-field-is-refused")
def test_a_broken_field_is_refused(case: Case) -> None:
    findings: list[Finding] = []
    tolerate = case.given.get("tolerate_coercion", False)
    for mutation, answer in broken(case):
        if tolerate and mutation.coercible:
            case.observe(f"tolerates {mutation.label}", answer.describe())
            continue
        if answer.accepted and is_absence(case, mutation):
            case.observe(f"takes for absent {mutation.label}", answer.describe())
            continue
        broken_ = refusals.refused(answer, mutation.label, items=items(case, answer))
        findings += [replace(f, advisory=case.given.get("advisory", False)) for f in broken_]
        if case.given.get("with_codes") and mutation.codes:
            findings += refusals.code_among(answer, mutation.codes, mutation.label)
    for change in case.given.get("calls", ()) if case.profile.rank > 0 else ():
        answer = case.variation(good_call(case), change)
        label = answer.exchange.request.label
        findings += refusals.refused(answer, label, items=items(case, answer))
    case.judge(findings)


def is_absence(case: Case, mutation: mutations.Mutation) -> bool:
    """Whether null stands where the target does without the field as well."""
    field = mutation.at.removeprefix("/")
    if "(null for" not in mutation.label or "/" in field:
        return False
    return case.variation(good_call(case), {"body": {"drop": [field]}}).accepted


@pytest.mark.check("refusal-names-the-broken-field")
def test_the_refusal_of_a_broken_field_carries_its_code(case: Case) -> None:
    findings: list[Finding] = []
    for mutation, answer in broken(case):
        if mutation.codes:
            findings += refusals.code_among(answer, mutation.codes, mutation.label)
    case.judge(findings)
