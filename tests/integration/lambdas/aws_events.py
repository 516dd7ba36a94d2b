"""Events as AWS sends them, field for field (Lambda developer guide, "Using AWS Lambda with other services")."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qs, unquote

from rimedio.storage.streams import Change

ACCOUNT, REGION, API = "000000000000", "eu-south-1", "a1b2c3d4e5"


def proxy_event(
    method: str,
    target: str,
    body: str | None = None,
    *,
    authorizer: Mapping[str, str] | None = None,
    stage: str = "prod",
    base_path: str = "",
    base64: bool = False,
    **headers: str,
) -> dict[str, Any]:
    """A request behind a REST API with the one resource `/v1/{proxy+}`, on its own or on a custom domain."""
    path, _, query = target.partition("?")
    given = {"Host": "api.example.com", "User-Agent": "test"} | {
        n.replace("_", "-"): v for n, v in headers.items()
    }
    if body is not None:
        given.setdefault("Content-Type", "application/json")
    values = parse_qs(query, keep_blank_values=True)
    seen = f"/{base_path}{path}" if base_path else path
    context: dict[str, Any] = {
        "accountId": ACCOUNT,
        "apiId": API,
        "domainName": "api.example.com" if base_path else f"{API}.execute-api.{REGION}.amazonaws.com",
        "extendedRequestId": "JKJaXmPLvHcESHA=",
        "httpMethod": method,
        "identity": {"sourceIp": "192.0.2.1", "userAgent": "test", "accessKey": None, "caller": None},
        "path": seen if base_path else f"/{stage}{path}",
        "protocol": "HTTP/1.1",
        "requestId": "c6af9ac6-7b61-11e6-9a41-93e8deadbeef",
        "requestTime": "09/Apr/2026:12:34:56 +0000",
        "requestTimeEpoch": 1775738096000,
        "resourceId": "123456",
        "resourcePath": "/v1/{proxy+}",
        "stage": stage,
    }
    if authorizer is not None:
        context["authorizer"] = {
            **authorizer,
            "principalId": authorizer.get("subject", "x"),
            "integrationLatency": 3,
        }
    return {
        "resource": "/v1/{proxy+}",
        "path": seen,
        "httpMethod": method,
        "headers": given,
        "multiValueHeaders": {name: [value] for name, value in given.items()},
        "queryStringParameters": {name: found[-1] for name, found in values.items()} or None,
        "multiValueQueryStringParameters": values or None,
        "pathParameters": {"proxy": unquote(path.removeprefix("/v1/"))},
        "stageVariables": None,
        "requestContext": context,
        "body": body,
        "isBase64Encoded": base64,
    }


def authorizer_event(token: str | None) -> dict[str, Any]:
    """A REQUEST authorizer's event."""
    headers = {"Host": "api.example.com"} | ({"Authorization": f"Bearer {token}"} if token else {})
    return {
        "type": "REQUEST",
        "methodArn": f"arn:aws:execute-api:{REGION}:{ACCOUNT}:{API}/prod/GET/v1/me",
        "resource": "/v1/{proxy+}",
        "path": "/v1/me",
        "httpMethod": "GET",
        "headers": headers,
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "queryStringParameters": {},
        "pathParameters": {"proxy": "me"},
        "stageVariables": {},
        "requestContext": {"path": "/prod/v1/me", "accountId": ACCOUNT, "apiId": API, "stage": "prod"},
    }


def stream_event(changes: Iterable[Change]) -> dict[str, Any]:
    """A batch of a DynamoDB stream with old and new images."""
    return {"Records": [stream_record(change) for change in changes]}


def stream_record(change: Change) -> dict[str, Any]:
    told: dict[str, Any] = {
        "ApproximateCreationDateTime": change.at.timestamp(),
        "Keys": typed({"pk": change.key.pk, "sk": change.key.sk})["M"],
        "SequenceNumber": f"{int(change.sequence):021d}",
        "SizeBytes": 100,
        "StreamViewType": "NEW_AND_OLD_IMAGES",
    }
    if change.old is not None:
        told["OldImage"] = typed(change.old)["M"]
    if change.new is not None:
        told["NewImage"] = typed(change.new)["M"]
    return {
        "eventID": f"event-{change.sequence}",
        "eventName": change.kind.value,
        "eventVersion": "1.1",
        "eventSource": "aws:dynamodb",
        "awsRegion": REGION,
        "dynamodb": told,
        "eventSourceARN": f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/rimedio-dev/stream/2026-01-01T00:00:00.000",
    }


