"""Experiments of the Fault Injection Service: what breaks here on purpose must not be noticed by customers."""

import aws_cdk as cdk
from aws_cdk import aws_fis as fis
from aws_cdk import aws_iam as iam

from rimedio_infra.deployment import Deployment
from rimedio_infra.grants import Grant, service_role
from rimedio_infra.network import Network


def drills(stack: cdk.Stack, d: Deployment, network: Network) -> None:
    """Experiments that break something on purpose and stop by themselves when customers would notice."""
    stop = [
        {
            "source": "aws:cloudwatch:alarm",
            "value": d.arn("cloudwatch", f"alarm:{d.named('availability-burn')}"),
        }
    ]
    role = service_role(
        stack, "DrillRole", "fis.amazonaws.com", _drill_grants(d, network), role_name=d.named("drills")
    )
    _experiment(
        stack,
        "ReplicationPaused",
        "The standby region's table stops following for ten minutes",
        role,
        stop,
        target={
            "resourceType": "aws:dynamodb:global-table",
            "resourceArns": [d.arn("dynamodb", f"table/{d.name}")],
            "selectionMode": "ALL",
        },
        target_key="Tables",
        action="aws:dynamodb:global-table-pause-replication",
        parameters={"duration": "PT10M"},
    )
    first_zone = f"{d.region}a"
    _experiment(
        stack,
        "ZoneLost",
        "One zone's subnets lose all connections for five minutes",
        role,
        stop,
        target={
            "resourceType": "aws:ec2:subnet",
            "resourceTags": {"rimedio:stage": str(d.stage)},
            "filters": [{"path": "AvailabilityZone", "values": [first_zone]}],
            "selectionMode": "ALL",
        },
        target_key="Subnets",
        action="aws:network:disrupt-connectivity",
        parameters={"duration": "PT5M", "scope": "all"},
    )


def _drill_grants(d: Deployment, network: Network) -> list[Grant]:
    policies = ("PutResourcePolicy", "DeleteResourcePolicy", "GetResourcePolicy", "DescribeTable")
    acls = (
        "CreateNetworkAcl",
        "CreateNetworkAclEntry",
        "CreateTags",
        "DeleteNetworkAcl",
        "ReplaceNetworkAclAssociation",
    )
    looks = ("DescribeNetworkAcls", "DescribeSubnets", "DescribeVpcs", "DescribeManagedPrefixLists")
    places = (d.arn("ec2", "network-acl/*"), d.arn("ec2", "subnet/*"))
    return [
        Grant(
            "PauseReplication",
            tuple(f"dynamodb:{n}" for n in policies),
            (d.arn("dynamodb", f"table/{d.name}"),),
        ),
        Grant(
            "CutSubnets", tuple(f"ec2:{n}" for n in acls), places, why="FIS makes the rules that it cuts with"
        ),
        Grant("CutInThisNetwork", tuple(f"ec2:{n}" for n in acls), (network.vpc.vpc_arn,)),
        Grant("Look", tuple(f"ec2:{n}" for n in looks), ("*",), why="describing actions know no resource"),
        Grant(
            "Find",
            ("tag:GetResources", "cloudwatch:DescribeAlarms"),
            ("*",),
            why="these know no resource either",
        ),
    ]


def _experiment(
    stack: cdk.Stack,
    name: str,
    purpose: str,
    role: iam.Role,
    stop: list[dict[str, str]],
    *,
    target: dict[str, object],
    target_key: str,
    action: str,
    parameters: dict[str, str],
) -> None:
    fis.CfnExperimentTemplate(
        stack,
        name,
        description=purpose,
        role_arn=role.role_arn,
        stop_conditions=stop,
        targets={"hit": target},
        actions={name: {"actionId": action, "parameters": parameters, "targets": {target_key: "hit"}}},
        experiment_options={"emptyTargetResolutionMode": "fail"},
        tags={"Name": name},
    )
