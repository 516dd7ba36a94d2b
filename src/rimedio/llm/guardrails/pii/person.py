"""People's names in running text, without a model: lists of given names, and the words that introduce a person.

Recall counts for more than precision here, except where the words are technical: a name that reaches a model is a
leak, a harmless word that does not is a little less context. Words of a maker's vocabulary are never names.
"""

import re
from collections.abc import Iterator
from functools import cache
from importlib.resources import files

from rimedio.llm.guardrails.pii.entity import EntityKind, Span
from rimedio.llm.guardrails.pii.fold import fold

_UPPER = "".join(c for c in map(chr, range(0x41, 0x250)) if c.isupper())
_PART = rf"(?:[DO]['’]|Mc|Mac)?[{_UPPER}][^\W\d_]+(?:[-'’][{_UPPER}][^\W\d_]+)*"
_LINK = (
    r"(?:[Dd]e|[Dd]i|[Dd]a|d[oae]s?|[Dd]el|[Dd]ell[ao]|dei|degli|[Dd]al|dalla|[Ll]o|[Ll]a|[Vv]an|[Vv]on|der|den|ten|ter|bin|"
    r"al|el|y|af|av|zu)"
)
_MORE = rf"(?:[ \t]{{1,2}}[{_UPPER}]\.?(?![^\W\d_]))?(?:[ \t]{{1,2}}{_LINK}){{0,2}}[ \t]{{1,2}}{_PART}"
NAME = rf"{_PART}(?:{_MORE}){{0,3}}"
_FULL_NAME = rf"{_PART}(?:{_MORE}){{1,3}}"

_TITLE = (
    r"(?:[Ss]ig(?:\.(?:r?a|na|ri)?|nor(?:a|e|ina)?)|SIG\.?(?:RA)?|[Dd]ott(?:\.(?:ssa)?|or(?:e|essa)?)|[Dd]r\.?(?:ssa)?|[Ii]ng\.|[Gg]eom\.|"
    r"[Aa]rch\.|[Aa]vv\.|[Pp]rof\.(?:ssa)?|[Rr]ag\.|[Pp]\.\s?[Ii]\.|[Mm]rs?\.?|[Mm]s\.|Ms|[Mm]iss|Mx\.?|Sir|Herrn?|Frau|Madame|Monsieur|Mme|Señora?)"
)
_ROLE = (
    r"tecnic[oa]|installat(?:ore|rice)|elettricista|idraulico|manutentore|collega|operat(?:ore|rice)|amministrat(?:ore|rice)|"
    r"responsabile|proprietari[oa]|inquilin[oa]|vicin[oa]|geometra|ingegnere|architetto|avvocato|figli[oa]|marito|"
    r"moglie|fratello|sorella|padre|madre|zi[oa]|nonn[oa]|amic[oa]|soci[oa]|titolare|custode|portinai[oa]|"
    r"technician|installer|electrician|plumber|engineer|colleague|manager|owner|tenant|neighbou?r|landlord|"
    r"son|daughter|kid|child|wife|husband|brother|sister|father|mother|uncle|aunt|friend|partner|boss|caretaker|"
    r"player|producer|songwriter|singer|author|writer|actor|actress|coach|commenter|assistant to"
)
_INTRODUCED = (
    r"(?i:mi chiamo|il mio nome (?:è|e'|e)|si chiama|a nome(?: di)?|(?:nome(?: e cognome)?|cognome|nominativo|referente|"
    r"contatto|name|contact(?: person)?|maiden name|last name|surname|att\.?ne|attn|c\.\s?a\.?|firmato|signed)\s{0,3}[:.]|"
    r"chiedere di|chiedete di|parlat[oa] con|parlare con|(?:all['’])?attenzione d[ie](?:l|lla)?|intestat[oa] a|"
    r"my name is|(?:maiden |last |first )?name (?:on the account )?is|(?:everyone |people )?calls? me|was called|"
    r"named (?:him|her)|sp(?:eak|oke|oken) (?:to|with)|ask for|on behalf of|follow up with|partner's name|it's under|change it to|"
    r"heard|je m'appelle|ich hei(?:ß|ss)e|mein name ist|me llamo)"
)
_GREETING = (
    r"(?:^|(?<=[\n.!?]))[ \t>]{0,4}(?i:hi|hello|dear|hey|ciao|salve|gentil[ei](?:ssim[oaie])?|car[oaie]|egregi[oaie]|"
    r"buongiorno|buonasera|hallo|bonjour)"
)
_SIGN_OFF = (
    r"(?i:(?:cordiali|distinti|cari)? ?saluti|cordialmente|grazie(?: mille)?|in fede|(?:best |kind |warm )?regards|"
    r"thanks(?: a lot)?|thank you|cheers|sincerely(?: yours)?|yours(?: sincerely| faithfully)?|best)[ ,.!]{0,3}\r?\n\s{0,4}"
)
_CUES: tuple[re.Pattern[str], ...] = (
    re.compile(rf"(?<![^\W_]){_TITLE}[ \t]{{1,2}}(?P<name>{NAME})"),
    re.compile(rf"(?<![^\W_]){_INTRODUCED}[ \t]{{0,3}}(?:{_TITLE}[ \t])?(?P<name>{NAME})"),
    re.compile(rf"(?<![^\W_])(?i:{_ROLE})[ \t](?P<name>{NAME})"),
    re.compile(rf"(?<![^\W_])(?i:sono|i['’]?m|i am|this is|sarei)[ \t](?:{_TITLE}[ \t])?(?P<name>{_FULL_NAME})"),
    re.compile(rf"{_GREETING}[ \t](?:{_TITLE}[ \t])?(?P<name>{_PART})(?=[,!:]|[ \t]?\n)"),
    re.compile(rf"{_SIGN_OFF}(?:{_TITLE}[ \t])?(?P<name>{NAME})[ \t]*(?=$|[\n,(|–-])"),
    re.compile(rf"[\"”»][ \t]?,?[ \t](?:says|said|asks|asked|disse|dice|ha detto)[ \t](?P<name>{NAME})"),
)
_LOWER_INTRODUCED = re.compile(
    r"(?<!\w)(?i:mi chiamo|my name is)[ \t](?P<name>[^\W\d_]{3,20}(?:[ \t][^\W\d_]{3,20})?)(?=[ \t]*(?:$|[\n.,;!?]))"
)
_RUN = re.compile(rf"(?<![^\W_]){NAME}(?![^\W\d_]*\d)")
_LINE = re.compile(rf"^[ \t>?*-]{{0,6}}(?:{_TITLE}[ \t])?(?P<name>{_FULL_NAME})[ \t]*$", re.MULTILINE)
_WORD = re.compile(r"(?<![\w@.])[^\W\d_]{5,20}(?![\w@]|\.\w)")
_LIST = re.compile(rf"(?<![^\W_]){_PART}(?:,[ ]{_PART}){{1,12}},?[ ](?:and|e|ed|und|et|y)[ ]{_PART}")

