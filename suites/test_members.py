"""Who is imported, added and removed is a member, or is named, as the answers say."""

import pytest

from receiptspec.case import Case
from receiptspec.checks import direct, receipts, refusals, values
from receiptspec.errors import CallRefused, NotExercised
from receiptspec.findings import Finding, distinct
from receiptspec.neutral import Answer, Call
from receiptspec.scenes import (
    calls,
    correspondence,
    membership,
    names,
    often,
    simultaneous,
    upkeep,
)

_FAILED = 0  # the result of who could not be added
_NO_LIMIT = ("throttled", "feature", "permission", "credentials", "transient")
_PENDING = 3  # the result of who has to be let in by somebody first


@pytest.mark.check("adding-says-what-happened")
def test_adding_says_who_was_added(case: Case) -> None:
    newcomer, first, second = case.scene(membership.added)
    findings = refusals.accepted(second, "a member who is there")
    for answer, result, why in (
        (first, 1, "a newcomer was not reported as added"),
        (second, 2, "a member was not reported as being there"),
    ):
        if answer.accepted:
            got = case.stage.driver.added(answer).get(newcomer)
            if got == _PENDING:
                raise NotExercised(f"{newcomer} has to be let in by somebody first")
            findings += values.equal(answer, "$.MemberList[0].Result", result, got, why)
    if case.profile.rank > 0:
        findings += added_together(case) + added_late(case) + added_at_once(case)
        findings += added_in_number(case) + added_back(case)
    case.judge(findings)


def added_back(case: Case) -> list[Finding]:
    """Expect who was removed not to be said to be there; whether all may come back is open."""
    scene = case.attempt("a member who was removed and is added again", membership.added_back)
    if scene is None or not scene[1].accepted:
        return []
    member, answer = scene
    got = case.stage.driver.added(answer).get(member)
    if got in (_PENDING, _FAILED):
        return []
    why = "a member who was removed was not reported as added again"
    return values.equal(answer, "$.MemberList[0].Result", 1, got, why)


def added_in_number(case: Case) -> list[Finding]:
    """Expect a word about each of many who are added by one call."""
    scene = case.attempt("many people who are added by one call", membership.many_added)
    if scene is None or not scene[1].accepted:
        return []
    users, answer = scene
    told = case.stage.driver.added(answer)
    unnamed = [user for user in users if user not in told]
    why = f"of {len(users)} who were added by one call {len(unnamed)} are not named"
    return values.equal(answer, "$.MemberList", [], unnamed[:3], why)


def added_at_once(case: Case) -> list[Finding]:
    """Expect people who are added at the same time all to be said to have been added."""
    scene = case.attempt("people who are added at once", simultaneous.added)
    if scene is None:
        return []
    why = "somebody at the same time as others"
    findings = [finding for answer in scene.refused for finding in refusals.accepted(answer, why)]
    for user, answer in scene.answers:
        got = case.stage.driver.added(answer).get(user) if answer.accepted else _PENDING
        if got != _PENDING:
            why = "who was added at the same time as others was not reported as added"
            findings += values.equal(answer, "$.MemberList[0].Result", 1, got, why)
    return distinct(findings)


def added_late(case: Case) -> list[Finding]:
    """Expect an account to be added that was unknown when it was to be added before."""
    scene = case.attempt("an account that was unknown before", membership.enrolled)
    if scene is None:
        return []
    findings = refusals.accepted(scene.added, "an account that was unknown before")
    got = case.stage.driver.added(scene.added).get(scene.name) if not findings else None
    if findings or got == _PENDING:
        return findings
    why = "an account that was unknown before was not reported as added"
    return values.equal(scene.added, "$.MemberList[0].Result", 1, got, why)


def added_together(case: Case) -> list[Finding]:
    """Judge what is said of a member, a newcomer and the owner who are added by one call."""
    member, newcomer, owner, answer = case.scene(membership.added_with)
    findings = refusals.accepted(answer, "members who are there and one who is not")
    if not findings:
        for user, result in ((member, 2), (newcomer, 1), (owner, 2)):
            got = case.stage.driver.added(answer).get(user)
            if got == _PENDING:
                continue
            why = "of three who were added together one was reported otherwise than alone"
            findings += values.equal(answer, "$.MemberList[*].Result", result, got, why)
    return findings


@pytest.mark.check("ghost-is-not-added")
def test_an_account_that_does_not_exist_is_not_added(case: Case) -> None:
    answer = case.scene(membership.ghost_added)
    why = "an account that does not exist"
    findings: list[Finding] = []
    if answer.accepted:
        got = case.stage.driver.added(answer).get("rs-no-such-user", 0)
        findings = values.equal(answer, "$.MemberList[0].Result", 0, got, f"{why} was added")
    case.judge([*findings, *refusals.code_among(answer, case.given["codes"], why)])


