"""Trying one state on its own, as AWS's TestState does: the state, an input, and a mocked answer where it needs one.

tried = test_state(state, input={"a": 1}, mock=Return({"ok": True}))
assert (tried.status, tried.next_state) == ("SUCCEEDED", "After")
assert tried.inspection.after_parameters == {"a": 1}
"""

from collections.abc import Mapping

from rimedio.asl.definition.model import Graph, Machine, MapPart, ParallelPart, State, TaskPart
from rimedio.asl.execution.handlers import Handlers
from rimedio.asl.integrations import aws_answers
from rimedio.asl.jsontext import JSON, dumps, loads
from rimedio.asl.testing.inspection import Circumstances, TestedState, Validation
from rimedio.asl.testing.mocks import Answer, Return, Throw
from rimedio.asl.testing.trial import WITH_RESULT, Trial

TARGETS = ("Next", "Default")
NEEDS_MOCK = (".sync", ".sync:2", ".waitForTaskToken")
ALONE = "State"


def try_state(
    definition: Mapping[str, JSON] | str,
    *,
    input: JSON = None,  # noqa: A002 - TestState's own word
    state_name: str | None = None,
    mock: Answer | None = None,
    variables: Mapping[str, JSON] | None = None,
    context: Mapping[str, JSON] | None = None,
    before: Circumstances | None = None,
    handlers: Handlers | None = None,
    validation: Validation = "NONE",
) -> TestedState:
    """Run one state: `definition` itself, or `state_name` at any depth of the machine that it is; as JSON text too.

    A Task is done by its handler where there is no mock. What `context` has stands in the context object. A mocked
    result is checked against the service's model: PRESENT, that every member fits; STRICT, that none is missing either.
    Raises InvalidDefinition; ValueError for what TestState refuses, such as a mock that is missing or has no use.
    """
    given = loads(definition) if isinstance(definition, str) else definition
    if not isinstance(given, Mapping):
        msg = "The definition of a state is a JSON object."
        raise ValueError(msg)
    machine = Machine.parse(given if state_name else _around(given))
    graph, in_map = _graph_of((machine.graph,), state_name or ALONE)
    state = graph.states[state_name or ALONE]
    before = before or Circumstances()
    problem = _refusal(state, mock, before, is_served=handlers is not None)
    if isinstance(mock, Return) and not problem and validation != "NONE":
        problem = "; ".join(_unlike(state, mock.value, complete=validation == "STRICT"))
    if problem or (context is not None and mock is None):
        raise ValueError(problem or "A context is allowed only together with a mock.")
    value = loads(dumps(input))
    item: dict[str, JSON] = {"Map": {"Item": {"Index": 0, "Value": value}}} if in_map else {}
    trial = Trial(
        machine.name, graph, state, value, dict(variables or {}), item | dict(context or {}), before
    )
    return trial.tested(mock, handlers or {})


test_state = try_state
test_state.__test__ = False  # type: ignore[attr-defined] # pytest would collect it by its name


def _around(state: Mapping[str, JSON]) -> dict[str, JSON]:
    """A machine of this state and the states it may go to."""
    lists = [found for found in (state.get("Choices"), state.get("Catch")) if isinstance(found, list)]
    entries = [state, *(entry for found in lists for entry in found if isinstance(entry, dict))]
    targets = [entry.get(key) for entry in entries for key in TARGETS]
    ends: dict[str, JSON] = {str(target): {"Type": "Succeed"} for target in targets if target}
    return {"StartAt": ALONE, "States": {**ends, ALONE: dict(state)}}


def _graph_of(graphs: tuple[Graph, ...], name: str) -> tuple[Graph, bool]:
    """The states among which a state is, at any depth, and whether that is inside a Map. Raises ValueError."""
    level = [(graph, False) for graph in graphs]
    while level:
        found = next((row for row in level if name in row[0].states), None)
        if found is not None:
            return found
        level = [
            (inner, in_map or isinstance(state.part, MapPart))
            for outer, in_map in level
            for state in outer.states.values()
            for inner in _inside(state)
        ]
    msg = f"There is no state {name!r} in the definition."
    raise ValueError(msg)


def _inside(state: State) -> tuple[Graph, ...]:
    if isinstance(state.part, ParallelPart):
        return state.part.branches
    return (state.part.processor,) if isinstance(state.part, MapPart) else ()


def _refusal(state: State, mock: Answer | None, before: Circumstances, *, is_served: bool) -> str:
    """Why TestState does not take a request; empty when it does."""
    a_state = f"a {state.type} state"
    if mock is not None and state.type not in WITH_RESULT:
        return f"Only Task, Map and Parallel states take a mock, not {a_state}."
    resource = state.part.resource if isinstance(state.part, TaskPart) else ""
    polled = resource.endswith(NEEDS_MOCK) or ":activity:" in resource
    if mock is None and state.type in WITH_RESULT and (polled or not resource or not is_served):
        return f"{a_state.capitalize()} {resource} needs a mock: Return(value) or Throw(error, cause)."
    failed, origin = before.map_iteration_failure_count, before.error_caused_by_state
    if failed is not None and state.type != "Map":
        return f"Only a Map has iterations that fail, not {a_state}."
    if origin is not None and not (isinstance(mock, Throw) and _inside(state)):
        return "Only an error of a Map or a Parallel comes from another state."
    if origin is not None:
        _graph_of(_inside(state), origin)
    is_read = isinstance(state.part, MapPart) and state.part.reader is not None
    if before.map_item_reader_data is not None and not is_read:
        return "Only a Map with an ItemReader takes its data."
    return ""


def _unlike(state: State, result: JSON, *, complete: bool) -> list[str]:
    """What is wrong with a mocked result."""
    if isinstance(state.part, TaskPart):
        return aws_answers.problems(state.part.resource, result, complete=complete)
    if isinstance(state.part, ParallelPart):
        count = len(state.part.branches)
        is_fitting = isinstance(result, list) and len(result) == count
        return [] if is_fitting else [f"the result must be an array of {count} elements, one a branch"]
    is_written = isinstance(state.part, MapPart) and state.part.writer is not None
    return (
        [] if is_written or isinstance(result, list) else ["the result must be an array, one element an item"]
    )
