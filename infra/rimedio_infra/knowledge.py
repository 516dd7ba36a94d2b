"""Where search looks: an OpenSearch domain in the scale profile, a published SQLite file in the frugal one.

The frugal profile needs no resource of its own: the function `publish-index` writes `index/` in the bucket and
every function that searches opens it read-only. So this module is the domain.
"""

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from aws_cdk import aws_opensearchservice as opensearch

from rimedio_infra.catalogue import FUNCTIONS
from rimedio_infra.deployment import Deployment
from rimedio_infra.functions import RETENTION
from rimedio_infra.network import Network
from rimedio_infra.stacks import removal

ENGINE = "OpenSearch_2.19"  # the version that the contract suite runs against
LOGS = ("ES_APPLICATION_LOGS", "SEARCH_SLOW_LOGS", "INDEX_SLOW_LOGS", "AUDIT_LOGS")


def domain(stack: cdk.Stack, d: Deployment, key: kms.IKey, network: Network) -> opensearch.CfnDomain:
    """The domain: in the VPC, encrypted at rest, between nodes and on the way in, access by IAM roles alone."""
    made = opensearch.CfnDomain(
        stack,
        "Domain",
        domain_name=d.name,
        engine_version=ENGINE,
        cluster_config=_cluster(d),
        ebs_options={
            "ebsEnabled": True,
            "volumeType": "gp3",
            "volumeSize": d.sizes.opensearch_data.volume_gb,
            "iops": 3000,
            "throughput": 125,
        },
        encryption_at_rest_options={"enabled": True, "kmsKeyId": key.key_id},
        node_to_node_encryption_options={"enabled": True},
        domain_endpoint_options={
            "enforceHttps": True,
            "tlsSecurityPolicy": "Policy-Min-TLS-1-2-PFS-2023-10",
        },
        advanced_security_options={
            "enabled": True,
            "internalUserDatabaseEnabled": False,  # no passwords: a role is mapped to its rights
            "masterUserOptions": {"masterUserArn": _administrator(stack, d).role_arn},
        },
        access_policies=_access(d),
        vpc_options={
            "subnetIds": _subnets(d, network),
            "securityGroupIds": [network.search.security_group_id],
        },
        log_publishing_options=_log_publishing(stack, d),
        off_peak_window_options={
            "enabled": True,
            "offPeakWindow": {"windowStartTime": {"hours": 1, "minutes": 0}},
        },
        software_update_options={"autoSoftwareUpdateEnabled": True},
    )
    made.apply_removal_policy(removal(d))
    made.cfn_options.update_policy = cdk.CfnUpdatePolicy(enable_version_upgrade=True)
    return made


def _cluster(d: Deployment) -> dict[str, object]:
    nodes, managers = d.sizes.opensearch_data, d.sizes.opensearch_managers
    cluster: dict[str, object] = {
        "instanceType": nodes.instance,
        "instanceCount": nodes.count,
        "zoneAwarenessEnabled": nodes.count > 1,
        "dedicatedMasterEnabled": managers.count > 0,
        # Multi-AZ with standby keeps a third of the nodes idle for a zone that fails: three zones, three managers.
        "multiAzWithStandbyEnabled": d.sizes.opensearch_standby,
    }
    if nodes.count > 1:
        cluster["zoneAwarenessConfig"] = {"availabilityZoneCount": min(3, nodes.count)}
    if managers.count:
        cluster |= {"dedicatedMasterType": managers.instance, "dedicatedMasterCount": managers.count}
    return cluster


def _subnets(d: Deployment, network: Network) -> list[str]:
    private = network.vpc.select_subnets(subnet_type=ec2.SubnetType.PRIVATE_ISOLATED).subnet_ids
    return list(private[: min(3, d.sizes.opensearch_data.count)])


def _administrator(stack: cdk.Stack, d: Deployment) -> iam.Role:
    """Maps roles inside the domain (fine-grained access control). People assume it with a second factor."""
    return iam.Role(
        stack,
        "Administrator",
        role_name=d.named("search-administrator"),
        description="Maps IAM roles to rights inside the domain",
        max_session_duration=cdk.Duration.hours(1),
        assumed_by=iam.AccountRootPrincipal().with_conditions(
            {
                "Bool": {"aws:MultiFactorAuthPresent": "true"},
                "NumericLessThan": {"aws:MultiFactorAuthAge": "3600"},
            }
        ),
    )


def _access(d: Deployment) -> dict[str, object]:
    """Only the roles of functions that search may reach the domain; fine-grained rights come on top."""
    roles = [
        d.arn("iam", f"role/{d.named(f'fn-{spec.name}')}", region="") for spec in FUNCTIONS if spec.searches
    ]
    administrator = d.arn("iam", f"role/{d.named('search-administrator')}", region="")
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"AWS": f"arn:{cdk.Aws.PARTITION}:iam::{cdk.Aws.ACCOUNT_ID}:root"},
                "Action": [
                    "es:ESHttpGet",
                    "es:ESHttpHead",
                    "es:ESHttpPost",
                    "es:ESHttpPut",
                    "es:ESHttpDelete",
                ],
                "Resource": d.arn("es", f"domain/{d.name}/*"),
                "Condition": {"ArnEquals": {"aws:PrincipalArn": [*roles, administrator]}},
            }
        ],
    }


def _log_publishing(stack: cdk.Stack, d: Deployment) -> dict[str, object]:
    groups = {
        kind: logs.LogGroup(
            stack,
            kind.title().replace("_", ""),
            log_group_name=f"/rimedio/{d.stage}/search/{kind.lower()}",
            retention=RETENTION[d.sizes.log_days],
            removal_policy=removal(d),
        )
        for kind in LOGS
    }
    logs.CfnResourcePolicy(
        stack,
        "LogPolicy",
        policy_name=d.named("search-logs"),
        policy_document=stack.to_json_string(
            {
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Effect": "Allow",
                        "Principal": {"Service": "es.amazonaws.com"},
                        "Action": ["logs:PutLogEvents", "logs:CreateLogStream"],
                        "Resource": [d.arn("logs", f"log-group:/rimedio/{d.stage}/search/*")],
                        "Condition": {"StringEquals": {"aws:SourceAccount": cdk.Aws.ACCOUNT_ID}},
                    }
                ],
            }
        ),
    )
    return {
        kind: {"cloudWatchLogsLogGroupArn": group.log_group_arn, "enabled": True}
        for kind, group in groups.items()
    }
