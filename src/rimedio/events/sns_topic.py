"""Notices through Amazon SNS: a topic that people subscribe to by mail or telephone."""

from rimedio.aws import Client, translated
from rimedio.events.notices import Notice

SERVICE = "Amazon SNS"


class SnsTopic:
    """A `NoticeBoard`. Subscriptions can filter by the attributes `tenant_id` and `kind`."""

    def __init__(self, client: Client, topic_arn: str) -> None:
        self._client = client
        self._topic_arn = topic_arn

    def post(self, notice: Notice) -> str:
        attributes = {"tenant_id": notice.tenant_id, "kind": notice.kind}
        with translated(SERVICE, f"telling of {notice.kind}"):
            answer = self._client.publish(
                TopicArn=self._topic_arn,
                Subject=notice.subject,
                Message=notice.text,
                MessageAttributes={
                    name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()
                },
            )
        return str(answer["MessageId"])
