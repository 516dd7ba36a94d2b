"""Stored tickets are run again with another model, prompt or index, while a service works; nothing is written."""

import json
import sqlite3
from pathlib import Path

import pytest

from rimedio.bootstrap import Rimedio, laptop
from rimedio.bootstrap.replay import Trial, replaying
from rimedio.domain.errors import InvalidSetting, NotFound
from rimedio.domain.review import Change
from rimedio.learning.difference import Verdict
from rimedio.learning.replay import Replay, Replayed, past_of
from rimedio.llm.fake_server import FakeChatServer, Turn
from rimedio.llm.prompts import PromptRegistry
from rimedio.settings import Settings

QUOTE = "Replace the air filter XC2-FLT-01 and restart the station."


def reply(text: str, quote: str = QUOTE) -> Turn:
    sentence = {"text": text, "passage": 1, "quote": quote}
    return Turn(json.dumps({"steps": [{"section": "REMEDY", "title": "Remedy", "sentences": [sentence]}]}))


def run(system: Rimedio, tenant: str, ids: list[str], trial: Trial | None = None) -> Replayed:
    with replaying(system, trial or Trial()) as replay:
        return replay(tenant, ids)


def snapshot(system: Rimedio) -> list[tuple[object, ...]]:
    """Every row of every table of the data folder."""
    database = sqlite3.connect(f"file:{system.folder.path / 'rimedio.db'}?mode=ro", uri=True)
    names = [
        n for (n,) in database.execute("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")
    ]
    found = [(n, *row) for n in names for row in database.execute(f'SELECT * FROM "{n}"')]
    database.close()
    return found


def reader(shop, **settings: object) -> Rimedio:  # type: ignore[no-untyped-def]
    """A second, read-only system on the folder that `shop` holds for writing."""
    return laptop(Settings.model_validate(shop.settings.model_dump() | settings), read_only=True)


def test_the_same_parts_give_the_same_remedy_and_write_nothing(shop) -> None:  # type: ignore[no-untyped-def]
    ticket = shop.work("The station stops after five minutes, code E029. Regards, Mario Riva", "E029")
    before, files = snapshot(shop.system), sorted(shop.system.folder.path.rglob("*"))
    system = reader(shop)  # while the writing one is open
    found = run(system, shop.tenant, [ticket.ticket_id], Trial())
    system.close()
    [difference] = found.differences
    assert difference.verdict is Verdict.SAME
    assert difference.before is not None
    assert difference.after.outcome == difference.before.outcome
    assert difference.citations_kept
    assert snapshot(shop.system) == before
    assert set(shop.system.folder.path.rglob("*")) <= {*files}


def test_another_model_is_asked_the_redacted_question_and_compared(shop) -> None:  # type: ignore[no-untyped-def]
    ticket = shop.work("The station stops after five minutes, code E029. Regards, Mario Riva", "E029")
    with FakeChatServer([reply(QUOTE)]) as server:
        system = reader(shop, llm_url=server.url)
        found = run(system, shop.tenant, [ticket.ticket_id], Trial(model="tiny-1"))
        system.close()
    assert server.requests[0]["model"] == "tiny-1"
    assert "Mario Riva" not in json.dumps(server.requests)
    [difference] = found.differences
    assert difference.after.model == "tiny-1"
    assert difference.after.tokens_output > 0
    assert {line.change for line in difference.lines} >= {Change.SAME, Change.REMOVED}
    assert any(line.change is Change.SAME and "XC2-FLT-01" in (line.after or "") for line in difference.lines)


def test_an_invented_sentence_is_refused_in_a_replay_too(shop) -> None:  # type: ignore[no-untyped-def]
    ticket = shop.work("The station stops after five minutes, code E029", "E029")
    with FakeChatServer([reply("Replace the air filter XC2-FLT-99.")]) as server:
        system = reader(shop, llm_url=server.url)
        [difference] = run(system, shop.tenant, [ticket.ticket_id], Trial(model="tiny-1")).differences
        system.close()
    assert difference.verdict is Verdict.DIFFERENT
    assert difference.after.groundedness < 0.5