_NOT_NAMES = frozenset(
    "il lo la le gli un una uno the this that these those there here it its my your our their his her we you they "
    "manual manuale guide guida handbook service servizio support supporto assistenza software firmware hardware portal portale "
    "app error errore errori fault guasto alarm allarme warning code codice inverter charger wallbox pump pompa calore heat boiler "
    "caldaia battery batteria display led wifi modbus rtu tcp lan dc ac bus grid rete power potenza current corrente voltage "
    "tensione temperature temperatura pressure pressione voltage off on mode modalita status stato test reset start stop menu "
    "settings impostazioni model modello serial seriale matricola type tipo fig figura tab tabella section sezione page pagina "
    "via viale piazza piazzale corso largo vicolo strada street road avenue lane drive square box apt suite floor "
    "january february march april may june july august september october november december gennaio febbraio marzo aprile maggio "
    "giugno luglio agosto settembre ottobre novembre dicembre monday tuesday wednesday thursday friday saturday sunday lunedi "
    "martedi mercoledi giovedi venerdi sabato domenica buongiorno buonasera salve ciao hello hi dear thanks grazie cordiali saluti "
    "regards please per con non quando dopo prima cliente customer user utente admin team staff italia italy europe milano roma "
    "torino napoli university international national company group spa srl ltd inc gmbh llc office center centre hotel bank "
    "energy energia solar system systems sistema technical tecnico quick guide installation installazione maintenance manutenzione "
    "max min maximum minimum massimo minimo total totale input output ingresso uscita phase fase relay rele fuse fusibile cable cavo "
    "sensor sensore fan ventola filter filtro valve valvola compressor compressore refrigerant refrigerante cooling heating "
    "bluetooth ethernet router cloud server windows android iphone google amazon tesla renault nissan audi volkswagen mercedes "
    "bmw fiat peugeot opel ford hyundai kia smart model street st address indirizzo phone telefono email e-mail date data "
    "i a and or not do if so as at in of to what when where who why how is are was can could will would should anyone "
    "someone everyone everything nothing ignore stop new special now then also but because unfortunately however "
    "unlike although since during yesterday today tomorrow oggi ieri domani purtroppo attenzione nota note".split()
)


@cache
def _lexicon(name: str) -> frozenset[str]:
    lines = (files("rimedio.llm.guardrails.pii") / f"{name}.txt").read_text("utf-8").splitlines()
    return frozenset(word for line in lines if not line.startswith("#") for word in line.split())


@cache
def _plain_given() -> frozenset[str]:
    """Given names that nothing else is: also believed in lower case, when long enough."""
    return _lexicon("given_names") - _lexicon("ambiguous_names") - _NOT_NAMES - _lexicon("surnames")


