"""Needs that call something: language models, the classifier, the workflow, events, queues, people."""

from collections.abc import Sequence

from aws_cdk import Aws

from rimedio_infra.catalogue import Need
from rimedio_infra.deployment import Deployment
from rimedio_infra.grants import Grant
from rimedio_infra.shared import Maker, Shared

GEOGRAPHIES = frozenset({"eu", "us", "apac", "global"})


def model_arns(d: Deployment, model: str) -> tuple[str, ...]:
    """An inference profile needs itself and its model in every region that it may send a request to."""
    prefix, _, rest = model.partition(".")
    if prefix not in GEOGRAPHIES:
        return (f"arn:{Aws.PARTITION}:bedrock:{d.region}::foundation-model/{model}",)
    places = d.models.profile_regions
    return (
        d.arn("bedrock", f"inference-profile/{model}"),
        *(f"arn:{Aws.PARTITION}:bedrock:{region}::foundation-model/{rest}" for region in places),
    )


def _converse(d: Deployment, _s: Shared) -> Sequence[Grant]:
    actions = ("bedrock:InvokeModel", "bedrock:InvokeModelWithResponseStream", "bedrock:CountTokens")
    return (Grant("AskModels", actions, model_arns(d, d.models.writer) + model_arns(d, d.models.fallback)),)


def _embed(d: Deployment, _s: Shared) -> Sequence[Grant]:
    found = [Grant("MakeVectors", ("bedrock:InvokeModel",), model_arns(d, d.models.embedding))]
    if d.models.rerank:
        found.append(Grant("RerankWith", ("bedrock:InvokeModel",), model_arns(d, d.models.rerank)))
        why = "Rerank knows no resource; the model behind it is named by RerankWith"
        found.append(Grant("Rerank", ("bedrock:Rerank",), ("*",), why=why))
    return found


def _embed_in_batches(d: Deployment, _s: Shared) -> Sequence[Grant]:
    """Batch jobs fill an index; a published one is embedded by its writer."""
    if not d.sizes.opensearch:
        return ()
    jobs = d.arn("bedrock", "model-invocation-job/*")
    why = "a job's id is made up by AWS"
    passed = {"StringEquals": {"iam:PassedToService": "bedrock.amazonaws.com"}}
    start = ("bedrock:CreateModelInvocationJob",)
    return (
        Grant("StartBatches", start, (jobs, *model_arns(d, d.models.embedding)), why=why),
        Grant("WatchBatches", ("bedrock:GetModelInvocationJob", "bedrock:TagResource"), (jobs,), why=why),
        Grant("HandOverBatchRole", ("iam:PassRole",), (d.batch_role,), passed),
    )


def _guard(d: Deployment, _s: Shared) -> Sequence[Grant]:
    mine = {"StringEquals": {"aws:ResourceTag/rimedio:stage": str(d.stage)}}
    guardrails = d.arn("bedrock", "guardrail/*")
    why = "a guardrail's id is made up by AWS; its tag keeps other deployments' guardrails out"
    profile = "guardrail-profile/eu.guardrail.v1:0"
    profiles = tuple(d.arn("bedrock", profile, region) for region in d.models.profile_regions)
    return (
        Grant("ApplyGuardrail", ("bedrock:ApplyGuardrail",), (guardrails,), mine, why=why),
        Grant("GuardAcrossRegions", ("bedrock:ApplyGuardrail",), profiles),
    )


def _classify(d: Deployment, _s: Shared) -> Sequence[Grant]:
    if not d.sizes.sagemaker:
        return ()
    endpoint = d.arn("sagemaker", f"endpoint/{d.named('classifier')}")
    return (Grant("Classify", ("sagemaker:InvokeEndpoint",), (endpoint,)),)


def _read_scans(_d: Deployment, _s: Shared) -> Sequence[Grant]:
    actions = ("textract:DetectDocumentText", "textract:AnalyzeDocument")
    return (Grant("ReadScans", actions, ("*",), why="Textract's synchronous actions know no resource"),)


def _start_workflow(d: Deployment, _s: Shared) -> Sequence[Grant]:
    return (Grant("StartTickets", ("states:StartExecution",), (d.state_machine_arn,)),)


def _watch_workflow(d: Deployment, _s: Shared) -> Sequence[Grant]:
    actions = ("states:DescribeExecution", "states:GetExecutionHistory", "states:StopExecution")
    executions = d.arn("states", f"execution:{d.named('ticket')}:*")
    why = "executions of this one state machine; their names are tickets' ids"
    return (Grant("WatchTickets", actions, (executions,), why=why),)


def _read_history(d: Deployment, _s: Shared) -> Sequence[Grant]:
    """The notes of a ticket are taken from the steps that its own execution went."""
    executions = d.arn("states", f"execution:{d.named('ticket')}:*")
    why = "executions of this one state machine; their names are tickets' ids"
    return (Grant("ReadHistory", ("states:GetExecutionHistory",), (executions,), why=why),)


