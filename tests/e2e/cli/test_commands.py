"""Every command does what it says, and its JSON is JSON."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from tests.e2e.cli.conftest import EXAMPLES, Ended, Run, few_rows, refused

from rimedio import __version__

E029 = ("--product", "EV_CHARGER", "--model", "xc 200", "--code", "E029")
SYMPTOM = "La colonnina si spegne dopo 5 minuti di ricarica, display E029"
COMMANDS = (
    "ingest", "ask", "eval", "doctor", "demo", "ticket", "kb", "classify",
    "ticket open", "ticket show", "ticket list", "ticket reply", "ticket review",
    "kb list", "kb search", "kb remove",
    "classify train", "classify list", "classify test", "classify promote", "classify rollback",
)  # fmt: skip


def opened(run: Run, folder: Path, *more: object) -> dict[str, object]:
    ended = run("--data-dir", folder, "ticket", "open", SYMPTOM, *E029, "--json", *more)
    assert ended.code == 0, ended.err
    ticket = ended.json["ticket"]  # type: ignore[index]
    assert isinstance(ticket, dict)
    return ticket


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(rimedio: Run, command: str) -> None:
    ended = rimedio(*command.split(), "--help")
    assert ended.code == 0
    assert f"rimedio {command}" in ended.out


def test_the_module_is_the_command_and_says_its_version() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "rimedio", "--version"], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == __version__


def test_ingest_counts_what_it_did_and_costs_nothing_the_second_time(rimedio: Run, tmp_path: Path) -> None:
    manual = tmp_path / "manual.md"
    manual.write_text("# XC-200\n\n## E029 Overheat\n\nRemedy: replace the filter.\n", "utf-8")
    ingest = ("--data-dir", tmp_path / "data", "ingest", manual, "--json")
    first, second = rimedio(*ingest).json, rimedio(*ingest).json
    assert (first["added"], first["unchanged"]) == (1, 0)  # type: ignore[index]
    assert (second["added"], second["unchanged"]) == (0, 1)  # type: ignore[index]
    manual.write_text("# XC-200\n\n## E029 Overheat\n\nRemedy: replace the fan.\n", "utf-8")
    assert rimedio(*ingest).json["changed"] == 1  # type: ignore[index]
    found = rimedio("--data-dir", tmp_path / "data", "kb", "search", "E029 replace")
    assert "fan" in found.out
    assert "filter" not in found.out


def test_ask_answers_with_the_manual_s_own_words_and_names_it(rimedio: Run, demo: Path) -> None:
    ended = rimedio("--data-dir", demo, "ask", "Errore E029 sulla XC-200, si spegne dopo 5 minuti")
    assert ended.code == 0
    assert "XC2-FLT-01" in ended.out
    assert "xc-200-manuale-it.md" in ended.out


def test_ask_as_json_cites_a_stored_chunk_for_every_step(rimedio: Run, demo: Path) -> None:
    solution = rimedio("--data-dir", demo, "ask", "E029 XC-200", "--json").json
    assert isinstance(solution, dict)
    known = {c["id"] for c in solution["citations"]}
    assert solution["steps"]
    assert all(set(step["citation_ids"]) <= known for step in solution["steps"])
    assert all(step["citation_ids"] for step in solution["steps"])


def test_a_question_that_the_manuals_cannot_answer_gets_no_guess(rimedio: Run, demo: Path) -> None:
    solution = rimedio("--data-dir", demo, "ask", "Codice E999 sulla XC-200", "--json").json
    assert isinstance(solution, dict)
    assert solution["decision"]["outcome"] == "ESCALATE"
    assert not solution["steps"]


def test_ask_stores_nothing(rimedio: Run, own: Path) -> None:
    before = (own / "rimedio.db").read_bytes()
    rimedio("--data-dir", own, "ask", "Errore E029 sulla XC-200")
    assert (own / "rimedio.db").read_bytes() == before
    assert rimedio("--data-dir", own, "ticket", "list", "--json").json == {"tickets": [], "cursor": None}


def test_a_ticket_is_opened_worked_through_listed_and_shown(rimedio: Run, own: Path) -> None:
    ticket = opened(rimedio, own)
    assert ticket["asset"]["model"] == "XC-200"  # type: ignore[index]
    assert ticket["status"] not in ("NEW", "PROCESSING", "FAILED")
    listed = rimedio("--data-dir", own, "ticket", "list", "--json").json
    assert [t["ticket_id"] for t in listed["tickets"]] == [ticket["ticket_id"]]  # type: ignore[index]
    by_status = ("ticket", "list", "--status", "RESOLVED", "--json")
    assert rimedio("--data-dir", own, *by_status).json["tickets"] == []  # type: ignore[index]
    shown = rimedio("--data-dir", own, "ticket", "show", ticket["ticket_id"], "--run", "--json").json
    assert shown["ticket"] == ticket  # type: ignore[index]
    assert {"Validate", "Generate", "Verify"} <= {s["state"] for s in shown["run"]["steps"]}  # type: ignore[index]
    text = rimedio("--data-dir", own, "ticket", "show", ticket["ticket_id"], "--run")
    assert "XC2-FLT-01" in text.out
    assert "Validate" in text.out
    ledger = rimedio("--data-dir", own, "ticket", "run", ticket["ticket_id"], "--payloads")
    assert "Decide" in ledger.out
    assert "SUCCEEDED in" in ledger.out or "RUNNING in" in ledger.out


def test_a_list_goes_on_where_its_page_ended(rimedio: Run, own: Path) -> None:
    ids = {opened(rimedio, own)["ticket_id"] for _ in range(3)}
    page = rimedio("--data-dir", own, "ticket", "list", "--limit", 2, "--json").json
    rest = rimedio("--data-dir", own, "ticket", "list", "--cursor", page["cursor"], "--json").json  # type: ignore[index]
    assert {t["ticket_id"] for t in (*page["tickets"], *rest["tickets"])} == ids  # type: ignore[index]


def test_the_same_key_opens_one_ticket_also_with_a_file(rimedio: Run, own: Path, tmp_path: Path) -> None:
    log = tmp_path / "charger.log"
    log.write_text("09:14 module 2 temperature 86 C, shutdown E029\n", "utf-8")
    twice = {str(opened(rimedio, own, "--key", "k1", "--attach", log)["ticket_id"]) for _ in range(2)}
    assert len(twice) == 1
    other = rimedio("--data-dir", own, "ticket", "open", SYMPTOM + "!", *E029, "--key", "k1")
    assert other.code == 4
    assert "idempotency key" in other.err


def test_an_attachment_is_read_into_the_ticket(rimedio: Run, own: Path, tmp_path: Path) -> None:
    log = tmp_path / "charger.log"
    log.write_text("module 2 temperature 86 C\n", "utf-8")
    ticket = opened(rimedio, own, "--attach", log)
    (attachment,) = ticket["attachments"]  # type: ignore[misc]
    assert (attachment["type"], attachment["name"]) == ("LOG", "charger.log")
    kept = list((own / "objects").rglob("*.log"))
    run = rimedio("--data-dir", own, "ticket", "show", ticket["ticket_id"], "--run", "--json").out
    assert kept
    assert "temperature 86 C" in run


def test_a_whole_ticket_comes_from_standard_input(rimedio: Run, own: Path) -> None:
    raw = {
        "customer": {"id": "c1", "name": "Officine Riva"},
        "asset": {"product_type": "EV_CHARGER", "model": "XC-200", "serial": "S1"},
        "symptom_text": SYMPTOM,
    }
    given = ("--data-dir", own, "ticket", "open", "--file", "-", "--json")
    ended = rimedio(*given, stdin=json.dumps(raw).encode())
    assert ended.json["ticket"]["customer"]["name"] == "Officine Riva"  # type: ignore[index]


def test_personal_data_comes_back_for_the_operator_and_only_on_request(rimedio: Run, own: Path) -> None:
    address = "mario.rossi@example.com"
    text = f"{SYMPTOM}. Scrivetemi a {address}."
    ended = rimedio("--data-dir", own, "ticket", "open", text, *E029, "--json")
    ticket = ended.json["ticket"]["ticket_id"]  # type: ignore[index]
    assert address not in json.dumps(ended.json["solution"])  # type: ignore[index]
    plain = rimedio("--data-dir", own, "ticket", "show", ticket)
    asked = rimedio("--data-dir", own, "ticket", "show", ticket, "--personal-data")
    assert f"= {address}" not in plain.out
    assert f"= {address}" in asked.out


def waiting(rimedio: Run, own: Path) -> str:
    """A ticket that waits for review, because nothing may be published without one."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RIMEDIO_PUBLISH_CONFIDENCE_MIN", "1")
        ticket = opened(rimedio, own)
    assert ticket["status"] == "IN_REVIEW", ticket["status_reason"]
    return str(ticket["ticket_id"])


