"""Rotation of secrets: Secrets Manager calls it four times a rotation, and again whenever a step failed.

The event is `{"Step", "SecretId", "ClientRequestToken"}`; each step may come twice.
"""

from typing import TYPE_CHECKING

from rimedio.lambdas.functions._function import LambdaFunction, Work
from rimedio.lambdas.functions._invocation import Event, Invocation

if TYPE_CHECKING:
    from rimedio.bootstrap import Rimedio
    from rimedio.security.secrets_rotation import SecretRotation


def build_rotate(system: "Rimedio", rotation: "SecretRotation | None" = None) -> Work[None]:
    """The rotation of one system's secrets."""
    known = rotation or system.identity.rotation  # type: ignore[attr-defined]  # of the home on AWS

    def rotate(event: Event, _: Invocation) -> None:
        known.handle(event)

    return rotate


handler = LambdaFunction("rotate", build_rotate, warm=("rimedio.security.secrets_rotation",))
