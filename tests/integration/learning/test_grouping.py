"""Questions asked in several ways, in two languages, against the demo's manuals: who is put together."""

from collections import Counter
from itertools import combinations
from pathlib import Path

import pytest
from tests.integration.learning.conftest import Shop
from tests.integration.learning.paraphrases import THEMES

from rimedio.learning.likeness import Worded
from rimedio.learning.questions import Asker, UnansweredQuestion

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def demo(shop: Shop) -> Shop:
    shop.system.ingestor.ingest([ROOT / "examples" / "knowledge"], shop.tenant)
    return shop


def test_paraphrases_are_found_and_nothing_else(demo: Shop) -> None:
    asked = [(n, Worded(text, language)) for n, theme in enumerate(THEMES) for language, text in theme]
    likeness = demo.system.learning.likeness_of(demo.tenant)
    pairs = [(a == b, likeness.same(one, other) > 0) for (a, one), (b, other) in combinations(asked, 2)]
    found = Counter(pairs)
    assert found[False, True] == 0
    assert found[True, True] >= 24  # of 36


def test_gaps_are_pure_and_most_questions_share_one(demo: Shop) -> None:
    learning, now = demo.system.learning, demo.system.clock.now()
    theme_of = {}
    for number, theme in enumerate(THEMES):
        for language, text in theme:
            question = UnansweredQuestion(f"qst_{len(theme_of)}", demo.tenant, text, language, Asker.ASK, now)
            theme_of[question.question_id] = number
            learning.unanswered.add(question)
    learning.grouping.run(demo.tenant)
    members: dict[str, list[int]] = {}
    for question_id, number in theme_of.items():
        found = learning.unanswered.find(demo.tenant, question_id)
        assert found is not None
        members.setdefault(str(found.gap_id), []).append(number)
    assert all(len(set(themes)) == 1 for themes in members.values())
    assert len(members) <= 22  # 12 themes, 36 questions
