"""Read positions move forward, and are not receipts."""

import pytest

from receiptspec.case import Case
from receiptspec.checks import values
from receiptspec.errors import NotExercised
from receiptspec.findings import Finding
from receiptspec.neutral import Answer
from receiptspec.scenes import positions, turnover


@pytest.mark.check("read-position-is-observed")
def test_whether_a_read_position_makes_receipts_is_recorded(case: Case) -> None:
    scene = case.scene(positions.moved)
    read = any(receipt.read for receipt in scene.after.receipts.values())
    case.observe("moving the read position makes receipts", "yes" if read else "no")


@pytest.mark.check("read-position-moves-forward")
def test_a_read_position_only_moves_forward(case: Case) -> None:
    scene = case.scene(positions.moved)
    if not scene.moving.accepted:
        raise NotExercised(f"it could not be moved: {scene.moving.describe()}")
    answer, position = scene.forward
    why = "the position was not moved"
    findings = values.equal(answer, "$.Result.ReadIndexes", scene.wanted, position, why)
    answer, position = scene.back
    why = "the position moved back"
    findings = findings or values.equal(answer, "$.Result.ReadIndexes", scene.wanted, position, why)
    if case.profile.rank > 0 and not findings:
        for who, *reached in case.scene(positions.of_roles):
            findings += at_least(f"the position of {who} moved back", *reached)
        far = case.attempt("a position far back", positions.far_back)
        if far is not None:
            why = "the position of a member is not the last of many to which it was moved"
            findings += at_least(why, *far)
        last = case.attempt("a member behind another", positions.behind)
        if last is not None:
            who, *reached = last
            findings += at_least(f"the position of {who} was not moved", *reached)
        findings += whatever_else(case)
        pair = case.attempt("the receiver of a letter", positions.of_receiver)
        if pair is not None and pair.told is not None:
            findings += at_least("the position of one of two people was not moved", *pair.told)
    case.judge(findings)


def whatever_else(case: Case) -> list[Finding]:
    """Expect positions to stay when people read, leave and come, and all moves at once to count."""
    scene = case.attempt("people who leave and come", turnover.turnover)
    findings: list[Finding] = []
    for it in scene.reached if scene is not None else ():
        why = f"the position of {it.who} is not where it was moved, or was before"
        if it.exact or it.told in it.places:
            findings += values.equal(it.answer, "$.Result.ReadIndexes", it.wanted, it.told, why)
        else:
            findings += at_least(why, it.answer, it.wanted, it.told)
    return findings


def at_least(why: str, answer: Answer, wanted: int, told: object) -> list[Finding]:
    """Expect a position, or a later one: sending may move one's own on."""
    if isinstance(told, int) and told > wanted:
        return []
    return values.equal(answer, "$.Result.ReadIndexes", wanted, told, why)


@pytest.mark.check("read-position-starts-at-zero")
def test_who_has_read_nothing_is_at_zero(case: Case) -> None:
    scene = case.scene(positions.moved)
    findings: list[Finding] = []
    case.observe("where a member begins", scene.start[1])
    if case.profile.rank > 0:
        first, *later = scene.still
        why = "another member's position was moved, and one who has read nothing went along"
        for (answer, _), position in zip((scene.forward, scene.back), later, strict=True):
            findings += values.equal(answer, "$.Result.ReadIndexes", first, position, why)
        findings += of_pair(case)
        for who, *reached in case.attempt("members who begin later", positions.begun) or ():
            findings += at_least(f"the position of {who} is not there", *reached)
        many = case.attempt("the position of the last of many", positions.of_many)
        if many is not None:
            findings += at_least("the position of the last of many members is not told", *many)
    case.judge(findings[:1])


def of_pair(case: Case) -> list[Finding]:
    """Expect the position of one of two people to move no other, and none elsewhere."""
    findings: list[Finding] = []
    for who, answer, first, since in (
        case.attempt("read positions of two people", positions.of_pair) or ()
    ):
        why = f"the position of one of two people was moved, and that of {who} went along"
        findings += values.equal(answer, "$.Result.ReadIndexes", first, since, why)
    return findings
