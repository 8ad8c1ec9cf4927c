"""What people write, as it comes back."""

from __future__ import annotations

from receiptspec.neutral import Answer
from receiptspec.scenes.groups import good
from receiptspec.stage import Stage

__all__ = ["colourful"]

_TEXT = '中文 👀 é "quoted" back\\slash\nline'


def colourful(stage: Stage) -> Answer:
    """Send a text of several scripts with quotes and breaks, and look at it."""
    driver = stage.driver
    driver.look_at_messages(good(stage).group, ())  # not there: nothing needs to be sent
    group = stage.group(2)
    number = stage.number("colourful")
    call = driver.send_message(group, group.owner, receipt=True, number=number)
    message = stage.post(group, driver.with_texts(call, f"{_TEXT} {number}"))
    return stage.must(driver.look_at_messages(group, [message.id]))
