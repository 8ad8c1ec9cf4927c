"""The credential of a curl line: printed where it is asked for, short-lived, and no other."""

import json
import time

import pytest

from receiptspec import cli
from receiptspec.drivers import usersig

KEY = "a-key-for-nobody"
APP = 1400000000
AUTH = {"sdkappid": APP, "key": KEY, "identifier": "administrator"}
URL = "http://127.0.0.1:1"
VOLCENGINE = {"appid": 1, "access_key": "AK", "secret_key": KEY}


@pytest.fixture
def printed(tmp_path, capsys):
    def _printed(**block):
        file = tmp_path / "targets.yaml"
        file.write_text(json.dumps({"mine": block}))
        try:
            cli.main(["credential", "--targets", str(file), "--target", "mine"])
            code = 0
        except SystemExit as stop:
            code = stop.code
        out, err = capsys.readouterr()
        assert KEY not in out + err
        return code, out, err

    return _printed


def test_a_usersig_is_printed_alone_and_lives_for_minutes(printed):
    code, out, err = printed(vendor="tencent", url=URL, auth=AUTH)
    claims = usersig.decode(out.strip())
    assert (code, out.count("\n")) == (0, 1)
    assert (claims["TLS.identifier"], claims["TLS.sdkappid"]) == ("administrator", APP)
    assert claims["TLS.expire"] == 600
    assert abs(claims["TLS.time"] - time.time()) < 60
    of = usersig.Claims("administrator", APP, claims["TLS.time"], 600)
    assert claims["TLS.sig"] == usersig.signature(of, KEY.encode())
    assert "is administrator of app 1400000000 for 10 minutes" in err
    assert out.strip() not in err


@pytest.mark.parametrize(
    ("block", "says"),
    [
        ({"vendor": "tencent", "embedded": True}, "receiptspec serve prints a target to keep"),
        ({"vendor": "volcengine", "url": URL, "auth": VOLCENGINE}, "receiptspec replay REPORT"),
    ],
)
def test_where_none_would_serve_it_says_what_does(printed, block, says):
    code, out, err = printed(**block)
    assert (code, out, err.count("\n")) == (4, "", 1)
    assert says in err
