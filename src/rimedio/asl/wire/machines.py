"""State machines: create, update, describe, list, delete."""

from collections.abc import Iterable, Mapping

from rimedio.asl.clock import new_uuid
from rimedio.asl.definition.model import Machine
from rimedio.asl.definition.validation import validate
from rimedio.asl.errors import InvalidDefinition, StateMachineDoesNotExist
from rimedio.asl.execution.engine import Engine
from rimedio.asl.journal.port import RUNNING
from rimedio.asl.journal.registry import Found
from rimedio.asl.jsontext import JSON
from rimedio.asl.wire.arns import Arns
from rimedio.asl.wire.faults import Fault
from rimedio.asl.wire.fields import Fields, present
from rimedio.asl.wire.tags import Tags

STANDARD, EXPRESS = "STANDARD", "EXPRESS"
INITIAL = "INITIAL"
ROLE = "arn:aws:iam::000000000000:role/local"
CONFIGURATIONS: Mapping[str, Mapping[str, JSON]] = {  # with what holds where nothing was said
    "loggingConfiguration": {"level": "OFF", "includeExecutionData": False},
    "tracingConfiguration": {"enabled": False},
    "encryptionConfiguration": {"type": "AWS_OWNED_KEY"},
}
NOTHING_TO_UPDATE = (
    "Either the definition, the role ARN, the LoggingConfiguration, "
    "or the TracingConfiguration must be specified"
)
CUSTOMER_KEY = "CUSTOMER_MANAGED_KMS_KEY"
STOPPED_AT_ONCE = 1000


class Machines:
    """Machines in the engine's registry; what Step Functions knows besides is noted beside them."""

    def __init__(self, engine: Engine, arns: Arns, tags: Tags) -> None:
        self._engine = engine
        self._registry = engine.registry
        self._arns = arns
        self._tags = tags
        tags.exists = self._exists

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

    def whole(self, request: Fields) -> str:
        """The ARN of a machine as such. Raises ValidationException for a version, an alias, a Map state within."""
        arn = request.arn("stateMachineArn", "stateMachine")
        name, qualifier = self._arns.named(arn)
        if qualifier or "/" in name:
            reason = "API_DOES_NOT_SUPPORT_LABELED_ARNS" if "/" in name else None
            raise Fault(
                "ValidationException", f"{arn} is not the ARN of a whole state machine", reason=reason
            )
        return arn

    def about(self, name: str) -> dict[str, JSON]:
        """What is noted of a machine. Raises StateMachineDoesNotExist."""
        return self._registry.about(name)

    def kind(self, name: str) -> str:
        """STANDARD or EXPRESS. Raises StateMachineDoesNotExist."""
        return str(self.about(name).get("type", STANDARD))

    def publish(self, name: str, description: str | None) -> tuple[str, JSON]:
        """A version of the latest revision: its ARN, and when it was made."""
        made = self._registry.versions(name)
        last = self._registry.about(name, str(made[-1])) if made else {}
        anew = bool(last) and last.get("revision") != self.about(name).get("revision")
        version = self._registry.publish(name, anew=anew)
        if not self._registry.about(name, str(version)):
            about: dict[str, JSON] = {"created": self._now(), "description": description}
            self._registry.note(name, str(version), self.about(name) | about)
        return self._arns.machine(name, version), self._registry.about(name, str(version))["created"]

    def details(self, found: Found, request: Fields) -> dict[str, JSON]:
        """Definition, role, configurations and revision of a machine."""
        about = self._about(found)
        return {
            "definition": found.machine.definition if request.wants_data else "",
            "roleArn": about.get("role", ROLE),
            **{name: about.get(name, dict(default)) for name, default in CONFIGURATIONS.items()},
            **_revision(about),
        }

    # -- operations

    def create_state_machine(self, request: Fields) -> JSON:
        """CreateStateMachine; the same again changes nothing. Raises StateMachineAlreadyExists."""
        name = request.name()
        about: dict[str, JSON] = {
            "type": request.text("type") or STANDARD,
            **_configured(request, CONFIGURATIONS),
        }
        machine = _parsed(request, name, str(about["type"]))
        arn = self._arns.machine(name)
        if name not in self._registry.names():
            self._registry.put(machine)
            about |= {"created": self._now(), "role": request.text("roleArn"), "revision": INITIAL}
            self._registry.note(name, "", about)
            self._tags.add(arn, request)
        elif self._registry.find(name).definition != machine.definition or _differ(self.about(name), about):
            raise Fault("StateMachineAlreadyExists", f"State Machine Already Exists: '{arn}'")
        told: dict[str, JSON] = {"stateMachineArn": arn, "creationDate": self.about(name)["created"]}
        return told | self._published(name, request)

    def update_state_machine(self, request: Fields) -> JSON:
        """UpdateStateMachine."""
        name, _ = self._arns.named(self.whole(request))
        self.about(name)
        changes = _configured(request, [key for key in CONFIGURATIONS if request.has(key)])
        if request.has("roleArn"):
            changes["role"] = request.text("roleArn")
        if not changes and not request.has("definition"):
            raise Fault("MissingRequiredParameter", NOTHING_TO_UPDATE)
        changed = _differ(self.about(name), changes)
        if request.has("definition"):
            machine = _parsed(request, name, self.kind(name))
            changed = changed or machine.definition != self._registry.find(name).definition
            self._registry.put(machine)
        if changed:
            changes["revision"] = new_uuid(self._engine.services.randomness)
        changes["updated"] = self._now()
        self._registry.note(name, "", changes)
        return (
            {"updateDate": changes["updated"]} | _revision(self.about(name)) | self._published(name, request)
        )

    def describe_state_machine(self, request: Fields) -> JSON:
        """DescribeStateMachine, of a machine or a version."""
        arn = request.arn("stateMachineArn", "stateMachine")
        found = self.resolve(arn)
        name = found.machine.name
        noted = self._about(found)
        return {
            "stateMachineArn": arn,
            "name": name,
            "status": "ACTIVE",
            "type": self.kind(name),
            "creationDate": noted.get("created", 0.0),
            **self.details(found, request),
            **({"description": noted["description"]} if noted.get("description") else {}),
        }

    def list_state_machines(self, request: Fields) -> JSON:
        """ListStateMachines."""
        return request.listed("stateMachines", self._registry.names(), self._row)

    def delete_state_machine(self, request: Fields) -> JSON:
        """DeleteStateMachine: its executions are stopped; one that is not there is no error."""
        arn = self.whole(request)
        name, _ = self._arns.named(arn)
        for running in self._engine.list_executions(name, RUNNING, limit=STOPPED_AT_ONCE):
            self._engine.stop(running.execution_id)
        self._registry.remove(name)
        self._tags.forget(arn)
        return {}

    # -- parts

    def _now(self) -> float:
        return self._engine.clock.now().timestamp()

    def _exists(self, arn: str) -> bool:
        try:
            self.name_of(arn)
        except StateMachineDoesNotExist:
            return ":activity:" in arn
        return True

    def _published(self, name: str, request: Fields) -> dict[str, JSON]:
        description = request.text_or_none("versionDescription")
        if request.flag("publish"):
            return {"stateMachineVersionArn": self.publish(name, description)[0]}
        if description:
            raise Fault("ValidationException", "Version description can only be set when publish is true")
        return {}

    def _about(self, found: Found) -> dict[str, JSON]:
        """What is noted of a version, or of the machine itself."""
        noted = found.version and self._registry.about(found.machine.name, str(found.version))
        return noted or self.about(found.machine.name)

    def _row(self, name: str) -> JSON:
        created = self.about(name).get("created", 0.0)
        arn = self._arns.machine(name)
        return {"stateMachineArn": arn, "name": name, "type": self.kind(name), "creationDate": created}


