"""The rules of `safety.py`: what must not be done, and what makes it harmless; matched in lower case."""

import re
from dataclasses import dataclass

from rimedio.domain.answer import Severity


@dataclass(frozen=True)
class SafetyRule:
    """A dangerous deed. `message` says in both languages why it stops the answer."""

    name: str
    severity: Severity
    message: str
    deed: re.Pattern[str]
    made_safe_by: re.Pattern[str] | None = None
    safe_window_chars: int = 400


def _rule(
    name: str, message: str, deed: str, *, safe: str | None = None, severity: Severity = Severity.DANGER
) -> SafetyRule:
    compiled = re.compile(safe) if safe else None
    return SafetyRule(name, severity, message, re.compile(deed), compiled)


# Up to three words between a verb and its object; "escludere un guasto a terra" rules a fault out, nothing more.
_GAP = r"(?:(?!guast|problem|fault|error|dispers|caus|allarm|alarm|leak)[\w’'-]+\s+){0,3}(?:[dl]ell['’]|[dlu]n?['’])?"
_WORK = (
    r"(?:lavor\w+|interven\w+|apri\w*|sostitui\w+|colleg\w+|scolleg\w+|smont\w+|rimuov\w+|stacc\w+|togli\w*|"
    r"cabl\w+|serra\w+|tocc\w+|"
    r"work\w*|open\w*|replac\w+|connect\w*|disconnect\w*|remov\w+|unplug\w*|wir(?:e|ing)|tighten\w*|touch\w*|swap\w*)"
)
_LIVE = (
    r"(?:sotto tensione|in tensione|con (?:la )?(?:tensione|corrente|rete) (?:inserita|attiva|presente)|"
    r"a quadro alimentato|"
    r"senza (?:togliere|staccare|sezionare|scollegare|isolare|interrompere) (?:prima )?(?:la |"
    r"l['’])?(?:tensione|corrente|rete|"
    r"alimentazione|linea|impianto|quadro|apparecchio|interruttore|generale|circuito)|"
    r"(?:while|when) (?:\w+ ){0,4}(?:live|energi[sz]ed|powered(?: on| up)?|under voltage|switched on)\b|"
    r"with the (?:power|mains|supply) (?:still )?on|on live (?:parts|wires|terminals|circuits|conductors)|"
    r"without (?:first )?(?:isolat\w+|disconnecting|switching off|turning off|de-?energi[sz]ing|cutting) "
    r"(?:the )?(?:it|power|mains|supply|circuit|breaker|unit|cabinet|grid|charger|inverter)?)"
)
_ISOLATED = (
    r"\b(?:isol(?:a|are|ate|ato|ata|ated|ating|ator open\w*)|seziona(?:re|to|ta)|"
    r"(?:togli\w*|stacca\w*|interromp\w+|disinseri\w+) (?:la |l['’])?(?:tensione|alimentazione|corrente|rete)|"
    r"fuori tensione|"
    r"assenza di tensione|(?:switch|turn|power)(?:ed|ing)? (?:it |the \w+ )?off|disconnect\w* (?:the )?(?:mains|"
    r"power|supply|grid)|"
    r"de-?energi[sz]\w+|lock\w* out|absence of voltage|zero voltage|verif\w+ (?:that )?(?:it is |"
    r"there is )?(?:dead|no voltage))\b"
)
_DISABLE = (
    r"(?:bypass\w*|by-pass\w*|ponticell\w+|esclud\w+|escluso|esclusa|disattiv\w+|disabilit\w+|disinseri\w+|"
    r"cortocircuit\w+|aggir\w+|manomett\w+|"
    r"inganna\w*|elimin\w+|rimuov\w+|togli\w*|scolleg\w+|stacc\w+|blocca\w* in chiusura|"
    r"disabl\w+|defeat\w*|jumper\w*|bridg(?:e|ed|ing)|short(?:ed|ing)?(?: out)?|overrid\w+|remov\w+|"
    r"disconnect\w*|cut\b|tap(?:e|ed|ing) down|"
    r"wedg\w+|get around|switch off|turn off)"
)
_PROTECTION = (
    r"(?:differenzial[ei]|salvavita|interruttore differenziale|rcd|rcbo|gfci|residual.current (?:device|breaker)|"
    r"messa a terra|(?:conduttore|collegamento|cavo|filo) di (?:terra|protezione)|conduttore pe\b|"
    r"earth(?:ing)? (?:wire|conductor|connection)|"
    r"protective earth|ground(?:ing)? (?:wire|conductor|connection)|interblocc\w+|interlocks?|"
    r"catena di sicurezza|safety (?:chain|circuit|loop|"
    r"switch(?:es)?|relay|device|thermostat|cut-?out)|finecorsa di sicurezza|microinterruttore (?:di sicurezza|"
    r"della porta|dello sportello)|"
    r"door (?:switch|contact|interlock)|pressostato(?: di (?:alta|sicurezza))?|(?:high.)?pressure switch|"
    r"termostato di sicurezza|"
    r"(?:pulsante|arresto|stop) (?:di|d['’]) ?emergenza|emergency stop|e-stop|controllo (?:di |dell['’]|"
    r"d['’])?isolamento|"
    r"insulation (?:monitor\w*|check)|dispositiv[oi] di sicurezza|protezion[ei] (?:termica|differenziale|"
    r"da sovracorrente)|"
    r"rilevatore (?:di )?gas|gas detector|anti-?islanding)"
)
# Taking such a part out to replace it is ordinary work on an isolated machine.
_EXCHANGE = (
    r"\b(?:sostitu\w+|nuov[oa]|ricambio|replac\w+|new one|swap\w*|exchang\w+|rimontar\w+|refit\w*|ricolleg\w+|"
    r"reconnect\w*|test\b)"
)

