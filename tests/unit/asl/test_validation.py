"""What a definition may say, rule by rule: every field wrong in every way, every field in every state type."""

import itertools
from typing import Any

import pytest

from rimedio.asl import validate

ARN = "arn:aws:lambda:eu-south-1:123456789012:function:f"
PASS: dict[str, Any] = {"Type": "Pass", "End": True}
INNER: dict[str, Any] = {"StartAt": "I", "States": {"I": PASS}}
ISNULL: dict[str, Any] = {"Variable": "$.a", "IsNull": True}
RULE = {**ISNULL, "Next": "S"}
CATCH = {"ErrorEquals": ["X"], "Next": "S"}
GET, PUT = "arn:aws:states:::s3:getObject", "arn:aws:states:::s3:putObject"
BASES: dict[str, dict[str, Any]] = {
    "Pass": {"End": True},
    "Task": {"Resource": ARN, "End": True},
    "Choice": {"Choices": [RULE]},
    "Wait": {"Seconds": 1, "End": True},
    "Succeed": {},
    "Fail": {},
    "Parallel": {"Branches": [INNER], "End": True},
    "Map": {"ItemProcessor": INNER, "End": True},
}
DISTRIBUTED = {**INNER, "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}}


def state(kind: str, **fields: Any) -> dict[str, Any]:
    """A good state of a type, with these fields on top; a field that is `...` is left out."""
    body = {"Type": kind, **BASES[kind], **fields}
    return {name: value for name, value in body.items() if value is not ...}


def dmap(**fields: Any) -> dict[str, Any]:
    return state("Map", ItemProcessor=DISTRIBUTED, **fields)


def retry(**fields: Any) -> dict[str, Any]:
    return state("Task", Retry=[{"ErrorEquals": ["X"], **fields}])


def catch(*catchers: Any) -> dict[str, Any]:
    return state("Task", Catch=list(catchers))


def choice(*rules: Any) -> dict[str, Any]:
    return state("Choice", Choices=list(rules))


def accepted(body: Any, language: str = "JSONPath") -> bool:
    states = {"A": body, **({"S": {"Type": "Succeed"}} if "'S'" in repr(body) else {})}
    definition = {"QueryLanguage": language, "StartAt": "A", "States": states}
    return not [finding for finding in validate(definition) if finding.severity == "ERROR"]


def whole(definition: Any) -> bool:
    return not validate(definition)


WRONG: list[Any] = [[], {}, 5, None, "", True]
TEXT: dict[str, tuple[str, ...]] = {
    "Pass": ("Next", "Comment", "InputPath", "OutputPath", "ResultPath", "QueryLanguage"),
    "Task": ("Resource", "TimeoutSecondsPath", "HeartbeatSecondsPath"),
    "Choice": ("Default",),
    "Fail": ("Error", "Cause", "ErrorPath", "CausePath"),
    "Map": ("ItemsPath", "MaxConcurrencyPath", "Label", "ToleratedFailureCountPath"),
}
NUMBERS = {
    "Task": ("TimeoutSeconds", "HeartbeatSeconds"),
    "Wait": ("Seconds",),
    "Map": ("MaxConcurrency", "ToleratedFailureCount", "ToleratedFailurePercentage"),
}
OBJECTS = {
    "Pass": ("Assign",),
    "Task": ("Credentials", "ResultSelector", "Assign"),
    "Map": ("ItemSelector", "ItemReader", "ItemBatcher", "ResultWriter", "ItemProcessor"),
}
ARRAYS = {"Task": ("Retry", "Catch"), "Choice": ("Choices",), "Parallel": ("Branches",)}
NULLABLE = {"InputPath", "OutputPath", "ResultPath"}
MAY_BE_EMPTY = {"Comment", "Error", "Cause"}


def wrong_values() -> list[Any]:
    right = ((TEXT, str), (NUMBERS, int), (OBJECTS, dict), (ARRAYS, list))
    return [
        pytest.param(kind, name, value, id=f"{kind}.{name}={value!r}")
        for table, wanted in right
        for kind, names in table.items()
        for name, value in itertools.product(names, WRONG)
        if not (type(value) is wanted and (wanted in (int, dict, list) or name in MAY_BE_EMPTY))
        and not (value is None and name in NULLABLE)
    ]


@pytest.mark.parametrize(("kind", "name", "value"), wrong_values())
def test_a_value_of_the_wrong_type_is_refused(kind: str, name: str, value: Any) -> None:
    end: dict[str, Any] = {"End": ...} if name == "Next" else {}
    assert not accepted(state(kind, **{name: value, **end}))


EVERY: dict[str, Any] = {
    "InputPath": "$", "OutputPath": "$", "ResultPath": "$", "Parameters": {}, "ResultSelector": {}, "Result": 1,
    "Retry": [{"ErrorEquals": ["X"]}], "Catch": [CATCH], "Resource": ARN, "TimeoutSeconds": 5, "HeartbeatSeconds": 3,
    "Default": "S", "Seconds": 1, "Timestamp": "2024-01-01T00:00:00Z", "Error": "E", "Cause": "C",
    "Branches": [INNER], "ItemProcessor": INNER, "MaxConcurrency": 1, "ItemsPath": "$.a", "ItemSelector": {},
    "Assign": {"a": 1}, "Credentials": {}, "Output": 1, "Arguments": {}, "Items": [], "End": True, "Foo": 1,
}  # fmt: skip
PATHS, RESULTS = "InputPath OutputPath", "ResultPath Parameters ResultSelector"
ALLOWED = {
    "JSONPath": {
        "Pass": f"{PATHS} ResultPath Parameters Result Assign End",
        "Task": f"{PATHS} {RESULTS} Retry Catch Resource TimeoutSeconds HeartbeatSeconds Assign Credentials End",
        "Choice": f"{PATHS} Default Assign",
        "Wait": f"{PATHS} Seconds Assign End",
        "Succeed": PATHS,
        "Fail": "Error Cause",
        "Parallel": f"{PATHS} {RESULTS} Retry Catch Branches Assign End",
        "Map": f"{PATHS} {RESULTS} Retry Catch ItemProcessor MaxConcurrency ItemsPath ItemSelector Assign End",
    },
    "JSONata": {
        "Pass": "Output Assign End",
        "Task": "Arguments Output Retry Catch Resource TimeoutSeconds HeartbeatSeconds Assign Credentials End",
        "Choice": "Output Default Assign",
        "Wait": "Output Seconds Assign End",
        "Succeed": "Output",
        "Fail": "Error Cause",
        "Parallel": "Arguments Output Retry Catch Branches Assign End",
        "Map": "Output Retry Catch ItemProcessor MaxConcurrency Items ItemSelector Assign End",
    },
}


@pytest.mark.parametrize("name", EVERY)
@pytest.mark.parametrize("kind", BASES)
@pytest.mark.parametrize("language", ALLOWED)
def test_every_state_type_has_the_fields_of_its_language(language: str, kind: str, name: str) -> None:
    fields: dict[str, Any] = {name: EVERY[name]}
    if kind == "Choice" and language == "JSONata":
        fields["Choices"] = [{"Condition": "{% true %}", "Next": "S"}]
    assert accepted(state(kind, **fields), language) == (name in ALLOWED[language][kind].split())


GOOD: dict[str, Any] = {
    "an end that is false": state("Pass", End=False, Next="S"),
    "no retriers": state("Task", Retry=[], Catch=[]),
    "no wait": state("Wait", Seconds=0),
    "an offset": state("Wait", Seconds=..., Timestamp="2024-01-01T00:00:00+01:00"),
    "a moment from the context": state("Wait", Seconds=..., TimestampPath="$$.Execution.StartTime"),
    "seconds from a variable": state("Wait", Seconds=..., SecondsPath="$v.a"),
    "a heartbeat before the timeout": state("Task", TimeoutSeconds=5, HeartbeatSeconds=4),
    "both from paths": state("Task", TimeoutSecondsPath="$.t", HeartbeatSecondsPath="$.h"),
    "no attempts": retry(MaxAttempts=0, BackoffRate=1),
    "a capped backoff": retry(IntervalSeconds=1, MaxDelaySeconds=5, BackoffRate=1.5, JitterStrategy="FULL"),
    "everything last": state("Task", Retry=[{"ErrorEquals": ["X"]}, {"ErrorEquals": ["States.ALL"]}]),
    "a place for the error": catch({**CATCH, "ResultPath": "$.e", "Assign": {"e.$": "$.Error"}}),
    "an error thrown away": catch({**CATCH, "ResultPath": None}),
    "rules in rules": choice({"Or": [{"And": [ISNULL, {"Not": ISNULL}]}, ISNULL], "Next": "S"}),
    "a comment in a rule": choice({"And": [{**ISNULL, "Comment": "c"}], "Comment": "c", "Next": "S"}),
    "a rule that assigns": choice({**RULE, "Assign": {"x": 1}}),
    "an index": choice({**RULE, "Variable": "$v.a[0]['b']"}),
    "a pattern": choice({"Variable": "$$.Execution.Id", "StringMatches": "*x", "Next": "S"}),
    "inline in words": state("Map", ItemProcessor={**INNER, "ProcessorConfig": {"Mode": "INLINE"}}),
    "both tolerances": dmap(ToleratedFailureCount=1, ToleratedFailurePercentage=5.5),
    "CSV with its own head": dmap(ItemReader={"Resource": GET, "ReaderConfig": {
        "InputType": "CSV", "CSVHeaderLocation": "FIRST_ROW", "CSVDelimiter": "PIPE", "MaxItems": 5}}),
    "CSV with a given head": dmap(ItemReader={"Resource": GET, "ReaderConfig": {
        "InputType": "CSV", "CSVHeaderLocation": "GIVEN", "CSVHeaders": ["a"]}}),
    "a batch": dmap(ItemBatcher={"MaxItemsPerBatch": 1, "MaxInputBytesPerBatch": 1000, "BatchInput": {}}),
    "a writer": dmap(ResultWriter={"Resource": PUT, "Parameters": {"Bucket": "b", "Prefix": "p"}}),
    "a writer that only shapes": dmap(ResultWriter={"WriterConfig": {"Transformation": "FLATTEN", "OutputType": "JSONL"}}),
    "a long label": dmap(Label="x" * 40),
    "a cause that is computed": state("Fail", ErrorPath="$.a", CausePath="States.Format('{}', $.b)"),
    "one state in another language": state("Pass", QueryLanguage="JSONata", Output=1),
    **{f"path {path}": state("Pass", InputPath=path, OutputPath=path)
       for path in ("$.a[*]", "$..a", "$.a[?(@.b==1)]", "$.a[0,1]", "$.a[0:2]", "$$.Execution.Id", "$v.a", None)},
    **{f"result at {path}": state("Pass", ResultPath=path) for path in ("$", "$.a", "$.a[0]", "$['a']['b']", None)},
    **{f"call {call}": state("Pass", Parameters={"a": [{"x.$": call}]})
       for call in ("States.Format('a {}', $.b)", "States.Array(1, 'a', true, null, $.x)", "States.UUID()",
                    "States.Format('{}', States.ArrayGetItem($.a, 0))", "States.Array()", "$$", "$v")},
}  # fmt: skip


@pytest.mark.parametrize("name", GOOD)
def test_what_the_language_allows_is_accepted(name: str) -> None:
    assert accepted(GOOD[name])


BAD: dict[str, Any] = {
    "both Next and End": state("Pass", Next="S"),
    "neither Next nor End": state("Pass", End=...),
    "an end that is false and no Next": state("Pass", End=False),
    "two waits": state("Wait", SecondsPath="$.a"),
    "less than no wait": state("Wait", Seconds=-1),
    "a fraction of a second": state("Wait", Seconds=1.5),
    "a date without time": state("Wait", Seconds=..., Timestamp="2024-01-01"),
    "many seconds": state("Wait", Seconds=..., SecondsPath="$.a[*]"),
    "two timeouts": state("Task", TimeoutSeconds=5, TimeoutSecondsPath="$.a"),
    "a heartbeat as late as the timeout": state("Task", TimeoutSeconds=5, HeartbeatSeconds=5),
    "no timeout at all": state("Task", TimeoutSeconds=0),
    "a timeout without end": state("Task", TimeoutSeconds=float("inf")),
    "a backoff beyond numbers": retry(BackoffRate=10**400),
    "a resource that is none": state("Task", Resource="foo bar"),
    "a short ARN": state("Task", Resource="arn:aws:lambda"),
    "no resource": state("Task", Resource=...),
    "an interval of nothing": retry(IntervalSeconds=0),
    "half an attempt": retry(MaxAttempts=1.5),
    "a backoff that shrinks": retry(BackoffRate=0.5),
    "a cap of nothing": retry(MaxDelaySeconds=0),
    "an unknown jitter": retry(JitterStrategy="HALF"),
    "a retrier that goes somewhere": retry(Next="S"),
    "no errors": state("Task", Retry=[{"MaxAttempts": 1}]),
    "an empty list of errors": state("Task", Retry=[{"ErrorEquals": []}]),
    "everything and more": state("Task", Retry=[{"ErrorEquals": ["States.ALL", "X"]}]),
    "everything first": catch({**CATCH, "ErrorEquals": ["States.ALL"]}, CATCH),
    "a catcher that goes nowhere": catch({"ErrorEquals": ["X"]}),
    "a catcher to a state that is not there": catch({**CATCH, "Next": "Z"}),
    "a catcher of the other language": catch({**CATCH, "Output": 1}),
    "an error in many places": catch({**CATCH, "ResultPath": "$.e[*]"}),
    "two operators": choice({**RULE, "IsString": True}),
    "no operator": choice({"Variable": "$.a", "Next": "S"}),
    "no variable": choice({"IsNull": True, "Next": "S"}),
    "an unknown operator": choice({"Variable": "$.a", "IsFoo": True, "Next": "S"}),
    "a rule that goes nowhere": choice(ISNULL),
    "an inner rule that goes somewhere": choice({"And": [RULE], "Next": "S"}),
    "a deep rule that goes somewhere": choice({"Not": {"And": [RULE]}, "Next": "S"}),
    "a list of one negation": choice({"Not": [ISNULL], "Next": "S"}),
    "nothing and nothing": choice({"And": [], "Next": "S"}),
    "a combination of a variable": choice({"And": [ISNULL], "Variable": "$.a", "Next": "S"}),
    "a number that is text": choice({"Variable": "$.a", "NumericEquals": "1", "Next": "S"}),
    "text that is a number": choice({"Variable": "$.a", "StringEquals": 1, "Next": "S"}),
    "a moment that is none": choice({"Variable": "$.a", "TimestampEquals": "x", "Next": "S"}),
    "a pattern from a path": choice({"Variable": "$.a", "StringMatchesPath": "$.b", "Next": "S"}),
    "a comparison with many": choice({"Variable": "$.a", "StringEqualsPath": "$.b[*]", "Next": "S"}),
    "a condition of the other language": choice({"Condition": "{% true %}", "Next": "S"}),
    "a call for a variable": choice({**RULE, "Variable": "States.ArrayContains($.a, 1)"}),
    "many for a variable": choice({**RULE, "Variable": "$.a[*]"}),
    "two processors": state("Map", Iterator=INNER),
    "no processor": state("Map", ItemProcessor=...),
    "two selectors": state("Map", Parameters={}, ItemSelector={}),
    "two limits": state("Map", MaxConcurrency=1, MaxConcurrencyPath="$.a"),
    "items in many places": state("Map", ItemsPath="$.a[*]"),
    "an unknown mode": state("Map", ItemProcessor={**INNER, "ProcessorConfig": {"Mode": "FOO"}}),
    "distributed without a type": state("Map", ItemProcessor={**INNER, "ProcessorConfig": {"Mode": "DISTRIBUTED"}}),
    "more than all": dmap(ToleratedFailurePercentage=101),
    "a reader of nothing": dmap(ItemReader={"Parameters": {}}),
    "a reader of XML": dmap(ItemReader={"Resource": GET, "ReaderConfig": {"InputType": "XML"}}),
    "a table without a head": dmap(ItemReader={"Resource": GET, "ReaderConfig": {"InputType": "CSV"}}),
    "a head that is not given": dmap(ItemReader={"Resource": GET, "ReaderConfig": {
        "InputType": "CSV", "CSVHeaderLocation": "GIVEN"}}),
    "two maximums": dmap(ItemReader={"Resource": GET, "ReaderConfig": {"MaxItems": 1, "MaxItemsPath": "$.a"}}),
    "a batch of any size": dmap(ItemBatcher={"BatchInput": {}}),
    "a batch of two sizes": dmap(ItemBatcher={"MaxItemsPerBatch": 1, "MaxItemsPerBatchPath": "$.a"}),
    "a batch too large": dmap(ItemBatcher={"MaxInputBytesPerBatch": 262_145}),
    "a writer of XML": dmap(ResultWriter={"WriterConfig": {"OutputType": "XML"}}),
    "a label too long": dmap(Label="x" * 41),
    "a label of two words": dmap(Label="a b"),
    "two errors": state("Fail", Error="a", ErrorPath="$.a"),
    "a cause that is a number": state("Fail", CausePath="States.ArrayLength($.a)"),
    "a variable of the language": state("Pass", Assign={"states": 1}),
    "a variable that begins with a digit": state("Pass", Assign={"1a": 1}),
    "a name used twice": state("Parallel", Branches=[INNER, INNER]),
    "a branch that leaves": state("Parallel", Branches=[{"StartAt": "I", "States": {"I": state("Pass", End=..., Next="S")}}]),
    "a branch without end": state("Parallel", Branches=[{"StartAt": "I", "States": {"I": state("Pass", End=..., Next="I")}}]),
    **{f"path {path!r}": state("Pass", InputPath=path)
       for path in ("a", "$.", "$.a.", "$[", "$.a[", "$.a]", "$.a b", "$.a..", "$['a", "$.a[?(@.b==]", " $.a")},
    **{f"result at {path}": state("Pass", ResultPath=path)
       for path in ("$.a[*]", "$..a", "$.a[0,1]", "$.a[0:2]", "$.a.length()", "$$.a", "$v", "a", "States.UUID()")},
    **{f"call {call}": state("Pass", Parameters={"a": [{"x.$": call}]})
       for call in ("States.Foo()", "States.Format(", "States.Format('a'",
                    "Format('a')", "States.Format('a' $.b)", "States.", "x", "", 5)},
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_what_the_language_forbids_is_refused(name: str) -> None:
    assert not accepted(BAD[name])


JSONATA: list[tuple[dict[str, Any], bool]] = [
    (state("Pass", Output="{% $states.input.a %}"), True),
    (state("Pass", Output={"a": ["{% 1 %}", "plain", " {% plain too %} "]}), True),
    (state("Pass", Output={"a": ["{% 1 + %}"]}), False),
    (state("Pass", Output="{% $x"), False),
    (state("Pass", Output="$x %}"), False),
    (state("Pass", Output="{%  %}"), False),
    (state("Pass", Output="{% $$ %}"), False),
    (state("Pass", Output="{% foo %}"), False),
    (state("Pass", Output="{% $states.foo %}"), False),
    (state("Pass", Output="{% $states.result %}"), False),
    (state("Task", Output="{% $states.result %}"), True),
    (state("Task", Arguments="{% $states.result %}"), False),
    (state("Task", Arguments="plain"), False),
    (state("Task", Output="{% $states.errorOutput %}"), False),
    (state("Task", TimeoutSeconds="{% 5 %}", Catch=[{**CATCH, "Output": "{% $states.errorOutput %}"}]), True),
    (state("Task", Catch=[{**CATCH, "ResultPath": "$"}]), False),
    (state("Wait", Seconds="5"), False),
    (state("Map", Items=5), False),
    (state("Map", Items="{% [1] %}", ItemSelector={"a": "{% $states.context.Map.Item.Value %}"}), True),
    (choice({"Condition": "{% $states.input.a = 1 %}", "Next": "S", "Output": 1}), True),
    (choice({"Condition": "true", "Next": "S"}), False),
    (choice({"Next": "S"}), False),
    (choice(RULE), False),
]


@pytest.mark.parametrize(("body", "expected"), JSONATA)
def test_expressions_are_checked_where_they_stand(body: dict[str, Any], expected: bool) -> None:
    assert accepted(body, "JSONata") == expected


@pytest.mark.parametrize(
    "definition",
    ["", "{}", "[]", "[" * 100_000, '{"StartAt": "A", "States": {"A": {"Type": "Pass", "Result": NaN, "End": true}}}',
     {"StartAt": "A", "States": {"A": PASS}, "Foo": 1}, {"StartAt": "A", "States": {"A": PASS}, "Version": "2.0"},
     {"StartAt": "A", "States": {"A": PASS}, "Comment": 5}, {"StartAt": "A", "States": {"A": PASS}, "TimeoutSeconds": 0},
     {"StartAt": "A", "States": {"A": PASS, "B": PASS}}, {"StartAt": "x" * 81, "States": {"x" * 81: PASS}}],
)  # fmt: skip
def test_the_machine_itself_is_checked(definition: Any) -> None:
    assert not whole(definition)


def test_a_variable_belongs_to_one_scope() -> None:
    inner = {"StartAt": "I", "States": {"I": state("Pass", Assign={"x": 1})}}
    other = {"StartAt": "J", "States": {"J": state("Pass", Assign={"x": 2})}}
    both = state("Parallel", Branches=[inner, other])
    assert accepted(both)
    assert not accepted({**both, "Assign": {"x.$": "$.a"}})
