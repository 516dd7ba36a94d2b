"""What waits in the standby region: a replica of the key, the copy of the objects, the vault of backups.

Deployed before the data stack, which replicates into it. Its key is a replica of the home region's multi-Region
key, whose ARN the deployment script passes on: regions share no exports.
"""

import aws_cdk as cdk
from aws_cdk import aws_backup as backup
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3

from rimedio_infra.deployment import ACCOUNT, Deployment
from rimedio_infra.grants import Grant, role
from rimedio_infra.stacks import removal

VAULT_DAYS = (7, 365)
EVERY_OBJECT = "replication copies every object of this one bucket"
BY_ALIAS = "the key and its replica, named by their alias in the condition; ids are made up by AWS"


def standby(stack: cdk.Stack, d: Deployment) -> None:
    """Key, bucket and vault in the standby region."""
    primary = cdk.CfnParameter(
        stack,
        "PrimaryKeyArn",
        description="Output KeyArn of the keys stack",
        allowed_pattern="^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/mrk-[0-9a-f]{32}$",
    )
    replica = kms.CfnReplicaKey(
        stack,
        "Key",
        primary_key_arn=primary.value_as_string,
        description=f"Replica of {d.name}'s key",
        pending_window_in_days=30,
        key_policy=_key_policy(),
    )
    replica.apply_removal_policy(cdk.RemovalPolicy.RETAIN)
    kms.CfnAlias(stack, "KeyAlias", alias_name=f"alias/{d.name}", target_key_id=replica.ref)
    _bucket(stack, d, kms.Key.from_key_arn(stack, "Sealed", replica.attr_arn))
    vault(stack, d, replica.attr_arn)


def _key_policy() -> dict[str, object]:
    root = f"arn:{cdk.Aws.PARTITION}:iam::{ACCOUNT}:root"
    statement = {
        "Sid": "Account",
        "Effect": "Allow",
        "Principal": {"AWS": root},
        "Action": "kms:*",
        "Resource": "*",
    }
    return {"Version": "2012-10-17", "Statement": [statement]}


def _bucket(stack: cdk.Stack, d: Deployment, key: kms.IKey) -> s3.Bucket:
    return s3.Bucket(
        stack,
        "Copy",
        bucket_name=d.bucket(region=d.standby_region),
        encryption=s3.BucketEncryption.KMS,
        encryption_key=key,
        bucket_key_enabled=True,
        block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
        enforce_ssl=True,
        versioned=True,
        lifecycle_rules=[
            s3.LifecycleRule(id="versions", noncurrent_version_expiration=cdk.Duration.days(30))
        ],
        removal_policy=removal(d),
    )


def vault(stack: cdk.Stack, d: Deployment, key_arn: str) -> backup.CfnBackupVault:
    """A vault under lock: nobody, not even its owner, deletes a backup before its time."""
    shortest, longest = VAULT_DAYS
    made = backup.CfnBackupVault(
        stack,
        "Vault",
        backup_vault_name=d.name,
        encryption_key_arn=key_arn,
        lock_configuration={
            "minRetentionDays": shortest,
            "maxRetentionDays": longest,
            "changeableForDays": 7,  # afterwards the lock itself cannot be taken away
        },
        access_policy={
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Deny",
                    "Principal": "*",
                    "Action": ["backup:DeleteRecoveryPoint", "backup:UpdateRecoveryPointLifecycle"],
                    "Resource": "*",
                }
            ],
        },
    )
    made.apply_removal_policy(cdk.RemovalPolicy.RETAIN)
    return made


def replication_role(stack: cdk.Stack, d: Deployment) -> iam.Role:
    """S3's own role for the copies: reads versions at home, writes replicas in the standby region."""
    here, there = d.bucket_arn(), d.bucket_arn(region=d.standby_region)
    via = {
        "StringLike": {
            "kms:ViaService": [f"s3.{d.region}.amazonaws.com", f"s3.{d.standby_region}.amazonaws.com"]
        }
    }
    keys = [d.arn("kms", "key/*"), d.arn("kms", "key/*", d.standby_region)]
    alias = {"ForAnyValue:StringEquals": {"kms:ResourceAliases": f"alias/{d.name}"}}
    versions = ("GetObjectVersionForReplication", "GetObjectVersionAcl", "GetObjectVersionTagging")
    copies = ("ReplicateObject", "ReplicateDelete", "ReplicateTags")
    grants = [
        Grant("ReadSettings", ("s3:GetReplicationConfiguration", "s3:ListBucket"), (here,)),
        Grant("ReadVersions", tuple(f"s3:{name}" for name in versions), (f"{here}/*",), why=EVERY_OBJECT),
        Grant("WriteCopies", tuple(f"s3:{name}" for name in copies), (f"{there}/*",), why=EVERY_OBJECT),
        Grant("Reseal", ("kms:Decrypt", "kms:Encrypt"), tuple(keys), via | alias, why=BY_ALIAS),
    ]
    return role(
        stack,
        "ReplicationRole",
        iam.ServicePrincipal("s3.amazonaws.com", conditions={"StringEquals": {"aws:SourceAccount": ACCOUNT}}),
        grants,
        role_name=d.named("replication"),
    )


def replication(d: Deployment, copier: iam.Role, key_id: str) -> dict[str, object]:
    """Replication of everything within fifteen minutes (S3 Replication Time Control), with metrics."""
    fifteen = {"minutes": 15}
    return {
        "role": copier.role_arn,
        "rules": [
            {
                "id": "standby",
                "status": "Enabled",
                "priority": 1,
                "filter": {"prefix": ""},
                "deleteMarkerReplication": {"status": "Enabled"},
                "sourceSelectionCriteria": {"sseKmsEncryptedObjects": {"status": "Enabled"}},
                "destination": {
                    "bucket": d.bucket_arn(region=d.standby_region),
                    "storageClass": "STANDARD_IA",
                    "encryptionConfiguration": {
                        "replicaKmsKeyId": d.arn("kms", f"key/{key_id}", d.standby_region)
                    },
                    "replicationTime": {"status": "Enabled", "time": fifteen},
                    "metrics": {"status": "Enabled", "eventThreshold": fifteen},
                },
            }
        ],
    }