@pytest.mark.check("too-many-members-are-refused")
def test_too_many_members_at_once_are_refused(case: Case) -> None:
    answer = case.scene(membership.crowd_added, case.given["size"])
    too_many(case, answer, f"{case.given['size']} members at once")
    if case.profile.rank > 0 and "taken" in case.given:
        for many in case.given["taken"]:
            what, full = f"{many} members added at once", tuple(case.given["full"])
            scene = case.attempt(what, membership.members_added_at_once, many, full)
            if scene is not None:
                case.judge(told(scene, what))
                break


@pytest.mark.check("too-many-accounts-are-refused")
def test_too_many_accounts_at_once_are_refused(case: Case) -> None:
    answer = case.scene(membership.users_imported, case.given["size"])
    too_many(case, answer, f"{case.given['size']} accounts at once")
    if case.profile.rank > 0:
        what = f"{case.given['size'] - 1} accounts"
        found = case.attempt(f"{what} at once", membership.known_imported, case.given["size"] - 1)
        if found and case.stage.contract.kind(found.answer.code) not in ("limit", "throttled"):
            case.judge(all_imported(case, found, what))
        case.judge(imported_around(case))


def all_imported(case: Case, scene: membership.Imported, what: str) -> list[Finding]:
    """Expect as many accounts as a call may name to be imported, who is there among them."""
    findings = refusals.accepted(scene.answer, what)
    if findings:
        return findings
    failed = case.stage.driver.failed_users(scene.answer)
    if scene.known in failed:
        why = "an account that is there is said not to be imported"
        findings = values.equal(scene.answer, "$.FailAccounts", [], [scene.known], why)
    if scene.left_out is not None:
        why = "an account that can be imported alone is said not to be imported in a list"
        findings += values.equal(scene.answer, "$.FailAccounts", [], [scene.left_out], why)
    if scene.newest in failed:
        return findings
    added = case.attempt("the last account added to a group", membership.newest_added, scene.newest)
    if added is not None and added.accepted:
        why = "the last account is not said to have failed, and cannot be added to a group"
        got = case.stage.driver.added(added).get(scene.newest)
        wrong = got == _FAILED
        findings += values.equal(added, "$.MemberList[0].Result", 1, got, why) if wrong else []
    return findings


def imported_around(case: Case) -> list[Finding]:
    """Expect accounts to be imported that stand beside a name that none can have."""
    found = case.attempt("accounts beside one that has too long a name", membership.imported_around)
    names = found[0] if found is not None else ()
    added = (
        case.attempt("those added to a group", membership.newest_added, *names) if names else None
    )
    if added is None or not added.accepted:
        return []
    got = [case.stage.driver.added(added).get(name) for name in names]
    why = "accounts are not said to have failed, and cannot be added to a group"
    wrong = _FAILED in got
    return values.equal(added, "$.MemberList[].Result", [1] * len(got), got, why) if wrong else []


@pytest.mark.check("failed-account-is-named")
@pytest.mark.profile("standard")
def test_an_account_that_is_not_imported_is_named(case: Case) -> None:
    _, answer, name = case.scene(membership.imported_around)
    failed = case.stage.driver.failed_users(answer)
    why = "an account whose name is too long is not said to have failed"
    named = [name] if name not in failed else failed
    case.judge(values.equal(answer, "$.FailAccounts", named, failed, why))


def too_many(case: Case, answer: Answer, why: str) -> None:
    case.judge(
        [
            *refusals.refused(answer, why),
            *refusals.code_among(answer, case.given["codes"], why),
        ]
    )


@pytest.mark.check("chat-room-takes-no-members")
def test_a_room_without_members_takes_none(case: Case) -> None:
    findings: list[Finding] = []
    for type_ in case.given["types"]:
        answer = case.scene(membership.room_added, type_)
        why = f"a member for an {type_}"
        findings += refusals.refused(answer, why)
        findings += refusals.code_among(answer, case.given["codes"], why)
    case.judge(findings)


@pytest.mark.check("removing-an-outsider-is-fine")
def test_removing_somebody_who_is_no_member_is_fine(case: Case) -> None:
    findings = refusals.accepted(
        case.scene(membership.outsider_removed), "somebody who is no member"
    )
    if case.profile.rank > 0 and not findings:
        again = case.scene(membership.removed_twice)
        findings += refusals.accepted(again, "somebody who is no member any more")
    case.judge(findings)


@pytest.mark.check("overfull-removal-is-whole")
@pytest.mark.profile("standard")
def test_who_is_removed_by_a_call_for_too_many_is_gone(case: Case) -> None:
    most = case.given["most"]
    found = case.attempt("as many removed as may be", membership.members_after_removals, most)
    if found is not None and case.stage.contract.kind(found[1].code) not in _NO_LIMIT:
        case.judge(refusals.accepted(found[1], f"{most} members to be removed"))
    scene = case.scene(membership.too_many_removed, most)
    what = "a group from which too many were removed in one call"
    case.judge(told(scene, what) if scene is not None else ())


@pytest.mark.check("first-members-are-taken")
@pytest.mark.profile("standard")
def test_a_group_begins_with_as_many_members_as_may_be(case: Case) -> None:
    most = case.given["most"]
    more, answer = case.scene(membership.begun_with, most)
    if more is not None:
        case.judge(told(more, f"a group that was made with {most + 1} members"))
        return
    kind = case.stage.contract.kind(answer.code)
    if answer.code in case.given["full"] or kind in ("throttled", "feature"):
        raise NotExercised(f"a group with {most} members is {answer.describe()}")
    case.judge(refusals.accepted(answer, f"{most} first members"))


