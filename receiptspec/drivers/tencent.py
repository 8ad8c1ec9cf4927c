"""The REST dialect of Tencent Chat on the wire: signed calls out, envelopes in.

Source: overview (O1), UserSig (U1).
"""

from __future__ import annotations

import json
import os
import re
import time
import zlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import Any
from urllib.parse import quote, urlencode

from receiptspec import strictjson
from receiptspec.client import Client
from receiptspec.contract import CodeId, Contract, Operation
from receiptspec.drivers import usersig
from receiptspec.drivers.base import evidence
from receiptspec.drivers.tencent_actions import TencentActions
from receiptspec.exchange import Exchange, Request, Secret
from receiptspec.harness import Harnesses, environment, request
from receiptspec.neutral import Answer, Call, Conversation, Kind, Message, Verdict
from receiptspec.targets import Harness, Target

__all__ = ["TencentDriver"]

_ORDINARY_USER = "rs-ordinary-user"
_PAGE = "an HTML page"
_SHORT_NUMBER = re.compile(r"-?[0-9]{1,18}")

#: Credentials that change the URL as well as, or instead of, the UserSig.
_URL_CREDENTIALS = {
    "ordinary-user": "a right UserSig of a user who is no administrator",
    "longer-identifier": "a right UserSig of a user whose name begins like the administrator's",
    "other-identifier-in-url": "the administrator's UserSig under another identifier",
    "unknown-app": "an SDKAppID that the UserSig was not made for",
    "app-past-32-bits": "the right SDKAppID and 2^32",
    "app-with-more-behind": "the right SDKAppID with letters behind it",
    "identifier-with-a-blank": "the administrator's identifier with a blank behind it",
    "identifier-with-a-nul": "the administrator's identifier with a NUL and more behind it",
}

_USER = "user "  # and an id: a right UserSig of that user

#: Credentials that are made anew for each call, by the target's clock: it decides about them.
_TIMED = frozenset(
    {
        *("for-two-hours", "for-two-minutes"),
        *("expired", "just-expired", "long-expired", "for-no-time", "for-negative-time"),
    }
)


def _actor(call: Call) -> str:
    """Return the user in whose name a call is made, or one who has nothing to do with it."""
    body = call.body if isinstance(call.body, dict) else {}
    fields = ("From_Account", "Operator_Account", "Report_Account", "Owner_Account", "UserID")
    named = (body.get(field) for field in fields)
    return next((name for name in named if isinstance(name, str) and name), _ORDINARY_USER)


