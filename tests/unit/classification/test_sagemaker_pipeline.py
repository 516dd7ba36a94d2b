"""The pipeline's definition: its form by schema version 2020-12-01, its arguments by the API model, its references.

No pipeline runs here: this is configuration only. The jobs' own code runs in the integration tests.
"""

import json
from collections.abc import Iterator
from typing import Any

import botocore.session
import fastjsonschema
import pytest
from botocore.validate import ParamValidator

from rimedio.classification.sagemaker_pipeline import PipelineSetup, pipeline_text, training_pipeline
from rimedio.classification.sagemaker_variants import (
    Variant,
    ab_test,
    endpoint_config,
    inference_component,
    shadow_test,
)
from rimedio.domain.errors import InvalidInput

SETUP = PipelineSetup(
    role_arn="arn:aws:iam::123456789012:role/rimedio-training",
    image="123456789012.dkr.ecr.eu-south-1.amazonaws.com/rimedio:1",
    bucket="rimedio-dev",
    package_group="rimedio-dev-classifier",
    kms_key="arn:aws:kms:eu-south-1:123456789012:key/1",
    subnets=("subnet-1",),
    security_groups=("sg-1",),
)
# Of the definition's JSON schema, what this pipeline uses; written from its documentation.
FORM = {
    "type": "object",
    "additionalProperties": False,
    "required": ["Version", "Steps"],
    "properties": {
        "Version": {"const": "2020-12-01"},
        "Metadata": {"type": "object"},
        "Parameters": {
            "type": "array",
            "maxItems": 200,
            "items": {
                "type": "object",
                "additionalProperties": False,
                "required": ["Name", "Type"],
                "properties": {
                    "Name": {"type": "string", "pattern": "^[A-Za-z0-9\\-_]*$", "maxLength": 256},
                    "Type": {"enum": ["String", "Integer", "Float", "Boolean"]},
                    "DefaultValue": {},
                    "EnumValues": {"type": "array"},
                },
            },
        },
        "PipelineExperimentConfig": {
            "type": "object",
            "additionalProperties": False,
            "properties": {"ExperimentName": {}, "TrialName": {}},
        },
        "Steps": {"$ref": "#/definitions/steps"},
    },
    "definitions": {
        "steps": {
            "type": "array",
            "items": {
                "type": "object",
                "additionalProperties": False,
                "required": ["Name", "Type", "Arguments"],
                "properties": {
                    "Name": {"type": "string", "pattern": "^[A-Za-z0-9]([A-Za-z0-9\\-]){0,63}$"},
                    "Type": {"enum": ["Processing", "Training", "Condition", "RegisterModel", "Fail", "Model"]},
                    "Arguments": {"type": "object"},
                    "DependsOn": {"type": "array", "items": {"type": "string"}},
                    "DisplayName": {"type": "string"},
                    "Description": {"type": "string"},
                    "PropertyFiles": {
                        "type": "array",
                        "items": {
                            "type": "object",
                            "additionalProperties": False,
                            "required": ["PropertyFileName", "OutputName", "FilePath"],
                            "properties": {n: {"type": "string"} for n in ("PropertyFileName", "OutputName", "FilePath")},
                        },
                    },
                    "CacheConfig": {
                        "type": "object",
                        "required": ["Enabled"],
                        "properties": {"Enabled": {"type": "boolean"}, "ExpireAfter": {"pattern": "^P"}},
                    },
                    "RetryPolicies": {
                        "type": "array",
                        "items": {
                            "type": "object",
                            "required": ["ExceptionType"],
                            "properties": {
                                "ExceptionType": {
                                    "type": "array",
                                    "items": {
                                        "enum": [
                                            "Step.SERVICE_FAULT", "Step.THROTTLING", "SageMaker.JOB_INTERNAL_ERROR",
                                            "SageMaker.CAPACITY_ERROR", "SageMaker.RESOURCE_LIMIT",
                                        ]
                                    },
                                },
                                "IntervalSeconds": {"type": "integer"},
                                "BackoffRate": {"type": "number"},
                                "MaxAttempts": {"type": "integer", "maximum": 20},
                            },
                        },
                    },
                },
            },
        }
    },
}  # fmt: skip
CALLS = {
    "Processing": "CreateProcessingJob",
    "Training": "CreateTrainingJob",
    "RegisterModel": "CreateModelPackage",
}
NAMES = {"Processing": "ProcessingJobName", "Training": "TrainingJobName"}


def steps_of(steps: list[Any]) -> Iterator[Any]:
    """Every step, those behind a condition too."""
    for step in steps:
        yield step
        if step["Type"] == "Condition":
            yield from steps_of([*step["Arguments"]["IfSteps"], *step["Arguments"]["ElseSteps"]])


def resolved(value: Any) -> Any:
    """The arguments with a word in the place of every reference."""
    if isinstance(value, dict):
        if set(value) & {"Get", "Std:Join", "Std:JsonGet"}:
            return "s3://bucket/reference"
        return {key: resolved(inner) for key, inner in value.items()}
    return [resolved(v) for v in value] if isinstance(value, list) else value


