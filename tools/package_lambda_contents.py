"""What of the libraries and of Rimedio goes into a function's package, and what stays out, each with its reason."""

import re
import shutil
from pathlib import Path

SERVICES = frozenset(
    {
        "bedrock", "bedrock-agent-runtime", "bedrock-runtime", "cloudwatch", "cognito-idp", "dynamodb",
        "dynamodbstreams", "events", "kms", "s3", "sagemaker", "sagemaker-runtime", "scheduler", "schemas",
        "secretsmanager", "sns", "sqs", "stepfunctions", "sts", "textract",
    }
)  # fmt: skip
ROOMS_LEFT_OUT = (
    "__main__.py",
    "bedrock_local",  # for developers
    "cli",
    "console",  # CloudFront serves it from S3
    "http",  # API Gateway is the server
    "knowledge/embedding/models",  # embeddings come from Bedrock
)
LIBRARIES_LEFT_OUT = (
    "PIL/_avif*",  # pages leave as PNG
    "PIL/_imagingcms*",
    "PIL/_imagingft*",
    "aws_lambda_powertools/event_handler/openapi/swagger_ui/*.js",
    "aws_lambda_powertools/event_handler/openapi/swagger_ui/*.css",
    "bin",
    "boto3/examples",
    "botocore/cacert.pem",  # certifi's is there
    "colorama",
    "docutils/parsers/rst/include",
    "docutils/writers/*/",  # documents are read, never written
    "google",  # protobuf: only OpenSearch's gRPC transport wants it, and HTTP is spoken
    "grpc",
    "lxml/html",  # python-docx wants lxml.etree alone
    "lxml/includes",
    "lxml/isoschematron",
    "lxml/objectify*",
    "numpy/_core/include",
    "numpy/_core/lib",
    "numpy/f2py",
    "numpy/_pyinstaller",
    "numpy/distutils",
    "opensearch/protobufs",
    "phonenumbers/carrierdata",  # numbers are found, not located
    "phonenumbers/geodata",
    "phonenumbers/tzdata",
    "pydantic/v1",
    "pillow.libs/libavif*",
    "pillow.libs/libfreetype*",
    "pillow.libs/libharfbuzz*",
    "pillow.libs/liblcms2*",
    "stdnum/oui.dat",  # makers of network cards
    "tqdm",
    "yaml/_yaml*",  # the pure loader is the one that is used
)
# What a cold start imports: compiled, and without its sources, for both would pass Lambda's limit. Libraries that
# only single requests need stay as sources: they are compiled in memory when they are first imported.
COMPILED_ONLY = (
    "annotated_types", "aws_lambda_powertools", "boto3", "botocore", "cryptography", "dateutil", "h11", "httpcore",
    "httpx", "idna", "jmespath", "jwt", "numpy", "opensearchpy", "orjson", "phonenumbers", "pydantic",
    "pydantic_core", "s3transfer", "typing_inspection", "urllib3",
)  # fmt: skip
UNWANTED = re.compile(
    r"(^|/)(tests?|testing/tests|__pycache__)(/|$)|\.(pyi|pyx|pxd|c|h|cpp|hpp|a|exe)$|\.dist-info/(RECORD|INSTALLER|WHEEL|REQUESTED)$"
    r"|\.dist-info/(direct_url|sboms)"
)
KEPT_ALTHOUGH = re.compile(r"^numpy/testing/")  # numpy imports it


def prune(folder: Path) -> None:
    """Take out of installed libraries what a function never uses."""
    for pattern in LIBRARIES_LEFT_OUT:
        for path in list(folder.glob(pattern)):
            _remove(path)
    _prune_botocore(folder / "botocore" / "data")
    for path in sorted(folder.rglob("*"), reverse=True):
        inside = path.relative_to(folder).as_posix()
        if UNWANTED.search(inside) and not KEPT_ALTHOUGH.search(inside):
            _remove(path)


def add_rimedio(source: Path, folder: Path) -> None:
    """Copy Rimedio's own package, without the rooms that no function enters."""
    ignored = shutil.ignore_patterns("__pycache__", "*.pyc")
    target = folder / "rimedio"
    shutil.copytree(source, target, ignore=ignored)
    for name in ROOMS_LEFT_OUT:
        _remove(target / name)


def _prune_botocore(data: Path) -> None:
    """Models of other services weigh more than everything else together."""
    if not data.is_dir():
        return
    for path in data.iterdir():
        if path.is_dir() and path.name not in SERVICES:
            shutil.rmtree(path)
    for unused in data.rglob("examples-1.json*"):
        unused.unlink()


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    elif path.exists():
        path.unlink()
