"""Has a chat model write an article from what people wrote, and believes it no more than a remedy.

The model sees numbered passages (each ticket's own sentences, each cited passage) and must quote them; every
sentence goes through the same verification as a remedy, and what is not supported is left out. When nothing
is left, or no model answers, the article is written extractively.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from rimedio.answering.answer import Verifier
from rimedio.answering.context import Context, ContextEntry
from rimedio.answering.question import Question
from rimedio.answering.writers import Writer
from rimedio.domain.answer import Verdict
from rimedio.domain.errors import PolicyRefused, Unavailable
from rimedio.domain.knowledge import Chunk, DocType, Passage, Signals
from rimedio.domain.ticket import Ticket
from rimedio.learning.article_text import write_article
from rimedio.learning.articles import ArticleSource, WrittenArticle
from rimedio.learning.collect import Redact
from rimedio.learning.material import Load, Material, Said, gather


@dataclass(frozen=True)
class ArticleWriter:
    """Writes articles; `model` is the chat writer where one is configured."""

    load: Load
    redact: Redact
    verifier: Verifier
    model: Writer | None = None

    def __call__(self, tenant_id: str, tickets: Sequence[Ticket]) -> WrittenArticle:
        """The article. Raises InvalidInput when nobody has said how the tickets were solved."""
        material = gather([self.load(ticket) for ticket in tickets], self.redact)
        if self.model is not None and material.said:
            said, by = self._rewritten(tenant_id, material, tickets)
            if said:
                return write_article(material, tickets, said, by)
        return write_article(material, tickets)

    def _rewritten(
        self, tenant_id: str, material: Material, tickets: Sequence[Ticket]
    ) -> tuple[list[Said], str]:
        """The model's sentences that their quotes support, and the model's name; none when it fails."""
        assert self.model is not None
        context, marks = context_of(tenant_id, material)
        question = Question(
            text="\n".join(text for text, _ in material.symptoms),
            language=material.language,
            codes=tuple(dict.fromkeys(t.error_code for t in tickets if t.error_code)),
            product_models=tuple(dict.fromkeys(t.asset.model for t in tickets)),
        )
        try:
            draft = self.model.write(question, context)
        except (Unavailable, PolicyRefused):
            return [], ""
        claims = self.verifier.verify(draft, context).claims
        sentences = [(step.section, sentence) for step in draft.steps for sentence in step.sentences]
        kept = [
            Said(section, sentence.text, (marks[sentence.passage - 1],))
            for (section, sentence), claim in zip(sentences, claims, strict=True)
            if claim.verdict is Verdict.SUPPORTED
        ]
        return kept, draft.routing.model


def context_of(tenant_id: str, material: Material) -> tuple[Context, list[str]]:
    """The material as numbered passages, and the source that each of them is."""
    texts = {source.id: _text_of(source, material) for source in material.sources}
    chosen = [(source, texts[source.id]) for source in material.sources if texts[source.id]]
    entries = tuple(
        ContextEntry(
            n, Passage(_chunk(tenant_id, n, source, text), n, 1.0 / n, Signals()), text, len(text) // 4
        )
        for n, (source, text) in enumerate(chosen, 1)
    )
    tokens = sum(entry.tokens for entry in entries)
    return Context(entries, tokens, tokens), [source.id for source, _ in chosen]


def _text_of(source: ArticleSource, material: Material) -> str:
    if source.quote:
        return source.quote
    return "\n".join(said.text for said in material.said if source.id in said.sources)


def _chunk(tenant_id: str, number: int, source: ArticleSource, text: str) -> Chunk:
    return Chunk(
        chunk_id=source.chunk_id or f"material-{source.id}",
        document_id=f"material-{source.id}",
        tenant_id=tenant_id,
        ordinal=number,
        text=text,
        source_uri=f"ticket:{source.ticket_id}" if source.ticket_id else "",
        source_title=source.title,
        doc_type=DocType.WIKI,
        language="",
    )
