"""The operations beside the receipts tell messages and members as they are, and obey the owner."""

import pytest

from receiptspec.case import Case
from receiptspec.checks import neighbours as checks
from receiptspec.checks import refusals
from receiptspec.findings import Finding, distinct
from receiptspec.scenes import neighbours


@pytest.mark.check("messages-are-shown-as-sent")
@pytest.mark.profile("standard")
@pytest.mark.views
def test_messages_are_shown_as_they_were_sent(case: Case) -> None:
    scene = case.scene(neighbours.shown)
    if scene.refused is not None:
        case.observe("a message of another conversation", scene.refused.describe())
    places: dict[object, object] = {}
    findings: list[Finding] = []
    for look in scene.looks:
        findings += refusals.accepted(look.answer, f"messages {look.why}")
        findings += checks.shown_once(look.answer, ids(case, look), look.wanted, look.why)
        own = [id_ for id_ in ids(case, look) if id_ in scene.sent[look.place]]
        findings += checks.unasked(look.answer, own, look.wanted, look.why)
        findings += as_sent(case, scene, look)
        for id_, place in placed(case, look):
            before = places.setdefault((look.place, id_), place)
            findings += checks.kept_place(look.answer, id_, before, place, look.why)
    findings += ordered(case, scene.looks[0])
    far = case.attempt("many messages", neighbours.far_apart)
    if far is not None:
        case.observe("many messages", far.answer.describe())
        findings += ordered(case, far)
    case.judge(distinct(findings))


def as_sent(case: Case, scene: neighbours.Shown, look: neighbours.Look) -> list[Finding]:
    """Expect each message as it was sent, and none of elsewhere as one of the conversation."""
    driver = case.stage.driver
    own = scene.sent[look.place]
    others = [calls for place, calls in scene.sent.items() if place != look.place]
    elsewhere = {id_: call for calls in others for id_, call in calls.items()}
    findings: list[Finding] = []
    for item in driver.shown_messages(look.answer):
        id_, place = driver.shown_id(item), driver.shown_place(item)
        if id_ in look.wanted:
            fields = driver.shown_as_sent(item, own[id_])
            findings += checks.as_sent(look.answer, id_, fields, look.why)
        elif id_ in elsewhere and place in (None, look.place):
            compared = driver.shown_as_sent(item, elsewhere[id_]).values()
            same = sum(sent == told for sent, told in compared)
            if same >= len(compared) - 1:  # but for the place; else it is another with this id
                findings += checks.foreign(look.answer, id_)
    return findings


def ids(case: Case, look: neighbours.Look) -> list[object]:
    """Return the ids of the messages that an answer shows."""
    driver = case.stage.driver
    return [driver.shown_id(item) for item in driver.shown_messages(look.answer)]


def placed(case: Case, look: neighbours.Look) -> list[tuple[object, object]]:
    """Return the messages that were asked for, with places as far as they are told."""
    driver = case.stage.driver
    shown = {driver.shown_id(item): item for item in driver.shown_messages(look.answer)}
    found = [(id_, driver.place_of(shown[id_])) for id_ in look.wanted if id_ in shown]
    return [(id_, place) for id_, place in found if place is not None]


def ordered(case: Case, look: neighbours.Look) -> list[Finding]:
    """Expect the messages of a look, oldest first, to have rising places."""
    return checks.rising(look.answer, placed(case, look), look.why)


@pytest.mark.check("members-are-described")
@pytest.mark.profile("standard")
@pytest.mark.views
def test_members_are_described_and_nobody_else(case: Case) -> None:
    scene, findings = case.scene(neighbours.shown), []
    for seen in (scene.members, case.attempt("a large group", neighbours.described)):
        if seen is not None and seen.answer.accepted:
            findings += checks.described(seen.answer, seen.told, seen.there, seen.gone, seen.failed)
        elif seen is not None:
            case.observe(f"{len(seen.there) + len(seen.gone)} members", seen.answer.describe())
    case.judge(distinct(findings))


@pytest.mark.check("only-owner-dismisses")
@pytest.mark.profile("standard")
def test_only_its_owner_dismisses_a_conversation(case: Case) -> None:
    findings: list[Finding] = []
    for dismissed in case.scene(neighbours.dismissed_by_others):
        findings += refusals.refused(dismissed.answer, dismissed.who)
        codes = case.given[dismissed.codes]
        findings += refusals.code_among(dismissed.answer, codes, dismissed.who)
    case.judge(findings)
