"""Words by which manuals in Italian and English head the parts of a fault's description."""

import re
from enum import StrEnum
from functools import lru_cache


class Part(StrEnum):
    """What a stretch of a fault's description is about."""

    MEANING = "MEANING"
    CAUSE = "CAUSE"
    CHECKS = "CHECKS"
    REMEDY = "REMEDY"
    WARNING = "WARNING"
    TOOLS = "TOOLS"
    PARTS = "PARTS"
    TIME = "TIME"
    OTHER = "OTHER"


_REMEDY = (
    r"soluzion[ei]|rimed[io]+|risoluzione|azion[ei]|intervent[oi]|cosa fare|che fare|come (?:risolvere"
    r"|intervenire)"
    r"|ripristino|correzion[ei]|provvediment[oi]|procedura(?: di (?:ripristino|riparazione|sostituzione"
    r"|intervento))?"
    r"|remed(?:y|ies)|solutions?|actions?|fix(?:es)?|resolution|what to do|how to fix|repairs?"
    r"|countermeasures?"
    r"|corrective measures?|recommended (?:response|steps)|self-diagnostic|recovery"
    r"|troubleshooting(?: steps)?"
    r"|risoluzione dei problemi|passi (?:da seguire|correttivi)"
)
_CHECKS = (
    r"verific(?:a|he)|controll[oi]|diagnos(?:i|is|tics?)|ispezion[ei]|accertament[oi]|prov[ae]"
    r"|cosa (?:controllare|verificare)"
    r"|check(?:s|list|ing)?|inspections?|tests?|what to (?:check|verify)|verifications?|things to check"
    r"|first checks"
)
_CAUSE = (
    r"caus[ae]|motiv[oi]|origine|perch[éè] (?:succede|accade)|causes?|reasons?|why (?:it|this) happens"
    r"|root cause"
    r"|causa radice|trigger(?:ed by|s)?"
)
_MEANING = (
    r"descrizione|titolo|title|name|nome|significato|sintom[oi]|problema|guasto|anomalia|difetto"
    r"|messaggio|condizione|cosa significa|errore"
    r"|allarme|denominazione|description|meaning|symptoms?|problem|fault|failure|malfunction|condition"
    r"|message"
    r"|error(?: name| message| description)?|what it means|alarm|effect|effetto|indicazione"
)
_WARNING = (
    r"attenzione|avvertenz[ae]|avviso|pericolo|cautela|importante|sicurezza|norme di sicurezza"
    r"|prima di iniziare"
    r"|warnings?|danger|caution|notice|important|safety|safety (?:notes?|instructions?|first)"
    r"|before you (?:begin|start)"
)
_TOOLS = (
    r"attrezz[io]|attrezzature|attrezzatura(?: necessaria)?|utensili|strumenti|strumentazione|tools?"
    r"|equipment"
    r"|required tools|tools required|materiale|materiali"
)
_PARTS = (
    r"ricamb[io]+|part[ie]|component[ie]|pezz[io]|parti di ricambio|spare parts?|parts?|replacement parts?"
    r"|codice ricambio|part numbers?"
)
_TIME = (
    r"temp[oi](?: (?:stimato|necessario|di intervento|richiesto))?|durata|time[ _]minutes|tempo[ _]minuti"
    r"|time(?: (?:required|needed))?|estimated time|duration"
)
_OTHER = (
    r"codice|cod|code|(?:error|fault|alarm)[ -]codes?|codice (?:di |d['’])?(?:errore|allarme|guasto)"
    r"|sub[ -]?code|sottocodice|stato led|led|display|livello|gravità|severity|level|reset|riarmo|autoreset"
    r"|nota|note|notes|esempi[oo]?|examples?|vedi anche|see also|riferimenti|references?|categoria"
    r"|category|tipo|type|id"
    r"|contatt[io]|priorit[yà]|modell[oi]|models?|versione|version|revision[ei]?|data|date"
    r"|visualizzazione|origin"
)
_NUMBER = r"(?:\d+(?:\.\d+)*[.)]?\s+)?"
_BEFORE = (
    r"(?:le |la |il |i |gli |the )?"
    r"(?:(?:possibil[ie]|probabil[ie]|possible|probable|likely|common|typical|root|recommended|required"
    r"|suggested"
    r"|corrective|immediate|prim[ae]|first|main|principali?|consigliat[aeio]|necessari[aeio]|estimated|spare"
    r"|user|operator|technician|service|initial|other)\s+)*"
)
# Later ones win: a column "Self-diagnostic/Action" and a heading "Verifiche e rimedi" hold remedies.
_ORDER = (
    (Part.OTHER, _OTHER),
    (Part.MEANING, _MEANING),
    (Part.TIME, _TIME),
    (Part.PARTS, _PARTS),
    (Part.TOOLS, _TOOLS),
    (Part.WARNING, _WARNING),
    (Part.CAUSE, _CAUSE),
    (Part.CHECKS, _CHECKS),
    (Part.REMEDY, _REMEDY),
)
_AFTER = (
    r"(?:\s+(?:possibil[ie]|probabil[ie]|correttiv[aeio]|consigliat[aeio]|raccomandat[aeio]|necessari[aeio]"
    r"|richiest[aeio]|stimat[aoe]|prelimina?r[ei]|iniziali|required|needed|to take|to be taken|necessary"
    r"|list|steps?"
    r"|procedure|details?|dell?['’ao]? ?(?:errore|guasto|anomalia|allarme|problema)|di sicurezza"
    r"|of (?:the )?(?:error|fault|failure|problem|alarm)))*"
)
_PATTERNS = tuple(
    (part, re.compile(rf"{_NUMBER}{_BEFORE}(?:{words}){_AFTER}", re.IGNORECASE)) for part, words in _ORDER
)
_JOINT = re.compile(r"\s*(?:/|,|&|\+|\be\b|\bo\b|\bed\b|\band\b|\bor\b|\(|\))\s*")
_DECORATION = re.compile(r"[*_`#|:：]+|\{[^}]*\}|[⚠️🛠🔧❗]")
_WORDS_MAX = 7


