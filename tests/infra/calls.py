"""What each function calls, and what it must never be able to call: IAM actions on resources of this deployment.

The list of needed calls is written from the code; `test_recorded_calls.py` holds it against the calls that the
functions really make on the twin.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

ACCOUNT = "123456789012"
REGION = "eu-south-1"
NAME = "rimedio-prod"


@dataclass(frozen=True)
class Call:
    """One request as IAM sees it."""

    action: str
    resource: str
    context: Mapping[str, str] = field(default_factory=dict)


def arn(service: str, resource: str, region: str = REGION, account: str = ACCOUNT) -> str:
    return f"arn:aws:{service}:{region}:{account}:{resource}"


TABLE = arn("dynamodb", f"table/{NAME}")
STREAM = f"{TABLE}/stream/2026-01-01T00:00:00.000"
BUCKET = f"arn:aws:s3:::{NAME}-{ACCOUNT}"
OBJECT = f"{BUCKET}/objects/acme/originals/doc_1"
ATTACHMENT = f"{BUCKET}/objects/acme/attachments/a.pdf"
VAULT = f"{BUCKET}/objects/acme/vaults/tkt_1.json"
MACHINE = arn("states", f"stateMachine:{NAME}-ticket")
EXECUTION = arn("states", f"execution:{NAME}-ticket:tkt_1")
BUS = arn("events", f"event-bus/{NAME}")
PEOPLE = arn("sns", f"{NAME}-people")
SECRET = arn("secretsmanager", f"secret:{NAME}-signing-key-AbCdEf")
ROLE = arn("iam", f"role/{NAME}-scheduler", region="")
SCHEDULE = arn("scheduler", f"schedule/{NAME}/acme-weekly")
MODEL = "arn:aws:bedrock:eu-central-1::foundation-model/amazon.nova-pro-v1:0"
PROFILE = arn("bedrock", "inference-profile/eu.amazon.nova-pro-v1:0")
EMBEDDING = arn("bedrock", "inference-profile/eu.cohere.embed-v4:0")
GUARDRAIL = arn("bedrock", "guardrail/abc123")
DOMAIN = arn("es", f"domain/{NAME}")


def queue(name: str) -> str:
    return arn("sqs", f"{NAME}-{name}")


def items(*names: str) -> tuple[Call, ...]:
    return tuple(Call(f"dynamodb:{name}", TABLE) for name in names)


KEY = "KEY"  # the deployment's key: its ARN is known only to the template
TENANT = {"kms:EncryptionContext:tenant_id": "acme"}
THROUGH_S3 = {"kms:ViaService": f"s3.{REGION}.amazonaws.com", "kms:CallerAccount": ACCOUNT}
READ = (*items("GetItem", "Query", "BatchGetItem"), Call("dynamodb:Query", f"{TABLE}/index/gsi1"))
WRITE = items("PutItem", "UpdateItem", "DeleteItem", "ConditionCheckItem", "BatchWriteItem")
ITEMS = READ + WRITE
VECTORS = (Call("bedrock:InvokeModel", EMBEDDING),)
WRITER = (
    Call("bedrock:InvokeModel", PROFILE),
    Call("bedrock:InvokeModel", MODEL),
    Call("bedrock:InvokeModelWithResponseStream", PROFILE),
)
GUARD = (Call("bedrock:ApplyGuardrail", GUARDRAIL, {"aws:ResourceTag/rimedio:stage": "prod"}),)
VAULTS = (
    Call("s3:PutObject", VAULT),
    Call("s3:GetObject", VAULT),
    Call("kms:GenerateDataKey", KEY, TENANT),
    Call("kms:Decrypt", KEY, TENANT),
    Call("kms:GenerateDataKey", KEY, THROUGH_S3),
)
FILES = (
    Call("s3:GetObject", OBJECT),
    Call("s3:PutObject", OBJECT),
    Call("s3:DeleteObject", OBJECT),
    Call("s3:ListBucket", BUCKET, {"s3:prefix": "objects/acme/"}),
    Call("kms:Decrypt", KEY, THROUGH_S3),
)
RECEIVE = ("ReceiveMessage", "DeleteMessage", "ChangeMessageVisibility", "GetQueueAttributes")


def received(name: str) -> tuple[Call, ...]:
    return tuple(Call(f"sqs:{verb}", queue(name)) for verb in RECEIVE)


def followed() -> tuple[Call, ...]:
    """What Lambda does with the function's role: it reads the stream, and keeps the places of what failed."""
    verbs = ("GetRecords", "GetShardIterator", "DescribeStream", "ListStreams")
    return (*(Call(f"dynamodb:{verb}", STREAM) for verb in verbs), Call("sqs:SendMessage", queue("stranded")))


