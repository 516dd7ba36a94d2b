"""The system on its ports: what both homes have in common. A home brings the adapters (`laptop`, `aws`).

Parts are built when they are first needed, so that a command or a function pays only for what it uses.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from functools import cached_property, lru_cache, partial
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from rimedio.domain.answer import Draft, Solution
from rimedio.domain.clock import Clock, Ids, RandomIds, SystemClock
from rimedio.domain.errors import ModelUnavailable
from rimedio.domain.taxonomy import Taxonomy
from rimedio.domain.ticket import Ticket
from rimedio.llm.chat import ChatModel
from rimedio.llm.pricing import PriceTable
from rimedio.llm.tokens import CharacterTokenCounter, TokenCounter, TokenizerTokenCounter
from rimedio.observability.catalogue import ANSWER_SECONDS
from rimedio.settings import EmbedderName, Generator, Settings
from rimedio.storage.conversations import ConversationStore
from rimedio.storage.documents import DocumentStore
from rimedio.storage.idempotency import IdempotencyStore
from rimedio.storage.objects import ObjectStore
from rimedio.storage.streams import ChangeStream
from rimedio.storage.table import Table
from rimedio.storage.tenants import TenantStore
from rimedio.storage.ticket_feed import TicketFeed
from rimedio.storage.tickets import TicketStore
from rimedio.tickets.draft_safety import DraftSafety, no_safety
from rimedio.tickets.open_ticket import OpenTicket
from rimedio.tickets.read_attachment import read_attachment
from rimedio.tickets.redaction_vaults import RedactionVaults
from rimedio.tickets.reply_to_ticket import ReplyToTicket
from rimedio.tickets.runner import Runner
from rimedio.tickets.task_tokens import TaskTokens
from rimedio.tickets.tasks.kept_answers import KeptAnswers, answer_anew

if TYPE_CHECKING:
    from rimedio.answering.answer import Answerer
    from rimedio.answering.writers import Writer
    from rimedio.bootstrap.accounts import Accounts
    from rimedio.bootstrap.desk import Desk
    from rimedio.bootstrap.documents import Documents
    from rimedio.bootstrap.events import Eventing
    from rimedio.bootstrap.identity import Identity
    from rimedio.bootstrap.learning import Learning
    from rimedio.classification.predict import Classifier
    from rimedio.classification.registry import ModelRegistry
    from rimedio.knowledge.backfill import Backfill
    from rimedio.knowledge.embedding.port import Embedder
    from rimedio.knowledge.extract.blocks import PageReader
    from rimedio.knowledge.index.port import Coverage, KnowledgeIndex
    from rimedio.knowledge.ingest import Ingestor
    from rimedio.knowledge.rerank import CrossEncoder
    from rimedio.knowledge.search import Search
    from rimedio.llm.guardrails import Guardrails
    from rimedio.tickets.ask_question import AskQuestion
    from rimedio.tickets.attach_files import AttachFiles
    from rimedio.tickets.lazy_parts import LazyParts
    from rimedio.tickets.library import Library
    from rimedio.tickets.parts import KeepAnswer, RequestGuard, SecondOpinion, TaskParts, TicketClassifier
    from rimedio.tickets.review_ticket import ReviewTicket

NO_MODEL = "none"
OCR_PAGES_MAX = 200
TAXONOMY_FILE = "taxonomy.json"
PACKAGED_MODELS = Path(str(files("rimedio.knowledge.embedding"))) / "models"


class Rimedio(ABC):
    """The whole system, wherever it lives."""

    read_only: bool  # whether this process may look but not write

    def __init__(self, settings: Settings, clock: Clock | None = None, ids: Ids | None = None) -> None:
        self.settings = settings
        self.clock = clock or SystemClock()
        self.ids = ids or RandomIds()
        self.tenant = settings.tenant

    def close(self) -> None:
        """Let go of the models' connections; a home lets go of the rest."""
        for model in self.__dict__.get("chat_models", ()):
            model.close()
        if "accounts" in self.__dict__:
            self.accounts.close()

    # -- what a home brings; everything below is built on these

    @property
    @abstractmethod
    def table(self) -> Table:
        """Tickets, documents, conversations …"""

    @property
    @abstractmethod
    def changes(self) -> ChangeStream:
        """Every write in order: the outbox of events."""

    @property
    @abstractmethod
    def feed(self) -> TicketFeed:
        """Moves of tickets, for whoever watches the queue."""

    @property
    @abstractmethod
    def objects(self) -> ObjectStore:
        """Files that came with tickets and documents."""

    @property
    @abstractmethod
    def index(self) -> KnowledgeIndex:
        """Chunks, words, codes, vectors."""

    @property
    @abstractmethod
    def embedder(self) -> Embedder | None:
        """The embedding model; None when the settings turn it off. Raises ModelUnavailable."""

    @property
    @abstractmethod
    def chat_models(self) -> tuple[ChatModel, ...]:
        """The configured model and its fallbacks; none for the extractive generator. Raises InvalidSetting."""

    @property
    @abstractmethod
    def registry(self) -> ModelRegistry:
        """Classifiers, their versions and which one answers."""

    @property
    @abstractmethod
    def runner(self) -> Runner:
        """Carries tickets through the workflow."""

    @property
    @abstractmethod
    def eventing(self) -> Eventing:
        """Bus, outbox, archive, schemas, schedules, webhooks."""

    @property
    @abstractmethod
    def identity(self) -> Identity:
        """Keys, tokens, sign-in, permissions, encryption."""

    @property
    @abstractmethod
    def scratch(self) -> Path:
        """A folder of this machine for what need not be kept: spans, unpacked models."""

    @abstractmethod
    def one_write(self) -> AbstractContextManager[object]:
        """A transaction over index and register where the home has one; nothing elsewhere."""

    @abstractmethod
    def storage_faults(self) -> tuple[str, Sequence[str]]:
        """Where everything is stored, and what is damaged there."""

    @abstractmethod
    def executions_open(self) -> int:
        """How many tickets are on their way, waiting ones among them; up to 1,000 are counted."""

    @abstractmethod
    def sweep(self) -> None:
        """Once a day, remove what is past its time; costs a look otherwise."""

    # -- foundations

    @cached_property
    def taxonomy(self) -> Taxonomy:
        """The file of the settings, else the home's own, else the built-in one."""
        path = self.settings.taxonomy_file
        return Taxonomy.from_file(path) if path else Taxonomy.default()

    @cached_property
    def tickets(self) -> TicketStore:
        """Tickets, solutions, feedback."""
        return TicketStore(self.table, self.clock, self.ids, shards=self.settings.list_shards)

    @cached_property
    def conversations(self) -> ConversationStore:
        """What was said about each ticket."""
        return ConversationStore(self.table)

    @cached_property
    def documents(self) -> DocumentStore:
        """The register of sources."""
        return DocumentStore(self.table)

    @cached_property
    def tenants(self) -> TenantStore:
        """Everybody who is here."""
        return TenantStore(self.table)

    @cached_property
    def search(self) -> Search:
        """Words, codes and meaning together."""
        from rimedio.knowledge.hybrid import HybridOptions
        from rimedio.knowledge.search import Search, SearchOptions

        options = SearchOptions(hybrid=HybridOptions(candidates=self.settings.search_candidates))
        return Search(self.index, self.embedder, self.taxonomy, options, self.cross_encoder)

    @cached_property
    def cross_encoder(self) -> CrossEncoder | None:
        """A model that orders passages anew; a home may bring one."""
        return None

    @cached_property
    def counter(self) -> TokenCounter:
        """Counts tokens with the embedding model's tokenizer where it is there."""
        models = self.settings.model_dir or PACKAGED_MODELS
        tokenizer = models / EmbedderName.E5_SMALL.value / "tokenizer.json"
        return TokenizerTokenCounter(tokenizer) if tokenizer.exists() else CharacterTokenCounter()

    @cached_property
    def ingestor(self) -> Ingestor:
        """Loads documents."""
        from rimedio.knowledge.chunking import StructureAware
        from rimedio.knowledge.extract import Limits
        from rimedio.knowledge.ingest import Ingestor

        settings = self.settings
        return Ingestor(
            self.index,
            self.documents,
            taxonomy=self.taxonomy,
            clock=self.clock,
            strategy=StructureAware(target=settings.chunk_tokens, most=settings.chunk_tokens_max),
            limits=Limits(
                bytes_max=settings.document_bytes_max,
                ocr_pages_max=OCR_PAGES_MAX if settings.ocr else 0,
                page_reader=self.page_reader,
            ),
            transaction=self.one_write,
            workers=settings.workers,
        )

    @cached_property
    def page_reader(self) -> PageReader | None:
        """Reads scanned pages; None is Tesseract, where it is installed."""
        return None

    @cached_property
    def library(self) -> Library:
        """Use cases: find passages, list documents, forget one."""
        from rimedio.tickets.library import Library

        kept = self.documents, self.objects
        return Library(lambda: self.search, *kept, lambda: self.ingestor, self.taxonomy)

    @cached_property
    def backfill(self) -> Backfill:
        """Makes the vectors that are missing. Raises ModelUnavailable."""
        from rimedio.knowledge.backfill import Backfill

        if self.embedder is None:
            raise ModelUnavailable("No embedding model is set. Set `embedder` to e5-small-latin.")
        return Backfill(self.index, self.embedder)

    @cached_property
    def prices(self) -> PriceTable:
        """USD per token and model."""
        path = self.settings.price_file
        return PriceTable.from_file(path) if path else PriceTable.shipped()

    @cached_property
    def writers(self) -> tuple[Writer, Writer | None]:
        """Primary writer and, where one is configured, the fallback."""
        from rimedio.answering.extractive.writer import ExtractiveWriter

        if not self.chat_models:
            return ExtractiveWriter(), None
        from rimedio.answering.generate import Generator as ChatWriter
        from rimedio.llm.prompts import PromptRegistry
        from rimedio.llm.routing import ModelRouter

        prompts = PromptRegistry.shipped()
        models = self.accounts.metered(self.chat_models)
        made = [ChatWriter(ModelRouter((m,), self.prices, self.counter), prompts) for m in models]
        return made[0], made[1] if len(made) > 1 else None

    @cached_property
    def guardrails(self) -> Guardrails:
        """Personal data, injections, denied topics, unsafe instructions."""
        from rimedio.llm.guardrails import Guardrails

        return Guardrails()

    @cached_property
    def guard(self) -> RequestGuard:
        """What looks at requests and passages before a model does."""
        from rimedio.tickets.adapters import NoGuard
        from rimedio.tickets.guardrails_guard import GuardrailsGuard

        return GuardrailsGuard(self.guardrails) if self.settings.guardrails else NoGuard()

    @property
    def hosted_classifier(self) -> Classifier | None:
        """A classifier outside of this process that stands for the shared champion; none at home."""
        return None

    @cached_property
    def classifier(self) -> TicketClassifier:
        """The champion, read at its first question."""
        from rimedio.tickets.adapters import ChampionClassifier

        champion = lru_cache(maxsize=1)(self.registry.classifier)
        return ChampionClassifier(champion)

    @cached_property
    def second_opinion(self) -> SecondOpinion:
        """A chat model where one is configured."""
        from rimedio.llm.prompts import PromptRegistry
        from rimedio.tickets.adapters import ChatOpinion, NoOpinion

        if not self.chat_models:
            return NoOpinion()
        return ChatOpinion(self.accounts.metered(self.chat_models)[0], PromptRegistry.shipped())

    @cached_property
    def answerer(self) -> Answerer:
        """Search, context, writer, verification, safety, decision."""
        from rimedio.answering.extractive.writer import ExtractiveWriter

        return self.answerer_with(*self.accounts.budgeted(*self.writers, ExtractiveWriter()))

    def answerer_with(
        self, primary: Writer, fallback: Writer | None, extractive: Writer, search: Search | None = None,
        index: KnowledgeIndex | None = None,
    ) -> Answerer:  # fmt: skip
        """The same with other writers or another knowledge: what replay and checks ask."""
        from rimedio.answering.answer import Answerer, AnswerLimits, AnswerParts
        from rimedio.answering.decide import DecisionPolicy, Gate
        from rimedio.answering.verify import GroundednessVerifier

        settings = self.settings
        policy = DecisionPolicy(
            groundedness_min=settings.groundedness_min, confidence_min=settings.publish_confidence_min
        )
        return Answerer(
            AnswerParts(
                search=self.accounts.timed_search(search or self.search),
                index=index or self.index,
                primary=primary,
                fallback=fallback,
                extractive=extractive,
                verifier=GroundednessVerifier(),
                safety=DraftSafety(self.guardrails.inspect_answer if settings.guardrails else no_safety),
                decider=Gate(policy),
                count_tokens=self.counter.count,
                clock=self.clock,
                ids=self.ids,
                cost_of=self._cost_of,
                limits=AnswerLimits(settings.search_limit, settings.context_tokens),
                on_answered=partial(self.accounts.metrics.observe, ANSWER_SECONDS),
            )
        )

    def _cost_of(self, draft: Draft) -> float:
        if not draft.tokens_input and not draft.tokens_output:
            return 0.0
        return self.prices.cost(draft.routing.model, draft.tokens_input, draft.tokens_output)

    @cached_property
    def vaults(self) -> RedactionVaults:
        """What undoes the redaction of tickets, encrypted."""
        return RedactionVaults(self.objects, self.identity.cipher)

    @cached_property
    def parts(self) -> TaskParts:
        """What the workflow's tasks work with, all of it made now."""
        return self.task_parts.all_made()

    @cached_property
    def task_parts(self) -> LazyParts:
        """The same, each part made when a task first asks for it: a function makes what its own task uses."""
        from rimedio.tickets.adapters import IndexCodeLookup
        from rimedio.tickets.lazy_parts import LazyParts

        return LazyParts(
            tickets=lambda: self.tickets,
            conversations=lambda: self.conversations,
            objects=lambda: self.objects,
            vaults=lambda: self.vaults,
            tokens=lambda: TaskTokens(self.table),
            answerer=lambda: self.answerer,
            guard=lambda: self.guard,
            classifier=lambda: self.classifier,
            second_opinion=lambda: self.second_opinion,
            look_up_codes=lambda: IndexCodeLookup(self.index),
            read_attachment=lambda: self.accounts.metered_reading(
                partial(read_attachment, reader=self.page_reader)
            ),
            clock=lambda: self.clock,
            ids=lambda: self.ids,
            categories=lambda: tuple(self.taxonomy.categories),
            category_sure=lambda: self.settings.classification_sure,
            category_unsure=lambda: self.settings.classification_unsure,
            fetch=lambda: self.desk.fetch_attachment,
            take_notes=lambda: self.desk.investigate.take,
            classifier_of=lambda: self.learning.classifier_of,
            on_classified=lambda: self.learning.shadow.observe,
            keep_answer=lambda: self._keep_answer,
        )

    @property
    def _keep_answer(self) -> KeepAnswer:
        """Keeps what was paid for; the extractive writer writes the same again, for nothing."""
        if self.settings.generator is Generator.EXTRACTIVE:
            return answer_anew
        return KeptAnswers(self.table, IdempotencyStore(self.table, self.clock, self.ids))

    @cached_property
    def open_ticket(self) -> OpenTicket:
        """Use case: open a ticket."""
        return OpenTicket(
            self.tickets,
            self.runner,
            self.taxonomy,
            self.clock,
            self.ids,
            find_duplicate=self.desk.find_duplicate,
            check_attachments=self.desk.check_attachments,
            claim_files=self.desk.uploads.claim,
            note_tenant=self.tenants.note,
        )

    @cached_property
    def attach(self) -> AttachFiles:
        """Use case: keep files that come with a ticket."""
        from rimedio.tickets.attach_files import AttachFiles

        return AttachFiles(self.objects)

    @cached_property
    def ask(self) -> AskQuestion:
        """Use case: answer without a ticket."""
        from rimedio.tickets.ask_question import AskQuestion

        ask = AskQuestion(self.answerer, self.guard, self.taxonomy)
        return ask if self.read_only else replace(ask, on_answered=self.learning.note_answer)

    @cached_property
    def review(self) -> ReviewTicket:
        """Use case: judge a remedy."""
        return self.desk.review

    @cached_property
    def reply(self) -> ReplyToTicket:
        """Use case: answer what was asked."""
        return ReplyToTicket(self.tickets, self.desk.messages)

    @cached_property
    def desk(self) -> Desk:
        """Reviews, uploads, duplicates, live answers, the run of a ticket."""
        from rimedio.bootstrap.desk import Desk

        return Desk(self)

    @cached_property
    def learning(self) -> Learning:
        """Use, training rows, gaps, articles, replay."""
        from rimedio.bootstrap.learning import Learning

        return Learning(self)

    @cached_property
    def accounts(self) -> Accounts:
        """Ledger, budgets, metrics, traces, objectives."""
        from rimedio.bootstrap.accounts import Accounts

        return Accounts(self)

    @cached_property
    def manuals(self) -> Documents:
        """Originals, pages as pictures, loading in the background."""
        from rimedio.bootstrap.documents import Documents

        return Documents(self)

    def solution_of(self, ticket: Ticket) -> Solution | None:
        """The solution a ticket has now."""
        if ticket.solution_id is None:
            return None
        return self.tickets.solution(ticket.tenant_id, ticket.ticket_id, ticket.solution_id)

    def coverage(self) -> Coverage:
        """How much of the tenant's knowledge is loaded and, by the model of the settings, embedded."""
        try:
            model = self.embedder.model_id if self.embedder else NO_MODEL
        except ModelUnavailable:
            model = NO_MODEL
        return self.index.coverage(self.tenant, model)
