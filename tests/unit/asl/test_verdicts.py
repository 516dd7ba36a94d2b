"""Accepted or refused, with which code and at which place: a table of small machines and what AWS says to them."""

import json
from typing import Any

import pytest

from rimedio.asl import Machine, validate
from rimedio.asl.definition.findings import line_of

LAMBDA = "arn:aws:lambda:us-east-1:123456789012:function:f"
END: dict[str, Any] = {"Type": "Pass", "End": True}
DONE: dict[str, Any] = {"Type": "Succeed"}
SCHEMA, TARGET = "SCHEMA_VALIDATION_FAILED", "MISSING_TRANSITION_TARGET"
IS = {"Variable": "$.a", "IsPresent": True}


def machine(first: Any, /, *, language: str = "", **others: Any) -> dict[str, Any]:
    top = {"QueryLanguage": language} if language else {}
    return {**top, "StartAt": "A", "States": {"A": first, **others}}


def inner(name: str = "I", **state: Any) -> dict[str, Any]:
    return {"StartAt": name, "States": {name: {**END, **state}}}


def task(resource: Any = LAMBDA, **fields: Any) -> dict[str, Any]:
    return machine({"Type": "Task", "Resource": resource, "End": True, **fields})


def passing(**fields: Any) -> dict[str, Any]:
    return machine({**END, **fields})


def choice(*rules: Any, **fields: Any) -> dict[str, Any]:
    return machine({"Type": "Choice", "Choices": list(rules), **fields}, Z=DONE)


def parallel(*branches: Any, **fields: Any) -> dict[str, Any]:
    return machine({"Type": "Parallel", "Branches": list(branches), "End": True, **fields})


def mapped(processor: Any = None, **fields: Any) -> dict[str, Any]:
    return machine({"Type": "Map", "ItemProcessor": processor or inner(), "End": True, **fields})


def wait(**fields: Any) -> dict[str, Any]:
    return machine({"Type": "Wait", "End": True, **fields})


def jsonata(**fields: Any) -> dict[str, Any]:
    return machine({"End": True, "Type": "Pass", **fields}, language="JSONata")


def rule(**fields: Any) -> dict[str, Any]:
    return {**fields, "Next": "Z"}


def service(call: str) -> dict[str, Any]:
    return task(f"arn:aws:states:::{call}")


def distributed(kind: str = "STANDARD", **state: Any) -> dict[str, Any]:
    return {**inner(**state), "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": kind}}


