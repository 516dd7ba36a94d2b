"""Hazards that a request tells of: somebody got a shock, something burns. A person looks before anything is sent.

However well a manual's passage fits, who tells of a shock is not to be answered with the reset procedure of the
code beside it. Only what is told counts: "nessun fumo" and "no burning smell" are good news, white vapour is what
a heat pump breathes out while it defrosts, and a smoke sensor is a part.
"""

import re
from dataclasses import dataclass

from rimedio.domain.answer import SafetyFlag, Severity
from rimedio.llm.guardrails.lowercase import lowered

TEXT_CHARS_MAX = 100_000
_DENIED_WITHIN_CHARS = 40
_NEGATED_VERB = (
    r"(?:non|not|never|mai|n['’]t)(?: (?:[cv]['’](?:è|era)|ci sono|si sente|si vede|esc\w+|fa|ho|abbiamo|ha|any|a|an|"
    r"smell|see|feel|get|got|give|gave|the|sentito|visto|preso|catch|caught|on)){0,3}"
)
_DENIED = re.compile(
    rf"\b(?:no|nessun\w*|senza|without|neither|nor|né|{_NEGATED_VERB})(?: [\w’'-]+){{0,2}} ?$"
)
_FEW_WORDS = r"(?:[\w’'-]+\s+){0,3}"
_PART_IT = r"\b(?:cav[oi]|connettor[ei]|spin[ae]|pres[ae]|morsett\w+|plastica|fil[oi])"
_PART_EN = r"(?:cable|connector|plug|socket|terminals?|wires?|insulation)\b"


@dataclass(frozen=True, slots=True)
class _Hazard:
    name: str
    message: str
    told: re.Pattern[str]


def _hazard(name: str, message: str, *alternatives: str) -> _Hazard:
    return _Hazard(name, message, re.compile("|".join(alternatives)))


_HAZARDS = (
    _hazard(
        "told-shock",
        "Si racconta di una scossa elettrica. / An electric shock is told of.",
        r"\bscoss[ae]\b(?!\s+(?:di terremoto|sismic))",
        r"\b(?:ho|ha|abbiamo|hanno)\s+preso\s+(?:la\s+)?corrente\b",
        r"\b(?:folgorat|elettrocutat|electrocut)\w+",
        r"\b(?:pizzic|formicol|tingl)\w+[^.;\n]{0,30}\bto(?:cc|uch)\w*",
        r"\bto(?:cc|uch)\w*[^.;\n]{0,30}\b(?:pizzic|formicol|tingl)\w+",
        r"\belectric(?:al)?\s+shocks?\b",
        r"\b(?:got|gets?|getting|gave|gives?|giving|received?|felt|feel)\s+"
        rf"{_FEW_WORDS}shocks?\b(?!\s+absorb)",
        r"\bshocked\s+(?:me|him|her|us|my|our|a|the|one)\b",
        r"\bzapped\b",
    ),
    _hazard(
        "told-fire",
        "Si racconta di fuoco, fumo, scintille o di uno scoppio. / Fire, smoke, sparks or a bang are told of.",
        r"\b(?:preso|prende|prendendo|prendeva)\s+fuoco\b",
        r"\bin fiamme\b|\bfiamm(?:e|ata)\b|\bprincipio d['’]incendio\b",
        r"\bscintill(?:e|a|ano|ava|avano)\b|\besplos[oaie]\b|\b(?:è|sono)\s+scoppiat\w+",
        r"\b(?:esc\w*|usc\w+|fa|faceva|vedo|vediamo|visto|c['’]è|c['’]era|produce|emette|manda)\s+"
        rf"{_FEW_WORDS}fumo\b(?!\s+bianc)",
        r"\bfumo\s+(?:ner[oi]|acre|denso)\b",
        r"\b(?:caught|catch\w*|on)\s+fire\b|\bin flames\b|\bflames\b",
        r"\b(?:is|was|are|were|started|starts|began)\s+smoking\b",
        r"(?<!white )\bsmoke\b(?!\s+(?:detect\w+|alarms?|sensors?|tests?|signals?))",
        r"\bsparks\b|\bsparking\b|\bsparked\b|\bexplod\w+|\bexplosion\b|\bblew up\b",
    ),
    _hazard(
        "told-burning",
        "Si racconta di qualcosa che brucia o fonde. / Something is told to burn or melt.",
        r"\b(?:odore|puzza|puzzo)\s+(?:\w+\s+){0,2}(?:bruciat\w*|plastica|gas|fumo)\b|\bsa di bruciato\b",
        rf"{_PART_IT}\s+(?:\w+\s+){{0,2}}(?:fus[oaie]|sciolt[oaie]|carbonizzat[oaie])\b",
        r"\b(?:burning|burnt|burned)\s+(?:\w+\s+)?(?:smell|odou?r)\b",
        r"\bsmell\w*\s+(?:\w+\s+){0,3}(?:burn\w*|gas|smoke)\b|\bgas smell\b",
        rf"\b(?:melted|melting|charred)\s+(?:\w+\s+)?{_PART_EN}",
        rf"\b{_PART_EN}\s+(?:\w+\s+){{0,2}}(?:melt\w*|charred)\b",
    ),
    _hazard(
        "told-injury",
        "Si racconta di una persona che si è fatta male. / Somebody is told to be hurt.",
        r"\b(?:si è|mi sono|è rimast[oa]|è stat[oa])\s+(?:\w+\s+)?(?:ferit|ustionat|infortunat)[oaie]\b",
        r"\bsvenut[oaie]\b|\bpronto soccorso\b|\bambulan(?:za|ce)\b|\binfortunio\b",
        r"\b(?:got|was|is|been|were)\s+(?:\w+\s+)?(?:hurt|injured)\b",
        r"\bburn(?:ed|t)\s+(?:my|his|her|their)\b|\bunconscious\b|\bhospitali[sz]ed\b",
    ),
)


def find_hazards(text: str) -> tuple[SafetyFlag, ...]:
    """What `text` tells of, one flag a kind of hazard, in the order of the kinds; denied ones are left out."""
    judged = text[:TEXT_CHARS_MAX]
    lower = lowered(judged)
    found = []
    for hazard in _HAZARDS:
        told = next((m for m in hazard.told.finditer(lower) if not _is_denied(lower, m.start())), None)
        if told is not None:
            words = judged[told.start() : told.end()].strip()
            found.append(SafetyFlag(hazard.name, words, Severity.DANGER, hazard.message))
    return tuple(found)


def _is_denied(text: str, start: int) -> bool:
    before = text[max(0, start - _DENIED_WITHIN_CHARS) : start]
    return bool(_DENIED.search(before))
