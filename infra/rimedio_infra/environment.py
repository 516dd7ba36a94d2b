"""The settings that every function gets: `RIMEDIO_…`, as rimedio.aws_settings and rimedio.settings name them."""

from rimedio_infra.catalogue import FunctionSpec
from rimedio_infra.deployment import Deployment
from rimedio_infra.shared import Shared

# Textract is in another region than its endpoints would be; for the schema registry no endpoint is paid.
OUT_OF_REACH = frozenset({"RIMEDIO_TEXTRACT_REGION", "RIMEDIO_SCHEMA_REGISTRY"})
SCRATCH = "/tmp/rimedio"  # noqa: S108 - the one folder that a function may write
UPLOAD_PART_BYTES = 4 * 1024 * 1024  # a Lambda function takes 6 MB, and base64 grows a part by a third


def settings(d: Deployment, shared: Shared) -> dict[str, str]:
    """Names of resources and choices of the profile."""
    found = {
        "home": "aws",
        "aws_region": d.region,
        "stage": str(d.stage),
        "data_dir": SCRATCH,
        "table_name": d.name,
        "bucket": d.bucket(),
        "knowledge": "opensearch" if d.sizes.opensearch else "published",
        "opensearch_replicas": str(min(2, max(0, d.sizes.opensearch_data.count - 1))),
        "embedder": "bedrock",
        "generator": "bedrock",
        "bedrock_model": d.models.writer,
        "bedrock_fallback_models": d.models.fallback,
        "bedrock_embedding_model": d.models.embedding,
        "bedrock_embedding_dimensions": str(d.models.embedding_dimensions),
        "state_machine_arn": d.state_machine_arn,
        "event_bus": d.name,
        "event_archive": d.name,
        "event_scheduler_role": d.arn("iam", f"role/{d.named('scheduler')}", region=""),
        "webhook_queue_url": d.queue_url("webhooks"),
        "ingestion_queue_url": d.queue_url("documents"),
        "dead_letter_queue_url": d.queue_url("dead-letters"),
        "stranded_queue_url": d.queue_url("stranded"),
        "notification_topic_arn": d.arn("sns", d.named("people")),
        "kms_key": shared.key_arn,
        "upload_part_bytes": str(UPLOAD_PART_BYTES),
        "log_level": "INFO",
        "event_bus_arn": d.arn("events", f"event-bus/{d.name}"),
        "event_rule_arn": d.arn("events", f"rule/{d.name}/deliveries"),
        "schedule_group": d.name,
        "schema_registry": d.name,
        "webhook_queue_arn": d.arn("sqs", d.named("webhooks")),
        "dead_letter_queue_arn": d.arn("sqs", d.named("dead-letters")),
        "token_keys_secret": d.named("signing-key"),
        "ocr": "false",
    }
    if d.sizes.opensearch:
        found["bedrock_batch_role"] = d.batch_role
    if shared.domain_endpoint:
        found["opensearch_url"] = f"https://{shared.domain_endpoint}"
    if d.sizes.sagemaker:
        found["sagemaker_endpoint"] = d.named("classifier")
    if d.textract_region:
        found["textract_region"] = d.textract_region
    if d.models.rerank:
        found["bedrock_rerank_model"] = d.models.rerank
    if shared.guardrail:
        found["bedrock_guardrail"] = shared.guardrail
    if shared.pool_id and shared.client_id:
        found |= {"user_pool_id": shared.pool_id, "user_pool_client_id": shared.client_id}
    return {f"RIMEDIO_{name.upper()}": value for name, value in found.items()}


def inside_the_network(found: dict[str, str], spec: FunctionSpec, *, private: bool) -> dict[str, str]:
    """Without what cannot be reached from the private subnets: a call there would only wait for its timeout."""
    if not (private and spec.searches):
        return found
    return {name: value for name, value in found.items() if name not in OUT_OF_REACH}