RETRY = {"ErrorEquals": ["X"]}
VALID: dict[str, Any] = {
    # tasks and what they call
    "a function": task(),
    "a function's version": task(f"{LAMBDA}:7"),
    "a function's alias": task(f"{LAMBDA}:$LATEST"),
    "a function in China": task("arn:aws-cn:lambda:cn-north-1:123456789012:function:f"),
    "a function for the government": task("arn:aws-us-gov:lambda:us-gov-west-1:123456789012:function:f"),
    "a function with an underscore": task("arn:aws:lambda:eu-south-1:123456789012:function:a_b-C9"),
    "an activity": task("arn:aws:states:us-east-1:123456789012:activity:work"),
    "the specification's own task": task("arn:aws:states:us-east-1:123456789012:task:HelloWorld"),
    "a workflow of the past": task("arn:aws:swf:us-east-1:123456789012:task:X"),
    "an integration in China": task("arn:aws-cn:states:::sqs:sendMessage"),
    **{f"service {call}": service(call) for call in (
        "lambda:invoke", "lambda:invoke.waitForTaskToken", "sqs:sendMessage.waitForTaskToken", "sns:publish",
        "ecs:runTask.sync", "ecs:runTask.waitForTaskToken", "batch:submitJob.sync", "glue:startJobRun.sync",
        "sagemaker:createTrainingJob.sync", "dynamodb:updateItem", "states:startExecution",
        "states:startExecution.sync", "states:startExecution.sync:2", "states:startExecution.waitForTaskToken",
        "events:putEvents", "apigateway:invoke", "http:invoke", "athena:startQueryExecution.sync",
        "emr-containers:startJobRun.sync", "emr-serverless:startJobRun.sync", "elasticmapreduce:addStep.sync",
        "eks:call", "codebuild:startBuild.sync", "bedrock:invokeModel", "mediaconvert:createJob.sync",
        "databrew:startJobRun.sync", "aws-sdk:s3:listBuckets", "aws-sdk:sfn:startExecution",
        "aws-sdk:ec2:describeInstances", "aws-sdk:sqs:sendMessage.waitForTaskToken", "newservice:doThing.sync",
    )},
    "credentials": task(Credentials={"RoleArn": "arn:aws:iam::111122223333:role/r"}),
    "credentials from the input": task(Credentials={"RoleArn.$": "$.role"}),
    "credentials by function": task(Credentials={"RoleArn.$": "States.Format('arn:aws:iam::{}:role/r', $.account)"}),
    "time limits": task(TimeoutSeconds=300, HeartbeatSeconds=60),
    "the longest time limit": task(TimeoutSeconds=99_999_999),
    "a heartbeat alone": task(HeartbeatSeconds=60),
    "time limits from paths": task(TimeoutSecondsPath="$.t", HeartbeatSecondsPath="$$.Execution.Input.h"),
    "everything a task has": task(InputPath="$.i", Parameters={"a.$": "$"}, ResultSelector={"b.$": "$.x"},
                                  ResultPath="$.r", OutputPath="$.r", Retry=[RETRY], Comment="c", Assign={"v.$": "$"}),
    "no retriers": task(Retry=[], Catch=[]),
    "three retriers": task(Retry=[RETRY, {"ErrorEquals": ["A", "B"], "MaxAttempts": 0},
                                  {"ErrorEquals": ["States.ALL"], "BackoffRate": 1.0}]),
    "the specification's errors": task(Retry=[{"ErrorEquals": ["States.Timeout", "States.TaskFailed",
                                                               "States.HeartbeatTimeout", "States.Http.Socket"]}]),
    "a long delay": task(Retry=[{**RETRY, "IntervalSeconds": 99_999_999, "MaxDelaySeconds": 31_622_399}]),
    "a catcher with a comment": machine({"Type": "Task", "Resource": LAMBDA, "End": True, "Catch": [
        {"ErrorEquals": ["States.ALL"], "Next": "Z", "Comment": "c", "ResultPath": "$.e"}]}, Z=DONE),
    # flow
    "a loop with a way out": machine({"Type": "Choice", "Choices": [rule(**IS)], "Default": "B"},
                                     B={"Type": "Pass", "Next": "A"}, Z=DONE),
    "a state that leads to itself": choice({**IS, "Next": "A"}, rule(**IS)),
    "only a failure": machine({"Type": "Fail"}),
    "a failure with both words": machine({"Type": "Fail", "Error": "E", "Cause": "C", "Comment": "c"}),
    "empty words": machine({"Type": "Fail", "Error": "", "Cause": ""}),
    "a failure from paths": machine({"Type": "Fail", "ErrorPath": "$.e", "CausePath": "$$.Execution.Id"}),
    "only a success": machine({"Type": "Succeed", "InputPath": "$.a", "OutputPath": "$.b"}),
    "names of other letters": {"StartAt": "Grüße 🙂", "States": {"Grüße 🙂": END}},
    "a name of eighty": {"StartAt": "x" * 80, "States": {"x" * 80: END}},
    "everything at the top": {**passing(), "Comment": "c", "Version": "1.0", "TimeoutSeconds": 5,
                              "QueryLanguage": "JSONPath"},
    # pass, wait
    "a result": passing(Result={"a": [1, None]}, ResultPath="$.a.b"),
    "a result that is null": passing(Result=None),
    "parameters that are text": passing(Parameters="as it stands"),
    "parameters that are a list": passing(Parameters=[1, {"a.$": "$.b"}]),
    "the context": passing(Parameters={"a.$": "$$", "b.$": "$$.Execution.StartTime", "c.$": "$$.Map.Item.Index"}),
    "variables": passing(Assign={"x": 1, "y.$": "$.y", "z": {"w.$": "$x"}}),
    "a wait until": wait(Timestamp="2030-01-01T00:00:00.5+02:00"),
    "a wait until a path": wait(TimestampPath="$.until"),
    "a wait of zero": wait(Seconds=0),
    # choice
    **{f"operator {name}": choice(rule(Variable="$.a", **{name: value})) for name, value in {
        "StringEquals": "", "StringLessThan": "a", "StringGreaterThanEqualsPath": "$.b", "StringMatches": "a*\\*",
        "NumericEquals": -1, "NumericLessThanEquals": 1.5, "NumericGreaterThanPath": "$$.State.RetryCount",
        "BooleanEquals": False, "BooleanEqualsPath": "$.b", "TimestampEquals": "2024-01-01T00:00:00Z",
        "TimestampLessThanPath": "$.t", "IsNull": False, "IsPresent": True, "IsNumeric": True, "IsString": True,
        "IsBoolean": True, "IsTimestamp": False,
    }.items()},
    "both": choice(rule(And=[IS, IS])),
    "one of one": choice(rule(Or=[IS])),
    "deep": choice(rule(Not={"Or": [{"And": [IS, {"Not": IS}]}, IS]}), Default="Z"),
    "a variable's field": choice(rule(Variable="$v.a[0]", IsNull=True)),
    "a choice that assigns": choice(rule(**IS, Assign={"x.$": "$.a"}), Assign={"y": 1}, Default="Z"),
    # parallel, map
    "branches": parallel(inner("I"), inner("J"), ResultPath="$.r", ResultSelector={"a.$": "$[0]"}),
    "a branch in a branch": parallel({"StartAt": "P", "States": {"P": parallel(inner())["States"]["A"]}}),
    "a branch with a comment": parallel({**inner(), "Comment": "c"}),
    "a branch that fails": parallel({"StartAt": "F", "States": {"F": {"Type": "Fail"}}}, Retry=[RETRY]),
    "a map": mapped(ItemsPath="$.items", MaxConcurrency=0, ItemSelector={"v.$": "$$.Map.Item.Value"}),
    "a map as it was": machine({"Type": "Map", "Iterator": inner(), "Parameters": {"a.$": "$"}, "End": True}),
    "a map of the first list": mapped(ItemsPath="$[0].a"),
    "an inline map": mapped({**inner(), "ProcessorConfig": {"Mode": "INLINE"}}),
    "a distributed map": mapped(distributed(), Label="L", ToleratedFailureCountPath="$.n", MaxConcurrencyPath="$.m"),
    "a map of a listing": mapped(distributed("EXPRESS"), ItemReader={
        "Resource": "arn:aws:states:::s3:listObjectsV2", "Parameters": {"Bucket": "b", "Prefix.$": "$.p"}}),
    "a map of Parquet": mapped(distributed(), ItemReader={
        "Resource": "arn:aws:states:::s3:getObject", "ReaderConfig": {"InputType": "PARQUET"}}),
    "a map of an inventory": mapped(distributed(), ItemReader={
        "Resource": "arn:aws:states:::s3:getObject",
        "ReaderConfig": {"InputType": "MANIFEST", "ManifestType": "S3_INVENTORY", "MaxItemsPath": "$.n"}}),
    "batches": mapped(distributed(), ItemBatcher={"MaxItemsPerBatchPath": "$.n", "BatchInput": {"a.$": "$.a"}}),
    "results to a bucket": mapped(distributed(), ResultWriter={
        "Resource": "arn:aws:states:::s3:putObject", "Parameters": {"Bucket.$": "$.b", "Prefix": "p"},
        "WriterConfig": {"OutputType": "JSON", "Transformation": "COMPACT"}}),
    "results nowhere, which AWS takes too": mapped(distributed(), ResultWriter={}),
    # JSONata
    "an expression": jsonata(Output="{% $states.input.a[b > 1].c %}"),
    "expressions within": jsonata(Output={"a": ["{% $x %}", 1, None, {"b": "{% $states.context.State.Name %}"}]}),
    "an output that is null": jsonata(Output=None),
    "a dollar that is text": jsonata(Output={"price": "$.a"}),
    "assigned expressions": jsonata(Assign={"x": "{% $states.input %}", "_y": [1]}),
    "a computed task": jsonata(Type="Task", Resource=LAMBDA, Arguments="{% $states.input %}", TimeoutSeconds="{% 5 %}",
                               HeartbeatSeconds="{% 3 %}", Credentials={"RoleArn": "{% $r %}"},
                               Output="{% $states.result %}", Assign={"r": "{% $states.result.x %}"}),
    "computed words": jsonata(Type="Fail", Error="{% 'E' %}", Cause="plain", End=...),
    "a computed wait": jsonata(Type="Wait", Seconds="{% 1 + 1 %}"),
    "a computed moment": jsonata(Type="Wait", Timestamp="{% $now() %}"),
    "a computed map": jsonata(Type="Map", Items="{% [1..3] %}", MaxConcurrency="{% 2 %}", ItemProcessor=distributed(),
                              ToleratedFailurePercentage="{% 5 %}", ItemSelector="{% {'a': 1} %}",
                              ItemBatcher={"MaxItemsPerBatch": "{% 2 %}", "BatchInput": "{% {} %}"}),
    "items that stand there": jsonata(Type="Map", Items=[1, "{% 2 %}"], ItemProcessor=inner()),
    "an object of items": jsonata(Type="Map", Items={"a": 1}, ItemProcessor=inner()),
    "a computed reader": jsonata(Type="Map", ItemProcessor=distributed(), ItemReader={
        "Resource": "arn:aws:states:::s3:getObject", "Arguments": {"Bucket": "{% $b %}"},
        "ReaderConfig": {"InputType": "JSON", "MaxItems": "{% 5 %}"}}),
    "conditions": {"QueryLanguage": "JSONata", "StartAt": "A", "States": {"A": {"Type": "Choice", "Choices": [
        {"Condition": "{% $states.input.a = 1 %}", "Next": "Z", "Assign": {"x": 1}, "Output": "{% 1 %}"}],
        "Default": "Z", "Output": 2}, "Z": DONE}},
    "a caught error": {"QueryLanguage": "JSONata", "StartAt": "A", "States": {"A": {
        "Type": "Task", "Resource": LAMBDA, "End": True, "Catch": [
            {"ErrorEquals": ["States.ALL"], "Next": "Z", "Output": "{% $states.errorOutput.Error %}",
             "Assign": {"e": "{% $states.errorOutput %}"}}]}, "Z": DONE}},
    "one state in JSONata": passing(QueryLanguage="JSONata", Output="{% 1 %}"),
    "one state in JSONPath": passing(QueryLanguage="JSONPath", Parameters={"a.$": "$.b"}),
    "states of a map stay with the machine": mapped(inner(Parameters={"a.$": "$"})),
}  # fmt: skip


