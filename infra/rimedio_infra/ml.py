"""The classifier on SageMaker: registry, training pipeline, endpoint with a shadow of the challenger.

Only in the scale profile: the model is 5 MB, and the frugal one reads it inside the function.
The endpoint needs a trained model, so it exists once the parameter `ModelData` names one.
"""

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sagemaker as sagemaker

from rimedio.classification.sagemaker_pipeline import PipelineSetup, training_pipeline
from rimedio_infra.deployment import ClassifierEndpoint, Deployment
from rimedio_infra.grants import Grant, service_role


def classifier(stack: cdk.Stack, d: Deployment, key: kms.IKey) -> None:
    """Registry, pipeline and endpoint."""
    image = cdk.CfnParameter(
        stack,
        "Image",
        description="Our own container: ACCOUNT.dkr.ecr.REGION.amazonaws.com/rimedio-classifier:TAG",
    )
    model_data = cdk.CfnParameter(
        stack,
        "ModelData",
        default="",
        description="s3:// address of the champion's model.tar.gz; empty: no endpoint",
    )
    role = _role(stack, d, key)
    sagemaker.CfnModelPackageGroup(
        stack,
        "Registry",
        model_package_group_name=d.named("classifier"),
        model_package_group_description="Versions of the ticket classifier; a person approves each",
    )
    setup = PipelineSetup(
        role_arn=role.role_arn,
        image=image.value_as_string,
        bucket=d.bucket(),
        package_group=d.named("classifier"),
        kms_key=key.key_arn,
    )
    sagemaker.CfnPipeline(
        stack,
        "Training",
        pipeline_name=d.named("classifier"),
        pipeline_description="Train, evaluate, register",
        role_arn=role.role_arn,
        pipeline_definition={"PipelineDefinitionBody": stack.to_json_string(training_pipeline(setup))},
    )
    there = cdk.CfnCondition(
        stack,
        "HasModel",
        expression=cdk.Fn.condition_not(cdk.Fn.condition_equals(model_data.value_as_string, "")),
    )
    for resource in _endpoint(
        stack, d, key, role, image=image.value_as_string, model_data=model_data.value_as_string
    ):
        resource.cfn_options.condition = there


def _role(stack: cdk.Stack, d: Deployment, key: kms.IKey) -> iam.Role:
    group = d.named("classifier")
    jobs = tuple(d.arn("sagemaker", f"{kind}-job/*") for kind in ("training", "processing"))
    images = d.arn("ecr", "repository/rimedio-classifier")
    packages = (
        d.arn("sagemaker", f"model-package-group/{group}"),
        d.arn("sagemaker", f"model-package/{group}/*"),
    )
    keys = (d.bucket_arn(key="classifiers/*"), d.bucket_arn(key="training/*"))
    training = tuple(
        f"{verb}{kind}Job" for kind in ("Training", "Processing") for verb in ("Create", "Describe", "Stop")
    )
    pulls = ("BatchGetImage", "GetDownloadUrlForLayer", "BatchCheckLayerAvailability")
    writes = ("CreateLogGroup", "CreateLogStream", "PutLogEvents", "DescribeLogStreams")
    via = [f"{service}.{d.region}.amazonaws.com" for service in ("s3", "sagemaker")]
    passed = {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}}
    grants = [
        Grant(
            "Files",
            ("s3:GetObject", "s3:PutObject"),
            keys,
            why="training data and models, below these prefixes",
        ),
        Grant("ListFiles", ("s3:ListBucket",), (d.bucket_arn(),)),
        Grant(
            "Train",
            tuple(f"sagemaker:{n}" for n in (*training, "AddTags")),
            jobs,
            why="the pipeline names its jobs",
        ),
        Grant(
            "Register",
            tuple(f"sagemaker:{n}ModelPackage" for n in ("Create", "Describe")),
            packages,
            why="its versions",
        ),
        Grant("HandOver", ("iam:PassRole",), (d.arn("iam", f"role/{group}", region=""),), passed),
        Grant(
            "PullImage",
            tuple(f"ecr:{n}" for n in pulls),
            (images,),
        ),
        Grant(
            "Tell",
            ("ecr:GetAuthorizationToken", "cloudwatch:PutMetricData"),
            ("*",),
            why="these know no resource",
        ),
        Grant(
            "WriteLogs",
            tuple(f"logs:{n}" for n in writes),
            (d.arn("logs", "log-group:/aws/sagemaker/*"),),
            why="SageMaker names the groups",
        ),
        Grant(
            "Open",
            ("kms:Decrypt", "kms:GenerateDataKey", "kms:CreateGrant"),
            (key.key_arn,),
            {"StringEquals": {"kms:ViaService": via}},
        ),
    ]
    return service_role(stack, "Role", "sagemaker.amazonaws.com", grants, role_name=group)


def _endpoint(
    stack: cdk.Stack, d: Deployment, key: kms.IKey, role: iam.Role, *, image: str, model_data: str
) -> list[cdk.CfnResource]:
    sizes = d.sizes.classifier_endpoint
    model = sagemaker.CfnModel(
        stack,
        "Model",
        execution_role_arn=role.role_arn,
        primary_container={"image": image, "modelDataUrl": model_data},
        enable_network_isolation=True,
    )
    instances = sizes.mode == "instances"
    config = sagemaker.CfnEndpointConfig(
        stack,
        "EndpointConfig",
        production_variants=[_variant("champion", model, sizes)],
        shadow_production_variants=([_shadow(model, sizes)] if instances and sizes.shadow_count else None),
        # Volumes of instances only: a serverless endpoint has none.
        kms_key_id=key.key_arn if instances else None,
    )
    endpoint = sagemaker.CfnEndpoint(
        stack,
        "Endpoint",
        endpoint_name=d.named("classifier"),
        endpoint_config_name=config.attr_endpoint_config_name,
        deployment_config=_blue_green(d) if instances else None,
    )
    return [model, config, endpoint]


def _variant(name: str, model: sagemaker.CfnModel, sizes: ClassifierEndpoint) -> dict[str, object]:
    variant: dict[str, object] = {
        "variantName": name,
        "modelName": model.attr_model_name,
        "initialVariantWeight": 1,
    }
    if sizes.mode == "serverless":
        return variant | {
            "serverlessConfig": {"memorySizeInMb": sizes.memory_mb, "maxConcurrency": sizes.concurrency}
        }
    return variant | {"instanceType": sizes.instance, "initialInstanceCount": sizes.count}


def _shadow(model: sagemaker.CfnModel, sizes: ClassifierEndpoint) -> dict[str, object]:
    """A copy of every request for the challenger, whose answers nobody sees; deployed with the champion's model."""
    return _variant("shadow", model, sizes) | {
        "initialInstanceCount": sizes.shadow_count,
        "initialVariantWeight": 1,
    }


def _blue_green(d: Deployment) -> dict[str, object]:
    """New instances take a tenth of the traffic for ten minutes; an alarm brings the old ones back."""
    return {
        "blueGreenUpdatePolicy": {
            "trafficRoutingConfiguration": {
                "type": "CANARY",
                "canarySize": {"type": "INSTANCE_COUNT", "value": 1},
                "waitIntervalInSeconds": 600,
            },
            "terminationWaitInSeconds": 300,
        },
        "autoRollbackConfiguration": {"alarms": [{"alarmName": d.named("customers-affected")}]},
    }