RULES: tuple[SafetyRule, ...] = (
    _rule(
        "live-mains-work",
        "Lavoro su parti in tensione senza isolamento. / Work on live parts without isolation.",
        rf"\b{_WORK}\b[^.;\n]{{0,60}}\b{_LIVE}",
        safe=_ISOLATED,
    ),
    _rule(
        "protection-bypassed",
        "Esclusione di un dispositivo di sicurezza. / A safety device is put out of action.",
        rf"\b{_DISABLE}\s+{_GAP}{_PROTECTION}\b",
        safe=_EXCHANGE,
    ),
    _rule(
        "fuse-overrated",
        "Fusibile sostituito con uno più grande o con un filo. / Fuse replaced by a larger one or by a wire.",
        r"\bfusibil[ei]\b[^.;\n]{0,50}\b(?:maggior\w*|più grand[ei]|più alt[oi]|superior[ei]|con un (?:filo|"
        r"pezzo di (?:filo|rame)|chiodo))\b|"
        r"\bfuses?\b[^.;\n]{0,50}\b(?:larger|bigger|higher (?:rat\w+|amp\w*)|(?:with|"
        r"by) (?:a (?:piece of )?)?(?:wire|foil|nail|coin))\b",
    ),
    _rule(
        "stored-energy",
        "Condensatori o bus DC toccati senza attendere la scarica. / Capacitors or DC bus before they have discharged.",
        r"\b(?:apri\w*|tocc\w+|rimuov\w+|smont\w+|interven\w+|"
        r"lavor\w+)\b[^.;\n]{0,60}\b(?:subito dopo (?:lo spegnimento|aver spento|aver tolto)|"
        r"senza (?:attendere|aspettare|scaricare))|"
        r"\bsenza (?:attendere|aspettare) (?:\w+ ){0,3}(?:scarica|minuti)\b[^.;\n]{0,60}\b(?:apri\w*|tocc\w+|"
        r"rimuov\w+|smont\w+)|"
        r"\b(?:open\w*|touch\w*|remov\w+|work\w*)\b[^.;\n]{0,60}\b(?:(?:immediately|right|straight) (?:after|"
        r"away)|without (?:waiting|discharging))|"
        r"\b(?:cortocircuit\w+|scaric\w+|short(?:ing)?|discharg\w+)\s+(?:\w+\s+){0,3}(?:condensator[ei]|"
        r"capacitors?)\b[^.;\n]{0,30}"
        r"\b(?:cacciavite|screwdriver|spanner|chiave)",
    ),
    _rule(
        "capacitor-touched",
        "Condensatori o bus DC senza tempo di scarica. / Capacitors or DC bus without a discharge time.",
        r"\b(?:tocc\w+|apri\w*|scolleg\w+|smont\w+|touch\w*|open\w*|disconnect\w*)\s+(?:[\w’'-]+\s+){0,2}"
        r"(?:condensator[ei]|bus (?:dc|in continua)|capacitors?|dc[ -](?:bus|link))\b",
        safe=r"\b(?:attend\w+|aspett\w+|scaric\w+|wait\w*|discharg\w+|\d+ ?min(?:ut\w*)?)\b",
    ),
    _rule(
        "refrigerant-released",
        "Refrigerante liberato o circuito aperto in pressione. / Refrigerant vented, or circuit opened under pressure.",
        r"\b(?:scaric\w+|sfiat\w+|liber\w+|disperd\w+|sfog\w+)\s+(?:[\w’'-]+\s+){0,3}(?:refrigerante|"
        r"gas r\d+\w*|r290|r32)\b[^.;\n]{0,30}"
        r"\b(?:atmosfera|aria|ambiente|fuori|esterno)|"
        r"\b(?:vent\w*|release\w*|blow\w*|purg\w+)\s+(?:\w+\s+){0,3}(?:refrigerant|r290|r32|r\d{3}\w?)\b[^.;\n]{0,30}"
        r"\b(?:air|atmosphere|outside|open)|"
        r"\b(?:apri\w*|allent\w+|tagli\w+|dissald\w+|svit\w+)\s+(?:[\w’'-]+\s+){0,3}(?:circuito frigorifero|"
        r"tubo del gas|linea (?:del )?gas|"
        r"raccord[oi] frigorifer[oi])|"
        r"\b(?:open\w*|loosen\w*|cut\w*|unsolder\w*|unbraz\w+)\s+(?:\w+\s+){0,3}(?:refrigera(?:nt|"
        r"tion) (?:circuit|line|pipe)|gas line)",
        safe=r"\b(?:recuper\w+|svuot\w+|evacu\w+|depressurizz\w+|abilitat[oi]|certificat[oi]|recover\w*|"
        r"pump(?:ed)? down|depressuri[sz]\w+|certified|qualified|empt\w+)\b",
    ),
    _rule(
        "flame-near-gas",
        "Fiamma vicino a gas infiammabile. / Flame near flammable gas.",
        r"\b(?:accendino|fiamma(?: libera)?|fiammifer[oi]|lighter|naked flame|match(?:es)?|candle|"
        r"candela)\b[^.;\n]{0,50}\b(?:perdit[ae]|fug[ahe]+|"
        r"gas|leaks?|refrigerante?)\b|"
        r"\b(?:cerc\w+|trov\w+|find|check|look for)\b[^.;\n]{0,30}\b(?:perdit[ae]|fughe|"
        r"leaks?)\b[^.;\n]{0,30}\b(?:accendino|fiamma|lighter|flame)",
    ),
    _rule(
        "alone-at-height",
        "Lavoro in quota da soli o senza protezione. / Work at height alone or unprotected.",
        r"\b(?:sal\w+|arrampic\w+|lavor\w+|interven\w+|climb\w*|go(?:ing)? up|work\w*|get(?:ting)? on)\b[^.;\n]{0,50}"
        r"\b(?:tett[oi]|scal[ae]|ponteggio|palo|copertura|roof|ladder|scaffold\w*|pole|mast)\b[^.;\n]{0,50}"
        r"\b(?:da sol[oi]|senza (?:imbracatura|imbrago|cintura|linea vita|protezion[ei]|dpi|casco)|alone|"
        r"by yourself|on your own|"
        r"without (?:a )?(?:harness|lifeline|fall protection|ppe|helmet))",
    ),
    _rule(
        "relief-valve-blocked",
        "Valvola di sicurezza o scarico fumi chiusi. / Relief valve or flue blocked.",
        r"\b(?:tapp\w+|chiud\w+|blocc\w+|ottur\w+|sigill\w+|plug\w*|block\w*|cap\b|seal\w*|"
        r"close)\s+(?:[\w’'-]+\s+){0,3}"
        r"(?:valvola di (?:sicurezza|sfiato)|scarico (?:dei )?fumi|canna fumaria|(?:safety|relief) valve|flue|"
        r"exhaust pipe)",
    ),
    _rule(
        "dc-unplugged-under-load",
        "Connettori DC staccati sotto carico. / DC connectors unplugged under load.",
        r"\b(?:scolleg\w+|stacc\w+|sfil\w+|unplug\w*|disconnect\w*|pull\w*)\b[^.;\n]{0,50}\b(?:mc4|connettor\w+|"
        r"stringh?[ae]|cav[oi] dc|strings?|"
        r"connectors?|battery|batteria|spina|plug)\b[^.;\n]{0,40}\b(?:sotto carico|under load|"
        r"durante la ricarica|while (?:it is )?charging|"
        r"mentre (?:ricarica|carica|produce))",
    ),
    _rule(
        "contactor-forced",
        "Contattore o relè forzato a mano. / Contactor or relay forced by hand.",
        r"\b(?:incastr\w+|blocc\w+|tener\w*|premer\w*|forz\w+|wedg\w+|hold\w*|jam\w*|"
        r"forc\w+)\s+(?:[\w’'-]+\s+){0,3}(?:contattor[ei]|contactors?)\b"
        r"[^.;\n]{0,30}\b(?:mano|cacciavite|fascetta|legno|hand|screwdriver|tie|tape)",
    ),
    _rule(
        "no-protective-gear",
        "Lavoro senza protezione personale. / Work without protective equipment.",
        r"\b(?:senza (?:i )?(?:guanti(?: isolanti)?|dpi|occhiali(?: protettivi)?|protezioni individuali)|"
        r"without (?:any )?(?:insulat\w+ )?(?:gloves|ppe|"
        r"goggles|protective (?:gear|equipment)))\b",
        severity=Severity.WARNING,
    ),
    _rule(
        "water-on-electrics",
        "Acqua su parti elettriche. / Water on electrical parts.",
        r"\b(?:lav\w+|spruzz\w+|bagn\w+|wash\w*|spray\w*|"
        r"hose\w*)\s+(?:[\w’'-]+\s+){0,3}(?:quadro(?: elettrico)?|scheda|morsett\w+|circuit board|"
        r"electrical (?:panel|cabinet)|terminals?|electronics)\b[^.;\n]{0,40}\b(?:acqua|idropulitrice|water|"
        r"pressure washer|hose)",
    ),
)