def without(definition: dict[str, Any], *names: str) -> dict[str, Any]:
    states = {"A": {k: v for k, v in definition["States"]["A"].items() if k not in names}}
    return {**definition, "States": {**definition["States"], **states}}


def clean(value: Any) -> Any:
    """Without members that are `...`."""
    if isinstance(value, dict):
        return {name: clean(member) for name, member in value.items() if member is not ...}
    return [clean(element) for element in value] if isinstance(value, list) else value


@pytest.mark.parametrize("name", VALID)
def test_what_aws_accepts_is_accepted_and_compiles(name: str) -> None:
    definition = clean(VALID[name])
    assert [str(finding) for finding in validate(definition) if finding.severity == "ERROR"] == []
    Machine.parse(definition)


UNREADABLE = "The value for the field 'ctx.$' must be a valid JSONPath or a valid intrinsic function call"
FOREIGN = "The QueryLanguage is set to 'JSONPath', but field 'Output' is only supported for the 'JSONata' QueryLanguage"
S, C0 = "/States/A", "/States/A/Choices[0]"
INVALID: dict[str, tuple[Any, str, str | None]] = {
    # the document
    "nothing": ("", "MISSING_DESCRIPTION", None),
    "white space": (" \n", "MISSING_DESCRIPTION", None),
    "half a document": ('{"StartAt": ', "INVALID_JSON_DESCRIPTION", None),
    "a list": ("[]", "INVALID_JSON_DESCRIPTION", None),
    "a comma too many": ('{"StartAt": "A",}', "INVALID_JSON_DESCRIPTION", None),
    "not a number": ('{"StartAt": NaN}', "INVALID_JSON_DESCRIPTION", None),
    "half a character": ('{"StartAt": "\\ud800"}', "INVALID_JSON_DESCRIPTION", None),
    "very deep": ({"StartAt": json.loads("[" * 200 + "]" * 200)}, "TOO_DEEPLY_NESTED", None),
    "no start": ({"States": {"A": END}}, SCHEMA, ""),
    "no states": ({"StartAt": "A"}, SCHEMA, ""),
    "an empty set of states": ({"StartAt": "A", "States": {}}, SCHEMA, "/States"),
    "states in a list": ({"StartAt": "A", "States": [END]}, SCHEMA, "/States"),
    "a start that is no text": ({"StartAt": 1, "States": {"A": END}}, SCHEMA, "/StartAt"),
    "an unknown field at the top": ({**passing(), "Foo": 1}, SCHEMA, ""),
    "an unknown version": ({**passing(), "Version": "2.0"}, SCHEMA, "/Version"),
    "a version that is a number": ({**passing(), "Version": 1.0}, SCHEMA, "/Version"),
    "an unknown language": ({**passing(), "QueryLanguage": "XPath"}, SCHEMA, "/QueryLanguage"),
    "a language that is null": ({**passing(), "QueryLanguage": None}, SCHEMA, "/QueryLanguage"),
    "no time": ({**passing(), "TimeoutSeconds": 0}, SCHEMA, "/TimeoutSeconds"),
    "time in words": ({**passing(), "TimeoutSeconds": "5"}, SCHEMA, "/TimeoutSeconds"),
    "a comment that is an object": ({**passing(), "Comment": {}}, SCHEMA, "/Comment"),
    # states and transitions
    "a state without type": (machine({"End": True}), SCHEMA, S),
    "an unknown type": (machine({"Type": "pass", "End": True}), SCHEMA, f"{S}/Type"),
    "a state that is text": (machine("Pass"), SCHEMA, S),
    "a name of eighty-one": ({"StartAt": "x" * 81, "States": {"x" * 81: END}}, "INVALID_STATE_NAME",
                             "/States/" + "x" * 81),
    "a start that is not there": ({**passing(), "StartAt": "B"}, TARGET, "/StartAt"),
    "a next that is not there": (machine({"Type": "Pass", "Next": "B"}), TARGET, f"{S}/Next"),
    "another case of letters": (machine({"Type": "Pass", "Next": "b"}, B=END), TARGET, f"{S}/Next"),
    "a default that is not there": (choice(rule(**IS), Default="Q"), TARGET, f"{S}/Default"),
    "a rule's target that is not there": (choice(rule(**IS), {**IS, "Next": "Q"}), TARGET, f"{S}/Choices[1]/Next"),
    "a catcher's target that is not there": (task(Catch=[{**RETRY, "Next": "Q"}]), TARGET, f"{S}/Catch[0]/Next"),
    "a state nobody leads to": (machine(END, B=END), TARGET, "/States/B"),
    "no end": (machine({"Type": "Pass", "Next": "A"}), "MISSING_END_STATE", None),
    "no end of a branch": (parallel({"StartAt": "I", "States": {"I": {"Type": "Pass", "Next": "I"}}}),
                           "MISSING_END_STATE", f"{S}/Branches[0]"),
    "both ways": (machine({**END, "Next": "B"}, B=DONE), SCHEMA, S),
    "no way": (machine({"Type": "Pass"}), SCHEMA, S),
    "an end in words": (machine({"Type": "Pass", "End": "true"}), SCHEMA, f"{S}/End"),
    "a next that is a list": (machine({"Type": "Pass", "Next": ["B"]}, B=DONE), SCHEMA, f"{S}/Next"),
    "a success that goes on": (machine({"Type": "Succeed", "Next": "B"}, B=DONE), SCHEMA, S),
    "a success that ends": (machine({"Type": "Succeed", "End": True}), SCHEMA, S),
    "a failure that ends": (machine({"Type": "Fail", "End": True}), SCHEMA, S),
    "a choice that ends": (choice(rule(**IS), End=True), SCHEMA, S),
    "a choice that goes on": (choice(rule(**IS), Next="Z"), SCHEMA, S),
    "one name twice": (parallel(inner("I"), inner("I")), "DUPLICATE_STATE_NAME", f"{S}/Branches[1]/States/I"),
    "an inner name of the outside": (mapped(inner("A")), "DUPLICATE_STATE_NAME", f"{S}/ItemProcessor/States/A"),
    "a way into a branch": (machine({"Type": "Choice", "Choices": [rule(**IS)], "Default": "I"}, Z={
        "Type": "Parallel", "Branches": [inner()], "End": True}), TARGET, f"{S}/Default"),
    "a way out of a branch": (machine({"Type": "Parallel", "Next": "Z", "Branches": [
        {"StartAt": "I", "States": {"I": {"Type": "Pass", "Next": "Z"}}}]}, Z=DONE), TARGET,
        f"{S}/Branches[0]/States/I/Next"),
    # fields
    **{f"{field} of a {kind}": (machine({"Type": kind, **body, field: value}), SCHEMA, S)
       for kind, body in {"Pass": {"End": True}, "Wait": {"Seconds": 1, "End": True}, "Succeed": {}, "Fail": {}}.items()
       for field, value in {"Retry": [RETRY], "Catch": [], "TimeoutSeconds": 5, "ResultSelector": {}, "Foo": 1,
                            "Arguments": {}}.items()},
    "Parameters of a Wait": (wait(Seconds=1, Parameters={}), SCHEMA, S),
    "TimeoutSeconds of a Map": (mapped(TimeoutSeconds=5), SCHEMA, S),
    "TimeoutSeconds of a Parallel": (parallel(inner(), TimeoutSeconds=5), SCHEMA, S),
    "a field in small letters": (passing(comment="c"), SCHEMA, S),
    # tasks
    "no resource": (without(task(), "Resource"), SCHEMA, S),
    "a resource that is an object": (task({"Fn::GetAtt": ["F", "Arn"]}), SCHEMA, f"{S}/Resource"),
    "a placeholder": (task("${Fn}"), SCHEMA, f"{S}/Resource"),
    "a name alone": (task("my-function"), SCHEMA, f"{S}/Resource"),
    "an expression for a resource": (jsonata(Type="Task", Resource="{% $f %}"), SCHEMA, f"{S}/Resource"),
    "an unknown partition": (task("arn:amazon:lambda:us-east-1:1:function:f"), SCHEMA, f"{S}/Resource"),
    "an ARN of three": (task("arn:aws:lambda"), SCHEMA, f"{S}/Resource"),
    "no resource in it": (task(""), SCHEMA, f"{S}/Resource"),
    **{f"service {call}": (service(call), SCHEMA, f"{S}/Resource") for call in (
        "lambda", "lambda:invoke.sync", "lambda:invoke.syncc", "sqs:sendMessage.sync", "sns:publish.sync:2",
        "dynamodb:putItem.waitForTaskToken", "aws-sdk:s3", "aws-sdk:s3:listBuckets.sync", "aws-sdk:s3:ListBuckets",
        "ecs:runTask.sync:2", "http:invoke.waitForTaskToken", "lambda:invoke.waitfortasktoken", "glue:")},
    "credentials in words": (task(Credentials="r"), SCHEMA, f"{S}/Credentials"),
    "credentials from a bad path": (task(Credentials={"RoleArn.$": "role"}), SCHEMA, f"{S}/Credentials"),
    "a timeout of a fraction": (task(TimeoutSeconds=1.5), SCHEMA, f"{S}/TimeoutSeconds"),
    "a timeout too long": (task(TimeoutSeconds=100_000_000), SCHEMA, f"{S}/TimeoutSeconds"),
    "a timeout in words": (task(TimeoutSeconds="5"), SCHEMA, f"{S}/TimeoutSeconds"),
    "a timeout that is true": (task(TimeoutSeconds=True), SCHEMA, f"{S}/TimeoutSeconds"),
    "a heartbeat too late": (task(TimeoutSeconds=5, HeartbeatSeconds=6), SCHEMA, f"{S}/HeartbeatSeconds"),
    "two timeouts": (task(TimeoutSeconds=5, TimeoutSecondsPath="$.t"), SCHEMA, S),
    "retriers without a list": (task(Retry=RETRY), SCHEMA, f"{S}/Retry"),
    "a retrier that is text": (task(Retry=["X"]), SCHEMA, f"{S}/Retry[0]"),
    "a retrier of nothing": (task(Retry=[{}]), SCHEMA, f"{S}/Retry[0]"),
    "errors without a list": (task(Retry=[{"ErrorEquals": "X"}]), SCHEMA, f"{S}/Retry[0]/ErrorEquals"),
    "errors that are numbers": (task(Retry=[{"ErrorEquals": [1]}]), SCHEMA, f"{S}/Retry[0]/ErrorEquals"),
    "all errors and another": (task(Retry=[{"ErrorEquals": ["X", "States.ALL"]}]), SCHEMA,
                               f"{S}/Retry[0]/ErrorEquals[1]"),
    "all errors, then one": (task(Retry=[{"ErrorEquals": ["States.ALL"]}, RETRY]), SCHEMA,
                             f"{S}/Retry[0]/ErrorEquals[0]"),
    "minus one attempt": (task(Retry=[{**RETRY, "MaxAttempts": -1}]), SCHEMA, f"{S}/Retry[0]/MaxAttempts"),
    "no interval": (task(Retry=[{**RETRY, "IntervalSeconds": 0}]), SCHEMA, f"{S}/Retry[0]/IntervalSeconds"),
    "a shrinking backoff": (task(Retry=[{**RETRY, "BackoffRate": 0.9}]), SCHEMA, f"{S}/Retry[0]/BackoffRate"),
    "a computed backoff": (jsonata(Type="Task", Resource=LAMBDA, Retry=[{**RETRY, "BackoffRate": "{% 2 %}"}]), SCHEMA,
                           f"{S}/Retry[0]/BackoffRate"),
    "a catcher without target": (task(Catch=[RETRY]), SCHEMA, f"{S}/Catch[0]"),
    "a catcher that retries": (machine({"Type": "Task", "Resource": LAMBDA, "End": True, "Catch": [
        {**RETRY, "Next": "Z", "MaxAttempts": 1}]}, Z=DONE), SCHEMA, f"{S}/Catch[0]"),
    # paths, templates, functions
    "an input in words": (passing(InputPath="a"), SCHEMA, f"{S}/InputPath"),
    "an output that is a number": (passing(OutputPath=1), SCHEMA, f"{S}/OutputPath"),
    "a result in the context": (passing(ResultPath="$$.a"), SCHEMA, f"{S}/ResultPath"),
    "a result everywhere": (passing(ResultPath="$..a"), SCHEMA, f"{S}/ResultPath"),
    "a bracket that stays open": (passing(Parameters={"a.$": "$.b["}), SCHEMA, f"{S}/Parameters"),
    "a template's text": (passing(Parameters={"a": [{"b.$": "text"}]}), SCHEMA, f"{S}/Parameters/a[0]"),
    "a template's number": (task(ResultSelector={"a.$": 1}), SCHEMA, f"{S}/ResultSelector"),
    "a selector that is a list": (task(ResultSelector=[]), SCHEMA, f"{S}/ResultSelector"),
    **{f"function {call}": (passing(Parameters={"a.$": call}), SCHEMA, f"{S}/Parameters") for call in (
        "States.Unknown($.a)", "States.Format", "States.Format('{}', $.a", 'States.Format("{}", $.a)',
        "states.Format('a')", "States.Array(x)")},
    # wait
    "a wait for nothing": (wait(), SCHEMA, S),
    "a wait for two things": (wait(Seconds=1, Timestamp="2030-01-01T00:00:00Z"), SCHEMA, S),
    "a wait back": (wait(Seconds=-1), SCHEMA, f"{S}/Seconds"),
    "a wait in words": (wait(Seconds="1"), SCHEMA, f"{S}/Seconds"),
    "a moment without zone": (wait(Timestamp="2030-01-01T00:00:00"), SCHEMA, f"{S}/Timestamp"),
    "a moment with a blank": (wait(Timestamp="2030-01-01 00:00:00Z"), SCHEMA, f"{S}/Timestamp"),
    "a moment of a month thirteen": (wait(Timestamp="2030-13-01T00:00:00Z"), SCHEMA, f"{S}/Timestamp"),
    "many seconds": (wait(SecondsPath="$.a[*]"), SCHEMA, f"{S}/SecondsPath"),
    # fail
    "two errors": (machine({"Type": "Fail", "Error": "E", "ErrorPath": "$.e"}), SCHEMA, S),
    "an error that is a number": (machine({"Type": "Fail", "Error": 1}), SCHEMA, f"{S}/Error"),
    "an error from a number": (machine({"Type": "Fail", "ErrorPath": "States.MathAdd(1, 2)"}), SCHEMA, f"{S}/ErrorPath"),
    # choice
    "no choices": (without(choice(), "Choices"), SCHEMA, S),
    "an empty choice": (choice(), SCHEMA, f"{S}/Choices"),
    "a choice of one rule": (machine({"Type": "Choice", "Choices": rule(**IS)}, Z=DONE), SCHEMA, f"{S}/Choices"),
    "a rule without target": (choice(IS, Default="Z"), SCHEMA, C0),
    "a rule without operator": (choice(rule(Variable="$.a")), SCHEMA, C0),
    "a rule with two operators": (choice(rule(**IS, StringEquals="a")), SCHEMA, C0),
    "a rule without variable": (choice(rule(IsPresent=True)), SCHEMA, C0),
    "an unknown operator": (choice(rule(Variable="$.a", StringContains="a")), SCHEMA, C0),
    "an operand of another type": (choice(rule(Variable="$.a", NumericEquals="1")), SCHEMA, f"{C0}/NumericEquals"),
    "a flag that is a word": (choice(rule(Variable="$.a", BooleanEquals="true")), SCHEMA, f"{C0}/BooleanEquals"),
    "a test that is a word": (choice(rule(Variable="$.a", IsPresent="true")), SCHEMA, f"{C0}/IsPresent"),
    "a moment that is none": (choice(rule(Variable="$.a", TimestampEquals="noon")), SCHEMA, f"{C0}/TimestampEquals"),
    "an operand's bad path": (choice(rule(Variable="$.a", StringEqualsPath="b")), SCHEMA, f"{C0}/StringEqualsPath"),
    "a variable in words": (choice(rule(Variable="a", IsNull=True)), SCHEMA, f"{C0}/Variable"),
    "a nested target": (choice(rule(And=[rule(**IS)])), SCHEMA, f"{C0}/And[0]"),
    "a nested target, deeper": (choice(rule(Not={"Or": [rule(**IS)]})), SCHEMA, f"{C0}/Not/Or[0]"),
    "a nested rule without variable": (choice(rule(Or=[{"IsNull": True}])), SCHEMA, f"{C0}/Or[0]"),
    "an and of one": (choice(rule(And=IS)), SCHEMA, f"{C0}/And"),
    "an and of none": (choice(rule(And=[])), SCHEMA, f"{C0}/And"),
    "a not of many": (choice(rule(Not=[IS])), SCHEMA, f"{C0}/Not"),
    "an and with a variable": (choice(rule(And=[IS], Variable="$.a")), SCHEMA, C0),
    "an and and an or": (choice(rule(And=[IS], Or=[IS])), SCHEMA, C0),
    # parallel, map
    "no branches": (without(parallel(), "Branches"), SCHEMA, S),
    "an empty list of branches": (parallel(), SCHEMA, f"{S}/Branches"),
    "a branch without start": (parallel({"States": {"I": END}}), SCHEMA, f"{S}/Branches[0]"),
    "a branch with a language": (parallel({**inner(), "QueryLanguage": "JSONata"}), SCHEMA, f"{S}/Branches[0]"),
    "a processor with a language": (mapped({**inner(), "QueryLanguage": "JSONata"}), SCHEMA, f"{S}/ItemProcessor"),
    "a branch's bad state": (parallel(inner(InputPath="a")), SCHEMA, f"{S}/Branches[0]/States/I/InputPath"),
    "no processor": (without(mapped(), "ItemProcessor"), SCHEMA, S),
    "two processors": (mapped(Iterator=inner("J")), SCHEMA, S),
    "two selectors": (mapped(ItemSelector={}, Parameters={}), SCHEMA, S),
    "items that are null": (mapped(ItemsPath=None), SCHEMA, f"{S}/ItemsPath"),
    "concurrency in words": (mapped(MaxConcurrency="1"), SCHEMA, f"{S}/MaxConcurrency"),
    "less than no concurrency": (mapped(MaxConcurrency=-1), SCHEMA, f"{S}/MaxConcurrency"),
    "an unknown mode": (mapped({**inner(), "ProcessorConfig": {"Mode": "SERIAL"}}), SCHEMA,
                        f"{S}/ItemProcessor/ProcessorConfig/Mode"),
    "a mode without type": (mapped({**inner(), "ProcessorConfig": {"Mode": "DISTRIBUTED"}}), SCHEMA,
                            f"{S}/ItemProcessor/ProcessorConfig"),
    "a reader without resource": (mapped(distributed(), ItemReader={}), SCHEMA, f"{S}/ItemReader"),
    "a reader with an unknown field": (mapped(distributed(), ItemReader={"Resource": LAMBDA, "Foo": 1}), SCHEMA,
                                       f"{S}/ItemReader"),
    "a reader of another service": (mapped(distributed(), ItemReader={"Resource": "arn:aws:states:::dynamodb:getItem"}),
                                    SCHEMA, f"{S}/ItemReader/Resource"),
    "a writer that reads": (mapped(distributed(), ResultWriter={"Resource": "arn:aws:states:::s3:getObject"}), SCHEMA,
                            f"{S}/ResultWriter/Resource"),
    "a table without head": (mapped(distributed(), ItemReader={"Resource": LAMBDA, "ReaderConfig": {
        "InputType": "CSV"}}), SCHEMA, f"{S}/ItemReader/ReaderConfig"),
    "a batch of any size": (mapped(distributed(), ItemBatcher={}), SCHEMA, f"{S}/ItemBatcher"),
    "less than an empty batch": (mapped(distributed(), ItemBatcher={"MaxItemsPerBatch": -1}), SCHEMA,
                                 f"{S}/ItemBatcher/MaxItemsPerBatch"),
    "more than all failures": (mapped(distributed(), ToleratedFailurePercentage=100.1), SCHEMA,
                               f"{S}/ToleratedFailurePercentage"),
    "a label with a blank": (mapped(distributed(), Label="a b"), "INVALID_LABEL_NAME", f"{S}/Label"),
    "a label that is a number": (mapped(distributed(), Label=1), SCHEMA, f"{S}/Label"),
    "one label twice": (machine({"Type": "Map", "ItemProcessor": distributed(), "Label": "L", "Next": "B"}, B={
        "Type": "Map", "ItemProcessor": {**distributed(), **inner("J")}, "Label": "L", "End": True}),
        "DUPLICATE_LABEL_NAME", "/States/B/Label"),
    # JSONata
    "a broken expression": (jsonata(Output="{% 1 + %}"), "INVALID_JSONATA_EXPRESSION", f"{S}/Output"),
    "a broken expression within": (jsonata(Output={"a": [{"b": "{% ( %}"}]}), "INVALID_JSONATA_EXPRESSION",
                                   f"{S}/Output/a[0]/b"),
    "an expression without end": (jsonata(Output="{% 1"), "INVALID_JSONATA_EXPRESSION", f"{S}/Output"),
    "an error without end": (jsonata(Type="Fail", Error="{% 'E'", End=...), "INVALID_JSONATA_EXPRESSION", f"{S}/Error"),
    "arguments without beginning": (jsonata(Type="Task", Resource=LAMBDA, Arguments="$x %}"),
                                    "INVALID_JSONATA_EXPRESSION", f"{S}/Arguments"),
    "a name of nothing": (jsonata(Output="{% a.b %}"), "UNSUPPORTED_JSONATA_EXPRESSION", f"{S}/Output"),
    "a path of the other language": (jsonata(InputPath="$.a"), SCHEMA, S),
    "parameters of the other language": (jsonata(Type="Task", Resource=LAMBDA, Parameters={}), SCHEMA, S),
    "a result of the other language": (jsonata(Result=1), SCHEMA, S),
    "output of the other language": (passing(Output="{% 1 %}"), SCHEMA, S),
    "arguments of the other language": (task(Arguments={}), SCHEMA, S),
    "items of the other language": (mapped(Items=[1]), SCHEMA, S),
    "arguments of a Pass": (jsonata(Arguments={}), SCHEMA, S),
    "arguments in words": (jsonata(Type="Task", Resource=LAMBDA, Arguments="words"), SCHEMA, f"{S}/Arguments"),
    "items in words": (jsonata(Type="Map", Items="words", ItemProcessor=inner()), SCHEMA, f"{S}/Items"),
    "seconds in words": (jsonata(Type="Wait", Seconds="5"), SCHEMA, f"{S}/Seconds"),
    "variables in words": (jsonata(Assign="{% {} %}"), SCHEMA, f"{S}/Assign"),
    "a variable called states": (jsonata(Assign={"states": 1}), SCHEMA, f"{S}/Assign/states"),
    "a variable with a dash": (jsonata(Assign={"a-b": 1}), SCHEMA, f"{S}/Assign/a-b"),
    "back to JSONPath": (machine({**END, "QueryLanguage": "JSONPath"}, language="JSONata"), SCHEMA, S),
    "a rule of the other language": (machine({"Type": "Choice", "Choices": [rule(**IS)]}, Z=DONE, language="JSONata"),
                                     SCHEMA, C0),
    "a condition of the other language": (choice(rule(Condition="{% true %}")), SCHEMA, C0),
    "a condition in words": (machine({"Type": "Choice", "Choices": [rule(Condition="true")]}, Z=DONE,
                                     language="JSONata"), SCHEMA, f"{C0}/Condition"),
}  # fmt: skip


