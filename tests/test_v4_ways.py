"""Each way to sign is wrong by what its name says and by nothing else."""

from dataclasses import replace

import pytest
from signing import ASK, SHAPE, call, driver, headers, rebuilt

from receiptspec.drivers import v4

RIGHT = {
    "valid", "node-headers", "short-headers", "go-headers", "core-headers", "version-first",
    "minute-old", "minute-ahead", "ten-minutes-old", "twenty-minutes-old", "day-old", "day-ahead",
    "other-region", "other-service", "other-day", "dashed-date", "bogus-token", "unknown-key",
    "wrong-hash-header", "cased-key", "next-day", "md5-header", "trace-header",
    "eight-days-old", "eight-days-ahead", "month-old", "no-such-time", "ended-key", "trailing-date",
    "year-old", "impossible-date", "longer-key", "shorter-key", "account-service", "video-service",
    "wrong-hash-header-short-headers", "usual-path", "region-nowhere", "longer-service",
    "headed-service", "wild-key", "quoted-header", "short-token",
    "empty-header", "many-headers", "redated", "redated-node-headers", "day-old-short-headers",
    "json-token", "dotted-token",
    "json-token-short-headers", "dotted-token-node-headers",
}  # fmt: skip
SHAPELESS = {
    "bare-label",
    "no-service",
    "no-terminator",
    "bearer",
    "foreign-digit",
    "no-signature",
    "other-label",
    "other-terminator",
    "no-authorization",
    "garbage-scheme",
    "no-scheme",
    "query-signed",
    "no-date",
    "empty-signature",
    "short-signature",
    "long-signature",
    "garbage-credential",
    "cased-terminator",
    "short-credential",
    "basic",
    "garbled-query",
}


@pytest.mark.parametrize("name", sorted(driver().credentials()))
def test_every_credential_is_wrong_by_what_it_says_and_no_more(name):
    request = driver().build(ASK, call(credential=name, query={"X": "a b"}))
    sent = headers(request)
    if name in SHAPELESS:
        shaped = SHAPE.fullmatch(sent.get("authorization", ""))
        assert shaped is None or "x-date" not in sent
        return
    made, again = rebuilt(request)
    assert (made == again) is (name in RIGHT), name


def test_a_borrowed_authorization_is_that_of_the_last_good_call():
    made = driver()
    good = headers(made.build(ASK, call()))
    made.build(ASK, call(query={"X": "1"}))
    request = made.build(ASK, call(credential="borrowed-authorization"))
    sent = headers(request)
    assert sent["authorization"] == good["authorization"]
    assert sent["x-content-sha256"] == v4.digest(request.body) != good["x-content-sha256"]
    assert {**sent, "x-content-sha256": ""} == {**good, "x-content-sha256": ""}
    assert good["authorization"].rpartition("=")[2] in made.secrets()


@pytest.mark.parametrize(
    ("name", "sent", "signed"),
    [
        ("other-action", f"Action={ASK.name}&", "Action=GetMessages&"),
        ("other-version", "Version=2020-12-01", "Version=2018-01-01"),
    ],
)
def test_what_is_signed_for_another_action_or_version_is_right_for_that_one(name, sent, signed):
    request = driver().build(ASK, call(credential=name))
    assert sent in request.target
    made, again = rebuilt(replace(request, target=request.target.replace(sent, signed)))
    assert made == again


def test_the_end_of_a_large_tampered_body_lies_beyond_64_kb():
    assert len(driver().build(ASK, call(credential="tampered-large-body")).body) > 80_000
