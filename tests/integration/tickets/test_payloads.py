"""What the workflow carries from state to state fits Step Functions, whatever the ticket."""

import json
import shutil
from pathlib import Path

import pytest
from tests.integration.tickets.workshop import TENANT, Workshop, at_home, request

from rimedio.answering.answer import AnswerLimits
from rimedio.asl import validate
from rimedio.bootstrap import laptop
from rimedio.domain.answer import Outcome
from rimedio.domain.conversation import Author
from rimedio.domain.ticket import ATTACHED_CHARS_MAX, Attachment, AttachmentType, Status
from rimedio.evaluation.labelled import load_labelled
from rimedio.settings import EmbedderName, Settings
from rimedio.tickets.runner import Runner
from rimedio.tickets.tasks.room import cut_text
from rimedio.tickets.workflow import definition_for, definition_text, task_names

PAYLOAD_BYTES_MAX = 262_144
ROOM = 0.8  # of the limit is used at the most
VARIABLES_BYTES_MAX = 10 * 1024 * 1024
DEFINITION_BYTES_MAX = 1024 * 1024
SETTINGS_MOST = AnswerLimits(50, 200_000)  # what the settings allow at the most
EXAMPLES = Path(__file__).resolve().parents[3] / "examples"
DANGEROUS = '\N{SNOWMAN}\\"\n' * 2000  # long in UTF-8, longer as JSON


def sizes(runner: Runner, execution_id: str) -> tuple[dict[str, int], int]:
    """The largest payload of each kind of event, and of all variables together, in bytes."""
    largest: dict[str, int] = {}
    variables: dict[str, int] = {}
    for event in runner.history(execution_id):
        details = next((value for key, value in event.items() if key.endswith("EventDetails")), None)
        if not isinstance(details, dict):
            continue
        for key in ("input", "output", "parameters"):
            if isinstance(text := details.get(key), str):
                what = f"{event['type']} {details.get('name', '')} {key}"
                largest[what] = max(largest.get(what, 0), len(text.encode()))
        assigned = details.get("assignedVariables") or {}
        assert isinstance(assigned, dict)
        variables.update({name: len(str(value).encode()) for name, value in assigned.items()})
        largest["assigned at once"] = max(
            largest.get("assigned at once", 0), sum(len(str(value).encode()) for value in assigned.values())
        )
    return largest, sum(variables.values())


def check(runner: Runner, execution_id: str) -> None:
    largest, variables = sizes(runner, execution_id)
    what = max(largest, key=largest.__getitem__)
    assert largest[what] <= ROOM * PAYLOAD_BYTES_MAX, f"{what} has {largest[what]} bytes"
    assert variables <= ROOM * VARIABLES_BYTES_MAX


def test_the_definition_is_small_enough_and_valid_with_arns_in_it() -> None:
    arn = "arn:aws:lambda:eu-south-1:123456789012:function:rimedio-staging-" + "x" * 30 + ":live"
    text = definition_for(dict.fromkeys(task_names(), arn))
    assert len(text.encode()) < DEFINITION_BYTES_MAX / 4
    assert not validate(text)
    assert definition_text().count("${") == text.count(arn)


def test_every_task_has_a_timeout_and_tries_again_what_lambda_does_wrong() -> None:
    for name, state in tasks_of(json.loads(definition_text())["States"]):
        assert state["TimeoutSeconds"] >= 60, name
        retried = {error for retrier in state["Retry"] for error in retrier["ErrorEquals"]}
        if "States.ALL" not in retried:
            assert {"Lambda.ServiceException", "Lambda.TooManyRequestsException"} <= retried, name
            assert {"Lambda.SdkClientException", "Lambda.SnapStartNotReadyException"} <= retried, name
        if state["Resource"].endswith("waitForTaskToken"):
            assert not {"States.Timeout", "States.ALL", "States.TaskFailed"} & retried, name


def tasks_of(states: dict[str, dict]) -> list[tuple[str, dict]]:  # type: ignore[type-arg]
    found = []
    for name, state in states.items():
        for inner in (*state.get("Branches", ()), *filter(None, [state.get("ItemProcessor")])):
            found += tasks_of(inner["States"])
        if state["Type"] == "Task":
            found.append((name, state))
    return found


def test_the_demo_tickets_stay_far_below_the_limit(tmp_path: Path) -> None:
    shutil.copyfile(EXAMPLES / "taxonomy.json", tmp_path / "taxonomy.json")
    system = laptop(Settings(data_dir=tmp_path, embedder=EmbedderName.NONE))
    system.ingestor.ingest([EXAMPLES / "knowledge"], system.tenant)
    rows = load_labelled(EXAMPLES / "tickets" / "tickets.jsonl")
    longest = sorted(rows, key=lambda row: len(row.request.symptom_text))[-2:]
    for row in longest:
        ticket = system.runner.settle(system.open_ticket(system.tenant, row.request))
        check(system.runner, str(ticket.execution_id))
    system.close()


@pytest.mark.parametrize("text", ["The fault E030 stays. " * 1000, DANGEROUS], ids=["long", "dangerous"])
def test_the_worst_ticket_fits_on_step_functions(text: str) -> None:
    with at_home("step functions"):
        shop = Workshop([Outcome.ASK, Outcome.REVIEW], limits=SETTINGS_MOST)
        for page in range(30):
            manual = (
                f"# Manual {page}\n\n## E029 Overtemperature\n\n" + f"Clean filter {page} of the E029. " * 90
            )
            shop.ingestor.ingest_bytes(manual.encode(), f"m{page}.md", TENANT, source_uri=f"m{page}.md")
        attachments = [
            Attachment(id=f"a{n}", type=AttachmentType.LOG, uri="object:none", text=text[:ATTACHED_CHARS_MAX])
            for n in range(10)
        ]
        said = (text * 10)[:4900]
        asked = shop.work(symptom_text=f"E029 {said}", attachments=attachments, error_code="E029")
        assert asked.status is Status.NEEDS_INFO
        for _ in range(4):
            shop.say(TENANT, asked.ticket_id, f"E029 {said}", Author.CUSTOMER)
        waiting = shop.runner.settle(asked)
        assert waiting.status is Status.IN_REVIEW
        shop.judge(waiting, "APPROVED")
        assert shop.runner.settle(waiting).status is Status.READY
        check(shop.runner, str(waiting.execution_id))


def test_a_hundred_attachments_share_their_room() -> None:
    shop = Workshop()
    files = [
        Attachment(id=f"a{n}", type=AttachmentType.LOG, uri="object:none", text="E030 " * 800)
        for n in range(100)
    ]
    ticket = shop.work(**request(attachments=files).model_dump(exclude_unset=True))
    assert ticket.status is Status.READY
    check(shop.runner, str(ticket.execution_id))


@pytest.mark.parametrize("text", ["", "plain", DANGEROUS, "\x01" * 5000, "\N{GRINNING FACE}" * 5000])
def test_a_cut_text_is_a_beginning_that_fits(text: str) -> None:
    cut = cut_text(text, 3000)
    assert text.startswith(cut)
    assert len(json.dumps(cut, ensure_ascii=False).encode()) <= 3000
    assert cut or not text