def test_a_prompt_of_ones_own_is_tried(shop, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    ticket = shop.work("The station stops after five minutes, code E029", "E029")
    own = tmp_path / "prompts"
    own.mkdir()
    shipped = PromptRegistry.shipped().get("rag_generation", "en")
    (own / "rag_generation.en.toml").write_text(
        f"name = 'rag_generation'\nversion = '9.9'\nlanguage = 'en'\ninputs = {sorted(shipped.inputs)}\n"
        "system = 'Be brief, I pray.'\n"
        "user = '''<<products>> <<codes>> <<question>> <<passages>>'''\n"
    )
    with FakeChatServer([reply(QUOTE)]) as server:
        system = reader(shop, llm_url=server.url, llm_model="tiny-1", generator="openai-compatible")
        [difference] = run(system, shop.tenant, [ticket.ticket_id], Trial(prompt=str(own))).differences
        with pytest.raises(NotFound, match=r"no version 7\.7"):
            run(system, shop.tenant, [ticket.ticket_id], Trial(prompt="7.7"))
        system.close()
    assert difference.after.prompt_version.startswith("rag_generation@9.9/en")
    assert "Be brief, I pray." in json.dumps(server.requests)


def test_another_index_is_asked(shop, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    ticket = shop.work("The station stops after five minutes, code E029", "E029")
    other = laptop(Settings.model_validate(shop.settings.model_dump() | {"data_dir": tmp_path / "other"}))
    newer = (
        "# XC-200 bulletin\n\n## E029 – Overtemperature\n\n**Remedy:**\n\n1. Update the firmware to 2.4.\n"
    )
    other.ingestor.ingest_bytes(newer.encode(), "bulletin.md", shop.tenant, source_uri="bulletin.md")
    other.close()
    system = reader(shop)
    found = run(system, shop.tenant, [ticket.ticket_id], Trial(index=tmp_path / "other"))
    system.close()
    [difference] = found.differences
    assert difference.verdict is Verdict.DIFFERENT
    assert any("firmware" in (line.after or "") for line in difference.lines)
    assert difference.citations_removed
    assert difference.citations_added


def test_many_tickets_make_a_summary_and_one_that_is_not_there_is_named(shop) -> None:  # type: ignore[no-untyped-def]
    ids = [
        shop.work("The station stops, code E029", "E029").ticket_id,
        shop.work("E399 on the display", "E399").ticket_id,
    ]
    system = reader(shop)
    found = run(system, shop.tenant, [*ids, "tkt_00000000-0000-4000-8000-000000000000"])
    assert (found.summary.tickets, found.summary.same) == (2, 2)
    assert len(found.summary.failed) == 1
    with pytest.raises(NotFound):
        run(system, "other", ids[:1])  # nobody replays another tenant's tickets
    system.close()


def test_without_its_history_the_question_is_made_again(shop) -> None:  # type: ignore[no-untyped-def]
    ticket = shop.work("The station stops after five minutes, code E029. Regards, Mario Riva", "E029")

    class NoHistory:
        def history(self, execution_id: str) -> list[dict[str, object]]:
            return []

    assert past_of(ticket, shop.system.engine).question is not None
    assert past_of(ticket, NoHistory()).question is None
    system = reader(shop)
    with replaying(system, Trial()) as replay:
        found = Replay(replay.parts, NoHistory())(shop.tenant, [ticket.ticket_id])
    system.close()
    assert found.differences[0].verdict is Verdict.SAME


def test_a_model_without_an_endpoint_and_a_prompt_without_a_model_are_refused(shop) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(InvalidSetting, match="llm_url"):
        run(shop.system, shop.tenant, [], Trial(model="tiny-1"))
    with pytest.raises(InvalidSetting, match="chat model"):
        run(shop.system, shop.tenant, [], Trial(prompt="1.0"))
