"""How versions of the classifier stand behind one endpoint: shadow, A/B comparison, inference components.

Plain data in the words of CreateEndpointConfig and CreateInferenceComponent, for whoever deploys: no call is
made here. A shadow variant gets copies of requests and answers nobody; in an A/B comparison each variant answers
its share, and `InvokedProductionVariant` says which one did.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rimedio.domain.errors import InvalidInput

JsonObject = dict[str, Any]
CHAMPION, CHALLENGER, SHADOW = "champion", "challenger", "shadow"
MEMORY_MB = (1024, 2048, 3072, 4096, 5120, 6144)  # what serverless endpoints offer
_HEALTH_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Variant:
    """A model and the share of requests it gets; serverless when `memory_mb` is set, instances otherwise."""

    name: str
    model: str
    share: float = 1.0
    memory_mb: int | None = None
    concurrency: int = 5
    instance: str = "ml.t3.medium"
    count: int = 1

    def __post_init__(self) -> None:
        if not 0 <= self.share <= 1:
            raise InvalidInput(f"The variant {self.name} gets a share of {self.share}. Give 0 to 1.")
        if self.memory_mb is not None and self.memory_mb not in MEMORY_MB:
            raise InvalidInput(
                f"Serverless endpoints have {', '.join(map(str, MEMORY_MB))} MB, not {self.memory_mb}."
            )

    @property
    def production(self) -> JsonObject:
        """An entry of ProductionVariants."""
        known: JsonObject = {
            "VariantName": self.name,
            "ModelName": self.model,
            "InitialVariantWeight": self.share,
        }
        if self.memory_mb is not None:
            sizes = {"MemorySizeInMB": self.memory_mb, "MaxConcurrency": self.concurrency}
            return known | {"ServerlessConfig": sizes}
        return known | {
            "InstanceType": self.instance,
            "InitialInstanceCount": self.count,
            "ContainerStartupHealthCheckTimeoutInSeconds": _HEALTH_SECONDS,
        }


def shadow_test(champion: Variant, challenger: Variant) -> JsonObject:
    """The champion answers; the challenger gets a copy of its share of requests, and its answers are only kept.

    Raises InvalidInput for serverless variants: SageMaker shadows instances only.
    """
    if champion.memory_mb is not None or challenger.memory_mb is not None:
        raise InvalidInput("A shadow variant needs instances; serverless endpoints have none.")
    return {
        "ProductionVariants": [champion.production],
        "ShadowProductionVariants": [challenger.production],
    }


def ab_test(champion: Variant, challenger: Variant, challenger_share: float) -> JsonObject:
    """Both answer, the challenger this share of the requests. Raises InvalidInput for shares beyond 0 to 0.5."""
    if not 0 < challenger_share <= 0.5:
        raise InvalidInput(
            f"The challenger gets a share of {challenger_share}. Give more than 0, at most 0.5."
        )
    weights: Mapping[str, float] = {CHAMPION: 1 - challenger_share, CHALLENGER: challenger_share}
    return {
        "ProductionVariants": [
            champion.production | {"VariantName": CHAMPION, "InitialVariantWeight": weights[CHAMPION]},
            challenger.production | {"VariantName": CHALLENGER, "InitialVariantWeight": weights[CHALLENGER]},
        ]
    }


def endpoint_config(
    name: str, variants: JsonObject, *, kms_key: str | None = None, tags: Mapping[str, str]
) -> JsonObject:
    """Arguments of CreateEndpointConfig. A key encrypts instances' volumes: serverless endpoints take none."""
    serverless = any("ServerlessConfig" in v for v in variants["ProductionVariants"])
    out: JsonObject = {"EndpointConfigName": name, **variants, "Tags": _tags(tags)}
    return out if serverless or kms_key is None else out | {"KmsKeyId": kms_key}


def inference_component(
    name: str, endpoint: str, variant: str, model: str, *, memory_mb: int = 512, copies: int = 1
) -> JsonObject:
    """Arguments of CreateInferenceComponent: several models share the instances of one endpoint."""
    needs = {"NumberOfCpuCoresRequired": 0.5, "MinMemoryRequiredInMb": memory_mb}
    return {
        "InferenceComponentName": name,
        "EndpointName": endpoint,
        "VariantName": variant,
        "Specification": {"ModelName": model, "ComputeResourceRequirements": needs},
        "RuntimeConfig": {"CopyCount": copies},
    }


def _tags(tags: Mapping[str, str]) -> Sequence[JsonObject]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]
