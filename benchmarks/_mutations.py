"""Ways to falsify a true sentence: each gives a false text, or None where it does not apply."""

import re
from collections.abc import Callable, Iterator, Mapping
from random import Random

Mutation = Callable[[str, Random], str | None]

_NUMBER = re.compile(r"(?<![\w.,/-])\d+(?:[.,]\d+)?(?![\w/-]|[.,:]\d)")
_CODE = re.compile(r"\b(?:[A-Z]{1,4}-?\d{2,5}(?:-[A-Z0-9]+)*|[A-Z]{2,}-\d+[A-Z]*)\b")
_LIST_NUMBER = re.compile(r"^\s*\d{1,2}[.)]\s")

UNITS = {
    "Nm": "mm", "mm": "cm", "cm": "mm", "kW": "W", "W": "kW", "V": "mV", "mV": "V", "A": "mA", "mA": "A",
    "bar": "mbar", "Hz": "kHz", "kHz": "Hz", "minutes": "hours", "minuti": "ore", "seconds": "minutes",
    "secondi": "minuti", "hours": "minutes", "ore": "minuti", "days": "hours", "giorni": "ore",
    "°C": "°F", "°F": "°C", "kPa": "Pa", "MΩ": "kΩ", "kΩ": "Ω", "Ω": "kΩ", "l/min": "l/h", "l/h": "l/min",
    "kg": "g", "m": "mm", "ms": "s", "s": "ms",
}  # fmt: skip
SWAPS_ENGLISH = (
    "open/close", "opens/closes", "before/after", "upper/lower", "increase/decrease", "left/right",
    "tighten/loosen", "connect/disconnect", "insert/remove", "install/remove", "enable/disable",
    "high/low", "maximum/minimum", "above/below", "inside/outside", "input/output",
    "clockwise/counterclockwise", "turn on/turn off", "switch on/switch off", "must/may", "red/green",
    "black/white", "front/rear", "start/stop", "on/off", "always/never", "positive/negative",
    "first/last", "internal/external", "hot/cold", "lock/unlock", "automatically/manually",
    "at least/at most", "enabled/disabled", "increases/decreases", "opened/closed",
    "connected/disconnected", "removed/installed", "higher/lower", "longer/shorter", "more/less",
)  # fmt: skip
SWAPS_ITALIAN = (
    "aprire/chiudere", "apri/chiudi", "aprite/chiudete", "prima/dopo", "superiore/inferiore",
    "aumentare/ridurre", "sinistra/destra", "serrare/allentare", "collegare/scollegare",
    "inserire/rimuovere", "montare/smontare", "abilitare/disabilitare", "attivare/disattivare",
    "massimo/minimo", "massima/minima", "sopra/sotto", "interno/esterno", "ingresso/uscita",
    "accendere/spegnere", "acceso/spento", "rosso/verde", "nero/bianco", "deve/può", "devono/possono",
    "avviare/arrestare", "alta/bassa", "alto/basso", "mandata/ritorno", "orario/antiorario",
    "positivo/negativo", "freddo/caldo", "obbligatorio/facoltativo", "almeno/al massimo", "sempre/mai",
    "anteriore/posteriore", "aperto/chiuso", "aperta/chiusa", "superiori/inferiori",
)  # fmt: skip
_DROPS = (
    (r"\bdo not ", ""),
    (r"\bmust not\b", "must"),
    (r"\bshould not\b", "should"),
    (r"\bcannot\b", "can"),
    (r"\bis not\b", "is"),
    (r"\bare not\b", "are"),
    (r"\bnever\b", "always"),
    (r"\bdoes not (\w+)", r"\1s"),
    (r"\b[Nn]on ", ""),
    (r"\bsenza\b", "con"),
    (r"\bwithout\b", "with"),
    (r"\bis forbidden\b", "is allowed"),
    (r"\bè vietato\b", "è consentito"),
)
_ITALIAN_ORDER = (
    r"^(Verificare|Aprire|Chiudere|Premere|Rimuovere|Collegare|Serrare|Controllare|Attendere|Usare|Sostituire"
    r"|Pulire|Spegnere|Impostare)\b"
)
_ENGLISH_ORDER = r"^(Check|Open|Close|Press|Remove|Connect|Tighten|Turn|Switch|Wait|Use|Replace|Clean|Set)\b"
_ADDS = (
    (r"\b(is|are|must|can|should|will)\b(?! not)", r"\1 not"),
    (
        r"^(Check|Open|Close|Press|Remove|Connect|Tighten|Turn|Switch|Wait|Use|Replace|Clean|Set)\b",
        r"Do not \1",
    ),
    (r"\b(è|sono|deve|devono|può|possono)\b", r"non \1"),
    (_ITALIAN_ORDER, r"Non \1"),
)


def _replace_match(text: str, match: re.Match[str], new: str) -> str:
    return text[: match.start()] + new + text[match.end() :]


def _numbers(text: str) -> list[re.Match[str]]:
    skip = _LIST_NUMBER.match(text)
    return [m for m in _NUMBER.finditer(text) if not skip or m.start() >= skip.end()]


def other_number(text: str, random: Random) -> str | None:
    """A number becomes another one."""
    found = _numbers(text)
    if not found:
        return None
    match = random.choice(found)
    digits = list(match[0])
    at = random.choice([i for i, c in enumerate(digits) if c.isdigit()])
    digits[at] = random.choice([d for d in "123456789" if d != digits[at]])
    return _replace_match(text, match, "".join(digits))


