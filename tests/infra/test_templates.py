"""What is deployed: names that the code relies on, the workflow itself, settings, limits, what each profile is not."""

import importlib
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from rimedio_infra.templates import Resolver, Template, templates

from rimedio.events.deployed_rules import DEPLOYED
from rimedio.http.rates import TIERS
from rimedio.settings import Settings
from rimedio.storage.dynamodb_definition import table_definition
from rimedio.tickets.tasks.registry import TASKS

ROOT = Path(__file__).resolve().parents[2]
WORKFLOW = ROOT / "src" / "rimedio" / "tickets" / "workflow.asl.json"
PROFILES = ("frugal", "scale")
FOUNDATIONS = {
    "keys",
    "data",
    "identity",
    "functions",
    "workflow",
    "events",
    "secrets",
    "api",
    "console",
    "queues",
}
CARE = {"observability", "cost", "github"}
LARGE = {
    "network", "knowledge", "ml", "edge", "failover", "security", "resilience", "standby", "drills", "pipeline",
    "organization",
}  # fmt: skip


@pytest.fixture(scope="module")
def found(assembly: Path) -> list[Template]:
    return templates(assembly)


@pytest.fixture(scope="module")
def resolver(found: list[Template]) -> Resolver:
    return Resolver(found)


def of(found: list[Template], profile: str, kind: str) -> list[tuple[Template, dict[str, Any]]]:
    return [(t, r) for t in found if t.profile == profile for _, r in t.resources(kind)]


def one(found: list[Template], profile: str, kind: str) -> tuple[Template, dict[str, Any]]:
    pair, *more = of(found, profile, kind)
    assert not more
    return pair


def functions(found: list[Template], resolver: Resolver, profile: str) -> dict[str, dict[str, Any]]:
    made = [resolver.resolved(t, r["Properties"]) for t, r in of(found, profile, "AWS::Lambda::Function")]
    return {properties["FunctionName"].removeprefix("rimedio-prod-"): properties for properties in made}


@pytest.mark.parametrize("profile", PROFILES)
def test_every_capability_has_its_stack(found: list[Template], profile: str) -> None:
    expected = FOUNDATIONS | CARE | (LARGE if profile == "scale" else set())
    assert {t.capability for t in found if t.profile == profile} == expected


def test_a_stack_stands_in_the_region_that_its_capability_needs(found: list[Template]) -> None:
    elsewhere = {"edge": "us-east-1", "cost": "us-east-1", "standby": "eu-west-1"}
    assert {t.stack_name: t.region for t in found} == {
        t.stack_name: elsewhere.get(t.capability, "eu-south-1") for t in found
    }


def test_no_template_names_an_account(found: list[Template]) -> None:
    for template in found:
        assert "123456789012" not in template.path.read_text("utf-8")


@pytest.mark.parametrize("profile", PROFILES)
def test_the_table_is_the_one_that_the_storage_room_defines(
    found: list[Template], resolver: Resolver, profile: str
) -> None:
    template, resource = one(found, profile, "AWS::DynamoDB::GlobalTable")
    made, wanted = resolver.resolved(template, resource["Properties"]), table_definition()
    request = wanted.request("rimedio-prod")
    by_name = lambda row: row["AttributeName"]  # noqa: E731
    assert sorted(made["AttributeDefinitions"], key=by_name) == sorted(
        request["AttributeDefinitions"], key=by_name
    )  # type: ignore[call-overload]
    assert made["GlobalSecondaryIndexes"] == request["GlobalSecondaryIndexes"]
    assert made["KeySchema"] == request["KeySchema"]
    assert made["BillingMode"] == wanted.billing
    assert made["StreamSpecification"]["StreamViewType"] == wanted.stream_view
    assert made["TimeToLiveSpecification"] == {"AttributeName": wanted.ttl_attribute, "Enabled": True}
    recoveries = [
        replica["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"]
        for replica in made["Replicas"]
    ]
    assert recoveries == [wanted.recovery] * len(recoveries)


@pytest.mark.parametrize("profile", PROFILES)
def test_the_state_machine_is_the_laptops_own_file_with_every_task_named(
    found: list[Template], resolver: Resolver, profile: str
) -> None:
    template, resource = one(found, profile, "AWS::StepFunctions::StateMachine")
    made = resolver.resolved(template, resource["Properties"])
    assert json.loads(made["DefinitionString"]) == json.loads(WORKFLOW.read_text("utf-8"))
    assert set(made["DefinitionSubstitutions"]) == set(TASKS)
    names = functions(found, resolver, profile)
    for task, arn in made["DefinitionSubstitutions"].items():
        function, alias = arn.split(":function:")[1].removeprefix("rimedio-prod-").split(":")
        assert alias == "live"
        assert names[function]["Environment"]["Variables"]["RIMEDIO_TASK"] == task
    assert made["StateMachineType"] == "STANDARD"  # a review may wait two weeks
    assert made["LoggingConfiguration"]["IncludeExecutionData"] is False


