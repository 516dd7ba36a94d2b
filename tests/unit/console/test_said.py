"""What the service refuses, in Italian: every sentence is raised by the code itself, so that none drifts apart."""

import json
import re
import shutil
import subprocess
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from rimedio.cost.budgets import Limits
from rimedio.domain.errors import RimedioError
from rimedio.domain.ticket import Status
from rimedio.events.archive import check_replay
from rimedio.events.cron import Cron
from rimedio.events.pattern import Pattern
from rimedio.events.schedule import timing_of, zone_named
from rimedio.http.body_schemas import BodySchemas
from rimedio.knowledge.extract.formats import extract
from rimedio.lambdas.failures import RequestRefused
from rimedio.security.ssrf import check_public_url

CONSOLE = Path(__file__).resolve().parents[3] / "src" / "rimedio" / "console"
DOCUMENT = json.loads((CONSOLE.parents[2] / "docs" / "openapi.json").read_text("utf-8"))
PROGRAM = """
const storage = { getItem: () => process.argv[4], setItem() {}, removeItem() {} };
globalThis.window = globalThis;
globalThis.localStorage = globalThis.sessionStorage = storage;
globalThis.document = { documentElement: { lang: "" } };
const { refused, said } = await import(process.argv[2]);
const work = JSON.parse(process.argv[3]).map(({ message, details }) => (details ? refused(message, details) : said(message)));
process.stdout.write(JSON.stringify(work));
"""
EARLY, LATE = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC)
ENGLISH = re.compile(r"\b(?:the|is|are|not|and|must|no|there)\b", re.IGNORECASE)


def in_console(tmp_path: Path, messages: Sequence[object], language: str = "it") -> list[dict[str, str]]:
    node = shutil.which("node")
    if node is None:
        pytest.skip("Node is not on the path")
    program = tmp_path / "program.mjs"
    program.write_text(PROGRAM)
    command = [node, str(program), (CONSOLE / "said.js").as_uri(), json.dumps(messages), language]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 0, done.stderr
    found: list[dict[str, str]] = json.loads(done.stdout)
    return found


REFUSALS: dict[str, Callable[[], object]] = {
    "no schedule": lambda: timing_of("sometimes"),
    "no rate": lambda: timing_of("rate(5 minute)"),
    "no time": lambda: timing_of("at(tomorrow)"),
    "five fields": lambda: Cron.parse("0 8 * * *"),
    "no question mark": lambda: Cron.parse("0 8 * * * *"),
    "an impossible hour": lambda: Cron.parse("0 25 * * ? *"),
    "no zone": lambda: zone_named("Europa/Roma"),
    "a replay backwards": lambda: check_replay(LATE, EARLY, (), ()),
    "a replay for no rule": lambda: check_replay(EARLY, LATE, ("x",), ()),
    "no pattern": lambda: Pattern.compile({"a": 1}),
    "shares out of order": lambda: Limits(small_model_at=0.9, extractive_at=0.2).checked(),
    "an empty file": lambda: extract(b"", "a.md"),
    "a picture": lambda: extract(b"\x89PNG\r\n\x1a\n", "a.md"),
    "an unknown ending": lambda: extract(b"text", "a.xyz"),
    "a broken PDF": lambda: extract(b"%PDF-1.7 nothing", "a.pdf"),
    "no Word": lambda: extract(b"text", "a.docx"),
    "broken JSON": lambda: extract(b"{", "a.json"),
    "no text": lambda: extract(b"   \n ", "a.txt"),
    "a private address": lambda: check_public_url("http://127.0.0.1/x"),
    "no URL": lambda: check_public_url("ftp://example.com/x"),
}


def message_of(work: Callable[[], object]) -> str:
    with pytest.raises(RimedioError) as refused:
        work()
    return str(refused.value)


def test_refusals_have_italian_words(tmp_path: Path) -> None:
    messages = {name: message_of(work) for name, work in REFUSALS.items()}
    said = in_console(tmp_path, [{"message": text} for text in messages.values()])
    foreign = {name: one["text"] for name, one in zip(messages, said, strict=True) if one["lang"] != "it"}
    assert not foreign


def test_a_status_stands_in_the_readers_words(tmp_path: Path) -> None:
    text = f"Ticket tkt_1 is {Status.RESOLVED} and cannot become {Status.IN_REVIEW}. From RESOLVED it can become: x."
    (said,) = in_console(tmp_path, [{"message": text}])
    assert said["text"] == "Il ticket è «Risolto» e non può diventare «Da rivedere»."


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"customer": {"id": "c", "name": "n"}, "asset": {"product_type": "X", "model": "y", "serial": "z"}},
        {"customer": {"id": "", "name": "n" * 999}, "asset": {"product_type": "HVAC", "model": 5}},
        {"strange": 1},
    ],
)
def test_faulty_fields_are_named_in_italian(tmp_path: Path, body: dict[str, object]) -> None:
    with pytest.raises(RequestRefused) as refused:
        BodySchemas(DOCUMENT).check("POST /v1/tickets", json.dumps(body).encode())
    details = [fault.model_dump() for fault in refused.value.faults]
    (said,) = in_console(tmp_path, [{"message": str(refused.value), "details": details}])
    assert said["lang"] == "it"
    assert not ENGLISH.search(said["text"]), said["text"]


def test_what_has_no_italian_words_is_marked_as_english(tmp_path: Path) -> None:
    (said,) = in_console(tmp_path, [{"message": "Nobody has translated this."}])
    assert said == {"text": "Nobody has translated this.", "lang": "en"}


def test_an_english_reader_hears_the_service_itself(tmp_path: Path) -> None:
    text = message_of(REFUSALS["no rate"])
    (said,) = in_console(tmp_path, [{"message": text}], "en")
    assert said == {"text": text, "lang": "en"}
