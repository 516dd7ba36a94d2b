"""Debian's Chromium through Playwright; a visit is one person's window, whose every error is noted."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from playwright.sync_api import Browser, Page, ViewportSize, expect, sync_playwright

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--force-color-profile=srgb",
    "--font-render-hinting=none",
]
DESK = ViewportSize(width=1360, height=860)
PHONE = ViewportSize(width=390, height=844)
WAIT_MS_MAX = 60_000  # a loaded machine is slow, not wrong
SERIOUS = ("serious", "critical")


@dataclass(frozen=True, slots=True)
class Look:
    """How somebody looks at the console."""

    language: Literal["it", "en"] = "it"
    theme: Literal["light", "dark"] = "light"
    phone: bool = False


@dataclass
class Visit:
    """An open window and what went wrong in it."""

    page: Page
    address: str
    errors: list[str] = field(default_factory=list)
    forgiven: list[str] = field(default_factory=list)

    def forgive(self, words: str) -> None:
        """Errors with these words, whenever the browser gets round to them, are what is being looked at."""
        self.forgiven.append(words)

    @property
    def faults(self) -> list[str]:
        """Errors that nobody forgave."""
        return [error for error in self.errors if not any(words in error for words in self.forgiven)]

    def go(self, route: str) -> None:
        """Open a page of the console, such as `/queue?status=READY`, and wait for its heading.

        The page before stands there, heading and all, until the next one's module has come: it is marked, so that it
        is not taken for the one that was asked for.
        """
        address = f"{self.address}/#{route}"
        if self.page.url != address:
            self.page.evaluate("document.querySelector('main > *')?.setAttribute('data-left', '')")
        self.page.goto(address)
        self.settle()

    def settle(self) -> None:
        """Wait until the page has its heading and nothing loads any more."""
        self.page.wait_for_selector("main > :not([data-left]) h1", state="attached")
        expect(self.page.locator(".skeleton")).to_have_count(0, timeout=WAIT_MS_MAX)

    def until(self, expression: str) -> None:
        """Wait until a JavaScript expression holds; `wait_for_function` would break the security policy."""
        for _ in range(WAIT_MS_MAX // 50):
            if self.page.evaluate(expression):
                return
            self.page.wait_for_timeout(50)
        msg = f"It never came true: {expression}"
        raise TimeoutError(msg)

    def violations(self) -> list[str]:
        """Serious and critical findings of axe."""
        from axe_playwright_python.sync_playwright import Axe

        found: list[dict[str, Any]] = Axe().run(self.page).response["violations"]
        return [
            f"{one['id']}: {one['help']}: {[node['html'][:200] for node in one['nodes'][:3]]}"
            for one in found
            if one["impact"] in SERIOUS
        ]

    def overflow(self) -> int:
        """How many pixels the page is wider than its window."""
        wider: int = self.page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        return wider


@contextmanager
def chromium() -> Iterator[Browser]:
    """The browser; it ends with the block."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=str(CHROMIUM), args=FLAGS, timeout=2 * WAIT_MS_MAX
        )
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def visit(
    browser: Browser, address: str, *, code: str | None = None, look: Look | None = None
) -> Iterator[Visit]:
    """A window of its own, signed in with a one-time code unless there is none."""
    how = look or Look()
    context = browser.new_context(
        viewport=PHONE if how.phone else DESK,
        locale="it-IT" if how.language == "it" else "en-GB",
        timezone_id="Europe/Rome",
        color_scheme=how.theme,
        has_touch=how.phone,
        is_mobile=how.phone,
        reduced_motion="reduce",  # nothing moves in a picture
    )
    context.set_default_timeout(WAIT_MS_MAX)
    page = context.new_page()
    seen = Visit(page, address)
    page.on("console", lambda said: seen.errors.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: seen.errors.append(str(error)))
    page.on("request", lambda asked: _at_home(asked.url, address, seen.errors))
    try:
        if code is not None:
            page.goto(f"{address}/?code={code}")
            page.wait_for_selector(".nav")
            seen.settle()
        yield seen
    finally:
        context.close()


def _at_home(url: str, address: str, errors: list[str]) -> None:
    """No request leaves for another host."""
    if not url.startswith((address, "blob:", "data:")):
        errors.append(f"a request to {url}")
