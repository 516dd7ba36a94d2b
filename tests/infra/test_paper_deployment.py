"""What an empty account would say to the templates, stack after stack: order, keys, singletons, limits, who may what.

Nothing here proves what AWS does; each test holds a rule of its documentation against what would be deployed.
"""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from rimedio_infra.catalogue import function as spec_of
from rimedio_infra.templates import ACCOUNT, Resolver, Template, templates
from tools.deploy import CONSOLE, ORDER

from rimedio.http.rates import TIERS
from rimedio.lambdas.functions.redrive import Part, parts_of
from rimedio.observability.catalogue import METRICS
from rimedio.security.iam_simulation import simulate

PROFILES = ("frugal", "scale")
REGION = "eu-south-1"
NAME = "rimedio-prod"
POLICY_CHARS_MAX = 10_240  # all inline policies of a role together, white space not counted
# A second one of these is refused by AWS, in the account or in the region.
SINGLETONS = {
    "AWS::IAM::OIDCProvider",
    "AWS::IAM::ServiceLinkedRole",
    "AWS::GuardDuty::Detector",
    "AWS::SecurityHub::Hub",
    "AWS::SecurityHub::Standard",
    "AWS::Config::ConfigurationRecorder",
    "AWS::Config::DeliveryChannel",
    "AWS::AccessAnalyzer::Analyzer",
    "AWS::CE::AnomalyMonitor",
    "AWS::CE::AnomalySubscription",
}

Row = tuple[Template, str, dict[str, Any]]


@pytest.fixture(scope="module")
def found(assembly: Path) -> list[Template]:
    return templates(assembly)


@pytest.fixture(scope="module")
def resolvers(found: list[Template]) -> dict[str, Resolver]:
    return {profile: Resolver([t for t in found if t.profile == profile]) for profile in PROFILES}


@pytest.fixture(scope="module")
def rows(found: list[Template], resolvers: dict[str, Resolver]) -> list[Row]:
    """Every resource with its properties resolved."""
    return [
        (t, name, resource | {"Properties": resolvers[t.profile].resolved(t, resource.get("Properties", {}))})
        for t in found
        for name, resource in t.resources()
    ]


def of(rows: list[Row], profile: str, kind: str, capability: str = "") -> Iterator[dict[str, Any]]:
    for template, _, resource in rows:
        if (template.profile, resource["Type"]) == (profile, kind) and capability in {
            "",
            template.capability,
        }:
            yield resource["Properties"]


def role(rows: list[Row], profile: str, part: str, capability: str = "") -> list[dict[str, Any]]:
    """Policies of the one role whose logical id or name holds `part`."""
    (policies,) = [
        [policy["PolicyDocument"] for policy in resource["Properties"].get("Policies", ())]
        for template, name, resource in rows
        if template.profile == profile
        and resource["Type"] == "AWS::IAM::Role"
        and capability in {"", template.capability}
        and part in {name[:-8], str(resource["Properties"].get("RoleName", ""))}
    ]
    return policies


def key_of(found: list[Template], resolvers: dict[str, Resolver], profile: str) -> str:
    return next(
        str(resolvers[profile].resolved(t, {"Fn::GetAtt": [name, "Arn"]}))
        for t in found
        if t.profile == profile
        for name, _ in t.resources("AWS::KMS::Key")
    )


def through(service: str) -> dict[str, str]:
    return {"kms:ViaService": f"{service}.{REGION}.amazonaws.com", "kms:CallerAccount": ACCOUNT}


@pytest.mark.parametrize("profile", PROFILES)
def test_a_queue_stands_before_anything_that_fails_into_it_or_reads_it(rows: list[Row], profile: str) -> None:
    place = {
        f"arn:aws:sqs:{REGION}:{ACCOUNT}:{resource['Properties']['QueueName']}": ORDER.index(t.capability)
        for t, _, resource in rows
        if t.profile == profile and resource["Type"] == "AWS::SQS::Queue"
    }
    assert len(place) == 4
    late = [
        (t.capability, name, queue)
        for t, name, resource in rows
        if t.profile == profile
        and resource["Type"].startswith(("AWS::Lambda::Ev", "AWS::Scheduler", "AWS::Events"))
        for queue, made in place.items()
        if f'"{queue}"' in json.dumps(resource) and made >= ORDER.index(t.capability)
    ]
    assert late == []