def test_an_approved_remedy_is_published(rimedio: Run, own: Path) -> None:
    ticket = waiting(rimedio, own)
    review = ("ticket", "review", ticket, "APPROVED", "--reviewer", "anna", "--json")
    assert rimedio("--data-dir", own, *review).json["ticket"]["status"] == "READY"  # type: ignore[index]
    assert rimedio("--data-dir", own, *review).code == 0  # a double click
    another = ("ticket", "review", ticket, "APPROVED", "--reviewer", "berta")
    again = rimedio("--data-dir", own, *another)
    assert again.code == 4
    assert "does not wait for a review" in again.err


def test_a_ticket_is_resolved_reopened_and_handed_to_a_person(rimedio: Run, own: Path) -> None:
    ticket = waiting(rimedio, own)
    rimedio("--data-dir", own, "ticket", "review", ticket, "APPROVED", "--reviewer", "anna")
    move = ("--by", "anna", "--reason", "so it is", "--json")
    for command, status in (("resolve", "RESOLVED"), ("reopen", "IN_REVIEW"), ("escalate", "ESCALATED")):
        ended = rimedio("--data-dir", own, "ticket", command, ticket, *move)
        assert ended.json["ticket"]["status"] == status  # type: ignore[index]
    assert rimedio("--data-dir", own, "ticket", "escalate", ticket, *move).code == 4


