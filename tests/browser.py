"""A real browser for the tests of the page. `python tests/browser.py docs/chat.png` takes the picture for the docs."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Dialog, Page, Request, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome")
CHROMIUM = next((path for name in NAMES if (path := shutil.which(name))), None)
OPTIONS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
# Milliseconds, for a machine that is busy with other things.
PATIENCE = 120_000
QUESTION = "Your question"
DONE = ".turn:last-of-type :is(.why, .error)"


@contextmanager
def started_browser() -> Iterator[Browser]:
    """The system's Chromium."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=OPTIONS, timeout=PATIENCE)
        yield browser
        browser.close()


@pytest.fixture(scope="session", name="browser")
def browser_fixture() -> Iterator[Browser]:
    """One browser for all tests; each test opens contexts of its own, which share nothing.

    Without Chromium a test is skipped, but fails where changes are checked (CI=true): nobody looks at the skips there.
    """
    if CHROMIUM is None:
        stop = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        stop("needs Chromium: apt-get install chromium")
    with started_browser() as browser:
        yield browser


class Watch:
    """Collects what must not happen on a page: requests to other machines, dialogs, script errors."""

    def __init__(self, page: Page, address: str) -> None:
        self.address = address
        self.faults: list[str] = []
        page.on("request", self._request)
        page.on("dialog", self._dialog)
        page.on("pageerror", lambda error: self.faults.append(f"script error: {error}"))
        page.on("console", self._console)

    def _request(self, request: Request) -> None:
        if not request.url.startswith((self.address, "data:", "blob:")):
            self.faults.append(f"request to {request.url}")

    def _dialog(self, dialog: Dialog) -> None:
        self.faults.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    def _console(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.faults.append(f"console: {message.text}")


class Traffic:
    """Counts the bytes of all replies to a page from now on, streams included, after decompression."""

    def __init__(self, page: Page) -> None:
        self.received = 0
        session = page.context.new_cdp_session(page)
        session.on("Network.dataReceived", self._count)
        session.send("Network.enable")

    def _count(self, event: dict[str, Any]) -> None:
        self.received += event["dataLength"]


def ask(page: Page, question: str) -> None:
    """Type a question, send it with the Enter key and wait for its answer, abstention or error."""
    last = page.locator(".turn").last
    asked = int((last.get_attribute("id") or "").removeprefix("turn-")) if last.count() else 0
    page.get_by_label(QUESTION).fill(question)
    page.get_by_label(QUESTION).press("Enter")
    page.locator(f"#turn-{asked + 1}").wait_for()
    page.locator(DONE).wait_for(timeout=PATIENCE)


def take_picture(path: Path) -> None:
    """The page over `seeds/` with an answer and its source."""
    import ui
    from qa import Config, build_chain, build_index

    with tempfile.TemporaryDirectory() as folder, started_browser() as browser:
        config = Config(corpus=Path("seeds"), index_dir=Path(folder))
        build_index(config)
        served = ui.serve(build_chain(config))
        page = browser.new_page(viewport={"width": 1280, "height": 760}, device_scale_factor=1.5)
        page.goto(str(served.local_url))
        ask(page, "Where did the raid take place?")
        page.locator("#source mark").first.wait_for()
        page.screenshot(path=path)
        served.close(verbose=False)


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1]))
    take_picture(Path(sys.argv[1]))
