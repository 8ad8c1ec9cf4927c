"""The members who have read a message, and who have not, come in pages that lose nobody."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any

import pytest

from receiptspec.case import Case
from receiptspec.checks import paging as checks
from receiptspec.checks import receipts, refusals, values
from receiptspec.errors import NotExercised
from receiptspec.findings import Finding, distinct
from receiptspec.neutral import Answer, Message, Receipt
from receiptspec.scenes import (
    counting,
    groups,
    lists,
    numbered,
    paging,
    people,
    questions,
    reads,
    setup,
)
from receiptspec.scenes import standing as standing_


def standing(case: Case) -> standing_.Standing | None:
    """Return what a target that may not be written to lists of the messages of its fixture."""
    if not standing_.stands(case.stage):
        return None
    return case.scene(standing_.standing, case.profile.rank > 0)


def fresh(case: Case) -> dict[int, paging.Walk]:
    """Return the walks over a new message, or one of the fixture, fewer in the smoke profile."""
    found = standing(case)
    if found is not None:
        return found.sizes
    return new(case)


def new(case: Case) -> dict[int, paging.Walk]:
    """Return the walks over a new message."""
    return case.scene(paging.fresh, (1, 2, 5, 100) if case.profile.rank > 0 else (2, 100))


@pytest.mark.check("members-are-listed")
def test_the_members_of_a_message_are_listed(case: Case) -> None:
    findings: list[Finding] = []
    for walk in fresh(case).values():
        for answer in walk.answers:
            findings += refusals.accepted(answer, f"Count {walk.count}")
    if case.profile.rank > 0:
        later = case.attempt("a message asked for before it was sent", questions.foretold)
        if later is not None and later.page is not None:
            findings += refusals.accepted(later.page, "a message asked for before it was sent")
    case.judge([*distinct(findings), *case.witnessed_so_far()])


@pytest.mark.check("members-are-listed")
@pytest.mark.profile("standard")
def test_the_lists_of_what_all_others_have_read_are_told(case: Case) -> None:
    half = case.scene(paging.all_read)
    findings: list[Finding] = []
    for what, walk in (("readers", half.read), ("others", half.unread)):
        why = f"the first page of {what} where all others have read"
        findings += refusals.accepted(walk.answers[0], why)
    case.judge(findings)


def readers_of_few(case: Case) -> paging.Walk:
    """Return the walk over who has read a new message, or one of the fixture."""
    found = standing(case)
    return found.halves[0].again if found is not None else case.scene(paging.fresh_readers)


def half_read(case: Case) -> paging.Half:
    """Return the lists of a message that some have read, all others where requests are few."""
    found = standing(case)
    return found.halves[0] if found is not None else made_read(case)


def made_read(case: Case) -> paging.Half:
    """Return the same of a message that was sent here."""
    return case.scene(paging.all_read if case.brief else paging.half_read)


def halves(case: Case) -> list[paging.Half]:
    """Return the same, of several messages of a fixture, or nothing where nobody can read."""
    found = standing(case)
    if found is not None:
        return list(found.halves)
    with case.optional("lists after a read"):
        return [half_read(case)]
    return []


def of_halves(case: Case) -> list[paging.Walk]:
    """Return the walks over both lists of messages that some have read."""
    found = halves(case)
    if case.profile.rank > 0 and found and standing(case) is None:
        found += [case.scene(paging.grown, size, count) for size, count in sizes(case)]
    return [walk for half in found for walk in (half.read, half.unread)]


@pytest.mark.check("list-has-its-name")
def test_each_list_has_its_documented_name(case: Case) -> None:
    wanted = case.given["read"]
    walks = [half.read if wanted else half.unread for half in halves(case)]
    if not wanted:
        walks += fresh(case).values()
    elif not walks:
        raise NotExercised("nobody can be made to read")
    findings: list[Finding] = []
    for answer, page in ((a, p) for w in walks for a, p in zip(w.answers, w.pages, strict=False)):
        if page.key is not None:
            name = case.given["name"]
            findings += values.equal(answer, "$", name, page.key, "members are in another list")
    case.judge([*distinct(findings), *case.witnessed_so_far()])


@pytest.mark.check("page-holds-at-most-its-size")
def test_a_page_holds_at_most_what_was_asked_for(case: Case) -> None:
    findings: list[Finding] = []
    for walk in (*fresh(case).values(), *of_halves(case)):
        findings += checks.at_most(walk.answers, walk.pages, walk.count)
    shorter = (
        case.attempt("a smaller page after a page", paging.shortened) if case.profile.rank else None
    )
    answers, size = shorter or ((), 0)
    for answer in [answer for answer in answers if answer.accepted]:
        findings += checks.at_most([answer], [case.stage.driver.page(answer)], size)
    case.judge(findings)


@pytest.mark.check("page-never-passes-the-limit")
def test_no_page_passes_the_documented_limit(case: Case) -> None:
    limit = case.given["limit"]
    message = case.scene(groups.good).messages[0]
    if case.profile.name == "exhaustive" and case.stage.target.writes:
        try:
            message = case.scene(paging.crowd, limit + 2)  # the sender is in no list
        except NotExercised as error:  # so large a group may have no receipts
            case.observe(f"a receipt in a group of {limit + 2}", str(error))
    findings: list[Finding] = []
    for count in case.given["counts"] if case.profile.rank > 0 else case.given["counts"][:1]:
        answer = paging.page_of(case.stage, message, read=False, count=count)
        case.observe(f"Count {count}", answer.describe())
        if answer.accepted:
            findings += checks.at_most([answer], [case.stage.driver.page(answer)], limit)
    case.judge(findings)


@pytest.mark.check("last-page-says-so")
@pytest.mark.views
def test_only_the_last_page_says_that_it_is_the_last(case: Case) -> None:
    findings: list[Finding] = []
    walks = fresh(case).values()
    most = max(len(walk.members) for walk in walks)  # who is in no page of any size is in none
    for walk in walks:
        total = min(walk.size - 1, most)
        findings += checks.flags(walk.answers, walk.pages, total, walk.count)
    few = readers_of_few(case)
    total = len(few.members) if standing(case) is not None else 0
    findings += checks.flags(few.answers, few.pages, total, few.count)
    for half in halves(case):
        total = min(len(half.readers), max(len(half.read.members), len(half.again.members)))
        findings += checks.flags(half.read.answers, half.read.pages, total, half.read.count)
    case.judge([*findings, *case.witnessed_so_far()])


@pytest.mark.check("last-page-flag-has-its-name")
def test_the_name_of_the_last_page_flag_is_recorded(case: Case) -> None:
    names = {page.flag for walk in fresh(case).values() for page in walk.pages}
    case.observe("name of the last page flag", ", ".join(sorted(filter(None, names))) or "none")


@pytest.mark.check("next-page-has-a-cursor")
def test_a_page_that_others_follow_has_a_cursor(case: Case) -> None:
    findings: list[Finding] = []
    for walk in (*fresh(case).values(), *of_halves(case)):
        findings += checks.cursors(walk.answers, walk.pages)
    case.judge(findings)


@pytest.mark.check("walk-visits-everybody-once")
@pytest.mark.views
def test_a_walk_visits_everybody_exactly_once(case: Case) -> None:
    found = standing(case)
    if found is not None:
        case.judge(alike(case, found))
        return
    findings: list[Finding] = []
    for count, walk in fresh(case).items():
        walk.must_be_whole()
        owner, *others = walk.message.conversation.members
        findings += checks.everybody_once(
            walk.last_answer, walk.members, others, [owner], f"pages of {count}"
        )
    for half in halves(case):
        half.read.must_be_whole()
        findings += checks.everybody_once(
            half.read.last_answer,
            half.read.members,
            half.readers,
            [],
            f"readers in pages of {half.read.count}",
        )
        if case.profile.rank > 0:
            findings += read_again(case)
    if case.profile.rank > 0 and halves(case):
        for size, count in sizes(case):
            if count > case.given.get("largest", count):
                continue
            grown = case.scene(paging.grown, size, count)
            findings += two_lists(grown, f"{size} members in pages of {count}")
        findings += in_turn(case) + of_crowd(case) + across(case) + singly(case)
        findings += uneven(case)
    case.judge(findings)


def alike(case: Case, found: standing_.Standing) -> list[Finding]:
    """Expect walks over one list to visit the same, be the pages small or large, alone or not."""
    largest = max(found.sizes.values(), key=lambda walk: walk.count)
    largest.must_be_whole()
    pairs = [(walk, largest, f"others in pages of {walk.count}") for walk in found.sizes.values()]
    for half in found.halves:
        half.again.must_be_whole()
        pairs += [(half.read, half.again, f"readers in pages of {half.read.count}")]
    pairs += [(walk, alone, "one of several walks in turn") for walk, alone in found.turn]
    findings: list[Finding] = []
    for walk, alone, why in pairs:
        findings += undisturbed(case, walk, dict.fromkeys(alone.members), [], why)
    return distinct(findings)


def of_crowd(case: Case) -> list[Finding]:
    """Expect all of a large group in the pages, be they as large as may be or of a usual size."""
    findings: list[Finding] = []
    walks = []
    with case.optional("lists of a large group"):
        walks = [
            case.scene(paging.of_crowd, count) for count in (case.given.get("most", 200), 50, 10)
        ]
    for read, unread in walks:
        scene = case.scene(people.crowded)
        owner, *others = scene.message.conversation.members
        left = [member for member in others if member not in scene.readers]
        if read.ended and unread.ended:  # smaller pages than were asked for may need more calls
            what = f"a group of {len(others) + 1} in pages of {read.count}"
            findings += checks.everybody_once(
                read.last_answer, read.members, scene.readers, [], f"readers, {what}"
            )
            findings += checks.everybody_once(
                unread.last_answer, unread.members, left, [owner], f"others, {what}"
            )
    return findings


def in_turn(case: Case) -> list[Finding]:
    """Expect walks that are made at a time not to disturb each other."""
    half, (readers, others, everybody) = half_read(case), case.scene(paging.in_turn)
    owner, *members = half.message.conversation.members
    left = [member for member in members if member not in half.readers]
    findings: list[Finding] = []
    for walk, wanted, allowed in (
        (readers, half.readers, []),
        (others, left, [owner]),
        (everybody, members, []),
    ):
        findings += undisturbed(case, walk, wanted, allowed, "one of three walks in turn")
    return findings


def uneven(case: Case) -> list[Finding]:
    """Expect a walk whose pages grow to visit everybody once, where its cursors are taken."""
    walk, half = case.attempt("pages that grow", paging.uneven), half_read(case)
    if walk is None:
        return []
    owner, *members = walk.message.conversation.members
    left = [member for member in members if member not in half.readers]
    return undisturbed(case, walk, left, [owner], "a page of one, then pages of three")


def undisturbed(
    case: Case, walk: paging.Walk, wanted: Collection[Any], open_: Collection[Any], why: str
) -> list[Finding]:
    """Expect a walk to visit everybody once; how long a cursor lasts is open."""
    if walk.last_answer.accepted:
        return checks.everybody_once(walk.last_answer, walk.members, wanted, open_, why)
    case.observe(f"the next page of {why}", walk.last_answer.describe())
    return []


def across(case: Case) -> list[Finding]:
    """Expect walks in two groups that are made at a time not to disturb each other."""
    findings: list[Finding] = []
    half = half_read(case)
    walks = case.attempt("walks in two groups in turn", paging.across) or ()
    for walk, readers in zip(walks, ((), half.readers), strict=False):
        owner, *members = walk.message.conversation.members
        left = [member for member in members if member not in readers]
        why = "one of two walks in turn, in different groups"
        findings += undisturbed(case, walk, left, [owner], why)
    return findings


def singly(case: Case) -> list[Finding]:
    """Expect a walk one by one to visit those whose names are much alike."""
    found = case.attempt("members whose names are much alike, one by one", lists.singly)
    if found is None or not found[0].last_answer.accepted:
        return []
    walk, told = found
    why = "members whose names are much alike, one by one"
    return checks.everybody_once(walk.last_answer, walk.members, told.others, told.open, why)


def read_again(case: Case) -> list[Finding]:
    """Expect somebody who has read twice once in the list; whether the number rises is open."""
    scene = case.scene(paging.turned_again)
    if not scene.last_answer.accepted:
        return []
    reader = case.scene(paging.turned).reader
    return checks.everybody_once(
        scene.last_answer, scene.members, [reader], [], "readers, one of them twice"
    )


def sizes(case: Case) -> tuple[tuple[int, int], ...]:
    if case.profile.name == "exhaustive":
        small = ((1, 1), (2, 1), (3, 2), (7, 2), (7, 7), (20, 3), (20, 20))
        return (*small, (199, 100), (200, 50), (200, 200))
    return ((2, 1), (21, 5), (21, 10))


def two_lists(half: paging.Half, what: str) -> list[Finding]:
    half.read.must_be_whole()
    half.unread.must_be_whole()
    owner, *others = half.message.conversation.members
    left = [member for member in others if member not in half.readers]
    return [
        *checks.everybody_once(
            half.read.last_answer, half.read.members, half.readers, [], f"readers, {what}"
        ),
        *checks.everybody_once(
            half.unread.last_answer, half.unread.members, left, [owner], f"others, {what}"
        ),
    ]


@pytest.mark.check("walk-ends")
def test_a_walk_ends(case: Case) -> None:
    findings: list[Finding] = []
    for count, walk in fresh(case).items():
        total = walk.size
        full = case.given.get("full", True)
        findings += checks.ends(walk.answers, walk.pages, count, total, full=full)
    case.judge(findings)


@pytest.mark.check("message-is-echoed")
def test_the_answer_names_its_message(case: Case) -> None:
    findings: list[Finding] = []
    walks = (*fresh(case).values(), readers_of_few(case), *of_halves(case))
    for walk in walks:
        for answer, page in zip(walk.answers, walk.pages, strict=False):
            findings += checks.echoed(answer, page, walk.message.id)
    scene = None
    if case.profile.rank > 0:
        scene = case.attempt("calls with the same address", numbered.told)
    for message, answer in zip(scene.messages, scene.pages, strict=False) if scene else ():
        if answer.accepted:
            findings += checks.echoed(answer, case.stage.driver.page(answer), message.id)
    case.judge(distinct(findings))


@pytest.mark.check("new-message-lists-everybody-as-unread")
@pytest.mark.views
def test_nobody_is_listed_as_reader_of_a_new_message(case: Case) -> None:
    walk, readers = new(case)[100], case.scene(paging.fresh_readers)
    walk.must_be_whole()
    readers.must_be_whole()
    owner, *others = walk.message.conversation.members
    case.judge(
        [
            *checks.everybody_once(
                readers.last_answer, readers.members, [], [], "readers of a new message"
            ),
            *checks.everybody_once(
                walk.last_answer, walk.members, others, [owner], "not readers of a new message"
            ),
        ]
    )


@pytest.mark.check("new-message-lists-everybody-as-unread")
@pytest.mark.profile("standard")
@pytest.mark.views
def test_every_member_of_a_group_without_owner_is_listed_as_unread(case: Case) -> None:
    scene = case.scene(lists.unowned)
    scene.unread.must_be_whole()
    listed, answer = scene.unread.members, scene.unread.last_answer
    sender = scene.message.sender
    others = [member for member in scene.members if member != sender]
    what = "not readers in a group that nobody owns"
    case.judge(checks.everybody_once(answer, listed, others, [sender], what))


@pytest.mark.check("reader-changes-lists")
def test_a_reader_moves_from_one_list_to_the_other(case: Case) -> None:
    case.judge(two_lists(made_read(case), "some of the members have read"))
    if case.profile.rank == 0:
        return
    scene = case.scene(paging.turned)  # here the lists were asked for before as well
    owner, *others = scene.message.conversation.members
    read, unread = scene.after
    for listed in (*scene.before, read, unread):
        listed.must_be_whole()
    left = [member for member in others if member != scene.reader]
    case.judge(
        [
            *checks.everybody_once(
                read.last_answer, read.members, [scene.reader], [], "readers, listed before"
            ),
            *checks.everybody_once(
                unread.last_answer, unread.members, left, [owner], "others, listed before"
            ),
        ]
    )
    case.judge(in_the_end(case))
    case.judge(after_leaving(case))
    case.judge(when_back(case))
    findings: list[Finding] = []
    for what, told in told_of_plays(case):
        findings += in_its_list(told, f"of a message {what}")
    case.judge(findings)
    case.judge(crossed(case))
    case.observe("passed over when somebody reads during a walk", passed_over(case))


def told_of_plays(case: Case) -> list[tuple[str, lists.Told]]:
    """Return both lists of messages that were sent, read and outlived in one way or another."""
    found: list[tuple[str, lists.Told]] = []
    for what in lists.PLAYS if case.profile.rank > 0 else ():
        tolds = case.attempt(f"lists of messages {what}", lists.of_play, what) or ()
        found += [(what, told) for told in tolds if told.whole]
    return found


def in_its_list(told: lists.Told, what: str) -> list[Finding]:
    """Expect who has read in the one list and who has not in the other; some are open."""
    return [
        *checks.everybody_once(
            told.read.last_answer, told.read.members, told.readers, told.open, f"readers {what}"
        ),
        *checks.everybody_once(
            told.unread.last_answer, told.unread.members, told.others, told.open, f"others {what}"
        ),
    ]


def crossed(case: Case) -> list[Finding]:
    """Expect lists that are asked for at once to be what they are alone."""
    found = case.attempt("lists that are asked for at once", lists.crossed) or ()
    return [
        finding
        for seen in found
        for finding in checks.everybody_once(
            seen.answer, seen.page, set(seen.before), [], f"{seen.what}, asked for beside others"
        )
    ]


def passed_over(case: Case) -> str:
    """Say who has not read and is passed over by a walk during which somebody reads."""
    found = case.attempt("a walk during which somebody reads", lists.interrupted)
    if found is None:
        return "not tried"
    return "nobody" if not found else f"{len(found)} who have not read"


def in_the_end(case: Case) -> list[Finding]:
    """Expect nobody but perhaps the sender to be left where all others have read."""
    half = case.attempt("lists of what all others have read", paging.all_read)
    if half is None or not (half.read.last_answer.accepted and half.unread.last_answer.accepted):
        return []
    return two_lists(half, "all others have read")


def after_leaving(case: Case) -> list[Finding]:
    """Expect the readers of a message to be the same when somebody else has left the group."""
    found = case.attempt("readers when another member has left", paging.left)
    if found is None:
        return []
    walk, readers = found
    if not walk.last_answer.accepted:
        return []
    return checks.everybody_once(
        walk.last_answer, walk.members, readers, [], "readers, when another member has left"
    )


def when_back(case: Case) -> list[Finding]:
    """Expect those among the readers who came, or came back, before the message was sent."""
    walk = case.attempt("readers who had come back", paging.when_back)
    if walk is None or not walk.last_answer.accepted:
        return []
    scene = case.scene(people.returning)
    return checks.everybody_once(
        walk.last_answer,
        walk.members,
        scene.readers[scene.messages[0].id],
        [],
        "readers who came later or came back",
    )


@pytest.mark.check("lists-are-disjoint")
def test_nobody_is_in_both_lists(case: Case) -> None:
    found = standing(case)
    findings: list[Finding] = []
    for half in found.halves if found is not None else (half_read(case),):
        half.read.must_be_whole()
        half.unread.must_be_whole()
        both = [member for member in half.unread.members if member in half.read.members]
        findings += checks.everybody_once(half.unread.last_answer, both, [], [], "in both lists")
    for what, told in told_of_plays(case):
        both = [member for member in told.unread.members if member in told.read.members]
        why = f"in both lists of a message {what}"
        findings += checks.everybody_once(told.unread.last_answer, both, [], [], why)
    case.judge(findings)


@pytest.mark.check("lists-agree-with-counts")
@pytest.mark.views
def test_the_lists_are_as_long_as_the_counts_say(case: Case) -> None:
    found = standing(case)
    if found is not None:
        case.judge(standing_as_long(found))
        return
    half = half_read(case)
    if case.brief and counted_again(case):
        raise NotExercised("a repeated read counts again, which is open")
    findings = both_as_long(half)
    for _, seen in told_of_plays(case):
        findings += as_long_as_counts(seen) if not seen.again else []
    case.judge(findings)


def standing_as_long(found: standing_.Standing) -> list[Finding]:
    """Expect that of all messages, and that the one who sent them is counted for all or none."""
    findings = distinct([finding for half in found.halves for finding in both_as_long(half)])
    more = [standing_.uncounted(half) for half in found.halves]
    if findings or found.sender is None or len({*more}) == 1:
        return findings
    half = found.halves[more.index(max(more))]
    counts = half.counts.receipt(half.message)
    return receipts.disagreement(half.counts.answer, counts, "unread", [len(half.unread.members)])


def both_as_long(half: paging.Half) -> list[Finding]:
    """Expect the lists of a message to be as long as its counts."""
    half.read.must_be_whole()
    half.unread.must_be_whole()
    counts = half.counts.receipt(half.message)
    findings: list[Finding] = []
    told = [("read", half.read.members), ("unread", half.unread.members)]
    if half.again.last_answer.accepted:
        told.append(("read", half.again.members))
    for field, listed in told:
        findings += as_long_as_counted(half.counts.answer, counts, field, listed, half.message)
    return findings


def as_long_as_counts(told: lists.Told) -> list[Finding]:
    """Expect both lists to be as long as their counts, where there are such."""
    counts = told.counts.receipts.get(told.message.id)
    if counts is None or not counts.known:
        return []
    return [
        finding
        for field, walk in (("read", told.read), ("unread", told.unread))
        for finding in as_long_as_counted(
            told.counts.answer, counts, field, walk.members, told.message
        )
    ]


def as_long_as_counted(
    answer: Answer, counts: Receipt, field: str, listed: Sequence[Any], message: Message
) -> list[Finding]:
    """Expect a list to be as long as its count, but for the sender."""
    lengths = lists.lengths(listed, message, unread=field == "unread")
    number = getattr(counts, field)
    if number is None or number in lengths:
        return []
    return receipts.disagreement(answer, counts, field, sorted(lengths))


def counted_again(case: Case) -> bool:
    """Whether the repeated reads of the message that all have read were counted."""
    scene = case.scene(counting.reading)
    one, marked = (step.receipts.get(scene.messages[0].id) for step in (scene.one, scene.marked))
    return one is not None and marked is not None and one.read != marked.read


@pytest.mark.check("only-members-are-listed")
def test_only_members_are_listed(case: Case) -> None:
    found = standing(case)
    if found is not None:
        case.judge(unnamed(found))
        return
    half = half_read(case)
    members = half.message.conversation.members
    listed = [*half.read.members, *half.unread.members]
    strange = [member for member in dict.fromkeys(listed) if member not in members]
    case.judge(checks.everybody_once(half.unread.last_answer, strange, [], [], "who is no member"))
    if case.profile.rank > 0:
        case.judge(strangers_listed(case) + removed_listed(case))


def unnamed(found: standing_.Standing) -> list[Finding]:
    """Expect nobody in the lists whom the fixture does not name, where the counts leave no room.

    Raises `NotExercised` where somebody may have left, or where the fixture may lack members.
    """
    findings: list[Finding] = []
    for half in found.halves:
        listed = dict.fromkeys((*half.again.members, *half.unread.members))
        members = half.message.conversation.members
        strange = [member for member in listed if member not in members]
        counts = half.counts.receipt(half.message)
        if not members or (
            strange and len(listed) - len(strange) < (counts.read or 0) + (counts.unread or 0)
        ):
            raise NotExercised("the fixture may not name everybody who was a member")
        why = "who is no member"
        findings += checks.everybody_once(half.unread.last_answer, strange, [], [], why)
    return distinct(findings)


def strangers_listed(case: Case) -> list[Finding]:
    """Look into the list of a message that somebody who is no member has tried to read."""
    found = case.attempt("lists after the read of an outsider", paging.after_outsider)
    if found is None:
        return []
    members = case.scene(reads.outsider).messages[0].conversation.members
    strange = [member for member in found.members if member not in members]
    return checks.everybody_once(found.last_answer, strange, [], [], "who only tried to read")


def removed_listed(case: Case) -> list[Finding]:
    """Look into the list of a message for those who were removed before it was sent."""
    found = case.attempt("lists after a removal", paging.after_removal)
    if found is None:
        return []
    listed, gone = found
    page = case.stage.driver.page(listed)
    strange = [member for member in page.members if member in gone]
    return checks.everybody_once(listed, strange, [], [], "who was removed before it was sent")


@pytest.mark.check("listed-members-have-their-names")
def test_members_are_listed_under_their_names(case: Case) -> None:
    found = standing(case)
    if found is not None:
        case.judge(unnamed(found))
        return
    walk = fresh(case)[100]
    walk.must_be_whole()
    members = walk.message.conversation.members
    strange = [member for member in walk.members if member not in members]
    case.judge(checks.everybody_once(walk.last_answer, strange, [], [], "under another name"))


@pytest.mark.check("listing-changes-nothing")
@pytest.mark.views
def test_asking_twice_lists_the_same_members(case: Case) -> None:
    half = half_read(case)
    half.read.must_be_whole()
    findings: list[Finding] = []
    for again in (half.again, half.once_more):
        again.must_be_whole()
        findings += checks.same_members(
            again.last_answer, half.read.members, again.members, "asking twice"
        )
    if case.profile.rank > 0:
        twice = case.attempt("a page that is asked for twice", paging.page_twice, half.message)
        findings += page_asked_twice(case, twice) if twice is not None else []
    case.judge(findings)


def page_asked_twice(case: Case, twice: tuple[Answer, Answer]) -> list[Finding]:
    """Expect as many behind a cursor once more; that it is refused then is open."""
    if not all(answer.accepted for answer in twice):
        case.observe("a cursor that was used before", twice[1].describe())
        return []
    one, two = (case.stage.driver.page(answer) for answer in twice)
    return checks.same_rest(twice[1], one, two, "a page asked for twice")


@pytest.mark.check("plain-message-has-no-lists")
def test_a_message_that_did_not_ask_has_no_lists(case: Case) -> None:
    asked = [(case.scene(questions.plain_message), "a message that did not ask for a receipt")]
    if case.profile.rank > 0:
        with case.optional("the list of a plain message that was read"):
            once_read = case.scene(reads.plain).messages[0]
            asked.append((once_read, "a message that did not ask for a receipt, once read,"))
        asked += without_wish(case)
    findings: list[Finding] = []
    for message, why in asked:
        for read in (False, True) if case.profile.rank > 0 else (False,):
            answer = paging.page_of(case.stage, message, read=read)
            findings += without_lists(case, answer, why)
    case.judge(findings)


def without_wish(case: Case) -> list[tuple[Message, str]]:
    """Return messages that said that they want no receipt, and that were imported, if any."""
    found = []
    with case.optional("the list of a message that wants no receipt"):
        message, _ = case.scene(setup.declined)
        found.append((message, "a message that said that it wants no receipt"))
        _, ids, _ = case.scene(setup.imported) if case.stage.driver.over_http else (None, [], None)
        if ids:
            found.append((replace(message, id=ids[0]), "a message that was imported"))
    return found


def without_lists(case: Case, answer: Answer, why: str) -> list[Finding]:
    """Expect a refusal for that reason, or nobody where the row takes that for no list."""
    if case.given.get("or_nobody") and answer.accepted:
        page = case.stage.driver.page(answer)
        if page.last and not page.members:
            return []
    return [
        *refusals.refused(answer, why),
        *refusals.code_among(answer, case.given.get("codes"), why),
    ]


@pytest.mark.check("unknown-message-has-no-lists")
def test_a_message_that_does_not_exist_has_no_lists(case: Case) -> None:
    findings: list[Finding] = []
    for read in (False, True) if case.profile.rank > 0 else (False,):
        answer = paging.page_of(case.stage, case.scene(questions.no_message), read=read)
        findings += without_lists(case, answer, "a message that does not exist")
    following = (
        case.attempt("the next number", questions.next_one) if case.profile.rank > 0 else None
    )
    if following is not None:
        answer = paging.page_of(case.stage, following[0], read=False)
        findings += without_lists(case, answer, "the number after the newest message")
    case.judge(findings)
