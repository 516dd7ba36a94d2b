"""From a valid definition to frozen data. What is wrong with a definition, `validation` says."""

from collections.abc import Mapping
from typing import cast

from rimedio.asl.definition.model import (
    JSONATA,
    JSONPATH,
    BatcherPart,
    Bound,
    Catcher,
    ChoicePart,
    FailPart,
    Flow,
    Graph,
    Machine,
    MapPart,
    ParallelPart,
    Part,
    PassPart,
    ReaderPart,
    Retrier,
    Rule,
    State,
    SucceedPart,
    TaskPart,
    WaitPart,
    WriterPart,
)
from rimedio.asl.definition.validation import check
from rimedio.asl.expressions import jsonata, payload
from rimedio.asl.expressions.choice import compile_rule
from rimedio.asl.expressions.jsonpath_parser import parse_path
from rimedio.asl.expressions.query import Constant, Query
from rimedio.asl.jsontext import JSON

Object = Mapping[str, JSON]


def parse_machine(definition: str | Object, name: str) -> Machine:
    """Check and parse. Raises InvalidDefinition."""
    checked, text = check(definition)
    language = str(checked.get("QueryLanguage", JSONPATH))
    timeout = checked.get("TimeoutSeconds")
    return Machine(
        graph=_graph(checked, language),
        definition=text,
        name=name,
        comment=str(checked.get("Comment", "")),
        timeout_seconds=int(timeout) if isinstance(timeout, (int, float)) else None,
    )


def _graph(value: Object, language: str) -> Graph:
    states = _object(value["States"])
    return Graph(
        start_at=str(value["StartAt"]),
        states={name: _StateParser(name, _object(body), language).state() for name, body in states.items()},
    )


def _object(value: JSON) -> Object:
    return cast("Object", value)


def _objects(value: JSON) -> list[Object]:
    return cast("list[Object]", value or [])


