"""Random machines and inputs: no exception but the documented errors; JSON in, JSON out; a crash changes nothing."""

import json
from typing import Any

import jsonata as _library  # noqa: F401 - raises the recursion limit once; hypothesis must see it before
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rimedio.asl import (
    Engine,
    Machine,
    MemoryJournal,
    StatesError,
    TaskContext,
    TaskFailed,
    VirtualClock,
    validate,
)
from rimedio.asl.expressions.jsonata import JsonataQuery
from rimedio.asl.expressions.jsonpath_parser import PathSyntaxError, parse_path
from rimedio.asl.expressions.query import Scope

WORK = "arn:aws:lambda:local:000000000000:function:work"
FEW = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])

scalars = (
    st.none()
    | st.booleans()
    | st.integers(-9, 9)
    | st.floats(-9, 9, width=16)
    | st.text("ab$.{}%'\\é", max_size=5)
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=8,
)
paths = st.sampled_from(
    [
        "$",
        "$.a",
        "$.b[0]",
        "$.a.b.c",
        "$..a",
        "$.b[*]",
        "$.c[?(@.a > 1)]",
        "$$",
        "$$.State.Name",
        "$v",
        "$.b.length()",
    ]
)
calls = st.sampled_from(["States.Array($.a, $.b)", "States.Format('{}', $.a)", "States.ArrayLength($.b)", "States.UUID()",
                         "States.MathAdd($.a, 1)", "States.StringToJson($.a)", "States.JsonMerge($, $.c, false)",
                         "States.ArrayGetItem($.b, 0)", "States.StringSplit($.a, 'a')", "States.Hash($, 'MD5')"])  # fmt: skip
sources = st.sampled_from(["$states.input", "$states.input.a", "$v", "$states.context.State.Name", "$states.input.b[0]",
                           "$sum($states.input.b)", "$states.input.a + 1", "$count($states.input.b)", "$string($states.input)",
                           "$merge([$states.input, {'z': 1}])", "$states.input.**", "1/0", "$partition($states.input.b, 2)",
                           "$range(0, $states.input.a, 1)", "$keys($states.input)", "$error('no')", "$parse($states.input.a)",
                           "$map($states.input.b, function($x) { $x })", "$reverse($states.input.b)", "$eval('1')"])  # fmt: skip
errors = st.sampled_from(["States.ALL", "States.TaskFailed", "States.Timeout", "Flaky"])


@st.composite
def graphs(draw: Any, jsonata: bool, depth: int, counter: list[int]) -> dict[str, Any]:
    names = []
    for _ in range(draw(st.integers(1, 3))):
        counter[0] += 1
        names.append(f"S{counter[0]}")
    states = {}
    for place, name in enumerate(names):
        following = names[place + 1] if place + 1 < len(names) else None
        states[name] = draw(state(jsonata, depth, counter, following))
    return {"StartAt": names[0], "States": states}


def expression(jsonata: bool) -> st.SearchStrategy[Any]:
    if jsonata:
        return values | sources.map(lambda source: f"{{% {source} %}}")
    return st.dictionaries(st.sampled_from("xyz"), values, max_size=2).flatmap(
        lambda fixed: st.fixed_dictionaries({"p.$": paths | calls}).map(lambda more: {**plain(fixed), **more})
    )


def plain(value: Any) -> Any:
    """Without members that would be taken for computed ones."""
    if isinstance(value, dict):
        return {key: plain(member) for key, member in value.items() if not key.endswith(".$")}
    return [plain(member) for member in value] if isinstance(value, list) else value