@pytest.mark.parametrize("profile", PROFILES)
def test_lambda_may_keep_what_a_streams_function_gave_up_with_the_functions_own_role(
    rows: list[Row], found: list[Template], resolvers: dict[str, Resolver], profile: str
) -> None:
    """Lambda tries the destination with the role when the mapping is made, and refuses the mapping otherwise."""
    key = key_of(found, resolvers, profile)
    mappings = [m for m in of(rows, profile, "AWS::Lambda::EventSourceMapping") if "DestinationConfig" in m]
    assert len(mappings) == 2
    for mapping in mappings:
        function = mapping["FunctionName"].split(":")[6].removeprefix(f"{NAME}-")
        policies = role(rows, profile, f"{NAME}-fn-{function}")
        queue = mapping["DestinationConfig"]["OnFailure"]["Destination"]
        assert simulate(policies, "sqs:SendMessage", queue, {}).allowed, function
        if profile == "scale":
            assert simulate(policies, "kms:GenerateDataKey", key, through("sqs")).allowed, function


@pytest.mark.parametrize("profile", PROFILES)
def test_what_a_streams_function_gave_up_is_looked_at_long_before_the_stream_drops_it(
    rows: list[Row], profile: str
) -> None:
    schedules = [
        s for s in of(rows, profile, "AWS::Scheduler::Schedule") if "changes" in s["Target"]["Input"]
    ]
    (schedule,) = schedules
    assert schedule["Target"]["Arn"].endswith(":function:rimedio-prod-redrive:live")
    assert parts_of(json.loads(schedule["Target"]["Input"])) == {Part.CHANGES}
    assert schedule["ScheduleExpression"] == "rate(15 minutes)"
    (queue,) = [q for q in of(rows, profile, "AWS::SQS::Queue") if q["QueueName"] == f"{NAME}-stranded"]
    assert queue["VisibilityTimeout"] > spec_of("redrive").timeout_seconds


def test_batch_jobs_read_and_write_the_files_of_batches_and_nothing_else(
    rows: list[Row], found: list[Template], resolvers: dict[str, Resolver]
) -> None:
    key, policies = key_of(found, resolvers, "scale"), role(rows, "scale", f"{NAME}-batch")
    bucket = f"arn:aws:s3:::{NAME}-{ACCOUNT}"
    mine = {"aws:ResourceAccount": ACCOUNT}
    for action in ("s3:GetObject", "s3:PutObject"):
        assert simulate(policies, action, f"{bucket}/objects/acme/batch/bat-1/input.jsonl", mine).allowed
        assert not simulate(policies, action, f"{bucket}/objects/acme/batch/bat-1/input.jsonl", {}).allowed
        assert not simulate(policies, action, f"{bucket}/objects/acme/vaults/tkt_1.json", mine).allowed
    assert simulate(policies, "kms:Decrypt", key, through("s3")).allowed
    assert not simulate(policies, "kms:Decrypt", key, {}).allowed
    (trust,) = [
        p["AssumeRolePolicyDocument"]["Statement"]
        for p in of(rows, "scale", "AWS::IAM::Role")
        if p.get("RoleName") == f"{NAME}-batch"
    ]
    assert trust[0]["Principal"] == {"Service": "bedrock.amazonaws.com"}
    assert trust[0]["Condition"] == {
        "StringEquals": {"aws:SourceAccount": ACCOUNT},
        "ArnEquals": {"aws:SourceArn": f"arn:aws:bedrock:{REGION}:{ACCOUNT}:model-invocation-job/*"},
    }


@pytest.mark.parametrize("profile", PROFILES)
def test_the_batch_role_that_functions_are_told_of_is_there(rows: list[Row], profile: str) -> None:
    told = {
        f["Environment"]["Variables"].get("RIMEDIO_BEDROCK_BATCH_ROLE")
        for f in of(rows, profile, "AWS::Lambda::Function")
    }
    made = {f"arn:aws:iam::{ACCOUNT}:role/{p.get('RoleName')}" for p in of(rows, profile, "AWS::IAM::Role")}
    assert told == ({None} if profile == "frugal" else {f"arn:aws:iam::{ACCOUNT}:role/{NAME}-batch"})
    assert told - {None} <= made


