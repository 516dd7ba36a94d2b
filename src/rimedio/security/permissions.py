"""Who may call which route: one matrix, read by the handlers, by `GET /v1/me` and by the tests.

A technician's rights are part of an operator's, an operator's part of an administrator's; an integration
(another program) has its own. A route that stands neither in `PUBLIC` nor in `MATRIX` is for nobody.
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from types import MappingProxyType

from rimedio.domain.errors import Forbidden, InvalidInput


class Role(StrEnum):
    """What somebody may do."""

    TECHNICIAN = "technician"
    OPERATOR = "operator"
    ADMIN = "admin"
    INTEGRATION = "integration"


_LETTERS = {"T": Role.TECHNICIAN, "O": Role.OPERATOR, "A": Role.ADMIN, "I": Role.INTEGRATION}

PUBLIC = frozenset(
    {
        "GET /v1/health",
        "GET /v1/health/deep",
        "GET /v1/openapi.json",
        "GET /.well-known/jwks.json",
        "POST /v1/session",
    }
)

_ROUTES = """
TOAI  GET /v1/me
TOAI  GET /v1/taxonomy
TOAI  GET /v1/workflow

TOAI  POST /v1/tickets
TOAI  GET /v1/tickets
OA    GET /v1/tickets.csv
TOAI  GET /v1/tickets/{ticket_id}
TOAI  GET /v1/tickets/{ticket_id}/solution
TOAI  GET /v1/tickets/{ticket_id}/solution/stream
TOAI  GET /v1/tickets/{ticket_id}/events/stream
TOA   GET /v1/events/stream
TOA   GET /v1/tickets/{ticket_id}/similar
TOAI  GET /v1/tickets/{ticket_id}/messages
TOAI  POST /v1/tickets/{ticket_id}/messages
OA    POST /v1/tickets/{ticket_id}/review
OA    GET /v1/tickets/{ticket_id}/reviews
TOA   POST /v1/tickets/{ticket_id}/resolve
TOA   POST /v1/tickets/{ticket_id}/reopen
OA    POST /v1/tickets/{ticket_id}/escalate
OA    GET /v1/tickets/{ticket_id}/notes
TOAI  POST /v1/tickets/{ticket_id}/feedback
OA    GET /v1/tickets/{ticket_id}/feedback
OA    GET /v1/tickets/{ticket_id}/run
TOA   GET /v1/tickets/{ticket_id}/attachments/{attachment_id}

TOAI  POST /v1/uploads
TOAI  GET /v1/uploads/{upload_id}
TOAI  DELETE /v1/uploads/{upload_id}
TOAI  PUT /v1/uploads/{upload_id}/parts/{number}
TOAI  POST /v1/uploads/{upload_id}/complete

TOAI  POST /v1/ask
TOAI  POST /v1/ask/stream

AI    POST /v1/kb/documents
TOAI  GET /v1/kb/documents
TOAI  GET /v1/kb/documents/{document_id}
A     DELETE /v1/kb/documents/{document_id}
TOA   GET /v1/kb/documents/{document_id}/original
TOA   GET /v1/kb/documents/{document_id}/pages/{page}
TOA   GET /v1/kb/passages/{chunk_id}
TOAI  POST /v1/kb/search
TOA   GET /v1/kb/coverage
OA    GET /v1/kb/gaps
OA    POST /v1/kb/gaps/{gap_id}/dismiss
OA    GET /v1/kb/articles
OA    POST /v1/kb/articles
OA    GET /v1/kb/articles/{article_id}
OA    PUT /v1/kb/articles/{article_id}
A     POST /v1/kb/articles/{article_id}/approve
A     POST /v1/kb/articles/{article_id}/reject

OA    GET /v1/learning
OA    GET /v1/learning/rows
A     PUT /v1/learning/rows/{row_id}
A     POST /v1/learning/retrain
A     POST /v1/learning/promote
A     POST /v1/learning/rollback

A     GET /v1/events
A     POST /v1/events/replays
A     GET /v1/events/replays
A     POST /v1/events/replays/{replay_id}/cancel
A     GET /v1/events/rules
A     PUT /v1/events/rules/{name}
A     DELETE /v1/events/rules/{name}
A     GET /v1/events/dead-letters
A     POST /v1/events/dead-letters/{dead_letter_id}/redrive
A     GET /v1/events/schemas
A     GET /v1/events/schemas/{name}
A     GET /v1/schedules
A     GET /v1/schedules/{name}
A     PUT /v1/schedules/{name}
A     DELETE /v1/schedules/{name}

AI    POST /v1/webhooks
AI    GET /v1/webhooks
AI    GET /v1/webhooks/{webhook_id}
AI    DELETE /v1/webhooks/{webhook_id}
AI    GET /v1/webhooks/{webhook_id}/deliveries
AI    POST /v1/webhooks/{webhook_id}/test
AI    POST /v1/webhooks/{webhook_id}/enable
AI    POST /v1/webhooks/{webhook_id}/secret
AI    POST /v1/webhooks/{webhook_id}/deliveries/{delivery_id}/redeliver

OA    GET /v1/insights
OA    GET /v1/costs
OA    GET /v1/budget
A     PUT /v1/budget
OAI   GET /v1/metrics
OA    GET /v1/slo
A     GET /v1/settings
"""


def _matrix(text: str) -> Mapping[str, frozenset[Role]]:
    lines = (line.split(maxsplit=1) for line in text.splitlines() if line.strip())
    return MappingProxyType({route: frozenset(_LETTERS[c] for c in letters) for letters, route in lines})


MATRIX = _matrix(_ROUTES)


def roles_of(names: Iterable[str]) -> frozenset[Role]:
    """The roles with these names. Raises InvalidInput for one that does not exist."""
    try:
        return frozenset(Role(name) for name in names)
    except ValueError as error:
        msg = f"{error}. The roles are: {', '.join(Role)}."
        raise InvalidInput(msg) from None


def permits(route: str, roles: Iterable[str]) -> bool:
    """Whether somebody with these roles may call `route`, such as "GET /v1/tickets/{ticket_id}"."""
    return route in PUBLIC or not MATRIX.get(route, frozenset()).isdisjoint(roles)


def require(route: str, roles: Iterable[str]) -> None:
    """Raises Forbidden unless one of the roles may call the route."""
    if not permits(route, roles):
        wanted = ", ".join(sorted(MATRIX.get(route, ()))) or "nobody"
        raise Forbidden(f"{route} is for: {wanted}. Sign in with another role.")


def permissions_of(roles: Iterable[str]) -> tuple[str, ...]:
    """Every route that somebody with these roles may call, in order."""
    held = frozenset(roles)
    return tuple(sorted(route for route, wanted in MATRIX.items() if not wanted.isdisjoint(held)))
