"""One deployment: its stage, its profile, its sizes, and the names of everything in it."""

import tomllib
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from aws_cdk import Aws

CONFIGURATION = Path(__file__).resolve().parents[1] / "deployments.toml"
ACCOUNT = Aws.ACCOUNT_ID


class StageName(StrEnum):
    """How far a change has come."""

    DEV = "dev"
    STAGING = "staging"
    PROD = "prod"


class Profile(StrEnum):
    """What a deployment may cost, and what it must bear."""

    FRUGAL = "frugal"
    SCALE = "scale"


@dataclass(frozen=True)
class Models:
    """Bedrock model ids, out of configuration."""

    writer: str
    fallback: str
    embedding: str
    embedding_dimensions: int
    rerank: str
    profile_regions: tuple[str, ...]


@dataclass(frozen=True)
class OpenSearchNodes:
    """Instances of one role in the domain."""

    instance: str = ""
    count: int = 0
    volume_gb: int = 0


@dataclass(frozen=True)
class ClassifierEndpoint:
    """How SageMaker serves the classifier: `serverless` or on `instances`."""

    mode: str = "serverless"
    memory_mb: int = 2048
    concurrency: int = 5
    instance: str = ""
    count: int = 0
    shadow_count: int = 0


@dataclass(frozen=True)
class Sizes:
    """What a profile buys. Every switch stands in deployments.toml with its reason."""

    network: bool
    opensearch: bool
    sagemaker: bool
    waf: bool
    web_acl_edge: bool
    detection: bool
    snapstart: tuple[str, ...]
    provisioned: dict[str, int]
    memory_mb: dict[str, int]
    log_days: int
    customer_key_everywhere: bool
    point_in_time_recovery: bool
    replica: bool
    backup: bool
    failover: bool
    chaos: bool
    drill_alarms: bool
    monthly_budget_usd: int
    event_archive_days: int
    tenant_plans: bool
    availability_zones: int = 2
    opensearch_standby: bool = False
    opensearch_data: OpenSearchNodes = field(default_factory=OpenSearchNodes)
    opensearch_managers: OpenSearchNodes = field(default_factory=OpenSearchNodes)
    classifier_endpoint: ClassifierEndpoint = field(default_factory=ClassifierEndpoint)


@dataclass(frozen=True)
class Deployment:
    """A stage in a profile. Its names are the contract with the code: `RIMEDIO_…` settings carry them."""

    stage: StageName
    profile: Profile
    sizes: Sizes
    models: Models
    region: str
    standby_region: str
    edge_region: str
    repository: str
    pipeline_branch: str
    alarm_email: str
    cors_origin: str
    textract_region: str

    @property
    def name(self) -> str:
        """Name of the table and of the bus; the beginning of every other name."""
        return f"rimedio-{self.stage}"

    @property
    def is_prod(self) -> bool:
        """Whether customers depend on it."""
        return self.stage is StageName.PROD

    @property
    def scale(self) -> bool:
        """Whether it is the large profile."""
        return self.profile is Profile.SCALE

    def named(self, what: str) -> str:
        """`rimedio-STAGE-WHAT`."""
        return f"{self.name}-{what}"

    def bucket(self, what: str = "", region: str | None = None) -> str:
        """A bucket's name, unique by account; buckets elsewhere than at home carry their region."""
        middle = f"-{what}" if what else ""
        return f"{self.name}{middle}-{ACCOUNT}" + (f"-{region}" if region else "")

    def arn(self, service: str, resource: str, region: str | None = None) -> str:
        """ARN in this account at home, or in `region`."""
        where = self.region if region is None else region
        return f"arn:{Aws.PARTITION}:{service}:{where}:{ACCOUNT}:{resource}"

    def bucket_arn(self, what: str = "", key: str = "", region: str | None = None) -> str:
        """ARN of a bucket, or of keys in it."""
        return f"arn:{Aws.PARTITION}:s3:::{self.bucket(what, region)}" + (f"/{key}" if key else "")

    def function_arn(self, function: str, alias: str = "live") -> str:
        """ARN of a function's alias; every caller names the alias, never $LATEST."""
        return self.arn("lambda", f"function:{self.named(function)}" + (f":{alias}" if alias else ""))

    @property
    def state_machine_arn(self) -> str:
        """The ticket's way."""
        return self.arn("states", f"stateMachine:{self.named('ticket')}")

    @property
    def batch_role(self) -> str:
        """The role of Bedrock's batch jobs."""
        return self.arn("iam", f"role/{self.named('batch')}", region="")

    def queue_url(self, queue: str) -> str:
        """Address of a queue."""
        return f"https://sqs.{self.region}.{Aws.URL_SUFFIX}/{ACCOUNT}/{self.named(queue)}"


def deployment(stage: StageName, profile: Profile, configuration: Path = CONFIGURATION) -> Deployment:
    """Read one deployment out of deployments.toml. Raises KeyError or TypeError on an unknown size."""
    text = tomllib.loads(configuration.read_text("utf-8"))
    chosen = dict(text[profile.value])
    overrides = {name.value: chosen.pop(name.value, {}) for name in StageName}
    models = dict(text["models"])
    return Deployment(
        stage=stage,
        profile=profile,
        sizes=_sizes(chosen | overrides[stage.value]),
        models=Models(**models | {"profile_regions": tuple(models["profile_regions"])}),
        region=text["home_region"],
        standby_region=text["standby_region"],
        edge_region=text["edge_region"],
        repository=text["repository"],
        pipeline_branch=text["pipeline_branch"],
        alarm_email=text["alarm_email"],
        cors_origin=text["cors_origin"],
        textract_region=text["textract_region"],
    )


def _sizes(chosen: dict[str, Any]) -> Sizes:
    nested = {
        "opensearch_data": OpenSearchNodes,
        "opensearch_managers": OpenSearchNodes,
        "classifier_endpoint": ClassifierEndpoint,
    }
    made = {name: kind(**chosen.pop(name)) for name, kind in nested.items() if name in chosen}
    return Sizes(**chosen | made | {"snapstart": tuple(chosen["snapstart"])})
