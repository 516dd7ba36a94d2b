"""Checks a definition and says what is wrong, in the codes and words of AWS.

Codes: INVALID_JSON_DESCRIPTION, SCHEMA_VALIDATION_FAILED, MISSING_TRANSITION_TARGET, MISSING_END_STATE,
DUPLICATE_STATE_NAME, INVALID_JSONATA_EXPRESSION, UNSUPPORTED_JSONATA_EXPRESSION.
"""

import json
from collections.abc import Iterable, Mapping
from typing import cast

from rimedio.asl.definition import choice_check, fields
from rimedio.asl.definition.field_check import FieldCheck, gives_string
from rimedio.asl.definition.findings import Findings, Object
from rimedio.asl.definition.map_check import MapPartCheck
from rimedio.asl.definition.model import JSONATA, JSONPATH
from rimedio.asl.errors import Diagnostic, InvalidDefinition
from rimedio.asl.expressions.jsonata import is_expression
from rimedio.asl.jsontext import JSON

STATE_NAME_MAX = 80
DEFINITION_CHARACTERS_MAX = 1_048_576


def validate(definition: "str | Mapping[str, JSON]") -> list[Diagnostic]:
    """All findings; the definition is good when none has the severity ERROR."""
    findings = Findings()
    value = _parsed(definition, findings)
    if value is not None:
        _MachineCheck(value, findings).run()
    return findings.found


def check(definition: "str | Mapping[str, JSON]") -> Mapping[str, JSON]:
    """The definition as an object. Raises InvalidDefinition with all errors."""
    findings = Findings()
    value = _parsed(definition, findings)
    if value is not None:
        _MachineCheck(value, findings).run()
    errors = [finding for finding in findings.found if finding.severity == "ERROR"]
    if errors or value is None:
        raise InvalidDefinition(errors)
    return value


def _parsed(definition: "str | Mapping[str, JSON]", findings: Findings) -> Object | None:
    value: object = definition
    if isinstance(definition, str):
        if len(definition) > DEFINITION_CHARACTERS_MAX:
            findings.schema(f"The definition exceeds {DEFINITION_CHARACTERS_MAX} characters.", "")
            return None
        try:
            value = json.loads(definition, parse_constant=_no_number)
        except (ValueError, RecursionError) as error:
            findings.add("INVALID_JSON_DESCRIPTION", f"Definition is not a valid JSON document: {error}", "")
            return None
    if not isinstance(value, Mapping):
        findings.add("INVALID_JSON_DESCRIPTION", "Definition is not a JSON object.", "")
        return None
    return cast("Object", value)


def _no_number(word: str) -> JSON:
    msg = f"{word} is no JSON number"
    raise ValueError(msg)


