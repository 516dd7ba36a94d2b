"""The engine behind the wire protocol of AWS Step Functions: unmodified SDKs and the AWS CLI work with it.

with StepFunctionsServer(Api(engine)) as server:
    client = boto3.client("stepfunctions", endpoint_url=server.url, region_name="us-east-1")
"""

from rimedio.asl.wire.api import Api
from rimedio.asl.wire.functions import LambdaEndpoint, LocalFunctions, invoked
from rimedio.asl.wire.server import StepFunctionsServer

__all__ = ["Api", "LambdaEndpoint", "LocalFunctions", "StepFunctionsServer", "invoked"]
