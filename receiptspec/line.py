"""The line to a target: a call that is put on it is built, sent, read and written down, once.

Nothing is waited out here and nothing sent again: that is what `calling` is for.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import replace

from receiptspec import clocks
from receiptspec.client import Client, Terms
from receiptspec.contract import Contract
from receiptspec.drivers.base import Driver
from receiptspec.errors import Inconclusive, NotExercised
from receiptspec.exchange import Exchange, Redactor, Request
from receiptspec.journal import Journal
from receiptspec.neutral import Answer, Call, Verdict
from receiptspec.steps import Steps
from receiptspec.targets import Target
from receiptspec.witnesses import Witnesses

__all__ = ["Line"]


class Line:
    """What carries calls to one target, with the journal of what they make there.

    `client` keeps rate and budget; `carrier` takes requests, over HTTP that same client. `spoken`
    holds the operations that were answered in the vendor's form, however they were called; `unable`
    says why nothing is written though that is allowed, empty where it is.
    """

    def __init__(
        self,
        target: Target,
        contract: Contract,
        driver: Driver,
        client: Client,
        *,
        redact: Redactor,
        witnesses: Witnesses,
        journal: Journal | None,
    ) -> None:
        self.target, self.contract, self.driver = target, contract, driver
        self.client, self.carrier = client, driver.carry(client)
        self.redact, self.witnesses, self.journal = redact, witnesses, journal
        self.steps = Steps(driver, contract)
        self.spoken: set[str] = set()
        self.unable = ""
        self._clock = clocks.Clock()

    def allow(self, call: Call) -> None:
        """Raise `NotExercised` for a write that the owner has not allowed."""
        if self.contract.calls[call.operation].writes and not self.target.writes:
            why = self.unable or f"{self.target.name} has no writes: true"
            raise NotExercised(f"{call.operation} writes; {why}")

    def only_read(self, why: str) -> None:
        """Allow no more writes, for a reason."""
        self.target, self.unable = replace(self.target, writes=False), why

    def built(self, call: Call) -> Request:
        """Return the request that a call is, whose secrets will not be shown."""
        request = self.driver.build(self.contract.calls[call.operation], call)
        self.hide_secrets()
        return request

    def hide_secrets(self) -> None:
        """Show nothing from now on that the driver holds for a secret."""
        for secret in self.driver.secrets():
            self.redact.add(secret)

    def once(self, call: Call) -> Answer:
        """Send a call and return what came back, whatever it is; raises `BudgetSpent`."""
        request = self.built(call)
        number = self._announce(call)
        try:
            exchange = self.carrier.send(request, self._terms(call, number))
        except Inconclusive:
            self._unsent(number)
            raise
        answer = replace(
            self.driver.read(call.operation, exchange),
            request_body=None if call.raw is not None else call.body,
        )
        self._compare_clocks(answer)
        self._note(call, number, answer)
        return answer

    def _note(self, call: Call, number: int | None, answer: Answer) -> None:
        """Write down what came of a call, for whoever asks later."""
        self._enter(call, number, answer)
        self.steps.note(answer)
        if answer.spoken:
            self.spoken.add(call.operation)
        if not answer.exchange.trouble:
            self.witnesses.watch(answer)

    def _terms(self, call: Call, number: int | None) -> Terms:
        """Return how a call is to be paid for: what it makes has to be dismissed as well."""
        return Terms(self.contract.calls[call.operation].writes, ahead=int(number is not None))

    def _announce(self, call: Call) -> int | None:
        """Write down what a call is to make, before it is sent."""
        made = self.driver.makes(call) if self.journal is not None else None
        return self.journal.intends(*made) if made and self.journal else None

    def _unsent(self, number: int | None) -> None:
        """Write down that an announced call was not sent after all."""
        if number is not None and self.journal is not None:
            self.journal.nothing(number)

    def _enter(self, call: Call, number: int | None, answer: Answer) -> None:
        """Write down what a call made or ended; without an answer that stays open."""
        if self.journal is None:
            return
        if number is not None:
            id_ = self.driver.made_group(answer)
            if id_ is not None:
                self.journal.made(number, id_)
            elif self._made_nothing(answer):
                self.journal.nothing(number)
                self.client.give_back(1)
        elif answer.accepted and (ended := self.driver.ends(call)) is not None:
            self.client.give_back(self.journal.gone(ended))

    def _made_nothing(self, answer: Answer) -> bool:
        """Whether an answer says for certain that the call was not carried out."""
        refused = answer.refused or answer.verdict is Verdict.THROTTLED
        return refused or self.driver.is_unknown_command(answer)

    def at_once(self, calls: Sequence[Call], connections: int) -> list[Answer]:
        """Send calls at the same time over several connections; answers in the order of `calls`.

        Each answer is what came first: nothing is waited out or sent again.
        """
        requests = [self.built(call) for call in calls]
        numbers = [self._announce(call) for call in calls]
        terms = [
            replace(self._terms(call, number), apart=True)
            for call, number in zip(calls, numbers, strict=True)
        ]
        work = list(zip(requests, terms, strict=True))
        exchanges = self._send_at_once(work, connections)
        answers = []
        for call, number, exchange in zip(calls, numbers, exchanges, strict=True):
            if isinstance(exchange, Exception):
                self._unsent(number)
                continue
            answer = replace(self.driver.read(call.operation, exchange), request_body=call.body)
            self._note(call, number, answer)
            answers.append(answer)
        for exchange in exchanges:
            if isinstance(exchange, Exception):
                raise exchange
        return answers

    def _send_at_once(
        self, requests: Sequence[tuple[Request, Terms]], connections: int
    ) -> list[Exchange | Exception]:
        """Send over several threads, none of which keeps an interrupted run from ending."""
        waiting = list(enumerate(requests))[::-1]
        done: dict[int, Exchange | Exception] = {}

        def work() -> None:
            while waiting:
                try:
                    index, (request, terms) = waiting.pop()
                except IndexError:
                    return
                try:
                    done[index] = self.carrier.send(request, terms)
                except Exception as error:
                    done[index] = error

        threads = [threading.Thread(target=work, daemon=True) for _ in range(connections)]
        for thread in threads:
            thread.start()
        try:
            for thread in threads:
                thread.join()
        finally:
            waiting.clear()
        return [done[index] for index in sorted(done)]

    @property
    def doubts_clock(self) -> bool:
        """Whether the target's clock seems to be off and nothing shows yet that it goes on."""
        return bool(self.driver.ahead) and not self._clock.goes

    def _compare_clocks(self, answer: Answer) -> None:
        """Remember how far the target's clocks are ahead of ours."""
        response, started = answer.exchange.response, answer.exchange.started
        if response is None:
            return
        now = started + response.elapsed
        stamp = clocks.moment(response.header("Date"))
        if stamp is not None:
            self._clock.shows(stamp, now, response.elapsed)
        sent = self.driver.sent_at(answer) if answer.accepted else None
        if sent is not None:
            self._clock.says(sent, now)
        self.driver.ahead, self.driver.stamped = self._clock.ahead, self._clock.stamped
        self.driver.doubt = self._clock.doubt

    def close(self) -> None:
        """Close the connections, end every SDK, and let the journal go."""
        self.carrier.close()
        if self.journal is not None:
            self.journal.close()
