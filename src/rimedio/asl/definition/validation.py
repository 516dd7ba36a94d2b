"""Checks a definition and says what is wrong, in the codes and words of AWS.

Codes: INVALID_JSON_DESCRIPTION, MISSING_DESCRIPTION, TOO_DEEPLY_NESTED, SCHEMA_VALIDATION_FAILED, INVALID_STATE_NAME,
DUPLICATE_STATE_NAME, INVALID_LABEL_NAME, DUPLICATE_LABEL_NAME, MISSING_TRANSITION_TARGET, MISSING_END_STATE,
INVALID_JSONATA_EXPRESSION, UNSUPPORTED_JSONATA_EXPRESSION; warnings NO_DOLLAR, NO_PATH, PASS_RESULT_IS_STATIC.
"""

import json
from collections.abc import Iterable, Mapping

from rimedio.asl.definition.field_check import FieldCheck
from rimedio.asl.definition.fields import SHAPES, STATE_TYPES, Field, Group
from rimedio.asl.definition.findings import Findings, Object
from rimedio.asl.definition.model import JSONATA, JSONPATH
from rimedio.asl.errors import Diagnostic, InvalidDefinition
from rimedio.asl.jsontext import JSON, loads

STATE_NAME_MAX = 80
DEFINITION_CHARACTERS_MAX = 1_048_576
DEPTH_MAX = 100


def validate(definition: "str | Mapping[str, JSON]", *, express: bool = False) -> list[Diagnostic]:
    """All findings; the definition is good when none has the severity ERROR.

    `express`: for a state machine of the type EXPRESS, which can do less.
    """
    return _checked(definition, express)[0].found


def check(definition: "str | Mapping[str, JSON]") -> tuple[Mapping[str, JSON], str]:
    """The definition as an object, and as text. Raises InvalidDefinition with all errors."""
    findings, value, text = _checked(definition, express=False)
    errors = [finding for finding in findings.found if finding.severity == "ERROR"]
    if errors or value is None:
        raise InvalidDefinition(errors)
    return value, text


def _checked(definition: "str | Mapping[str, JSON]", express: bool) -> tuple[Findings, Object | None, str]:
    findings = Findings()
    try:
        text = definition if isinstance(definition, str) else json.dumps(definition, ensure_ascii=False)
    except (TypeError, ValueError, RecursionError) as error:
        findings.add("INVALID_JSON_DESCRIPTION", f"Definition is not JSON: {error}", None)
        return findings, None, ""
    value = _parsed(text, findings)
    if value is not None:
        _Walk(findings, value, express).machine()
    return findings, value, text


def _parsed(text: str, findings: Findings) -> Object | None:
    if not text.strip():
        findings.add("MISSING_DESCRIPTION", "The definition is empty.", None)
        return None
    if len(text) > DEFINITION_CHARACTERS_MAX:
        findings.schema(f"The definition exceeds {DEFINITION_CHARACTERS_MAX} characters.", "")
        return None
    try:
        value = loads(text)
    except ValueError as error:
        findings.add("INVALID_JSON_DESCRIPTION", f"Definition is not a valid JSON document: {error}", None)
        return None
    if not isinstance(value, dict):
        findings.add("INVALID_JSON_DESCRIPTION", "Definition is not a JSON object.", None)
        return None
    if _is_deeper(value, DEPTH_MAX):
        findings.add(
            "TOO_DEEPLY_NESTED", f"The definition is nested more than {DEPTH_MAX} levels deep.", None
        )
        return None
    return value


def _is_deeper(value: JSON, limit: int) -> bool:
    level: list[JSON] = [value]
    while level and limit:
        members = (m.values() if isinstance(m, dict) else m for m in level if isinstance(m, (dict, list)))
        level, limit = [member for inner in members for member in inner], limit - 1
    return bool(level)


