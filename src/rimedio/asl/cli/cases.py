"""`asl test`: a table of cases with mocked tasks."""

from collections.abc import Sequence
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Annotated

import typer

from rimedio.asl.cli.options import AsJson, app, fail, json_line, read_machine, write_file
from rimedio.asl.cli.wording import took
from rimedio.asl.definition.model import Machine

if TYPE_CHECKING:
    from rimedio.asl.testing import CaseResult, Coverage

PATH_MAX = 60


@app.command("test")
def try_cases(
    definition: Annotated[Path, typer.Argument(help="The definition, a JSON file.", metavar="MACHINE")],
    cases: Annotated[
        Path, typer.Argument(help="JSON: a list of {name, input, mocks, expect}.", metavar="CASES")
    ],
    *,
    only: Annotated[str, typer.Option("-k", "--only", help="Only cases with this text in their names.")] = "",
    junit: Annotated[Path | None, typer.Option(help="Write a JUnit report to this file.")] = None,
    coverage_min: Annotated[
        int,
        typer.Option(
            "--coverage-min", min=0, max=100, help="Fail below this share of transitions, in percent."
        ),
    ] = 0,
    as_json: AsJson = False,
) -> None:
    """Run a table of cases with mocked tasks; waits take no time."""
    from rimedio.asl.testing import Coverage, read_cases, run_case

    machine = read_machine(definition)
    try:
        chosen = [case for case in read_cases(cases) if only in case.name]
    except (OSError, ValueError, AttributeError, TypeError) as error:
        raise fail(f"{cases} cannot be used: {error}", 2) from error
    coverage, results, times = Coverage(machine), [], []
    for case in chosen:
        began = perf_counter()
        results.append(run_case(machine, case))
        times.append(perf_counter() - began)
        coverage.add(results[-1].trace)
    if junit is not None:
        write_file(junit, _junit(machine, results, times))
    taken = coverage.transitions
    share = 100 * sum(taken.values()) // max(1, len(taken))
    if as_json:
        typer.echo(json_line(_told(results, coverage)))
    else:
        _print(results, coverage)
    if share < coverage_min:
        typer.echo(f"{share} % of the transitions are covered, {coverage_min} % are asked for.", err=True)
    if share < coverage_min or any(result.problems for result in results):
        raise typer.Exit(1)


def _print(results: "Sequence[CaseResult]", coverage: "Coverage") -> None:
    width = max((len(result.case.name) for result in results), default=0)
    for result in results:
        path = " → ".join(result.states)
        path = path if len(path) <= PATH_MAX else f"{path[: PATH_MAX - 1]}…"
        verdict = "✗" if result.problems else "✓"
        typer.echo(
            f"{verdict} {result.case.name:<{width}}  {result.execution.status:<9}  {took(result.seconds):>9}  {path}"
        )
        for problem in result.problems:
            typer.echo(f"    {problem}")
    failed = sum(bool(result.problems) for result in results)
    typer.echo(
        f"\n{len(results)} case{'s' * (len(results) != 1)}, {failed} failed; the times are those of the virtual clock"
    )
    for line in coverage.lines():
        typer.echo(f"  {line}")


def _told(results: "Sequence[CaseResult]", coverage: "Coverage") -> dict[str, object]:
    return {
        "cases": [
            {
                "name": result.case.name,
                "passed": not result.problems,
                "status": result.execution.status,
                "seconds": result.seconds,
                "states": result.states,
                "problems": list(result.problems),
            }
            for result in results
        ],
        "states": coverage.states,
        "transitions": [
            {"from": source, "to": target, "caught": caught, "taken": taken}
            for (source, target, caught), taken in coverage.transitions.items()
        ],
    }


def _junit(machine: Machine, results: "Sequence[CaseResult]", times: Sequence[float]) -> bytes:
    """A report as CI systems read it; times are real seconds."""
    from xml.etree import ElementTree as ET

    failed = sum(bool(result.problems) for result in results)
    counts = {"tests": str(len(results)), "failures": str(failed), "time": f"{sum(times):.3f}"}
    suite = ET.Element("testsuite", {"name": machine.name, "errors": "0", **counts})
    for result, seconds in zip(results, times, strict=True):
        names = {"classname": machine.name, "name": result.case.name, "time": f"{seconds:.3f}"}
        row = ET.SubElement(suite, "testcase", names)
        if result.problems:
            problem = ET.SubElement(row, "failure", {"message": result.problems[0]})
            problem.text = "\n".join(result.problems)
    ET.indent(suite)
    return bytes(ET.tostring(suite, encoding="utf-8", xml_declaration=True))
