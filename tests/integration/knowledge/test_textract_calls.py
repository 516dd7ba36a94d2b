"""Calls of Textract, as botocore checks them. moto's answers are canned: only the calls are evidence here."""

from rimedio.aws import AwsConnections
from rimedio.domain.clock import FakeClock
from rimedio.knowledge.extract.textract import TextractReader

IRELAND = "eu-west-1"  # Milan has no Textract


def test_calls_have_the_shape_that_the_service_wants(aws_environment, moto_endpoint) -> None:
    connections = AwsConnections(IRELAND, {"*": moto_endpoint})
    try:
        _calls(connections)
    finally:
        connections.close()


def _calls(connections: AwsConnections) -> None:
    reader = TextractReader(connections.client("textract"), FakeClock())
    assert isinstance(reader.read_image(b"\x89PNG", "page.pdf", 60), str)
    connections.client("s3").create_bucket(
        Bucket="scans", CreateBucketConfiguration={"LocationConstraint": connections.region}
    )
    connections.client("s3").put_object(Bucket="scans", Key="scan.pdf", Body=b"%PDF-")
    assert isinstance(reader.read_document("scans", "scan.pdf", version=None), tuple)
