"""Versions in SageMaker's registry; moto keeps packages for real, it only trains nothing."""

from collections.abc import Callable
from typing import Any

import pytest

from rimedio.aws import AwsConnections
from rimedio.classification.sagemaker_registry import SageMakerPackages, Stage
from rimedio.domain.errors import RimedioError


@pytest.fixture
def group(connections: AwsConnections, unique_name: Callable[[str], str]) -> str:
    name = unique_name("tickets")
    connections.client("sagemaker").create_model_package_group(
        ModelPackageGroupName=name, ModelPackageGroupDescription="Tickets"
    )
    return name


def register(client: Any, group: str, number: int) -> str:
    container = {"Image": "image", "ModelDataUrl": f"s3://bucket/models/{number}/model.tar.gz"}
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
