"""Some types of groups have receipts, others do not."""

import pytest

from receiptspec.case import Case
from receiptspec.checks import paging as pages
from receiptspec.checks import receipts, refusals
from receiptspec.errors import Inconclusive, NotExercised
from receiptspec.findings import Finding
from receiptspec.scenes import kinds, lists

_WORN_OUT = ("limit", "throttled")


def each_type(case: Case) -> list[tuple[str, kinds.Elsewhere]]:
    found, reasons = [], []
    for type_ in case.given["types"]:
        try:
            found.append((type_, case.scene(kinds.other_type, type_)))
        except NotExercised as reason:
            reasons.append(f"{type_}: {reason}")
    if not found:
        raise NotExercised("; ".join(reasons))
    return found


@pytest.mark.check("group-type-is-supported")
@pytest.mark.views
def test_a_supported_type_has_receipts(case: Case) -> None:
    found, name = each_type(case), case.operation.name
    if all(case.stage.is_gated(scene.answer(name)) for _, scene in found):
        raise Inconclusive(
            f"no type of group has receipts (code {found[0][1].answer(name).code}): is the feature "
            "switched on for this application?"
        )
    findings: list[Finding] = []
    within: dict[str, list[Finding]] = {}
    for type_, scene in found:
        answer = scene.answer(name)
        findings += refusals.accepted(answer, f"a {type_} group")
        known = any(receipt.known for receipt in scene.asked.receipts.values())
        if name == case.stage.driver.ask and answer.accepted and not known:
            asked = case.stage.driver.named_messages(answer.request_body)
            findings += receipts.each_answered(answer, {}, asked)
        if known and case.profile.rank > 0:
            in_it = read_in if name == case.stage.driver.ask else listed_in
            within[type_] = [*in_it(case, type_), *walked_in(case, type_)]
    findings += of_some_types(within)
    case.judge([*findings, *(transformed(case) if case.profile.rank > 0 else ())])


def of_some_types(within: dict[str, list[Finding]]) -> list[Finding]:
    """Leave out what is broken alike in groups of each type: it is no matter of their types.

    The rows of counts and lists say that, with the level that they have.
    """
    ways = [{finding.signature for finding in findings} for findings in within.values()]
    alike = set.intersection(*ways) if len(ways) > 1 else set()
    return [
        finding for found in within.values() for finding in found if finding.signature not in alike
    ]


def transformed(case: Case) -> list[Finding]:
    """Expect receipts in a group whose id had one of a type that has none."""
    findings: list[Finding] = []
    for type_, fine in case.operation.group_types.items():
        what = f"the id of a dismissed {type_} group"
        scene = None if fine else case.attempt(what, kinds.transformed, type_)
        if scene is None or case.stage.contract.kind(scene.asked.answer.code) in _WORN_OUT:
            continue
        answer = scene.answer(case.operation.name)
        why = f"a {case.stage.driver.group_type} group that has {what}"
        findings += refusals.accepted(answer, why)
        if not findings and case.operation.name == case.stage.driver.ask:
            named = case.stage.driver.named_messages(answer.request_body)
            findings += receipts.each_answered(answer, scene.asked.receipts, named)
    return findings


def walked_in(case: Case, type_: str) -> list[Finding]:
    """Expect reads and walks page by page to work there too, when somebody has come back."""
    found = case.attempt(f"people who come back in a {type_} group", lists.elsewhere, type_)
    if found is None or not found[0].after.answer.accepted:
        return []
    scene, tolds = found
    findings: list[Finding] = []
    if case.operation.name == case.stage.driver.ask:
        for message in scene.messages:
            one, by = scene.before.receipts.get(message.id), len(scene.readers[message.id])
            if one is not None and one.known:
                why = f"{by} of its members have read it in a {type_} group, one back again"
                now = scene.after.receipts.get(message.id)
                findings += receipts.changed(scene.after.answer, one, now, "read", by, why)
        return findings
    for told in (told for told in tolds if told.whole):
        for walk, wanted in ((told.read, told.readers), (told.unread, told.others)):
            what = f"pages of one in a {type_} group"
            listed = walk.members
            findings += pages.everybody_once(walk.last_answer, listed, wanted, told.open, what)
    return findings