class _Walk:
    """Walks one definition along the tables of `fields`."""

    def __init__(self, findings: Findings, definition: Object, express: bool) -> None:
        self.findings = findings
        self.fields = FieldCheck(findings)
        self.fields.express = express
        self.definition = definition
        self.language = _language(definition, JSONPATH)
        self.names: set[str] = set()
        self.assigned: dict[str, str] = {}

    def machine(self) -> None:
        """Everything."""
        self._object(self.definition, "Machine", self.language, "")

    # -- objects of the language

    def _object(self, value: JSON | Object, shape: str, language: str, at: str) -> None:
        """An object and all that is in it."""
        if not isinstance(value, dict):
            self.fields.typed(value, "object", at)
            return
        self._fields(value, shape, language, at)
        outer = self.fields.express
        config = value.get("ProcessorConfig")
        if shape == "ItemProcessor" and isinstance(config, dict) and config.get("Mode") == "DISTRIBUTED":
            if outer:
                self.findings.schema("Express state machine does not support a Map in DISTRIBUTED mode", at)
            self.fields.express = config.get("ExecutionType") == "EXPRESS"
        for name, field in SHAPES[shape].fields.items():
            if name in value and field.language in ("", language):
                self._value(value[name], field, language, f"{at}/{name}")
        self.fields.express = outer
        if "States" in SHAPES[shape].fields:
            self._transitions(value, at)

    def _fields(self, body: Object, shape: str, language: str, at: str) -> None:
        """Which fields there are, and which there must be."""
        table = SHAPES[shape]
        for name in body:
            field = table.fields.get(name)
            if field is None:
                self.findings.schema(f"Field '{name}' is not supported", at)
            elif field.language not in ("", language):
                message = (
                    f"The QueryLanguage is set to '{language}', but field '{name}' is only supported "
                    f"for the '{field.language}' QueryLanguage"
                )
                self.findings.schema(message, at)
        needed = {other: True for name, value, other in table.needs if body.get(name) == value}
        needed |= {name: table.fields[name].language in ("", language) for name in table.required}
        missing = [name for name, counts in needed.items() if counts and name not in body]
        if missing:
            self.findings.schema(f"These fields are required: [{', '.join(missing)}]", at)
        pairs = (Group((n, f"{n}Path"), 0) for n in body if f"{n}Path" in body and n != "Result")
        for group in (*table.groups, *pairs):
            if group.language in ("", language):
                self._group(body, group, at)

    def _group(self, body: Object, group: Group, at: str) -> None:
        count = sum(name in body and not (name == "End" and body[name] is False) for name in group.names)
        names = ", ".join(group.names)
        if count < group.least:
            self.findings.schema(group.message or f"One of these fields is required: [{names}]", at)
        elif count > group.most:
            usual = f"There should only be one of the following fields: [{names}]"
            self.findings.schema(group.message or usual, at)

    def _value(self, value: JSON, field: Field, language: str, at: str) -> None:
        if field.kind == "object":
            self._object(value, field.shape, language, at)
        elif field.kind == "objects":
            self._objects(value, field, language, at)
        elif field.kind == "states":
            self._states(value, at)
        else:
            self.fields.check(value, field, language, at)

    def _objects(self, value: JSON, field: Field, language: str, at: str) -> None:
        if not isinstance(value, list) or len(value) < field.low:
            message = f"Expected value of type [ARRAY] with at least {field.low:g} elements"
            self.findings.schema(message, at)
            return
        for index, element in enumerate(value):
            place = f"{at}[{index}]"
            self._object(element, field.shape, language, place)
            errors = element.get("ErrorEquals") if isinstance(element, dict) else None
            if (
                isinstance(errors, list)
                and "States.ALL" in errors
                and (len(errors), index) != (1, len(value) - 1)
            ):
                message = "States.ALL must appear alone and at end of list"
                self.findings.schema(message, f"{place}/ErrorEquals[{errors.index('States.ALL')}]")

    # -- states

    def _states(self, value: JSON, at: str) -> None:
        if not isinstance(value, dict) or not value:
            self.findings.schema("Expected value of type [OBJECT] with at least one state", at)
            return
        outer = self.assigned
        self.assigned = {**outer, **self._own_variables(value, at)}
        for name, state in value.items():
            place = f"{at}/{name}"
            if not 0 < len(name) <= STATE_NAME_MAX:
                message = f"State names have 1 to {STATE_NAME_MAX} characters"
                self.findings.add("INVALID_STATE_NAME", message, place)
            if name in self.names:
                self.findings.add("DUPLICATE_STATE_NAME", f"Duplicate State name: {name}", place)
            self.names.add(name)
            self._state(state, place)
        self.assigned = outer

    def _own_variables(self, states: Object, at: str) -> dict[str, str]:
        """What these states assign, with the places; a variable of an outer scope must not be among it."""
        own = {}
        for name, state in states.items():
            for holder, place in _holders(state, f"{at}/{name}"):
                assign = holder.get("Assign")
                for key in assign if isinstance(assign, dict) else ():
                    own[key.removesuffix(".$")] = f"{place}/Assign/{key}"
        for name in own.keys() & self.assigned.keys():
            message = f"The variable '{name}' is assigned in an outer scope already, at {self.assigned[name]}"
            self.findings.schema(message, own[name])
        return own

    def _state(self, state: JSON, at: str) -> None:
        if not self.fields.typed(state, "object", at) or not isinstance(state, dict):
            return
        kind = state.get("Type")
        if "Type" not in state:
            self.findings.schema("These fields are required: [Type]", at)
        elif not isinstance(kind, str) or kind not in STATE_TYPES:
            self.findings.schema(
                f"Value should be one of the following: [{', '.join(STATE_TYPES)}]", f"{at}/Type"
            )
        else:
            language = _language(state, self.language)
            if language == JSONPATH and self.language == JSONATA:
                message = "'QueryLanguage' can not be 'JSONPath' if set to 'JSONata' for whole state machine"
                self.findings.schema(message, at)
            self._object(state, kind, language, at)
            timeout, beat = state.get("TimeoutSeconds"), state.get("HeartbeatSeconds")
            if isinstance(timeout, int) and isinstance(beat, int) and beat >= timeout:
                message = "HeartbeatSeconds must be smaller than TimeoutSeconds"
                self.findings.schema(message, f"{at}/HeartbeatSeconds")

    # -- transitions

    def _transitions(self, graph: Object, at: str) -> None:
        """Every target is a state of the same graph, every state is reached, and one of them ends it."""
        states, start = graph.get("States"), graph.get("StartAt")
        if not isinstance(states, dict) or not states or not isinstance(start, str):
            return
        targets = {
            name: self._targets(state, states, f"{at}/States/{name}") for name, state in states.items()
        }
        starts = [start] if start in states else list({t for found in targets.values() for t in found})
        if start not in states:
            self._missing(start, f"{at}/StartAt")
        if not any(_is_terminal(state) for state in states.values()):
            self.findings.add("MISSING_END_STATE", "Workflow has no terminal state", at or None)
            return
        seen, pending = set(starts), starts
        while pending:
            found = [target for target in targets[str(pending.pop())] if target not in seen]
            seen.update(found)
            pending.extend(found)
        for name in states:
            if name not in seen:
                message = f'State "{name}" is not reachable.'
                self.findings.add("MISSING_TRANSITION_TARGET", message, f"{at}/States/{name}")

    def _targets(self, state: JSON, states: Object, at: str) -> list[str]:
        """The states that a state leads to; those that are missing are told."""
        found = []
        for holder, place in _holders(state, at):
            for field in ("Next", "Default"):
                target = holder.get(field)
                if isinstance(target, str) and target in states:
                    found.append(target)
                elif isinstance(target, str):
                    self._missing(target, f"{place}/{field}")
        return found

    def _missing(self, target: str, at: str) -> None:
        self.findings.add("MISSING_TRANSITION_TARGET", f"Missing 'Next' target: {target}", at)


def _language(body: Object, default: str) -> str:
    """The query language that a machine or state declares; what is not JSONPath to the letter counts as JSONata."""
    return (
        default if "QueryLanguage" not in body else JSONPATH if body["QueryLanguage"] == JSONPATH else JSONATA
    )


def _holders(state: JSON, at: str) -> Iterable[tuple[Object, str]]:
    """A state, its rules and its catchers: whatever assigns and leads on."""
    if not isinstance(state, dict):
        return
    yield state, at
    for listing in ("Choices", "Catch"):
        entries = state.get(listing)
        for index, entry in enumerate(entries if isinstance(entries, list) else ()):
            if isinstance(entry, dict):
                yield entry, f"{at}/{listing}[{index}]"


def _is_terminal(state: JSON) -> bool:
    return isinstance(state, dict) and (state.get("End") is True or state.get("Type") in ("Succeed", "Fail"))