def ten_times(text: str, random: Random) -> str | None:
    """A number becomes ten times as large."""
    found = [m for m in _numbers(text) if set(m[0]) - set("0.,")]
    if not found:
        return None
    match = random.choice(found)
    plain = match[0].replace(",", ".")
    return _replace_match(text, match, f"{float(plain) * 10:g}".replace(".", "," if "," in match[0] else "."))


def other_unit(text: str, random: Random) -> str | None:
    """A unit becomes another one."""
    names = "|".join(sorted(map(re.escape, UNITS), key=len, reverse=True))
    found = list(re.finditer(rf"(?<=\d)(\s?)({names})(?![\w/²³])", text))
    if not found:
        return None
    match = random.choice(found)
    return _replace_match(text, match, match[1] + UNITS[match[2]])


def other_digit_in_code(text: str, random: Random) -> str | None:
    """A code, model or part number gets another digit."""
    found = list(_CODE.finditer(text))
    if not found:
        return None
    match = random.choice(found)
    at = random.choice([i for i, c in enumerate(match[0]) if c.isdigit()])
    digit = random.choice([d for d in "0123456789" if d != match[0][at]])
    return _replace_match(text, match, match[0][:at] + digit + match[0][at + 1 :])


def other_letter_in_code(text: str, random: Random) -> str | None:
    """A code begins with another letter."""
    found = list(_CODE.finditer(text))
    if not found:
        return None
    match = random.choice(found)
    letter = random.choice([c for c in "ABCDEFGHKPRSTXZ" if c != match[0][0]])
    return _replace_match(text, match, letter + match[0][1:])


def shorter_code(text: str, random: Random) -> str | None:
    """A code loses its last character."""
    found = [m for m in _CODE.finditer(text) if len(m[0]) > 3 and m[0][-2].isdigit()]
    if not found:
        return None
    match = random.choice(found)
    return _replace_match(text, match, match[0][:-1])


def without_negation(text: str, _: Random) -> str | None:
    """A negation is dropped."""
    for pattern, new in _DROPS:
        changed = re.sub(pattern, new, text, count=1, flags=re.IGNORECASE)
        if changed != text:
            return changed
    return None


def with_negation(text: str, _: Random) -> str | None:
    """A negation is added."""
    if re.search(r"\b(not|never|non|mai|without|senza|no)\b|n't", text, re.IGNORECASE):
        return None
    for pattern, new in _ADDS:
        changed = re.sub(pattern, new, text, count=1)
        if changed != text:
            return changed
    return None


def _swap(pairs: tuple[str, ...]) -> Mutation:
    def mutate(text: str, random: Random) -> str | None:
        options = []
        for pair in pairs:
            one, other = pair.split("/")
            for word, new in ((one, other), (other, one)):
                if match := re.search(rf"(?<![\w-]){word}(?![\w-])", text, re.IGNORECASE):
                    options.append((match, new.capitalize() if match[0][0].isupper() else new))
        if not options:
            return None
        match, new = random.choice(options)
        return _replace_match(text, match, new)

    return mutate


def swapped_numbers(text: str, _: Random) -> str | None:
    """Two numbers change places."""
    found = _numbers(text)
    if len(found) < 2 or found[0][0] == found[-1][0]:
        return None
    one, other = found[0], found[-1]
    return text[: one.start()] + other[0] + text[one.end() : other.start()] + one[0] + text[other.end() :]


def only_added(text: str, _: Random) -> str | None:
    """ "Only" narrows what was said."""
    if re.search(r"\b(only|solo|soltanto|esclusivamente)\b", text, re.IGNORECASE):
        return None
    english = re.sub(r"\b(is|are|must be|can be)\b", r"\1 only", text, count=1)
    return (
        english
        if english != text
        else _changed(re.sub(r"\b(è|sono|deve|si)\b", r"\1 solo", text, count=1), text)
    )


def lost_sign(text: str, _: Random) -> str | None:
    """A value below zero becomes one above."""
    return _changed(re.sub(r"(?<=[\s(])[-−](?=\d)", "", text, count=1), text)


def invented_number(text: str, random: Random) -> str | None:
    """A value that the source does not have is added."""
    return text.rstrip(". ") + f" ({random.randint(131, 989)} mm)."


def invented_code(text: str, random: Random) -> str | None:
    """A code that the source does not have is added."""
    return text.rstrip(". ") + f" (QJ{random.randint(131, 989)})."


def _changed(new: str, old: str) -> str | None:
    return new if new != old else None


MUTATIONS: Mapping[str, Mutation] = {
    "other number": other_number,
    "ten times": ten_times,
    "other unit": other_unit,
    "other digit in a code": other_digit_in_code,
    "other letter in a code": other_letter_in_code,
    "shorter code": shorter_code,
    "without negation": without_negation,
    "with negation": with_negation,
    "English opposite": _swap(SWAPS_ENGLISH),
    "Italian opposite": _swap(SWAPS_ITALIAN),
    "numbers exchanged": swapped_numbers,
    "only added": only_added,
    "sign lost": lost_sign,
    "invented number": invented_number,
    "invented code": invented_code,
}


def mutants(text: str, random: Random) -> Iterator[tuple[str, str]]:
    """Kind and text of every mutation that applies."""
    for kind, mutate in MUTATIONS.items():
        false = mutate(text, random)
        if false is not None and false != text:
            yield kind, false
