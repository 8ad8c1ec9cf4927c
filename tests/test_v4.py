"""The published vectors of V4 signatures, and those that are wrong by one thing."""

import base64
import json
from urllib.parse import quote_plus

import pytest

from receiptspec.drivers.v4 import (
    Scope,
    Signing,
    authorization,
    canonical_request,
    derived,
    digest,
    signature,
    string_to_sign,
)
from receiptspec.exchange import Secret

ACCESS = "AKLTEXAMPLEEXAMPLEEXAMPLE"
SECRET = Secret("RXhhbXBsZVNlY3JldEtleUZvclRlc3RzT25seQ==")
BODY = (
    b'{"AppId":666675,"ConversationShortId":1691070514797524328,"MessageIds":[1709040620191372977]}'
)
DATE = "20240227T064230Z"
QUERY = [("Action", "GetMessagesReadReceipt"), ("Version", "2020-12-01")]
HEADERS = {
    "content-type": "application/json",
    "host": "rtc.volcengineapi.com",
    "x-content-sha256": digest(BODY),
    "x-date": DATE,
}
USUAL = ("content-type", "host", "x-content-sha256", "x-date")
TV1 = Signing("POST", "/", QUERY, HEADERS, USUAL, digest(BODY), DATE, Scope("20240227"))
AWKWARD = TV1.but(query=[*QUERY, ("X", "a b+c/~*é")])


def with_header(name, value):
    return TV1.but(headers={**HEADERS, name: value}, signed=(*USUAL, name))


def with_body(body):
    return TV1.but(body_hash=digest(body), headers={**HEADERS, "x-content-sha256": digest(body)})


def presigned():
    names = "Action;Version;X-Algorithm;X-Credential;X-Date;X-NotSignBody;X-SignedHeaders"
    query = [
        *QUERY,
        ("X-Algorithm", "HMAC-SHA256"),
        ("X-Credential", f"{ACCESS}/20240227/cn-north-1/rtc/request"),
        ("X-Date", DATE),
        ("X-NotSignBody", ""),
        ("X-SignedHeaders", ""),
        ("X-SignedQueries", f"{names};X-SignedQueries"),
    ]
    return TV1.but(query=query, signed=(), body_hash=digest(b""))


RIGHT = {
    "TV1": (
        TV1,
        "20cba580a1f1dc7f06d7c2a3e2335a2bc49ca6b89cc61c4a7149f180715aa88f",
        "682d41b0f627915595ebb91a503f0fb6dc50d046c64c60693e14b31dbb4eae78",
    ),
    "TV2": (
        TV1.but(signed=("x-content-sha256", "x-date")),
        "3c56dbd280e9e132525b010a0e4f6fd7fd37b5f33a2a39ba0c6b60a26f2df662",
        "b77073f68a8b6588845013cf4b0da56dc7a72014b74d4861957e96c5aae6e783",
    ),
    "TV3": (
        TV1.but(signed=("host", "x-date")),
        "3e42bd45310aab80786127ac0ee3dd7eafb676c924422b8ef9787538f6286de7",
        "75739b16d0054a6e61d97c7e52e347f23d6a9c5071614ce3edf809a651d56f05",
    ),
    "TV4": (
        with_header("x-security-token", "STS2EXAMPLETOKEN"),
        "3b5b201bfc38bcccddf110dfa3ff2ba348ffb1d446c968c05f215f0e4b381b07",
        "ce3ef45cf537d35ee9f4eccdaf73632d7b2bc3e766209561c5ff4a69ce6daf05",
    ),
    "TV5": (
        AWKWARD,
        "bdf4acdd3c6b065f9441f4a9896f8bb9297d87796cda817427c4f87008a189ed",
        "89a62185632a5a574665cfd8b8ce43d2f290c0a36ff5497f33107d825de2d001",
    ),
    "TV6": (
        with_header("x-im-sdk-version", "Golang-V1.0.1"),
        "aa559ad2c6cffcb60b1bafea23089b357ef6fa5d38055ffea5b542cc039922ba",
        "b2462cb766708ad0b055757502c1cd6b7be86117245f898fc784d969eeb9e716",
    ),
    "TV7": (
        presigned(),
        "9cd8b609b6aab3c2d69fe8a8e4ee8b4c365b18d18be6c3309f2c684486f7cce6",
        "9fe202cb05766ffbf68ff5d068c958573d2c3d3cdc2433d42020a3ff95592941",
    ),
}
SPACED = json.dumps(json.loads(BODY)).encode()
ROUNDED = BODY.replace(b"1691070514797524328", b"1691070514797524200").replace(
    b"1709040620191372977", b"1709040620191373000"
)
WRONG = {
    "another service": (
        TV1.but(scope=Scope("20240227", service="im")),
        "bf07f8e6b22916f3cf26c011a3368a061d9bf228a96d55cbae08120f93563944",
    ),
    "another region": (
        TV1.but(scope=Scope("20240227", region="ap-southeast-1")),
        "879ad5cabfe3a4448d3e4db27a2aa64f4787941b19b52a40bf8452b0918d4914",
    ),
    "another method": (
        TV1.but(method="GET"),
        "3dcd85eb45266e22c64c9ec6deab79324605b6bc1336364032da8d568a1d83c4",
    ),
    "the key decoded": (
        TV1.but(key=base64.b64decode),
        "9702c2ebc1bf68dec68d7f14416d45ec950b401b41c514fff5f4b5f90adce0eb",
    ),
    "an empty body": (
        with_body(b""),
        "71d15714d07dbca51cf38c1417ef4562c4686aae9148ab674f69c33a0ee9db12",
    ),
    "another content type": (
        TV1.but(headers={**HEADERS, "content-type": "application/json; charset=utf-8"}),
        "a73841104c528f4bf6964d191686d76c1cd4ead0d023bfec56c0ed47cc56f9e2",
    ),
    "a body written anew": (
        with_body(SPACED),
        "2641d3240716b442a52fa686f1129e67c9b635e07f3a86c84407095a8dc1965d",
    ),
    "rounded ids": (
        with_body(ROUNDED),
        "aa8fbebe79aa994a25aa933ccf3d22314fcf04fdc0bdceba9bea3248771be01b",
    ),
}