@pytest.mark.parametrize("profile", PROFILES)
def test_every_function_has_code_behind_its_handler(
    found: list[Template], resolver: Resolver, profile: str
) -> None:
    for name, properties in functions(found, resolver, profile).items():
        module, _, handler = properties["Handler"].rpartition(".")
        assert callable(getattr(importlib.import_module(module), handler)), name


@pytest.mark.parametrize("profile", PROFILES)
def test_every_setting_that_a_function_gets_exists_and_is_valid(
    found: list[Template], resolver: Resolver, profile: str
) -> None:
    for name, properties in functions(found, resolver, profile).items():
        variables = properties["Environment"]["Variables"]
        given = {
            k.removeprefix("RIMEDIO_").lower(): v for k, v in variables.items() if k.startswith("RIMEDIO_")
        }
        given.pop("task", None)
        assert set(given) <= set(Settings.model_fields), name
        Settings.model_validate(given)
        assert sum(len(key) + len(str(value)) for key, value in variables.items()) < 4096, "Lambda takes 4 KB"


@pytest.mark.parametrize("profile", PROFILES)
def test_a_function_ends_before_the_state_that_waits_for_it(
    found: list[Template], resolver: Resolver, profile: str
) -> None:
    limits: dict[str, int] = {}

    def walk(states: dict[str, Any]) -> None:
        for state in states.values():
            name = (
                state.get("Arguments", {}).get("FunctionName", "")
                if isinstance(state.get("Arguments"), dict)
                else ""
            )
            if name and "waitForTaskToken" not in state["Resource"]:
                task = name.strip("${}")
                limits[task] = max(limits.get(task, 0), state.get("TimeoutSeconds", 0))
            for inner in (state.get("ItemProcessor"), *state.get("Branches", ())):
                if inner:
                    walk(inner["States"])

    walk(json.loads(WORKFLOW.read_text("utf-8"))["States"])
    made = functions(found, resolver, profile)
    for task, seconds in limits.items():
        assert made[f"task-{task.replace('_', '-')}"]["Timeout"] <= seconds, task


@pytest.mark.parametrize("profile", PROFILES)
def test_each_function_has_a_role_of_its_own(found: list[Template], resolver: Resolver, profile: str) -> None:
    roles = Counter(properties["Role"] for properties in functions(found, resolver, profile).values())
    assert set(roles.values()) == {1}


@pytest.mark.parametrize("profile", PROFILES)
def test_readers_name_the_messages_that_failed(
    found: list[Template], resolver: Resolver, profile: str
) -> None:
    mappings = [
        resolver.resolved(t, r["Properties"])
        for t, r in of(found, profile, "AWS::Lambda::EventSourceMapping")
    ]
    assert len(mappings) == 4
    for mapping in mappings:
        assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
        if "StartingPosition" in mapping:
            assert mapping["BisectBatchOnFunctionError"] is True
            assert mapping["MaximumRetryAttempts"] == 10
            assert mapping["DestinationConfig"]["OnFailure"]["Destination"].endswith(":rimedio-prod-stranded")


@pytest.mark.parametrize("profile", PROFILES)
def test_a_queue_hides_a_message_six_times_as_long_as_its_reader_may_take(
    found: list[Template], resolver: Resolver, profile: str
) -> None:
    made = functions(found, resolver, profile)
    queues = {
        properties["QueueName"]: properties
        for t, r in of(found, profile, "AWS::SQS::Queue")
        if (properties := resolver.resolved(t, r["Properties"]))
    }
    for queue, function in (("webhooks", "webhooks"), ("documents", "ingest")):
        assert queues[f"rimedio-prod-{queue}"]["VisibilityTimeout"] >= 6 * made[function]["Timeout"]
        assert queues[f"rimedio-prod-{queue}"]["RedrivePolicy"]["deadLetterTargetArn"].endswith(
            "dead-letters"
        )


