"""Calls of Textract, as botocore checks them. moto's answers are canned: only the calls are evidence here."""

from rimedio.domain.clock import FakeClock
from rimedio.knowledge.extract.textract import TextractReader


def test_calls_have_the_shape_that_the_service_wants(connections) -> None:
    reader = TextractReader(connections.client("textract"), FakeClock())
    assert isinstance(reader.read_image(b"\x89PNG", "page.pdf", 60), str)
    connections.client("s3").create_bucket(
        Bucket="scans", CreateBucketConfiguration={"LocationConstraint": connections.region}
    )
    connections.client("s3").put_object(Bucket="scans", Key="scan.pdf", Body=b"%PDF-")
    assert isinstance(reader.read_document("scans", "scan.pdf", version=None), tuple)