class TencentDriver(TencentActions):
    """Builds signed calls of ``/v4/<service>/<command>`` and reads their envelopes."""

    ordinary_user = _ORDINARY_USER

    def __init__(self, target: Target, contract: Contract, origin: str) -> None:
        super().__init__()
        self._contract = contract
        self._app = int(target.auth["sdkappid"])
        self.app = str(self._app)
        self._identifier = str(target.auth["identifier"])
        self._key: Secret = target.auth["key"]
        self._prefix, self.origin = _split(origin)
        self._repeats: Counter[int] = Counter()
        self._lifetime = 86_400
        self._moment = int(time.time())
        self._signed: dict[str, tuple[str, Secret]] = {}
        self._logins: dict[str, Secret] = {}
        self._timeouts = target.timeouts
        self._server = origin
        self._readings = 0

    # --- requests -------------------------------------------------------------------------

    def build(self, operation: Operation, call: Call) -> Request:
        """Return the final bytes of a call; the UserSig is made once per credential."""
        identifier, credential = self._credential(call.credential, _actor(call))
        body = call.raw if call.raw is not None else _dumps(call.body)
        query: dict[str, str | None] = {
            "sdkappid": self._app_named(call.credential),
            "identifier": identifier,
            "usersig": credential.reveal(),
            "random": str(self._number(body)),
            "contenttype": "json",
        }
        query.update(call.query)
        pairs = [(call.rename.get(k, k), v) for k, v in query.items() if v is not None]
        headers: dict[str, str | None] = {"Content-Type": "application/json", **call.headers}
        path = self._prefix + (call.path or operation.path)
        joint = "&" if "?" in path else "?"
        return Request(
            method=call.method or operation.method,
            origin=self.origin,
            target=f"{path}{joint}{urlencode(pairs, quote_via=quote)}" if pairs else path,
            headers=tuple((k, v) for k, v in headers.items() if v is not None),
            body=body,
            operation=operation.name,
            label=call.label,
        )

    def _number(self, body: bytes) -> int:
        """Return the ``random`` of a call: new for each repetition, the same in every run."""
        checksum = zlib.crc32(body)
        self._repeats[checksum] += 1
        return (checksum + self._repeats[checksum]) % 2**31

    def _credential(self, name: str, actor: str) -> tuple[str, Secret]:
        """Return the identifier in the URL and the UserSig of a kind of credential.

        All claim what the right one claims: whoever remembers claims instead of signatures is seen.
        An ordinary user is `actor`, in whose name the call is made.
        """
        moment, spread = self._moment, 0
        kept = f"{name} {actor}" if name == "ordinary-user" else name
        if name in _TIMED:
            moment = self.earliest()
            spread = max(0, int(time.time() + max(self.aheads)) - moment)
            kept = f"{name} {moment} {spread}"
        if kept not in self._signed:
            named = name.removeprefix(_USER)
            users = {"ordinary-user": actor, "longer-identifier": f"{self._identifier}-rs"}
            users |= {name: named} if named != name else {}
            user = users.get(name, self._identifier)
            claims = usersig.Claims(user, self._app, moment, self._lifetime)
            way = "valid" if name in _URL_CREDENTIALS or named != name else name
            ways = usersig.variations(claims, self._key, user=_ORDINARY_USER, spread=spread)
            text = ways[way]()
            shown = {
                "other-identifier-in-url": _ORDINARY_USER,
                "identifier-with-a-blank": f"{user} ",
                "identifier-with-a-nul": f"{user}\0rs",
            }.get(name, user)
            self._signed[kept] = (shown, Secret(text))
        return self._signed[kept]

    def _app_named(self, name: str) -> str:
        """Return the SDKAppID in the URL of a kind of credential."""
        others = {"unknown-app": self._app + 1, "app-past-32-bits": self._app + 2**32}
        tail = "rs" if name == "app-with-more-behind" else ""
        return f"{others.get(name, self._app)}{tail}"

    def renew_credential(self, *, plain: bool = False) -> None:
        """Sign again with another lifetime, so that the UserSig differs within one second too."""
        self._lifetime += 1
        self._moment = int(time.time())
        self._signed.pop("valid", None)
        if plain:
            claims = usersig.Claims(self._identifier, self._app, int(time.time()), self._lifetime)
            self._signed["valid"] = (self._identifier, usersig.plain(claims, self._key))

    def credentials(self) -> Mapping[str, str]:
        """Return the names that ``credential`` of a requirement row may take."""
        claims = usersig.Claims(self._identifier, self._app, 0)
        names = usersig.variations(claims, Secret("k"))
        return {**{name: name.replace("-", " ") for name in names}, **_URL_CREDENTIALS}

    def secrets(self) -> Sequence[str]:
        """Return the key, and every UserSig made so far with the signature in it."""
        made = [secret for _, secret in self._signed.values() if len(secret) > 16]
        return [self._key, *made, *self._logins.values(), *map(_signature_in, made)]

    # --- client SDKs ----------------------------------------------------------------------

    def readers(self, client: Client, harness: Harness) -> Harnesses:
        """Return the client SDKs of users; each gets a UserSig of its own, and never the key."""
        return Harnesses(
            client,
            harness.command,
            greeting={"sdkAppID": self._app, "server": {"url": self._server}},
            login=self._login,
            variables={**environment(os.environ, [self._key]), **harness.variables},
            timeouts=self._timeouts,
        )

    def _login(self, user: str) -> dict[str, Any]:
        """Return the parameters of a login; the UserSig is made once a user and an hour before."""
        if user not in self._logins:
            claims = usersig.Claims(user, self._app, int(time.time()), 86_400)
            self._logins[user] = usersig.sign(claims, self._key)
        return {"userID": user, "userSig": self._logins[user].reveal()}

    def reading(self, user: Any, messages: Sequence[Message]) -> Request:
        """Name messages by MsgSeq or MsgKey: what was sent past an SDK has no other name."""
        conversation = messages[0].conversation
        if conversation.kind is Kind.GROUP:
            place, key = {"groupID": conversation.id}, "seq"
        else:
            place, key = {"userID": user}, "key"
        about = {**place, "needReadReceipt": True}
        named = [{**about, "sender": message.sender, key: message.id} for message in messages]
        self._readings += 1
        return request(self._readings, user, "sendMessageReadReceipts", {"messages": named})

    def from_administrator(self, user: Any) -> Conversation:
        """Return the conversation of the identifier that calls with a user."""
        people = (self._identifier, user)
        return Conversation(Kind.DIRECT, None, "direct", self._identifier, people)

    # --- answers --------------------------------------------------------------------------

    def read(self, operation: str, exchange: Exchange) -> Answer:
        """Tell what an exchange means by status and envelope (O1)."""
        response = exchange.response
        if response is None:
            return Answer(operation, Verdict.TROUBLE, exchange, note=exchange.trouble or "")
        document = strictjson.read(response.body)
        spoken = _is_envelope(document, response.body)
        answer = Answer(operation, Verdict.GARBLED, exchange, document, spoken=spoken)
        if not (spoken and document.is_object):
            kind = _kind_of(response.body, readable=document.readable)
            note = exchange.trouble or f"HTTP {response.status} with {kind}{evidence(exchange)}"
            foreign = response.status != 200 and not spoken
            lost = foreign or kind == _PAGE or exchange.was_interrupted
            verdict = Verdict.TROUBLE if lost else Verdict.GARBLED
            if response.status == 429:
                verdict = Verdict.THROTTLED
            return replace(answer, verdict=verdict, note=note)
        code = _code(document.value)
        if code == 0:
            return replace(answer, verdict=Verdict.ACCEPTED)
        throttled = self._contract.kind(code) == "throttled"
        verdict = Verdict.THROTTLED if throttled else Verdict.REFUSED
        info = document.value.get("ErrorInfo")
        return replace(
            answer, verdict=verdict, code=code, info=info if isinstance(info, str) else ""
        )

    def is_unknown_command(self, answer: Answer) -> bool:
        """Whether the code (E1), or HTTP, says that address or command are not known."""
        response = answer.exchange.response
        status = response.status if response and answer.verdict is Verdict.TROUBLE else None
        return answer.code in (10003, 60009) or status in (404, 405, 501)