class _StateParser:
    """Parses one state, in its own query language."""

    def __init__(self, name: str, body: Object, machine_language: str) -> None:
        self.name = name
        self.body = body
        self.machine_language = machine_language
        self.language = str(body.get("QueryLanguage", machine_language))
        self.jsonata = self.language == JSONATA

    def state(self) -> State:
        """The state."""
        body = self.body
        return State(
            name=self.name,
            type=str(body["Type"]),
            language=self.language,
            part=self._part(),
            next=cast("str | None", body.get("Next")),
            input_path=self._path("InputPath"),
            input_null="InputPath" in body and body["InputPath"] is None,
            parameters=self._template(body, "Arguments" if self.jsonata else "Parameters"),
            selector=self._template(body, "ResultSelector"),
            output_path=self._path("OutputPath"),
            output_null="OutputPath" in body and body["OutputPath"] is None,
            flow=self._flow(body, ""),
            retry=tuple(_retrier(retrier) for retrier in _objects(body.get("Retry"))),
            catch=tuple(self._catcher(i, c) for i, c in enumerate(_objects(body.get("Catch")))),
        )

    def _part(self) -> Part:
        part: Part = getattr(self, f"_{str(self.body['Type']).lower()}")()
        return part

    def _template(self, body: Object, field: str, location: str = "") -> Query | None:
        if field not in body:
            return None
        place = f"{location}{field}"
        if self.jsonata:
            return jsonata.compile_template(body[field], place)
        return payload.compile_template(body[field], place)

    def _path(self, field: str) -> Query | None:
        value = self.body.get(field)
        return payload.compile_path(value, field, whole=True) if isinstance(value, str) else None

    def _flow(self, body: Object, location: str) -> Flow:
        path = body.get("ResultPath", "$")
        return Flow(
            result_path=None if self.jsonata or path in (None, "$") else parse_path(str(path)),
            discard_result=path is None,
            output=self._template(body, "Output", location) if self.jsonata else None,
            assign=self._template(body, "Assign", location),
        )

    def _bound(self, body: Object, field: str) -> Bound | None:
        """A number under `field`, or a path under `fieldPath`."""
        if isinstance(body.get(f"{field}Path"), str):
            return Bound(payload.compile_path(str(body[f"{field}Path"]), f"{field}Path"), f"{field}Path")
        query = self._template(body, field)
        return Bound(query, field) if query else None

    def _catcher(self, index: int, body: Object) -> Catcher:
        errors = cast("list[str]", body["ErrorEquals"])
        return Catcher(tuple(errors), str(body["Next"]), self._flow(body, f"Catch[{index}]/"))

    def _pass(self) -> PassPart:
        return PassPart(Constant(self.body["Result"]) if "Result" in self.body else None)

    def _succeed(self) -> SucceedPart:
        return SucceedPart()

    def _task(self) -> TaskPart:
        return TaskPart(
            resource=str(self.body["Resource"]),
            timeout=self._bound(self.body, "TimeoutSeconds"),
            heartbeat=self._bound(self.body, "HeartbeatSeconds"),
            credentials=self._template(self.body, "Credentials"),
        )

    def _choice(self) -> ChoicePart:
        rules = []
        for index, body in enumerate(_objects(self.body["Choices"])):
            place = f"Choices[{index}]/"
            condition = (
                jsonata.compile_template(body["Condition"], f"{place}Condition")
                if self.jsonata
                else compile_rule(body)
            )
            rules.append(Rule(condition, str(body["Next"]), self._flow(body, place)))
        return ChoicePart(tuple(rules), cast("str | None", self.body.get("Default")))

    def _wait(self) -> WaitPart:
        field = next(f for f in ("Seconds", "SecondsPath", "Timestamp", "TimestampPath") if f in self.body)
        query = (
            payload.compile_path(str(self.body[field]), field)
            if field.endswith("Path")
            else self._template(self.body, field)
        )
        return WaitPart(cast("Query", query), field.startswith("Timestamp"), field)

    def _fail(self) -> FailPart:
        return FailPart(self._fail_field("Error"), self._fail_field("Cause"))

    def _fail_field(self, field: str) -> Query | None:
        path = self.body.get(f"{field}Path")
        if isinstance(path, str):
            return payload.compile_value(path, f"{field}Path")
        return self._template(self.body, field)

    def _parallel(self) -> ParallelPart:
        branches = _objects(self.body["Branches"])
        return ParallelPart(tuple(_graph(branch, self.machine_language) for branch in branches))

    def _map(self) -> MapPart:
        body = self.body
        processor = _object(body.get("ItemProcessor", body.get("Iterator")))
        config = _object(processor.get("ProcessorConfig", {}))
        items = self._template(body, "Items") if self.jsonata else self._path("ItemsPath")
        selector = "ItemSelector" if "ItemSelector" in body or self.jsonata else "Parameters"
        return MapPart(
            processor=_graph(processor, self.machine_language),
            distributed=config.get("Mode") == "DISTRIBUTED",
            items=items,
            selector=self._template(body, selector),
            concurrency=self._bound(body, "MaxConcurrency"),
            tolerated_count=self._bound(body, "ToleratedFailureCount"),
            tolerated_percentage=self._bound(body, "ToleratedFailurePercentage"),
            reader=self._reader(),
            batcher=self._batcher(),
            writer=self._writer(),
            label=str(body.get("Label", "")),
        )

    def _reader(self) -> ReaderPart | None:
        if "ItemReader" not in self.body:
            return None
        body = _object(self.body["ItemReader"])
        config = _object(body.get("ReaderConfig", {}))
        arguments = self._template(body, "Arguments" if self.jsonata else "Parameters", "ItemReader/")
        return ReaderPart(str(body["Resource"]), config, arguments, self._bound(config, "MaxItems"))

    def _batcher(self) -> BatcherPart | None:
        if "ItemBatcher" not in self.body:
            return None
        body = _object(self.body["ItemBatcher"])
        return BatcherPart(
            items_max=self._bound(body, "MaxItemsPerBatch"),
            bytes_max=self._bound(body, "MaxInputBytesPerBatch"),
            batch_input=self._template(body, "BatchInput", "ItemBatcher/"),
        )

    def _writer(self) -> WriterPart | None:
        if "ResultWriter" not in self.body:
            return None
        body = _object(self.body["ResultWriter"])
        arguments = self._template(body, "Arguments" if self.jsonata else "Parameters", "ResultWriter/")
        config = _object(body.get("WriterConfig", {}))
        return WriterPart(str(body.get("Resource", "")), arguments, config)


def _retrier(body: Object) -> Retrier:
    delay = body.get("MaxDelaySeconds")
    return Retrier(
        errors=tuple(cast("list[str]", body["ErrorEquals"])),
        interval=_number(body.get("IntervalSeconds", 1)),
        attempts_max=int(_number(body.get("MaxAttempts", 3))),
        backoff=_number(body.get("BackoffRate", 2.0)),
        delay_max=None if delay is None else _number(delay),
        full_jitter=body.get("JitterStrategy") == "FULL",
    )


def _number(value: JSON) -> float:
    return float(cast("float", value))
