"""A headless Chromium, driven over the two pipes of its DevTools protocol: no library between."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_LIMIT_S = 60.0
_AS_3_AND_4 = """
import fcntl, os, sys
read, write = (fcntl.fcntl(int(number), fcntl.F_DUPFD, 10) for number in sys.argv[1:3])
os.dup2(read, 3), os.dup2(write, 4)
os.execvp(sys.argv[3], sys.argv[3:])
"""
"""Becomes another program that has two pipes as numbers 3 and 4, as the protocol wants them."""


def find_chromium() -> str | None:
    """A Chromium of this machine: that of MASKCTL_CHROMIUM, or the first of the usual names."""
    return os.environ.get("MASKCTL_CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)


class Tab:
    """One page. `events` holds what the browser said about it so far, in order."""

    def __init__(self, browser: _Browser, session: str) -> None:
        self._browser, self._session = browser, session
        self.events: list[dict[str, Any]] = []
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        """The result of a command."""
        return self._browser.call(method, params, self._session, self.events)

    def run(self, script: str) -> Any:
        """What a JavaScript expression gives, promises awaited."""
        done = self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in done, done["exceptionDetails"]
        return done["result"].get("value")

    def open(self, path: Path, *, width: int = 1440, height: int = 1000, dark: bool = False) -> float:
        """Shows a page and waits until it says it is ready; returns the seconds that took."""
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        self.scheme(dark=dark)
        begin = time.monotonic()
        self.call("Page.navigate", url=path.resolve().as_uri())
        while not self.run("document.documentElement?.dataset.ready === 'true'"):
            assert time.monotonic() - begin < _LIMIT_S, self.complaints()
            time.sleep(0.02)
        return time.monotonic() - begin

    def scheme(self, *, dark: bool) -> None:
        """What the reader prefers."""
        feature = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[feature])

    def key(self, key: str, text: str = "") -> None:
        """Presses a key where the focus is."""
        for kind in ("keyDown", "keyUp"):
            extra = {"text": text} if text and kind == "keyDown" else {}
            self.call("Input.dispatchKeyEvent", type=kind, key=key, **extra)

    def screenshot(self, path: Path, *, whole: bool = False) -> None:
        """Writes what is seen, or the whole page, as a PNG."""
        found = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        path.write_bytes(base64.b64decode(found["data"]))

    def complaints(self) -> list[str]:
        """Errors of scripts, and what the browser wrote to its log or console."""
        kinds = ("Runtime.exceptionThrown", "Log.entryAdded", "Runtime.consoleAPICalled")
        return [json.dumps(event["params"]) for event in self.events if event["method"] in kinds]

    def requests(self) -> list[str]:
        """What was asked for since the tab is there."""
        return [
            event["params"]["request"]["url"] for event in self.events if event["method"] == "Network.requestWillBeSent"
        ]


class _Browser:
    """The process, and messages to and from it: JSON that ends in a zero byte."""

    def __init__(self, program: str, folder: Path) -> None:
        read, self._out = os.pipe()
        self._in, write = os.pipe()
        flags = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars"]
        command = [program, *flags, "--remote-debugging-pipe", f"--user-data-dir={folder}", "about:blank"]
        self.process = subprocess.Popen(
            [sys.executable, "-c", _AS_3_AND_4, str(read), str(write), *command],
            pass_fds=(read, write),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(read)
        os.close(write)
        self._number, self._rest = 0, b""

    def call(
        self,
        method: str,
        params: dict[str, Any],
        session: str | None = None,
        events: list[dict[str, Any]] | None = None,
    ) -> dict[str, Any]:
        self._number += 1
        message = {"id": self._number, "method": method, "params": params}
        os.write(self._out, json.dumps(message | ({"sessionId": session} if session else {})).encode() + b"\0")
        while True:
            found = self._next()
            if found.get("id") == self._number:
                assert "error" not in found, f"{method}: {found['error']}"
                return dict(found["result"])
            if events is not None and found.get("sessionId") == session and "method" in found:
                events.append(found)

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self._rest:
            read = os.read(self._in, 1 << 20)
            assert read, "the browser is gone"
            self._rest += read
        message, _, self._rest = self._rest.partition(b"\0")
        found: dict[str, Any] = json.loads(message)
        return found

    def close(self) -> None:
        self.call("Browser.close", {})
        self.process.wait(_LIMIT_S)
        os.close(self._out)
        os.close(self._in)


@contextmanager
def tab(program: str, folder: Path) -> Iterator[Tab]:
    """A fresh tab of a browser of its own, whose files are in `folder`."""
    browser = _Browser(program, folder)
    try:
        target = browser.call("Target.createTarget", {"url": "about:blank"})["targetId"]
        session = browser.call("Target.attachToTarget", {"targetId": target, "flatten": True})["sessionId"]
        yield Tab(browser, session)
        browser.close()
    finally:
        if browser.process.poll() is None:
            browser.process.kill()
            browser.process.wait()
