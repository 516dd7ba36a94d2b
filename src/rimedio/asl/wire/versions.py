"""Versions and aliases of state machines."""

from collections.abc import Callable, Mapping

from rimedio.asl.errors import StateMachineDoesNotExist
from rimedio.asl.execution.engine import Engine
from rimedio.asl.journal.registry import Route
from rimedio.asl.jsontext import JSON
from rimedio.asl.wire.arns import Arns
from rimedio.asl.wire.faults import Fault
from rimedio.asl.wire.fields import Fields, invalid
from rimedio.asl.wire.machines import Machines


class Versions:
    """Operations on versions and aliases."""

    def __init__(self, engine: Engine, arns: Arns, machines: Machines) -> None:
        self._clock = engine.clock
        self._registry = engine.registry
        self._arns = arns
        self._machines = machines

    def operations(self) -> Mapping[str, Callable[[Fields], JSON]]:
        """By name."""
        return {
            "PublishStateMachineVersion": self._publish,
            "ListStateMachineVersions": self._list_versions,
            "DeleteStateMachineVersion": self._delete_version,
            "CreateStateMachineAlias": self._create_alias,
            "UpdateStateMachineAlias": self._update_alias,
            "DescribeStateMachineAlias": self._describe_alias,
            "ListStateMachineAliases": self._list_aliases,
            "DeleteStateMachineAlias": self._delete_alias,
        }

    def _publish(self, request: Fields) -> JSON:
        name = self._machines.name_of(request.arn("stateMachineArn", "stateMachine"))
        wanted = request.text_or_none("revisionId")
        revision = self._machines.about(name).get("revision", "INITIAL")
        if wanted is not None and wanted != revision:
            raise Fault("ConflictException", f"The machine's revision is {revision}, not {wanted}.")
        arn, created = self._machines.publish(name, request.text_or_none("description"))
        return {"stateMachineVersionArn": arn, "creationDate": created}

    def _list_versions(self, request: Fields) -> JSON:
        name = self._machines.name_of(request.arn("stateMachineArn", "stateMachine"))
        newest_first, more = request.page(self._registry.versions(name)[::-1])
        told: list[JSON] = [
            {
                "stateMachineVersionArn": self._arns.machine(name, version),
                "creationDate": self._registry.about(name, str(version)).get("created", 0.0),
            }
            for version in newest_first
        ]
        return {"stateMachineVersions": told, **more}

    def _delete_version(self, request: Fields) -> JSON:
        name, version = self._arns.named(request.arn("stateMachineVersionArn", "stateMachine"))
        if not version.isdigit():
            raise invalid("Value at 'stateMachineVersionArn' is not the ARN of a version")
        try:
            self._registry.remove_version(name, int(version))
        except StateMachineDoesNotExist:  # deleting twice is no error
            return {}
        except ValueError as error:
            raise Fault("ConflictException", str(error)) from error
        return {}

    # -- aliases

    def _create_alias(self, request: Fields) -> JSON:
        alias = request.name()
        name, route = self._route(request)
        known = self._registry.aliases(name)
        description = request.text_or_none("description")
        if alias not in known:
            self._point(name, alias, route)
            about: dict[str, JSON] = {"created": self._now(), "updated": self._now()}
            self._registry.note(name, alias, about | {"description": description})
        elif known[alias] != route or self._registry.about(name, alias).get("description") != description:
            msg = f"Failed to create alias because an alias with the same name and a different routing configuration already exists: {alias}"  # noqa: E501
            raise Fault("ConflictException", msg)
        created = self._registry.about(name, alias)["created"]
        return {"stateMachineAliasArn": self._arns.machine(name, alias), "creationDate": created}

    def _now(self) -> float:
        return self._clock.now().timestamp()

    def _point(self, name: str, alias: str, route: Route) -> None:
        try:
            self._registry.alias(name, alias, route)
        except StateMachineDoesNotExist as error:
            raise Fault("ResourceNotFound", str(error)) from error
        except ValueError as error:
            raise invalid(str(error)) from error

    def _route(self, request: Fields) -> tuple[str, Route]:
        """The machine and the versions that a routing configuration names."""
        rows = request.objects("routingConfiguration")
        parts = [self._arns.named(row.arn("stateMachineVersionArn", "stateMachine")) for row in rows]
        names = {name for name, _ in parts}
        if len(names) != 1 or not all(version.isdigit() for _, version in parts):
            raise invalid(
                "Value at 'routingConfiguration' must name one or two versions of one state machine"
            )
        try:
            weights = {int(v): row.number("weight") for (_, v), row in zip(parts, rows, strict=True)}
            return names.pop(), Route(weights)
        except ValueError as error:
            raise invalid(str(error)) from error

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

    def _update_alias(self, request: Fields) -> JSON:
        name, alias = self._known(request)
        about: dict[str, JSON] = {"updated": self._now()}
        if request.has("routingConfiguration"):
            self._point(name, alias, self._route(request)[1])
        if request.has("description"):
            about["description"] = request.text("description")
        self._registry.note(name, alias, about)
        return {"updateDate": about["updated"]}

    def _describe_alias(self, request: Fields) -> JSON:
        name, alias = self._known(request)
        about = self._registry.about(name, alias)
        routes: list[JSON] = [
            {"stateMachineVersionArn": self._arns.machine(name, version), "weight": weight}
            for version, weight in self._registry.aliases(name)[alias].weights.items()
        ]
        told: dict[str, JSON] = {
            "stateMachineAliasArn": self._arns.machine(name, alias),
            "name": alias,
            "routingConfiguration": routes,
            "creationDate": about.get("created", 0.0),
            "updateDate": about.get("updated", 0.0),
        }
        return told | ({"description": about["description"]} if about.get("description") else {})

    def _list_aliases(self, request: Fields) -> JSON:
        arn = request.arn("stateMachineArn", "stateMachine")
        name = self._machines.name_of(arn)
        version = self._arns.named(arn)[1]
        routes = self._registry.aliases(name)
        leading = [a for a, route in routes.items() if not version or int(version) in route.weights]
        found, more = request.page(sorted(leading))
        told: list[JSON] = [
            {
                "stateMachineAliasArn": self._arns.machine(name, alias),
                "creationDate": self._registry.about(name, alias).get("created", 0.0),
            }
            for alias in found
        ]
        return {"stateMachineAliases": told, **more}

    def _delete_alias(self, request: Fields) -> JSON:
        self._registry.remove_alias(*self._known(request))
        return {}
