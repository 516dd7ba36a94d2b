"""What the resources of a template cost for being there."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from rimedio_infra.prices import Prices
from rimedio_infra.templates import Template

Row: TypeAlias = tuple[str, str, str, float, float]  # what, stack, item, quantity, USD each
Charge: TypeAlias = tuple[str, float]  # item of [standing] or an hourly price, quantity
Properties: TypeAlias = Mapping[str, Any]


def standing_lines(found: Sequence[Template], prices: Prices) -> Iterator[Row]:
    """Rows of all resources. Raises ValueError for a type that is neither priced nor free to have."""
    versions = _snapshots(found)
    for template in found:
        for name, resource in template.resources():
            kind = resource["Type"]
            if kind in CHARGES:
                for item, quantity in CHARGES[kind](resource.get("Properties", {}), prices):
                    yield name, template.capability, item, quantity, _price(item, prices)
            elif kind not in prices.free_types:
                msg = f"{kind} ({template.stack_name}) has no price: add it to prices.toml or to standing.py."
                raise ValueError(msg)
    for function, gigabytes in versions:
        seconds = gigabytes * prices.seconds
        yield (
            f"snapshot of {function}",
            "functions",
            "snapstart_gb_second",
            seconds,
            prices.standing["snapstart_gb_second"],
        )


def _price(item: str, prices: Prices) -> float:
    return prices.instances[item] if item in prices.instances else prices.standing[item]


def _snapshots(found: Sequence[Template]) -> list[tuple[str, float]]:
    return [
        (name, resource["Properties"]["MemorySize"] / 1024)
        for template in found
        for name, resource in template.resources("AWS::Lambda::Function")
        if resource["Properties"].get("SnapStart", {}).get("ApplyOn") == "PublishedVersions"
    ]


def _alarm(properties: Properties, _p: Prices) -> list[Charge]:
    """An alarm is paid by the metrics it looks at; a band that is learnt counts as two more."""
    metrics = properties.get("Metrics", [])
    looked_at = sum(1 for metric in metrics if "MetricStat" in metric) or 1
    learnt = 2 if any("ANOMALY_DETECTION_BAND" in metric.get("Expression", "") for metric in metrics) else 0
    return [("alarm", looked_at + learnt)]


def _domain(properties: Properties, prices: Prices) -> list[Charge]:
    cluster = properties["ClusterConfig"]
    count = cluster["InstanceCount"]
    charges: list[Charge] = [(cluster["InstanceType"], count * prices.hours)]
    if cluster.get("DedicatedMasterEnabled"):
        charges.append((cluster["DedicatedMasterType"], cluster["DedicatedMasterCount"] * prices.hours))
    return [*charges, ("gp3_gb", count * properties["EBSOptions"]["VolumeSize"])]


def _endpoint(properties: Properties, prices: Prices) -> list[Charge]:
    if properties.get("VpcEndpointType") != "Interface":
        return []
    return [("endpoint_hour", len(properties["SubnetIds"]) * prices.hours)]


def _variants(properties: Properties, prices: Prices) -> list[Charge]:
    variants = [*properties["ProductionVariants"], *properties.get("ShadowProductionVariants", [])]
    return [
        (v["InstanceType"], v["InitialInstanceCount"] * prices.hours) for v in variants if "InstanceType" in v
    ]


def _mapping(properties: Properties, _p: Prices) -> list[Charge]:
    """Lambda polls queues all the time; DynamoDB streams it polls for nothing."""
    return [("sqs_poll_month", 1)] if "ScalingConfig" in properties else []


def _alias(properties: Properties, prices: Prices) -> list[Charge]:
    waiting = properties.get("ProvisionedConcurrencyConfig", {}).get("ProvisionedConcurrentExecutions", 0)
    return [("provisioned_gb_second", waiting * prices.seconds)] if waiting else []  # the functions have 1 GB


def _one(item: str) -> Callable[[Properties, Prices], list[Charge]]:
    return lambda _properties, _prices: [(item, 1)]


def _acl(properties: Properties, _p: Prices) -> list[Charge]:
    return [("web_acl", 1), ("web_acl_rule", len(properties.get("Rules", [])))]


CHARGES: Mapping[str, Callable[[Properties, Prices], list[Charge]]] = {
    "AWS::ARCRegionSwitch::Plan": _one("region_switch_plan"),
    "AWS::ApplicationSignals::ServiceLevelObjective": _one("slo"),
    "AWS::CloudWatch::Alarm": _alarm,
    "AWS::CloudWatch::CompositeAlarm": _one("composite_alarm"),
    "AWS::CloudWatch::Dashboard": _one("dashboard"),
    "AWS::EC2::VPCEndpoint": _endpoint,
    "AWS::KMS::Key": _one("kms_key"),
    "AWS::KMS::ReplicaKey": _one("kms_key"),
    "AWS::Lambda::Alias": _alias,
    "AWS::Lambda::EventSourceMapping": _mapping,
    "AWS::OpenSearchService::Domain": _domain,
    "AWS::Route53::HealthCheck": _one("health_check"),
    "AWS::SageMaker::EndpointConfig": _variants,
    "AWS::SecretsManager::Secret": _one("secret"),
    "AWS::WAFv2::WebACL": _acl,
}
