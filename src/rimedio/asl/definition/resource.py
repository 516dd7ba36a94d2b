"""What a task may call: which resources Step Functions knows, by their ARN."""

import re

# How the optimized integrations can be called beside asking and going on (the developer guide's table). Services
# that are not in it are newer than this list, and are taken as they stand.
_RUN, _RUN_OR_TOKEN, _TOKEN, _ASK = ("sync",), ("sync", "waitForTaskToken"), ("waitForTaskToken",), ()
WAYS: dict[str, tuple[str, ...]] = {
    "apigateway": _TOKEN, "athena": _RUN, "aws-sdk": _TOKEN, "batch": _RUN, "bedrock": _RUN_OR_TOKEN,
    "codebuild": _RUN, "databrew": _RUN, "dynamodb": _ASK, "ecs": _RUN_OR_TOKEN, "eks": _RUN_OR_TOKEN,
    "elasticmapreduce": _RUN, "emr-containers": _RUN, "emr-serverless": _RUN, "events": _TOKEN, "glue": _RUN,
    "http": _ASK, "lambda": _TOKEN, "mediaconvert": _RUN, "s3": _ASK, "sagemaker": _RUN, "sns": _TOKEN,
    "sqs": _TOKEN, "states": ("sync", "sync:2", "waitForTaskToken"),
}  # fmt: skip

_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:\S+")
_ARN = re.compile(r"arn:aws[a-z-]*:[a-z][a-z0-9-]*:[^\s:]*:[^\s:]*:\S+")
_INTEGRATION = re.compile(r"arn:[a-z-]+:states:::(.*)")
_CALL = re.compile(
    r"((?:aws-sdk:|(?!aws-sdk:))[a-z][a-z0-9-]*):[a-z][A-Za-z0-9]*(?:\.(sync|sync:2|waitForTaskToken))?"
)


def problem(resource: str, fitting: tuple[str, ...] = (), *, express: bool) -> str | None:
    """What is wrong with a resource, in AWS's words; None when nothing is.

    Any URI that is no ARN passes: handlers are found by text. `fitting`: the integrations that can be called here,
    when not all can. `express`: for an Express state machine, which neither runs jobs nor waits for tokens and
    activities.
    """
    is_arn = resource.startswith("arn:")
    if not (_ARN if is_arn else _URI).fullmatch(resource):
        return "Value is not a valid resource ARN"
    integration = _INTEGRATION.fullmatch(resource)
    call = _CALL.fullmatch(integration[1]) if integration else None
    way = call[2] if call else None
    service = call[1].partition(":")[0] if call else ""
    known = call and (not way or way in WAYS.get(service, (way,)))
    if integration and not (known and (not fitting or integration[1] in fitting)):
        what = "is not recognized. The value is not a valid resource ARN, or the resource is not available"
        return f"The resource provided {resource} {what} in this region."
    if express and (way or (is_arn and resource.split(":")[5] == "activity")):
        return (
            f"Express state machine does not support '{f'.{way}' if way else 'activity'}' service integration"
        )
    return None
