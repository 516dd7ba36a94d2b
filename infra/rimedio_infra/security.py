"""What guards the account: web ACLs, GuardDuty, Security Hub, Config, CloudTrail, and who hears of findings."""

import aws_cdk as cdk
from aws_cdk import aws_accessanalyzer as accessanalyzer
from aws_cdk import aws_cloudtrail as cloudtrail
from aws_cdk import aws_config as config
from aws_cdk import aws_events as events
from aws_cdk import aws_guardduty as guardduty
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_securityhub as securityhub

from rimedio_infra.deployment import ACCOUNT, Deployment
from rimedio_infra.grants import Grant, sealing, service_role
from rimedio_infra.singletons import unless_there
from rimedio_infra.stacks import removal

CONFIG_RULES = {
    "s3-bucket-public-read-prohibited": "S3_BUCKET_PUBLIC_READ_PROHIBITED",
    "s3-bucket-ssl-requests-only": "S3_BUCKET_SSL_REQUESTS_ONLY",
    "dynamodb-pitr-enabled": "DYNAMODB_PITR_ENABLED",
    "iam-root-access-key-check": "IAM_ROOT_ACCESS_KEY_CHECK",
    "mfa-enabled-for-iam-console-access": "MFA_ENABLED_FOR_IAM_CONSOLE_ACCESS",
    "vpc-default-security-group-closed": "VPC_DEFAULT_SECURITY_GROUP_CLOSED",
    "opensearch-in-vpc-only": "OPENSEARCH_IN_VPC_ONLY",
    "lambda-function-public-access-prohibited": "LAMBDA_FUNCTION_PUBLIC_ACCESS_PROHIBITED",
}
RECORDED = (
    "AWS::DynamoDB::Table",
    "AWS::EC2::SecurityGroup",
    "AWS::IAM::Policy",
    "AWS::IAM::Role",
    "AWS::IAM::User",
    "AWS::KMS::Key",
    "AWS::Lambda::Function",
    "AWS::OpenSearch::Domain",
    "AWS::S3::Bucket",
    "AWS::SecretsManager::Secret",
)
DETECTORS = ("S3_DATA_EVENTS", "LAMBDA_NETWORK_LOGS")


def detection(stack: cdk.Stack, d: Deployment, key: kms.IKey) -> None:
    """Detective controls of the account in this region; what the account has already stays as it is."""
    _trail(stack, d, _evidence(stack, d))
    _config(stack, d, _configurations(stack, d))
    detector = guardduty.CfnDetector(
        stack,
        "GuardDuty",
        enable=True,
        finding_publishing_frequency="FIFTEEN_MINUTES",
        features=[{"name": name, "status": "ENABLED"} for name in DETECTORS],
    )
    unless_there(stack, "GuardDuty", "a GuardDuty detector in this region", detector)
    hub = securityhub.CfnHub(stack, "SecurityHub", enable_default_standards=False)
    standard = "standards/aws-foundational-security-best-practices/v/1.0.0"
    foundations = securityhub.CfnStandard(
        stack,
        "Foundations",
        standards_arn=f"arn:{cdk.Aws.PARTITION}:securityhub:{d.region}::{standard}",
    )
    foundations.add_resource_dependency(hub)
    unless_there(stack, "SecurityHub", "Security Hub in this region", hub, foundations)
    analyzer = accessanalyzer.CfnAnalyzer(stack, "AccessAnalyzer", type="ACCOUNT", analyzer_name=d.name)
    unless_there(stack, "Analyzer", "an analyzer of the account in this region", analyzer)
    _response(stack, d, key)


def _evidence(stack: cdk.Stack, d: Deployment) -> s3.Bucket:
    """Where the trail is kept: a year, unchangeable in prod."""
    bucket = s3.Bucket(
        stack,
        "Evidence",
        bucket_name=d.bucket("evidence"),
        encryption=s3.BucketEncryption.S3_MANAGED,
        block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
        enforce_ssl=True,
        versioned=True,
        object_lock_enabled=d.is_prod,
        object_lock_default_retention=(
            s3.ObjectLockRetention.governance(cdk.Duration.days(365)) if d.is_prod else None
        ),
        lifecycle_rules=[s3.LifecycleRule(id="forget", expiration=cdk.Duration.days(400))],
        removal_policy=removal(d),
    )
    _let_write(bucket, "cloudtrail", "trail", {"aws:SourceArn": d.arn("cloudtrail", f"trail/{d.name}")})
    return bucket


def _configurations(stack: cdk.Stack, d: Deployment) -> s3.Bucket:
    """Where the history of configurations is kept. AWS Config delivers to no bucket with a default retention."""
    bucket = s3.Bucket(
        stack,
        "Configurations",
        bucket_name=d.bucket("configurations"),
        encryption=s3.BucketEncryption.S3_MANAGED,
        block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
        enforce_ssl=True,
        versioned=True,
        lifecycle_rules=[s3.LifecycleRule(id="forget", expiration=cdk.Duration.days(400))],
        removal_policy=removal(d),
    )
    _let_write(bucket, "config", "config", {"aws:SourceAccount": ACCOUNT})
    return bucket


