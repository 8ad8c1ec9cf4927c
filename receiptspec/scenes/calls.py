"""Good calls, and what departs from them by one thing."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Mapping
from functools import partial
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from receiptspec import boundaries, dialect, jsonschemas, mutations, strategies
from receiptspec.errors import NotExercised
from receiptspec.neutral import Answer, Call, Message
from receiptspec.scenes.groups import NOWHERE, Ready, a_member, good, newborn, ready
from receiptspec.stage import Stage

__all__ = [
    "ORDINARY",
    "Named",
    "answered_in",
    "any_good_call",
    "broken_bodies",
    "catalogue",
    "departures",
    "followed",
    "good_call",
    "guarded",
    "put",
    "question",
    "questions",
    "repeatable",
    "sent",
    "spared",
    "tree",
]


#: What the label of the smallest documented call of an operation says.
ORDINARY = "the ordinary call"


_NO_GROUP = 2**62 + 1_000_003  # beyond every id that is likely to be given


class Named:
    """A call as a scene's argument: its repr is the key under which its answer is remembered."""

    def __init__(self, call: Call) -> None:
        self.call = call

    def __repr__(self) -> str:
        call = self.call
        return repr(
            (
                call.operation,
                call.raw if call.raw is not None else dialect.dumps(call.body),
                sorted(call.query.items(), key=str),
                sorted(call.rename.items()),
                sorted(call.headers.items(), key=str),
                call.method,
                call.path,
                call.credential,
                call.user,
            )
        )


def sent(stage: Stage, named: Named) -> Answer:
    """Send a call, once for all who ask for the same."""
    return stage.call(named.call)


def spared(stage: Stage, good: Named, code: Any) -> None:
    """Raise `NotExercised` where the limit that refused a broken call refuses the good one too."""
    answer = stage.call(good.call)
    if answer.refused and answer.code == code:
        raise NotExercised(f"{good.call.operation} unbroken is refused with code {code} as well")


def followed(stage: Stage, bad: Named, good: Named) -> Answer | None:
    """Send a good call over the connection of a bad one; return what came if that is not its own.

    That is no answer, or the refusal of the bad one again. It has to happen three times, and not
    where the good one follows itself. A connection may be closed at any time.
    """
    for _ in range(3):
        before, after = stage.at_once([bad.call, good.call], 1)
        again = before.refused and after.refused and before.code == after.code
        if after.exchange.response is None or (after.spoken and not again):
            return None
    return after if stage.at_once([good.call, good.call], 1)[-1].accepted else None


def question(stage: Stage, scene: Ready) -> Call:
    """Return the good call that others are made from: two messages that have receipts."""
    return stage.driver.ask_receipts(scene.group, [message.id for message in scene.messages[:2]])


def _request_schema(stage: Stage, operation: str) -> jsonschemas.Schema:
    file = stage.contract.calls[operation].request
    assert file is not None  # noqa: S101
    return jsonschemas.load(file)


def tree(stage: Stage, operation: str) -> Mapping[str, Any]:
    """Return the schema of an operation's body as it stands in its file."""
    found = _request_schema(stage, operation).tree
    return found if isinstance(found, Mapping) else {}


def answered_in(stage: Stage, operation: str) -> tuple[str, ...]:
    """Return the fields in which an operation answers, without those that say how it went."""
    contract = stage.contract
    file = contract.calls[operation].response
    whole = jsonschemas.load(file).tree if file else {}
    around = jsonschemas.load(contract.envelope).tree if contract.envelope else {}
    fields = whole.get("properties", {}) if isinstance(whole, Mapping) else {}
    envelope = around.get("required", ()) if isinstance(around, Mapping) else ()
    return tuple(name for name in fields if name not in envelope)


def catalogue(stage: Stage, call: Call) -> tuple[mutations.Mutation, ...]:
    """Return every way to break exactly one documented rule of a call's body."""
    return stage.scene(_catalogue, Named(call))


def _catalogue(stage: Stage, named: Named) -> tuple[mutations.Mutation, ...]:
    call = named.call
    return tuple(mutations.mutations(_request_schema(stage, call.operation), call.body))


def departures(stage: Stage, good: Call) -> tuple[Mapping[str, Any], ...]:
    """Return ways to vary a good call: each rule of each field broken once, an unknown group."""
    first: dict[tuple[str, str], mutations.Mutation] = {}
    for mutation in catalogue(stage, good):
        first.setdefault((mutation.at, mutation.keyword), mutation)
    changes: list[Mapping[str, Any]] = [
        {"replace": mutation.body, "label": mutation.label} for mutation in first.values()
    ]
    fields = tree(stage, good.operation).get("properties", {})
    for name, field in fields.items():
        if name in good.body and field.get("x-live") == "group":
            unknown = _NO_GROUP if isinstance(good.body[name], int) else f"{good.body[name]}x"
            changes.append({"body": {"set": {name: unknown}}, "label": f"an unknown {name}"})
    return tuple(changes)


