import textwrap

import pytest

from receiptspec import targetfile
from receiptspec.errors import ConfigurationError
from receiptspec.exchange import Secret

GOOD = """
mine:
  vendor: tencent
  url: http://127.0.0.1:8080/im/
  auth: {sdkappid: 1400000000, key: "${IM_KEY}", identifier: administrator}
  rate: 90/m
  consistency: 500ms
  timeouts: {read: 4s}
  budget: {requests: 100}
  hooks: {read: "python read.py --fast"}
  deviations:
    - {requirement: TC-GMR-09, signature: s, reason: r, owner: o, expires: 2027-03-01}
"""


@pytest.fixture
def load(tmp_path, monkeypatch):
    monkeypatch.setenv("IM_KEY", "secret-key-of-the-app")

    def _load(text, name="mine"):
        file = tmp_path / "targets.yaml"
        file.write_text(textwrap.dedent(text), encoding="utf-8")
        targetfile._parsed.cache_clear()
        return targetfile.load(file, name)

    return _load


def test_a_target_is_read_with_its_units(load):
    target = load(GOOD)
    assert target.url == "http://127.0.0.1:8080/im"
    assert target.rate == pytest.approx(1.5)
    assert target.consistency == pytest.approx(0.5)
    assert target.timeouts.read == pytest.approx(4)
    assert target.budget.requests == 100
    assert target.read_hook == ("python", "read.py", "--fast")
    assert target.deviations[0].expires.year == 2027
    assert target.writes


@pytest.mark.parametrize(
    ("block", "seconds"),
    [
        ("embedded: true", 0.5),
        ("embedded: {faults: [reads-not-counted]}", 0.5),
        ("embedded: {variants: [gzip]}", 2),
        ("embedded: true\n  consistency: 3s", 3),
    ],
)
def test_only_what_shows_at_once_is_not_waited_for(load, block, seconds):
    target = load(f"mine:\n  vendor: tencent\n  {block}\n")
    assert target.consistency == pytest.approx(seconds)


def test_the_key_is_a_secret(load):
    target = load(GOOD)
    assert isinstance(target.auth["key"], Secret)
    assert "secret-key" not in repr(target) + str(dict(target.auth))
    assert target.secrets == (Secret("secret-key-of-the-app"),)


@pytest.mark.parametrize(
    ("url", "writes"),
    [
        ("http://127.0.0.1:1", True),
        ("http://[::1]:1", True),
        ("http://localhost", True),
        ("https://example.com", False),
        ("http://localhost.example.com", False),
        ("http://10.0.0.1", False),
    ],
)
def test_only_loopback_may_be_written_to_by_default(load, url, writes):
    text = GOOD.replace("http://127.0.0.1:8080/im/", url)
    assert load(text).writes is writes