def references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if "Get" in value:
            yield value["Get"]
        for inner in value.values():
            yield from references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from references(inner)


def arguments_problems(service: str, operation: str, given: Any) -> str:
    shape = botocore.session.get_session().get_service_model(service).operation_model(operation).input_shape
    return ParamValidator().validate(given, shape).generate_report()


@pytest.mark.parametrize(
    "setup", [SETUP, PipelineSetup("arn:aws:iam::123456789012:role/r", "image", "b", "g")]
)
def test_the_definition_has_the_form_of_its_version(setup: PipelineSetup) -> None:
    definition = json.loads(pipeline_text(setup))
    fastjsonschema.compile(FORM)(definition)
    assert len(pipeline_text(setup)) < 1_048_576  # CreatePipeline's limit


def test_each_steps_arguments_are_those_of_its_call() -> None:
    for step in steps_of(training_pipeline(SETUP)["Steps"]):
        if step["Type"] in CALLS:
            named = {NAMES[step["Type"]]: "n"} if step["Type"] in NAMES else {}
            problems = arguments_problems(
                "sagemaker", CALLS[step["Type"]], resolved(step["Arguments"]) | named
            )
            assert not problems, f"{step['Name']}: {problems}"


def test_every_reference_leads_to_a_parameter_a_step_or_the_execution() -> None:
    definition = training_pipeline(SETUP)
    parameters = {f"Parameters.{p['Name']}" for p in definition["Parameters"]}
    execution = {f"Execution.{n}" for n in ("PipelineName", "PipelineExecutionId", "StartDateTime")}
    steps = {step["Name"]: step for step in steps_of(definition["Steps"])}
    for reference in references(definition):
        if reference in parameters | execution:
            continue
        root, name, *rest = reference.split(".", 3)
        assert (root, name in steps) == ("Steps", True), reference
        if rest[0] == "PropertyFiles":
            assert rest[1] in {f["PropertyFileName"] for f in steps[name]["PropertyFiles"]}
        if rest[0] == "ProcessingOutputConfig":
            outputs = steps[name]["Arguments"]["ProcessingOutputConfig"]["Outputs"]
            assert any(f"Outputs['{o['OutputName']}']" in reference for o in outputs), reference


def test_a_model_is_registered_only_behind_both_conditions() -> None:
    [decide] = [s for s in training_pipeline(SETUP)["Steps"] if s["Type"] == "Condition"]
    assert [c["Type"] for c in decide["Arguments"]["Conditions"]] == [
        "GreaterThanOrEqualTo",
        "LessThanOrEqualTo",
    ]
    assert [s["Type"] for s in decide["Arguments"]["IfSteps"]] == ["RegisterModel"]
    assert [s["Type"] for s in decide["Arguments"]["ElseSteps"]] == ["Fail"]


def test_no_job_reaches_the_network_and_every_volume_is_encrypted() -> None:
    text = json.dumps(training_pipeline(SETUP))
    assert text.count('"EnableNetworkIsolation": true') == 3
    assert text.count('"VolumeKmsKeyId"') == 3


CHAMPION, CHALLENGER = Variant("champion", "model-1"), Variant("challenger", "model-2", share=0.5)


@pytest.mark.parametrize(
    "variants",
    [
        shadow_test(CHAMPION, CHALLENGER),
        ab_test(CHAMPION, CHALLENGER, 0.1),
        {"ProductionVariants": [Variant("champion", "model-1", memory_mb=2048).production]},
    ],
)
def test_variants_are_arguments_of_their_call(variants: Any) -> None:
    given = endpoint_config("tickets", variants, kms_key="key", tags={"project": "rimedio"})
    assert not arguments_problems("sagemaker", "CreateEndpointConfig", given)
    assert ("KmsKeyId" in given) is ("ServerlessConfig" not in json.dumps(given))


def test_shares_of_a_comparison_are_a_whole() -> None:
    weights = [v["InitialVariantWeight"] for v in ab_test(CHAMPION, CHALLENGER, 0.2)["ProductionVariants"]]
    assert weights == [0.8, 0.2]


def test_an_inference_component_is_arguments_of_its_call() -> None:
    given = inference_component("fans", "tickets", "champion", "model-1")
    assert not arguments_problems("sagemaker", "CreateInferenceComponent", given)


def test_what_cannot_be_deployed_is_refused_before() -> None:
    with pytest.raises(InvalidInput, match=r"at most 0\.5"):
        ab_test(CHAMPION, CHALLENGER, 0.9)
    with pytest.raises(InvalidInput, match="needs instances"):
        shadow_test(Variant("champion", "m", memory_mb=1024), CHALLENGER)
    with pytest.raises(InvalidInput, match="1024"):
        Variant("champion", "m", memory_mb=1000)
    with pytest.raises(InvalidInput, match="0 to 1"):
        Variant("champion", "m", share=2)