@pytest.mark.parametrize("profile", PROFILES)
def test_metrics_of_our_own_are_those_that_the_service_writes_for_this_stage(
    rows: list[Row], profile: str
) -> None:
    """An alarm on a metric that nobody writes, or that all stages of an account write, rings never or for others."""
    written = {metric.name for metric in METRICS if not metric.labels}
    asked = [
        (m["MetricName"], {x["Name"]: x["Value"] for x in m["Dimensions"]})
        for alarm in of(rows, profile, "AWS::CloudWatch::Alarm")
        for m in (alarm, *(q["MetricStat"]["Metric"] for q in alarm.get("Metrics", ()) if "MetricStat" in q))
        if m.get("Namespace") == "Rimedio"
    ]
    for board in of(rows, profile, "AWS::CloudWatch::Dashboard"):
        for widget in json.loads(board["DashboardBody"])["widgets"]:
            shown = [m for m in widget["properties"].get("metrics", ()) if m[0] == "Rimedio"]
            asked += [(m[1], {m[2]: m[3]}) for m in shown]
    assert len(asked) >= 6
    for name, dimensions in asked:
        assert name in written, name
        assert dimensions == {"service": NAME}, name


def test_the_firewall_lets_through_what_a_tier_allows_and_what_tickets_quote(rows: list[Row]) -> None:
    acls = {
        acl["Scope"]: {r["Name"]: r for r in acl["Rules"]} for acl in of(rows, "scale", "AWS::WAFv2::WebACL")
    }
    limits = {
        scope: rules["flood"]["Statement"]["RateBasedStatement"]["Limit"] for scope, rules in acls.items()
    }
    for tier, rate in TIERS.items():  # counted over five minutes
        assert limits["REGIONAL"] >= 300 * rate.per_second, tier
    files = sum(1 for path in CONSOLE.rglob("*") if path.is_file())
    assert limits["CLOUDFRONT"] >= 100 * files  # an office that starts its day
    for rules in acls.values():
        counted = {
            override["Name"]
            for rule in rules.values()
            for override in rule["Statement"]
            .get("ManagedRuleGroupStatement", {})
            .get("RuleActionOverrides", ())
            if "Count" in override["ActionToUse"]
        }
        assert {"SizeRestrictions_BODY", "SQLi_BODY", "GenericLFI_BODY", "CrossSiteScripting_BODY"} <= counted


@pytest.mark.parametrize("profile", PROFILES)
def test_every_function_is_called_by_somebody(rows: list[Row], profile: str) -> None:
    """By its alias in a state machine, a mapping, a rule, a schedule, a permission: else it is there for nothing."""
    kinds = ("AWS::Lambda::Permission", "AWS::Lambda::EventSourceMapping", "AWS::Scheduler::Schedule",
             "AWS::StepFunctions::StateMachine", "AWS::Events::Rule", "AWS::ApiGateway::RestApi")  # fmt: skip
    told = json.dumps([r["Properties"] for t, _, r in rows if t.profile == profile and r["Type"] in kinds])
    unused = [
        f["FunctionName"]
        for f in of(rows, profile, "AWS::Lambda::Function")
        if f":function:{f['FunctionName']}:live" not in told
    ]
    assert unused == ([f"{NAME}-publish-index"] if profile == "scale" else [])  # a domain is not published


def test_who_sends_to_a_sealed_queue_or_topic_with_a_role_may_use_the_key(
    rows: list[Row], found: list[Template], resolvers: dict[str, Resolver]
) -> None:
    key = key_of(found, resolvers, "scale")
    for part, service in ((f"{NAME}-scheduler", "sqs"), ("FindingsRole", "sns")):
        policies = role(rows, "scale", part)
        for action in ("kms:GenerateDataKey", "kms:Decrypt"):
            assert simulate(policies, action, key, through(service)).allowed, (part, action)
            assert not simulate(policies, action, key, through("s3")).allowed


