"""From a valid definition to frozen data. What is wrong with a definition, `validation` says."""

from collections.abc import Mapping
from typing import Any, TypeAlias, cast

from rimedio.asl.definition import model
from rimedio.asl.definition.model import JSONATA, JSONPATH, Bound, Catcher, Flow, Graph, Machine, Rule, State
from rimedio.asl.definition.validation import check
from rimedio.asl.expressions import jsonata, payload
from rimedio.asl.expressions.choice import compile_rule
from rimedio.asl.expressions.jsonpath_parser import parse_path
from rimedio.asl.expressions.query import Constant, Query
from rimedio.asl.jsontext import JSON, loads

Body: TypeAlias = dict[
    str, Any
]  # an object of a definition that has passed the check: its fields are what they must be

WAITS = ("Seconds", "SecondsPath", "Timestamp", "TimestampPath")


def parse_machine(definition: str | Mapping[str, JSON], name: str) -> Machine:
    """Check and parse. Raises InvalidDefinition."""
    return _machine(*check(definition), name)


def kept_machine(text: str, name: str) -> Machine:
    """A definition that was checked when it was kept: what a later release would refuse still runs."""
    return _machine(cast("dict[str, JSON]", loads(text)), text, name)


def _machine(body: Mapping[str, JSON], text: str, name: str) -> Machine:
    checked: Body = dict(body)
    timeout = checked.get("TimeoutSeconds")
    return Machine(
        graph=_graph(checked, checked.get("QueryLanguage", JSONPATH)),
        definition=text,
        name=name,
        comment=checked.get("Comment", ""),
        timeout_seconds=None if timeout is None else int(timeout),
    )


def _graph(value: Body, language: str) -> Graph:
    states = {name: _StateParser(name, body, language).state() for name, body in value["States"].items()}
    return Graph(start_at=value["StartAt"], states=states)


