import base64
import copy
import json
from datetime import UTC, datetime

import pytest
from jsonschema import Draft202012Validator

from receiptspec import cli, contract, resources, traffic
from receiptspec.case import PROFILES
from receiptspec.exchange import Request, credentials_of
from receiptspec.run import Run
from receiptspec.targets import Target

SENT = {}


def entry(exchange):
    request, response = exchange.request, exchange.response
    moment = datetime.fromtimestamp(exchange.started, UTC).isoformat()
    return {
        "startedDateTime": moment,
        "time": response.elapsed * 1000,
        "timings": {"send": 0, "wait": response.elapsed * 1000, "receive": 0},
        "request": {
            "method": request.method,
            "url": request.url,
            "headers": [{"name": name, "value": value} for name, value in request.headers],
            "postData": {"mimeType": "application/json", "text": request.body.decode()},
        },
        "response": {
            "status": response.status,
            "headers": [{"name": name, "value": value} for name, value in response.headers],
            "content": {
                "size": len(response.body),
                "text": base64.b64encode(response.body).decode(),
                "encoding": "base64",
            },
        },
    }


def recorded(*faults, vendor="tencent"):
    """Return the traffic of an app on a reference server, as a proxy would record it."""
    if (faults, vendor) not in SENT:
        target = Target("t", vendor, embedded=True, faults=faults, writes=True)
        run = Run([target], PROFILES["smoke"], 0, id="0" * 16)
        try:
            SENT[faults, vendor] = list(of_an_app(run.stage(target)))
        finally:
            run.close()
    return copy.deepcopy(SENT[faults, vendor])


def of_an_app(stage):
    exchanges = []
    send = stage._line.carrier.send

    def heard(*args, **options):
        exchanges.append(send(*args, **options))
        return exchanges[-1]

    stage._line.carrier.send = heard
    group = stage.group(7)
    messages = [stage.say(group) for _ in range(3)]
    stage.ask(group, messages)
    stage.reads(group.members[1], messages[:1])
    stage.ask(group, messages)
    for read in (True, False):
        for count in (2, 100):
            call = stage.driver.list_members(
                group, messages[0].id, read=read, cursor=None, count=count
            )
            if call is not None:
                stage.call(call)
    stage.ask(group, [999])
    return map(entry, exchanges)


def har(entries):
    return {"log": {"version": "1.2", "creator": {"name": "x", "version": "1"}, "entries": entries}}


@pytest.fixture
def judged(tmp_path, capsys):
    def judge(entries, *options, vendor="tencent"):
        file = tmp_path / "app.har"
        file.write_text(json.dumps(har(entries)), encoding="utf-8")
        out = tmp_path / "out"
        with pytest.raises(SystemExit) as stop:
            cli.main(["judge", str(file), "--vendor", vendor, "--report", str(out), *options])
        said, err = capsys.readouterr()
        assert err == ""
        document = json.loads((out / "report.json").read_text(encoding="utf-8"))
        schema = json.loads(resources.path("schemas/report.schema.json").read_text("utf-8"))
        assert list(Draft202012Validator(schema).iter_errors(document)) == []
        assert document["run"]["exit_code"] == stop.value.code
        return stop.value.code, said, document

    return judge


def outcomes(document, *kinds):
    return {
        row["requirement"]: row["outcome"]
        for row in document["results"]
        if row["outcome"] in (kinds or ("fail", "warning"))
    }


def test_calls_that_only_their_query_names_are_judged(judged):
    entries = recorded(vendor="volcengine")
    code, said, document = judged(entries, vendor="volcengine")
    assert (code, outcomes(document)) == (0, {}), said
    assert document["run"]["requests"] == len(entries)
    signature = dict(entries[0]["request"]["headers"][-1].items())["value"][-30:]
    assert signature not in said + json.dumps(document)


def test_the_traffic_of_the_reference_conforms(judged):
    code, said, document = judged(recorded())
    assert code == 0, said
    assert outcomes(document) == {}
    passed = outcomes(document, "pass")
    assert {"TC-GEN-01", "TC-GEN-02", "TC-GEN-07", "TC-GMR-02", "TC-GMR-04"} <= set(passed)
    assert {"TC-GMD-04", "TC-GMD-07", "TC-GMD-08", "TC-GMD-10", "TC-SND-11"} <= set(passed)
    assert "conforms" in said
    count = len(recorded())
    assert f"{count} of {count} entries judged" in said
    assert document["run"]["requests"] == count


@pytest.mark.parametrize(
    ("fault", "requirement"),
    [
        ("error-code-as-text", "TC-GEN-02"),
        ("byte-order-mark", "TC-GEN-07"),
        ("status-201-on-success", "TC-GEN-01"),
        ("success-says-fail", "TC-GEN-05"),
        ("query-in-header", "SEC-01"),
        ("read-count-null", "TC-GMR-03"),
        ("last-item-missing", "TC-GMR-04"),
        ("page-overfull", "TC-GMD-04"),
        ("page-without-cursor", "TC-GMD-07"),
        ("detail-seq-zero", "TC-GMD-10"),
    ],
)
def test_recorded_answers_that_break_a_promise_are_found(judged, fault, requirement):
    code, said, document = judged(recorded(fault), "--strict")
    assert requirement in outcomes(document), said
    assert code == 1


def test_no_credential_of_the_recording_is_shown(judged, tmp_path):
    entries = recorded("query-in-header")
    secret = entries[0]["request"]["url"].partition("usersig=")[2].partition("&")[0]
    assert len(secret) > 40
    for one in entries:
        one["request"]["headers"].append({"name": "Cookie", "value": "session=abcdefghijklmnop"})
    _, said, _ = judged(entries)
    text = (tmp_path / "out" / "report.json").read_text(encoding="utf-8")
    for shown in (said, text):
        assert secret not in shown
        assert "abcdefghijklmnop" not in shown


