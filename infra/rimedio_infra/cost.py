"""What it may cost: tags that the bill is read by, budgets by deployment and by service, anomaly detection."""

import json

import aws_cdk as cdk
from aws_cdk import aws_budgets as budgets
from aws_cdk import aws_ce as ce
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sns as sns

from rimedio_infra.deployment import ACCOUNT, Deployment
from rimedio_infra.singletons import unless_there
from rimedio_infra.stacks import only_tls

# Share of the whole budget that a service may take before people hear of it.
SHARES = {
    "Amazon Bedrock": 0.4,
    "AWS Lambda": 0.3,
    "Amazon OpenSearch Service": 0.8,
    "AmazonCloudWatch": 0.3,
}
ANOMALY_USD = 20


def cost(stack: cdk.Stack, d: Deployment) -> None:
    """Budgets and anomaly detection of a deployment, told to the topic of people."""
    people = _topic(stack, d)
    _budget(stack, d, "all", d.sizes.monthly_budget_usd, service=None, people=people)
    if d.scale:
        for service, share in SHARES.items():
            name = service.replace("Amazon", "").replace("AWS", "").strip().lower().replace(" ", "-")
            _budget(stack, d, name, round(d.sizes.monthly_budget_usd * share), service=service, people=people)
    monitor = ce.CfnAnomalyMonitor(
        stack,
        "Monitor",
        monitor_name=d.name,
        monitor_type="CUSTOM",
        monitor_specification=json.dumps({"Tags": {"Key": "rimedio:stage", "Values": [str(d.stage)]}}),
    )
    subscription = ce.CfnAnomalySubscription(
        stack,
        "Anomalies",
        subscription_name=d.name,
        frequency="IMMEDIATE",
        monitor_arn_list=[monitor.attr_monitor_arn],
        subscribers=[{"type": "SNS", "address": people}],
        threshold_expression=json.dumps(
            {
                "Dimensions": {
                    "Key": "ANOMALY_TOTAL_IMPACT_ABSOLUTE",
                    "MatchOptions": ["GREATER_THAN_OR_EQUAL"],
                    "Values": [str(ANOMALY_USD)],
                }
            }
        ),
    )

    # Monitors by tag are the management account's (or an account's without an organisation); budgets are anybody's.
    unless_there(
        stack, "TagMonitor", "its anomalies watched by the management account", monitor, subscription
    )


def _topic(stack: cdk.Stack, d: Deployment) -> str:
    """Budgets live in us-east-1, and so does the topic that they tell."""
    topic = sns.Topic(stack, "People", topic_name=d.named("costs"), display_name="Rimedio costs")
    topic.add_to_resource_policy(only_tls(["sns:Publish"], [topic.topic_arn]))
    topic.add_to_resource_policy(
        iam.PolicyStatement(
            sid="CostsOfThisAccount",
            principals=[iam.ServicePrincipal(f"{name}.amazonaws.com") for name in ("budgets", "costalerts")],
            actions=["sns:Publish"],
            resources=[topic.topic_arn],
            conditions={"StringEquals": {"aws:SourceAccount": ACCOUNT}},
        )
    )
    if d.alarm_email:
        sns.CfnSubscription(
            stack, "Mail", topic_arn=topic.topic_arn, protocol="email", endpoint=d.alarm_email
        )
    return str(topic.topic_arn)


def _budget(
    stack: cdk.Stack, d: Deployment, name: str, limit: int, *, service: str | None, people: str
) -> None:
    """Told at half of it, at 80 % forecast and at all of it."""
    filters: dict[str, list[str]] = {"TagKeyValue": [f"user:rimedio:stage${d.stage}"]}
    if service:
        filters["Service"] = [service]
    budgets.CfnBudget(
        stack,
        "Budget" + name.title().replace("-", ""),
        budget={
            "budgetName": d.named(name),
            "budgetType": "COST",
            "timeUnit": "MONTHLY",
            "budgetLimit": {"amount": limit, "unit": "USD"},
            "costFilters": filters,
        },
        notifications_with_subscribers=[
            {
                "notification": {
                    "notificationType": kind,
                    "comparisonOperator": "GREATER_THAN",
                    "threshold": threshold,
                    "thresholdType": "PERCENTAGE",
                },
                "subscribers": [{"subscriptionType": "SNS", "address": people}],
            }
            for kind, threshold in (("ACTUAL", 50), ("FORECASTED", 80), ("ACTUAL", 100))
        ],
    )
