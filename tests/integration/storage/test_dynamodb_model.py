"""DynamoDB against the same model as SQLite, on DynamoDB Local."""

from collections.abc import Callable

from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test
from tests.contract.storage.table_model import TableModel

from rimedio.aws import AwsConnections
from rimedio.domain.clock import FakeClock
from rimedio.storage.dynamodb_definition import create_table
from rimedio.storage.dynamodb_streams import DynamoDbChangeStream
from rimedio.storage.dynamodb_table import DynamoDbTable

STEADY = settings(
    max_examples=8,
    phases=[Phase.generate],  # smaller examples are found on SQLite, a hundred times as fast
    stateful_step_count=15,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)


def test_dynamodb_does_what_a_plain_dict_does(
    dynamodb_connections: AwsConnections, unique_name: Callable[[str], str]
) -> None:
    client, streams = (dynamodb_connections.client(name) for name in ("dynamodb", "dynamodbstreams"))
    made: list[str] = []

    def begin() -> TableModel:
        clock, name = FakeClock(), unique_name("model")
        arn = create_table(client, name)
        made.append(name)
        table = DynamoDbTable(client, name, clock)
        return TableModel(table, DynamoDbChangeStream(streams, table, arn, clock), clock, purges=False)

    try:
        run_state_machine_as_test(begin, settings=STEADY)
    finally:
        for name in made:
            client.delete_table(TableName=name)
