"""How Step Functions names things."""

from rimedio.asl.errors import StateMachineDoesNotExist


class Arns:
    """ARNs of one account and region; `base` is `arn:aws:states:REGION:ACCOUNT`."""

    def __init__(self, base: str) -> None:
        self.base = base

    def machine(self, name: str, qualifier: str | int | None = None) -> str:
        """Of a machine, a version or an alias."""
        plain = f"{self.base}:stateMachine:{name}"
        return plain if qualifier is None else f"{plain}:{qualifier}"

    def named(self, arn: str) -> tuple[str, str]:
        """Name and qualifier in a machine's ARN. Raises StateMachineDoesNotExist for another account's."""
        base, _, rest = arn.partition(":stateMachine:")
        if base != self.base:
            raise StateMachineDoesNotExist(f"State Machine Does Not Exist: '{arn}'")
        name, _, qualifier = rest.partition(":")
        return name, qualifier

    def express(self, name: str, execution: str, unique: str) -> str:
        """Of an Express execution."""
        return f"{self.base}:express:{name}:{execution}:{unique}"
