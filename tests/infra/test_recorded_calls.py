"""What the functions really call while tickets go their way on the twin, held against the roles of the templates."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from rimedio_infra.templates import Resolver, templates
from tests.e2e.twin.conftest import at_home, manuals, tickets  # noqa: F401 - fixtures
from tests.infra.calls import KEY, NAME
from tests.infra.recorded import Recorder
from tools.twin import Engines, Twin, twin

from rimedio.bootstrap import Rimedio
from rimedio.evaluation.labelled import LabelledTicket
from rimedio.security.iam_simulation import simulate

pytestmark = [pytest.mark.model, pytest.mark.slow]
WORKED_THROUGH = ("demo-047", "demo-082", "demo-071", "demo-098")  # published, asked, reviewed, escalated


@pytest.fixture(scope="module")
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture(scope="module")
def away(
    recorder: Recorder,
    at_home: Rimedio,  # noqa: F811
    manuals: list[Path],  # noqa: F811
    dynamodb_endpoint: str,
) -> Iterator[Twin]:
    with twin(Engines(dynamodb_endpoint), at_home.scratch, prepare=recorder.attach) as made:
        made.load(manuals, at_home.registry)
        functions = made.cloud.functions
        functions.around = lambda name, work: recorder.running(lambda *_: work())(name, None)
        yield made


def test_every_call_that_a_function_makes_is_allowed_by_its_role(
    away: Twin,
    recorder: Recorder,
    tickets: dict[str, LabelledTicket],  # noqa: F811
    assembly: Path,
) -> None:
    for name in WORKED_THROUGH:
        away.work_through(tickets[name].request)
    found = [t for t in templates(assembly) if t.profile == "frugal"]
    resolver = Resolver(found)
    key = next(
        resolver.resolved(t, {"Fn::GetAtt": [name, "Arn"]})
        for t in found
        for name, _ in t.resources("AWS::KMS::Key")
    )
    policies = {
        str(properties["RoleName"]): [p["PolicyDocument"] for p in properties.get("Policies", ())]
        for t in found
        for _, r in t.resources("AWS::IAM::Role")
        if "RoleName" in (properties := resolver.resolved(t, r["Properties"]))
    }
    refused = [
        f"{function}: {call.action} on {call.resource} {dict(call.context)}"
        for function, calls in recorder.calls.items()
        for call in calls.values()
        if not simulate(
            policies[f"{NAME}-fn-{function.replace('_', '-')}"],
            call.action,
            key if call.resource == KEY else call.resource,
            dict(call.context),
        ).allowed
    ]
    assert not refused, "\n".join(sorted(refused))
    assert len(recorder.calls) >= 15, "most tasks, the API and the stream's readers have run"
    assert sum(map(len, recorder.calls.values())) >= 50
