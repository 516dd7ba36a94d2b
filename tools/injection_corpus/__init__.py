"""Own texts for the injection model: templates of attacks and of harmless prompts, drawn with a seed."""

import json
import random
import re
from collections.abc import Iterator
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
_SLOT = re.compile(r"\{(\w+)\}")
_LINE = re.compile(r"(\d+)\* ?(.*)")
_FILL_DEPTH_MAX = 4  # a slot's value may hold a slot
EXAMPLES = FOLDER.parent.parent / "examples"
MARKED_UP = 500
PASSAGES = 700
PASSAGE_CHARS = 160
# Manuals and logs are full of markup; neither it nor its absence says anything about intent.
_MARKUP = (
    '<p class="{a}">\n {text}\n</p>',
    '<li><a href="{a}_{n}.html#{a}">{text}</a></li>',
    '<h2 id="{a}{n}">{text}</h2>\n<td>{n}</td>',
    '"{a}": "{text}",\n "id": "{a}_{n}",',
    '{{"{a}": {n}, "text": ["{text}"]}}',
    "{a}: {text}\n{a}_type: {n}",
    "- **{a}:** {text}",
    "> **{a}:** {text}",
    "## {a} {n}\n\n{text}",
    "| {a} | {n} | {text} |",
    "1. {text}\n2. {a}",
    "```\n{text}\n```",
    "2025-03-{n} 04:34:22 INFO {a}: {text}",
    ":{a}: {n}\n{text}",
    'title: "{text}"\nversion: {n}',
)
_MARKUP_WORDS = [
    "note",
    "warning",
    "attenzione",
    "danger",
    "pericolo",
    "section",
    "text",
    "title",
    "body",
    "heading",
    "table",
    "item",
    "step",
    "error",
    "code",
]


def corpus(seed: int = 0, documents: int = 200) -> list[tuple[str, int]]:
    """Texts and labels (1 attack, 0 harmless): drawn templates, then longer documents put together from them."""
    rng = random.Random(seed)
    slots = _slots()
    drawn = [(text, 1) for text in _draw("attack", slots, rng)]
    drawn += [(text, 0) for text in _draw("benign", slots, rng)]
    drawn = list(dict.fromkeys(drawn))
    attacks = [text for text, label in drawn if label]
    harmless = [text for text, label in drawn if not label]
    prose = _lines("prose")
    drawn += [(line, 0) for line in prose]
    for number in range(documents):
        pool = prose if number % 2 else harmless
        parts = rng.sample(pool, rng.randint(3, 6))
        attacked = number % 5 == 0
        if attacked:
            parts[rng.randrange(len(parts))] = rng.choice(attacks)
        drawn.append((rng.choice([" ", "\n", "\n\n"]).join(parts), int(attacked)))
    drawn += _marked_up(attacks, harmless + prose, rng)
    return drawn + [(text, 0) for text in _own_passages(rng)]


def _marked_up(attacks: list[str], harmless: list[str], rng: random.Random) -> Iterator[tuple[str, int]]:
    """Texts in the clothes of HTML, JSON, YAML, Markdown and logs; one in five an attack."""
    for number in range(MARKED_UP):
        label = int(number % 5 == 0)
        text = rng.choice(attacks if label else harmless)
        shape = rng.choice(_MARKUP)
        yield shape.format(text=text, a=rng.choice(_MARKUP_WORDS), n=rng.randint(1, 99)), label


def _own_passages(rng: random.Random) -> list[str]:
    """Stretches of the demo manuals and of the demo tickets that carry no injection."""
    texts = [
        path.read_text("utf-8")
        for path in sorted((EXAMPLES / "knowledge").iterdir())
        if path.suffix in {".md", ".rst", ".html", ".yaml"}
    ]
    pieces = [
        text[start : start + PASSAGE_CHARS]
        for text in texts
        for start in range(0, len(text) - PASSAGE_CHARS, PASSAGE_CHARS)
    ]
    tickets = (EXAMPLES / "tickets" / "tickets.jsonl").read_text("utf-8").splitlines()
    rows = [json.loads(line) for line in tickets if line.strip()]
    wanted = [
        row["ticket"]["symptom_text"]
        for row in rows
        if not {"injection", "unsafe"} & set(row.get("traits", ()))
    ]
    return rng.sample(pieces, min(PASSAGES, len(pieces))) + wanted


def _lines(name: str) -> list[str]:
    lines = (FOLDER / f"{name}.txt").read_text("utf-8").splitlines()
    return [line for line in lines if line.strip() and not line.startswith("#")]


def _slots() -> dict[str, list[str]]:
    pairs = (line.split("=", 1) for line in _lines("slots"))
    return {name.strip(): [value.strip() for value in values.split("|")] for name, values in pairs}


def _draw(name: str, slots: dict[str, list[str]], rng: random.Random) -> Iterator[str]:
    for line in _lines(name):
        match = _LINE.fullmatch(line)
        if match is not None:
            for _ in range(int(match[1])):
                yield _cased(_filled(match[2], slots, rng), rng)


def _filled(template: str, slots: dict[str, list[str]], rng: random.Random) -> str:
    text = template
    for _ in range(_FILL_DEPTH_MAX):
        text = _SLOT.sub(lambda match: rng.choice(slots[match[1]]) if match[1] in slots else match[0], text)
    return text


def _cased(text: str, rng: random.Random) -> str:
    """Most texts as written; some with a capital, some in lower case, a few shouted."""
    chance = rng.random()
    if chance < 0.15:
        return text[0].upper() + text[1:]
    if chance < 0.25:
        return text.lower()
    return text.upper() if chance < 0.28 else text