@lru_cache(maxsize=4096)
def part_named(heading: str) -> Part | None:
    """The part that a heading, label or column title names; None when it is no known title."""
    plain = _DECORATION.sub(" ", heading).strip(" \t\n.-–—")
    plain = " ".join(plain.split())
    if not plain or len(plain.split()) > _WORDS_MAX:
        return None
    found: Part | None = None
    for piece in [plain, *_JOINT.split(plain)]:
        if not piece:
            continue
        for part, pattern in _PATTERNS:
            if pattern.fullmatch(piece) and (found is None or _weight(part) > _weight(found)):
                found = part
    return found


def _weight(part: Part) -> int:
    return next(i for i, (p, _) in enumerate(_ORDER) if p is part)


# --- what a sentence without a heading is about -------------------------------------------------------

_CHECK_VERB = re.compile(
    r"(?:(?:per prima cosa|innanzitutto|quindi|poi|first|then|next|also)[,]?\s+)?"
    r"(?:controll(?:are|a|ate|i)|verific(?:are|a|ate|hi)|accert(?:arsi|ati|are)|assicur(?:arsi|ati|atevi"
    r"|are)|misur(?:are|a|ate)"
    r"|ispezion(?:are|a|ate)|testare|provare|confrontare|osservare|check|verify|inspect|measure|test"
    r"|confirm|make sure"
    r"|ensure|examine|observe|compare|listen|look)\b",
    re.IGNORECASE,
)
_ACTION_VERB = re.compile(
    r"(?:(?:se necessario|quindi|poi|infine|if necessary|then|finally|if so"
    r"|otherwise)[,]?\s+)?"
    r"(?:sostitui(?:re|sci|te|sca)|cambi(?:are|a|ate)|ripar(?:are|a|ate)|pul(?:ire|isci|ite)|serr(?:are|a"
    r"|ate)|riavvi(?:are|a|ate)"
    r"|spegn(?:ere|i|ete)|accend(?:ere|i|ete)|collegare|ricollegare|scollegare|rimuovere|ripristinare"
    r"|reimpostare|resettare"
    r"|regol(?:are|a|ate)|contatt(?:are|a|ate)|chiamare|aggiornare|installare|impostare|ridurre|aumentare"
    r"|attendere|isolare"
    r"|premere|tenere|aprire|chiudere|svuotare|riempire|inviare|mandare|connettere|posizionare|girare"
    r"|togliere|inserire"
    r"|replace|change|repair|clean|tighten|restart|reboot|reset|switch|turn|connect|reconnect|disconnect"
    r"|remove|restore"
    r"|adjust|contact|call|update|upgrade|install|set|reduce|increase|wait|isolate|press|hold|open|close"
    r"|drain|refill|fill"
    r"|power|unplug|plug|send|use|select|move|re-?seat|clear|insert|fit|loosen|lift)\b",
    re.IGNORECASE,
)
_LEADING = re.compile(r"\W*(?:\d{1,2}[.)]\W*)?")
_CAUSE_WORDS = re.compile(
    r"\b(?:caus(?:a|ata|ato|ate|ati|e)|dovut[oaie]|a causa di|provocat[oaie]|può (?:essere|dipendere)"
    r"|dipende da|deriva da"
    r"|caused by|due to|because|results? from|is triggered|triggered (?:when|by)|occurs when|happens when"
    r"|indicates?|means"
    r"|indica|segnala|si verifica (?:quando|se)|compare quando|appare quando|interviene quando|significa)\b",
    re.IGNORECASE,
)


def part_of_sentence(sentence: str) -> Part:
    """Guess from its first verb and its cue words what an unheaded sentence is about."""
    opening = _opening(sentence)
    if _CHECK_VERB.match(opening):
        return Part.CHECKS
    if _ACTION_VERB.match(opening):
        return Part.REMEDY
    if _CAUSE_WORDS.search(sentence):
        return Part.CAUSE
    return Part.MEANING


def is_instruction(sentence: str) -> bool:
    """Whether a sentence tells the reader to do something."""
    opening = _opening(sentence)
    after = opening.partition(": ")[2]  # "Grey gasket: tighten …"
    return any(_CHECK_VERB.match(part) or _ACTION_VERB.match(part) for part in (opening, after) if part)


def _opening(sentence: str) -> str:
    """The first words, without list marker and punctuation before them."""
    return _LEADING.sub("", sentence[:90], count=1)
