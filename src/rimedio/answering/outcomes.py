"""Why a remedy is published, reviewed, asked about or escalated: codes, and sentences in Italian and English.

A reason is written "CODE: sentence", as the reasons of claims are.
"""

from rimedio.domain.ground import Ground

_TEXTS: dict[Ground, tuple[str, str]] = {
    Ground.GROUNDED: (
        "ogni frase cita il manuale; fondatezza {0}, confidenza {1}",
        "every sentence cites the manual; groundedness {0}, confidence {1}",
    ),
    Ground.NOT_IN_DOCUMENTATION: (
        "non è nella documentazione: nessun passo risponde alla richiesta",
        "not in the documentation: no passage answers the request",
    ),
    Ground.UNKNOWN_CODE: (
        "non è nella documentazione: il codice {0} non è definito per questo prodotto",
        "not in the documentation: code {0} is not defined for this product",
    ),
    Ground.INJECTION: (
        "la richiesta o un documento contiene istruzioni rivolte al sistema",
        "the request or a document contains instructions aimed at the system",
    ),
    Ground.DANGEROUS_REQUEST: (
        "la richiesta riguarda un'operazione o una situazione pericolosa: decide una persona",
        "the request is about a dangerous operation or situation: a person decides",
    ),
    Ground.UNSAFE_STEP: ("un passo può essere pericoloso: {0}", "a step may be dangerous: {0}"),
    Ground.VAGUE: (
        "la richiesta dice troppo poco per cercare nel manuale",
        "the request says too little to be looked up in the manual",
    ),
    Ground.ASKED_ENOUGH: (
        "al cliente è già stato chiesto {0} volte: decide una persona",
        "the customer was asked {0} times already: a person decides",
    ),
    Ground.CLAIM_REFUSED: (
        "{0} frasi non concordano con il testo che citano",
        "{0} sentences do not agree with the text they cite",
    ),
    Ground.LOW_GROUNDEDNESS: (
        "la fondatezza {0} è sotto il minimo {1}",
        "groundedness {0} is below the minimum {1}",
    ),
    Ground.TOO_FEW_CITATIONS: (
        "le citazioni sono {0}, ne servono almeno {1}",
        "there are {0} citations, at least {1} are needed",
    ),
    Ground.LOW_CONFIDENCE: (
        "la confidenza {0} è sotto il minimo {1}",
        "confidence {0} is below the minimum {1}",
    ),
    Ground.CATEGORY_UNKNOWN: ("la categoria non è chiara", "the category is not clear"),
    Ground.CATEGORY_UNCERTAIN: ("la categoria è incerta", "the category is uncertain"),
    Ground.SAME_REMEDY: (
        "lo stesso rimedio è già stato dato e non è bastato: decide una persona",
        "the same remedy was given before and was not enough: a person decides",
    ),
    Ground.REOPENED: (
        "il ticket è stato riaperto: il primo rimedio non è bastato",
        "the ticket was reopened: the first remedy was not enough",
    ),
    Ground.DOCUMENTS_DISAGREE: (
        "due documenti si contraddicono ({0}): vale il più recente",
        "two documents contradict each other ({0}): the newer one counts",
    ),
}


def ground(code: Ground, language: str, *values: str) -> str:
    """The reason as "CODE: sentence" in the language asked for (Italian for "it", else English)."""
    return f"{code}: {_TEXTS[code][0 if language == 'it' else 1].format(*values)}"


_QUESTIONS: dict[str, tuple[str, str]] = {
    "intro": ("Per aiutarla ci serve sapere:", "To help you we need to know:"),
    "code": (
        "quale codice di errore o messaggio compare sul display?",
        "which error code or message is on the display?",
    ),
    "model": (
        "quale modello è (vedi targhetta)?",
        "which model is it (see the type plate)?",
    ),
    "when": (
        "quando succede, e che cosa fa o non fa l'apparecchio?",
        "when does it happen, and what does the appliance do or not do?",
    ),
    "which": ("a quale di questi casi si riferisce: {0}?", "which of these do you mean: {0}?"),
}


def question(language: str, wanted: tuple[str, ...], choices: tuple[str, ...] = ()) -> str:
    """A question to the customer: `wanted` of "code", "model", "when"; `choices` are headings."""
    at = 0 if language == "it" else 1
    lines = [_QUESTIONS["intro"][at], *(f"- {_QUESTIONS[w][at]}" for w in wanted)]
    if choices:
        lines.append(f"- {_QUESTIONS['which'][at].format('; '.join(choices))}")
    return "\n".join(lines)