@pytest.mark.parametrize("profile", PROFILES)
def test_the_rules_are_those_that_the_service_wants_deployed(
    found: list[Template], resolver: Resolver, profile: str
) -> None:
    made = {
        properties["Name"]: properties
        for t, r in of(found, profile, "AWS::Events::Rule")
        if (properties := resolver.resolved(t, r["Properties"])).get("EventBusName") == "rimedio-prod"
    }
    assert {rule.name: dict(rule.pattern) for rule in DEPLOYED} == {
        name: rule["EventPattern"] for name, rule in made.items()
    }
    for rule in made.values():
        for target in rule["Targets"]:
            assert target["DeadLetterConfig"]["Arn"].endswith(":rimedio-prod-dead-letters")


@pytest.mark.parametrize("profile", PROFILES)
def test_usage_plans_are_the_tiers_of_the_gateway_at_home(found: list[Template], profile: str) -> None:
    plans = {
        r["Properties"]["UsagePlanName"]: (
            r["Properties"]["Throttle"]["RateLimit"],
            r["Properties"]["Throttle"]["BurstLimit"],
        )
        for _, r in of(found, profile, "AWS::ApiGateway::UsagePlan")
    }
    assert plans == {f"rimedio-prod-{t.value.lower()}": (r.per_second, r.burst) for t, r in TIERS.items()}


def test_the_frugal_profile_has_nothing_that_is_paid_while_nobody_is_there(found: list[Template]) -> None:
    kinds = {r["Type"] for t in found if t.profile == "frugal" for _, r in t.resources()}
    paid = (
        "AWS::EC2::",
        "AWS::OpenSearchService::",
        "AWS::SageMaker::",
        "AWS::WAFv2::",
        "AWS::ARCRegionSwitch::",
    )
    assert not [kind for kind in kinds if kind.startswith(paid)]
    for _, function in of(found, "frugal", "AWS::Lambda::Function"):
        assert "SnapStart" not in function["Properties"]  # Python's snapshots are paid by the second
        assert "ReservedConcurrentExecutions" not in function["Properties"]
    for _, alias in of(found, "frugal", "AWS::Lambda::Alias"):
        assert "ProvisionedConcurrencyConfig" not in alias["Properties"]


def test_the_scale_profile_reaches_no_internet_from_its_network(found: list[Template]) -> None:
    kinds = {r["Type"] for t in found if t.profile == "scale" for _, r in t.resources()}
    assert "AWS::EC2::NatGateway" not in kinds
    assert "AWS::EC2::InternetGateway" not in kinds


def test_snapshots_and_waiting_instances_are_never_asked_of_the_same_function(
    found: list[Template], resolver: Resolver
) -> None:
    snapshots = {n for n, p in functions(found, resolver, "scale").items() if "SnapStart" in p}
    waiting = {
        resolver.resolved(t, r["Properties"]["FunctionName"]).removeprefix("rimedio-prod-")
        for t, r in of(found, "scale", "AWS::Lambda::Alias")
        if "ProvisionedConcurrencyConfig" in r["Properties"]
    }
    assert snapshots
    assert waiting
    assert not snapshots & waiting  # Lambda refuses it


def test_every_alarm_names_a_runbook_that_exists(found: list[Template]) -> None:
    sections = {
        line.removeprefix("## ")
        for line in (ROOT / "infra" / "RUNBOOKS.md").read_text("utf-8").splitlines()
        if line.startswith("## ")
    }
    for kind in ("AWS::CloudWatch::Alarm", "AWS::CloudWatch::CompositeAlarm"):
        for _, alarm in of(found, "scale", kind) + of(found, "frugal", kind):
            told = alarm["Properties"]["AlarmDescription"]
            assert told.rpartition("RUNBOOKS.md#")[2] in sections, told


@pytest.mark.parametrize("profile", PROFILES)
def test_data_survives_its_stack(found: list[Template], profile: str) -> None:
    kept = (
        "AWS::DynamoDB::GlobalTable",
        "AWS::KMS::Key",
        "AWS::Cognito::UserPool",
        "AWS::OpenSearchService::Domain",
    )
    for kind in kept:
        for _, resource in of(found, profile, kind):
            assert resource["DeletionPolicy"] == "Retain", kind


@pytest.mark.parametrize("profile", PROFILES)
def test_a_template_is_within_cloudformations_limits(found: list[Template], profile: str) -> None:
    for template in (t for t in found if t.profile == profile):
        assert len(template.body["Resources"]) <= 500
        assert template.path.stat().st_size <= 1_000_000
        assert len(template.body.get("Outputs", {})) <= 200
