"""The Lambda authorizer of API Gateway (REQUEST type): the handler that the gateway at home calls.

A refusal leaves as the error "Unauthorized", to the letter: API Gateway answers 401 to it, and 500 to any other.
"""

from typing import TYPE_CHECKING

from rimedio.lambdas.authorizer import UnauthorizedRequest, build_authorizer
from rimedio.lambdas.functions._function import LambdaFunction, Work
from rimedio.lambdas.functions._invocation import Event, Invocation

if TYPE_CHECKING:
    from rimedio.bootstrap import Rimedio


def build_authorizer_function(system: "Rimedio") -> Work[dict[str, object]]:
    """The authorizer of one system."""
    answer = build_authorizer(system)

    def authorize(event: Event, _: Invocation) -> dict[str, object]:
        return answer(event)

    return authorize


handler = LambdaFunction(
    "authorizer",
    build_authorizer_function,
    warm=("rimedio.security.tokens",),
    passed=(UnauthorizedRequest,),
)
