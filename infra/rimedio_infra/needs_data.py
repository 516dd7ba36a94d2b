"""Needs that touch data: table, objects, knowledge, models, keys, secrets."""

from collections.abc import Sequence

from rimedio_infra.catalogue import Need
from rimedio_infra.deployment import Deployment
from rimedio_infra.grants import Grant
from rimedio_infra.shared import Maker, Shared

OF_TENANTS = "objects of all tenants: the tenant is the next part of the key, and code checks it"
BELOW = "everything below this prefix of the bucket; names are made at run time"
TENANT = "kms:EncryptionContext:tenant_id"
# The domain's indexes, and what a request to several of them at once is addressed to.
SEARCHING = ("_msearch", "_mget", "_search")
WRITING = ("_bulk", "_aliases", "_reindex", "_refresh")


def _table(d: Deployment) -> str:
    return d.arn("dynamodb", f"table/{d.name}")


def _table_read(d: Deployment, _s: Shared) -> Sequence[Grant]:
    table = _table(d)
    return (
        Grant("ReadItems", ("dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Query"), (table,)),
        Grant("ReadIndexes", ("dynamodb:Query",), (f"{table}/index/gsi1", f"{table}/index/gsi2")),
    )


def _table_write(d: Deployment, _s: Shared) -> Sequence[Grant]:
    # TransactWriteItems is allowed by the permissions of the single actions in it.
    names = ("PutItem", "UpdateItem", "DeleteItem", "ConditionCheckItem", "BatchWriteItem")
    return (Grant("WriteItems", tuple(f"dynamodb:{name}" for name in names), (_table(d),)),)


def _table_stream(d: Deployment, _s: Shared) -> Sequence[Grant]:
    names = ("GetRecords", "GetShardIterator", "DescribeStream", "ListStreams")
    stream = f"{_table(d)}/stream/*"
    why = "a stream's name is the moment it was made; it is a stream of this table all the same"
    return (Grant("ReadStream", tuple(f"dynamodb:{name}" for name in names), (stream,), why=why),)


def _see(d: Deployment, sid: str, *prefixes: str) -> Grant:
    """Without s3:ListBucket S3 answers 403 for what is absent. A GetObject carries no prefix: hence IfExists."""
    seen = {"StringLikeIfExists": {"s3:prefix": [f"{prefix}/*" for prefix in prefixes]}}
    return Grant(sid, ("s3:ListBucket",), (d.bucket_arn(),), seen)


def _objects_read(d: Deployment, _s: Shared) -> Sequence[Grant]:
    return (
        Grant("ReadObjects", ("s3:GetObject",), (d.bucket_arn(key="objects/*"),), why=OF_TENANTS),
        _see(d, "ListObjects", "objects"),
    )


def _objects_write(d: Deployment, _s: Shared) -> Sequence[Grant]:
    actions = ("s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload")
    return (Grant("WriteObjects", actions, (d.bucket_arn(key="objects/*"),), why=OF_TENANTS),)


def _attachments_read(d: Deployment, _s: Shared) -> Sequence[Grant]:
    keys = d.bucket_arn(key="objects/*/attachments/*")
    return (
        Grant("ReadAttachments", ("s3:GetObject",), (keys,), why=OF_TENANTS),
        _see(d, "MissAttachments", "objects"),
    )


def _vaults_write(d: Deployment, _s: Shared) -> Sequence[Grant]:
    keys = d.bucket_arn(key="objects/*/vaults/*")
    return (
        Grant("KeepVaults", ("s3:GetObject", "s3:PutObject"), (keys,), why=OF_TENANTS),
        _see(d, "MissVaults", "objects"),
    )


def _domain(d: Deployment, path: str) -> str:
    return d.arn("es", f"domain/{d.name}/{path}")


def _index_read(d: Deployment, _s: Shared) -> Sequence[Grant]:
    if d.sizes.opensearch:
        # _search, _msearch and _count are POST; GET reads one document or a mapping.
        actions = ("es:ESHttpGet", "es:ESHttpPost", "es:ESHttpHead")
        resources = tuple(_domain(d, path) for path in ("rimedio*", *SEARCHING))
        return (
            Grant(
                "SearchIndexes", actions, resources, why="indexes change their names when they are rebuilt"
            ),
        )
    return (
        Grant("ReadPublishedIndex", ("s3:GetObject",), (d.bucket_arn(key="knowledge/*"),), why=BELOW),
        _see(d, "MissPublishedIndex", "knowledge"),
    )


def _index_write(d: Deployment, _s: Shared) -> Sequence[Grant]:
    if d.sizes.opensearch:
        writing = ("es:ESHttpPut", "es:ESHttpPost", "es:ESHttpDelete")
        resources = tuple(_domain(d, path) for path in ("rimedio*", *WRITING))
        return (
            Grant("WriteIndexes", writing, resources, why="indexes change their names when they are rebuilt"),
        )
    actions = ("s3:PutObject", "s3:DeleteObject")
    return (Grant("PublishIndex", actions, (d.bucket_arn(key="knowledge/*"),), why=BELOW),)


def _models_read(d: Deployment, _s: Shared) -> Sequence[Grant]:
    return (
        Grant("ReadModels", ("s3:GetObject",), (d.bucket_arn(key="classifiers/*"),), why=BELOW),
        _see(d, "ListModels", "classifiers"),
    )


def _models_write(d: Deployment, _s: Shared) -> Sequence[Grant]:
    keys = (d.bucket_arn(key="classifiers/*"), d.bucket_arn(key="training/*"))
    return (Grant("WriteModels", ("s3:PutObject",), keys, why=BELOW),)


def _tenant_keys(_d: Deployment, s: Shared) -> Sequence[Grant]:
    """A data key belongs to a tenant: a request that names none is refused."""
    return (
        Grant(
            "TenantKeys", ("kms:GenerateDataKey", "kms:Decrypt"), (s.key_arn,), {"Null": {TENANT: "false"}}
        ),
    )


def _secret(d: Deployment) -> str:
    # Secrets Manager adds six characters to a name; a question mark each is narrower than an asterisk.
    return d.arn("secretsmanager", f"secret:{d.named('signing-key')}-??????")


def _signing_keys(d: Deployment, _s: Shared) -> Sequence[Grant]:
    return (Grant("ReadSigningKey", ("secretsmanager:GetSecretValue",), (_secret(d),)),)


def _rotate(d: Deployment, _s: Shared) -> Sequence[Grant]:
    names = ("DescribeSecret", "GetSecretValue", "PutSecretValue", "UpdateSecretVersionStage")
    return (Grant("RotateSecrets", tuple(f"secretsmanager:{name}" for name in names), (_secret(d),)),)


DATA: dict[Need, Maker] = {
    Need.TABLE_READ: _table_read,
    Need.TABLE_WRITE: _table_write,
    Need.TABLE_STREAM: _table_stream,
    Need.OBJECTS_READ: _objects_read,
    Need.OBJECTS_WRITE: _objects_write,
    Need.ATTACHMENTS_READ: _attachments_read,
    Need.VAULTS_WRITE: _vaults_write,
    Need.INDEX_READ: _index_read,
    Need.INDEX_WRITE: _index_write,
    Need.MODELS_READ: _models_read,
    Need.MODELS_WRITE: _models_write,
    Need.TENANT_KEYS: _tenant_keys,
    Need.SIGNING_KEYS: _signing_keys,
    Need.ROTATE: _rotate,
}