SEARCH = {
    "frugal": (
        Call("s3:GetObject", f"{BUCKET}/knowledge/current.json"),
        Call("s3:ListBucket", BUCKET),  # a GetObject of what is absent
        *VECTORS,
    ),
    "scale": (
        Call("es:ESHttpPost", f"{DOMAIN}/rimedio-chunks-1/_msearch"),
        Call("es:ESHttpGet", f"{DOMAIN}/rimedio-chunks-1/_mapping"),
        *VECTORS,
    ),
}
INDEX = {
    "frugal": (Call("s3:PutObject", f"{BUCKET}/knowledge/7.sqlite3"),),
    "scale": (Call("es:ESHttpPost", f"{DOMAIN}/_bulk"), Call("es:ESHttpPut", f"{DOMAIN}/rimedio-chunks-2")),
}
BATCH_ROLE = arn("iam", f"role/{NAME}-batch", region="")
TO_BEDROCK = {"iam:PassedToService": "bedrock.amazonaws.com"}
JOB = arn("bedrock", "model-invocation-job/abcdefghijkl")
BATCHES: Mapping[str, tuple[Call, ...]] = {
    "frugal": (),
    "scale": (
        Call("bedrock:CreateModelInvocationJob", EMBEDDING),
        Call("bedrock:CreateModelInvocationJob", JOB),
        Call("bedrock:GetModelInvocationJob", JOB),
        Call("bedrock:TagResource", JOB),
        Call("iam:PassRole", BATCH_ROLE, TO_BEDROCK),
    ),
}
CLASSIFIER = {
    "frugal": (Call("s3:GetObject", f"{BUCKET}/classifiers/registry.json"),),
    "scale": (Call("sagemaker:InvokeEndpoint", arn("sagemaker", f"endpoint/{NAME}-classifier")),),
}


