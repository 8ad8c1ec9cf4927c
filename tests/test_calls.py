"""Refusals that say nothing of what was broken."""

import pytest

from receiptspec.errors import NotExercised
from receiptspec.exchange import Exchange, Request, Response
from receiptspec.neutral import Answer, Call, Verdict
from receiptspec.scenes import calls

GOOD = Call("send_group_msg", {"GroupId": "g"})
BROKEN = Call("send_group_msg", {}, label="no GroupId")


class Counter:
    """Refuses what is broken with one code, and good calls with another when it is used up."""

    def __init__(self, broken, good=None):
        self.codes = {id(BROKEN): broken, id(GOOD): good}

    def scene(self, play, *args):
        return play(self, *args)

    def call(self, call):
        code = self.codes[id(call)]
        request = Request("POST", "http://127.0.0.1:1", "/", (), b"{}")
        exchange = Exchange(1, request, Response(200, (), b"{}", 0.0), 0.0)
        verdict = Verdict.REFUSED if code else Verdict.ACCEPTED
        return Answer(call.operation, verdict, exchange, code=code)


def spared(counter):
    return calls.spared(counter, calls.Named(GOOD), counter.call(BROKEN).code)


def test_a_quota_that_refuses_everything_proves_nothing():
    with pytest.raises(NotExercised, match="unbroken is refused with code 60028 as well"):
        spared(Counter(60028, 60028))


@pytest.mark.parametrize("good", [None, 10007])
def test_a_limit_that_spares_the_good_call_is_a_refusal_like_others(good):
    spared(Counter(60028, good))
