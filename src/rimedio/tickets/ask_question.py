"""Answer a question from the manuals without opening a ticket."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from rimedio.answering.answer import Answerer, Asked
from rimedio.domain.answer import Solution
from rimedio.domain.errors import InvalidInput, PolicyRefused
from rimedio.domain.taxonomy import Taxonomy
from rimedio.tickets.parts import RequestGuard

QUESTION_CHARS_MAX = 5000


@dataclass(frozen=True, slots=True)
class AskQuestion:
    """The use case behind `rimedio ask`."""

    answerer: Answerer
    guard: RequestGuard
    taxonomy: Taxonomy
    on_answered: Callable[[Asked, Solution], object] = field(default=lambda _asked, _solution: None)

    def __call__(
        self, tenant_id: str, text: str, *, model: str | None = None, code: str | None = None
    ) -> Solution:
        """The remedy. Raises what `read` raises."""
        asked = self.read(tenant_id, text, model=model, code=code)
        solution = self.answerer.answer(asked)
        self.on_answered(asked, solution)
        return solution

    def read(self, tenant_id: str, text: str, *, model: str | None = None, code: str | None = None) -> Asked:
        """What is asked, personal data out.

        Raises InvalidInput for an empty or huge question, PolicyRefused by the guardrails.
        """
        text = text.strip()
        if not text:
            raise InvalidInput(
                "The question is empty. Say what is wrong, with the error code if there is one."
            )
        if len(text) > QUESTION_CHARS_MAX:
            msg = f"The question has {len(text)} characters; {QUESTION_CHARS_MAX} are read. Shorten it."
            raise InvalidInput(msg)
        seen = self.guard.inspect_request(text, (), self.taxonomy.models())
        if seen.injection or seen.denied:
            what = ", ".join((*(("an injection",) if seen.injection else ()), *seen.denied))
            raise PolicyRefused(f"The question is not answered: the guardrails found {what}. Ask it plainly.")
        models = (model,) if model else models_named(text, self.taxonomy)
        return Asked(tenant_id, seen.text, (code,) if code else (), models)


def models_named(text: str, taxonomy: Taxonomy) -> tuple[str, ...]:
    """Models of the taxonomy that a text names, however spaced; the longest name wins over its beginning."""
    plain = re.sub(r"[\s_-]+", "", text).upper()
    found = [m for m in taxonomy.models() if re.sub(r"[\s_-]+", "", m).upper() in plain]
    return tuple(m for m in found if not any(m != other and other.startswith(m) for other in found))
