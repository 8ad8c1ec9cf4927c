"""The vendors' own clients, unmodified, get right answers from the reference server."""

import http.client
import json
import os
import shutil
import subprocess
from decimal import Decimal
from pathlib import Path

import pytest
from pace import PATIENCE

from receiptspec import contract
from receiptspec.drivers.volcengine import VolcengineDriver
from receiptspec.exchange import Secret
from receiptspec.neutral import Conversation, Kind
from receiptspec.reference import launch
from receiptspec.targets import Target

NODE = """
const { Service } = require('@volcengine/openapi');
const [host, appid, conversation, message, own] = process.argv.slice(2);
const service = new Service({
  host, protocol: 'http:', region: 'cn-north-1', serviceName: 'rtc',
  accessKeyId: process.env.RS_ACCESS, secretKey: process.env.RS_SECRET,
});
const ask = service.createAPI('GetMessagesReadReceipt', {
  Version: '2020-12-01', method: 'POST', contentType: 'json',
});
ask({ AppId: Number(appid), ConversationShortId: Number(conversation),
      MessageIds: [Number(message)] })
  .then((answer) => console.log(JSON.stringify(answer)));
"""


@pytest.fixture(scope="module")
def server():
    with launch() as running:
        yield running


def told(server, request):
    connection = http.client.HTTPConnection(server.url.removeprefix("http://"))
    connection.request(request.method, request.target, request.body, dict(request.headers))
    body = connection.getresponse().read()
    connection.close()
    return json.loads(body)["Result"]


def as_double(number):
    """Return what is left of an id in a client that holds numbers as JavaScript does."""
    return int(Decimal(repr(float(number))))


@pytest.fixture(scope="module")
def message(server):
    """Return a conversation of three, whose id is beyond JavaScript, and a message in it."""
    auth = {
        "appid": server.appid,
        "access_key": server.access_key,
        "secret_key": Secret(server.secret_key),
    }
    described = contract.load("volcengine")
    driver = VolcengineDriver(
        Target("v", "volcengine", url=server.url, auth=auth), described, server.url
    )

    def call(one):
        return told(server, driver.build(described.operations[one.operation], one))

    made = 0
    while as_double(made) == made:
        made = call(driver.make_group("group", "n", 11, []))["ConversationShortId"]
    group = Conversation(Kind.GROUP, made, "group", 11, (11, 12, 13))
    call(driver.add_members(group, [12, 13]))
    sent = call(driver.send_message(group, 11, receipt=True, number=1))
    return made, sent["MessageId"]


def expected(message):
    conversation, sent = message
    return {
        "MessageId": sent,
        "ConversationShortId": conversation,
        "ReceiverIsRead": False,
        "ReadUserIds": [],
        "UnReadUserIds": [12, 13],
    }


def body(server, message):
    return {
        "AppId": server.appid,
        "ConversationShortId": message[0],
        "MessageIds": [message[1]],
    }


def test_the_python_client_gets_exact_ids(server, message):
    service = pytest.importorskip("volcengine.base.Service", reason="pip install volcengine")
    from volcengine.ApiInfo import ApiInfo
    from volcengine.Credentials import Credentials
    from volcengine.ServiceInfo import ServiceInfo

    host = server.url.removeprefix("http://")
    credentials = Credentials(server.access_key, server.secret_key, "rtc", "cn-north-1")
    info = ServiceInfo(host, {"Accept": "application/json"}, credentials, 5, 5, "http")
    query = {"Action": "GetMessagesReadReceipt", "Version": "2020-12-01"}
    api = {"ask": ApiInfo("POST", "/", query, {}, {})}
    text = service.Service(info, api).json("ask", {}, json.dumps(body(server, message)))
    assert json.loads(text)["Result"]["ReadReceipt"] == [expected(message)]


def test_the_python_core_client_gets_exact_ids(server, message):
    core = pytest.importorskip("volcenginesdkcore", reason="pip install volcenginesdk-core")
    settings = core.Configuration()
    settings.ak, settings.sk = server.access_key, server.secret_key
    settings.region, settings.host = "cn-north-1", server.url.removeprefix("http://")
    settings.scheme, settings.auto_retry = "http", False
    info = core.UniversalInfo(
        method="POST",
        service="rtc",
        version="2020-12-01",
        action="GetMessagesReadReceipt",
        content_type="application/json",
    )
    api = core.UniversalApi(core.ApiClient(settings))
    assert api.do_call(info, body(server, message))["ReadReceipt"] == [expected(message)]


def test_the_node_client_is_let_in_and_loses_digits_itself(server, message, tmp_path):
    node, modules = shutil.which("node"), os.environ.get("RECEIPTSPEC_NODE_MODULES", "")
    if node is None:
        pytest.skip("node is missing: apt-get install nodejs npm")
    if not Path(modules, "@volcengine", "openapi").is_dir():
        pytest.skip(
            "RECEIPTSPEC_NODE_MODULES names no folder with @volcengine/openapi: npm install it"
        )
    script = tmp_path / "ask.cjs"
    script.write_text(NODE)
    conversation, sent = message
    host = server.url.removeprefix("http://")
    done = subprocess.run(
        [node, str(script), host, str(server.appid), str(conversation), str(sent)],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=True,
        env={
            **os.environ,
            "NODE_PATH": modules,
            "RS_ACCESS": server.access_key,
            "RS_SECRET": server.secret_key,
        },
    )
    answer = json.loads(done.stdout)
    error = answer["ResponseMetadata"]["Error"]
    assert error["Code"] == "ConversationNotFound", "the signature of the rounded body is right"
