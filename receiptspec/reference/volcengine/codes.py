"""The codes of Volcengine: of the gateway with number and HTTP status, of the business without."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["BUSINESS", "GATEWAY", "status_of"]

#: Gateway codes with CodeN (None where no document gives one) and HTTP status.
GATEWAY: Mapping[str, tuple[int | None, int]] = {
    "MissingParameter": (100002, 400),
    "MissingAuthenticationToken": (100003, 401),
    "MissingRequestInfo": (100004, 400),
    "MissingSignature": (100005, 401),
    "InvalidTimestamp": (100006, 400),
    "ServiceNotFound": (100007, 404),
    "InvalidActionOrVersion": (100008, 404),
    "InvalidAccessKey": (100009, 401),
    "InvalidClientTokenId": (100009, 401),
    "SignatureDoesNotMatch": (100010, 401),
    "AccessDenied": (100013, 403),
    "InternalError": (100014, 500),
    "FlowLimitExceeded": (100018, 429),
    "InvalidAuthorization": (100024, 400),
    "InvalidCredential": (100025, 400),
    "InvalidSecretToken": (100026, 401),
    "MethodNotAllowed": (None, 405),
}

#: Business codes; they carry no number, and no document gives their HTTP status.
BUSINESS = frozenset(
    {
        "JsonParsingError",
        "InvalidParam",
        "AppNotFound",
        "ConversationNotFound",
        "MessageNotFound",
        "LiveConversationNotSupport",
        "ParticipantNotInConversation",
        "ParticipantNotFound",
        "ConversationParticipantsMoreThanLimit",
        "CreateSingleConversationNeedOtherParticipantId",
        "SingleConversationNotSupport",
        "OnlyOwnerCanOperator",
    }
)


def status_of(code: str, business: int, overrides: Mapping[str, int]) -> int:
    """Return the HTTP status that a code is sent with."""
    _, usual = GATEWAY.get(code.partition(".")[0], (None, business))
    return overrides.get(code, usual)
