"""Puts the stacks of a deployment together, in the order in which they are deployed."""

import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import aws_cdk as cdk
from aws_cdk import aws_kms as kms
from constructs import Construct

from rimedio_infra.api import api
from rimedio_infra.batches import batches
from rimedio_infra.console import console
from rimedio_infra.cost import cost
from rimedio_infra.data import Data, data
from rimedio_infra.delivery import delivery
from rimedio_infra.deployment import Deployment, Profile, StageName, deployment
from rimedio_infra.drills import drills
from rimedio_infra.environment import settings
from rimedio_infra.events import eventing
from rimedio_infra.firewall import edge_acl, regional_acl
from rimedio_infra.functions import Built, Code, functions
from rimedio_infra.github import github
from rimedio_infra.guardrail import guardrail
from rimedio_infra.identity import identity
from rimedio_infra.keys import key
from rimedio_infra.knowledge import domain
from rimedio_infra.ml import classifier
from rimedio_infra.nag import check
from rimedio_infra.network import Network, network
from rimedio_infra.observability import observability
from rimedio_infra.organization import organization
from rimedio_infra.pipeline import pipeline
from rimedio_infra.queues import queues
from rimedio_infra.resilience import backups, failover
from rimedio_infra.secrets import signing_key
from rimedio_infra.security import detection
from rimedio_infra.shared import Shared
from rimedio_infra.stacks import stack
from rimedio_infra.standby import standby
from rimedio_infra.workflow import workflow

FLAGS = {
    "@aws-cdk/aws-s3:serverAccessLogsUseBucketPolicy": True,  # not through an ACL
    "@aws-cdk/core:validateAgainstDefaultRules": True,  # what is wrong in a template fails the synthesis
}


@dataclass(frozen=True)
class Assembled:
    """What a synthesis wrote."""

    folder: Path
    templates: tuple[Path, ...]
    seconds: float

    def __str__(self) -> str:
        return f"{len(self.templates)} templates in {self.folder} after {self.seconds:.1f} s"


def synthesize(
    folder: Path,
    *,
    stages: Sequence[StageName] = tuple(StageName),
    profiles: Sequence[Profile] = tuple(Profile),
    code: Code | None = None,
    nag: bool = True,
) -> Assembled:
    """Write the templates of every stage and profile under `folder`, each pair in an assembly of its own."""
    started = time.monotonic()
    shutil.rmtree(folder, ignore_errors=True)
    app = cdk.App(
        outdir=str(folder), analytics_reporting=False, tree_metadata=False, stack_traces=False, context=FLAGS
    )
    for stage_name in stages:
        for profile in profiles:
            d = deployment(stage_name, profile)
            assemble(cdk.Stage(app, f"{stage_name}-{profile}"), d, code or Code(None))
    if nag:
        check(app)
    app.synth()
    templates = tuple(sorted(folder.rglob("*.template.json")))
    return Assembled(folder, templates, time.monotonic() - started)


def assemble(scope: Construct, d: Deployment, code: Code) -> None:
    """All stacks of one deployment, in the order in which they are deployed."""
    master = key(stack(scope, d, "keys", "the key that everything is wrapped with"), d)
    if d.sizes.replica:
        standby(stack(scope, d, "standby", "what waits in the standby region", d.standby_region), d)
    store = data(stack(scope, d, "data", "table, bucket and their logs"), d, master)
    queues(stack(scope, d, "queues", "queues and their dead letters"), d, master)
    people = identity(stack(scope, d, "identity", "people, roles, tenants"), d)
    private = (
        network(stack(scope, d, "network", "private subnets and endpoints"), d) if d.sizes.network else None
    )
    shared = Shared(
        key_arn=master.key_arn, pool_id=people.pool.user_pool_id, client_id=people.client.user_pool_client_id
    )
    if private and d.sizes.opensearch:
        searched = domain(stack(scope, d, "knowledge", "the search domain"), d, master, private)
        shared = replace(shared, domain_endpoint=searched.attr_domain_endpoint)
    _work(scope, d, code, Site(shared, master, store), private)
    _edges(scope, d)
    _care(scope, d, master, private)


@dataclass(frozen=True)
class Site:
    """What the working stacks stand on."""

    shared: Shared
    key: kms.Key
    data: Data


def _work(scope: Construct, d: Deployment, code: Code, site: Site, private: Network | None) -> None:
    """Functions, the workflow that calls them, the events between them."""
    home = stack(scope, d, "functions", "Lambda functions, each with its own role")
    # The guardrail stands with those who apply it: an export of its newest version could never change.
    shared = replace(site.shared, guardrail=guardrail(home, d))
    if d.sizes.opensearch:
        batches(home, d, shared.key_arn)
    made = functions(home, d, Built(code, shared, settings(d, shared), private))
    delivery(home, d, made)
    steps = stack(scope, d, "workflow", "the ticket's way")
    workflow(steps, d, site.key)
    after = stack(scope, d, "events", "bus, queues, rules, clock")
    eventing(after, d, site.key, str(site.data.table.table_stream_arn))
    kept = stack(scope, d, "secrets", "secrets and their rotation")
    signing_key(kept, d, site.key)
    for later in (steps, after, kept):
        later.add_stack_dependency(home, "calls its functions by name")


def _edges(scope: Construct, d: Deployment) -> None:
    """What the world talks to."""
    door = stack(scope, d, "api", "the REST API")
    made = api(door, d)
    if d.sizes.waf:
        regional_acl(door, d, made)
    if d.sizes.web_acl_edge:
        edge_acl(stack(scope, d, "edge", "the console's web ACL", d.edge_region), d)
    console(stack(scope, d, "console", "the web console"), d, made.rest_api.ref)
    if d.sizes.failover:
        failover(stack(scope, d, "failover", "one name, two regions"), d, made.rest_api.ref)


def _care(scope: Construct, d: Deployment, master: kms.Key, private: Network | None) -> None:
    """What watches, counts, saves and renews."""
    observability(stack(scope, d, "observability", "alarms, objectives, dashboard"), d)
    cost(stack(scope, d, "cost", "budgets and anomalies", d.edge_region), d)
    github(stack(scope, d, "github", "deployment from GitHub without stored keys"), d)
    if d.sizes.sagemaker:
        classifier(stack(scope, d, "ml", "the classifier"), d, master)
    if d.sizes.detection:
        detection(stack(scope, d, "security", "detective controls"), d, master)
    if d.sizes.backup:
        backups(stack(scope, d, "resilience", "backups under lock"), d, master)
    if d.sizes.chaos and private:
        drills(stack(scope, d, "drills", "experiments that break something"), d, private)
    if d.is_prod and d.scale:
        pipeline(stack(scope, d, "pipeline", "from commit to prod"), d, master)
        organization(stack(scope, d, "organization", "what nobody may do"), d)