@pytest.mark.check("members-are-told")
def test_the_members_of_a_group_are_told(case: Case) -> None:
    found = case.scene(membership.members)
    what = "a group of four" if case.stage.target.writes else "the group of fixtures"
    case.judge(told(found, what))
    if case.profile.rank > 0 and case.stage.target.writes:
        changed = case.scene(membership.members_after_changes)
        case.judge(told(changed, "a group that two have left and one has joined"))
        for scene in (upkeep.members_after_repeats, upkeep.members_named_twice):
            repeated = case.attempt("members who are named again", scene)
            if repeated is not None:
                case.judge(told(repeated, "a group whose members were named again"))
        reborn = case.attempt("the members of a group made again", membership.members_of_reborn)
        if reborn is not None:
            case.judge(told(reborn, "a group that has the id of a dismissed one"))
        apart = case.attempt("the members of another group", names.apart)
        if apart is not None:
            case.judge(told(apart.members, "a group that nobody has joined"))
        at_once = case.attempt("people who are added at once", simultaneous.added)
        if at_once is not None and at_once.told is not None:
            case.judge(told(at_once.told, "a group that two have joined at once"))
        often_ = case.attempt("members a few at a time", often.of_group)
        if often_ is not None and often_.few is not None and often_.few.accepted:
            listed = len(case.stage.driver.members(often_.few)[0])
            case.judge(direct.at_most(often_.few, listed, 1, "members", "$.MemberList"))
        if "removed" in case.given:
            case.judge(removed(case, case.given["removed"]))
        crowd = case.attempt("the members of a large group", membership.members_of_crowd)
        if crowd is None:
            return
        case.judge(told(crowd, f"a group of {len(crowd.wanted)}"))


def removed(case: Case, most: int) -> list[Finding]:
    """Expect all who are removed by one call to be gone, as many as one call may remove too."""
    found = case.attempt(
        "members of whom many are removed", membership.members_after_removals, most
    )
    if found is None:
        return []
    some, _, all_ = found
    findings = told(some, "a group that nine have left in one call")
    if all_ is not None:
        findings += told(all_, f"a group that {most} have left in one call")
    return findings


def told(scene: membership.Told, what: str) -> list[Finding]:
    """Expect all members of a group to be listed, and their number."""
    findings = refusals.accepted(scene.answer, what)
    if findings:
        return findings
    listed, number = scene.got
    why, wrong = f"the number of members of {what} is wrong", f"others are listed in {what}"
    wanted, got = sorted(scene.wanted, key=str), sorted(listed, key=str)
    return [
        *values.equal(scene.answer, "$.MemberNum", len(wanted), number, why),
        *values.equal(scene.answer, "$.MemberList", wanted, got, wrong),
    ]


def importing(case: Case) -> tuple[Call, list[Finding]]:
    """Return a call that imports an account, which another row may have imported before."""
    try:
        return calls.good_call(case.stage, case.operation.name), []
    except CallRefused as error:
        (call,) = case.stage.driver.make_users([f"rs{case.stage.namespace}-newer"])
        case.stage.must(call)
        return call, refusals.accepted(error.answer, "an account that is there")


@pytest.mark.check("account-may-be-imported-again")
def test_an_account_may_be_imported_again(case: Case) -> None:
    call, findings = importing(case)
    for change in case.as_many(case.given["calls"]):
        answer = case.patient(call, change)
        findings += refusals.accepted(answer, answer.exchange.request.label)
    scene = None
    if case.profile.rank > 0:
        scene = case.attempt("an account that is imported twice at once", simultaneous.letters)
    for answer in scene.refused_imports if scene is not None else ():
        findings += refusals.accepted(answer, "an account that is imported at the same time")
    case.judge(findings)


@pytest.mark.check("account-may-be-imported-again")
@pytest.mark.profile("standard")
@pytest.mark.views
def test_importing_an_account_again_changes_nothing(case: Case) -> None:
    findings: list[Finding] = []
    why = "importing an account again"
    scene = case.attempt("a member who is imported again", correspondence.known_again)
    if scene is not None:
        kept = (scene.before.receipts, scene.after.receipts, [scene.message.id], why)
        findings += receipts.same(scene.after.answer, *kept)
        where = "the list of members once one was imported again"
        findings += direct.all_there(scene.listing, scene.members, [scene.reader], where)
    letters = case.attempt("letters to who is imported again", correspondence.replied)
    if letters is not None:
        before, after = (letters.unread[key] for key in ("a look at the history", why))
        findings += direct.kept(after.answer, before.number, after.number, why)
        if not direct.all_read(letters.answered, letters.letters[:1]):
            findings += direct.all_read(letters.imported, letters.letters[:1])
    if scene is None and letters is None:
        raise NotExercised("nothing is there that importing could change")
    case.judge(findings)