def broken_bodies(stage: Stage, call: Call) -> SearchStrategy[mutations.Mutation]:
    """Return a strategy for bodies that break one documented rule."""
    return mutations.mutated(
        _request_schema(stage, call.operation), _live(stage, stage.scene(ready))
    )


def questions(stage: Stage, scene: Ready) -> SearchStrategy[Any]:
    """Return a strategy for documented bodies of the receipt operation."""
    schema = _request_schema(stage, stage.driver.ask)
    return strategies.from_schema(schema, live=_live(stage, scene))


def _live(stage: Stage, scene: Ready) -> dict[str, SearchStrategy[Any]]:
    ids = [message.id for message in scene.messages]
    odd = [scene.plain.id] if scene.plain else []
    odd += [max(ids) + 1000, 0, -1, 2**31, 2**32, 2**53 + 1, 2**63]
    message = st.sampled_from(ids) | st.sampled_from(ids) | st.sampled_from(odd)
    known = {name: st.just(value) for name, value in stage.driver.constants.items()}
    return {"group": st.just(scene.group.id), "message": message, **known}


def put(stage: Stage, body: Any) -> Answer:
    """Send a body to the receipt operation."""
    return stage.call(Call(stage.driver.ask, body))


def good_call(stage: Stage, operation: str, *, apart: bool = False) -> Call:
    """Return a call of `operation` that is known to be accepted, to break or to vary.

    Refusals prove nothing where the unbroken call is refused as well: `NotExercised`. What `apart`
    calls leave behind where they are broken and nevertheless accepted, nothing else looks at.
    """
    if operation == stage.driver.ask:
        return question(stage, good(stage))
    return stage.scene(_proven, operation, apart)


def _proven(stage: Stage, operation: str, apart: bool) -> Call:
    if not stage.can(operation):
        raise NotExercised(f"{operation} is not there")
    schema = _request_schema(stage, operation)
    live = _Live(stage, operation, apart)
    body = stage.driver.sensible(operation, boundaries.smallest(schema, live), live)
    call = Call(operation, body, label=ORDINARY)
    stage.must(call)
    return call


def any_good_call(stage: Stage, operations: Collection[str]) -> Call:
    """Return a good call of the receipt operation, or of the first of `operations` that has one.

    What only looks comes first, then what makes users; what takes away comes never.
    """
    try:
        return good_call(stage, stage.driver.ask)
    except NotExercised as error:
        reason = error
    known, harmless, taking = stage.contract.operations, repeatable(stage), _taking(stage)
    for operation in sorted(operations, key=lambda o: (o not in harmless, known[o].writes)):
        if operation != stage.driver.ask and operation not in taking:
            with contextlib.suppress(NotExercised):
                return good_call(stage, operation)
    raise reason.with_traceback(None)


def repeatable(stage: Stage) -> tuple[str, ...]:
    """Return the operations that only look, and those that make users: again is as well."""
    making = [call.operation for call in stage.driver.make_users([""])]
    known = stage.contract.operations
    return (*(name for name, operation in known.items() if not operation.writes), *making)


def guarded(stage: Stage, operations: tuple[str, ...]) -> tuple[Call, ...]:
    """Return good calls of other operations, to be made without a right.

    Those that take away or move what is there are not known to be accepted: they name a group of
    their own, and are left out where there is none.
    """
    found: dict[str, Call] = {}
    with contextlib.suppress(NotExercised):
        found = _guarded_of_group(stage, operations)
    for operation in operations:
        if operation not in found:
            try:
                found[operation] = good_call(stage, operation)
            except NotExercised:  # the target does not have it
                continue
    return tuple(found[operation] for operation in operations if operation in found)


def _guarded_of_group(stage: Stage, operations: tuple[str, ...]) -> dict[str, Call]:
    group = stage.group(2)
    message, driver = stage.say(group), stage.driver
    own = [driver.recall(message), driver.remove_member(group, group.members[1])]
    moving = driver.move_read_position(group, group.members[1], 0)
    if moving is not None and moving.operation in operations:
        own += _moving(stage, message)
    own += _importing(stage, operations)
    return {call.operation: call for call in (*own, driver.dismiss(group))}


def _moving(stage: Stage, message: Message) -> list[Call]:
    """Return the call that moves a member's read position to a message, if it is told where."""
    group, driver = message.conversation, stage.driver
    try:
        (place,) = places(stage, message)
    except NotExercised:
        return []
    call = driver.move_read_position(group, group.members[1], place)
    return [call] if call is not None else []


