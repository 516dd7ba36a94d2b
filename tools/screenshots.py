"""Pictures of every page of the console: `python -m tools.screenshots [--only NAME]`, into docs/images/console.

A real service with the whole demo, real answers, Debian's Chromium. Each page is taken on a desk in Italian and
light, on a desk in English and dark, and on a phone. Pictures are reduced to a palette to keep the repository small.
"""

import argparse
import io
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, expect

from tools.console import Demo, Look, Visit, chromium, serving, visit

OUT = Path(__file__).resolve().parents[1] / "docs" / "images" / "console"
COLOURS = 96
LOOKS = {
    "it-light": Look("it", "light"),
    "en-dark": Look("en", "dark"),
    "phone-it-dark": Look("it", "dark", phone=True),
    "phone-en-light": Look("en", "light", phone=True),
}
PHONE_LOOKS = ("phone-it-dark", "phone-en-light")  # pages take turns
CODE_TICKET = "Errore E029 sulla XC-200, si spegne dopo 5 minuti"
PDF_TICKET = "Quante ore prima del primo avvio si dà tensione alla TP-12 per scaldare l'olio del compressore?"


@dataclass(frozen=True, slots=True)
class Shot:
    """A page to take: how to get there, and what to do before the picture is taken."""

    route: Callable[[Mapping[str, str]], str]
    role: str = "operator"
    before: Callable[[Visit], None] = lambda _: None
    looks: tuple[str, ...] = ("it-light", "en-dark")


def _ticket(name: str, tab: str = "remedy") -> Callable[[Mapping[str, str]], str]:
    return lambda ids: f"/tickets/{ids[name]}/{tab}"


def _page(path: str) -> Callable[[Mapping[str, str]], str]:
    return lambda _: path


def _marked(seen: Visit) -> None:
    if seen.page.viewport_size and seen.page.viewport_size["width"] < 800:
        seen.page.locator(".sentence").first.click()
    seen.page.locator(".page-sheet canvas").first.wait_for()
    seen.until("document.querySelector('.page-sheet canvas').width > 400")


def _editing(seen: Visit) -> None:
    expect(seen.page.locator(".review-bar")).to_be_visible()
    seen.page.keyboard.press("e")
    box = seen.page.locator(".editor textarea").first
    box.press("End")
    box.press_sequentially(
        " (2 persone)" if seen.page.evaluate("document.documentElement.lang") == "it" else " (2 people)"
    )


def _asked(seen: Visit) -> None:
    seen.page.locator("textarea, input[type=search], input[type=text]").first.fill(CODE_TICKET)
    seen.page.keyboard.press("Control+Enter")
    seen.page.locator("rim-remedy .sentence, .decision").first.wait_for()
    seen.page.wait_for_timeout(1500)


def _searched(seen: Visit) -> None:
    seen.page.locator("main input[type=search], main input[type=text]").first.fill("filtro aria E029")
    seen.page.keyboard.press("Enter")
    seen.page.locator("mark").first.wait_for()


def _scheduling(seen: Visit) -> None:
    seen.page.locator(".section-acts .button-primary").click()
    seen.page.get_by_role("dialog").locator("input").first.fill("morning-report")


def _ticked(seen: Visit) -> None:
    for at in range(2):
        seen.page.locator(".check-step input").nth(at).check()


SHOTS = {
    "sign-in": Shot(_page("/sign-in"), role=""),
    "queue": Shot(_page("/queue")),
    "ticket": Shot(
        _ticket("READY"),
        before=lambda seen: (
            seen.page.locator("mark").first.wait_for()
            if not seen.page.evaluate("matchMedia('(max-width: 40rem)').matches")
            else None
        ),
    ),
    "ticket-manual-page": Shot(_ticket("PDF"), before=_marked),
    "ticket-workflow": Shot(_ticket("IN_REVIEW", "run")),
    "ticket-steps": Shot(_ticket("READY", "steps"), role="technician", before=_ticked),
    "ticket-conversation": Shot(_ticket("NEEDS_INFO", "conversation")),
    "ticket-notes": Shot(_ticket("ESCALATED", "notes")),
    "ticket-review": Shot(_ticket("IN_REVIEW"), before=_editing),
    "new-ticket": Shot(_page("/tickets/new")),
    "ask": Shot(_page("/ask"), before=_asked),
    "knowledge": Shot(_page("/knowledge"), role="admin"),
    "knowledge-search": Shot(_page("/knowledge/search"), role="admin", before=_searched),
    "knowledge-gaps": Shot(_page("/knowledge/gaps"), role="admin"),
    "knowledge-articles": Shot(_page("/knowledge/articles"), role="admin"),
    "insights": Shot(_page("/insights?days=7"), role="admin"),
    "learning": Shot(_page("/learning"), role="admin"),
    "events": Shot(_page("/events"), role="admin"),
    "webhooks": Shot(_page("/events/webhooks"), role="admin"),
    "health": Shot(_page("/settings/health"), role="admin"),
    "settings": Shot(_page("/settings"), role="admin"),
    "first-steps": Shot(_page("/welcome"), role="admin"),
    "schedules": Shot(_page("/events/schedules"), role="admin", before=_scheduling),
}


def take(browser: Browser, demo: Demo, shot: Shot, look: Look, ids: Mapping[str, str]) -> bytes:
    """A PNG of a page as it stands in its window."""
    code = demo.code(shot.role) if shot.role else None
    with visit(browser, demo.address, code=code, look=look) as seen:
        seen.go(shot.route(ids))
        seen.page.wait_for_timeout(600)
        shot.before(seen)
        seen.page.wait_for_timeout(500)
        return seen.page.screenshot()


def reduced(picture: bytes) -> bytes:
    """The same picture with a palette."""
    image = Image.open(io.BytesIO(picture)).convert("RGB")
    packed = io.BytesIO()
    image.quantize(COLOURS, dither=Image.Dither.NONE).save(packed, "PNG", optimize=True)
    return packed.getvalue()


def tickets(demo: Demo) -> dict[str, str]:
    """Ids of tickets that show something, by status; PDF is one answered from a page."""
    asked = {
        "customer": {"id": "c-301", "name": "Termoidraulica Sartor"},
        "asset": {"product_type": "HVAC", "model": "TP-12", "serial": "TP2405481"},
        "symptom_text": PDF_TICKET,
        "lang": "it",
    }
    ids = {"PDF": str(demo.open_ticket(asked)["ticket_id"])}
    with demo.client() as api:
        items = api.get("/v1/tickets", params={"limit": 100}).raise_for_status().json()["items"]
    for item in reversed(items):
        ids.setdefault(item["status"], item["ticket_id"])
        if item["symptom_text"] == CODE_TICKET:
            ids["READY"] = item["ticket_id"]
    return ids


def main() -> None:
    """Take the pictures and say how large they are."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--only", help="one page's name")
    parser.add_argument("--out", type=Path, default=OUT)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    wanted = {name: shot for name, shot in SHOTS.items() if options.only in (None, name)}
    with tempfile.TemporaryDirectory() as folder, serving(Path(folder), embedder="e5-small-latin") as demo:
        demo.all_rested()
        ids = tickets(demo)
        with chromium() as browser:
            for at, (name, shot) in enumerate(wanted.items()):
                for look in (*shot.looks, PHONE_LOOKS[at % len(PHONE_LOOKS)]):
                    path = options.out / f"{name}-{look}.png"
                    path.write_bytes(reduced(take(browser, demo, shot, LOOKS[look], ids)))
                    print(f"{path.name}: {path.stat().st_size // 1024} KB")


if __name__ == "__main__":
    main()