class _MachineCheck:
    """Walks one definition."""

    def __init__(self, definition: Object, findings: Findings) -> None:
        self.definition = definition
        self.findings = findings
        self.fields = FieldCheck(findings)
        language = definition.get("QueryLanguage", JSONPATH)
        self.language = language if isinstance(language, str) else JSONPATH
        self.names: dict[str, str] = {}
        self.assigned: dict[str, str] = {}

    def run(self) -> None:
        """Everything."""
        self._language(self.definition, "")
        self.fields.only(self.definition, fields.MACHINE, "")
        self.fields.numbers(self.definition, "", JSONPATH)
        if self.definition.get("Version", "1.0") != "1.0":
            self.findings.schema("Value should be one of the following: [1.0]", "/Version")
        self._graph(self.definition, "")

    def _language(self, body: Object, at: str) -> None:
        language = body.get("QueryLanguage")
        if "QueryLanguage" not in body:
            return
        if not isinstance(language, str):
            self.findings.schema("Expected value of type [STRING]", f"{at}/QueryLanguage")
        elif language not in (JSONPATH, JSONATA):
            self.findings.schema(
                "Value should be one of the following: [JSONPath, JSONata]", f"{at}/QueryLanguage"
            )

    def _graph(self, body: Object, at: str) -> None:
        self.fields.required(body, ("StartAt", "States"), at)
        start, states = body.get("StartAt"), body.get("States")
        self.fields.strings(body, ("StartAt", "Comment"), at)
        if "States" not in body:
            return
        if not isinstance(states, Mapping) or not states:
            self.findings.schema("Expected value of type [OBJECT] with at least one state", f"{at}/States")
            return
        outer = dict(self.assigned)
        self._scope(cast("Object", states), at)
        good = {}
        for name, state in states.items():
            place = f"{at}/States/{name}"
            self._name(name, place)
            if isinstance(state, Mapping):
                good[name] = cast("Object", state)
                self._state(good[name], place)
            else:
                self.findings.schema("Expected value of type [OBJECT]", place)
        self.assigned = outer
        self._transitions(start, good, at)

    def _scope(self, states: Object, at: str) -> None:
        """A variable that an inner scope assigns must not be one of an outer scope."""
        own = {
            name: place
            for key, body in states.items()
            for name, place in _assigns(body, f"{at}/States/{key}")
        }
        for name, place in own.items():
            if name in self.assigned:
                message = (
                    f"The variable '{name}' is assigned in an outer scope already, at {self.assigned[name]}"
                )
                self.findings.schema(message, place)
        self.assigned = {**self.assigned, **own}

    def _name(self, name: str, place: str) -> None:
        if not 0 < len(name) <= STATE_NAME_MAX:
            self.findings.schema(f"State names have 1 to {STATE_NAME_MAX} characters", place)
        if name in self.names:
            message = f"Duplicate state name '{name}': also at {self.names[name]}"
            self.findings.add("DUPLICATE_STATE_NAME", message, place)
        self.names[name] = place

    # -- transitions

    def _transitions(self, start: JSON, states: dict[str, Object], at: str) -> None:
        targets: dict[str, list[str]] = {}
        if isinstance(start, str) and start not in states:
            self.findings.add(
                "MISSING_TRANSITION_TARGET", f"Missing 'StartAt' target: {start}", f"{at}/StartAt"
            )
        for name, state in states.items():
            targets[name] = []
            for field, target, place in _exits(state):
                if target in states:
                    targets[name].append(target)
                else:
                    message = f"Missing '{field}' target: {target}"
                    self.findings.add("MISSING_TRANSITION_TARGET", message, f"{at}/States/{name}/{place}")
        if isinstance(start, str) and start in states:
            self._reachable(start, states, targets, at)

    def _reachable(
        self, start: str, states: dict[str, Object], targets: dict[str, list[str]], at: str
    ) -> None:
        seen, pending = {start}, [start]
        while pending:
            for target in targets[pending.pop()]:
                if target not in seen:
                    seen.add(target)
                    pending.append(target)
        for name in states:
            if name not in seen:
                message = f'State "{name}" is not reachable.'
                self.findings.add("MISSING_TRANSITION_TARGET", message, f"{at}/States/{name}")
        if not any(_is_terminal(states[name]) for name in seen):
            message = "No end state was found: no reachable state has 'End': true, or is Succeed or Fail."
            self.findings.add("MISSING_END_STATE", message, at)

    # -- one state

    def _state(self, state: Object, at: str) -> None:
        kind = state.get("Type")
        if not self.fields.required(state, ("Type",), at):
            return
        if not isinstance(kind, str) or kind not in fields.FOR_BOTH:
            allowed = ", ".join(fields.FOR_BOTH)
            self.findings.schema(f"Value should be one of the following: [{allowed}]", f"{at}/Type")
            return
        self._language(state, at)
        language = str(state.get("QueryLanguage", self.language))
        language = JSONATA if language != JSONPATH else JSONPATH
        if state.get("QueryLanguage") == JSONPATH and self.language == JSONATA:
            message = "'QueryLanguage' can not be 'JSONPath' if set to 'JSONata' for whole state machine"
            self.findings.schema(message, at)
            language = JSONPATH
        self._state_fields(state, kind, language, at)
        self.fields.values(state, kind, language, at)
        getattr(self, f"_{kind.lower()}")(state, language, at)

    def _state_fields(self, state: Object, kind: str, language: str, at: str) -> None:
        own = fields.COMMON | fields.FOR_BOTH[kind] | fields.language_fields(kind, language)
        other = JSONPATH if language == JSONATA else JSONATA
        foreign = fields.language_fields(kind, other)
        for name in state:
            if name in own:
                continue
            if name in foreign:
                message = (
                    f"The QueryLanguage is set to '{language}', but field '{name}' is only supported "
                    f"for the '{other}' QueryLanguage"
                )
                self.findings.schema(message, at)
            else:
                self.findings.schema(f"Field '{name}' is not supported", f"{at}/{name}")
        self.fields.required(state, fields.REQUIRED.get(kind, ()), at)
        for group in fields.ONE_OF.get(kind, ()):
            if sum(name in state for name in group) != 1:
                self.findings.schema(f"Exactly one of these fields is required: [{', '.join(group)}]", at)
        if "Next" in fields.FOR_BOTH[kind]:
            self._next_or_end(state, at)

    def _next_or_end(self, state: Object, at: str) -> None:
        if "End" in state and not isinstance(state["End"], bool):
            self.findings.schema("Expected value of type [BOOLEAN]", f"{at}/End")
        if ("Next" in state) == (state.get("End") is True):
            self.findings.schema("Exactly one of these fields is required: [Next, End]", at)

    # -- what only one type has

    def _pass(self, state: Object, language: str, at: str) -> None:
        if language == JSONPATH and _has_dollar_key(state.get("Result")):
            message = "The 'Result' field is static: members whose name ends in '.$' are not evaluated."
            self.findings.add("PASS_RESULT_IS_STATIC", message, f"{at}/Result", "WARNING")

    def _succeed(self, state: Object, language: str, at: str) -> None:
        """All its fields are checked already."""

    def _wait(self, state: Object, language: str, at: str) -> None:
        timestamp = state.get("Timestamp")
        if isinstance(timestamp, str) and not (language == JSONATA and is_expression(timestamp)):
            choice_check.timestamp(timestamp, self.findings, f"{at}/Timestamp")

    def _fail(self, state: Object, language: str, at: str) -> None:
        for name in ("ErrorPath", "CausePath"):
            value = state.get(name)
            good = isinstance(value, str) and gives_string(value)
            if name in state and language == JSONPATH and not good:
                message = "Value is not a Reference Path, nor a call of a function that gives a string"
                self.findings.schema(message, f"{at}/{name}")

    def _task(self, state: Object, language: str, at: str) -> None:
        resource = state.get("Resource")
        self.fields.resource(resource, at)
        timeout, beat = state.get("TimeoutSeconds"), state.get("HeartbeatSeconds")
        if isinstance(timeout, int) and isinstance(beat, int) and beat >= timeout:
            self.findings.schema(
                "HeartbeatSeconds must be smaller than TimeoutSeconds", f"{at}/HeartbeatSeconds"
            )
        credentials = self.fields.object(state, "Credentials", at)
        if credentials is not None and language == JSONPATH:
            self.fields.template(dict(credentials), f"{at}/Credentials")
        self._faults(state, language, at)

    def _choice(self, state: Object, language: str, at: str) -> None:
        for rule, place in self.fields.objects(state, "Choices", at):
            if language == JSONATA:
                self._condition(rule, place)
            else:
                choice_check.rule(rule, self.fields, place, top=True)
                self.fields.templates({k: v for k, v in rule.items() if k == "Assign"}, place)

    def _condition(self, rule: Object, at: str) -> None:
        self.fields.only(rule, {"Condition", "Next", "Output", "Assign", "Comment"}, at)
        self.fields.required(rule, ("Condition", "Next"), at)
        condition = rule.get("Condition")
        if "Condition" in rule and not isinstance(condition, bool):
            if isinstance(condition, str) and is_expression(condition):
                self.fields.expressions(condition, f"{at}/Condition")
            else:
                self.findings.schema("Value must be a JSONata expression or a boolean", f"{at}/Condition")
        self.fields.values({k: v for k, v in rule.items() if k != "Condition"}, "Choice", JSONATA, at)

    def _parallel(self, state: Object, language: str, at: str) -> None:
        for branch, place in self.fields.objects(state, "Branches", at):
            self.fields.only(branch, fields.BRANCH, place)
            self._graph(branch, place)
        self._faults(state, language, at)

    def _map(self, state: Object, language: str, at: str) -> None:
        name = "ItemProcessor" if "ItemProcessor" in state else "Iterator"
        processor, place = self.fields.object(state, name, at), f"{at}/{name}"
        if processor is not None:
            self.fields.only(processor, fields.PROCESSOR, place)
            self._processor_config(processor, place)
            self._graph(processor, place)
        MapPartCheck(self.findings, self.fields, language).run(state, at)
        self._faults(state, language, at)

    def _processor_config(self, processor: Object, at: str) -> None:
        config, place = self.fields.object(processor, "ProcessorConfig", at), f"{at}/ProcessorConfig"
        if config is None:
            return
        self.fields.only(config, fields.PROCESSOR_MODES, place)
        self.fields.words(config, fields.PROCESSOR_MODES, place)
        if config.get("Mode") == "DISTRIBUTED":
            self.fields.required(config, ("ExecutionType",), place)

    def _faults(self, state: Object, language: str, at: str) -> None:
        for field, allowed in (("Retry", fields.RETRIER), ("Catch", fields.CATCHER[language])):
            entries = self.fields.objects(state, field, at, least=0)
            for index, (body, place) in enumerate(entries):
                self.fields.only(body, allowed, place)
                self.fields.strings(body, ("Next", "Comment"), place)
                self._error_equals(body, place, last=index == len(entries) - 1)
                self._fault_values(field, body, language, place)

    def _fault_values(self, field: str, body: Object, language: str, at: str) -> None:
        if field == "Retry":
            self.fields.numbers(body, at, JSONPATH)
            self.fields.words(body, fields.RETRIER_WORDS, at)
            return
        self.fields.required(body, ("Next",), at)
        if language == JSONATA:
            for name in ("Output", "Assign"):
                self.fields.expressions(body.get(name), f"{at}/{name}", error=True)
            self.fields.assign(body, at)
        else:
            self.fields.paths(body, at)
            self.fields.templates(body, at)

    def _error_equals(self, body: Object, at: str, *, last: bool) -> None:
        errors, place = body.get("ErrorEquals"), f"{at}/ErrorEquals"
        if "ErrorEquals" not in body:
            self.findings.schema("These fields are required: [ErrorEquals]", at)
        elif not isinstance(errors, list) or not errors or not all(isinstance(e, str) for e in errors):
            self.findings.schema("Expected a non-empty array of strings", place)
        elif "States.ALL" in errors and (len(errors) > 1 or not last):
            self.findings.schema("States.ALL must appear alone, and in the last entry", place)


