"""The table as DynamoDB is told to make it; the deployment and the tests read the same definition."""

from dataclasses import dataclass, field

from rimedio.aws import Client
from rimedio.storage.table import EXPIRES_AT, Index

KEY_ATTRIBUTES = ("pk", "sk")
STREAM_VIEW = "NEW_AND_OLD_IMAGES"


@dataclass(frozen=True, slots=True)
class TableDefinition:
    """What a table is made with. Keys are text; indexes carry whole items, for lists show them.

    `recovery` is point-in-time recovery (35 days back), a setting of its own in the API, as is the attribute of
    the time to live: deletion by it lags by up to days, so reads compare it with their own clock.
    """

    key: tuple[str, str] = KEY_ATTRIBUTES
    indexes: tuple[Index, ...] = tuple(Index)
    projection: str = "ALL"
    stream_view: str = STREAM_VIEW
    ttl_attribute: str = EXPIRES_AT
    recovery: bool = True
    billing: str = "PAY_PER_REQUEST"
    tags: dict[str, str] = field(default_factory=dict)

    def request(self, name: str) -> dict[str, object]:
        """The arguments of CreateTable."""
        names = [*self.key, *(attribute for index in self.indexes for attribute in index.attributes)]
        return {
            "TableName": name,
            "BillingMode": self.billing,
            "AttributeDefinitions": [{"AttributeName": found, "AttributeType": "S"} for found in names],
            "KeySchema": _schema(self.key),
            "GlobalSecondaryIndexes": [
                {
                    "IndexName": index.value,
                    "KeySchema": _schema(index.attributes),
                    "Projection": {"ProjectionType": self.projection},
                }
                for index in self.indexes
            ],
            "StreamSpecification": {"StreamEnabled": True, "StreamViewType": self.stream_view},
        }


def table_definition() -> TableDefinition:
    """The definition of Rimedio's one table."""
    return TableDefinition()


def create_table(client: Client, name: str, definition: TableDefinition | None = None) -> str:
    """Make the table and wait until it answers; the ARN of its stream. For tests and for the twin."""
    wanted = definition or table_definition()
    made = client.create_table(**wanted.request(name))["TableDescription"]
    if made["TableStatus"] != "ACTIVE":
        client.get_waiter("table_exists").wait(TableName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 60})
    client.update_time_to_live(
        TableName=name, TimeToLiveSpecification={"Enabled": True, "AttributeName": wanted.ttl_attribute}
    )
    return str(made["LatestStreamArn"])


def stream_arn_of(client: Client, name: str) -> str:
    """The ARN of the stream of a table that exists."""
    return str(client.describe_table(TableName=name)["Table"]["LatestStreamArn"])


def _schema(pair: tuple[str, str]) -> list[dict[str, str]]:
    kinds = ("HASH", "RANGE")
    return [{"AttributeName": name, "KeyType": kind} for name, kind in zip(pair, kinds, strict=True)]