@pytest.mark.parametrize(("parts", "hashed", "wanted"), RIGHT.values(), ids=RIGHT)
def test_the_vectors_come_out(parts, hashed, wanted):
    assert digest(canonical_request(parts).encode()) == hashed
    assert signature(parts, SECRET) == wanted


@pytest.mark.parametrize(("parts", "wanted"), WRONG.values(), ids=WRONG)
def test_each_mistake_has_its_own_signature(parts, wanted):
    assert signature(parts, SECRET) == wanted != RIGHT["TV1"][2]


def test_a_query_with_the_headers_of_node_comes_out():
    parts = AWKWARD.but(signed=("x-content-sha256", "x-date"))
    wanted = "39db9c784192264ec8a2e907cccdf657f01a25c8427c16e8eb9152d1c85ce5de"
    assert wanted in (signature(parts, SECRET), digest(canonical_request(parts).encode()))


def test_the_keys_of_a_scope_are_the_published_ones():
    keys = derived(SECRET.reveal().encode(), Scope("20240227"))
    assert [key.hex()[:16] for key in keys] == [
        "15a45eb20ba322b1",
        "8780b5c3dfd41bdd",
        "d365300c360e7ff0",
        "ae577da001c9740b",
    ]


def test_a_plus_for_a_space_is_another_signature():
    assert signature(AWKWARD.but(encode=quote_plus), SECRET) != signature(AWKWARD, SECRET)


def test_the_text_to_sign_names_its_scope():
    lines = string_to_sign(TV1).split("\n")
    assert lines[:3] == ["HMAC-SHA256", DATE, "20240227/cn-north-1/rtc/request"]


def test_the_header_names_who_signed_what():
    assert authorization(TV1, ACCESS, SECRET) == (
        f"HMAC-SHA256 Credential={ACCESS}/20240227/cn-north-1/rtc/request, "
        "SignedHeaders=content-type;host;x-content-sha256;x-date, "
        f"Signature={RIGHT['TV1'][2]}"
    )


def test_it_agrees_with_the_official_package():
    signer = pytest.importorskip("volcengine.auth.SignerV4", reason="pip install volcengine")
    base = pytest.importorskip("volcengine.base.Request")
    credentials = pytest.importorskip("volcengine.Credentials")
    request = base.Request()
    request.method, request.path, request.body = "POST", "/", BODY.decode()
    request.query = dict(QUERY)
    request.headers = {
        "Host": HEADERS["host"],
        "Content-Type": HEADERS["content-type"],
    }
    signer.SignerV4.sign(
        request, credentials.Credentials(ACCESS, SECRET.reveal(), "rtc", "cn-north-1")
    )
    date = request.headers["X-Date"]
    parts = TV1.but(headers={**HEADERS, "x-date": date}, date=date, scope=Scope(date[:8]))
    assert request.headers["Authorization"] == authorization(parts, ACCESS, SECRET)
