"""The settings that every function gets: `RIMEDIO_…`, as rimedio.aws_settings and rimedio.settings name them."""

from rimedio_infra.deployment import Deployment
from rimedio_infra.shared import Shared

UPLOAD_PART_BYTES = 4 * 1024 * 1024  # a Lambda function takes 6 MB, and base64 grows a part by a third


def settings(d: Deployment, shared: Shared) -> dict[str, str]:
    """Names of resources and choices of the profile."""
    found = {
        "home": "aws",
        "aws_region": d.region,
        "stage": str(d.stage),
        "data_dir": "/tmp/rimedio",
        "table_name": d.name,
        "bucket": d.bucket(),
        "knowledge": "opensearch" if d.sizes.opensearch else "published",
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
        "notification_topic_arn": d.arn("sns", d.named("people")),
        "kms_key": shared.key_arn,
        "upload_part_bytes": str(UPLOAD_PART_BYTES),
        "log_level": "INFO",
        "ocr": "true",
    }
    if shared.domain_endpoint:
        found["opensearch_url"] = f"https://{shared.domain_endpoint}"
    if d.sizes.sagemaker:
        found["sagemaker_endpoint"] = d.named("classifier")
    if d.models.rerank:
        found["bedrock_rerank_model"] = d.models.rerank
    if shared.guardrail:
        found["bedrock_guardrail"] = shared.guardrail
    if shared.pool_id and shared.client_id:
        found |= {"user_pool_id": shared.pool_id, "user_pool_client_id": shared.client_id}
    return {f"RIMEDIO_{name.upper()}": value for name, value in found.items()}
