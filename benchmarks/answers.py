"""Answers of the extractive writer: token F1 against reference answers, whole remedies, refusals, time.

`aws_docs.answer_f1` scores the short answer where the writer gives one (a value), else its sentences;
`sentence_f1` always the sentences. `mcpx` and `nwp500`: the remedy that the writer gives, not the passage found.
"""

import json
import re
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from benchmarks._corpora import TENANT, KnowledgeBase, load
from benchmarks._questions import Asked, plain, read_jsonl, table_codes, unknown_codes
from benchmarks._report import Options, Report, parse_args, split_file
from benchmarks._vectors import CachedEmbedder, onnx_embedder
from rimedio.answering.context import NEARBY_ORDINALS, assemble_context
from rimedio.answering.extractive import ExtractiveWriter
from rimedio.answering.hops import follow_references
from rimedio.answering.question import Question
from rimedio.domain.answer import Draft, Section
from rimedio.domain.errors import ModelUnavailable
from rimedio.knowledge.search import SearchQuery
from rimedio.llm.tokens import CharacterTokenCounter

NAME = "answers"
BUDGET = 3000
_LINK = re.compile(r"\[([^\]]*)\]\([^)]*\)")
_SHORT = re.compile(r"^(?:Answer|Risposta): (.+)$")


class Writing:
    """Search and the extractive writer, with the writer's share of the time."""

    def __init__(self, base: KnowledgeBase) -> None:
        self._base = base
        self._writer = ExtractiveWriter()
        self._counter = CharacterTokenCounter()
        self.times_ms: list[float] = []

    def draft(self, text: str) -> Draft:
        """What the product writes for a question."""
        found = self._base.search.search(SearchQuery(TENANT, text))
        started = time.perf_counter()
        index = self._base.index
        passages = follow_references(found.passages, index, TENANT)
        context = assemble_context(
            passages,
            BUDGET,
            self._counter.count,
            lambda passage: index.section(
                TENANT,
                passage.chunk.document_id,
                first=max(0, passage.chunk.ordinal - NEARBY_ORDINALS),
                last=passage.chunk.ordinal + NEARBY_ORDINALS,
            ),
        )
        codes = (*found.known_codes, *found.unknown_codes)
        draft = self._writer.write(Question(text, found.language, codes), context)
        self.times_ms.append((time.perf_counter() - started) * 1000)
        return draft


def measure(options: Options) -> Report:
    """All figures whose data is there."""
    report = Report(NAME, options)
    try:
        embedder = onnx_embedder()
    except ModelUnavailable as error:
        report.missing("everything", str(error))
        return report
    with tempfile.TemporaryDirectory() as folder:
        for name in ("mcpx", "nwp500"):
            _remedies(report, options.data, name, embedder, Path(folder))
        _values(report, options.data, embedder, Path(folder))
    return report


def token_f1(said: str, reference: str) -> float:
    """F1 over lower-case words without punctuation and articles (SQuAD 1.1, Rajpurkar and others, 2016)."""
    ours, theirs = _words(said), _words(reference)
    same = sum((Counter(ours) & Counter(theirs)).values())
    return 2 * same / (len(ours) + len(theirs)) if same else 0.0


def _words(text: str) -> list[str]:
    return re.sub(r"\b(?:a|an|the)\b", " ", re.sub(r"[^\w\s]", "", text.lower())).split()


def sentences(draft: Draft) -> str:
    """All that a draft says."""
    return " ".join(s.text for s in draft.sentences)


def short(draft: Draft) -> str:
    """The value in the title of an answer, else all that it says."""
    match = _SHORT.match(draft.steps[0].title) if draft.steps else None
    return match[1] if match else sentences(draft)


def _remedies(report: Report, data: Path, name: str, embedder: CachedEmbedder, folder: Path) -> None:
    manual = data / "kb" / name
    path, _ = split_file(data / "eval", name, "jsonl")
    if not manual.is_dir():
        report.missing(name, f"{manual} does not exist")
        return
    writing = Writing(load(manual, embedder, folder))
    asked = read_jsonl(path) if path else table_codes(manual)
    whole = [is_whole(one, writing.draft(one.text)) for one in asked]
    report.add(f"{name}.quoted", sum(whole) / len(whole), len(whole))
    for one in (a for a, ok in zip(asked, whole, strict=True) if not ok):
        report.note(f"{name}: the remedy is not whole: {one.text}")
    unknown = unknown_codes(manual, [one.code or "" for one in asked])
    refused = [not writing.draft(one.text).steps for one in unknown]
    report.add(f"{name}.refused", sum(refused) / len(refused), len(refused))
    report.add(
        f"{name}.write_p95_ms", statistics.quantiles(writing.times_ms, n=20)[-1], len(writing.times_ms)
    )


def is_whole(asked: Asked, draft: Draft) -> bool:
    """Whether the remedy that is given holds the whole reference remedy, layout aside."""
    remedy = "\n".join(
        s.text for step in draft.steps if step.section is Section.REMEDY for s in step.sentences
    )
    gold = _LINK.sub(r"\1", asked.remedy or "")  # the reference answers keep the links of the Markdown source
    return bool(gold) and plain(gold) in plain(remedy)


def _values(report: Report, data: Path, embedder: CachedEmbedder, folder: Path) -> None:
    archive = data / "kb" / "aws-docs.tar.gz"
    path, _ = split_file(data / "eval", "aws-docs", "jsonl")
    if not archive.exists() or path is None:
        report.missing("aws_docs", f"{archive} or its questions do not exist")
        return
    writing = Writing(load(archive, embedder, folder))
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip()]
    drafts = [writing.draft(row["question"]) for row in rows]
    pairs = list(zip(drafts, rows, strict=True))
    report.add(
        "aws_docs.answer_f1", statistics.mean(token_f1(short(d), r["answer"]) for d, r in pairs), len(rows)
    )
    report.add(
        "aws_docs.sentence_f1",
        statistics.mean(token_f1(sentences(d), r["answer"]) for d, r in pairs),
        len(rows),
    )
    report.add("aws_docs.write_p50_ms", statistics.median(writing.times_ms), len(rows))
    report.add("aws_docs.write_p95_ms", statistics.quantiles(writing.times_ms, n=20)[-1], len(rows))


def main(argv: Sequence[str] | None = None) -> int:
    """Run and print."""
    options = parse_args(
        NAME, "Are the extractive writer's answers right, whole, and refused where they must be?", argv
    )
    measure(options).finish()
    return 0


if __name__ == "__main__":
    sys.exit(main())