@pytest.mark.parametrize("profile", PROFILES)
def test_every_rule_may_send_its_dead_letters(rows: list[Row], profile: str) -> None:
    (policy,) = [
        p["PolicyDocument"]
        for p in of(rows, profile, "AWS::SQS::QueuePolicy")
        if any("dead-letters" in str(queue) or "DeadLetters" in str(queue) for queue in p["Queues"])
    ]
    (sends,) = [s for s in policy["Statement"] if s.get("Sid") == "RulesOfThisBus"]
    allowed = sends["Condition"]["ArnLike"]["aws:SourceArn"]
    for rule in of(rows, profile, "AWS::Events::Rule"):
        bus = f"{rule['EventBusName']}/" if "EventBusName" in rule else ""
        arn = f"arn:aws:events:{REGION}:{ACCOUNT}:rule/{bus}{rule['Name']}"
        assert arn in allowed or (bus and f"arn:aws:events:{REGION}:{ACCOUNT}:rule/{NAME}/*" in allowed), arn


def test_the_log_of_a_sealed_state_machine_can_be_delivered(
    rows: list[Row], found: list[Template], resolvers: dict[str, Resolver]
) -> None:
    source = {"kms:EncryptionContext:SourceArn": f"arn:aws:logs:{REGION}:{ACCOUNT}:*"}
    machine = role(rows, "scale", f"{NAME}-workflow")
    assert simulate(machine, "kms:GenerateDataKey", key_of(found, resolvers, "scale"), source).allowed
    policy = next(of(rows, "scale", "AWS::KMS::Key"))["KeyPolicy"]
    (opens,) = [
        s for s in policy["Statement"] if s["Principal"] == {"Service": "delivery.logs.amazonaws.com"}
    ]
    assert opens["Action"] == "kms:Decrypt"
    assert opens["Condition"] == {"StringEquals": source}


def test_who_starts_or_watches_executions_opens_them_and_nobody_else(
    rows: list[Row], found: list[Template], resolvers: dict[str, Resolver]
) -> None:
    key = key_of(found, resolvers, "scale")
    able = {
        str(properties["RoleName"]).removeprefix(f"{NAME}-fn-")
        for properties in of(rows, "scale", "AWS::IAM::Role", "functions")
        if simulate(
            [p["PolicyDocument"] for p in properties.get("Policies", ())],
            "kms:Decrypt",
            key,
            through("states"),
        ).allowed
    }
    assert able == {"api", "housekeeping", "webhooks", "task-store"}


@pytest.mark.parametrize("profile", PROFILES)
def test_what_an_account_has_once_is_made_only_where_it_is_not_there(
    found: list[Template], profile: str
) -> None:
    for template in (t for t in found if t.profile == profile):
        for name, resource in template.resources():
            if resource["Type"] in SINGLETONS:
                (parameter, wanted) = template.body["Conditions"][resource["Condition"]]["Fn::Equals"]
                assert wanted == "yes", name
                assert template.body["Parameters"][parameter["Ref"]]["Default"] == "yes"


def test_the_deployment_script_looks_for_every_singleton_of_the_templates(found: list[Template]) -> None:
    from tools.singletons import LOOKS, MADE_BY

    asked = {
        (template.capability, name.removeprefix("Make"))
        for template in found
        for name in template.body.get("Parameters", {})
        if name.startswith("Make")
    }
    assert asked == {(capability, name) for capability, names in MADE_BY.items() for name in names}
    assert {name for _, name in asked} == set(LOOKS)


def test_configurations_are_delivered_to_a_bucket_without_default_retention(rows: list[Row]) -> None:
    (channel,) = of(rows, "scale", "AWS::Config::DeliveryChannel")
    buckets = {p["BucketName"]: p for p in of(rows, "scale", "AWS::S3::Bucket")}
    assert "ObjectLockConfiguration" not in buckets[channel["S3BucketName"]]
    (trail,) = of(rows, "scale", "AWS::CloudTrail::Trail")
    assert "ObjectLockConfiguration" in buckets[trail["S3BucketName"]]


