"""A remedy as a person reads it on a terminal: steps, then sources, then how far it can be believed."""

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.rule import Rule
from rich.text import Text

from rimedio.cli.words import words
from rimedio.domain.answer import Citation, Outcome, Section, Severity, Solution, Step, Verdict

SNIPPET_CHARS = 220
COLOURS = {
    Outcome.PUBLISH: "green",
    Outcome.REVIEW: "yellow",
    Outcome.ASK: "cyan",
    Outcome.ESCALATE: "magenta",
}
SIGNS = {
    Severity.INFO: ("", ""),
    Severity.CAUTION: ("! ", "yellow"),
    Severity.WARNING: ("⚠ ", "yellow"),
    Severity.DANGER: ("⚠ ", "bold red"),
}


def print_solution(console: Console, solution: Solution, *, heading: str) -> None:
    """Print one solution under `heading`, in its own language."""
    console.print(Rule(Text(heading, style="bold"), align="left", style="dim"))
    console.print(Group(*_parts(solution)))


def _parts(solution: Solution) -> list[RenderableType]:
    word = words(solution.language)
    parts: list[RenderableType] = [_headline(solution)]
    decision = solution.decision
    if decision.question:
        parts.append(Text.assemble((f"{word['asks']}: ", "cyan"), decision.question))
    if not solution.steps:
        parts.append(Text(word["nothing"]))
    for section in Section:
        steps = [s for s in solution.steps if s.section is section]
        if steps:
            parts.append(Text(word[section], style="bold underline"))
            parts += [_step(s, solution) for s in steps]
    if solution.alternative_actions:
        parts.append(Text(word["alternatives"], style="bold underline"))
        parts += [Padding(Text(f"• {a}"), (0, 0, 0, 2)) for a in solution.alternative_actions]
    for flag in solution.safety_flags:
        parts.append(Text(f"⚠ {flag.message}", style="bold red"))
    if solution.citations:
        parts.append(Text(word["sources"], style="bold underline"))
        parts += [_source(c, word["page"]) for c in solution.citations]
    if decision.outcome is not Outcome.PUBLISH and decision.reasons:
        parts.append(Text.assemble((f"{word['why']}: ", "dim"), "; ".join(decision.reasons)))
    return parts


def _headline(solution: Solution) -> Text:
    word, outcome = words(solution.language), solution.decision.outcome
    quoted = sum(c.verdict is not Verdict.UNQUOTED for c in solution.claims)
    line = Text.assemble((f"● {word[outcome]}", COLOURS[outcome]))
    line.append(f"  {word['confidence']} {solution.quality.confidence:.0%}")
    if solution.claims:
        line.append(f"  {quoted}/{len(solution.claims)} {word['checked']}")
    line.append(f"  {word['elapsed']} {solution.performance.latency_ms:.0f} ms", style="dim")
    return line


def _step(step: Step, solution: Solution) -> RenderableType:
    word = words(solution.language)
    sign, style = SIGNS[step.severity]
    marks = "".join(f"[{c.removeprefix('c')}]" for c in step.citation_ids)
    body = Text(f"{step.order}. ")
    if step.title:
        body.append(f"{step.title}\n", style="bold")
    body.append(sign + step.text.strip(), style=style)
    body.append(f" {marks}", style="cyan")
    extras = [
        f"{word['tools']}: {', '.join(step.requires_tools)}" if step.requires_tools else "",
        f"{word['parts']}: {', '.join(step.requires_parts)}" if step.requires_parts else "",
        f"{step.estimated_time_minutes} {word['minutes']}" if step.estimated_time_minutes else "",
    ]
    if any(extras):
        body.append("\n" + "  ·  ".join(e for e in extras if e), style="dim")
    return Padding(body, (0, 0, 0, 2))


def _source(citation: Citation, page_word: str) -> RenderableType:
    place = " › ".join(citation.section)
    line = Text.assemble((f"[{citation.id.removeprefix('c')}] ", "cyan"), citation.source_title)
    if place:
        line.append(f" › {place}")
    if citation.page:
        line.append(f", {page_word} {citation.page}")
    line.append(f"\n{citation.source_uri}", style="dim")
    snippet = " ".join(citation.snippet.split())
    shown = snippet if len(snippet) <= SNIPPET_CHARS else snippet[: SNIPPET_CHARS - 1] + "…"
    line.append(f"\n“{shown}”", style="italic")
    return Padding(line, (0, 0, 0, 2))
