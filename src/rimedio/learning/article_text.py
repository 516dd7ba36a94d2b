"""Writes an article out of people's own sentences, as Markdown; nothing is added, each line has its source.

The form is that of a fault in a manual (a heading that begins with the code, then cause, checks and remedy
under labels), since this is what search and the writers read best.
"""

import re
from collections.abc import Sequence

from rimedio.domain.answer import Section
from rimedio.domain.errors import InvalidInput
from rimedio.domain.ticket import Ticket
from rimedio.learning.articles import TITLE_CHARS_MAX, ArticleSource, WrittenArticle
from rimedio.learning.material import Material, Said

SYMPTOM_CHARS = 90
CODE_WORDS = r"(?:codice|errore|error|code|err\.?|cod\.?)\s+(?:d['’]errore\s+|di errore\s+)?"
SYMPTOM, SOURCES = "SYMPTOM", "SOURCES"
WORDS: dict[str, dict[str, str]] = {
    "it": {
        SYMPTOM: "Sintomo",
        Section.CAUSE: "Causa probabile",
        Section.CHECKS: "Controlli",
        Section.REMEDY: "Rimedio",
        SOURCES: "Fonti",
    },
    "en": {
        SYMPTOM: "Symptom",
        Section.CAUSE: "Probable cause",
        Section.CHECKS: "Checks",
        Section.REMEDY: "Remedy",
        SOURCES: "Sources",
    },
}


def write_article(
    material: Material, tickets: Sequence[Ticket], said: Sequence[Said] | None = None, by: str = "extractive"
) -> WrittenArticle:
    """The article; `said` replaces the material's own sentences where a model wrote them.

    Raises InvalidInput when nobody has said how the tickets were solved.
    """
    spoken = material.said if said is None else tuple(said)
    if not spoken:
        msg = (
            "Nothing in these tickets says how they were solved: no remedy was used, no note was left on "
            "resolving, no operator wrote. Write the article by hand, or add a note to a ticket."
        )
        raise InvalidInput(msg)
    word = WORDS["it" if material.language == "it" else "en"]
    blocks = [f"# {title_of(material, tickets)}", f"## {heading_of(material, tickets)}"]
    if material.symptoms:
        codes = codes_of(tickets)
        told = " / ".join(f"“{_without(text, codes)}” [{mark}]" for text, mark in material.symptoms)
        blocks.append(f"**{word[SYMPTOM]}:** {told}")
    for section in Section:
        lines = [one for one in spoken if one.section is section]
        if lines:
            blocks += _section(word[section], lines, numbered=section is not Section.CAUSE)
    used = {mark for one in spoken for mark in one.sources} | {mark for _, mark in material.symptoms}
    sources = tuple(source for source in material.sources if source.id in used)
    blocks += [f"## {word[SOURCES]}", "\n".join(map(_source, sources))]
    return WrittenArticle(
        title_of(material, tickets), "\n\n".join(blocks) + "\n", material.language, sources, by
    )


def title_of(material: Material, tickets: Sequence[Ticket]) -> str:
    """Model, code, and the first words of the symptom: what somebody would look for."""
    models = ", ".join(dict.fromkeys(t.asset.model for t in tickets))
    named = " ".join(part for part in (models, ", ".join(codes_of(tickets))) if part)
    symptom = _symptom(material)
    return (f"{named}: {symptom}" if symptom else named)[:TITLE_CHARS_MAX]


def heading_of(material: Material, tickets: Sequence[Ticket]) -> str:
    """The code first where there is one: a heading that begins with a code defines it."""
    codes, symptom = codes_of(tickets), _symptom(material) or title_of(material, tickets)
    if not codes:
        return symptom
    return f"{', '.join(codes)} – {_without(symptom, codes)}"


def _without(text: str, codes: Sequence[str]) -> str:
    """The text without the codes: named again, each would look like a definition of its own."""
    if not codes:
        return text
    named = "|".join(map(re.escape, codes))
    plain = re.sub(rf"(?:{CODE_WORDS})?\s*\b(?:{named})\b[\s,:;–-]*", " ", text, flags=re.IGNORECASE)
    plain = " ".join(plain.split())
    return f"{plain[:1].upper()}{plain[1:]}"


def codes_of(tickets: Sequence[Ticket]) -> tuple[str, ...]:
    """The tickets' error codes, once each."""
    return tuple(dict.fromkeys(t.error_code for t in tickets if t.error_code))


def _symptom(material: Material) -> str:
    symptom = material.symptoms[0][0] if material.symptoms else ""
    if len(symptom) > SYMPTOM_CHARS:
        symptom = symptom[:SYMPTOM_CHARS].rsplit(" ", 1)[0] + "…"
    return symptom.rstrip(".")


def _section(label: str, lines: Sequence[Said], *, numbered: bool) -> list[str]:
    marked = [f"{one.text} {' '.join(f'[{mark}]' for mark in one.sources)}" for one in lines]
    if not numbered:
        return [f"**{label}:** {' '.join(marked)}"]
    return [f"**{label}:**", "\n".join(f"{n}. {text}" for n, text in enumerate(marked, 1))]


def _source(source: ArticleSource) -> str:
    if source.ticket_id:
        return f"- [{source.id}] Ticket {source.title}"
    return f"- [{source.id}] {source.title}: “{source.quote}”"
