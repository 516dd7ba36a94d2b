"""Bring the engines up, see how they are, take them down."""

import fcntl
import shutil
import subprocess
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from tools.engines.java import Jdk, Missing, chosen, installed
from tools.engines.processes import alive, end, free_port, started
from tools.engines.recipes import DATA, HERE, LOOPBACK, RECIPES, ROOT, Recipe, answers
from tools.engines.record import Record, recorded

MAVEN_SECONDS_MAX = 300
READY_SECONDS_MAX = 120.0
_LOOK_SECONDS = 0.25


def up() -> tuple[Record, list[str]]:
    """Every engine that can be had here runs; the record, and which of them were started by this call."""
    begun: list[Recipe] = []
    with _alone():
        record = recorded()
        record.missing = {}
        jdks, maven = installed(), Maven()
        for recipe in RECIPES:
            if not _runs(recipe, record):
                _begin(recipe, record, jdks, maven, begun)
        _wait(begun, record)
        record.write()
    return record, [recipe.name for recipe in begun if recipe.name in record.pids]


def down(names: Iterable[str] | None = None) -> list[str]:
    """End the engines of the record, or those named; which ones ran."""
    record = recorded()
    ended = []
    for name in list(record.addresses) if names is None else names:
        pid = record.pids.get(name)
        if pid is not None and alive(name, pid):
            end(name, pid)
            ended.append(name)
        record.drop(name)
    record.write()
    return ended


def running() -> Record:
    """The record, without those that run no more."""
    record = recorded()
    for recipe in RECIPES:
        if recipe.name in record.addresses and not _runs(recipe, record):
            record.drop(recipe.name)
    return record


@contextmanager
def _alone() -> Iterator[None]:
    """One process at a time brings engines up; a second one waits, then finds them running."""
    HERE.mkdir(exist_ok=True)
    with (HERE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _runs(recipe: Recipe, record: Record) -> bool:
    """Whether it answers; one of a container has no pid here."""
    pid, address = record.pids.get(recipe.name), record.addresses.get(recipe.name)
    if address is None or (pid is not None and not alive(recipe.name, pid)):
        return False
    return answers(
        address
    )  # an engine that was ready once is not judged again: an index may be red for good reason


def _begin(recipe: Recipe, record: Record, jdks: list[Jdk], maven: "Maven", begun: list[Recipe]) -> None:
    stale = record.pids.get(recipe.name)
    if stale is not None:
        end(recipe.name, stale)  # it hangs: alive, and gives no answer
    record.drop(recipe.name)
    try:
        jdk = chosen(jdks, recipe.java_least)
        maven.fetch(recipe)
    except Missing as missing:
        usual = f"http://{LOOPBACK}:{recipe.port}"  # where docker-compose.yml puts it
        if recipe.ready(usual):
            record.addresses[recipe.name] = usual
        else:
            record.missing[recipe.name] = str(missing)
        return
    data = DATA / recipe.name
    shutil.rmtree(data, ignore_errors=True)
    data.mkdir(parents=True)
    port = free_port(recipe.port)
    command = [str(jdk.java), *recipe.command(port, data)]
    record.pids[recipe.name] = started(recipe.name, command, HERE / f"{recipe.name}.log", HERE)
    record.addresses[recipe.name] = f"http://{LOOPBACK}:{port}"
    record.write()  # before the wait: whoever is interrupted leaves a pid to end it by
    begun.append(recipe)


def _wait(begun: list[Recipe], record: Record) -> None:
    """Until each answers; one that ended or never answers is missing, with the place of its log."""
    until = time.monotonic() + READY_SECONDS_MAX
    waiting = list(begun)
    while waiting:
        waiting = [recipe for recipe in waiting if not recipe.ready(record.addresses[recipe.name])]
        for recipe in waiting[:]:
            pid = record.pids[recipe.name]
            if alive(recipe.name, pid) and time.monotonic() < until:
                continue
            end(recipe.name, pid)
            record.drop(recipe.name)
            record.missing[recipe.name] = f"it did not start; see .engines/{recipe.name}.log"
            waiting.remove(recipe)
        if waiting:
            time.sleep(_LOOK_SECONDS)


class Maven:
    """Brings the jars of engines. Where it failed once, nothing is asked of it again: nobody waits three times."""

    def __init__(self) -> None:
        self._failed = ""

    def fetch(self, recipe: Recipe) -> None:
        """Have the engine's jars there. Raises Missing."""
        if recipe.has.is_file():
            return
        program = shutil.which("mvn")
        if program is None:
            raise Missing("Maven was not found (Debian: apt-get install maven)")
        if not self._failed:
            self._failed = self._run(program, recipe)
        if self._failed:
            raise Missing(self._failed)

    def _run(self, program: str, recipe: Recipe) -> str:
        """Why it failed; empty when it did not."""
        command = [program, "-q", "-B", "-ntp", "-f", str(ROOT / "pom.xml"), "-P", recipe.profile, "package"]
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, timeout=MAVEN_SECONDS_MAX, check=False
            )
        except subprocess.TimeoutExpired:
            return f"Maven did not bring it within {MAVEN_SECONDS_MAX} seconds"
        log = HERE / f"{recipe.name}-maven.log"
        log.write_text(done.stdout + done.stderr, "utf-8")
        if done.returncode != 0 or not recipe.has.is_file():
            return f"Maven could not bring it; see .engines/{log.name}"
        return ""
