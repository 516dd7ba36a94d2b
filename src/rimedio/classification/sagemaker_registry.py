"""SageMaker's model registry beside Rimedio's own: what people approve there, and what stands where here.

Rimedio's registry (`registry` on a shelf) decides who answers, at home and on AWS. A model package group shows
the same versions to the people and tools of SageMaker: the pipeline registers, a person approves, `approved`
tells what may be taken in, `note_stage` writes back what became of it.
"""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from rimedio.aws import Client, translated
from rimedio.classification.model_archive import unpacked
from rimedio.classification.predict import read_card
from rimedio.classification.registry import ModelRegistry, ModelVersion
from rimedio.domain.errors import InvalidInput, NotFound

_SERVICE = "Amazon SageMaker"
_PAGE = 100


class Stage(StrEnum):
    """Where a version is in its life: the `ModelLifeCycle` of its package."""

    CHALLENGER = "Challenger"
    CHAMPION = "Champion"
    ARCHIVED = "Archived"


@dataclass(frozen=True, slots=True)
class ModelPackage:
    """One version in SageMaker's registry. `data_url` is its model.tar.gz."""

    arn: str
    version: int
    approval: str  # Approved, Rejected, PendingManualApproval
    data_url: str


class SageMakerPackages:
    """The versions of one model package group."""

    def __init__(self, client: Client, group: str) -> None:
        self._client = client
        self._group = group

    def approved(self) -> Iterator[ModelPackage]:
        """Approved versions, newest first. Raises Unavailable, Forbidden."""
        for arn in self._arns(ModelApprovalStatus="Approved"):
            yield self.find(arn)

    def find(self, arn: str) -> ModelPackage:
        """A version. Raises NotFound."""
        with translated(_SERVICE, "reading a model package"):
            found = self._client.describe_model_package(ModelPackageName=arn)
        containers = found.get("InferenceSpecification", {}).get("Containers", [])
        if not containers:
            raise NotFound(f"The model package {arn} names no model data. Register it again.")
        return ModelPackage(
            arn,
            int(found["ModelPackageVersion"]),
            str(found["ModelApprovalStatus"]),
            str(containers[0].get("ModelDataUrl", "")),
        )

    def decide(self, arn: str, *, approved: bool, why: str) -> None:
        """Approve or reject a version."""
        status = "Approved" if approved else "Rejected"
        with translated(_SERVICE, "approving a model package"):
            self._client.update_model_package(
                ModelPackageArn=arn, ModelApprovalStatus=status, ApprovalDescription=why[:1024]
            )

    def note_stage(self, arn: str, stage: Stage, why: str = "") -> None:
        """Write down what a version is used for now."""
        cycle = {
            "Stage": stage.value,
            "StageStatus": "Approved",
            "StageDescription": why[:1024] or stage.value,
        }
        with translated(_SERVICE, "noting a model's stage"):
            self._client.update_model_package(ModelPackageArn=arn, ModelLifeCycle=cycle)

    def _arns(self, **filters: str) -> Iterator[str]:
        token: dict[str, str] = {}
        while True:
            with translated(_SERVICE, "listing model packages"):
                page = self._client.list_model_packages(
                    ModelPackageGroupName=self._group, SortBy="CreationTime", SortOrder="Descending",
                    MaxResults=_PAGE, **filters, **token,
                )  # fmt: skip
            yield from (str(one["ModelPackageArn"]) for one in page["ModelPackageSummaryList"])
            if not page.get("NextToken"):
                return
            token = {"NextToken": str(page["NextToken"])}


def take_in(packages: SageMakerPackages, s3: Client, registry: ModelRegistry) -> ModelVersion | None:
    """Register the newest approved model as a challenger here; None when it is known already or there is none.

    Known is told by the weights' hash, so running it again does nothing. Raises InvalidInput for an archive that
    is none, ModelUnavailable for one without a complete model.
    """
    newest = next(packages.approved(), None)
    if newest is None:
        return None
    bucket, key = s3_place(newest.data_url)
    with tempfile.TemporaryDirectory(prefix="rimedio-package-") as scratch:
        archive = Path(scratch) / "model.tar.gz"
        with translated("Amazon S3", "reading a model package"):
            archive.write_bytes(s3.get_object(Bucket=bucket, Key=key)["Body"].read())
        folder = unpacked(archive, Path(scratch) / "model")
        if read_card(folder).model_sha256 in {v.sha256 for v in registry.versions()}:
            return None
        version = registry.register(folder)
    packages.note_stage(newest.arn, Stage.CHALLENGER, f"{version.version} of {registry.shelf.name}")
    return version


def s3_place(url: str) -> tuple[str, str]:
    """Bucket and key of an `s3://` address. Raises InvalidInput."""
    bucket, _, key = url.removeprefix("s3://").partition("/")
    if not url.startswith("s3://") or not bucket or not key:
        raise InvalidInput(f"{url!r} is no address such as s3://bucket/model.tar.gz.")
    return bucket, key