def inside(case: Case, type_: str) -> kinds.Inside | None:
    """Return what became of messages in a group of a supported type, if they could be read."""
    return case.attempt(f"a read in a {type_} group", kinds.read_in, type_)


def read_in(case: Case, type_: str) -> list[Finding]:
    """Expect reads to count in a group of a supported type, for each of two messages."""
    scene = inside(case, type_)
    if scene is None or not scene.several.after.answer.accepted:
        return []
    findings: list[Finding] = []
    before, after = scene.several.before.receipts, scene.several.after.receipts
    for message in scene.several.messages:
        one, by = before.get(message.id), len(scene.several.readers[message.id])
        if one is None:
            continue
        for field, sign in (("read", 1), ("unread", -1)):
            by_name = one.readers is not None and field == "unread"  # a matter of the lists' rows
            if field == "unread" and (by_name or not one.unread):  # a type may not count these
                continue
            now, answer = after.get(message.id), scene.several.after.answer
            why = f"{by} of its members have read it in a {type_} conversation"
            findings += receipts.changed(answer, one, now, field, sign * by, why)
    return findings


def listed_in(case: Case, type_: str) -> list[Finding]:
    """Expect a member of a group of a supported type in the list where that member belongs."""
    scene = inside(case, type_)
    driver = case.stage.driver
    if scene is None or not all(answer.accepted for answer in scene.lists):
        return []
    findings: list[Finding] = []
    owner, *others = scene.several.members
    readers = scene.several.readers[scene.several.messages[0].id]
    left = [member for member in others if member not in readers]
    for answer, wanted, allowed in zip(scene.lists, (readers, left), ([], [owner]), strict=False):
        members = driver.page(answer).members
        findings += pages.everybody_once(answer, members, wanted, allowed, f"a {type_} group")
    return findings


def has_data(case: Case, scene: kinds.Elsewhere) -> bool:
    """Whether the answer of the row's operation holds data, not only an empty success."""
    answer = scene.answer(case.operation.name)
    if not answer.accepted:
        return False
    if case.operation.name in scene.others:
        return bool(case.stage.driver.page(answer).members)
    return any(receipt.known for receipt in scene.asked.receipts.values())


@pytest.mark.check("group-type-is-unsupported")
def test_an_unsupported_type_has_no_receipts(case: Case) -> None:
    findings: list[Finding] = []
    for type_, scene in each_type(case):
        case.observe(f"a message of {type_}", scene.answer(case.operation.name).describe())
        if case.operation.name == case.stage.driver.group_read:
            answer, counted = case.scene(kinds.read_of_other_type, type_)
            if answer is not None and counted:
                findings += refusals.refused(answer, f"a read that counts in a {type_}")
        elif has_data(case, scene):
            answer = scene.answer(case.operation.name)
            findings += refusals.refused(answer, f"a message of {type_}")
        if case.profile.rank > 0 and case.operation.name == case.stage.driver.ask:
            findings += peopled(case, type_)
    case.judge(findings)


def peopled(case: Case, type_: str) -> list[Finding]:
    """Expect no data either for two messages at once in a group of the type that has members."""
    asked = case.attempt(f"a {type_} group with members", kinds.peopled, type_)
    if asked is None or not any(receipt.known for receipt in asked.receipts.values()):
        return []
    return refusals.refused(asked.answer, f"two messages of {type_} with members")


@pytest.mark.check("unsupported-group-type-has-its-code")
def test_an_unsupported_type_is_refused_with_its_code(case: Case) -> None:
    findings: list[Finding] = []
    for type_, scene in each_type(case):
        items = tuple(scene.asked.receipts.values())
        why = f"a message of {type_}"
        answer = scene.asked.answer
        findings += refusals.code_among(answer, case.given["codes"], why, items=items)
    case.judge(findings)
