"""A solution as a stream: its verified sentences in reading order, then the passages they cite."""

from collections import deque
from collections.abc import Iterator

from rimedio.domain.answer import Claim, Solution, Step, Verdict
from rimedio.tickets.live.events import Chunk, Cited

REFUSED = frozenset({Verdict.REFUTED, Verdict.UNQUOTED})


def streamed(solution: Solution) -> Iterator[Chunk | Cited]:
    """Each sentence; after the last one that cites it first, each passage once."""
    index = 0
    claims = deque(claim for claim in solution.claims if claim.verdict not in REFUSED)
    citations = {citation.id: citation for citation in solution.citations}
    for step in solution.steps:
        for text, claim in _sentences(step, claims):
            index += 1
            cited = (claim.citation_id,) if claim is not None and claim.citation_id else ()
            own = claim is None or claim.verdict is Verdict.OPERATOR
            yield Chunk(index, step.order, step.section, step.title, text, cited, own_words=own)
            for name in cited:
                citation = citations.pop(name, None)
                if citation is not None:
                    yield Cited(citation)


def _sentences(step: Step, claims: deque[Claim]) -> Iterator[tuple[str, Claim | None]]:
    """A step's sentences with their claims: the text is those sentences, one a line."""
    rest = step.text
    while rest:
        if claims and rest.startswith(claims[0].text) and claims[0].text:
            claim = claims.popleft()
            yield claim.text, claim
            rest = rest[len(claim.text) :].removeprefix("\n")
        else:  # no claim stands behind this line: nothing says that it is cited
            line, _, rest = rest.partition("\n")
            if line.strip():
                yield line, None
