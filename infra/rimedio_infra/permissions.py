"""What each need means in IAM: actions on named resources, nothing wider than the service allows.

Where an asterisk stays, `nag.py` gives the reason. Items of one DynamoDB table belong to all tenants, and a
function serves them all, so `dynamodb:LeadingKeys` could only be a session tag that every call would have to
assume a role for; the tenant is checked in code, by the type of the key, and tested there.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from aws_cdk import Aws
from aws_cdk import aws_iam as iam

from rimedio_infra.catalogue import FunctionSpec, Need
from rimedio_infra.deployment import ACCOUNT, Deployment


@dataclass(frozen=True)
class Shared:
    """ARNs that no name can tell beforehand: they come from other stacks."""

    key_arn: str
    domain_arn: str | None = None
    domain_endpoint: str | None = None
    guardrail: str | None = None
    pool_id: str | None = None
    client_id: str | None = None


@dataclass(frozen=True)
class Grant:
    """Allowed actions on resources, under conditions."""

    sid: str
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    conditions: dict[str, Any] = field(default_factory=dict)

    def statement(self) -> iam.PolicyStatement:
        """As CDK wants it."""
        return iam.PolicyStatement(
            sid=self.sid,
            actions=list(self.actions),
            resources=list(self.resources),
            conditions=self.conditions or None,
        )


Maker: TypeAlias = Callable[[Deployment, Shared], Sequence[Grant]]


def _table_arn(d: Deployment) -> str:
    return d.arn("dynamodb", f"table/{d.name}")


def _table_read(d: Deployment, _s: Shared) -> Sequence[Grant]:
    table = _table_arn(d)
    return (
        Grant("ReadItems", ("dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Query"), (table,)),
        Grant("ReadIndexes", ("dynamodb:Query",), (f"{table}/index/gsi1", f"{table}/index/gsi2")),
    )


def _table_write(d: Deployment, _s: Shared) -> Sequence[Grant]:
    # TransactWriteItems is allowed by the permissions of the single actions in it.
    actions = ("PutItem", "UpdateItem", "DeleteItem", "ConditionCheckItem", "BatchWriteItem")
    return (Grant("WriteItems", tuple(f"dynamodb:{name}" for name in actions), (_table_arn(d),)),)


def _table_stream(d: Deployment, _s: Shared) -> Sequence[Grant]:
    actions = ("GetRecords", "GetShardIterator", "DescribeStream")
    stream = f"{_table_arn(d)}/stream/*"  # a stream's name is the moment it was made
    return (
        Grant("ReadStream", tuple(f"dynamodb:{name}" for name in actions), (stream,)),
        Grant("FindStream", ("dynamodb:ListStreams",), (stream,)),
    )


def _objects_read(d: Deployment, _s: Shared) -> Sequence[Grant]:
    return (
        Grant("ReadObjects", ("s3:GetObject",), (d.bucket_arn(key="objects/*"),)),
        Grant(
            "ListObjects", ("s3:ListBucket",), (d.bucket_arn(),), {"StringLike": {"s3:prefix": ["objects/*"]}}
        ),
    )


def _objects_write(d: Deployment, _s: Shared) -> Sequence[Grant]:
    actions = ("s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload")
    return (Grant("WriteObjects", actions, (d.bucket_arn(key="objects/*"),)),)


def _attachments_read(d: Deployment, _s: Shared) -> Sequence[Grant]:
    return (Grant("ReadAttachments", ("s3:GetObject",), (d.bucket_arn(key="objects/*/attachments/*"),)),)


def _index_read(d: Deployment, s: Shared) -> Sequence[Grant]:
    if s.domain_arn:
        # _search, _msearch and _count are POST; GET reads one document or the mapping.
        actions = ("es:ESHttpGet", "es:ESHttpPost", "es:ESHttpHead")
        return (Grant("SearchIndexes", actions, (f"{s.domain_arn}/rimedio*", f"{s.domain_arn}/_msearch")),)
    return (Grant("ReadPublishedIndex", ("s3:GetObject",), (d.bucket_arn(key="index/*"),)),)


def _index_write(d: Deployment, s: Shared) -> Sequence[Grant]:
    if s.domain_arn:
        actions = ("es:ESHttpPut", "es:ESHttpPost", "es:ESHttpDelete")
        paths = ("rimedio*", "_bulk", "_aliases", "_reindex", "_search/pipeline/rimedio*")
        return (Grant("WriteIndexes", actions, tuple(f"{s.domain_arn}/{path}" for path in paths)),)
    return (Grant("PublishIndex", ("s3:PutObject",), (d.bucket_arn(key="index/*"),)),)


def _models_read(d: Deployment, _s: Shared) -> Sequence[Grant]:
    return (
        Grant("ReadModels", ("s3:GetObject",), (d.bucket_arn(key="models/*"),)),
        Grant(
            "ListModels", ("s3:ListBucket",), (d.bucket_arn(),), {"StringLike": {"s3:prefix": ["models/*"]}}
        ),
    )


def _models_write(d: Deployment, _s: Shared) -> Sequence[Grant]:
    return (Grant("WriteModels", ("s3:PutObject",), (d.bucket_arn(key="models/*"),)),)


def _model_arns(d: Deployment, model: str) -> tuple[str, ...]:
    """An inference profile needs itself and its model in every region that it may send a request to."""
    prefix, _, rest = model.partition(".")
    if prefix not in {"eu", "us", "apac", "global"}:
        return (f"arn:{Aws.PARTITION}:bedrock:{d.region}::foundation-model/{model}",)
    regions = ("*",) if prefix == "global" else d.models.profile_regions
    return (
        d.arn("bedrock", f"inference-profile/{model}"),
        *(f"arn:{Aws.PARTITION}:bedrock:{region}::foundation-model/{rest}" for region in regions),
    )


def _converse(d: Deployment, _s: Shared) -> Sequence[Grant]:
    actions = ("bedrock:InvokeModel", "bedrock:InvokeModelWithResponseStream", "bedrock:CountTokens")
    models = _model_arns(d, d.models.writer) + _model_arns(d, d.models.fallback)
    return (Grant("AskModels", actions, models),)


def _embed(d: Deployment, _s: Shared) -> Sequence[Grant]:
    return (Grant("MakeVectors", ("bedrock:InvokeModel",), _model_arns(d, d.models.embedding)),)


def _guard(d: Deployment, _s: Shared) -> Sequence[Grant]:
    # A guardrail's id is made by AWS: the condition on its tag keeps other deployments' guardrails out.
    mine = {"StringEquals": {"aws:ResourceTag/rimedio:stage": str(d.stage)}}
    return (Grant("ApplyGuardrail", ("bedrock:ApplyGuardrail",), (d.arn("bedrock", "guardrail/*"),), mine),)


def _classify(d: Deployment, _s: Shared) -> Sequence[Grant]:
    if not d.sizes.sagemaker:
        return ()
    endpoint = d.arn("sagemaker", f"endpoint/{d.named('classifier')}")
    return (Grant("Classify", ("sagemaker:InvokeEndpoint",), (endpoint,)),)


def _read_scans(_d: Deployment, _s: Shared) -> Sequence[Grant]:
    # Textract's synchronous actions know no resource: "*" is all that IAM accepts.
    return (Grant("ReadScans", ("textract:DetectDocumentText", "textract:AnalyzeDocument"), ("*",)),)


def _tenant_keys(_d: Deployment, s: Shared) -> Sequence[Grant]:
    named = {"Null": {"kms:EncryptionContext:tenant_id": "false"}}  # a data key belongs to a tenant
    return (Grant("TenantKeys", ("kms:GenerateDataKey", "kms:Decrypt"), (s.key_arn,), named),)


def _start_workflow(d: Deployment, _s: Shared) -> Sequence[Grant]:
    return (Grant("StartTickets", ("states:StartExecution",), (d.state_machine_arn,)),)


def _watch_workflow(d: Deployment, _s: Shared) -> Sequence[Grant]:
    actions = ("states:DescribeExecution", "states:GetExecutionHistory", "states:StopExecution")
    executions = d.arn("states", f"execution:{d.named('ticket')}:*")
    return (
        Grant("WatchTickets", actions, (executions,)),
        Grant("ListTickets", ("states:ListExecutions",), (d.state_machine_arn,)),
    )


def _resume_workflow(d: Deployment, _s: Shared) -> Sequence[Grant]:
    actions = ("states:SendTaskSuccess", "states:SendTaskFailure")
    return (Grant("ResumeTickets", actions, (d.state_machine_arn,)),)


def _put_events(d: Deployment, _s: Shared) -> Sequence[Grant]:
    sources = {"StringLike": {"events:source": ["rimedio.*"]}}
    return (Grant("PutEvents", ("events:PutEvents",), (d.arn("events", f"event-bus/{d.name}"),), sources),)


def _manage_rules(d: Deployment, _s: Shared) -> Sequence[Grant]:
    names = (
        "DescribeRule PutRule DeleteRule EnableRule DisableRule PutTargets RemoveTargets ListTargetsByRule"
    )
    actions = tuple(f"events:{name}" for name in names.split())
    return (
        Grant("ManageRules", actions, (d.arn("events", f"rule/{d.name}/*"),)),
        Grant("ListRules", ("events:ListRules",), (d.arn("events", f"rule/{d.name}/*"),)),
    )


def _replay_events(d: Deployment, _s: Shared) -> Sequence[Grant]:
    bus, replays = d.arn("events", f"event-bus/{d.name}"), d.arn("events", "replay/*")
    archive = d.arn("events", f"archive/{d.name}")
    return (
        Grant("StartReplays", ("events:StartReplay",), (archive, bus, replays)),
        Grant(
            "WatchReplays", ("events:DescribeReplay", "events:CancelReplay", "events:ListReplays"), (replays,)
        ),
        Grant("ReadArchive", ("events:DescribeArchive",), (archive,)),
    )


def _manage_schedules(d: Deployment, _s: Shared) -> Sequence[Grant]:
    names = "CreateSchedule UpdateSchedule DeleteSchedule GetSchedule"
    schedules = d.arn("scheduler", f"schedule/{d.name}/*")
    passed = {"StringEquals": {"iam:PassedToService": "scheduler.amazonaws.com"}}
    role = d.arn("iam", f"role/{d.named('scheduler')}", region="")
    return (
        Grant("ManageSchedules", tuple(f"scheduler:{name}" for name in names.split()), (schedules,)),
        # ListSchedules knows no single schedule: the group is in its request, not in its resource.
        Grant("ListSchedules", ("scheduler:ListSchedules",), (d.arn("scheduler", "schedule/*/*"),)),
        Grant("HandOverRole", ("iam:PassRole",), (role,), passed),
    )


def _queue(d: Deployment, queue: str) -> str:
    return d.arn("sqs", d.named(queue))


def _send(sid: str, queue: str) -> Maker:
    return lambda d, _s: (Grant(sid, ("sqs:SendMessage",), (_queue(d, queue),)),)


def _receive(sid: str, queue: str) -> Maker:
    names = ("ReceiveMessage", "DeleteMessage", "ChangeMessageVisibility", "GetQueueAttributes")
    return lambda d, _s: (Grant(sid, tuple(f"sqs:{name}" for name in names), (_queue(d, queue),)),)


def _redrive(d: Deployment, s: Shared) -> Sequence[Grant]:
    return (
        *_receive("ReadDeadLetters", "dead-letters")(d, s),
        *_send("SendWebhooksAgain", "webhooks")(d, s),
        *_send("SendDocumentsAgain", "documents")(d, s),
    )


def _tell_people(d: Deployment, _s: Shared) -> Sequence[Grant]:
    return (Grant("TellPeople", ("sns:Publish",), (d.arn("sns", d.named("people")),)),)


def _secret_arn(d: Deployment) -> str:
    # Secrets Manager adds six characters to a name; a question mark each is narrower than an asterisk.
    return d.arn("secretsmanager", f"secret:{d.named('signing-key')}-??????")


def _signing_keys(d: Deployment, _s: Shared) -> Sequence[Grant]:
    return (Grant("ReadSigningKey", ("secretsmanager:GetSecretValue",), (_secret_arn(d),)),)


def _rotate(d: Deployment, _s: Shared) -> Sequence[Grant]:
    names = "DescribeSecret GetSecretValue PutSecretValue UpdateSecretVersionStage"
    return (
        Grant("RotateSecrets", tuple(f"secretsmanager:{name}" for name in names.split()), (_secret_arn(d),)),
        Grant("MakePasswords", ("secretsmanager:GetRandomPassword",), ("*",)),  # the action has no resource
    )


def _learn(d: Deployment, _s: Shared) -> Sequence[Grant]:
    if not d.sizes.sagemaker:
        return ()
    pipeline = d.arn("sagemaker", f"pipeline/{d.named('classifier')}")
    return (Grant("Retrain", ("sagemaker:StartPipelineExecution",), (pipeline,)),)


MAKERS: dict[Need, Maker] = {
    Need.TABLE_READ: _table_read,
    Need.TABLE_WRITE: _table_write,
    Need.TABLE_STREAM: _table_stream,
    Need.OBJECTS_READ: _objects_read,
    Need.OBJECTS_WRITE: _objects_write,
    Need.ATTACHMENTS_READ: _attachments_read,
    Need.INDEX_READ: _index_read,
    Need.INDEX_WRITE: _index_write,
    Need.MODELS_READ: _models_read,
    Need.MODELS_WRITE: _models_write,
    Need.CONVERSE: _converse,
    Need.EMBED: _embed,
    Need.GUARD: _guard,
    Need.CLASSIFY: _classify,
    Need.READ_SCANS: _read_scans,
    Need.TENANT_KEYS: _tenant_keys,
    Need.START_WORKFLOW: _start_workflow,
    Need.RESUME_WORKFLOW: _resume_workflow,
    Need.WATCH_WORKFLOW: _watch_workflow,
    Need.PUT_EVENTS: _put_events,
    Need.MANAGE_RULES: _manage_rules,
    Need.REPLAY_EVENTS: _replay_events,
    Need.MANAGE_SCHEDULES: _manage_schedules,
    Need.SEND_WEBHOOKS: _send("SendWebhooks", "webhooks"),
    Need.SEND_DOCUMENTS: _send("SendDocuments", "documents"),
    Need.RECEIVE_WEBHOOKS: _receive("ReceiveWebhooks", "webhooks"),
    Need.RECEIVE_DOCUMENTS: _receive("ReceiveDocuments", "documents"),
    Need.REDRIVE: _redrive,
    Need.TELL_PEOPLE: _tell_people,
    Need.SIGNING_KEYS: _signing_keys,
    Need.ROTATE: _rotate,
    Need.LEARN: _learn,
}


def grants(spec: FunctionSpec, d: Deployment, shared: Shared) -> list[Grant]:
    """Everything that a function's role allows."""
    found = [grant for need in sorted(spec.needs, key=lambda n: n.value) for grant in MAKERS[need](d, shared)]
    log_group = d.arn("logs", f"log-group:/aws/lambda/{d.named(spec.name)}:*")
    found.append(Grant("WriteLogs", ("logs:CreateLogStream", "logs:PutLogEvents"), (log_group,)))
    # X-Ray's write actions know no resource.
    found.append(Grant("WriteTraces", ("xray:PutTraceSegments", "xray:PutTelemetryRecords"), ("*",)))
    if spec.called_asynchronously:
        found.append(Grant("KeepFailedCalls", ("sqs:SendMessage",), (_queue(d, "dead-letters"),)))
    if d.sizes.customer_key_everywhere:
        found.append(_data_at_rest(d, shared))
    if d.sizes.opensearch and spec.searches:
        found.append(_network_interfaces(d))
    return found


def _data_at_rest(d: Deployment, shared: Shared) -> Grant:
    services = [
        f"{name}.{d.region}.amazonaws.com" for name in ("dynamodb", "s3", "sqs", "sns", "secretsmanager")
    ]
    return Grant(
        "DataAtRest",
        ("kms:Decrypt", "kms:GenerateDataKey"),
        (shared.key_arn,),
        {"StringEquals": {"kms:ViaService": services, "kms:CallerAccount": ACCOUNT}},
    )


def _network_interfaces(d: Deployment) -> Grant:
    # Lambda attaches interfaces in the function's name, before any interface has an ARN; EC2 wants "*" for
    # the describing ones. The condition keeps the function's own code from calling them.
    actions = (
        "CreateNetworkInterface",
        "DescribeNetworkInterfaces",
        "DescribeSubnets",
        "DeleteNetworkInterface",
    )
    return Grant(
        "AttachToNetwork",
        tuple(f"ec2:{name}" for name in actions)
        + ("ec2:AssignPrivateIpAddresses", "ec2:UnassignPrivateIpAddresses"),
        ("*",),
        {"Null": {"lambda:SourceFunctionArn": "true"}},
    )
