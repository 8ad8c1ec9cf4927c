"""A headless Chromium spoken to over its DevTools protocol."""

import base64
import itertools
import json
import re
import shutil
import subprocess
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

import websocket
from pace import PATIENCE

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")


def found():
    """Where a Chromium is, or ``None``."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


@contextmanager
def chromium():
    """Start a browser of our own and end it, with all it has written."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        process = subprocess.Popen(
            [
                *(found(), "--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run"),
                *("--hide-scrollbars", "--disable-dev-shm-usage", "--remote-debugging-port=0"),
                *(f"--user-data-dir={folder}", "--remote-allow-origins=*", "about:blank"),
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            browser = Browser(_address(Path(folder, "DevToolsActivePort"), process))
            try:
                yield browser
            finally:
                browser.close()
        finally:
            process.kill()
            process.wait()


def _address(file, process):
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"Chromium ended with status {process.returncode}")
        if file.exists() and (found := re.match(r"(\d+)\n(\S+)", file.read_text())):
            return f"ws://127.0.0.1:{found[1]}{found[2]}"
        time.sleep(0.05)
    raise RuntimeError(f"Chromium did not come up within {PATIENCE:.0f} s")


class Browser:
    """One browser; `open` gives a page."""

    def __init__(self, address):
        self._socket = websocket.create_connection(address, timeout=PATIENCE, suppress_origin=True)
        self._numbers = itertools.count(1)
        self.events = []

    def close(self):
        self._socket.close()

    def send(self, method, session=None, **params):
        number = next(self._numbers)
        message = {"id": number, "method": method, "params": params}
        self._socket.send(json.dumps(message | ({"sessionId": session} if session else {})))
        while True:
            answer = json.loads(self._socket.recv())
            if answer.get("id") == number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                return answer["result"]
            self.events.append(answer)

    def open(self, file, *, width=1280, height=900, scheme="light", fragment=""):
        """Open a file in a new page of that size and colour scheme and wait until it is drawn."""
        target = self.send("Target.createTarget", url="about:blank")["targetId"]
        attached = self.send("Target.attachToTarget", targetId=target, flatten=True)
        page = Page(self, attached["sessionId"], target)
        for domain in ("Page", "Runtime", "Network", "Log"):
            page.send(f"{domain}.enable")
        page.send(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=False,
        )
        page.scheme(scheme)
        page.send("Page.navigate", url=Path(file).resolve().as_uri() + fragment)
        page.wait("document.readyState === 'complete'")
        return page


class Page:
    """One tab."""

    def __init__(self, browser, session, target):
        self._browser, self._session, self._target = browser, session, target

    def send(self, method, **params):
        return self._browser.send(method, self._session, **params)

    def scheme(self, name, media=""):
        features = [{"name": "prefers-color-scheme", "value": name}]
        self.send("Emulation.setEmulatedMedia", media=media, features=features)

    def run(self, script):
        """Return the JSON value of an expression, a promise's when it is one."""
        answer = self.send(
            "Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True
        )
        if "exceptionDetails" in answer:
            raise RuntimeError(answer["exceptionDetails"])
        return answer["result"].get("value")

    def wait(self, condition):
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            if self.run(condition):
                return
            time.sleep(0.02)
        raise RuntimeError(f"never came true: {condition}")

    def press(self, key, code=None):
        text = {"Enter": "\r", " ": " "}.get(key)
        extra = {"text": text} if text else {}
        number = {"Tab": 9, "Enter": 13, " ": 32}.get(key, ord(key[0]))
        for kind in ("keyDown", "keyUp"):
            self.send(
                "Input.dispatchKeyEvent",
                type=kind,
                key=key,
                code=code or key,
                windowsVirtualKeyCode=number,
                **(extra if kind == "keyDown" else {}),
            )

    def screenshot(self, *, whole=False):
        answer = self.send("Page.captureScreenshot", captureBeyondViewport=whole)
        return base64.b64decode(answer["data"])

    def pdf(self):
        return base64.b64decode(self.send("Page.printToPDF")["data"])

    def requested(self):
        """The addresses that this page asked for."""
        self.run("1")
        return [
            event["params"]["request"]["url"]
            for event in self._browser.events
            if event.get("sessionId") == self._session
            and event["method"] == "Network.requestWillBeSent"
        ]

    def complaints(self):
        """What the page logged, threw, or had refused by its policy."""
        self.run("1")
        kinds = ("Log.entryAdded", "Runtime.exceptionThrown", "Runtime.consoleAPICalled")
        kinds += ("Page.javascriptDialogOpening",)
        return [
            event["params"]
            for event in self._browser.events
            if event.get("sessionId") == self._session and event["method"] in kinds
        ]

    def close(self):
        self._browser.send("Target.closeTarget", targetId=self._target)
