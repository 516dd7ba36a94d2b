"""The transitions of a machine, in words that people can read."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import cast

from rimedio.asl.definition.model import ChoicePart, Graph, Machine
from rimedio.asl.jsontext import JSON, dumps, loads

Object = Mapping[str, JSON]
WORDS = {
    "Equals": "=", "GreaterThan": ">", "GreaterThanEquals": "≥", "LessThan": "<", "LessThanEquals": "≤",
    "Matches": "like",
}  # fmt: skip
TYPES = ("String", "Numeric", "Boolean", "Timestamp")


@dataclass(frozen=True)
class Edge:
    """A transition and why it is taken: next, choice, default or catch."""

    source: str
    target: str
    kind: str = "next"
    label: str = ""


def definitions(machine: Machine) -> dict[str, Object]:
    """The JSON of every state, by name."""
    found: dict[str, Object] = {}

    def collect(at: JSON) -> None:
        states = at.get("States") if isinstance(at, dict) else None
        for name, state in cast("dict[str, dict[str, JSON]]", states or {}).items():
            found[name] = state
            inner = [
                *cast("list[JSON]", state.get("Branches") or []),
                state.get("ItemProcessor"),
                state.get("Iterator"),
            ]
            for level in inner:
                collect(level)

    collect(loads(machine.definition))
    return found


def edges(graph: Graph, written: Mapping[str, Object] | None = None) -> Iterator[Edge]:
    """All transitions of one level; with the states' JSON, choices are labelled with their conditions."""
    for state in graph.states.values():
        if isinstance(state.part, ChoicePart):
            rules = cast("list[Object]", (written or {}).get(state.name, {}).get("Choices") or [])
            for number, rule in enumerate(state.part.rules):
                label = condition(rules[number]) if number < len(rules) else f"rule {number + 1}"
                yield Edge(state.name, rule.next, "choice", label)
            if state.part.default:
                yield Edge(state.name, state.part.default, "default", "otherwise")
        if state.next:
            yield Edge(state.name, state.next)
        for catcher in state.catch:
            label = "" if catcher.errors == ("States.ALL",) else ", ".join(catcher.errors)
            yield Edge(state.name, catcher.next, "catch", label)


def condition(rule: Object) -> str:
    """A choice rule as a line of text: `$.total > 100`."""
    if isinstance(rule.get("Condition"), str):
        return str(rule["Condition"]).removeprefix("{%").removesuffix("%}").strip()
    for word, sign in (("And", " and "), ("Or", " or ")):
        if isinstance(rule.get(word), list):
            return sign.join(condition(part) for part in cast("list[Object]", rule[word]))
    if isinstance(rule.get("Not"), dict):
        return f"not ({condition(cast('Object', rule['Not']))})"
    operator = next(
        (key for key in rule if key not in ("Variable", "Next", "Comment", "Assign", "Output")), ""
    )
    variable, value = rule.get("Variable", ""), rule.get(operator)
    if operator.startswith("Is"):
        return f"{variable} {'is' if value is True else 'is not'} {operator[2:].lower()}"
    plain = operator.removesuffix("Path")
    for kind in TYPES:
        plain = plain.removeprefix(kind)
    told = value if operator.endswith("Path") else dumps(value)
    return f"{variable} {WORDS.get(plain, plain)} {told}"