@cache
def _signature_in(text: Secret) -> Secret:
    """Return TLS.sig of a UserSig, empty where it has none."""
    try:
        found = usersig.decode(text.reveal()).get("TLS.sig")
    except ValueError:
        found = None
    return Secret(found if isinstance(found, str) else "")


def _split(origin: str) -> tuple[str, str]:
    """Split an address into the path prefix and the rest."""
    scheme, _, rest = origin.partition("://")
    host, slash, path = rest.partition("/")
    return (slash + path).rstrip("/"), f"{scheme}://{host}"


def _dumps(body: Any) -> bytes:
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode(
        "utf-8", errors="surrogatepass"
    )


def _is_envelope(document: strictjson.Document, body: bytes) -> bool:
    if document.is_object:
        return "ActionStatus" in document.value or "ErrorCode" in document.value
    return re.search(rb"""["'](ActionStatus|ErrorCode)["']""", body) is not None


def _code(value: dict[str, Any]) -> CodeId:
    """Return the error code, 0 for success; falls back on what else the envelope says."""
    code: Any = value.get("ErrorCode")
    number = isinstance(code, int) and not isinstance(code, bool)
    if number or (isinstance(code, str) and _SHORT_NUMBER.fullmatch(code)):
        return int(code)
    return 0 if str(value.get("ActionStatus")).upper() == "OK" else "none"


def _kind_of(body: bytes, *, readable: bool) -> str:
    head = body[:200].lstrip().lower()
    if not head:
        return "an empty body"
    if head.startswith(b"<"):
        return _PAGE
    if not head.startswith((b"{", b"[")):
        return "other text"
    return "foreign JSON" if readable else strictjson.broken(body)
