"""Versions in SageMaker's registry; moto keeps packages for real, it only trains nothing."""

import hashlib
import io
import json
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tools.classifier_on_sagemaker import main

from rimedio.aws import AwsConnections
from rimedio.classification.registry import ModelRegistry
from rimedio.classification.s3_shelf import S3Shelf
from rimedio.classification.sagemaker_registry import SageMakerPackages, Stage, s3_place
from rimedio.domain.clock import FakeClock
from rimedio.domain.errors import InvalidInput, RimedioError


@pytest.fixture
def group(connections: AwsConnections, unique_name: Callable[[str], str]) -> str:
    name = unique_name("tickets")
    connections.client("sagemaker").create_model_package_group(
        ModelPackageGroupName=name, ModelPackageGroupDescription="Tickets"
    )
    return name


def register(client: Any, group: str, number: int, bucket: str = "bucket") -> str:
    container = {"Image": "image", "ModelDataUrl": f"s3://{bucket}/models/{number}/model.tar.gz"}
    specification = {
        "Containers": [container],
        "SupportedContentTypes": ["application/json"],
        "SupportedResponseMIMETypes": ["application/json"],
    }
    made = client.create_model_package(
        ModelPackageGroupName=group,
        InferenceSpecification=specification,
        ModelApprovalStatus="PendingManualApproval",
    )
    return str(made["ModelPackageArn"])


def test_only_what_a_person_approved_may_be_taken_in(connections: AwsConnections, group: str) -> None:
    client = connections.client("sagemaker")
    packages = SageMakerPackages(client, group)
    first, second, third = (register(client, group, n) for n in (1, 2, 3))
    packages.decide(first, approved=True, why="Better on the held-out rows")
    packages.decide(third, approved=False, why="Worse on PLUG")
    found = list(packages.approved())
    assert [p.arn for p in found] == [first]
    assert found[0].data_url.endswith("/1/model.tar.gz")
    assert packages.find(second).approval == "PendingManualApproval"
    packages.note_stage(first, Stage.CHAMPION)


def test_a_package_that_is_not_there_is_an_error_of_ours(connections: AwsConnections, group: str) -> None:
    with pytest.raises(RimedioError):
        SageMakerPackages(connections.client("sagemaker"), group).find(
            "arn:aws:sagemaker:eu-south-1:123456789012:model-package/none/1"
        )


def archive_of(folder: Path, weights: bytes) -> bytes:
    """A model.tar.gz with stand-in weights."""
    folder.mkdir()
    (folder / "model.bin").write_bytes(weights)
    scores = {"accuracy": 0.9, "macro_f1": 0.8, "ece": 0.02, "rows": 100}
    card = {"version": "job", "labels": ["A", "B"], "temperature": 1.0, "scores": scores}
    card["model_sha256"] = hashlib.sha256(weights).hexdigest()
    (folder / "model.json").write_text(json.dumps(card), "utf-8")
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for path in folder.iterdir():
            archive.add(path, path.name)
    return packed.getvalue()


def test_an_approved_model_is_taken_in_once(
    connections: AwsConnections, group: str, unique_name: Callable[[str], str], tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    client, s3, bucket = connections.client("sagemaker"), connections.client("s3"), unique_name("models")
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": connections.region})
    s3.put_object(Bucket=bucket, Key="models/1/model.tar.gz", Body=archive_of(tmp_path / "m", b"weights"))
    endpoints = f"*={connections.endpoint('s3')}"
    command = ["take-in", "--bucket", bucket, "--group", group, "--endpoints", endpoints]

    def taken() -> object:
        assert main(command) == 0
        return json.loads(capsys.readouterr().out)["registered"]

    arn = register(client, group, 1, bucket)
    assert taken() is None  # nobody has approved it
    SageMakerPackages(client, group).decide(arn, approved=True, why="Good")
    assert taken() == "v0001"
    assert taken() is None  # it is known
    registry = ModelRegistry(S3Shelf(s3, bucket, tmp_path / "scratch", FakeClock()), FakeClock())
    assert (registry.path("v0001") / "model.bin").read_bytes() == b"weights"


def test_the_tool_prints_what_aws_takes(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["pipeline", "--role", "r", "--image", "i", "--bucket", "b", "--group", "g"]) == 0
    assert json.loads(capsys.readouterr().out)["Version"] == "2020-12-01"
    assert main(["variants", "--champion", "m1", "--challenger", "m2", "--shadow"]) == 0
    assert "ShadowProductionVariants" in capsys.readouterr().out
    assert main(["variants", "--champion", "m1", "--challenger", "m2", "--share", "0.9"]) == 2


@pytest.mark.parametrize("url", ["", "https://x/y", "s3://bucket", "s3:///key"])
def test_an_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(InvalidInput):
        s3_place(url)
