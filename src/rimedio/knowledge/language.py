"""Tells Italian from English, robustly for questions of a few words."""

import re

ITALIAN = "it"
ENGLISH = "en"

_STOP_WORDS_IT = """
a ad agli ai al alla alle allo all anche ancora avere aveva avevo c che chi ci cui come con contro cosa
cos così da dagli dai dal dalla dalle dallo dall de degli dei del della delle dello dell dentro di dopo
dove due e è ed era erano essere fa fare fino fra gli ha hai hanno ho i il in io l la le lei li lo loro
lui ma me mentre mi mia mio molto ne negli nei nel nella nelle nello nell no noi non nostra nostro o
ogni oppure per però perché perchè più poi possiamo posso può qual quale quali quando quanta quanto
quella quelle quelli quello quest questa queste questi questo qui se sei sempre senza si sia siamo sono
sopra sotto sta stanno stato stata su sua sue sugli sui sul sulla sulle sullo sull suo suoi te ti tra tu
tua tuo tutta tutte tutti tutto un una uno va vi voi vuole
"""
_STOP_WORDS_EN = """
a about above after again all also am an and any are as at be because been before being below between
both but by can could did do does doing don down during each few for from further get gets got had has
have having he her here him his how i if in into is isn it its just me more most my no nor not now of
off on once only or other our out over own s same she should so some such t than that the their them
then there these they this those through to too under until up us very was we were what when where which
while who whom why will with would you your
"""
STOP_WORDS: dict[str, frozenset[str]] = {
    ITALIAN: frozenset(_STOP_WORDS_IT.split()),
    ENGLISH: frozenset(_STOP_WORDS_EN.split()),
}
_SHARED = STOP_WORDS[ITALIAN] & STOP_WORDS[ENGLISH]  # "a", "in", "no" say nothing

# Everyday words of support questions that are no stop words, yet belong to one language.
_COMMON_IT = """
accende acqua aiuto allarme appare caldaia caldo cambiare codice collegare compare controllare errore
fatto funziona guasto
impostare manuale parte premere problema rumore scatta schermo segnala serve significa spegne spento
stampa succede tensione trovo vale vedo
"""
_COMMON_EN = """
button change check connect does error fault find fix help hot light manual mean  means need noise open
power problem screen set shows start stops turn use using voltage  work working works wrong
"""
_COMMON = {ITALIAN: frozenset(_COMMON_IT.split()), ENGLISH: frozenset(_COMMON_EN.split())}
_WORD = re.compile(r"(?<![\w-])[^\W\d_]+(?![\w-]|\.\w)")
_ENDING_IT = re.compile(r"(?:zione|[aei]re|[ao]le|ore|nte|[àèìòùaoi])$")
_ENDING_EN = re.compile(r"(?:(?:at|iv|bl|nc|ag|iz|od|ic|lv|in|ur|ut|pl)e|[bcdfghkmpqstvwxyz]|[^il]on|er)$")
_GRAMS_IT = re.compile(r"gli|gn|zz|cch|cqu|ssi|[aeiou]zi|sch[ei]|[cprt]{2}[aeio]|gh[ei]|ch[ei]")
_GRAMS_EN = re.compile(r"[wky]|th|sh|oo|ee|ea|ou|ph|x|j")

_STOP_WEIGHT = 3.0
_COMMON_WEIGHT = 2.0
_ENDING_WEIGHT = 0.6
_GRAM_WEIGHT = 0.4
_CHARACTERS_MAX = 4000  # more text changes no verdict
_PROSE_WORDS = 20  # from here on a text must really read like a language: code and tables do not
_PROSE_EVIDENCE = 0.4  # per word; prose has about 1


def detect_language(text: str, default: str = ENGLISH) -> str:
    """ "it" or "en"; `default` when nothing in the text speaks for either (codes, numbers, names).

    Stop words decide most questions; words common in support and the endings and letter groups of the rest
    decide those that have none ("reset allarme caldaia"). Words with a digit and words in capitals (codes,
    product names) do not count. Longer texts that are no prose (program code, tables) get `default` too.
    """
    score = 0.0
    words = 0
    for match in _WORD.finditer(text[:_CHARACTERS_MAX]):
        word = match.group()
        if len(word) > 1 and word.isupper() and not text.isupper():
            continue
        score += _evidence(word.lower())
        words += 1
    if score == 0 or (words >= _PROSE_WORDS and abs(score) < _PROSE_EVIDENCE * words):
        return default
    return ITALIAN if score > 0 else ENGLISH


def _evidence(word: str) -> float:
    """Above zero for Italian, below for English."""
    if word in _SHARED:
        return 0.0
    for weight, table in ((_STOP_WEIGHT, STOP_WORDS), (_COMMON_WEIGHT, _COMMON)):
        if word in table[ITALIAN]:
            return weight
        if word in table[ENGLISH]:
            return -weight
    if len(word) < 3:
        return 0.0
    endings = bool(_ENDING_IT.search(word)) - bool(_ENDING_EN.search(word))
    grams = bool(_GRAMS_IT.search(word)) - bool(_GRAMS_EN.search(word))
    return _ENDING_WEIGHT * endings + _GRAM_WEIGHT * grams
