"""The training pipeline as SageMaker takes it: split → train → evaluate → good enough? → register, else fail.

A pipeline definition is JSON of schema version 2020-12-01; steps' arguments are those of the API calls that they
make (CreateProcessingJob, CreateTrainingJob, CreateModelPackage) without the names, which the pipeline gives.
What one step gives the next is a reference, `{"Get": "Steps.Train.…"}`; the order follows from the references.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rimedio.classification.sagemaker_training import METRICS, TRAIN_CHANNEL

VERSION = "2020-12-01"
JSON = "application/json"
Step = dict[str, Any]
METRIC_DEFINITIONS: tuple[Mapping[str, str], ...] = tuple(
    {"Name": name, "Regex": rf"{name}=([0-9.eE+-]+);"} for name in METRICS
)
_PROCESSING = "/opt/ml/processing"
_REPORT, _REPORT_OUTPUT = "Verdict", "evaluation"
_HOUR = 3600


@dataclass(frozen=True, slots=True)
class PipelineSetup:
    """Where the pipeline works. `image` is our own container; `kms_key` encrypts volumes and results."""

    role_arn: str
    image: str
    bucket: str
    package_group: str
    kms_key: str | None = None
    instance: str = "ml.m5.large"
    prefix: str = "training"
    subnets: tuple[str, ...] = ()
    security_groups: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Thresholds:
    """What a model must reach to be registered: accuracy on the test rows, and how much worse than the champion
    it may be at the lower end of the 95 % interval (the promotion rule of `learning`)."""

    accuracy_min: float = 0.75
    worse_max: float = 0.03


def training_pipeline(setup: PipelineSetup, thresholds: Thresholds | None = None) -> dict[str, Any]:
    """The definition, as JSON objects."""
    limits = thresholds or Thresholds()
    return {
        "Version": VERSION,
        "Metadata": {},
        "Parameters": [
            _parameter("Rows", "String", f"s3://{setup.bucket}/{setup.prefix}/rows"),
            _parameter("Champion", "String", f"s3://{setup.bucket}/{setup.prefix}/champion"),
            _parameter("AccuracyMin", "Float", limits.accuracy_min),
            _parameter("WorseMax", "Float", limits.worse_max),
            _parameter("Approval", "String", "PendingManualApproval"),
        ],
        "PipelineExperimentConfig": {
            "ExperimentName": {"Get": "Execution.PipelineName"},
            "TrialName": {"Get": "Execution.PipelineExecutionId"},
        },
        "Steps": [_split(setup), _train(setup), _evaluate(setup), _decide(setup)],
    }


def pipeline_text(setup: PipelineSetup, thresholds: Thresholds | None = None) -> str:
    """The definition as CreatePipeline's `PipelineDefinition`."""
    return json.dumps(training_pipeline(setup, thresholds))


def _parameter(name: str, kind: str, default: object) -> Step:
    return {"Name": name, "Type": kind, "DefaultValue": default}


def _split(setup: PipelineSetup) -> Step:
    arguments = _processing(
        setup,
        "split",
        [_input("rows", {"Get": "Parameters.Rows"})],
        [_output(setup, "train"), _output(setup, "test")],
    )
    return _step("Split", "Processing", arguments) | _cached()


def _train(setup: PipelineSetup) -> Step:
    encrypted = {"VolumeKmsKeyId": setup.kms_key} if setup.kms_key else {}
    sealed = {"KmsKeyId": setup.kms_key} if setup.kms_key else {}
    arguments: Step = {
        "AlgorithmSpecification": {
            "TrainingImage": setup.image,
            "TrainingInputMode": "File",
            "ContainerEntrypoint": ["python", "-m", "rimedio.classification.sagemaker_training"],
            "MetricDefinitions": [dict(definition) for definition in METRIC_DEFINITIONS],
        },
        "RoleArn": setup.role_arn,
        "HyperParameters": {"vector_dim": "50", "word_ngrams": "2", "seed": "0"},
        "InputDataConfig": [
            {
                "ChannelName": TRAIN_CHANNEL,
                "DataSource": {"S3DataSource": _source(_made_by("Split", "train"))},
                "CompressionType": "None",
            }
        ],
        "OutputDataConfig": {"S3OutputPath": _place(setup, "models"), **sealed},
        "ResourceConfig": {
            "InstanceType": setup.instance,
            "InstanceCount": 1,
            "VolumeSizeInGB": 10,
            **encrypted,
        },
        # Spot capacity costs about a third, and a training that is broken off has lost minutes.
        "EnableManagedSpotTraining": True,
        "StoppingCondition": {"MaxRuntimeInSeconds": _HOUR, "MaxWaitTimeInSeconds": 2 * _HOUR},
        "EnableNetworkIsolation": True,
    }
    if setup.subnets:
        arguments["VpcConfig"] = _vpc(setup)
    return _step("Train", "Training", arguments) | {"RetryPolicies": _retries()}


def _evaluate(setup: PipelineSetup) -> Step:
    arguments = _processing(
        setup,
        "evaluate",
        [
            _input("model", {"Get": "Steps.Train.ModelArtifacts.S3ModelArtifacts"}),
            _input("test", _made_by("Split", "test")),
            _input("champion", {"Get": "Parameters.Champion"}),
        ],
        [_output(setup, _REPORT_OUTPUT)],
    )
    file = {"PropertyFileName": _REPORT, "OutputName": _REPORT_OUTPUT, "FilePath": "evaluation.json"}
    return _step("Evaluate", "Processing", arguments) | {"PropertyFiles": [file]}


