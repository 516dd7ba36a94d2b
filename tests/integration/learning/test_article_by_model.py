"""A chat model writes an article; what its quotes do not say is left out, and without a model words are taken."""

import json
from pathlib import Path

from tests.integration.learning.conftest import Shop

from rimedio.domain.ticket import Ticket
from rimedio.learning.articles import Article
from rimedio.llm.fake_server import FakeChatServer, Turn

NOTE = "The surge board was burnt by the storm. Replace the board with XC2-SPD-07 and reset the breaker."


def reply(*sentences: tuple[str, str, str]) -> Turn:
    steps = [
        {"section": section, "title": "x", "sentences": [{"text": text, "passage": 1, "quote": quote}]}
        for section, text, quote in sentences
    ]
    return Turn(json.dumps({"steps": steps}))


def solved(shop: Shop) -> Ticket:
    ticket = shop.work("Code E399 after the storm, the station stands still. Mario Riva", "E399")
    return shop.system.desk.resolve(shop.tenant, ticket.ticket_id, by="anna", reason=NOTE)


def written(tmp_path: Path, *turns: Turn) -> tuple[Article, str]:
    with FakeChatServer(turns) as server:
        shop = Shop(tmp_path / "data", generator="openai-compatible", llm_url=server.url, llm_model="tiny-1")
        article = shop.system.learning.articles.draft(shop.tenant, [solved(shop).ticket_id], "anna")
        shop.system.close()
        return article, json.dumps(server.requests)


def test_supported_sentences_stay_and_invented_ones_go(tmp_path: Path) -> None:
    article, sent = written(
        tmp_path,
        reply(
            ("CAUSE", "The surge board was burnt by the storm.", "The surge board was burnt by the storm."),
            ("REMEDY", "Replace the board with XC2-SPD-07.", "Replace the board with XC2-SPD-07"),
            ("REMEDY", "Replace the board with XC2-SPD-99.", "Replace the board with XC2-SPD-07"),
            ("REMEDY", "Then polish the cover.", "and then polish the cover"),
        ),
    )
    assert article.written_by == "tiny-1"
    assert "1. Replace the board with XC2-SPD-07. [t1]" in article.body
    assert "XC2-SPD-99" not in article.body
    assert "polish" not in article.body
    assert "Riva" not in sent + article.body


def test_a_model_that_fails_or_says_nothing_of_use_is_replaced_by_peoples_words(tmp_path: Path) -> None:
    invented = reply(("REMEDY", "Reset the moon.", "Reset the moon."))
    for number, turn in enumerate((Turn(status=503), Turn("no JSON"), invented)):
        article, _ = written(tmp_path / str(number), turn)
        assert article.written_by == "extractive"
        assert "Replace the board with XC2-SPD-07 and reset the breaker. [t1]" in article.body