def _let_write(bucket: s3.Bucket, service: str, prefix: str, mine: dict[str, str]) -> None:
    """What a service asks of the bucket before it writes, and the writing, for this account's own resources."""
    principal = iam.ServicePrincipal(f"{service}.amazonaws.com")
    bucket.add_to_resource_policy(
        iam.PolicyStatement(
            sid=f"{service.capitalize()}Looks",
            principals=[principal],
            actions=["s3:GetBucketAcl", "s3:ListBucket"],
            resources=[bucket.bucket_arn],
            conditions={"StringEquals": mine},
        )
    )
    bucket.add_to_resource_policy(
        iam.PolicyStatement(
            sid=f"{service.capitalize()}Writes",
            principals=[principal],
            actions=["s3:PutObject"],
            resources=[bucket.arn_for_objects(f"{prefix}/AWSLogs/{ACCOUNT}/*")],
            conditions={"StringEquals": mine | {"s3:x-amz-acl": "bucket-owner-full-control"}},
        )
    )


def _trail(stack: cdk.Stack, d: Deployment, store: s3.Bucket) -> None:
    """Every management call, and who read or wrote customers' objects."""
    trail = cloudtrail.CfnTrail(
        stack,
        "Trail",
        trail_name=d.name,
        is_logging=True,
        is_multi_region_trail=True,
        include_global_service_events=True,
        enable_log_file_validation=True,
        s3_bucket_name=store.bucket_name,
        s3_key_prefix="trail",
        advanced_event_selectors=[
            {
                "name": "Management",
                "fieldSelectors": [{"field": "eventCategory", "equalTo": ["Management"]}],
            },
            {
                "name": "Objects of customers",
                "fieldSelectors": [
                    {"field": "eventCategory", "equalTo": ["Data"]},
                    {"field": "resources.type", "equalTo": ["AWS::S3::Object"]},
                    {"field": "resources.ARN", "startsWith": [f"{d.bucket_arn()}/"]},
                ],
            },
        ],
    )
    if store.policy:
        trail.node.add_dependency(store.policy)


def _config(stack: cdk.Stack, d: Deployment, store: s3.Bucket) -> None:
    role = iam.Role(
        stack,
        "ConfigRole",
        assumed_by=iam.ServicePrincipal(
            "config.amazonaws.com", conditions={"StringEquals": {"aws:SourceAccount": ACCOUNT}}
        ),
        managed_policies=[iam.ManagedPolicy.from_aws_managed_policy_name("service-role/AWS_ConfigRole")],
    )
    recorder = config.CfnConfigurationRecorder(
        stack,
        "Recorder",
        name=d.name,
        role_arn=role.role_arn,
        # The types that rules look at, not all: each recorded change costs.
        recording_group={"allSupported": False, "resourceTypes": list(RECORDED)},
    )
    channel = config.CfnDeliveryChannel(
        stack, "Channel", name=d.name, s3_bucket_name=store.bucket_name, s3_key_prefix="config"
    )
    if store.policy:
        channel.node.add_dependency(store.policy)
    made_here = unless_there(stack, "Recorder", "AWS Config's recorder in this region", recorder, channel)
    # A rule can be made only after a recorder: naming it makes CloudFormation wait.
    recorded = cdk.Fn.condition_if(made_here.logical_id, recorder.ref, "the account's own recorder")
    for name, identifier in CONFIG_RULES.items():
        config.CfnConfigRule(
            stack,
            identifier.title().replace("_", ""),
            config_rule_name=d.named(name),
            description=cdk.Fn.join(" ", ["Of what is recorded by", cdk.Token.as_string(recorded)]),
            source={"owner": "AWS", "sourceIdentifier": identifier},
        )


def _response(stack: cdk.Stack, d: Deployment, key: kms.IKey) -> None:
    """Findings that matter go to people at once, with what was found and where."""
    people = d.arn("sns", d.named("people"))
    role = service_role(
        stack,
        "FindingsRole",
        "events.amazonaws.com",
        [
            Grant("TellPeople", ("sns:Publish",), (people,)),
            *(
                (sealing(key.key_arn, f"sns.{d.region}.amazonaws.com"),)
                if d.sizes.customer_key_everywhere
                else ()
            ),
        ],
    )
    events.CfnRule(
        stack,
        "Findings",
        name=d.named("findings"),
        description="GuardDuty findings of high severity",
        event_pattern={
            "source": ["aws.guardduty"],
            "detail-type": ["GuardDuty Finding"],
            "detail": {"severity": [{"numeric": [">=", 7]}]},
        },
        state="ENABLED",
        targets=[
            {
                "id": "people",
                "arn": people,
                "roleArn": role.role_arn,
                "deadLetterConfig": {"arn": d.arn("sqs", d.named("dead-letters"))},
                "inputTransformer": {
                    "inputPathsMap": {
                        "title": "$.detail.title",
                        "type": "$.detail.type",
                        "at": "$.detail.updatedAt",
                    },
                    "inputTemplate": '"GuardDuty: <title> (<type>) at <at>. Runbook: infra/RUNBOOKS.md#findings"',
                },
            }
        ],
    )
