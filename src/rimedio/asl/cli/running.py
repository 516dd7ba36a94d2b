"""`asl run`, `asl resume`, `asl redrive`: executions that go on before one's eyes."""

import json
import shlex
import sys
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from rimedio.asl.cli.display import Display, Lines, Tree
from rimedio.asl.cli.options import (
    AsJson,
    Buckets,
    Database,
    Kept,
    Mocks,
    Named,
    Tasks,
    Which,
    add_nested,
    app,
    fail,
    find_execution,
    json_line,
    open_engine,
    open_journal,
    read_given,
    read_handlers,
    read_machine,
    short,
    told_errors,
)
from rimedio.asl.cli.wording import cause_lines, cut, took
from rimedio.asl.clock import Clock, SystemClock, VirtualClock
from rimedio.asl.definition.model import Machine
from rimedio.asl.execution.engine import Engine
from rimedio.asl.execution.executions import Description
from rimedio.asl.jsontext import JSON
from rimedio.asl.trace import Mark, Trace, Visit
from rimedio.asl.watching import waiting_tasks

POLL_SECONDS = 0.1
INTERRUPTED = 130

Fast = Annotated[bool, typer.Option("--fast", help="Waits and backoffs take no time: a clock that jumps.")]
Wait = Annotated[
    bool | None,
    typer.Option(
        "--wait/--no-wait", help="Stay while a task waits for an answer (on a terminal with --db: yes)."
    ),
]


@app.command()
def run(
    definition: Named,
    *,
    input: Annotated[str, typer.Option(help="JSON text, or @file.")] = "{}",  # noqa: A002
    name: Annotated[str | None, typer.Option(help="The execution's name.")] = None,
    tasks: Tasks = "",
    mocks: Mocks = None,
    store: Buckets = None,
    db: Database = None,
    fast: Fast = False,
    wait: Wait = None,
    as_json: AsJson = False,
) -> None:
    """Run a machine and show its progress as it happens."""
    watch = _Watch(db, tasks, mocks, store, fast=fast, wait=wait, as_json=as_json)
    with told_errors():
        path = Path(definition)
        machine = (
            read_machine(path) if path.exists() or db is None else watch.engine.registry.resolve(definition)
        )
        if isinstance(machine, Machine) and db is not None:
            watch.engine.registry.put(machine)
        execution = watch.engine.start(machine, read_given(input, "--input"), name)
        watch.until_over([execution])


@app.command()
def resume(
    db: Kept,
    execution: Annotated[
        str | None, typer.Argument(help="One execution; all unfinished ones without.")
    ] = None,
    *,
    tasks: Tasks = "",
    mocks: Mocks = None,
    store: Buckets = None,
    fast: Fast = False,
    wait: Wait = None,
    as_json: AsJson = False,
) -> None:
    """Go on with executions that a crash or Ctrl-C has left unfinished."""
    watch = _Watch(db, tasks, mocks, store, fast=fast, wait=wait, as_json=as_json, must_exist=True)
    with told_errors():
        if execution is not None:
            chosen = [find_execution(watch.engine, execution)]
        else:
            chosen = [e.execution_id for e in watch.engine.list_executions(status="RUNNING", limit=100_000)][
                ::-1
            ]
        if not chosen and not as_json:
            typer.echo("Nothing is unfinished.")
        watch.until_over(chosen)


@app.command()
def redrive(
    execution: Which,
    db: Kept,
    *,
    tasks: Tasks = "",
    mocks: Mocks = None,
    store: Buckets = None,
    fast: Fast = False,
    wait: Wait = None,
    as_json: AsJson = False,
) -> None:
    """Take a failed execution up where it failed; what had succeeded is not done again."""
    watch = _Watch(db, tasks, mocks, store, fast=fast, wait=wait, as_json=as_json, must_exist=True)
    with told_errors():
        found = find_execution(watch.engine, execution)
        watch.display.follow(watch.engine, found)
        watch.engine.redrive(found)
        watch.until_over([found])


