"""The private network of the scale profile: isolated subnets, endpoints instead of NAT, chained groups.

Nothing in it reaches the internet. Functions that search live here because the OpenSearch domain does; AWS
services answer through endpoints: two gateway endpoints (free) and one interface endpoint a service, which
together cost less than NAT gateways and keep the traffic off the internet.
"""

from dataclasses import dataclass

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs

from rimedio_infra.deployment import Deployment
from rimedio_infra.singletons import unless_there
from rimedio_infra.stacks import removal

CIDR = "10.40.0.0/20"
ENDPOINTS: tuple[tuple[str, str], ...] = (
    ("Bedrock", "bedrock"),  # batch jobs
    ("BedrockRuntime", "bedrock-runtime"),
    ("StepFunctions", "states"),
    ("EventBridge", "events"),
    ("Scheduler", "scheduler"),
    ("Sqs", "sqs"),
    ("Kms", "kms"),
    ("Secrets", "secretsmanager"),
    ("SageMakerRuntime", "sagemaker.runtime"),
)


@dataclass(frozen=True)
class Network:
    """The VPC and the groups that may talk to each other."""

    vpc: ec2.Vpc
    subnets: ec2.SubnetSelection
    functions: ec2.SecurityGroup
    search: ec2.SecurityGroup


def network(stack: cdk.Stack, d: Deployment) -> Network:
    """VPC with isolated subnets in each zone, its flow log, groups and endpoints."""
    vpc = ec2.Vpc(
        stack,
        "Vpc",
        vpc_name=d.name,
        ip_addresses=ec2.IpAddresses.cidr(CIDR),
        availability_zones=[f"{d.region}{letter}" for letter in "abc"[: d.sizes.availability_zones]],
        nat_gateways=0,
        subnet_configuration=[
            ec2.SubnetConfiguration(name="private", subnet_type=ec2.SubnetType.PRIVATE_ISOLATED, cidr_mask=24)
        ],
        restrict_default_security_group=False,  # would be a custom resource; a Config rule watches it
    )
    _flow_log(stack, d, vpc)
    subnets = ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_ISOLATED)
    functions = _group(stack, d, vpc, "functions", "Functions that search")
    search = _group(stack, d, vpc, "search", "The OpenSearch domain")
    endpoints = _group(stack, d, vpc, "endpoints", "Interface endpoints of AWS services")
    https = ec2.Port.tcp(443)
    for target, why in ((search, "queries"), (endpoints, "calls of AWS services")):
        functions.add_egress_rule(target, https, why)
        target.add_ingress_rule(functions, https, f"{why} from functions")
    _endpoints(stack, d, vpc, subnets, endpoints)
    if d.sizes.opensearch:
        _search_role(stack)
    # Gateway endpoints answer at public addresses of S3 and DynamoDB; without a route to anywhere else,
    # port 443 to "anywhere" reaches these two alone. (Their prefix lists would need a look-up in the account.)
    functions.add_egress_rule(ec2.Peer.any_ipv4(), https, "S3 and DynamoDB through gateway endpoints")
    return Network(vpc, subnets, functions, search)


def _search_role(stack: cdk.Stack) -> None:
    """With this role the domain puts its interfaces into the VPC. An account that never had a domain lacks it."""
    linked = iam.CfnServiceLinkedRole(
        stack, "ServiceLinkedRole", aws_service_name="opensearchservice.amazonaws.com"
    )
    linked.apply_removal_policy(cdk.RemovalPolicy.RETAIN)  # other domains use it too
    unless_there(stack, "SearchRole", "OpenSearch Service's service-linked role", linked)


def _group(stack: cdk.Stack, d: Deployment, vpc: ec2.Vpc, name: str, purpose: str) -> ec2.SecurityGroup:
    return ec2.SecurityGroup(
        stack,
        name.capitalize(),
        vpc=vpc,
        security_group_name=d.named(name),
        description=purpose,
        allow_all_outbound=False,
    )


def _flow_log(stack: cdk.Stack, d: Deployment, vpc: ec2.Vpc) -> None:
    group = logs.LogGroup(
        stack,
        "FlowLogGroup",
        log_group_name=f"/rimedio/{d.stage}/flows",
        retention=logs.RetentionDays.ONE_MONTH,
        removal_policy=removal(d),
    )
    ec2.FlowLog(
        stack,
        "FlowLog",
        resource_type=ec2.FlowLogResourceType.from_vpc(vpc),
        destination=ec2.FlowLogDestination.to_cloud_watch_logs(group),
        traffic_type=ec2.FlowLogTrafficType.REJECT,  # what was refused; accepted traffic is paid by the GB
    )


def _endpoints(
    stack: cdk.Stack, d: Deployment, vpc: ec2.Vpc, subnets: ec2.SubnetSelection, group: ec2.SecurityGroup
) -> None:
    for name, service in (
        ("S3", ec2.GatewayVpcEndpointAwsService.S3),
        ("DynamoDb", ec2.GatewayVpcEndpointAwsService.DYNAMODB),
    ):
        vpc.add_gateway_endpoint(name, service=service, subnets=[subnets])
    for name, service_name in ENDPOINTS:
        ec2.CfnVPCEndpoint(
            stack,
            f"{name}Endpoint",
            vpc_id=vpc.vpc_id,
            vpc_endpoint_type="Interface",
            service_name=f"com.amazonaws.{d.region}.{service_name}",
            subnet_ids=vpc.select_subnets(subnet_type=ec2.SubnetType.PRIVATE_ISOLATED).subnet_ids[:2],
            security_group_ids=[group.security_group_id],
            private_dns_enabled=True,
        )