def needed(profile: str) -> dict[str, tuple[Call, ...]]:
    """What every function calls, in one profile."""
    search, index, classifier = SEARCH[profile], INDEX[profile], CLASSIFIER[profile]
    plain = (
        "validate",
        "enrich",
        "retrieve-similar",
        "decide",
        "request-review",
        "ask-customer",
        "take-up-again",
    )
    found = {f"task-{name}": ITEMS for name in (*plain, "notify", "mark-failed")}
    return found | {
        "task-store": (*ITEMS, Call("states:GetExecutionHistory", EXECUTION)),
        "task-extract-text": (
            *ITEMS,
            Call("s3:GetObject", ATTACHMENT),
            Call("textract:DetectDocumentText", "*"),
        ),
        "task-inspect": (*ITEMS, *GUARD, *VAULTS),
        "task-classify": (*ITEMS, *classifier),
        "task-second-opinion": (*ITEMS, *WRITER, *GUARD),
        "task-retrieve-hybrid": (*ITEMS, *search),
        "task-retrieve-code": (*ITEMS, *search),
        "task-assemble-context": (*ITEMS, *search),
        "task-generate": (*ITEMS, *WRITER, *GUARD),
        "task-verify": (*ITEMS, *search, *GUARD),
        "api": (
            *ITEMS,
            *search,
            *WRITER,
            *GUARD,
            *VAULTS,
            *FILES,
            Call("states:StartExecution", MACHINE),
            Call("states:SendTaskSuccess", MACHINE),
            Call("states:DescribeExecution", EXECUTION),
            Call("states:GetExecutionHistory", EXECUTION),
            Call("events:StartReplay", arn("events", f"archive/{NAME}")),
            Call("events:DescribeReplay", arn("events", "replay/acme-1")),
            Call("scheduler:CreateSchedule", SCHEDULE),
            Call("scheduler:ListSchedules", arn("scheduler", "schedule/*/*")),
            Call("iam:PassRole", ROLE, {"iam:PassedToService": "scheduler.amazonaws.com"}),
            Call("sqs:SendMessage", queue("webhooks")),
            Call("sqs:SendMessage", queue("documents")),
            Call("secretsmanager:GetSecretValue", SECRET),
        ),
        "authorizer": (*READ, Call("secretsmanager:GetSecretValue", SECRET)),
        "relay": (*followed(), *ITEMS, Call("events:PutEvents", BUS, {"events:source": "rimedio.tickets"})),
        "follow": (*followed(), *ITEMS, Call("s3:GetObject", f"{BUCKET}/classifiers/registry.json")),
        "ingest": (*ITEMS, *search, *index, *FILES, *received("documents")),
        "publish-index": (*ITEMS, *index, Call("s3:GetObject", OBJECT)),
        "webhooks": (
            *ITEMS,
            *received("webhooks"),
            Call("sqs:SendMessage", queue("webhooks")),
            Call("kms:Decrypt", KEY, TENANT),
            Call("states:StartExecution", MACHINE),
        ),
        "notify": (*READ, Call("sns:Publish", PEOPLE), Call("sqs:SendMessage", queue("dead-letters"))),
        "redrive": (
            *ITEMS,
            *received("dead-letters"),
            *received("stranded"),
            *followed(),
            Call("sqs:SendMessage", queue("webhooks")),
            Call("sqs:SendMessage", queue("dead-letters")),
            Call("events:PutEvents", BUS, {"events:source": "rimedio.tickets"}),
            Call("s3:GetObject", f"{BUCKET}/classifiers/registry.json"),
        ),
        "rotate": tuple(
            Call(f"secretsmanager:{verb}", SECRET)
            for verb in ("DescribeSecret", "GetSecretValue", "PutSecretValue", "UpdateSecretVersionStage")
        ),
        "housekeeping": (
            *ITEMS,
            *search,
            *index,
            *BATCHES[profile],
            *FILES,
            Call("states:StartExecution", MACHINE),
            Call("states:DescribeExecution", EXECUTION),
            Call("events:PutEvents", BUS, {"events:source": "rimedio.learning"}),
        ),
    }