def test_a_rejection_wants_its_reason(rimedio: Run, own: Path) -> None:
    ticket = waiting(rimedio, own)
    review = ("--data-dir", own, "ticket", "review", ticket, "REJECTED", "--reviewer", "anna")
    assert rimedio(*review).code == 2
    assert rimedio(*review, "--reason", "wrong part").code == 0
    shown = rimedio("--data-dir", own, "ticket", "show", ticket, "--json").json
    assert shown["ticket"]["status"] == "ESCALATED"  # type: ignore[index]


def test_a_vague_ticket_is_asked_back_and_its_reply_goes_on(rimedio: Run, own: Path) -> None:
    vague = ("ticket", "open", "Non funziona niente", "--product", "EV_CHARGER", "--model", "XC-200")
    ticket = rimedio("--data-dir", own, *vague, "--json").json["ticket"]  # type: ignore[index]
    assert ticket["status"] == "NEEDS_INFO"
    reply = ("ticket", "reply", ticket["ticket_id"], "Sul display compare E029", "--json")
    after = rimedio("--data-dir", own, *reply).json
    assert after["ticket"]["status"] != "NEEDS_INFO"  # type: ignore[index]
    assert "XC2-FLT-01" in json.dumps(after["solution"])  # type: ignore[index]
    assert "Sul display compare E029" in rimedio("--data-dir", own, "ticket", "show", ticket["ticket_id"]).out


