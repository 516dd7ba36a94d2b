"""Where data lives: the table, the bucket, the log of who read the bucket."""

from dataclasses import dataclass

import aws_cdk as cdk
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3

from rimedio_infra.deployment import Deployment
from rimedio_infra.stacks import removal
from rimedio_infra.standby import replication, replication_role

INDEXES = ("gsi1", "gsi2")
NOT_CURRENT_DAYS = 30


@dataclass(frozen=True)
class Data:
    """What other stacks are handed."""

    table: dynamodb.TableV2
    bucket: s3.Bucket
    access_logs: s3.Bucket


def data(stack: cdk.Stack, d: Deployment, key: kms.Key) -> Data:
    """Table and buckets of a deployment."""
    logs = _access_logs(stack, d)
    return Data(table=_table(stack, d, key), bucket=_bucket(stack, d, key, logs), access_logs=logs)


def _table(stack: cdk.Stack, d: Deployment, key: kms.Key) -> dynamodb.TableV2:
    """The single table: two overloaded sparse indexes, stream, TTL; on demand, so idle costs nothing."""
    text = dynamodb.AttributeType.STRING
    encryption = (
        dynamodb.TableEncryptionV2.customer_managed_key(key, _replica_keys(d, key))
        if d.sizes.customer_key_everywhere
        else dynamodb.TableEncryptionV2.dynamo_owned_key()
    )
    return dynamodb.TableV2(
        stack,
        "Table",
        table_name=d.name,
        partition_key=dynamodb.Attribute(name="pk", type=text),
        sort_key=dynamodb.Attribute(name="sk", type=text),
        billing=dynamodb.Billing.on_demand(max_read_request_units=40_000, max_write_request_units=40_000),
        global_secondary_indexes=[
            dynamodb.GlobalSecondaryIndexPropsV2(
                index_name=name,
                partition_key=dynamodb.Attribute(name=f"{name}pk", type=text),
                sort_key=dynamodb.Attribute(name=f"{name}sk", type=text),
                projection_type=dynamodb.ProjectionType.ALL,
            )
            for name in INDEXES
        ],
        dynamo_stream=dynamodb.StreamViewType.NEW_AND_OLD_IMAGES,
        time_to_live_attribute="expires_at",
        point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
            point_in_time_recovery_enabled=d.sizes.point_in_time_recovery, recovery_period_in_days=35
        ),
        contributor_insights_specification=dynamodb.ContributorInsightsSpecification(
            enabled=d.scale, mode=dynamodb.ContributorInsightsMode.THROTTLED_KEYS if d.scale else None
        ),
        encryption=encryption,
        deletion_protection=d.is_prod,
        removal_policy=removal(d),
        replicas=_replicas(d),
    )


def _replicas(d: Deployment) -> list[dynamodb.ReplicaTableProps] | None:
    """A copy in the standby region: replication lags by about a second, the promise is an hour."""
    if not d.sizes.replica:
        return None
    return [dynamodb.ReplicaTableProps(region=d.standby_region, deletion_protection=d.is_prod)]


def _replica_keys(d: Deployment, key: kms.Key) -> dict[str, str] | None:
    if not d.sizes.replica:
        return None
    # A replica of a multi-Region key has the same id; the standby stack makes it before this one is deployed.
    return {d.standby_region: d.arn("kms", f"key/{key.key_id}", d.standby_region)}


def _access_logs(stack: cdk.Stack, d: Deployment) -> s3.Bucket:
    return s3.Bucket(
        stack,
        "AccessLogs",
        bucket_name=d.bucket("logs"),
        encryption=s3.BucketEncryption.S3_MANAGED,  # log delivery writes with nothing else
        block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
        enforce_ssl=True,
        minimum_tls_version=1.2,
        object_ownership=s3.ObjectOwnership.OBJECT_WRITER,
        lifecycle_rules=[s3.LifecycleRule(id="forget", expiration=cdk.Duration.days(90))],
        removal_policy=removal(d),
    )


def _bucket(stack: cdk.Stack, d: Deployment, key: kms.Key, logs: s3.Bucket) -> s3.Bucket:
    """Documents, attachments, sealed vaults, published indexes and models, each under a prefix of its own."""
    own = d.sizes.customer_key_everywhere
    bucket = s3.Bucket(
        stack,
        "Bucket",
        bucket_name=d.bucket(),
        encryption=s3.BucketEncryption.KMS if own else s3.BucketEncryption.S3_MANAGED,
        encryption_key=key if own else None,
        bucket_key_enabled=own or None,
        block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
        enforce_ssl=True,
        minimum_tls_version=1.2,
        versioned=True,
        server_access_logs_bucket=logs,
        server_access_logs_prefix="data/",
        removal_policy=removal(d),
        lifecycle_rules=[
            s3.LifecycleRule(
                id="versions",
                noncurrent_version_expiration=cdk.Duration.days(NOT_CURRENT_DAYS),
                abort_incomplete_multipart_upload_after=cdk.Duration.days(2),
            ),
            s3.LifecycleRule(
                id="tiers",
                prefix="objects/",
                transitions=[
                    s3.Transition(
                        storage_class=s3.StorageClass.INTELLIGENT_TIERING,
                        transition_after=cdk.Duration.days(30),
                    )
                ],
            ),
        ],
    )
    resource = bucket.node.default_child
    # Not CDK's own switch: that one is a function of its own, which would change a setting by hand.
    resource.notification_configuration = {"eventBridgeConfiguration": {"eventBridgeEnabled": True}}
    if d.sizes.replica:
        resource.replication_configuration = replication(d, replication_role(stack, d), key.key_id)
    return bucket