def _resume_workflow(d: Deployment, _s: Shared) -> Sequence[Grant]:
    actions = ("states:SendTaskSuccess", "states:SendTaskFailure")
    return (Grant("ResumeTickets", actions, (d.state_machine_arn,)),)


def _put_events(d: Deployment, _s: Shared) -> Sequence[Grant]:
    sources = {"StringLike": {"events:source": ["rimedio.*"]}}
    return (Grant("PutEvents", ("events:PutEvents",), (d.arn("events", f"event-bus/{d.name}"),), sources),)


def _replay_events(d: Deployment, _s: Shared) -> Sequence[Grant]:
    bus, replays = d.arn("events", f"event-bus/{d.name}"), d.arn("events", "replay/*")
    archive = d.arn("events", f"archive/{d.name}")
    why = "replays are named when they start; what they replay is this archive, to this bus"
    return (
        Grant("StartReplays", ("events:StartReplay",), (archive, bus, replays), why=why),
        Grant("WatchReplays", ("events:DescribeReplay", "events:CancelReplay"), (replays,), why=why),
        Grant("ReadArchive", ("events:DescribeArchive",), (archive,)),
    )


def _read_schemas(d: Deployment, _s: Shared) -> Sequence[Grant]:
    registry, schemas = d.arn("schemas", f"registry/{d.name}"), d.arn("schemas", f"schema/{d.name}/*")
    actions = ("schemas:DescribeSchema", "schemas:ListSchemaVersions", "schemas:SearchSchemas")
    return (
        Grant("ListSchemas", ("schemas:ListSchemas",), (registry,)),
        Grant(
            "ReadSchemas",
            actions,
            (schemas, registry),
            why="schemas of this one registry, found by discovery",
        ),
    )


def _write_schemas(d: Deployment, _s: Shared) -> Sequence[Grant]:
    schemas = d.arn("schemas", f"schema/{d.name}/*")
    actions = ("schemas:CreateSchema", "schemas:UpdateSchema", "schemas:DescribeSchema")
    return (
        Grant("WriteSchemas", actions, (schemas,), why="schemas of this one registry, named after events"),
    )


def _manage_schedules(d: Deployment, _s: Shared) -> Sequence[Grant]:
    names = ("CreateSchedule", "UpdateSchedule", "DeleteSchedule", "GetSchedule")
    schedules = d.arn("scheduler", f"schedule/{d.name}/*")
    passed = {"StringEquals": {"iam:PassedToService": "scheduler.amazonaws.com"}}
    role = d.arn("iam", f"role/{d.named('scheduler')}", region="")
    own = "schedules of this one group; people name them"
    listing = "ListSchedules asks for all schedules: the group stands in the request, not in its resource"
    return (
        Grant("ManageSchedules", tuple(f"scheduler:{name}" for name in names), (schedules,), why=own),
        Grant(
            "ListSchedules", ("scheduler:ListSchedules",), (d.arn("scheduler", "schedule/*/*"),), why=listing
        ),
        Grant("HandOverRole", ("iam:PassRole",), (role,), passed),
    )


def _queue(d: Deployment, queue: str) -> str:
    return d.arn("sqs", d.named(queue))


def _send(sid: str, queue: str) -> Maker:
    actions = ("sqs:SendMessage", "sqs:GetQueueAttributes")
    return lambda d, _s: (Grant(sid, actions, (_queue(d, queue),)),)


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


CALLS: dict[Need, Maker] = {
    Need.CONVERSE: _converse,
    Need.EMBED: _embed,
    Need.EMBED_IN_BATCHES: _embed_in_batches,
    Need.GUARD: _guard,
    Need.CLASSIFY: _classify,
    Need.READ_SCANS: _read_scans,
    Need.START_WORKFLOW: _start_workflow,
    Need.RESUME_WORKFLOW: _resume_workflow,
    Need.WATCH_WORKFLOW: _watch_workflow,
    Need.READ_HISTORY: _read_history,
    Need.PUT_EVENTS: _put_events,
    Need.REPLAY_EVENTS: _replay_events,
    Need.READ_SCHEMAS: _read_schemas,
    Need.WRITE_SCHEMAS: _write_schemas,
    Need.MANAGE_SCHEDULES: _manage_schedules,
    Need.SEND_WEBHOOKS: _send("SendWebhooks", "webhooks"),
    Need.SEND_DOCUMENTS: _send("SendDocuments", "documents"),
    Need.RECEIVE_WEBHOOKS: _receive("ReceiveWebhooks", "webhooks"),
    Need.RECEIVE_DOCUMENTS: _receive("ReceiveDocuments", "documents"),
    Need.REDRIVE: _redrive,
    Need.STRAND_CHANGES: _send("StrandChanges", "stranded"),
    Need.TAKE_STRANDED: _receive("TakeStranded", "stranded"),
    Need.TELL_PEOPLE: _tell_people,
}