# Nobody may: other accounts and deployments, infrastructure, itself.
FORBIDDEN_TO_ALL = (
    Call("dynamodb:DeleteTable", TABLE),
    Call("dynamodb:Scan", TABLE),
    Call("dynamodb:UpdateTable", TABLE),
    Call("dynamodb:GetItem", arn("dynamodb", "table/rimedio-dev")),
    Call("dynamodb:GetItem", arn("dynamodb", f"table/{NAME}", region="us-east-1")),
    Call("s3:GetObject", f"arn:aws:s3:::rimedio-dev-{ACCOUNT}/objects/acme/originals/doc_1"),
    Call("s3:DeleteBucket", BUCKET),
    Call("s3:PutBucketPolicy", BUCKET),
    Call("s3:DeleteObjectVersion", OBJECT),
    Call("s3:GetObject", f"arn:aws:s3:::{NAME}-evidence-{ACCOUNT}/trail/x"),
    Call("kms:ScheduleKeyDeletion", KEY),
    Call("kms:CreateGrant", KEY),
    Call("kms:Decrypt", KEY),  # for no tenant and through no service
    Call("kms:Decrypt", KEY, {"kms:ViaService": f"ebs.{REGION}.amazonaws.com", "kms:CallerAccount": ACCOUNT}),
    Call("iam:CreateRole", arn("iam", "role/x", region="")),
    Call("iam:PutRolePolicy", arn("iam", f"role/{NAME}-fn-api", region="")),
    Call(
        "iam:PassRole",
        arn("iam", f"role/{NAME}-fn-api", region=""),
        {"iam:PassedToService": "lambda.amazonaws.com"},
    ),
    Call("sts:AssumeRole", arn("iam", "role/cdk-hnb659fds-deploy-role", region="")),
    Call("lambda:InvokeFunction", arn("lambda", f"function:{NAME}-notify:live")),
    Call("iam:PassRole", BATCH_ROLE, {"iam:PassedToService": "lambda.amazonaws.com"}),
    Call("bedrock:CreateModelInvocationJob", PROFILE),
    Call("lambda:UpdateFunctionCode", arn("lambda", f"function:{NAME}-api")),
    Call("states:UpdateStateMachine", MACHINE),
    Call("states:StartExecution", arn("states", "stateMachine:rimedio-dev-ticket")),
    Call("events:PutRule", arn("events", f"rule/{NAME}/deliveries")),
    Call("events:PutEvents", BUS, {"events:source": "aws.s3"}),
    Call("events:DeleteArchive", arn("events", f"archive/{NAME}")),
    Call("bedrock:InvokeModel", arn("bedrock", "foundation-model/anthropic.other-v1:0", account="")),
    Call("bedrock:DeleteGuardrail", GUARDRAIL),
    Call("bedrock:ApplyGuardrail", GUARDRAIL, {"aws:ResourceTag/rimedio:stage": "dev"}),
    Call("es:DeleteDomain", DOMAIN),
    Call("es:ESHttpDelete", f"{DOMAIN}/.opendistro_security"),
    Call("secretsmanager:GetSecretValue", arn("secretsmanager", "secret:other-AbCdEf")),
    Call("secretsmanager:DeleteSecret", SECRET),
    Call("logs:DeleteLogGroup", arn("logs", f"log-group:/aws/lambda/{NAME}-api")),
    Call("logs:PutLogEvents", arn("logs", "log-group:/rimedio/prod/access:log-stream:x")),
    Call("cloudtrail:StopLogging", arn("cloudtrail", f"trail/{NAME}")),
    Call(
        "ec2:CreateNetworkInterface", "*", {"lambda:SourceFunctionArn": arn("lambda", f"function:{NAME}-api")}
    ),
)

# What one function has is not what its neighbour may: each line names who alone may do it.
ONLY: tuple[tuple[Call, frozenset[str]], ...] = (
    (Call("sns:Publish", PEOPLE), frozenset({"notify"})),
    (Call("secretsmanager:PutSecretValue", SECRET), frozenset({"rotate"})),
    (Call("secretsmanager:GetSecretValue", SECRET), frozenset({"rotate", "api", "authorizer"})),
    (Call("iam:PassRole", ROLE, {"iam:PassedToService": "scheduler.amazonaws.com"}), frozenset({"api"})),
    (Call("dynamodb:GetRecords", STREAM), frozenset({"relay", "follow", "redrive"})),
    (Call("sqs:ReceiveMessage", queue("stranded")), frozenset({"redrive"})),
    (Call("sqs:SendMessage", queue("stranded")), frozenset({"relay", "follow", "redrive"})),
    (Call("sqs:ReceiveMessage", queue("documents")), frozenset({"ingest"})),
    (Call("sqs:ReceiveMessage", queue("webhooks")), frozenset({"webhooks"})),
    (Call("sqs:ReceiveMessage", queue("dead-letters")), frozenset({"redrive", "api"})),
    (Call("states:SendTaskSuccess", MACHINE), frozenset({"api", "housekeeping"})),
    (Call("s3:DeleteObject", OBJECT), frozenset({"api", "ingest", "housekeeping"})),
    (Call("s3:GetObject", OBJECT), frozenset({"api", "ingest", "publish-index", "housekeeping"})),
    (Call("bedrock:InvokeModel", PROFILE), frozenset({"api", "task-second-opinion", "task-generate"})),
    (Call("textract:DetectDocumentText", "*"), frozenset({"ingest", "task-extract-text"})),
    (Call("dynamodb:PutItem", TABLE), frozenset()),  # empty: all but those of READERS
)
READERS = frozenset({"authorizer", "rotate"})
