"""The role with which Bedrock's batch jobs read texts and write vectors: files of batches, nothing else of the bucket.

https://docs.aws.amazon.com/bedrock/latest/userguide/batch-iam-sr.html
"""

import aws_cdk as cdk
from aws_cdk import aws_iam as iam

from rimedio_infra.deployment import ACCOUNT, Deployment
from rimedio_infra.grants import Grant, role
from rimedio_infra.needs_calls import model_arns

BEDROCK = "bedrock.amazonaws.com"
FILES = "objects/*/batch/*"  # as rimedio.llm.bedrock_batch writes them, below each tenant's folder


def batches(stack: cdk.Stack, d: Deployment, key_arn: str) -> iam.Role:
    """The role. Only batch jobs of this account and region may take it on."""
    jobs = d.arn("bedrock", "model-invocation-job/*")
    mine = {"StringEquals": {"aws:SourceAccount": ACCOUNT}, "ArnEquals": {"aws:SourceArn": jobs}}
    return role(
        stack,
        "BatchRole",
        iam.ServicePrincipal(BEDROCK, conditions=mine),
        _grants(d, key_arn),
        role_name=d.named("batch"),
        description="What Bedrock's batch jobs may do with the files of a batch",
    )


def _grants(d: Deployment, key_arn: str) -> list[Grant]:
    own = {"StringEquals": {"aws:ResourceAccount": ACCOUNT}}
    through = {
        "StringEquals": {"kms:ViaService": f"s3.{d.region}.amazonaws.com", "kms:CallerAccount": ACCOUNT}
    }
    why = "files of batches of all tenants; a job's folder is named when it starts"
    return [
        Grant("BatchFiles", ("s3:GetObject", "s3:PutObject"), (d.bucket_arn(key=FILES),), own, why=why),
        Grant(
            "ListBatches", ("s3:ListBucket",), (d.bucket_arn(),), own | {"StringLike": {"s3:prefix": [FILES]}}
        ),
        Grant("Vectors", ("bedrock:InvokeModel",), model_arns(d, d.models.embedding)),
        Grant("Open", ("kms:Decrypt", "kms:GenerateDataKey"), (key_arn,), through),
    ]
