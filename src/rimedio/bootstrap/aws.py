"""The system on AWS: which adapter stands behind which port.

`aws()` builds the system out of the settings that a deployed function has in its environment. The same class
serves every function; each pays only for the parts it uses, since adapters and boto3 are imported at first use.
"""

import logging
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import cached_property
from pathlib import Path
from tempfile import gettempdir
from typing import TYPE_CHECKING

from rimedio.aws.connections import AwsConnections, parsed_endpoints
from rimedio.aws_settings import KnowledgeHome
from rimedio.bootstrap.system import Rimedio
from rimedio.domain.clock import Clock, Ids
from rimedio.domain.errors import InvalidSetting
from rimedio.domain.ticket import Status
from rimedio.settings import EmbedderName, Generator, Settings
from rimedio.storage.deferred_stream import DeferredStream

if TYPE_CHECKING:
    from rimedio.answering.writers import Writer
    from rimedio.aws import Client
    from rimedio.bootstrap.aws_events import AwsEventing
    from rimedio.bootstrap.aws_identity import AwsIdentity
    from rimedio.classification.registry import ModelRegistry
    from rimedio.classification.sagemaker_endpoint import DegradingClassifier
    from rimedio.knowledge.embedding.port import Embedder
    from rimedio.knowledge.extract.textract import TextractReader
    from rimedio.knowledge.index.opensearch import OpenSearchIndex
    from rimedio.knowledge.index.port import KnowledgeIndex
    from rimedio.knowledge.index.published_writer import IndexPublisher
    from rimedio.knowledge.index.sqlite import SqliteIndex
    from rimedio.knowledge.rerank import CrossEncoder
    from rimedio.llm.bedrock import BedrockClient
    from rimedio.llm.bedrock_chat import BedrockChat
    from rimedio.llm.guardrails import Guardrails
    from rimedio.storage.documents import DocumentStore
    from rimedio.storage.dynamodb_feed import DynamoDbTicketFeed
    from rimedio.storage.dynamodb_streams import DynamoDbChangeStream
    from rimedio.storage.dynamodb_table import DynamoDbTable
    from rimedio.storage.s3_objects import S3ObjectStore
    from rimedio.tickets.embed_in_bulk import EmbedInBulk
    from rimedio.tickets.step_functions_runner import StepFunctionsRunner

SCRATCH = Path(gettempdir()) / "rimedio"  # /tmp is the one place a function may write
KNOWLEDGE, CLASSIFIERS = "knowledge", "classifiers"
RERANK_SECONDS = 3.0
STEP_FUNCTIONS_SECONDS = 5.0  # it answers in milliseconds; a request must not hang on it for a minute
CLASSIFY_SECONDS = 2.0  # the function's own model takes milliseconds: no ticket waits for the endpoint
_LOG = logging.getLogger("rimedio.aws")
BEDROCK = "bedrock"


