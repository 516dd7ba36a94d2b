"""Bulk embeddings on AWS, put together where a role for batch jobs is configured."""

from typing import TYPE_CHECKING

from rimedio.aws_settings import KnowledgeHome
from rimedio.cost.ledger import CostKind
from rimedio.cost.metered_steps import EMBEDDING
from rimedio.knowledge.embedding.bedrock_bulk import BulkEmbedding, Collected
from rimedio.llm.bedrock_batch import BATCH, BedrockBatch
from rimedio.tickets.embed_in_bulk import EmbedInBulk

if TYPE_CHECKING:
    from rimedio.aws import AwsConnections
    from rimedio.bootstrap.system import Rimedio

IDLE_SECONDS = 300.0  # a job takes minutes to hours


def embed_in_bulk(system: "Rimedio", bedrock: "AwsConnections") -> EmbedInBulk | None:
    """Batch jobs for missing vectors; None without a role for them or an embedding model of Bedrock.

    A published index has none either: its writer embeds what it publishes, and whoever needs batches has
    outgrown it.
    """
    settings = system.settings
    role, model = settings.bedrock_batch_role, settings.bedrock_embedding_model
    if not role or not model or settings.knowledge is not KnowledgeHome.OPENSEARCH:
        return None
    bulk = BulkEmbedding(system.index, model, settings.bedrock_embedding_dimensions)
    objects = system.objects

    def pay(collected: Collected) -> None:
        prices = system.prices.with_embedder(bulk.model_id)
        usd = prices.units.embedding(collected.tokens) * prices.tier(BATCH)
        system.accounts.steps.charge(
            EMBEDDING, CostKind.EMBEDDING, bulk.model_id, usd, tokens=collected.tokens
        )

    batch = BedrockBatch(
        bedrock.client("bedrock"), objects, settings.bucket, role, clock=system.clock, ids=system.ids
    )
    return EmbedInBulk(bulk, batch, objects, model, system.tenant, on_collected=pay)
