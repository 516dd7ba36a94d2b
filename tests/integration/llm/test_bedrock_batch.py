"""A batch job's files in a bucket (moto's); the job itself is played from a script, for nobody emulates it."""

import json

from rimedio.aws import AwsConnections
from rimedio.domain.clock import FakeClock, SeededIds
from rimedio.llm.bedrock_batch import BatchRecord, BedrockBatch
from rimedio.llm.fake_bedrock import BedrockTurn, FakeBedrock
from rimedio.storage.s3_objects import S3ObjectStore

BUCKET = "batches"
ARN = "arn:aws:bedrock:eu-west-1:123456789012:model-invocation-job/abcdefghijkl"
ROLE = "arn:aws:iam::123456789012:role/batch"


def test_bedrock_finds_the_records_where_it_is_told_and_its_results_are_found_again(
    connections: AwsConnections,
) -> None:
    s3 = connections.client("s3")
    where = {"LocationConstraint": connections.region}
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration=where)
    bedrock = FakeBedrock([BedrockTurn(body={"jobArn": ARN})])
    control = bedrock.client("bedrock")
    batch = BedrockBatch(
        control, S3ObjectStore(s3, BUCKET), BUCKET, ROLE, clock=FakeClock(), ids=SeededIds(1)
    )
    records = [BatchRecord(f"r{n}", {"inputText": f"però {n}"}) for n in range(150)]
    job = batch.start("n", "amazon.titan-embed-text-v2:0", records, tenant_id="acme")
    control.close()

    told = bedrock.asked("CreateModelInvocationJob")[0]
    source = told["inputDataConfig"]["s3InputDataConfig"]["s3Uri"].removeprefix(f"s3://{BUCKET}/")
    lines = s3.get_object(Bucket=BUCKET, Key=source)["Body"].read().decode().splitlines()
    target = told["outputDataConfig"]["s3OutputDataConfig"]["s3Uri"].removeprefix(f"s3://{BUCKET}/")
    answers = [
        {"recordId": json.loads(line)["recordId"], "modelOutput": {"n": n}} for n, line in enumerate(lines)
    ]
    text = "\n".join(json.dumps(answer) for answer in reversed(answers))
    s3.put_object(Bucket=BUCKET, Key=f"{target}abcdefghijkl/input.jsonl.out", Body=text.encode())

    assert json.loads(lines[3]) == {"recordId": "r3", "modelInput": {"inputText": "però 3"}}
    assert {r.record_id: r.output for r in batch.results(job)} == {f"r{n}": {"n": n} for n in range(150)}
