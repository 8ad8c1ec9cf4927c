"""A driver of Volcengine with made-up keys, and what a server makes of what it signs."""

import re
from urllib.parse import parse_qsl, urlsplit

from receiptspec import contract
from receiptspec.drivers import v4
from receiptspec.drivers.volcengine import VolcengineDriver
from receiptspec.exchange import Secret
from receiptspec.neutral import Call
from receiptspec.targets import Target

CONTRACT = contract.load("volcengine")
ASK = CONTRACT.operations["GetMessagesReadReceipt"]
SECRET = Secret("RXhhbXBsZVNlY3JldEtleUZvclRlc3RzT25seQ==")
AUTH = {"appid": 666675, "access_key": "AKLTEXAMPLE", "secret_key": SECRET}
BODY = {"AppId": 666675, "ConversationShortId": 2**60 + 1, "MessageIds": [2**62 + 1]}


def driver(origin="http://127.0.0.1:8080", **auth):
    target = Target("v", "volcengine", url=origin, auth={**AUTH, **auth})
    return VolcengineDriver(target, CONTRACT, origin)


def call(**options):
    return Call(ASK.name, BODY, **options)


def headers(request):
    return {name.lower(): value for name, value in request.headers}


SHAPE = re.compile(
    r"HMAC-SHA256 Credential=([^/]+)/(\d+)/([^/]+)/([^/]+)/request, "
    r"SignedHeaders=([^,]+), Signature=([0-9a-f]{64})"
)


def rebuilt(request, secret=SECRET):
    """Sign what was sent again, as a server does, from the SignedHeaders that came."""
    sent = headers(request)
    found = SHAPE.fullmatch(sent["authorization"])
    assert found is not None
    parts = urlsplit(request.url)
    signing = v4.Signing(
        request.method,
        parts.path,
        parse_qsl(parts.query, keep_blank_values=True),
        {**sent, "host": parts.netloc},
        tuple(found[5].split(";")),
        v4.digest(request.body),
        sent["x-date"],
        v4.Scope(found[2], found[3], found[4]),
    )
    return found[6], v4.signature(signing, secret)