class _Watch:
    """An engine, how its executions are shown, and what is said at the end."""

    def __init__(
        self,
        db: Path | None,
        tasks: str,
        mocks: Path | None,
        store: Path | None,
        *,
        fast: bool = False,
        wait: bool | None = None,
        as_json: bool = False,
        must_exist: bool = False,
    ) -> None:
        self._db, self._tasks, self._as_json, self._fast = db, tasks, as_json, fast
        self._told_tokens: set[str] = set()
        self._told_leaves: set[int] = set()
        terminal = sys.stderr.isatty()
        self._wait = (terminal and db is not None and not as_json) if wait is None else wait
        self._clock: Clock = VirtualClock(SystemClock().now()) if fast else SystemClock()
        self.display = (Display if as_json else Tree if terminal else Lines)(self._clock)
        handlers = read_handlers(tasks, mocks, store)
        if must_exist and db is not None:
            open_engine(db)
        self.engine = Engine(open_journal(db), handlers, clock=self._clock, on_event=self.display)
        add_nested(self.engine, handlers)

    def until_over(self, executions: Sequence[str]) -> None:
        """Run to the end, tell how it went, and leave with the exit code."""
        for execution in executions:
            if execution not in self.display.traces:
                self.display.follow(self.engine, execution)
        try:
            with self.display.shown():
                self._work(executions)
        except KeyboardInterrupt:
            self._interrupted(executions)
            raise typer.Exit(INTERRUPTED) from None
        ended = [self.engine.describe(execution) for execution in executions]
        for found in ended:
            self._tell(found)
        if any(found.status not in ("SUCCEEDED", "RUNNING") for found in ended):
            raise typer.Exit(1)

    def _work(self, executions: Sequence[str]) -> None:
        """Until all are over, or wait for answers that nobody is to wait for here."""
        left = list(executions)
        for execution in left:
            self._go_on(execution)
        while left := [execution for execution in left if self._is_worth_waiting(execution)]:
            time.sleep(POLL_SECONDS)  # real seconds, on a clock that jumps too: a person is to answer
            self.engine.run_until_idle(wait=False)
            if self._fast:
                for execution in left:
                    self._go_on(execution)

    def _go_on(self, execution: str) -> None:
        """Work on it; with --fast through its waits, otherwise only what can be done now."""
        self.engine.run(execution, until=partial(self._only_waits, execution) if self._fast else lambda: True)

    def _is_worth_waiting(self, execution: str) -> bool:
        if self.display.traces[execution].status != "RUNNING":
            return False
        if not self._only_waits(execution):
            return True
        if self._wait and not self._as_json:
            self._tell_how_to_answer(execution)
        return self._wait

    def _only_waits(self, execution: str) -> bool:
        leaves = self.display.traces[execution].leaves()
        return bool(leaves) and all(leaf.mark is Mark.WAITING for leaf in leaves)

    # -- what is said

    def _tell(self, found: Description) -> None:
        trace = Trace(self.engine.journal.events(found.execution_id))
        if self._as_json:
            typer.echo(json_line(self._told(found)))
        elif found.status == "SUCCEEDED":
            seconds = (trace.stopped or 0) - trace.started
            typer.echo(f"✓ {short(found.execution_id)} SUCCEEDED after {took(seconds)}", err=True)
            typer.echo(json.dumps(found.output, ensure_ascii=False, indent=2))
        elif found.is_over:
            self._tell_failure(found, trace)
        else:
            self._tell_waiting(found)

    def _told(self, found: Description) -> dict[str, JSON]:
        told: dict[str, JSON] = {"execution": found.execution_id, "status": found.status, "output": found.output,
                                 "error": found.error, "cause": found.cause}  # fmt: skip
        if not found.is_over:
            told["waiting"] = [
                {"state": task.state, "token": task.token}
                for task in waiting_tasks(self.engine, found.execution_id)
            ]
        return told

    def _tell_failure(self, found: Description, trace: Trace) -> None:
        seconds = (trace.stopped or 0) - trace.started
        rows = [("Error", found.error or "(none)")]
        rows += [("Cause" if n == 0 else "", line) for n, line in enumerate(cause_lines(found.cause))]
        visit = trace.culprit()
        if visit is not None:
            told = f"{visit.type}, attempt {visit.attempts}" if visit.attempts > 1 else visit.type
            rows.append(("State", " in ".join([f"{visit.name} ({told})", *(v.name for v in visit.around)])))
            rows.append(("Input", cut(visit.input)))
        rows += [("Next" if n == 0 else "", line) for n, line in enumerate(self._advice(found, visit))]
        typer.echo(f"✗ {short(found.execution_id)} {found.status} after {took(seconds)}", err=True)
        for head, line in rows:
            typer.echo(f"  {head:<6} {line}".rstrip(), err=True)

    def _advice(self, found: Description, visit: Visit | None) -> list[str]:
        if found.error == "States.Runtime" and "No handler is registered" in (found.cause or ""):
            return ["Give the functions with --tasks module:HANDLERS, or answers with --mocks mocks.json."]
        if found.error == "States.Runtime" and "has no mock" in (found.cause or ""):
            return ["Add an answer for the state to the mocks, or give the functions with --tasks."]
        if self._db is None:
            return ["Run it again with --db runs.db: then its history is kept, and it can be redriven."]
        told = [self._command("history", found)]
        if visit is None or visit.type == "Fail":  # it would fail again
            return told
        return [*told, f"{self._command('redrive', found)}{self._with_tasks()}"]

    def _tell_waiting(self, found: Description) -> None:
        self.display.note(f"◷ {short(found.execution_id)} waits for an answer.")
        self._tell_how_to_answer(found.execution_id)
        if self._db is None:
            self.display.note("  It is lost when this command ends. Keep it with --db runs.db.")
        else:
            self.display.note(f"  Go on   {self._command('resume', found)}{self._with_tasks()}")

    def _tell_how_to_answer(self, execution: str) -> None:
        """Once for every task that waits."""
        leaves = {id(leaf) for leaf in self.display.traces[execution].leaves()}
        if leaves <= self._told_leaves:
            return
        self._told_leaves |= leaves
        tasks = [
            task for task in waiting_tasks(self.engine, execution) if task.token not in self._told_tokens
        ]
        self._told_tokens.update(task.token for task in tasks)
        for task in tasks:
            self.display.note(f"  {task.state} waits, with the token {task.token}")
        if tasks and self._db is not None:
            told = f"{tasks[0].token[:12]} --db {shlex.quote(str(self._db))}"
            self.display.note(f"  Answer  rimedio asl send-success {told} --output '{{}}'")
            self.display.note(f"     or   rimedio asl send-failure {told} --error NAME")

    def _interrupted(self, executions: Sequence[str]) -> None:
        if self._as_json:
            said = "Interrupted. Nothing is lost." if self._db else "Interrupted. Nothing was kept."
            fail(said, INTERRUPTED, "INTERRUPTED")
            return
        if self._db is None:
            typer.echo("Interrupted. Nothing was kept; with --db runs.db it could go on.", err=True)
            return
        typer.echo("Interrupted. Nothing is lost. Go on with:", err=True)
        for execution in executions:
            found = self.engine.describe(execution)
            if not found.is_over:
                typer.echo(f"  {self._command('resume', found)}{self._with_tasks()}", err=True)

    def _command(self, verb: str, found: Description) -> str:
        return (
            f"rimedio asl {verb} {shlex.quote(short(found.execution_id))} --db {shlex.quote(str(self._db))}"
        )

    def _with_tasks(self) -> str:
        return f" --tasks {self._tasks}" if self._tasks else ""