def _importing(stage: Stage, operations: tuple[str, ...]) -> list[Call]:
    """Return the call that imports an old message, if it is known to be accepted."""
    try:
        operation = stage.driver.import_messages(NOWHERE, 1).operation
        if operation not in operations:
            return []
        group = stage.scene(doomed, operation).conversation
        stage.let_age(group, 3.2)
        call = stage.driver.import_messages(group, 1)
        stage.must(call)
    except NotExercised:  # the vendor or the target does not have it
        return []
    return [call]


class _Live(dict[str, Any]):
    """What the live system has under the names that schemas give in ``x-live``, made on demand."""

    def __init__(self, stage: Stage, operation: str, apart: bool) -> None:
        changes = stage.contract.calls[operation].writes
        names = jsonschemas.live_names(_request_schema(stage, operation))
        aside = apart and "group" not in names  # who makes a group owns it

        def message() -> Message:
            if operation in _taking(stage):
                return stage.scene(doomed, operation)
            place = grounds if apart else sandbox
            return stage.scene(place) if changes else good(stage).messages[0]

        def mail() -> Message:
            return stage.scene(letter, *((9, 10) if apart else ()))

        makers: dict[str, Callable[[], Any]] = {
            "group": lambda: message().conversation.id,
            "message": lambda: message().id,
            "member": lambda: a_member(message().conversation),
            "user": lambda: stage.users(11)[10] if aside else stage.users(1)[0],
            "operator": lambda: mail().conversation.members[1],
            "peer": lambda: mail().conversation.members[0],
            "message-key": lambda: mail().id,
            "place": lambda: places(stage, message())[0],
            "past": lambda: _past(stage, message()),
            "new-user": lambda: f"rs{stage.namespace}-new",
            "new-group-name": lambda: f"rs{stage.namespace}",
            **{name: partial(stage.driver.constants.get, name) for name in stage.driver.constants},
        }
        self._makers = makers
        super().__init__({name: makers[name]() for name in names})

    def get(self, name: str, default: Any = None) -> Any:
        """Return what is there under a name, also where only the driver asks for it."""
        if name not in self and name in self._makers:
            self[name] = self._makers[name]()
        return super().get(name, default)


def _taking(stage: Stage) -> tuple[str, ...]:
    """Return the operations that take away what others need, or bring in old messages."""
    driver, message = stage.driver, Message(NOWHERE, "", "", wants_receipt=False)
    makers: tuple[Callable[[], Call], ...] = (
        partial(driver.dismiss, NOWHERE),
        partial(driver.remove_member, NOWHERE, ""),
        partial(driver.recall, message),
        partial(driver.import_messages, NOWHERE, 1),
    )
    taking = []
    for make in makers:
        with contextlib.suppress(NotExercised):
            taking.append(make().operation)
    return tuple(taking)


def doomed(stage: Stage, operation: str) -> Message:
    """Send a message to a group that only calls of one operation take apart."""
    del operation
    return stage.say(stage.group(3))


def places(stage: Stage, *messages: Message) -> tuple[Any, ...]:
    """Return where in their conversation messages are; `NotExercised` where that is not told."""
    ids = [message.id for message in messages]
    call = stage.driver.look_at_messages(messages[0].conversation, ids)

    def listed() -> Mapping[Any, Any]:
        return stage.driver.group_history(stage.must(call))

    history = stage.until(listed, lambda found: all(id_ in found for id_ in ids))
    if any(id_ not in history for id_ in ids):
        raise NotExercised("the answer about messages lacks one that was sent")
    found = tuple(stage.driver.place_of(history[id_]) for id_ in ids)
    if None in found:
        raise NotExercised("the answer about messages tells no positions")
    return found


def _past(stage: Stage, message: Message) -> int:
    """Return a time after a message and before now, as the target tells the time."""
    sent = stage.driver.sent_at(stage.told(message))
    if sent is None:
        raise NotExercised("the answer that a message was sent tells no time")
    stage.let_pass(stage.told(message), 2.2)
    return int(sent) + 1


def sandbox(stage: Stage) -> Message:
    """Send a message with receipts to a group that calls may change at will."""
    message = stage.say(stage.group(3))
    newborn(stage, message.conversation, message)
    return message


def grounds(stage: Stage) -> Message:
    """Send a message with receipts to a group of which nothing else is asked."""
    return stage.say(stage.group(3))


def letter(stage: Stage, first: int = 0, second: int = 1) -> Message:
    """Send a message with a receipt from one user to another, both by number."""
    users = stage.users(max(first, second) + 1)
    return stage.say(stage.pair(users[first], users[second]))