@st.composite
def state(draw: Any, jsonata: bool, depth: int, counter: list[int], following: str | None) -> dict[str, Any]:
    kinds = (
        ["Pass", "Task", "Wait"]
        + (["Parallel", "Map"] if depth else [])
        + (["Choice"] if following else ["Fail"])
    )
    kind = draw(st.sampled_from(kinds))
    move: dict[str, Any] = {"Next": following} if following else {"End": True}
    body: dict[str, Any] = {"Type": kind}
    if kind == "Choice":
        rule = (
            {"Condition": "{% $states.input.a = 1 %}"} if jsonata else {"Variable": "$.a", "NumericEquals": 1}
        )
        return {**body, "Choices": [{**rule, "Next": following}], "Default": following}
    if kind == "Fail":
        return {**body, "Error": "Flaky"}
    body |= move
    if draw(st.booleans()):
        body["Assign"] = {"v": draw(expression(jsonata))} if jsonata else {"v.$": draw(paths)}
    if kind == "Wait":
        return {**body, "Seconds": draw(st.integers(0, 99))}
    if jsonata:
        body |= {"Output": draw(expression(True))} if draw(st.booleans()) else {}
    else:
        body |= (
            {"ResultPath": draw(st.sampled_from(["$", "$.a", "$.q.r", None]))} if draw(st.booleans()) else {}
        )
        body |= {"InputPath": draw(paths)} if draw(st.booleans()) else {}
    if kind == "Pass":
        return body if jsonata else {**body, "Parameters": draw(expression(False))}
    if draw(st.booleans()):
        body["Retry"] = [{"ErrorEquals": [draw(errors)], "MaxAttempts": draw(st.integers(0, 2))}]
    if draw(st.booleans()) and following:
        body["Catch"] = [{"ErrorEquals": [draw(errors)], "Next": following}]
    if kind == "Task":
        return {**body, "Resource": WORK, "Arguments" if jsonata else "Parameters": draw(expression(jsonata))}
    if kind == "Parallel":
        return {
            **body,
            "Branches": [draw(graphs(jsonata, depth - 1, counter)) for _ in range(draw(st.integers(1, 2)))],
        }
    distributed = draw(st.booleans())
    config = {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"} if distributed else {"Mode": "INLINE"}
    items = {"Items": [1, 2, 3]} if jsonata else {"ItemsPath": draw(paths)}
    return {
        **body,
        **items,
        "ItemProcessor": {**draw(graphs(jsonata, depth - 1, counter)), "ProcessorConfig": config},
    }


@st.composite
def machines(draw: Any) -> dict[str, Any]:
    jsonata = draw(st.booleans())
    return {"QueryLanguage": "JSONata" if jsonata else "JSONPath", **draw(graphs(jsonata, 2, [0]))}


def work(payload: Any, context: TaskContext) -> Any:
    text = json.dumps(payload, sort_keys=True)
    if len(text) % 3 == 0 and context.retry_count == 0:
        raise TaskFailed("Flaky", text)
    return payload


@FEW
@given(machines(), values)
def test_a_machine_ends_with_json_or_with_a_documented_error(definition: dict[str, Any], start: Any) -> None:
    if [finding for finding in validate(definition) if finding.severity == "ERROR"]:
        return
    engine = Engine(MemoryJournal(), {WORK: work}, clock=VirtualClock())
    found = engine.run(engine.start(Machine.parse(definition), start))
    assert found.status in ("SUCCEEDED", "FAILED")
    if found.status == "FAILED":
        assert found.error == "Flaky" or str(found.error).startswith("States."), found
    else:
        assert json.loads(json.dumps(found.output)) == found.output
    history = engine.history(found.execution_id)
    assert [event["id"] for event in history] == list(range(1, len(history) + 1))
    assert all(0 <= event["previousEventId"] < event["id"] for event in history)  # type: ignore[operator]


def sequential(value: Any) -> Any:
    """Without branches and items side by side: which of two failures comes first is chance."""
    if isinstance(value, list):
        return [sequential(element) for element in value]
    if not isinstance(value, dict):
        return value
    body = {key: sequential(member) for key, member in value.items()}
    if body.get("Type") == "Parallel":
        body["Branches"] = body["Branches"][:1]
    return {**body, "MaxConcurrency": 1} if body.get("Type") == "Map" else body


@FEW
@given(machines(), values)
def test_the_way_is_the_same_when_every_step_starts_from_the_journal(
    definition: dict[str, Any], start: Any
) -> None:
    if any(word in json.dumps(definition) for word in ("UUID", "$$", "context")):
        return  # made anew, or different in each run
    definition = sequential(definition)
    if [finding for finding in validate(definition) if finding.severity == "ERROR"]:
        return
    machine = Machine.parse(definition)
    whole = Engine(MemoryJournal(), {WORK: work}, clock=VirtualClock())
    expected = whole.run(whole.start(machine, start))
    journal, clock = MemoryJournal(), VirtualClock()
    execution = Engine(journal, {WORK: work}, clock=clock).start(machine, start)
    for _ in range(2_000):
        engine = Engine(journal, {WORK: work}, clock=clock)  # as after a crash: nothing in memory
        if engine.describe(execution).is_over:
            break
        engine.resume()
        if engine._bench.work() is None:
            engine._sleep_until_alarm()
        engine._bench.work()
        engine._bench.work()
    found = Engine(journal, {}, clock=clock).describe(execution)
    assert (found.status, found.output, found.error) == (expected.status, expected.output, expected.error)


@FEW
@given(st.text("$.a[]'*?@()<>=&|! 01\"-\\:,", max_size=14), values)
def test_any_text_is_a_path_or_refused(text: str, value: Any) -> None:
    try:
        path = parse_path(text)
    except PathSyntaxError:
        return
    path.find(value)


@FEW
@given(
    st.lists(
        st.sampled_from(
            [
                "$states.input",
                ".a",
                "[0]",
                "+",
                "1",
                "$sum(",
                ")",
                "null",
                "&",
                "'x'",
                "{",
                "}",
                "$v",
                "=",
                "~>",
                "|",
            ]
        ),
        max_size=7,
    ),
    values,
)
def test_any_expression_has_a_value_or_a_query_evaluation_error(parts: list[str], value: Any) -> None:
    query = JsonataQuery(" ".join(parts), "Output")
    raised: list[str | None] = []
    try:
        json.dumps(query.evaluate(Scope(value, {"input": value}, {"v": value}, dict)))
    except StatesError as error:
        raised.append(error.error)
    assert raised in ([], ["States.QueryEvaluationError"])


@FEW
@given(values)
def test_any_value_is_validated_without_an_exception(value: Any) -> None:
    assert validate(value if isinstance(value, (str, dict)) else json.dumps(value))
