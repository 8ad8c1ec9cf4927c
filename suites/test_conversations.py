"""A receipt says which conversation it belongs to, and a call is about one conversation."""

import pytest

from receiptspec.case import Case
from receiptspec.checks import events as checks
from receiptspec.checks import refusals
from receiptspec.findings import Finding
from receiptspec.scenes import direct, events, groups


@pytest.mark.check("receipt-names-its-conversation")
def test_a_receipt_names_its_conversation(case: Case) -> None:
    findings: list[Finding] = []
    if case.given["kind"] == "group":
        ready = case.scene(groups.good)
        for receipt in ready.fresh.receipts.values():
            if receipt.known:
                answer = ready.fresh.answer
                findings += checks.named(answer, receipt, "conversation", ready.group.id)
    else:
        letters = case.scene(direct.letters)
        peer = letters.conversation.members[1]
        for message in letters.messages:
            found = letters.before.receipts.get(message.id)
            if found is not None and found.known:
                findings += checks.named(letters.before.answer, found, "peer", peer)
    case.judge(findings[:1])


@pytest.mark.check("mixed-conversations-are-refused")
def test_messages_of_two_conversations_are_refused(case: Case) -> None:
    answers = [case.scene(events.mixed, case.operation.name)]
    if case.profile.rank > 0:
        answers.append(case.scene(events.mixed_people, case.operation.name))
    why = "messages of two conversations"
    findings: list[Finding] = []
    for answer in answers:
        findings += refusals.refused(answer, why)
        findings += refusals.code_among(answer, case.given["codes"], why)
    case.judge(findings)


@pytest.mark.check("empty-list-is-observed")
def test_what_becomes_of_an_empty_list_is_recorded(case: Case) -> None:
    case.observe("an empty list", case.scene(events.unlisted).describe())
