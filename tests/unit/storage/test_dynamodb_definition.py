"""What DynamoDB is told to make."""

from rimedio.storage.dynamodb_definition import table_definition


def test_every_key_of_the_port_is_an_attribute_and_nothing_else_is() -> None:
    request = table_definition().request("t")
    names = {attribute["AttributeName"] for attribute in request["AttributeDefinitions"]}
    used = {key["AttributeName"] for key in request["KeySchema"]}
    for index in request["GlobalSecondaryIndexes"]:
        used |= {key["AttributeName"] for key in index["KeySchema"]}
    assert names == used == {"pk", "sk", "gsi1pk", "gsi1sk", "gsi2pk", "gsi2sk"}


def test_the_stream_tells_both_images() -> None:
    stream = table_definition().request("t")["StreamSpecification"]
    assert stream == {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}
