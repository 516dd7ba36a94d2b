"""Versions and aliases of state machines."""

from rimedio.asl.errors import StateMachineDoesNotExist
from rimedio.asl.execution.engine import Engine
from rimedio.asl.journal.registry import Route
from rimedio.asl.jsontext import JSON
from rimedio.asl.wire.arns import Arns
from rimedio.asl.wire.faults import Fault, invalid
from rimedio.asl.wire.fields import Fields
from rimedio.asl.wire.machines import INITIAL, Machines

TAKEN = (
    "Failed to create alias because an alias with the same name "
    "and a different routing configuration already exists"
)


class Versions:
    """Operations on versions and aliases."""

    def __init__(self, engine: Engine, arns: Arns, machines: Machines) -> None:
        self._clock = engine.clock
        self._registry = engine.registry
        self._arns = arns
        self._machines = machines

    def publish_state_machine_version(self, request: Fields) -> JSON:
        """PublishStateMachineVersion; the same revision again is the same version. Raises ConflictException."""
        name = self._machines.name_of(self._machines.whole(request))
        wanted = request.text_or_none("revisionId")
        revision = self._machines.about(name).get("revision", INITIAL)
        if wanted not in (None, revision):
            told = f"Failed to publish the State Machine version for revision {wanted}. "
            raise Fault("ConflictException", f"{told}The current State Machine revision is {revision}.")
        arn, created = self._machines.publish(name, request.text_or_none("description"))
        return {"stateMachineVersionArn": arn, "creationDate": created}

    def list_state_machine_versions(self, request: Fields) -> JSON:
        """ListStateMachineVersions, the newest first."""
        arn = self._machines.whole(request)
        name, _ = self._arns.named(arn)
        try:
            newest_first = self._registry.versions(name)[::-1]
        except StateMachineDoesNotExist as error:
            raise Fault("InvalidArn", f"Invalid Arn: '{arn}'") from error
        return request.listed(
            "stateMachineVersions", newest_first, lambda v: self._row("stateMachineVersionArn", name, str(v))
        )

    def delete_state_machine_version(self, request: Fields) -> JSON:
        """DeleteStateMachineVersion; one that is not there is no error. Raises ConflictException."""
        name, version = self._arns.named(request.arn("stateMachineVersionArn", "stateMachine"))
        if not version.isdigit():
            raise invalid("Value at 'stateMachineVersionArn' is not the ARN of a version")
        try:
            routes = self._registry.aliases(name)
            leading = [alias for alias, route in routes.items() if int(version) in route.weights]
            if leading:
                told = "Version to be deleted must not be referenced by an alias. "
                found = f"Current list of aliases referencing this version: [{', '.join(leading)}]"
                raise Fault("ConflictException", told + found)
            self._registry.remove_version(name, int(version))
        except StateMachineDoesNotExist:
            pass
        return {}

    # -- aliases

    def create_state_machine_alias(self, request: Fields) -> JSON:
        """CreateStateMachineAlias; the same again changes nothing. Raises ConflictException."""
        alias, description = request.text("name"), request.text_or_none("description")
        name, route = self._route(request)
        try:
            known = self._registry.aliases(name)
        except StateMachineDoesNotExist as error:
            raise Fault("ResourceNotFound", str(error)) from error
        if alias not in known:
            self._point(name, alias, route)
            now = self._now()
            self._registry.note(name, alias, {"created": now, "updated": now, "description": description})
        elif known[alias] != route or self._registry.about(name, alias).get("description") != description:
            raise Fault("ConflictException", f"{TAKEN}: {self._arns.machine(name, alias)}")
        return self._row("stateMachineAliasArn", name, alias)

    def update_state_machine_alias(self, request: Fields) -> JSON:
        """UpdateStateMachineAlias."""
        name, alias = self._known(request)
        about: dict[str, JSON] = {"updated": self._now()}
        if not request.has("routingConfiguration") and not request.has("description"):
            raise invalid("Either 'routingConfiguration' or 'description' must be given")
        if request.has("routingConfiguration"):
            self._point(name, alias, self._route(request)[1])
        if request.has("description"):
            about["description"] = request.text("description")
        self._registry.note(name, alias, about)
        return {"updateDate": about["updated"]}

    def describe_state_machine_alias(self, request: Fields) -> JSON:
        """DescribeStateMachineAlias."""
        name, alias = self._known(request)
        about = self._registry.about(name, alias)
        routes: list[JSON] = [
            {"stateMachineVersionArn": self._arns.machine(name, version), "weight": weight}
            for version, weight in self._registry.aliases(name)[alias].weights.items()
        ]
        told: dict[str, JSON] = {
            "name": alias,
            "routingConfiguration": routes,
            "updateDate": about.get("updated", 0.0),
        }
        if about.get("description"):
            told["description"] = about["description"]
        return self._row("stateMachineAliasArn", name, alias) | told

    def list_state_machine_aliases(self, request: Fields) -> JSON:
        """ListStateMachineAliases, of a machine or of one of its versions."""
        name, version = self._arns.named(request.arn("stateMachineArn", "stateMachine"))
        routes = self._registry.aliases(name)
        leading = [a for a, route in routes.items() if not version.isdigit() or int(version) in route.weights]
        return request.listed(
            "stateMachineAliases", sorted(leading), lambda a: self._row("stateMachineAliasArn", name, a)
        )

    def delete_state_machine_alias(self, request: Fields) -> JSON:
        """DeleteStateMachineAlias."""
        self._registry.remove_alias(*self._known(request))
        return {}

    # -- parts

    def _now(self) -> float:
        return self._clock.now().timestamp()

    def _row(self, key: str, name: str, qualifier: str) -> dict[str, JSON]:
        created = self._registry.about(name, qualifier).get("created", 0.0)
        return {key: self._arns.machine(name, qualifier), "creationDate": created}

    def _point(self, name: str, alias: str, route: Route) -> None:
        try:
            self._registry.alias(name, alias, route)
        except StateMachineDoesNotExist as error:
            raise Fault("ResourceNotFound", str(error)) from error
        except ValueError as error:
            raise _misrouted(str(error)) from error

    def _route(self, request: Fields) -> tuple[str, Route]:
        """The machine and the versions that a routing configuration names."""
        rows = request.objects("routingConfiguration")
        parts = [self._arns.named(row.arn("stateMachineVersionArn", "stateMachine")) for row in rows]
        names = {name for name, _ in parts}
        if len(names) != 1 or not all(version.isdigit() for _, version in parts):
            raise _misrouted("It must name one or two versions of one state machine")
        try:
            weights = {int(v): row.number("weight") for (_, v), row in zip(parts, rows, strict=True)}
            return names.pop(), Route(weights)
        except ValueError as error:
            raise _misrouted(str(error)) from error

    def _known(self, request: Fields) -> tuple[str, str]:
        """Machine and alias of an alias's ARN. Raises ResourceNotFound."""
        arn = request.arn("stateMachineAliasArn", "stateMachine")
        try:
            name, alias = self._arns.named(arn)
            known = alias in self._registry.aliases(name)
        except StateMachineDoesNotExist:
            known = False
        if not known:
            raise Fault("ResourceNotFound", f"Request references a resource that does not exist: {arn}")
        return name, alias


def _misrouted(message: str) -> Fault:
    told = f"Invalid value for 'routingConfiguration'. {message}"
    return Fault("ValidationException", told, reason="INVALID_ROUTING_CONFIGURATION")
