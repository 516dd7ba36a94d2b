"""Passages and questions as a chat model reads them, and the same text read back.

What is written here is all that a writer may know of a passage: its place, product, codes, language and date. It
can be read back without loss, so a stand-in for a chat model can do the very work that it is asked for.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from html import escape, unescape

from rimedio.answering.context import Context, ContextEntry
from rimedio.answering.extractive.relation import is_near
from rimedio.answering.question import Question
from rimedio.domain.knowledge import Chunk, DocType, Passage, Signals
from rimedio.llm.prompts.fencing import fence

NOTHING = "-"
BETWEEN = " | "
_FENCED = re.compile(r"<(passage|question)-([0-9a-f]{8})([^>\n]*)>\n(.*?)\n</\1-\2>", re.DOTALL)
_ATTRIBUTE = re.compile(r'([a-z]+)="([^"]*)"')
_NEAR = 1.0


@dataclass(frozen=True, slots=True)
class Asked:
    """What a prompt asks: the question and the passages it may be answered from."""

    question: Question
    context: Context


def written_question(question: Question, redacted: str) -> str:
    """The question between fences, with its language, products and codes."""
    known = {
        "language": question.language,
        "product": written_list(question.product_models),
        "codes": written_list(question.codes),
    }
    return fence("question", redacted, _attributes(known))


def written_passages(context: Context) -> str:
    """The passages between fences, each with what is known of it."""
    documents = dict.fromkeys(e.passage.chunk.document_id for e in context.entries)
    numbers = {document: f"D{number}" for number, document in enumerate(documents, 1)}
    return "\n\n".join(_written(e, numbers[e.passage.chunk.document_id]) for e in context.entries)


def written_list(values: Iterable[str]) -> str:
    """Values with commas between; a comma inside a value cannot be taken for one between."""
    return ", ".join(_escaped(v).replace(",", "&#44;") for v in values) or NOTHING


def _written(entry: ContextEntry, document: str) -> str:
    chunk = entry.passage.chunk
    section = BETWEEN.join(_escaped(heading).replace("|", "&#124;") for heading in chunk.section)
    known = {
        "index": str(entry.index),
        "type": str(chunk.doc_type),
        "document": document,
        "language": chunk.language,
        "product": written_list(chunk.product_models),
        "defines": written_list(chunk.error_codes),
        "mentions": written_list(chunk.mentioned_codes),
        "parts": written_list(chunk.part_numbers),
        "date": chunk.updated_at.isoformat() if chunk.updated_at else "",
        "title": _escaped(chunk.source_title),
        "section": section,
        "page": "" if chunk.page is None else str(chunk.page),
        "near": "yes" if is_near(entry) else "",
        "continues": "yes" if entry.continues else "",
    }
    return fence("passage", entry.text, _attributes(known))


def _attributes(known: Mapping[str, str]) -> str:
    return " ".join(f'{name}="{value}"' for name, value in known.items() if value not in {"", NOTHING})


def _escaped(text: str) -> str:
    return escape(" ".join(text.split()) if "\n" in text else text, quote=False).replace('"', "&quot;")


def read_prompt(text: str) -> Asked | None:
    """The question and the passages of a prompt that was written here; None when it holds no question."""
    questions: list[Question] = []
    entries: list[ContextEntry] = []
    for kind, _, said, inner in _FENCED.findall(text):
        known = dict(_ATTRIBUTE.findall(said))
        if kind == "passage":
            entries.append(_entry(known, inner, len(entries) + 1))
        else:
            codes, products = _read_list(known.get("codes", "")), _read_list(known.get("product", ""))
            questions.append(Question(inner, known.get("language", "en"), codes, products))
    return Asked(questions[0], Context(tuple(entries), 0, 0)) if questions else None


def _read_list(text: str) -> tuple[str, ...]:
    return tuple(unescape(v) for v in text.split(", ")) if text else ()


def _entry(known: Mapping[str, str], text: str, number: int) -> ContextEntry:
    index = int(known.get("index", number))
    at = known.get("date")
    chunk = Chunk(
        chunk_id=f"passage-{index}",
        document_id=known.get("document", f"passage-{index}"),
        tenant_id="",
        ordinal=index,
        text=text,
        source_uri="",
        source_title=unescape(known.get("title", "")),
        doc_type=DocType(known.get("type", DocType.MANUAL)),
        language=known.get("language", ""),
        section=tuple(unescape(h) for h in known["section"].split(BETWEEN)) if known.get("section") else (),
        page=int(known["page"]) if "page" in known else None,
        product_models=_read_list(known.get("product", "")),
        error_codes=_read_list(known.get("defines", "")),
        mentioned_codes=_read_list(known.get("mentions", "")),
        part_numbers=_read_list(known.get("parts", "")),
        updated_at=datetime.fromisoformat(at) if at else None,
    )
    signals = Signals(cosine=_NEAR if known.get("near") else None)
    passage = Passage(chunk, index, 1.0 / index, signals)
    return ContextEntry(index, passage, text, 0, continues=bool(known.get("continues")))
