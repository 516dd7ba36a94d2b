"""Make the demo classifier's training rows: `python -m tools.demo_training`.

Hand-written phrases (`examples/sources/ticket-phrases-*.txt`) are dressed as tickets: a greeting, a model, an
error code of that kind, a time, a closing, now and then a typing slip. The same seed gives the same file.
Rows made of one phrase share a `group`, so that a split never tests on a sibling of what it trained on.
"""

import csv
import json
import random
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product as product_of
from pathlib import Path

from rimedio.classification.features import ticket_text
from rimedio.domain.taxonomy import Taxonomy

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES = ROOT / "examples"
SEED = 20260101
LANGUAGES = ("it", "en")
DRESSINGS = 3  # tickets made of one phrase

GREETINGS = {
    "it": (
        "",
        "",
        "",
        "Buongiorno, ",
        "Salve, ",
        "Ciao, ",
        "Buonasera, ",
        "Gentile assistenza, ",
        "Urgente: ",
    ),
    "en": ("", "", "", "Hello, ", "Hi, ", "Good morning, ", "Dear support, ", "Urgent: "),
}
CLOSINGS = {
    "it": (
        "",
        "",
        "",
        " Grazie.",
        " Attendo vostre notizie.",
        " Come procedo?",
        " È successo {t}.",
        " Che cosa controllo per primo?",
        " Il cliente aspetta.",
        " Ho già provato a riavviare.",
    ),
    "en": (
        "",
        "",
        "",
        " Thanks.",
        " Please advise.",
        " What should I check first?",
        " It began {t}.",
        " The customer is waiting.",
        " Already restarted it.",
        " How do I proceed?",
    ),
}
LEADS = {
    "it": (
        "",
        "",
        "sulla {m}: ",
        "{m}, ",
        "la nostra {m}: ",
        "abbiamo un problema con {m}: ",
        "modello {m}; ",
    ),
    "en": ("", "", "on the {m}: ", "{m}, ", "our {m}: ", "we have a problem with the {m}: ", "model {m}; "),
}
TIMES = {
    "it": ("ieri", "stamattina", "da lunedì", "due giorni fa", "la settimana scorsa", "mezz'ora fa"),
    "en": ("yesterday", "this morning", "last Monday", "two days ago", "last week", "half an hour ago"),
}
CODE_TICKETS = {
    "it": ("errore {c} sulla {m}", "{m} segnala {c}", "sul display {c} {t}", "codice {c}, {m}, cosa faccio?"),
    "en": ("error {c} on the {m}", "{m} shows {c}", "display says {c} {t}", "code {c}, {m}, what do I do?"),
}
# Which kind of trouble each documented code is, as its manual describes it.
CODES = {
    "EV_CHARGER": {
        "ELECTRICAL": "E001 E003 E004 E005 E006 E007 E008 E011 E014 E021 E022 E023 E024 E025 E035",
        "COMMUNICATION": "E012 E034 E041 E042 E043",
        "THERMAL": "E018 E027 E029 E030",
        "MECHANICAL": "E002 E017 E036",
        "FIRMWARE": "E045 E051 E052",
        "SENSOR": "E028 E031 E044",
    },
    "INVERTER": {
        "ELECTRICAL": "F101 F102 F103 F105 F106 F110 F111 F112 F113 F115 F130 F131 W201 W202",
        "COMMUNICATION": "F133 F150 F152",
        "THERMAL": "F120 W203",
        "MECHANICAL": "F121",
        "FIRMWARE": "F141 W204",
        "SENSOR": "F122",
        "USAGE": "W205 W206",
    },
    "HVAC": {
        "ELECTRICAL": "E014",
        "COMMUNICATION": "H011 H012 H014",
        "THERMAL": "E031 H004 H009 H016",
        "MECHANICAL": "E009 E010 E017 E024 E026 E060 H001 H002 H003 H008 H010",
        "FIRMWARE": "H015",
        "SENSOR": "E012 E021 E022 H005 H006 H007",
        "USAGE": "H013",
    },
}

# Words that only one kind of equipment can be about; other phrases fit every model.
WORDS_OF = {
    "EV_CHARGER": r"ricaric|colonnina|tesser|\bauto\b|veicol|connettor|spina|OCPP|\bcharg|\bcar\b|cards?\b"
    r"|vehicle|plug",
    "INVERTER": r"string|inverter|pannell|tetto|arco|immission|moduli in serie|panel|roof|solar|export"
    r"|in series",
    "HVAC": r"acqua|mandata|ritorno|circolator|bollitor|glicol|radiator|termosifon|esterna|scarico|condensa"
    r"|frigor|sbrin|water|flow|tank|glycol|outdoor|defrost|condensate|hydraulic|heating|compressor|legionella",
}


