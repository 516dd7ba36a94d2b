"""Random machines and inputs: no exception but the documented errors; JSON in, JSON out; a crash changes nothing."""

import json
import random
from contextlib import suppress
from typing import Any

import jsonata as _library  # noqa: F401 - raises the recursion limit once; hypothesis must see it before
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rimedio.asl import (
    Description,
    Engine,
    ExecutionAlreadyExists,
    Journal,
    Machine,
    MemoryJournal,
    SqliteJournal,
    StatesError,
    TaskContext,
    TaskFailed,
    VirtualClock,
    validate,
)
from rimedio.asl.execution.workbench import FAULT
from rimedio.asl.expressions.choice import COMPARISONS, TYPE_TESTS
from rimedio.asl.expressions.jsonata import JsonataQuery
from rimedio.asl.expressions.jsonpath_parser import PathSyntaxError, parse_path
from rimedio.asl.expressions.query import Scope

WORK = "arn:aws:lambda:local:000000000000:function:work"
UNIQUE = ("UUID", "$$", "context")  # another value in each run, or in each kind of run
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


timestamps = st.sampled_from(["2026-01-01T00:00:05Z", "2020-02-29T23:59:59+01:00", "2026-01-01T00:00:09.5Z"])
operands = {
    "Boolean": st.booleans(),
    "String": st.text("ab*\\\\", max_size=3),
    "Numeric": st.integers(-9, 9),
    "Timestamp": timestamps,
    "Is": st.booleans(),
}


@st.composite
def rules(draw: Any, depth: int = 2) -> dict[str, Any]:
    """A Choice Rule with any operator, or rules joined."""
    joint = draw(st.sampled_from(["", "", "And", "Or", "Not"])) if depth else ""
    if joint == "Not":
        return {"Not": draw(rules(depth - 1))}
    if joint:
        return {joint: [draw(rules(depth - 1)) for _ in range(draw(st.integers(1, 2)))]}
    operator = draw(st.sampled_from(sorted([*COMPARISONS, *TYPE_TESTS])))
    variable = draw(st.sampled_from(["$", "$.a", "$.b[0]", "$.a.b", "$v"]))
    if operator not in TYPE_TESTS and operator != "StringMatches" and draw(st.booleans()):
        return {"Variable": variable, f"{operator}Path": draw(st.sampled_from(["$.a", "$.b[1]", "$.c.c"]))}
    kind = next(kind for kind in operands if operator.startswith(kind))
    return {"Variable": variable, operator: draw(operands[kind])}


conditions = st.sampled_from(
    ["{% $states.input.a = 1 %}", "{% $exists($v) and $v > 0 %}", "{% $states.input %}", True]
)
FAILS_JSONATA = st.fixed_dictionaries(
    {}, optional={"Error": st.just("Flaky") | st.just("{% $states.input.a %}"), "Cause": st.just("{% $v %}")}
)
FAILS_JSONPATH = st.sampled_from(
    [{}, {"Error": "Flaky", "Cause": "so"}, {"ErrorPath": "$.a"}, {"CausePath": "States.Format('{}', $.b)"}]
)
WAITS_JSONATA = st.one_of(
    st.fixed_dictionaries({"Seconds": st.integers(0, 9) | st.just("{% $states.input.a %}")}),
    st.fixed_dictionaries({"Timestamp": timestamps | st.just("{% $states.input.a %}")}),
)
WAITS_JSONPATH = st.one_of(
    st.fixed_dictionaries({"Seconds": st.integers(0, 9)}),
    st.fixed_dictionaries({"Timestamp": timestamps}),
    st.sampled_from([{"SecondsPath": "$.a"}, {"TimestampPath": "$.a"}]),
)


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
        rule = {"Condition": draw(conditions)} if jsonata else draw(rules())
        default = {"Default": following} if draw(st.booleans()) else {}
        return {**body, "Choices": [{**rule, "Next": following}], **default}
    if kind == "Fail":
        return {**body, **draw(FAILS_JSONATA if jsonata else FAILS_JSONPATH)}
    body |= move
    if draw(st.booleans()):
        body["Assign"] = {"v": draw(expression(jsonata))} if jsonata else {"v.$": draw(paths)}
    if kind == "Wait":
        return {**body, **draw(WAITS_JSONATA if jsonata else WAITS_JSONPATH)}
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


