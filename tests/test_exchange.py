import pickle
import subprocess
from dataclasses import replace

from receiptspec.exchange import Exchange, Redactor, Request, Response, Secret

USERSIG = "eJyrVgrx-Cd*rSy1_SslJQ__"


def exchange(**changes):
    request = Request(
        method="POST",
        origin="http://127.0.0.1:8080",
        target=f"/v4/x?sdkappid=1&usersig={USERSIG}&random=1",
        headers=(("Content-Type", "application/json"), ("Authorization", "HMAC abcdef")),
        body=b'{"a": "it\'s"}',
        operation="x",
    )
    response = Response(200, (("Server", "t"),), USERSIG.encode(), 0.25)
    return Exchange(
        **{"number": 1, "request": request, "response": response, "started": 0.0, **changes}
    )


def test_a_secret_shows_itself_only_when_asked():
    secret = Secret("top-secret-key")
    shown = [str(secret), repr(secret), f"{secret}", f"{secret!r:>30}", str({"k": secret})]
    assert not any("top-secret" in text for text in shown)
    assert secret.reveal() == "top-secret-key"
    assert type(secret.reveal()) is str
    assert pickle.loads(pickle.dumps(secret)) == secret  # noqa: S301


def test_a_redactor_masks_plain_and_percent_encoded_secrets():
    redact = Redactor([Secret("a+b/c=secret")])
    assert redact("x a+b/c=secret y a%2Bb%2Fc%3Dsecret z") == "x *** y *** z"
    assert redact.hides_in("…a%2Bb%2Fc%3Dsecret…")
    assert not redact.hides_in("a+b")


def test_short_strings_are_no_secrets():
    assert Redactor(["abc"])("abcdef") == "abcdef"


def test_long_pieces_of_a_secret_are_masked_as_well():
    redact = Redactor([Secret("0123456789abcdefghijklmnopqrstuvwxyz")])
    assert redact.hides_in("the key cdefghijklmnopqrs is wrong")
    assert "cdefgh" not in redact("the key cdefghijklmnopqrs is wrong")
    assert not redact.hides_in("the key cdefghijklmnop is wrong")


def test_curl_names_variables_where_credentials_stand():
    line = exchange().curl(Redactor([USERSIG]))
    assert USERSIG not in line
    assert "usersig=$USERSIG" in line
    assert '"Authorization: $AUTHORIZATION"' in line
    assert """--data-binary '{"a": "it'"'"'s"}'""" in line


def test_curl_repeats_bytes_that_are_no_text(tmp_path):
    body = b"{\xff\x00'%d\\n\r\n%}"
    line = exchange(request=replace(exchange().request, body=body)).curl(Redactor())
    sent = tmp_path / "sent"
    tool = tmp_path / "curl"
    tool.write_text(f'#!/bin/sh\ncat > "{sent}"\n')
    tool.chmod(0o755)
    subprocess.run(["sh", "-c", line], env={"PATH": f"{tmp_path}:/usr/bin:/bin"}, check=True)
    assert sent.read_bytes() == body


def test_curl_says_where_a_body_is_cut():
    body = b"x" * 20_000
    line = exchange(request=replace(exchange().request, body=body)).curl(Redactor())
    assert line.endswith("# not whole: the body has 20000 bytes")


def test_the_json_form_holds_no_secret():
    shown = str(exchange().to_json(Redactor([USERSIG])))
    assert USERSIG not in shown
    assert "HMAC abcdef" not in shown


def test_an_exchange_without_an_answer_says_why():
    shown = exchange(response=None, trouble="connection dropped").to_json(Redactor())
    assert shown["response"] is None
    assert shown["trouble"] == "connection dropped"


def test_long_bodies_are_cut_with_their_size():
    response = Response(200, (), b"x" * 100_000, 0.0)
    body = exchange(response=response).to_json(Redactor())["response"]["body"]
    assert len(body) < 20_000
    assert body.endswith("(100000 bytes)")