class _StateParser:
    """Parses one state, in its own query language."""

    def __init__(self, name: str, body: Body, machine_language: str) -> None:
        self.name = name
        self.body = body
        self.machine_language = machine_language
        self.language: str = body.get("QueryLanguage", machine_language)
        self.jsonata = self.language == JSONATA
        self.given = "Arguments" if self.jsonata else "Parameters"

    def state(self) -> State:
        """The state."""
        body = self.body
        return State(
            name=self.name,
            type=body["Type"],
            language=self.language,
            part=getattr(self, f"_{body['Type'].lower()}")(),
            next=body.get("Next"),
            input_path=self._path("InputPath"),
            input_null=body.get("InputPath", "$") is None,
            parameters=self._template(body, self.given),
            selector=self._template(body, "ResultSelector"),
            output_path=self._path("OutputPath"),
            output_null=body.get("OutputPath", "$") is None,
            flow=self._flow(body, ""),
            retry=tuple(_retrier(retrier) for retrier in body.get("Retry", ())),
            catch=tuple(self._catcher(i, catcher) for i, catcher in enumerate(body.get("Catch", ()))),
        )

    def _template(self, body: Body, field: str, location: str = "") -> Query | None:
        if field not in body:
            return None
        compile_template = jsonata.compile_template if self.jsonata else payload.compile_template
        return compile_template(body[field], f"{location}{field}")

    def _path(self, field: str) -> Query | None:
        path = self.body.get(field)
        return None if path is None else payload.compile_path(path, field, whole=True)

    def _flow(self, body: Body, location: str) -> Flow:
        path = body.get("ResultPath", "$")
        return Flow(
            result_path=None if path in (None, "$") else parse_path(path),
            discard_result=path is None,
            output=self._template(body, "Output", location) if self.jsonata else None,
            assign=self._template(body, "Assign", location),
        )

    def _bound(self, body: Body, field: str) -> Bound | None:
        """A number under `field`, or a path under `fieldPath`."""
        if f"{field}Path" in body:
            return Bound(payload.compile_path(body[f"{field}Path"], f"{field}Path"), f"{field}Path")
        query = self._template(body, field)
        return Bound(query, field) if query else None

    def _catcher(self, index: int, body: Body) -> Catcher:
        return Catcher(tuple(body["ErrorEquals"]), body["Next"], self._flow(body, f"Catch[{index}]/"))

    def _pass(self) -> model.PassPart:
        return model.PassPart(Constant(self.body["Result"]) if "Result" in self.body else None)

    def _succeed(self) -> model.SucceedPart:
        return model.SucceedPart()

    def _task(self) -> model.TaskPart:
        return model.TaskPart(
            resource=self.body["Resource"],
            timeout=self._bound(self.body, "TimeoutSeconds"),
            heartbeat=self._bound(self.body, "HeartbeatSeconds"),
            credentials=self._template(self.body, "Credentials"),
        )

    def _choice(self) -> model.ChoicePart:
        rules = tuple(self._rule(body, f"Choices[{i}]/") for i, body in enumerate(self.body["Choices"]))
        return model.ChoicePart(rules, self.body.get("Default"))

    def _rule(self, body: Body, place: str) -> Rule:
        condition = (
            jsonata.compile_template(body["Condition"], f"{place}Condition")
            if self.jsonata
            else compile_rule(body)
        )
        return Rule(condition, body["Next"], self._flow(body, place))

    def _wait(self) -> model.WaitPart:
        field = next(field for field in WAITS if field in self.body)
        query = self._either(field.removesuffix("Path"))
        assert query is not None, "a Wait has one of its four fields"
        return model.WaitPart(query, field.startswith("Timestamp"), field)

    def _either(self, field: str) -> Query | None:
        """What `field` says, or what is found under `fieldPath`."""
        path = self.body.get(f"{field}Path")
        return (
            self._template(self.body, field) if path is None else payload.compile_value(path, f"{field}Path")
        )

    def _fail(self) -> model.FailPart:
        return model.FailPart(self._either("Error"), self._either("Cause"))

    def _parallel(self) -> model.ParallelPart:
        return model.ParallelPart(
            tuple(_graph(body, self.machine_language) for body in self.body["Branches"])
        )

    def _map(self) -> model.MapPart:
        body = self.body
        processor = body.get("ItemProcessor") or body["Iterator"]
        config = processor.get("ProcessorConfig", {})
        selector = "ItemSelector" if "ItemSelector" in body or self.jsonata else "Parameters"
        return model.MapPart(
            processor=_graph(processor, self.machine_language),
            distributed=config.get("Mode") == "DISTRIBUTED",
            express=config.get("ExecutionType") == "EXPRESS",
            items=self._template(body, "Items") if self.jsonata else self._path("ItemsPath"),
            selector=self._template(body, selector),
            concurrency=self._bound(body, "MaxConcurrency"),
            tolerated_count=self._bound(body, "ToleratedFailureCount"),
            tolerated_percentage=self._bound(body, "ToleratedFailurePercentage"),
            reader=self._reader(body["ItemReader"]) if "ItemReader" in body else None,
            batcher=self._batcher(body["ItemBatcher"]) if "ItemBatcher" in body else None,
            writer=self._writer(body["ResultWriter"]) if "ResultWriter" in body else None,
            label=body.get("Label", ""),
        )

    def _reader(self, body: Body) -> model.ReaderPart:
        config = body.get("ReaderConfig", {})
        arguments = self._template(body, self.given, "ItemReader/")
        return model.ReaderPart(body["Resource"], config, arguments, self._bound(config, "MaxItems"))

    def _batcher(self, body: Body) -> model.BatcherPart:
        return model.BatcherPart(
            items_max=self._bound(body, "MaxItemsPerBatch"),
            bytes_max=self._bound(body, "MaxInputBytesPerBatch"),
            batch_input=self._template(body, "BatchInput", "ItemBatcher/"),
        )

    def _writer(self, body: Body) -> model.WriterPart:
        arguments = self._template(body, self.given, "ResultWriter/")
        return model.WriterPart(body.get("Resource", ""), arguments, body.get("WriterConfig", {}))


def _retrier(body: Body) -> model.Retrier:
    return model.Retrier(
        errors=tuple(body["ErrorEquals"]),
        interval=float(body.get("IntervalSeconds", 1)),
        attempts_max=int(body.get("MaxAttempts", 3)),
        backoff=float(body.get("BackoffRate", 2.0)),
        delay_max=float(body["MaxDelaySeconds"]) if "MaxDelaySeconds" in body else None,
        full_jitter=body.get("JitterStrategy") == "FULL",
    )
