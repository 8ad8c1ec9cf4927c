"""Read positions move forward, and are not receipts."""

import pytest

from receiptspec.case import Case
from receiptspec.checks import values
from receiptspec.errors import NotExercised
from receiptspec.findings import Finding
from receiptspec.scenes import positions


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
        found = [*case.scene(positions.of_roles)]
        far = case.attempt("a position far back", positions.far_back)
        if far is not None:
            found.append(("a member, by many messages,", *far))
        for who, told_by, wanted, told in found:
            why = f"the position of {who} moved back"
            at_least = isinstance(told, int) and told > wanted  # sending may move one's own on
            if not at_least:
                findings += values.equal(told_by, "$.Result.ReadIndexes", wanted, told, why)
    case.judge(findings)


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
