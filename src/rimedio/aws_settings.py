"""The settings of the home on AWS; a deployed function gets each of them from its environment."""

from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field


class Home(StrEnum):
    """Where the system lives."""

    LAPTOP = "laptop"
    AWS = "aws"


class KnowledgeHome(StrEnum):
    """What holds the knowledge on AWS."""

    PUBLISHED = "published"  # the SQLite index, published to S3, opened read-only in the function
    OPENSEARCH = "opensearch"


class AwsSettings(BaseModel):
    """What only the home on AWS needs."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    home: Home = Field(Home.LAPTOP, description="Where the system lives: on a laptop, or on AWS.")
    aws_region: str = Field("eu-south-1", pattern="^[a-z]{2}(-[a-z]+)+-[0-9]$", description="Home region.")
    aws_endpoints: str = Field(
        "", description="Other addresses of services, such as dynamodb=http://127.0.0.1:8000, by comma."
    )
    stage: str = Field("dev", pattern="^(dev|staging|prod)$", description="Which deployment this is.")

    table_name: str = Field("rimedio", description="DynamoDB table of everything that has a key.")
    list_shards: int = Field(
        1,
        ge=1,
        le=64,
        description="Partitions that a tenant's lists of tickets are spread over; it may only grow.",
    )
    bucket: str = Field("rimedio", description="S3 bucket of documents, attachments, pages and models.")

    knowledge: KnowledgeHome = Field(
        KnowledgeHome.PUBLISHED, description="On AWS: a published SQLite index, or OpenSearch."
    )
    opensearch_url: str | None = Field(None, description="Address of the OpenSearch domain.")
    opensearch_index: str = Field(
        "rimedio", pattern="^[a-z][a-z0-9-]*$", description="Beginning of the names of its indexes."
    )
    opensearch_engine: str = Field(
        "lucene", pattern="^(lucene|faiss)$", description="Library of the graphs of vectors."
    )
    opensearch_mode: str = Field(
        "in_memory", pattern="^(in_memory|on_disk)$", description="Where faiss keeps vectors while searching."
    )
    opensearch_compression: str = Field(
        "1x", pattern="^(1|2|4|8|16|32)x$", description="How much smaller faiss keeps vectors in memory."
    )
    opensearch_m: int = Field(16, ge=2, le=100, description="Neighbours of a node in the graph.")
    opensearch_ef_construction: int = Field(
        128, ge=2, le=2000, description="Candidates while the graph is built; more find better later."
    )
    opensearch_ef_search: int = Field(
        200, ge=10, le=2000, description="Candidates while the graph is walked; more find better, slower."
    )
    opensearch_shards: int = Field(1, ge=1, le=100, description="Primary shards of the index of chunks.")
    opensearch_replicas: int = Field(
        0, ge=0, le=5, description="Copies of each shard; 1 or more where there are several zones."
    )
    published_check_seconds: float = Field(
        30.0, ge=0, le=3600, description="How often a reader looks for a newer published index."
    )
    published_kept: int = Field(
        3, ge=1, le=100, description="Versions of the published index that stay, the newest included."
    )

    bedrock_model: str | None = Field(
        None, description="Bedrock model or inference profile that writes remedies."
    )
    bedrock_fallback_models: str = Field(
        "", description="Bedrock models to ask when the first one fails, by comma."
    )
    bedrock_embedding_model: str | None = Field(None, description="Bedrock model that makes vectors.")
    bedrock_embedding_dimensions: int = Field(
        512, ge=128, le=4096, description="Numbers in each of its vectors, where the model offers a choice."
    )
    bedrock_rerank_model: str | None = Field(None, description="Bedrock model that orders passages anew.")
    bedrock_guardrail: str | None = Field(None, description="Bedrock guardrail, as ID or ID:VERSION.")
    bedrock_region: str | None = Field(
        None, pattern="^[a-z]{2}(-[a-z]+)+-[0-9]$", description="Region of Bedrock, where it is not the home."
    )
    bedrock_profile: str = Field(
        "regional",
        pattern="^(none|regional|global)$",
        description="Inference profile of models named without one: of the region's continent, or of the world.",
    )
    bedrock_service_tier: str = Field(
        "default",
        pattern="^(default|priority|flex|reserved)$",
        description="Service tier of Bedrock's calls.",
    )
    bedrock_prompt_cache: str = Field(
        "5m", pattern="^(off|5m|1h)$", description="How long Bedrock keeps the stable beginning of prompts."
    )
    bedrock_stream_guard: str = Field(
        "sync",
        pattern="^(sync|async)$",
        description="Whether a streamed reply waits for the guardrail (sync) or runs ahead of it (async).",
    )
    bedrock_batch_role: str | None = Field(
        None, description="Role with which Bedrock's batch jobs read and write."
    )
    sagemaker_endpoint: str | None = Field(
        None, description="SageMaker endpoint that classifies; the function does it itself if unset."
    )
    sagemaker_container: str = Field(
        "rimedio", pattern="^(rimedio|blazingtext)$", description="Whose format that endpoint speaks."
    )

    state_machine_arn: str | None = Field(None, description="State machine of the ticket's way.")
    event_bus: str = Field("rimedio", description="EventBridge bus of the domain's events.")
    event_archive: str = Field("rimedio", description="Archive of that bus.")
    textract_region: str | None = Field(
        None,
        pattern="^[a-z]{2}(-[a-z]+)+-[0-9]$",
        description="Region whose Textract reads scanned pages, for Milan has none; unset: they are not read.",
    )
    event_bus_arn: str | None = Field(None, description="That bus, by its full name.")
    event_rule_arn: str | None = Field(
        None, description="Rule that brings every event to the queue of deliveries; replays go to it alone."
    )
    schedule_group: str = Field("default", description="Group of the schedules in EventBridge Scheduler.")
    schema_registry: str | None = Field(
        None, description="Schema registry of EventBridge that learns the events' shapes; none if unset."
    )
    event_scheduler_role: str | None = Field(None, description="Role that the scheduler puts events with.")
    webhook_queue_url: str | None = Field(None, description="Queue of webhook deliveries.")
    webhook_queue_arn: str | None = Field(None, description="That queue, by its full name.")
    ingestion_queue_url: str | None = Field(None, description="Queue of documents to read.")
    dead_letter_queue_url: str | None = Field(None, description="Queue of what could not be delivered.")
    dead_letter_queue_arn: str | None = Field(None, description="That queue, by its full name.")
    stranded_queue_url: str | None = Field(
        None, description="Queue of the places in the table's stream that no function could work off."
    )
    notification_topic_arn: str | None = Field(None, description="SNS topic that tells people.")
    kms_key: str | None = Field(None, description="KMS key that wraps the tenants' data keys.")
    api_base_path: str = Field(
        "", pattern="^[A-Za-z0-9/_-]*$", description="Base path of the API's custom domain name, before /v1."
    )
    stream_wait_seconds: float = Field(
        20.0, ge=0, le=25, description="How long an event stream's answer waits for news behind API Gateway."
    )
    token_keys_secret: str | None = Field(
        None, description="Secret with the keys that sign API tokens; without it no such token counts."
    )
    user_pool_id: str | None = Field(None, description="Cognito user pool whose tokens count.")
    user_pool_client_id: str | None = Field(None, description="Its app client: for whom tokens are made.")
