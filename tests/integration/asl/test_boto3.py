"""Task states over boto3's own clients, against moto."""

from functools import cache
from typing import Any

import pytest

from rimedio.asl import Engine, Machine
from rimedio.asl.integrations.services import PREFIX, services

boto3 = pytest.importorskip("boto3")
moto = pytest.importorskip("moto")


def test_tasks_put_items_send_messages_and_list_machines(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-south-1")
    with moto.mock_aws():
        clients = cache(boto3.client)
        queue = clients("sqs").create_queue(QueueName="q")["QueueUrl"]
        clients("dynamodb").create_table(
            TableName="t",
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        engine = Engine(handlers=services(clients))

        def run(resource: str, arguments: dict[str, Any]) -> Any:
            state = {"Type": "Task", "Resource": PREFIX + resource, "Arguments": arguments, "End": True}
            definition = {"QueryLanguage": "JSONata", "StartAt": "A", "States": {"A": state}}
            return engine.run(engine.start(Machine.parse(definition)))

        item = {
            "TableName": "t",
            "Item": {"id": {"S": "1"}},
            "ConditionExpression": "attribute_not_exists(id)",
        }
        assert run("dynamodb:putItem", item).status == "SUCCEEDED"
        assert run("dynamodb:putItem", item).error == "DynamoDB.ConditionalCheckFailedException"
        found = run("dynamodb:getItem", {"TableName": "t", "Key": {"id": {"S": "1"}}})
        assert found.output["Item"] == {"id": {"S": "1"}}
        metadata = found.output["SdkHttpMetadata"]
        assert metadata["HttpStatusCode"] == 200
        assert metadata["AllHttpHeaders"]["content-type"] == [metadata["HttpHeaders"]["content-type"]]
        assert "MessageId" in run("sqs:sendMessage", {"QueueUrl": queue, "MessageBody": {"a": 1}}).output
        assert clients("sqs").receive_message(QueueUrl=queue)["Messages"][0]["Body"] == '{"a":1}'
        assert run("aws-sdk:sfn:listStateMachines", {"MaxResults": 5}).output == {"StateMachines": []}
