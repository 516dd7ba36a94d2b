"""The console as people use it: a real service, the demo loaded, Debian's Chromium.

One service and one browser for all tests; each test opens tickets of its own, so that no test sees another's.
A window that saw an error fails its test, whatever the test looked at.
"""

import itertools
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import playwright
import pytest
from playwright.sync_api import Browser, expect
from tools.console import CHROMIUM, Demo, Look, Visit, chromium, prepare, samples, serving, visit

Open = Callable[..., Visit]
Ticket = dict[str, Any]
Tickets = Callable[..., Ticket]
EMBEDDER = "e5-small-latin"
expect.set_options(timeout=60_000)  # a loaded machine is slow, not wrong
_serial = itertools.count(1)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """These tests skip, and say so, where the browser is missing."""
    ours = [item for item in items if "/e2e/console/" in item.path.as_posix()]
    for item in ours:
        item.add_marker(pytest.mark.model)  # without vectors no answer is sure enough to be published
    reason = _missing() if ours else ""
    for item in ours if reason else []:
        item.add_marker(pytest.mark.skip(reason=reason))


def _missing() -> str:
    """What a browser test wants and this machine has not; empty when all is there."""
    if not CHROMIUM.exists():
        return f"{CHROMIUM} is missing. On Debian: apt-get install chromium"
    driver = Path(playwright.__file__).parent / "driver" / "node"
    if not driver.exists():
        return ""  # packed otherwise than today: the tests themselves will tell
    tried = subprocess.run([driver, "--version"], capture_output=True, text=True, check=False)
    if tried.returncode == 0:
        return ""
    return (
        f"Playwright's driver does not start ({tried.stderr.strip()}). On Debian: apt-get install libatomic1"
    )


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """Some of the demo's manuals and tickets, worked through: every outcome is among them."""
    folder = tmp_path_factory.mktemp("console")
    prepare(folder / "data", EMBEDDER)
    with serving(folder, embedder=EMBEDDER, demo=False) as running:
        for body in samples():
            running.open_ticket(body, rest=False)
        running.all_rested()
        yield running


@pytest.fixture(
    scope="module"
)  # Playwright keeps an event loop running in this thread: not for others' tests
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


@pytest.fixture
def open_as(service: Demo, browser: Browser) -> Iterator[Open]:
    """A window of somebody signed in: `open_as("operator", language="en", phone=True)`; role None stays outside."""
    with ExitStack() as stack:
        visits: list[Visit] = []

        def open_window(role: str | None = "operator", **look: Any) -> Visit:
            code = service.code(role) if role else None
            visits.append(stack.enter_context(visit(browser, service.address, code=code, look=Look(**look))))
            return visits[-1]

        yield open_window
        errors = [error for seen in visits for error in seen.faults]
        assert not errors, errors


@pytest.fixture(scope="module")
def run(service: Demo, browser: Browser) -> Iterator[Callable[[str, str], Any]]:
    """A module of the console in a page of its own: `run("charts/scale.js", "(module) => …")`."""
    page = browser.new_page()
    page.goto(service.address)
    yield lambda module, act: page.evaluate(f"import('/console/{module}').then({act})")
    page.close()


@pytest.fixture
def ticket(service: Demo) -> Tickets:
    """Open a ticket and wait until it rests: `ticket("E035 …", error_code="E035")`."""

    def open_one(symptom: str, *, rest: bool = True, model: str = "XC-200", **more: Any) -> Ticket:
        number = next(_serial)
        body = {
            "customer": {"id": f"c-e2e-{number}", "name": f"Officina {number}"},
            "asset": {"product_type": _TYPES[model[:2]], "model": model, "serial": f"E2E-{number:05}"},
            "symptom_text": symptom,
            **more,
        }
        return service.open_ticket(body, rest=rest)

    return open_one


_TYPES = {"XC": "EV_CHARGER", "MG": "INVERTER", "TP": "HVAC"}