def change(entries, **changes):
    for one in entries:
        for path, value in changes.items():
            part, _, key = path.partition("__")
            one[part][key] = value
    return entries


def test_what_is_not_the_vendors_is_counted_and_left_alone(judged):
    mine = recorded()
    other = change(recorded()[:2], request__url="https://shop.example/v4/cart?x=1")
    preflight = change(recorded()[:1], request__method="OPTIONS")
    blocked = change(recorded()[:1], response__status=0)
    without = change(recorded()[:1], response__content={"size": 40})
    cut = change(recorded()[:1], response__content={"size": 400, "text": '{"Action'})
    cached = change(recorded()[:1], response__status=304)
    code, said, document = judged([*other, *preflight, *mine, *blocked, *without, *cut, *cached])
    assert code == 0, said
    assert document["run"]["requests"] == len(mine)
    for words in (
        "3 not calls of the vendor",
        "1 without an answer",
        "1 without the body of the answer",
        "1 with an answer that the recorder cut short",
        "1 answered from a cache",
    ):
        assert words in said


def test_text_bodies_and_pseudo_headers_are_read(judged):
    entries = recorded()
    for one in entries:
        content = one["response"]["content"]
        text = base64.b64decode(content["text"]).decode()
        one["response"]["content"] = {"size": content["size"], "text": text}
        one["request"]["headers"].insert(0, {"name": ":method", "value": "POST"})
    assert judged(entries)[0] == 0


def test_messages_whose_numbers_fall_are_found_and_simultaneous_ones_are_not(judged):
    entries = recorded()
    sent = [one for one in entries if "send_group_msg?" in one["request"]["url"]]
    for one, number in zip(sent, (7, 6, 5), strict=True):
        body = json.loads(base64.b64decode(one["response"]["content"]["text"]))
        one["response"]["content"] = {"text": json.dumps({**body, "MsgSeq": number})}
    assert outcomes(judged(entries)[2]) == {"TC-SND-11": "fail"}
    for one in sent:
        one["startedDateTime"] = sent[0]["startedDateTime"]
    assert outcomes(judged(entries)[2]) == {}


def test_a_recording_without_calls_of_the_vendor_exercises_nothing(judged):
    code, said, _ = judged(change(recorded(), request__url="https://shop.example/"))
    assert code == 5
    assert "nothing was exercised" in said


def test_a_recording_of_an_outage_gives_no_verdict(judged):
    page = {"text": "<html>Bad gateway</html>", "size": 24}
    code, said, _ = judged(change(recorded(), response__status=502, response__content=page))
    assert code == 6
    assert "HTTP 502 with an HTML page" in said


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "not JSON"),
        ("{", "not JSON"),
        ("\x00", "not JSON"),
        ("[]", "log.entries is missing"),
        ('{"log": 1}', "log.entries is missing"),
        ('{"log": {"entries": {}}}', "log.entries is missing"),
        ('{"log": {"entries": [1]}}', "log.entries[0]: no object"),
        ('{"log": {"entries": [{"request": {}}]}}', "log.entries[0].request: no request"),
        ('{"log": {"entries": [{"request": {"url": "x"}, "response": 1}]}}', "no object"),
        ("[" * 100_000, "not JSON"),
    ],
)
def test_a_broken_har_is_one_clear_line(capsys, tmp_path, text, says):
    file = tmp_path / "app.har"
    file.write_text(text)
    with pytest.raises(SystemExit) as stop:
        cli.main(["judge", str(file), "--vendor", "tencent"])
    out, err = capsys.readouterr()
    assert (stop.value.code, out) == (4, "")
    assert str(file) in err
    assert says in err
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["judge", "none.har", "--vendor", "tencent"], "no such file"),
        (["judge", "none.har", "--vendor", "tencnet"], "no vendor 'tencnet'"),
    ],
)
def test_mistakes_end_in_one_line(capsys, arguments, says):
    with pytest.raises(SystemExit) as stop:
        cli.main(arguments)
    _, err = capsys.readouterr()
    assert stop.value.code == 4
    assert says in err


@pytest.mark.parametrize(
    "broken",
    [
        {},
        {"response": {}},
        {"response": {"status": "200"}},
        {"response": {"status": 200, "content": None}},
        {"response": {"status": 200, "content": {"text": 5}}},
        {"response": {"status": 200, "content": {"text": "!", "encoding": "base64"}}},
        {"response": {"status": 200, "content": {"text": "{}"}, "headers": {"a": 1}}},
        {"startedDateTime": "yesterday", "time": -1, "timings": []},
    ],
)
def test_odd_entries_never_break_the_judgement(broken):
    one = {**recorded()[-2], **broken}
    for url in (one["request"]["url"], "http://[", "x"):
        one = {**one, "request": {**one["request"], "url": url, "postData": None, "headers": [1]}}
        traffic.judge([one], contract.load("tencent"), "traffic")


def test_credentials_are_seen_wherever_they_travel():
    headers = (
        ("Authorization", "HMAC-SHA256 Credential=AK0123456789/x, Signature=0123456789abcdef"),
        ("Cookie", "a=1; session=0123456789abc"),
    )
    target = "/?usersig=eJw-0123%2Bx45678&X-Signature=fedcba9876543210"
    found = credentials_of(Request("GET", "http://h", target, headers, b""))
    assert {"eJw-0123+x45678", "fedcba9876543210", "0123456789abcdef", "0123456789abc"} <= found