def given_up(function: str, stream_arn: str, shard: str, numbers: Sequence[str]) -> dict[str, Any]:
    """What Lambda keeps of a stream's batch that failed for good: where it stood, and none of its records."""
    return {
        "requestContext": {
            "requestId": "316aa6d0-8154-4a1c-9af7-85d5f4a6bc81",
            "functionArn": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{function}:live",
            "condition": "RetryAttemptsExhausted",
            "approximateInvokeCount": 11,
        },
        "responseContext": {"statusCode": 200, "executedVersion": "7", "functionError": "Unhandled"},
        "version": "1.0",
        "timestamp": "2026-01-31T08:35:00.000Z",
        "DDBStreamBatchInfo": {
            "shardId": shard,
            "startSequenceNumber": numbers[0],
            "endSequenceNumber": numbers[-1],
            "approximateArrivalOfFirstRecord": "2026-01-31T08:30:00Z",
            "approximateArrivalOfLastRecord": "2026-01-31T08:30:01Z",
            "batchSize": len(numbers),
            "streamArn": stream_arn,
        },
    }


def typed(value: object) -> dict[str, Any]:
    """A value as DynamoDB JSON."""
    if value is None:
        return {"NULL": True}
    if isinstance(value, bool):
        return {"BOOL": value}
    if isinstance(value, int | float):
        return {"N": repr(value)}
    if isinstance(value, Mapping):
        return {"M": {name: typed(inner) for name, inner in value.items()}}
    if isinstance(value, list | tuple):
        return {"L": [typed(inner) for inner in value]}
    return {"S": str(value)}


def sqs_event(*bodies: object, received: int = 1) -> dict[str, Any]:
    """A batch of messages of an SQS queue."""
    return {
        "Records": [
            {
                "messageId": f"059f36b4-87a3-44ab-83d2-66197{number:07d}",
                "receiptHandle": f"handle-{number}",
                "body": body if isinstance(body, str) else json.dumps(body),
                "attributes": {
                    "ApproximateReceiveCount": str(received),
                    "SentTimestamp": "1767225600000",
                    "SenderId": "AIDAIENQZJOLO23YVJ4VO",
                    "ApproximateFirstReceiveTimestamp": "1767225600001",
                },
                "messageAttributes": {},
                "md5OfBody": "e4e68fb7bd0e697a0ae8f1bb342846b3",
                "eventSource": "aws:sqs",
                "eventSourceARN": f"arn:aws:sqs:{REGION}:{ACCOUNT}:rimedio-dev-documents",
                "awsRegion": REGION,
            }
            for number, body in enumerate(bodies, 1)
        ]
    }


def bus_event(detail_type: str, source: str, detail: Mapping[str, object], number: int = 1) -> dict[str, Any]:
    """An event as an EventBridge rule hands it to a function."""
    return {
        "version": "0",
        "id": f"6a7e8feb-b491-4cf7-a9f1-bf370{number:07d}",
        "detail-type": detail_type,
        "source": source,
        "account": ACCOUNT,
        "time": "2026-01-31T08:30:00Z",
        "region": REGION,
        "resources": [],
        "detail": dict(detail),
    }


def s3_notification(key: str, bucket: str = "rimedio-dev-000000000000") -> dict[str, Any]:
    """S3's own notification of a new object."""
    return {
        "Records": [
            {
                "eventVersion": "2.1",
                "eventSource": "aws:s3",
                "awsRegion": REGION,
                "eventTime": "2026-01-31T08:30:00.000Z",
                "eventName": "ObjectCreated:Put",
                "s3": {
                    "s3SchemaVersion": "1.0",
                    "bucket": {"name": bucket, "arn": f"arn:aws:s3:::{bucket}"},
                    "object": {"key": key, "size": 1024, "eTag": "d41d8cd98f00b204e9800998ecf8427e"},
                },
            }
        ]
    }