def is_refused(definition: dict[str, Any]) -> bool:
    return any(finding.severity == "ERROR" for finding in validate(definition))


@FEW
@given(machines(), values)
def test_a_machine_ends_with_json_or_with_a_documented_error(definition: dict[str, Any], start: Any) -> None:
    if is_refused(definition):
        return
    engine = Engine(MemoryJournal(), {WORK: work}, clock=VirtualClock())
    found = engine.run(engine.start(Machine.parse(definition), start))
    assert found.status in ("SUCCEEDED", "FAILED")
    if found.status == "FAILED":
        fails_so = '"Type": "Fail"' in json.dumps(definition)  # with an error of its own, or none
        assert FAULT not in str(found.cause), found
        assert fails_so or found.error == "Flaky" or str(found.error).startswith("States."), found
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


def run(
    journal: Journal, definition: dict[str, Any], start: Any, clock: VirtualClock | None = None
) -> Engine:
    """Run to the end, with chance that is the same every time."""
    engine = Engine(journal, {WORK: work}, clock=clock or VirtualClock(), randomness=random.Random(7))
    engine.resume()
    engine.run(engine.start(Machine.parse(definition), start, name="one"))
    return engine


def result(found: Description) -> tuple[Any, ...]:
    return found.status, found.output, found.error, found.cause


@FEW
@given(machines(), values)
def test_file_memory_and_express_come_to_the_same_and_the_same_seed_to_the_same_history(
    tmp_path_factory: pytest.TempPathFactory, definition: dict[str, Any], start: Any
) -> None:
    definition = sequential(definition)
    if is_refused(definition):
        return
    memory = run(MemoryJournal(), definition, start)
    (expected,) = memory.list_executions()
    path = tmp_path_factory.mktemp("journals") / "runs.db"
    file = run(SqliteJournal.open(path), definition, start)
    assert result(file.describe(expected.execution_id)) == result(expected)
    again = Engine(SqliteJournal.open(path), clock=VirtualClock())  # read from the disk
    assert again.history(expected.execution_id) == memory.history(expected.execution_id)
    express = Engine(handlers={WORK: work}, clock=VirtualClock(), randomness=random.Random(7))
    found = express.start_sync(Machine.parse(definition), start, name="one")
    if found.status != "TIMED_OUT" and not any(word in json.dumps(definition) for word in UNIQUE):
        assert result(found) == result(expected)


@FEW
@given(machines(), values, st.integers(1, 30), st.booleans())
def test_a_crash_at_a_random_write_changes_nothing(
    definition: dict[str, Any], start: Any, crash_at: int, after: bool
) -> None:
    definition = sequential(definition)
    if is_refused(definition) or any(word in json.dumps(definition) for word in UNIQUE):
        return
    whole = run(MemoryJournal(), definition, start)
    (expected,) = whole.list_executions()
    inner, clock = MemoryJournal(), VirtualClock()
    try:
        run(Crashing(inner, crash_at, after=after), definition, start, clock)  # type: ignore[arg-type]
    except Crash:
        with suppress(ExecutionAlreadyExists):  # it had ended, and only that was still to be told
            run(inner, definition, start, clock)
    engine = Engine(inner)
    assert result(engine.describe(expected.execution_id)) == result(expected)
    types = [[event["type"] for event in each.history(expected.execution_id)] for each in (engine, whole)]
    assert types[0] == types[1]


class Crash(BaseException):
    """The process dies."""


class Crashing:
    """A journal at whose n-th write the process dies, before it or after it."""

    def __init__(self, inner: Journal, crash_at: int, *, after: bool) -> None:
        self._inner, self._left, self._after = inner, crash_at, after

    def __getattr__(self, name: str) -> object:
        found = getattr(self._inner, name)
        if name not in ("create", "commit"):
            return found

        def write(*arguments: object) -> object:
            self._left -= 1
            if self._left == 0 and not self._after:
                raise Crash
            answer = found(*arguments)
            if self._left == 0:
                raise Crash
            return answer

        return write


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
