"""What is paid by the second or by the token beside chat models: computing, reading files, embedding.

At home the unit prices are nothing: a ticket's time is still noted, readings and embeddings are not, for they
would only be writes. With a price of their own each is an entry.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rimedio.cost.budgets import Budgets
from rimedio.cost.ledger import CostEntry, CostKind
from rimedio.cost.metered_chat import Payer
from rimedio.cost.money import nano
from rimedio.cost.tally import Answered
from rimedio.domain.clock import Clock, Ids
from rimedio.knowledge.embedding.port import Embedder, Vectors
from rimedio.llm.pricing import UnitPrices
from rimedio.llm.tokens import TokenCounter

HERE = "rimedio"
READING, ANSWERING, EMBEDDING = "extract_text", "answer", "embed"


@dataclass(frozen=True)
class StepAccounts:
    """What metered steps write to."""

    budgets: Budgets
    units: UnitPrices
    counter: TokenCounter
    clock: Clock
    ids: Ids
    payer: Callable[[], Payer]

    def answered(self, answer: Answered) -> None:
        """Note the time of a ticket's answer, once however often it is told."""
        self.budgets.charge(
            CostEntry(
                entry_id=f"cst_{answer.solution_id}",
                tenant_id=answer.tenant_id,
                ticket_id=answer.ticket_id,
                step=ANSWERING,
                kind=CostKind.COMPUTE,
                provider=HERE,
                model="compute",
                cost_nano=nano(answer.seconds * self.units.compute_per_second),
                at=answer.at,
                seconds=answer.seconds,
            )
        )

    def charge(
        self, step: str, kind: CostKind, model: str, usd: float, *, tokens: int = 0, seconds: float = 0
    ) -> None:
        """Book a step for whoever pays for the work in hand."""
        payer = self.payer()
        self.budgets.charge(
            CostEntry(
                entry_id=self.ids.new("cst"),
                tenant_id=payer.tenant_id,
                ticket_id=payer.ticket_id,
                step=step,
                kind=kind,
                provider=HERE,
                model=model,
                cost_nano=nano(usd),
                at=self.clock.now(),
                tokens_input=tokens,
                seconds=round(seconds, 6),
            )
        )


def metered_reading(read: Callable[[bytes, str], str], accounts: StepAccounts) -> Callable[[bytes, str], str]:
    """The function that reads attachments, paid by the second where a second has a price."""
    if not accounts.units.reading_per_second:
        return read

    def paid(data: bytes, name: str) -> str:
        started = accounts.clock.monotonic()
        try:
            return read(data, name)
        finally:
            seconds = accounts.clock.monotonic() - started
            usd = seconds * accounts.units.reading_per_second
            accounts.charge(READING, CostKind.OCR, "reading", usd, seconds=seconds)

    return paid


class MeteredEmbedder:
    """An `Embedder` that pays by the token."""

    def __init__(self, inner: Embedder, accounts: StepAccounts) -> None:
        self._inner = inner
        self._accounts = accounts

    @property
    def model_id(self) -> str:
        """The inner one's."""
        return self._inner.model_id

    @property
    def dimensions(self) -> int:
        """The inner one's."""
        return self._inner.dimensions

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        """The inner one's vectors."""
        found = self._inner.embed_passages(texts)
        self._pay(texts)
        return found

    def embed_query(self, text: str) -> Vectors:
        """The inner one's vector."""
        found = self._inner.embed_query(text)
        self._pay((text,))
        return found

    def _pay(self, texts: Sequence[str]) -> None:
        tokens = sum(self._accounts.counter.count(text) for text in texts)
        usd = self._accounts.units.embedding(tokens)
        self._accounts.charge(EMBEDDING, CostKind.EMBEDDING, self._inner.model_id, usd, tokens=tokens)


def metered_embedder(inner: Embedder, accounts: StepAccounts) -> Embedder:
    """The embedder, metered where a token has a price."""
    return MeteredEmbedder(inner, accounts) if accounts.units.embedding_per_million_tokens else inner