@pytest.mark.parametrize("profile", PROFILES)
def test_refused_requests_are_watched_by_metrics_that_a_table_has_without_an_operation(
    rows: list[Row], profile: str
) -> None:
    (alarm,) = [
        a for a in of(rows, profile, "AWS::CloudWatch::Alarm") if a["AlarmName"] == f"{NAME}-table-throttled"
    ]
    watched = {m["MetricStat"]["Metric"]["MetricName"] for m in alarm["Metrics"] if "MetricStat" in m}
    assert watched == {"ReadThrottleEvents", "WriteThrottleEvents"}
    # ThrottledRequests, SuccessfulRequestLatency and their kin exist by table and operation only.
    assert not [
        a for a in of(rows, profile, "AWS::CloudWatch::Alarm") if "ThrottledRequests" in json.dumps(a)
    ]


@pytest.mark.parametrize("profile", PROFILES)
def test_another_document_makes_another_deployment_of_the_api(found: list[Template], profile: str) -> None:
    api = next(t for t in found if t.profile == profile and t.capability == "api")
    (_, rest_api), *_ = api.resources("AWS::ApiGateway::RestApi")
    imported = json.dumps(rest_api["Properties"]["Body"], sort_keys=True)
    ((name, _),) = api.resources("AWS::ApiGateway::Deployment")
    assert name == f"Deployment{hashlib.sha256(imported.encode()).hexdigest()[:10]}"


@pytest.mark.parametrize("profile", PROFILES)
def test_the_guardrails_version_is_no_export_that_could_never_change(
    found: list[Template], profile: str
) -> None:
    mine = [t for t in found if t.profile == profile]
    (home,) = [t for t in mine if list(t.resources("AWS::Bedrock::GuardrailVersion"))]
    assert home.capability == "functions"
    assert not [o for t in mine for o in t.body.get("Outputs", {}) if "Guardrail" in o]


@pytest.mark.parametrize("profile", PROFILES)
def test_a_roles_policies_fit_into_the_role(rows: list[Row], profile: str) -> None:
    for properties in of(rows, profile, "AWS::IAM::Role"):
        written = [
            json.dumps(p["PolicyDocument"], separators=(",", ":")) for p in properties.get("Policies", ())
        ]
        assert sum(map(len, written)) < POLICY_CHARS_MAX - 300, properties.get(
            "RoleName"
        )  # ids of keys are longer


def test_the_pipeline_packages_the_functions_before_it_writes_the_templates(rows: list[Row]) -> None:
    (project,) = [p for p in of(rows, "scale", "AWS::CodeBuild::Project") if p["Name"] == f"{NAME}-test"]
    commands = json.loads(project["Source"]["BuildSpec"])["phases"]["build"]["commands"]
    package = next(place for place, command in enumerate(commands) if "tools.package_lambda" in command)
    assert commands[package + 1] == "make synth LAMBDA_ZIP=dist/lambda-arm64.zip"


def test_who_deploys_may_do_what_the_deployment_script_does(rows: list[Row]) -> None:
    stack = "arn:aws:cloudformation:{}:" + ACCOUNT + ":stack/rimedio-{}-edge/1"
    file = "arn:aws:s3:::rimedio-{}-console-" + ACCOUNT + "/index.html"
    deployers = [("prod", role(rows, profile, f"{NAME}-github-deploy")) for profile in PROFILES]
    deployers += [
        (stage, role(rows, "scale", f"Deploy{stage.capitalize()}BuildRole", "pipeline"))
        for stage in ("dev", "staging", "prod")
    ]
    for stage, policies in deployers:
        for region in (REGION, "us-east-1"):
            asked = stack.format(region, stage)
            assert simulate(policies, "cloudformation:DescribeStacks", asked, {}).allowed, (stage, region)
        assert simulate(policies, "s3:PutObject", file.format(stage), {}).allowed
        assert simulate(policies, "guardduty:ListDetectors", "*", {}).allowed
        assert simulate(policies, "lambda:GetAccountSettings", "*", {}).allowed
        function = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:rimedio-{stage}-follow"
        assert simulate(policies, "lambda:GetFunctionConcurrency", function, {}).allowed
        assert not simulate(policies, "s3:PutObject", f"arn:aws:s3:::rimedio-{stage}-{ACCOUNT}/x", {}).allowed
        assert not simulate(policies, "guardduty:DeleteDetector", "*", {}).allowed