def _exits(state: Object) -> Iterable[tuple[str, str, str]]:
    """Field, target and place of every transition out of a state."""
    for field in ("Next", "Default"):
        target = state.get(field)
        if isinstance(target, str):
            yield field, target, field
    for listing in ("Choices", "Catch"):
        entries = state.get(listing)
        for index, entry in enumerate(entries if isinstance(entries, list) else []):
            target = entry.get("Next") if isinstance(entry, Mapping) else None
            if isinstance(target, str):
                yield "Next", target, f"{listing}[{index}]/Next"


def _assigns(state: JSON, at: str) -> Iterable[tuple[str, str]]:
    """Variables that a state assigns, with their place."""
    if not isinstance(state, Mapping):
        return
    holders = [(at, state)]
    for listing in ("Choices", "Catch"):
        entries = state.get(listing)
        for index, entry in enumerate(entries if isinstance(entries, list) else []):
            if isinstance(entry, Mapping):
                holders.append((f"{at}/{listing}[{index}]", entry))
    for place, holder in holders:
        assign = holder.get("Assign")
        if isinstance(assign, Mapping):
            yield from ((name.removesuffix(".$"), f"{place}/Assign/{name}") for name in assign)


def _is_terminal(state: Object) -> bool:
    return state.get("End") is True or state.get("Type") in ("Succeed", "Fail")


def _has_dollar_key(value: JSON) -> bool:
    return isinstance(value, Mapping) and any(key.endswith(".$") for key in value)
