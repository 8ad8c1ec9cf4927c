import base64

import pytest
import TLSSigAPIv2

from receiptspec.drivers import usersig
from receiptspec.exchange import Secret

KEY = "5bd2850fff3ecb11d7c805251c51ee463a25727bddc2385f3fa8bfee1bb93b5e"
APP = 1400000000


@pytest.mark.parametrize(
    ("identifier", "expire", "userbuf", "expected"),
    [
        ("xiaojun", 15_552_000, None, "LvA7d/Iw7gSsnskvVzBDPOCCDbuNCw4GHwTC0bip+B4="),
        ("administrator", 86_400, None, "yLAe+w7WUeUuqbV9h/TX78u21oTGi+i9Zp1u3PpnY60="),
        ("xiaojun", 15_552_000, b"abc", "QjT201xPkXk/aM1e+y0vakZb0K2iPrFue++0s5y6bFM="),
    ],
)
def test_the_vectors_are_reproduced(identifier, expire, userbuf, expected):
    claims = usersig.Claims(identifier, APP, 1_700_000_000, expire, userbuf)
    assert usersig.signature(claims, KEY.encode()) == expected


def test_the_whole_vector_decodes_to_its_claims():
    claims = usersig.Claims("xiaojun", APP, 1_700_000_000, 15_552_000)
    made = usersig.decode(usersig.sign(claims, Secret(KEY)).reveal())
    published = usersig.decode(
        "eJyrVgrxCdYrSy1SslJQMtIzUNJRAItkpqTmlWSmZUIkKjIT87NK82CSxSnZiQUFmSlAKUMTAyiAyqVWFGQWpYJk"
        "TE1NjRDiJZm5YFFzNPXFmekgG3zKHM1T9D3LzdODi-OKs8vCqpxcAvydnV2SSv2cy03cPcpDnA2SMgu0nUxslWoB"
        "HdYzUg__"
    )
    assert made == published


def test_the_registry_package_agrees():
    theirs = usersig.decode(TLSSigAPIv2.TLSSigAPIv2(APP, KEY).gen_sig("administrator", 86_400))
    claims = usersig.Claims("administrator", APP, theirs["TLS.time"], 86_400)
    assert usersig.signature(claims, KEY.encode()) == theirs["TLS.sig"]
    assert claims.json(theirs["TLS.sig"]) == theirs


def test_each_way_to_sign_differs_from_the_right_one():
    claims = usersig.Claims("administrator", APP, 1_700_000_000)
    made = {name: make() for name, make in usersig.variations(claims, Secret(KEY)).items()}
    assert len(set(made.values())) == len(made)
    right = usersig.decode(made["valid"])
    for name in ("stored", "best-compressed", "reordered"):
        assert usersig.decode(made[name]) == right
    for name in ("tampered-expire", "tampered-time"):
        assert usersig.decode(made[name])["TLS.sig"] == right["TLS.sig"]
    for name in ("edited-identifier", "edited-app"):
        shown = usersig.decode(made[name])
        assert shown["TLS.sig"] != right["TLS.sig"]
        assert {**shown, "TLS.sig": ""} == {**right, "TLS.sig": ""}
    text = usersig.Claims("administrator", APP, 1_700_000_000).text(named=False)
    assert text.startswith("TLS.sdkappid:")
    shown = usersig.decode(made["hex-signature"])["TLS.sig"]
    assert bytes.fromhex(shown) == base64.b64decode(right["TLS.sig"])
    inner = {"empty-signature": "", "no-signature": None, "cut-signature": right["TLS.sig"][:10]}
    for name, expected in inner.items():
        shown = usersig.decode(made[name])
        assert shown.pop("TLS.sig", None) == expected
        assert shown == {key: value for key, value in right.items() if key != "TLS.sig"}
    for name in ("garbage", "truncated", "not-base64", "empty"):
        with pytest.raises(ValueError, match="no UserSig"):
            usersig.decode(made[name])


def test_the_alphabet_example_holds_every_replaced_character():
    made = usersig.variations(usersig.Claims("administrator", APP, 1_700_000_000), Secret(KEY))
    text = made["alphabet"]()
    assert all(character in text for character in "*-_")
    assert not any(character in text for character in "+/=")


def test_the_key_is_used_as_text():
    claims = usersig.Claims("administrator", APP, 1_700_000_000)
    made = usersig.variations(claims, Secret(KEY))
    assert usersig.decode(made["hex-key"]())["TLS.sig"] == usersig.signature(
        claims, bytes.fromhex(KEY)
    )


def test_userbuf_travels_as_base64():
    made = usersig.variations(usersig.Claims("a", APP, 1_700_000_000), Secret(KEY))
    assert usersig.decode(made["userbuf"]())["TLS.userbuf"] == base64.b64encode(b"abc").decode()


@pytest.mark.parametrize(
    ("name", "age", "left"),
    [
        ("ten-days-old", 10 * 86_400, 170 * 86_400),
        ("for-two-hours", 0, 7200),
        ("for-two-minutes", 0, 120),
        ("for-twenty-years", 0, 20 * 365 * 86_400),
    ],
)
def test_a_credential_is_as_old_and_lasts_as_long_as_its_name_says(name, age, left):
    claims = usersig.Claims("administrator", APP, 1_700_000_000)
    made = usersig.decode(usersig.variations(claims, Secret(KEY))[name]())
    assert claims.time - made["TLS.time"] == age
    assert made["TLS.time"] + made["TLS.expire"] - claims.time == left
    own = usersig.Claims("administrator", APP, made["TLS.time"], made["TLS.expire"])
    assert made["TLS.sig"] == usersig.signature(own, KEY.encode())
