"""Names that the ticket's own fields give, found in every form in which people write them."""

import re
from collections.abc import Iterable, Iterator

from rimedio.llm.guardrails.pii.entity import EntityKind, Span
from rimedio.llm.guardrails.pii.fold import fold

# Parts of a company's name that say what it is, not who.
_GENERIC = frozenset(
    "srl srls spa sas snc scarl soc societa cooperativa coop ltd limited llc inc gmbh ag kg sa sarl bv nv plc co company corp "
    "corporation group gruppo holding ditta impresa azienda agenzia studio associati fratelli flli figli italia italy europe "
    "impianti impiantistica elettrica elettrici elettrico elettronica termoidraulica idraulica idrotermica clima climatizzazione "
    "caldaie condizionamento riscaldamento energia energie energy power solar solare sole green eco service services servizi "
    "assistenza tecnica tecnici tecnico technical support solutions soluzioni sistemi systems system engineering ingegneria "
    "costruzioni edile edilizia installazioni installatore installer manutenzioni manutenzione hotel albergo ristorante bar "
    "condominio amministrazione comune scuola ospedale farmacia supermercato garage officina autofficina parking parcheggio "
    "casa villa via centro center centre nord sud est ovest north south east west the and for der die das und del della dei "
    "degli delle dal van von den cliente customer contact contatto reparto ufficio office signor signora sig dott ing geom "
    "inverter charger colonnina caldaia pompa calore heat pump wallbox hvac electric electrical plant plants san santa monte".split()
)
# Surnames and given names that are also plain words: alone, they are a name only with a capital letter.
_WORDS = frozenset(
    "rossi rossa rosso bianchi bianca bianco verdi verde neri nero nera gialli bruno bruni bruna grigi viola rosa celeste azzurra "
    "costa conti fontana porta ponti testa greco romano longo longhi lungo grande grassi piccolo basso bassi alto forte leone gatti "
    "galli lupo orso volpe colombo fiore fiori serra monti valle valli marino marina mare fabbri ferrari ferri ferro martelli "
    "sartori barbieri carbone farina messina napoli palermo milano caruso amato bella bello felice serena chiara vera vittoria "
    "stella luce alba sole gioia grazia angelo pace franco libero primo secondo quinto santo sale white brown black green gray "
    "grey young long short strong hill wood woods stone field fields bell cook baker miller smith carter cooper fox wolf bird "
    "king bishop rich price page may june april august mark will grant frank rob bill art guy jack drew chase grace hope faith joy "
    "rose ruby pearl heather holly ivy summer dawn rusty sandy sky skye klein gross weiss schwarz braun koch wolf long lange kurz".split()
)
_BEFORE_COLOUR = re.compile(
    r"(?:leds?|spi[ae]|luc[ie]|lampad[ae]|fil[oi]|cav[oi]|conduttor[ei]|pulsant[ei]|morsett[oi]|lights?|wires?|cables?)\s+$",
    re.IGNORECASE,
)
_TOKEN = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)*")
NAMES_MAX = 50


class GivenNames:
    """Finds the names of one ticket: whole, first name alone, surname alone; any case, with or without accents."""

    def __init__(self, names: Iterable[str]) -> None:
        forms: set[str] = set()
        for name in list(names)[:NAMES_MAX]:
            forms |= _forms(name)
        ordered = sorted(forms, key=len, reverse=True)
        body = "|".join(re.escape(form).replace(r"\ ", r"[\s.,]{1,3}") for form in ordered)
        self._pattern = re.compile(rf"(?<![^\W_])(?:{body})(?![^\W_])") if ordered else None

    def find(self, text: str) -> Iterator[Span]:
        """Occurrences of the names in `text`."""
        if self._pattern is None:
            return
        for match in self._pattern.finditer(fold(text)):
            if match[0] not in _WORDS or _is_name_here(text, match.start()):
                yield Span(EntityKind.PERSON, match.start(), match.end())


def _forms(name: str) -> set[str]:
    """Folded forms of a name: whole, turned round ("Rossi Mario"), and each part that identifies somebody."""
    parts = [match[0] for match in _TOKEN.finditer(fold(name))]
    telling = [p for p in parts if len(p) >= 3 and p not in _GENERIC]
    if not telling:
        return set()
    forms = {*telling, " ".join(parts)}
    if len(parts) == 2:
        forms.add(" ".join(reversed(parts)))
    # Nicolò is typed Nicolo' where the keyboard has no accent; "d'Angelo" also without its apostrophe.
    forms |= {f"{p}'" for p in telling if p[-1] in "aeiou"} | {p.replace("'", " ") for p in telling if "'" in p}
    return forms


def _is_name_here(text: str, start: int) -> bool:
    return text[start].isupper() and not _BEFORE_COLOUR.search(text, max(0, start - 20), start)