def _decide(setup: PipelineSetup) -> Step:
    """Register what is good enough; otherwise the execution fails and says what was asked for."""
    wanted = [
        _condition("GreaterThanOrEqualTo", "metrics.accuracy", "AccuracyMin"),
        _condition("LessThanOrEqualTo", "against_champion.worse", "WorseMax"),
    ]
    message = {
        "Std:Join": {
            "On": " ",
            "Values": [
                "The model is not registered: its accuracy is below",
                {"Get": "Parameters.AccuracyMin"},
                "or it may be worse than the champion by more than",
                {"Get": "Parameters.WorseMax"},
            ],
        }
    }
    arguments = {
        "Conditions": wanted,
        "IfSteps": [_register(setup)],
        "ElseSteps": [_step("NotGoodEnough", "Fail", {"ErrorMessage": message})],
    }
    return _step("GoodEnough", "Condition", arguments)


def _register(setup: PipelineSetup) -> Step:
    evaluation = {
        "Std:Join": {"On": "/", "Values": [_made_by("Evaluate", _REPORT_OUTPUT), "evaluation.json"]}
    }
    container = {
        "Image": setup.image,
        "ModelDataUrl": {"Get": "Steps.Train.ModelArtifacts.S3ModelArtifacts"},
        "Environment": {"SAGEMAKER_PROGRAM": "rimedio.classification.sagemaker_inference"},
    }
    arguments = {
        "ModelPackageGroupName": setup.package_group,
        "ModelApprovalStatus": {"Get": "Parameters.Approval"},
        "ModelMetrics": {"ModelQuality": {"Statistics": {"ContentType": JSON, "S3Uri": evaluation}}},
        "InferenceSpecification": {
            "Containers": [container],
            "SupportedContentTypes": [JSON, "application/jsonlines", "text/plain"],
            "SupportedResponseMIMETypes": [JSON, "application/jsonlines"],
            "SupportedRealtimeInferenceInstanceTypes": [setup.instance],
            "SupportedTransformInstanceTypes": [setup.instance],
        },
    }
    return _step("Register", "RegisterModel", arguments)


def _processing(setup: PipelineSetup, job: str, inputs: Sequence[Step], outputs: Sequence[Step]) -> Step:
    encrypted = {"VolumeKmsKeyId": setup.kms_key} if setup.kms_key else {}
    sealed = {"KmsKeyId": setup.kms_key} if setup.kms_key else {}
    network: Step = {"EnableNetworkIsolation": True}
    if setup.subnets:
        network["VpcConfig"] = _vpc(setup)
    return {
        "ProcessingResources": {
            "ClusterConfig": {
                "InstanceType": setup.instance,
                "InstanceCount": 1,
                "VolumeSizeInGB": 10,
                **encrypted,
            }
        },
        "AppSpecification": {
            "ImageUri": setup.image,
            "ContainerEntrypoint": ["python", "-m", "rimedio.classification.sagemaker_processing"],
            "ContainerArguments": [job],
        },
        "RoleArn": setup.role_arn,
        "ProcessingInputs": list(inputs),
        "ProcessingOutputConfig": {"Outputs": list(outputs), **sealed},
        "StoppingCondition": {"MaxRuntimeInSeconds": _HOUR},
        "NetworkConfig": network,
    }


def _input(name: str, uri: object) -> Step:
    s3 = {
        "S3Uri": uri,
        "LocalPath": f"{_PROCESSING}/input/{name}",
        "S3DataType": "S3Prefix",
        "S3InputMode": "File",
        "S3DataDistributionType": "FullyReplicated",
    }
    return {"InputName": name, "S3Input": s3}


def _output(setup: PipelineSetup, name: str) -> Step:
    s3 = {
        "S3Uri": _place(setup, name),
        "LocalPath": f"{_PROCESSING}/output/{name}",
        "S3UploadMode": "EndOfJob",
    }
    return {"OutputName": name, "S3Output": s3}


def _place(setup: PipelineSetup, name: str) -> Step:
    """A folder of this execution's own."""
    begin = f"s3://{setup.bucket}/{setup.prefix}/runs"
    return {"Std:Join": {"On": "/", "Values": [begin, {"Get": "Execution.PipelineExecutionId"}, name]}}


def _made_by(step: str, output: str) -> Step:
    return {"Get": f"Steps.{step}.ProcessingOutputConfig.Outputs['{output}'].S3Output.S3Uri"}


def _source(uri: object) -> Step:
    return {"S3DataType": "S3Prefix", "S3Uri": uri, "S3DataDistributionType": "FullyReplicated"}


def _condition(kind: str, path: str, parameter: str) -> Step:
    left = {"Std:JsonGet": {"PropertyFile": {"Get": f"Steps.Evaluate.PropertyFiles.{_REPORT}"}, "Path": path}}
    return {"Type": kind, "LeftValue": left, "RightValue": {"Get": f"Parameters.{parameter}"}}


def _vpc(setup: PipelineSetup) -> Step:
    return {"Subnets": list(setup.subnets), "SecurityGroupIds": list(setup.security_groups)}


def _cached() -> Step:
    """The same rows are split once a week at most."""
    return {"CacheConfig": {"Enabled": True, "ExpireAfter": "P7D"}}


def _retries() -> list[Step]:
    types = ["SageMaker.CAPACITY_ERROR", "SageMaker.JOB_INTERNAL_ERROR", "Step.THROTTLING"]
    return [{"ExceptionType": types, "IntervalSeconds": 60, "BackoffRate": 2.0, "MaxAttempts": 3}]


def _step(name: str, kind: str, arguments: Step) -> Step:
    return {"Name": name, "Type": kind, "Arguments": arguments}