@pytest.mark.parametrize(
    ("change", "line", "says"),
    [
        (("  rate: 90/m", "  raet: 90/m"), 6, "did you mean 'rate'"),
        (("vendor: tencent", "vendor: tencnt"), 3, "did you mean 'tencent'"),
        (("90/m", "fast"), 6, "'fast' is malformed"),
        (("  rate: 90/m", "  ca: none.pem"), 6, "no file none.pem"),
        (("http://127.0.0.1:8080/im/", "127.0.0.1:8080"), 4, "has no scheme"),
        (("http://127.0.0.1:8080/im/", "http://u:p@h/"), 4, "leave the rest out"),
        (("IM_KEY", "NOT_SET_ANYWHERE"), 5, "NOT_SET_ANYWHERE is not set"),
        (('"${IM_KEY}"', '""'), 5, "key: is empty; write something there"),
        (("2027-03-01", "2027-02-31"), 12, "is no day"),
        (("sdkappid: 1400000000", "sdkappid: abc"), 5, "digits only"),
        (("  url: http://127.0.0.1:8080/im/\n", ""), 2, "needs either url or embedded"),
        (("{sdkappid: 1400000000, ", "{"), 5, "sdkappid missing"),
        (("  rate: 90/m", "  rate: 90"), 6, "90 is of another type"),
        (("consistency: 500ms", "consistency: 2"), 7, "expected text: A number with a unit: 500ms"),
        (("  rate: 90/m", "  writes: maybe"), 6, "expected true or false: May the suite"),
        (("timeouts: {read: 4s}", "timeouts: 5"), 8, "expected a block of fields"),
        (("  rate: 90/m", "  capabilities: {group_msg_reciept: false}"), 6, "'group_msg_receipt'?"),
        (("  rate: 90/m", '  description: "${NAME"'), 6, "a variable that does not end"),
        (('"${IM_KEY}"', '"secret-key${IM_KEY"'), 5, "a variable that does not end"),
        (('key: "${IM_KEY}"', "key: [secret-key]"), 5, "expected text: Tencent: the secret key"),
        (("http://127.0.0.1:8080/im/", "ftp://host/"), 4, "has another scheme"),
        (("http://127.0.0.1:8080/im/", "http://"), 4, "names no host"),
        (("http://127.0.0.1:8080/im/", "http://ex ämple"), 4, "a blank or a control character"),
        (("http://127.0.0.1:8080/im/", '"http://a\\nb"'), 4, "a blank or a control character"),
        (("http://127.0.0.1:8080/im/", '"http://127.0.0.1:"'), 4, "a number from 1 to 65535"),
        (("http://127.0.0.1:8080/im/", '"http://[::1"'), 4, "is no address"),
        (("sdkappid: 1400000000", 'sdkappid: "²"'), 5, "digits only, ten at most"),
        (("sdkappid: 1400000000", f'sdkappid: "{"7" * 5000}"'), 5, "digits only, ten at most"),
        (("sdkappid: 1400000000", f"sdkappid: {'7' * 5000}"), 5, "a number that is too long"),
        (("identifier: administrator", 'identifier: "a\\nb"'), 5, "holds a control character"),
        (("identifier: administrator", 'region: "a\\nb", identifier: a'), 5, "what no header can"),
        (('"${IM_KEY}"', "!!int secret-key"), 5, "is no int"),
        (("90/m", "9999999999/s"), 6, "is malformed; expected: Never more calls than this"),
        (("500ms", "99999999999999999999999m"), 7, "is too long; at most 1440m, a day"),
        (("500ms", "9" * 5000 + "s"), 7, "is too long; at most 1440m, a day"),
        (("read: 4s", "read: 99999999999999999999s"), 8, "timeouts.read: '99999999999999999999s'"),
        (("read: 4s", "connect: 0s"), 8, "timeouts.connect: '0s' is no time at all"),
        (("read: 4s", "total: 0.0ms"), 8, "is no time at all; more than 0s"),
        (("requests: 100", "requests: 0"), 9, "0 is out of bounds; expected at least 1"),
        (("requests: 100", "requests: 1000000001"), 9, "expected at most 1000000000"),
        (("python read.py --fast", "curl 'abc"), 10, "is no command: no closing quotation"),
        (("python read.py --fast", "   "), 10, "hooks.read: names no program"),
        (("python read.py --fast", "http://[::1"), 10, "hooks.read: 'http://[::1' is no address"),
        (('"python read.py --fast"', '[" ", a]'), 10, "hooks.read: names no program"),
        (('"python read.py --fast"', '["a\\0b"]'), 10, "holds a zero byte"),
        (
            ("python read.py --fast", "http://u:secret-key@[::1"),
            10,
            "what stands here is no address",
        ),
        (
            ('read: "python read.py --fast"', 'webhook_listener: "http://[::1"'),
            10,
            "webhook_listener: 'http://[::1' is no address",
        ),
        (
            ('read: "python read.py --fast"', 'webhook_listener: "http://127.0.0.1:99999"'),
            10,
            "a number from 1 to 65535; like http://127.0.0.1:9099",
        ),
        (
            ('read: "python read.py --fast"', 'webhook_listener: "http://10.0.0.1:9099"'),
            10,
            "is not on this machine",
        ),
        (("  rate: 90/m", '  proxy: "http://[::1"'), 6, "proxy: what stands here is no address"),
        (("  rate: 90/m", "  proxy: http://h:notaport"), 6, "a number from 1 to 65535"),
        (("  rate: 90/m", "  proxy: http://a:secret-key@b c"), 6, "a blank"),
        (("  rate: 90/m", '  ca: "a\\0b"'), 6, "no file a"),
        (
            ("2027-03-01", "soon"),
            12,
            "'soon' is malformed; expected: the last day, like 2027-03-01",
        ),
        (("  rate: 90/m", "\tca: x"), 6, "not YAML: a tab, where only spaces may stand"),
        (("  rate: 90/m", '  ca: "."'), 6, "mine.ca: . is a folder"),
    ],
)
def test_a_mistake_is_one_line_with_file_line_and_fix(load, change, line, says):
    with pytest.raises(ConfigurationError) as caught:
        load(GOOD.replace(*change))
    message = str(caught.value)
    assert says in message
    assert f"targets.yaml:{line}:" in message
    assert "\n" not in message
    assert "secret-key" not in message