@dataclass(frozen=True, order=True)
class Row:
    """One training row."""

    label: str
    text: str
    group: str


def read_phrases(path: Path) -> Iterator[Row]:
    """The phrases of one language with their categories."""
    label = ""
    for line in path.read_text("utf-8").splitlines():
        if line.startswith("["):
            label = line.strip("[] ")
        elif line.strip() and not line.startswith("#"):
            yield Row(label, line.strip(), _folded(line))


def _slip(text: str, rng: random.Random) -> str:
    """A typing slip: a swapped pair, a lost letter, lost accents, or all capitals."""
    kind = rng.randrange(4)
    at = rng.randrange(1, max(2, len(text) - 2))
    if kind == 0:
        return text[:at] + text[at + 1 : at + 2] + text[at : at + 1] + text[at + 2 :]
    if kind == 1:
        return text[:at] + text[at + 1 :]
    if kind == 2:
        return text.translate(str.maketrans("àèéìòù'", "aeeiou "))
    return text.upper()


def _fill(text: str, lang: str, models: tuple[str, ...], rng: random.Random) -> str:
    return text.replace("{m}", rng.choice(models)).replace("{t}", rng.choice(TIMES[lang]))


def dress(phrase: Row, lang: str, models: tuple[str, ...], rng: random.Random) -> Row:
    """A ticket made of a phrase."""
    lead = "" if "{m}" in phrase.text else rng.choice(LEADS[lang])
    text = rng.choice(GREETINGS[lang]) + lead + phrase.text
    text += ("" if text.endswith("?") else ".") + rng.choice(CLOSINGS[lang])
    text = _fill(text[:1].upper() + text[1:], lang, models, rng)
    return Row(phrase.label, _slip(text, rng) if rng.random() < 0.15 else text, phrase.group)


def models_for(text: str) -> tuple[str, ...]:
    """The models that a phrase can be about."""
    types = Taxonomy.from_file(ROOT / "examples" / "taxonomy.json").product_types
    fits = [name for name, words in WORDS_OF.items() if re.search(words, text, re.IGNORECASE)]
    return tuple(model for name in (fits or types) for model in types[name].models)


def code_rows(phrases: Mapping[str, Sequence[Row]], rng: random.Random) -> Iterator[Row]:
    """Short tickets that name a code, alone or with a phrase of its category, for every model that has it."""
    types = Taxonomy.from_file(EXAMPLES / "taxonomy.json").product_types
    for product, by_label in CODES.items():
        for label, code in ((label, code) for label, codes in by_label.items() for code in codes.split()):
            for lang, model in product_of(LANGUAGES, types[product].models):
                phrase = rng.choice([p for p in phrases[lang] if p.label == label])
                shapes = (
                    Row(label, rng.choice(CODE_TICKETS[lang]), f"{product} {code}"),
                    Row(label, "{c}, " + phrase.text, phrase.group),
                )
                for shape in shapes:
                    text = _fill(shape.text.replace("{c}", code), lang, (model,), rng)
                    yield Row(label, ticket_text(text, model, code), shape.group)


def build_rows() -> list[Row]:
    """All rows, shuffled, none twice, none equal to a sample ticket."""
    rng = random.Random(SEED)
    phrases = {
        lang: list(read_phrases(EXAMPLES / "sources" / f"ticket-phrases-{lang}.txt")) for lang in LANGUAGES
    }
    rows = list(code_rows(phrases, rng))
    for lang, own in phrases.items():
        for phrase in own:
            rows += [dress(phrase, lang, models_for(phrase.text), rng) for _ in range(DRESSINGS)]
    samples = {_folded(text) for text in _sample_texts()}
    unique = sorted({_folded(row.text): row for row in rows if _folded(row.text) not in samples}.values())
    rng.shuffle(unique)
    return unique


def _folded(text: str) -> str:
    return re.sub(r"\s+", " ", text).casefold().strip()


def _sample_texts() -> Iterator[str]:
    for line in (EXAMPLES / "tickets" / "tickets.jsonl").read_text("utf-8").splitlines():
        yield json.loads(line)["ticket"]["symptom_text"]


def main() -> int:
    """Write `examples/training/tickets.csv`."""
    target = EXAMPLES / "training" / "tickets.csv"
    with target.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("text", "label", "group"))
        writer.writerows((row.text, row.label, row.group) for row in build_rows())
    return 0


if __name__ == "__main__":
    sys.exit(main())
