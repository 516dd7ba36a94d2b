"""The event source mapping of a table's stream: raw records, in the JSON that Lambda makes of them."""

import base64
from datetime import datetime
from typing import Any

from rimedio.aws import AwsConnections
from rimedio.storage.dynamodb_definition import stream_arn_of


class TableStream:
    """Reads a stream from its beginning, each record once."""

    def __init__(self, connections: AwsConnections, table: str) -> None:
        self._client = connections.client("dynamodbstreams")
        self.arn = stream_arn_of(connections.client("dynamodb"), table)
        self._iterators: dict[str, str | None] = {}

    def batch(self) -> list[dict[str, Any]]:
        """Records that are new, as `event["Records"]`."""
        shards = self._client.describe_stream(StreamArn=self.arn)["StreamDescription"]["Shards"]
        for shard in shards:
            name = shard["ShardId"]
            if name not in self._iterators:
                found = self._client.get_shard_iterator(
                    StreamArn=self.arn, ShardId=name, ShardIteratorType="TRIM_HORIZON"
                )
                self._iterators[name] = found["ShardIterator"]
        return [record for name in [*self._iterators] for record in self._of_shard(name)]

    def _of_shard(self, name: str) -> list[dict[str, Any]]:
        iterator = self._iterators[name]
        if iterator is None:
            return []
        answer = self._client.get_records(ShardIterator=iterator, Limit=100)
        self._iterators[name] = answer.get("NextShardIterator")
        return [self._event(record) for record in answer["Records"]]

    def _event(self, record: dict[str, Any]) -> dict[str, Any]:
        told: dict[str, Any] = as_json(record)
        return told | {"eventSourceARN": self.arn, "awsRegion": told.get("awsRegion", "")}


def as_json(value: Any) -> Any:
    """Bytes as base64 and times as epoch seconds, as in Lambda's events."""
    if isinstance(value, dict):
        return {key: as_json(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [as_json(inner) for inner in value]
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return value.timestamp() if isinstance(value, datetime) else value
