"""Writes an article out of people's own sentences, as Markdown; nothing is added, each line has its source."""

from collections.abc import Sequence

from rimedio.domain.answer import Section
from rimedio.domain.errors import InvalidInput
from rimedio.domain.ticket import Ticket
from rimedio.learning.articles import TITLE_CHARS_MAX, ArticleSource, WrittenArticle
from rimedio.learning.material import Material, Said

SYMPTOM_CHARS = 90
WORDS = {
    "it": {
        "SYMPTOM": "Sintomo",
        Section.CAUSE: "Causa",
        Section.CHECKS: "Verifiche",
        Section.REMEDY: "Rimedio",
        "SOURCES": "Fonti",
        "TICKET": "Ticket",
    },
    "en": {
        "SYMPTOM": "Symptom",
        Section.CAUSE: "Cause",
        Section.CHECKS: "Checks",
        Section.REMEDY: "Remedy",
        "SOURCES": "Sources",
        "TICKET": "Ticket",
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
    title = title_of(material, tickets)
    parts = [
        f"# {title}",
        f"## {word['SYMPTOM']}",
        *(f"- {text} [{mark}]" for text, mark in material.symptoms),
    ]
    for section in Section:
        lines = [one for one in spoken if one.section is section]
        if lines:
            parts += [f"## {word[section]}", *_listed(section, lines)]
    used = {mark for one in spoken for mark in one.sources} | {mark for _, mark in material.symptoms}
    sources = tuple(source for source in material.sources if source.id in used)
    parts += [f"## {word['SOURCES']}", *(_source(source, word["TICKET"]) for source in sources)]
    return WrittenArticle(title, _joined(parts), material.language, sources, by)


def title_of(material: Material, tickets: Sequence[Ticket]) -> str:
    """Model, code, and the first words of the symptom: what somebody would look for."""
    models = ", ".join(dict.fromkeys(t.asset.model for t in tickets))
    codes = ", ".join(dict.fromkeys(t.error_code for t in tickets if t.error_code))
    symptom = material.symptoms[0][0] if material.symptoms else ""
    if len(symptom) > SYMPTOM_CHARS:
        symptom = symptom[:SYMPTOM_CHARS].rsplit(" ", 1)[0] + "…"
    named = " ".join(part for part in (models, codes) if part)
    return (f"{named}: {symptom}" if symptom else named)[:TITLE_CHARS_MAX]


def _listed(section: Section, lines: Sequence[Said]) -> list[str]:
    """Remedies in their order, numbered; causes and checks as points."""
    marks = (" ".join(f"[{mark}]" for mark in one.sources) for one in lines)
    signs = (f"{n}." if section is Section.REMEDY else "-" for n in range(1, len(lines) + 1))
    return [f"{sign} {one.text} {mark}" for sign, one, mark in zip(signs, lines, marks, strict=True)]


def _source(source: ArticleSource, ticket: str) -> str:
    if source.ticket_id:
        return f"- [{source.id}] {ticket} {source.title}"
    return f"- [{source.id}] {source.title}: “{source.quote}”"


def _joined(parts: Sequence[str]) -> str:
    """Headings with blank lines around them."""
    lines: list[str] = []
    for part in parts:
        lines += ["", part, ""] if part.startswith("#") else [part]
    return "\n".join(lines).strip().replace("\n\n\n", "\n\n") + "\n"