class AwsRimedio(Rimedio):
    """The whole system on AWS's services. Every process may write: the table's conditions keep order."""

    read_only = False

    def __init__(
        self,
        settings: Settings,
        connections: AwsConnections | None = None,
        clock: Clock | None = None,
        ids: Ids | None = None,
        *,
        scratch: Path = SCRATCH,
    ) -> None:
        super().__init__(settings, clock, ids)
        self._endpoints = parsed_endpoints(settings.aws_endpoints)
        self.connections = connections or AwsConnections(settings.aws_region, self._endpoints)
        self._scratch = scratch
        self._own_connections = connections is None

    def close(self) -> None:
        """Let go of what this system opened; connections that were given stay open."""
        super().close()
        if self._own_connections:
            self.connections.close()

    # -- storage

    @cached_property
    def table(self) -> "DynamoDbTable":
        """The one DynamoDB table."""
        from rimedio.storage.dynamodb_table import DynamoDbTable

        return DynamoDbTable(self.connections.client("dynamodb"), self.settings.table_name, self.clock)

    @cached_property
    def changes(self) -> DeferredStream:
        """The table's stream, for processes; functions get its records handed in, and may not describe the table."""
        return DeferredStream(self._table_stream)

    def _table_stream(self) -> "DynamoDbChangeStream":
        from rimedio.storage.dynamodb_definition import stream_arn_of
        from rimedio.storage.dynamodb_streams import DynamoDbChangeStream

        arn = stream_arn_of(self.connections.client("dynamodb"), self.settings.table_name)
        streams = self.connections.client("dynamodbstreams")
        return DynamoDbChangeStream(streams, self.table, arn, self.clock)

    @cached_property
    def feed(self) -> "DynamoDbTicketFeed":
        """Moves of tickets, as the relay noted them in the table."""
        from rimedio.storage.dynamodb_feed import DynamoDbTicketFeed

        return DynamoDbTicketFeed(self.table, self.clock)

    @cached_property
    def objects(self) -> "S3ObjectStore":
        """The bucket."""
        from rimedio.storage.s3_objects import S3ObjectStore

        settings = self.settings
        return S3ObjectStore(self.connections.client("s3"), settings.bucket, kms_key=settings.kms_key)

    # -- knowledge

    @cached_property
    def index(self) -> "KnowledgeIndex":
        """OpenSearch, or the published file."""
        return self._opensearch or self._published()

    @cached_property
    def _opensearch(self) -> "OpenSearchIndex | None":
        if self.settings.knowledge is not KnowledgeHome.OPENSEARCH:
            return None
        from rimedio.knowledge.index.opensearch import OpenSearchIndex
        from rimedio.knowledge.index.opensearch_client import connect
        from rimedio.knowledge.index.opensearch_mapping import OpenSearchOptions

        settings, url = self.settings, self._needed("opensearch_url")
        client = connect(url, region=settings.aws_region, clock=self.clock)
        return OpenSearchIndex(client, settings.opensearch_index, self.clock, OpenSearchOptions.of(settings))

    def _published(self) -> "KnowledgeIndex":
        from rimedio.knowledge.index.published_reader import PublishedIndex
        from rimedio.knowledge.index.published_s3 import S3Shelf

        shelf = S3Shelf(self.connections.client("s3"), self.settings.bucket, KNOWLEDGE)
        seconds = self.settings.published_check_seconds
        return PublishedIndex(shelf, self.scratch / KNOWLEDGE, self.clock, seconds)

    @cached_property
    def publisher(self) -> "IndexPublisher | None":
        """Writes the published file anew; None where the knowledge is OpenSearch."""
        if self._opensearch is not None:
            return None
        from rimedio.knowledge.index.published_s3 import S3Shelf
        from rimedio.knowledge.index.published_writer import IndexPublisher

        shelf = S3Shelf(self.connections.client("s3"), self.settings.bucket, KNOWLEDGE)
        folder, kept = self.scratch / f"{KNOWLEDGE}-writing", self.settings.published_kept
        return IndexPublisher(shelf, folder, self.clock, self.ids, kept)

    def on_index(self, index: "SqliteIndex", documents: "DocumentStore") -> "AwsRimedio":
        """The same system with another index and register: what writes the published file works on."""
        other = AwsRimedio(self.settings, self.connections, self.clock, self.ids, scratch=self._scratch)
        other.__dict__.update(index=index, documents=documents, embedder=self.embedder)
        return other

    @cached_property
    def embedder(self) -> "Embedder | None":
        """A Bedrock model, paid by the token; None when the settings turn it off. Raises InvalidSetting."""
        settings = self.settings
        if settings.embedder is EmbedderName.NONE:
            return None
        from rimedio.knowledge.embedding.bedrock import BedrockEmbedder

        model = self._needed("bedrock_embedding_model")
        runtime, size = self._bedrock_runtime, settings.bedrock_embedding_dimensions
        return self.accounts.metered_embedder(BedrockEmbedder(runtime, model, size, clock=self.clock))

    @cached_property
    def bulk(self) -> "EmbedInBulk | None":
        """Vectors by batch jobs, half the price; None without a role for them."""
        from rimedio.bootstrap.aws_bulk import embed_in_bulk

        return embed_in_bulk(self, self._bedrock)

    @cached_property
    def page_reader(self) -> "TextractReader | None":
        """Reads scanned pages in the region that the settings name; Milan has no Textract."""
        region = self.settings.textract_region
        if not region:
            return None
        from rimedio.knowledge.extract.textract import TextractReader

        connections = AwsConnections(region, self._endpoints)
        return TextractReader(connections.client("textract"), self.clock)

    @cached_property
    def cross_encoder(self) -> "CrossEncoder | None":
        """Bedrock's Rerank, where the settings name a model, paid by the question."""
        model = self.settings.bedrock_rerank_model
        if not model:
            return None
        from rimedio.cost.metered_pieces import MeteredCrossEncoder
        from rimedio.knowledge.bedrock_rerank import BedrockCrossEncoder, model_arn

        agent = self._bedrock.client("bedrock-agent-runtime", read_seconds=RERANK_SECONDS, attempts=1)
        encoder = BedrockCrossEncoder(agent, model_arn(model, self._bedrock.region), clock=self.clock)
        return MeteredCrossEncoder(encoder, self.accounts.steps, model, self.prices.piece(model))

    # -- models

    @cached_property
    def _bedrock(self) -> AwsConnections:
        """Bedrock may be called in another region: not every model is in every one."""
        region = self.settings.bedrock_region
        if region in (None, self.connections.region):
            return self.connections
        return AwsConnections(str(region), self._endpoints)

    @cached_property
    def _bedrock_runtime(self) -> "Client":
        return self._bedrock.client(
            "bedrock-runtime", read_seconds=self.settings.llm_timeout_seconds, attempts=1
        )

    @cached_property
    def bedrock(self) -> "BedrockClient":
        """Bedrock's chat models. Raises InvalidSetting when none is named."""
        from rimedio.cost.lost_attempts import LostAttempts
        from rimedio.cost.metered_pieces import PaidVerdicts
        from rimedio.llm.bedrock import BedrockClient
        from rimedio.llm.bedrock_options import BedrockOptions

        return BedrockClient(
            self._bedrock_runtime,
            BedrockOptions.from_settings(self.settings, writes=self._writes),
            prices=self.prices,
            counter=self.counter,
            clock=self.clock,
            on_lost=LostAttempts(self.accounts.steps, BEDROCK),
            on_guarded=PaidVerdicts(self.accounts.steps),
        )

    @property
    def _writes(self) -> bool:
        return self.settings.generator is not Generator.EXTRACTIVE

    @cached_property
    def writers(self) -> "tuple[Writer, Writer | None]":
        """The first model, and behind it all others in their order, each asked with the whole prompt."""
        if not self.chat_models:
            return super().writers
        from rimedio.answering.generate import Generator as ChatWriter
        from rimedio.llm.bedrock_chat import BedrockRouter
        from rimedio.llm.prompts import PromptRegistry

        prompts, models = PromptRegistry.shipped(), self.accounts.metered(self.chat_models)
        first = ChatWriter(BedrockRouter(self.bedrock, models[:1]), prompts)
        return first, ChatWriter(BedrockRouter(self.bedrock, models[1:]), prompts) if models[1:] else None

    @cached_property
    def chat_models(self) -> "tuple[BedrockChat, ...]":
        """The configured model and its fallbacks; none for the extractive generator. Raises InvalidSetting."""
        if not self._writes:
            return ()
        from rimedio.llm.bedrock_chat import BedrockChat

        return tuple(BedrockChat(self.bedrock, name) for name in self.bedrock.options.models)

    @cached_property
    def guardrails(self) -> "Guardrails":
        """The laptop's own checks, and a guardrail of Bedrock's on top where one is configured."""
        if not self.settings.bedrock_guardrail:
            return super().guardrails
        from rimedio.llm.guardrails.bedrock_checks import BedrockGuardrails

        return BedrockGuardrails(self.bedrock)

    @cached_property
    def registry(self) -> "ModelRegistry":
        """Classifiers in the bucket; the one that answers is copied here."""
        from rimedio.classification.registry import ModelRegistry
        from rimedio.classification.s3_shelf import S3Shelf

        folder = self.scratch / CLASSIFIERS
        shelf = S3Shelf(self.connections.client("s3"), self.settings.bucket, folder, self.clock)
        return ModelRegistry(shelf, self.clock)

    @cached_property
    def hosted_classifier(self) -> "DegradingClassifier | None":
        """The SageMaker endpoint where one is set; the function's own copy of the champion behind it."""
        name = self.settings.sagemaker_endpoint
        if not name:
            return None
        from rimedio.classification.sagemaker_endpoint import (
            Container,
            DegradingClassifier,
            EndpointChoice,
            EndpointClassifier,
        )

        runtime = self.connections.client("sagemaker-runtime", read_seconds=CLASSIFY_SECONDS, attempts=2)
        choice = EndpointChoice(name, Container(self.settings.sagemaker_container))
        own = self.learning.models_of(self.tenant).champion
        return DegradingClassifier(EndpointClassifier(runtime, choice), own, on_degraded=self._degraded)

    def _degraded(self, why: str) -> None:
        _LOG.warning("The classifier's endpoint did not answer; the function's own model did: %s", why)

    # -- the workflow

    @cached_property
    def runner(self) -> "StepFunctionsRunner":
        """The state machine. Raises InvalidSetting."""
        from rimedio.tickets.step_functions_runner import StepFunctionsRunner

        arn = self._needed("state_machine_arn")
        client = self.connections.client("stepfunctions", read_seconds=STEP_FUNCTIONS_SECONDS)
        return StepFunctionsRunner(client, arn, self.tickets, self.clock)

    @cached_property
    def eventing(self) -> "AwsEventing":
        """EventBridge, SQS, and the table."""
        from rimedio.bootstrap.aws_events import AwsEventing

        return AwsEventing(self)

    @cached_property
    def identity(self) -> "AwsIdentity":
        """Cognito, KMS, Secrets Manager."""
        from rimedio.bootstrap.aws_identity import AwsIdentity

        connections, settings = self.connections, self.settings
        return AwsIdentity(connections, settings, self.clock, self.ids, table=lambda: self.table)

    # -- what a home says of itself

    @property
    def scratch(self) -> Path:
        """The function's own temporary folder."""
        self._scratch.mkdir(parents=True, exist_ok=True)
        return self._scratch

    def one_write(self) -> AbstractContextManager[object]:
        """Many documents in one bulk request of OpenSearch; nothing for a published file, which is one anyway."""
        return self._opensearch.batch() if self._opensearch is not None else nullcontext()

    def storage_faults(self) -> tuple[str, Sequence[str]]:
        """Whether the table answers. Raises Unavailable, Forbidden."""
        self.tenants.all()
        return self.settings.table_name, self.index.verify()

    def executions_open(self) -> int:
        """Tickets that are on their way, as the counts of the change stream know them."""
        counts = self.accounts.insights.tickets(self.tenant).by_status
        return sum(counts[status.value] for status in (Status.NEW, Status.PROCESSING))

    def sweep(self) -> None:
        """Nothing: the table's time to live and the bucket's lifecycle rules do it."""

    def _needed(self, name: str) -> str:
        value = getattr(self.settings, name)
        if not value:
            msg = f"On AWS `{name}` must be set: in the function's environment, as RIMEDIO_{name.upper()}."
            raise InvalidSetting(msg)
        return str(value)


def aws(settings: Settings) -> AwsRimedio:
    """The system on AWS. Connects when a part is first used. Raises InvalidSetting."""
    return AwsRimedio(settings)
