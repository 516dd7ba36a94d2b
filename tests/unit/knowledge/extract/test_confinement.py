"""Work in a process of its own: what it gives, what it refuses, and what becomes of the process."""

import os
import pickle
import signal
from collections.abc import Iterator

import pytest

from rimedio.domain.errors import InvalidDocument, NotFound
from rimedio.knowledge.extract import Limits, extract
from rimedio.knowledge.extract.answers import Answer, Outcome, loads
from rimedio.knowledge.extract.confined import narrow
from rimedio.knowledge.extract.confinement import _KEEPERS, Allowance, _Keeper, confined
from rimedio.knowledge.extract.plain import extract_plain
from rimedio.knowledge.pdf_page import _picture

ONE_PAGE = (
    b"%PDF-1.4\n1 0 obj\n<< /Type /Catalog /Pages 2 0 R >>\nendobj\n2 0 obj\n<< /Type /Pages /Kids [3 0 R] "
    b"/Count 1 >>\nendobj\n3 0 obj\n<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] >>\nendobj\n"
    b"trailer\n<< /Root 1 0 R >>\n%%EOF"
)
AMPLE = Allowance(seconds=30.0, memory=256 * 1024 * 1024)


@pytest.fixture
def keeper() -> Iterator[_Keeper]:
    made = _Keeper()
    yield made
    made.close()


def ask(keeper: _Keeper, allowance: Allowance = AMPLE, data: bytes = b"# Titolo\n\nTesto.\n") -> Answer:
    call = pickle.dumps((extract_plain, "a.txt", (Limits(),), {}, allowance.seconds, allowance.memory))
    return keeper.ask(call, data, allowance)


def test_work_gives_elsewhere_what_it_gives_here() -> None:
    data = b"# Titolo\n\nTesto.\n"
    assert confined(extract, AMPLE, data, "a.md") == extract(data, "a.md")


def test_an_error_of_the_tree_arrives_as_itself() -> None:
    with pytest.raises(InvalidDocument, match=r"^a\.md is empty"):
        confined(extract, AMPLE, b" ", "a.md")
    with pytest.raises(NotFound, match="no page 7"):
        confined(_picture, AMPLE, ONE_PAGE, "a.pdf", 7, 300)


def test_a_fault_of_a_library_is_told_as_the_files() -> None:
    with pytest.raises(InvalidDocument, match=r"a\.pdf cannot be read \(TypeError\)"):
        confined(_picture, AMPLE, ONE_PAGE, "a.pdf", "one", 300)  # type: ignore[arg-type]


def test_one_process_serves_many_files(keeper: _Keeper) -> None:
    assert ask(keeper).outcome is Outcome.DONE
    first = keeper._process
    assert ask(keeper).outcome is Outcome.DONE
    assert keeper._process is first


def test_who_asks_while_a_long_file_is_read_does_not_wait_for_it() -> None:
    with _KEEPERS[0]._lock:
        assert confined(extract, AMPLE, b"Testo.", "a.md").text == "Testo."


def test_a_process_that_was_ended_by_somebody_else_is_started_anew(keeper: _Keeper) -> None:
    ask(keeper)
    assert keeper._process is not None
    keeper._process.child.kill()
    assert ask(keeper).outcome is Outcome.DONE


def test_a_process_that_was_ended_between_two_files_and_not_yet_missed_is_started_anew(
    keeper: _Keeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask(keeper)
    assert keeper._process is not None
    child = keeper._process.child
    child.kill()
    monkeypatch.setattr(child, "poll", lambda: None)  # as just before the kernel tells
    assert ask(keeper).outcome is Outcome.DONE


def test_work_beyond_its_time_is_ended_and_the_next_file_is_read(keeper: _Keeper) -> None:
    assert ask(keeper, Allowance(0.02, AMPLE.memory), b"a [b](c) " * 1_000_000).outcome is Outcome.OUT_OF_TIME
    assert ask(keeper).outcome is Outcome.DONE


def test_work_beyond_its_memory_is_ended_and_the_next_file_is_read(keeper: _Keeper) -> None:
    few = Allowance(30.0, 4 * 1024 * 1024)
    assert ask(keeper, few, b"testo\n\n" * 500_000).outcome is Outcome.OUT_OF_MEMORY
    assert ask(keeper).outcome is Outcome.DONE


@pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="the system cannot halt a process")
def test_a_process_that_hangs_is_stopped_by_the_one_that_waits(
    keeper: _Keeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask(keeper)
    assert keeper._process is not None
    os.kill(keeper._process.child.pid, signal.SIGSTOP)
    monkeypatch.setattr("rimedio.knowledge.extract.confinement.WALL_SECONDS_MIN", 0.01)
    monkeypatch.setattr("rimedio.knowledge.extract.confinement.WALL_FACTOR", 0.0)
    assert ask(keeper).outcome is Outcome.OUT_OF_TIME


def test_a_fork_leaves_its_parents_process_alone(keeper: _Keeper) -> None:
    ask(keeper)
    first = keeper._process
    keeper.forget()
    assert first is not None
    try:
        assert ask(keeper).outcome is Outcome.DONE
        assert keeper._process is not first
        assert first.child.poll() is None
    finally:
        first.close()


def test_the_process_ends_with_the_one_that_started_it(keeper: _Keeper) -> None:
    ask(keeper)
    assert keeper._process is not None
    child = keeper._process.child
    assert child.stdin is not None
    child.stdin.close()  # what the kernel does when that one is gone
    assert child.wait(60) == 0


def test_an_answer_holds_no_strangers_types() -> None:
    assert loads(pickle.dumps(Answer(Outcome.DONE, 3))) == Answer(Outcome.DONE, 3)
    assert loads(pickle.dumps(print)) == Answer(Outcome.FAILED, kind="UnreadableAnswer")
    assert loads(b"broken") == Answer(Outcome.FAILED, kind="UnreadableAnswer")


def test_outside_of_the_process_nothing_is_narrowed() -> None:
    narrow(0.001)
    assert sum(range(1_000_000)) > 0  # were it narrowed, the kernel would end this process here