@pytest.mark.parametrize("name", INVALID)
def test_what_aws_refuses_is_refused_with_its_code_at_its_place(name: str) -> None:
    definition, code, location = INVALID[name]
    found = [f for f in validate(clean(definition)) if f.severity == "ERROR"]
    assert (code, location) in [(f.code, f.location) for f in found], [str(f) for f in found]


@pytest.mark.parametrize(
    ("definition", "expected"),
    [
        (machine({"Type": "Pass", "Next": "NOPE"}), [("Missing 'Next' target: NOPE", "/States/A/Next"),
                                                     ("Workflow has no terminal state", None)]),
        (machine({"Type": "Pass", "Next": "B"}, B={"Type": "Pass", "Next": "A"}, C={"Type": "Pass", "Next": "A"}),
         [("Workflow has no terminal state", None)]),
        (machine({"Type": "Pass", "Next": "B"}, B={"Type": "Pass", "Next": "A"}, C=END),
         [('State "C" is not reachable.', "/States/C")]),
        ({**machine({"Type": "Pass", "Next": "B"}, B=DONE), "StartAt": "FAIL"},
         [("Missing 'Next' target: FAIL", "/StartAt"), ('State "A" is not reachable.', "/States/A")]),
        (mapped(TimeoutSeconds=5), [("Field 'TimeoutSeconds' is not supported", "/States/A")]),
        (machine({"Type": "Choice", "Default": "B"}, B=DONE), [("These fields are required: [Choices]", "/States/A")]),
        (task("create"), [("Value is not a valid resource ARN", "/States/A/Resource")]),
        (mapped(MaxConcurrency=-1), [("Minimum value is 0", "/States/A/MaxConcurrency")]),
        (mapped(ToleratedFailurePercentage=-1), [("Minimum value is 0.0", "/States/A/ToleratedFailurePercentage")]),
        (mapped(ToleratedFailurePercentage=101), [("Maximum value is 100.0", "/States/A/ToleratedFailurePercentage")]),
        (mapped(MaxConcurrency=1, MaxConcurrencyPath="$.n"), [
            ("There should only be one of the following fields: [MaxConcurrency, MaxConcurrencyPath]", "/States/A")]),
        (mapped(MaxConcurrencyPath="$$.Execution.Input.n"), [("Value is not a Reference Path",
                                                              "/States/A/MaxConcurrencyPath")]),
        (passing(Parameters={"ctx.$": "ctx"}), [(UNREADABLE, "/States/A/Parameters")]),
        (passing(Output=1), [(FOREIGN, "/States/A")]),
    ],
)  # fmt: skip
def test_findings_are_worded_as_aws_words_them(
    definition: Any, expected: list[tuple[str, str | None]]
) -> None:
    assert [(f.message, f.location) for f in validate(definition)] == expected


