"""Good definitions spoilt at random: either they are refused, or they compile and run to an end."""

import copy
import json
from collections.abc import Iterator
from typing import Any

import jsonata as _library  # noqa: F401 - raises the recursion limit once; hypothesis must see it before
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rimedio.asl import Engine, InvalidDefinition, Machine, MemoryJournal, VirtualClock, validate

FEW = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
ECHO = "arn:aws:lambda:eu-south-1:123456789012:function:echo"


def inner(name: str, **fields: Any) -> dict[str, Any]:
    return {"StartAt": name, "States": {name: {"Type": "Pass", "End": True, **fields}}}


DISTRIBUTED = {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}}
PATHS: dict[str, Any] = {
    "Comment": "JSONPath", "Version": "1.0", "TimeoutSeconds": 99, "StartAt": "Call", "States": {
        "Call": {"Type": "Task", "Resource": ECHO, "Parameters": {"a.$": "$.a", "b": [{"c.$": "States.Array($.a, 1)"}]},
                 "ResultSelector": {"r.$": "$.a"}, "ResultPath": "$.r", "TimeoutSeconds": 9, "HeartbeatSecondsPath": "$.one",
                 "Retry": [{"ErrorEquals": ["X", "Y"], "IntervalSeconds": 2, "BackoffRate": 1.5, "MaxDelaySeconds": 9,
                            "JitterStrategy": "FULL"}, {"ErrorEquals": ["States.ALL"], "MaxAttempts": 0}],
                 "Catch": [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.e", "Next": "Pause"}], "Next": "Pause"},
        "Pause": {"Type": "Wait", "SecondsPath": "$.one", "InputPath": "$", "Next": "Decide"},
        "Decide": {"Type": "Choice", "Default": "Items", "Choices": [
            {"And": [{"Variable": "$.a", "IsPresent": True}, {"Not": {"Variable": "$.a", "NumericEqualsPath": "$.one"}}],
             "Next": "Stop"},
            {"Variable": "$.s", "StringMatches": "x*", "Assign": {"v.$": "$.s"}, "Next": "Both"}]},
        "Items": {"Type": "Map", "ItemsPath": "$.list", "MaxConcurrency": 2, "ItemSelector": {"i.$": "$$.Map.Item.Index"},
                "ItemProcessor": {**inner("Each", Result={"x": 1}), "ProcessorConfig": {"Mode": "INLINE"}}, "Next": "Many"},
        "Many": {"Type": "Map", "Label": "many", "ToleratedFailurePercentage": 10, "ItemBatcher": {"MaxItemsPerBatch": 2},
                 "ItemsPath": "$", "ItemProcessor": {**inner("Batch"), **DISTRIBUTED}, "Next": "Both"},
        "Both": {"Type": "Parallel", "Branches": [inner("One"), inner("Two", OutputPath=None)], "Next": "Done"},
        "Stop": {"Type": "Fail", "Error": "Wrong", "CausePath": "States.Format('{}', $.a)"},
        "Done": {"Type": "Succeed", "OutputPath": "$[0]"},
    },
}  # fmt: skip
QUERIES: dict[str, Any] = {
    "QueryLanguage": "JSONata", "StartAt": "Call", "States": {
        "Call": {"Type": "Task", "Resource": ECHO, "Arguments": {"a": "{% $states.input.a %}"}, "TimeoutSeconds": "{% 5 %}",
                 "Output": {"r": "{% $states.result.a + 1 %}"}, "Assign": {"v": "{% $states.input %}"},
                 "Catch": [{"ErrorEquals": ["States.ALL"], "Output": "{% $states.errorOutput %}", "Next": "Done"}],
                 "Next": "Decide"},
        "Decide": {"Type": "Choice", "Default": "Pause", "Choices": [
            {"Condition": "{% $states.input.r > 5 %}", "Next": "Done", "Output": "{% $v %}"}]},
        "Pause": {"Type": "Wait", "Seconds": "{% $v.one %}", "Next": "Items"},
        "Items": {"Type": "Map", "Items": "{% $v.list %}", "ItemSelector": {"n": "{% $states.context.Map.Item.Value %}"},
                "ItemProcessor": inner("Each", Output="{% $states.input.n %}"), "Next": "Done"},
        "Done": {"Type": "Pass", "Output": {"all": ["{% $v %}", "{% $states.input %}"]}, "End": True},
    },
}  # fmt: skip
STARTS = [
    {"a": a, "one": 1, "s": s, "list": [1, {"b": 2}]}
    for a, s in ((2, "q"), (1, "xyz"), (1, "q"), ("1", None))
]
TURNS = {
    "$": ["$", "$.a", "$.s", "$.list", "$.list[0]", "$.list[1].b", "$.list[-1]", "$.no.such", "$$", "$$.State", "$v", "$[0]"],
    "{": ["{% $v %}", "{% $states.input %}", "{% $states.input.list[0] %}", "{% $v.a/0 %}", "{% [] %}", "{% null %}",
          "{% $states.context.State %}", "{% function($x){$x} %}", "{% -1 %}", "{% 1e9 %}", "{% 'x' %}", "{% $nope() %}"],
}  # fmt: skip

spoils = st.one_of(
    st.sampled_from(
        [None, True, False, 0, -1, 1.5, 10**30, "", "x", "$", "$.a", "$.a[*]", "$$.State", "$v", "States.UUID()",
         "{% 1 %}", "{% $states %}", "{% ( %}", "States.ALL", "Done", "Call", [], {}, [1], {"a.$": "$.b"},
         "2030-01-01T00:00:00Z", ECHO]
    ),
    st.text(max_size=4),
    st.recursive(st.none(), lambda deeper: st.lists(deeper, max_size=2), max_leaves=4),
).map(copy.deepcopy)  # fmt: skip


def holders(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every place in a JSON value: what holds it, and under which name or index."""
    members = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    )
    for key, member in members:
        yield value, key
        yield from holders(member)


@st.composite
def spoilt(draw: Any) -> dict[str, Any]:
    definition: dict[str, Any] = copy.deepcopy(draw(st.sampled_from([PATHS, QUERIES])))
    for _ in range(draw(st.integers(1, 3))):
        holder, key = draw(st.sampled_from(list(holders(definition))))
        turn = TURNS.get(str(holder[key])[:1], []) if isinstance(holder[key], str) else []
        match (
            draw(st.sampled_from(["drop", "put", "wrap", "unwrap", "rename", "deepen"]))
            if not turn
            else "turn"
        ):
            case "turn":
                holder[key] = draw(st.sampled_from(turn) | spoils)
            case "drop":
                del holder[key]
            case "put":
                holder[key] = draw(spoils)
            case "wrap":
                holder[key] = draw(st.sampled_from([[holder[key]], {"x": holder[key]}]))
            case "unwrap":
                found = list(holders(holder[key]))
                holder[key] = found[0][0][found[0][1]] if found else draw(spoils)
            case "rename" if isinstance(holder, dict):
                holder[draw(st.sampled_from(["Next", "End", "Foo", "Output", "ResultPath", "x.$"]))] = (
                    holder.pop(key)
                )
            case _:
                for _ in range(draw(st.sampled_from([3, 60, 110]))):
                    holder[key] = [holder[key]]
    return definition


def goes_back(value: Any) -> bool:
    """Whether a state leads to itself or to one before it: such a machine may run for long."""
    if isinstance(value, list):
        return any(map(goes_back, value))
    if not isinstance(value, dict):
        return False
    states = value["States"] if isinstance(value.get("States"), dict) else {}
    order = list(states)
    for place, state in enumerate(states.values()):
        text = json.dumps(
            {name: part for name, part in state.items() if name not in ("ItemProcessor", "Branches")}
        )
        if any(f'": {json.dumps(name)}' in text for name in order[: place + 1]):
            return True
    return any(map(goes_back, value.values()))


@FEW
@given(spoilt(), st.sampled_from(STARTS))
def test_a_spoilt_definition_is_refused_or_runs_to_an_end(definition: dict[str, Any], start: Any) -> None:
    errors = [finding for finding in validate(definition) if finding.severity == "ERROR"]
    if errors:
        assert all(isinstance(error.message, str) and error.code.isupper() for error in errors)
        with pytest.raises(InvalidDefinition):
            Machine.parse(definition)
        return
    machine = Machine.parse(definition)
    if goes_back(definition):
        return
    engine = Engine(MemoryJournal(), {"*": lambda payload, _: payload}, clock=VirtualClock())
    found = engine.run(engine.start(machine, start))
    assert found.status in ("SUCCEEDED", "FAILED", "TIMED_OUT")
    if found.status == "FAILED" and "Stop" not in definition["States"]:
        assert str(found.error).startswith("States."), found


@FEW
@given(st.sampled_from([PATHS, QUERIES]), st.data())
def test_a_spoilt_text_is_refused_or_compiles(definition: dict[str, Any], data: st.DataObject) -> None:
    text = json.dumps(definition)
    for _ in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(0, len(text)))
        piece = st.sampled_from(
            ['"', "{", "}", "[", "]", ",", ":", "\\", "\\u0000", "\\ud800", "NaN", "1e999", "\x00", "é"]
        )
        text = text[:start] + data.draw(piece) + text[start + data.draw(st.integers(0, 9)) :]
    errors = tuple(finding for finding in validate(text) if finding.severity == "ERROR")
    if not errors:
        Machine.parse(text)
        return
    with pytest.raises(InvalidDefinition) as raised:
        Machine.parse(text)
    assert raised.value.diagnostics == errors


@pytest.mark.parametrize(
    "text",
    [
        '{"StartAt": "A", "StartAt": "B", "States": {"A": 1, "A": {"Type": "Succeed"}}}',
        '{"StartAt": "' + "x" * 1_100_000 + '"}',
        '{"States": {"A": {"Type": "Pass", "InputPath": "$' + ".a" * 50_000 + '"}}}',
        '{"States": {"A": {"Type": "Pass", "InputPath": "$[?' + "(" * 20_000 + '"}}}',
        '{"States": {"A": {"Type": "Pass", "InputPath": "$[' + "9" * 5_000 + ']"}}}',
        '{"QueryLanguage": "JSONata", "States": {"A": {"Type": "Pass", "Output": "{% ' + "(" * 20_000 + ' %}"}}}',
        '{"States": ' + '{"A":' * 900 + "1" + "}" * 900 + "}",
        "[" * 500_000,
        "{" * 500_000,
    ],
    ids=["twice", "long", "long path", "open filters", "a long index", "open brackets", "deep", "lists", "objects"],
)  # fmt: skip
def test_no_text_is_too_much(text: str) -> None:
    assert any(finding.severity == "ERROR" for finding in validate(text))
    with pytest.raises(InvalidDefinition):
        Machine.parse(text)


@pytest.mark.parametrize(
    "value", [{"A": float("nan")}, {"A": {1, 2}}, {"A": b"x"}, {"A": "\ud800"}, {"A": 10**400}, {("a",): 1}]
)
def test_what_is_no_json_is_refused(value: Any) -> None:
    assert [finding.code for finding in validate(value)] == ["INVALID_JSON_DESCRIPTION"]


def test_a_value_that_holds_itself_is_refused() -> None:
    value: dict[str, Any] = {"StartAt": "A"}
    value["States"] = value
    assert [finding.code for finding in validate(value)] == ["INVALID_JSON_DESCRIPTION"]
