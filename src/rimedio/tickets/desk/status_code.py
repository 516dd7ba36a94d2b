"""Why a ticket stands where it stands, as a word for programs: sentences are for people, in one language.

Read out of the stored reason, so that tickets of every age have it. Reasons of the service begin with their code
(`LOW_CONFIDENCE: …`) or with the kind of the error (`BudgetReached: …`); what a person wrote has none.
"""

import re
from collections.abc import Mapping

from rimedio.domain import errors
from rimedio.domain.ground import Ground
from rimedio.domain.review import REJECTED
from rimedio.tickets.recovery import ABANDONED

_ENGINE = re.compile(r"States\.[A-Z][A-Za-z]+")  # errors of the workflow's own language
_HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])")


def status_code(reason: str | None) -> str | None:
    """The code of a reason, such as BUDGET_REACHED, NOT_IN_DOCUMENTATION or STATES_TIMEOUT; None without one."""
    told, mark, _ = (reason or "").partition(": ")
    if not mark:
        return None
    if _ENGINE.fullmatch(told):
        return _spelled(told)
    return _CODES.get(told)


def _spelled(name: str) -> str:
    return re.sub(r"[.-]", "_", _HUMP.sub("_", name)).upper()


_CODES: Mapping[str, str] = {
    **{ground.value: ground.value for ground in Ground},
    **{name: _spelled(name) for name, kind in vars(errors).items() if isinstance(kind, type)},
    **{name: _spelled(name) for name in (ABANDONED, REJECTED)},
}