@pytest.mark.parametrize(
    ("definition", "code"),
    [
        (passing(Parameters={"a": "$.b"}), "NO_DOLLAR"),
        (passing(Parameters={"a": {"b": "States.UUID()"}}), "NO_DOLLAR"),
        (machine({"Type": "Fail", "Cause": "$.cause"}), "NO_PATH"),
        (choice(rule(Variable="$.a", StringEquals="$.b")), "NO_PATH"),
        (passing(Result={"a.$": "$.b"}), "PASS_RESULT_IS_STATIC"),
    ],
)
def test_what_looks_like_a_path_but_is_none_is_a_warning(definition: Any, code: str) -> None:
    assert [(f.code, f.severity) for f in validate(definition)] == [(code, "WARNING")]
    Machine.parse(definition)


@pytest.mark.parametrize(
    "definition",
    [
        service("ecs:runTask.sync"),
        service("sqs:sendMessage.waitForTaskToken"),
        task("arn:aws:states:us-east-1:123456789012:activity:work"),
        mapped(distributed()),
    ],
)
def test_express_refuses_what_takes_its_time(definition: Any) -> None:
    assert validate(definition) == []
    (found,) = validate(definition, express=True)
    assert found.message.startswith("Express state machine does not support")


def test_the_children_of_a_distributed_map_are_of_their_own_type() -> None:
    waiting = {"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken"}
    assert validate(mapped(distributed("STANDARD", **waiting))) == []
    (found,) = validate(mapped(distributed("EXPRESS", **waiting)))
    assert found.location == "/States/A/ItemProcessor/States/I/Resource"


TEXT = """{
  "StartAt": "A/b [1]",
  "States": {
    "A/b [1]": {
      "Type": "Choice", "Choices": [{"Next": "C"}, [], "\\"]"],
      "Default": "C"
    }
  }
}"""


@pytest.mark.parametrize(
    ("location", "line", "column"),
    [
        ("", 1, 1),
        ("/StartAt", 2, 3),
        ("/States/A/b [1]", 4, 5),
        ("/States/A/b [1]/Choices", 5, 25),
        ("/States/A/b [1]/Choices[0]/Next", 5, 38),
        ("/States/A/b [1]/Choices[1]", 5, 52),
        ("/States/A/b [1]/Choices[2]", 5, 56),
        ("/States/A/b [1]/Choices[0]/Variable", 5, 37),
        ("/States/A/b [1]/Default", 6, 7),
        ("/Nowhere/at all", 1, 1),
    ],
)
def test_a_location_has_a_line_in_the_text(location: str, line: int, column: int) -> None:
    assert line_of(TEXT, location) == (line, column)


def test_a_text_that_is_no_json_has_its_line_too() -> None:
    assert line_of('{\n  "a": ?\n}', None) == (2, 8)
    assert line_of(TEXT, None) is None
