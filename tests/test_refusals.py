"""A refusal may come for the call or for the item that is broken."""

from dataclasses import replace

import pytest

from receiptspec.checks import refusals
from receiptspec.exchange import Exchange, Request, Response
from receiptspec.neutral import Answer, Receipt, Verdict

GOOD, BAD = Receipt(message=1, known=True, code=0), Receipt(message=0, known=False, code=10004)


def answer(verdict):
    request = Request("POST", "http://127.0.0.1", "/", (), b"{}")
    exchange = Exchange(1, request, Response(200, (), b"{}", 0.01), 0.0, None)
    return Answer("get_group_msg_receipt", verdict, exchange)


def test_any_code_will_do_where_the_documents_name_none():
    refusal = replace(answer(Verdict.REFUSED), code=9999)
    assert refusals.code_among(refusal, None, "a mixture") == []
    assert len(refusals.code_among(refusal, [10004], "a mixture")) == 1


@pytest.mark.parametrize("items", [[BAD], [BAD, GOOD], [GOOD, BAD, GOOD]])
def test_an_item_with_a_code_refuses_what_was_broken_in_it(items):
    assert not refusals.refused(answer(Verdict.ACCEPTED), "an item without id", items=items)


@pytest.mark.parametrize("items", [[], [GOOD], [GOOD, GOOD]])
def test_items_that_all_have_data_refuse_nothing(items):
    assert refusals.refused(answer(Verdict.ACCEPTED), "an item without id", items=items)


def test_a_refused_call_needs_no_items():
    assert not refusals.refused(answer(Verdict.REFUSED), "an item without id")


def other(method, status):
    request = Request(method, "http://127.0.0.1", "/", (), b"{}")
    response = Response(status, (), b"", 0.01) if status else None
    exchange = Exchange(1, request, response, 0.0, None if status else "reset")
    return Answer("get_group_msg_receipt", Verdict.TROUBLE, exchange)


@pytest.mark.parametrize("status", [None, 301, 404, 501])
def test_what_http_says_to_another_method_is_open(status):
    for method in ("GET", "PUT", "OPTIONS"):
        assert not refusals.refused(other(method, status), "a method", or_http_error=True)
        assert not refusals.not_answered(other(method, status), "a method")


def test_an_error_page_is_none_whatever_the_method():
    assert refusals.not_answered(other("OPTIONS", 500), "OPTIONS")
    assert refusals.not_answered(other("POST", None), "a body")
    assert refusals.not_answered(other("RPC", None), "a line of a harness")


def test_what_was_done_behind_a_refusal_is_named():
    refused = answer(Verdict.REFUSED)
    (finding,) = refusals.done(
        "members", refused, [refused], "3 of them", "refused with code 10010"
    )
    assert (finding.expected, finding.actual) == ("3 of them", "refused with code 10010")
