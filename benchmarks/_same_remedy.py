"""The demo's tickets the whole way, once with the laptop's writer and once with Bedrock's wire: are they equal?"""

import tempfile
from dataclasses import replace
from pathlib import Path

from benchmarks._demo import fresh_copy, sample_tickets
from rimedio.bedrock_local.models import laptop_models
from rimedio.bedrock_local.server import serving_bedrock
from rimedio.bedrock_local.service import LocalBedrock
from rimedio.bootstrap import Rimedio
from rimedio.domain.answer import Outcome, Performance, Routing, Solution
from rimedio.domain.clock import SystemClock
from rimedio.evaluation.labelled import LabelledTicket
from rimedio.evaluation.run import Bench

MODEL = "eu.amazon.nova-lite-v1:0"
_ROUTING, _PERFORMANCE = Routing("", "", ""), Performance(0.0)


def equal_tickets(guardrail: str | None = None) -> tuple[int, int]:
    """How many of the demo's tickets end alike, and how many there are.

    Alike: outcome, steps with titles, tools, parts and times, citations, claims, flags, notices, reasons,
    confidence. Who wrote and how long it took may differ.
    """
    with tempfile.TemporaryDirectory() as scratch:
        home, other = (fresh_copy(Path(scratch) / name) for name in ("laptop", "wire"))
        try:
            with serving_bedrock(LocalBedrock(laptop_models(home.settings))) as url:
                _write_over(other, url, guardrail)
                benches = Bench(home), Bench(other)
                pairs = [[_essence(b, t) for b in benches] for t in sample_tickets()]
        finally:
            home.close()
            other.close()
    return sum(here == there for here, there in pairs), len(pairs)


def _write_over(system: Rimedio, url: str, guardrail: str | None) -> None:
    """Let `system` ask Bedrock at `url` for every text."""
    import boto3

    from rimedio.llm.bedrock import BedrockClient
    from rimedio.llm.bedrock_chat import BedrockChat
    from rimedio.llm.bedrock_options import BedrockOptions, GuardrailChoice

    session = boto3.session.Session("test", "test", region_name="eu-south-1")
    chosen = GuardrailChoice.parse(guardrail) if guardrail else None
    client = BedrockClient(
        session.client("bedrock-runtime", endpoint_url=url),
        BedrockOptions(models=(MODEL,), guardrail=chosen),
        prices=system.prices,
        counter=system.counter,
        clock=SystemClock(),
    )
    system.__dict__["chat_models"] = (BedrockChat(client, MODEL),)  # in the place of what the settings name


def _essence(bench: Bench, ticket: LabelledTicket) -> tuple[Outcome, Solution | None]:
    seen = bench.observe(ticket)
    if seen.solution is None:
        return seen.outcome, None
    plain = replace(seen.solution, solution_id="", ticket_id="", routing=_ROUTING, performance=_PERFORMANCE)
    return seen.outcome, plain
