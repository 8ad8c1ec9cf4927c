"""Where requests are dealt with, one after the other, however they came."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

from starlette.routing import BaseRoute

from receiptspec.reference import bent
from receiptspec.reference.behaviour import Behaviour
from receiptspec.reference.calls import Call, Incoming, Refusal, Reply
from receiptspec.reference.settings import Settings
from receiptspec.reference.store import Store
from receiptspec.reference.tencent import hook
from receiptspec.reference.tencent.clients import ClientFace
from receiptspec.reference.tencent.events import Events
from receiptspec.reference.tencent.face import TencentFace
from receiptspec.reference.tencent.site import Site
from receiptspec.reference.tencent.web.face import WebFace
from receiptspec.reference.tencent.webhooks import Webhooks
from receiptspec.reference.volcengine import hook as volcengine_hook
from receiptspec.reference.volcengine.face import VolcengineFace
from receiptspec.reference.volcengine.signature import Keys
from receiptspec.reference.volcengine.site import Site as VolcengineSite

__all__ = ["Desk", "Face", "Office", "Reader", "furnish"]


class Face(Protocol):
    """One vendor's dialect. `begin` names the call, `answer` never raises."""

    vendor: str

    def claims(self, incoming: Incoming) -> bool:
        """Whether a request is for this face."""

    def begin(self, incoming: Incoming, serial: int) -> Call:
        """Return the call of a request."""

    def answer(self, call: Call) -> Reply:
        """Answer a call."""


class Reader(Protocol):
    """Makes a user read; `wish` is the JSON of ``hooks.read``. Raises `Refusal`."""

    def __call__(self, call: Call, wish: dict[str, Any]) -> int:
        """Return how many messages were read."""


class Desk(Protocol):
    """What deals with requests."""

    def answer(self, incoming: Incoming) -> tuple[str, Reply]:
        """Return the operation of a request, if it has one, and the reply."""

    def read(self, wish: Any) -> tuple[dict[str, Any], int]:
        """Make a user read; return the answer of ``hooks.read`` and its status."""


class _Desk:
    """The desk of a server; the last face takes what no other one claims."""

    def __init__(
        self, faces: Sequence[Face], behaviour: Behaviour, readers: dict[str, Reader]
    ) -> None:
        self._faces, self._behaviour, self._readers = faces, behaviour, readers
        self._serial = 0

    def answer(self, incoming: Incoming) -> tuple[str, Reply]:
        """Have the face of a request answer it, and the twists see the bytes."""
        face = next((f for f in self._faces if f.claims(incoming)), self._faces[-1])
        self._serial += 1
        call = face.begin(incoming, self._serial)
        reply = face.answer(call)
        self._behaviour.on_bytes(call, reply)
        return call.operation, reply

    def read(self, wish: Any) -> tuple[dict[str, Any], int]:
        """Have the reader of a wish's vendor perform it."""
        reader = self._readers.get(wish.get("vendor", "")) if isinstance(wish, dict) else None
        if reader is None:
            return {"error": "vendor: one that is served is needed"}, 400
        incoming = Incoming("POST", "/_reference/read", "", (), b"", "127.0.0.1")
        call = Call(incoming, str(wish["vendor"]), self._behaviour, 0, "hook.read")
        try:
            return {"read": reader(call, wish)}, 200
        except Refusal as refusal:
            return {"error": str(refusal)}, 400


@dataclass(frozen=True)
class Office:
    """All that a server is but the connections; `streams` are routes past the desk."""

    desk: Desk
    hooks: Webhooks
    streams: Sequence[BaseRoute]


def furnish(settings: Settings, *, mute: bool = False) -> Office:
    """Return a new server's insides; `settings` are filled. One that is `mute` sends no webhooks.

    Raises `ConfigurationError` for unknown names, or a webhook beyond loopback.
    """
    behaviour = bent(settings.faults, settings.variants)
    store = Store()
    at, token = settings.webhook, settings.webhook_token
    hooks = Events(settings.sdkappid, store, at, token, mute=mute)
    site = Site(settings.sdkappid, settings.identifier, settings.key, store, hooks)
    keys = Keys(settings.access_key, settings.secret_key, settings.region)
    volcengine = VolcengineSite(settings.appid, keys)
    clients = ClientFace(site, behaviour)
    faces: list[Face] = [
        clients,
        VolcengineFace(volcengine, behaviour),
        TencentFace(site, behaviour),
    ]
    readers: dict[str, Reader] = {
        "tencent": partial(hook.read, site),
        "volcengine": partial(volcengine_hook.read, volcengine),
    }
    streams = [*clients.routes(), *WebFace(site, behaviour).routes()]
    return Office(_Desk(faces, behaviour, readers), hooks, streams)
