"""What solved tickets hold for an article: people's own sentences, each with its source, no personal data."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from rimedio.answering.sentences import split_sentences
from rimedio.classification.dataset import folded
from rimedio.domain.answer import Section, Solution
from rimedio.domain.conversation import Author, Message
from rimedio.domain.ticket import Ticket
from rimedio.learning.articles import ArticleSource
from rimedio.learning.collect import Redact

WORDS_MIN = 3
SENTENCES_MAX = 40
SYMPTOMS_MAX = 5
_PLACEHOLDER = re.compile(r"\[[A-Z_]+_\d+\]")
_COURTESY = re.compile(
    r"(?:buon(?:giorno|asera)|salve|ciao|gentil[ei]|egregi|distinti|cordiali|saluti|grazie|arrivederci|"
    r"hello|hi|hey|dear|good (?:morning|afternoon|evening)|(?:kind |best )?regards|thanks?|thank you|"
    r"cheers|sincerely|prego|resto in attesa|a presto)\b",
    re.IGNORECASE,
)
_CAUSE = re.compile(
    r"\b(?:caus\w+|perch[éè]|dovut\w+|era (?:rott|guast|sporc|ostruit|allentat|scolleg)\w+|difettos\w+|usurat\w+|"
    r"because|due to|caused|root cause|turned out|was (?:broken|faulty|loose|clogged|worn|dirty|disconnected)|"
    r"defective|faulty)\b",
    re.IGNORECASE,
)
_CHECKS = re.compile(
    r"\b(?:verific\w+|controll\w+|misur\w+|ispezion\w+|accert\w+|prov(?:are|ato|ata)|"
    r"check\w*|measur\w+|inspect\w*|verif\w+|test(?:ed|ing)?|made sure)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Said:
    """One sentence for an article. `sources` are ids of what it stands on."""

    section: Section
    text: str
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Material:
    """All that the tickets say, most often said first; symptoms are customers' words."""

    language: str
    symptoms: tuple[tuple[str, str], ...]  # (text, source id)
    said: tuple[Said, ...]
    sources: tuple[ArticleSource, ...]


@dataclass(frozen=True, slots=True)
class SolvedTicket:
    """A solved ticket and what hangs on it."""

    ticket: Ticket
    solution: Solution | None = None
    messages: tuple[Message, ...] = ()


Load = Callable[[Ticket], SolvedTicket]


def gather(solved: Sequence[SolvedTicket], redact: Redact) -> Material:
    """Sort out what the tickets say. Sentences said in several tickets come first, each once."""
    languages = [one.ticket.lang or "en" for one in solved]
    language = max(sorted(set(languages)), key=languages.count)
    symptoms: list[tuple[str, str]] = []
    said: dict[str, Said] = {}
    sources: list[ArticleSource] = []
    for number, one in enumerate(solved, 1):
        own = _OneTicket(one, f"t{number}", redact)
        sources.append(ArticleSource(own.mark, own.title, ticket_id=one.ticket.ticket_id))
        symptoms += [(text, own.mark) for text in own.symptom()]
        cited, spoken = own.remedy(len([s for s in sources if s.chunk_id]))
        sources += cited
        for sentence in (*spoken, *own.notes()):
            key = folded(sentence.text)
            before = said.get(key)
            joined = (*before.sources, *sentence.sources) if before else sentence.sources
            said[key] = replace(before or sentence, sources=tuple(dict.fromkeys(joined)))
    order = list(Section)
    ranked = sorted(said.values(), key=lambda s: (order.index(s.section), -_tickets(s)))
    return Material(language, _different(symptoms), tuple(ranked[:SENTENCES_MAX]), tuple(sources))


def _tickets(said: Said) -> int:
    """In how many tickets a sentence stands."""
    return sum(source.startswith("t") for source in said.sources)


def _different(symptoms: list[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    once: dict[str, tuple[str, str]] = {}
    for text, mark in symptoms:
        once.setdefault(folded(text), (text, mark))
    return tuple(once.values())[:SYMPTOMS_MAX]


@dataclass(frozen=True, slots=True)
class _OneTicket:
    one: SolvedTicket
    mark: str
    redact: Redact

    @property
    def title(self) -> str:
        """What the source is called."""
        return f"{self.one.ticket.ticket_id}, {self.one.ticket.updated_at.date().isoformat()}"

    def symptom(self) -> list[str]:
        """The customer's description, without greetings, as one text."""
        kept = _sentences(self._clean(self.one.ticket.symptom_text))
        return [" ".join(kept)] if kept else []

    def notes(self) -> list[Said]:
        """What the operator wrote: on resolving, and to the customer."""
        texts = [self.one.ticket.status_reason or ""]
        texts += [m.text for m in self.one.messages if m.author is Author.OPERATOR]
        found = [s for text in texts for s in _sentences(self._clean(text)) if not s.endswith("?")]
        return [Said(_section(s), s, (self.mark,)) for s in found]

    def remedy(self, known: int) -> tuple[list[ArticleSource], list[Said]]:
        """The steps of the remedy as it was used, with the passages that they cite."""
        solution = self.one.solution
        if solution is None:
            return [], []
        names = {c.id: f"c{known + n}" for n, c in enumerate(solution.citations, 1)}
        cited = [
            ArticleSource(
                names[c.id],
                " › ".join((c.source_title, *c.section)) + (f", p. {c.page}" if c.page else ""),
                chunk_id=c.chunk_id,
                quote=" ".join(c.snippet.split())[:300],
            )
            for c in solution.citations
        ]
        spoken = [
            Said(step.section, text, (self.mark, *(names[c] for c in step.citation_ids if c in names)))
            for step in solution.steps
            for text in _sentences(self._clean(step.text))
        ]
        return cited, spoken

    def _clean(self, text: str) -> str:
        ticket = self.one.ticket
        names = tuple(n for n in (ticket.customer.name, ticket.customer.contact_email) if n)
        keep = tuple(k for k in (ticket.asset.model, ticket.error_code) if k)
        return self.redact(text, (*names, ticket.asset.serial), keep)


def _sentences(text: str) -> list[str]:
    """Sentences that say something: no courtesy, nothing that is only about a person."""
    found = []
    for span in split_sentences(text):
        for line in span.of(text).splitlines():
            words = " ".join(line.split()).strip("-•* ")
            if _PLACEHOLDER.search(words) or _COURTESY.match(words) or len(words.split()) < WORDS_MIN:
                continue
            found.append(words)
    return found


def _section(sentence: str) -> Section:
    if _CAUSE.search(sentence):
        return Section.CAUSE
    return Section.CHECKS if _CHECKS.search(sentence) else Section.REMEDY