def _revision(about: Mapping[str, JSON]) -> dict[str, JSON]:
    revision = about.get("revision")
    return {} if revision == INITIAL else present(revisionId=revision)


def _parsed(request: Fields, name: str, kind: str) -> Machine:
    """The machine of a definition. Raises InvalidDefinition, also for what an Express machine cannot do."""
    definition = request.text("definition")
    if kind == EXPRESS:
        errors = [finding for finding in validate(definition, express=True) if finding.severity == "ERROR"]
        if errors:
            raise InvalidDefinition(errors)
    return Machine.parse(definition, name)


def _differ(known: Mapping[str, JSON], wanted: Mapping[str, JSON]) -> bool:
    return any(known.get(key) != value for key, value in wanted.items())


def _configured(request: Fields, names: Iterable[str]) -> dict[str, JSON]:
    """Configurations as they hold. Raises InvalidLoggingConfiguration, InvalidEncryptionConfiguration."""
    logging, encryption = request.object("loggingConfiguration"), request.object("encryptionConfiguration")
    if logging.text("level") not in ("", "OFF") and len(logging.objects("destinations")) != 1:
        message = "Invalid Logging Configuration: Must specify exactly one Log Destination."
        raise Fault("InvalidLoggingConfiguration", message)
    if (encryption.text("type") == CUSTOMER_KEY) != encryption.has("kmsKeyId"):
        message = f"Invalid Encryption Configuration: kmsKeyId and the type {CUSTOMER_KEY} need each other."
        raise Fault("InvalidEncryptionConfiguration", message)
    return {name: {**CONFIGURATIONS[name], **request.structure(name)} for name in names}
