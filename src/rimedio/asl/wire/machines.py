"""State machines: create, update, describe, list, delete."""

from collections.abc import Callable, Mapping

from rimedio.asl.definition.model import Machine
from rimedio.asl.errors import InvalidDefinition, StateMachineDoesNotExist
from rimedio.asl.execution.engine import Engine
from rimedio.asl.journal.port import RUNNING
from rimedio.asl.journal.registry import Found
from rimedio.asl.jsontext import JSON
from rimedio.asl.wire.arns import Arns
from rimedio.asl.wire.faults import Fault
from rimedio.asl.wire.fields import Fields
from rimedio.asl.wire.tags import Tags

STANDARD, EXPRESS = TYPES = ("STANDARD", "EXPRESS")
INCLUDED = ("ALL_DATA", "METADATA_ONLY")
LOGGING: dict[str, JSON] = {"level": "OFF", "includeExecutionData": False}
TRACING: dict[str, JSON] = {"enabled": False}
CONFIGURATIONS = ("loggingConfiguration", "tracingConfiguration", "encryptionConfiguration")
DEFINITION_BYTES_MAX = 1_048_576
STOPPED_AT_ONCE = 1000


class Machines:
    """Machines in the engine's registry; what Step Functions knows besides is noted beside them."""

    def __init__(self, engine: Engine, arns: Arns, tags: Tags) -> None:
        self._engine = engine
        self._registry = engine.registry
        self._arns = arns
        self._tags = tags
        tags.exists = self._exists

    def operations(self) -> Mapping[str, Callable[[Fields], JSON]]:
        """By name."""
        return {
            "CreateStateMachine": self._create,
            "DeleteStateMachine": self._delete,
            "DescribeStateMachine": self._describe,
            "ListStateMachines": self._list,
            "UpdateStateMachine": self._update,
        }

    # -- for the other operations

    def resolve(self, arn: str) -> Found:
        """The machine of an ARN. Raises StateMachineDoesNotExist."""
        self._arns.named(arn)
        return self._registry.resolve(arn)

    def name_of(self, arn: str) -> str:
        """The name in an ARN, of a machine that exists. Raises StateMachineDoesNotExist."""
        name, _ = self._arns.named(arn)
        self.about(name)
        return name

    def about(self, name: str) -> dict[str, JSON]:
        """What is noted of a machine. Raises StateMachineDoesNotExist."""
        return self._registry.about(name)

    def publish(self, name: str, description: str | None) -> tuple[str, JSON]:
        """A version of the latest revision: its ARN, and when it was made."""
        version = self._registry.publish(name)
        if not self._registry.about(name, str(version)):
            about: dict[str, JSON] = {"created": self._now(), "description": description}
            self._registry.note(name, str(version), about)
        return self._arns.machine(name, version), self._registry.about(name, str(version))["created"]

    def _now(self) -> float:
        return self._engine.clock.now().timestamp()

    def _exists(self, arn: str) -> bool:
        try:
            self.name_of(arn)
        except StateMachineDoesNotExist:
            return ":activity:" in arn
        return True

    # -- operations

    def _create(self, request: Fields) -> JSON:
        name, kind = request.name(), request.choice("type", TYPES)
        role = request.text("roleArn")
        machine = _parsed(request.text("definition"), name)
        arn = self._arns.machine(name)
        about: dict[str, JSON] = {"type": kind, **_configured(request)}
        if name in self._registry.names():
            self._check_same(arn, machine, about)
        else:
            self._registry.put(machine)
            about |= {"created": self._now(), "role": role, "revision": "INITIAL"}
            self._registry.note(name, "", about)
            self._tags.add(arn, request)
        told: dict[str, JSON] = {"stateMachineArn": arn, "creationDate": self.about(name)["created"]}
        return told | self._published(name, request)

    def _check_same(self, arn: str, machine: Machine, about: Mapping[str, JSON]) -> None:
        """Creating the very same machine again changes nothing. Raises StateMachineAlreadyExists."""
        known = self.about(machine.name)
        same = self._registry.find(machine.name).definition == machine.definition
        if not same or any(known.get(key) != value for key, value in about.items()):
            raise Fault("StateMachineAlreadyExists", f"State Machine Already Exists: '{arn}'")

    def _published(self, name: str, request: Fields) -> dict[str, JSON]:
        if not request.flag("publish"):
            return {}
        return {"stateMachineVersionArn": self.publish(name, request.text_or_none("versionDescription"))[0]}

    def _update(self, request: Fields) -> JSON:
        arn = request.arn("stateMachineArn", "stateMachine")
        name = self.name_of(arn)
        if not any(request.has(key) for key in ("definition", "roleArn", *CONFIGURATIONS)):
            message = "Either the definition, the role ARN, the LoggingConfiguration, or the TracingConfiguration must be specified"  # noqa: E501
            raise Fault("MissingRequiredParameter", message)
        about: dict[str, JSON] = {"updated": self._now()}
        about |= {key: request.raw(key) for key in CONFIGURATIONS if request.has(key)}
        if request.has("roleArn"):
            about["role"] = request.text("roleArn")
        if request.has("definition"):
            machine = _parsed(request.text("definition"), name)
            self._registry.put(machine)
            about["revision"] = machine.digest
        self._registry.note(name, "", about)
        told: dict[str, JSON] = {"updateDate": about["updated"]}
        return told | self._revision(name) | self._published(name, request)

    def _revision(self, name: str) -> dict[str, JSON]:
        revision = self.about(name).get("revision")
        return {} if revision in (None, "INITIAL") else {"revisionId": revision}

    def _describe(self, request: Fields) -> JSON:
        arn = request.arn("stateMachineArn", "stateMachine")
        found = self.resolve(arn)
        told: dict[str, JSON] = {
            "stateMachineArn": arn,
            "name": found.machine.name,
            "status": "ACTIVE",
            **self.details(found, request),
        }
        about = self.about(found.machine.name)
        told |= {"type": about.get("type", STANDARD), "creationDate": about.get("created", 0.0)}
        if found.version is not None:
            noted = self._registry.about(found.machine.name, str(found.version))
            told["creationDate"] = noted.get("created", 0.0)
            if noted.get("description"):
                told["description"] = noted["description"]
        return told

    def details(self, found: Found, request: Fields) -> dict[str, JSON]:
        """Definition, role, configurations and revision of a machine."""
        about = self.about(found.machine.name)
        included = request.choice("includedData", INCLUDED) == INCLUDED[0]
        return {
            "definition": found.machine.definition if included else "",
            "roleArn": about.get("role", "arn:aws:iam::000000000000:role/local"),
            "loggingConfiguration": about.get("loggingConfiguration", LOGGING),
            "tracingConfiguration": about.get("tracingConfiguration", TRACING),
            "encryptionConfiguration": about.get("encryptionConfiguration", {"type": "AWS_OWNED_KEY"}),
            **self._revision(found.machine.name),
        }

    def _list(self, request: Fields) -> JSON:
        names, more = request.page(self._registry.names())
        told: list[JSON] = []
        for name in names:
            about = self.about(name)
            told.append(
                {
                    "stateMachineArn": self._arns.machine(name),
                    "name": name,
                    "type": about.get("type", STANDARD),
                    "creationDate": about.get("created", 0.0),
                }
            )
        return {"stateMachines": told, **more}

    def _delete(self, request: Fields) -> JSON:
        arn = request.arn("stateMachineArn", "stateMachine")
        name, _ = self._arns.named(arn)
        for running in self._engine.list_executions(name, RUNNING, limit=STOPPED_AT_ONCE):
            self._engine.stop(running.execution_id)
        self._registry.remove(name)
        self._tags.forget(arn)
        return {}


def _parsed(definition: str, name: str) -> Machine:
    if len(definition.encode()) > DEFINITION_BYTES_MAX:
        raise Fault("InvalidDefinition", f"The definition has more than {DEFINITION_BYTES_MAX} bytes.")
    try:
        return Machine.parse(definition, name)
    except InvalidDefinition as error:
        found = ", ".join(str(finding) for finding in error.diagnostics)
        raise Fault("InvalidDefinition", f"Invalid State Machine Definition: '{found}'") from error


def _configured(request: Fields) -> dict[str, JSON]:
    return {key: request.raw(key) for key in CONFIGURATIONS if request.has(key)}
