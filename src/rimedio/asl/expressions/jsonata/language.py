"""The language, whole: the evaluator and all functions. It is loaded with the first expression that needs it."""

from rimedio.asl.expressions.jsonata import functions, strings  # noqa: F401 - they register themselves
from rimedio.asl.expressions.jsonata.evaluator import Evaluation
from rimedio.asl.expressions.jsonata.faults import reason
from rimedio.asl.expressions.jsonata.values import NoJson, handed, taken
from rimedio.asl.expressions.query import Missing, Services
from rimedio.asl.jsontext import JSON

__all__ = ["Unanswered", "answer", "handed"]


class Unanswered(Exception):
    """An expression has no answer; the text says why, in AWS's words."""


def answer(source: str, bindings: dict[str, object], services: Services) -> JSON | Missing:
    """The value of an expression, MISSING when it is undefined. Raises Unanswered."""
    try:
        return taken(Evaluation(services).run(source, bindings))
    except NoJson:
        raise Unanswered("returned an unsupported result type.") from None
    except Exception as error:
        raise Unanswered(f"threw an error during evaluation{reason(error)}") from error
