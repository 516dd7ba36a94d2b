"""Puts the stacks of a deployment together, in the order in which they are deployed."""

import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import aws_cdk as cdk
from constructs import Construct

from rimedio_infra.data import data
from rimedio_infra.deployment import Deployment, Profile, StageName, deployment
from rimedio_infra.functions import Code, functions
from rimedio_infra.keys import key
from rimedio_infra.network import network
from rimedio_infra.permissions import Shared
from rimedio_infra.stacks import stack
from rimedio_infra.workflow import workflow


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
    app = cdk.App(outdir=str(folder), analytics_reporting=False, tree_metadata=False)
    for stage_name in stages:
        for profile in profiles:
            d = deployment(stage_name, profile)
            assemble(cdk.Stage(app, f"{stage_name}-{profile}"), d, code or Code(None))
    app.synth()
    templates = tuple(sorted(folder.rglob("*.template.json")))
    return Assembled(folder, templates, time.monotonic() - started)


def assemble(scope: Construct, d: Deployment, code: Code) -> None:
    """All stacks of one deployment."""
    keys = stack(scope, d, "keys", "the key that everything is wrapped with")
    master = key(keys, d)
    store = stack(scope, d, "data", "table, bucket and their logs")
    data(store, d, master)
    private = (
        network(stack(scope, d, "network", "private subnets and endpoints"), d) if d.sizes.network else None
    )
    fns = stack(scope, d, "functions", "Lambda functions, each with its own role")
    functions(fns, d, code, Shared(key_arn=master.key_arn), {}, private)
    workflow(stack(scope, d, "workflow", "the ticket's way"), d, master)