def test_a_build_reads_artifacts_by_version_and_the_first_one_clones_the_source(rows: list[Row]) -> None:
    artifact = f"arn:aws:s3:::{NAME}-artifacts-{ACCOUNT}/source/1.zip"
    for part in ("PipelineRole", "TestBuildRole", "DeployDevBuildRole"):
        assert simulate(role(rows, "scale", part, "pipeline"), "s3:GetObjectVersion", artifact, {}).allowed, (
            part
        )
    actions = {
        s["Action"][0] for p in role(rows, "scale", "TestBuildRole", "pipeline") for s in p["Statement"]
    }
    assert "codeconnections:UseConnection" in actions


def test_the_apis_own_name_is_a_custom_domain_in_both_regions(rows: list[Row]) -> None:
    (domain,) = of(rows, "scale", "AWS::ApiGateway::DomainName")
    assert domain["EndpointConfiguration"] == {"Types": ["REGIONAL"]}
    for record in of(rows, "scale", "AWS::Route53::RecordSet"):
        assert "execute-api" not in str(record["ResourceRecords"])  # that host refuses another name
    for check in of(rows, "scale", "AWS::Route53::HealthCheck"):
        told = check["HealthCheckConfig"]
        assert told["ResourcePath"].startswith("/api/")
        assert told["FullyQualifiedDomainName"] in {
            "parameter-StandbyHost",
            f"Api.execute-api.{REGION}.amazonaws.com",
        } or ("execute-api" in told["FullyQualifiedDomainName"])


# How a service of IAM's actions is called among endpoints of a VPC. None: Lambda itself calls it, or nothing is sent.
ENDPOINTS: dict[str, str | None] = {
    "dynamodb": "dynamodb", "s3": "s3", "bedrock": "bedrock-runtime", "states": "states", "events": "events",
    "scheduler": "scheduler", "sqs": "sqs", "kms": "kms", "secretsmanager": "secretsmanager",
    "sagemaker": "sagemaker.runtime", "logs": None, "xray": None, "ec2": None, "es": None, "iam": None,
}  # fmt: skip


def test_a_function_in_the_network_reaches_every_service_that_it_calls(rows: list[Row]) -> None:
    reached = {
        str(p["ServiceName"]).removeprefix(f"com.amazonaws.{REGION}.")
        for p in of(rows, "scale", "AWS::EC2::VPCEndpoint")
    }
    for function in of(rows, "scale", "AWS::Lambda::Function"):
        if "VpcConfig" not in function:
            continue
        name, settings = function["FunctionName"], function["Environment"]["Variables"]
        actions = {
            action
            for policy in role(rows, "scale", name.replace(NAME, f"{NAME}-fn"))
            for statement in policy["Statement"]
            for action in (
                [statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"]
            )
        }
        # What has no endpoint there is not even configured: calling it would only wait.
        assert "RIMEDIO_TEXTRACT_REGION" not in settings
        assert "RIMEDIO_SCHEMA_REGISTRY" not in settings
        assert "bedrock" in reached or not [a for a in actions if a.endswith("ModelInvocationJob")], name
        for service in {action.partition(":")[0] for action in actions} - {"textract", "schemas"}:
            assert ENDPOINTS[service] is None or ENDPOINTS[service] in reached, (name, service)


def test_the_roles_that_the_domain_is_told_of_are_those_of_the_functions_that_search(rows: list[Row]) -> None:
    from tools.search_access import command, mapping
    from tools.search_access import role as rights

    told = set(mapping("prod", ACCOUNT)["backend_roles"])
    assert told == {
        f"arn:aws:iam::{ACCOUNT}:role/{function['Role'].rpartition('/')[2]}"
        for function in of(rows, "scale", "AWS::Lambda::Function")
        if "VpcConfig" in function
    }
    (domain,) = of(rows, "scale", "AWS::OpenSearchService::Domain")
    (statement,) = domain["AccessPolicies"]["Statement"]
    assert told < set(statement["Condition"]["ArnEquals"]["aws:PrincipalArn"])
    assert json.loads(command("roles", rights()).split(" -d '")[1].rstrip("'")) == rights()