def find_people(text: str) -> Iterator[Span]:
    """Names of people in `text`; where several are found in the same place the longest should win."""
    spans = {*_cued(text), *_runs(text), *_lines(text), *_lists(text), *_lower(text)}
    yield from (Span(EntityKind.PERSON, start, end) for start, end in spans)
    yield from (Span(EntityKind.PERSON, start, end) for start, end in _again(text, spans))


def _cued(text: str) -> Iterator[tuple[int, int]]:
    """Capitalised words after a title, an introduction, a role, a greeting; before the end of a letter."""
    for pattern in _CUES:
        for match in pattern.finditer(text):
            span = _trim(text, *match.span("name"))
            if span:
                yield span
    for match in _LOWER_INTRODUCED.finditer(text):
        if not any(w in _NOT_NAMES for w in fold(match["name"]).split()):
            yield match.span("name")


def _trim(text: str, start: int, end: int) -> tuple[int, int] | None:
    """The name without the ordinary words that stand with capitals beside it; None when nothing is left."""
    parts = [(start + m.start(), start + m.end()) for m in re.finditer(r"\S+", text[start:end])]
    keep = []
    for a, b in parts:
        if fold(text[a:b]) in _NOT_NAMES:
            break
        keep.append((a, b))
    if not keep or len(fold(text[keep[0][0] : keep[-1][1]])) < 2:
        return None
    a, b = keep[0][0], keep[-1][1]
    return (a, b - 2) if text[a:b].endswith(("'s", "’s")) else (a, b)


def _runs(text: str) -> Iterator[tuple[int, int]]:
    """Runs of capitalised words that begin with a given name."""
    given, ambiguous, surnames = _lexicon("given_names"), _lexicon("ambiguous_names"), _lexicon("surnames")
    for match in _RUN.finditer(text):
        words = [(match.start() + m.start(), fold(m[0])) for m in re.finditer(r"\S+", match[0])]
        for index, (start, word) in enumerate(words):
            if word not in given or word in _NOT_NAMES:
                continue
            span = _trim(text, start, match.end())
            if span is None:
                break
            alone = not re.search(r"\s", text[span[0] : span[1]])
            if word in ambiguous and (alone or words[-1][1] not in surnames) and not _surely(words[index + 1 :]):
                continue
            yield span
            break


def _surely(rest: list[tuple[int, str]]) -> bool:
    """Whether what follows an ambiguous given name looks like a surname."""
    return any(word not in _NOT_NAMES and _SURNAME.search(word) for _, word in rest)


_SURNAME = re.compile(
    r".(?:etti|ini|elli|ucci|acci|oni|ioli|otti|ato|iello|ssi|sson|sen|son|mann|berg|ov|ova|ev|eva|ski|ska|sky|vic|ic|"
    r"ova|enko|escu|idis|poulos|dottir|ez|stein|feld|burg|quist|strom|lund|holm|dal|yan|shvili|ton|ley|ford|well)$"
)


def _lines(text: str) -> Iterator[tuple[int, int]]:
    """Lines that hold a full name and nothing else: letterheads and signatures."""
    given, surnames = _lexicon("given_names"), _lexicon("surnames")
    for match in _LINE.finditer(text):
        words = fold(match["name"]).replace(".", "").split()
        telling = [w for w in words if len(w) > 1]
        plain = not any(w in _NOT_NAMES for w in telling)
        if plain and any(w in given or w in surnames or _SURNAME.search(w) for w in telling):
            yield match.span("name")


def _lists(text: str) -> Iterator[tuple[int, int]]:
    """All members of "A, B and C" when at least two of them are known given names."""
    given = _plain_given()
    for match in _LIST.finditer(text):
        members = [(match.start() + m.start(), match.start() + m.end()) for m in re.finditer(_PART, match[0])]
        if sum(fold(text[a:b]) in given for a, b in members) >= 2:
            yield from ((a, b) for a, b in members if fold(text[a:b]) not in _NOT_NAMES)


def _lower(text: str) -> Iterator[tuple[int, int]]:
    """Unmistakable given names wherever they stand, also in lower case: people type so."""
    given = _plain_given()
    folded = fold(text)
    for match in _WORD.finditer(folded):
        if match[0] in given:
            yield match.span()


def _again(text: str, found: set[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Parts of a full name that stand alone elsewhere in the same text."""
    known = _lexicon("ambiguous_names") | _NOT_NAMES
    parts = {
        word
        for start, end in found
        for word in text[start:end].split()
        if " " in text[start:end] and len(word) > 3 and word[0].isupper() and fold(word) not in known
    }
    if parts:
        body = "|".join(map(re.escape, sorted(parts, key=len, reverse=True)))
        for match in re.finditer(rf"(?<![^\W_])(?:{body})(?![^\W_])", text):
            yield match.span()