def test_only_the_target_that_is_asked_for_is_looked_at(load):
    others = "two words: {vendor: tencent, embedded: true}\nother: {vendor: nobody}\n"
    assert load(others + GOOD).name == "mine"
    with pytest.raises(ConfigurationError, match=r"two words: .* a name of letters"):
        load(others + GOOD, "two words")
    with pytest.raises(ConfigurationError, match=r"other\.vendor"):
        load(others + GOOD, "other")


def test_an_authority_is_a_file_of_certificates(load, tmp_path):
    (tmp_path / "ca.pem").write_text("none")
    with pytest.raises(ConfigurationError, match=r"mine\.ca: .*: no certificate in it; a PEM"):
        load(GOOD.replace("  rate: 90/m", f"  ca: {tmp_path / 'ca.pem'}"))


def test_an_unknown_target_is_answered_with_the_known_ones(load):
    with pytest.raises(ConfigurationError, match=r"did you mean 'mine'.*known: mine"):
        load(GOOD, "mien")


def test_a_target_that_the_packaged_file_lacks_is_sought_in_the_folder_of_its_own(
    tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigurationError) as caught:
        targetfile.load(targetfile.find_file(None), "mine")
    assert "no target 'mine': there is no targets.yaml here" in str(caught.value)
    assert "name it by --targets" in str(caught.value)


def test_an_empty_file_holds_no_targets(load):
    with pytest.raises(ConfigurationError, match="holds no targets"):
        load("")


def test_the_packaged_targets_are_valid():
    file = targetfile.resources.path("targets.yaml")
    loaded = [targetfile.load(file, name).name for name in targetfile.names(file)]
    assert loaded == ["reference", "reference-volcengine", "reference-sdk"]


@pytest.mark.parametrize(("vendor", "members"), [("tencent", ("7", "a")), ("volcengine", (7, "a"))])
def test_names_of_digits_are_text_where_accounts_are(load, vendor, members):
    group = "{id: 5, members: [7, a], messages: [1]}"
    found = load(f"mine:\n  vendor: {vendor}\n  embedded: true\n  fixtures: {{group: {group}}}\n")
    assert found.fixture.members == members
    assert found.fixture.id == ("5" if vendor == "tencent" else 5)


def test_what_variables_hold_in_hooks_is_a_secret(tmp_path, monkeypatch):
    file = tmp_path / "targets.yaml"
    file.write_text(
        "t: {vendor: tencent, embedded: true, description: '${PLACE}',"
        " hooks: {read: 'curl -H ${TOKEN} ${NOWHERE:-here}'}}"
    )
    monkeypatch.setenv("PLACE", "the place")
    monkeypatch.setenv("TOKEN", "a-token")
    assert [secret.reveal() for secret in targetfile.load(file, "t").secrets] == ["a-token"]
