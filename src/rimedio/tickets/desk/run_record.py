"""What an execution found on its way, read back out of its history: question, passages, draft, decision."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

from rimedio.answering.context import Context
from rimedio.domain.answer import Decision, Draft, Verification
from rimedio.domain.codec import Json, from_json
from rimedio.domain.errors import InvalidInput
from rimedio.tickets.run_log import Histories, parsed
from rimedio.tickets.tasks.enrich import Background, TicketCard
from rimedio.tickets.tasks.inspect import TicketQuestion

_T = TypeVar("_T")
GENERATORS = ("GenerateExtractive", "GenerateWithNextModel", "Generate")  # the last one that ran counts


@dataclass(frozen=True, slots=True)
class RunRecord:
    """The run's own data as far as it came; None where it did not come so far."""

    question: TicketQuestion | None = None
    background: Background | None = None
    similar: tuple[TicketCard, ...] = ()
    context: Context | None = None
    draft: Draft | None = None
    verification: Verification | None = None
    decision: Decision | None = None
    questions_asked: int = 0
    failures: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()  # why attachments could not be read


def run_record(histories: Histories, execution_id: str | None) -> RunRecord:
    """What a run found; an empty record for none, or one whose history is gone."""
    if execution_id is None:
        return RunRecord()
    outputs: dict[str, Json] = {}
    failures: list[str] = []
    unread: list[str] = []
    asked = 0
    for event in histories.history(execution_id):
        details = next((v for k, v in event.items() if k.endswith("EventDetails")), None)
        if not isinstance(details, dict):
            continue
        kind = str(event["type"])
        if kind.endswith("StateExited"):
            name = str(details.get("name", ""))
            outputs.pop(name, None)
            outputs[name] = output = parsed(details.get("output"))
            if name == "ExtractText" and isinstance(output, dict) and output.get("problem"):
                unread.append(str(output["problem"]))
            asked += name == "AskCustomer"
        elif kind.endswith(("Failed", "TimedOut")) and details.get("error"):
            failures.append(str(details["error"]))
    return RunRecord(
        question=_read(TicketQuestion, outputs.get("Inspect")),
        background=_read(Background, outputs.get("Enrich")),
        similar=_read(tuple[TicketCard, ...], outputs.get("SimilarSolved")) or (),
        context=_read(Context, outputs.get("AssembleContext")),
        draft=_last_draft(outputs),
        verification=_read(Verification, outputs.get("Verify")),
        decision=_decision(outputs.get("Decide")),
        questions_asked=asked,
        failures=tuple(failures),
        unread=tuple(unread),
    )


def _last_draft(outputs: Mapping[str, Json]) -> Draft | None:
    ran = [name for name in outputs if name in GENERATORS]
    for name in reversed(ran):
        draft = _read(Draft, outputs[name])
        if draft is not None:
            return draft
    return None


def _decision(output: Json) -> Decision | None:
    return _read(Decision, output.get("decision")) if isinstance(output, dict) else None


def _read(kind: type[_T], output: Json) -> _T | None:
    """The value, or None: a state that was caught has another output, and an old run another shape."""
    if output is None or output == {}:
        return None
    try:
        return from_json(kind, output)
    except InvalidInput:
        return None