def test_the_library_is_searched_listed_and_pruned(rimedio: Run, own: Path) -> None:
    listed = rimedio("--data-dir", own, "kb", "list", "--json").json
    assert len(listed) == len(list((EXAMPLES / "knowledge").iterdir()))  # type: ignore[arg-type]
    found = rimedio("--data-dir", own, "kb", "search", "E029", "--model", "XC-200", "--json").json
    assert "E029" in found["passages"][0]["chunk"]["text"]  # type: ignore[index]
    assert "E029" in rimedio("--data-dir", own, "kb", "search", "E029").out
    removed = rimedio(
        "--data-dir", own, "kb", "remove", EXAMPLES / "knowledge" / "xc-200-manuale-it.md", "--json"
    ).json
    assert len(removed["removed"]) == 1  # type: ignore[index]
    left = rimedio("--data-dir", own, "kb", "search", "E029 sovratemperatura", "--json").out
    assert "xc-200-manuale-it.md" not in left


def test_what_a_list_prints_can_be_given_to_the_next_command(
    rimedio: Run, own: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = ("--data-dir", own)
    monkeypatch.setenv("COLUMNS", "80")
    source = str(EXAMPLES / "knowledge" / "xc-200-bollettino-bt-2025-09-it.md")
    assert source in rimedio(*at, "kb", "list").out
    assert rimedio(*at, "kb", "list", "--refused").out == "No document was refused.\n"
    for number in range(2):
        rimedio(
            *at,
            "ticket",
            "open",
            f"Errore E029 numero {number}",
            "--product",
            "EV_CHARGER",
            "--model",
            "XC-200",
        )
    listed = rimedio(*at, "ticket", "list", "--limit", 1).out
    page = rimedio(*at, "ticket", "list", "--limit", 1, "--json").json
    assert page["tickets"][0]["ticket_id"] in listed  # type: ignore[index]
    assert f"--cursor {page['cursor']}" in listed  # type: ignore[index]


def test_a_document_is_removed_by_a_path_from_here(rimedio: Run, own: Path, tmp_path: Path) -> None:
    manual = tmp_path / "cwd" / "manual.md"
    manual.write_text("# Manual\n\nText about filters.\n", "utf-8")
    rimedio("--data-dir", own, "ingest", "manual.md")
    assert rimedio("--data-dir", own, "kb", "remove", "manual.md").out == f"Forgotten: {manual}\n"
    refused(rimedio("--data-dir", own, "kb", "remove", "manual.md"), 3, "manual.md")


def test_removing_by_an_id_works_too(rimedio: Run, own: Path) -> None:
    first = rimedio("--data-dir", own, "kb", "list", "--json").json[0]  # type: ignore[index]
    assert rimedio("--data-dir", own, "kb", "remove", first["document_id"]).code == 0
    assert first["document_id"] not in rimedio("--data-dir", own, "kb", "list", "--json").out


def test_a_vanished_file_is_forgotten_only_when_asked(rimedio: Run, tmp_path: Path) -> None:
    folder = tmp_path / "manuals"
    folder.mkdir()
    for name in ("a", "b"):
        (folder / f"{name}.md").write_text(f"# {name}\n\nText of {name} about filters.\n", "utf-8")
    ingest = ("--data-dir", tmp_path / "data", "ingest", folder, "--json")
    rimedio(*ingest)
    (folder / "a.md").unlink()
    assert rimedio(*ingest).json["coverage"]["documents"] == 2  # type: ignore[index]
    assert rimedio(*ingest, "--remove-vanished").json["coverage"]["documents"] == 1  # type: ignore[index]


def test_classifiers_are_trained_tried_promoted_and_rolled_back(rimedio: Run, tmp_path: Path) -> None:
    def classify(*arguments: object) -> Ended:
        return rimedio("--data-dir", tmp_path / "data", "classify", *arguments)

    training = few_rows(tmp_path / "few.csv")
    first = classify("train", training, "--json").json["version"]  # type: ignore[index]
    second = classify("train", training, "--json").json["version"]  # type: ignore[index]
    assert (first["status"], second["status"]) == ("CHAMPION", "CHALLENGER")
    assert classify("promote", second["version"], "--json").json["status"] == "CHAMPION"  # type: ignore[index]
    status = {v["version"]: v["status"] for v in classify("list", "--json").json}  # type: ignore[attr-defined]
    assert status[second["version"]] == "CHAMPION"
    assert f"{first['version']} answers again" in classify("roll-back").out
    assert classify("roll-back", "--json").code == 4
    guess = classify("test", "La stazione si surriscalda e si spegne", "--json").json
    assert guess["top"][0]["label"] == guess["label"] or guess["label"] == "UNKNOWN"  # type: ignore[index]
    assert first["version"] in classify("list").out


def few_tickets(path: Path) -> Path:
    lines = (EXAMPLES / "tickets" / "tickets.jsonl").read_text("utf-8").splitlines()
    path.write_text("\n".join(lines[:8]), "utf-8")
    return path


def test_eval_scores_without_storing_and_fails_below_a_floor(rimedio: Run, own: Path, tmp_path: Path) -> None:
    tickets = few_tickets(tmp_path / "few.jsonl")
    command = ("--data-dir", own, "eval", "--tickets", tickets)
    scores = rimedio(*command, "--json").json
    assert scores["figures"]["citations_literal"] == 1.0  # type: ignore[index]
    assert rimedio("--data-dir", own, "ticket", "list", "--json").json["tickets"] == []  # type: ignore[index]
    floors = tmp_path / "floors.toml"
    floors.write_text("hit5 = 0.0\n", "utf-8")
    assert rimedio(*command, "--floors", floors).code == 0
    floors.write_text("hit5 = 1.1\n", "utf-8")
    below = rimedio(*command, "--floors", floors, "--json")
    assert below.code == 9
    assert "hit5" in below.json["below"]  # type: ignore[index]


def test_tenants_do_not_see_each_other(rimedio: Run, own: Path) -> None:
    ticket = opened(rimedio, own)["ticket_id"]
    other = ("--data-dir", own, "--tenant", "other")
    assert rimedio(*other, "kb", "list", "--json").json == []
    assert rimedio(*other, "ticket", "show", ticket).code == 3
    assert rimedio(*other, "ask", "Errore E029 sulla XC-200", "--json").json["steps"] == []  # type: ignore[index]


@pytest.mark.model
def test_a_question_in_other_words_is_answered_by_meaning(
    rimedio: Run, embedded_demo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RIMEDIO_EMBEDDER", "e5-small-latin")
    found = rimedio("--data-dir", embedded_demo, "kb", "search", "the charger gets too hot", "--json").json
    texts = " ".join(p["chunk"]["text"] for p in found["passages"])  # type: ignore[index]
    assert "°C" in texts


def test_a_list_of_one_status_does_not_say_that_there_are_no_tickets_at_all(rimedio: Run, own: Path) -> None:
    nothing = rimedio("--data-dir", own, "ticket", "list", "--status", "RESOLVED").out
    assert nothing == "No ticket is RESOLVED.\n"
    assert "No tickets yet" in rimedio("--data-dir", own, "ticket", "list").out


def test_the_source_of_an_answer_can_be_copied_from_a_narrow_terminal(
    rimedio: Run, demo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    source = str(EXAMPLES / "knowledge" / "xc-200-manuale-it.md")
    assert (
        source in rimedio("--data-dir", demo, "ask", "Errore E029 sulla XC-200, si spegne dopo 5 minuti").out
    )


def test_an_option_behind_its_place_is_refused_with_where_it_belongs(rimedio: Run, demo: Path) -> None:
    for more in ((), ("--json",)):
        ended = rimedio("ask", "E029", "--data-dir", demo, *more)
        assert ended.code == 2
        assert "--data-dir stands before the command" in ended.err
