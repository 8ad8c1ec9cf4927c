"""A walk that the infrastructure ends is no error of the suite, whether or not it repeats."""

import pytest

from receiptspec import model
from receiptspec.errors import NotExercised, Throttled
from receiptspec.model import explore
from receiptspec.neutral import Conversation, Kind, Message


class Stage:
    """Refuses groups, the first time or always."""

    sent = 0

    def __init__(self, error, *, always):
        self.error, self.always, self.asked = error, always, 0

    def users(self, count):
        return tuple(f"u{n}" for n in range(count))

    def group(self, _size):
        self.asked += 1
        if self.always or self.asked == 1:
            raise self.error
        raise NotExercised("another reason")


@pytest.mark.parametrize("always", [True, False])
@pytest.mark.parametrize("error", [NotExercised("no group"), Throttled("to the end")])
def test_trouble_keeps_its_name(error, always):
    stage = Stage(error, always=always)
    with pytest.raises(type(error), match=str(error)):
        explore(stage, 2, 5)
    assert stage.asked == 1


def test_other_errors_are_errors():
    with pytest.raises(ZeroDivisionError):
        explore(Stage(ZeroDivisionError(), always=True), 2, 5)


def test_a_recalled_message_is_not_judged_again_when_members_change():
    group = Conversation(Kind.GROUP, "g", "Public", "ann", ("ann", "bob"))
    machine = model._Machine(None, [], tired=False)
    machine.groups = [group]
    machine.states = [
        model._State(name, Message(group, name, "ann", wants_receipt=True), {"bob"}, since=1)
        for name in ("m1", "m2")
    ]
    recalled, other = machine.states
    machine._forget(recalled)
    machine._regroup(0, ("ann",))
    assert recalled.since < 0
    assert other.since == 0
