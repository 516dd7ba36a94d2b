"""Sentences of investigation notes, in Italian and English."""

from collections.abc import Mapping

_TEXTS: Mapping[str, tuple[str, str]] = {
    "subject": ("{0}, matricola {1}", "{0}, serial {1}"),
    "subject-code": ("{0}, matricola {1}, codice {2}", "{0}, serial {1}, code {2}"),
    "summary": ("{0}. Il cliente dice: «{1}»", "{0}. The customer says: “{1}”"),
    "why": ("Motivo del passaggio: {0}.", "Handed over because: {0}."),
    "searched": (
        "Cercato nei manuali: {0} passi da {1} documenti.",
        "Searched the manuals: {0} passages from {1} documents.",
    ),
    "found-nothing": ("Cercato nei manuali: nessun passo.", "Searched the manuals: no passage."),
    "drafted": (
        "Bozza scritta da {0}: {1} frasi, {2} confermate dal testo citato.",
        "A draft by {0}: {1} sentences, {2} supported by the text they cite.",
    ),
    "asked": ("Al cliente è stato chiesto {0} volte.", "The customer was asked {0} times."),
    "failed": ("Passi non riusciti: {0}.", "Steps that failed: {0}."),
    "rejected": (
        "Un revisore ha respinto il rimedio: {0}.",
        "A reviewer rejected the remedy: {0}.",
    ),
    "earlier": ("Rimedio già dato, senza esito: {0}", "A remedy was given before and did not help: {0}"),
    "refused": (
        "Nessuna ricerca: la richiesta è stata fermata dalle protezioni ({0}).",
        "No search: the guardrails stopped the request ({0}).",
    ),
    "no-code": ("Il codice di errore non è indicato.", "No error code is given."),
    "no-serial": ("La matricola non è indicata.", "The serial number is not given."),
    "no-firmware": ("La versione del firmware non è indicata.", "The firmware version is not given."),
    "unknown-code": (
        "Nessun documento definisce il codice {0} per {1}.",
        "No document defines code {0} for {1}.",
    ),
    "unknown-words": (
        "Parole della richiesta che nessun passo trovato contiene: {0}.",
        "Words of the request that no passage found holds: {0}.",
    ),
    "not-documented": (
        "Nessun passo della documentazione risponde alla richiesta.",
        "No passage of the documentation answers the request.",
    ),
    "unread-file": ("Un allegato non si è potuto leggere: {0}", "An attachment could not be read: {0}"),
    "do-ask": (
        "Chiedere al cliente quanto manca: {0}",
        "Ask the customer for what is missing: {0}",
    ),
    "do-check-code": (
        "Verificare il codice {0} sul display con il cliente: potrebbe essere stato letto male.",
        "Check code {0} on the display with the customer: it may have been misread.",
    ),
    "do-load": (
        "Caricare il documento che tratta questo argomento, poi riaprire il ticket.",
        "Load the document that covers this subject, then reopen the ticket.",
    ),
    "do-similar": (
        "Confrontare con i ticket risolti simili: {0}.",
        "Compare with the similar solved tickets: {0}.",
    ),
    "do-read": (
        "Leggere i passi trovati e rispondere di persona.",
        "Read the passages found and answer in person.",
    ),
    "do-history": (
        "La stessa macchina ha altri {0} ticket: controllarne la storia.",
        "The same equipment has {0} other tickets: look at its history.",
    ),
    "do-danger": (
        "Non dare istruzioni a distanza: la richiesta riguarda un'operazione o una situazione pericolosa.",
        "Give no instructions from afar: the request is about a dangerous operation or situation.",
    ),
    "do-hazard": (
        "Chiamare subito chi ha scritto: racconta di un pericolo. Prima si mette in sicurezza, poi si ripara.",
        "Call whoever wrote at once: a hazard is told of. Make safe first, repair afterwards.",
    ),
    "do-text": (
        "Leggere il testo originale: contiene istruzioni rivolte al sistema.",
        "Read the original text: it contains instructions aimed at the system.",
    ),
    "do-retry": (
        "Riaprire il ticket quando il guasto del sistema è passato: {0}.",
        "Reopen the ticket once the system's own trouble is over: {0}.",
    ),
}


def said(name: str, language: str, *values: object) -> str:
    """A sentence by its name, in Italian for "it", else in English."""
    return _TEXTS[name][0 if language == "it" else 1].format(*values)
