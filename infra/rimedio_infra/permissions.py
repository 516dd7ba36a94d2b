"""What each need of a function means in IAM: actions on named resources, nothing wider than the service allows.

Items of one DynamoDB table belong to all tenants and a function serves them all, so `dynamodb:LeadingKeys` could only
be a session tag, with a role assumed at every call; the tenant is checked in code, by the type of the key, instead.
"""

from collections.abc import Sequence

from rimedio_infra.catalogue import FunctionSpec, Need
from rimedio_infra.deployment import ACCOUNT, Deployment
from rimedio_infra.grants import Grant
from rimedio_infra.needs_calls import CALLS
from rimedio_infra.needs_data import DATA
from rimedio_infra.shared import Maker, Shared

MAKERS: dict[Need, Maker] = DATA | CALLS
SEALED = ("dynamodb", "s3", "sqs", "sns", "secretsmanager")
# Who starts, watches or resumes an execution opens what the state machine keeps under the key.
EXECUTIONS = frozenset({Need.START_WORKFLOW, Need.WATCH_WORKFLOW, Need.RESUME_WORKFLOW, Need.READ_HISTORY})
NO_RESOURCE = "the action knows no resource (Service Authorization Reference)"


def grants(spec: FunctionSpec, d: Deployment, shared: Shared) -> list[Grant]:
    """Everything that a function's role allows."""
    needs = sorted(spec.needs, key=lambda need: need.value)
    found = [grant for need in needs for grant in MAKERS[need](d, shared)]
    found += [_logs(spec, d), _traces()]
    if spec.called_asynchronously:
        found.append(Grant("KeepFailedCalls", ("sqs:SendMessage",), (d.arn("sqs", d.named("dead-letters")),)))
    services = _sealed_services(spec, d)
    if services:
        found.append(_data_at_rest(d, shared, services))
    if d.sizes.opensearch and spec.searches:
        found.append(_network_interfaces())
    return found


def _logs(spec: FunctionSpec, d: Deployment) -> Grant:
    group = d.arn("logs", f"log-group:/aws/lambda/{d.named(spec.name)}:*")
    actions = ("logs:CreateLogStream", "logs:PutLogEvents")
    return Grant("WriteLogs", actions, (group,), why="the streams of this one log group; Lambda names them")


def _traces() -> Grant:
    return Grant(
        "WriteTraces", ("xray:PutTraceSegments", "xray:PutTelemetryRecords"), ("*",), why=NO_RESOURCE
    )


def _sealed_services(spec: FunctionSpec, d: Deployment) -> list[str]:
    """Services whose data this function reads or writes under our key: objects always, the rest in scale."""
    objects = {Need.OBJECTS_READ, Need.OBJECTS_WRITE, Need.ATTACHMENTS_READ, Need.VAULTS_WRITE}
    if d.sizes.customer_key_everywhere:
        names = (*SEALED, "states") if spec.needs & EXECUTIONS else SEALED
        return [f"{name}.{d.region}.amazonaws.com" for name in names]
    return [f"s3.{d.region}.amazonaws.com"] if spec.needs & objects else []


def _data_at_rest(d: Deployment, shared: Shared, services: Sequence[str]) -> Grant:
    """The key, but only through these services, only for this account."""
    condition = {"StringEquals": {"kms:ViaService": list(services), "kms:CallerAccount": ACCOUNT}}
    return Grant("DataAtRest", ("kms:Decrypt", "kms:GenerateDataKey"), (shared.key_arn,), condition)


def _network_interfaces() -> Grant:
    """Lambda attaches interfaces with the function's role. The condition shuts the function's own code out."""
    names = (
        "CreateNetworkInterface DescribeNetworkInterfaces DescribeSubnets DeleteNetworkInterface "
        "AssignPrivateIpAddresses UnassignPrivateIpAddresses"
    )
    return Grant(
        "AttachToNetwork",
        tuple(f"ec2:{name}" for name in names.split()),
        ("*",),
        {"Null": {"lambda:SourceFunctionArn": "true"}},
        why="interfaces have no ARN before they are made; the condition keeps the function's own code out",
    )
