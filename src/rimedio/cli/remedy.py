"""A remedy as a person reads it on a terminal: steps, then sources, then how far it can be believed."""

import re

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.rule import Rule
from rich.text import Text

from rimedio.cli.display import lasted
from rimedio.cli.words import words
from rimedio.domain.answer import Citation, Outcome, Section, Severity, Solution, Step, Verdict

SNIPPET_CHARS = 220
_REASON_CODE = re.compile(r"^[A-Z_]+: ")
_NUMBERED = re.compile(r"\s*(?:\d+|[a-z])[.)]\s")
_COUNT = re.compile(r"\s*\d+\s*$")
_GENERIC = ("rimedio", "remedy", "verifica", "check", "checks", "risposta", "answer", "passo", "step")
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
    console.print(Group(*_parts(solution)), crop=False)


def _parts(solution: Solution) -> list[RenderableType]:
    word = words(solution.language)
    decision = solution.decision
    parts: list[RenderableType] = [_headline(solution)]
    if decision.outcome is not Outcome.PUBLISH and decision.reasons:
        parts.append(Text.assemble((f"{word['why']}: ", "dim"), "; ".join(map(_readable, decision.reasons))))
    if decision.question:
        parts.append(Text.assemble((f"{word['asks']}: ", "cyan"), decision.question))
    parts.extend(Text(f"⚠ {flag.message}", style="bold red") for flag in solution.safety_flags)
    if not solution.steps:
        return parts if decision.question else [*parts, Text(word["nothing"])]
    if decision.outcome in (Outcome.ASK, Outcome.ESCALATE):
        parts.append(Text(word["draft"], style="yellow"))
    for section in Section:
        steps = [s for s in solution.steps if s.section is section]
        if steps:
            parts.append(Text(word[section], style="bold underline"))
            parts.extend(_step(s, solution) for s in steps)
    if solution.alternative_actions:
        parts.append(Text(word["alternatives"], style="bold underline"))
        parts.extend(Padding(Text(f"• {a}"), (0, 0, 0, 2)) for a in solution.alternative_actions)
    parts.append(Text(word["sources"], style="bold underline"))
    return [*parts, *(part for c in solution.citations for part in _source(c, word["page"]))]


def _readable(reason: str) -> str:
    """A reason without the code that programs read in front of it."""
    return _REASON_CODE.sub("", reason)


def _headline(solution: Solution) -> Text:
    word, outcome = words(solution.language), solution.decision.outcome
    quoted = sum(c.verdict is not Verdict.UNQUOTED for c in solution.claims)
    line = Text.assemble((f"● {word[outcome]}", COLOURS[outcome]))
    # Rounding up to 100 % would promise what no calibration can.
    line.append(f"  {word['confidence']} {min(solution.quality.confidence, 0.99):.0%}")
    if solution.claims:
        line.append(f"  {quoted}/{len(solution.claims)} {word['checked']}")
    line.append(f"  {word['elapsed']} {lasted(solution.performance.latency_ms)}", style="dim")
    return line


def _step(step: Step, solution: Solution) -> RenderableType:
    word = words(solution.language)
    sign, style = SIGNS[step.severity]
    marks = "".join(f"[{c.removeprefix('c')}]" for c in step.citation_ids)
    text = step.text.strip()
    body = Text("" if _NUMBERED.match(text) else "• ")
    title = _title(step, word[step.section])
    if title:
        body.append(f"{title}: ", style="bold")
    body.append(sign + text, style=style)
    body.append(f" {marks}", style="cyan")
    extras = [
        f"{word['tools']}: {', '.join(step.requires_tools)}" if step.requires_tools else "",
        f"{word['parts']}: {', '.join(step.requires_parts)}" if step.requires_parts else "",
        f"{step.estimated_time_minutes} {word['minutes']}" if step.estimated_time_minutes else "",
    ]
    if any(extras):
        body.append("\n  " + "  ·  ".join(e for e in extras if e), style="dim")
    return Padding(body, (0, 0, 0, 2), expand=False)


def _title(step: Step, section: str) -> str:
    """The step's title where it says more than the section's name and a number."""
    plain = _COUNT.sub("", step.title).strip().casefold()
    return "" if plain in (section.casefold(), *_GENERIC) or _NUMBERED.match(step.text) else step.title


def _source(citation: Citation, page_word: str) -> list[RenderableType]:
    """Title, source and snippet; the source on one line, so that it can be copied."""
    place = " › ".join(citation.section)
    line = Text.assemble((f"[{citation.id.removeprefix('c')}] ", "cyan"), citation.source_title)
    if place:
        line.append(f" › {place}")
    if citation.page:
        line.append(f", {page_word} {citation.page}")
    snippet = " ".join(citation.snippet.split())
    shown = snippet if len(snippet) <= SNIPPET_CHARS else snippet[: SNIPPET_CHARS - 1] + "…"
    source = Text(f"  {citation.source_uri}", style="dim", no_wrap=True, overflow="ignore")
    quote = Text(f"“{shown}”", style="italic")
    return [Padding(line, (0, 0, 0, 2), expand=False), source, Padding(quote, (0, 0, 0, 2), expand=False)]
